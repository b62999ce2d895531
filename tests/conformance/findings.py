#!/usr/bin/env python3
"""Imports findings in AWS's Security Finding Format, as a person would, and compares them with botocore's model.

    findings.py --endpoint-url URL FILE…

boto3 refuses unknown fields, missing ones and wrong types before it sends anything; it does not look at enums, patterns
and the lengths that the model tells in words only, so that is done here. One line per finding; exit code 1 when there
is one.
"""

import argparse
import json
import re
import sys

import boto3

# The lengths of https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
LIMITS = {
    "Id": 512, "ProductArn": 2048, "GeneratorId": 512, "AwsAccountId": 12, "Title": 256, "Description": 1024,
    "Remediation.Recommendation.Text": 512, "Severity.Original": 64, "Note.Text": 512, "Resources.Type": 256,
    "Resources.Region": 16,
}
LONGEST_FIELD = 2048
BATCH = 100


def complaints(model, shape, value, path=()):
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from complaints(model, shape.members[name], member, (*path, name))
    elif shape.type_name == "list":
        for member in value:
            yield from complaints(model, shape.member, member, path)
    elif shape.type_name == "map":
        for name, member in value.items():
            if len(name) > 128 or len(member) > LONGEST_FIELD:
                yield f"{name} is too long"
            yield from complaints(model, shape.value, member, (*path, name))
    elif shape.type_name == "string":
        place = ".".join(path)
        if shape.enum and value not in shape.enum:
            yield f"{place}: {value!r} is none of {shape.enum}"
        pattern = model._shape_resolver._shape_map[shape.name].get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{place}: {value!r} does not match {pattern}"
        if len(value) > LIMITS.get(place, sys.maxsize):
            yield f"{place}: {len(value)} characters, {LIMITS[place]} are allowed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    client = boto3.client("securityhub", endpoint_url=arguments.endpoint_url, region_name="us-east-1")
    model = client.meta.service_model
    shape = model.operation_model("BatchImportFindings").input_shape.members["Findings"].member
    wrong = []
    for file in arguments.files:
        with open(file, encoding="utf-8") as stream:
            findings = json.load(stream)
        if len({finding["Id"] for finding in findings}) != len(findings):
            wrong.append(f"{file}: two findings have the same Id")
        for finding in findings:
            wrong.extend(f"{finding['Id']}: {text}" for text in complaints(model, shape, finding))
            if len(json.dumps(finding).encode()) > 240 * 1024:
                wrong.append(f"{finding['Id']} is larger than 240 KB")
            if len(finding["ProductFields"]) > 50:
                wrong.append(f"{finding['Id']} has more than 50 fields of ours")
        for start in range(0, len(findings), BATCH):
            answer = client.batch_import_findings(Findings=findings[start:start + BATCH])
            if answer["FailedCount"]:
                wrong.append(f"{file}: {answer['FailedFindings'][:3]}")
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
