"""The three controls of the CIS AWS Foundations Benchmark 1.2.0 that the function audits, one function each.

A control looks at the credential report and answers with one `Verdict` for each user it is about:

    PASS            it holds
    FAIL            it does not
    UNKNOWN         the report does not tell; never counted as a pass
    NOT_APPLICABLE  the user has nothing that the control protects

`iamlab audit run` judges the same three with an implementation of its own, and a test compares the two row by row.
"""

import datetime
from typing import Callable, List, NamedTuple, Optional, Tuple

from cells import NOT_SUPPORTED, Gap, Row, date, gap, is_on, parse_time, show_time
from credential_report import ROOT, CredentialReport

PASS, FAIL, UNKNOWN, NOT_APPLICABLE = "PASS", "FAIL", "UNKNOWN", "NOT_APPLICABLE"

# Root was used "lately" when that was within so many days.
RECENT_DAYS = 90

# How far a date may lie after the time of the audit and still count as now: clocks differ a little.
SLACK = datetime.timedelta(minutes=15)

# IAM makes a new report when the last one is four hours old; the rest is for clocks that differ.
FRESH = datetime.timedelta(hours=4, minutes=15)

# What can be used to work as root: the column of its last use, and its name for people.
ROOT_USES = (
    ("password_last_used", "the password"),
    ("access_key_1_last_used_date", "access key 1"),
    ("access_key_2_last_used_date", "access key 2"),
)

# Of each access key: the columns that say whether it is active and since when. An inactive key keeps its date.
KEYS = (
    ("access_key_1_active", "access_key_1_last_rotated"),
    ("access_key_2_active", "access_key_2_last_rotated"),
)


class Verdict(NamedTuple):
    """What a control says of one user."""

    name: str
    status: str
    why: str


class Result(NamedTuple):
    """What a control says of the account."""

    control: str
    title: str
    verdicts: List[Verdict]
    # The worst of the verdicts.
    status: str
    # One sentence for people.
    summary: str
    # Whether something could not be told. Then even a FAIL may not be all there is.
    incomplete: bool


def root_last_use(report: CredentialReport, now: datetime.datetime) -> List[Verdict]:
    """CIS 1.1: root is not used for day-to-day work. The newest of three dates counts; it is told in any case."""
    root = report.root
    if root is None:
        return [Verdict(ROOT, UNKNOWN, "the credential report has no row for root")]
    newest: Optional[Tuple[datetime.datetime, str]] = None
    reason = None
    for column, with_what in ROOT_USES:
        if root.get(column, "").lower() == NOT_SUPPORTED:
            continue
        try:
            used = date(root, column)
        except Gap as why:
            reason = str(why)
            continue
        if used is not None and used - now > SLACK:
            reason = f"`{column}` is after the time of the audit"
        elif used is not None and (newest is None or used > newest[0]):
            newest = (used, with_what)
    told = "root is not known to have been used"
    if newest is not None:
        told = f"root was last used at {show_time(newest[0])}, with {newest[1]}"
        if now - newest[0] <= datetime.timedelta(days=RECENT_DAYS):
            return [Verdict(ROOT, FAIL, f"{told}: within the last {RECENT_DAYS} days")]
    if reason is not None:
        return [Verdict(ROOT, UNKNOWN, f"{reason}; as far as the report can be read, {told}")]
    made = report.generated_time
    if made is not None and now - made > FRESH:
        return [Verdict(ROOT, UNKNOWN, f"{told}, but the report is of {show_time(made)}: it may have been since")]
    return [Verdict(ROOT, PASS, told)]


def users_without_mfa(report: CredentialReport, now: datetime.datetime) -> List[Verdict]:
    """CIS 1.2: every user with a console password has an MFA device. Who has no password needs none."""
    return [Verdict(row["user"], *_mfa(row)) for row in report.users]


def _mfa(row: Row) -> Tuple[str, str]:
    try:
        if not is_on(row, "password_enabled"):
            return NOT_APPLICABLE, "has no console password"
        if is_on(row, "mfa_active"):
            return PASS, "has a console password and an MFA device"
    except Gap as why:
        return UNKNOWN, str(why)
    return FAIL, "has a console password and no MFA device"


def root_access_keys(report: CredentialReport, now: datetime.datetime) -> List[Verdict]:
    """CIS 1.12: root has no access key. An inactive key is a key: whoever is root can make it work again."""
    root = report.root
    if root is None:
        return [Verdict(ROOT, UNKNOWN, "the credential report has no row for root")]
    found, reason = [], None
    for number, (active, rotated) in enumerate(KEYS, start=1):
        try:
            state = _key(root, active, rotated)
        except Gap as why:
            reason = str(why)
            continue
        if state:
            found.append(f"access key {number} ({state})")
    if found:
        return [Verdict(ROOT, FAIL, "root has " + " and ".join(found))]
    if reason is not None:
        return [Verdict(ROOT, UNKNOWN, reason)]
    return [Verdict(ROOT, PASS, "root has no access key, neither an active nor an inactive one")]


def _key(row: Row, active: str, rotated: str) -> str:
    """Return what an access key is: `active`, `inactive`, or nothing when there is none."""
    if row.get(active, "").lower() == "true":
        return "active"
    if parse_time(row.get(rotated, "")) is not None:
        return "inactive" if row.get(active, "").lower() == "false" else "its state cannot be read"
    if row.get(active, "").lower() not in ("false", "n/a"):
        raise gap(row, active)
    if row.get(rotated, "").lower() != "n/a":
        raise gap(row, rotated)
    return ""


Control = Callable[[CredentialReport, datetime.datetime], List[Verdict]]

# Number, what has to hold, and who looks.
CONTROLS: Tuple[Tuple[str, str, Control], ...] = (
    ("1.1", "root is not used for day-to-day work", root_last_use),
    ("1.2", "every user with a console password has an MFA device", users_without_mfa),
    ("1.12", "root has no access key", root_access_keys),
)


def audit(number: str, title: str, control: Control, report: CredentialReport, now: datetime.datetime) -> Result:
    """Have one control look and sum up what it says. A report without any row tells nothing of anybody."""
    verdicts = control(report, now) if report.rows else [Verdict(ROOT, UNKNOWN, "the credential report is empty")]
    return _result(number, title, verdicts)


def broken(number: str, title: str, error: Exception) -> Result:
    """Return the result of a control that could not look."""
    return _result(number, title, [Verdict(ROOT, UNKNOWN, f"the control itself failed: {type(error).__name__}")])


def _result(number: str, title: str, verdicts: List[Verdict]) -> Result:
    def count(status: str) -> int:
        return sum(1 for verdict in verdicts if verdict.status == status)

    status = FAIL if count(FAIL) else UNKNOWN if count(UNKNOWN) else PASS
    if len(verdicts) == 1 and verdicts[0].name == ROOT:
        summary = verdicts[0].why
    else:
        counted = count(PASS) + count(FAIL)
        summary = f"{count(FAIL)} of {counted} users with a console password have no MFA device"
        if counted == 0:
            summary = "no user is known to have a console password"
        if count(UNKNOWN):
            summary += f"; of {count(UNKNOWN)} more the report does not tell"
    return Result(number, title, verdicts, status, summary, count(UNKNOWN) > 0)
