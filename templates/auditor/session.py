"""Assume a role and work as it."""

import boto3
from botocore.config import Config

# The name the role session has in CloudTrail: "who read the report?" is answered by it.
SESSION_NAME = "iam-auditor"

# The shortest life AWS gives a session. The function itself ends long before.
SECONDS = 900

# Throttled calls and server errors are repeated, with growing pauses, by the SDK.
RETRIES = Config(retries={"mode": "standard", "max_attempts": 5})


def assume_role(role_arn, sts=None):
    """Return a boto3 session whose clients act as the role `role_arn`.

    The role must trust the caller, and the caller must be allowed to assume the role: both sides
    have to agree. `sts` is a client to use instead of one made from the caller's own credentials.
    """
    if sts is None:
        sts = boto3.client("sts", config=RETRIES)
    answer = sts.assume_role(
        RoleArn=role_arn,
        RoleSessionName=SESSION_NAME,
        DurationSeconds=SECONDS,
    )
    credentials = answer["Credentials"]
    return boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
