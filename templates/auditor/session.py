"""Assume a role and work as it."""

import datetime
from typing import Any, NamedTuple, Optional

import boto3
from botocore.config import Config

# The name the role session has in CloudTrail: "who read the report?" is answered by it.
SESSION_NAME = "iam-auditor"

# The shortest life AWS gives a session. The function itself ends long before.
SECONDS = 900

# The most seconds that an attempt waits for a connection, and then for the next byte; and how many attempts a call has.
# Throttled calls, server errors and attempts that hang are repeated, after a random pause of 1 second at most, 2
# before the next, 4, and so on. GetCredentialReport hands out what is ready; its size does not matter to the wait.
CONNECT, READ, ATTEMPTS = 2, 4, 2
CALLS = Config(
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, connect_timeout=CONNECT, read_timeout=READ
)

# The most seconds that a call takes which never gets an answer.
LONGEST = ATTEMPTS * (CONNECT + READ) + 2 ** (ATTEMPTS - 1) - 1

# No call is begun with fewer seconds left than this: it may hang, and then the call that tells of it, and between them
# is some work. Whoever is ended by Lambda itself tells nobody anything.
MARGIN = 2 * LONGEST + 3


class Assumed(NamedTuple):
    """A role that was assumed."""

    # Its clients act as the role.
    session: boto3.session.Session
    # When, by AWS's clock. Ages are counted from here: the dates they are compared with are AWS's too.
    at: datetime.datetime


def assume_role(role_arn: str, name: str = SESSION_NAME, sts: Optional[Any] = None) -> Assumed:
    """Return a boto3 session whose clients act as the role `role_arn`, and when it began.

    The role's trust policy decides who may: here it names the function's own role and nobody else. A trust policy that
    names a whole account needs a policy of the caller's that allows `sts:AssumeRole`, too; the caller here has one,
    which says at the other end which one role it is for.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    `sts` is a client to use instead of one made from the caller's own credentials.
    """
    if sts is None:
        sts = boto3.client("sts", config=CALLS)
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=name, DurationSeconds=SECONDS)
    credentials = answer["Credentials"]
    session = boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    return Assumed(session, credentials["Expiration"] - datetime.timedelta(seconds=SECONDS))
