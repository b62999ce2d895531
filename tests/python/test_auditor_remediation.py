"""Tests of the auditor's remediations: which keys are meant, and that nothing else is touched."""

import itertools
import logging
import unittest

from auditor_fakes import NOW, OF_ROOT, ROOT, FakeKeys, days, failure, key, report, table

import cells
import deactivation
import remediation
import session
from remediation import DEACTIVATED, FAILED, NOT_DECIDED, NOT_REACHED, NOTHING

OLD, UNUSED = "deactivate-old-keys", "deactivate-unused-keys"
PLENTY = 60


def plan(rows, *remediate):
    return remediation.plan(report(table({ROOT: OF_ROOT, **rows})), remediate or [OLD], NOW)


def planned(found):
    return {(user.user, chosen.slot) for user in found.users for chosen in user.chosen}


def act(rows, keys, *remediate, remaining=lambda: PLENTY, refuse=None, used=None):
    """Plan by the report's `rows`, then act on `keys`; return what became of it, and what was changed."""
    remediate = remediate or (OLD,)
    iam = FakeKeys(keys, refuse, used)
    with unittest.TestCase().assertLogs(level="INFO") as logs:
        logging.getLogger().info("so that there is a line")
        actions = deactivation.Deactivation(iam, remediate, NOW, remaining).carry_out(plan(rows, *remediate).users)
    assert [line.split(":", 2)[2] for line in logs.output[1:]] == [action.line for action in actions]
    return actions, iam.changed


def carry_out(rows, keys, *remediate, **how):
    """The same; only outcomes by key id or user."""
    actions, changed = act(rows, keys, *remediate, **how)
    return [(it.outcome, it.key_id or it.user) for it in actions], changed


class Plan(unittest.TestCase):
    def test_old_is_by_age_and_unused_by_last_use(self):
        rows = {
            "old-in-use": key(1, 200, 1), "old-unused": key(1, 200, 100), "never-used": key(2, 91),
            "young": key(1, 90, 1), "inactive": key(1, 200, active=False), "none": {},
        }
        self.assertEqual(planned(plan(rows, OLD)), {("old-in-use", 1), ("old-unused", 1), ("never-used", 2)})
        self.assertEqual(planned(plan(rows, UNUSED)), {("old-unused", 1), ("never-used", 2)})
        both = plan(rows, OLD, UNUSED)
        self.assertEqual(planned(both), planned(plan(rows, OLD)))
        why = {user.user: user.chosen[0].why for user in both.users}
        self.assertTrue(why["old-unused"].startswith("older than 90 days and not used for 90 days ("))
        self.assertIn("WARNING", why["old-in-use"])
        self.assertNotIn("WARNING", why["old-unused"])

    def test_roots_keys_are_never_planned(self):
        self.assertEqual(plan({ROOT: {**OF_ROOT, **key(1, 500)}}, OLD, UNUSED).users, [])

    def test_what_cannot_be_read_is_told_and_not_planned(self):
        future = key(1, -2)
        dateless = {**key(1, 500), "access_key_1_last_rotated": "N/A"}
        rows = {"odd": {"access_key_2_active": ""}, "future": future, "dateless": dateless, "old": key(1, 91)}
        found = plan(rows)
        self.assertEqual(planned(found), {("old", 1)})
        self.assertEqual([(it.outcome, it.user) for it in found.unclear],
                         [(NOT_DECIDED, name) for name in ("dateless", "future", "odd")])


class CarryOut(unittest.TestCase):
    def test_exactly_the_planned_key_is_deactivated(self):
        rows = {"u": {**key(1, 200), **key(2, 10)}, "other": key(1, 20)}
        keys = {"u": {"AKIAOLD": (days(200), True), "AKIANEW": (days(10), True)}, "other": {}}
        self.assertEqual(carry_out(rows, keys), ([(DEACTIVATED, "AKIAOLD")], [("u", "AKIAOLD", "Inactive")]))
        # Once more, as a retry does: nothing is left to do.
        self.assertEqual(carry_out(rows, keys), ([(NOTHING, "AKIAOLD")], []))

    def test_keys_of_nearly_the_same_age_are_told_apart(self):
        rows = {"u": {**key(1, 101, 100), **key(2, 100, 1)}}
        keys = {"u": {"AKIAONE": (days(101), True), "AKIATWO": (days(100), True)}}
        self.assertEqual(carry_out(rows, keys, UNUSED)[1], [("u", "AKIAONE", "Inactive")])

    def test_a_key_that_was_switched_on_again_is_found_beside_the_other(self):
        # The report's date of key 1 is the day it was switched on; of key 2, which stays, the day it was made.
        rows = {"u": {**key(1, 100), **key(2, 50)}}
        keys = {"u": {"AKIAONE": (days(300), True), "AKIATWO": (days(50), True)}}
        self.assertEqual(carry_out(rows, keys)[1], [("u", "AKIAONE", "Inactive")])

    def test_what_is_ambiguous_is_not_touched_and_not_called_done(self):
        one_of_two = {"u": {**key(1, 100), **key(2, 20)}}
        both_toggled = {"u": {"AKIAONE": (days(300), True), "AKIATWO": (days(300), True)}}
        undecided = [(NOT_DECIDED, "AKIAONE"), (NOT_DECIDED, "AKIATWO")]
        self.assertEqual(carry_out(one_of_two, both_toggled), (undecided, []))
        # Key 1 was switched on again in the second in which key 2 was made: the report has one date for both.
        rows = {"u": {**key(1, 100, 1), **key(2, 100, 95)}}
        keys = {"u": {"AKIAONE": (days(300), True), "AKIATWO": (days(100), True)}}
        used = {"AKIAONE": days(1), "AKIATWO": days(95)}
        outcomes, changed = carry_out(rows, keys, UNUSED, used=used)
        self.assertEqual((outcomes, changed), ([(NOTHING, "AKIAONE"), (NOT_DECIDED, "AKIATWO")], []))
        # One of the keys that were alike has gone: which one?
        del keys["u"]["AKIAONE"]
        self.assertEqual(carry_out(rows, keys, UNUSED, used=used), ([(NOT_DECIDED, "AKIATWO")], []))

    def test_the_key_that_stays_is_never_taken_for_one_that_has_gone(self):
        # Key 2 was switched on again lately, so it is not in the plan, however old it is. Key 1 has gone since.
        rows = {"u": {**key(1, 100), **key(2, 10)}}
        keys = {"u": {"AKIATWO": (days(300), True)}}
        self.assertEqual(carry_out(rows, keys), ([(NOT_DECIDED, "AKIATWO")], []))
        keys = {"u": {"AKIATWO": (days(50), True)}}
        self.assertEqual(carry_out(rows, keys), ([(NOTHING, "u")], []))

    def test_what_is_gone_or_replaced_since_the_report_needs_nothing(self):
        rows = {"u": key(1, 100)}
        for keys in ({}, {"AKIANEW": (days(0.1), True)}):
            self.assertEqual(carry_out(rows, {"u": keys}), ([(NOTHING, "u")], []))
        both = {"u": {"AKIANEW": (days(0.1), True), "AKIAOLD": (days(100), True)}}
        self.assertEqual(carry_out(rows, both)[1], [("u", "AKIAOLD", "Inactive")])

    def test_two_planned_keys_need_not_be_told_apart_and_have_their_own_reasons(self):
        rows = {"u": {**key(1, 100, 1), **key(2, 120)}}
        # Both were switched off and on; IAM lists them in another order than the report does.
        keys = {"u": {"AKIATWO": (days(310), True), "AKIAONE": (days(300), True)}}
        actions, changed = act(rows, keys, used={"AKIAONE": days(1)})
        self.assertEqual({key_id for _, key_id, _ in changed}, {"AKIAONE", "AKIATWO"})
        why = {action.key_id: action.why for action in actions}
        self.assertIn(f"made {cells.show_time(days(300))}; last used {cells.show_time(days(1))}", why["AKIAONE"])
        self.assertIn("WARNING", why["AKIAONE"])
        self.assertIn(f"made {cells.show_time(days(310))}; not known to have been used)", why["AKIATWO"])
        self.assertNotIn("WARNING", why["AKIATWO"])

    def test_a_key_that_was_used_since_the_report_is_not_unused(self):
        rows = {"u": key(1, 200, 100)}
        keys = {"u": {"AKIA": (days(200), True)}}
        used = {"AKIA": days(0.01)}
        actions, changed = act(rows, keys, UNUSED, used=used)
        self.assertEqual(([it.outcome for it in actions], changed), ([NOTHING], []))
        self.assertIn(f"last used {cells.show_time(days(0.01))}", actions[0].why)
        # An old key goes all the same; whoever reads of it is warned.
        actions, changed = act(rows, keys, OLD, UNUSED, used=used)
        self.assertEqual(changed, [("u", "AKIA", "Inactive")])
        self.assertTrue(actions[0].why.startswith("older than 90 days (made "))
        self.assertIn("WARNING", actions[0].why)

    def test_the_live_date_decides(self):
        # Ninety days old when the report was made, by less than a second; the key itself is not older.
        edge = days(90)
        users = [remediation.Planned("u", (remediation.Key(1, edge, "because"),))]
        iam = FakeKeys({"u": {"AKIA": (edge, True)}})
        (action,) = deactivation.Deactivation(iam, [OLD], NOW, lambda: PLENTY).carry_out(users)
        self.assertEqual(action.outcome, NOTHING)
        self.assertEqual(iam.changed, [])

    def test_no_pairing_ever_touches_a_key_that_is_not_planned(self):
        # Every account of two keys: when they were made, and when they were switched off and on, if ever.
        moments = (200, 150, 100, 60, 5)
        of_key = [(made, changed) for made in moments for changed in moments if changed <= made]
        decided = 0
        for one, two in itertools.product(of_key, of_key):
            rows = {"u": {**key(1, one[1]), **key(2, two[1])}}
            meant = {name for name, (_, changed) in (("AKIA1", one), ("AKIA2", two)) if changed > 90}
            for there in (("AKIA1", "AKIA2"), ("AKIA2", "AKIA1"), ("AKIA1",), ("AKIA2",)):
                made = {"AKIA1": (days(one[0]), True), "AKIA2": (days(two[0]), True)}
                users = plan(rows).users
                live = [deactivation.Live(name, *made[name]) for name in there]
                told = deactivation.tell_apart(users[0].keys, live) if users else []
                wrong = [(it.key_id, sure) for it, sure in told if sure is (it.key_id not in meant)]
                self.assertEqual(wrong, [], (one, two, there))
                decided += sum(sure is True for _, sure in told)
        self.assertGreater(decided, 200)

    def test_an_error_at_one_key_is_told_and_the_others_have_their_turn(self):
        names = ("a", "b", "c", "d", "e", "gone")
        rows = {name: key(1, 200) for name in names}
        keys = {name: {f"AKIA{name}": (days(200), True)} for name in names}
        refuse = {
            "a": failure("AccessDenied", "ListAccessKeys"), "AKIAb": ConnectionError("lost"),
            "used AKIAd": failure("AccessDenied", "GetAccessKeyLastUsed"),
            "AKIAe": failure("NoSuchEntity", "UpdateAccessKey"), "gone": failure("NoSuchEntity", "ListAccessKeys"),
        }
        outcomes, changed = carry_out(rows, keys, refuse=refuse)
        self.assertEqual(outcomes, [
            (FAILED, "a"), (FAILED, "AKIAb"), (DEACTIVATED, "AKIAc"), (FAILED, "AKIAd"), (NOTHING, "AKIAe"),
            (NOTHING, "gone"),
        ])
        self.assertEqual(changed, [("c", "AKIAc", "Inactive")])

    def test_there_is_time_left_to_report(self):
        rows = {name: key(1, 200) for name in "abc"}
        # Three calls for a key, and each may be the one that hangs.
        enough = session.MARGIN
        for calls, expected, count in (
            (6, [(DEACTIVATED, "AKIAa"), (DEACTIVATED, "AKIAb"), (NOT_REACHED, "c")], 2),
            (5, [(DEACTIVATED, "AKIAa"), (NOT_REACHED, "AKIAb"), (NOT_REACHED, "c")], 1),
            (4, [(DEACTIVATED, "AKIAa"), (NOT_REACHED, "AKIAb"), (NOT_REACHED, "c")], 1),
        ):
            times = itertools.chain([enough] * calls, itertools.repeat(enough - 1))
            keys = {name: {f"AKIA{name}": (days(200), True)} for name in "abc"}
            outcomes, changed = carry_out(rows, keys, remaining=lambda: next(times))
            self.assertEqual((outcomes, len(changed)), (expected, count))

    def test_what_was_done_is_in_the_log_before_the_next_key_has_its_turn(self):
        iam = FakeKeys({"u": {"AKIAONE": (days(200), True), "AKIATWO": (days(200), True)}})
        iam.refuse["used AKIATWO"] = KeyboardInterrupt()
        users = plan({"u": {**key(1, 200), **key(2, 200)}}).users
        with self.assertLogs(level="INFO") as logs, self.assertRaises(KeyboardInterrupt):
            deactivation.Deactivation(iam, [OLD], NOW, lambda: PLENTY).carry_out(users)
        self.assertIn("DEACTIVATED: access key AKIAONE of u", logs.output[0])

    def test_root_is_not_touched_even_when_told_to(self):
        iam = FakeKeys({ROOT: {"AKIA": (days(200), True)}})
        users = [remediation.Planned(ROOT, (remediation.Key(1, days(200), "because"),))]
        self.assertEqual(deactivation.Deactivation(iam, [OLD], NOW, lambda: PLENTY).carry_out(users), [])


if __name__ == "__main__":
    unittest.main()
