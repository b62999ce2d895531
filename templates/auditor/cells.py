"""What the cells of the credential report say: yes or no, a date, or nothing that can be relied on.

A cell that does not tell is never taken for a "no". Whoever asks gets a `Gap` and has to answer "unknown".
The values are those of the table in
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import datetime
import re
from typing import Dict, Optional

# One row, by column names. A row that ends early has no entry for the columns after it.
Row = Dict[str, str]

# The cells that say that there is no date.
NO_DATE = ("n/a", "no_information")

# The cell that says that the report does not tell it for this row.
NOT_SUPPORTED = "not_supported"

# The most characters of a cell or an error that are repeated to people.
LONGEST = 40

# Every digit that may not be any digit is spelled out, so that all versions of Python read the same.
TIME = re.compile(
    r"([12]\d{3}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d+)?"
    r"(?:[Zz]|([+-](?:[01]\d|2[0-3])):?([0-5]\d))",
    re.ASCII,
)


class Gap(Exception):
    """A cell does not tell what was asked; the message says which and why."""


def printable(text: str, longest: Optional[int] = None) -> str:
    """Return `text` on one line and in ASCII: nothing in a report may look like another line of it."""
    short = text if longest is None else text[:longest]
    safe = "".join(c if " " <= c <= "~" else c.encode("unicode_escape", "replace").decode("ascii") for c in short)
    return safe if short == text else safe + "..."


def gap(row: Row, column: str) -> Gap:
    """Return the gap of a cell that is missing or says something else than it should."""
    if column not in row:
        return Gap(f"the report has no `{column}` for this row")
    return Gap(f"`{column}` says `{printable(row[column], LONGEST)}`, which does not tell it")


def is_on(row: Row, column: str) -> bool:
    """Tell whether a column says yes. `N/A` says that there is nothing that could be on."""
    cell = row.get(column, "").lower()
    if cell in ("true", "false", "n/a"):
        return cell == "true"
    raise gap(row, column)


def date(row: Row, column: str) -> Optional[datetime.datetime]:
    """Return the date in a column; None when it says that there is none."""
    cell = row.get(column, "")
    if cell.lower() in NO_DATE:
        return None
    found = parse_time(cell)
    if found is None:
        raise gap(row, column)
    return found


def parse_time(text: str) -> Optional[datetime.datetime]:
    """Read `2026-01-02T03:04:05+00:00` or `...Z`, to the second; None for everything else."""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    day, time, hours, minutes = found.groups()
    try:
        moment = datetime.datetime.fromisoformat(f"{day}T{time}{hours or '+00'}:{minutes or '00'}")
        return moment.astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        return None


def show_time(moment: datetime.datetime) -> str:
    """Write a moment for people."""
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
