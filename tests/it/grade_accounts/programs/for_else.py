import json
import boto3
import csv
import time

def assume_role(role_arn, session_name="Audit"):
    sts = boto3.client("sts")
    resp = sts.assume_role(RoleArn=role_arn, RoleSessionName=session_name)
    return boto3.Session(resp["Credentials"]["AccessKeyId"], resp["Credentials"]["SecretAccessKey"], resp["Credentials"]["SessionToken"])

def generate_report(session):
    client = session.client("iam")
    for attempt in range(20):
        if client.generate_credential_report()["State"] == "COMPLETE":
            break
        time.sleep(2)
    else:
        raise TimeoutError()
    return client.get_credential_report()["Content"].decode("utf-8")

def audit(content):
    out = {"root_last_used": None, "no_mfa": [], "root_keys": False}
    for record in csv.DictReader(content.splitlines()):
        is_root = record["user"] == "<root_account>"
        if is_root:
            out["root_last_used"] = record["password_last_used"], record["access_key_1_last_used_date"], record["access_key_2_last_used_date"]
            out["root_keys"] = "true" in [record["access_key_1_active"], record["access_key_2_active"]]
        elif record["password_enabled"] == "true" and record["mfa_active"] == "false":
            out["no_mfa"].append(record["arn"])
    return out

def fmt(result):
    return """
    AUDIT
    root: %(root_last_used)s
    mfa: %(no_mfa)s
    keys: %(root_keys)s
    """ % result

def lambda_handler(event, context):
    session = assume_role("@iam:role/IAM-Auditor-role")
    result = audit(generate_report(session))
    boto3.client("sns").publish(TopicArn="arn:aws:sns:@region:@account:AuditReports", Message=json.dumps({"default": fmt(result)}), MessageStructure="json")
    return json.dumps(result)
