#!/usr/bin/env python3
"""Where moto server is known to answer otherwise than AWS: the one list of it.

    deviations.py --list                    every deviation: name, call, what moto does, what AWS does (tab-separated)
    deviations.py --endpoint-url URL        tries each on a moto server; exit 1 when one no longer holds

A test that runs against moto may excuse a difference only by a name from this list. A deviation that is
gone (a newer moto) fails here, so that the excuse goes too. The probes leave things behind, each under its
own name: run them on a moto server of their own.
"""

import json
import sys
from typing import Callable, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from lab import ADMINISTRATOR_ARN, Account, allow, arguments


class Deviation(NamedTuple):
    name: str
    call: str
    moto: str
    aws: str
    holds: Callable


DEVIATIONS = []
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [allow(["iam:ListUsers"], ["*"])]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    allow(["sts:AssumeRole"], principal={"Service": "lambda.amazonaws.com"}),
]})


def deviation(call, moto, aws):
    """Registers a probe: it returns True when the deviation holds."""
    def register(function):
        DEVIATIONS.append(Deviation(function.__name__.replace("_", "-"), call, moto, aws, function))
        return function
    return register


def accepted(call, *args, **kwargs):
    """True when the call goes through where AWS would refuse it."""
    try:
        call(*args, **kwargs)
    except ClientError:
        return False
    return True


def status(call, *args, **kwargs):
    """The HTTP status of a call that fails, 200 of one that does not."""
    try:
        call(*args, **kwargs)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    except ResponseParserError:
        return 500  # moto's is a page of HTML, which is no AWS error
    return 200


def policy(a):
    return a.iam.create_policy(PolicyName=a.name, PolicyDocument=DOCUMENT)["Policy"]["Arn"]


def mfa_device(a):
    a.iam.create_user(UserName=a.name)
    serial = a.iam.create_virtual_mfa_device(VirtualMFADeviceName=a.name)["VirtualMFADevice"]["SerialNumber"]
    a.iam.enable_mfa_device(
        UserName=a.name, SerialNumber=serial, AuthenticationCode1="000000", AuthenticationCode2="000000"
    )
    return serial


def function(a):
    role = a.iam.create_role(RoleName=a.name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    return lambda runtime: a.awslambda.create_function(
        FunctionName=a.name, Runtime=runtime, Role=role, Handler="a.b", Code={"ZipFile": b"PK\5\6" + bytes(18)}
    )


# Sign-in

@deviation("iam:GetLoginProfile", "PasswordResetRequired is always false", "as it was set")
def password_reset_flag(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_login_profile(UserName=a.name, Password="aA1!aA1!aA1!aA1!", PasswordResetRequired=True)
    return a.iam.get_login_profile(UserName=a.name)["LoginProfile"]["PasswordResetRequired"] is False


@deviation("iam:UpdateLoginProfile without a password", "removes the login profile", "changes the other setting only")
def update_login_profile_removes(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_login_profile(UserName=a.name, Password="aA1!aA1!aA1!aA1!")
    a.iam.update_login_profile(UserName=a.name, PasswordResetRequired=True)
    return not accepted(a.iam.get_login_profile, UserName=a.name)


@deviation("iam:EnableMFADevice", "takes any two codes", "InvalidAuthenticationCode unless they are the device's")
def mfa_codes_unchecked(a):
    return bool(mfa_device(a))


@deviation("iam:DeleteVirtualMFADevice of an enabled device", "deletes it", "DeleteConflict")
def delete_enabled_mfa_device(a):
    return accepted(a.iam.delete_virtual_mfa_device, SerialNumber=mfa_device(a))


@deviation("iam:ListVirtualMFADevices", "hands out the seed again", "the seed is shown once, at creation")
def mfa_seed_listed(a):
    serial = mfa_device(a)
    return any(device["SerialNumber"] == serial and "Base32StringSeed" in device for device in a.virtual_mfa_devices())


# Deleting what has something hanging on it

@deviation("iam:DeleteUser with a login profile", "deletes", "DeleteConflict")
def delete_user_with_login(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_login_profile(UserName=a.name, Password="aA1!aA1!aA1!aA1!")
    return accepted(a.iam.delete_user, UserName=a.name)


@deviation("iam:DeleteUser with an access key", "deletes", "DeleteConflict")
def delete_user_with_key(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_access_key(UserName=a.name)
    return accepted(a.iam.delete_user, UserName=a.name)


@deviation("iam:DeleteUser with an MFA device", "deletes", "DeleteConflict")
def delete_user_with_mfa(a):
    mfa_device(a)
    return accepted(a.iam.delete_user, UserName=a.name)


@deviation("iam:DeleteUser of a group's member", "deletes", "DeleteConflict")
def delete_user_in_group(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_group(GroupName=a.name)
    a.iam.add_user_to_group(GroupName=a.name, UserName=a.name)
    return accepted(a.iam.delete_user, UserName=a.name)


@deviation("iam:DeleteGroup with a member", "deletes", "DeleteConflict")
def delete_group_with_member(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_group(GroupName=a.name)
    a.iam.add_user_to_group(GroupName=a.name, UserName=a.name)
    return accepted(a.iam.delete_group, GroupName=a.name)


@deviation("iam:DeleteGroup with a policy", "deletes", "DeleteConflict")
def delete_group_with_policy(a):
    a.iam.create_group(GroupName=a.name)
    a.iam.attach_group_policy(GroupName=a.name, PolicyArn=policy(a))
    return accepted(a.iam.delete_group, GroupName=a.name)


@deviation("iam:DeletePolicy while attached", "deletes", "DeleteConflict")
def delete_attached_policy(a):
    arn = policy(a)
    a.iam.create_group(GroupName=a.name)
    a.iam.attach_group_policy(GroupName=a.name, PolicyArn=arn)
    return accepted(a.iam.delete_policy, PolicyArn=arn)


@deviation("iam:DeletePolicy with other versions", "deletes", "DeleteConflict")
def delete_policy_with_versions(a):
    arn = policy(a)
    a.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    return accepted(a.iam.delete_policy, PolicyArn=arn)


# Input that AWS refuses

@deviation("iam:CreatePolicy over 6,144 characters", "accepts", "LimitExceeded")
def policy_size_unchecked(a):
    long = json.dumps({"Version": "2012-10-17", "Statement": [allow([f"iam:Get{n:04}" for n in range(600)], ["*"])]})
    return accepted(a.iam.create_policy, PolicyName=a.name, PolicyDocument=long)


@deviation("iam:CreateRole with a malformed trust policy", "accepts", "MalformedPolicyDocument")
def malformed_trust(a):
    return accepted(a.iam.create_role, RoleName=a.name, AssumeRolePolicyDocument='{"Version": "nonsense"}')


@deviation("iam:CreateRole trusting a principal that does not exist", "accepts", "MalformedPolicyDocument")
def unknown_principal(a):
    nobody = [allow(["sts:AssumeRole"], principal={"AWS": a.arn("role", "nobody")})]
    trust = json.dumps({"Version": "2012-10-17", "Statement": nobody})
    return accepted(a.iam.create_role, RoleName=a.name, AssumeRolePolicyDocument=trust)


@deviation("iam:CreateUser with a name AWS does not allow", "accepts", "ValidationError")
def user_name_unchecked(a):
    return accepted(a.iam.create_user, UserName="a b/c")


@deviation("iam:CreateUser with a name that differs in case only", "accepts", "EntityAlreadyExists")
def user_name_case(a):
    a.iam.create_user(UserName=a.name)
    return accepted(a.iam.create_user, UserName=a.name.upper())


@deviation("lambda:AddPermission with a statement id twice", "accepts", "ResourceConflictException")
def duplicate_permission(a):
    function(a)("python3.12")
    grant = dict(FunctionName=a.name, StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com")
    a.awslambda.add_permission(**grant)
    return accepted(a.awslambda.add_permission, **grant)


@deviation("lambda:CreateFunction with a retired runtime", "accepts python2.7", "InvalidParameterValueException")
def retired_runtime(a):
    return accepted(function(a), "python2.7")


@deviation("sns:CreateTopic again with other tags", "accepts", "InvalidParameter")
def topic_with_other_tags(a):
    a.sns.create_topic(Name=a.name)
    return accepted(a.sns.create_topic, Name=a.name, Tags=[{"Key": "k", "Value": "v"}])


@deviation("sns:Subscribe with a bad e-mail address", "accepts", "InvalidParameter")
def bad_email(a):
    topic = a.sns.create_topic(Name=a.name)["TopicArn"]
    return accepted(a.sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="nobody")


@deviation("events:PutRule with rate(1 days)", "accepts", "ValidationException: one is singular")
def singular_rate(a):
    return accepted(a.events.put_rule, Name=a.name, ScheduleExpression="rate(1 days)")


# Answers

@deviation("sns:Subscribe by e-mail", "is confirmed at once", "PendingConfirmation until the mail is answered")
def email_confirmed_at_once(a):
    topic = a.sns.create_topic(Name=a.name)["TopicArn"]
    a.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    return a.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"].startswith("arn:")


@deviation("iam:List*", "everything in one page, MaxItems ignored", "pages of at most 1,000, or MaxItems")
def iam_without_pages(a):
    for letter in "abc":
        a.iam.create_user(UserName=f"{a.name}-{letter}")
    return not a.iam.list_users(MaxItems=1)["IsTruncated"]


@deviation("iam:GetCredentialReport", "no row for the root user", "<root_account> is the first row")
def credential_report_without_root(a):
    a.iam.create_user(UserName=a.name)
    while a.iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    return b"<root_account>" not in a.iam.get_credential_report()["Content"]


@deviation("iam:GetCredentialReport", "generated in 2015", "generated when it was")
def credential_report_time(a):
    while a.iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    return a.iam.get_credential_report()["GeneratedTime"].year == 2015


@deviation("iam:GetUser without a name, as no user", "invents default_user", "names the caller, or ValidationError")
def default_user(a):
    return a.iam.get_user()["User"]["UserName"] == "default_user"


@deviation("iam:GetAccountAuthorizationDetails, AWS's policies loaded", "returns all of them", "those in use only")
def every_managed_policy(a):
    details = a.iam.get_account_authorization_details(Filter=["AWSManagedPolicy"])["Policies"]
    return len(details) > 1000


# Not there at all

@deviation("iam:SimulateCustomPolicy", "HTTP 500", "the verdict")
def no_simulator(a):
    return status(a.iam.simulate_custom_policy, PolicyInputList=[DOCUMENT], ActionNames=["iam:ListUsers"]) == 500


@deviation("iam:ListServiceSpecificCredentials", "HTTP 500", "the list")
def no_service_specific_credentials(a):
    a.iam.create_user(UserName=a.name)
    return status(a.iam.list_service_specific_credentials, UserName=a.name) == 500


@deviation("iam:GenerateServiceLastAccessedDetails", "HTTP 500", "a job id")
def no_last_accessed(a):
    return status(a.iam.generate_service_last_accessed_details, Arn=ADMINISTRATOR_ARN) == 500


@deviation("access-analyzer:ListAnalyzers", "HTTP 500", "the list")
def no_access_analyzer(a):
    return status(a.client("accessanalyzer").list_analyzers) == 500


@deviation("account:ListRegions", "HTTP 404", "the regions")
def no_list_of_regions(a):
    return status(a.client("account").list_regions) == 404


@deviation("iam:ListOrganizationsFeatures", "HTTP 500", "the features, or OrganizationNotFoundException")
def no_organizations_features(a):
    return status(a.iam.list_organizations_features) == 500


@deviation("cloudtrail:LookupEvents", "HTTP 500", "the events")
def no_event_history(a):
    return status(a.client("cloudtrail").lookup_events) == 500


# CloudFormation

def template(a):
    return json.dumps({"Resources": {
        "Policy": {"Type": "AWS::IAM::ManagedPolicy",
                   "Properties": {"ManagedPolicyName": a.name, "PolicyDocument": json.loads(DOCUMENT)}},
        "Group": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": a.name}},
    }})


def stack(a):
    cloudformation = a.client("cloudformation")
    cloudformation.create_stack(StackName=a.name, TemplateBody=template(a), Capabilities=["CAPABILITY_NAMED_IAM"])
    return cloudformation


@deviation("cloudformation:CreateStack with a group", "CREATE_COMPLETE without making the group", "makes it")
def stack_ignores_groups(a):
    stack(a)
    return not accepted(a.iam.get_group, GroupName=a.name)


@deviation("cloudformation:CreateStack with IAM resources, no capability", "accepts", "InsufficientCapabilities")
def stack_capability_unchecked(a):
    return accepted(a.client("cloudformation").create_stack, StackName=a.name, TemplateBody=template(a))


@deviation("cloudformation:UpdateStack without a change", "accepts", "ValidationError: no updates are to be performed")
def stack_empty_update(a):
    cloudformation = stack(a)
    same = dict(StackName=a.name, TemplateBody=template(a), Capabilities=["CAPABILITY_NAMED_IAM"])
    return accepted(cloudformation.update_stack, **same)


@deviation("cloudformation:DeleteStack with a managed policy", "leaves the policy", "deletes it")
def stack_leaves_policy(a):
    stack(a).delete_stack(StackName=a.name)
    return any(entry["PolicyName"] == a.name for entry in a.pages(a.iam, "list_policies", "Policies", Scope="Local"))


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="list the deviations")
    options = parser.parse_args()
    if options.list:
        for entry in DEVIATIONS:
            print(entry.name, entry.call, entry.moto, entry.aws, sep="\t")
        return 0
    if not options.endpoint_url:
        parser.error("--endpoint-url is required, or --list")
    # One attempt: the answers to be seen here are the errors.
    account = Account(options.endpoint_url, options.account, attempts=1)
    gone = 0
    for entry in DEVIATIONS:
        account.name = entry.name
        try:
            answer = "holds" if entry.holds(account) else "GONE "
        except (ClientError, BotoCoreError) as error:
            answer = f"GONE  ({error})"
        gone += answer != "holds"
        print(f"{answer} {entry.name}: {entry.call}: {entry.moto}; AWS: {entry.aws}", flush=True)
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main())
