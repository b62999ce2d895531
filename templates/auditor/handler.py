"""The Lambda function iam-auditor: work as the auditor role and read the IAM credential report."""

import logging
import os

import credential_report
import session

LOG = logging.getLogger()
LOG.setLevel(logging.INFO)

# Seconds kept back from the function's own timeout, to fail with a reason instead of being cut off.
MARGIN = 10


def main(event, context):
    """Assume AUDITOR_ROLE_ARN, generate and get the report, log and return a summary of it."""
    auditor = session.assume_role(os.environ["AUDITOR_ROLE_ARN"])
    iam = auditor.client("iam", config=session.RETRIES)
    seconds = max(0, context.get_remaining_time_in_millis() / 1000 - MARGIN)
    report = credential_report.generate_and_get(iam, seconds)
    summary = {
        "generated_time": report.generated_time.isoformat(),
        "users": len(report.users),
    }
    LOG.info("credential report of %(generated_time)s: %(users)d users", summary)
    return summary
