#!/usr/bin/env python3
"""Times `up` and `down` of the lab against the same lab made by hand with boto3, in turn, on one moto server.

    .venv/bin/python benches/side_by_side.py --iamlab target/release/iamlab [--runs 7]

Prints the median of each figure and of the ratio pair by pair. Whole processes: start-up included.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PORT = 5987
URL = f"http://127.0.0.1:{PORT}"


def measure(commands, folder):
    """Run the commands one after the other; return wall seconds and the CPU seconds of the processes."""
    environment = dict(os.environ, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for command in commands:
        subprocess.run(command, check=True, cwd=folder, env=environment, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iamlab", required=True)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    iamlab, scenario = os.path.abspath(options.iamlab), os.path.join(ROOT, "scenarios", "iam-auditing")
    run = [iamlab, "provision"]
    ours = [run + ["up", scenario, "--endpoint-url", URL, "--yes"], run + ["down", scenario, "--endpoint-url", URL, "--yes"]]
    hand = [sys.executable, os.path.join(ROOT, "tests", "conformance", "by_hand.py"), "--endpoint-url", URL]
    theirs = [hand, hand + ["--down"]]
    moto = [os.path.join(os.path.dirname(sys.executable), "moto_server"), "--host", "127.0.0.1", "--port", str(PORT)]
    server = subprocess.Popen(
        moto, env=dict(os.environ, MOTO_IAM_LOAD_MANAGED_POLICIES="true"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{URL}/moto-api/", timeout=1).read()
                break
            except OSError:
                time.sleep(0.2)
        with tempfile.TemporaryDirectory() as folder:
            measure(ours, folder), measure(theirs, folder)  # warm-up
            pairs = [(measure(ours, folder), measure(theirs, folder)) for _ in range(options.runs)]
    finally:
        server.terminate()
        server.wait()
    for index, figure in enumerate(("wall", "client CPU")):
        a = statistics.median(pair[0][index] for pair in pairs)
        b = statistics.median(pair[1][index] for pair in pairs)
        ratio = statistics.median(pair[0][index] / pair[1][index] for pair in pairs)
        print(f"{figure}: iamlab {a:.3f} s, boto3 by hand {b:.3f} s, ratio {ratio:.3f} (medians of {options.runs})")


if __name__ == "__main__":
    main()
