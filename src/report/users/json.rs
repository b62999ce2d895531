//! The report for programs. Versioned; keys are only ever added.
//!
//! What the report does not say is `null`, and a word beside it says why.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::About;
use super::csv::status;
use crate::account::calls::ApiCalls;
use crate::audit::check::Severity;
use crate::audit::finding::Finding;
use crate::audit::users::{KeyState, Mark, Moment, Person, Summary, Told, Users};
use crate::audit::verdict::Status;
use crate::report::RenderError;
use crate::report::words::REPORT_LIFE;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    account: &'a str,
    target: &'a str,
    taken_by: Option<&'a str>,
    as_of: Timestamp,
    report: Made,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_calls: Option<ApiCalls>,
    users: Vec<Block<'a>>,
    unplaced: Vec<Wrong<'a>>,
}

/// When the report was made and read, and until when IAM gives out the same one; no age to a time before that.
#[derive(Serialize)]
struct Made {
    generated_at: Option<Timestamp>,
    read_at: Option<Timestamp>,
    renewed_after: Option<Timestamp>,
    age_seconds: Option<i64>,
    rows: usize,
}

#[derive(Serialize)]
struct Block<'a> {
    user: &'a str,
    arn: &'a str,
    root: bool,
    status: &'static str,
    created: When,
    password: Password,
    mfa_active: Option<bool>,
    access_keys: Vec<Key<'a>>,
    certificates: Vec<Certificate>,
    more_credentials: Option<&'a str>,
    /// The report's columns that are what is wrong, or that do not tell.
    marks: &'a BTreeMap<&'static str, Mark>,
    findings: Vec<Wrong<'a>>,
}

#[derive(Serialize)]
struct Password {
    enabled: Option<bool>,
    last_used: When,
    last_changed: When,
    expires: When,
}

#[derive(Serialize)]
struct Key<'a> {
    slot: usize,
    state: KeyState,
    last_rotated: When,
    last_used: When,
    last_used_service: Option<&'a str>,
    last_used_region: Option<&'a str>,
}

#[derive(Serialize)]
struct Certificate {
    slot: usize,
    state: KeyState,
    last_rotated: When,
}

/// A date that the report tells, or why it tells none.
#[derive(Serialize)]
struct When {
    told: &'static str,
    at: Option<Timestamp>,
    days_ago: Option<i64>,
}

#[derive(Serialize)]
struct Wrong<'a> {
    benchmark: &'static str,
    control: &'static str,
    check: Option<&'static str>,
    status: Status,
    severity: Severity,
    credential: Option<&'static str>,
    message: &'a str,
    /// What to do; `null` for what cannot be told.
    remediation: Option<&'a str>,
}

/// Writes the report as JSON.
///
/// # Errors
///
/// A fault of this program.
pub fn to_json(users: &Users, about: About<'_>) -> Result<String, RenderError> {
    let document = Document {
        format_version: 1,
        account: &users.account,
        target: about.target,
        taken_by: about.taken_by,
        as_of: users.as_of,
        report: Made {
            generated_at: users.generated,
            read_at: users.read_at,
            renewed_after: users.generated.and_then(|made| made.checked_add(REPORT_LIFE).ok()),
            age_seconds: users
                .generated
                .map(|made| users.as_of.duration_since(made).as_secs())
                .filter(|age| *age >= 0),
            rows: users.rows,
        },
        summary: users.summary,
        api_calls: about.calls,
        users: users.people.iter().map(block).collect(),
        unplaced: users.unplaced.iter().map(wrong).collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn block(person: &Person) -> Block<'_> {
    let password = &person.password;
    Block {
        user: &person.name,
        arn: &person.arn,
        root: person.is_root,
        status: status(person),
        created: when(&person.created),
        password: Password {
            enabled: flag(&password.enabled),
            last_used: when(&password.used),
            last_changed: when(&password.changed),
            expires: when(&password.expires),
        },
        mfa_active: flag(&person.mfa),
        access_keys: person
            .keys
            .iter()
            .enumerate()
            .map(|(place, key)| Key {
                slot: place + 1,
                state: key.state,
                last_rotated: when(&key.rotated),
                last_used: when(&key.used),
                last_used_service: text(&key.service),
                last_used_region: text(&key.region),
            })
            .collect(),
        certificates: person
            .certificates
            .iter()
            .enumerate()
            .map(|(place, one)| Certificate {
                slot: place + 1,
                state: one.state,
                last_rotated: when(&one.rotated),
            })
            .collect(),
        more_credentials: person.more.as_deref(),
        marks: person.marks(),
        findings: person.findings.iter().map(wrong).collect(),
    }
}

fn wrong(finding: &Finding) -> Wrong<'_> {
    Wrong {
        benchmark: finding.benchmark,
        control: finding.control,
        check: finding.check,
        status: finding.status,
        severity: finding.severity,
        credential: finding.credential,
        message: &finding.message,
        remediation: (finding.status == Status::Fail).then_some(finding.remediation.as_ref()),
    }
}

/// `false` for what there is not; `null` for what the report does not tell.
const fn flag(told: &Told<bool>) -> Option<bool> {
    match told {
        Told::Known(on) => Some(*on),
        Told::None | Told::Never => Some(false),
        Told::Nothing => None,
    }
}

fn text(told: &Told<String>) -> Option<&str> {
    match told {
        Told::Known(text) => Some(text),
        Told::None | Told::Never | Told::Nothing => None,
    }
}

const fn when(told: &Told<Moment>) -> When {
    match told {
        Told::Known(moment) => When { told: "date", at: Some(moment.at), days_ago: moment.days },
        Told::None => When { told: "none", at: None, days_ago: None },
        Told::Never => When { told: "never", at: None, days_ago: None },
        Told::Nothing => When { told: "untold", at: None, days_ago: None },
    }
}
