//! Every privileged user has an MFA device.

use std::collections::BTreeMap;

use crate::account::credential_report::Row;
use crate::account::part::Part;
use crate::account::snapshot::User;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::credential::{Gap, KEYS, PASSWORD, is_on, with_cells};
use crate::audit::privilege::Privileges;
use crate::audit::verdict::{Subject, Verdict};
use crate::policy::breadth::Degree;

const DOCS: Docs = Docs {
    looks_at: "Users who are privileged: who may do everything on everything, or everything but IAM (as by \
               `PowerUserAccess`), or everything in IAM (as by `IAMFullAccess`), counted over their own policies and \
               those of their groups, within their boundary. Finer ways to more permissions are the access review's. \
               A privileged user who has a console password or an active access key needs `mfa_active` in the \
               credential report. Whose privileges depend on a condition, such as one on MFA itself, a person must \
               judge. Of the policies that AWS manages only those named here count.",
    why: "What can be done with a stolen password or key is decided by what its user may do.",
    fix: "Have the user enable a device: Console → IAM → Users → the user → Security credentials → Assign MFA device. \
          Better, let people become administrators by a role whose trust policy asks for MFA.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "privileged-user-without-mfa",
    title: "every privileged user has an MFA device",
    severity: Severity::High,
    scope: Scope::Each,
    reads: &[Part::Identity, Part::CredentialReport],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let (identity, report) = (look.identity()?, look.report()?);
    let privileges = Privileges::of(look, identity);
    let rows: BTreeMap<&str, &Row> = report.users().map(|row| (row.user(), row)).collect();
    let users = identity.users.iter();
    Ok(users.map(|(name, user)| judge(&privileges, name, user, rows.get(name.as_str()).copied())).collect())
}

fn judge(privileges: &Privileges<'_>, name: &str, user: &User, row: Option<&Row>) -> Verdict {
    let subject = Subject::new(&user.arn, name);
    let privilege = privileges.user(name, user);
    let degree = privilege.granted.most();
    if degree == Degree::No {
        return Verdict::not_applicable(subject, "is not privileged");
    }
    let Some(row) = row else {
        return Verdict::unknown(subject, "is privileged, and younger than the credential report")
            .with("PolicyArn, PolicyName", privilege.by.join(", "));
    };
    let columns = [PASSWORD.enabled, KEYS[0].enabled, KEYS[1].enabled];
    let credentials = columns.map(|column| is_on(row, column));
    let verdict = if credentials.iter().all(|credential| *credential == Ok(false)) {
        Verdict::not_applicable(subject, "is privileged, and has neither a console password nor an active access key")
    } else {
        match (is_on(row, "mfa_active"), degree) {
            (Ok(true), _) => Verdict::pass(subject, "has an MFA device"),
            (Ok(false), Degree::Unknown) => {
                Verdict::unknown(subject, "has no MFA device, and a policy or boundary whose document was not read")
            }
            (Ok(false), Degree::Condition) => {
                Verdict::manual(subject, "is privileged under a condition and has no MFA device")
            }
            (Ok(false), _) if credentials.contains(&Ok(true)) => {
                Verdict::fail(subject, "is privileged and has no MFA device")
            }
            (Ok(false), _) => {
                let gap = credentials.iter().find_map(|credential| credential.as_ref().err());
                Verdict::unknown(subject, gap.map_or_else(String::new, Gap::sentence))
            }
            (Err(gap), _) => Verdict::unknown(subject, gap.sentence()),
        }
    };
    let verdict = verdict.with("PolicyArn, PolicyName", privilege.by.join(", "));
    with_cells(with_cells(verdict, row, &["mfa_active"]), row, &columns)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::snapshot::{Facet, Identity, Policies, Snapshot};
    use crate::audit::testing::{Cells, aws, identified, inline, missing, only, report, user, verdicts, without};
    use crate::audit::verdict::Status;

    fn account(policies: Policies, cells: &Cells) -> Snapshot {
        let users = [user("ann", &[], policies)].into();
        let mut snapshot = identified(Identity { users, ..Identity::default() });
        snapshot.credential_report =
            Facet::Read(report(&[("<root_account>", cells), ("ann", cells)]));
        snapshot
    }

    fn status(policies: Policies, cells: &Cells) -> Status {
        only(&CHECK, &account(policies, cells)).status
    }

    const KEY: &Cells = &[("access_key_1_active", "true")];

    #[test]
    fn privileges_want_a_device() {
        for name in ["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"] {
            assert_eq!(status(aws(&[name]), KEY), Status::Fail, "{name}");
        }
        let with: &Cells = &[KEY[0], ("mfa_active", "true")];
        assert_eq!(status(aws(&["AdministratorAccess"]), with), Status::Pass);
        assert_eq!(status(aws(&["ReadOnlyAccess"]), KEY), Status::NotApplicable);
        assert_eq!(status(aws(&["AdministratorAccess"]), &[]), Status::NotApplicable, "no credential");
    }

    #[test]
    fn what_cannot_be_told() {
        let admin = || aws(&["AdministratorAccess"]);
        assert_eq!(status(admin(), &[KEY[0], ("mfa_active", "?")]), Status::Unknown);
        assert_eq!(status(admin(), &[("password_enabled", "?")]), Status::Unknown);
        assert_eq!(status(admin(), &[KEY[0], ("password_enabled", "?")]), Status::Fail);
        let under = json!([{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]);
        assert_eq!(status(inline("x", &under), KEY), Status::Manual);
        let mut snapshot = account(admin(), KEY);
        snapshot.credential_report = Facet::Read(report(&[("<root_account>", KEY), ("another", KEY)]));
        assert_eq!(only(&CHECK, &snapshot).status, Status::Unknown, "ann is younger than the report");
        snapshot.identity = identified(Identity::default()).identity;
        assert!(verdicts(&CHECK, &snapshot).is_empty(), "whom the report alone knows was deleted since");
    }

    #[test]
    fn both_parts_are_needed() {
        assert_eq!(without(&CHECK), Part::Identity);
        assert_eq!(missing(&CHECK, &identified(Identity::default())), Part::CredentialReport);
    }
}
