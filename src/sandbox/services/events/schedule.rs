//! Schedule expressions: `rate(1 day)` and `cron(0 8 ? * MON *)`.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

/// The names of the months, in order from 1.
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// The names of the weekdays, in order from 1.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Tells whether `EventBridge` accepts the expression.
pub(super) fn is_valid(expression: &str) -> bool {
    let Some(call) = expression.strip_suffix(')') else { return false };
    match call.split_once('(') {
        Some(("rate", arguments)) => is_rate(arguments),
        Some(("cron", arguments)) => is_cron(arguments),
        _ => false,
    }
}

/// Checks `value unit`: the unit is singular for 1 and plural otherwise.
fn is_rate(arguments: &str) -> bool {
    let Some((value, unit)) = arguments.split_once(' ') else { return false };
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    match value.parse::<u32>() {
        Ok(0) | Err(_) => false,
        Ok(1) => matches!(unit, "minute" | "hour" | "day"),
        Ok(_) => matches!(unit, "minutes" | "hours" | "days"),
    }
}

/// Checks `minutes hours day-of-month month day-of-week year`. Of the two days exactly one is `?`.
fn is_cron(arguments: &str) -> bool {
    let fields: Vec<&str> = arguments.split(' ').filter(|field| !field.is_empty()).collect();
    let &[minutes, hours, day, month, weekday, year] = fields.as_slice() else { return false };
    (day == "?") != (weekday == "?")
        && is_list(minutes, 0, 59, &[])
        && is_list(hours, 0, 23, &[])
        && (day == "?" || is_day(day))
        && is_list(month, 1, 12, &MONTHS)
        && (weekday == "?" || is_weekday(weekday))
        && is_list(year, 1970, 2199, &[])
}

/// Checks a day of the month: a list, `L`, `LW` or the weekday nearest to a day (`15W`).
fn is_day(field: &str) -> bool {
    let nearest = |field: &str| field.strip_suffix('W').is_some_and(|day| is_value(day, 1, 31, &[]));
    field == "L" || field == "LW" || nearest(field) || is_list(field, 1, 31, &[])
}

/// Checks a weekday: a list, `L`, the last of a kind (`6L`) or the n-th of a kind (`3#2`).
fn is_weekday(field: &str) -> bool {
    let last = |field: &str| field.strip_suffix('L').is_some_and(|day| is_value(day, 1, 7, &DAYS));
    let nth = |field: &str| {
        field.split_once('#').is_some_and(|(day, n)| is_value(day, 1, 7, &DAYS) && is_value(n, 1, 5, &[]))
    };
    field == "L" || last(field) || nth(field) || is_list(field, 1, 7, &DAYS)
}

/// Checks a comma-separated list of values, ranges and steps.
fn is_list(field: &str, least: u32, most: u32, names: &[&str]) -> bool {
    field.split(',').all(|item| {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let in_range = match range.split_once('-') {
            Some((from, to)) => is_value(from, least, most, names) && is_value(to, least, most, names),
            None => range == "*" || is_value(range, least, most, names),
        };
        in_range && step.is_none_or(|step| is_value(step, 1, most, &[]))
    })
}

/// Checks one number or name.
fn is_value(text: &str, least: u32, most: u32, names: &[&str]) -> bool {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
    number.is_some_and(|number| (least..=most).contains(&number))
        || names.iter().any(|name| name.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_aws_accepts() {
        for good in [
            "rate(1 day)",
            "rate(5 minutes)",
            "rate(7 days)",
            "cron(0 8 ? * MON *)",
            "cron(0 8 ? * MON-FRI *)",
            "cron(0/15 * * * ? *)",
            "cron(0 10 1 * ? *)",
            "cron(0 10 L * ? 2026)",
            "cron(0 9 ? * 3#2 *)",
            "cron(15 12 * * ? *)",
        ] {
            assert!(is_valid(good), "{good}");
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
            "cron(0 8 * * MON)",
            "cron(60 8 ? * MON *)",
            "cron(0 8 ? * XYZ *)",
            "0 8 * * 1",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
