//! The verdicts that widely used auditors get wrong, each as a test by name. Where a tool is named, the verdict was
//! measured or read in its source; how they come about is in the tests of the checks themselves.

use serde_json::json;

use super::checks::CHECKS;
use super::testing::{
    Cells, ask, attached, aws, group, identified, managed, only, reported, role, unread_account, user,
    verdicts,
};
use super::verdict::Status;
use crate::account::snapshot::{Facet, Identity, Policies, Snapshot, VirtualMfaDevice};
use crate::audit::check::Check;

const ROOT: &str = "<root_account>";
const ROOT_CHECKS: [&str; 4] =
    ["root-access-key", "root-used", "root-without-hardware-mfa", "root-without-mfa"];

fn check(id: &str) -> &'static Check {
    CHECKS.iter().find(|check| check.id == id).unwrap()
}

fn of(id: &str, user: &str, cells: &Cells) -> Status {
    only(check(id), &reported(&[(user, cells)])).status
}

/// 1. A catalogue of actions that does not know a service made every policy pass.
#[test]
fn a_policy_with_an_unknown_service_is_judged_and_an_unreadable_one_is_unknown() {
    let account = |statements| {
        let policies = [managed("P", 1, &statements)].into();
        only(check("policy-full-admin"), &identified(Identity { policies, ..Identity::default() })).status
    };
    let action = json!(["codestar:*", "no-such-service:Any", "*"]);
    assert_eq!(account(json!([{"Effect": "Allow", "Action": action, "Resource": "*"}])), Status::Fail);
    assert_eq!(account(json!([{"Effect": "Allow", "Action": 17.5, "Resource": {}}])), Status::Unknown);
}

/// 2. A key used twelve hours ago did not count beside an old date of the password; `N/A` stopped the parser.
#[test]
fn the_newest_use_of_root_counts_and_no_use_is_no_error() {
    let key = ("access_key_1_last_used_date", "2026-03-01T21:00:00Z");
    assert_eq!(of("root-used", ROOT, &[("password_last_used", "2025-08-14T00:00:00Z"), key]), Status::Fail);
    assert_eq!(of("root-used", ROOT, &[("password_last_used", "N/A"), key]), Status::Fail);
    assert_eq!(of("root-used", ROOT, &[("password_last_used", "N/A")]), Status::Pass);
}

/// 3. Credentials that were never used passed at any age.
#[test]
fn a_credential_never_used_ages_from_its_making() {
    let key: &Cells = &[
        ("access_key_1_active", "true"),
        ("access_key_1_last_rotated", "2025-10-03T09:00:00Z"),
        ("access_key_1_last_used_date", "N/A"),
    ];
    assert_eq!(of("credential-unused", "ann", key), Status::Fail);
    let password: &Cells = &[
        ("password_enabled", "true"),
        ("password_last_used", "no_information"),
        ("password_last_changed", "2025-10-03T09:00:00Z"),
    ];
    assert_eq!(of("credential-unused", "ann", password), Status::Fail);
}

/// 4. A user `groot` with a virtual device failed the account's root.
#[test]
fn a_user_whose_name_has_root_in_it_is_not_root() {
    let with = |serial: &str, owner: &str| {
        let mut snapshot = unread_account();
        snapshot.account_summary = Facet::Read([("AccountMFAEnabled".to_owned(), 1)].into());
        let arn = |rest: &str| format!("arn:aws:iam::123456789012:{rest}");
        snapshot.virtual_mfa =
            Facet::Read(vec![VirtualMfaDevice { serial: arn(serial), user: None, owner: Some(arn(owner)) }]);
        only(check("root-without-hardware-mfa"), &snapshot).status
    };
    assert_eq!(with("mfa/groot", "user/groot"), Status::Pass);
    assert_eq!(with("mfa/root", "user/root"), Status::Pass);
    assert_eq!(with("mfa/phone", "root"), Status::Fail);
    assert_eq!(with("mfa/root-account-mfa-device", "root"), Status::Fail);
}

/// 5. Checks of root said nothing at all when root has no credentials, or when the report does not tell.
#[test]
fn root_is_always_spoken_of() {
    let rows: [(&Cells, [Status; 4]); 3] = [
        // Taken away by the organization.
        (&[("password_enabled", "false")], [Status::Pass, Status::Pass, Status::NotApplicable, Status::Pass]),
        (&[("password_enabled", "N/A")], [Status::Pass, Status::Pass, Status::NotApplicable, Status::Pass]),
        // An older report.
        (&[("password_enabled", "not_supported")], [Status::Pass, Status::Pass, Status::Fail, Status::Fail]),
    ];
    for (cells, expected) in rows {
        assert_eq!(ROOT_CHECKS.map(|id| of(id, ROOT, cells)), expected, "{cells:?}");
    }
    let without_root = reported(&[("ann", &[])]);
    for id in ROOT_CHECKS {
        assert_eq!(only(check(id), &without_root).status, Status::Unknown, "{id}");
    }
}

/// 6. The comparison stood the wrong way round: a key used yesterday passed, one used long ago failed.
#[test]
fn a_root_key_used_yesterday_fails_and_one_used_long_ago_passes() {
    let used = |at| of("root-used", ROOT, &[("access_key_1_last_used_date", at)]);
    assert_eq!(used("2026-03-01T09:00:00Z"), Status::Fail);
    assert_eq!(used("2025-06-01T09:00:00Z"), Status::Pass);
}

/// 7 and 8. A report that did not come in time, or had expired, became an empty list, and every rule passed.
#[test]
fn a_report_that_was_not_read_is_unknown_and_names_its_permission() {
    let mut snapshot = unread_account();
    snapshot.credential_report = Facet::NotRead("the report has expired".into());
    for check in CHECKS.iter().filter(|check| check.reads == [crate::account::part::Part::CredentialReport]) {
        let unread = ask(check, &snapshot, &[]).unwrap_err();
        assert_eq!(unread.why, "the report has expired", "{}", check.id);
        assert!(unread.part.permissions().contains(&"iam:GetCredentialReport"), "{}", check.id);
    }
}

/// 9. Three tools had three readings of a key that was handed out with its user.
#[test]
fn only_a_key_made_with_its_user_was_handed_out() {
    let made = |at| {
        let cells: &Cells = &[
            ("user_creation_time", "2026-02-01T00:00:00Z"),
            ("password_enabled", "true"),
            ("access_key_1_active", "true"),
            ("access_key_1_last_rotated", at),
        ];
        of("access-key-at-setup", "ann", cells)
    };
    assert_eq!(made("2026-02-01T00:00:04Z"), Status::Fail);
    assert_eq!(made("2026-02-15T00:00:00Z"), Status::Pass, "made later, and not used yet");
}

/// 10. One tool wants a role for AWS Support, another takes any holder of the policy.
#[test]
fn support_needs_a_role_and_other_holders_are_told() {
    let support = || aws(&["AWSSupportAccess"]);
    let groups = [group("g", support())].into();
    let users = [user("ann", &["g"], support())].into();
    let found =
        only(check("support-role-missing"), &identified(Identity { users, groups, ..Identity::default() }));
    assert_eq!(found.status, Status::Fail);
    assert!(found.evidence.iter().any(|(_, value)| value == "ann, g"), "{:?}", found.evidence);
    let trust =
        json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"}}]);
    let roles = [role("s", &trust, support())].into();
    let found = only(check("support-role-missing"), &identified(Identity { roles, ..Identity::default() }));
    assert_eq!(found.status, Status::Pass);
}

/// 11. Whether a policy that nobody has counts is the benchmark's to say; a mere boundary never does.
#[test]
fn a_policy_that_nobody_has_counts_as_the_benchmark_says() {
    let all = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let boundary = attached(&["Limit"]).attached.pop_first();
    let snapshot: Snapshot = identified(Identity {
        users: [user("ann", &[], Policies { boundary, ..attached(&["Held"]) })].into(),
        policies: ["Held", "Idle", "Limit"].map(|name| managed(name, 1, &all)).into(),
        ..Identity::default()
    });
    let full = check("policy-full-admin");
    let (fail, none) = (Status::Fail, Status::NotApplicable);
    let statuses = |unattached| {
        let found = ask(full, &snapshot, &[("unattached", unattached)]).unwrap();
        found.iter().map(|verdict| verdict.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(1), [fail, fail, none]);
    assert_eq!(statuses(0), [fail, none, none]);
    assert_eq!(verdicts(full, &snapshot)[1].status, fail, "the first benchmark says: not created");
}
