import csv
import io
import time

import boto3


def assume(arn):
    keys = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="a")["Credentials"]
    return boto3.client(
        "iam",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def download(iam):
    while iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(1)
    text = iam.get_credential_report()["Content"].decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))
