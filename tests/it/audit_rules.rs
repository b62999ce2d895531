//! What is laid over verdicts: exceptions, attestations, a baseline, and the exit code that comes out.

use iamlab::account::credential_report::CredentialReport;
use iamlab::account::snapshot::{Facet, Snapshot};
use iamlab::audit::attestation::{self, Attestations};
use iamlab::audit::baseline::Baseline;
use iamlab::audit::benchmark;
use iamlab::audit::check::Severity;
use iamlab::audit::engine::{Question, audit};
use iamlab::audit::exception::{self, Exceptions};
use iamlab::audit::finding::{Audit, Change, ExceptionState, Finding};
use iamlab::audit::gate::{FailOn, Gate};
use iamlab::audit::verdict::Status;
use iamlab::error::Exit;
use iamlab::report::{Format, render};
use iamlab::scenario::strict;
use iamlab::source::SourceFile;

const HEAD: &str = "user,arn,password_enabled,mfa_active,password_last_used,access_key_1_last_used_date,\
                    access_key_2_last_used_date\n\
                    <root_account>,arn:aws:iam::123456789012:root,true,true,no_information,N/A,N/A\n";

/// An account of which only the report was read; `users` have a password, and a device when they say so.
fn account(users: &[(&str, bool)]) -> Snapshot {
    let rows = users
        .iter()
        .map(|(name, mfa)| format!("{name},arn:aws:iam::123456789012:user/{name},true,{mfa},N/A,N/A,N/A\n"));
    let csv = format!("{HEAD}{}", rows.collect::<String>());
    let taken = "2026-03-02T09:00:00Z".parse().unwrap();
    let mut snapshot = Snapshot::empty("123456789012", "aws", "us-east-1", taken);
    snapshot.credential_report = Facet::Read(CredentialReport::parse(&csv, Some(taken)).unwrap());
    snapshot
}

fn question<'a>(controls: &[&str]) -> Question<'a> {
    Question {
        benchmarks: vec![benchmark::find("cis-aws-1.2.0").unwrap()],
        only: controls.iter().map(|&id| id.to_owned()).collect(),
        as_of: "2026-03-02T09:00:00Z".parse().unwrap(),
        exceptions: None,
        attestations: None,
        baseline: None,
    }
}

fn judged(snapshot: &Snapshot, question: &Question<'_>) -> Audit {
    audit(snapshot, question, "file", None)
}

fn exceptions(yaml: &str) -> Exceptions {
    let file = SourceFile::new("exceptions.yaml", yaml);
    strict::parse(&file, &exception::schema()).unwrap_or_else(|found| panic!("{found:?}"))
}

fn of<'a>(audit: &'a Audit, name: &str) -> &'a Finding {
    audit.findings.iter().find(|finding| finding.name == name).unwrap()
}

#[test]
fn an_exception_hides_what_it_speaks_of_and_nothing_else() {
    let snapshot = account(&[("breakglass-1", false), ("User2", false), ("User1", true)]);
    let rules = exceptions(
        "exceptions:\n\
         - { control: '1.2', resource: '*:user/breakglass-*', reason: sealed, approver: Ada, expires: 2026-03-02 }\n\
         - { control: '1.2', resource: User1, reason: old, approver: Ada, expires: 2026-12-31 }\n\
         - { control: '1.2', resource: User2, reason: late, approver: Ada, expires: 2026-03-01 }\n",
    );
    let audit = judged(&snapshot, &Question { exceptions: Some(&rules), ..question(&["1.2"]) });
    let hidden = of(&audit, "breakglass-1");
    assert_eq!(hidden.status, Status::Exempt);
    assert_eq!(hidden.exemption.as_ref().unwrap().approver, "Ada");
    assert_eq!(of(&audit, "User2").status, Status::Fail);
    assert_eq!(of(&audit, "User1").status, Status::Pass);
    let states: Vec<_> = audit.exceptions.iter().map(|one| (one.state, one.hides.clone())).collect();
    assert_eq!(
        states,
        [
            (ExceptionState::Used, vec!["1.2 breakglass-1".to_owned()]),
            (ExceptionState::Unused, vec![]),
            (ExceptionState::Expired, vec!["1.2 User2".to_owned()]),
        ]
    );
}

#[test]
fn a_dry_run_tells_and_hides_nothing() {
    let mut rules = exceptions(
        "exceptions:\n- { control: user-console-without-mfa, resource: '*', reason: r, approver: a, expires: 2027-01-01 }\n",
    );
    rules.dry_run = true;
    let snapshot = account(&[("User2", false)]);
    let audit = judged(&snapshot, &Question { exceptions: Some(&rules), ..question(&["1.2"]) });
    assert_eq!(of(&audit, "User2").status, Status::Fail);
    assert_eq!(audit.exceptions[0].state, ExceptionState::WouldHide);
    assert_eq!(audit.exceptions[0].hides, ["1.2 User2"]);
}

#[test]
fn an_exception_does_not_hide_that_nothing_was_seen() {
    let rules = exceptions(
        "exceptions:\n- { control: '1.2', resource: '*', reason: r, approver: a, expires: 2027-01-01 }\n",
    );
    let unread = Snapshot::empty("123456789012", "aws", "us-east-1", "2026-03-02T09:00:00Z".parse().unwrap());
    let audit = judged(&unread, &Question { exceptions: Some(&rules), ..question(&["1.2"]) });
    assert_eq!(of(&audit, "<account>").status, Status::Unknown);
    assert_eq!(Gate::default().exit(&audit), Exit::Unseen);
}

#[test]
fn a_control_that_looks_like_a_number_must_be_quoted() {
    let file = SourceFile::new(
        "exceptions.yaml",
        "exceptions:\n- { control: 1.20, resource: '*', reason: r, approver: a, expires: 2027-01-01 }\n",
    );
    let found = strict::parse::<Exceptions>(&file, &exception::schema()).unwrap_err();
    assert_eq!(found.len(), 1);
    let wrong_day =
        "exceptions:\n- { control: '1.2', resource: '*', reason: r, approver: a, expires: soon }\n";
    let file = SourceFile::new("exceptions.yaml", wrong_day);
    assert!(strict::parse::<Exceptions>(&file, &exception::schema()).is_err());
}

#[test]
fn an_attestation_answers_a_manual_control_until_it_runs_out() {
    let answered = |expires: &str| {
        let yaml = format!(
            "attestations:\n- {{ control: '1.15', status: pass, by: Ada, on: 2026-01-01, expires: {expires}, \
             evidence: seen in the console }}\n"
        );
        let file = SourceFile::new("attestations.yaml", yaml);
        let rules: Attestations = strict::parse(&file, &attestation::schema()).unwrap();
        judged(&account(&[]), &Question { attestations: Some(&rules), ..question(&["1.15"]) })
    };
    let audit = answered("2026-03-02");
    assert_eq!(of(&audit, "<account>").status, Status::Pass);
    assert_eq!(of(&audit, "<account>").attestation.as_ref().unwrap().by, "Ada");
    assert!(audit.remarks.is_empty());
    let audit = answered("2026-03-01");
    assert_eq!(of(&audit, "<account>").status, Status::Manual);
    assert!(audit.remarks[0].contains("ran out"), "{:?}", audit.remarks);
}

#[test]
fn a_baseline_tells_what_is_new_and_what_is_gone() {
    let before =
        judged(&account(&[("User1", false), ("User2", false), ("Gone", false)]), &question(&["1.2"]));
    let earlier = Baseline::parse(&render(&before, Format::Json).unwrap()).unwrap();
    let snapshot = account(&[("User1", true), ("User2", false), ("User3", false)]);
    let asked = Question { baseline: Some(&earlier), ..question(&["1.2"]) };
    let audit = judged(&snapshot, &asked);
    assert_eq!(of(&audit, "User2").change, Some(Change::Unchanged));
    assert_eq!(of(&audit, "User3").change, Some(Change::New));
    assert_eq!(of(&audit, "User1").change, None);
    let fixed: Vec<_> = audit.fixed.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(fixed, ["Gone", "User1"]);
    // What was not looked at is not gone.
    let unread = Snapshot::empty("123456789012", "aws", "us-east-1", snapshot.taken_at);
    assert!(judged(&unread, &asked).fixed.is_empty());
    let other = Question { only: vec!["1.15".to_owned()], ..question(&[]) };
    assert!(judged(&snapshot, &Question { baseline: Some(&earlier), ..other }).fixed.is_empty());
}

#[test]
fn only_what_counts_fails_the_run() {
    let failing = judged(&account(&[("User2", false)]), &question(&["1.2"]));
    let gate = |fail_on: Vec<FailOn>| Gate { fail_on, exit_zero: false };
    assert_eq!(Gate::default().exit(&failing), Exit::Differs);
    assert_eq!(gate(vec![FailOn::Severity(Severity::High)]).exit(&failing), Exit::Differs);
    assert_eq!(gate(vec![FailOn::Severity(Severity::Critical)]).exit(&failing), Exit::Ok);
    assert_eq!(
        gate(vec![FailOn::New]).exit(&failing),
        Exit::Ok,
        "without a baseline nothing is known to be new"
    );
    assert_eq!(Gate { exit_zero: true, ..Gate::default() }.exit(&failing), Exit::Ok);
    let fine = judged(&account(&[("User1", true)]), &question(&["1.2"]));
    assert_eq!(Gate::default().exit(&fine), Exit::Ok);
}

#[test]
fn only_takes_numbers_topics_and_checks() {
    let asked = question(&["1.2", "security-questions", "root-used", "9.9", "user-console"]);
    assert_eq!(asked.strangers(), ["9.9", "user-console"]);
    let controls: Vec<_> = asked.controls().map(|(_, control)| control.id.as_str()).collect();
    assert_eq!(controls, ["1.1", "1.2", "1.15"]);
}

#[test]
fn an_answer_about_one_resource_is_none_about_the_next() {
    let finding = |audit: &Audit| of(audit, "<account>").status;
    let with = |resource: &str| {
        let yaml = format!(
            "attestations:\n\
             - {{ control: '1.15', status: pass, by: Ada, on: 2025-01-01, expires: 2025-06-01, evidence: old }}\n\
             - {{ control: '1.15', {resource} status: pass, by: Ada, on: 2026-01-01, expires: 2027-01-01, evidence: new }}\n"
        );
        let rules: Attestations =
            strict::parse(&SourceFile::new("attestations.yaml", yaml), &attestation::schema()).unwrap();
        judged(&account(&[]), &Question { attestations: Some(&rules), ..question(&["1.15"]) })
    };
    // The renewal counts, and what it renews is not complained of.
    let renewed = with("");
    assert_eq!((finding(&renewed), renewed.remarks.len()), (Status::Pass, 0));
    let other = with("resource: 'role/other',");
    assert_eq!(finding(&other), Status::Manual);
}
