import boto3
import time


def assume_role(arn):
    sts = boto3.client('sts')
    assumed = sts.assume_role(RoleArn=arn, RoleSessionName='lambda')
    c = assumed['Credentials']
    client = boto3.client('iam', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])
    return client


def credential_report(client):
    response = client.generate_credential_report()
    while response['State'] != 'COMPLETE':
        time.sleep(1)
        response = client.generate_credential_report()
    return client.get_credential_report()['Content'].decode('utf-8')


def lambda_handler(event, context):
    iam = assume_role('@iam:role/IAM-Auditor-role')
    content = credential_report(iam)
    lines = content.split('\n')
    header = lines[0].split(',')
    users = []
    for line in lines[1:]:
        users.append(dict(zip(header, line.split(','))))

    message = ''
    for u in users:
        if u['user'] == '<root_account>':
            message += 'Root password was last used on ' + u['password_last_used'] + '\n'
            message += 'Root key 1 was last used on ' + u['access_key_1_last_used_date'] + '\n'
            message += 'Root key 2 was last used on ' + u['access_key_2_last_used_date'] + '\n'
            if u['access_key_1_active'] == 'true' or u['access_key_2_active'] == 'true':
                message += 'Root HAS an access key!\n'
            else:
                message += 'Root has no access key\n'
        elif u['password_enabled'] == 'true':
            if u['mfa_active'] == 'false':
                message += u['user'] + ' has no MFA\n'

    boto3.client('sns').publish(
        TopicArn='arn:aws:sns:@region:@account:AuditReports',
        Message=message,
        Subject='Daily audit',
    )
