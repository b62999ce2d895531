import csv, io, time, boto3

# The columns by their place: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
USER, PASSWORD_ENABLED, PASSWORD_LAST_USED, MFA = 0, 3, 4, 7
KEY1, KEY1_USED, KEY2, KEY2_USED = 8, 10, 13, 15


def assumed():
    return boto3.client("sts").assume_role(
        RoleArn="@iam:role/IAM-Auditor-role", RoleSessionName="x")["Credentials"]


def table(keys):
    client = boto3.client("iam", aws_access_key_id=keys["AccessKeyId"],
                          aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])
    while client.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(1)
    return list(csv.reader(io.StringIO(client.get_credential_report()["Content"].decode())))[1:]


def root_use(rows):
    root = [row for row in rows if row[USER] == "<root_account>"][0]
    return root[PASSWORD_LAST_USED], root[KEY1_USED], root[KEY2_USED]


def no_mfa(rows):
    return [row[USER] for row in rows if row[PASSWORD_ENABLED] == "true" and row[MFA] == "false"]


def root_keys(rows):
    root = [row for row in rows if row[USER] == "<root_account>"][0]
    return root[KEY1] == "true" or root[KEY2] == "true"


def lambda_handler(event, context):
    rows = table(assumed())
    text = "root: %s\nno MFA: %s\nroot keys: %s" % (root_use(rows), no_mfa(rows), root_keys(rows))
    boto3.client("sns").publish(TopicArn="arn:aws:sns:@region:@account:AuditReports", Message=text)
