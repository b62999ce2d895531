//! Whom a role lets in, by its trust policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::ability::{held, holder, source_of};
use super::wording::{joined, list, tick, timeless};
use super::{Case, Named};
use crate::account::ask::{Question, Verdict, ask, decide, known};
use crate::account::effective::{Effective, Holder};
use crate::account::snapshot::{Role, Snapshot, Tags};
use crate::grade::found::{Found, Outcome};
use crate::grade::rubric::Trust;
use crate::grade::subject::Subject;
use crate::policy::evaluate::{Outcome as Decided, PolicySet, Source};
use crate::policy::reach::Named as Principal;
use crate::policy::request::{Principal as Asking, PrincipalKind, Request};
use crate::policy::statement::{Effect, Policy};
use crate::policy::trace::Reason;

/// The calls that give out sessions of a role.
const ASSUME: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// How the ids of deleted users and roles begin, which AWS leaves in a trust policy.
const DELETED: [&str; 2] = ["AROA", "AIDA"];

/// A role, its trust policy and who is to be let in.
struct Door<'c> {
    snapshot: &'c Snapshot,
    named: Named<'c>,
    role: &'c Role,
    policy: Arc<Policy>,
    by: Holder,
    who: Effective,
    remark: Option<String>,
}

fn door<'c>(case: &'c Case<'_>, trust: &Trust) -> Result<Door<'c>, Found> {
    let named = case.find(&trust.role)?;
    let role = case.identity()?.roles.get(named.name);
    let role = role.ok_or_else(|| Found::unknown(format!("{} was not read", trust.role.label())))?;
    let (by, remark) = holder(case, &trust.by)?;
    let who = held(case.snapshot(), &by)?;
    let policy = super::grants::parse(&role.trust)
        .map_err(|why| Found::unknown(format!("the trust policy of {}: {why}", tick(named.name))))?;
    let remark = joined([named.remark.clone(), remark]);
    Ok(Door { snapshot: case.snapshot(), named, role, policy: Arc::new(policy), by, who, remark })
}

/// How the trust policy answers somebody.
enum In {
    Yes,
    No,
    /// It depends on condition keys, these.
    Depends(Vec<String>),
}

impl Door<'_> {
    /// Asks the trust policy and nobody else; `granted` says whether the one who asks is allowed to by its own policies.
    fn lets(&self, principal: &Asking, tags: &Tags, granted: bool) -> In {
        let request = Request {
            principal: principal.clone(),
            action: "sts:AssumeRole".to_owned(),
            resource: self.role.arn.clone(),
            context: known(self.snapshot, tags),
        };
        let everything = json!({"Effect": "Allow", "Action": "sts:*", "Resource": "*"});
        let own = source_of("its own policy", &everything).filter(|_| granted);
        let trust =
            Source { name: "the trust policy".to_owned(), arn: None, policy: Arc::clone(&self.policy) };
        let policies =
            PolicySet { identity: own.into_iter().collect(), resource: Some(trust), ..PolicySet::default() };
        let answer = decide(&self.by, request, policies);
        match (answer.verdict, answer.decision.outcome) {
            (Verdict::Allowed, _) => In::Yes,
            (_, Decided::Indeterminate(reasons)) => {
                let key = |reason: Reason| match reason {
                    Reason::KeyNotKnown { key } => key,
                    other => other.to_string(),
                };
                In::Depends(reasons.into_iter().map(key).collect())
            }
            _ => In::No,
        }
    }

    fn is_itself(&self) -> bool {
        matches!(&self.by, Holder::Role { name, .. } if name == self.named.name)
    }

    /// Lists whom the statements that let somebody assume the role name.
    fn named(&self) -> BTreeSet<Principal> {
        let allows = self.policy.statements.iter().filter(|statement| {
            statement.effect == Effect::Allow && ASSUME.iter().any(|action| statement.names(action))
        });
        allows.flat_map(crate::policy::statement::Statement::principals).collect()
    }

    fn shown(&self, found: Found) -> Found {
        let named = self.named();
        let whom = if named.is_empty() { "nobody".to_owned() } else { list(named.iter().map(text)) };
        found
            .shown(self.role.arn.clone())
            .shown(format!("its trust policy names {whom}"))
            .remarked(self.remark.clone())
    }
}

fn text(principal: &Principal) -> String {
    match principal {
        Principal::Anybody => "*".to_owned(),
        Principal::AnybodyBut(text) => format!("everybody but {text}"),
        Principal::Service(text)
        | Principal::Provider(text)
        | Principal::Identity(text)
        | Principal::Canonical(text) => text.clone(),
    }
}

pub(super) fn trusts(case: &Case<'_>, trust: &Trust) -> Result<Found, Found> {
    let door = door(case, trust)?;
    let (role, by) = (tick(door.named.name), door.by.name());
    if door.is_itself() {
        let message = format!(
            "{} runs as {role} itself: it needs a role of its own, which assumes this one",
            if trust.by == Subject::FunctionRole { "the function".to_owned() } else { by }
        );
        return Ok(door.shown(Found::missed(message)));
    }
    let (principal, tags) = (&door.who.principal, &door.who.tags);
    let found = match door.lets(principal, tags, true) {
        In::Yes => match door.lets(principal, tags, false) {
            // It is named itself, not only its account.
            In::Yes => Found::met(format!("{role} lets {by} in")),
            In::No | In::Depends(_) => through_account(&door, &role, &by),
        },
        // The code has to send the id, which it can.
        In::Depends(keys) if keys.iter().all(|key| key.eq_ignore_ascii_case("sts:ExternalId")) => {
            let remark = "the trust policy asks for an external id, which the code has to send".to_owned();
            Found::met(format!("{role} lets {by} in")).remarked(Some(remark))
        }
        In::Depends(keys) => {
            let message = format!("{role} lets {by} in under a condition only, on {}", list(keys));
            Found::new(Outcome::Nearly, message)
        }
        In::No => Found::missed(format!("{role} does not let {by} in: {}", instead(&door))),
    };
    let remark = found.remark.clone();
    let found = Found { remark: joined([door.remark.clone(), remark]), ..found };
    Ok(door.shown(found))
}

/// The trust policy names the account: then a role of it comes in when its own policy says so.
fn through_account(door: &Door<'_>, role: &str, by: &str) -> Found {
    let question = Question {
        action: "sts:AssumeRole".to_owned(),
        resource: door.role.arn.clone(),
        context: Vec::new(),
    };
    let answer = ask(door.snapshot, &door.by, &door.who, &question);
    if answer.verdict == Verdict::Allowed {
        let remark = "through the whole account, not by name".to_owned();
        return Found::met(format!("{role} lets {by} in")).remarked(Some(remark));
    }
    let why = timeless(door.snapshot, &answer.reason);
    let message = format!("{role} trusts the whole account, so {by} needs a policy that allows it: {why}");
    Found::new(Outcome::Nearly, message)
}

/// Says whom a trust policy names in place of the one who is asked for.
fn instead(door: &Door<'_>) -> String {
    let named = door.named();
    let dead = named.iter().find(|principal| is_dead(door, principal));
    let service = named.iter().find(|principal| matches!(principal, Principal::Service(_)));
    match (dead, service) {
        _ if named.is_empty() => "its trust policy lets nobody assume it".to_owned(),
        (Some(id), _) => {
            let id = tick(&text(id));
            format!(
                "its trust policy names {id}, which is what AWS leaves of a role or user that was deleted"
            )
        }
        (None, Some(service)) => {
            let service = tick(&text(service));
            format!("its trust policy names the service {service} and not the role that the function runs as")
        }
        (None, None) => {
            let whom = list(named.iter().map(text));
            let keys = if is_meant(door, &named) { condition_keys(door) } else { BTreeSet::new() };
            if keys.is_empty() {
                format!("its trust policy names {whom}")
            } else {
                let keys = list(keys);
                format!(
                    "its trust policy names {whom}, but under the condition on {keys}, which does not hold"
                )
            }
        }
    }
}

/// Tells whether the one who is asked for is named, or the account or everybody, so that only a condition keeps it out.
fn is_meant(door: &Door<'_>, named: &BTreeSet<Principal>) -> bool {
    let Snapshot { account, partition, .. } = door.snapshot;
    let root = format!("arn:{partition}:iam::{account}:root");
    named.iter().any(|principal| match principal {
        Principal::Anybody => true,
        Principal::Identity(name) => is_the_one(door, name) || *name == root || name == account,
        _ => false,
    })
}

/// Lists the keys of the conditions of a trust policy's allowing statements.
fn condition_keys(door: &Door<'_>) -> BTreeSet<String> {
    let written = door.role.trust.written();
    let statements = match written.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        one => Vec::from_iter(one),
    };
    let allows = statements.into_iter().filter(|statement| statement.get("Effect") == Some(&json!("Allow")));
    let operators = allows.filter_map(|statement| statement.get("Condition")?.as_object());
    let keys = operators.flat_map(serde_json::Map::values).filter_map(Value::as_object);
    keys.flat_map(serde_json::Map::keys).cloned().collect()
}

fn is_dead(door: &Door<'_>, principal: &Principal) -> bool {
    matches!(principal, Principal::Identity(name)
        if DELETED.iter().any(|start| name.starts_with(start)) && !is_the_one(door, name))
}

/// How bad it is that somebody else may assume a role.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stranger {
    /// Somebody of the same account.
    Near(String),
    /// A service, another account, everybody.
    Far(String),
}

pub(super) fn trusts_only(case: &Case<'_>, trust: &Trust) -> Result<Found, Found> {
    let door = door(case, trust)?;
    let (role, by) = (tick(door.named.name), door.by.name());
    let named = door.named();
    if named.is_empty() {
        return Ok(door.shown(Found::missed(format!("{role} lets nobody assume it"))));
    }
    let strangers: BTreeSet<Stranger> =
        named.iter().filter_map(|principal| stranger(&door, principal)).collect();
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for stranger in strangers {
        match stranger {
            Stranger::Near(who) => near.push(who),
            Stranger::Far(who) => far.push(who),
        }
    }
    let is_in = !matches!(door.lets(&door.who.principal, &door.who.tags, true), In::No);
    let found = if !far.is_empty() {
        Found::missed(format!("{role} also lets {} in", super::wording::listed(far, 4)))
    } else if near.is_empty() {
        Found::met(format!("{role} lets nobody in besides {by}"))
    } else if is_in {
        let message = format!("{role} also lets {} in", super::wording::listed(near, 4));
        Found::new(Outcome::Nearly, message)
    } else {
        Found::missed(format!("{role} lets {} in, and {by} not", super::wording::listed(near, 4)))
    };
    Ok(door.shown(found))
}

/// Tells whether somebody that a trust policy names is a stranger.
fn stranger(door: &Door<'_>, principal: &Principal) -> Option<Stranger> {
    let Snapshot { account, partition, .. } = door.snapshot;
    let far = |who: String| Some(Stranger::Far(who));
    match principal {
        Principal::Anybody => {
            match (somebody_gets_in(door, OTHER_ACCOUNT), somebody_gets_in(door, account)) {
                (false, false) => None,
                (false, true) => Some(Stranger::Near("everybody in the account".to_owned())),
                (true, _) => far("everybody".to_owned()),
            }
        }
        Principal::AnybodyBut(_) => far("nearly everybody (`NotPrincipal`)".to_owned()),
        Principal::Service(name) => far(format!("the service {}", tick(name))),
        Principal::Provider(name) => far(format!("the identity provider {}", tick(name))),
        Principal::Canonical(name) => far(tick(name)),
        Principal::Identity(_) if is_dead(door, principal) => None,
        Principal::Identity(name) => {
            let root = format!("arn:{partition}:iam::{account}:root");
            if is_the_one(door, name) {
                None
            } else if *name == root || name == account {
                let who = "everybody in the account who is allowed to (`root`)".to_owned();
                somebody_gets_in(door, account).then_some(Stranger::Near(who))
            } else if name.split(':').nth(4) == Some(account) {
                Some(Stranger::Near(tick(name)))
            } else {
                far(tick(name))
            }
        }
    }
}

/// Tells whether a principal's text is the one who is asked for: its ARN, its id, or a session of it.
fn is_the_one(door: &Door<'_>, name: &str) -> bool {
    let principal = &door.who.principal;
    if name == principal.arn {
        return true;
    }
    match &principal.kind {
        PrincipalKind::RoleSession { role_arn, id } => {
            let of_role = id.split_once(':').is_some_and(|(role, _)| role == name);
            let session = principal.arn.rsplit_once('/').map_or("", |(role, _)| role);
            let of_session = name.strip_prefix(session).is_some_and(|rest| rest.starts_with('/'));
            name == role_arn || of_role || of_session
        }
        PrincipalKind::User { id } => name == id,
        _ => false,
    }
}

/// An account that is nobody's.
const OTHER_ACCOUNT: &str = "000000000000";

/// Tells whether the trust policy may let in a role that nobody has named.
fn somebody_gets_in(door: &Door<'_>, account: &str) -> bool {
    let partition = &door.snapshot.partition;
    let name = "none-in-particular";
    let principal = Asking {
        arn: format!("arn:{partition}:sts::{account}:assumed-role/{name}/none"),
        account: account.to_owned(),
        kind: PrincipalKind::RoleSession {
            role_arn: format!("arn:{partition}:iam::{account}:role/{name}"),
            id: "AROANONEINPARTICULAR:none".to_owned(),
        },
    };
    !matches!(door.lets(&principal, &Tags::new(), true), In::No)
}
