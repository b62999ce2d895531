#!/usr/bin/env python3
"""Reads the lab back from an account, with boto3 alone, and says fact by fact whether it is there.

    facts.py --endpoint-url URL [--account ID]           every fact of tasks 1-4, 7, 8, 11 and 12
    facts.py --endpoint-url URL [--account ID] --down    nothing of the lab is left

One line per fact: `ok`, `FAIL` with what was found instead, or `skip` with the reason when the endpoint
cannot answer. Exit code 1 when a fact failed, 0 otherwise. Nothing is written to the account.
"""

import base64
import functools
import io
import json
import sys
import urllib.parse
import urllib.request
import zipfile

from botocore.exceptions import BotoCoreError, ClientError

from lab import (
    ARCHITECTURE, EXPRESSION, FUNCTION, GROUP, HANDLER, LAMBDA_POLICY, LAMBDA_ROLE, PATH, POLICY,
    REPORT_EMAIL, ROLE, RULE, RUNTIME, SCENARIO, SOURCE, TAG, TIMEOUT, TOPIC, USERS, Account, allow, arguments, meaning,
)

SIGN_IN = {"User1": True, "User2": True, "User3": True}
KEYS = {"User1": [], "User2": ["Active"], "User3": []}
MFA_DEVICES = {"User1": 1, "User2": 0, "User3": 0}
GROUPS = {"User1": [], "User2": [], "User3": [GROUP]}


class Skip(Exception):
    """The endpoint cannot tell."""


class Facts:
    """Runs the facts one by one and prints a line for each."""

    def __init__(self):
        self.failed = 0

    def check(self, name, expected, read):
        """Compares what `read()` returns with what is expected; an error while reading is a failure."""
        try:
            found = read()
        except Skip as reason:
            return print(f"skip  {name}: {reason}")
        except (ClientError, BotoCoreError, KeyError, IndexError, ValueError, OSError) as error:
            found = f"{type(error).__name__}: {error}"
        if found == expected:
            print(f"ok    {name}")
        else:
            self.failed += 1
            print(f"FAIL  {name}: expected {shown(expected)}, found {shown(found)}")


def shown(value):
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def absent(read, *codes):
    """True when `read()` is refused with one of the codes that mean "there is no such thing"."""
    try:
        read()
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return True
        raise
    return False


def present_after_up(a, facts, options):
    iam, check = a.iam, facts.check

    def attached(operation, **who):
        return sorted(policy["PolicyArn"] for policy in a.pages(iam, operation, "AttachedPolicies", **who))

    def inline(operation, **who):
        return sorted(a.pages(iam, operation, "PolicyNames", **who))

    # Task 1
    policy_arn = a.arn("policy", POLICY)
    check("T1 the policy exists, once", [policy_arn], lambda: [
        policy["Arn"] for policy in a.pages(iam, "list_policies", "Policies", Scope="Local")
        if policy["PolicyName"] == POLICY
    ])
    check(
        "T1 it allows generating and getting the credential report, nothing else",
        [allow(["iam:GenerateCredentialReport", "iam:GetCredentialReport"], ["*"])],
        lambda: meaning(a.default_document(policy_arn)),
    )
    check("T1 its language version is the current one", "2012-10-17", lambda: a.default_document(policy_arn)["Version"])

    def entities():
        pages = list(iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=policy_arn))
        return {
            "users": sorted(user["UserName"] for page in pages for user in page["PolicyUsers"]),
            "groups": sorted(group["GroupName"] for page in pages for group in page["PolicyGroups"]),
            "roles": sorted(role["RoleName"] for page in pages for role in page["PolicyRoles"]),
        }

    check("T1 it is attached to the group and the role only",
          {"users": [], "groups": [GROUP], "roles": [ROLE]}, entities)

    # Task 2
    for user in USERS:
        check(f"T2 {user} exists", a.arn("user", user), lambda: iam.get_user(UserName=user)["User"]["Arn"])
        check(f"T2 {user} can sign in to the console, without a forced reset", False,
              lambda: iam.get_login_profile(UserName=user)["LoginProfile"].get("PasswordResetRequired", False))
        check(f"T2 {user} has {len(KEYS[user])} access keys, active", KEYS[user], lambda: [
            key["Status"] for key in a.pages(iam, "list_access_keys", "AccessKeyMetadata", UserName=user)
        ])
        check(f"T2 {user} has {MFA_DEVICES[user]} MFA devices", MFA_DEVICES[user],
              lambda: len(a.pages(iam, "list_mfa_devices", "MFADevices", UserName=user)))
        check(f"T2 {user} has no attached policy", [], lambda: attached("list_attached_user_policies", UserName=user))
        check(f"T2 {user} has no inline policy", [], lambda: inline("list_user_policies", UserName=user))
        check(f"T2 {user} has no permissions boundary", None,
              lambda: iam.get_user(UserName=user)["User"].get("PermissionsBoundary"))
        check(f"T4 {user} is in {len(GROUPS[user])} groups", GROUPS[user], lambda: sorted(
            group["GroupName"] for group in a.pages(iam, "list_groups_for_user", "Groups", UserName=user)
        ))

    def devices():
        """Virtual devices that are a lab user's, or lie about unassigned under a lab user's name."""
        found = []
        for device in a.virtual_mfa_devices():
            owner = device.get("User", {}).get("UserName")
            name = device["SerialNumber"].rsplit("/", 1)[-1]
            if owner in USERS or (owner is None and any(user in name for user in USERS)):
                found.append(owner)
        return found

    check("T2 the one virtual MFA device is enabled for User1", ["User1"], devices)

    # Tasks 3 and 4
    check("T3 the group exists", a.arn("group", GROUP), lambda: iam.get_group(GroupName=GROUP)["Group"]["Arn"])
    check("T3 it has exactly the policy", [policy_arn],
          lambda: attached("list_attached_group_policies", GroupName=GROUP))
    check("T3 it has no inline policy", [], lambda: inline("list_group_policies", GroupName=GROUP))
    check("T4 its only member is User3", ["User3"],
          lambda: sorted(user["UserName"] for user in a.pages(iam, "get_group", "Users", GroupName=GROUP)))

    # Task 7
    @functools.lru_cache(maxsize=None)
    def function():
        return a.awslambda.get_function(FunctionName=FUNCTION)

    def setting(key):
        return lambda: function()["Configuration"][key]

    check("T7 the function exists", a.arn("function", FUNCTION), setting("FunctionArn"))
    check("T7 its runtime", RUNTIME, setting("Runtime"))
    check("T7 its architecture", [ARCHITECTURE], setting("Architectures"))
    check("T7 its handler", HANDLER, setting("Handler"))
    check("T7 its timeout", TIMEOUT, setting("Timeout"))
    check("T7 its role", a.arn("role", LAMBDA_ROLE), setting("Role"))
    check("T7 it is ready", "Active", lambda: function()["Configuration"].get("State", "Active"))
    check("T7 its environment", {
        "AUDITOR_ROLE_ARN": a.arn("role", ROLE), "REPORT_TOPIC_ARN": a.arn("topic", TOPIC),
    }, lambda: function()["Configuration"]["Environment"]["Variables"])
    check("T7 its code has a size and a SHA-256", True, lambda: (
        function()["Configuration"]["CodeSize"] > 0
        and len(base64.b64decode(function()["Configuration"]["CodeSha256"], validate=True)) == 32
    ))
    if options.code_sha256:
        check("T7 its code is the one named", options.code_sha256, setting("CodeSha256"))
    check("T7 its files are those of templates/auditor", source_files(), lambda: deployed_files(function()))

    # Task 8, and the function's own role
    check("T8 only the function's role may assume the auditor role",
          [allow(["sts:AssumeRole"], principal={"AWS": [a.arn("role", LAMBDA_ROLE)]})],
          lambda: meaning(iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]))
    check("T8 the auditor role has exactly the policy", [policy_arn],
          lambda: attached("list_attached_role_policies", RoleName=ROLE))
    check("T8 the auditor role has no inline policy", [], lambda: inline("list_role_policies", RoleName=ROLE))
    check("T8 only Lambda may assume the function's role",
          [allow(["sts:AssumeRole"], principal={"Service": ["lambda.amazonaws.com"]})],
          lambda: meaning(iam.get_role(RoleName=LAMBDA_ROLE)["Role"]["AssumeRolePolicyDocument"]))
    check("T8 the function's role has exactly its policy", [a.arn("policy", LAMBDA_POLICY)],
          lambda: attached("list_attached_role_policies", RoleName=LAMBDA_ROLE))
    check("T8 the function's role has no inline policy", [], lambda: inline("list_role_policies", RoleName=LAMBDA_ROLE))
    check("T8 T11 it may assume the auditor role, publish to the topic and write its own log, nothing else",
          meaning({"Statement": [
              allow(["sts:AssumeRole"], [a.arn("role", ROLE)]), allow(["sns:Publish"], [a.arn("topic", TOPIC)]),
              allow(["logs:CreateLogGroup"], [a.arn("log", FUNCTION), a.arn("log", FUNCTION) + ":*"]),
              allow(["logs:CreateLogStream", "logs:PutLogEvents"], [a.arn("log", FUNCTION) + ":*"]),
          ]}), lambda: meaning(a.default_document(a.arn("policy", LAMBDA_POLICY))))

    # Task 11
    check("T11 the topic exists", a.arn("topic", TOPIC),
          lambda: a.sns.get_topic_attributes(TopicArn=a.arn("topic", TOPIC))["Attributes"]["TopicArn"])
    check("T11 its only subscription is the e-mail address", [["email", options.report_email]],
          lambda: [[entry["Protocol"], entry["Endpoint"]] for entry in a.subscriptions()])

    # Task 12
    check("T12 the rule's schedule", EXPRESSION, lambda: a.events.describe_rule(Name=RULE)["ScheduleExpression"])
    check("T12 the rule is enabled", "ENABLED", lambda: a.events.describe_rule(Name=RULE)["State"])
    check("T12 its only target is the function, not one version of it", [a.arn("function", FUNCTION)],
          lambda: [target["Arn"] for target in a.events.list_targets_by_rule(Rule=RULE)["Targets"]])
    check("T12 no other rule has the function as its target", [RULE],
          lambda: a.events.list_rule_names_by_target(TargetArn=a.arn("function", FUNCTION))["RuleNames"])
    check("T12 this rule, and nothing else, may invoke the function",
          [[["lambda:invokefunction"], {"Service": ["events.amazonaws.com"]},
            [["aws:sourcearn", [a.arn("rule", RULE)]]]]],
          lambda: [invoker(statement) for statement in meaning(a.invoke_policy())])

    # Ownership
    mark = {TAG: SCENARIO}

    def tags(entries, key="Key", value="Value"):
        return {entry[key]: entry[value] for entry in entries if entry[key] == TAG}

    for user in USERS:
        check(f"ownership tag on {user}", mark, lambda: tags(iam.list_user_tags(UserName=user)["Tags"]))
    for role in (ROLE, LAMBDA_ROLE):
        check(f"ownership tag on {role}", mark, lambda: tags(iam.list_role_tags(RoleName=role)["Tags"]))
    for policy in (POLICY, LAMBDA_POLICY):
        check(f"ownership tag on {policy}", mark,
              lambda: tags(iam.list_policy_tags(PolicyArn=a.arn("policy", policy))["Tags"]))
    check("ownership tag on the function", SCENARIO,
          lambda: a.awslambda.list_tags(Resource=a.arn("function", FUNCTION))["Tags"][TAG])
    check("ownership tag on the topic", mark,
          lambda: tags(a.sns.list_tags_for_resource(ResourceArn=a.arn("topic", TOPIC))["Tags"]))
    check("ownership tag on the rule", mark,
          lambda: tags(a.events.list_tags_for_resource(ResourceARN=a.arn("rule", RULE))["Tags"]))
    check("ownership path of the group", PATH, lambda: iam.get_group(GroupName=GROUP)["Group"]["Path"])


def invoker(statement):
    """An invoke permission's action, principal and conditions; the two ARN operators mean the same here."""
    tests = []
    for operator, wanted in statement.get("Condition", {}).items():
        if operator not in ("ArnLike", "ArnEquals"):
            return [operator, wanted]
        tests += [[key, values] for key, values in wanted.items()]
    effect = [] if statement["Effect"] == "Allow" else [statement["Effect"]]
    return [statement["Action"], statement["Principal"], sorted(tests), *effect]


def source_files():
    """Name and content of what belongs in the function's archive."""
    files = {}
    for file in sorted(SOURCE.rglob("*")):
        name = file.relative_to(SOURCE)
        left_out = file.suffix == ".pyc" or any(part in ("tests", "__pycache__") for part in name.parts)
        if file.is_file() and not left_out:
            files[name.as_posix()] = file.read_text("utf-8")
    return files


def deployed_files(function):
    """The same of the deployed archive, where the endpoint hands it out on this machine."""
    location = function.get("Code", {}).get("Location", "")
    parts = urllib.parse.urlsplit(location)
    # The sandbox gives the package itself, as a `data:` URL.
    if parts.scheme != "data" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise Skip("the endpoint offers no archive to download; compare with --code-sha256")
    with urllib.request.urlopen(location, timeout=10) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    return {name: archive.read(name).decode("utf-8") for name in sorted(archive.namelist())}


def absent_after_down(a, facts, _options):
    iam, check = a.iam, facts.check
    for user in USERS:
        check(f"{user} is gone", True, lambda: absent(lambda: iam.get_user(UserName=user), "NoSuchEntity"))
    check(f"{GROUP} is gone", True, lambda: absent(lambda: iam.get_group(GroupName=GROUP), "NoSuchEntity"))
    for role in (ROLE, LAMBDA_ROLE):
        check(f"{role} is gone", True, lambda: absent(lambda: iam.get_role(RoleName=role), "NoSuchEntity"))
    for policy in (POLICY, LAMBDA_POLICY):
        arn = a.arn("policy", policy)
        check(f"{policy} is gone", True, lambda: absent(lambda: iam.get_policy(PolicyArn=arn), "NoSuchEntity"))
    check("no virtual MFA device of the users is left", [], lambda: [
        device["SerialNumber"] for device in a.virtual_mfa_devices()
        if any(user in device["SerialNumber"] for user in USERS)
    ])
    check("the function is gone", True, lambda: absent(
        lambda: a.awslambda.get_function(FunctionName=FUNCTION), "ResourceNotFoundException"))
    check("the topic is gone", True, lambda: absent(
        lambda: a.sns.get_topic_attributes(TopicArn=a.arn("topic", TOPIC)), "NotFound", "NotFoundException"))
    check("no subscription to the topic is left", [], lambda: [entry["Endpoint"] for entry in a.subscriptions()])
    check("the rule is gone", True, lambda: absent(
        lambda: a.events.describe_rule(Name=RULE), "ResourceNotFoundException"))

    # Whatever its name: nothing carries the mark any more.
    mark = {"Key": TAG, "Value": SCENARIO}
    check("no user carries the mark", [], lambda: [
        name for name in a.user_names() if mark in iam.list_user_tags(UserName=name)["Tags"]
    ])
    check("no role carries the mark", [], lambda: [
        role["RoleName"] for role in a.pages(iam, "list_roles", "Roles")
        if mark in iam.list_role_tags(RoleName=role["RoleName"])["Tags"]
    ])
    check("no policy carries the mark", [], lambda: [
        policy["PolicyName"] for policy in a.pages(iam, "list_policies", "Policies", Scope="Local")
        if mark in iam.list_policy_tags(PolicyArn=policy["Arn"])["Tags"]
    ])
    check("no group is under the path", [], lambda: [
        group["GroupName"] for group in a.pages(iam, "list_groups", "Groups") if group["Path"] == PATH
    ])

    def tagged():
        filters = [{"Key": TAG, "Values": [SCENARIO]}]
        try:
            rows = a.pages(a.tagging, "get_resources", "ResourceTagMappingList", TagFilters=filters)
        except (ClientError, BotoCoreError) as error:
            raise Skip(f"the endpoint has no Resource Groups Tagging API ({type(error).__name__})") from error
        return sorted(row["ResourceARN"] for row in rows)

    check("nothing else carries the mark", [], tagged)


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--down", action="store_true", help="check that nothing of the lab is left")
    parser.add_argument("--report-email", default=REPORT_EMAIL, help="the address the scenario was given")
    parser.add_argument("--code-sha256", help="the CodeSha256 the function must have")
    options = parser.parse_args()
    if not options.endpoint_url:
        parser.error("--endpoint-url is required")
    account = Account(options.endpoint_url, options.account)
    facts = Facts()
    (absent_after_down if options.down else present_after_up)(account, facts, options)
    return 1 if facts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
