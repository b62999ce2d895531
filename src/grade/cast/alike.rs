//! Which of an account's names stand for which of a rubric's, when they are not the same.

use std::collections::{BTreeMap, BTreeSet};

/// The longest name that is compared: IAM's have 128 characters at most.
const LONGEST: usize = 128;

/// From so many characters on a name may be misspelt.
const LONG_ENOUGH: usize = 8;

/// How many characters may be wrong.
const MISTAKES: usize = 2;

/// How far a name is from another, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    /// They differ in capitals, hyphens, underscores and spaces.
    Written,
    /// One is the other's plural.
    Number,
    /// So many characters are wrong.
    Misspelt(usize),
}

/// How numbers are written out.
const NUMBERS: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// The shortest name that is found within a longer one.
const SHORTEST: usize = 4;

/// Gives every wanted name one of those that are there, exactly it or the nearest to it, none of them twice.
pub(super) fn assign<'a>(
    wanted: &BTreeSet<&'a str>,
    there: &BTreeSet<&'a str>,
) -> BTreeMap<&'a str, &'a str> {
    let mut given: BTreeMap<&str, &str> = wanted.intersection(there).map(|name| (*name, *name)).collect();
    let mut near = Vec::new();
    let left: Vec<(&str, Folded)> = wanted.difference(there).map(|name| (*name, Folded::of(name))).collect();
    if left.is_empty() {
        return given;
    }
    for name in there.difference(wanted).filter(|name| name.len() <= LONGEST) {
        let folded = Folded::of(name);
        for (wanted, other) in &left {
            near.extend(other.distance(&folded).map(|distance| (distance, *wanted, *name)));
        }
    }
    near.sort_unstable();
    let mut taken = BTreeSet::new();
    for (_, wanted, name) in near {
        if !given.contains_key(wanted) && taken.insert(name) {
            given.insert(wanted, name);
        }
    }
    for (wanted, name) in within(&left, &given, there) {
        given.insert(wanted, name);
    }
    given
}

/// Finds names that stand whole in longer ones, as `User1` in `IAM-User1`, where only one name can be meant and only one
/// thing.
fn within<'a>(
    left: &[(&'a str, Folded)],
    given: &BTreeMap<&'a str, &'a str>,
    there: &BTreeSet<&'a str>,
) -> Vec<(&'a str, &'a str)> {
    let taken: BTreeSet<&str> = given.values().copied().collect();
    let free = there.iter().copied().filter(|name| !taken.contains(name) && name.len() <= LONGEST);
    let free: Vec<(&str, Folded)> = free.map(|name| (name, Folded::of(name))).collect();
    let open = left.iter().filter(|(wanted, _)| !given.contains_key(wanted));
    let pairs: Vec<(&str, &str)> = open
        .flat_map(|(wanted, folded)| {
            let fitting = free.iter().filter(|(_, other)| folded.is_within(other));
            fitting.map(|(name, _)| (*wanted, *name))
        })
        .collect();
    let mut counts: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for (wanted, name) in &pairs {
        *counts.entry((true, wanted)).or_default() += 1;
        *counts.entry((false, name)).or_default() += 1;
    }
    let is_only = |key| counts.get(&key) == Some(&1);
    pairs.into_iter().filter(|(wanted, name)| is_only((true, *wanted)) && is_only((false, *name))).collect()
}

/// A name without what does not matter.
struct Folded {
    plain: Vec<char>,
    singular: String,
    digits: String,
}

impl Folded {
    fn of(name: &str) -> Self {
        let lower = in_digits(name.to_lowercase());
        let plain: Vec<char> = lower.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect();
        // `Users1` and `User-1`: the last `s` of every word.
        let words = lower.split_inclusive(|c: char| !c.is_alphabetic());
        let singular = words.map(|word| {
            let letters = word.trim_end_matches(|c: char| !c.is_alphabetic());
            let rest: String = word.chars().filter(char::is_ascii_digit).collect();
            match letters.strip_suffix("ies") {
                Some(stem) => format!("{stem}y{rest}"),
                None => format!("{}{rest}", letters.strip_suffix('s').unwrap_or(letters)),
            }
        });
        let digits = lower.chars().filter(char::is_ascii_digit).collect();
        Self { plain, singular: singular.collect(), digits }
    }

    /// Tells whether this name begins or ends another one that has no other number.
    fn is_within(&self, other: &Self) -> bool {
        let (mine, its) = (&self.plain, &other.plain);
        mine.len() >= SHORTEST
            && self.digits == other.digits
            && (its.starts_with(mine) || its.ends_with(mine))
    }

    /// Tells how far another name is from this one, the wanted one.
    fn distance(&self, other: &Self) -> Option<Distance> {
        if self.plain == other.plain {
            return Some(Distance::Written);
        }
        if self.singular == other.singular {
            return Some(Distance::Number);
        }
        if self.digits == other.digits && is_swapped(&self.plain, &other.plain) {
            return Some(Distance::Misspelt(1));
        }
        // `Group1` is no misspelt `Group2`.
        let numbered = !self.digits.is_empty() && !other.digits.is_empty();
        if self.plain.len() < LONG_ENOUGH || (numbered && self.digits != other.digits) {
            return None;
        }
        mistakes(&self.plain, &other.plain).map(Distance::Misspelt)
    }
}

/// Writes the number at the end of a name in digits, `user_one` as `user_1`.
fn in_digits(lower: String) -> String {
    let of_word = |(number, word): (usize, &&str)| {
        let stem = lower.strip_suffix(*word)?;
        // `everyone` has no number.
        stem.ends_with(['-', '_', ' ']).then(|| format!("{stem}{}", number + 1))
    };
    NUMBERS.iter().enumerate().find_map(of_word).unwrap_or(lower)
}

/// Tells whether two neighbours changed places, and nothing else.
fn is_swapped(one: &[char], other: &[char]) -> bool {
    let differing: Vec<(usize, (&char, &char))> =
        one.iter().zip(other).enumerate().filter(|(_, (mine, its))| mine != its).collect();
    match differing.as_slice() {
        [(at, (a, b)), (next, (c, d))] => one.len() == other.len() && at + 1 == *next && a == d && b == c,
        _ => false,
    }
}

/// Counts the characters that are wrong, missing or too many; `None` when there are more than [`MISTAKES`].
fn mistakes(one: &[char], other: &[char]) -> Option<usize> {
    if one.len().abs_diff(other.len()) > MISTAKES {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, mine) in one.iter().enumerate() {
        let mut above_left = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (its, above) in other.iter().zip(row.iter().skip(1)) {
            left = (above_left + usize::from(mine != its)).min(above + 1).min(left + 1);
            above_left = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().filter(|count| *count <= MISTAKES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(wanted: &[&'static str], there: &[&'static str]) -> Vec<(&'static str, &'static str)> {
        let wanted = wanted.iter().copied().collect();
        assign(&wanted, &there.iter().copied().collect()).into_iter().collect()
    }

    #[test]
    fn a_name_is_found_when_it_is_nearly_right() {
        let policy = "IAM-Auditor-Policy";
        for near in [
            "IAMAuditorPolicy",
            "iam_auditor_policy",
            "IAM Auditor Policy",
            "IAM-Auditors-Policy",
            "IAM-Auditor-Policies",
            "IAM-Auditer-Policy",
            "IAM-Auditor-Polcy",
            "IAM-Auditor-Policy1",
        ] {
            let found = assigned(&[policy], &[near]);
            assert_eq!(found, [(policy, near)]);
        }
        for far in ["AuditorPolicy", "IAM-Auditor-Lambda-Policy", "Policy", ""] {
            assert_eq!(assigned(&[policy], &[far]), [], "{far}");
        }
    }

    #[test]
    fn nobody_stands_in_for_somebody_else() {
        let users = ["User1", "User2", "User3"];
        assert_eq!(assigned(&users, &["User1", "User2"]), [("User1", "User1"), ("User2", "User2")]);
        assert_eq!(
            assigned(&users, &["user-1", "USER2", "User4"]),
            [("User1", "user-1"), ("User2", "USER2")]
        );
        assert_eq!(assigned(&["User1"], &["Users1"]), [("User1", "Users1")]);
        assert_eq!(assigned(&["Auditors1", "Auditors2"], &["Auditors2"]), [("Auditors2", "Auditors2")]);
        assert_eq!(assigned(&["Auditors1", "Auditors2"], &["Auditers2"]), [("Auditors2", "Auditers2")]);
        // The nearest wins, whichever comes first.
        assert_eq!(
            assigned(&["IAM-Auditor-role"], &["IAM-Auditer-role", "IAMAuditorRole"]),
            [("IAM-Auditor-role", "IAMAuditorRole")]
        );
        assert_eq!(assigned(&["Auditors-A"], &["auditors-a", "auditors_a"]).len(), 1);
    }

    #[test]
    fn short_names_are_found_when_it_is_plain_which_is_meant() {
        let users = ["User1", "User2", "User3"];
        for near in ["Usre3", "IAM-User3", "User_Three", "User3-lab", "john.user3"] {
            assert_eq!(assigned(&users, &["User1", near]), [("User1", "User1"), ("User3", near)], "{near}");
        }
        for far in ["User4", "User13", "3User", "User", "Userthree2"] {
            assert_eq!(assigned(&users, &[far]), [], "{far}");
        }
        // Nobody knows which of two is meant.
        assert_eq!(assigned(&["User1"], &["IAM-User1", "lab-User1"]), []);
        assert_eq!(assigned(&["User1", "lab-User1"], &["another-lab-User1"]), []);
        assert_eq!(assigned(&["User1"], &["User1", "IAM-User1"]), [("User1", "User1")]);
        assert_eq!(assigned(&["everyone"], &["every1"]), []);
    }

    #[test]
    fn a_hostile_name_costs_nothing() {
        let long: &'static str = Box::leak("x".repeat(5_000_000).into_boxed_str());
        assert_eq!(assigned(&["IAM-Auditor-Policy"], &[long]), []);
    }
}
