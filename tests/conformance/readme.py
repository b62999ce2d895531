#!/usr/bin/env python3
"""Runs the commands of Markdown files as a reader would, and compares what they print.

    readme.py --iamlab BINARY FILE.md...

It takes the blocks fenced as `console`: a line that begins with `$ ` is a command, the lines under it are
its output. Each file is read from top to bottom in one new directory that holds the scenarios, policies
and templates, with a new HOME and no terminal, so what one block makes the next one finds.

- Output is compared line by line, both streams together; a line `...` stands for any number of lines, and
  `[..]` for any part of a line. A command without output lines may print anything.
- A command has to succeed, unless the next one is `$ echo $?`.
- What a command exports, the next ones have. A command that ends with `&` goes on beside them: it has ten
  seconds to print what is under it, and is ended with the file.
- `cargo run --release --` is the same as `iamlab` here. Blocks fenced otherwise are not run.
"""

import argparse
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

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


class Terminal:
    """A shell in a directory of its own: what a command exports, the next one has."""

    def __init__(self, place, iamlab):
        self.work, home, bin_dir = (place / name for name in ("work", "home", "bin"))
        for directory in (self.work, home, bin_dir):
            directory.mkdir()
        for name in GIVEN:
            shutil.copytree(ROOT / name, self.work / name)
        (bin_dir / "iamlab").symlink_to(iamlab)
        # The AWS CLI, and a Python with boto3 for the function, are beside the Python that runs this.
        path = os.pathsep.join((str(bin_dir), str(pathlib.Path(sys.executable).parent), os.environ["PATH"]))
        self.environment = {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", "COLUMNS": "100"}
        self.exports, self.printed, self.beside = place / "exports", place / "printed", []
        self.exports.write_text("")

    def run(self, command, expected):
        """Runs a command; returns its exit code and what it printed."""
        state = shlex.quote(str(self.exports))
        beside = command.endswith("&")
        script = command if beside else f"{command}\ncode=$?; export -p > {state}; exit $code"
        with self.printed.open("w+", encoding="utf-8") as printed:
            process = subprocess.Popen(
                ["bash", "-c", f". {state}\n{script}"], cwd=self.work, env=self.environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT,
            )
            if beside:
                self.beside.append(process.pid)
            code = process.wait(timeout=120)
            deadline = time.monotonic() + 10
            while beside and time.monotonic() < deadline and not matches(expected, self.printed.read_text("utf-8")):
                time.sleep(0.05)
            return code, self.printed.read_text("utf-8")

    def close(self):
        """Ends what goes on beside: the process groups that this terminal began."""
        for group in self.beside:
            try:
                os.killpg(group, signal.SIGTERM)
            except ProcessLookupError:
                pass  # it has ended by itself


def run_file(file, iamlab):
    """Runs a file's commands; returns the complaints."""
    complaints = []
    steps = commands(file.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as place:
        terminal = Terminal(pathlib.Path(place), iamlab)
        code = 0
        for index, (number, command, expected) in enumerate(steps):
            script = command.replace("cargo run --release --", "iamlab").replace("$?", str(code))
            code, printed = terminal.run(script, expected)
            tolerated = index + 1 < len(steps) and steps[index + 1][1] == "echo $?"
            if code != 0 and not tolerated:
                complaints.append(f"{file}:{number}: `{command}` exits {code}:\n{printed}")
            elif expected and not matches(expected, printed):
                complaints.append(f"{file}:{number}: `{command}` prints something else:\n{printed}")
        terminal.close()
        time.sleep(0.5 if terminal.beside else 0)
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
