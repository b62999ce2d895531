//! What a policy allows, as the known actions behind its texts: so that any spelling of the same comes to the same.

use std::collections::BTreeSet;

use crate::account::ask;
use crate::account::snapshot::{Snapshot, Tags};
use crate::policy::actions::{ActionSet, actions};
use crate::policy::document::PolicyDocument;
use crate::policy::request::{Principal, PrincipalKind, Request};
use crate::policy::statement::{Effect, Policy, Statement};

/// The longest document that is read, in characters without white space. IAM's limits are below it.
const LONGEST: usize = 20_480;

/// The most texts with a wildcard that are expanded.
const WILD: usize = 400;

/// What a policy allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grants {
    /// On everything, under no condition.
    pub(super) full: ActionSet,
    /// Under a condition, or on a part of everything only.
    pub(super) limited: ActionSet,
    /// Whether it also allows actions that nobody has thought of yet.
    pub(super) is_open: bool,
    /// Actions that it names and nobody knows.
    pub(super) unknown: BTreeSet<String>,
}

impl Grants {
    /// Reads what a policy allows.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is longer than any of IAM's; the text says which.
    pub(super) fn of(snapshot: &Snapshot, document: &PolicyDocument) -> Result<Self, String> {
        Ok(Self::of_policy(snapshot, &parse(document)?))
    }

    /// Reads what a parsed policy allows.
    pub(super) fn of_policy(snapshot: &Snapshot, policy: &Policy) -> Self {
        let everything = everything(snapshot);
        let mut grants = Self::default();
        let (mut denied, mut doubtful) = (ActionSet::default(), ActionSet::default());
        let mut is_closed = false;
        for statement in &policy.statements {
            let everywhere = statement.is_about(&everything) == Some(true);
            let sure = everywhere && statement.conditions().is_empty();
            let named = named(statement);
            let of_statement = if everywhere { named } else { on_resources(&named) };
            match statement.effect {
                Effect::Allow => {
                    let set = if sure { &mut grants.full } else { &mut grants.limited };
                    set.add(&of_statement);
                    grants.is_open |= sure && is_open(statement);
                    grants.unknown.extend(unknown(statement));
                }
                Effect::Deny => {
                    let set = if sure { &mut denied } else { &mut doubtful };
                    set.add(&of_statement);
                    is_closed |= sure && is_open(statement);
                }
            }
        }
        grants.full.remove(&denied);
        grants.limited.remove(&denied);
        let doubtful = grants.full.both(&doubtful);
        grants.full.remove(&doubtful);
        grants.limited.add(&doubtful);
        grants.limited = grants.limited.without(&grants.full);
        grants.is_open &= !is_closed;
        grants
    }

    /// Returns everything that it allows, somewhere or sometimes.
    pub(super) fn any(&self) -> ActionSet {
        let mut any = self.full.clone();
        any.add(&self.limited);
        any
    }

    /// Tells whether it allows the same as another, and nothing is left open by either.
    fn is_same(&self, other: &Self) -> bool {
        let plain = |grants: &Self| grants.limited.is_empty() && !grants.full.is_empty();
        plain(self) && plain(other) && self.full == other.full && self.is_open == other.is_open
    }
}

/// Tells whether two documents mean the same.
pub(super) fn mean_the_same(snapshot: &Snapshot, one: &PolicyDocument, other: &PolicyDocument) -> bool {
    let allow = |document| Grants::of(snapshot, document).ok();
    one == other || allow(one).zip(allow(other)).is_some_and(|(one, other)| one.is_same(&other))
}

/// Tells whether a document allows nothing but some of these actions, and those not on everything.
pub(super) fn is_narrow(snapshot: &Snapshot, document: &PolicyDocument, fine: &[String]) -> bool {
    let fine: ActionSet = fine.iter().flat_map(|action| actions().matching(action)).collect();
    Grants::of(snapshot, document).is_ok_and(|grants| {
        let Grants { full, limited, is_open, unknown } = grants;
        let is_bounded = !is_open && unknown.is_empty() && full.is_empty();
        is_bounded && !limited.is_empty() && limited.without(&fine).is_empty()
    })
}

/// Parses a document within bounds.
pub(super) fn parse(document: &PolicyDocument) -> Result<Policy, String> {
    let text = document.to_text();
    if text.chars().filter(|c| !c.is_whitespace()).count() > LONGEST {
        return Err("its document is longer than any of IAM's".to_owned());
    }
    let policy = Policy::parse(&text).map_err(|error| format!("its document is no policy: {error}"))?;
    let wild: BTreeSet<&String> = policy
        .statements
        .iter()
        .flat_map(|statement| statement.actions().0)
        .filter(|text| text.contains(['*', '?']))
        .collect();
    if wild.len() > WILD {
        return Err(format!("its document has more than {WILD} different wildcards"));
    }
    Ok(policy)
}

/// Asks about every resource at once, as nobody in particular.
pub(super) fn everything(snapshot: &Snapshot) -> Request {
    let principal =
        Principal { arn: String::new(), account: snapshot.account.clone(), kind: PrincipalKind::Anonymous };
    let context = ask::known(snapshot, &Tags::new());
    Request { principal, action: "*".to_owned(), resource: "*".to_owned(), context }
}

/// Lists the known actions that a statement speaks of.
fn named(statement: &Statement) -> ActionSet {
    let (texts, negated) = statement.actions();
    let distinct: BTreeSet<&String> = texts.iter().collect();
    let listed: ActionSet = distinct.into_iter().flat_map(|text| actions().matching(text)).collect();
    if negated { ActionSet::all().without(&listed) } else { listed }
}

/// Leaves those that can be limited to a resource: the others are allowed on `*` or not at all.
fn on_resources(set: &ActionSet) -> ActionSet {
    set.iter().filter(|place| actions().has_resource(actions().name(*place)) == Some(true)).collect()
}

/// Tells whether a statement speaks of actions that nobody has thought of yet.
fn is_open(statement: &Statement) -> bool {
    let (texts, negated) = statement.actions();
    let all = |text: &String| text.bytes().all(|byte| matches!(byte, b'*' | b':')) && text.contains('*');
    negated != texts.iter().any(all)
}

/// Lists what a statement names without a wildcard and nobody knows.
fn unknown(statement: &Statement) -> Vec<String> {
    let (texts, negated) = statement.actions();
    let unknown = |text: &&String| !text.contains(['*', '?']) && actions().find(text).is_none();
    if negated { vec![] } else { texts.iter().filter(unknown).take(20).cloned().collect() }
}
