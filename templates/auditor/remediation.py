"""Deactivate access keys that nobody should have any more. Off unless REMEDIATE says so.

    deactivate-old-keys     active keys that are older than 90 days
    deactivate-unused-keys  active keys that were not used for 90 days

Deactivating can be undone, deleting cannot; so nothing is deleted here. Root's keys are never touched: no role can.

A run without an approval makes a plan, from the credential report alone, and changes nothing. A run with one assumes
the remediator role, reads the keys of the planned users and their last uses, and deactivates those that are in the
plan and still break the rule. So a second run, or a repeated one, finds nothing left to do.

The report may be hours old and has no key ids, so it only chooses; IAM's own facts decide. The plan counts a key's
age from the report's `last_rotated`: when it was made, or last switched on or off. IAM tells when it was made, which
is never later: a key that somebody has just switched on again is not planned, however old it is.
"""

import datetime
import itertools
import logging
import shlex
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

from botocore.exceptions import ClientError
from cells import Gap, Row, date, is_on, printable, show_time
from controls import SLACK
from credential_report import ROOT, CredentialReport

LOG = logging.getLogger()

# A key is old, or unused, after so long.
LIMIT = datetime.timedelta(days=90)

# Whoever deactivates a key that was used within this time is warned: something works with it.
IN_USE = datetime.timedelta(days=30)

# Seconds kept back from the function's timeout to publish what was done.
MARGIN = 15

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


class Live(NamedTuple):
    """A key as IAM lists it."""

    key_id: str
    made: datetime.datetime
    active: bool


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
        user = shlex.quote(printable(self.user))
        return f"aws iam update-access-key --user-name {user} --access-key-id {self.key_id} --status Active"


class Plan(NamedTuple):
    """What should be deactivated, and of whom the report does not tell it."""

    users: List[Planned]
    unclear: List[Action]


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
    return Plan(users, unclear)


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
    return Key(slot, changed, broken and f"{broken} (made or last changed {_uses(changed, used, now)}")


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


def _uses(since: datetime.datetime, used: Optional[datetime.datetime], now: datetime.datetime) -> str:
    """Write the dates of a key, the end of a parenthesis, and the warning when it is in use."""
    told = f"last used {show_time(used)}" if used else "not known to have been used"
    warning = ". WARNING: something works with it" if used and now - used <= IN_USE else ""
    return f"{show_time(since)}; {told}){warning}"


def carry_out(
    iam: Any,
    users: Sequence[Planned],
    remediate: Sequence[str],
    now: datetime.datetime,
    remaining: Callable[[], float],
) -> List[Action]:
    """Deactivate what was planned, as far as it still breaks the rules, and return what became of it.

    `iam` is a boto3 IAM client of the remediator role, `now` the time by AWS's clock, `remaining` tells the seconds
    until the function is ended. Whatever goes wrong at one user does not keep the others from their turn.
    """
    actions: List[Action] = []

    def add(action: Action) -> None:
        """Keep an action. It is logged at once: should the function be ended now, the log still tells it."""
        LOG.info("%s", action.line)
        actions.append(action)

    for planned in users:
        if planned.user == ROOT:
            continue
        if remaining() < MARGIN:
            add(Action(NOT_REACHED, planned.user, None, "there was no time left; run it again"))
            continue
        try:
            live = _keys_of(iam, planned.user)
        except Exception as error:
            add(_went_wrong(error, planned.user, None, "the user is gone", "its keys cannot be listed: "))
            continue
        meant = [(one, sure) for one, sure in tell_apart(planned.keys, live) if sure is not False]
        if not meant:
            add(Action(NOTHING, planned.user, None, "the planned key is gone"))
        for one, sure in meant:
            add(_deactivate(iam, planned.user, one, sure is True, remediate, now))
    return actions


def _went_wrong(error: Exception, user: str, key_id: Optional[str], gone: str, failed: str) -> Action:
    """Return what an error of IAM's means: what is gone needs nothing done, everything else failed."""
    if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchEntity":
        return Action(NOTHING, user, key_id, gone)
    return Action(FAILED, user, key_id, failed + printable(str(error)))


def _keys_of(iam: Any, user: str) -> List[Live]:
    """Return the keys that a user has now."""
    pages = iam.get_paginator("list_access_keys").paginate(UserName=user)
    keys = [key for page in pages for key in page["AccessKeyMetadata"]]
    return [Live(key["AccessKeyId"], key["CreateDate"], key["Status"] == "Active") for key in keys]


def tell_apart(keys: Sequence[Key], live: Sequence[Live]) -> List[Tuple[Live, Optional[bool]]]:
    """Tell of each key that a user has whether it is one that should go; None when that cannot be told.

    The report has no ids, but no key was switched before it was made. So there are only so many ways to pair the keys
    of the report with those of IAM; where all of them say the same of a key, that is certain. A key that was made
    after everything the report knows is not in it, and left out.
    """
    known = [one for one in live if any(_may_be(one, key) for key in keys)]
    ways = [way for way in itertools.permutations(keys, len(known)) if all(map(_may_be, known, way))]
    told: List[Tuple[Live, Optional[bool]]] = []
    for place, one in enumerate(known):
        said = {bool(way[place].why) for way in ways}
        told.append((one, said.pop() if len(said) == 1 else None))
    return told


def _may_be(one: Live, key: Key) -> bool:
    """Tell whether a key of IAM's may be a key of the report's. The report has whole seconds."""
    return one.made - key.changed < datetime.timedelta(seconds=1)


def _deactivate(
    iam: Any, user: str, one: Live, sure: bool, remediate: Sequence[str], now: datetime.datetime
) -> Action:
    """Deactivate one key, if that is still to be done, and give the reasons that IAM's own facts are."""
    if not one.active:
        return Action(NOTHING, user, one.key_id, "it is inactive already")
    try:
        used = iam.get_access_key_last_used(AccessKeyId=one.key_id)["AccessKeyLastUsed"].get("LastUsedDate")
        broken = rules_broken(remediate, one.made, used, now)
        facts = f"(made {_uses(one.made, used, now)}"
        if not broken:
            return Action(NOTHING, user, one.key_id, f"it keeps the rules now {facts}")
        if not sure:
            why = f"{broken} {facts}, but whether the report means this key or another one of the user cannot be told"
            return Action(NOT_DECIDED, user, one.key_id, why)
        iam.update_access_key(UserName=user, AccessKeyId=one.key_id, Status="Inactive")
    except Exception as error:
        return _went_wrong(error, user, one.key_id, "it is gone", "")
    return Action(DEACTIVATED, user, one.key_id, f"{broken} {facts}")
