"""What the function is told: by its environment what to do, by the event whether changes are approved.

    AUDITOR_ROLE_ARN     the role that reads the credential report
    REPORT_TOPIC_ARN     the topic that the report is published to
    REMEDIATE            remediations, separated by commas (see remediation.py); empty or absent: none
    REMEDIATOR_ROLE_ARN  the role that changes things; needed as soon as a remediation is approved

The event may hold `{"approval_id": "CHG-123"}`: the number under which somebody approved the remediations.
Without it nothing is changed, and the report tells what would be. The event of a schedule has none.
"""

import re
from typing import Any, Mapping, NamedTuple, Optional, Tuple

REMEDIATIONS = ("deactivate-old-keys", "deactivate-unused-keys")

# It becomes part of a role session's name, which CloudTrail shows.
APPROVAL = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)


class SettingsError(Exception):
    """The environment or the event is not what the function needs."""


class Settings(NamedTuple):
    """What one run is told."""

    auditor_role: str
    topic: str
    remediate: Tuple[str, ...]
    remediator_role: Optional[str]
    approval: Optional[str]

    @property
    def account(self) -> str:
        """The account that is audited: the auditor role's."""
        return account_of(self.auditor_role)


def read(environment: Mapping[str, str], event: Any) -> Settings:
    """Return the settings, or raise SettingsError naming what is wrong."""
    remediate = remediations(environment.get("REMEDIATE", ""))
    approval = approval_id(event)
    remediator = environment.get("REMEDIATOR_ROLE_ARN", "").strip() or None
    if remediate and approval and remediator is None:
        raise SettingsError("a remediation is approved, and the environment variable REMEDIATOR_ROLE_ARN is not set")
    auditor, topic = needed(environment, "AUDITOR_ROLE_ARN"), needed(environment, "REPORT_TOPIC_ARN")
    return Settings(auditor, topic, remediate, remediator, approval)


def needed(environment: Mapping[str, str], name: str) -> str:
    """Return a variable that has to be there."""
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"the environment variable {name} is not set")
    return value


def remediations(text: str) -> Tuple[str, ...]:
    """Read REMEDIATE."""
    wanted = {name.strip() for name in text.split(",")} - {""}
    for name in sorted(wanted - set(REMEDIATIONS)):
        raise SettingsError(f"REMEDIATE says `{name}`, which is none of: {', '.join(REMEDIATIONS)}")
    return tuple(name for name in REMEDIATIONS if name in wanted)


def approval_id(event: Any) -> Optional[str]:
    """Read the approval out of the event; None when there is none."""
    approval = event.get("approval_id") if isinstance(event, dict) else None
    if approval is None:
        return None
    if not isinstance(approval, str) or not APPROVAL.fullmatch(approval):
        raise SettingsError("the event's `approval_id` is not 1 to 40 letters, digits, `.`, `_` and `-`")
    return approval


def account_of(arn: str) -> str:
    """Return the account in an ARN."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else "unknown"
