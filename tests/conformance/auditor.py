"""Run the code of the function iam-auditor outside of Lambda: against an account, or on reports that it is given.

    python tests/conformance/auditor.py --endpoint-url URL      the answers of two runs in the account, as JSON: one as
                                                                the account is, one with what moto leaves out of its
                                                                credential report put in
    python tests/conformance/auditor.py --verdicts < reports    what the three controls say of each report, as JSON

`reports` is a JSON list of {"csv", "generated", "as_of"}; the times are RFC 3339, `generated` may be null. The answer
has for each {control: {name: status}}, or null when the table is no credential report.
"""

import argparse
import datetime
import json
import os
import pathlib
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "templates" / "auditor"))

import boto3  # noqa: E402
import cells  # noqa: E402
import controls  # noqa: E402
import credential_report  # noqa: E402
import handler  # noqa: E402

# Root's row in an account whose root user was never used since it was made.
ROOT = {
    "user": "<root_account>", "password_enabled": "not_supported", "password_last_used": "no_information",
    "password_last_changed": "not_supported", "password_next_rotation": "not_supported",
    **{f"access_key_{slot}_active": "false" for slot in (1, 2)}, **{f"cert_{slot}_active": "false" for slot in (1, 2)},
}


def verdicts(reports):
    """What the controls say of each report."""
    for given in reports:
        made = given["generated"] and cells.parse_time(given["generated"])
        try:
            report = credential_report.CredentialReport(made, credential_report.parse(given["csv"]))
        except credential_report.NotAReport:
            yield None
            continue
        now = cells.parse_time(given["as_of"])
        yield {
            number: {verdict.name: verdict.status for verdict in control(report, now)}
            for number, _, control in controls.CONTROLS
        }


def completed(parsed, **_):
    """Put into moto's answer what AWS's has: a row for root, and the time at which the report was made."""
    header, *rows = parsed["Content"].decode().splitlines()
    root = ",".join({**ROOT, "mfa_active": "false"}.get(name, "N/A") for name in header.split(","))
    parsed["Content"] = "\n".join([header, root, *rows]).encode()
    parsed["GeneratedTime"] = datetime.datetime.now(datetime.timezone.utc)


def runs(url, account):
    """Answers of the function: as the account is, and with the report completed."""
    os.environ.update({
        "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1",
        "AUDITOR_ROLE_ARN": f"arn:aws:iam::{account}:role/IAM-Auditor-role",
        "REPORT_TOPIC_ARN": f"arn:aws:sns:us-east-1:{account}:iam-audit-report",
    })
    context = types.SimpleNamespace(aws_request_id="RUN", get_remaining_time_in_millis=lambda: 60_000)
    yield handler.main({}, context)
    made = boto3.session.Session

    def session(**keys):
        found = made(**keys)
        found.events.register("after-call.iam.GetCredentialReport", completed)
        return found

    boto3.session.Session = session
    yield handler.main({}, context)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--endpoint-url")
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--verdicts", action="store_true")
    args = parser.parse_args()
    found = verdicts(json.load(sys.stdin)) if args.verdicts else runs(args.endpoint_url, args.account)
    print(json.dumps(list(found)))


if __name__ == "__main__":
    main()
