"""Somebody who calls AWS, and what they are told when they may not."""

import csv
import io
import json
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from lab import REGION


class Person:
    """Somebody with a key, or with the environment's: clients, made when they are asked for."""

    def __init__(self, url, key=None, region=REGION, attempts=5):
        self.url, self.key, self.region, self.attempts = url, key or {}, region, attempts

    def __getattr__(self, service):
        # `lambda` is a word of the language, and `events` the history here.
        name = {"awslambda": "lambda", "eventbridge": "events"}.get(service, service)
        made = boto3.session.Session(region_name=self.region, **self.key).client(
            name, endpoint_url=self.url,
            config=Config(retries={"mode": "standard", "total_max_attempts": self.attempts}))
        setattr(self, service, made)
        return made

    @classmethod
    def of_key(cls, url, made):
        """Whoever has the key of an answer of CreateAccessKey."""
        return cls(url, {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]})

    @classmethod
    def of_session(cls, url, credentials):
        """Whoever has the temporary credentials of an answer of STS."""
        return cls(url, {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        })

    @property
    def arn(self):
        return self.sts.get_caller_identity()["Arn"]

    def events(self, **attribute):
        """The events of an attribute, oldest first, as CloudTrail's own records."""
        (key, value), = attribute.items()
        pages = self.cloudtrail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])
        found = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
        return found[::-1]

    def report(self):
        """Generates the credential report and reads it: its rows by user."""
        while self.iam.generate_credential_report()["State"] != "COMPLETE":
            time.sleep(0.1)
        answer = self.iam.get_credential_report()
        assert answer["ReportFormat"] == "text/csv", answer
        return {row["user"]: row for row in csv.DictReader(io.StringIO(answer["Content"].decode("utf-8")))}


def policy(*statements):
    """A policy document; each statement an action or a list, and what it says besides."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", **({"Resource": "*"} if "Principal" not in statement else {}), **statement}
        for statement in statements
    ]})


def refused(call):
    """The code, the message and the status of a refusal; fails when there is none."""
    try:
        answer = call()
    except ClientError as error:
        found = error.response["Error"]
        return found["Code"], found["Message"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError(f"it was answered: {answer}")


def denied(call, message, code="AccessDenied", status=403):
    """Fails unless a call is refused in exactly these words."""
    found = refused(call)
    assert found == (code, message, status), f"{found} is not {(code, message, status)}"


def not_allowed(who, action, resource=None, because=None):
    """The words of a denial in which nothing allows the action."""
    on = f" on resource: {resource}" if resource else ""
    because = because or f"because no identity-based policy allows the {action} action"
    return f"User: {who} is not authorized to perform: {action}{on} {because}"
