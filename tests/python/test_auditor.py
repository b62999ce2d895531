"""Tests of the auditor's ways to AWS: the role it assumes, the credential report it waits for and reads."""

import ast
import datetime
import socket
import time
import unittest
from unittest import mock

from auditor_fakes import AUDITOR, LAB, NOW, ROOT, SOURCE, FakeIam, FakeTime, failure, table
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

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


class Python39(unittest.TestCase):
    def test_the_source_is_python_3_9_the_standard_library_and_boto3(self):
        files = sorted(SOURCE.rglob("*.py"))
        own = {file.stem for file in files}
        # Of the standard library only modules that Python 3.9 has: `sys.stdlib_module_names` is younger.
        known = {
            "contextlib", "csv", "datetime", "hashlib", "io", "itertools", "logging", "os", "re", "shlex", "time", "typing",
        } | {"boto3", "botocore"} | own
        self.assertGreater(len(files), 5)
        for file in files:
            with self.subTest(file.name):
                tree = ast.parse(file.read_text("utf-8"), str(file), feature_version=(3, 9))
                for node in ast.walk(tree):
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
