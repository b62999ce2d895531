//! Audits to write: a small one with everything in it, a hostile one, and a large one.

use std::collections::BTreeMap;
use std::sync::Arc;

use iamlab::account::calls::ApiCalls;
use iamlab::account::part::Part;
use iamlab::audit::check::Severity;
use iamlab::audit::finding::{
    Attested, Audit, Change, ExceptionState, ExceptionUse, Exemption, Finding, Fixed, Judged, Summary,
};
use iamlab::audit::verdict::Status;

pub(super) const ACCOUNT: &str = "123456789012";
const OLD: &str = "cis-aws-1.2.0";
const NEW: &str = "cis-aws-5.0.0";

/// One control: number, title, section, topic, severity, check.
type Control = (&'static str, &'static str, &'static str, &'static str, Severity, Option<&'static str>);

const IDENTITY: &str = "Identity and access management";
const MFA: Control = (
    "1.2",
    "every user with a console password has an MFA device",
    IDENTITY,
    "user-console-without-mfa",
    Severity::High,
    Some("user-console-without-mfa"),
);
const KEYS: Control = (
    "1.4",
    "access keys are rotated every 90 days",
    IDENTITY,
    "access-key-old",
    Severity::Medium,
    Some("access-key-old"),
);

const ROOT: Control = (
    "1.1",
    "root is not used for day-to-day work",
    IDENTITY,
    "root-used",
    Severity::Critical,
    Some("root-used"),
);
const LENGTH: Control = (
    "1.9",
    "passwords have at least 14 characters",
    IDENTITY,
    "password-length",
    Severity::Medium,
    Some("password-length"),
);
const QUESTIONS: Control =
    ("1.15", "security questions are registered", IDENTITY, "security-questions", Severity::Low, None);
const SUPPORT: Control =
    ("1.20", "a role can talk to AWS support", IDENTITY, "support-role", Severity::Low, Some("support-role"));
const TRAIL: Control =
    ("2.1", "a trail records every region", "Logging", "trail-every-region", Severity::High, None);

fn finding(control: Control, status: Status, name: &str, message: &str) -> Finding {
    let (id, title, section, topic, severity, check) = control;
    let path = match name {
        "<account>" | "<root_account>" => "root".to_owned(),
        name => format!("user/{name}"),
    };
    Finding {
        benchmark: OLD,
        control: id,
        title,
        section,
        topic,
        level: 1,
        check,
        status,
        severity,
        resource: format!("arn:aws:iam::{ACCOUNT}:{path}"),
        name: name.to_owned(),
        credential: None,
        message: message.to_owned(),
        evidence: Vec::new(),
        remediation: format!(
            "Have the user enable a device, or take the password away with `aws iam delete-login-profile --user-name \
             {name}`."
        )
        .into(),
        also: Arc::new(BTreeMap::from([(NEW, "1.9")])),
        exemption: None,
        attestation: None,
        change: None,
    }
}

fn date(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

fn judged(id: &'static str, title: &'static str, findings: &[Finding]) -> Judged {
    let own = || findings.iter().filter(|finding| finding.benchmark == id);
    Judged { id, title, summary: Summary::of(own()), controls: Summary::of_controls(own()) }
}

fn audit(findings: Vec<Finding>) -> Audit {
    let mut benchmarks = vec![judged(OLD, "CIS AWS Foundations Benchmark v1.2.0", &findings)];
    if findings.iter().any(|finding| finding.benchmark == NEW) {
        benchmarks.push(judged(NEW, "CIS AWS Foundations Benchmark v5.0.0", &findings));
    }
    Audit {
        account: ACCOUNT.into(),
        partition: "aws".into(),
        region: "us-east-1".into(),
        target: "sandbox".into(),
        as_of: "2026-11-20T12:00:00Z".parse().unwrap(),
        collected_at: "2026-11-20T11:59:58Z".parse().unwrap(),
        report_generated_at: Some("2026-11-20T09:30:00Z".parse().unwrap()),
        benchmarks,
        unread: Vec::new(),
        findings,
        exceptions: Vec::new(),
        remarks: Vec::new(),
        fixed: Vec::new(),
        api_calls: Some(ApiCalls { read: 8, write: 0, throttled: 0 }),
    }
}

fn exemption() -> Exemption {
    Exemption {
        reason: "break-glass, the key is in the safe".into(),
        approver: "Ada Lovelace".into(),
        expires: date("2026-12-31"),
    }
}

fn findings() -> Vec<Finding> {
    let evidence = |mfa: &str| vec![("password_enabled", "true".to_owned()), ("mfa_active", mfa.to_owned())];
    let mut user2 = finding(MFA, Status::Fail, "User2", "has a console password and no MFA device");
    user2.evidence = evidence("false");
    user2.change = Some(Change::Unchanged);
    let mut user3 = finding(MFA, Status::Fail, "User3", "has a console password and no MFA device");
    user3.evidence = evidence("false");
    user3.change = Some(Change::New);
    let mut user1 = finding(MFA, Status::Pass, "User1", "has a console password and an MFA device");
    user1.evidence = evidence("true");
    let mut glass =
        finding(KEYS, Status::Exempt, "BreakGlass", "access key 1 is 200 days old (the limit is 90)");
    glass.credential = Some("access_key_1");
    glass.exemption = Some(exemption());
    let mut old = finding(KEYS, Status::Fail, "User2", "access key 1 is 120 days old (the limit is 90)");
    old.credential = Some("access_key_1");
    old.remediation = "Make a second key, use it, then `aws iam delete-access-key --user-name User2`.".into();
    old.change = Some(Change::New);
    let mut older = old.clone();
    older.credential = Some("access_key_2");
    older.message = "access key 2 is 300 days old (the limit is 90)".into();
    older.remediation = "Nobody uses it: `aws iam delete-access-key --user-name User2`.".into();
    let mut answered = finding(
        QUESTIONS,
        Status::Pass,
        "<account>",
        "Grace Hopper looked on 2026-11-01: the page shows three questions",
    );
    answered.attestation =
        Some(Attested { by: "Grace Hopper".into(), on: date("2026-11-01"), expires: date("2027-05-01") });
    let newer = |mut finding: Finding| {
        finding.benchmark = NEW;
        finding.control = "1.9";
        finding.also = Arc::new(BTreeMap::from([(OLD, "1.2")]));
        finding
    };
    vec![
        finding(ROOT, Status::Pass, "<root_account>", "was last used 200 days ago"),
        user1.clone(),
        user2.clone(),
        user3.clone(),
        glass,
        old,
        older,
        finding(
            LENGTH,
            Status::Unknown,
            "<account>",
            "the password policy could not be read (it takes `iam:GetAccountPasswordPolicy`): AccessDenied",
        ),
        answered,
        finding(SUPPORT, Status::NotApplicable, "<account>", "the account has nothing that this speaks of"),
        finding(TRAIL, Status::Manual, "<account>", "not automated yet"),
        newer(user1),
        newer(user2),
        newer(user3),
    ]
}

/// Every status, an exemption, an attestation, both changes, something unread, two benchmarks.
pub(super) fn small() -> Audit {
    let mut audit = audit(findings());
    audit.unread = vec![(
        Part::PasswordPolicy,
        "the permission `iam:GetAccountPasswordPolicy` is missing for the account: AccessDenied".into(),
    )];
    let exception = |control: &str, resource: &str, state, hides: &[&str]| ExceptionUse {
        control: control.into(),
        resource: resource.into(),
        exemption: exemption(),
        state,
        hides: hides.iter().map(|text| (*text).to_owned()).collect(),
    };
    audit.exceptions = vec![
        exception("1.4", "BreakGlass", ExceptionState::Used, &["1.4 BreakGlass"]),
        exception("1.2", "User2", ExceptionState::Expired, &["1.2 User2"]),
        exception("1.16", "*", ExceptionState::Unused, &[]),
    ];
    audit.remarks =
        vec!["the attestation of 1.17 by Grace Hopper answers no manual control of this run".into()];
    audit.fixed = vec![Fixed {
        benchmark: OLD.into(),
        control: "1.2".into(),
        check: "user-console-without-mfa".into(),
        resource: format!("arn:aws:iam::{ACCOUNT}:user/User4"),
        name: "User4".into(),
        credential: None,
    }];
    audit
}

/// Everything that a name must not be able to do.
pub(super) const TRICKS: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "a&b&lt;",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "line\nbreak\r\n# heading",
    "esc\x1b[2J\x1b]0;title\x07",
    "nul\0end",
    "bidi\u{202e}txt.exe\u{2066}",
    "zero\u{200b}width\u{feff}",
    "c1\u{9b}31m",
    "cdata]]>end",
    "pipe|cell",
    "`code` ``more``",
    "[link](javascript:alert(1)) ![x](https://example.com/x.png)",
    "https://example.com www.example.com @somebody",
    "</script></style></textarea><!--",
    "${jndi:ldap://example.com} {{7*7}} {% raw %}",
    "non\u{fffe}char\u{ffff}",
    "back\\slash\\",
];

/// Each trick as the name of a user, in messages, evidence and what to do; and what people write into files.
pub(super) fn hostile() -> Audit {
    let long = "x".repeat(20_000);
    let tricks = TRICKS.iter().copied().chain([long.as_str()]);
    let mut findings: Vec<Finding> = tricks
        .enumerate()
        .map(|(at, trick)| {
            let status = Status::ALL[at % Status::ALL.len()];
            let mut finding = finding(MFA, status, trick, trick);
            finding.evidence = vec![("mfa_active", trick.to_owned())];
            finding.remediation = trick.to_owned().into();
            finding.change = (status == Status::Fail).then_some(Change::New);
            if status == Status::Exempt {
                finding.exemption = Some(Exemption {
                    reason: trick.to_owned(),
                    approver: trick.to_owned(),
                    expires: date("2026-12-31"),
                });
            }
            if status == Status::Pass {
                finding.attestation = Some(Attested {
                    by: trick.to_owned(),
                    on: date("2026-11-01"),
                    expires: date("2026-12-31"),
                });
            }
            finding
        })
        .collect();
    // Each trick also as a failure: that is what is shown in full everywhere.
    findings.extend(TRICKS.iter().map(|trick| {
        let mut finding = finding(KEYS, Status::Fail, trick, trick);
        finding.credential = Some("access_key_1");
        finding.remediation = (*trick).to_owned().into();
        finding.evidence = vec![("access_key_1_active", (*trick).to_owned())];
        finding
    }));
    let mut audit = audit(findings);
    audit.unread = TRICKS.iter().map(|trick| (Part::PasswordPolicy, (*trick).to_owned())).collect();
    audit.remarks = TRICKS.iter().map(|trick| (*trick).to_owned()).collect();
    audit.exceptions = TRICKS
        .iter()
        .map(|trick| ExceptionUse {
            control: (*trick).to_owned(),
            resource: (*trick).to_owned(),
            exemption: Exemption {
                reason: (*trick).to_owned(),
                approver: (*trick).to_owned(),
                expires: date("2026-12-31"),
            },
            state: ExceptionState::Used,
            hides: vec![(*trick).to_owned()],
        })
        .collect();
    audit.fixed = TRICKS
        .iter()
        .map(|trick| Fixed {
            benchmark: (*trick).to_owned(),
            control: (*trick).to_owned(),
            check: (*trick).to_owned(),
            resource: (*trick).to_owned(),
            name: (*trick).to_owned(),
            credential: Some((*trick).to_owned()),
        })
        .collect();
    audit
}

/// Six controls with a finding for each of `users`, and thirty that wait for a person.
pub(super) fn large(users: usize) -> Audit {
    const NUMBERS: [&str; 6] = ["1.2", "1.3", "1.4", "1.16", "1.21", "1.22"];
    const TITLES: [&str; 6] = [
        "every user with a console password has an MFA device",
        "credentials that nobody uses are disabled after 90 days",
        "access keys are rotated every 90 days",
        "policies are attached to groups, not to users",
        "access keys are not made together with the user",
        "nobody has full administrator rights by a policy of the account",
    ];
    const LATER: [&str; 30] = [
        "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "3.1", "3.2", "3.3", "3.4", "3.5",
        "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "4.1", "4.2", "4.3", "4.4",
        "4.5", "4.6", "4.7",
    ];
    let mut findings = Vec::new();
    for (at, (number, title)) in NUMBERS.into_iter().zip(TITLES).enumerate() {
        for user in 0..users {
            let status = match (user * 7 + at * 3) % 10 {
                6..=7 => Status::Fail,
                8 => Status::NotApplicable,
                _ => Status::Pass,
            };
            let mut control = if at == 2 { KEYS } else { MFA };
            control.0 = number;
            control.1 = title;
            let mut finding = finding(
                control,
                status,
                &format!("student-{user:04}"),
                "has a console password and no MFA device",
            );
            finding.evidence = vec![
                ("password_enabled", "true".to_owned()),
                ("mfa_active", "false".to_owned()),
                ("password_last_used", "2026-08-01T10:00:00Z".to_owned()),
            ];
            findings.push(finding);
        }
    }
    for number in LATER {
        let section = match number.split('.').next() {
            Some("2") => "Logging",
            Some("3") => "Monitoring",
            _ => "Networking",
        };
        let control =
            (number, "a trail records every region", section, "trail-every-region", Severity::Medium, None);
        findings.push(finding(control, Status::Manual, "<account>", "not automated yet"));
    }
    audit(findings)
}
