//! `EventBridge`'s schedule expressions.
//!
//! Source: "Cron and rate expressions"
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>).

use super::Report;
use crate::provision::Address;
use crate::provision::resources::Resources;

/// The longest JSON that a rule gives its target.
const INPUT_LIMIT: usize = 8192;

pub(super) fn check(report: &mut Report<'_, '_>, resources: &Resources) {
    for (name, schedule) in &resources.schedules {
        let at = report.scene.resource(&Address::new("schedule", name));
        if let Err((message, help)) = expression(&schedule.expression) {
            report.push("schedule-expression", at.key("expression"), message, help);
        }
        report.length(at.key("description"), "description", schedule.description.as_deref(), 512);
        let input = schedule.input.as_ref().map(ToString::to_string);
        report.length(at.key("input").name(), "input", input.as_deref(), INPUT_LIMIT);
    }
}

/// Message and help.
type Wrong = (String, String);

fn wrong(message: impl Into<String>, help: impl Into<String>) -> Wrong {
    (message.into(), help.into())
}

fn expression(text: &str) -> Result<(), Wrong> {
    let form =
        || wrong(format!("`{text}` is not a schedule"), "write `rate(1 day)` or `cron(0 6 * * ? *)`, in UTC");
    let (name, inside) = text.strip_suffix(')').and_then(|rest| rest.split_once('(')).ok_or_else(form)?;
    match name {
        "rate" => rate(inside),
        "cron" => cron(inside),
        "at" => Err(wrong("a rule cannot run once at a time", "write `rate(…)` or `cron(…)`")),
        _ => Err(form()),
    }
}

fn rate(inside: &str) -> Result<(), Wrong> {
    let parts: Vec<&str> = inside.split_whitespace().collect();
    let form =
        || wrong(format!("`rate({inside})` is not a rate"), "write a number and a unit, as `rate(12 hours)`");
    let [number, unit] = parts.as_slice() else { return Err(form()) };
    let number: u32 = number.parse().map_err(|_| form())?;
    let one = unit.strip_suffix('s').unwrap_or(unit);
    if !["minute", "hour", "day"].contains(&one) {
        return Err(wrong(format!("`{unit}` is not a unit of a rate"), "write `minutes`, `hours` or `days`"));
    }
    match (number, *unit == one) {
        (0, _) => Err(wrong("a rate of 0 never runs", "write 1 or more")),
        (1, false) => {
            Err(wrong(format!("`rate({inside})` has a plural for one"), format!("write `rate(1 {one})`")))
        }
        (2.., true) => Err(wrong(
            format!("`rate({inside})` has a singular for many"),
            format!("write `rate({number} {one}s)`"),
        )),
        _ => Ok(()),
    }
}

/// A field of a cron expression: name, least, most, the words it knows, its own marks.
struct Field(&'static str, u32, u32, &'static [&'static str], &'static str);

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const FIELDS: &[Field] = &[
    Field("minutes", 0, 59, &[], ""),
    Field("hours", 0, 23, &[], ""),
    Field("day of month", 1, 31, &[], "LW"),
    Field("month", 1, 12, MONTHS, ""),
    Field("day of week", 1, 7, DAYS, "L#"),
    Field("year", 1970, 2199, &[], ""),
];

fn cron(inside: &str) -> Result<(), Wrong> {
    let parts: Vec<&str> = inside.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        let help = "write minutes, hours, day of month, month, day of week and year: `cron(0 6 * * ? *)`";
        return Err(wrong(format!("a cron expression has 6 fields, this one has {}", parts.len()), help));
    }
    for (field, part) in FIELDS.iter().zip(&parts) {
        if !field.allows(part) {
            let Field(name, least, most, ..) = field;
            let help =
                format!("{name}: {least} to {most}, `*`, lists as `1,2`, ranges as `1-5`, steps as `0/15`");
            return Err(wrong(format!("`{part}` cannot be the {name} of a cron expression"), help));
        }
    }
    let questions = [parts.get(2), parts.get(4)].into_iter().flatten().filter(|part| **part == "?").count();
    if questions != 1 {
        let help = "exactly one of day of month and day of week must be `?`: `cron(0 6 * * ? *)`";
        return Err(wrong(format!("`cron({inside})` leaves neither, or both, of its days open"), help));
    }
    Ok(())
}

impl Field {
    fn allows(&self, text: &str) -> bool {
        let Self(name, _, _, _, marks) = self;
        match text {
            "*" => true,
            "?" => name.starts_with("day"),
            "L" => marks.contains('L'),
            "LW" => marks.contains('W'),
            _ => text.split(',').all(|item| self.item(item)),
        }
    }

    fn item(&self, item: &str) -> bool {
        let Self(_, _, most, _, marks) = self;
        if let Some((start, step)) = item.split_once('/') {
            let step_ok = step.parse::<u32>().is_ok_and(|step| (1..=*most).contains(&step));
            return step_ok && (start == "*" || self.range(start));
        }
        if let Some(day) = item.strip_suffix('W').filter(|_| marks.contains('W')) {
            return self.value(day).is_some();
        }
        if let Some(day) = item.strip_suffix('L').filter(|_| marks.contains('#')) {
            return self.value(day).is_some();
        }
        if let Some((day, nth)) = item.split_once('#').filter(|_| marks.contains('#')) {
            return self.value(day).is_some() && nth.parse::<u32>().is_ok_and(|nth| (1..=5).contains(&nth));
        }
        self.range(item)
    }

    fn range(&self, text: &str) -> bool {
        match text.split_once('-') {
            Some((from, to)) => self.value(from).is_some() && self.value(to).is_some(),
            None => self.value(text).is_some(),
        }
    }

    fn value(&self, text: &str) -> Option<u32> {
        let Self(_, least, most, words, _) = self;
        if words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            return Some(*least);
        }
        let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|value| digits && (least..=most).contains(&value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for right in [
            "rate(1 day)",
            "rate(5 minutes)",
            "cron(0 6 * * ? *)",
            "cron(0/15 8-17 ? * MON-FRI *)",
            "cron(0 10 L * ? 2026)",
            "cron(0 10 ? * 6#3 *)",
            "cron(0 10 3W * ? *)",
        ] {
            assert_eq!(expression(right), Ok(()), "{right}");
        }
        for wrong in [
            "",
            "daily",
            "rate(1 days)",
            "rate(2 day)",
            "rate(0 days)",
            "rate(1 week)",
            "cron(0 6 * * *)",
            "cron(0 6 * * * *)",
            "cron(60 6 * * ? *)",
            "cron(0 6 ? * ? *)",
            "cron(0 6 * * ? *",
            "at(2026-01-01T00:00:00)",
        ] {
            assert!(expression(wrong).is_err(), "{wrong}");
        }
    }
}
