//! Comparisons: what is known when one holds, and when it does not; sets that are taken from each other; what root's keys
//! are tested for.

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCompare, Operator};
use ruff_text_size::Ranged as _;

use super::columns::{Column, KEYS};
use super::machine::{Machine, Polarity, Site};
use super::shape;
use super::value::{Fact, Rows, Thing, Value, flag, known};

impl<'a> Machine<'a> {
    pub(super) fn compare(&mut self, it: &'a ExprCompare) -> Value {
        let mut left = self.eval(&it.left);
        let mut all: Option<Value> = None;
        for (op, right) in it.ops.iter().zip(&it.comparators) {
            let right = self.eval(right);
            let value = self.compared(&left, *op, &right);
            all = Some(match all {
                None => value,
                Some(before) => both(&before, &value, true),
            });
            left = right;
        }
        all.unwrap_or_default()
    }

    /// Compares two values.
    pub(super) fn compared(&mut self, left: &Value, op: CmpOp, right: &Value) -> Value {
        if let (Some(Thing::Str(left_text)), Some(Thing::Str(right_text)), CmpOp::Eq | CmpOp::NotEq) =
            (left.only(), right.only(), op)
            && left_text.starts_with("<module>")
        {
            let equal = left_text.trim_start_matches("<module>") == &**right_text;
            return Thing::Bool(equal == (op == CmpOp::Eq)).into();
        }
        if let (CmpOp::Eq | CmpOp::NotEq, Some(all)) = (op, self.pairwise(left, right)) {
            let (holds, fails) = all.sides();
            return if op == CmpOp::Eq { all } else { Value { test: Some((fails, holds)), ..all } };
        }
        let mut marks = self.deep(left);
        marks.add(self.deep(right));
        let mut value = Value::made_from(marks.as_asked());
        value.marks.flags &= !flag::RAW;
        let fact = value.marks.as_fact();
        let (mut holds, mut fails) = (fact, fact);
        let within = matches!(op, CmpOp::In | CmpOp::NotIn);
        let unordered = matches!(op, CmpOp::Eq | CmpOp::NotEq | CmpOp::Is | CmpOp::IsNot) || within;
        let known = if within {
            let choices = self.elements(right);
            match Self::tested(left, &choices, true) {
                (0, 0) => shape::names_root(right, left, true),
                tested => tested,
            }
        } else {
            match Self::tested(left, right, false) {
                (0, 0) => Self::tested(right, left, false),
                tested => tested,
            }
        };
        if unordered {
            self.note_key_tests(left, op, right);
        }
        holds.known |= known.0 | left.known;
        fails.known |= known.1 | left.known;
        let turned = matches!(op, CmpOp::NotEq | CmpOp::NotIn | CmpOp::IsNot);
        if !unordered {
            let asked = (known.0 | known.1) & !3;
            (holds.known, fails.known) = (asked, asked);
        }
        value.test = Some(if turned { (Some(fails), Some(holds)) } else { (Some(holds), Some(fails)) });
        value
    }

    /// Notes what root's keys are tested for.
    fn note_key_tests(&mut self, left: &Value, op: CmpOp, right: &Value) {
        let within = matches!(op, CmpOp::In | CmpOp::NotIn);
        let turned = matches!(op, CmpOp::NotEq | CmpOp::NotIn | CmpOp::IsNot);
        let choices = if within { self.elements(right) } else { right.clone() };
        for (cell, values) in [(left, &choices), (right, left)] {
            for thing in &cell.things {
                let Thing::Cell(column, rows, spelling) = thing else { continue };
                if !KEYS.contains(column) || *rows == Rows::Users || within && std::ptr::eq(cell, right) {
                    continue;
                }
                // A key is active as a password is: `true` or `false`.
                let like = Thing::Cell(Column::PASSWORD_ENABLED, Rows::All, *spelling);
                let (holds, _) = shape::tested(&like, values, within);
                let polarity = match holds {
                    known::PASSWORD if turned => Polarity::Off,
                    known::NO_PASSWORD if !turned => Polarity::Off,
                    _ if holds & known::ODD != 0 => Polarity::Never,
                    _ => Polarity::On,
                };
                self.records.key_tests.entry((*column, self.at)).or_insert(polarity);
            }
        }
    }

    /// Judges tests that no key is active by what stands between them: that of both says it all, of one of them nothing.
    pub(super) fn join_key_tests(&mut self, op: BoolOp, values: &'a [Expr]) {
        let (Some(first), Some(last)) = (values.first(), values.last()) else { return };
        self.judge_key_tests(op, self.site(first.range()), self.site(last.range()));
    }

    fn judge_key_tests(&mut self, op: BoolOp, from: Site, to: Site) {
        let within =
            |site: Site| site.module == from.module && (from.offset..=to.offset).contains(&site.offset);
        let tests = self.records.key_tests.iter_mut().filter(|((_, site), _)| within(*site));
        let mut off: Vec<(Column, &mut Polarity)> = tests
            .filter(|(_, polarity)| **polarity == Polarity::Off)
            .map(|((column, _), polarity)| (*column, polarity))
            .collect();
        let both = KEYS.iter().all(|key| off.iter().any(|(column, _)| column == key));
        if both {
            for (_, polarity) in &mut off {
                **polarity = if op == BoolOp::And { Polarity::On } else { Polarity::AnyOff };
            }
        }
    }

    /// Compares two tuples part by part; nothing when they are none.
    fn pairwise(&mut self, left: &Value, right: &Value) -> Option<Value> {
        let parts = |machine: &Self, value: &Value| match value.only() {
            Some(Thing::Object(id)) => machine
                .objects
                .get(*id)
                .filter(|object| object.ordered && object.rest.is_nothing() && object.fields.len() < 10)
                .map(|object| object.fields.values().cloned().collect::<Vec<_>>()),
            _ => None,
        };
        let (left, right) = (parts(self, left)?, parts(self, right)?);
        if left.is_empty() || left.len() != right.len() {
            return None;
        }
        let mut all: Option<Value> = None;
        for (one, other) in left.iter().zip(&right) {
            let value = self.deeper(|machine| machine.compared(one, CmpOp::Eq, other));
            all = Some(match all {
                None => value,
                Some(before) => both(&before, &value, true),
            });
        }
        self.judge_key_tests(BoolOp::And, self.at, self.at);
        all
    }

    /// Returns what is in one set and not in another, or in both; nothing when these are no sets of rows or names.
    pub(super) fn sets(&mut self, left: &Value, op: Operator, right: &Value) -> Option<Value> {
        let is_set = |value: &Value| matches!(value.only(), Some(Thing::Object(_)));
        if !matches!(op, Operator::Sub | Operator::BitAnd) || !is_set(left) || !is_set(right) {
            return None;
        }
        let (mut out, other) = (self.elements(left), self.elements(right));
        let more = if op == Operator::BitAnd {
            other.known
        } else {
            // Who is not among those of whom one thing holds is among those of whom it does not.
            match other.known & !(known::ROOT | known::USER) {
                known::MFA => known::NO_MFA,
                known::NO_MFA => known::MFA,
                known::PASSWORD => known::NO_PASSWORD,
                known::NO_PASSWORD => known::PASSWORD,
                0 => 0,
                _ => known::MFA_ASKED,
            }
        };
        let single = flag::MFA_INVERTED | flag::MFA_ALONE | flag::MFA_UNCLEAR | flag::MFA_ODD;
        let mut marks = self.deep(right).as_asked();
        marks.flags &= !single;
        out.marks.flags &= !single;
        out.marks.add(marks);
        out.known |= more;
        out.marks.flags |= Fact { known: out.known, ..Fact::default() }.findings();
        Some(self.list(self.at, 8, &out))
    }

    /// Tells what is known when a cell equals one of some values, and when it does not.
    fn tested(cell: &Value, values: &Value, several: bool) -> (u16, u16) {
        let mut found = (0, 0);
        for thing in &cell.things {
            let (holds, fails) = shape::tested(thing, values, several);
            found.0 |= holds;
            found.1 |= fails;
        }
        found
    }
}

/// Returns the test that both hold, or one of them.
pub(super) fn both(left: &Value, right: &Value, and: bool) -> Value {
    let mut out = Value::made_from(left.marks);
    out.marks.add(right.marks);
    let ((left_holds, left_fails), (right_holds, right_fails)) = (left.sides(), right.sides());
    let all = |one: Option<Fact>, other: Option<Fact>| Some(one?.and(other?));
    let any = |one: Option<Fact>, other: Option<Fact>| match (one, other) {
        (Some(one), Some(other)) => {
            let mut fact = one.or(other);
            // That one of two things holds is understood, and does not tell which.
            fact.known |= if (one.known | other.known) & !fact.known == 0 { 0 } else { known::ODD };
            Some(fact)
        }
        (one, other) => one.or(other),
    };
    out.test = Some(if and {
        // The second was asked only where the first held.
        (all(left_holds, right_holds), any(left_fails, all(left_holds, right_fails)))
    } else {
        (any(left_holds, all(left_fails, right_holds)), all(left_fails, right_fails))
    });
    out
}
