//! People sign in through a directory, not with passwords of IAM users.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::credential::{PASSWORD, is_on};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "How many users have a console password (`password_enabled` of the credential report), and which \
               identity providers the account has. No such user passes; users and no provider fail. With a provider \
               a person must say whether the users that are left are meant to be: Identity Center and directories \
               come as SAML providers, while OpenID Connect providers mostly serve programs.",
    why: "Who leaves is locked out of a directory once; of every account's own users one by one, and one is forgotten.",
    fix: "Connect the account to a directory with an organization instance of IAM Identity Center or a SAML provider \
          (`aws iam create-saml-provider`), let people sign in there, and delete their IAM users' passwords. \
          An account that stands alone can name an exception with its reason.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "console-users-without-federation",
    title: "people sign in through a directory",
    severity: Severity::Low,
    scope: Scope::Account,
    reads: &[Part::CredentialReport, Part::IdentityProviders],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let report = look.report()?;
    let (mut users, mut gap) = (0_usize, None);
    for row in report.users() {
        match is_on(row, PASSWORD.enabled) {
            Ok(true) => users += 1,
            Ok(false) => {}
            Err(unknown) => gap = Some(unknown),
        }
    }
    let subject = look.account();
    let verdict = match (users, gap) {
        (0, None) => Verdict::pass(subject, "has no user with a console password"),
        (0, Some(gap)) => Verdict::unknown(subject, gap.sentence()),
        _ => {
            let providers = look.identity_providers()?;
            let verdict = if !providers.saml.is_empty() {
                Verdict::manual(subject, "has a directory, and users with console passwords beside it")
            } else if !providers.oidc.is_empty() {
                let message = "has users with console passwords and only OpenID Connect providers, which mostly \
                               serve programs";
                Verdict::manual(subject, message)
            } else {
                Verdict::fail(subject, "has users with console passwords and no identity provider")
            };
            let arns = |arns: &std::collections::BTreeSet<String>| {
                arns.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            };
            verdict
                .with("SAMLProviderList", arns(&providers.saml))
                .with("OpenIDConnectProviderList", arns(&providers.oidc))
        }
    };
    Ok(vec![verdict.with("password_enabled", format!("true for {users} users"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::{Facet, IdentityProviders};
    use crate::audit::testing::{Cells, missing, only, reported, without};
    use crate::audit::verdict::Status;

    fn with(cells: &Cells, saml: &[&str], oidc: &[&str]) -> Status {
        let mut snapshot = reported(&[("<root_account>", &[("password_enabled", "true")]), ("ann", cells)]);
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        snapshot.identity_providers =
            Facet::Read(IdentityProviders { saml: set(saml), oidc: set(oidc) });
        only(&CHECK, &snapshot).status
    }

    #[test]
    fn passwords_want_a_directory() {
        let on: &Cells = &[("password_enabled", "true")];
        assert_eq!(with(&[], &[], &[]), Status::Pass);
        assert_eq!(with(on, &[], &[]), Status::Fail);
        assert_eq!(with(on, &["arn:s"], &[]), Status::Manual);
        assert_eq!(with(on, &[], &["arn:o"]), Status::Manual);
        assert_eq!(with(&[("password_enabled", "?")], &[], &[]), Status::Unknown);
    }

    #[test]
    fn the_providers_are_asked_for_only_when_they_matter() {
        assert_eq!(only(&CHECK, &reported(&[("ann", &[])])).status, Status::Pass);
        let snapshot = reported(&[("ann", &[("password_enabled", "true")])]);
        assert_eq!(missing(&CHECK, &snapshot), Part::IdentityProviders);
        assert_eq!(without(&CHECK), Part::CredentialReport);
    }
}
