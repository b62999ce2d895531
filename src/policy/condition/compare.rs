//! Comparing one value of a policy with one value of a request.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::address::Range;
use super::moment::Moment;
use super::operator::Test;
use crate::policy::glob::{self, Case};
use crate::policy::request::Request;
use crate::policy::variable::{NoText, Reading, Template};

/// A value of a policy, read for its operator.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Text(Template),
    Number(Number),
    Moment(Moment),
    Bool(bool),
    Bytes(Vec<u8>),
    Range(Range),
    /// Not what the operator compares.
    Unreadable,
}

impl Wanted {
    /// Reads a value. Variables work with string and ARN operators only.
    pub(super) fn read(test: Test, value: &str, variables: bool) -> Self {
        let template = |wildcards| {
            Self::Text(Template::parse(value, Reading { wildcards, variables, only_last_part: false }))
        };
        let read = match test {
            Test::String | Test::StringIgnoreCase => Some(template(false)),
            Test::StringLike | Test::Arn => Some(template(true)),
            Test::Numeric(_) => Number::parse(value).map(Self::Number),
            Test::Date(_) => Moment::parse(value).map(Self::Moment),
            Test::Bool => truth(value).map(Self::Bool),
            Test::Binary => BASE64_STANDARD.decode(value).ok().map(Self::Bytes),
            Test::Address => Range::parse(value).map(Self::Range),
            Test::Null => None,
        };
        read.unwrap_or(Self::Unreadable)
    }

    /// Tells whether a value of the request matches. What cannot be compared does not.
    pub(super) fn matches(&self, test: Test, found: &str, request: &Request) -> Result<bool, NoText> {
        Ok(match (self, test) {
            (Self::Text(template), Test::Arn) => glob::matches_arn(&template.fill(request)?, found),
            (Self::Text(template), _) => {
                let case = if test == Test::StringIgnoreCase { Case::Ignored } else { Case::Exact };
                glob::matches(&template.fill(request)?, found, case)
            }
            (Self::Number(wanted), Test::Numeric(order)) => {
                let ordering = Number::parse(found).and_then(|found| found.compare(*wanted));
                ordering.is_some_and(|ordering| order.fits(ordering))
            }
            (Self::Moment(wanted), Test::Date(order)) => {
                Moment::parse(found).is_some_and(|found| order.fits(found.cmp(wanted)))
            }
            (Self::Bool(wanted), _) => truth(found) == Some(*wanted),
            (Self::Bytes(wanted), _) => BASE64_STANDARD.decode(found).is_ok_and(|found| found == *wanted),
            (Self::Range(wanted), _) => wanted.contains(found),
            _ => false,
        })
    }
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// "an integer or decimal value"; integers of any usual size are compared exactly.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Whole(i128),
    Decimal(f64),
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
        if !text.chars().all(plain) {
            return None;
        }
        let whole = text.parse().ok().map(Self::Whole);
        whole.or_else(|| text.parse().ok().filter(|it: &f64| it.is_finite()).map(Self::Decimal))
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(&other)),
            (one, other) => one.float().partial_cmp(&other.float()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "beside a decimal, an integer is one too")]
    const fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Decimal(decimal) => decimal,
        }
    }
}
