"""Tests of the auditor's remediations: which keys are meant, and that nothing else is touched."""

import datetime
import unittest

from auditor_fakes import NOW, OF_ROOT, ROOT, FakeKeys, days, failure, key, report, table

import remediation
from remediation import DEACTIVATED, FAILED, NOT_REACHED, NOTHING

OLD, UNUSED = "deactivate-old-keys", "deactivate-unused-keys"
PLENTY = 60


def plan(rows, *remediate):
    return remediation.plan(report(table({ROOT: OF_ROOT, **rows})), remediate or [OLD], NOW)


def planned(found):
    return {(user.user, chosen.slot) for user in found.users for chosen in user.chosen}


def carry_out(rows, keys, *remediate, remaining=lambda: PLENTY, refuse=None):
    """Plan by the report's `rows`, then act on `keys`; return the outcomes by key id or user, and what was changed."""
    iam = FakeKeys(keys, refuse)
    actions = remediation.carry_out(iam, plan(rows, *remediate).users, NOW, remaining)
    return [(it.outcome, it.key_id or it.user) for it in actions], iam.changed


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
        self.assertEqual([line.split(":")[0] for line in found.unclear],
                         [f"the access keys of {name}" for name in ("dateless", "future", "odd")])


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

    def test_what_is_ambiguous_or_changed_since_the_report_is_not_touched(self):
        one_of_two = {"u": {**key(1, 100), **key(2, 20)}}
        both_toggled = {"u": {"AKIAONE": (days(300), True), "AKIATWO": (days(300), True)}}
        replaced = {"u": {"AKIANEW": (days(1), True)}}
        gone = {"u": {}}
        for keys in (both_toggled, gone):
            self.assertEqual(carry_out(one_of_two, keys), ([(NOTHING, "u")], []))
        self.assertEqual(carry_out({"u": key(1, 100)}, replaced), ([(NOTHING, "u")], []))

    def test_two_planned_keys_need_not_be_told_apart(self):
        rows = {"u": {**key(1, 100), **key(2, 120)}}
        keys = {"u": {"AKIAONE": (days(300), True), "AKIATWO": (days(300), True)}}
        _, changed = carry_out(rows, keys)
        self.assertEqual({key_id for _, key_id, _ in changed}, {"AKIAONE", "AKIATWO"})

    def test_the_live_date_decides(self):
        # Ninety days old when the report was made, by less than a second; the key itself is not older.
        edge = NOW - datetime.timedelta(days=90)
        users = [remediation.Planned("u", (remediation.Key(1, edge, "because"),))]
        iam = FakeKeys({"u": {"AKIA": (edge, True)}})
        self.assertEqual(remediation.carry_out(iam, users, NOW, lambda: PLENTY)[0].outcome, NOTHING)
        self.assertEqual(iam.changed, [])

    def test_an_error_at_one_key_is_told_and_the_others_have_their_turn(self):
        rows = {name: key(1, 200) for name in ("a", "b", "c", "gone")}
        keys = {name: {f"AKIA{name}": (days(200), True)} for name in ("a", "b", "c", "gone")}
        refuse = {
            "a": failure("AccessDenied", "ListAccessKeys"), "AKIAb": ConnectionError("lost"),
            "gone": failure("NoSuchEntity", "ListAccessKeys"),
        }
        outcomes, changed = carry_out(rows, keys, refuse=refuse)
        self.assertEqual(outcomes, [(FAILED, "a"), (FAILED, "AKIAb"), (DEACTIVATED, "AKIAc"), (NOTHING, "gone")])
        self.assertEqual(changed, [("c", "AKIAc", "Inactive")])

    def test_there_is_time_left_to_report(self):
        rows = {name: key(1, 200) for name in "abc"}
        keys = {name: {f"AKIA{name}": (days(200), True)} for name in "abc"}
        times = iter([30, 16, 14])
        outcomes, changed = carry_out(rows, keys, remaining=lambda: next(times))
        self.assertEqual(outcomes, [(DEACTIVATED, "AKIAa"), (DEACTIVATED, "AKIAb"), (NOT_REACHED, "c")])
        self.assertEqual(len(changed), 2)

    def test_root_is_not_touched_even_when_told_to(self):
        iam = FakeKeys({ROOT: {"AKIA": (days(200), True)}})
        users = [remediation.Planned(ROOT, (remediation.Key(1, days(200), "because"),))]
        self.assertEqual(remediation.carry_out(iam, users, NOW, lambda: PLENTY), [])


if __name__ == "__main__":
    unittest.main()
