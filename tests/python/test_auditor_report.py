"""Tests of the auditor's report: what people read, and what SNS takes."""

import argparse
import shlex
import unittest

from auditor_fakes import ACCOUNT, LAB, NOW, OF_ROOT, ROOT, RUN, WITH_MFA, WITH_PASSWORD, FakeSns, cell, days, key
from auditor_fakes import report as credential_report_of
from auditor_fakes import table

import controls
import publish
import remediation
import report

EXPECTED = """\
IAM audit of 123456789012: FAIL 1.1, 1.2; PASS 1.12

Account:            123456789012
Credential report:  2026-03-02 09:00:00 UTC, 3 users and root
Run:                8f6c2d1e-0000-4000-8000-000000000001

[FAIL] CIS 1.1: root is not used for day-to-day work
  Root was last used at 2026-02-27 09:00:00 UTC, with the password: within the last 90 days.

[FAIL] CIS 1.2: every user with a console password has an MFA device
  2 of 3 users with a console password have no MFA device.
    - User2
    - User3

[PASS] CIS 1.12: root has no access key
  Root has no access key, neither an active nor an inactive one.

What this rests on
  The credential report, which AWS makes at most every four hours: what changed since then is not in it.
  Recognise a report that came twice by its run: 8f6c2d1e-0000-4000-8000-000000000001.
"""


def audited(text=LAB, remedy=None, note=""):
    found = credential_report_of(text)
    results = [controls.audit(*control, found, NOW) for control in controls.CONTROLS]
    return report.audited(ACCOUNT, found, RUN, results, remedy, note)


class Text(unittest.TestCase):
    def test_it_is_the_same_text_for_the_same_facts(self):
        used = {**OF_ROOT, "password_last_used": cell(days(3))}
        lab = table({ROOT: used, "User1": WITH_MFA, "User2": WITH_PASSWORD, "User3": WITH_PASSWORD})
        full = audited(lab)
        self.assertEqual(full.text, EXPECTED)
        self.assertEqual((full.message, full.subject), (full.text, full.text.split("\n", 1)[0]))
        self.assertNotIn("User1", full.text)

    def test_what_is_unknown_makes_it_incomplete_in_its_first_line(self):
        full = audited(table({ROOT: OF_ROOT, "User1": WITH_MFA, "User2": WITH_MFA}, without=["mfa_active"]))
        self.assertEqual(full.subject, f"IAM audit of {ACCOUNT} INCOMPLETE: UNKNOWN 1.2; PASS 1.1, 1.12")
        self.assertIn("UNKNOWN was not judged, and has not passed", full.text)
        self.assertIn("[UNKNOWN] CIS 1.2", full.text)
        because = "  UNKNOWN, because the report has no `mfa_active` for this row:\n    - User1\n    - User2\n"
        self.assertIn(because, full.text)

    def test_a_control_that_broke_is_unknown_and_the_others_are_told(self):
        found = credential_report_of()
        results = [controls.audit(*control, found, NOW) for control in controls.CONTROLS[:2]]
        results.append(controls.broken("1.12", "title", KeyError("x")))
        full = report.audited(ACCOUNT, found, RUN, results, None)
        self.assertEqual(full.subject, f"IAM audit of {ACCOUNT} INCOMPLETE: FAIL 1.2; UNKNOWN 1.12; PASS 1.1")
        self.assertIn("The control itself failed: KeyError", full.text)

    def test_nothing_that_somebody_chose_can_look_like_a_line_of_it(self):
        name = "x\n[PASS] CIS 1.12: all is well\r\x1b[2J\u2028\u202eé"
        strange = {"User9": {"password_enabled": "\n[PASS] you"}}
        full = audited(table({ROOT: OF_ROOT, name: WITH_PASSWORD, **strange}))
        self.assertEqual(full.text.count("\n[PASS] "), 2)
        self.assertIn("    - x\\n[PASS] CIS 1.12: all is well\\r\\x1b[2J\\u2028\\u202e\\xe9\n", full.text)
        self.assertTrue(full.text.isascii())

    def test_a_failed_run_says_that_nothing_is_concluded(self):
        mail = report.failed(ACCOUNT, RUN, "get the credential report", "AccessDenied: no")
        first = mail.text.split("\n", 1)[0]
        self.assertEqual(first, "AUDIT FAILED at step `get the credential report`: nothing is concluded")
        self.assertIn(RUN, mail.text)
        self.assertEqual(mail.subject, f"IAM audit of {ACCOUNT} FAILED at step: get the credential report")
        self.assertNotIn("PASS", mail.text)


class Limits(unittest.TestCase):
    def many(self, count):
        return audited(table({ROOT: OF_ROOT, **{f"user{at:04}{'x' * 56}": WITH_PASSWORD for at in range(count)}}))

    def test_a_long_report_is_cut_at_a_line_and_says_so(self):
        full = self.many(5000)
        self.assertGreater(len(full.text), report.LONGEST)
        message = full.message
        self.assertLessEqual(len(message.encode()), report.LONGEST)
        self.assertGreater(len(message), report.LONGEST - 300)
        shown = [line for line in message.split("\n") if line.startswith("    - user")]
        self.assertEqual(shown[-1], f"    - user{len(shown) - 1:04}{'x' * 56}")
        self.assertIn(f"\n  ... {5000 - len(shown)} more lines", message)
        # What stands after the list is not lost, and the answer has all of it.
        self.assertIn("[PASS] CIS 1.12", message)
        self.assertEqual(full.text.count("    - user"), 5000)

    def test_two_long_lists_are_both_cut(self):
        lines = [f"    - DEACTIVATED: {'y' * 90} {at}" for at in range(5000)]
        full = self.many(5000)
        full = full._replace(sections=[*full.sections[:-1], report.Section("Remediation", lines), full.sections[-1]])
        message = full.message
        self.assertLessEqual(len(message), report.LONGEST)
        self.assertGreater(len(message), report.LONGEST // 2)
        self.assertEqual(message.count("more lines: for a whole report run `iamlab audit invoke`"), 2)
        self.assertIn("Recognise a report that came twice", message)

    def test_a_subject_is_ascii_and_short(self):
        results = [controls.broken(str(at), "t", ValueError()) for at in range(100)]
        full = report.audited("é\n" + "9" * 200, credential_report_of(), RUN, results, None, "; REMEDIATION FAILED")
        for subject in (full.subject, report.failed("1" * 200, RUN, "s", "w").subject):
            self.assertTrue(subject.isascii() and subject.isprintable())
            self.assertLess(len(subject), 100)


class Remediation(unittest.TestCase):
    def test_a_plan_tells_what_would_be_done_and_what_is_not_known(self):
        rows = {"old": key(2, 100, 1), "odd": {"access_key_1_active": "maybe"}}
        plan = remediation.plan(credential_report_of(table(rows)), ["deactivate-old-keys"], NOW)
        section = report.planned(["deactivate-old-keys"], plan)
        self.assertEqual(section.heading, "Remediation deactivate-old-keys: 1 planned, none done")
        told = "\n".join(section.lines)
        self.assertIn("would be deactivated: access key 2 of old: older than 90 days", told)
        self.assertIn("WARNING: something works with it", told)
        self.assertIn("NOT DECIDED: odd: `access_key_1_active` says `maybe`", told)

    def test_what_was_done_names_key_user_approval_and_the_way_back(self):
        actions = [
            remediation.Action(remediation.DEACTIVATED, "-a b", "AKIAEXAMPLE", "older than 90 days"),
            remediation.Action(remediation.NOT_REACHED, "c", None, "there was no time left"),
        ]
        section = report.done(["deactivate-old-keys"], "CHG-1", remediation.Plan([], [], NOW), actions)
        told = "\n".join([section.heading, *section.lines])
        self.assertIn("1 deactivated", told)
        self.assertIn("Approval CHG-1", told)
        self.assertIn("who approved is not known", told)
        self.assertIn("DEACTIVATED: access key AKIAEXAMPLE of -a b: older", told)
        self.assertIn("update-access-key --user-name='-a b' --access-key-id AKIAEXAMPLE --status Active", told)
        self.assertIn("NOT REACHED: c: there was no time left", told)
        # The next run has the same credential report, which knows of neither, as long as AWS keeps it.
        self.assertIn("NOT REACHED run it again after 2026-03-02 13:00:00 UTC", told)
        self.assertIn("What is undone holds against other approved runs after 2026-03-02 13:00:00 UTC", told)

    def test_the_way_back_is_one_that_the_shell_and_aws_understand(self):
        for user in ("-rf", "--user-name", "plain", "a b", "it's", "$(x)"):
            undo = remediation.Action(remediation.DEACTIVATED, user, "AKIAEXAMPLE", "").undo
            options = argparse.ArgumentParser()
            for name in ("--user-name", "--access-key-id", "--status"):
                options.add_argument(name, required=True)
            words = shlex.split(undo)
            told = options.parse_args(words[3:])
            self.assertEqual((words[:3], told.user_name), (["aws", "iam", "update-access-key"], user))


class Publish(unittest.TestCase):
    def test_the_same_message_is_sent_once(self):
        publish._SENT.clear()
        sns = FakeSns()
        ids = [publish.publish(sns, "t", "s", text) for text in ("a", "a", "b")]
        self.assertEqual(ids, ["message-1", "message-1", "message-2"])
        self.assertEqual([it["Message"] for it in sns.sent], ["a", "b"])

    def test_one_that_was_refused_is_tried_again(self):
        publish._SENT.clear()
        sns = FakeSns(refuse=RuntimeError("no"))
        with self.assertRaises(RuntimeError):
            publish.publish(sns, "t", "s", "a")
        sns.refuse = None
        self.assertEqual(publish.publish(sns, "t", "s", "a"), "message-1")


if __name__ == "__main__":
    unittest.main()
