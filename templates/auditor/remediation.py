"""Plan to deactivate access keys that nobody should have any more. Off unless REMEDIATE says so.

    deactivate-old-keys     active keys that are older than 90 days
    deactivate-unused-keys  active keys that were not used for 90 days

Deactivating can be undone, deleting cannot; so nothing is deleted here. Root's keys are never touched: no role can.

A run without an approval makes a plan, from the credential report alone, and changes nothing. A run with one carries
the plan out (deactivation.py): it assumes the remediator role, reads the keys of the planned users and their last uses,
and deactivates those that are in the plan and still break the rule. So a repeated run finds nothing left to do.

The report may be hours old and has no key ids, so it only chooses; IAM's own facts decide. The plan counts a key's
age from the report's `last_rotated`: when it was made, or last switched on or off. IAM tells when it was made, which
is never later: a key that somebody has just switched on again is not planned, however old it is.
"""

import datetime
import shlex
from typing import List, NamedTuple, Optional, Sequence, Tuple

from cells import Gap, Row, date, is_on, printable, show_time
from controls import SLACK
from credential_report import ROOT, CredentialReport

# A key is old, or unused, after so long.
LIMIT = datetime.timedelta(days=90)

# AWS makes no new credential report before the last one is so old.
KEPT = datetime.timedelta(hours=4)

# Whoever deactivates a key that was used within this time is warned: something works with it.
IN_USE = datetime.timedelta(days=30)

DEACTIVATED, FAILED, NOTHING, NOT_REACHED = "DEACTIVATED", "FAILED", "NOTHING TO DO", "NOT REACHED"

# Whether a key is meant cannot be told. Somebody has to look; it is never counted as done.
NOT_DECIDED = "NOT DECIDED"

# What was asked for and has not been done.
UNDONE = (FAILED, NOT_REACHED, NOT_DECIDED)


class Key(NamedTuple):
    """A key as the credential report shows it: without its id."""

    slot: int
    # When it was made, or last activated or deactivated.
    changed: datetime.datetime
    # Why it should go; empty when it should not.
    why: str


class Planned(NamedTuple):
    """A user with a key that should go."""

    user: str
    # All keys of the user, inactive ones too: they are needed to tell which is which.
    keys: Tuple[Key, ...]

    @property
    def chosen(self) -> List[Key]:
        """The keys that should go."""
        return [key for key in self.keys if key.why]


class Action(NamedTuple):
    """What became of one planned key, or of one planned user."""

    outcome: str
    user: str
    key_id: Optional[str]
    why: str

    @property
    def line(self) -> str:
        """The action for people."""
        what = f"access key {self.key_id} of {printable(self.user)}" if self.key_id else printable(self.user)
        return f"{self.outcome}: {what}: {self.why}"

    @property
    def undo(self) -> Optional[str]:
        """The command that undoes it."""
        if self.outcome != DEACTIVATED or self.key_id is None:
            return None
        # One word with the option: a name may begin with a hyphen, and would look like an option of its own.
        name = f"--user-name={shlex.quote(printable(self.user))}"
        return f"aws iam update-access-key {name} --access-key-id {self.key_id} --status Active"


class Plan(NamedTuple):
    """What should be deactivated, and of whom the report does not tell it."""

    users: List[Planned]
    unclear: List[Action]
    # When AWS made the report.
    made: Optional[datetime.datetime]

    @property
    def renewal(self) -> str:
        """From when on a run has a new report, which knows of what was done under this one."""
        return f"after {show_time(self.made + KEPT)}" if self.made else "four hours after the credential report"


def plan(report: CredentialReport, remediate: Sequence[str], now: datetime.datetime) -> Plan:
    """Return what the remediations named would deactivate, by the credential report."""
    users: List[Planned] = []
    unclear: List[Action] = []
    for row in report.users:
        try:
            keys = [_judge(row, slot, remediate, now) for slot in (1, 2)]
        except Gap as why:
            unclear.append(Action(NOT_DECIDED, row["user"], None, str(why)))
            continue
        planned = Planned(row["user"], tuple(key for key in keys if key is not None))
        if planned.chosen:
            users.append(planned)
    return Plan(users, unclear, report.generated_time)


def _judge(row: Row, slot: int, remediate: Sequence[str], now: datetime.datetime) -> Optional[Key]:
    """Return a key of a row, with the reasons for which it should go; None when there is no such key."""
    active = is_on(row, f"access_key_{slot}_active")
    changed = date(row, f"access_key_{slot}_last_rotated")
    used = date(row, f"access_key_{slot}_last_used_date")
    if changed is None:
        if active:
            raise Gap(f"`access_key_{slot}_last_rotated` has no date")
        return None
    if max(changed, used or changed) - now > SLACK:
        raise Gap(f"access key {slot} has a date after the time of the audit")
    broken = rules_broken(remediate, changed, used, now) if active else ""
    return Key(slot, changed, broken and f"{broken} {dates('made or last changed', changed, used, now)}")


def rules_broken(
    remediate: Sequence[str], since: datetime.datetime, used: Optional[datetime.datetime], now: datetime.datetime
) -> str:
    """Return which of the rules an active key breaks, in words; nothing when it breaks none."""
    reasons = []
    if "deactivate-old-keys" in remediate and now - since > LIMIT:
        reasons.append(f"older than {LIMIT.days} days")
    if "deactivate-unused-keys" in remediate and now - (used or since) > LIMIT:
        reasons.append(f"not used for {LIMIT.days} days")
    return " and ".join(reasons)


def dates(what: str, since: datetime.datetime, used: Optional[datetime.datetime], now: datetime.datetime) -> str:
    """Write the two dates of a key, `what` says which the first is, and the warning when it is in use."""
    told = f"last used {show_time(used)}" if used else "not known to have been used"
    warning = ". WARNING: something works with it" if used and now - used <= IN_USE else ""
    return f"({what} {show_time(since)}; {told}){warning}"
