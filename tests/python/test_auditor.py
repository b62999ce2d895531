"""Tests of the auditor's ways to AWS: the role it assumes, the credential report it waits for and reads."""

import ast
import datetime
import pathlib
import shutil
import socket
import subprocess
import time
import unittest
from unittest import mock

from auditor_fakes import AUDITOR, LAB, NOW, ROOT, SOURCE, FakeIam, FakeTime, failure, table
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

import cells
import credential_report
import session


def run(iam, seconds=45):
    fake = FakeTime()
    report = credential_report.generate_and_get(iam, seconds, fake.clock, fake.sleep)
    return report, fake


class GenerateAndGet(unittest.TestCase):
    def test_a_report_that_is_there_is_read_at_once(self):
        iam = FakeIam()
        report, time = run(iam)
        self.assertEqual(report.generated_time, NOW)
        self.assertEqual(report.root["user"], ROOT)
        self.assertEqual([row["user"] for row in report.users], ["User1", "User2", "User3"])
        self.assertEqual((iam.generated, iam.got, time.slept), (1, 1, []))

    def test_it_waits_until_the_report_is_complete(self):
        iam = FakeIam(states=["STARTED", "INPROGRESS", "COMPLETE"])
        _, time = run(iam)
        self.assertEqual((iam.generated, iam.got), (3, 1))
        self.assertEqual(time.slept, [0.5, 1])

    def test_not_present_in_progress_and_expired_are_waited_for(self):
        for code in credential_report.NOT_NOW:
            with self.subTest(code):
                iam = FakeIam(outcomes=[failure(code), LAB])
                _, time = run(iam)
                self.assertEqual((iam.generated, iam.got), (2, 2))
                self.assertEqual(time.slept, [0.5])

    def test_any_other_error_is_raised_at_once(self):
        for iam in (
            FakeIam(outcomes=[failure("AccessDenied")]),
            FakeIam(states=[failure("AccessDenied", "GenerateCredentialReport")]),
        ):
            time = FakeTime()
            with self.assertRaises(ClientError):
                credential_report.generate_and_get(iam, 45, time.clock, time.sleep)
            self.assertEqual(time.slept, [])

    def test_it_gives_up_in_time_and_says_what_it_last_heard(self):
        for iam, heard in (
            (FakeIam(states=["STARTED", "INPROGRESS"]), "INPROGRESS"),
            (FakeIam(outcomes=[failure("ReportExpired")]), "ReportExpired"),
        ):
            time = FakeTime()
            with self.assertRaisesRegex(credential_report.ReportNotReady, f"after 45 s; the last answer was {heard}"):
                credential_report.generate_and_get(iam, 45, time.clock, time.sleep)
            self.assertLessEqual(time.now, 1045)
            self.assertGreater(time.now, 1040)

    def test_no_time_is_still_one_look(self):
        report, _ = run(FakeIam(), seconds=0)
        self.assertEqual(len(report.rows), 4)


class Parse(unittest.TestCase):
    def test_columns_are_found_by_name_as_spreadsheets_write_them_too(self):
        text = "\ufeffnew;mfa_active; user ;arn\r\nx;TRUE;\"a,b\";arn:a\r\n\r\n;;c;arn:c;;\r\n"
        rows = credential_report.parse(text)
        self.assertEqual([row["user"] for row in rows], ["a,b", "c"])
        self.assertEqual(rows[0]["mfa_active"], "TRUE")

    def test_a_row_that_ends_early_has_no_further_cells(self):
        rows = credential_report.parse("user,arn,mfa_active\nu,a")
        self.assertEqual(rows, [{"user": "u", "arn": "a"}])

    def test_what_cannot_be_relied_on_is_refused_as_a_whole(self):
        for text, why in (
            ("", "no column `user`"),
            ("user,mfa_active\nu,true\n", "no column `arn`"),
            ("user,arn,arn\nu,a,b\n", "two columns of one name"),
            ("user,arn\nu,a,more\n", "row 1 has more cells"),
            (table({"u": {}}) + table({"u": {}}).split("\n")[1], "two rows of `u`"),
            ("user,arn\n" + "x" * 200_000 + ",a\n", "no CSV"),
        ):
            with self.subTest(why), self.assertRaisesRegex(credential_report.NotAReport, why):
                credential_report.parse(text)

    def test_bytes_that_are_no_text_are_no_report(self):
        iam = mock.Mock()
        iam.get_credential_report.return_value = {"Content": b"user,arn\n\xff", "GeneratedTime": NOW}
        with self.assertRaises(credential_report.NotAReport):
            credential_report.get(iam)


class Dates(unittest.TestCase):
    def test_a_date_has_one_form(self):
        noon = datetime.datetime(2026, 2, 20, 12, tzinfo=datetime.timezone.utc)
        for text in (
            "2026-02-20T12:00:00Z", "2026-02-20 12:00:00.999999999999z", "2026-02-20t14:00:00+0200",
            "2026-02-20T00:30:00-11:30", "2026-02-20T12:00:00-00:00",
        ):
            self.assertEqual(cells.parse_time(text), noon, text)
        for text in (
            "2026-02-20T12:00Z", "20260220T120000Z", "2026-02-20T12:00:60Z", "2026-02-20T12:00:00+00",
            "2026-02-20T12:00:00Z[UTC]", "2026-02-20T24:00:00Z", "2026-02-20T12:00:00+00:60", "2026-02-30T12:00:00Z",
            "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "2026-02-20T12:00:00", "2026-02-20T12:00:00Z\n",
        ):
            self.assertIsNone(cells.parse_time(text), text)


class AssumeRole(unittest.TestCase):
    def test_the_session_has_the_roles_credentials_and_awss_time(self):
        sts = mock.Mock()
        sts.assume_role.return_value = {
            "Credentials": {
                "AccessKeyId": "ASIAEXAMPLE",
                "SecretAccessKey": "example",
                "SessionToken": "token",
                "Expiration": NOW + datetime.timedelta(minutes=15),
            }
        }
        assumed = session.assume_role(AUDITOR, sts=sts)
        credentials = assumed.session.get_credentials()
        self.assertEqual(
            (credentials.access_key, credentials.secret_key, credentials.token), ("ASIAEXAMPLE", "example", "token")
        )
        self.assertEqual(assumed.at, NOW)
        asked = sts.assume_role.call_args.kwargs
        self.assertEqual((asked["RoleArn"], asked["DurationSeconds"]), (AUDITOR, 900))
        self.assertEqual(asked["RoleSessionName"], "iam-auditor")

    def test_a_refusal_is_raised(self):
        sts = mock.Mock()
        sts.assume_role.side_effect = failure("AccessDenied", "AssumeRole")
        with self.assertRaises(ClientError):
            session.assume_role(AUDITOR, sts=sts)


class Time(unittest.TestCase):
    # The lab's scenario gives the function so many seconds.
    TIMEOUT = 60

    def test_a_server_that_never_answers_is_given_up_as_often_and_as_soon_as_it_says(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            url = f"http://127.0.0.1:{mute.getsockname()[1]}"
            client = boto3.client(
                "iam", region_name="us-east-1", endpoint_url=url, config=session.CALLS.merge(Config(read_timeout=0.1)),
                aws_access_key_id="testing", aws_secret_access_key="testing",
            )
            begun = time.monotonic()
            with self.assertRaises(ReadTimeoutError):
                client.get_credential_report()
            pauses = time.monotonic() - begun - session.ATTEMPTS * 0.1
            mute.setblocking(False)
            attempts = 0
            with self.assertRaises(BlockingIOError):
                while True:
                    mute.accept()[0].close()
                    attempts += 1
        self.assertEqual(attempts, session.ATTEMPTS)
        self.assertLess(pauses, session.LONGEST - session.ATTEMPTS * (session.CONNECT + session.READ) + 0.5)
        self.assertEqual((session.CALLS.connect_timeout, session.CALLS.read_timeout), (session.CONNECT, session.READ))

    def test_whichever_call_hangs_there_is_time_to_tell(self):
        # A call that is begun as late as it may be, and then the mail, both hanging as long as they can.
        self.assertGreater(session.MARGIN - 2 * session.LONGEST, 1)
        # The role, the state and the report, each answered in the last moment, and the mail.
        self.assertLess(4 * session.LONGEST, self.TIMEOUT - 3)
        # In all other cases there is time to wait for the report.
        self.assertGreater(self.TIMEOUT - session.MARGIN, 25)

    def test_a_look_that_took_all_the_time_is_the_last_call(self):
        clock = FakeTime()
        iam = FakeIam(states=["STARTED", "COMPLETE"])
        generate = iam.generate_credential_report
        iam.generate_credential_report = lambda: (clock.sleep(20), generate())[1]
        with self.assertRaises(credential_report.ReportNotReady):
            credential_report.generate_and_get(iam, 30, clock.clock, clock.sleep)
        self.assertEqual((iam.generated, iam.got), (2, 0))


# Names of the standard library that Python 3.9 does not have, by module; `""` are built-in ones.
YOUNGER = {
    "": {"aiter", "anext", "ExceptionGroup", "BaseExceptionGroup", "EncodingWarning", "PythonFinalizationError"},
    "contextlib": {"chdir", "aclosing"},
    "datetime": {"UTC"},
    "hashlib": {"file_digest"},
    "io": {"text_encoding"},
    "itertools": {"pairwise", "batched"},
    "logging": {"getLevelNamesMapping", "getHandlerByName", "getHandlerNames"},
    "os": {"process_cpu_count", "eventfd", "splice"},
    "re": {"NOFLAG", "PatternError"},
    "typing": {
        "assert_never", "assert_type", "Concatenate", "LiteralString", "Never", "NotRequired", "override", "ParamSpec",
        "reveal_type", "Required", "Self", "TypeAlias", "TypeGuard", "TypeVarTuple", "Unpack", "is_typeddict",
        "dataclass_transform", "TypeIs", "ReadOnly",
    },
}

# Parameters that Python 3.9 does not know, by the function's or method's name.
YOUNGER_PARAMETERS = {"zip": {"strict"}, "dataclass": {"slots", "kw_only"}, "NamedTemporaryFile": {"delete_on_close"}}


def younger_than_39(source):
    """What in a source Python 3.9 does not have. It does not look at what type a value has."""
    found = []
    tree = ast.parse(source)
    try:
        ast.parse(source, feature_version=(3, 9))
    except SyntaxError as error:
        found.append(str(error.msg))
    lazy = any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__"
        and "annotations" in [alias.name for alias in node.names] for node in tree.body
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Match):
            found.append("match")
        elif isinstance(node, ast.ImportFrom):
            found += [alias.name for alias in node.names if alias.name in YOUNGER.get(node.module or "", ())]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found += [node.attr] if node.attr in YOUNGER.get(node.value.id, ()) else []
        elif isinstance(node, ast.Name):
            found += [node.id] if node.id in YOUNGER[""] else []
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            found += [word.arg for word in node.keywords if word.arg in YOUNGER_PARAMETERS.get(name, ())]
            # `isinstance(x, int | str)`, too, is younger.
            found += ["|"] * (name in ("isinstance", "issubclass") and has_or(node.args[-1]))
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            found += ["|"] * (annotation is not None and not lazy and has_or(annotation))
    return found


def has_or(node):
    """Whether `|` is in an expression."""
    return any(isinstance(it, ast.BinOp) and isinstance(it.op, ast.BitOr) for it in ast.walk(node))


def python39():
    """A Python 3.9, if this machine has one that starts."""
    pyenv = sorted((pathlib.Path.home() / ".pyenv" / "versions").glob("3.9.*/bin/python3.9"))
    for path in [shutil.which("python3.9"), *pyenv]:
        if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
            return path
    return None


class Python39(unittest.TestCase):
    def test_nothing_younger_than_python_3_9_is_used(self):
        for file in sorted(SOURCE.rglob("*.py")):
            with self.subTest(file.name):
                self.assertEqual(younger_than_39(file.read_text("utf-8")), [])

    def test_what_is_younger_is_found(self):
        for source in (
            "import datetime\ndatetime.UTC", "from datetime import UTC", "zip(a, b, strict=True)",
            "import contextlib\nwith contextlib.chdir('/'): pass", "from itertools import pairwise",
            "import itertools\nitertools.batched(a, 2)", "def f(a: str | None): pass", "def f() -> int | str: pass",
            "a: 'List[int]' | None = None", "class A:\n    a: List[str | int]", "isinstance(a, int | str)",
            "match a:\n    case 1: pass", "from typing import Self", "raise ExceptionGroup('', [])",
            "try: pass\nexcept* ValueError: pass",
        ):
            with self.subTest(source):
                self.assertNotEqual(younger_than_39(source), [])
        for source in ("a = 1 | 2", "def f(a: 'Optional[str]' = b | c): pass", "import re\nre.I | re.M", "zip(a, b)"):
            with self.subTest(source):
                self.assertEqual(younger_than_39(source), [])

    @unittest.skipUnless(python39(), "there is no python3.9")
    def test_python_3_9_imports_every_module(self):
        stub = (
            "import sys; from unittest import mock; sys.dont_write_bytecode = True\n"
            "for name in ('boto3', 'botocore', 'botocore.config', 'botocore.exceptions'):\n"
            "    sys.modules[name] = mock.MagicMock()\n"
            "sys.path.insert(0, sys.argv[1])\n"
            "for name in sys.argv[2:]: __import__(name)\n"
        )
        names = sorted(file.stem for file in SOURCE.rglob("*.py"))
        command = [python39(), "-I", "-c", stub, str(SOURCE), *names]
        ended = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_the_source_needs_only_the_standard_library_and_boto3(self):
        files = sorted(SOURCE.rglob("*.py"))
        own = {file.stem for file in files}
        # Of the standard library only modules that Python 3.9 has: `sys.stdlib_module_names` is younger.
        known = {
            "contextlib", "csv", "datetime", "hashlib", "io", "itertools", "logging", "os", "re", "shlex", "time",
            "typing",
        } | {"boto3", "botocore"} | own
        self.assertGreater(len(files), 5)
        for file in files:
            with self.subTest(file.name):
                for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                    names += [node.module] if isinstance(node, ast.ImportFrom) else []
                    self.assertLessEqual({name.split(".")[0] for name in names}, known)

    def test_every_function_says_what_it_is_and_what_types_it_takes(self):
        for file in sorted(SOURCE.rglob("*.py")):
            tree = ast.parse(file.read_text("utf-8"))
            self.assertTrue(ast.get_docstring(tree), file.name)
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    with self.subTest(f"{file.name}: {node.name}"):
                        arguments = [it for it in node.args.args + node.args.kwonlyargs if it.arg != "self"]
                        self.assertTrue(all(it.annotation for it in arguments) and node.returns)
                        if not node.name.startswith("_"):
                            nested = node.col_offset > 4
                            self.assertTrue(nested or ast.get_docstring(node) or node.name in ("count", "remaining"))


if __name__ == "__main__":
    unittest.main()
