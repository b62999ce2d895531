#!/usr/bin/env python3
"""Two accounts: a security team in one, an auditor's role in the other that asks for an external id.

    cross_account.py --iamlab BINARY --endpoint-url URL

The working directory is the one the sandbox's folder is in; the environment holds the administrator's key of the
account that is in front.
"""

import json
import os
import subprocess
import sys
import time

from lab import ROOT, arguments
from packages import package
from people import Person, denied, not_allowed, policy, refused
from totp import code

OTHER = "210987654321"
EXTERNAL_ID = "7f3c-the-auditor"


class World:
    """The account of the environment's key, whose user `Auditor` acts; the other one, which has the roles."""

    def __init__(self, options):
        self.url, self.program = options.endpoint_url, options.iamlab
        self.own = Person(self.url)
        self.account = self.own.sts.get_caller_identity()["Account"]
        # Whoever fills an account makes it; its owner then signs in to it.
        self.run("provision", "up", str(ROOT / "scenarios/account-baseline"), "--account", OTHER)
        session = json.loads(self.run("sandbox", "sign-in", "--root", "--account", OTHER, "--format", "json"))
        self.other = Person.of_session(self.url, session)
        assert self.other.arn == f"arn:aws:iam::{OTHER}:root", self.other.arn

        self.own.iam.create_user(UserName="Auditor")
        self.who = f"arn:aws:iam::{self.account}:user/Auditor"
        self.own.iam.put_user_policy(UserName="Auditor", PolicyName="Assume", PolicyDocument=policy(
            {"Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{OTHER}:role/*"}))
        self.auditor = Person.of_key(self.url, self.own.iam.create_access_key(UserName="Auditor")["AccessKey"])
        self.role = self.make_role(
            "Inspected", {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}, "iam:List*", "iam:GetUser", "sns:*",
            longest=7200)

    def run(self, *args):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "IAMLAB_"))}
        done = subprocess.run([self.program, *args], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 0, done
        return done.stdout

    def make_role(self, name, condition, *actions, principal=None, longest=3600):
        """A role of the other account that trusts the account of the auditor on a condition."""
        trust = {"Action": "sts:AssumeRole", "Principal": {"AWS": principal or f"arn:aws:iam::{self.account}:root"}}
        if condition:
            trust["Condition"] = condition
        made = self.other.iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=policy(trust), MaxSessionDuration=longest)
        if actions:
            self.other.iam.put_role_policy(
                RoleName=name, PolicyName="Does", PolicyDocument=policy({"Action": list(actions)}))
        return made["Role"]["Arn"]

    def assume(self, person, role=None, **parameters):
        parameters = {"RoleArn": role or self.role, "RoleSessionName": "audit", **parameters}
        return person.sts.assume_role(**parameters)


def the_external_id_decides(world):
    # AWS gives callers of another account no reason.
    words = f"User: {world.who} is not authorized to perform: sts:AssumeRole on resource: {world.role}"
    denied(lambda: world.assume(world.auditor), words)
    denied(lambda: world.assume(world.auditor, ExternalId="guessed"), words)
    denied(lambda: world.assume(world.auditor, ExternalId=EXTERNAL_ID.upper()), words)
    answer = world.assume(world.auditor, ExternalId=EXTERNAL_ID)
    arn = f"arn:aws:sts::{OTHER}:assumed-role/Inspected/audit"
    assert answer["AssumedRoleUser"]["Arn"] == arn, answer["AssumedRoleUser"]
    session = Person.of_session(world.url, answer["Credentials"])
    identity = session.sts.get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (OTHER, arn), identity
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"], identity
    # A role that does not exist is refused in the same words: which there are cannot be found out.
    nowhere = f"arn:aws:iam::{OTHER}:role/Nowhere"
    denied(lambda: world.assume(world.auditor, nowhere),
           f"User: {world.who} is not authorized to perform: sts:AssumeRole on resource: {nowhere}")
    # The trust alone is not enough across accounts: the caller's own account has to allow it, too.
    world.own.iam.create_user(UserName="Bystander")
    bystander = Person.of_key(world.url, world.own.iam.create_access_key(UserName="Bystander")["AccessKey"])
    code_, _, _ = refused(lambda: world.assume(bystander, ExternalId=EXTERNAL_ID))
    assert code_ == "AccessDenied", code_


def both_accounts_have_the_events(world):
    mine = [event for event in world.own.events(EventName="AssumeRole")
            if event["userIdentity"].get("userName") == "Auditor" and "Inspected" in json.dumps(event)]
    outcomes = [event.get("errorCode") for event in mine]
    assert outcomes == ["AccessDenied", "AccessDenied", "AccessDenied", None], outcomes
    asked = [event["requestParameters"].get("externalId") for event in mine if not event.get("errorCode")]
    assert asked == [EXTERNAL_ID], asked
    assert all(event["recipientAccountId"] == world.account for event in mine), mine

    theirs = [event for event in world.other.events(EventName="AssumeRole") if "Inspected" in json.dumps(event)]
    assert theirs, "the other account does not know who came"
    passed = [event for event in theirs if "errorCode" not in event]
    assert len(passed) == 1, theirs
    seen = passed[0]
    assert seen["recipientAccountId"] == OTHER and seen["userIdentity"]["type"] == "AWSAccount", seen
    assert seen["userIdentity"]["accountId"] == world.account, seen
    assert seen["sharedEventID"] == [event for event in mine if "errorCode" not in event][0]["sharedEventID"], seen


def the_session_acts_in_the_other_account_within_the_role_and_the_session_policy(world):
    world.own.iam.create_user(UserName="Twin", Path="/own/")
    world.other.iam.create_user(UserName="Twin", Path="/other/")
    session = Person.of_session(world.url, world.assume(world.auditor, ExternalId=EXTERNAL_ID)["Credentials"])
    assert [user["UserName"] for user in session.iam.list_users()["Users"]] == ["Twin"]
    assert session.iam.get_user(UserName="Twin")["User"]["Path"] == "/other/"
    arn = f"arn:aws:sts::{OTHER}:assumed-role/Inspected/audit"
    denied(lambda: session.iam.create_user(UserName="New"),
           not_allowed(arn, "iam:CreateUser", f"arn:aws:iam::{OTHER}:user/New"))

    narrow = Person.of_session(world.url, world.assume(
        world.auditor, ExternalId=EXTERNAL_ID, Policy=policy({"Action": ["iam:ListUsers", "iam:CreateUser"]}),
    )["Credentials"])
    assert len(narrow.iam.list_users()["Users"]) == 1, "role and session policy both allow it"
    denied(lambda: narrow.iam.get_user(UserName="Twin"),
           not_allowed(arn, "iam:GetUser", "user Twin",
                       "because no session policy allows the iam:GetUser action"))
    code_, _, _ = refused(lambda: narrow.iam.create_user(UserName="New"))
    assert code_ == "AccessDenied", "the session policy cannot add to the role"
    came = [event["userIdentity"] for event in world.other.events(EventName="ListUsers")
            if event["userIdentity"]["type"] == "AssumedRole"]
    assert came and came[0]["sessionContext"]["sessionIssuer"]["arn"] == world.role, came


def chaining_ends_after_an_hour(world):
    second = world.make_role("Second", None, "iam:ListUsers", principal=world.role, longest=7200)
    world.other.iam.put_role_policy(RoleName="Inspected", PolicyName="Chain", PolicyDocument=policy(
        {"Action": "sts:AssumeRole", "Resource": second}))
    first = world.assume(world.auditor, ExternalId=EXTERNAL_ID, DurationSeconds=7200)
    lasts = first["Credentials"]["Expiration"].timestamp() - time.time()
    assert 7100 < lasts <= 7201, lasts
    session = Person.of_session(world.url, first["Credentials"])
    denied(lambda: world.assume(session, second, DurationSeconds=7200),
           "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
           "ValidationError", 400)
    answer = world.assume(session, second)
    assert answer["Credentials"]["Expiration"].timestamp() - time.time() <= 3601, answer
    chained = Person.of_session(world.url, answer["Credentials"])
    assert chained.arn == f"arn:aws:sts::{OTHER}:assumed-role/Second/audit", chained.arn
    assert chained.iam.list_users()["Users"]


def root_cannot_assume(world):
    denied(lambda: world.assume(world.own, ExternalId=EXTERNAL_ID), "Roles may not be assumed by root accounts.")


def a_trust_policy_asks_for_mfa(world):
    role = world.make_role("WithMfa", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "iam:ListUsers")
    iam = world.own.iam
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="auditor")["VirtualMFADevice"]
    seed, serial, now = device["Base32StringSeed"].decode("ascii"), device["SerialNumber"], time.time()
    iam.enable_mfa_device(UserName="Auditor", SerialNumber=serial, AuthenticationCode1=code(seed, now - 30),
                          AuthenticationCode2=code(seed, now))
    words = f"User: {world.who} is not authorized to perform: sts:AssumeRole on resource: {role}"
    denied(lambda: world.assume(world.auditor, role), words)
    right = code(seed, now + 30)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    denied(lambda: world.assume(world.auditor, role, SerialNumber=serial, TokenCode=wrong),
           "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
    session = Person.of_session(world.url, world.assume(
        world.auditor, role, SerialNumber=serial, TokenCode=right)["Credentials"])
    assert session.iam.list_users()["Users"]


def the_state_of_accounts_is_apart(world):
    trust = policy({"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}})
    for person, says in ((world.own, "own"), (world.other, "other")):
        account = person.sts.get_caller_identity()["Account"]
        role = person.iam.create_role(RoleName="Runs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        assert role == f"arn:aws:iam::{account}:role/Runs", role
        made = person.awslambda.create_function(
            FunctionName="same", Runtime="python3.12", Handler="handler.main", Role=role,
            Code={"ZipFile": package(f"def main(event, context):\n    return {says!r}\n")})
        assert made["FunctionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:same", made
        person.sns.create_topic(Name="same")
    for person, says in ((world.own, "own"), (world.other, "other")):
        answer = person.awslambda.invoke(FunctionName="same")
        assert json.load(answer["Payload"]) == says and "FunctionError" not in answer, answer
        topics = [topic["TopicArn"].split(":")[4] for topic in person.sns.list_topics()["Topics"]
                  if topic["TopicArn"].endswith(":same")]
        assert topics == [person.sts.get_caller_identity()["Account"]], topics
    assert world.own.iam.get_user(UserName="Twin")["User"]["Path"] == "/own/"
    world.own.iam.delete_user(UserName="Twin")
    assert world.other.iam.get_user(UserName="Twin")["User"]["Path"] == "/other/"
    # A name of another account in an ARN does not lead there.
    code_, _, _ = refused(lambda: world.own.awslambda.get_function(
        FunctionName=f"arn:aws:lambda:us-east-1:{OTHER}:function:same"))
    assert code_ in ("AccessDeniedException", "ResourceNotFoundException"), code_


STORY = [
    the_external_id_decides,
    both_accounts_have_the_events,
    the_session_acts_in_the_other_account_within_the_role_and_the_session_policy,
    chaining_ends_after_an_hour,
    root_cannot_assume,
    a_trust_policy_asks_for_mfa,
    the_state_of_accounts_is_apart,
]


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--iamlab", required=True, help="the program")
    world = World(parser.parse_args())
    for chapter in STORY:
        chapter(world)
        print(f"ok    {chapter.__name__.replace('_', ' ')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
