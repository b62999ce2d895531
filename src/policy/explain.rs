//! What would help a denied request: the least statement that allows it, and which policies need it.

use serde::Serialize;
use serde_json::{Value, json};

use super::evaluate::{Decision, Outcome};
use super::request::{PrincipalKind, Request};
use super::statement::Effect;
use super::trace::{Finding, Layer, Mismatch};

/// What would help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// One sentence for people.
    pub sentence: String,
    /// What to add, one for each layer that lacks it; nothing when adding cannot help.
    pub add: Vec<Addition>,
    /// Statements that would allow it if one condition held, one sentence each.
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

/// Says what would help a request that was denied; `None` when it was not denied.
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
    let needs: Vec<&str> = add.iter().map(|addition| place(addition.layer)).collect();
    let sentence =
        format!("{} must allow `{}` on `{}`", needs.join(" and "), request.action, request.resource);
    let near = decision.trace.iter().filter(|step| step.effect == Effect::Allow);
    let near =
        near.filter(|step| matches!(&step.finding, Finding::Differs { first: Mismatch::Condition { .. } }));
    Some(Remedy { sentence, add, near: near.map(ToString::to_string).collect() })
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

/// Makes the least statement of a layer that allows a request.
fn statement(request: &Request, layer: Layer) -> Value {
    // `${` would be read as a variable.
    let resource = request.resource.replace("${", "${$}{");
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
