"""Tests of the programs in tests/conformance, on a moto server of their own.

They run where IAMLAB_TEST_MOTO names a moto_server; a server that does not start then is a failure.
"""

import contextlib
import io
import os
import pathlib
import re
import subprocess
import sys
import types
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))

import by_hand  # noqa: E402
import deviations  # noqa: E402
import drift  # noqa: E402
import facts  # noqa: E402
import lab  # noqa: E402

MOTO = os.environ.get("IAMLAB_TEST_MOTO")


def failures(read, account):
    """The lines of the facts that do not hold."""
    options = types.SimpleNamespace(report_email=lab.REPORT_EMAIL, code_sha256=by_hand.code_sha256())
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        read(account, facts.Facts(), options)
    return [line[6:] for line in output.getvalue().splitlines() if line.startswith("FAIL")]


@unittest.skipUnless(MOTO, "IAMLAB_TEST_MOTO is not set")
class OnMoto(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # No key and no endpoint of whoever runs the tests.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        patch = mock.patch.dict(os.environ, kept, clear=True)
        patch.start()
        cls.addClassCleanup(patch.stop)
        server = subprocess.Popen(
            [MOTO, "--host", "127.0.0.1", "--port", "0"],
            env={**kept, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        cls.addClassCleanup(server.stderr.close)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.terminate)
        for line in server.stderr:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        else:
            raise RuntimeError(f"{MOTO} ended without serving")
        # The log of requests goes on; nobody reads it, so the pipe must not fill up.
        drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
        cls.addClassCleanup(drain.wait)
        cls.addClassCleanup(drain.terminate)
        cls.account = lab.Account(found.group())

    def setUp(self):
        by_hand.up(self.account)
        self.addCleanup(by_hand.down, self.account)

    def test_the_lab_made_by_hand_has_every_fact(self):
        self.assertEqual(failures(facts.present_after_up, self.account), [])

    def test_a_lab_that_is_up_is_not_down_and_one_that_is_down_is(self):
        self.assertGreater(len(failures(facts.absent_after_down, self.account)), 15)
        by_hand.down(self.account)
        self.assertEqual(failures(facts.absent_after_down, self.account), [])
        by_hand.up(self.account)

    def test_every_drift_makes_a_fact_fail(self):
        # One on top of the other: each has to be noticed beside all that was changed before.
        before = []
        for change in drift.CHANGES:
            with self.subTest(change.name):
                change.make(self.account)
                after = failures(facts.present_after_up, self.account)
                self.assertTrue(set(after) - set(before), f"nothing new in {after}")
                before = after

    def test_every_known_deviation_still_holds(self):
        for deviation in deviations.DEVIATIONS:
            with self.subTest(deviation.name):
                self.account.name = deviation.name
                self.assertTrue(deviation.holds(self.account))


class Meaning(unittest.TestCase):
    def test_order_case_ids_and_single_strings_change_nothing(self):
        one = {"Statement": {"Sid": "a", "Effect": "Allow", "Action": "IAM:Get*", "Resource": "*"}}
        two = '{"Statement": [{"Resource": ["*"], "Action": ["iam:get*"], "Effect": "Allow"}]}'
        self.assertEqual(lab.meaning(one), lab.meaning(two))

    def test_everything_else_does(self):
        plain = {"Effect": "Allow", "Action": ["iam:GetUser"], "Resource": ["*"]}
        for change in (
            {"Effect": "Deny"}, {"Action": ["iam:GetUser", "iam:GetRole"]}, {"Resource": ["arn:aws:iam::1:user/x"]},
            {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}, {"Principal": "*"}, {"NotAction": "x:y"},
        ):
            with self.subTest(change):
                self.assertNotEqual(
                    lab.meaning({"Statement": [plain]}), lab.meaning({"Statement": [{**plain, **change}]})
                )


class Drifts(unittest.TestCase):
    def test_names_are_unique_and_addresses_are_of_the_lab(self):
        names = [change.name for change in drift.CHANGES]
        self.assertEqual(len(names), len(set(names)))
        scenario = (lab.ROOT / "scenarios" / "iam-auditing" / "scenario.yaml").read_text("utf-8")
        for change in drift.CHANGES:
            self.assertIn(f"{change.address.split('.', 1)[1]}:", scenario)


class Totp(unittest.TestCase):
    def test_codes_are_those_of_rfc_6238(self):
        # Appendix B, SHA-1, the last six of its eight digits.
        seed = b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
            self.assertEqual(by_hand.code(seed, seconds // 30), code)


if __name__ == "__main__":
    unittest.main()
