"""Tests of the auditor's runs from the first step to the last, with everything around it pretended."""

import json
import unittest
from unittest import mock

from auditor_fakes import (
    AUDITOR, LAB, NOW, OF_ROOT, REMEDIATOR, ROOT, RUN, TOPIC, WITH_PASSWORD, FakeIam, FakeKeys, FakeSns, World, days,
    failure, key, table,
)

import controls
import handler
import report
import session
import settings

REMEDIATE = {"REMEDIATE": "deactivate-old-keys", "REMEDIATOR_ROLE_ARN": REMEDIATOR}
OLD_KEY = table({ROOT: OF_ROOT, "User2": {**WITH_PASSWORD, **key(1, 200, 1)}})
APPROVED = {"approval_id": "CHG-123"}


class Quiet(unittest.TestCase):
    def setUp(self):
        # What goes to the log is looked at where it matters.
        logs = self.assertLogs(level="INFO")
        self.logs = logs.__enter__()
        self.addCleanup(logs.__exit__, None, None, None)
        handler.LOG.info("so that there is a line")

    def log(self):
        return "\n".join(self.logs.output)


class Run(Quiet):
    def test_a_report_is_published_and_answered(self):
        world = World()
        answer = world.run()
        (mail,) = world.sns.sent
        self.assertEqual(mail["TopicArn"], TOPIC)
        self.assertEqual(mail["Message"], answer["report"])
        self.assertEqual(mail["Subject"], "IAM audit of 123456789012: FAIL 1.2; PASS 1.1, 1.12")
        self.assertIn("    - User2\n    - User3\n", answer["report"])
        del answer["report"]
        self.assertEqual(answer, {
            "run": RUN, "account": "123456789012", "generated_time": "2026-03-02T09:00:00+00:00", "users": 3,
            "complete": True, "controls": {"1.1": "PASS", "1.2": "FAIL", "1.12": "PASS"}, "remediation": [],
            "message_id": "message-1",
        })
        self.assertEqual(world.assumed, [(AUDITOR, "iam-auditor")])
        self.assertNotIn("User", self.log())

    def test_a_report_too_long_for_a_mail_is_whole_in_the_answer(self):
        rows = {f"user{at:04}{'x' * 56}": WITH_PASSWORD for at in range(5000)}
        world = World(FakeIam(outcomes=[table({ROOT: OF_ROOT, **rows})]))
        answer = world.run()
        self.assertEqual(answer["report"].count("    - user"), 5000)
        self.assertLessEqual(len(world.sns.sent[0]["Message"]), report.LONGEST)
        self.assertLess(len(json.dumps(answer)), 6_000_000)

    def test_a_control_that_breaks_is_unknown_and_the_others_are_told(self):
        def breaks(*_):
            raise ZeroDivisionError("oh")

        number, title, _ = controls.CONTROLS[0]
        broken = ((number, title, breaks), *controls.CONTROLS[1:])
        with mock.patch.object(controls, "CONTROLS", broken):
            answer = World().run()
        self.assertEqual(answer["controls"], {"1.1": "UNKNOWN", "1.2": "FAIL", "1.12": "PASS"})
        self.assertFalse(answer["complete"])
        self.assertIn("INCOMPLETE", answer["report"].split("\n")[0])
        self.assertIn("ZeroDivisionError: oh", self.log())


class Failures(Quiet):
    def fails(self, world, step, why, mails=1, event=None):
        """Run it, expect the step to fail, and return the mail that tells of it."""
        with self.assertRaisesRegex(handler.StepFailed, f"step `{step}` failed: .*{why}"):
            world.run(event)
        self.assertEqual(len(world.sns.sent), mails)
        self.assertIn(step, self.log())
        for mail in world.sns.sent:
            self.assertTrue(mail["Message"].startswith(f"AUDIT FAILED at step `{step}`: nothing is concluded"))
            self.assertIn(f"FAILED at step: {step}", mail["Subject"])
            self.assertIn(RUN, mail["Message"])
            self.assertNotIn("PASS", mail["Message"] + mail["Subject"])

    def test_every_step_is_named_and_told(self):
        denied = failure("AccessDenied", "AssumeRole")
        self.fails(World(refuse={AUDITOR: denied}), "assume the auditor role", "AccessDenied it is")
        for iam in (
            FakeIam(states=[failure("AccessDenied", "GenerateCredentialReport")]),
            FakeIam(outcomes=[failure("AccessDenied")]),
            FakeIam(outcomes=["user,arn,arn\n"]),
        ):
            self.fails(World(iam), "get the credential report", "")

    def test_a_report_that_is_never_ready_fails_before_the_time_is_up(self):
        for outcome in ("ReportExpired", "ReportInProgress", "ReportNotPresent"):
            world = World(FakeIam(outcomes=[failure(outcome)]))
            with self.assertRaisesRegex(handler.StepFailed, f"not ready after 0 s; the last answer was {outcome}"):
                world.run(seconds=session.MARGIN)
            self.assertEqual(len(world.sns.sent), 1)

    def test_a_topic_that_is_gone_fails_the_run_without_a_mail(self):
        sns = FakeSns(refuse=failure("NotFound", "Publish"))
        self.fails(World(sns=sns), "publish the report", "NotFound it is", mails=0)
        # Nor does it hide what went wrong before.
        self.fails(World(FakeIam(outcomes=[failure("AccessDenied")]), sns), "get the credential report", "Denied", 0)

    def test_a_missing_variable_is_named(self):
        for name, mails in (("AUDITOR_ROLE_ARN", 1), ("REPORT_TOPIC_ARN", 0)):
            for value in ("", " "):
                self.fails(World(environment={name: value}), "read the settings", f"variable {name} is not set", mails)

    def test_a_retry_in_the_same_environment_mails_nothing_twice(self):
        world = World(FakeIam(outcomes=[failure("AccessDenied")]))
        for run in (RUN, RUN, "another"):
            with self.assertRaises(handler.StepFailed):
                world.run(run=run)
        self.assertEqual([RUN in mail["Message"] for mail in world.sns.sent], [True, False])

    def test_a_retry_of_a_run_that_was_reported_does_not_report_again(self):
        world = World()
        self.assertEqual([world.run()["message_id"] for _ in range(2)], ["message-1", "message-1"])
        self.assertEqual(world.run(run="tomorrow")["message_id"], "message-2")


class Settings(unittest.TestCase):
    GIVEN = {"AUDITOR_ROLE_ARN": AUDITOR, "REPORT_TOPIC_ARN": TOPIC}

    def test_a_schedules_event_asks_for_no_change(self):
        for event in ({}, None, [], "text", {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}):
            told = settings.read(self.GIVEN, event)
            self.assertEqual((told.remediate, told.approval, told.account), ((), None, "123456789012"))

    def test_remediations_are_read_and_a_wrong_one_is_named(self):
        self.assertEqual(settings.remediations(" , "), ())
        both = ("deactivate-old-keys", "deactivate-unused-keys")
        self.assertEqual(settings.remediations("deactivate-unused-keys, deactivate-old-keys,"), both)
        with self.assertRaisesRegex(settings.SettingsError, "REMEDIATE says `delete-users`"):
            settings.remediations("deactivate-old-keys,delete-users")

    def test_an_approval_is_a_short_plain_id(self):
        self.assertEqual(settings.approval_id({"approval_id": "CHG-12.3_a"}), "CHG-12.3_a")
        for wrong in ("", "a b", "a/b", "a\n", "é", "x" * 41, 7, True, ["CHG-1"], {}):
            with self.subTest(wrong), self.assertRaises(settings.SettingsError):
                settings.read(self.GIVEN, {"approval_id": wrong})

    def test_an_approval_without_a_role_to_act_as_is_an_error(self):
        given = {**self.GIVEN, "REMEDIATE": "deactivate-old-keys"}
        self.assertEqual(settings.read(given, {}).remediate, ("deactivate-old-keys",))
        with self.assertRaisesRegex(settings.SettingsError, "REMEDIATOR_ROLE_ARN"):
            settings.read(given, APPROVED)


class Remediation(Quiet):
    def world(self, outcome=OLD_KEY, **how):
        keys = FakeKeys({"User2": {"AKIAOLD": (days(200), True)}}, how.pop("keys_refuse", None))
        return World(FakeIam(outcomes=[outcome]), keys=keys, environment=how.pop("environment", REMEDIATE), **how)

    def test_nothing_is_done_unless_it_is_asked_for(self):
        world = self.world(environment={"REMEDIATOR_ROLE_ARN": REMEDIATOR})
        answer = world.run(APPROVED)
        self.assertEqual((world.assumed, world.keys.changed), ([(AUDITOR, "iam-auditor")], []))
        self.assertIn("Approval CHG-123 came, but REMEDIATE asks for nothing", answer["report"])
        self.assertNotIn("emediat", world.run(run="another")["report"])

    def test_without_an_approval_there_is_a_plan(self):
        for environment in (REMEDIATE, {"REMEDIATE": "deactivate-old-keys"}):
            world = self.world(environment=environment)
            answer = world.run()
            self.assertEqual((world.assumed, world.keys.changed), ([(AUDITOR, "iam-auditor")], []))
            self.assertIn("would be deactivated: access key 1 of User2: older than 90 days", answer["report"])
            self.assertIn("; 1 key to deactivate", world.sns.sent[0]["Subject"])

    def test_with_an_approval_it_is_done_once_and_told(self):
        world = self.world()
        answer = world.run(APPROVED)
        self.assertEqual(world.assumed[1], (REMEDIATOR, "iam-remediator-CHG-123"))
        self.assertEqual(world.keys.changed, [("User2", "AKIAOLD", "Inactive")])
        self.assertEqual((answer["remediation"][0]["outcome"], answer["remediation"][0]["access_key_id"]),
                         ("DEACTIVATED", "AKIAOLD"))
        for text in ("DEACTIVATED: access key AKIAOLD of User2", "Approval CHG-123", "To undo it:"):
            self.assertIn(text, world.sns.sent[0]["Message"])
        self.assertIn("DEACTIVATED: access key AKIAOLD of User2", self.log())
        self.assertIn("CHG-123", self.log())
        again = world.run(APPROVED, run="again")
        self.assertEqual((len(world.keys.changed), again["remediation"][0]["outcome"]), (1, "NOTHING TO DO"))

    def test_nobody_is_assumed_when_there_is_nothing_to_do(self):
        world = self.world(LAB)
        self.assertIn("There was nothing to do", world.run(APPROVED)["report"])
        self.assertEqual(len(world.assumed), 1)

    def test_a_remediation_that_fails_fails_the_run_beside_the_report(self):
        for world, why in (
            (self.world(refuse={REMEDIATOR: failure("AccessDenied", "AssumeRole")}), "AccessDenied it is"),
            (self.world(keys_refuse={"AKIAOLD": failure("AccessDenied", "UpdateAccessKey")}), "1 not done: FAILED"),
        ):
            for _ in range(3):
                with self.assertRaisesRegex(handler.StepFailed, f"step `remediate` failed: .*{why}"):
                    world.run(APPROVED)
            # The report is told once, with what failed; retries have nothing new to tell.
            (mail,) = world.sns.sent
            self.assertIn("REMEDIATION FAILED", mail["Subject"])
            self.assertIn("[FAIL] CIS 1.2", mail["Message"])
            self.assertIn("AccessDenied it is", mail["Message"])
            self.assertEqual(world.keys.changed, [])

    def test_what_is_not_decided_is_not_done(self):
        odd = {"odd": {"access_key_1_active": "maybe"}}
        for cells, keys, line in (
            # Two keys, one of them planned, both switched off and on.
            ({"User2": {**key(1, 100), **key(2, 20)}},
             {"User2": {"AKIAONE": (days(300), True), "AKIATWO": (days(300), True)}},
             "2 not done: NOT DECIDED: access key AKIAONE of User2"),
            (odd, {}, "1 not done: NOT DECIDED: odd: `access_key_1_active` says `maybe`"),
        ):
            text = table({ROOT: OF_ROOT, **cells})
            world = World(FakeIam(outcomes=[text]), keys=FakeKeys(keys), environment=REMEDIATE)
            with self.assertRaisesRegex(handler.StepFailed, line):
                world.run(APPROVED)
            (mail,) = world.sns.sent
            self.assertIn("REMEDIATION FAILED", mail["Subject"])
            self.assertIn(line.split(": ", 1)[1], mail["Message"])
            self.assertNotIn("nothing to do", mail["Message"].lower())
            self.assertEqual(world.keys.changed, [])
        plan = self.world(table({ROOT: OF_ROOT, **odd}))
        answer = plan.run()
        self.assertEqual((answer["complete"], answer["remediation"][0]["outcome"]), (False, "NOT DECIDED"))
        self.assertIn("NOT DECIDED", plan.sns.sent[0]["Subject"])

    def test_no_time_left_is_told_and_fails(self):
        world = self.world()
        with self.assertRaisesRegex(handler.StepFailed, "NOT REACHED: User2"):
            world.run(APPROVED, seconds=12)
        self.assertIn("NOT REACHED: User2", world.sns.sent[0]["Message"])
        # Nor is there time to become somebody else.
        self.assertEqual(len(world.assumed), 1)


if __name__ == "__main__":
    unittest.main()
