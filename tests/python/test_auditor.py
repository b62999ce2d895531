"""Tests of the function in templates/auditor, with fake clients: no account, no network, no waiting."""

import ast
import datetime
import os
import pathlib
import sys
import types
import unittest
from unittest import mock

from botocore.exceptions import ClientError

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "templates" / "auditor"
sys.path.insert(0, str(SOURCE))

import credential_report  # noqa: E402
import handler  # noqa: E402
import session  # noqa: E402

ROLE_ARN = "arn:aws:iam::123456789012:role/IAM-Auditor-role"
GENERATED = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
CSV = (
    "user,arn,mfa_active\n"
    "<root_account>,arn:aws:iam::123456789012:root,true\n"
    "User1,arn:aws:iam::123456789012:user/User1,true\n"
    '"User,2",arn:aws:iam::123456789012:user/User2,false\n'
)


def failure(code, operation="GetCredentialReport"):
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


class FakeIam:
    """Answers from two scripts: states for generate, outcomes for get. The last one repeats."""

    def __init__(self, states=("COMPLETE",), outcomes=(CSV,)):
        self.states, self.outcomes = list(states), list(outcomes)
        self.generated = self.got = 0

    def generate_credential_report(self):
        state = self.states[min(self.generated, len(self.states) - 1)]
        self.generated += 1
        if isinstance(state, Exception):
            raise state
        return {"State": state}

    def get_credential_report(self):
        outcome = self.outcomes[min(self.got, len(self.outcomes) - 1)]
        self.got += 1
        if isinstance(outcome, Exception):
            raise outcome
        return {"Content": outcome.encode(), "GeneratedTime": GENERATED, "ReportFormat": "text/csv"}


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def run(iam, seconds=45):
    time = FakeTime()
    report = credential_report.generate_and_get(iam, seconds, time.clock, time.sleep)
    return report, time


class GenerateAndGet(unittest.TestCase):
    def test_a_report_that_is_there_is_read_at_once(self):
        iam = FakeIam()
        report, time = run(iam)
        self.assertEqual(report.generated_time, GENERATED)
        self.assertEqual([row["user"] for row in report.rows], ["<root_account>", "User1", "User,2"])
        self.assertEqual([row["user"] for row in report.users], ["User1", "User,2"])
        self.assertEqual((iam.generated, iam.got, time.slept), (1, 1, []))

    def test_it_waits_until_the_report_is_complete(self):
        iam = FakeIam(states=["STARTED", "INPROGRESS", "COMPLETE"])
        _, time = run(iam)
        self.assertEqual((iam.generated, iam.got), (3, 1))
        self.assertEqual(time.slept, [0.5, 1])

    def test_not_present_in_progress_and_expired_are_waited_for(self):
        for code in credential_report.NOT_NOW:
            with self.subTest(code):
                iam = FakeIam(outcomes=[failure(code), CSV])
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
        time = FakeTime()
        with self.assertRaisesRegex(credential_report.ReportNotReady, "after 45 s; the last answer was INPROGRESS"):
            credential_report.generate_and_get(FakeIam(states=["STARTED", "INPROGRESS"]), 45, time.clock, time.sleep)
        self.assertLessEqual(time.now, 1045)
        self.assertGreater(time.now, 1040)

    def test_no_time_is_still_one_look(self):
        report, _ = run(FakeIam(), seconds=0)
        self.assertEqual(len(report.rows), 3)


class AssumeRole(unittest.TestCase):
    def test_the_session_has_the_roles_credentials(self):
        sts = mock.Mock()
        sts.assume_role.return_value = {
            "Credentials": {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "example", "SessionToken": "token"}
        }
        credentials = session.assume_role(ROLE_ARN, sts).get_credentials()
        self.assertEqual(
            (credentials.access_key, credentials.secret_key, credentials.token), ("ASIAEXAMPLE", "example", "token")
        )
        asked = sts.assume_role.call_args.kwargs
        self.assertEqual(asked["RoleArn"], ROLE_ARN)
        self.assertEqual(asked["RoleSessionName"], "iam-auditor")

    def test_a_refusal_is_raised(self):
        sts = mock.Mock()
        sts.assume_role.side_effect = failure("AccessDenied", "AssumeRole")
        with self.assertRaises(ClientError):
            session.assume_role(ROLE_ARN, sts)


class Main(unittest.TestCase):
    def test_it_assumes_the_role_reads_the_report_and_returns_a_summary(self):
        role_session = mock.Mock()
        role_session.client.return_value = FakeIam()
        context = types.SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
        with mock.patch.dict(os.environ, {"AUDITOR_ROLE_ARN": ROLE_ARN}), mock.patch.object(
            session, "assume_role", return_value=role_session
        ) as assume, self.assertLogs(level="INFO") as logs:
            answer = handler.main({}, context)
        assume.assert_called_once_with(ROLE_ARN)
        self.assertEqual(answer, {"generated_time": "2026-01-02T03:04:05+00:00", "users": 2})
        self.assertIn("2 users", logs.output[0])
        self.assertNotIn("User1", "".join(logs.output))

    def test_without_a_role_it_does_not_start(self):
        with mock.patch.dict(os.environ):
            os.environ.pop("AUDITOR_ROLE_ARN", None)
            with self.assertRaises(KeyError):
                handler.main({}, None)


class Python39(unittest.TestCase):
    def test_the_source_is_python_3_9(self):
        files = sorted(SOURCE.rglob("*.py"))
        self.assertTrue(files)
        for file in files:
            with self.subTest(file.name):
                ast.parse(file.read_text("utf-8"), str(file), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
