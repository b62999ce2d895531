//! Wildcards: `*` stands for any number of characters, `?` for one.
//!
//! Never more than pattern × text steps, whatever is written. Source: "Using wildcards in resource ARNs",
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>.

use std::str::Chars;

/// In an example of what a pattern stands for: any number of characters. Nothing but a `*` matches it, so a pattern that
/// matches the example matches whatever the other one does. A noncharacter of Unicode: no policy and no name has it.
pub(super) const ANYTHING: char = '\u{FDD0}';

/// In an example: any one character, which `*` and `?` match.
pub(super) const ANYONE: char = '\u{FDD1}';

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A character that stands for itself.
    Literal(char),
    /// A character that a policy variable brought in: it stands for itself and parts no ARN.
    Inserted(char),
    /// `*`.
    Many,
    /// `?`.
    One,
}

impl Token {
    /// Reads pattern characters.
    pub(super) const fn of(c: char) -> Self {
        match c {
            '*' => Self::Many,
            '?' => Self::One,
            c => Self::Literal(c),
        }
    }
}

/// Whether capital and small letters are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Exact,
    Ignored,
}

impl Case {
    fn same(self, one: char, other: char) -> bool {
        one == other || (self == Self::Ignored && one.to_lowercase().eq(other.to_lowercase()))
    }
}

/// Tells whether a pattern matches the whole of a text.
pub(super) fn matches(pattern: &[Token], text: &str, case: Case) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    // Where to go on when the last `*` has to take one more character.
    let mut star: Option<(usize, Chars<'_>)> = None;
    loop {
        let here = rest.clone();
        match (pattern.get(at), rest.next()) {
            (None, None) => return true,
            (Some(Token::Many), _) => {
                at += 1;
                star = Some((at, here.clone()));
                rest = here;
            }
            // The text ran out; taking more with a `*` leaves even less of it.
            (Some(_), None) => return false,
            (Some(Token::One), Some(next)) if next != ANYTHING => at += 1,
            (Some(Token::Literal(c) | Token::Inserted(c)), Some(next))
                if case.same(*c, next) && !matches!(next, ANYTHING | ANYONE) =>
            {
                at += 1;
            }
            (_, Some(_)) => {
                let Some((resume, from)) = &mut star else { return false };
                from.next();
                at = *resume;
                rest = from.clone();
            }
        }
    }
}

/// How many parts an ARN has: `arn:partition:service:region:account:resource`, the last of which may hold colons.
const ARN_PARTS: usize = 6;

/// Tells whether a pattern, as it is written, matches the whole of a text.
pub fn glob(pattern: &str, text: &str) -> bool {
    let tokens: Vec<Token> = pattern.chars().map(Token::of).collect();
    matches(&tokens, text, Case::Exact)
}

/// Tells whether an ARN pattern matches a text, part by part: no wildcard reaches over a colon into the next
/// part. A pattern with fewer parts (`*`, `arn:aws:s3:*`) has its last part match all that is left.
pub(super) fn matches_arn(pattern: &[Token], text: &str) -> bool {
    let colon = |token: &Token| *token == Token::Literal(':');
    let count = pattern.iter().filter(|token| colon(token)).count().saturating_add(1).min(ARN_PARTS);
    let mut texts = text.splitn(count, ':');
    let mut parts = pattern.splitn(count, colon);
    loop {
        match (parts.next(), texts.next()) {
            (None, None) => return true,
            (Some(part), Some(text)) if matches(part, text, Case::Exact) => {}
            _ => return false,
        }
    }
}

/// Tells whether there may be a text that both patterns match. At most one step per pair of their characters.
pub(super) fn overlap(one: &[Token], other: &[Token]) -> bool {
    // `open[j]`: whether what was read of `one` and the first `j` of `other` can stand for the same text.
    let many = |token: Option<&Token>| token == Some(&Token::Many);
    let same = |a: &Token, b: &Token| match (a, b) {
        (Token::Literal(a) | Token::Inserted(a), Token::Literal(b) | Token::Inserted(b)) => a == b,
        _ => true,
    };
    let mut open: Vec<bool> = std::iter::once(true)
        .chain(other.iter().scan(true, |all, token| {
            *all = *all && *token == Token::Many;
            Some(*all)
        }))
        .collect();
    for token in one {
        let is_many = many(Some(token));
        let mut row = Vec::with_capacity(open.len());
        let mut left = is_many && open.first() == Some(&true);
        row.push(left);
        for ((j, their), above) in other.iter().enumerate().zip(open.iter().skip(1)) {
            let diagonal = open.get(j) == Some(&true);
            let here = match (is_many, *their == Token::Many) {
                (false, false) => diagonal && same(token, their),
                (true, false) => *above || left,
                (false, true) => left || *above,
                (true, true) => diagonal || left || *above,
            };
            row.push(here);
            left = here;
        }
        open = row;
    }
    open.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(pattern: &str) -> Vec<Token> {
        pattern.chars().map(Token::of).collect()
    }

    /// The definition, without regard to time.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), None) => naive(rest, text),
            (Some(('*', rest)), Some((_, tail))) => naive(rest, text) || naive(pattern, tail),
            (Some((p, rest)), Some((t, tail))) => (*p == '?' || p == t) && naive(rest, tail),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn it_is_the_naive_definition(pattern in "[ab*?é]{0,8}", text in "[abé]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                matches(&tokens(&pattern), &text, Case::Exact),
                naive(&chars(&pattern), &chars(&text))
            );
        }
    }

    proptest! {
        #[test]
        fn overlap_finds_every_text_that_both_match(one in "[ab*?]{0,5}", other in "[ab*?]{0,5}") {
            // Whatever two such patterns have in common shows in a text of at most as many letters as they have signs.
            let mut texts = vec![String::new()];
            let mut at = 0;
            while at < texts.len() && texts[at].len() < 8 {
                let text = texts[at].clone();
                texts.extend(["a", "b"].map(|letter| format!("{text}{letter}")));
                at += 1;
            }
            let both = |text: &String| {
                matches(&tokens(&one), text, Case::Exact) && matches(&tokens(&other), text, Case::Exact)
            };
            prop_assert_eq!(overlap(&tokens(&one), &tokens(&other)), texts.iter().any(both));
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = tokens(&"a*".repeat(3000));
        assert!(!matches(&pattern, &format!("{}b", "a".repeat(2000)), Case::Exact));
        assert!(!matches(&tokens(&format!("{}c", "*a?".repeat(300))), &"a".repeat(2000), Case::Exact));
    }

    #[test]
    fn wildcards_stay_in_their_part_of_an_arn() {
        for (pattern, arn, expected) in [
            ("*", "arn:aws:s3:::bucket", true),
            ("*", "*", true),
            ("arn:aws:s3:*", "arn:aws:s3:::bucket/key", true),
            ("arn:aws:iam::*:user/a", "arn:aws:iam::123456789012:user/a", true),
            ("arn:aws:iam::*:a", "arn:aws:iam::1:user:a", false),
            ("arn:aws:logs:*:*:log-group:*", "arn:aws:logs:us-east-1:1:log-group:g:log-stream:s", true),
            ("arn:aws:s3:::b", "arn:aws:s3:::B", false),
            ("arn:aws:iam::*:*", "*", false),
        ] {
            assert_eq!(matches_arn(&tokens(pattern), arn), expected, "{pattern} {arn}");
        }
    }

    #[test]
    fn case_can_be_ignored() {
        assert!(matches(&tokens("IAM:get*"), "iam:GetUser", Case::Ignored));
        assert!(!matches(&tokens("IAM:get*"), "iam:GetUser", Case::Exact));
    }
}
