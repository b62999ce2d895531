"""The Lambda function iam-auditor: audit the account's IAM users by the credential report and mail the result.

    read the settings ─ assume the auditor role ─ get the credential report ─ audit ─ remediate ─ publish the report

A step that fails ends the run: the error names the step, goes to the log and to the topic, and is raised, so that
Lambda counts the run as failed. A control that cannot be judged is UNKNOWN in the report. Neither is ever a pass.

The answer of a run that came to its end:

    run             the id of the invocation; it is in the report too
    account         the account that was audited
    generated_time  when AWS made the credential report
    users           how many users it has, root not counted
    complete        whether every control, and every key that a remediation is about, could be judged
    controls        PASS, FAIL or UNKNOWN by control: {"1.1": "PASS", "1.2": "FAIL", "1.12": "PASS"}
    remediation     what became of each planned key, as a list of {"outcome", "user", "access_key_id", "why"}
    report          the whole report, also when it is too long for a mail
    message_id      the message that SNS accepted
"""

import contextlib
import logging
import os
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import boto3
import controls
import credential_report
import deactivation
import publish
import remediation
import report
import session
import settings
from cells import printable

LOG = logging.getLogger()
LOG.setLevel(logging.INFO)
# The SDK tells at this level where it found its credentials and endpoints: nothing about the audit.
logging.getLogger("botocore").setLevel(logging.WARNING)


class StepFailed(Exception):
    """A step of the run failed; the message names it."""

    def __init__(self, name: str, why: str, told: bool = False) -> None:
        super().__init__(f"step `{name}` failed: {why}")
        self.name = name
        self.why = why
        # Whether the topic knows already, or cannot be told.
        self.told = told


class Remedy(NamedTuple):
    """What became of the remediations."""

    section: Optional[report.Section]
    # What the subject adds.
    note: str
    actions: List[remediation.Action]
    # What went wrong.
    error: Optional[str]
    # Whether there are keys of which the credential report does not tell enough.
    unclear: bool = False


@contextlib.contextmanager
def step(name: str, told: bool = False) -> Iterator[None]:
    """Give whatever goes wrong inside the name of the step."""
    try:
        yield
    except Exception as error:
        raise StepFailed(name, describe(error), told) from error


def describe(error: Exception) -> str:
    """Return an error as one line."""
    return f"{type(error).__name__}: {printable(str(error))}"


def main(event: Any, context: Any) -> Dict[str, Any]:
    """Carry out one run. `event` is `{}`, a schedule's, or holds an `approval_id`; see settings.py."""
    try:
        with step("read the settings"):
            told = settings.read(os.environ, event)
        return run(told, context)
    except StepFailed as failure:
        LOG.exception("AUDIT FAILED, nothing is concluded: %s", failure)
        if not failure.told:
            tell(failure, context.aws_request_id)
        raise


def run(told: settings.Settings, context: Any) -> Dict[str, Any]:
    """Take the steps and return the answer."""

    def remaining() -> float:
        return context.get_remaining_time_in_millis() / 1000

    with step("assume the auditor role"):
        auditor = session.assume_role(told.auditor_role)
    with step("get the credential report"):
        iam = auditor.session.client("iam", config=session.CALLS)
        table = credential_report.generate_and_get(iam, max(0, remaining() - session.MARGIN))
    with step("audit"):
        results = [look(control, table, auditor) for control in controls.CONTROLS]
        for result in results:
            LOG.info("CIS %s: %s", result.control, result.status)
    users = len(table.users)
    remedy = remediate(told, table, auditor, remaining)
    with step("publish the report", told=True):
        full = report.audited(told.account, table, context.aws_request_id, results, remedy.section, remedy.note)
        sns = boto3.client("sns", config=session.CALLS)
        message_id = publish.publish(sns, told.topic, full.subject, full.message)
    LOG.info("report on %d users published as message %s", users, message_id)
    if remedy.error is not None:
        raise StepFailed("remediate", remedy.error, told=True)
    return {
        "run": context.aws_request_id,
        "account": told.account,
        "generated_time": table.generated_time.isoformat() if table.generated_time else None,
        "users": users,
        # A run of which something is not done has failed above; this is a plan's.
        "complete": not any(result.incomplete for result in results) and not remedy.unclear,
        "controls": {result.control: result.status for result in results},
        "remediation": [
            {"outcome": it.outcome, "user": it.user, "access_key_id": it.key_id, "why": it.why}
            for it in remedy.actions
        ],
        "report": full.text,
        "message_id": message_id,
    }


def look(control: Any, table: credential_report.CredentialReport, auditor: session.Assumed) -> controls.Result:
    """Have one control look. One that breaks is unknown, and the others are still told."""
    number, title, judge = control
    try:
        return controls.audit(number, title, judge, table, auditor.at)
    except Exception as error:
        LOG.exception("CIS %s could not be judged", number)
        return controls.broken(number, title, error)


def remediate(
    told: settings.Settings,
    table: credential_report.CredentialReport,
    auditor: session.Assumed,
    remaining: Callable[[], float],
) -> Remedy:
    """Plan the remediations that are asked for, and carry them out when they are approved.

    What goes wrong here is in the report, beside what the audit found; the run fails after that is published.
    """
    if not told.remediate:
        return Remedy(None if told.approval is None else report.off(told.approval), "", [], None)
    try:
        plan = remediation.plan(table, told.remediate, auditor.at)
        count = sum(len(user.chosen) for user in plan.users)
        if told.approval is None or told.remediator_role is None:
            note = f"; {_keys(count)} to deactivate" + (", REST NOT DECIDED" if plan.unclear else "")
            return Remedy(report.planned(told.remediate, plan), note, plan.unclear, None, bool(plan.unclear))
        actions: List[remediation.Action] = []
        if plan.users and remaining() < session.MARGIN:
            actions = [deactivation.not_reached(planned.user) for planned in plan.users]
        elif plan.users:
            LOG.info("remediation under approval %s", told.approval)
            name = f"iam-remediator-{told.approval}"
            remediator = session.assume_role(told.remediator_role, name)
            iam = remediator.session.client("iam", config=session.CALLS)
            work = deactivation.Deactivation(iam, told.remediate, remediator.at, remaining)
            actions = work.carry_out(plan.users)
    except Exception as error:
        LOG.exception("remediation failed")
        return Remedy(report.not_done(told.remediate, describe(error)), "; REMEDIATION FAILED", [], describe(error))
    section = report.done(told.remediate, told.approval, plan, actions)
    actions += plan.unclear
    undone = [it for it in actions if it.outcome in remediation.UNDONE]
    if undone:
        return Remedy(section, "; REMEDIATION FAILED", actions, f"{len(undone)} not done: {undone[0].line}")
    count = sum(1 for it in actions if it.outcome == remediation.DEACTIVATED)
    return Remedy(section, f"; {_keys(count)} deactivated", actions, None)


def tell(failure: StepFailed, run_id: str) -> None:
    """Mail that a run came to nothing, when that is possible. The failure stays the function's own error."""
    topic = os.environ.get("REPORT_TOPIC_ARN", "").strip()
    if not topic:
        return
    mail = report.failed(settings.account_of(topic), run_id, failure.name, failure.why)
    try:
        publish.publish(boto3.client("sns", config=session.CALLS), topic, mail.subject, mail.message)
    except Exception:
        LOG.exception("the failure could not be published either")


def _keys(count: int) -> str:
    return f"{count} key" if count == 1 else f"{count} keys"
