"""Deactivate access keys that nobody should have any more. Off unless REMEDIATE says so.

    deactivate-old-keys     active keys that are older than 90 days
    deactivate-unused-keys  active keys that were not used for 90 days

Deactivating can be undone, deleting cannot; so nothing is deleted here. Root's keys are never touched: no role can.

A run without an approval makes a plan, from the credential report alone, and changes nothing. A run with one assumes
the remediator role, reads the keys of the planned users and deactivates those of the plan that are still active and
still old. So a second run, or a repeated one, finds nothing left to do.
"""

import datetime
import logging
import shlex
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

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


class Plan(NamedTuple):
    """What should be deactivated, and what the report does not tell."""

    users: List[Planned]
    unclear: List[str]


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


def plan(report: CredentialReport, remediate: Sequence[str], now: datetime.datetime) -> Plan:
    """Return what the remediations named would deactivate, by the credential report."""
    users: List[Planned] = []
    unclear: List[str] = []
    for row in report.users:
        try:
            keys = [_judge(row, slot, remediate, now) for slot in (1, 2)]
        except Gap as why:
            unclear.append(f"the access keys of {printable(row['user'])}: {why}")
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
    reasons = []
    if active and "deactivate-old-keys" in remediate and now - changed > LIMIT:
        reasons.append(f"older than {LIMIT.days} days")
    if active and "deactivate-unused-keys" in remediate and now - (used or changed) > LIMIT:
        reasons.append(f"not used for {LIMIT.days} days")
    if not reasons:
        return Key(slot, changed, "")
    made = f"made or last changed {show_time(changed)}"
    told = f"last used {show_time(used)}" if used else "not known to have been used"
    warning = ". WARNING: something works with it" if used and now - used <= IN_USE else ""
    return Key(slot, changed, f"{' and '.join(reasons)} ({made}; {told}){warning}")


def carry_out(
    iam: Any, users: Sequence[Planned], now: datetime.datetime, remaining: Callable[[], float]
) -> List[Action]:
    """Deactivate what was planned, as far as it still is as planned, and return what became of it.

    `iam` is a boto3 IAM client of the remediator role, `now` the time by AWS's clock, `remaining` tells the seconds
    until the function is ended. Whatever goes wrong at one user does not keep the others from their turn.
    """
    actions: List[Action] = []
    for planned in users:
        if planned.user == ROOT:
            continue
        if remaining() < MARGIN:
            actions.append(Action(NOT_REACHED, planned.user, None, "there was no time left; run it again"))
            continue
        try:
            live = _keys_of(iam, planned.user)
        except ClientError as error:
            gone = error.response["Error"]["Code"] == "NoSuchEntity"
            why = "the user is gone" if gone else f"its keys cannot be listed: {printable(str(error))}"
            actions.append(Action(NOTHING if gone else FAILED, planned.user, None, why))
            continue
        except Exception as error:
            why = f"its keys cannot be listed: {printable(str(error))}"
            actions.append(Action(FAILED, planned.user, None, why))
            continue
        for key, found in match(planned, live):
            actions.append(_deactivate(iam, planned.user, key, found, now))
            # At once: should the function be ended now, the log still tells what was done.
            LOG.info("%s", actions[-1].line)
    return actions


def _keys_of(iam: Any, user: str) -> List[Live]:
    """Return the keys that a user has now."""
    pages = iam.get_paginator("list_access_keys").paginate(UserName=user)
    keys = [key for page in pages for key in page["AccessKeyMetadata"]]
    return [Live(key["AccessKeyId"], key["CreateDate"], key["Status"] == "Active") for key in keys]


def _deactivate(iam: Any, user: str, key: Key, found: Optional[Live], now: datetime.datetime) -> Action:
    """Deactivate one key, if that is still to be done."""
    if found is None:
        why = f"access key {key.slot} is gone, or cannot be told from another key of the user"
        return Action(NOTHING, user, None, why)
    if not found.active:
        return Action(NOTHING, user, found.key_id, "it is inactive already")
    if now - found.made <= LIMIT:
        return Action(NOTHING, user, found.key_id, f"it was made on {show_time(found.made)}, so it is not the one")
    try:
        iam.update_access_key(UserName=user, AccessKeyId=found.key_id, Status="Inactive")
    except Exception as error:
        return Action(FAILED, user, found.key_id, printable(str(error)))
    return Action(DEACTIVATED, user, found.key_id, key.why)


def match(planned: Planned, live: Sequence[Live]) -> List[Tuple[Key, Optional[Live]]]:
    """Find the chosen keys among those that the user has: the report does not have their ids.

    A key that was never switched off and on has in the report the date on which it was made. One that was has a
    later date there; it is the one that is left when the other is found. What stays ambiguous is None.
    """
    left = list(live)
    found: Dict[int, Live] = {}
    for key in planned.keys:
        same = [one for one in left if abs(one.made - key.changed) < datetime.timedelta(seconds=1)]
        if len(same) == 1:
            found[key.slot] = same[0]
            left.remove(same[0])
    rest = [key for key in planned.keys if key.slot not in found]
    # Of two that are left, both have to be meant: then it does not matter which is which.
    if len(rest) == len(left) and (len(rest) == 1 or all(key.why for key in rest)):
        found.update((key.slot, one) for key, one in zip(rest, left) if one.made <= key.changed)
    return [(key, found.get(key.slot)) for key in planned.chosen]
