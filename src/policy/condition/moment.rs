//! Times as policies write them: ISO 8601 (the W3C's selection) or seconds since 1970.

use jiff::Timestamp;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(Timestamp);

impl Moment {
    /// Reads `2026`, `2026-11`, `2026-11-22`, `2026-11-22T04:05Z`, `2026-11-22T04:05:06.7+01:00` or `1795320306`.
    /// Four digits are a year.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let full = match text.len() {
            4 if digits => format!("{text}-01-01T00:00:00Z"),
            7 if !digits && text.contains('-') => format!("{text}-01T00:00:00Z"),
            10 if !digits && !text.contains('.') => format!("{text}T00:00:00Z"),
            _ => return Self::epoch(text).or_else(|| text.parse().ok().map(Self)),
        };
        full.parse().ok().map(Self)
    }

    fn epoch(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
        let nanos: i32 = nanos.parse().ok()?;
        let sign = if seconds.starts_with('-') { -1 } else { 1 };
        Timestamp::new(seconds.parse().ok()?, nanos * sign).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let same = [
            "2020-01-01",
            "2020-01",
            "2020",
            "2020-01-01T00:00Z",
            "2020-01-01T00:00:00Z",
            "2020-01-01T01:00:00+01:00",
            "2020-01-01T00:00:00.000Z",
            "1577836800",
            "1577836800.0",
        ];
        for text in same {
            assert_eq!(Moment::parse(text), Moment::parse("1577836800"), "{text}");
            assert!(Moment::parse(text).is_some(), "{text}");
        }
        assert!(Moment::parse("1577836800.5") > Moment::parse("2020-01-01"));
        for text in ["", "soon", "2020-13-01", "1e9", "2020-01-01T00:00:00", "99999999999999999999"] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
