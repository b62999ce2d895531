//! Reads a rule from the text people write.

use std::str::FromStr;

use thiserror::Error;

use super::rule::{Effect, Rule, Subject};

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Something that must be there is not.
    #[error("a rule needs {0}")]
    Missing(&'static str),
    /// A word is not one of those that may stand there.
    #[error("`{word}` is not {wanted}")]
    Word {
        /// The word.
        word: String,
        /// What may stand there.
        wanted: &'static str,
    },
    /// A quotation mark has no partner.
    #[error("a quotation mark is not closed")]
    Quote,
}

impl FromStr for Rule {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut words = words(text)?.into_iter().peekable();
        let calls = words.next().ok_or(ParseError::Missing("the calls it is for, such as `iam:Create*`"))?;
        if !calls.chars().all(|c| c.is_ascii_alphanumeric() || "*?:-".contains(c)) {
            return Err(wrong(calls, "a pattern of calls, such as `iam:Create*`"));
        }
        let effect = words.next().ok_or(ParseError::Missing("an effect"))?;
        let mut next = |wanted: &'static str| words.next().ok_or(ParseError::Missing(wanted));
        let effect = match effect.as_str() {
            "throttle" => Effect::Throttle,
            "error" => Effect::Error { code: code(next("an error code")?)?, status: None, message: None },
            "latency" => Effect::Latency { millis: millis(next("a duration")?)? },
            "eventual" => {
                let subject = subject(next("what is eventual")?)?;
                let duration = next("a duration")?;
                let seconds = u32::try_from(millis(duration.clone())?.div_ceil(1000));
                let seconds = seconds.ok().filter(|seconds| *seconds <= MOST_SECONDS);
                Effect::Eventual {
                    subject,
                    seconds: seconds.ok_or_else(|| wrong(duration, "at most one day"))?,
                }
            }
            _ => return Err(wrong(effect, "`throttle`, `error`, `latency` or `eventual`")),
        };
        let mut rule = Self::new(calls, effect);
        while let Some(word) = words.next() {
            let mut value = |wanted: &'static str| words.next().ok_or(ParseError::Missing(wanted));
            let mut number = || value("a number").and_then(|word| parsed(word, "a whole number"));
            match (word.as_str(), &mut rule.effect) {
                ("seed", _) => rule.seed = number()?,
                ("after", _) => rule.after = number()?,
                ("first", _) => rule.first = Some(number()?),
                ("every", _) => rule.every = Some(number()?),
                ("from", _) => {
                    rule.from = Some(parsed(value("a time")?, "a time, such as `2026-03-02T09:00:00Z`")?);
                }
                ("until", _) => {
                    rule.until = Some(parsed(value("a time")?, "a time, such as `2026-03-02T09:00:00Z`")?);
                }
                ("status", Effect::Error { status, .. }) => *status = Some(http_status(value("a status")?)?),
                ("message", Effect::Error { message, .. }) => *message = Some(value("a message")?),
                _ if rule.probability.is_none() => rule.probability = Some(probability(word)?),
                _ => return Err(wrong(word, OPTIONS)),
            }
        }
        Ok(rule)
    }
}

/// What may follow the effect.
const OPTIONS: &str = "a probability, `seed`, `after`, `first`, `every`, `from`, `until` or, after an error, `status` and `message`";

/// The longest that something stays unknown, in seconds.
const MOST_SECONDS: u32 = 86_400;

/// Splits a text at blanks; what is in quotation marks is one word, in which `\` takes the next letter as it is.
fn words(text: &str) -> Result<Vec<String>, ParseError> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '\\' if is_quoted => word.get_or_insert_default().extend(letters.next()),
            blank if blank.is_whitespace() && !is_quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    if is_quoted {
        return Err(ParseError::Quote);
    }
    words.extend(word);
    Ok(words)
}

/// Reads a probability: `0.3` or `30%`.
fn probability(word: String) -> Result<f64, ParseError> {
    let percent = word.strip_suffix('%').map(|number| number.parse::<f64>().map(|number| number / 100.0));
    match percent.unwrap_or_else(|| word.parse()) {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok(number),
        Ok(_) => Err(wrong(word, "a probability from 0 to 1")),
        Err(_) => Err(wrong(word, OPTIONS)),
    }
}

/// Reads a duration into milliseconds: `250ms`, `2s`, `1m`.
fn millis(word: String) -> Result<u64, ParseError> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000)];
    let read = units
        .iter()
        .find_map(|(unit, factor)| word.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(*factor));
    read.filter(|millis| *millis <= 86_400_000)
        .ok_or_else(|| wrong(word, "a duration, such as `250ms`, `2s` or `1m`"))
}

/// Reads what is eventual.
fn subject(word: String) -> Result<Subject, ParseError> {
    let found = Subject::ALL.iter().find(|(name, _)| *name == word).map(|(_, subject)| *subject);
    found.ok_or_else(|| wrong(word, "`roles`, `keys`, `entities` or `policies`"))
}

/// Reads an error code.
fn code(word: String) -> Result<String, ParseError> {
    let fits = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || ".:".contains(c));
    if fits { Ok(word) } else { Err(wrong(word, "an error code, such as `ServiceFailure`")) }
}

/// Reads the status of an error.
fn http_status(word: String) -> Result<u16, ParseError> {
    let status = word.parse().ok().filter(|status| (400..600).contains(status));
    status.ok_or_else(|| wrong(word, "a status of an error, from 400 to 599"))
}

/// Reads anything else.
fn parsed<T: FromStr>(word: String, wanted: &'static str) -> Result<T, ParseError> {
    word.parse().map_err(|_| wrong(word, wanted))
}

/// The error for a word that cannot stand where it does.
const fn wrong(word: String, wanted: &'static str) -> ParseError {
    ParseError::Word { word, wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_written_as_it_is_read() {
        for text in [
            "iam:Create* throttle 0.3 seed 7",
            "* latency 250ms",
            "lambda:CreateFunction error ServiceException status 500 message \"it is \\\"down\\\"\" first 2",
            "sts:* eventual roles 10s after 1 every 2 from 2026-03-02T09:00:00Z until 2026-03-02T10:00:00Z",
        ] {
            let rule: Rule = text.parse().unwrap();
            assert_eq!(rule.to_string(), text);
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule, "{json}");
        }
        assert_eq!("iam throttle 30%".parse::<Rule>().unwrap().to_string(), "iam throttle 0.3");
        assert_eq!("iam latency 2s".parse::<Rule>().unwrap().to_string(), "iam latency 2000ms");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, message) in [
            ("", "a rule needs the calls it is for, such as `iam:Create*`"),
            ("iam:*", "a rule needs an effect"),
            ("iam:* explode", "`explode` is not `throttle`, `error`, `latency` or `eventual`"),
            ("iam:* throttle 1.5", "`1.5` is not a probability from 0 to 1"),
            ("iam:* throttle seed", "a rule needs a number"),
            ("iam:* throttle seed x", "`x` is not a whole number"),
            ("iam:* latency soon", "`soon` is not a duration, such as `250ms`, `2s` or `1m`"),
            ("iam:* eventual money 3s", "`money` is not `roles`, `keys`, `entities` or `policies`"),
            ("iam:* error X message \"a", "a quotation mark is not closed"),
            ("iam:* error X status 200", "`200` is not a status of an error, from 400 to 599"),
        ] {
            assert_eq!(text.parse::<Rule>().unwrap_err().to_string(), message, "{text}");
        }
    }
}
