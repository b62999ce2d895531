#!/usr/bin/env python3
"""Audits the same moto account with `iamlab audit run` and with Prowler, in turn.

    .venv/bin/python benches/audit_side_by_side.py --iamlab target/release/iamlab --prowler VENV/bin/prowler \
        [--users 10 1000] [--runs 3]

Both judge the identity section of CIS 1.5.0: Prowler runs the checks that its own compliance file names for it.
Prints the medians of wall seconds, CPU seconds, peak memory and requests of the whole processes. moto runs in this
process behind a layer that counts requests; its own time is in the wall time of both.
"""

import argparse
import glob
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

PORT = 5988
URL = f"http://127.0.0.1:{PORT}"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


class Counting:
    """moto, and how many requests it was asked."""

    def __init__(self):
        self.app = DomainDispatcherApplication(create_backend_app)
        self.count = 0
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        with self.lock:
            self.count += 1
        return self.app(environ, start_response)


def seed(users):
    """A mixed account: four of five users may sign in, half of them have keys, a group for every fifty."""
    iam = boto3.client("iam", endpoint_url=URL, region_name="us-east-1",
                       aws_access_key_id="testing", aws_secret_access_key="testing")
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:GetCredentialReport", "iam:GenerateCredentialReport"], "Resource": "*"}]})
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]})
    for index in range(3 + users // 50):
        iam.create_group(GroupName=f"group-{index}")
    for index in range(max(5, users // 20)):
        arn = iam.create_policy(PolicyName=f"policy-{index}", PolicyDocument=document)["Policy"]["Arn"]
        if index < 3 + users // 50:
            iam.attach_group_policy(GroupName=f"group-{index}", PolicyArn=arn)
    for index in range(max(5, users // 10)):
        iam.create_role(RoleName=f"role-{index}", AssumeRolePolicyDocument=trust)
    for index in range(users):
        name = f"user-{index:05}"
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName=f"group-{index % (3 + users // 50)}", UserName=name)
        if index % 5:
            iam.create_login_profile(UserName=name, Password="Sandbox-1-password")
        if index % 2:
            iam.create_access_key(UserName=name)
        if index % 10 == 0:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)


# A process of its own, and a small one: a child's peak memory counts that of whoever started it.
LAUNCHER = """
import json, os, subprocess, sys, time
began = time.monotonic()
child = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(child.pid, 0)
wall = time.monotonic() - began
with open(sys.argv[1], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024], file)
"""


def measure(command, counting, folder):
    """Runs a command; returns wall, CPU, peak MiB and requests."""
    environment = dict(os.environ, **ENVIRONMENT, AWS_ENDPOINT_URL=URL, HOME=folder)
    before, result = counting.count, os.path.join(folder, "result.json")
    with open(os.path.join(folder, "log"), "wb") as log:
        launch = [sys.executable, "-S", "-c", LAUNCHER, result]
        subprocess.run(launch + command, check=True, cwd=folder, env=environment, stdout=log, stderr=log)
    with open(result) as file:
        code, *figures = json.load(file)
    if code not in (0, 2, 3):  # something failed is what an audit is for
        raise SystemExit(f"{command[0]} ended with {code}:\n" + open(os.path.join(folder, "log")).read()[-3000:])
    return *figures, counting.count - before


def prowler_checks(prowler):
    """The checks of IAM that Prowler names for section 1 of CIS 1.5.0."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(prowler)))
    (path,) = glob.glob(os.path.join(root, "lib", "python*", "site-packages", "prowler", "compliance", "aws", "cis_1.5_aws.json"))
    with open(path) as file:
        requirements = json.load(file)["Requirements"]
    checks = {check for one in requirements if one["Id"].startswith("1.") for check in one["Checks"]}
    return sorted(check for check in checks if check.startswith("iam_"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iamlab", required=True)
    parser.add_argument("--prowler", required=True)
    parser.add_argument("--users", type=int, nargs="+", default=[10, 1000])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    # moto loads AWS's own policies, as an account has them.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    iamlab, prowler = os.path.abspath(options.iamlab), os.path.abspath(options.prowler)
    # What the region's analyzers and the organization say is no part of what Prowler is asked here.
    identity = ["1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10", "1.11", "1.12", "1.13", "1.14", "1.15", "1.16", "1.17", "1.19"]
    ours = [iamlab, "audit", "run", "--benchmark", "cis-aws-1.5.0", "--format", "json", "-o", "audit.json",
            "--endpoint-url", URL] + [word for id in identity for word in ("--control", id)]
    theirs = [prowler, "aws", "--checks", *prowler_checks(prowler), "--region", "us-east-1", "--no-banner",
              "--output-formats", "json-ocsf", "--output-directory", "out"]
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # what moto lacks is told at length
    for users in options.users:
        counting = Counting()
        server = make_server("127.0.0.1", PORT, counting, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        boto3.client("sts", endpoint_url=URL, region_name="us-east-1", aws_access_key_id="testing",
                     aws_secret_access_key="testing").get_caller_identity()
        urllib.request.urlopen(urllib.request.Request(f"{URL}/moto-api/reset", method="POST")).read()
        seed(users)
        with tempfile.TemporaryDirectory() as folder:
            measure(ours, counting, folder)  # warm-up
            pairs = [(measure(ours, counting, folder), measure(theirs, counting, folder)) for _ in range(options.runs)]
        server.shutdown()
        print(f"{users} users (medians of {options.runs})")
        for index, figure in enumerate(("wall s", "CPU s", "peak MiB", "requests")):
            a = statistics.median(pair[0][index] for pair in pairs)
            b = statistics.median(pair[1][index] for pair in pairs)
            ratio = statistics.median(pair[1][index] / pair[0][index] for pair in pairs)
            print(f"  {figure:9} iamlab {a:10.2f}   Prowler {b:10.2f}   {ratio:8.1f} times")


if __name__ == "__main__":
    main()
