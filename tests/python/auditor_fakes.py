"""What the tests of the auditor share: its modules on the path, reports, clients, a clock that only sleeping moves."""

import contextlib
import csv
import datetime
import io
import os
import pathlib
import sys
import types
from unittest import mock

from botocore.exceptions import ClientError

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "templates" / "auditor"
sys.path.insert(0, str(SOURCE))

import credential_report  # noqa: E402
import handler  # noqa: E402
import publish  # noqa: E402
import session  # noqa: E402

ACCOUNT = "123456789012"
AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/IAM-Auditor-role"
REMEDIATOR = f"arn:aws:iam::{ACCOUNT}:role/IAM-Remediator-role"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:iam-audit-report"
NOW = datetime.datetime(2026, 3, 2, 9, 0, 0, tzinfo=datetime.timezone.utc)
RUN = "8f6c2d1e-0000-4000-8000-000000000001"

# A user without any credential; the columns in AWS's order.
NOBODY = {
    "user": "", "arn": "", "user_creation_time": "2025-01-15T10:00:00+00:00", "password_enabled": "false",
    "password_last_used": "N/A", "password_last_changed": "N/A", "password_next_rotation": "N/A",
    "mfa_active": "false",
    **{
        f"access_key_{slot}_{column}": cell
        for slot in (1, 2)
        for column, cell in (
            ("active", "false"), ("last_rotated", "N/A"), ("last_used_date", "N/A"), ("last_used_region", "N/A"),
            ("last_used_service", "N/A"),
        )
    },
    "cert_1_active": "false", "cert_1_last_rotated": "N/A", "cert_2_active": "false", "cert_2_last_rotated": "N/A",
}
ROOT = "<root_account>"
OF_ROOT = {"password_enabled": "not_supported", "password_last_used": "no_information", "mfa_active": "true"}
WITH_PASSWORD = {"password_enabled": "true", "password_last_used": "no_information"}
WITH_MFA = {**WITH_PASSWORD, "mfa_active": "true"}


def days(count):
    """The moment so many days before now."""
    return NOW - datetime.timedelta(days=count)


def cell(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def key(slot, changed, used=None, active=True):
    """The cells of an access key that was changed and used so many days ago."""
    return {
        f"access_key_{slot}_active": "true" if active else "false",
        f"access_key_{slot}_last_rotated": cell(days(changed)),
        f"access_key_{slot}_last_used_date": "N/A" if used is None else cell(days(used)),
    }


def table(rows, without=()):
    """The CSV of a report: `rows` holds the cells that differ from nobody's, by user."""
    columns = [column for column in NOBODY if column not in without]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for user, cells in rows.items():
        arn = f"arn:aws:iam::{ACCOUNT}:" + ("root" if user == ROOT else f"user/{user}")
        writer.writerow({**NOBODY, "user": user, "arn": arn, **cells})
    return text.getvalue()


LAB = table({ROOT: OF_ROOT, "User1": WITH_MFA, "User2": {**WITH_PASSWORD, **key(1, 10)}, "User3": WITH_PASSWORD})


def report(text=LAB, made=NOW):
    return credential_report.CredentialReport(made, credential_report.parse(text))


def failure(code, operation="GetCredentialReport"):
    return ClientError({"Error": {"Code": code, "Message": f"{code} it is"}}, operation)


class FakeIam:
    """Answers from two scripts: states for generate, outcomes for get. The last one repeats."""

    def __init__(self, states=("COMPLETE",), outcomes=(LAB,)):
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
        return {"Content": outcome.encode(), "GeneratedTime": NOW, "ReportFormat": "text/csv"}


class FakeKeys:
    """An IAM that has nothing but access keys: {user: {key id: (made, active)}}, and when they were used, by id."""

    def __init__(self, keys, refuse=None, used=None):
        self.keys = keys
        # {what: exception}, where what is a user's name (listing), `used ` and a key's id, or a key's id (changing).
        self.refuse = refuse or {}
        self.used = used or {}
        self.changed = []

    def list_access_keys(self, UserName):  # noqa: N803
        if UserName in self.refuse:
            raise self.refuse[UserName]
        return {"AccessKeyMetadata": [
            {"AccessKeyId": key_id, "CreateDate": made, "Status": "Active" if active else "Inactive"}
            for key_id, (made, active) in self.keys[UserName].items()
        ]}

    def get_access_key_last_used(self, AccessKeyId):  # noqa: N803
        if f"used {AccessKeyId}" in self.refuse:
            raise self.refuse[f"used {AccessKeyId}"]
        told = {"ServiceName": "N/A", "Region": "N/A"}
        if AccessKeyId in self.used:
            told = {"ServiceName": "s3", "Region": "us-east-1", "LastUsedDate": self.used[AccessKeyId]}
        return {"UserName": "u", "AccessKeyLastUsed": told}

    def update_access_key(self, UserName, AccessKeyId, Status):  # noqa: N803
        if AccessKeyId in self.refuse:
            raise self.refuse[AccessKeyId]
        made, _ = self.keys[UserName][AccessKeyId]
        self.keys[UserName][AccessKeyId] = (made, Status == "Active")
        self.changed.append((UserName, AccessKeyId, Status))


class FakeSns:
    """Keeps what is published."""

    def __init__(self, refuse=None):
        self.sent, self.refuse = [], refuse

    def publish(self, **message):
        if self.refuse:
            raise self.refuse
        self.sent.append(message)
        return {"MessageId": f"message-{len(self.sent)}"}


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def context(seconds=60, run=RUN):
    """A Lambda context with so much time left."""
    return types.SimpleNamespace(
        aws_request_id=run, get_remaining_time_in_millis=lambda: int(seconds * 1000)
    )


class World:
    """Everything a run of the handler meets; `run` carries one out."""

    def __init__(self, iam=None, sns=None, keys=None, environment=None, refuse=None):
        self.iam, self.sns, self.keys = iam or FakeIam(), sns or FakeSns(), keys
        self.environment = {"AUDITOR_ROLE_ARN": AUDITOR, "REPORT_TOPIC_ARN": TOPIC, **(environment or {})}
        self.refuse = refuse or {}
        self.assumed = []
        # A fresh environment of Lambda's has sent nothing.
        publish._SENT.clear()

    def assume_role(self, role_arn, name=session.SESSION_NAME):
        self.assumed.append((role_arn, name))
        if role_arn in self.refuse:
            raise self.refuse[role_arn]
        client = {AUDITOR: self.iam, REMEDIATOR: self.keys}[role_arn]
        return session.Assumed(types.SimpleNamespace(client=lambda name, config: client), NOW)

    def client(self, name, config):
        assert name == "sns"
        return self.sns

    def run(self, event=None, seconds=60, run=RUN):
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.dict(os.environ, self.environment, clear=True))
            stack.enter_context(mock.patch.object(session, "assume_role", self.assume_role))
            stack.enter_context(mock.patch.object(handler.boto3, "client", self.client))
            return handler.main({} if event is None else event, context(seconds, run))
