//! The credential report for people as text, as a page for browsers and printers, as a table for spreadsheets and as
//! JSON for programs. The same report gives the same bytes.

use jiff::{SignedDuration, Timestamp};

use crate::account::calls::ApiCalls;
use crate::audit::benchmark;
use crate::audit::finding::Finding;
use crate::audit::users::{Certificate, Key, KeyState, Mark, Moment, Person, Told, Users};
use crate::audit::verdict::Status;
use crate::report::words::{REPORT_LIFE, count, time};

mod csv;
mod html;
mod json;
mod text;

pub use csv::to_csv;
pub use html::to_html;
pub use json::to_json;
pub use text::to_text;

/// What a report says besides what the account's does.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// `sandbox`, `aws` or `file`.
    pub target: &'a str,
    /// The ARN of whoever took it; `None` for a file.
    pub taken_by: Option<&'a str>,
    /// Requests it took; `None` for a file.
    pub calls: Option<ApiCalls>,
}

/// A piece of a line: what the report says, in words, and the column that says it.
struct Piece {
    words: String,
    column: &'static str,
}

/// A line of somebody's block.
struct Line {
    label: &'static str,
    pieces: Vec<Piece>,
}

impl Line {
    fn new(label: &'static str) -> Self {
        Self { label, pieces: Vec::new() }
    }

    fn with(mut self, column: &'static str, words: impl Into<String>) -> Self {
        self.pieces.push(Piece { words: words.into(), column });
        self
    }
}

/// The lines of somebody's block.
fn lines(person: &Person) -> Vec<Line> {
    let mut lines = vec![
        console(person),
        Line::new("MFA")
            .with("mfa_active", told(&person.mfa, |on| if *on { "yes" } else { "no" }.into(), "no")),
    ];
    let [one, two] = &person.keys;
    if one.state == KeyState::None && two.state == KeyState::None {
        lines.push(Line::new("Access keys").with(one.columns.active, "none"));
    } else {
        lines.push(key("Access key 1", one));
        lines.push(key("Access key 2", two));
    }
    let [one, two] = &person.certificates;
    if one.state == two.state && matches!(one.state, KeyState::None | KeyState::Untold) {
        lines.push(Line::new("Certificates").with(one.columns.active, state(one.state)));
    } else {
        lines.push(certificate("Certificate 1", one));
        lines.push(certificate("Certificate 2", two));
    }
    lines.extend(
        person.more.as_ref().map(|more| Line::new("More").with("additional_credentials_info", more.as_str())),
    );
    lines
}

fn console(person: &Person) -> Line {
    let password = &person.password;
    let on = told(&password.enabled, |on| if *on { "yes" } else { "no" }.into(), "no");
    let line = Line::new("Console").with("password_enabled", on);
    if matches!(password.enabled, Told::Known(false) | Told::None) {
        return line;
    }
    let line = line.with("password_last_used", used(&password.used));
    let line = match &password.changed {
        Told::Known(moment) => line.with("password_last_changed", format!("changed {}", since(*moment))),
        // Of root's password no report tells it.
        Told::Nothing if person.is_root => line,
        _ => line.with("password_last_changed", "no word of when it was changed"),
    };
    match &password.expires {
        Told::Known(moment) => line.with("password_next_rotation", format!("expires {}", day(moment.at))),
        Told::None | Told::Never | Told::Nothing => line,
    }
}

fn key(label: &'static str, key: &Key) -> Line {
    let line = Line::new(label).with(key.columns.active, state(key.state));
    if key.state == KeyState::None {
        return line;
    }
    let rotated = match &key.rotated {
        Told::Known(moment) => format!("rotated {}", since(*moment)),
        Told::None | Told::Never | Told::Nothing => "no word of its making".to_owned(),
    };
    let mut words = used(&key.used);
    if let (Told::Known(service), Told::Known(_)) = (&key.service, &key.used) {
        words = format!("{words} with {service}");
    }
    if let (Told::Known(region), Told::Known(_)) = (&key.region, &key.used) {
        words = format!("{words} in {region}");
    }
    line.with(key.columns.rotated, rotated).with(key.columns.used, words)
}

fn certificate(label: &'static str, one: &Certificate) -> Line {
    let line = Line::new(label).with(one.columns.active, state(one.state));
    match &one.rotated {
        Told::Known(moment) => line.with(one.columns.rotated, format!("uploaded {}", since(*moment))),
        Told::None | Told::Never | Told::Nothing => line,
    }
}

const fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Inactive => "inactive",
        KeyState::None => "none",
        KeyState::Untold => UNTOLD,
    }
}

/// What is said when the report does not tell.
const UNTOLD: &str = "the report does not tell";

fn told<T>(told: &Told<T>, known: impl FnOnce(&T) -> String, none: &str) -> String {
    match told {
        Told::Known(value) => known(value),
        Told::None | Told::Never => none.to_owned(),
        Told::Nothing => UNTOLD.to_owned(),
    }
}

fn used(when: &Told<Moment>) -> String {
    match when {
        Told::Nothing => "no word of its last use".to_owned(),
        when => told(when, |moment| format!("last used {}", since(*moment)), "never used"),
    }
}

fn created(person: &Person) -> String {
    match &person.created {
        Told::Known(moment) => format!("created {}", since(*moment)),
        Told::None | Told::Never | Told::Nothing => "no word of its making".to_owned(),
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// A day, and how long ago that was.
fn since(moment: Moment) -> String {
    let ago = match moment.days {
        None => "after the time ages are counted to".to_owned(),
        Some(days) => format!("{} ago", count(usize::try_from(days).unwrap_or_default(), "day", "days")),
    };
    format!("{} ({ago})", day(moment.at))
}

/// Names a control: by its number alone where it is one of the default benchmark.
fn control(finding: &Finding) -> String {
    controls(&[finding])
}

/// Says how old the report is, and to when ages are counted.
fn ages(users: &Users) -> Vec<String> {
    let counted = format!("Ages are counted to {}, in whole days.", time(users.as_of));
    let Some(made) = users.generated else {
        return vec!["A downloaded report does not tell when IAM made it.".to_owned(), counted];
    };
    let until = made.checked_add(REPORT_LIFE).unwrap_or(made);
    let old = match users.as_of.duration_since(made) {
        age if age < SignedDuration::from_mins(-1) => {
            "is younger than the time ages are counted to".to_owned()
        }
        age if age < SignedDuration::from_mins(1) => "is less than a minute old".to_owned(),
        age => format!("is {} old", span(age)),
    };
    vec![
        format!(
            "The report {old}: IAM made it {}, and gives out the same one until {}. What was changed since it was \
             made is not in it.",
            time(made),
            time(until)
        ),
        counted,
    ]
}

/// Writes how long something takes, in two units at most.
fn span(age: SignedDuration) -> String {
    let minutes = usize::try_from(age.as_mins()).unwrap_or_default();
    let unit = |number: usize, one, many| (number > 0).then(|| count(number, one, many));
    let parts = [
        unit(minutes / 1440, "day", "days"),
        unit(minutes / 60 % 24, "hour", "hours"),
        unit(minutes % 60, "minute", "minutes"),
    ];
    parts.into_iter().flatten().take(2).collect::<Vec<_>>().join(" ")
}

/// A number over a report, with words.
struct Figure {
    number: usize,
    /// Of how many it cannot be told.
    untold: usize,
    words: String,
    /// Whether a number is bad news; none is good news when nothing is untold.
    is_bad: bool,
}

impl Figure {
    const fn plain(number: usize, words: String) -> Self {
        Self { number, untold: 0, words, is_bad: false }
    }

    fn bad(number: usize, untold: usize, mut words: String) -> Self {
        if untold > 0 {
            words = format!("{words} ({untold} untold)");
        }
        Self { number, untold, words, is_bad: true }
    }
}

/// The figures of a report.
fn figures(users: &Users) -> [Figure; 6] {
    let figures = &users.summary;
    let noun = |number, one: &str, many: &str| if number == 1 { one } else { many }.to_owned();
    [
        Figure::plain(figures.users, noun(figures.users, "user", "users")),
        Figure::plain(figures.with_console, "with a console password".to_owned()),
        Figure::bad(figures.without_mfa, figures.without_mfa_untold, "of them without MFA".to_owned()),
        Figure::plain(
            figures.active_keys,
            noun(figures.active_keys, "active access key", "active access keys"),
        ),
        Figure::bad(
            figures.old_keys,
            figures.old_keys_untold,
            format!("of them older than {} days", figures.old_after_days),
        ),
        Figure::bad(
            figures.unused_credentials,
            figures.unused_credentials_untold,
            format!(
                "{} unused for {} days",
                noun(figures.unused_credentials, "credential", "credentials"),
                figures.unused_after_days
            ),
        ),
    ]
}

/// Says how many of the report's rows are shown, and how many have something wrong.
fn shown(users: &Users) -> String {
    let all = users.rows;
    let figures = &users.summary;
    let mut text = match (figures.flagged, figures.untold) {
        (0, 0) => "Nothing is wrong with anybody.".to_owned(),
        (0, _) => "Nothing wrong was found.".to_owned(),
        (number, _) => format!("Something is wrong with {number} of {all}, root counted."),
    };
    if figures.untold > 0 {
        text = format!("{text} Of {} the report leaves something open.", figures.untold);
    }
    if !users.unplaced.is_empty() {
        text = format!("{text} The report has no row of root.");
    }
    if users.people.len() < all {
        text = format!("{text} Shown: {}.", users.people.len());
    }
    text
}

/// What is wrong with somebody, or cannot be told, as people read it.
struct Remark<'a> {
    mark: Mark,
    /// The controls; several when none of them can be told for the same reason.
    controls: String,
    /// What is so, and by which checks.
    words: String,
    /// What to do; nothing for what cannot be told.
    advice: Option<&'a str>,
}

/// Returns what is wrong with somebody, then what cannot be told.
fn remarks(findings: &[Finding]) -> Vec<Remark<'_>> {
    let mut remarks: Vec<Remark<'_>> = Vec::new();
    let mut open: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        if finding.status == Status::Fail {
            let words = format!("{} ({}, {})", sentence(finding), check(finding), finding.severity.word());
            let advice = Some(finding.remediation.as_ref());
            remarks.push(Remark { mark: Mark::Wrong, controls: control(finding), words, advice });
        } else {
            match open.iter_mut().find(|(why, _)| *why == finding.message) {
                Some((_, same)) => same.push(finding),
                None => open.push((&finding.message, vec![finding])),
            }
        }
    }
    remarks.extend(open.into_iter().map(|(why, same)| {
        let checks: Vec<&str> = same.iter().map(|finding| check(finding)).collect();
        let words = format!("{why} ({})", checks.join(", "));
        Remark { mark: Mark::Untold, controls: controls(&same), words, advice: None }
    }));
    remarks
}

/// Names several controls, those of a benchmark together.
fn controls(findings: &[&Finding]) -> String {
    let mut of: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in findings {
        match of.iter_mut().find(|(benchmark, _)| *benchmark == finding.benchmark) {
            Some((_, numbers)) => numbers.push(finding.control),
            None => of.push((finding.benchmark, vec![finding.control])),
        }
    }
    // The default benchmark, whose numbers stand alone, comes first.
    of.sort_by_key(|(benchmark, _)| *benchmark != benchmark::DEFAULT);
    let texts = of.iter().map(|(benchmark, numbers)| match *benchmark {
        benchmark::DEFAULT => numbers.join(", "),
        other => format!("{} of {other}", numbers.join(", ")),
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// Says what is wrong, with the credential that it is about where there are several.
fn sentence(finding: &Finding) -> String {
    match finding.credential {
        Some("access_key_1") => format!("access key 1: {}", finding.message),
        Some("access_key_2") => format!("access key 2: {}", finding.message),
        _ => finding.message.clone(),
    }
}

fn check(finding: &Finding) -> &str {
    finding.check.unwrap_or(finding.topic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{as_of, reported};

    #[test]
    fn the_age_of_a_report_is_told_in_words() {
        let told = |at: &str| {
            let mut users = Users::of(&reported(&[("ann", &[])]), as_of()).unwrap();
            users.generated = Some(at.parse().unwrap());
            ages(&users).remove(0)
        };
        for (at, words) in [
            ("2026-03-02T08:59:30Z", "is less than a minute old: IAM made it 2026-03-02 08:59 UTC"),
            ("2026-03-02T07:58:00Z", "is 1 hour 2 minutes old"),
            ("2026-02-27T08:00:00Z", "is 3 days 1 hour old"),
            ("2026-03-02T05:00:00Z", "is 4 hours old"),
            ("2026-03-05T00:00:00Z", "is younger than the time ages are counted to"),
        ] {
            assert!(told(at).contains(words), "{}", told(at));
        }
        assert!(told("2026-03-02T07:58:00Z").contains("gives out the same one until 2026-03-02 11:58 UTC"));
    }

    /// The report in every form that people read.
    fn forms(users: &Users) -> [String; 2] {
        let about = About { target: "file", taken_by: None, calls: None };
        [to_text(users, about, &|_, text| text.to_owned()), to_html(users, about)]
    }

    #[test]
    fn without_root_there_is_no_clean_bill() {
        let fine = [
            ("password_enabled", "true"),
            ("password_last_changed", "2026-02-20T00:00:00Z"),
            ("password_last_used", "2026-03-01T00:00:00Z"),
            ("mfa_active", "true"),
        ];
        let users = Users::of(&reported(&[("ann", &fine)]), as_of()).unwrap();
        for text in forms(&users) {
            assert!(!text.contains("Nothing is wrong with anybody"), "{text}");
            let told = "Nothing wrong was found. Of 1 the report leaves something open. The report has no row of root.";
            assert!(text.contains(told), "{text}");
        }
        let table = to_csv(&users).unwrap();
        let mut reader = ::csv::Reader::from_reader(table.as_bytes());
        let header = reader.headers().unwrap().clone();
        let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2, "{table}");
        let cell = |name: &str| &rows[0][header.iter().position(|column| column == name).unwrap()];
        assert_eq!((cell("user"), cell("status"), cell("mfa")), ("<root_account>", "untold", "untold"));
        assert_eq!((cell("created_days_ago"), cell("as_of")), ("", as_of().to_string().as_str()));
        assert!(cell("findings").contains("root-without-mfa"), "{table}");
    }

    #[test]
    fn a_figure_that_cannot_be_told_is_no_good_news() {
        let cells = [("password_enabled", "true"), ("mfa_active", "maybe")];
        let root = [("mfa_active", "true")];
        let users = [("<root_account>", &root[..]), ("ann", &cells), ("bob", &cells)];
        let [text, page] = forms(&Users::of(&reported(&users), as_of()).unwrap());
        assert!(text.contains("     0  of them without MFA (2 untold)\n"), "{text}");
        assert!(page.contains("<div class=\"card u\"><b>0</b>of them without MFA (2 untold)<"), "{page}");
        assert!(page.contains("<div class=\"card p\"><b>0</b>of them older"), "{page}");
    }

    #[test]
    fn what_cannot_be_told_for_one_reason_is_told_once() {
        let users = Users::of(&reported(&[("ann", &[("password_enabled", "maybe")])]), as_of()).unwrap();
        let remarks = remarks(&users.people[0].findings);
        let open: Vec<&str> = remarks
            .iter()
            .filter(|remark| remark.mark == Mark::Untold)
            .map(|remark| remark.controls.as_str())
            .collect();
        assert_eq!(open, ["1.2, 1.3; 3.4, 3.2 of iam-best-practices"]);
        assert!(remarks.iter().all(|remark| remark.advice.is_some() == (remark.mark == Mark::Wrong)));
    }
}
