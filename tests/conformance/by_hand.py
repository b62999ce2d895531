#!/usr/bin/env python3
"""Makes the lab with boto3 calls written out by hand, or takes it away again.

    by_hand.py --endpoint-url URL [--down]

It is the yardstick the other programs here are tried on: facts.py must find nothing wrong with what it
makes, and each change of drift.py must make a fact fail. It reads nothing before it writes, keeps no
password and no key, and is for empty emulator accounts only.
"""

import base64
import hashlib
import hmac
import io
import json
import secrets
import struct
import sys
import time
import zipfile

from facts import source_files
from lab import (
    ARCHITECTURE, EXPRESSION, FUNCTION, GROUP, HANDLER, LAMBDA_POLICY, LAMBDA_ROLE, PATH, POLICY,
    REGION, REPORT_EMAIL, ROLE, ROOT, RULE, RUNTIME, SCENARIO, TAG, TIMEOUT, TOPIC, USERS, Account, arguments,
)

TAGS = [{"Key": TAG, "Value": SCENARIO}]


def code(seed, step):
    """The six digits a virtual MFA device shows in a 30-second step (RFC 6238)."""
    key = base64.b32decode(seed + b"=" * (-len(seed) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def archive():
    """The function's code as a zip, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in source_files().items():
            package.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def code_sha256():
    """What Lambda calls CodeSha256 of that zip."""
    return base64.b64encode(hashlib.sha256(archive()).digest()).decode()


def document(a, name):
    """A policy of policies/ with its holes filled."""
    text = (ROOT / "policies" / name).read_text("utf-8")
    for kind, name in (("role", ROLE), ("topic", TOPIC)):
        text = text.replace("{{ arn('%s.%s') }}" % (kind, name), a.arn(kind, name))
    for name, value in (("partition", "aws"), ("region", REGION), ("account", a.id)):
        text = text.replace("{{ %s }}" % name, value)
    return text


def trust(principal):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def up(a):
    iam = a.iam
    for name, file in ((POLICY, "iam-auditor-policy.json"), (LAMBDA_POLICY, "iam-auditor-lambda-policy.json")):
        iam.create_policy(PolicyName=name, PolicyDocument=document(a, file), Tags=TAGS)
    for user in USERS:
        iam.create_user(UserName=user, Tags=TAGS)
        iam.create_login_profile(UserName=user, Password=secrets.token_urlsafe(24) + "aA1!")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="User1")["VirtualMFADevice"]
    step = int(time.time()) // 30
    codes = [code(device["Base32StringSeed"], number) for number in (step - 1, step)]
    iam.enable_mfa_device(UserName="User1", SerialNumber=device["SerialNumber"],
                          AuthenticationCode1=codes[0], AuthenticationCode2=codes[1])
    iam.create_access_key(UserName="User2")
    iam.create_group(GroupName=GROUP, Path=PATH)
    iam.attach_group_policy(GroupName=GROUP, PolicyArn=a.arn("policy", POLICY))
    iam.add_user_to_group(GroupName=GROUP, UserName="User3")
    for role, who, policies in (
        (LAMBDA_ROLE, {"Service": "lambda.amazonaws.com"}, [a.arn("policy", LAMBDA_POLICY)]),
        (ROLE, {"AWS": a.arn("role", LAMBDA_ROLE)}, [a.arn("policy", POLICY)]),
    ):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(who), Tags=TAGS)
        for policy in policies:
            iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    topic = a.sns.create_topic(Name=TOPIC, Tags=TAGS)["TopicArn"]
    a.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=REPORT_EMAIL)
    a.awslambda.create_function(
        FunctionName=FUNCTION, Runtime=RUNTIME, Architectures=[ARCHITECTURE], Handler=HANDLER, Timeout=TIMEOUT,
        Role=a.arn("role", LAMBDA_ROLE), Code={"ZipFile": archive()}, Tags={TAG: SCENARIO},
        Environment={"Variables": {"AUDITOR_ROLE_ARN": a.arn("role", ROLE), "REPORT_TOPIC_ARN": topic}},
    )
    a.events.put_rule(Name=RULE, ScheduleExpression=EXPRESSION, State="ENABLED", Tags=TAGS)
    a.events.put_targets(Rule=RULE, Targets=[{"Id": FUNCTION, "Arn": a.arn("function", FUNCTION)}])
    a.awslambda.add_permission(
        FunctionName=FUNCTION, StatementId=RULE, Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
        SourceArn=a.arn("rule", RULE),
    )


def down(a):
    iam = a.iam
    targets = a.events.list_targets_by_rule(Rule=RULE)["Targets"]
    if targets:
        a.events.remove_targets(Rule=RULE, Ids=[target["Id"] for target in targets])
    a.events.delete_rule(Name=RULE)
    a.awslambda.delete_function(FunctionName=FUNCTION)
    for entry in a.subscriptions():
        if entry["SubscriptionArn"].startswith("arn:"):
            a.sns.unsubscribe(SubscriptionArn=entry["SubscriptionArn"])
    a.sns.delete_topic(TopicArn=a.arn("topic", TOPIC))
    for role in (ROLE, LAMBDA_ROLE):
        for policy in a.pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
            iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        for name in a.pages(iam, "list_role_policies", "PolicyNames", RoleName=role):
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        iam.delete_role(RoleName=role)
    for user in a.pages(iam, "get_group", "Users", GroupName=GROUP):
        iam.remove_user_from_group(GroupName=GROUP, UserName=user["UserName"])
    for policy in a.pages(iam, "list_attached_group_policies", "AttachedPolicies", GroupName=GROUP):
        iam.detach_group_policy(GroupName=GROUP, PolicyArn=policy["PolicyArn"])
    for name in a.pages(iam, "list_group_policies", "PolicyNames", GroupName=GROUP):
        iam.delete_group_policy(GroupName=GROUP, PolicyName=name)
    iam.delete_group(GroupName=GROUP)
    for user in USERS:
        try:
            iam.delete_login_profile(UserName=user)
        except iam.exceptions.NoSuchEntityException:
            pass
        for key in a.pages(iam, "list_access_keys", "AccessKeyMetadata", UserName=user):
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        for device in a.pages(iam, "list_mfa_devices", "MFADevices", UserName=user):
            iam.deactivate_mfa_device(UserName=user, SerialNumber=device["SerialNumber"])
        for policy in a.pages(iam, "list_attached_user_policies", "AttachedPolicies", UserName=user):
            iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])
        for name in a.pages(iam, "list_user_policies", "PolicyNames", UserName=user):
            iam.delete_user_policy(UserName=user, PolicyName=name)
        iam.delete_user(UserName=user)
    for device in a.virtual_mfa_devices():
        if device["SerialNumber"].endswith(":mfa/User1"):
            iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    for policy in (POLICY, LAMBDA_POLICY):
        arn = a.arn("policy", policy)
        for version in a.pages(iam, "list_policy_versions", "Versions", PolicyArn=arn):
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--down", action="store_true", help="take the lab away")
    options = parser.parse_args()
    if not options.endpoint_url:
        parser.error("--endpoint-url is required")
    (down if options.down else up)(Account(options.endpoint_url, options.account))
    return 0


if __name__ == "__main__":
    sys.exit(main())
