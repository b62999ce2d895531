from reporting import audit, publish
from sessions import assume, download


def lambda_handler(event, context):
    rows = download(assume("@iam:role/IAM-Auditor-role"))
    publish(audit(rows))
