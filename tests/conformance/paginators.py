#!/usr/bin/env python3
"""boto3's paginators, waiters and typed exceptions, on every operation that the sandbox serves.

    paginators.py --endpoint-url URL

Which there are is read from botocore's models. A paginator or waiter of an operation that is served has to have a
scene below; one of an operation that is not served has to be refused as such. The environment holds an
administrator's key; the account is best a new one. Every case is run; the exit code is 1 when one of them fails.
"""

import json
import sys
import time

import botocore.exceptions
import botocore.session
import jmespath

from lab import arguments
from packages import package
from people import Person, policy, refused
from totp import code

SERVICES = ("iam", "sts", "lambda", "sns", "events", "accessanalyzer", "cloudformation", "cloudtrail",
            "resourcegroupstaggingapi", "logs")
# What an operation that is not served is refused with, by the protocols.
NOT_SERVED = {"InvalidAction", "NotImplemented", "UnknownOperationException"}
LAMBDA_TRUST = policy({"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}})
WRITE_LOGS = policy({"Action": "logs:*"})
LIST_USERS = policy({"Action": "iam:ListUsers"})
TAGS = [{"Key": f"key{number}", "Value": "v"} for number in range(5)]
PATH = "/paged/"
PASSWORD = "Long-enough-1!"
# So many are more than a page where a client cannot ask for a smaller one.
MANY = 103


class Account:
    """What the paginators read: made once, more of each than a page."""

    def __init__(self, url):
        self.own = Person(url, attempts=10)
        self.iam, self.sns, self.events = self.own.iam, self.own.sns, self.own.eventbridge
        self.id = self.own.sts.get_caller_identity()["Account"]
        self.identities()
        self.devices()
        self.topics()
        self.functions()
        self.stacks()
        self.analyzer = self.own.accessanalyzer.create_analyzer(analyzerName="outside", type="ACCOUNT")["arn"]

    def client(self, service):
        return getattr(self.own, {"lambda": "awslambda", "events": "eventbridge"}.get(service, service))

    def assuming(self, **parameters):
        """A user whom a role trusts tries to assume it."""
        return self.assumer.sts.assume_role(
            RoleArn=f"arn:aws:iam::{self.id}:role/assumes", RoleSessionName="me", **parameters)

    def identities(self):
        iam = self.iam
        self.policies = []
        for number in range(5):
            name = f"paged-{number}"
            iam.create_user(UserName=name, Path=PATH)
            iam.create_group(GroupName=name, Path=PATH)
            iam.create_role(RoleName=name, Path=PATH, AssumeRolePolicyDocument=LAMBDA_TRUST)
            iam.create_instance_profile(InstanceProfileName=name, Path=PATH)
            self.policies.append(iam.create_policy(PolicyName=name, Path=PATH, PolicyDocument=LIST_USERS)["Policy"]["Arn"])
        self.user = self.group = self.role = "paged-0"
        for number, arn in enumerate(self.policies):
            iam.attach_user_policy(UserName=self.user, PolicyArn=arn)
            iam.attach_group_policy(GroupName=self.group, PolicyArn=arn)
            iam.attach_role_policy(RoleName=self.role, PolicyArn=arn)
            for kind, put in (("User", iam.put_user_policy), ("Group", iam.put_group_policy), ("Role", iam.put_role_policy)):
                put(**{f"{kind}Name": self.user, "PolicyName": f"inline-{number}", "PolicyDocument": LIST_USERS})
            iam.add_user_to_group(GroupName=f"paged-{number}", UserName=self.user)
            if number:
                iam.add_user_to_group(GroupName=self.group, UserName=f"paged-{number}")
                iam.attach_user_policy(UserName=f"paged-{number}", PolicyArn=self.policies[0])
                iam.create_policy_version(PolicyArn=self.policies[0], PolicyDocument=LIST_USERS)
        iam.add_role_to_instance_profile(InstanceProfileName="paged-0", RoleName=self.role)
        iam.create_access_key(UserName=self.user)
        iam.create_access_key(UserName=self.user)
        iam.create_account_alias(AccountAlias="paged-account")
        iam.tag_user(UserName=self.user, Tags=TAGS)
        iam.tag_role(RoleName=self.role, Tags=TAGS)
        iam.tag_policy(PolicyArn=self.policies[0], Tags=TAGS)
        iam.tag_instance_profile(InstanceProfileName="paged-0", Tags=TAGS)
        certificate = "-----BEGIN {0}-----\nTUlJ\n-----END {0}-----"
        for number in range(3):
            iam.upload_server_certificate(
                ServerCertificateName=f"paged-{number}", Tags=TAGS,
                CertificateBody=certificate.format("CERTIFICATE"), PrivateKey=certificate.format("PRIVATE KEY"))
        self.saml = iam.create_saml_provider(
            Name="paged", Tags=TAGS, SAMLMetadataDocument=f"<EntityDescriptor>{' ' * 1000}</EntityDescriptor>")["SAMLProviderArn"]
        iam.create_user(UserName="assumes")
        self.assumer = Person.of_key(self.own.url, iam.create_access_key(UserName="assumes")["AccessKey"])
        trust = {"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{self.id}:user/assumes"}}
        iam.create_role(RoleName="assumes", AssumeRolePolicyDocument=policy(trust))
        self.oidc = iam.create_open_id_connect_provider(
            Url="https://example.com", ThumbprintList=["0" * 40], Tags=TAGS)["OpenIDConnectProviderArn"]

    def devices(self):
        self.serials = []
        for number in range(3):
            made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=f"device-{number}", Tags=TAGS)["VirtualMFADevice"]
            seed, now = made["Base32StringSeed"].decode("ascii"), time.time()
            self.iam.enable_mfa_device(
                UserName=self.user, SerialNumber=made["SerialNumber"],
                AuthenticationCode1=code(seed, now - 30), AuthenticationCode2=code(seed, now))
            self.serials.append(made["SerialNumber"])

    def topics(self):
        for number in range(MANY):
            tags = [{"Key": f"topic{number % 7}", "Value": f"value{number}"}, {"Key": "lab", "Value": f"{number}"}]
            self.topic = self.sns.create_topic(Name=f"paged-{number}", Tags=tags)["TopicArn"]
        for number in range(MANY):
            self.sns.subscribe(TopicArn=self.topic, Protocol="https", Endpoint=f"https://example.com/{number}")

    def functions(self):
        role = f"arn:aws:iam::{self.id}:role{PATH}{self.role}"
        # Without it functions run and leave nothing to page through.
        self.iam.put_role_policy(RoleName=self.role, PolicyName="inline-0", PolicyDocument=WRITE_LOGS)
        self.function = "paged-0"
        for number in range(3):
            made = self.own.awslambda.create_function(
                FunctionName=f"paged-{number}", Handler="handler.main", Role=role, Runtime="python3.12",
                Code={"ZipFile": package("def main(event, context):\n    print('one')\n    print('two')\n")})
            self.own.awslambda.invoke(FunctionName=f"paged-{number}")
            self.events.put_rule(Name=f"paged-{number}", ScheduleExpression="rate(1 hour)")
            targets = [{"Id": f"t{target}", "Arn": made["FunctionArn"]} for target in range(5)]
            self.events.put_targets(Rule=f"paged-{number}", Targets=targets)
            self.function_arn = made["FunctionArn"]
        # New code runs in a new place, with a log stream of its own.
        for number in range(2):
            self.own.awslambda.update_function_code(
                FunctionName=self.function, ZipFile=package(f"def main(event, context):\n    print({number})\n"))
            self.own.awslambda.invoke(FunctionName=self.function)

    def stacks(self):
        stacks = self.own.cloudformation
        one = json.dumps({"Resources": {"G": {"Type": "AWS::SNS::Topic"}}})
        two = json.dumps({"Resources": {"G": {"Type": "AWS::SNS::Topic"}, "H": {"Type": "AWS::SNS::Topic"}}})
        many = json.dumps({"Resources": {f"T{number}": {"Type": "AWS::SNS::Topic"} for number in range(MANY)}})
        for number in range(MANY):
            stacks.create_stack(StackName=f"paged-{number}", TemplateBody=one)
        stacks.create_stack(StackName="wide", TemplateBody=many)
        for number in range(3):
            stacks.create_change_set(StackName="paged-0", ChangeSetName=f"change-{number}", TemplateBody=two)


def scenes(a):
    """By service and operation: its parameters, the size of a page (`None`: the service's own), the least number of
    items, the least number of pages."""
    user, group, role, arn = {"UserName": a.user}, {"GroupName": a.group}, {"RoleName": a.role}, a.policies[0]
    path, five = {"PathPrefix": PATH}, (2, 5, 3)
    simulated = {"ActionNames": [f"iam:Get{number}" for number in range(5)]}
    nothing = (None, 0, 1)
    return {
        ("iam", "GetAccountAuthorizationDetails"): ({}, 3, 20, 7),
        ("iam", "GetGroup"): (group, *five),
        ("iam", "ListAccessKeys"): (user, 1, 2, 2),
        ("iam", "ListAccountAliases"): ({}, 1, 1, 1),
        ("iam", "ListAttachedGroupPolicies"): (group, *five),
        ("iam", "ListAttachedRolePolicies"): (role, *five),
        ("iam", "ListAttachedUserPolicies"): (user, *five),
        ("iam", "ListEntitiesForPolicy"): ({"PolicyArn": arn}, 2, 7, 4),
        ("iam", "ListGroupPolicies"): (group, *five),
        ("iam", "ListGroups"): (path, *five),
        ("iam", "ListGroupsForUser"): (user, *five),
        ("iam", "ListInstanceProfiles"): (path, *five),
        ("iam", "ListInstanceProfilesForRole"): (role, 1, 1, 1),
        ("iam", "ListInstanceProfileTags"): ({"InstanceProfileName": "paged-0"}, *five),
        ("iam", "ListMFADevices"): (user, 1, 3, 3),
        ("iam", "ListMFADeviceTags"): ({"SerialNumber": a.serials[0]}, *five),
        ("iam", "ListOpenIDConnectProviderTags"): ({"OpenIDConnectProviderArn": a.oidc}, *five),
        ("iam", "ListPolicies"): (path, *five),
        ("iam", "ListPolicyTags"): ({"PolicyArn": arn}, *five),
        ("iam", "ListPolicyVersions"): ({"PolicyArn": arn}, *five),
        ("iam", "ListRolePolicies"): (role, *five),
        ("iam", "ListRoles"): (path, *five),
        ("iam", "ListRoleTags"): (role, *five),
        ("iam", "ListSAMLProviderTags"): ({"SAMLProviderArn": a.saml}, *five),
        ("iam", "ListServerCertificates"): ({}, 2, 3, 2),
        ("iam", "ListServerCertificateTags"): ({"ServerCertificateName": "paged-0"}, *five),
        ("iam", "ListSigningCertificates"): (user, *nothing),
        ("iam", "ListSSHPublicKeys"): (user, *nothing),
        ("iam", "ListUserPolicies"): (user, *five),
        ("iam", "ListUsers"): (path, *five),
        ("iam", "ListUserTags"): (user, *five),
        ("iam", "ListVirtualMFADevices"): ({}, 2, 3, 2),
        ("iam", "SimulateCustomPolicy"): ({"PolicyInputList": [LIST_USERS], **simulated}, *five),
        ("iam", "SimulatePrincipalPolicy"): (
            {"PolicySourceArn": f"arn:aws:iam::{a.id}:user{PATH}{a.user}", **simulated}, *five),
        ("lambda", "ListFunctions"): ({}, 2, 3, 2),
        ("lambda", "ListAliases"): ({"FunctionName": a.function}, *nothing),
        ("lambda", "ListVersionsByFunction"): ({"FunctionName": a.function}, 1, 1, 1),
        ("sns", "ListTopics"): ({}, None, 2 * MANY, 3),
        ("sns", "ListSubscriptions"): ({}, None, MANY, 2),
        ("sns", "ListSubscriptionsByTopic"): ({"TopicArn": a.topic}, None, MANY, 2),
        ("events", "ListRules"): ({}, 2, 3, 2),
        ("events", "ListTargetsByRule"): ({"Rule": "paged-0"}, *five),
        ("events", "ListRuleNamesByTarget"): ({"TargetArn": a.function_arn}, 1, 1, 1),
        ("accessanalyzer", "ListAnalyzers"): ({}, 1, 1, 1),
        ("accessanalyzer", "ListFindings"): ({"analyzerArn": a.analyzer}, *nothing),
        ("accessanalyzer", "ListFindingsV2"): ({"analyzerArn": a.analyzer}, *nothing),
        ("cloudformation", "DescribeChangeSet"): ({"StackName": "paged-0", "ChangeSetName": "change-0"}, None, 1, 1),
        ("cloudformation", "DescribeStackEvents"): ({"StackName": "wide"}, None, 2 * MANY, 2),
        ("cloudformation", "DescribeStacks"): ({}, None, MANY + 1, 2),
        ("cloudformation", "ListChangeSets"): ({"StackName": "paged-0"}, None, 3, 1),
        ("cloudformation", "ListStackResources"): ({"StackName": "wide"}, None, MANY, 2),
        ("cloudformation", "ListStacks"): ({}, None, MANY + 1, 2),
        ("cloudtrail", "LookupEvents"): (
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateTopic"}]}, 50, MANY, 3),
        ("cloudtrail", "ListTrails"): ({}, *nothing),
        ("cloudtrail", "ListTags"): (
            {"ResourceIdList": [f"arn:aws:cloudtrail:us-east-1:{a.id}:trail/none"]}, "refused", "ResourceNotFoundException", 0),
        ("resourcegroupstaggingapi", "GetResources"): ({}, 40, MANY, 3),
        ("resourcegroupstaggingapi", "GetTagKeys"): ({}, None, 8, 1),
        ("resourcegroupstaggingapi", "GetTagValues"): ({"Key": "lab"}, None, MANY, 1),
        ("logs", "DescribeLogGroups"): ({}, 2, 3, 2),
        ("logs", "DescribeLogStreams"): ({"logGroupName": f"/aws/lambda/{a.function}"}, 1, 3, 3),
        ("logs", "FilterLogEvents"): ({"logGroupName": f"/aws/lambda/{a.function}"}, 4, 12, 3),
    }


def items(model, page):
    """The items of a page, of all its lists, as text that tells them apart."""
    keys = model["result_key"] if isinstance(model["result_key"], list) else [model["result_key"]]
    return [f"{key} {json.dumps(item, sort_keys=True, default=str)}"
            for key in keys for item in jmespath.search(key, page) or []]


def paginate(client, name, model, parameters, size, least, pages_wanted):
    paginator = client.get_paginator(name)
    settings = {"PageSize": size} if size else {}
    pages = list(paginator.paginate(**parameters, PaginationConfig=settings))
    found = [item for page in pages for item in items(model, page)]
    assert len(pages) >= pages_wanted, f"{len(pages)} pages of {len(found)} items"
    assert len(found) >= least, f"{len(found)} items"
    assert len(set(found)) == len(found), "an item comes twice"
    # Every page but the last is full, which the sandbox can promise and AWS does not.
    sizes = [len(items(model, page)) for page in pages]
    assert not size or all(count == size for count in sizes[:-1]) and sizes[-1] <= size, sizes
    whole = [item for page in paginator.paginate(**parameters) for item in items(model, page)]
    assert sorted(whole) == sorted(found), "another page size gives other items"
    if isinstance(model["result_key"], list):
        return  # what botocore resumes with leaves out the lists after the first one
    # From any page on, the rest follows: what was in the pages before is not needed to go on.
    for start in range(1, min(len(pages), 3)):
        first = paginator.paginate(**parameters, PaginationConfig={**settings, "MaxItems": sum(sizes[:start])})
        before = [item for page in first for item in items(model, page)]
        rest = paginator.paginate(**parameters, PaginationConfig={**settings, "StartingToken": first.resume_token})
        after = [item for page in rest for item in items(model, page)]
        assert before + after == found, f"pages from {start} on are others"


def anything(shape, name=""):
    """A value of a shape with its required members only."""
    if shape.type_name == "structure":
        return {key: anything(shape.members[key], key) for key in shape.required_members}
    if shape.type_name == "list":
        return [anything(shape.member)] * max(1, shape.metadata.get("min", 1))
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "a" * max(20, min(shape.metadata.get("min", 1), 200))
    return {"boolean": True, "timestamp": 0, "blob": b"x"}.get(shape.type_name, max(1, shape.metadata.get("min", 1)))


def is_served(client, operation, name):
    """Whether an operation is served, and not refused as none."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    parameters = anything(shape) if shape else {}
    try:
        getattr(client, name)(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] not in NOT_SERVED
    return True


def snake(client, operation):
    return {there: here for here, there in client.meta.method_to_api_mapping.items()}[operation]


def paginators(a, check):
    known, loader = scenes(a), botocore.session.get_session().get_component("data_loader")
    for service in SERVICES:
        client = a.client(service)
        models = loader.load_service_model(service, "paginators-1")["pagination"]
        for operation, model in sorted(models.items()):
            name, scene = snake(client, operation), known.pop((service, operation), None)
            if scene is None:
                served = is_served(client, operation, name)
                check("left", f"{service} {operation} is not served", lambda served=served: same(served, False))
            elif scene[1] == "refused":
                call = lambda client=client, name=name, scene=scene: list(client.get_paginator(name).paginate(**scene[0]))
                check("page", f"{service} {operation}", lambda call=call, scene=scene: same(refused(call)[0], scene[2]))
            else:
                check("page", f"{service} {operation}", lambda client=client, name=name, model=model, scene=scene:
                      paginate(client, name, model, *scene))
    check("left", "no scene without a paginator", lambda: same(sorted(known), []))


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def waiters(a, check):
    """Each waiter of a served operation succeeds on what is there, and gives up on what is not."""
    quick = {"Delay": 1, "MaxAttempts": 1}
    absent, stack = "not-there", {"StackName": "paged-1"}
    roll = json.dumps({"Resources": {"P": {"Type": "AWS::IAM::Group", "Properties": {
        "GroupName": "rolled", "ManagedPolicyArns": [f"arn:aws:iam::{a.id}:policy/none"]}}}})
    stacks = a.own.cloudformation
    stacks.create_stack(StackName="rolled", TemplateBody=roll, Capabilities=["CAPABILITY_NAMED_IAM"])
    stacks.create_stack(StackName="gone", TemplateBody=json.dumps({"Resources": {"G": {"Type": "AWS::SNS::Topic"}}}))
    gone = stacks.describe_stacks(StackName="gone")["Stacks"][0]["StackId"]
    stacks.delete_stack(StackName="gone")
    stacks.update_stack(StackName="paged-2", TemplateBody=json.dumps({"Resources": {"Z": {"Type": "AWS::SNS::Topic"}}}))
    function = {"FunctionName": a.function}
    table = {
        ("iam", "UserExists"): ({"UserName": a.user}, {"UserName": absent}),
        ("iam", "RoleExists"): ({"RoleName": a.role}, {"RoleName": absent}),
        ("iam", "PolicyExists"): ({"PolicyArn": a.policies[0]}, {"PolicyArn": a.policies[0] + absent}),
        ("iam", "InstanceProfileExists"): ({"InstanceProfileName": "paged-0"}, {"InstanceProfileName": absent}),
        ("lambda", "FunctionExists"): (function, {"FunctionName": absent}),
        ("lambda", "FunctionActive"): (function, {"FunctionName": absent}),
        ("lambda", "FunctionActiveV2"): (function, {"FunctionName": absent}),
        ("lambda", "FunctionUpdated"): (function, {"FunctionName": absent}),
        ("lambda", "FunctionUpdatedV2"): (function, {"FunctionName": absent}),
        ("lambda", "PublishedVersionActive"): (function, {"FunctionName": absent}),
        ("cloudformation", "StackExists"): (stack, {"StackName": absent}),
        ("cloudformation", "StackCreateComplete"): (stack, {"StackName": "rolled"}),
        ("cloudformation", "StackDeleteComplete"): ({"StackName": gone}, stack),
        ("cloudformation", "StackUpdateComplete"): ({"StackName": "paged-2"}, {"StackName": absent}),
        ("cloudformation", "StackRollbackComplete"): (None, {"StackName": absent}),
        ("cloudformation", "StackImportComplete"): (None, {"StackName": absent}),
        ("cloudformation", "ChangeSetCreateComplete"): (
            {"StackName": "paged-0", "ChangeSetName": "change-0"}, {"StackName": "paged-0", "ChangeSetName": absent}),
    }
    for service in SERVICES:
        client = a.client(service)
        for name in client.waiter_names:
            waiter = client.get_waiter(name)
            key = (service, waiter.name)
            if key not in table:
                operation = waiter.config.operation
                check("left", f"{service} {waiter.name} is not served", lambda client=client, operation=operation:
                      same(is_served(client, operation, snake(client, operation)), False))
                continue
            there, missing = table.pop(key)

            def succeeds(waiter=waiter, there=there):
                if there is not None:
                    waiter.wait(**there, WaiterConfig=quick)

            def gives_up(waiter=waiter, missing=missing):
                try:
                    waiter.wait(**missing, WaiterConfig=quick)
                except botocore.exceptions.WaiterError:
                    return
                raise AssertionError("it found what is not there")
            check("wait", f"{service} {waiter.name}", lambda one=succeeds, two=gives_up: (one(), two()))
    check("left", "no scene without a waiter", lambda: same(sorted(table), []))


def exceptions(a, check):
    """Each modelled exception that can be provoked is raised as its class."""
    iam, sns, events = a.iam, a.sns, a.events
    functions, stacks, trail = a.own.awslambda, a.own.cloudformation, a.own.cloudtrail
    analyzers, tagging, logs = a.own.accessanalyzer, a.own.resourcegroupstaggingapi, a.own.logs
    grant = {"FunctionName": a.function, "StatementId": "s", "Action": "lambda:InvokeFunction",
             "Principal": "events.amazonaws.com"}
    functions.add_permission(**grant)
    iam.update_account_password_policy(MinimumPasswordLength=20)
    changes = {"StackName": "paged-0", "ChangeSetName": "change-0"}
    topic = f"arn:aws:sns:us-east-1:{a.id}:none"
    rows = [
        (iam, "NoSuchEntityException", lambda: iam.get_user(UserName="none")),
        (iam, "EntityAlreadyExistsException", lambda: iam.create_user(UserName=a.user)),
        (iam, "DeleteConflictException", lambda: iam.delete_user(UserName=a.user)),
        (iam, "LimitExceededException", lambda: iam.create_access_key(UserName=a.user)),
        (iam, "MalformedPolicyDocumentException", lambda: iam.create_policy(PolicyName="bad", PolicyDocument="{")),
        (iam, "InvalidInputException", lambda: iam.tag_user(UserName=a.user, Tags=[TAGS[0], TAGS[0]])),
        (iam, "MalformedCertificateException", lambda: iam.upload_server_certificate(
            ServerCertificateName="bad", CertificateBody="x", PrivateKey="x")),
        (iam, "UnmodifiableEntityException", lambda: iam.delete_role(RoleName=iam.create_service_linked_role(
            AWSServiceName="access-analyzer.amazonaws.com")["Role"]["RoleName"])),
        (iam, "PasswordPolicyViolationException", lambda: iam.create_login_profile(UserName="paged-1", Password="short-1A")),
        (iam, "InvalidAuthenticationCodeException", lambda: iam.enable_mfa_device(
            UserName="paged-1", SerialNumber=iam.create_virtual_mfa_device(VirtualMFADeviceName="again")[
                "VirtualMFADevice"]["SerialNumber"], AuthenticationCode1="000000", AuthenticationCode2="000001")),
        (iam, "CredentialReportNotPresentException", iam.get_credential_report),
        (iam, "PolicyNotAttachableException", lambda: iam.attach_user_policy(
            UserName=a.user, PolicyArn="arn:aws:iam::aws:policy/aws-service-role/AccessAnalyzerServiceRolePolicy")),
        (a.assumer.sts, "MalformedPolicyDocumentException", lambda: a.assuming(Policy="{")),
        (a.assumer.sts, "PackedPolicyTooLargeException", lambda: a.assuming(
            Policy=policy({"Action": [f"iam:Action{number:04}" for number in range(140)]}))),
        (sns, "NotFoundException", lambda: sns.get_topic_attributes(TopicArn=topic)),
        (sns, "InvalidParameterException", lambda: sns.create_topic(Name="not a name")),
        (a.assumer.sns, "AuthorizationErrorException", lambda: a.assumer.sns.list_topics()),
        (events, "ResourceNotFoundException", lambda: events.describe_rule(Name="none")),
        (events, "LimitExceededException", lambda: events.put_targets(
            Rule="paged-0", Targets=[{"Id": "sixth", "Arn": a.function_arn}])),
        (functions, "ResourceNotFoundException", lambda: functions.get_function(FunctionName="none")),
        (functions, "ResourceConflictException", lambda: functions.add_permission(**grant)),
        (functions, "InvalidParameterValueException", lambda: functions.update_function_configuration(
            FunctionName=a.function, Runtime="python9.9")),
        (functions, "InvalidRequestContentException", lambda: functions.invoke(FunctionName=a.function, Payload="{")),
        (stacks, "AlreadyExistsException", lambda: stacks.create_stack(StackName="wide", TemplateBody=json.dumps(
            {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}))),
        (stacks, "InsufficientCapabilitiesException", lambda: stacks.create_stack(StackName="g", TemplateBody=json.dumps(
            {"Resources": {"G": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "g"}}}}))),
        (stacks, "ChangeSetNotFoundException", lambda: stacks.describe_change_set(**{**changes, "ChangeSetName": "none"})),
        (trail, "InvalidLookupAttributesException", lambda: trail.lookup_events(
            LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "maybe"}])),
        (trail, "InvalidTimeRangeException", lambda: trail.lookup_events(StartTime=2_000_000_000, EndTime=1_900_000_000)),
        (trail, "InvalidNextTokenException", lambda: trail.lookup_events(NextToken="none")),
        (trail, "TrailNotFoundException", lambda: trail.get_trail(Name="none")),
        (analyzers, "ResourceNotFoundException", lambda: analyzers.get_analyzer(analyzerName="none")),
        (analyzers, "ServiceQuotaExceededException", lambda: analyzers.create_analyzer(
            analyzerName="second", type="ACCOUNT")),
        (a.assumer.accessanalyzer, "AccessDeniedException", lambda: a.assumer.accessanalyzer.list_analyzers()),
        (analyzers, "ConflictException", lambda: analyzers.create_analyzer(analyzerName="outside", type="ACCOUNT")),
        (tagging, "InvalidParameterException", lambda: tagging.get_resources(PaginationToken="none")),
        (logs, "ResourceNotFoundException", lambda: logs.describe_log_streams(logGroupName="/aws/lambda/none")),
    ]
    for client, name, call in rows:
        def raised(client=client, name=name, call=call):
            try:
                answer = call()
            except getattr(client.exceptions, name):
                return
            raise AssertionError(f"it was answered: {answer}")
        check("raise", f"{client.meta.service_model.service_name} {name}", raised)


def main():
    options = arguments(__doc__.splitlines()[0]).parse_args()
    failed = []

    def check(word, name, run):
        try:
            run()
            print(f"{word:<6}  {name}")
        except Exception as error:  # pylint: disable=broad-except
            failed.append(name)
            print(f"FAIL    {name}: {type(error).__name__}: {error}")
    account = Account(options.endpoint_url)
    exceptions(account, check)
    paginators(account, check)
    waiters(account, check)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
