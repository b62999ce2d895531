//! How often something fires, by letting it fire.

use jiff::{SignedDuration, Timestamp};

use crate::account::timing::Timing;

/// How often something fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Frequency {
    /// Never, once, or in no form that EventBridge takes.
    Never,
    /// On fewer days than that.
    Rarely,
    /// On most days, but not on all.
    MostDays,
    /// Every day, and more than once.
    Often,
    /// Once a day.
    Daily,
}

/// So many times are looked at: over a year, of what fires once a day.
const TIMES: usize = 400;

/// A month of days: what fires less often has an end.
const A_MONTH: usize = 28;

/// Tells how often an expression fires. Times are compared among themselves, in whatever zone they are.
pub(super) fn frequency(expression: &str) -> Frequency {
    let Some(timing) = Timing::parse(expression).or_else(|| as_scheduler_writes(expression)) else {
        return Frequency::Never;
    };
    // Any moment would do; a fixed one always gives the same answer.
    let start = Timestamp::from_second(1_772_409_600).unwrap_or_default();
    let mut times = Vec::new();
    let mut last = start;
    while let Some(next) = timing.next(start, last).filter(|_| times.len() < TIMES) {
        times.push(next);
        last = next;
    }
    let gaps: Vec<SignedDuration> =
        times.iter().zip(times.iter().skip(1)).map(|(one, other)| other.duration_since(*one)).collect();
    let day = SignedDuration::from_hours(24);
    let span = times.first().zip(times.last()).map(|(first, last)| last.duration_since(*first));
    let span_days = usize::try_from(span.unwrap_or_default().as_hours() / 24 + 1).unwrap_or(usize::MAX);
    let mut dates: Vec<i64> = times.iter().map(|time| time.as_second().div_euclid(86_400)).collect();
    dates.dedup();
    if times.len() < A_MONTH {
        return if times.len() > 1 { Frequency::Rarely } else { Frequency::Never };
    }
    if gaps.iter().all(|gap| *gap == day) {
        Frequency::Daily
    } else if gaps.iter().all(|gap| *gap <= day) {
        Frequency::Often
    } else if dates.len() * 5 >= span_days * 3 {
        Frequency::MostDays
    } else {
        Frequency::Rarely
    }
}

/// EventBridge Scheduler takes `rate(1 days)` and `rate(24 hour)` too.
fn as_scheduler_writes(expression: &str) -> Option<Timing> {
    let inner = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let other = match inner.strip_suffix('s') {
        Some(singular) => singular.to_owned(),
        None => format!("{inner}s"),
    };
    Timing::parse(&format!("rate({other})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_day_however_it_is_written() {
        use Frequency::{Daily, MostDays, Never, Often, Rarely};
        for (expression, wanted) in [
            ("rate(1 day)", Daily),
            ("rate(1 days)", Daily),
            ("rate(24 hours)", Daily),
            ("rate(1440 minutes)", Daily),
            ("cron(0 6 * * ? *)", Daily),
            ("cron(0 6 ? * * *)", Daily),
            ("cron(15 23 ? * SUN-SAT *)", Daily),
            ("cron(0 6 ? * MON,TUE,WED,THU,FRI,SAT,SUN *)", Daily),
            ("cron(30 12 1/1 * ? *)", Daily),
            ("rate(12 hours)", Often),
            ("rate(1 hour)", Often),
            ("rate(5 minutes)", Often),
            ("cron(0 6,18 * * ? *)", Often),
            ("cron(0 * * * ? *)", Often),
            ("cron(0 6 ? * MON-FRI *)", MostDays),
            ("cron(0 6 ? * MON-SAT *)", MostDays),
            ("cron(0 6,18 ? * MON-FRI *)", MostDays),
            ("cron(0 6 ? * MON *)", Rarely),
            ("rate(7 days)", Rarely),
            ("rate(2 days)", Rarely),
            ("rate(25 hours)", MostDays),
            ("cron(0 6 1 * ? *)", Rarely),
            ("cron(0 6 * JAN ? *)", Rarely),
            ("at(2026-03-03T06:00:00)", Never),
            ("cron(0 6 * * ? 2020)", Never),
            ("", Never),
            ("every day", Never),
        ] {
            assert_eq!(frequency(expression), wanted, "{expression}");
        }
    }
}
