"""What the conformance programs share: the lab's names, its clients, and policies compared by meaning."""

import argparse
import json
import os
import pathlib
import urllib.parse

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = "iam-auditing"
TAG = "iamlab:scenario"
PATH = f"/iamlab/{SCENARIO}/"
REGION = "us-east-1"

USERS = ("User1", "User2", "User3")
GROUP = "IAM-Auditor-Group"
POLICY = "IAM-Auditor-Policy"
LAMBDA_POLICY = "IAM-Auditor-Lambda-Policy"
ROLE = "IAM-Auditor-role"
LAMBDA_ROLE = "IAM-Auditor-Lambda-role"
ADMINISTRATOR_ARN = "arn:aws:iam::aws:policy/AdministratorAccess"
FUNCTION = "iam-auditor"
TOPIC = "iam-audit-report"
RULE = "iam-audit-daily"
EXPRESSION = "cron(0 6 * * ? *)"
REPORT_EMAIL = "auditor@example.com"

RUNTIME, ARCHITECTURE, HANDLER, TIMEOUT = "python3.9", "x86_64", "handler.main", 60
SOURCE = ROOT / "templates" / "auditor"


def arguments(description):
    """The arguments every program here takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--endpoint-url", help="where the account answers")
    parser.add_argument("--account", help="fail unless the endpoint answers as this account")
    return parser


class Account:
    """Clients of one endpoint, and the ARNs of the lab's resources in its account."""

    def __init__(self, endpoint_url, account=None, attempts=3):
        self.endpoint_url = endpoint_url
        # An emulator takes any key; one that does not has told the caller which to put in the environment.
        known = "AWS_ACCESS_KEY_ID" in os.environ or "AWS_PROFILE" in os.environ
        made_up = {} if known else {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        session = boto3.session.Session(region_name=REGION, **made_up)
        config = Config(retries={"mode": "standard", "max_attempts": attempts}, connect_timeout=5, read_timeout=30)

        def client(name):
            return session.client(name, endpoint_url=endpoint_url, config=config)

        self.client = client
        self.iam, self.sts, self.awslambda = client("iam"), client("sts"), client("lambda")
        self.sns, self.events, self.tagging = client("sns"), client("events"), client("resourcegroupstaggingapi")
        self.id = self.sts.get_caller_identity()["Account"]
        if account and account != self.id:
            raise SystemExit(f"the endpoint answers as account {self.id}, not {account}")

    def arn(self, kind, name):
        if kind == "group":
            return f"arn:aws:iam::{self.id}:group{PATH}{name}"
        if kind in ("user", "role", "policy"):
            return f"arn:aws:iam::{self.id}:{kind}/{name}"
        service, middle = {
            "function": ("lambda", "function:"),
            "topic": ("sns", ""),
            "rule": ("events", "rule/"),
            "log": ("logs", "log-group:/aws/lambda/"),
        }[kind]
        return f"arn:aws:{service}:{REGION}:{self.id}:{middle}{name}"

    def pages(self, client, operation, key, **parameters):
        """Every entry under `key` of all pages of a list operation."""
        return [entry for page in client.get_paginator(operation).paginate(**parameters) for entry in page[key]]

    def user_names(self):
        return [user["UserName"] for user in self.pages(self.iam, "list_users", "Users")]

    def default_document(self, policy_arn):
        version = self.iam.get_policy(PolicyArn=policy_arn)["Policy"]["DefaultVersionId"]
        return self.iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)["PolicyVersion"]["Document"]

    def virtual_mfa_devices(self):
        return self.pages(self.iam, "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Any")

    def subscriptions(self):
        """The topic's subscriptions, read from the list of all: it also answers when the topic is gone."""
        everything = self.pages(self.sns, "list_subscriptions", "Subscriptions")
        return [entry for entry in everything if entry["TopicArn"] == self.arn("topic", TOPIC)]

    def invoke_policy(self):
        """The function's resource policy; without a statement when it has none."""
        try:
            return json.loads(self.awslambda.get_policy(FunctionName=FUNCTION)["Policy"])
        except self.awslambda.exceptions.ResourceNotFoundException:
            return {"Statement": []}


def meaning(document):
    """A policy document's statements as a sorted list that leaves out what changes nothing.

    Left out: statement ids, order, a single string against a list of one, the case of actions and of
    condition keys, and the version (which is checked apart).
    """
    if isinstance(document, str):
        text = document if document.lstrip().startswith("{") else urllib.parse.unquote(document)
        document = json.loads(text)
    statements = [_statement(statement) for statement in _list(document.get("Statement", []))]
    return sorted(statements, key=lambda statement: json.dumps(statement, sort_keys=True))


def _statement(statement):
    plain = {}
    for key, value in statement.items():
        if key == "Sid":
            continue
        if key in ("Action", "NotAction"):
            value = sorted({action.lower() for action in _list(value)})
        elif key in ("Resource", "NotResource"):
            value = sorted(set(_list(value)))
        elif key in ("Principal", "NotPrincipal") and isinstance(value, dict):
            value = {kind: sorted(set(_list(who))) for kind, who in value.items()}
        elif key == "Condition":
            value = {
                operator: {name.lower(): sorted(_list(wanted)) for name, wanted in tests.items()}
                for operator, tests in value.items()
            }
            if not value:
                continue
        plain[key] = value
    return plain


def _list(value):
    return value if isinstance(value, list) else [value]


def allow(actions, resources=None, principal=None, condition=None):
    """A statement in the form `meaning` gives."""
    statement = {"Effect": "Allow", "Action": sorted(action.lower() for action in actions)}
    if resources is not None:
        statement["Resource"] = sorted(resources)
    if principal is not None:
        statement["Principal"] = principal
    if condition is not None:
        statement["Condition"] = condition
    return statement
