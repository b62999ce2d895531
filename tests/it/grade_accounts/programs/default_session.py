import boto3, csv, io, time
def assume():
    r = boto3.client('sts').assume_role(RoleArn='@iam:role/IAM-Auditor-role', RoleSessionName='x')
    boto3.setup_default_session(aws_access_key_id=r['Credentials']['AccessKeyId'], aws_secret_access_key=r['Credentials']['SecretAccessKey'], aws_session_token=r['Credentials']['SessionToken'])
def report():
    iam = boto3.client('iam')
    while True:
        try:
            iam.generate_credential_report()
            return iam.get_credential_report()
        except iam.exceptions.CredentialReportNotReadyException:
            time.sleep(1)
class Audit(object):
    def __init__(self, rows):
        self.rows = rows
        self.findings = []
    @property
    def root(self):
        for r in self.rows:
            if r['user'] == '<root_account>':
                return r
    def run(self):
        self.findings.append('1.1 ' + self.root['password_last_used'] + self.root['access_key_1_last_used_date'] + self.root['access_key_2_last_used_date'])
        self.findings.append('1.2 ' + ','.join(r['user'] for r in self.rows if r['password_enabled'] == 'true' if r['mfa_active'] != 'true'))
        self.findings.append('1.12 ' + ('yes' if self.root['access_key_1_active'] == 'true' or self.root['access_key_2_active'] == 'true' else 'no'))
        return self
    def __str__(self):
        return '\n'.join(self.findings)
def lambda_handler(event, context):
    sns = boto3.client('sns')
    assume()
    rows = list(csv.DictReader(io.StringIO(report()['Content'].decode())))
    sns.publish(TopicArn='arn:aws:sns:@region:@account:AuditReports', Message=str(Audit(rows).run()))
