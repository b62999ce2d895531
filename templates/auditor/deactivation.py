"""Carry out a plan of remediation.py: tell IAM's keys apart, and deactivate those that are meant and break a rule."""

import datetime
import itertools
import logging
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from botocore.exceptions import ClientError
from cells import printable
from credential_report import ROOT
from remediation import (
    DEACTIVATED, FAILED, NOT_DECIDED, NOT_REACHED, NOTHING, Action, Key, Planned, dates, rules_broken,
)
from session import MARGIN

LOG = logging.getLogger()


class NoTime(Exception):
    """There is too little time left for one more call."""


class Live(NamedTuple):
    """A key as IAM lists it."""

    key_id: str
    made: datetime.datetime
    active: bool


class Deactivation:
    """The work on one plan.

    `iam` is a boto3 IAM client of the remediator role, `now` the time by AWS's clock, `remaining` tells the seconds
    until the function is ended.
    """

    def __init__(
        self, iam: Any, remediate: Sequence[str], now: datetime.datetime, remaining: Callable[[], float]
    ) -> None:
        self.remediate, self.now = remediate, now
        self._iam, self._remaining = iam, remaining

    def carry_out(self, users: Sequence[Planned]) -> List[Action]:
        """Deactivate what was planned, as far as it still breaks the rules, and return what became of it.

        Whatever goes wrong at one user does not keep the others from their turn.
        """
        actions: List[Action] = []
        for planned in users:
            for action in self._user(planned) if planned.user != ROOT else ():
                # At once: should the function be ended now, the log still tells what was done.
                LOG.info("%s", action.line)
                actions.append(action)
        return actions

    def _user(self, planned: Planned) -> Iterator[Action]:
        try:
            live = self._keys_of(planned.user)
        except Exception as error:
            yield went_wrong(error, planned.user, None)
            return
        meant = [(one, sure) for one, sure in tell_apart(planned.keys, live) if sure is not False]
        if not meant:
            yield Action(NOTHING, planned.user, None, "the planned key is gone")
        for one, sure in meant:
            yield self._key(planned.user, one, sure is True)

    def _key(self, user: str, one: Live, sure: bool) -> Action:
        """Deactivate one key, if that is still to be done. The reasons are IAM's facts of this very key."""
        if not one.active:
            return Action(NOTHING, user, one.key_id, "it is inactive already")
        try:
            used = self._last_use(one.key_id)
            broken = rules_broken(self.remediate, one.made, used, self.now)
            facts = dates("made", one.made, used, self.now)
            if not broken:
                return Action(NOTHING, user, one.key_id, f"it keeps the rules now {facts}")
            if not sure:
                why = f"{broken} {facts}; whether the report means it or another key of the user cannot be told"
                return Action(NOT_DECIDED, user, one.key_id, why)
            self._in_time(self._iam.update_access_key, UserName=user, AccessKeyId=one.key_id, Status="Inactive")
        except Exception as error:
            return went_wrong(error, user, one.key_id)
        return Action(DEACTIVATED, user, one.key_id, f"{broken} {facts}")

    def _keys_of(self, user: str) -> List[Live]:
        """Return the keys that a user has now: two at most, so one call is enough."""
        answer = self._in_time(self._iam.list_access_keys, UserName=user)
        return [
            Live(key["AccessKeyId"], key["CreateDate"], key["Status"] == "Active")
            for key in answer["AccessKeyMetadata"]
        ]

    def _last_use(self, key_id: str) -> Optional[datetime.datetime]:
        """Return when a key was last used; None when that is not known to have been."""
        answer = self._in_time(self._iam.get_access_key_last_used, AccessKeyId=key_id)
        return answer["AccessKeyLastUsed"].get("LastUsedDate")

    def _in_time(self, method: Callable[..., Any], **parameters: str) -> Any:
        """Call IAM, as long as there is time for it."""
        if self._remaining() < MARGIN:
            raise NoTime
        return method(**parameters)


def went_wrong(error: Exception, user: str, key_id: Optional[str]) -> Action:
    """Return what an error means: what is gone needs nothing done, everything else is not done."""
    if isinstance(error, NoTime):
        return not_reached(user, key_id)
    if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchEntity":
        return Action(NOTHING, user, key_id, "the key is gone" if key_id else "the user is gone")
    return Action(FAILED, user, key_id, printable(str(error)))


def not_reached(user: str, key_id: Optional[str] = None) -> Action:
    """Return what becomes of a user, or a key, for whom there is no time."""
    return Action(NOT_REACHED, user, key_id, "there was no time left")


def tell_apart(keys: Sequence[Key], live: Sequence[Live]) -> List[Tuple[Live, Optional[bool]]]:
    """Tell of each key that a user has whether it is one that should go; None when that cannot be told.

    The report has no ids, but no key was switched before it was made. So there are only so many ways to pair the keys
    of the report with those of IAM; where all of them say the same of a key, that is certain. A key that was made
    after everything the report knows is not in it, and left out.
    """
    known = [one for one in live if any(may_be(one, key) for key in keys)]
    ways = [way for way in itertools.permutations(keys, len(known)) if all(map(may_be, known, way))]
    told: List[Tuple[Live, Optional[bool]]] = []
    for place, one in enumerate(known):
        said = {bool(way[place].why) for way in ways}
        told.append((one, said.pop() if len(said) == 1 else None))
    return told


def may_be(one: Live, key: Key) -> bool:
    """Tell whether a key of IAM's may be a key of the report's. The report has whole seconds."""
    return one.made - key.changed < datetime.timedelta(seconds=1)
