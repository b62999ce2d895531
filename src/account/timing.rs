//! Schedule expressions: `rate(1 day)` and `cron(0 8 ? * MON *)`, and when they fire. All times are UTC.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// The names of the months, in order from 1.
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// The names of the weekdays, in order from 1.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// The years a schedule can name.
const YEARS: (u16, u16) = (1970, 2199);

/// When a rule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timing {
    /// Every so often, counted from when the rule was made.
    Rate(SignedDuration),
    /// At certain times.
    Cron(Box<Cron>),
}

/// The fields of a cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: Vec<u16>,
    hours: Vec<u16>,
    day: Day,
    months: Vec<u16>,
    years: Vec<u16>,
}

/// What the two fields of days say; one of them is always `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Day {
    /// Days of the month.
    OfMonth(Vec<u16>),
    /// `L`
    Last,
    /// `LW`: the last weekday (Monday to Friday) of the month.
    LastWeekday,
    /// `15W`: the weekday nearest to a day, in the same month.
    Nearest(u16),
    /// Days of the week, 1 is Sunday.
    OfWeek(Vec<u16>),
    /// `6L`: the last such day of the month.
    LastOfWeek(u16),
    /// `3#2`: the n-th such day of the month.
    Nth(u16, u16),
}

impl Timing {
    /// Parses an expression; `None` is what `EventBridge` refuses.
    pub fn parse(expression: &str) -> Option<Self> {
        let (kind, arguments) = expression.strip_suffix(')')?.split_once('(')?;
        match kind {
            "rate" => rate(arguments).map(Self::Rate),
            "cron" => Cron::parse(arguments).map(|cron| Self::Cron(Box::new(cron))),
            _ => None,
        }
    }

    /// Returns the first time after `after` at which it fires. A rate counts from `since`.
    pub fn next(&self, since: Timestamp, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Rate(every) => {
                let passed = after.duration_since(since).as_secs().max(0) / every.as_secs().max(1);
                let steps = i32::try_from(passed.checked_add(1)?).ok()?;
                since.checked_add(every.checked_mul(steps)?).ok()
            }
            Self::Cron(cron) => cron.next(after),
        }
    }
}

/// Parses `value unit`: the unit is singular for 1 and plural otherwise.
fn rate(arguments: &str) -> Option<SignedDuration> {
    let (value, unit) = arguments.split_once(' ')?;
    let value = number(value).filter(|&value| value > 0)?;
    let unit = if value == 1 { unit } else { unit.strip_suffix('s')? };
    let seconds = match unit {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    i64::from(value).checked_mul(seconds).map(SignedDuration::from_secs)
}

impl Cron {
    /// Parses `minutes hours day-of-month month day-of-week year`. Of the two days exactly one is `?`.
    fn parse(arguments: &str) -> Option<Self> {
        let fields: Vec<&str> = arguments.split_whitespace().collect();
        let &[minutes, hours, of_month, months, of_week, years] = fields.as_slice() else { return None };
        let day = match (of_month, of_week) {
            ("?", "?") => return None,
            (of_month, "?") => Day::of_month(of_month)?,
            ("?", of_week) => Day::of_week(of_week)?,
            _ => return None,
        };
        Some(Self {
            minutes: list(minutes, (0, 59), &[])?,
            hours: list(hours, (0, 23), &[])?,
            day,
            months: list(months, (1, 12), &MONTHS)?,
            years: list(years, YEARS, &[])?,
        })
    }

    /// Returns the first time after `after`.
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let first = after.to_zoned(TimeZone::UTC).datetime().date();
        for &year in self.years.iter().filter(|&&year| i64::from(year) >= i64::from(first.year())) {
            for &month in &self.months {
                let begin = date(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1);
                if begin.last_of_month() < first {
                    continue;
                }
                for day in begin.series(1.day()).take(usize::try_from(begin.days_in_month()).ok()?) {
                    if day >= first
                        && self.day.is(day)
                        && let Some(time) = self.next_on(day, after)
                    {
                        return Some(time);
                    }
                }
            }
        }
        None
    }

    /// Returns the first time of a day that is after `after`.
    fn next_on(&self, day: Date, after: Timestamp) -> Option<Timestamp> {
        let times = self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (hour, minute)));
        let mut times = times.filter_map(|(&hour, &minute)| {
            let time = day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
            time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp())
        });
        times.find(|&time| time > after)
    }
}

impl Day {
    /// Parses the days of the month.
    fn of_month(field: &str) -> Option<Self> {
        match (field, field.strip_suffix('W')) {
            ("L", _) => Some(Self::Last),
            ("LW", _) => Some(Self::LastWeekday),
            (_, Some(day)) => value(day, (1, 31), &[]).map(Self::Nearest),
            _ => list(field, (1, 31), &[]).map(Self::OfMonth),
        }
    }

    /// Parses the days of the week. Steps are not among their wildcards.
    fn of_week(field: &str) -> Option<Self> {
        let of_week = |text: &str| value(text, (1, 7), &DAYS);
        if field == "L" {
            return Some(Self::OfWeek(vec![7]));
        }
        if let Some((day, nth)) = field.split_once('#') {
            return Some(Self::Nth(of_week(day)?, value(nth, (1, 5), &[])?));
        }
        match field.strip_suffix('L') {
            Some(day) => of_week(day).map(Self::LastOfWeek),
            None if field.contains('/') => None,
            None => list(field, (1, 7), &DAYS).map(Self::OfWeek),
        }
    }

    /// Tells whether `day` is one of these.
    fn is(&self, day: Date) -> bool {
        let number = u16::try_from(day.day()).unwrap_or_default();
        let of_week = u16::try_from(day.weekday().to_sunday_one_offset()).unwrap_or_default();
        let last = u16::try_from(day.days_in_month()).unwrap_or_default();
        match self {
            Self::OfMonth(days) => days.contains(&number),
            Self::Last => number == last,
            Self::LastWeekday => nearest_weekday(day.last_of_month()) == Some(day),
            Self::Nearest(wanted) if *wanted > last => false,
            Self::Nearest(wanted) => {
                let wanted = i8::try_from(*wanted).ok().and_then(|of_month| {
                    let wanted = day.with().day(of_month).build().ok()?;
                    nearest_weekday(wanted)
                });
                wanted == Some(day)
            }
            Self::OfWeek(days) => days.contains(&of_week),
            Self::LastOfWeek(wanted) => of_week == *wanted && number + 7 > last,
            Self::Nth(wanted, nth) => of_week == *wanted && number.div_ceil(7) == *nth,
        }
    }
}

/// Returns the weekday nearest to a day without leaving its month.
fn nearest_weekday(day: Date) -> Option<Date> {
    let moved = match day.weekday() {
        Weekday::Saturday if day.day() == 1 => 2,
        Weekday::Saturday => -1,
        Weekday::Sunday if day == day.last_of_month() => -2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    day.checked_add(moved.days()).ok()
}

/// Parses a comma-separated list of values, ranges and steps, and returns the values in order.
fn list(field: &str, range: (u16, u16), names: &[&str]) -> Option<Vec<u16>> {
    let (least, most) = range;
    let mut values = Vec::new();
    for item in field.split(',') {
        let (span, step) = item.split_once('/').map_or((item, None), |(span, step)| (span, Some(step)));
        let step = step.map_or(Some(1), |step| value(step, (1, most), &[]));
        let (from, to) = match span.split_once('-') {
            Some((from, to)) => (value(from, range, names)?, value(to, range, names)?),
            None if span == "*" => (least, most),
            // A step without a range goes on to the end.
            None if item.contains('/') => (value(span, range, names)?, most),
            None => (value(span, range, names)?, value(span, range, names)?),
        };
        // A range may go over the end: `FRI-MON`.
        let to = if to < from { to + (most - least + 1) } else { to };
        let span = (from..=to).step_by(usize::from(step?));
        values.extend(span.map(|value| if value > most { value - (most - least + 1) } else { value }));
    }
    values.sort_unstable();
    values.dedup();
    Some(values)
}

/// Parses one number or name.
fn value(text: &str, (least, most): (u16, u16), names: &[&str]) -> Option<u16> {
    let name = names.iter().position(|known| known.eq_ignore_ascii_case(text));
    let value = match name.and_then(|at| u16::try_from(at + 1).ok()) {
        Some(value) => value,
        None => u16::try_from(number(text)?).ok()?,
    };
    (least..=most).contains(&value).then_some(value)
}

/// Parses a number: digits only.
fn number(text: &str) -> Option<u32> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, after: &str) -> String {
        let after = after.parse().unwrap();
        let schedule = Timing::parse(expression).unwrap_or_else(|| panic!("{expression}"));
        schedule.next("2026-03-02T09:00:00Z".parse().unwrap(), after).unwrap().to_string()
    }

    #[test]
    fn accepts_what_aws_accepts() {
        for good in [
            "rate(1 day)",
            "rate(5 minutes)",
            "rate(7 days)",
            "cron(0 8 ? * MON *)",
            "cron(0 8 ? * mon-fri *)",
            "cron(0/15 * * * ? *)",
            "cron(0 10 1 * ? *)",
            "cron(0 10 L * ? 2026)",
            "cron(0 9 ? * 3#2 *)",
            "cron(15 12 * * ? *)",
        ] {
            assert!(Timing::parse(good).is_some(), "{good}");
        }
    }

    #[test]
    fn refuses_what_aws_refuses() {
        for bad in [
            "rate(1 days)",
            "rate(5 minute)",
            "rate(0 days)",
            "rate(+5 days)",
            "rate(1 week)",
            "rate(1day)",
            "every day",
            "",
            "cron(0 8 * * * *)",
            "cron(0 8 ? * ? *)",
            "cron(0 8 1 * MON *)",
            "cron(0 8 * * MON)",
            "cron(60 8 ? * MON *)",
            "cron(0 8 ? * XYZ *)",
            // The user guide: with `#` the field holds one expression only.
            "cron(0 8 ? * 3#1,6#3 *)",
            "0 8 * * 1",
        ] {
            assert!(Timing::parse(bad).is_none(), "{bad}");
        }
    }

    /// The examples of "Setting a schedule pattern for scheduled rules" in the `EventBridge` user guide, with the
    /// meaning the table gives them. 2026-03-01 is a Sunday.
    #[test]
    fn the_user_guides_examples_fire_when_it_says() {
        for (expression, after, fires) in [
            ("cron(0 10 * * ? *)", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"),
            ("cron(0 10 * * ? *)", "2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z"),
            ("cron(15 12 * * ? *)", "2026-12-31T12:15:00Z", "2027-01-01T12:15:00Z"),
            ("cron(0 18 ? * MON-FRI *)", "2026-03-06T18:00:00Z", "2026-03-09T18:00:00Z"),
            ("cron(0 8 1 * ? *)", "2026-03-01T08:00:00Z", "2026-04-01T08:00:00Z"),
            ("cron(0/15 * * * ? *)", "2026-03-02T09:16:30Z", "2026-03-02T09:30:00Z"),
            ("cron(0/10 * ? * MON-FRI *)", "2026-03-06T23:50:00Z", "2026-03-09T00:00:00Z"),
            ("cron(0/5 8-17 ? * MON-FRI *)", "2026-03-02T17:55:00Z", "2026-03-03T08:00:00Z"),
            ("cron(0/30 20-2 ? * MON-FRI *)", "2026-03-02T02:30:00Z", "2026-03-02T20:00:00Z"),
            ("cron(0/30 20-2 ? * MON-FRI *)", "2026-03-02T23:30:00Z", "2026-03-03T00:00:00Z"),
        ] {
            assert_eq!(next(expression, after), fires, "{expression}");
        }
    }

    #[test]
    fn wildcards_of_days_are_understood() {
        for (expression, after, fires) in [
            // The 31st day of a month that has one; the last day of any.
            ("cron(0 0 31 * ? *)", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"),
            ("cron(0 0 L * ? *)", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            // 2026-08-01 is a Saturday, its nearest weekday in the month is Monday the 3rd; 2026-05-31 is a Sunday.
            ("cron(0 0 1W * ? *)", "2026-07-15T00:00:00Z", "2026-08-03T00:00:00Z"),
            ("cron(0 0 15W * ? *)", "2026-03-01T00:00:00Z", "2026-03-16T00:00:00Z"),
            ("cron(0 0 LW * ? *)", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00Z"),
            // The user guide: 3#2 is the second Tuesday of the month.
            ("cron(0 9 ? * 3#2 *)", "2026-03-02T00:00:00Z", "2026-03-10T09:00:00Z"),
            ("cron(0 9 ? * 6L *)", "2026-03-02T00:00:00Z", "2026-03-27T09:00:00Z"),
            ("cron(0 9 ? * L *)", "2026-03-02T00:00:00Z", "2026-03-07T09:00:00Z"),
            ("cron(0 9 ? JAN,JUL 2-3 2027-2030/2)", "2026-03-02T00:00:00Z", "2027-01-04T09:00:00Z"),
        ] {
            assert_eq!(next(expression, after), fires, "{expression}");
        }
        let past = Timing::parse("cron(0 0 1 1 ? 2020)").unwrap();
        assert_eq!(past.next(Timestamp::UNIX_EPOCH, "2026-03-02T00:00:00Z".parse().unwrap()), None);
        let never = Timing::parse("cron(0 0 31 2 ? *)").unwrap();
        assert_eq!(never.next(Timestamp::UNIX_EPOCH, "2026-03-02T00:00:00Z".parse().unwrap()), None);
    }

    #[test]
    fn a_rate_counts_from_when_the_rule_was_made() {
        assert_eq!(next("rate(5 minutes)", "2026-03-02T09:00:00Z"), "2026-03-02T09:05:00Z");
        assert_eq!(next("rate(5 minutes)", "2026-03-02T09:05:00Z"), "2026-03-02T09:10:00Z");
        assert_eq!(next("rate(1 day)", "2026-03-05T10:00:00Z"), "2026-03-06T09:00:00Z");
    }
}
