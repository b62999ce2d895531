#!/usr/bin/env python3
"""Runs the commands of Markdown files as a reader would, and compares what they print.

    readme.py --iamlab BINARY FILE.md...

It takes the blocks fenced as `console`: a line that begins with `$ ` is a command, the lines under it are
its output. Each file is read from top to bottom in one new directory that holds the scenarios, policies
and templates, with a new HOME and no terminal, so what one block makes the next one finds.

- Output is compared line by line, both streams together; a line `...` stands for any number of lines, and
  `[..]` for any part of a line. A command without output lines may print anything.
- A command has to succeed, unless the next one is `$ echo $?`.
- `cargo run --release --` is the same as `iamlab` here. Blocks fenced otherwise are not run.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GIVEN = ("scenarios", "policies", "templates")


def commands(text):
    """Line number, command and expected output lines of every `$ ` line in a console block."""
    found, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = not inside and line.strip() == "```console"
        elif inside and line.startswith("$ "):
            found.append((number, line[2:], []))
        elif inside and found:
            found[-1][2].append(line.rstrip())
    return found


def matches(expected, printed):
    """Whether the output is as expected, `...` and `[..]` being holes."""
    pattern = ""
    for line in expected:
        pattern += "(?:.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.split("[..]"))) + "\n"
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed.splitlines())) is not None


def run_file(file, iamlab):
    """Runs a file's commands; returns the complaints."""
    complaints = []
    steps = commands(file.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as place:
        work, home, bin_dir = (pathlib.Path(place) / name for name in ("work", "home", "bin"))
        for directory in (work, home, bin_dir):
            directory.mkdir()
        for name in GIVEN:
            shutil.copytree(ROOT / name, work / name)
        (bin_dir / "iamlab").symlink_to(iamlab)
        environment = {
            "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}", "HOME": str(home),
            "LC_ALL": "C.UTF-8", "COLUMNS": "100",
        }
        code = 0
        for index, (number, command, expected) in enumerate(steps):
            script = command.replace("cargo run --release --", "iamlab").replace("$?", str(code))
            result = subprocess.run(
                ["bash", "-c", script], cwd=work, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
            )
            code = result.returncode
            tolerated = index + 1 < len(steps) and steps[index + 1][1] == "echo $?"
            if code != 0 and not tolerated:
                complaints.append(f"{file}:{number}: `{command}` exits {code}:\n{result.stdout}")
            elif expected and not matches(expected, result.stdout):
                complaints.append(f"{file}:{number}: `{command}` prints something else:\n{result.stdout}")
    print(f"{file}: {len(steps)} commands, {len(complaints)} complaints")
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iamlab", required=True, type=pathlib.Path, help="the binary to run")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    complaints = [text for file in options.files for text in run_file(file, options.iamlab.resolve(strict=True))]
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
