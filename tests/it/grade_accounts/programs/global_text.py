import boto3
import time
import datetime
report_text = ""
def add(line):
    global report_text
    report_text += line + "\n"
def assume():
    return boto3.client('sts').assume_role(RoleArn='@iam:role/IAM-Auditor-role', RoleSessionName='x')['Credentials']
def get(c):
    iam = boto3.client('iam', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])
    while iam.generate_credential_report()['State'] != 'COMPLETE': time.sleep(1)
    lines = iam.get_credential_report()['Content'].decode().strip().split('\n')
    keys = lines[0].split(',')
    return [{k: v for k, v in zip(keys, line.split(','))} for line in lines[1:]]
def lambda_handler(event, context):
    users = get(assume())
    for user in users:
        username = user['user']
        if username == '<root_account>':
            dates = []
            for col in ('password_last_used', 'access_key_1_last_used_date', 'access_key_2_last_used_date'):
                value = user[col]
                if value not in ('N/A', 'no_information'):
                    dates.append(datetime.datetime.strptime(value[:19], '%Y-%m-%dT%H:%M:%S'))
            add('root last used ' + (max(dates).isoformat() if dates else 'never'))
            for i in range(1, 3):
                if user['access_key_' + str(i) + '_active'] == 'true':
                    add('root has access key ' + str(i))
        if user['password_enabled'] == 'true' and user['mfa_active'] == 'false':
            add('no mfa: ' + username)
    response = boto3.client('sns').publish(TopicArn='arn:aws:sns:@region:@account:AuditReports', Subject='s', Message=report_text)
    return response
