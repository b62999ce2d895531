"""Generate the IAM credential report, wait for it, and read it.

AWS makes the report in the background and keeps it for four hours. GenerateCredentialReport starts
it, or says how far it is; GetCredentialReport hands out the newest finished one.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
import datetime
import io
import time
from typing import Any, Callable, List, Optional

from botocore.exceptions import ClientError
from cells import Row, printable

# GetCredentialReport's ways of saying "not now": never made, still being made, older than four hours.
# Each is answered in the same way: ask for a report again, and wait.
NOT_NOW = ("ReportNotPresent", "ReportInProgress", "ReportExpired")

# Seconds between two looks: short at first, because a small account's report takes a moment only.
PAUSES = (0.5, 1, 2, 4)

# The name of the root user's row. No IAM user can be called so: their names have no "<".
ROOT = "<root_account>"

# The columns without which a table is no credential report.
NEEDED = ("user", "arn")


class ReportNotReady(Exception):
    """The report was not finished in the time given."""


class NotAReport(Exception):
    """What came is no credential report, or not a whole one."""


class CredentialReport:
    """A finished report: when AWS made it, and one dictionary per row, keyed by the column names."""

    def __init__(self, generated_time: Optional[datetime.datetime], rows: List[Row]) -> None:
        self.generated_time = generated_time
        self.rows = rows

    @property
    def root(self) -> Optional[Row]:
        """The row of the root user; None when the report has none."""
        return next((row for row in self.rows if row["user"] == ROOT), None)

    @property
    def users(self) -> List[Row]:
        """The rows of IAM users, by name: AWS promises no order, and equal accounts have equal reports."""
        return sorted((row for row in self.rows if row["user"] != ROOT), key=lambda row: row["user"])


def generate_and_get(
    iam: Any,
    seconds: float = 45,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> CredentialReport:
    """Return the account's CredentialReport; raise ReportNotReady when it takes more than `seconds`.

    `iam` is a boto3 IAM client. Every error but the three of NOT_NOW is raised as it came.
    `clock` and `sleep` are there for the tests, which do not wait.
    """
    deadline = clock() + seconds
    attempt = 0
    while True:
        state = iam.generate_credential_report()["State"]
        # The first call is begun in any case; one that took all the time is the last.
        if state == "COMPLETE" and (attempt == 0 or clock() <= deadline):
            try:
                return get(iam)
            except ClientError as error:
                state = error.response["Error"]["Code"]
                if state not in NOT_NOW:
                    raise
        pause = PAUSES[min(attempt, len(PAUSES) - 1)]
        if clock() + pause > deadline:
            raise ReportNotReady(
                f"the credential report was not ready after {seconds:.0f} s; the last answer was {state}"
            )
        sleep(pause)
        attempt += 1


def get(iam: Any) -> CredentialReport:
    """Return the newest finished CredentialReport."""
    answer = iam.get_credential_report()
    # boto3 has already undone the base64 of the wire.
    try:
        text = answer["Content"].decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotAReport(f"it is not UTF-8: {error}") from None
    return CredentialReport(answer["GeneratedTime"], parse(text))


def parse(text: str) -> List[Row]:
    """Read the table: columns by name, in any order, also such as AWS adds one day.

    A table in which a cell may stand under the wrong heading, or a user twice, is refused as a whole. A row that
    ends early has no entry for the columns after it, so that whoever asks for one learns that it is missing.
    """
    text = text[1:] if text.startswith("\ufeff") else text
    header = text.split("\n", 1)[0]
    # Spreadsheets of some languages save semicolons; no column's name has one.
    delimiter = ";" if ";" in header and "," not in header else ","
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    except csv.Error as error:
        raise NotAReport(f"it is no CSV: {error}") from None
    columns = [name.strip() for name in lines[0]] if lines else []
    if len(set(columns)) < len(columns):
        raise NotAReport("it has two columns of one name")
    for name in NEEDED:
        if name not in columns:
            raise NotAReport(f"it has no column `{name}`")
    rows: List[Row] = []
    seen = set()
    for number, line in enumerate(lines[1:], start=1):
        if any(cell.strip() for cell in line[len(columns):]):
            raise NotAReport(f"row {number} has more cells than there are columns")
        row = dict(zip(columns, line))
        name = row.setdefault("user", "")
        if name in seen:
            raise NotAReport(f"it has two rows of `{printable(name, 64)}`")
        seen.add(name)
        rows.append(row)
    return rows
