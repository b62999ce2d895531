import io
import os
import time

import boto3
import pandas as pd


def assume_role():
    sts = boto3.client("sts")
    response = sts.assume_role(RoleArn="@iam:role/IAM-Auditor-role", RoleSessionName="lambda-session")
    credentials = response["Credentials"]
    session = boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    return session


def generate_credential_report(session):
    iam = session.client("iam")
    while iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(1)
    response = iam.get_credential_report()
    return pd.read_csv(io.BytesIO(response["Content"]))


def root_last_used(df):
    root = df[df["user"] == "<root_account>"].iloc[0]
    return root["password_last_used"], root["access_key_1_last_used_date"], root["access_key_2_last_used_date"]


def users_without_mfa(df):
    found = df[(df["password_enabled"] == "true") & (df["mfa_active"] == False)]
    return found["user"].tolist()


def root_access_keys(df):
    root = df[df["user"] == "<root_account>"].iloc[0]
    return bool(root["access_key_1_active"] or root["access_key_2_active"])


def lambda_handler(event, context):
    df = generate_credential_report(assume_role())
    lines = ["Root was last used: {} {} {}".format(*root_last_used(df))]
    lines.append("Without MFA: {}".format(users_without_mfa(df)))
    lines.append("Root has keys: {}".format(root_access_keys(df)))
    boto3.client("sns").publish(
        TopicArn="arn:aws:sns:@region:@account:AuditReports", Subject="Report", Message="\n".join(lines)
    )
