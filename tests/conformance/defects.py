#!/usr/bin/env python3
"""What the emulators that were looked at get wrong, one case each: here the answer is AWS's.

    defects.py --endpoint-url URL

The environment holds an administrator's key. A case makes what it needs under its own name, so the account is best a
new one. Every case is run; the exit code is 1 when one of them fails. A line `absent` is a case of a service that is
not there: it is refused by name, and nothing pretends to answer.
"""

import base64
import csv
import datetime
import hashlib
import io
import json
import re
import sys
import time
import traceback

from lab import ADMINISTRATOR_ARN, arguments
from packages import package
from people import Person, policy, refused
from totp import code

CASES = []
LAMBDA_TRUST = policy({"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}})
LIST_USERS = policy({"Action": "iam:ListUsers"})
TAGS = [{"Key": "team", "Value": "blue"}]


def case(row, defect):
    """Registers a case: the emulators it is of, in the order of their lists, and what they get wrong."""
    def register(function):
        CASES.append((row, defect, function))
        return function
    return register


class Place:
    """The account, and a name of the case's own."""

    def __init__(self, own, account, number):
        self.url, self.name, self.own, self.account = own.url, f"case-{number}", own, account
        self.iam, self.sns, self.events = own.iam, own.sns, own.eventbridge

    def user(self, *actions, name=None):
        """A new user with a key, who may do the actions."""
        name = name or self.name
        self.iam.create_user(UserName=name)
        if actions:
            self.iam.put_user_policy(UserName=name, PolicyName="Does", PolicyDocument=policy(*actions))
        return Person.of_key(self.url, self.iam.create_access_key(UserName=name)["AccessKey"])

    def policy(self, document=LIST_USERS):
        return self.iam.create_policy(PolicyName=self.name, PolicyDocument=document)["Policy"]["Arn"]

    def device(self):
        """A virtual device: its serial number and its seed."""
        made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=self.name)["VirtualMFADevice"]
        return made["SerialNumber"], made["Base32StringSeed"].decode("ascii"), made

    def enable(self, serial, seed):
        now = time.time()
        self.iam.enable_mfa_device(UserName=self.name, SerialNumber=serial,
                                   AuthenticationCode1=code(seed, now - 30), AuthenticationCode2=code(seed, now))

    def function(self, text="def main(event, context):\n    return event\n", **more):
        role = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
        settings = {"Runtime": "python3.12", **more}
        return self.own.awslambda.create_function(
            FunctionName=self.name, Handler="handler.main", Role=role, Code={"ZipFile": package(text)}, **settings)

    def topic(self):
        return self.sns.create_topic(Name=self.name)["TopicArn"]

    def role_for(self, trust):
        return self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def says(call, expected_code, *words, status=None):
    """Fails unless a call is refused with a code, and with words in the message."""
    found, message, found_status = refused(call)
    same(found, expected_code)
    for word in words:
        assert word in message, f"{word!r} is not in {message!r}"
    if status:
        same(found_status, status)


# -- tags ---------------------------------------------------------------------------------------------------------


@case("awsim 1, winterbaume", "tags of CreateUser, CreateRole, CreatePolicy, TagUser and TagRole are lost")
def tags(a):
    a.iam.create_user(UserName=a.name, Tags=TAGS)
    a.iam.create_role(RoleName=a.name, AssumeRolePolicyDocument=LAMBDA_TRUST, Tags=TAGS)
    arn = a.iam.create_policy(PolicyName=a.name, PolicyDocument=LIST_USERS, Tags=TAGS)["Policy"]["Arn"]
    more = [{"Key": "more", "Value": ""}]
    a.iam.tag_user(UserName=a.name, Tags=more)
    a.iam.tag_role(RoleName=a.name, Tags=more)
    a.iam.tag_policy(PolicyArn=arn, Tags=more)

    def by_key(found):
        return sorted(found, key=lambda tag: tag["Key"])
    both = by_key(TAGS + more)
    same(by_key(a.iam.list_user_tags(UserName=a.name)["Tags"]), both)
    same(by_key(a.iam.list_role_tags(RoleName=a.name)["Tags"]), both)
    same(by_key(a.iam.list_policy_tags(PolicyArn=arn)["Tags"]), both)


@case("winterbaume", "Create* and Get* do not show tags")
def tags_are_shown(a):
    same(a.iam.create_user(UserName=a.name, Tags=TAGS)["User"]["Tags"], TAGS)
    same(a.iam.get_user(UserName=a.name)["User"]["Tags"], TAGS)
    made = a.iam.create_role(RoleName=a.name, AssumeRolePolicyDocument=LAMBDA_TRUST, Tags=TAGS)
    same(made["Role"]["Tags"], TAGS)
    same(a.iam.get_role(RoleName=a.name)["Role"]["Tags"], TAGS)


# -- the account --------------------------------------------------------------------------------------------------


@case("awsim 2", "GetAccountPasswordPolicy answers defaults when there is none")
def no_password_policy(a):
    says(a.iam.get_account_password_policy, "NoSuchEntity",
         f"The Password Policy with domain name {a.account} cannot be found.", status=404)


@case("awsim 3", "GetAccountSummary is an empty map")
def account_summary(a):
    before = a.iam.get_account_summary()["SummaryMap"]
    a.iam.create_user(UserName=a.name)
    after = a.iam.get_account_summary()["SummaryMap"]
    same(after["Users"], before["Users"] + 1)
    same((after["AccessKeysPerUserQuota"], after["VersionsPerPolicyQuota"], after["MFADevicesInUse"] >= 0), (2, 5, True))
    assert len(after) > 30, after


@case("awsim 4, winterbaume", "GetCallerIdentity names the key, or always the same user")
def caller_identity(a):
    user = a.user()
    identity = user.sts.get_caller_identity()
    made = a.iam.get_user(UserName=a.name)["User"]
    same((identity["Arn"], identity["UserId"], identity["Account"]), (made["Arn"], made["UserId"], a.account))
    same(identity["Arn"], f"arn:aws:iam::{a.account}:user/{a.name}")


@case("awsim 4", "AssumeRole refuses the very user that the role trusts")
def trusted_user_assumes(a):
    user = a.user()
    role = a.role_for({"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{a.account}:user/{a.name}"}})
    answer = user.sts.assume_role(RoleArn=role, RoleSessionName="me")
    same(answer["AssumedRoleUser"]["Arn"], f"arn:aws:sts::{a.account}:assumed-role/{a.name}/me")


@case("winterbaume", "the credentials of AssumeRole mean nothing")
def a_session_is_its_role(a):
    user = a.user()
    role = a.role_for({"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{a.account}:user/{a.name}"}})
    a.iam.put_role_policy(RoleName=a.name, PolicyName="Does", PolicyDocument=LIST_USERS)
    answer = user.sts.assume_role(RoleArn=role, RoleSessionName="me")
    session = Person.of_session(a.url, answer["Credentials"])
    same(session.arn, f"arn:aws:sts::{a.account}:assumed-role/{a.name}/me")
    assert session.iam.list_users()["Users"]
    says(lambda: session.iam.create_user(UserName="x"), "AccessDenied", "assumed-role", "iam:CreateUser", status=403)
    says(lambda: user.iam.list_users(), "AccessDenied", status=403)


@case("moto", "trust policy and ExternalId are not evaluated")
def trust_is_evaluated(a):
    user = a.user({"Action": "sts:AssumeRole"})
    role = a.role_for({
        "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{a.account}:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}})
    says(lambda: user.sts.assume_role(RoleArn=role, RoleSessionName="me"), "AccessDenied", "sts:AssumeRole", status=403)
    says(lambda: user.sts.assume_role(RoleArn=role, RoleSessionName="me", ExternalId="other"), "AccessDenied")
    user.sts.assume_role(RoleArn=role, RoleSessionName="me", ExternalId="secret")
    says(lambda: user.sts.assume_role(RoleArn=role + "-none", RoleSessionName="me"), "AccessDenied")


@case("winterbaume, moto", "conditions, variables and the scope of resources are not evaluated")
def scope_is_evaluated(a):
    user = a.user(
        {"Action": "iam:GetUser", "Resource": f"arn:aws:iam::{a.account}:user/${{aws:username}}"},
        {"Action": "iam:ListGroups", "Condition": {"StringEquals": {"aws:username": a.name}}},
        {"Action": "iam:ListRoles", "Condition": {"StringEquals": {"aws:username": "somebody"}}})
    a.iam.create_user(UserName=a.name + "-other")
    same(user.iam.get_user(UserName=a.name)["User"]["UserName"], a.name)
    says(lambda: user.iam.get_user(UserName=a.name + "-other"), "AccessDenied", f"user {a.name}-other")
    user.iam.list_groups()
    says(lambda: user.iam.list_roles(), "AccessDenied", "iam:ListRoles")


@case("winterbaume", "nothing is denied")
def nothing_allowed_is_denied(a):
    user = a.user()
    says(lambda: user.iam.create_user(UserName=a.name + "-x"), "AccessDenied",
         f"User: arn:aws:iam::{a.account}:user/{a.name} is not authorized to perform: iam:CreateUser", status=403)
    says(lambda: a.iam.get_user(UserName=a.name + "-x"), "NoSuchEntity")


@case("awsim 10", "an inactive key is accepted")
def inactive_key(a):
    user = a.user()
    user.sts.get_caller_identity()
    key = user.key["aws_access_key_id"]
    a.iam.update_access_key(UserName=a.name, AccessKeyId=key, Status="Inactive")
    says(user.sts.get_caller_identity, "InvalidClientTokenId",
         "The security token included in the request is invalid.", status=403)
    a.iam.update_access_key(UserName=a.name, AccessKeyId=key, Status="Active")
    user.sts.get_caller_identity()
    a.iam.delete_access_key(UserName=a.name, AccessKeyId=key)
    says(user.sts.get_caller_identity, "InvalidClientTokenId")


@case("awsim 11", "iam:AddUserToGroup and RemoveUserFromGroup are asked of the user")
def membership_is_the_groups(a):
    group = a.iam.create_group(GroupName=a.name)["Group"]["Arn"]
    both = ["iam:AddUserToGroup", "iam:RemoveUserFromGroup"]
    right = a.user({"Action": both, "Resource": group})
    arn = a.iam.get_user(UserName=a.name)["User"]["Arn"]
    wrong = a.user({"Action": both, "Resource": arn}, name=a.name + "-wrong")
    right.iam.add_user_to_group(GroupName=a.name, UserName=a.name)
    says(lambda: wrong.iam.add_user_to_group(GroupName=a.name, UserName=a.name), "AccessDenied", f"group {a.name}")
    says(lambda: wrong.iam.remove_user_from_group(GroupName=a.name, UserName=a.name), "AccessDenied")
    right.iam.remove_user_from_group(GroupName=a.name, UserName=a.name)


@case("awsim 16", "GetAccessKeyLastUsed is never set")
def key_last_used(a):
    user = a.user({"Action": "iam:ListUsers"})
    key = user.key["aws_access_key_id"]
    before = a.iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    same((before["ServiceName"], before["Region"], "LastUsedDate" in before), ("N/A", "N/A", False))
    user.iam.list_users()
    after = a.iam.get_access_key_last_used(AccessKeyId=key)
    same((after["UserName"], after["AccessKeyLastUsed"]["ServiceName"]), (a.name, "iam"))
    same(after["AccessKeyLastUsed"]["Region"], "us-east-1")
    age = datetime.datetime.now(datetime.timezone.utc) - after["AccessKeyLastUsed"]["LastUsedDate"]
    assert abs(age.total_seconds()) < 60, age


# -- the credential report ----------------------------------------------------------------------------------------


def fresh_report(a):
    """The report, generated anew: AWS keeps one for four hours, so the rows are those of its time."""
    while a.iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(0.1)
    return a.iam.get_credential_report()


@case("awsim 5, winterbaume, moto", "the credential report lacks users, or the root row, or says what is not so")
def credential_report(a):
    says(a.iam.get_credential_report, "ReportNotPresent", status=410)
    a.iam.create_user(UserName=a.name)
    a.user(name=a.name + "-key")
    a.iam.create_login_profile(UserName=a.name + "-key", Password="Long-enough-1!", PasswordResetRequired=False)
    answer = fresh_report(a)
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(answer["Content"].decode("utf-8")))}
    same(list(rows)[0], "<root_account>")
    root, plain, key = rows["<root_account>"], rows[a.name], rows[a.name + "-key"]
    same((root["arn"], root["password_enabled"]), (f"arn:aws:iam::{a.account}:root", "not_supported"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", root["user_creation_time"]), root
    same((plain["password_enabled"], plain["access_key_1_active"], plain["mfa_active"]), ("false", "false", "false"))
    same((plain["password_last_used"], plain["password_last_changed"]), ("N/A", "N/A"))
    same((key["password_enabled"], key["access_key_1_active"]), ("true", "true"))
    assert key["password_last_changed"].endswith("+00:00") and key["access_key_1_last_rotated"].endswith("+00:00")
    same(key["password_last_used"], "no_information")


@case("moto", "the report's GeneratedTime is of 2015")
def credential_report_time(a):
    made = fresh_report(a)["GeneratedTime"]
    age = datetime.datetime.now(datetime.timezone.utc) - made
    assert abs(age.total_seconds()) < 3600, made


# -- listings -----------------------------------------------------------------------------------------------------


@case("winterbaume, moto", "IAM does not page")
def iam_pages(a):
    for number in range(5):
        a.iam.create_user(UserName=f"{a.name}-{number}", Path=f"/{a.name}/")
    first = a.iam.list_users(PathPrefix=f"/{a.name}/", MaxItems=2)
    same((len(first["Users"]), first["IsTruncated"], "Marker" in first), (2, True, True))
    second = a.iam.list_users(PathPrefix=f"/{a.name}/", MaxItems=2, Marker=first["Marker"])
    last = a.iam.list_users(PathPrefix=f"/{a.name}/", MaxItems=2, Marker=second["Marker"])
    same((last["IsTruncated"], "Marker" in last), (False, False))
    names = [user["UserName"] for page in (first, second, last) for user in page["Users"]]
    same(names, [f"{a.name}-{number}" for number in range(5)])


@case("moto", "ListUsers gives everything at once")
def a_page_is_a_hundred(a):
    for number in range(101):
        a.iam.create_group(GroupName=f"{a.name}-{number}", Path=f"/{a.name}/")
    page = a.iam.list_groups(PathPrefix=f"/{a.name}/")
    same((len(page["Groups"]), page["IsTruncated"]), (100, True))
    for number in range(101):
        a.iam.delete_group(GroupName=f"{a.name}-{number}")


@case("awsim 6, winterbaume, moto", "GetAccountAuthorizationDetails lacks groups, tags, filter or pages")
def authorization_details(a):
    a.iam.create_user(UserName=a.name, Tags=TAGS)
    a.iam.create_group(GroupName=a.name)
    a.iam.add_user_to_group(GroupName=a.name, UserName=a.name)
    a.iam.create_role(RoleName=a.name, AssumeRolePolicyDocument=LAMBDA_TRUST, Tags=TAGS)
    a.policy()
    pages = list(a.iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2}))
    assert len(pages) > 1, pages
    sizes = [sum(len(page[kind]) for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"))
             for page in pages]
    assert max(sizes) <= 2, sizes

    def named(kind, key):
        found = [entry for page in pages for entry in page[kind] if entry[key] == a.name]
        same(len(found), 1)
        return found[0]
    user = named("UserDetailList", "UserName")
    same((user["GroupList"], user["Tags"]), ([a.name], TAGS))
    same(named("RoleDetailList", "RoleName")["Tags"], TAGS)
    named("GroupDetailList", "GroupName")
    same(named("Policies", "PolicyName")["DefaultVersionId"], "v1")
    only = a.iam.get_account_authorization_details(Filter=["Group"])
    same((only["UserDetailList"], only["RoleDetailList"], only["Policies"]), ([], [], []))
    assert only["GroupDetailList"]
    catalogue = [entry for entry in a.own.iam.get_account_authorization_details()["Policies"]
                 if entry["Arn"].startswith("arn:aws:iam::aws:") and not entry["AttachmentCount"]]
    same(catalogue, [])


# -- MFA devices --------------------------------------------------------------------------------------------------


@case("awsim 7, winterbaume", "the seed of a virtual MFA device is no base32 text")
def mfa_seed(a):
    _, seed, made = a.device()
    same(len(seed), 64)
    same(len(base64.b32decode(seed)), 40)
    image = made.get("QRCodePNG")
    assert image is None or image.startswith(b"\x89PNG\r\n\x1a\n"), image


@case("winterbaume, moto", "the codes of EnableMFADevice are not checked")
def mfa_codes(a):
    a.iam.create_user(UserName=a.name)
    serial, seed, _ = a.device()
    now = time.time()
    right = {code(seed, now + offset) for offset in (-60, -30, 0, 30, 60)}
    wrong = [f"{number:06}" for number in range(10) if f"{number:06}" not in right][:2]
    says(lambda: a.iam.enable_mfa_device(UserName=a.name, SerialNumber=serial, AuthenticationCode1=wrong[0],
                                         AuthenticationCode2=wrong[1]), "InvalidAuthenticationCode", status=403)
    same(a.iam.list_mfa_devices(UserName=a.name)["MFADevices"], [])
    a.enable(serial, seed)


@case("winterbaume", "a device can be enabled again and is listed again")
def mfa_twice(a):
    a.iam.create_user(UserName=a.name)
    serial, seed, _ = a.device()
    a.enable(serial, seed)
    says(lambda: a.enable(serial, seed), "EntityAlreadyExists", status=409)
    same(len(a.iam.list_mfa_devices(UserName=a.name)["MFADevices"]), 1)
    found = [device for device in a.iam.list_virtual_mfa_devices()["VirtualMFADevices"]
             if device["SerialNumber"] == serial]
    same((len(found), found[0]["User"]["UserName"]), (1, a.name))
    assert not found[0].get("Base32StringSeed"), "the seed is shown once only"


@case("moto", "DeleteVirtualMFADevice takes an enabled device away")
def mfa_delete_enabled(a):
    a.iam.create_user(UserName=a.name)
    serial, seed, _ = a.device()
    a.enable(serial, seed)
    says(lambda: a.iam.delete_virtual_mfa_device(SerialNumber=serial), "DeleteConflict", status=409)
    a.iam.deactivate_mfa_device(UserName=a.name, SerialNumber=serial)
    a.iam.delete_virtual_mfa_device(SerialNumber=serial)


# -- what must go first -------------------------------------------------------------------------------------------


@case("awsim 8, moto", "DeleteUser takes a login profile along")
def delete_user_with_password(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_login_profile(UserName=a.name, Password="Long-enough-1!")
    says(lambda: a.iam.delete_user(UserName=a.name), "DeleteConflict", "must delete login profile first", status=409)


@case("awsim 8, moto", "DeleteUser takes an MFA device along")
def delete_user_with_mfa(a):
    a.iam.create_user(UserName=a.name)
    serial, seed, _ = a.device()
    a.enable(serial, seed)
    says(lambda: a.iam.delete_user(UserName=a.name), "DeleteConflict", status=409)


@case("moto", "DeleteUser takes access keys along")
def delete_user_with_key(a):
    a.user()
    says(lambda: a.iam.delete_user(UserName=a.name), "DeleteConflict", "must delete access keys first", status=409)


@case("winterbaume, moto", "DeleteUser leaves a group without a word")
def delete_user_in_group(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_group(GroupName=a.name)
    a.iam.add_user_to_group(GroupName=a.name, UserName=a.name)
    says(lambda: a.iam.delete_user(UserName=a.name), "DeleteConflict", "must remove users from group first", status=409)


@case("moto", "DeleteGroup drops its members")
def delete_group_with_members(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_group(GroupName=a.name)
    a.iam.add_user_to_group(GroupName=a.name, UserName=a.name)
    says(lambda: a.iam.delete_group(GroupName=a.name), "DeleteConflict", status=409)


@case("winterbaume, moto", "DeleteGroup drops its policies")
def delete_group_with_policy(a):
    a.iam.create_group(GroupName=a.name)
    arn = a.policy()
    a.iam.attach_group_policy(GroupName=a.name, PolicyArn=arn)
    says(lambda: a.iam.delete_group(GroupName=a.name), "DeleteConflict", status=409)
    a.iam.detach_group_policy(GroupName=a.name, PolicyArn=arn)
    a.iam.put_group_policy(GroupName=a.name, PolicyName="Own", PolicyDocument=LIST_USERS)
    says(lambda: a.iam.delete_group(GroupName=a.name), "DeleteConflict", status=409)


@case("awsim 9, moto", "DeletePolicy takes other versions along")
def delete_policy_with_versions(a):
    arn = a.policy()
    a.iam.create_policy_version(PolicyArn=arn, PolicyDocument=LIST_USERS)
    says(lambda: a.iam.delete_policy(PolicyArn=arn), "DeleteConflict", status=409)
    a.iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    a.iam.delete_policy(PolicyArn=arn)


@case("moto", "DeletePolicy detaches")
def delete_policy_attached(a):
    arn = a.policy()
    a.iam.create_user(UserName=a.name)
    a.iam.attach_user_policy(UserName=a.name, PolicyArn=arn)
    says(lambda: a.iam.delete_policy(PolicyArn=arn), "DeleteConflict", status=409)


# -- passwords ----------------------------------------------------------------------------------------------------


@case("moto", "PasswordResetRequired is always False")
def password_reset_required(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_login_profile(UserName=a.name, Password="Long-enough-1!", PasswordResetRequired=True)
    same(a.iam.get_login_profile(UserName=a.name)["LoginProfile"]["PasswordResetRequired"], True)


@case("moto", "UpdateLoginProfile without a password removes the profile")
def update_login_profile(a):
    a.iam.create_user(UserName=a.name)
    a.iam.create_login_profile(UserName=a.name, Password="Long-enough-1!")
    a.iam.update_login_profile(UserName=a.name, PasswordResetRequired=True)
    same(a.iam.get_login_profile(UserName=a.name)["LoginProfile"]["PasswordResetRequired"], True)


# -- documents and names ------------------------------------------------------------------------------------------


@case("awsim 12, winterbaume", "AWS-managed policies are empty or not there, and Scope is ignored")
def aws_managed(a):
    found = a.iam.get_policy(PolicyArn=ADMINISTRATOR_ARN)["Policy"]
    version = a.iam.get_policy_version(PolicyArn=ADMINISTRATOR_ARN, VersionId=found["DefaultVersionId"])
    same(version["PolicyVersion"]["Document"]["Statement"], [{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    own = a.policy()
    arns = {scope: [entry["Arn"] for page in a.iam.get_paginator("list_policies").paginate(Scope=scope)
                    for entry in page["Policies"]] for scope in ("AWS", "Local", "All")}
    assert all(arn.startswith("arn:aws:iam::aws:") for arn in arns["AWS"]) and ADMINISTRATOR_ARN in arns["AWS"]
    assert own in arns["Local"] and not set(arns["Local"]) & set(arns["AWS"])
    same(sorted(arns["All"]), sorted(arns["AWS"] + arns["Local"]))
    user = a.user()
    a.iam.attach_user_policy(UserName=a.name, PolicyArn=ADMINISTRATOR_ARN)
    user.iam.list_users()


@case("awsim 17, moto", "names are not looked at")
def user_names(a):
    says(lambda: a.iam.create_user(UserName="a b"), "ValidationError", "userName", status=400)
    says(lambda: a.iam.create_user(UserName="x" * 65), "ValidationError", status=400)
    a.iam.create_user(UserName=a.name)
    says(lambda: a.iam.create_user(UserName=a.name.upper()), "EntityAlreadyExists", status=409)


@case("awsim 17, winterbaume, moto", "a role's trust policy is not looked at")
def trust_documents(a):
    def create(document):
        return lambda: a.iam.create_role(RoleName=a.name, AssumeRolePolicyDocument=document)
    says(create("{not json"), "MalformedPolicyDocument", status=400)
    with_resource = json.loads(LAMBDA_TRUST)
    with_resource["Statement"][0]["Resource"] = "*"
    says(create(json.dumps(with_resource)), "MalformedPolicyDocument", "Has prohibited field Resource", status=400)
    nobody = policy({"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{a.account}:user/nobody-{a.name}"}})
    says(create(nobody), "MalformedPolicyDocument", "Invalid principal in policy", status=400)
    says(lambda: a.iam.get_role(RoleName=a.name), "NoSuchEntity")


@case("winterbaume, moto", "a policy's document is not looked at")
def policy_documents(a):
    def create(document):
        return lambda: a.iam.create_policy(PolicyName=a.name, PolicyDocument=document)
    bad = '{"Version": "2012-10-17", "Statement": [%s]}'
    says(create("{not json"), "MalformedPolicyDocument", status=400)
    says(create(bad % '{"Action": "iam:ListUsers", "Resource": "*"}'), "MalformedPolicyDocument", status=400)
    says(create(bad % '{"Effect": "Allow", "Action": "ListUsers", "Resource": "*"}'), "MalformedPolicyDocument",
         "vendor", status=400)
    long = policy({"Action": ["iam:ListUsers"] * 500})
    assert len(long.replace(" ", "")) > 7000
    says(create(long), "LimitExceeded", "6144", status=409)


@case("winterbaume", "ids are of mixed case")
def ids(a):
    user = a.iam.create_user(UserName=a.name)["User"]["UserId"]
    key = a.iam.create_access_key(UserName=a.name)["AccessKey"]["AccessKeyId"]
    role = a.iam.create_role(RoleName=a.name, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["RoleId"]
    group = a.iam.create_group(GroupName=a.name)["Group"]["GroupId"]
    for found, prefix, length in ((user, "AIDA", 21), (key, "AKIA", 20), (role, "AROA", 21), (group, "AGPA", 21)):
        assert re.fullmatch(f"{prefix}[A-Z0-9]+", found) and len(found) == length, found


@case("winterbaume", "the account is one for the whole process")
def arns_are_of_the_account(a):
    arn = a.iam.create_user(UserName=a.name)["User"]["Arn"]
    same(arn, f"arn:aws:iam::{a.account}:user/{a.name}")
    same(a.topic(), f"arn:aws:sns:us-east-1:{a.account}:{a.name}")
    key = a.iam.create_access_key(UserName=a.name)["AccessKey"]["AccessKeyId"]
    same(a.own.sts.get_access_key_info(AccessKeyId=key)["Account"], a.account)


# -- simulation, last access --------------------------------------------------------------------------------------


@case("moto", "the policy simulator is not there")
def simulator(a):
    custom = a.iam.simulate_custom_policy(PolicyInputList=[LIST_USERS], ActionNames=["iam:ListUsers", "iam:CreateUser"])
    same([entry["EvalDecision"] for entry in custom["EvaluationResults"]], ["allowed", "implicitDeny"])
    a.user({"Action": "iam:ListUsers"})
    arn = a.iam.get_user(UserName=a.name)["User"]["Arn"]
    answer = a.iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["iam:ListUsers", "iam:CreateUser"])
    same([entry["EvalDecision"] for entry in answer["EvaluationResults"]], ["allowed", "implicitDeny"])


@case("winterbaume, awsim, moto", "service-last-accessed details are empty or not there")
def last_accessed(a):
    user = a.user({"Action": "iam:ListUsers"})
    user.iam.list_users()
    arn = a.iam.get_user(UserName=a.name)["User"]["Arn"]
    job = a.iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    answer = a.iam.get_service_last_accessed_details(JobId=job)
    while answer["JobStatus"] == "IN_PROGRESS":
        time.sleep(0.2)
        answer = a.iam.get_service_last_accessed_details(JobId=job)
    services = {entry["ServiceNamespace"]: entry for entry in answer["ServicesLastAccessed"]}
    same(list(services), ["iam"])
    same(services["iam"]["LastAuthenticatedEntity"], arn)


# -- the event history --------------------------------------------------------------------------------------------


@case("awsim 15, winterbaume, moto", "LookupEvents has no events, or none in CloudTrail's shape, or none of failures")
def lookup_events(a):
    a.iam.create_user(UserName=a.name)
    refused(lambda: a.iam.create_user(UserName=a.name))
    found = a.own.cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}])["Events"]
    records = [(event, json.loads(event["CloudTrailEvent"])) for event in found]
    mine = [(event, record) for event, record in records
            if (record.get("requestParameters") or {}).get("userName") == a.name]
    same([record.get("errorCode") for _, record in mine], ["EntityAlreadyExistsException", None])
    event, record = mine[1]
    same((event["EventName"], event["EventSource"], event["ReadOnly"]), ("CreateUser", "iam.amazonaws.com", "false"))
    same(record["eventName"], "CreateUser")
    same((record["userIdentity"]["type"], record["awsRegion"]), ("Root", "us-east-1"))
    assert {"eventVersion", "eventTime", "sourceIPAddress", "userAgent", "responseElements", "requestID", "eventID",
            "eventType", "recipientAccountId", "eventCategory"} <= set(record), record


@case("awsim 15, LocalEmu", "the Username of an event is the key")
def event_username(a):
    user = a.user({"Action": "iam:ListUsers"})
    user.iam.list_users()
    found = a.own.cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": a.name}])["Events"]
    same([(event["EventName"], event["AccessKeyId"]) for event in found], [("ListUsers", user.key["aws_access_key_id"])])


# -- Lambda -------------------------------------------------------------------------------------------------------


@case("awsim 13", "python3.9 is refused")
def python39(a):
    same(a.function(Runtime="python3.9")["Runtime"], "python3.9")


@case("winterbaume, moto", "any runtime is accepted")
def no_such_runtime(a):
    found, _, _ = refused(lambda: a.function(Runtime="python9.9"))
    same(found, "InvalidParameterValueException")


@case("winterbaume", "UpdateFunctionCode is ignored")
def code_sha256(a):
    def digest(archive):
        return base64.b64encode(hashlib.sha256(archive).digest()).decode("ascii")
    same(a.function()["CodeSha256"], digest(package("def main(event, context):\n    return event\n")))
    new = package("def main(event, context):\n    return 2\n")
    same(a.own.awslambda.update_function_code(FunctionName=a.name, ZipFile=new)["CodeSha256"], digest(new))
    same(a.own.awslambda.get_function(FunctionName=a.name)["Configuration"]["CodeSha256"], digest(new))


@case("winterbaume, moto", "Invoke answers `{}`, or needs Docker")
def invoke(a):
    a.function("def main(event, context):\n    return {'sum': event['a'] + event['b'], 'name': context.function_name}\n")
    answer = a.own.awslambda.invoke(FunctionName=a.name, Payload=json.dumps({"a": 2, "b": 3}))
    same(json.load(answer["Payload"]), {"sum": 5, "name": a.name})
    same(("FunctionError" in answer, answer["StatusCode"]), (False, 200))
    answer = a.own.awslambda.invoke(FunctionName=a.name, Payload="{}")
    failure = json.load(answer["Payload"])
    same((answer["FunctionError"], failure["errorType"]), ("Unhandled", "KeyError"))


@case("moto", "AddPermission takes a statement id twice")
def add_permission_twice(a):
    a.function()
    grant = {"FunctionName": a.name, "StatementId": "one", "Action": "lambda:InvokeFunction",
             "Principal": "events.amazonaws.com"}
    a.own.awslambda.add_permission(**grant)
    says(lambda: a.own.awslambda.add_permission(**grant), "ResourceConflictException", status=409)


@case("winterbaume, awsim", "a function takes a role that Lambda may not assume")
def role_of_a_function(a):
    arn = a.role_for({"Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}})
    says(lambda: a.own.awslambda.create_function(
        FunctionName=a.name, Handler="handler.main", Role=arn, Runtime="python3.12", Code={"ZipFile": package("")}),
        "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda", status=400)


# -- SNS, EventBridge, CloudFormation, Access Analyzer --------------------------------------------------------------


@case("awsim 14, winterbaume", "subscribing an address again makes a second subscription")
def subscribe_again(a):
    topic = a.topic()
    for _ in range(2):
        answer = a.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="somebody@example.com")
        same(answer["SubscriptionArn"], "pending confirmation")
    found = a.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    same([(entry["SubscriptionArn"], entry["Endpoint"]) for entry in found],
         [("PendingConfirmation", "somebody@example.com")])


@case("winterbaume, moto", "an e-mail subscription is confirmed at once")
def email_is_pending(a):
    topic = a.topic()
    a.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="somebody@example.com")
    attributes = a.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    same((attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"]), ("1", "0"))
    same(attributes["Owner"], a.account)
    assert "Policy" in attributes, attributes
    says(lambda: a.sns.confirm_subscription(TopicArn=topic, Token="0" * 64), "InvalidParameter", status=400)


@case("awsim 14", "deleting a topic that is gone is an error")
def delete_topic_twice(a):
    topic = a.topic()
    a.sns.delete_topic(TopicArn=topic)
    a.sns.delete_topic(TopicArn=topic)


@case("winterbaume, moto", "rate(1 days) is accepted")
def rate_expressions(a):
    for wrong in ("rate(1 days)", "rate(2 day)", "rate(0 days)", "cron(0 6 * * * *)", "every day"):
        says(lambda wrong=wrong: a.events.put_rule(Name=a.name, ScheduleExpression=wrong), "ValidationException",
             status=400)
    a.events.put_rule(Name=a.name, ScheduleExpression="rate(1 day)")


@case("winterbaume, awsim", "a stack makes nothing")
def stacks(a):
    template = json.dumps({"Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": a.name}},
        "Group": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": a.name}}}})
    says(lambda: a.own.cloudformation.create_stack(StackName=a.name, TemplateBody=template),
         "InsufficientCapabilitiesException", status=400)
    a.own.cloudformation.create_stack(
        StackName=a.name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    a.own.cloudformation.get_waiter("stack_create_complete").wait(StackName=a.name, WaiterConfig={"Delay": 1})
    same(a.iam.get_group(GroupName=a.name)["Group"]["GroupName"], a.name)
    a.sns.get_topic_attributes(TopicArn=f"arn:aws:sns:us-east-1:{a.account}:{a.name}")
    says(lambda: a.own.cloudformation.update_stack(
        StackName=a.name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"]),
        "ValidationError", "No updates are to be performed")
    a.own.cloudformation.delete_stack(StackName=a.name)
    says(lambda: a.iam.get_group(GroupName=a.name), "NoSuchEntity")


@case("moto", "a stack that fails leaves its resources")
def failing_stack(a):
    template = json.dumps({"Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": a.name}},
        "Group": {"Type": "AWS::IAM::Group", "DependsOn": "Topic", "Properties": {
            "GroupName": a.name, "ManagedPolicyArns": [f"arn:aws:iam::{a.account}:policy/nobody"]}}}})
    a.own.cloudformation.create_stack(
        StackName=a.name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    stack = a.own.cloudformation.describe_stacks(StackName=a.name)["Stacks"][0]
    same(stack["StackStatus"], "ROLLBACK_COMPLETE")
    says(lambda: a.sns.get_topic_attributes(TopicArn=f"arn:aws:sns:us-east-1:{a.account}:{a.name}"), "NotFound")


@case("awsim 18, winterbaume, moto", "Access Analyzer is not there, or lists no findings")
def access_analyzer(a):
    analyzer = a.own.accessanalyzer
    arn = analyzer.create_analyzer(analyzerName=a.name, type="ACCOUNT")["arn"]
    same([entry["arn"] for entry in analyzer.list_analyzers()["analyzers"]], [arn])
    same((analyzer.list_findings(analyzerArn=arn)["findings"], analyzer.list_findings_v2(analyzerArn=arn)["findings"]),
         ([], []))


# -- what is not here ---------------------------------------------------------------------------------------------


@case("absent: awsim 18", "AWS Config")
def config(a):
    says(lambda: a.own.config.describe_configuration_recorders(), "UnknownService", "config")


@case("absent: awsim 18", "DescribeAlarmsForMetric of CloudWatch")
def alarms(a):
    found, message, _ = refused(lambda: a.own.cloudwatch.describe_alarms_for_metric(MetricName="m", Namespace="n"))
    same(found, "UnknownService")
    assert "monitoring" in message, message


def main():
    options = arguments(__doc__.splitlines()[0]).parse_args()
    own, failed = Person(options.endpoint_url), 0
    account = own.sts.get_caller_identity()["Account"]
    for number, (row, defect, function) in enumerate(CASES, 1):
        name = function.__name__.replace("_", "-")
        try:
            function(Place(own, account, number))
            word = "absent" if row.startswith("absent") else "ok"
            print(f"{word:<6}  {name}: {defect} ({row.removeprefix('absent: ')})")
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            place = traceback.extract_tb(error.__traceback__)
            line = [frame.lineno for frame in place if frame.filename == __file__ and frame.name != "main"]
            print(f"FAIL    {name} (line {line[:1]}): {type(error).__name__}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
