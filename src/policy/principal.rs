//! The `Principal` element: whom a statement of a resource's policy speaks of.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.

use super::request::{Principal, PrincipalKind, is_account};
use super::trace::Written;

/// The principals a statement lists.
#[derive(Debug, Clone)]
pub struct Principals {
    entries: Vec<(Kind, String)>,
    /// Whether it is `NotPrincipal`.
    pub(super) negated: bool,
    pub(super) written: Written,
}

/// The kinds of principals as a policy writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `"Principal": "*"`.
    Anyone,
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl Kind {
    /// Reads the name of a kind.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "AWS" => Self::Aws,
            "Service" => Self::Service,
            "Federated" => Self::Federated,
            "CanonicalUser" => Self::CanonicalUser,
            _ => return None,
        })
    }
}

/// How directly a statement speaks of a principal; what it grants depends on that.
///
/// Source: the table "Resource-based policies and implicit denies in other policy types" of
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grip {
    /// Through its account, which then has to grant it by identity policies.
    Account,
    /// Through the role or user behind its session: boundaries and session policies still limit it.
    Entity,
    /// Itself, or everybody.
    Direct,
}

/// Whether a statement speaks of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    Of(Grip),
    Not,
    Unknown,
}

impl Principals {
    /// Makes the element of its entries.
    pub(super) fn new(entries: Vec<(Kind, String)>, negated: bool) -> Self {
        let written = entries.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>().into();
        Self { entries, negated, written }
    }

    /// Lists the entries: their kind and what is written.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.entries.iter().map(|(kind, name)| (*kind, name.as_str()))
    }

    /// Tells whether and how the statement speaks of `principal`.
    pub(super) fn speak_of(&self, principal: &Principal) -> Spoken {
        let mut grip = None;
        let mut unknown = false;
        for (kind, name) in &self.entries {
            grip = grip.max(named(*kind, name, principal));
            // S3 knows the canonical id of an account; nobody else does.
            unknown |= *kind == Kind::CanonicalUser && !principal.account.is_empty();
        }
        match (grip, self.negated) {
            (Some(grip), false) => Spoken::Of(grip),
            (None, _) if unknown => Spoken::Unknown,
            (Some(_), true) | (None, false) => Spoken::Not,
            (None, true) => Spoken::Of(Grip::Direct),
        }
    }
}

/// How `name` names a principal; `None` when it does not. Names have no wildcards, but for `*` itself.
fn named(kind: Kind, name: &str, principal: &Principal) -> Option<Grip> {
    use PrincipalKind::{Anonymous, Federated, FederatedUser, RoleSession, Root, Service, User};
    let direct = |yes: bool| yes.then_some(Grip::Direct);
    match kind {
        Kind::Anyone => Some(Grip::Direct),
        Kind::Aws if name == "*" => Some(Grip::Direct),
        Kind::Service => direct(principal.kind == Service && name == principal.arn),
        Kind::Federated => direct(principal.kind == Federated && name == principal.arn),
        Kind::CanonicalUser => None,
        Kind::Aws => match &principal.kind {
            Service | Federated | Anonymous => None,
            Root => direct(account_of(name) == Some(&principal.account)),
            User { id } if name == principal.arn || name == id => Some(Grip::Direct),
            RoleSession { .. } | FederatedUser { .. } if name == principal.arn => Some(Grip::Direct),
            RoleSession { role_arn, id } if name == role_arn || Some(name) == role_id(id) => {
                Some(Grip::Entity)
            }
            FederatedUser { user_arn, .. } if name == user_arn => Some(Grip::Entity),
            _ => (account_of(name) == Some(&principal.account)).then_some(Grip::Account),
        },
    }
}

/// Returns the account that a principal's name stands for: the id itself or the ARN of its root.
fn account_of(name: &str) -> Option<&str> {
    let account = match name.strip_prefix("arn:") {
        None => name,
        Some(rest) => {
            let (_, rest) = rest.split_once(":iam::")?;
            rest.strip_suffix(":root")?
        }
    };
    is_account(account).then_some(account)
}

/// Returns the role's unique id of the user id of its session.
fn role_id(session: &str) -> Option<&str> {
    session.split_once(':').map(|(role, _)| role)
}
