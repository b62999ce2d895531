"""A session of the assumed role, and the resource interface for the topic."""

import csv
import os
from time import sleep

import boto3 as aws
from botocore.exceptions import ClientError


class Auditor:
    def __init__(self, role_arn):
        self.session = self._assume(role_arn)

    @staticmethod
    def _assume(role_arn):
        creds = aws.client("sts").assume_role(
            RoleArn=role_arn,
            RoleSessionName="auditor",
            DurationSeconds=900,
        ).get("Credentials")
        return aws.Session(
            aws_access_key_id=creds.get("AccessKeyId"),
            aws_secret_access_key=creds.get("SecretAccessKey"),
            aws_session_token=creds.get("SessionToken"),
        )

    def credential_report(self):
        iam = self.session.client("iam")
        for _ in range(10):
            try:
                iam.generate_credential_report()
                content = iam.get_credential_report()["Content"]
                return list(csv.DictReader(content.decode().splitlines()))
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("ReportNotPresent", "ReportInProgress"):
                    raise
                sleep(2)
        raise RuntimeError("the report is not ready")


def check_1_1(users):
    root = [u for u in users if u["user"] == "<root_account>"][0]
    return f"""[CIS 1.1] root
  password last used: {root['password_last_used']}
  access key 1 last used: {root['access_key_1_last_used_date']}
  access key 2 last used: {root['access_key_2_last_used_date']}
"""


def check_1_2(users):
    offenders = [u["user"] for u in users if u["password_enabled"] != "false" and u["mfa_active"] != "true"]
    return "[CIS 1.2] no MFA: " + (", ".join(offenders) if offenders else "nobody") + "\n"


def check_1_12(users):
    root = [u for u in users if u["user"] == "<root_account>"][0]
    if "true" in (root["access_key_1_active"], root["access_key_2_active"]):
        return "[CIS 1.12] FAILED: root has an access key\n"
    return "[CIS 1.12] passed: root has no access key\n"


def lambda_handler(event, context):
    auditor = Auditor(os.environ["AUDITOR_ROLE"])
    users = auditor.credential_report()
    report = "".join(check(users) for check in (check_1_1, check_1_2, check_1_12))
    topic = aws.resource("sns").Topic(os.environ["TOPIC_ARN"])
    topic.publish(Subject="IAM audit", Message=report)
    return report
