"""The report for people: plain text, the same text for the same facts.

    subject     one line: which control failed, which could not be judged, which passed
    head        account, when the credential report was made, the run's id
    one section per control, with the verdict and the names
    a section on remediation, when there is one

SNS takes 256 KiB and a subject of ASCII, shorter than 100 characters.
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from typing import Dict, List, NamedTuple, Optional, Sequence

import remediation
from cells import printable, show_time
from controls import FAIL, PASS, UNKNOWN, Result
from credential_report import ROOT, CredentialReport

# The longest message, in bytes. The text is ASCII: a character is a byte.
LONGEST = 262_144

# The longest subject, in characters.
SUBJECT = 99

# What stands for lines that were cut. A run of the schedule has an answer that nobody sees.
REST = "more lines: for a whole report run `iamlab audit invoke`; what was changed is in the function's log, too"

# What every section keeps, however long the others are.
LEAST = 8


class Section(NamedTuple):
    """A part of the report."""

    heading: str
    lines: List[str]


class Report(NamedTuple):
    """The report of one run."""

    subject: str
    sections: List[Section]

    @property
    def text(self) -> str:
        """The whole report."""
        return _join(self.sections)

    @property
    def message(self) -> str:
        """The report as SNS takes it: the longest section is cut first, at a line, and says so."""
        sections = list(self.sections)
        while True:
            over = len(_join(sections)) - LONGEST
            if over <= 0:
                return _join(sections)
            longest = max(range(len(sections)), key=lambda at: sum(map(len, sections[at].lines)))
            shorter = _cut(sections[longest], over)
            if shorter == sections[longest]:
                return _join(sections)[:LONGEST]
            sections[longest] = shorter


def _cut(section: Section, over: int) -> Section:
    """Take lines off the end of a section until it is `over` characters shorter, or nearly empty."""
    lines = list(section.lines)
    gone = 0
    if lines and lines[-1].startswith("  ... "):
        gone = int(lines.pop().split()[1])
        over += 1
    # The line that tells of the cut needs room too.
    over += len(REST) + 20
    while over > 0 and len(lines) > LEAST:
        over -= len(lines.pop()) + 1
        gone += 1
    if gone:
        lines.append(f"  ... {gone} {REST}")
    return Section(section.heading, lines)


def _join(sections: Sequence[Section]) -> str:
    return "\n".join("\n".join([section.heading, *section.lines, ""]) for section in sections)


def audited(
    account: str,
    table: CredentialReport,
    run: str,
    results: Sequence[Result],
    remedy: Optional[Section],
    note: str = "",
) -> Report:
    """Return the report of an audit. `note` is what the subject says of the remediation."""
    title = headline(account, results) + note
    made = show_time(table.generated_time) if table.generated_time else "of an unknown time"
    rows = f"{len(table.users)} users and {'root' if table.root else 'no row for root'}"
    head = [
        "",
        f"Account:            {printable(account)}",
        f"Credential report:  {made}, {rows}",
        f"Run:                {printable(run)}",
    ]
    if any(result.incomplete for result in results):
        head += ["", "This report is INCOMPLETE: what is UNKNOWN was not judged, and has not passed."]
    sections = [Section(title, head), *map(_section, results)]
    if remedy is not None:
        sections.append(remedy)
    sections.append(Section("What this rests on", [
        "  The credential report, which AWS makes at most every four hours: what changed since then is not in it.",
        f"  Recognise a report that came twice by its run: {printable(run)}.",
    ]))
    return Report(title[:SUBJECT], sections)


def headline(account: str, results: Sequence[Result]) -> str:
    """Return the first line, worst first."""
    by_status: Dict[str, List[str]] = {FAIL: [], UNKNOWN: [], PASS: []}
    for result in results:
        by_status[result.status].append(result.control)
    counts = "; ".join(f"{status} {', '.join(numbers)}" for status, numbers in by_status.items() if numbers)
    incomplete = " INCOMPLETE" if any(result.incomplete for result in results) else ""
    return f"IAM audit of {printable(account)}{incomplete}: {counts}"


def _section(result: Result) -> Section:
    """Tell one control: its verdict, and who fails or is unknown. Who passes is not named."""
    lines = [f"  {result.summary[:1].upper()}{result.summary[1:]}."]
    failed = [verdict.name for verdict in result.verdicts if verdict.status == FAIL and verdict.name != ROOT]
    lines += [f"    - {printable(name)}" for name in failed]
    # Users of whom the report does not tell, by reason: a missing column is one reason for all of them.
    unknown: Dict[str, List[str]] = {}
    for verdict in result.verdicts:
        if verdict.status == UNKNOWN and verdict.name != ROOT:
            unknown.setdefault(verdict.why, []).append(printable(verdict.name))
    for why, names in unknown.items():
        lines.append(f"  UNKNOWN, because {why}:")
        lines += [f"    - {name}" for name in names]
    return Section(f"[{result.status}] CIS {result.control}: {result.title}", lines)


def off(approval: str) -> Section:
    """Tell an approver that there is nothing that could be approved."""
    line = f"  Approval {approval} came, but REMEDIATE asks for nothing: nothing was changed."
    return Section("Remediation: off", [line])


def planned(remediate: Sequence[str], plan: remediation.Plan) -> Section:
    """Tell what would be deactivated."""
    count = sum(len(user.chosen) for user in plan.users)
    lines = ["  Nothing was changed: that takes an approval, `approval_id`, in the function's event."]
    lines += [
        f"    - would be deactivated: access key {key.slot} of {printable(user.user)}: {key.why}"
        for user in plan.users
        for key in user.chosen
    ]
    return Section(f"Remediation {', '.join(remediate)}: {count} planned, none done", lines + _unclear(plan))


def done(
    remediate: Sequence[str], approval: str, plan: remediation.Plan, actions: Sequence[remediation.Action]
) -> Section:
    """Tell what was deactivated and what was not."""
    lines = [f"  Approval {approval}. The event holds its id only: who approved is not known to this function."]
    for action in actions:
        lines.append(f"    - {action.line}")
        if action.undo:
            lines.append(f"      To undo it: {action.undo}")
    outcomes = {action.outcome for action in actions}
    if remediation.NOT_REACHED in outcomes:
        lines.append(f"  For those NOT REACHED run it again {plan.renewal}: until then each begins at the first.")
    if remediation.DEACTIVATED in outcomes:
        lines.append(f"  What is undone holds against other approved runs {plan.renewal}: not before.")
    if not actions and not plan.unclear:
        lines.append("  There was nothing to do.")
    count = sum(1 for action in actions if action.outcome == remediation.DEACTIVATED)
    return Section(f"Remediation {', '.join(remediate)}: {count} deactivated", lines + _unclear(plan))


def not_done(remediate: Sequence[str], why: str) -> Section:
    """Tell that remediation failed as a whole."""
    return Section(f"Remediation {', '.join(remediate)}: FAILED, nothing was changed", [f"  {why}"])


def _unclear(plan: remediation.Plan) -> List[str]:
    return [f"    - {action.line}" for action in plan.unclear]


def failed(account: str, run: str, step: str, why: str) -> Report:
    """Return the mail that tells of a run that came to nothing."""
    return Report(
        f"IAM audit of {printable(account)} FAILED at step: {step}"[:SUBJECT],
        [
            Section(f"AUDIT FAILED at step `{step}`: nothing is concluded", [
                "",
                f"Account:  {printable(account)}",
                f"Run:      {printable(run)}",
                f"Error:    {why}",
            ]),
            Section("No control was judged, so this is no clean bill. The function's log has more.", []),
        ],
    )
