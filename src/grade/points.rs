//! [`Points`] and [`Share`]: marks as whole hundredths, so that the parts of a task always add up to the task.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Points, in hundredths. Read and written as a number with at most two decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(u32);

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);

    /// The most points that one criterion or deduction may have.
    pub const MOST: Self = Self(1_000_000);

    /// Makes whole points.
    pub const fn whole(points: u32) -> Self {
        Self(points * 100)
    }

    /// Makes points from hundredths.
    pub const fn hundredths(hundredths: u32) -> Self {
        Self(hundredths)
    }

    /// Returns the hundredths.
    pub const fn in_hundredths(self) -> u32 {
        self.0
    }

    /// Reads a number as people write it: `2`, `2.5`, `0.25`.
    ///
    /// # Errors
    ///
    /// It is none, is negative, has more than two decimals or is above [`Points::MOST`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no number of points: write `2`, `2.5` or `0.25`");
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(rest) || whole.len() > 5 || rest.len() > 2 {
            return Err(wrong());
        }
        let whole: u32 = whole.parse().map_err(|_| wrong())?;
        let part: u32 = format!("{rest:0<2}").parse().map_err(|_| wrong())?;
        Some(Self(whole * 100 + part)).filter(|points| *points <= Self::MOST).ok_or_else(wrong)
    }

    /// Returns what is left after a deduction, never less than nothing.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns the part of these points that `share` is, rounded to the nearest hundredth.
    #[must_use]
    pub fn times(self, share: Share) -> Self {
        let product = u64::from(self.0) * u64::from(share.0);
        Self(u32::try_from((product + 5_000) / 10_000).unwrap_or(u32::MAX))
    }

    /// Returns what part these points are of `whole`.
    pub fn of(self, whole: Self) -> Share {
        Share::of(usize::try_from(self.0).unwrap_or(0), usize::try_from(whole.0).unwrap_or(0))
    }
}

impl Add for Points {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Points {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Points {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        let text = match part {
            0 => whole.to_string(),
            part if part % 10 == 0 => format!("{whole}.{}", part / 10),
            part => format!("{whole}.{part:02}"),
        };
        f.pad(&text)
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(100) {
            return serializer.serialize_u32(self.0 / 100);
        }
        serializer.serialize_f64(f64::from(self.0) / 100.0)
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        Self::parse(&number.to_string()).map_err(de::Error::custom)
    }
}

impl JsonSchema for Points {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Points".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0, "description": "points, with at most two decimals"})
    }
}

/// A part of a whole, in ten-thousandths: from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u16);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const FULL: Self = Self(10_000);

    /// Returns what part `part` is of `whole`; everything when there is no whole.
    pub fn of(part: usize, whole: usize) -> Self {
        if part >= whole {
            return Self::FULL;
        }
        let share = part.saturating_mul(10_000).saturating_add(whole / 2) / whole;
        // What is missing something is not everything, however little it is.
        Self(u16::try_from(share).unwrap_or(10_000).min(9_999))
    }

    /// Makes a share from per cent; what is above 100 is 100.
    pub const fn percent(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent };
        Self(percent as u16 * 100)
    }

    /// Returns whole per cent, rounded down.
    pub const fn in_percent(self) -> u8 {
        #[expect(clippy::cast_possible_truncation, reason = "a share is 10,000 at most")]
        let percent = (self.0 / 100) as u8;
        percent
    }

    /// Returns the ten-thousandths.
    pub fn in_ten_thousandths(self) -> usize {
        usize::from(self.0)
    }

    /// Returns the part that `other` is of this one.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let product = u32::from(self.0) * u32::from(other.0) / 10_000;
        Self(u16::try_from(product).unwrap_or(10_000))
    }

    /// Returns what is left of it, never less than nothing.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_and_written_as_people_write_them() {
        for (text, hundredths, shown) in
            [("5", 500, "5"), ("2.5", 250, "2.5"), ("0.25", 25, "0.25"), ("10.0", 1000, "10")]
        {
            let points = Points::parse(text).unwrap();
            assert_eq!((points.in_hundredths(), points.to_string().as_str()), (hundredths, shown));
            let json = serde_json::to_string(&points).unwrap();
            assert_eq!(serde_json::from_str::<Points>(&json).unwrap(), points, "{json}");
        }
        for wrong in ["", "-1", "1.234", "1e3", ".5", "5.", "100000", "NaN"] {
            assert!(Points::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_rounded_and_only_all_of_it_is_all() {
        assert_eq!(Points::whole(5).times(Share::of(1, 3)), Points::hundredths(167));
        assert_eq!(Points::whole(5).times(Share::FULL), Points::whole(5));
        assert!(Share::of(99_999, 100_000) < Share::FULL);
        assert_eq!(Share::of(0, 0), Share::FULL);
        assert_eq!(Share::percent(250), Share::FULL);
    }
}
