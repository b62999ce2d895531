//! Sentences that several formats share.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::audit::finding::{Audit, Change, ExceptionState, Finding, Judged};
use crate::audit::verdict::Status;

/// How long IAM gives out the same credential report.
pub(super) const REPORT_LIFE: SignedDuration = SignedDuration::from_hours(4);

/// Names a status for people.
pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Unknown => "unknown",
        Status::Manual => "manual",
        Status::NotApplicable => "not applicable",
        Status::Exempt => "exempt",
    }
}

/// Names the state of an exception for people.
pub(super) const fn state(state: ExceptionState) -> &'static str {
    match state {
        ExceptionState::Used => "in use",
        ExceptionState::WouldHide => "would hide",
        ExceptionState::Expired => "expired",
        ExceptionState::Unused => "hides nothing",
    }
}

/// Writes a time to the minute, as people read it.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Writes a share in percent. What is not whole is never rounded up to 100, nor what is something down to 0.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let shown = if percent > 99.0 && percent < 100.0 {
        99.0
    } else if percent > 0.0 && percent < 1.0 {
        1.0
    } else {
        percent.round()
    };
    format!("{shown:.0} %")
}

/// Counts the failures that are new and those that are not, against the baseline.
pub(super) fn changes(audit: &Audit) -> (usize, usize) {
    let count = |change| audit.findings.iter().filter(|finding| finding.change == Some(change)).count();
    (count(Change::New), count(Change::Unchanged))
}

/// Writes a count with what is counted.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// Tells the share of what was decided that passed; `None` when nothing was.
pub(super) fn score(judged: &Judged) -> Option<String> {
    let decided = judged.controls.pass + judged.controls.fail;
    (decided > 0).then(|| percent(judged.controls.score))
}

/// Tells when the credential report was made, and until when it cannot show a change; `None` without one.
pub(super) fn report_age(audit: &Audit) -> Option<String> {
    let made = audit.report_generated_at?;
    let until = made.checked_add(REPORT_LIFE).unwrap_or(made);
    Some(format!(
        "the credential report was made {}; IAM keeps giving out that one until {}, so what was mended since may not \
         show before",
        time(made),
        time(until)
    ))
}

/// Names whom a finding is about: the name, and the credential if it is about one.
pub(super) fn subject(finding: &Finding) -> String {
    match finding.credential {
        Some(credential) => format!("{} ({credential})", finding.name),
        None => finding.name.clone(),
    }
}

/// Writes the policy that allows reading what could not be read; `None` when all could.
pub(super) fn missing_permissions(audit: &Audit) -> Option<String> {
    // What was throttled, unreachable or never asked for is not mended by a policy.
    let denied = audit.unread.iter().filter(|(_, why)| why.contains("the permission `"));
    let mut actions: Vec<&str> = denied.flat_map(|(part, _)| part.permissions().iter().copied()).collect();
    actions.sort_unstable();
    actions.dedup();
    if actions.is_empty() {
        return None;
    }
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
    });
    serde_json::to_string_pretty(&policy).ok()
}

/// Makes a sentence of our own end and begin as one. An identifier at its beginning stays as it is: its case has a
/// meaning.
pub(super) fn sentence(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.trim_end_matches([':', '.', ',']).contains(['_', ':', '.']) {
        return format!("{text}.");
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_large_and_an_identifier_as_it_is() {
        for (text, told) in [
            ("it allows more", "It allows more."),
            ("nobody could look: throttled", "Nobody could look: throttled."),
            ("denied: it is not there", "Denied: it is not there."),
            ("generate_credential_report is called", "generate_credential_report is called."),
            ("arn:aws:iam::1:role/r is there", "arn:aws:iam::1:role/r is there."),
            ("sns.publish is called", "sns.publish is called."),
            ("", ""),
        ] {
            assert_eq!(sentence(text), told);
        }
    }

    #[test]
    fn almost_all_is_not_all() {
        for (share, shown) in
            [(0.0, "0 %"), (0.001, "1 %"), (0.415, "42 %"), (0.9991, "99 %"), (1.0, "100 %")]
        {
            assert_eq!(percent(share), shown);
        }
    }
}
