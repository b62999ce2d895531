import boto3, csv, time
from collections import namedtuple
Finding = namedtuple('Finding', 'control text')
def assume():
    return boto3.client('sts').assume_role(RoleArn='@iam:role/IAM-Auditor-role', RoleSessionName='x')['Credentials']
def report(c):
    iam = boto3.client('iam', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])
    while iam.generate_credential_report()['State'] != 'COMPLETE': time.sleep(1)
    return csv.DictReader(iam.get_credential_report()['Content'].decode().split('\n'))
def findings(users):
    users = {u['user']: u for u in users}
    root = users.pop('<root_account>')
    yield Finding('1.1', f"{root['password_last_used']} {root['access_key_1_last_used_date']} {root['access_key_2_last_used_date']}")
    yield Finding('1.2', ' '.join(n for n, u in users.items() if u['password_enabled'] == 'true' and u['mfa_active'] == 'false'))
    yield Finding('1.12', str(root['access_key_1_active'] == 'true' or root['access_key_2_active'] == 'true'))
def main():
    text = '\n'.join(f'{f.control}: {f.text}' for f in findings(report(assume())))
    boto3.client('sns').publish(TopicArn='arn:aws:sns:@region:@account:AuditReports', Message=text)
def lambda_handler(event, context):
    main()
