import csv
import io
import time

import boto3

ROLE_ARN = "@ROLE@"
TOPIC_ARN = "@TOPIC@"


def assume_auditor():
    sts = boto3.client("sts")
    answer = sts.assume_role(RoleArn=ROLE_ARN, RoleSessionName="auditor")
    keys = answer["Credentials"]
    return boto3.client(
        "iam",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def credential_report(iam):
    while iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(1)
    content = iam.get_credential_report()["Content"].decode("utf-8")
    return list(csv.DictReader(io.StringIO(content)))


def root_last_used(rows):
    root = next(row for row in rows if row["user"] == "<root_account>")
    columns = ["password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date"]
    dates = [root[column] for column in columns if root[column][:1].isdigit()]
    return max(dates) if dates else "never"


def users_without_mfa(rows):
    return [row["user"] for row in rows if row["password_enabled"] == "true" and row["mfa_active"] == "false"]


def root_has_keys(rows):
    root = next(row for row in rows if row["user"] == "<root_account>")
    return root["access_key_1_active"] == "true" or root["access_key_2_active"] == "true"


def lambda_handler(event, context):
    rows = credential_report(assume_auditor())
    report = "\n".join(
        [
            "CIS 1.1: root was last used: " + root_last_used(rows),
            "CIS 1.2: users without MFA: " + (", ".join(users_without_mfa(rows)) or "none"),
            "CIS 1.12: root has access keys: " + str(root_has_keys(rows)),
        ]
    )
    print(report)
    boto3.client("sns").publish(TopicArn=TOPIC_ARN, Subject="IAM audit report", Message=report)
    return {"report": report}
