import boto3

TOPIC = "arn:aws:sns:@region:@account:AuditReports"


def audit(rows):
    lines = []
    for row in rows:
        if row["user"] == "<root_account>":
            lines.append("root password used: " + row["password_last_used"])
            lines.append("root key 1 used: " + row["access_key_1_last_used_date"])
            lines.append("root key 2 used: " + row["access_key_2_last_used_date"])
            if row["access_key_1_active"] == "true":
                lines.append("root has access key 1")
            if row["access_key_2_active"] == "true":
                lines.append("root has access key 2")
            continue
        if row["password_enabled"] == "true" and row["mfa_active"] == "false":
            lines.append(row["user"] + " has no MFA")
    return "\n".join(lines)


def publish(text):
    boto3.client("sns").publish(TopicArn=TOPIC, Subject="report", Message=text)
