//! The credential report: true to the state, made at most every four hours.
//! Source: "Generate credential reports for your AWS account" in the IAM user guide.

use std::collections::BTreeSet;

use awsim_core::AwsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::credentials::{AccessKey, Certificate};
use crate::sandbox::services::iam::fault::Reply;
use crate::sandbox::services::iam::identity::Identity;
use crate::sandbox::services::iam::store::{Report, User};

/// How long a report is the answer.
const LIFE: SignedDuration = SignedDuration::from_hours(4);

/// The columns, in AWS's order.
pub(super) const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,\
    password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
    access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
    access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,\
    access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/// The column that the IAM user guide lists after the others.
const ADDITIONAL: &str = "additional_credentials_info";

/// Where the one report of an account stands.
enum Stage {
    Absent,
    InProgress,
    Complete,
    Expired,
}

fn stage(call: &Call<'_>) -> Stage {
    match &*call.state.report {
        None => Stage::Absent,
        Some(report) if call.now < report.generated => {
            // A report takes no longer than it is set to: one of later is of a clock that has been moved back since.
            let preparation = SignedDuration::from_secs(i64::from(call.state.reporting.preparation));
            if report.generated.duration_since(call.now) <= preparation {
                Stage::InProgress
            } else {
                Stage::Absent
            }
        }
        Some(report) if call.now.duration_since(report.generated) < LIFE => Stage::Complete,
        Some(_) => Stage::Expired,
    }
}

/// `GenerateCredentialReport`: starts a report, or says that the present one still counts.
pub(super) fn generate(call: &mut Call<'_>) -> Reply {
    let description = match stage(call) {
        Stage::Complete => return Ok(json!({ "State": "COMPLETE" })),
        Stage::InProgress => return Ok(json!({ "State": "INPROGRESS" })),
        Stage::Expired => "Last report expired. Starting a new report generation task",
        Stage::Absent => "No report exists. Starting a new report generation task",
    };
    let content = content(call)?;
    let preparation = SignedDuration::from_secs(i64::from(call.state.reporting.preparation));
    let generated = call.now.checked_add(preparation).unwrap_or(call.now);
    *call.state.report = Some(Report { content, generated });
    Ok(json!({ "State": "STARTED", "Description": description }))
}

/// `GetCredentialReport`. AWS sends these errors without a message; here they say what to do.
pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let gone = |code: &str, message: &str| AwsError {
        status: http::StatusCode::GONE,
        ..AwsError::bad_request(code, message)
    };
    match (stage(call), &*call.state.report) {
        (Stage::Complete, Some(report)) => Ok(json!({
            "Content": STANDARD.encode(&report.content),
            "ReportFormat": "text/csv",
            "GeneratedTime": report.generated,
        })),
        (Stage::InProgress, _) => {
            Err(AwsError::not_found("ReportInProgress", "The report is being generated. Try again later."))
        }
        (Stage::Expired, _) => {
            Err(gone("ReportExpired", "The report has expired. Use GenerateCredentialReport."))
        }
        _ => Err(gone("ReportNotPresent", "No report exists. Use GenerateCredentialReport.")),
    }
}

/// Writes the report: a header and a row each, ended by line feeds, the last by none.
fn content(call: &Call<'_>) -> Result<String, AwsError> {
    let broken = |error: &dyn std::fmt::Display| AwsError::internal(format!("credential report: {error}"));
    let with_mfa: BTreeSet<&str> =
        call.state.mfa.values().filter_map(|device| device.user.as_deref()).collect();
    let additional = call.state.reporting.additional_column;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = COLUMNS.split(',').map(str::to_owned).collect();
    header.extend(additional.then(|| ADDITIONAL.to_owned()));
    writer.write_record(header).map_err(|error| broken(&error))?;
    let root = &call.state.root;
    let rows = std::iter::once((root_row(call), root.keys.len(), 0)).chain(call.state.users.iter().map(
        |(key, user)| {
            let row = user_row(call, user, with_mfa.contains(key.as_str()));
            (row, user.keys.len(), user.certificates.len())
        },
    ));
    for (mut row, keys, certificates) in rows {
        row.extend(additional.then(|| beyond_two(keys, certificates)));
        writer.write_record(row).map_err(|error| broken(&error))?;
    }
    let mut bytes = writer.into_inner().map_err(|error| broken(&error))?;
    bytes.pop();
    String::from_utf8(bytes).map_err(|error| broken(&error))
}

/// What the last column says: how many credentials have no column of their own, and what lists them. The guide
/// gives no wording.
fn beyond_two(keys: usize, certificates: usize) -> String {
    let more = [(keys, "ListAccessKeys"), (certificates, "ListSigningCertificates")];
    let more = more.iter().filter(|(count, _)| *count > 2);
    let told: Vec<String> = more.map(|(count, list)| format!("{} {list}", count.saturating_sub(2))).collect();
    if told.is_empty() { none() } else { told.join("; ") }
}

fn root_row(call: &Call<'_>) -> Vec<String> {
    let root = &call.state.root;
    let mut row = vec![
        "<root_account>".to_owned(),
        Identity::Root.arn(&call.ctx.partition, &call.ctx.account_id),
        time(call.state.created),
        "not_supported".to_owned(),
        root.password_last_used.map_or_else(|| "no_information".to_owned(), time),
        "not_supported".to_owned(),
        "not_supported".to_owned(),
        root.mfa.is_some().to_string(),
    ];
    credentials(&mut row, &root.keys, &[]);
    row
}

fn user_row(call: &Call<'_>, user: &User, mfa: bool) -> Vec<String> {
    let mut row = vec![user.name.clone(), call.arn("user", &user.path, &user.name), time(user.created)];
    row.push(user.login.is_some().to_string());
    match &user.login {
        None => row.extend(std::iter::repeat_n(none(), 3)),
        Some(login) => {
            let next =
                call.state.password_policy.as_ref().and_then(|policy| policy.max_age).and_then(|days| {
                    login.changed.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()
                });
            row.push(user.password_last_used.map_or_else(|| "no_information".to_owned(), time));
            row.push(time(login.changed));
            row.push(next.map_or_else(none, time));
        }
    }
    row.push(mfa.to_string());
    credentials(&mut row, &user.keys, &user.certificates);
    row
}

/// The ten columns of access keys and the four of certificates.
fn credentials(row: &mut Vec<String>, keys: &[AccessKey], certificates: &[Certificate]) {
    for slot in [1, 2] {
        let key = keys.iter().find(|key| key.slot == slot);
        let used = key.and_then(|key| key.last_used.as_ref());
        row.push(key.is_some_and(|key| key.active).to_string());
        row.push(key.map_or_else(none, |key| time(key.changed)));
        row.push(used.map_or_else(none, |used| time(used.at)));
        row.push(used.map_or_else(none, |used| used.region.clone()));
        row.push(used.map_or_else(none, |used| used.service.clone()));
    }
    for place in [0, 1] {
        let certificate = certificates.get(place);
        row.push(certificate.is_some_and(|one| one.active).to_string());
        row.push(certificate.map_or_else(none, |one| time(one.uploaded)));
    }
}

fn none() -> String {
    "N/A".to_owned()
}

/// A time as the report writes it: `2026-01-01T00:00:00+00:00`.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;
    use crate::sandbox::services::iam::credentials::{Kept, VirtualMfa};
    use crate::sandbox::services::iam::store::{Reporting, Tags};

    fn rows(account: &Account) -> Vec<Vec<String>> {
        let report = account.ok("GetCredentialReport", json!({}));
        let text = STANDARD.decode(report["Content"].as_str().unwrap()).unwrap();
        assert!(!text.ends_with(b"\n") && !text.contains(&b'\r'));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn the_report_tells_the_state_and_lives_four_hours() {
        let account = Account::new();
        let (code, status, _) = account.refused("GetCredentialReport", json!({}));
        assert_eq!((code.as_str(), status), ("ReportNotPresent", 410));
        account.user("u");
        account.ok("UpdateAccountPasswordPolicy", json!({ "MaxPasswordAge": "90" }));
        account.ok("CreateLoginProfile", json!({ "UserName": "u", "Password": "Passw0rd-1" }));
        let key = account.ok("CreateAccessKey", json!({ "UserName": "u" }));
        account.iam.record_key_use(key["AccessKey"]["AccessKeyId"].as_str().unwrap(), "iam", "us-east-1");
        assert_eq!(account.ok("GenerateCredentialReport", json!({}))["State"], "STARTED");

        let rows_now = rows(&account);
        assert!(rows_now.iter().all(|row| row.len() == 22));
        assert_eq!(rows_now[1][0], "<root_account>");
        assert_eq!(rows_now[1][1], "arn:aws:iam::123456789012:root");
        assert_eq!(
            rows_now[2],
            [
                "u",
                "arn:aws:iam::123456789012:user/u",
                "2026-01-01T00:00:00+00:00",
                "true",
                "no_information",
                "2026-01-01T00:00:00+00:00",
                "2026-04-01T00:00:00+00:00",
                "false",
                "true",
                "2026-01-01T00:00:00+00:00",
                "2026-01-01T00:00:00+00:00",
                "us-east-1",
                "iam",
                "false",
                "N/A",
                "N/A",
                "N/A",
                "N/A",
                "false",
                "N/A",
                "false",
                "N/A"
            ]
        );

        account.user("v");
        assert_eq!(account.ok("GenerateCredentialReport", json!({}))["State"], "COMPLETE");
        assert_eq!(rows(&account).len(), 3);
        account.pass(4 * 3600);
        let (code, status, _) = account.refused("GetCredentialReport", json!({}));
        assert_eq!((code.as_str(), status), ("ReportExpired", 410));
        account.ok("GenerateCredentialReport", json!({}));
        assert_eq!(rows(&account).len(), 4);
    }

    #[test]
    fn a_report_that_takes_time_is_in_progress_until_then() {
        let account = Account::new();
        account.iam.set_reporting(Reporting { preparation: 10, ..Reporting::default() });
        let state = || account.ok("GenerateCredentialReport", json!({}))["State"].clone();
        assert_eq!(state(), "STARTED");
        assert_eq!(state(), "INPROGRESS");
        let (code, status, _) = account.refused("GetCredentialReport", json!({}));
        assert_eq!((code.as_str(), status), ("ReportInProgress", 404));
        account.pass(10);
        assert_eq!(state(), "COMPLETE");
        let report = account.ok("GetCredentialReport", json!({}));
        assert_eq!(report["GeneratedTime"], "2026-01-01T00:00:10Z");
        account.pass(4 * 3600);
        assert_eq!(state(), "STARTED");
    }

    #[test]
    fn a_report_from_the_future_is_none() {
        let account = Account::new();
        let state = || account.ok("GenerateCredentialReport", json!({}))["State"].clone();
        assert_eq!(state(), "STARTED");
        account.go_back(86_400);
        assert_eq!(account.refused("GetCredentialReport", json!({})).0, "ReportNotPresent");
        assert_eq!(state(), "STARTED");
        assert_eq!(account.ok("GetCredentialReport", json!({}))["GeneratedTime"], "2025-12-31T00:00:00Z");

        account.iam.set_reporting(Reporting { preparation: 10, ..Reporting::default() });
        account.pass(4 * 3600);
        assert_eq!((state(), state()), (json!("STARTED"), json!("INPROGRESS")));
        account.go_back(3600);
        assert_eq!((state(), state()), (json!("STARTED"), json!("INPROGRESS")));
        account.pass(10);
        assert_eq!(state(), "COMPLETE");
    }

    #[test]
    fn sign_ins_devices_and_a_23rd_column_are_told() {
        let account = Account::new();
        account.user("Ann");
        account.ok("CreateLoginProfile", json!({ "UserName": "Ann", "Password": "Passw0rd-1" }));
        let at = |text: &str| text.parse().unwrap();
        account.iam.record_sign_in(Some("ann"), at("2026-01-01T00:00:00Z"));
        account.iam.record_sign_in(Some("ann"), at("2026-01-01T00:04:59Z"));
        account.iam.record_sign_in(None, at("2026-01-01T00:00:00Z"));
        account.iam.record_sign_in(None, at("2026-01-01T00:05:00Z"));
        account.iam.record_sign_in(Some("nobody"), at("2026-01-01T00:05:00Z"));
        account.iam.edit(|state| {
            let device = VirtualMfa {
                serial: "s".into(),
                seed: Kept::new("seed"),
                tags: Tags::default(),
                user: Some("ann".into()),
                enabled: None,
                last_step: None,
            };
            state.mfa.insert("s".into(), device);
        });
        account.iam.set_reporting(Reporting { additional_column: true, ..Reporting::default() });
        account.ok("GenerateCredentialReport", json!({}));
        let rows = rows(&account);
        assert!(rows.iter().all(|row| row.len() == 23));
        assert_eq!(rows[0][22], "additional_credentials_info");
        assert_eq!((rows[1][4].as_str(), rows[1][22].as_str()), ("2026-01-01T00:05:00+00:00", "N/A"));
        assert_eq!((rows[2][4].as_str(), rows[2][7].as_str()), ("2026-01-01T00:00:00+00:00", "true"));
        assert_eq!(beyond_two(3, 4), "1 ListAccessKeys; 2 ListSigningCertificates");
    }
}
