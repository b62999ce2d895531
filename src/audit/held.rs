//! The policies that an account has written itself: managed ones, and those written into users, groups and roles.

use std::collections::BTreeSet;

use super::verdict::Subject;
use crate::account::snapshot::{Identity, Policies};
use crate::policy::document::PolicyDocument;

/// What a policy does in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Attached to somebody.
    Attached,
    /// Attached to nobody.
    Unattached,
    /// Attached to nobody, and somebody's permissions boundary: it limits and grants nothing.
    Boundary,
    /// Written into a user, a group or a role.
    Inline,
}

/// A managed policy, or the inline policies of one holder.
#[derive(Debug)]
pub(super) struct Written<'a> {
    /// The policy, or the holder: its ARN, and as name `Holder/inline Name`.
    pub(super) subject: Subject,
    /// What it does.
    pub(super) standing: Standing,
    /// The documents; `None` when the listing left it out.
    pub(super) documents: Vec<Option<&'a PolicyDocument>>,
}

/// Someone whom policies hang on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    /// `user`, `group` or `role`.
    pub(super) kind: &'static str,
    /// The name.
    pub(super) name: &'a str,
    /// The ARN.
    pub(super) arn: &'a str,
    /// The policies.
    pub(super) policies: &'a Policies,
}

/// Tells whether an ARN is of a role that a service of AWS has made for itself, which nobody in the account can change.
/// Nobody else can make a role with this path.
pub(super) fn is_service_linked(arn: &str) -> bool {
    arn.contains(":role/aws-service-role/")
}

/// Lists users, groups and roles.
pub(super) fn holders(identity: &Identity) -> impl Iterator<Item = Holder<'_>> {
    let users = identity.users.iter().map(|(name, it)| ("user", name, &it.arn, &it.policies));
    let groups = identity.groups.iter().map(|(name, it)| ("group", name, &it.arn, &it.policies));
    let roles = identity.roles.iter().map(|(name, it)| ("role", name, &it.arn, &it.policies));
    let all = users.chain(groups).chain(roles);
    all.map(|(kind, name, arn, policies)| Holder { kind, name, arn, policies })
}

/// Lists the policies that the account has written.
pub(super) fn written(identity: &Identity) -> Vec<Written<'_>> {
    let attached: BTreeSet<&String> = identity.holdings().flat_map(|policies| &policies.attached).collect();
    let boundaries: BTreeSet<&String> =
        identity.holdings().filter_map(|policies| policies.boundary.as_ref()).collect();
    let managed = identity.policies.iter().map(|(name, policy)| Written {
        subject: Subject::new(&policy.arn, name),
        standing: if attached.contains(&policy.arn) {
            Standing::Attached
        } else if boundaries.contains(&policy.arn) {
            Standing::Boundary
        } else {
            Standing::Unattached
        },
        documents: vec![policy.document.as_ref()],
    });
    let inline = holders(identity).filter(|holder| !holder.policies.inline.is_empty()).map(|holder| {
        let names: Vec<&str> = holder.policies.inline.keys().map(String::as_str).collect();
        Written {
            subject: Subject::new(holder.arn, format!("{}/inline {}", holder.name, names.join(", "))),
            standing: Standing::Inline,
            documents: holder.policies.inline.values().map(Some).collect(),
        }
    });
    managed.chain(inline).collect()
}
