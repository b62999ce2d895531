//! The organization looks after the root users of its accounts.

use crate::account::part::Part;
use crate::account::snapshot::RootManagement;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "The features of `ListOrganizationsFeatures`: `RootCredentialsManagement` (the organization takes root's \
               credentials out of its accounts) and `RootSessions` (what only root can do is done with short \
               sessions). Both have to be on. An account in no organization is not counted. Only the management \
               account and a delegated administrator are told; elsewhere a person must say.",
    why: "A root user without credentials cannot be stolen. Accounts by the hundred have root users by the hundred, \
          whose passwords nobody looks after.",
    fix: "In the management account: `aws organizations enable-aws-service-access --service-principal \
          iam.amazonaws.com`, then `aws iam enable-organizations-root-credentials-management` and `aws \
          iam enable-organizations-root-sessions`.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html",
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "root-not-managed-centrally",
    title: "the organization looks after the root users of its accounts",
    severity: Severity::Medium,
    scope: Scope::Account,
    reads: &[Part::RootManagement],
    params: &[],
    docs: DOCS,
    run,
};

const WANTED: [&str; 2] = ["RootCredentialsManagement", "RootSessions"];

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let subject = look.account();
    let verdict = match look.root_management()? {
        RootManagement::NoOrganization => Verdict::not_applicable(subject, "is in no organization"),
        RootManagement::ToldToOthers => Verdict::manual(
            subject,
            "is a member of an organization, which tells this to its management account only: ask there",
        ),
        RootManagement::Features(features) => {
            let missing: Vec<&str> = WANTED.into_iter().filter(|wanted| !features.contains(*wanted)).collect();
            let verdict = if missing.is_empty() {
                Verdict::pass(subject, "has an organization that looks after root users")
            } else {
                let message = format!("has an organization without `{}`", missing.join("` and `"));
                Verdict::fail(subject, message)
            };
            let on: Vec<&str> = features.iter().map(String::as_str).collect();
            verdict.with("EnabledFeatures", on.join(", "))
        }
    };
    Ok(vec![verdict])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::Facet;
    use crate::audit::testing::{only, unread_account, without};
    use crate::audit::verdict::Status;

    #[test]
    fn both_features_are_wanted() {
        let with = |management| {
            let mut snapshot = unread_account();
            snapshot.root_management = Facet::Read(management);
            only(&CHECK, &snapshot)
        };
        let features = |names: &[&str]| {
            with(RootManagement::Features(names.iter().map(|&name| name.to_owned()).collect()))
        };
        assert_eq!(features(&WANTED).status, Status::Pass);
        let half = features(&["RootSessions"]);
        assert_eq!(half.status, Status::Fail);
        assert!(half.message.ends_with("`RootCredentialsManagement`"), "{}", half.message);
        assert_eq!(with(RootManagement::NoOrganization).status, Status::NotApplicable);
        assert_eq!(with(RootManagement::ToldToOthers).status, Status::Manual);
        assert_eq!(without(&CHECK), Part::RootManagement);
    }
}
