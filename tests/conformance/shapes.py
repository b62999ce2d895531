#!/usr/bin/env python3
"""Calls every operation the sandbox serves through boto3 and compares each answer with botocore's model.

    shapes.py --endpoint-url URL

boto3 itself forgives much: it skips elements it does not know and leaves out members that are missing. Here the bytes of
the answer are read again beside the model: every required member is there, every element is one the model knows, every
value has the model's type. Operations that can be paged are paged one item at a time and must give the same as whole;
waiters must end; refusals must be the exceptions the model declares. At last every operation of the models that
nothing here called is asked for, and must not be answered: what is served is checked.

One line per finding; exit code 1 when there is one.
"""

import base64
import datetime
import hashlib
import hmac
import io
import json
import re
import struct
import sys
import time
import xml.etree.ElementTree
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from lab import REGION, arguments

SERVICES = (
    "iam", "sts", "lambda", "sns", "events", "accessanalyzer", "resourcegroupstaggingapi", "cloudformation",
    "cloudtrail", "logs",
)
# What an endpoint answers to an operation it does not have.
# Unsigned operations of STS are refused before anybody looks which they are.
UNKNOWN = {"InvalidAction", "NotImplemented", "UnknownOperationException", "MissingAuthenticationToken"}

DOCUMENT = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"}],
})
WRITE_LOGS = json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
})
TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})
TAGS = [{"Key": "team", "Value": "red"}, {"Key": "term", "Value": ""}]


class Shapes:
    """Every answer of every client, compared with the model."""

    def __init__(self):
        self.findings, self.called = [], set()

    def find(self, where, what):
        line = f"{where}: {what}"
        if line not in self.findings:
            self.findings.append(line)

    def watch(self, client):
        service = client.meta.service_model.service_name
        client.meta.events.register(f"before-parse.{service}", self.before_parse)

    def before_parse(self, operation_model, response_dict, **_):
        service, name = operation_model.service_model.service_name, operation_model.name
        where = f"{service}.{name}"
        if response_dict["status_code"] >= 300:
            return
        self.called.add((service, name))
        shape, body = operation_model.output_shape, response_dict["body"]
        protocol = operation_model.service_model.metadata["protocol"]
        if shape is None or getattr(shape, "event_stream", None):
            return
        if protocol == "query":
            self.query(where, name, shape, body)
        elif "payload" in shape.serialization:
            pass
        else:
            document = json.loads(body or b"{}")
            members = {key: member for key, member in shape.members.items() if "location" not in member.serialization}
            self.json_structure(where, shape, document, members)

    def query(self, where, name, shape, body):
        root = plain(xml.etree.ElementTree.fromstring(body))
        if root.tag != f"{name}Response":
            return self.find(where, f"the answer is a {root.tag}")
        wrapper = shape.serialization.get("resultWrapper")
        found = root.find(wrapper) if wrapper else root
        if root.find("ResponseMetadata/RequestId") is None:
            self.find(where, "no request id")
        if found is None:
            return self.find(where, f"no {wrapper}")
        self.xml_structure(where, shape, found)

    def xml_structure(self, where, shape, element):
        known = {}
        for key, member in shape.members.items():
            name = member.serialization.get("name", key)
            flat = member.type_name == "list" and member.serialization.get("flattened")
            known[member.member.serialization.get("name", name) if flat else name] = (key, member)
        for child in element:
            if child.tag not in known:
                self.find(where, f"{shape.name} has no {child.tag}")
                continue
            key, member = known[child.tag]
            self.xml_value(f"{where} {key}", member, child)
        for name, (key, _) in known.items():
            if key in shape.required_members and element.find(name) is None:
                self.find(where, f"{shape.name} lacks {key}")

    def xml_value(self, where, shape, element):
        kind = shape.type_name
        if kind == "structure":
            return self.xml_structure(where, shape, element)
        if kind == "list":
            wanted = shape.member.serialization.get("name", "member")
            for item in element:
                if item.tag != wanted:
                    self.find(where, f"an item is called {item.tag}, not {wanted}")
                self.xml_value(where, shape.member, item)
            return None
        if kind == "map":
            for entry in element:
                if entry.tag != "entry" or {child.tag for child in entry} != {"key", "value"}:
                    self.find(where, "a map is no list of entries of key and value")
                    continue
                self.scalar(where, shape.key, entry.findtext("key"))
                self.xml_value(where, shape.value, entry.find("value"))
            return None
        return self.scalar(where, shape, element.text or "")

    def json_structure(self, where, shape, document, members):
        if not isinstance(document, dict):
            return self.find(where, f"{shape.name} is no object")
        known = {member.serialization.get("name", key): (key, member) for key, member in members.items()}
        for name, value in document.items():
            if name not in known:
                self.find(where, f"{shape.name} has no {name}")
            elif value is not None:
                self.json_value(f"{where} {name}", known[name][1], value)
            else:
                self.find(where, f"{name} is null")
        for name, (key, _) in known.items():
            if key in set(shape.required_members) - LEFT_OUT and name not in document:
                self.find(where, f"{shape.name} lacks {name}")

    def json_value(self, where, shape, value):
        kind = shape.type_name
        if kind == "structure":
            return self.json_structure(where, shape, value, shape.members)
        if kind == "list":
            if not isinstance(value, list):
                return self.find(where, "is no list")
            return [self.json_value(where, shape.member, item) for item in value]
        if kind == "map":
            if not isinstance(value, dict):
                return self.find(where, "is no map")
            return [self.json_value(where, shape.value, item) for item in value.values()]
        types = {
            "string": str, "boolean": bool, "integer": int, "long": int, "double": (int, float), "float": (int, float),
            "blob": str, "timestamp": (str, int, float),
        }
        if not isinstance(value, types[kind]) or (kind != "boolean" and isinstance(value, bool)):
            return self.find(where, f"{value!r} is no {kind}")
        if kind == "timestamp" and isinstance(value, str) != (shape.serialization.get("timestampFormat") == "iso8601"):
            return self.find(where, f"{value!r} is a timestamp in the wrong notation")
        return self.scalar(where, shape, value) if kind == "string" else None

    def scalar(self, where, shape, value):
        kind, good = shape.type_name, True
        if kind == "boolean":
            good = value in ("true", "false")
        elif kind in ("integer", "long"):
            good = re.fullmatch(r"-?\d+", value)
        elif kind == "timestamp":
            good = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)
        elif kind == "blob":
            good = base64.b64encode(base64.b64decode(value)).decode() == value
        elif kind == "string" and getattr(shape, "enum", None):
            good = value in shape.enum or shape.name in LOOSE
        if not good:
            self.find(where, f"{value!r} is no {kind} {getattr(shape, 'enum', '') or ''}".rstrip())


# Enumerations that AWS's own answers do not keep to: the boundary's type is `Policy` in the answers of `GetUser`, the
# simulator says `IAM Policy`, the events of a stack tell the stack's statuses among those of resources, and a function
# that is being updated is `Creating`.
LOOSE = {"PermissionsBoundaryAttachmentType", "PolicySourceType", "ResourceStatus", "LastUpdateStatusReasonCode"}
# Members that the model requires and AWS leaves out all the same: of a function without a signing configuration.
LEFT_OUT = {"CodeSigningConfigArn"}


def plain(element):
    """The same tree without namespaces."""
    for node in element.iter():
        node.tag = node.tag.rpartition("}")[2]
    return element


class Tour:
    """Clients of one endpoint, and how they are used."""

    def __init__(self, endpoint_url):
        self.endpoint_url, self.shapes = endpoint_url, Shapes()
        self.use(boto3.session.Session(region_name=REGION))

    def use(self, session):
        config = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=5, read_timeout=60)
        self.clients = {name: session.client(name, endpoint_url=self.endpoint_url, config=config) for name in SERVICES}
        for client in self.clients.values():
            self.shapes.watch(client)

    def call(self, client, operation, **parameters):
        """Calls an operation once."""
        return getattr(client, operation)(**parameters)

    def pages(self, client, operation, *keys, **parameters):
        """Pages one by one, which must give what one page gives."""
        where = f"{client.meta.service_model.service_name}.{operation}"
        if not client.can_paginate(operation):
            self.shapes.find(where, "has no paginator")
            return None

        def read(config):
            return client.get_paginator(operation).paginate(PaginationConfig=config, **parameters).build_full_result()

        whole, single = read({}), read({"PageSize": 1})
        for key in keys:
            if whole.get(key) != single.get(key):
                self.shapes.find(where, f"{key} differs when paged one by one")
            if not whole.get(key):
                self.shapes.find(where, f"{key} is empty, so that paging shows nothing")
        return whole

    def refused(self, client, operation, exception, **parameters):
        """Expects the exception of a name, as the client knows it."""
        where = f"{client.meta.service_model.service_name}.{operation}"
        try:
            getattr(client, operation)(**parameters)
            self.shapes.find(where, f"was not refused with {exception}")
        except getattr(client.exceptions, exception):
            pass
        except ClientError as error:
            self.shapes.find(where, f"refused with {error.response['Error']['Code']}, not as {exception}")

    def wait(self, client, waiter, **parameters):
        try:
            client.get_waiter(waiter).wait(WaiterConfig={"Delay": 1, "MaxAttempts": 10}, **parameters)
        except WaiterError as error:
            self.shapes.find(f"{client.meta.service_model.service_name} waiter {waiter}", error)

    def unchecked(self):
        """Asks for every operation of the models that nothing called."""
        for name, client in self.clients.items():
            model = client.meta.service_model
            config = Config(parameter_validation=False, retries={"max_attempts": 0, "mode": "standard"})
            bare = boto3.session.Session(region_name=REGION).client(name, endpoint_url=self.endpoint_url, config=config)
            names = {model_name: python for python, model_name in bare.meta.method_to_api_mapping.items()}
            for operation in model.operation_names:
                if (name, operation) in self.shapes.called or operation not in names:
                    continue
                shape = model.operation_model(operation).input_shape
                uri = {key: "x" for key, member in (shape.members.items() if shape else ())
                       if member.serialization.get("location") == "uri"}
                try:
                    getattr(bare, names[operation])(**uri)
                    code = "an answer"
                except ClientError as error:
                    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
                    if code in UNKNOWN or status == 501:
                        continue
                except Exception:  # a request that botocore cannot make says nothing of the endpoint
                    continue
                self.shapes.find(f"{name}.{operation}", f"is served ({code}) and not checked")


def totp(seed, step):
    """A code of a virtual MFA device (RFC 6238)."""
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def archive():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("main.py", "def handler(event, context):\n    return event\n")
    return data.getvalue()


def administrator(tour):
    """Goes on as an IAM user: the root user may not assume roles."""
    iam = tour.clients["iam"]
    iam.create_user(UserName="shapes-admin")
    iam.attach_user_policy(UserName="shapes-admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="shapes-admin")["AccessKey"]
    tour.use(boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION))
    return key["AccessKeyId"]


def users(tour, iam):
    for name in ("shapes-a", "shapes-b"):
        tour.call(iam, "create_user", UserName=name, Tags=TAGS, Path="/shapes/")
        tour.wait(iam, "user_exists", UserName=name)
    user = {"UserName": "shapes-a"}
    tour.refused(iam, "create_user", "EntityAlreadyExistsException", **user)
    tour.refused(iam, "get_user", "NoSuchEntityException", UserName="shapes-none")
    tour.call(iam, "get_user", **user)
    tour.call(iam, "update_user", **user, NewPath="/shapes/new/")
    tour.pages(iam, "list_users", "Users", PathPrefix="/shapes/")
    tour.call(iam, "tag_user", **user, Tags=[{"Key": "k", "Value": "v"}])
    tour.pages(iam, "list_user_tags", "Tags", **user)
    tour.call(iam, "untag_user", **user, TagKeys=["k"])
    for name in ("i", "j"):
        tour.call(iam, "put_user_policy", **user, PolicyName=name, PolicyDocument=DOCUMENT)
    tour.refused(iam, "put_user_policy", "MalformedPolicyDocumentException", **user, PolicyName="x", PolicyDocument="{}")
    tour.call(iam, "get_user_policy", **user, PolicyName="i")
    tour.pages(iam, "list_user_policies", "PolicyNames", **user)
    for arn in ("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/IAMReadOnlyAccess"):
        tour.call(iam, "attach_user_policy", **user, PolicyArn=arn)
    tour.pages(iam, "list_attached_user_policies", "AttachedPolicies", **user)
    tour.call(iam, "put_user_permissions_boundary", **user, PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    tour.refused(iam, "delete_user", "DeleteConflictException", **user)

    tour.call(iam, "create_login_profile", **user, Password="Passw0rd-Shapes", PasswordResetRequired=True)
    tour.refused(iam, "update_login_profile", "PasswordPolicyViolationException", **user, Password="short")
    tour.call(iam, "update_login_profile", **user, Password="Passw0rd-Shapes-2")
    tour.call(iam, "get_login_profile", **user)
    for _ in range(2):
        key = tour.call(iam, "create_access_key", **user)["AccessKey"]["AccessKeyId"]
    tour.refused(iam, "create_access_key", "LimitExceededException", **user)
    tour.call(iam, "update_access_key", **user, AccessKeyId=key, Status="Inactive")
    tour.call(iam, "get_access_key_last_used", AccessKeyId=key)
    tour.pages(iam, "list_access_keys", "AccessKeyMetadata", **user)

    for name in ("shapes-m", "shapes-n"):
        made = tour.call(iam, "create_virtual_mfa_device", VirtualMFADeviceName=name, Tags=TAGS)["VirtualMFADevice"]
        seed, serial = made["Base32StringSeed"].decode(), {"SerialNumber": made["SerialNumber"]}
        if not made.get("QRCodePNG", b"").startswith(b"\x89PNG"):
            tour.shapes.find("iam.create_virtual_mfa_device", "QRCodePNG is no PNG")
        step = int(time.time()) // 30
        codes = {"AuthenticationCode1": totp(seed, step - 1), "AuthenticationCode2": totp(seed, step)}
        tour.call(iam, "enable_mfa_device", **user, **serial, **codes)
    tour.refused(iam, "resync_mfa_device", "InvalidAuthenticationCodeException", **user, **serial,
                 AuthenticationCode1="000000", AuthenticationCode2="000001")
    codes = {"AuthenticationCode1": totp(seed, step + 1), "AuthenticationCode2": totp(seed, step + 2)}
    tour.call(iam, "resync_mfa_device", **user, **serial, **codes)
    tour.call(iam, "get_mfa_device", **user, **serial)
    tour.pages(iam, "list_mfa_devices", "MFADevices", **user)
    tour.pages(iam, "list_virtual_mfa_devices", "VirtualMFADevices")
    tour.call(iam, "tag_mfa_device", **serial, Tags=[{"Key": "k", "Value": "v"}])
    tour.pages(iam, "list_mfa_device_tags", "Tags", **serial)
    tour.call(iam, "untag_mfa_device", **serial, TagKeys=["k"])

    key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 shapes"
    for text in (key, key + "2"):
        ssh = tour.call(iam, "upload_ssh_public_key", **user, SSHPublicKeyBody=text)["SSHPublicKey"]["SSHPublicKeyId"]
    tour.call(iam, "get_ssh_public_key", **user, SSHPublicKeyId=ssh, Encoding="SSH")
    tour.call(iam, "update_ssh_public_key", **user, SSHPublicKeyId=ssh, Status="Inactive")
    tour.pages(iam, "list_ssh_public_keys", "SSHPublicKeys", **user)
    tour.call(iam, "delete_ssh_public_key", **user, SSHPublicKeyId=ssh)
    pem = "-----BEGIN CERTIFICATE-----\nMIIB{}\n-----END CERTIFICATE-----"
    for text in ("AAAA", "BBBB"):
        made = tour.call(iam, "upload_signing_certificate", **user, CertificateBody=pem.format(text))["Certificate"]
    certificate = {"CertificateId": made["CertificateId"]}
    tour.call(iam, "update_signing_certificate", **user, **certificate, Status="Inactive")
    tour.pages(iam, "list_signing_certificates", "Certificates", **user)
    tour.call(iam, "delete_signing_certificate", **user, **certificate)
    made = tour.call(iam, "create_service_specific_credential", **user, ServiceName="codecommit.amazonaws.com")
    credential = {"ServiceSpecificCredentialId": made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]}
    tour.call(iam, "list_service_specific_credentials", **user)
    tour.call(iam, "update_service_specific_credential", **user, **credential, Status="Inactive")
    tour.call(iam, "reset_service_specific_credential", **user, **credential)
    tour.call(iam, "delete_service_specific_credential", **user, **credential)


def own_password(tour, iam):
    """A user changes its own password."""
    iam.create_user(UserName="shapes-own")
    iam.attach_user_policy(UserName="shapes-own", PolicyArn="arn:aws:iam::aws:policy/IAMUserChangePassword")
    iam.create_login_profile(UserName="shapes-own", Password="Passw0rd-Shapes")
    key = iam.create_access_key(UserName="shapes-own")["AccessKey"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    own = session.client("iam", endpoint_url=tour.endpoint_url)
    tour.shapes.watch(own)
    tour.call(own, "change_password", OldPassword="Passw0rd-Shapes", NewPassword="Passw0rd-Shapes-2")


def groups(tour, iam):
    for name in ("shapes-g", "shapes-h"):
        tour.call(iam, "create_group", GroupName=name, Path="/shapes/")
        for user in ("shapes-a", "shapes-b"):
            tour.call(iam, "add_user_to_group", GroupName=name, UserName=user)
    group = {"GroupName": "shapes-g"}
    tour.call(iam, "update_group", **group, NewPath="/shapes/new/")
    tour.pages(iam, "get_group", "Users", **group)
    tour.pages(iam, "list_groups", "Groups", PathPrefix="/shapes/")
    tour.pages(iam, "list_groups_for_user", "Groups", UserName="shapes-a")
    for name in ("i", "j"):
        tour.call(iam, "put_group_policy", **group, PolicyName=name, PolicyDocument=DOCUMENT)
    tour.call(iam, "get_group_policy", **group, PolicyName="i")
    tour.pages(iam, "list_group_policies", "PolicyNames", **group)
    for arn in ("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/IAMReadOnlyAccess"):
        tour.call(iam, "attach_group_policy", **group, PolicyArn=arn)
    tour.pages(iam, "list_attached_group_policies", "AttachedPolicies", **group)


def policies(tour, iam):
    for name in ("shapes-p", "shapes-q"):
        made = tour.call(iam, "create_policy", PolicyName=name, PolicyDocument=DOCUMENT, Tags=TAGS, Description="d")
        policy = {"PolicyArn": made["Policy"]["Arn"]}
    tour.wait(iam, "policy_exists", **policy)
    tour.call(iam, "get_policy", **policy)
    tour.call(iam, "create_policy_version", **policy, PolicyDocument=DOCUMENT)
    tour.call(iam, "get_policy_version", **policy, VersionId="v1")
    tour.pages(iam, "list_policy_versions", "Versions", **policy)
    tour.refused(iam, "delete_policy", "DeleteConflictException", **policy)
    tour.call(iam, "set_default_policy_version", **policy, VersionId="v2")
    tour.call(iam, "delete_policy_version", **policy, VersionId="v1")
    tour.pages(iam, "list_policies", "Policies", Scope="Local")
    tour.call(iam, "tag_policy", **policy, Tags=[{"Key": "k", "Value": "v"}])
    tour.pages(iam, "list_policy_tags", "Tags", **policy)
    tour.call(iam, "untag_policy", **policy, TagKeys=["k"])
    for user in ("shapes-a", "shapes-b"):
        tour.call(iam, "attach_user_policy", UserName=user, **policy)
    tour.pages(iam, "list_entities_for_policy", "PolicyUsers", **policy)
    for user in ("shapes-a", "shapes-b"):
        tour.call(iam, "detach_user_policy", UserName=user, **policy)
    tour.call(iam, "delete_policy", **policy)


def roles(tour, iam):
    for name in ("shapes-r", "shapes-s"):
        tour.call(iam, "create_role", RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=TAGS, Path="/shapes/")
        tour.wait(iam, "role_exists", RoleName=name)
    role = {"RoleName": "shapes-r"}
    tour.call(iam, "get_role", **role)
    tour.call(iam, "update_role", **role, Description="d", MaxSessionDuration=7200)
    tour.call(iam, "update_role_description", **role, Description="e")
    tour.call(iam, "update_assume_role_policy", **role, PolicyDocument=TRUST)
    tour.pages(iam, "list_roles", "Roles", PathPrefix="/shapes/")
    tour.call(iam, "tag_role", **role, Tags=[{"Key": "k", "Value": "v"}])
    tour.pages(iam, "list_role_tags", "Tags", **role)
    tour.call(iam, "untag_role", **role, TagKeys=["k"])
    for name in ("i", "j"):
        tour.call(iam, "put_role_policy", **role, PolicyName=name, PolicyDocument=DOCUMENT)
    tour.call(iam, "get_role_policy", **role, PolicyName="i")
    tour.pages(iam, "list_role_policies", "PolicyNames", **role)
    for arn in ("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/IAMReadOnlyAccess"):
        tour.call(iam, "attach_role_policy", **role, PolicyArn=arn)
    tour.pages(iam, "list_attached_role_policies", "AttachedPolicies", **role)
    tour.call(iam, "put_role_permissions_boundary", **role, PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")

    for name in ("shapes-x", "shapes-y"):
        tour.call(iam, "create_instance_profile", InstanceProfileName=name, Tags=TAGS)
        tour.wait(iam, "instance_profile_exists", InstanceProfileName=name)
        tour.call(iam, "add_role_to_instance_profile", InstanceProfileName=name, **role)
    profile = {"InstanceProfileName": "shapes-x"}
    tour.call(iam, "get_instance_profile", **profile)
    tour.pages(iam, "list_instance_profiles", "InstanceProfiles")
    tour.pages(iam, "list_instance_profiles_for_role", "InstanceProfiles", **role)
    tour.call(iam, "tag_instance_profile", **profile, Tags=[{"Key": "k", "Value": "v"}])
    tour.pages(iam, "list_instance_profile_tags", "Tags", **profile)
    tour.call(iam, "untag_instance_profile", **profile, TagKeys=["k"])

    made = tour.call(iam, "create_service_linked_role", AWSServiceName="access-analyzer.amazonaws.com")["Role"]
    tour.refused(iam, "delete_role", "UnmodifiableEntityException", RoleName=made["RoleName"])
    task = tour.call(iam, "delete_service_linked_role", RoleName=made["RoleName"])["DeletionTaskId"]
    tour.call(iam, "get_service_linked_role_deletion_status", DeletionTaskId=task)


def providers(tour, iam):
    metadata = "<EntityDescriptor>" + " " * 1000 + "</EntityDescriptor>"
    saml = {"SAMLProviderArn": tour.call(iam, "create_saml_provider", Name="shapes", SAMLMetadataDocument=metadata, Tags=TAGS)["SAMLProviderArn"]}
    tour.call(iam, "get_saml_provider", **saml)
    tour.call(iam, "list_saml_providers")
    tour.call(iam, "update_saml_provider", **saml, SAMLMetadataDocument=metadata)
    tour.call(iam, "tag_saml_provider", **saml, Tags=[{"Key": "k", "Value": "v"}])
    tour.pages(iam, "list_saml_provider_tags", "Tags", **saml)
    tour.call(iam, "untag_saml_provider", **saml, TagKeys=["k"])
    tour.call(iam, "delete_saml_provider", **saml)
    tour.refused(iam, "get_saml_provider", "NoSuchEntityException", **saml)
    prints = ["a" * 40]
    made = tour.call(iam, "create_open_id_connect_provider", Url="https://idp.example.com/x", ClientIDList=["c"], ThumbprintList=prints, Tags=TAGS)
    oidc = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    tour.call(iam, "get_open_id_connect_provider", **oidc)
    tour.call(iam, "list_open_id_connect_providers")
    tour.call(iam, "add_client_id_to_open_id_connect_provider", **oidc, ClientID="d")
    tour.call(iam, "remove_client_id_from_open_id_connect_provider", **oidc, ClientID="c")
    tour.call(iam, "update_open_id_connect_provider_thumbprint", **oidc, ThumbprintList=prints)
    tour.call(iam, "tag_open_id_connect_provider", **oidc, Tags=[{"Key": "k", "Value": "v"}])
    tour.pages(iam, "list_open_id_connect_provider_tags", "Tags", **oidc)
    tour.call(iam, "untag_open_id_connect_provider", **oidc, TagKeys=["k"])
    tour.call(iam, "delete_open_id_connect_provider", **oidc)
    pem = "-----BEGIN {0}-----\nMIIB\n-----END {0}-----"
    body, key = pem.format("CERTIFICATE"), pem.format("PRIVATE KEY")
    for name in ("shapes-c", "shapes-d"):
        tour.call(iam, "upload_server_certificate", ServerCertificateName=name, CertificateBody=body, PrivateKey=key, CertificateChain=body, Tags=TAGS)
    certificate = {"ServerCertificateName": "shapes-c"}
    tour.call(iam, "get_server_certificate", **certificate)
    tour.pages(iam, "list_server_certificates", "ServerCertificateMetadataList")
    tour.call(iam, "tag_server_certificate", **certificate, Tags=[{"Key": "k", "Value": "v"}])
    tour.pages(iam, "list_server_certificate_tags", "Tags", **certificate)
    tour.call(iam, "untag_server_certificate", **certificate, TagKeys=["k"])
    tour.call(iam, "update_server_certificate", **certificate, NewPath="/shapes/")
    tour.call(iam, "delete_server_certificate", **certificate)


def account(tour, iam, arn):
    tour.refused(iam, "get_account_password_policy", "NoSuchEntityException")
    tour.call(iam, "update_account_password_policy", MaxPasswordAge=90, PasswordReusePrevention=3, HardExpiry=True)
    tour.call(iam, "get_account_password_policy")
    tour.call(iam, "delete_account_password_policy")
    tour.call(iam, "create_account_alias", AccountAlias="shapes-lab")
    tour.call(iam, "list_account_aliases")
    tour.call(iam, "delete_account_alias", AccountAlias="shapes-lab")
    summary = tour.call(iam, "get_account_summary")["SummaryMap"]
    if not summary.get("Users"):
        tour.shapes.find("iam.get_account_summary", f"counts {summary.get('Users')} users")
    tour.pages(iam, "get_account_authorization_details", "UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    tour.call(iam, "set_security_token_service_preferences", GlobalEndpointTokenVersion="v2Token")
    tour.refused(iam, "get_credential_report", "CredentialReportNotPresentException")
    while tour.call(iam, "generate_credential_report")["State"] != "COMPLETE":
        time.sleep(0.1)
    report = tour.call(iam, "get_credential_report")["Content"]
    if not report.startswith(b"user,arn,"):
        tour.shapes.find("iam.get_credential_report", "is no report")
    actions = ["iam:GetUser", "iam:CreateUser"]
    source = {"PolicySourceArn": arn}
    tour.pages(iam, "simulate_principal_policy", "EvaluationResults", **source, ActionNames=actions)
    tour.call(iam, "simulate_principal_policy", **source, ActionNames=actions, ResourceArns=[arn, arn + "x"])
    tour.pages(iam, "simulate_custom_policy", "EvaluationResults", PolicyInputList=[DOCUMENT], ActionNames=actions,
               PermissionsBoundaryPolicyInputList=[DOCUMENT])
    tour.call(iam, "get_context_keys_for_principal_policy", **source)
    tour.call(iam, "get_context_keys_for_custom_policy", PolicyInputList=[DOCUMENT])
    job = {"JobId": tour.call(iam, "generate_service_last_accessed_details", Arn=arn)["JobId"]}
    services = tour.call(iam, "get_service_last_accessed_details", **job, MaxItems=1000)["ServicesLastAccessed"]
    if "LastAuthenticated" not in {service["ServiceNamespace"]: service for service in services}.get("iam", {}):
        tour.shapes.find("iam.get_service_last_accessed_details", "does not tell when iam was called")
    if not tour.call(iam, "get_service_last_accessed_details", **job, MaxItems=1)["IsTruncated"]:
        tour.shapes.find("iam.get_service_last_accessed_details", "is not paged")
    tour.call(iam, "get_service_last_accessed_details_with_entities", **job, ServiceNamespace="iam")
    tour.call(iam, "list_policies_granting_service_access", Arn=arn, ServiceNamespaces=["iam", "s3"])
    # The account is in no organization, and AWS answers so.
    tour.refused(iam, "list_organizations_features", "OrganizationNotFoundException")
    tour.shapes.called.add(("iam", "ListOrganizationsFeatures"))


def tidy(tour, iam):
    user, group, role = {"UserName": "shapes-a"}, {"GroupName": "shapes-g"}, {"RoleName": "shapes-r"}
    arn = {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    tour.call(iam, "delete_user_permissions_boundary", **user)
    tour.call(iam, "detach_user_policy", **user, **arn)
    tour.call(iam, "delete_user_policy", **user, PolicyName="i")
    tour.call(iam, "delete_login_profile", **user)
    for key in iam.list_access_keys(**user)["AccessKeyMetadata"]:
        tour.call(iam, "delete_access_key", **user, AccessKeyId=key["AccessKeyId"])
    for device in iam.list_mfa_devices(**user)["MFADevices"]:
        serial = {"SerialNumber": device["SerialNumber"]}
        tour.call(iam, "deactivate_mfa_device", **user, **serial)
        tour.call(iam, "delete_virtual_mfa_device", **serial)
    tour.call(iam, "remove_user_from_group", **group, **user)
    tour.call(iam, "detach_group_policy", **group, **arn)
    tour.call(iam, "delete_group_policy", **group, PolicyName="i")
    tour.call(iam, "remove_role_from_instance_profile", InstanceProfileName="shapes-x", **role)
    tour.call(iam, "delete_instance_profile", InstanceProfileName="shapes-x")
    tour.call(iam, "delete_role_permissions_boundary", **role)
    tour.call(iam, "detach_role_policy", **role, **arn)
    tour.call(iam, "delete_role_policy", **role, PolicyName="i")
    tour.call(iam, "delete_role", RoleName="shapes-s")
    iam.create_user(UserName="shapes-gone")
    tour.call(iam, "delete_user", UserName="shapes-gone")
    iam.create_group(GroupName="shapes-gone")
    tour.call(iam, "delete_group", GroupName="shapes-gone")


def tokens(tour, sts, iam, key):
    me = tour.call(sts, "get_caller_identity")
    tour.call(sts, "get_access_key_info", AccessKeyId=key)
    tour.call(sts, "get_session_token", DurationSeconds=900)
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": me["Account"]}, "Action": "sts:AssumeRole"}]})
    role = iam.create_role(RoleName="shapes-assumed", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    tour.call(sts, "assume_role", RoleArn=role, RoleSessionName="shapes")
    return me["Arn"]


def functions(tour, client, iam):
    role = iam.get_role(RoleName="shapes-s")["Role"]["Arn"]
    iam.put_role_policy(RoleName="shapes-s", PolicyName="logs", PolicyDocument=WRITE_LOGS)
    for name in ("shapes-f", "shapes-e"):
        made = tour.call(client, "create_function", FunctionName=name, Runtime="python3.12", Role=role, Handler="main.handler",
                         Code={"ZipFile": archive()}, Tags={"team": "red"}, Environment={"Variables": {"KEY": "b"}})
        tour.wait(client, "function_active_v2", FunctionName=name)
    function, arn = {"FunctionName": name}, {"Resource": made["FunctionArn"]}
    tour.refused(client, "get_function", "ResourceNotFoundException", FunctionName="shapes-none")
    tour.refused(client, "create_function", "ResourceConflictException", **function, Runtime="python3.12", Role=role,
                 Handler="main.handler", Code={"ZipFile": archive()})
    tour.call(client, "update_function_configuration", **function, Timeout=5)
    tour.wait(client, "function_updated_v2", **function)
    tour.call(client, "update_function_code", **function, ZipFile=archive())
    for operation in ("get_function", "get_function_configuration", "get_function_concurrency",
                      "get_function_code_signing_config"):
        tour.call(client, operation, **function)
    tour.pages(client, "list_functions", "Functions")
    tour.pages(client, "list_versions_by_function", "Versions", **function)
    tour.call(client, "list_aliases", **function)
    tour.call(client, "add_permission", **function, StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com")
    tour.call(client, "get_policy", **function)
    tour.call(client, "remove_permission", **function, StatementId="s")
    tour.call(client, "tag_resource", **arn, Tags={"k": "v"})
    tour.call(client, "list_tags", **arn)
    tour.call(client, "untag_resource", **arn, TagKeys=["k"])
    tour.call(client, "invoke", **function, InvocationType="DryRun")
    ran = run(client, function)
    iam.delete_role_policy(RoleName="shapes-s", PolicyName="logs")
    tour.call(client, "delete_function", **function)
    return f"/aws/lambda/{name}" if ran else None


def run(client, function):
    """Runs the function, so that there are logs; not every machine can."""
    try:
        return "FunctionError" not in client.invoke(**function, Payload=b"{}")
    except ClientError:
        return False


def topics(tour, client):
    for name in ("shapes-t", "shapes-u"):
        arn = tour.call(client, "create_topic", Name=name, Tags=TAGS)["TopicArn"]
        for address in ("a@example.com", "b@example.com"):
            made = tour.call(client, "subscribe", TopicArn=arn, Protocol="email", Endpoint=address, ReturnSubscriptionArn=True)
    topic, subscription = {"TopicArn": arn}, {"SubscriptionArn": made["SubscriptionArn"]}
    tour.call(client, "get_topic_attributes", **topic)
    tour.call(client, "set_topic_attributes", **topic, AttributeName="DisplayName", AttributeValue="d")
    tour.refused(client, "get_topic_attributes", "NotFoundException", TopicArn=arn + "x")
    tour.call(client, "publish", **topic, Message="m", Subject="s")
    for operation, key in (("list_topics", "Topics"), ("list_subscriptions", "Subscriptions")):
        if not client.get_paginator(operation).paginate().build_full_result()[key]:
            tour.shapes.find(f"sns.{operation}", "lists nothing")
    tour.call(client, "list_subscriptions_by_topic", **topic)
    tour.call(client, "get_subscription_attributes", **subscription)
    tour.call(client, "set_subscription_attributes", **subscription, AttributeName="RawMessageDelivery", AttributeValue="true")
    tour.refused(client, "confirm_subscription", "InvalidParameterException", **topic, Token="none")
    # The token goes to the endpoint; who has it is confirmed elsewhere.
    tour.shapes.called.add(("sns", "ConfirmSubscription"))
    tour.call(client, "tag_resource", ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    tour.call(client, "list_tags_for_resource", ResourceArn=arn)
    tour.call(client, "untag_resource", ResourceArn=arn, TagKeys=["k"])
    tour.call(client, "unsubscribe", **subscription)
    tour.call(client, "delete_topic", **topic)


def rules(tour, client):
    for name in ("shapes-r", "shapes-s"):
        arn = tour.call(client, "put_rule", Name=name, ScheduleExpression="rate(1 day)", Tags=TAGS)["RuleArn"]
    rule, target = {"Rule": name}, "arn:aws:lambda:us-east-1:123456789012:function:x"
    tour.call(client, "describe_rule", Name=name)
    tour.refused(client, "describe_rule", "ResourceNotFoundException", Name="shapes-none")
    tour.call(client, "disable_rule", Name=name)
    tour.call(client, "enable_rule", Name=name)
    tour.pages(client, "list_rules", "Rules")
    tour.call(client, "put_targets", **rule, Targets=[{"Id": "1", "Arn": target}, {"Id": "2", "Arn": target}])
    tour.pages(client, "list_targets_by_rule", "Targets", **rule)
    tour.pages(client, "list_rule_names_by_target", "RuleNames", TargetArn=target)
    tour.call(client, "remove_targets", **rule, Ids=["1", "2"])
    tour.call(client, "tag_resource", ResourceARN=arn, Tags=[{"Key": "k", "Value": "v"}])
    tour.call(client, "list_tags_for_resource", ResourceARN=arn)
    tour.call(client, "untag_resource", ResourceARN=arn, TagKeys=["k"])
    tour.call(client, "delete_rule", Name=name)


def analyzers(tour, client):
    arn = tour.call(client, "create_analyzer", analyzerName="shapes", type="ACCOUNT", tags={"team": "red"})["arn"]
    tour.call(client, "get_analyzer", analyzerName="shapes")
    tour.refused(client, "get_analyzer", "ResourceNotFoundException", analyzerName="shapes-none")
    tour.pages(client, "list_analyzers", "analyzers")
    tour.call(client, "list_findings", analyzerArn=arn)
    tour.call(client, "list_findings_v2", analyzerArn=arn)
    tour.call(client, "tag_resource", resourceArn=arn, tags={"k": "v"})
    tour.call(client, "list_tags_for_resource", resourceArn=arn)
    tour.call(client, "untag_resource", resourceArn=arn, tagKeys=["k"])
    tour.call(client, "delete_analyzer", analyzerName="shapes")


def tagging(tour, client):
    tour.pages(client, "get_resources", "ResourceTagMappingList")
    tour.call(client, "get_tag_keys")
    tour.call(client, "get_tag_values", Key="team")


def stacks(tour, client):
    template = lambda name: json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}},
                                        "Outputs": {"O": {"Value": {"Ref": "T"}}}})
    stack = {"StackName": "shapes"}
    tour.call(client, "validate_template", TemplateBody=template("a"))
    tour.call(client, "create_stack", **stack, TemplateBody=template("shapes-1"), Tags=TAGS[:1])
    tour.wait(client, "stack_create_complete", **stack)
    tour.refused(client, "create_stack", "AlreadyExistsException", **stack, TemplateBody=template("a"))
    tour.call(client, "update_stack", **stack, TemplateBody=template("shapes-2"))
    tour.call(client, "create_change_set", **stack, ChangeSetName="c", TemplateBody=template("shapes-3"))
    tour.wait(client, "change_set_create_complete", **stack, ChangeSetName="c")
    tour.call(client, "describe_change_set", **stack, ChangeSetName="c")
    tour.call(client, "list_change_sets", **stack)
    tour.call(client, "execute_change_set", **stack, ChangeSetName="c")
    tour.call(client, "create_change_set", **stack, ChangeSetName="d", TemplateBody=template("shapes-4"))
    tour.call(client, "delete_change_set", **stack, ChangeSetName="d")
    for operation in ("describe_stacks", "describe_stack_events", "describe_stack_resources", "list_stack_resources", "get_template"):
        tour.call(client, operation, **stack)
    tour.call(client, "list_stacks")
    tour.call(client, "update_termination_protection", **stack, EnableTerminationProtection=False)
    tour.call(client, "delete_stack", **stack)


def trail(tour, client):
    now = datetime.datetime.now(datetime.timezone.utc)
    events = tour.call(client, "lookup_events", StartTime=now - datetime.timedelta(hours=1), MaxResults=10)["Events"]
    if not events or "CloudTrailEvent" not in events[0]:
        tour.shapes.find("cloudtrail.lookup_events", "tells no events")
    tour.call(client, "describe_trails")
    tour.call(client, "list_trails")
    tour.call(client, "list_event_data_stores")
    # The account has no trail, and none can be made.
    arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/none"
    refusals = {
        "get_trail": {"Name": arn}, "get_trail_status": {"Name": arn}, "get_event_selectors": {"TrailName": arn},
        "get_insight_selectors": {"TrailName": arn}, "list_tags": {"ResourceIdList": [arn]},
    }
    for operation, parameters in refusals.items():
        exception = "ResourceNotFoundException" if operation == "list_tags" else "TrailNotFoundException"
        tour.refused(client, operation, exception, **parameters)
        tour.shapes.called.add(("cloudtrail", client.meta.method_to_api_mapping[operation]))


def logs(tour, client, group):
    operations = {
        "describe_log_streams": {}, "filter_log_events": {}, "get_log_events": {"logStreamName": "none"},
    }
    if group is None:
        for operation, more in operations.items():
            tour.refused(client, operation, "ResourceNotFoundException", logGroupName="/aws/lambda/none", **more)
            tour.shapes.called.add(("logs", client.meta.method_to_api_mapping[operation]))
        return tour.call(client, "describe_log_groups")
    group = {"logGroupName": group}
    tour.pages(client, "describe_log_groups", "logGroups")
    stream = tour.pages(client, "describe_log_streams", "logStreams", **group)["logStreams"][0]
    tour.pages(client, "filter_log_events", "events", **group)
    return tour.call(client, "get_log_events", **group, logStreamName=stream["logStreamName"])


def main():
    options = arguments(__doc__.splitlines()[0]).parse_args()
    tour = Tour(options.endpoint_url)
    key = administrator(tour)
    of = tour.clients
    iam = of["iam"]
    steps = [
        lambda: users(tour, iam), lambda: own_password(tour, iam), lambda: groups(tour, iam), lambda: policies(tour, iam),
        lambda: roles(tour, iam), lambda: providers(tour, iam),
        lambda: account(tour, iam, tokens(tour, of["sts"], iam, key)),
        lambda: logs(tour, of["logs"], functions(tour, of["lambda"], iam)), lambda: topics(tour, of["sns"]), lambda: rules(tour, of["events"]),
        lambda: analyzers(tour, of["accessanalyzer"]), lambda: tagging(tour, of["resourcegroupstaggingapi"]),
        lambda: stacks(tour, of["cloudformation"]), lambda: trail(tour, of["cloudtrail"]),
        lambda: tidy(tour, iam), tour.unchecked,
    ]
    for step in steps:
        try:
            step()
        except ClientError as error:
            tour.shapes.find(error.operation_name, error)
    for line in tour.shapes.findings:
        print(line)
    print(f"{len(tour.shapes.called)} operations called, {len(tour.shapes.findings)} findings", file=sys.stderr)
    return 1 if tour.shapes.findings else 0


if __name__ == "__main__":
    sys.exit(main())
