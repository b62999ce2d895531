"""Generate the IAM credential report, wait for it, and read it.

AWS makes the report in the background and keeps it for four hours. GenerateCredentialReport starts
it, or says how far it is; GetCredentialReport hands out the newest finished one.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
import io
import time

from botocore.exceptions import ClientError

# GetCredentialReport's ways of saying "not now": never made, still being made, older than four hours.
# Each is answered in the same way: ask for a report again, and wait.
NOT_NOW = ("ReportNotPresent", "ReportInProgress", "ReportExpired")

# Seconds between two looks: short at first, because a small account's report takes a moment only.
PAUSES = (0.5, 1, 2, 4)


class ReportNotReady(Exception):
    """The report was not finished in the time given."""


class CredentialReport:
    """A finished report: when AWS made it, and one dictionary per row, keyed by the column names."""

    def __init__(self, generated_time, rows):
        self.generated_time = generated_time
        self.rows = rows

    @property
    def users(self):
        """The rows of IAM users: every row but the root user's."""
        return [row for row in self.rows if row["user"] != "<root_account>"]


def generate_and_get(iam, seconds=45, clock=time.monotonic, sleep=time.sleep):
    """Return the account's CredentialReport; raise ReportNotReady when it takes more than `seconds`.

    `iam` is a boto3 IAM client. Every error but the three of NOT_NOW is raised as it came.
    `clock` and `sleep` are there for the tests, which do not wait.
    """
    deadline = clock() + seconds
    attempt = 0
    while True:
        state = iam.generate_credential_report()["State"]
        if state == "COMPLETE":
            try:
                return get(iam)
            except ClientError as error:
                state = error.response["Error"]["Code"]
                if state not in NOT_NOW:
                    raise
        pause = PAUSES[min(attempt, len(PAUSES) - 1)]
        if clock() + pause > deadline:
            raise ReportNotReady(
                f"the credential report was not ready after {seconds} s; the last answer was {state}"
            )
        sleep(pause)
        attempt += 1


def get(iam):
    """Return the newest finished CredentialReport."""
    answer = iam.get_credential_report()
    # boto3 has already undone the base64 of the wire.
    text = answer["Content"].decode("utf-8")
    return CredentialReport(answer["GeneratedTime"], list(csv.DictReader(io.StringIO(text))))
