//! When AWS gives up a runtime: the dates, and what to tell about a function that still has it.
//!
//! Source: the tables of "Lambda runtimes" (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>), which
//! AWS moves now and then: python3.9 was first to be refused from 2026-01-15 on. The dates here are the page's as
//! cfn-lint took them over on 2026-06-02 (aws-cloudformation/cfn-lint, pull request 4532); those of python3.9 are also
//! in an answer on AWS re:Post (question `QUwvZZcO78S2iFe9UF6rK4nw`). Runtimes without a row have no date that is known.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

/// What AWS announces for one runtime.
#[derive(Debug, Clone, Copy)]
struct Lifecycle {
    /// Lambda's name of the runtime.
    runtime: &'static str,
    /// From then on it gets no patches and no support, and the console offers it no longer.
    deprecated: Date,
    /// From then on no function can be created with it.
    no_create: Date,
    /// From then on no function that has it can be updated.
    no_update: Date,
}

const fn row(runtime: &'static str, deprecated: Date, no_create: Date, no_update: Date) -> Lifecycle {
    Lifecycle { runtime, deprecated, no_create, no_update }
}

const LIFECYCLES: &[Lifecycle] = &[
    row("python2.7", date(2021, 7, 15), date(2021, 7, 15), date(2022, 5, 30)),
    row("python3.6", date(2022, 7, 18), date(2022, 7, 18), date(2022, 8, 29)),
    row("python3.7", date(2023, 12, 4), date(2024, 1, 9), date(2027, 3, 3)),
    row("python3.8", date(2024, 10, 14), date(2027, 2, 1), date(2027, 3, 3)),
    row("python3.9", date(2025, 12, 15), date(2027, 2, 1), date(2027, 3, 3)),
    row("python3.10", date(2026, 10, 31), date(2027, 2, 1), date(2027, 3, 3)),
    row("python3.11", date(2027, 6, 30), date(2027, 7, 31), date(2027, 8, 31)),
    row("python3.12", date(2028, 10, 31), date(2028, 11, 30), date(2029, 1, 10)),
    row("python3.13", date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
    row("python3.14", date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
];

/// The runtime to move to. AWS keeps python3.14 no longer, and this one is tried longer.
pub(crate) const SUCCESSOR: &str = "python3.13";

/// Says that a runtime is deprecated at AWS, since when, and what follows; `None` while it is not, or nothing is known.
pub(crate) fn deprecation(runtime: &str, now: Timestamp) -> Option<String> {
    let one = LIFECYCLES.iter().find(|one| one.runtime == runtime)?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let Lifecycle { deprecated, no_create, no_update, .. } = *one;
    if today < deprecated {
        return None;
    }
    let follows = match (today >= no_create, today >= no_update) {
        (_, true) => format!(
            "AWS refuses to create functions with it since {no_create}, and to update them since {no_update}"
        ),
        (true, false) => format!(
            "AWS refuses to create functions with it since {no_create}, and to update them from {no_update} on"
        ),
        (false, false) => format!(
            "it gets no patches, and AWS refuses to create functions with it from {no_create} on, to update them from \
             {no_update} on"
        ),
    };
    Some(format!("the runtime {runtime} is deprecated at AWS since {deprecated}: {follows}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_depends_on_the_day() {
        let told = |runtime, now: &str| deprecation(runtime, now.parse().unwrap());
        assert_eq!(told("python3.9", "2025-12-14T23:59:59Z"), None);
        let first = told("python3.9", "2025-12-15T00:00:00Z").unwrap();
        assert!(
            first.contains("since 2025-12-15")
                && first.contains("create functions with it from 2027-02-01 on"),
            "{first}"
        );
        let later = told("python3.9", "2027-02-01T00:00:00Z").unwrap();
        assert!(later.contains("refuses to create functions with it since 2027-02-01"), "{later}");
        assert!(later.contains("update them from 2027-03-03 on"), "{later}");
        let last = told("python3.9", "2027-03-03T00:00:00Z").unwrap();
        assert!(last.contains("update them since 2027-03-03"), "{last}");
        assert_eq!(told("python3.13", "2026-11-22T00:00:00Z"), None);
        assert_eq!(told("nodejs18.x", "2026-11-22T00:00:00Z"), None, "nothing is known of others");
    }

    #[test]
    fn the_stages_of_a_runtime_follow_each_other() {
        for one in LIFECYCLES {
            assert!(one.deprecated <= one.no_create && one.no_create <= one.no_update, "{one:?}");
        }
        assert!(LIFECYCLES.iter().any(|one| one.runtime == SUCCESSOR));
    }
}
