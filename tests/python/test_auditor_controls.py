"""Tests of the auditor's three controls. What they say of odd cells is compared with `iamlab audit run` elsewhere."""

import datetime
import unittest

from auditor_fakes import NOW, OF_ROOT, ROOT, WITH_MFA, WITH_PASSWORD, cell, days, key, report, table

import controls
from controls import FAIL, NOT_APPLICABLE, PASS, UNKNOWN


def of_root(control, cells, without=(), made=NOW):
    (verdict,) = control(report(table({ROOT: {**OF_ROOT, **cells}}, without), made), NOW)
    return verdict


def of_users(rows, without=()):
    verdicts = controls.users_without_mfa(report(table({ROOT: OF_ROOT, **rows}, without)), NOW)
    return {verdict.name: verdict.status for verdict in verdicts}


class RootLastUse(unittest.TestCase):
    def judge(self, cells, **how):
        return of_root(controls.root_last_use, cells, **how)

    def test_the_newest_of_three_dates_counts_and_is_told(self):
        verdict = self.judge({"password_last_used": cell(days(400)), **key(1, 500, 300), **key(2, 500, 5)})
        self.assertEqual(verdict.status, FAIL)
        self.assertIn("last used at 2026-02-25 09:00:00 UTC, with access key 2", verdict.why)
        verdict = self.judge({"password_last_used": cell(days(120)), **key(1, 500, 300)})
        self.assertEqual(verdict.status, PASS)
        self.assertIn("last used at 2025-11-02 09:00:00 UTC, with the password", verdict.why)

    def test_ninety_days_to_the_second(self):
        edge = days(90)
        self.assertEqual(self.judge({"password_last_used": cell(edge)}).status, FAIL)
        before = edge - datetime.timedelta(seconds=1)
        self.assertEqual(self.judge({"password_last_used": cell(before)}).status, PASS)

    def test_no_date_is_told_as_that(self):
        for nothing in ("no_information", "N/A", "not_supported", "No_Information"):
            verdict = self.judge({"password_last_used": nothing})
            self.assertEqual((verdict.status, verdict.why), (PASS, "root is not known to have been used"))

    def test_what_cannot_be_read_is_unknown_unless_a_use_is_certain(self):
        for strange in ("", "soon", "2026-13-01T00:00:00+00:00", cell(NOW + datetime.timedelta(hours=1))):
            with self.subTest(strange):
                self.assertEqual(self.judge({"password_last_used": strange}).status, UNKNOWN)
                self.assertEqual(self.judge({"password_last_used": strange, **key(2, 9, 1)}).status, FAIL)
        missing = self.judge({}, without=["access_key_2_last_used_date"])
        self.assertEqual(missing.status, UNKNOWN)
        self.assertIn("`access_key_2_last_used_date`", missing.why)

    def test_an_old_report_tells_nothing_of_today(self):
        made = NOW - datetime.timedelta(hours=5)
        self.assertEqual(self.judge({}, made=made).status, UNKNOWN)
        self.assertEqual(self.judge({"password_last_used": cell(days(3))}, made=made).status, FAIL)
        self.assertEqual(self.judge({}, made=NOW - datetime.timedelta(hours=4)).status, PASS)

    def test_a_report_without_root_says_nothing_of_root(self):
        for control in (controls.root_last_use, controls.root_access_keys):
            (verdict,) = control(report(table({"User1": {}})), NOW)
            self.assertEqual(verdict.status, UNKNOWN)


class UsersWithoutMfa(unittest.TestCase):
    def test_a_password_wants_a_device(self):
        said = of_users({
            "with": WITH_MFA, "without": WITH_PASSWORD, "capitals": {"password_enabled": "TRUE"},
            "keys-only": key(1, 5), "device-only": {"mfa_active": "true"},
        })
        self.assertEqual(said, {
            "with": PASS, "without": FAIL, "capitals": FAIL, "keys-only": NOT_APPLICABLE,
            "device-only": NOT_APPLICABLE,
        })

    def test_what_cannot_be_read_is_unknown(self):
        said = of_users({
            "a": {"password_enabled": "not_supported"}, "b": {**WITH_PASSWORD, "mfa_active": ""}, "c": WITH_PASSWORD,
        })
        self.assertEqual(said, {"a": UNKNOWN, "b": UNKNOWN, "c": FAIL})
        self.assertEqual(of_users({"a": WITH_MFA, "b": {}}, ["mfa_active"]), {"a": UNKNOWN, "b": NOT_APPLICABLE})

    def test_root_is_no_user_and_a_user_called_root_is_one(self):
        self.assertEqual(of_users({"root": WITH_PASSWORD}), {"root": FAIL})


class RootAccessKeys(unittest.TestCase):
    def judge(self, cells, **how):
        return of_root(controls.root_access_keys, cells, **how)

    def test_a_key_is_a_key_whether_active_or_not(self):
        self.assertEqual(self.judge({}).status, PASS)
        verdict = self.judge({**key(1, 30), **key(2, 30, active=False)})
        self.assertEqual(verdict.status, FAIL)
        self.assertEqual(verdict.why, "root has access key 1 (active) and access key 2 (inactive)")
        self.assertEqual(self.judge({"access_key_2_active": "TRUE"}).status, FAIL)

    def test_what_cannot_be_read_is_unknown_unless_a_key_is_certain(self):
        strange = {"access_key_1_active": "maybe"}
        self.assertEqual(self.judge(strange).status, UNKNOWN)
        self.assertEqual(self.judge({**strange, **key(2, 30)}).status, FAIL)
        self.assertEqual(self.judge({"access_key_1_last_rotated": "?"}).status, UNKNOWN)
        self.assertEqual(self.judge({}, without=["access_key_2_active"]).status, UNKNOWN)


class Audit(unittest.TestCase):
    def test_the_worst_verdict_is_the_controls_and_a_gap_beside_it_is_told(self):
        def verdicts(*statuses):
            found = [controls.Verdict(f"u{at}", status, "why") for at, status in enumerate(statuses)]
            return controls.audit("1.2", "title", lambda *_: found, report(), NOW)

        self.assertEqual((verdicts().status, verdicts(PASS, NOT_APPLICABLE).status), (PASS, PASS))
        self.assertEqual((verdicts(PASS, UNKNOWN).status, verdicts(PASS, UNKNOWN).incomplete), (UNKNOWN, True))
        both = verdicts(FAIL, UNKNOWN, PASS)
        self.assertEqual((both.status, both.incomplete), (FAIL, True))
        self.assertIn("1 of 2 users", both.summary)
        self.assertEqual(verdicts(NOT_APPLICABLE).summary, "no user is known to have a console password")

    def test_an_empty_report_passes_nothing(self):
        for control in controls.CONTROLS:
            self.assertEqual(controls.audit(*control, report("user,arn\n"), NOW).status, UNKNOWN)


if __name__ == "__main__":
    unittest.main()
