import boto3, csv, json, logging, time
from datetime import datetime

logger = logging.getLogger()
logger.setLevel(logging.INFO)

REGION = 'us-east-1'
sns = boto3.client('sns', region_name=REGION)
RESULTS = {}


def assume_auditor_role():
    account = boto3.client('sts').get_caller_identity()['Account']
    arn = f'arn:aws:iam::{account}:role/IAM-Auditor-role'
    creds = boto3.client('sts').assume_role(RoleArn=arn, RoleSessionName=f'audit{int(time.time())}')['Credentials']
    return creds['AccessKeyId'], creds['SecretAccessKey'], creds['SessionToken']


def fetch_report(key, secret, token, tries=5):
    iam = boto3.client('iam', aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)
    status = iam.generate_credential_report().get('State')
    if status != 'COMPLETE' and tries > 0:
        time.sleep(3)
        return fetch_report(key, secret, token, tries - 1)
    with open('/tmp/report.csv', 'wb') as file:
        file.write(iam.get_credential_report()['Content'])
    with open('/tmp/report.csv') as file:
        return list(csv.DictReader(file))


def cis_1_1(report):
    root = next(filter(lambda row: row['user'] == '<root_account>', report))
    RESULTS['1.1'] = {
        'password': root.get('password_last_used'),
        'key 1': root.get('access_key_1_last_used_date'),
        'key 2': root.get('access_key_2_last_used_date'),
    }


def cis_1_2(report):
    RESULTS['1.2'] = []
    for row in report:
        if row['user'] == '<root_account>':
            continue
        if row['password_enabled'].lower() == 'true' and not row['mfa_active'].lower() == 'true':
            RESULTS['1.2'].append(row['user'])


def cis_1_12(report):
    root = report[0]
    RESULTS['1.12'] = any(root[f'access_key_{n}_active'] == 'true' for n in (1, 2))


def lambda_handler(event, context):
    try:
        report = fetch_report(*assume_auditor_role())
        for control in [cis_1_1, cis_1_2, cis_1_12]:
            control(report)
        message = json.dumps({'time': str(datetime.now()), 'results': RESULTS}, indent=2, default=str)
        sns.publish(TopicArn='arn:aws:sns:@region:@account:AuditReports', Subject='CIS audit', Message=message)
    except Exception as error:
        logger.error('audit failed: %s', error)
        raise
    return {'statusCode': 200}
