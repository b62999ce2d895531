//! What would help a denied request: the least statement that allows it, and which policies need it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::actions::actions;
use super::evaluate::{Decision, Outcome, PolicySet, Source, evaluate};
use super::request::{PrincipalKind, Request};
use super::statement::{Effect, Policy};
use super::trace::{Finding, Layer, Mismatch, Step};

/// How many statements are tried without the condition that fails: each takes a whole evaluation.
const TRIED: usize = 256;

/// What would help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// One sentence for people.
    pub sentence: String,
    /// What to add, one for each layer that lacks it; nothing when adding cannot help.
    pub add: Vec<Addition>,
    /// Statements whose one condition stands in the way, one sentence each. Of [`least`] those that would allow it if
    /// the condition held; of [`remedy`], which has no policies to try, all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<String>,
}

/// A statement to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Addition {
    /// The layer that lacks it.
    pub layer: Layer,
    /// The statement.
    pub statement: Value,
}

/// Says what would help a request that was denied; `None` when it was not denied. Every layer that lacks an `Allow` has
/// an addition; [`least`] drops those that the others make needless.
pub fn remedy(request: &Request, decision: &Decision) -> Option<Remedy> {
    let Outcome::Denied(denial) = &decision.outcome else { return None };
    if denial.explicit {
        let step = denial.step.and_then(|at| decision.trace.get(at))?;
        let sentence = format!(
            "{} denies it; nothing that is added can allow it, so change or detach that policy",
            step.place()
        );
        return Some(Remedy { sentence, add: vec![], near: vec![] });
    }
    let add: Vec<Addition> = denial
        .missing
        .iter()
        .map(|layer| Addition { layer: *layer, statement: statement(request, *layer) })
        .collect();
    Some(Remedy { sentence: sentence(request, &add), add, near: near(decision) })
}

/// Says what would help a request that these policies denied, with nothing in it that is not needed.
pub fn least(set: &PolicySet, request: &Request, decision: &Decision) -> Option<Remedy> {
    let mut remedy = remedy(request, decision)?;
    remedy.near = truly_near(set, request, decision);
    let mut at = remedy.add.len();
    // From behind: a role that names the caller needs no policy of the caller's, if both are of one account.
    while at > 0 && remedy.add.len() > 1 {
        at -= 1;
        let mut without = remedy.add.clone();
        without.remove(at);
        if helps(set, request, &without) == helps(set, request, &remedy.add) {
            remedy.add = without;
            remedy.sentence = sentence(request, &remedy.add);
        }
    }
    Some(remedy)
}

/// Names the caller and the action on the resource as the other account's policy of a resource has to.
pub fn letting_in(request: &Request) -> Addition {
    let layer = if request.asks_for_role() { Layer::Trust } else { Layer::Resource };
    Addition { layer, statement: statement(request, layer) }
}

/// Lays statements over policies: each goes into a policy of its layer, or is one of its own.
pub fn with(set: &PolicySet, add: &[Addition]) -> PolicySet {
    let mut set = set.clone();
    for addition in add {
        let document = json!({"Version": "2012-10-17", "Statement": [addition.statement]});
        // INVARIANT: what `statement` writes can be read.
        let Ok(new) = Policy::parse(&document.to_string()) else { continue };
        let layer = match addition.layer {
            Layer::Identity => {
                set.identity.push(Source::new("what is added", new));
                continue;
            }
            Layer::Session => set.session.first_mut(),
            Layer::Boundary => set.boundary.as_mut(),
            Layer::Resource | Layer::Trust => set.resource.as_mut(),
        };
        if let Some(source) = layer {
            let mut policy = source.policy.as_ref().clone();
            policy.statements.extend(new.statements);
            source.policy = Arc::new(policy);
            continue;
        }
        let new = Source::new("what is added", new);
        match addition.layer {
            Layer::Identity => {}
            Layer::Session => set.session.push(new),
            Layer::Boundary => set.boundary = Some(new),
            Layer::Resource | Layer::Trust => set.resource = Some(new),
        }
    }
    set
}

/// Leaves out the statements that deny a request, as [`Step`]s of its trace.
pub fn without_denials(set: &PolicySet, decision: &Decision) -> PolicySet {
    let denies = |step: &&Step| step.effect == Effect::Deny && step.finding == Finding::Matched;
    let denying: Vec<&Step> = decision.trace.iter().filter(denies).collect();
    let mut set = set.clone();
    for (layer, source) in sources(&mut set) {
        let of = |step: &&&Step| is_of(step, layer, source);
        let out: Vec<usize> = denying.iter().filter(of).map(|step| step.statement).collect();
        if !out.is_empty() {
            let mut policy = source.policy.as_ref().clone();
            policy.statements.retain(|statement| !out.contains(&statement.index));
            source.policy = Arc::new(policy);
        }
    }
    set
}

/// Tells how far additions get a request: 0 denied, 1 it depends, 2 allowed.
fn helps(set: &PolicySet, request: &Request, add: &[Addition]) -> u8 {
    match evaluate(&with(set, add), request).outcome {
        Outcome::Denied(_) => 0,
        Outcome::Indeterminate(_) => 1,
        Outcome::Allowed => 2,
    }
}

fn sentence(request: &Request, add: &[Addition]) -> String {
    let needs: Vec<&str> = add.iter().map(|addition| place(addition.layer)).collect();
    format!("{} must allow `{}` on `{}`", needs.join(" and "), request.action, on(request))
}

/// Tells the statements that do not match for a condition.
fn near(decision: &Decision) -> Vec<String> {
    decision.trace.iter().filter(|step| is_near(step)).map(ToString::to_string).collect()
}

fn is_near(step: &Step) -> bool {
    let by_condition = matches!(&step.finding, Finding::Differs { first: Mismatch::Condition { .. } });
    step.effect == Effect::Allow && by_condition
}

/// Tells the statements that allow it once the one condition that is named does not stand in the way.
fn truly_near(set: &PolicySet, request: &Request, decision: &Decision) -> Vec<String> {
    let near = decision.trace.iter().filter(|step| is_near(step)).take(TRIED);
    let near = near.filter(|step| {
        let mut set = set.clone();
        for (layer, source) in sources(&mut set) {
            if is_of(step, layer, source) {
                let mut policy = source.policy.as_ref().clone();
                let named = policy.statements.iter_mut().find(|it| it.index == step.statement);
                if let Some(statement) = named {
                    statement.drop_failing_condition(request);
                }
                source.policy = Arc::new(policy);
            }
        }
        evaluate(&set, request).is_allowed()
    });
    near.map(ToString::to_string).collect()
}

/// Lists the policies of a set with their layers.
fn sources(set: &mut PolicySet) -> impl Iterator<Item = (Layer, &mut Source)> {
    let identity = set.identity.iter_mut().map(|source| (Layer::Identity, source));
    let boundary = set.boundary.iter_mut().map(|source| (Layer::Boundary, source));
    let session = set.session.iter_mut().map(|source| (Layer::Session, source));
    let resource = set.resource.iter_mut().map(|source| (Layer::Resource, source));
    identity.chain(boundary).chain(session).chain(resource)
}

/// Tells whether a step is about a policy.
fn is_of(step: &Step, layer: Layer, source: &Source) -> bool {
    // The trust policy of a role is the policy of that resource.
    let same = step.layer == layer || (layer, step.layer) == (Layer::Resource, Layer::Trust);
    same && step.source == source.name && step.arn == source.arn
}

/// Names the place of a layer for people.
const fn place(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "an identity-based policy of the caller",
        Layer::Boundary => "the caller's permissions boundary",
        Layer::Session => "a session policy of the caller's session",
        Layer::Resource => "the policy of the resource",
        Layer::Trust => "the role's trust policy",
    }
}

/// Returns what a statement has to name: what has no resource type is only matched by `*`.
fn on(request: &Request) -> &str {
    match actions().has_resource(&request.action) {
        Some(false) => "*",
        Some(true) | None => &request.resource,
    }
}

/// Makes the least statement of a layer that allows a request.
fn statement(request: &Request, layer: Layer) -> Value {
    // `${` would be read as a variable.
    let resource = on(request).replace("${", "${$}{");
    let action = &request.action;
    match layer {
        Layer::Identity | Layer::Boundary | Layer::Session => {
            json!({"Effect": "Allow", "Action": action, "Resource": resource})
        }
        Layer::Resource => {
            json!({"Effect": "Allow", "Principal": named(request), "Action": action, "Resource": resource})
        }
        Layer::Trust => json!({"Effect": "Allow", "Principal": named(request), "Action": action}),
    }
}

/// Names the principal as a resource's policy does: a session by its role.
fn named(request: &Request) -> Value {
    let principal = &request.principal;
    match &principal.kind {
        PrincipalKind::Anonymous => json!("*"),
        PrincipalKind::Service => json!({"Service": principal.arn}),
        PrincipalKind::Federated => json!({"Federated": principal.arn}),
        PrincipalKind::RoleSession { role_arn, .. } => json!({"AWS": role_arn}),
        PrincipalKind::Root | PrincipalKind::User { .. } | PrincipalKind::FederatedUser { .. } => {
            json!({"AWS": principal.arn})
        }
    }
}
