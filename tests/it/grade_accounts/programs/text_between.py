import boto3
import csv
import time
from io import StringIO
sts_client = boto3.client('sts')
def assume_role():
    assumed_role_object = sts_client.assume_role(RoleArn="@iam:role/IAM-Auditor-role", RoleSessionName="AssumeRoleSession1")
    return assumed_role_object['Credentials']
def get_credential_report(credentials):
    iam_client = boto3.client('iam', aws_access_key_id=credentials['AccessKeyId'], aws_secret_access_key=credentials['SecretAccessKey'], aws_session_token=credentials['SessionToken'])
    iam_client.generate_credential_report()
    time.sleep(5)
    response = iam_client.get_credential_report()
    credential_report = response['Content'].decode('utf-8')
    return credential_report
def check_root_usage(credential_report):
    reader = csv.DictReader(StringIO(credential_report))
    for row in reader:
        if row['user'] == '<root_account>':
            last = row['password_last_used']
            if last == 'N/A' or last == 'no_information':
                last = 'never'
            return f"Root last used: {last}, key1 {row['access_key_1_last_used_date']}, key2 {row['access_key_2_last_used_date']}"
def check_mfa(credential_report):
    reader = csv.DictReader(StringIO(credential_report))
    users_without_mfa = []
    for row in reader:
        if row['mfa_active'] == 'false' and row['password_enabled'] == 'true' and row['user'] != '<root_account>':
            users_without_mfa.append(row['user'])
    return "Users without MFA: " + str(users_without_mfa)
def check_root_keys(credential_report):
    reader = csv.DictReader(StringIO(credential_report))
    root_user = [row for row in reader if row['user'] == '<root_account>'][0]
    keys = []
    if root_user['access_key_1_active'] == 'true': keys.append('Access Key 1')
    if root_user['access_key_2_active'] == 'true': keys.append('Access Key 2')
    return f"Root access keys: {', '.join(keys) if keys else 'none'}"
def lambda_handler(event, context):
    report = get_credential_report(assume_role())
    body = '\n'.join([check_root_usage(report), check_mfa(report), check_root_keys(report)])
    boto3.client('sns').publish(TopicArn='arn:aws:sns:@region:@account:AuditReports', Message=body)
    return {'statusCode': 200, 'body': 'ok'}
