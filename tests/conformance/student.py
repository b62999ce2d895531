#!/usr/bin/env python3
"""Tasks 5 and 6 of the assignment, as a student does them: sign in, try, be denied, find out why, have it allowed.

    student.py --iamlab BINARY --credentials FILE --endpoint-url URL

The working directory is the one the sandbox's folder is in; the environment holds the administrator's key.
"""

import csv
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time
import urllib.parse

from lab import GROUP, arguments
from people import Person, denied, not_allowed, refused
from totp import code

COLUMNS = 22


class Lab:
    """The lab as the program and its hand-over file show it."""

    def __init__(self, options):
        self.url, self.program, self.file = options.endpoint_url, options.iamlab, options.credentials
        self.administrator = Person(self.url)
        self.account = self.administrator.sts.get_caller_identity()["Account"]
        with open(self.file, encoding="utf-8", newline="") as rows:
            self.rows = {row["User name"]: row for row in csv.DictReader(rows)}

    def run(self, *args, stdin=None):
        # The program finds the sandbox's folder by itself, and needs no key for it.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "IAMLAB_"))}
        return subprocess.run([self.program, *args], input=stdin, env=environment, capture_output=True, text=True,
                              timeout=60, check=False)

    def sign_in(self, user, *args, stdin=None):
        """The session that the printed `export` lines open."""
        done = self.run("sandbox", "sign-in", user, *args, stdin=stdin)
        assert done.returncode == 0, done.stderr
        lines = dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines())
        assert lines["AWS_ENDPOINT_URL"] == self.url, lines
        return Person.of_session(self.url, {
            "AccessKeyId": lines["AWS_ACCESS_KEY_ID"], "SecretAccessKey": lines["AWS_SECRET_ACCESS_KEY"],
            "SessionToken": lines["AWS_SESSION_TOKEN"],
        })

    def turned_away(self, user, *args, stdin=None):
        """What the sign-in page says to somebody it does not let in."""
        done = self.run("sandbox", "sign-in", user, "--password-stdin", *args, stdin=stdin)
        assert done.returncode == 1 and done.stdout == "", done
        return done.stderr

    def password(self, user):
        return self.rows[user]["Password"] + "\n"

    def arn(self, rest):
        return f"arn:aws:iam::{self.account}:{rest}"


def the_report_can_be_generated_and_read(lab):
    user = lab.sign_in("User3", "--credentials", lab.file)
    assert user.arn == lab.arn("user/User3"), user.arn
    rows = user.report()
    assert list(rows) == ["<root_account>", "User1", "User2", "User3"], list(rows)
    assert all(len(row) == COLUMNS for row in rows.values()), rows
    root = rows["<root_account>"]
    assert root["arn"] == lab.arn("root") and root["password_enabled"] == "not_supported", root
    flags = {name: (row["password_enabled"], row["mfa_active"], row["access_key_1_active"], row["access_key_2_active"])
             for name, row in rows.items() if name != "<root_account>"}
    assert flags == {
        "User1": ("true", "true", "false", "false"),
        "User2": ("true", "false", "true", "false"),
        "User3": ("true", "false", "false", "false"),
    }, flags
    for name in flags:
        row = rows[name]
        assert row["arn"] == lab.arn(f"user/{name}") and row["user_creation_time"].endswith("+00:00"), row
        assert row["password_next_rotation"] == "N/A" and row["cert_1_active"] == "false", row
    assert rows["User3"]["password_last_used"].endswith("+00:00"), "User3 has just signed in"
    assert rows["User2"]["password_last_used"] == "no_information", rows["User2"]
    assert rows["User2"]["access_key_1_last_rotated"].endswith("+00:00"), rows["User2"]
    assert rows["User2"]["access_key_1_last_used_date"] == "N/A", "nobody has used the key yet"


def everything_else_is_denied(lab):
    user = lab.sign_in("User3", "--credentials", lab.file)
    who, group = lab.arn("user/User3"), GROUP
    denied(lambda: user.iam.add_user_to_group(GroupName=GROUP, UserName="User2"),
           not_allowed(who, "iam:AddUserToGroup", f"group {group}"))
    denied(lambda: user.iam.create_user(UserName="User4"),
           not_allowed(who, "iam:CreateUser", lab.arn("user/User4")))
    # CloudTrail names no resource in its message when the action has none.
    denied(lambda: user.cloudtrail.lookup_events(),
           not_allowed(who, "cloudtrail:LookupEvents"), "AccessDeniedException", 400)
    members = [member["UserName"] for member in lab.administrator.iam.get_group(GroupName=GROUP)["Users"]]
    assert members == ["User3"], members
    code, _, _ = refused(lambda: lab.administrator.iam.get_user(UserName="User4"))
    assert code == "NoSuchEntity", code


def what_explain_proposes_helps(lab):
    question = ("policy", "explain", "--as", "User3", "iam:AddUserToGroup", f"group/{GROUP}", "--format", "json")
    done = lab.run(*question)
    assert done.returncode == 2, done
    answer = json.loads(done.stdout)
    remedy = answer["remedy"]
    assert remedy["possible"] and len(remedy["policy"]["Statement"]) == 1, remedy
    statement = remedy["policy"]["Statement"][0]
    group = lab.administrator.iam.get_group(GroupName=GROUP)["Group"]["Arn"]
    assert statement["Effect"] == "Allow" and statement["Action"] == "iam:AddUserToGroup", statement
    assert statement["Resource"] == group, statement

    # As the answer says to: its commands are the AWS CLI's, one API call each.
    assert remedy["commands"], remedy
    for command in remedy["commands"]:
        carry_out(lab.administrator, command)

    user = lab.sign_in("User3", "--credentials", lab.file)
    user.iam.add_user_to_group(GroupName=GROUP, UserName="User2")
    members = [member["UserName"] for member in lab.administrator.iam.get_group(GroupName=GROUP)["Users"]]
    assert members == ["User3", "User2"] or members == ["User2", "User3"], members
    who = lab.arn("user/User3")
    denied(lambda: user.iam.create_user(UserName="User4"),
           not_allowed(who, "iam:CreateUser", lab.arn("user/User4")))
    assert lab.run(*question).returncode == 0, "explain now says that it is allowed"


def carry_out(person, command):
    """Does through boto3 what a command of the AWS CLI would do."""
    words = shlex.split(command)
    assert words[:2] == ["aws", "iam"], command
    operation, parameters, rest = words[2], {}, words[3:]
    while rest:
        option = rest.pop(0)
        name = "".join(part.capitalize() for part in option.removeprefix("--").split("-"))
        parameters[name] = rest.pop(0) if rest and not rest[0].startswith("--") else True
    getattr(person.iam, operation.replace("-", "_"))(**parameters)


def the_event_history_shows_it(lab):
    who = lab.arn("user/User3")
    logins = [event for event in lab.administrator.events(EventName="ConsoleLogin") if event["userIdentity"].get("arn") == who]
    assert logins, "no ConsoleLogin of User3"
    login = logins[0]
    assert login["responseElements"] == {"ConsoleLogin": "Success"}, login
    assert login["additionalEventData"]["MFAUsed"] == "No" and login["eventType"] == "AwsConsoleSignIn", login
    assert login["sourceIPAddress"] == "127.0.0.1", login

    tried = lab.administrator.events(EventName="AddUserToGroup")
    tried = [event for event in tried if event["userIdentity"].get("userName") == "User3"]
    outcomes = [event.get("errorCode") for event in tried]
    assert outcomes == ["AccessDenied", None], outcomes
    refused, done = tried
    assert refused["errorMessage"] == not_allowed(who, "iam:AddUserToGroup", f"group {GROUP}"), refused
    assert done["requestParameters"] == {"groupName": GROUP, "userName": "User2"}, done
    for event in tried:
        identity = event["userIdentity"]
        assert (identity["type"], identity["arn"]) == ("IAMUser", who), identity
        assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false", identity
        assert event["eventSource"] == "iam.amazonaws.com" and event["recipientAccountId"] == lab.account, event
    fixes = lab.administrator.events(EventName="CreatePolicyVersion")
    assert fixes and fixes[-1]["userIdentity"]["type"] == "Root", fixes
    assert lab.password("User3").strip() not in json.dumps(lab.administrator.events(Username="User3")), "a password is in a record"


def a_wrong_password_leaves_a_failure(lab):
    told = lab.turned_away("User3", stdin="not-the-password\n")
    assert "the user name or password is incorrect" in told, told
    assert lab.turned_away("Nobody", stdin="x\n").splitlines()[0] == told.splitlines()[0], "names can be guessed"
    failed = [event for event in lab.administrator.events(EventName="ConsoleLogin")
              if event["responseElements"] == {"ConsoleLogin": "Failure"}]
    reasons = [(event["userIdentity"].get("userName"), event["errorMessage"]) for event in failed]
    assert reasons == [
        ("User3", "Failed authentication"),
        ("HIDDEN_DUE_TO_SECURITY_REASONS", "No username found in supplied account"),
    ], reasons
    assert "not-the-password" not in json.dumps(failed), "what was typed is in the record"


def user1_needs_the_code(lab):
    """The MFA code missing, wrong, right; then conditions on it hold, and do not for somebody without."""
    told = lab.turned_away("User1", stdin=lab.password("User1"))
    assert "signs in with an MFA code" in told, told
    uri = lab.rows["User1"]["MFA otpauth URI"]
    seed = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)["secret"][0]
    # `provision up` has used the codes of its own time: the next one cannot have been seen.
    right = code(seed, time.time() + 30)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    accepted = {code(seed, time.time() + offset) for offset in (-30, 0, 30, 60)}
    while wrong in accepted:
        wrong = f"{(int(wrong) + 1) % 1_000_000:06}"
    told = lab.turned_away("User1", "--mfa-code", wrong, stdin=lab.password("User1"))
    assert "the MFA code is wrong" in told, told
    user1 = lab.sign_in("User1", "--password-stdin", "--mfa-code", right, stdin=lab.password("User1"))
    again = lab.turned_away("User1", "--mfa-code", right, stdin=lab.password("User1"))
    assert "was used before" in again, again
    serial = lab.rows["User1"]["MFA device"]
    logins = [(event["responseElements"]["ConsoleLogin"], event["additionalEventData"]["MFAUsed"],
               event["additionalEventData"].get("MFAIdentifier"))
              for event in lab.administrator.events(EventName="ConsoleLogin")
              if event["userIdentity"].get("userName") == "User1"]
    # Without a code the page only asks for one: nobody has failed to sign in yet.
    assert logins == [("Failure", "Yes", None), ("Success", "Yes", serial), ("Failure", "Yes", None)], logins

    user2 = lab.sign_in("User2", "--credentials", lab.file)
    allow = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }]}
    for user in ("User1", "User2"):
        lab.administrator.iam.put_user_policy(
            UserName=user, PolicyName="OnlyWithMfa", PolicyDocument=json.dumps(allow))
    assert len(user1.iam.list_users()["Users"]) == 3
    denied(lambda: user2.iam.list_users(),
           not_allowed(lab.arn("user/User2"), "iam:ListUsers", lab.arn("user/")))
    # A deny that only "BoolIfExists" makes effective for long-term keys as well.
    deny = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:ListGroups", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:ListGroups", "Resource": "*",
         "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
    ]}
    for user in ("User1", "User2"):
        lab.administrator.iam.put_user_policy(
            UserName=user, PolicyName="DenyWithoutMfa", PolicyDocument=json.dumps(deny))
    user1.iam.list_groups()
    words = not_allowed(lab.arn("user/User2"), "iam:ListGroups", lab.arn("group/"),
                        "with an explicit deny in an identity-based policy")
    for somebody in (user2, key_of_user2(lab)):
        denied(lambda somebody=somebody: somebody.iam.list_groups(), words)
    seen = lab.administrator.events(EventName="ListUsers")
    marks = [event["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"]
             for event in seen if event["userIdentity"].get("userName") in ("User1", "User2")]
    assert marks == ["true", "false"], marks
    for user in ("User1", "User2"):
        for policy in ("OnlyWithMfa", "DenyWithoutMfa"):
            lab.administrator.iam.delete_user_policy(UserName=user, PolicyName=policy)


def key_of_user2(lab):
    row = lab.rows["User2"]
    return Person.of_key(lab.url, {"AccessKeyId": row["Access key ID"], "SecretAccessKey": row["Secret access key"]})


def user2s_key_works_until_it_is_inactive(lab):
    user2, key = key_of_user2(lab), lab.rows["User2"]["Access key ID"]
    iam = lab.administrator.iam
    assert user2.arn == lab.arn("user/User2"), user2.arn
    used = iam.get_access_key_last_used(AccessKeyId=key)
    assert used["UserName"] == "User2" and used["AccessKeyLastUsed"]["ServiceName"] in ("sts", "iam"), used
    iam.update_access_key(UserName="User2", AccessKeyId=key, Status="Inactive")
    denied(user2.sts.get_caller_identity, "The security token included in the request is invalid.",
           "InvalidClientTokenId")
    iam.update_access_key(UserName="User2", AccessKeyId=key, Status="Active")
    assert user2.arn == lab.arn("user/User2")
    forged = Person(lab.url, {"aws_access_key_id": key, "aws_secret_access_key": "x" * 40})
    code, _, status = refused(forged.sts.get_caller_identity)
    assert (code, status) == ("SignatureDoesNotMatch", 403), (code, status)


STORY = [
    the_report_can_be_generated_and_read,
    everything_else_is_denied,
    what_explain_proposes_helps,
    the_event_history_shows_it,
    a_wrong_password_leaves_a_failure,
    user1_needs_the_code,
    user2s_key_works_until_it_is_inactive,
]


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--iamlab", required=True, help="the program")
    parser.add_argument("--credentials", required=True, type=pathlib.Path, help="the hand-over file")
    options = parser.parse_args()
    lab = Lab(options)
    for chapter in STORY:
        chapter(lab)
        print(f"ok    {chapter.__name__.replace('_', ' ')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
