//! Whether a property is left to the student, by the rows of a rubric's `free:`.

use super::Mutation;
use crate::grade::rubric::Free;

/// Returns the first row that leaves what a mutation changes to the student, by its number.
///
/// A row names a property, `function.* memory`, or one change of it, `schedule.* expression: at another time of day`.
pub(super) fn row(free: &[Free], mutation: &Mutation) -> Option<usize> {
    let property = format!("{} {}", mutation.whose, mutation.property);
    let id = mutation.id();
    free.iter().position(|row| matches(&row.what, &property) || matches(&row.what, &id))
}

/// Tells whether a pattern, in which `*` stands for any characters, is the whole of a text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        match text.find(part) {
            Some(at) => text = text.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("function.* memory", "function.iam-auditor memory", true),
            ("function.* memory", "function.iam-auditor memory size", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*aa", "a", false),
            ("user.User1 mfa", "user.User1 mfa", true),
            ("user.User1 mfa", "user.User1 mfa: removed", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
