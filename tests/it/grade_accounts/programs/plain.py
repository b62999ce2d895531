import csv
import io
import time

import boto3

ROLE = "@iam:role/IAM-Auditor-role"
TOPIC = "arn:aws:sns:@region:@account:AuditReports"


def get_role_credentials():
    sts_client = boto3.client("sts")
    response = sts_client.assume_role(RoleArn=ROLE, RoleSessionName="audit-session")
    return response["Credentials"]


def get_report(credentials):
    iam = boto3.client(
        "iam",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    while True:
        state = iam.generate_credential_report()["State"]
        if state == "COMPLETE":
            break
        time.sleep(2)
    report = iam.get_credential_report()
    return report["Content"].decode("utf-8")


def last_root_use(rows):
    for row in rows:
        if row["user"] == "<root_account>":
            used = [
                row["password_last_used"],
                row["access_key_1_last_used_date"],
                row["access_key_2_last_used_date"],
            ]
            dates = [date for date in used if date.startswith("20")]
            return max(dates) if dates else "never"
    return "no root row"


def users_without_mfa(rows):
    found = []
    for row in rows:
        if row["password_enabled"] == "true" and row["mfa_active"] == "false":
            found.append(row["user"])
    return found


def root_has_access_key(rows):
    for row in rows:
        if row["user"] == "<root_account>":
            return row["access_key_1_active"] == "true" or row["access_key_2_active"] == "true"
    return False


def send(text):
    sns = boto3.client("sns")
    sns.publish(TopicArn=TOPIC, Subject="Audit", Message=text)


def lambda_handler(event, context):
    credentials = get_role_credentials()
    rows = list(csv.DictReader(io.StringIO(get_report(credentials))))
    text = "Root account last used: " + last_root_use(rows) + "\n"
    text += "Users without MFA: " + ", ".join(users_without_mfa(rows)) + "\n"
    text += "Root has an access key: " + str(root_has_access_key(rows)) + "\n"
    send(text)
    return {"statusCode": 200, "body": text}
