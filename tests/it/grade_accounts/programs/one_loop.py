import csv
import time
import boto3

def assume(role):
    c = boto3.client('sts').assume_role(RoleArn=role, RoleSessionName='s')['Credentials']
    return dict(aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])

def report(keys):
    iam = boto3.client('iam', **keys)
    complete = False
    while not complete:
        complete = iam.generate_credential_report()['State'] == 'COMPLETE'
        if not complete:
            time.sleep(1)
    return iam.get_credential_report()['Content'].decode('utf-8').splitlines()

def lambda_handler(event, context):
    reader = csv.reader(report(assume('@iam:role/IAM-Auditor-role')))
    header = next(reader)
    column = {name: place for place, name in enumerate(header)}
    root_used, root_key, no_mfa = 'never', 'no', []
    for row in reader:
        name = row[column['user']]
        if name == '<root_account>':
            root_used = ' / '.join([row[column['password_last_used']], row[column['access_key_1_last_used_date']], row[column['access_key_2_last_used_date']]])
            if row[column['access_key_1_active']] == 'true':
                root_key = 'yes'
            if row[column['access_key_2_active']] == 'true':
                root_key = 'yes'
        else:
            has_password = row[column['password_enabled']] == 'true'
            has_mfa = row[column['mfa_active']] == 'true'
            if has_password and not has_mfa:
                no_mfa.append(name)
    text = f'root used {root_used}, root key {root_key}, users without MFA {len(no_mfa)}: {", ".join(no_mfa)}'
    print(text)
    boto3.resource('sns').meta.client.publish(TargetArn='arn:aws:sns:@region:@account:AuditReports', Message=text)
