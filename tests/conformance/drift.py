#!/usr/bin/env python3
"""Makes changes to the lab behind iamlab's back.

    drift.py --list                         every change: name, address, property, what it does (tab-separated)
    drift.py --endpoint-url URL NAME...     makes one, or several; the lab must be up

Address and property are what `provision status --format json` must name, as `address` and as the first
word of a field's `path`. The property is the scenario's word for it; what a scenario leaves unsaid has a
word here: inline_policies, enabled, targets, permission.
"""

import io
import json
import sys
import zipfile
from typing import Callable, NamedTuple

from lab import (
    ADMINISTRATOR_ARN, FUNCTION, GROUP, LAMBDA_ROLE, POLICY, ROLE, RULE, TOPIC, Account, arguments,
)

EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Change(NamedTuple):
    name: str
    address: str
    property: str
    what: str
    make: Callable


CHANGES = []


def change(address, prop):
    """Registers a change under its function's name; the docstring says what it does."""
    def register(function):
        CHANGES.append(Change(function.__name__.replace("_", "-"), address, prop, function.__doc__, function))
        return function
    return register


# Users

@change("user.User1", "policies")
def extra_user_policy(a):
    """AdministratorAccess attached to User1"""
    a.iam.attach_user_policy(UserName="User1", PolicyArn=ADMINISTRATOR_ARN)


@change("user.User3", "inline_policies")
def inline_user_policy(a):
    """an inline policy on User3 that allows everything"""
    a.iam.put_user_policy(UserName="User3", PolicyName="Backdoor", PolicyDocument=EVERYTHING)


@change("user.User2", "access_keys")
def second_access_key(a):
    """a second access key for User2"""
    a.iam.create_access_key(UserName="User2")


@change("user.User3", "access_keys")
def first_access_key(a):
    """an access key for User3, who should have none"""
    a.iam.create_access_key(UserName="User3")


@change("user.User2", "access_keys")
def inactive_access_key(a):
    """User2's access key switched off"""
    for key in a.pages(a.iam, "list_access_keys", "AccessKeyMetadata", UserName="User2"):
        a.iam.update_access_key(UserName="User2", AccessKeyId=key["AccessKeyId"], Status="Inactive")


@change("user.User2", "access_keys")
def deleted_access_key(a):
    """User2's access key deleted"""
    for key in a.pages(a.iam, "list_access_keys", "AccessKeyMetadata", UserName="User2"):
        a.iam.delete_access_key(UserName="User2", AccessKeyId=key["AccessKeyId"])


@change("user.User3", "console")
def removed_login(a):
    """User3's console password deleted"""
    a.iam.delete_login_profile(UserName="User3")


@change("user.User1", "mfa")
def deactivated_mfa(a):
    """User1's MFA device deactivated; the virtual device stays, unassigned"""
    for device in a.pages(a.iam, "list_mfa_devices", "MFADevices", UserName="User1"):
        a.iam.deactivate_mfa_device(UserName="User1", SerialNumber=device["SerialNumber"])


# Group

@change(f"group.{GROUP}", "members")
def extra_group_member(a):
    """User2 added to the group"""
    a.iam.add_user_to_group(GroupName=GROUP, UserName="User2")


@change(f"group.{GROUP}", "members")
def removed_group_member(a):
    """User3 removed from the group"""
    a.iam.remove_user_from_group(GroupName=GROUP, UserName="User3")


@change(f"group.{GROUP}", "policies")
def extra_group_policy(a):
    """AdministratorAccess attached to the group"""
    a.iam.attach_group_policy(GroupName=GROUP, PolicyArn=ADMINISTRATOR_ARN)


@change(f"group.{GROUP}", "policies")
def removed_group_policy(a):
    """the group's policy detached"""
    a.iam.detach_group_policy(GroupName=GROUP, PolicyArn=a.arn("policy", POLICY))


@change(f"group.{GROUP}", "inline_policies")
def inline_group_policy(a):
    """an inline policy on the group that allows everything"""
    a.iam.put_group_policy(GroupName=GROUP, PolicyName="Backdoor", PolicyDocument=EVERYTHING)


# Roles

@change(f"role.{ROLE}", "trust")
def widened_trust(a):
    """the whole account trusted to assume the auditor role, beside the function's role"""
    principals = [a.arn("role", LAMBDA_ROLE), f"arn:aws:iam::{a.id}:root"]
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principals}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    a.iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=document)


@change(f"role.{ROLE}", "policies")
def extra_role_policy(a):
    """AdministratorAccess attached to the auditor role"""
    a.iam.attach_role_policy(RoleName=ROLE, PolicyArn=ADMINISTRATOR_ARN)


@change(f"role.{ROLE}", "policies")
def removed_role_policy(a):
    """the auditor role's policy detached"""
    a.iam.detach_role_policy(RoleName=ROLE, PolicyArn=a.arn("policy", POLICY))


@change(f"role.{LAMBDA_ROLE}", "inline_policies")
def inline_role_policy(a):
    """an inline policy on the function's role that allows everything"""
    a.iam.put_role_policy(RoleName=LAMBDA_ROLE, PolicyName="Backdoor", PolicyDocument=EVERYTHING)


# Policy

@change(f"policy.{POLICY}", "document")
def new_default_policy_version(a):
    """a new default version of the auditor policy that allows everything"""
    a.iam.create_policy_version(PolicyArn=a.arn("policy", POLICY), PolicyDocument=EVERYTHING, SetAsDefault=True)


# Function

def configure(a, **settings):
    a.awslambda.update_function_configuration(FunctionName=FUNCTION, **settings)


@change(f"function.{FUNCTION}", "source")
def changed_code(a):
    """other code deployed to the function"""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("handler.py", "def main(event, context):\n    return event\n")
    a.awslambda.update_function_code(FunctionName=FUNCTION, ZipFile=buffer.getvalue())


@change(f"function.{FUNCTION}", "handler")
def changed_handler(a):
    """another handler"""
    configure(a, Handler="handler.other")


@change(f"function.{FUNCTION}", "timeout")
def changed_timeout(a):
    """the timeout cut to three seconds"""
    configure(a, Timeout=3)


@change(f"function.{FUNCTION}", "environment")
def changed_environment(a):
    """one variable changed and one added"""
    variables = a.awslambda.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    changed = {**variables, "AUDITOR_ROLE_ARN": a.arn("role", LAMBDA_ROLE), "DEBUG": "1"}
    configure(a, Environment={"Variables": changed})


@change(f"function.{FUNCTION}", "runtime")
def changed_runtime(a):
    """another runtime"""
    configure(a, Runtime="python3.12")


# Schedule

@change(f"schedule.{RULE}", "expression")
def changed_expression(a):
    """the schedule changed from daily to weekly"""
    a.events.put_rule(Name=RULE, ScheduleExpression="cron(0 6 ? * MON *)", State="ENABLED")


@change(f"schedule.{RULE}", "enabled")
def disabled_rule(a):
    """the rule disabled"""
    a.events.disable_rule(Name=RULE)


@change(f"schedule.{RULE}", "targets")
def extra_target(a):
    """the topic as a second target of the rule"""
    a.events.put_targets(Rule=RULE, Targets=[{"Id": "extra", "Arn": a.arn("topic", TOPIC)}])


@change(f"schedule.{RULE}", "targets")
def missing_target(a):
    """the rule's target removed"""
    ids = [target["Id"] for target in a.events.list_targets_by_rule(Rule=RULE)["Targets"]]
    a.events.remove_targets(Rule=RULE, Ids=ids)


@change(f"schedule.{RULE}", "permission")
def missing_permission(a):
    """the rule's permission to invoke the function removed"""
    for statement in a.invoke_policy()["Statement"]:
        a.awslambda.remove_permission(FunctionName=FUNCTION, StatementId=statement["Sid"])


@change(f"schedule.{RULE}", "permission")
def extra_permission(a):
    """every rule of every account allowed to invoke the function"""
    a.awslambda.add_permission(
        FunctionName=FUNCTION, StatementId="anybody", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )


# Topic

@change(f"topic.{TOPIC}", "subscriptions")
def removed_subscription(a):
    """the e-mail subscription removed"""
    for entry in a.subscriptions():
        arn = entry["SubscriptionArn"]
        if not arn.startswith("arn:"):
            # A pending subscription is listed without its ARN; subscribing again hands it out.
            arn = a.sns.subscribe(
                TopicArn=entry["TopicArn"], Protocol=entry["Protocol"], Endpoint=entry["Endpoint"],
                ReturnSubscriptionArn=True,
            )["SubscriptionArn"]
        a.sns.unsubscribe(SubscriptionArn=arn)


@change(f"topic.{TOPIC}", "subscriptions")
def extra_subscription(a):
    """somebody else's address subscribed to the report"""
    a.sns.subscribe(TopicArn=a.arn("topic", TOPIC), Protocol="email", Endpoint="somebody-else@example.com")


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="list the changes")
    parser.add_argument("names", nargs="*", help="the changes to make", metavar="NAME")
    options = parser.parse_args()
    if options.list:
        for entry in CHANGES:
            print(entry.name, entry.address, entry.property, entry.what, sep="\t")
        return 0
    known = {entry.name: entry for entry in CHANGES}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"no change is called {', '.join(unknown)}; --list names them")
    if not options.names or not options.endpoint_url:
        parser.error("--endpoint-url and NAME are required, or --list")
    account = Account(options.endpoint_url, options.account)
    for name in options.names:
        known[name].make(account)
        print(known[name].address, known[name].property, known[name].what, sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
