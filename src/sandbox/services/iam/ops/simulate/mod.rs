//! The policy simulator: what policies would decide, asked of the same engine that decides real calls.
//!
//! `SimulatePrincipalPolicy` takes the policies of a user, group or role, `SimulateCustomPolicy` those in the request.
//! Source: both in the IAM API reference; the words that its answers use beyond the model (`IAM Policy`,
//! `Permissions Boundary Policy`, `PolicyInputList.1`, `role_NAME_POLICY`) are those of published answers.

mod keys;
mod policies;
mod verdict;

use awsim_core::AwsError;
use serde_json::{Value, json};

use crate::policy::evaluate::{PolicySet, evaluate};
use crate::policy::request::{Context, Principal, PrincipalKind, Request};
use crate::sandbox::services::iam::call::{Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store;
pub(super) use keys::{of_custom as keys_of_custom, of_principal as keys_of_principal};
use policies::{Known, Subject};
use verdict::Verdict;

/// `SimulatePrincipalPolicy`.
pub(super) fn principal(call: &mut Call<'_>) -> Reply {
    let arn = call.text("PolicySourceArn")?;
    let subject = policies::subject(call, &arn)?;
    let excluded = policies::exclusions(call);
    let mut known = policies::attached(call, &subject, &excluded);
    known.add_given(call)?;
    let caller = match call.optional("CallerArn") {
        Some(caller) => Some(caller),
        None => subject.principal_arn(call),
    };
    simulate(call, &known, caller.as_deref())
}

/// `SimulateCustomPolicy`.
pub(super) fn custom(call: &mut Call<'_>) -> Reply {
    if call.list("PolicyInputList").is_empty() {
        return Err(fault::missing("PolicyInputList"));
    }
    let mut known = Known::default();
    known.add_given(call)?;
    let caller = call.optional("CallerArn");
    simulate(call, &known, caller.as_deref())
}

/// Asks about every action on every resource.
fn simulate(call: &Call<'_>, known: &Known, caller: Option<&str>) -> Reply {
    let actions = call.list("ActionNames");
    if actions.is_empty() {
        return Err(fault::missing("ActionNames"));
    }
    let resources = call.list("ResourceArns");
    if let Some(wrong) = resources.iter().find(|arn| *arn != "*" && !arn.starts_with("arn:")) {
        return Err(fault::invalid_input(format!("Invalid resource: {wrong}")));
    }
    let set = known.set(call, caller)?;
    let asked = Asked { principal: who(call, caller), context: context(call), known, set };
    let mut results = Vec::new();
    for (place, action) in actions.iter().enumerate() {
        if !action.contains(':') {
            return Err(fault::invalid_input(format!("Invalid action: {action}")));
        }
        results.push((format!("{place:08}"), asked.result(action, &resources)));
    }
    let page = call.page(results)?;
    Ok(json!({
        "EvaluationResults": members(page.items),
        "IsTruncated": page.marker.is_some(),
        "Marker": page.marker,
    }))
}

/// What stays the same for every action and resource of a simulation.
struct Asked<'a> {
    principal: Principal,
    context: Context,
    known: &'a Known,
    set: PolicySet,
}

impl Asked<'_> {
    /// One action: on what was named, each resource with a verdict of its own, or on `*`.
    fn result(&self, action: &str, resources: &[String]) -> Value {
        let (whole, name) = match resources {
            [] => (self.verdict(action, "*"), "*"),
            [one] => (self.verdict(action, one), one.as_str()),
            several => (Verdict::together(several.iter().map(|arn| self.verdict(action, arn))), "*"),
        };
        let specific = resources.iter().map(|arn| self.verdict(action, arn).specific(arn));
        let specific = if resources.is_empty() { Value::Null } else { members(specific) };
        let mut shown = whole.shown();
        for (key, value) in [
            ("EvalActionName", json!(action)),
            ("EvalResourceName", json!(name)),
            ("EvalDecision", json!(whole.decision())),
            ("ResourceSpecificResults", specific),
        ] {
            crate::sandbox::services::iam::call::put(&mut shown, key, value);
        }
        shown
    }

    fn verdict(&self, action: &str, resource: &str) -> Verdict {
        let ask = |complete: bool| {
            let mut context = self.context.clone();
            context.complete = complete;
            let request = Request {
                principal: self.principal.clone(),
                action: action.to_owned(),
                resource: resource.to_owned(),
                context,
            };
            evaluate(&self.set, &request)
        };
        // Decided as if the keys that were not given were absent; asked again to learn which those are.
        Verdict::new(&ask(true), &ask(false), self.known)
    }
}

/// Who is said to ask.
fn who(call: &Call<'_>, arn: Option<&str>) -> Principal {
    let account = call.ctx.account_id.clone();
    let Some(arn) = arn else {
        // A session of nobody in particular: it has no user name, and what it may do is what the policies say.
        let kind = PrincipalKind::RoleSession { role_arn: String::new(), id: String::new() };
        return Principal { arn: String::new(), account, kind };
    };
    let name = store::key(arn.rsplit('/').next().unwrap_or_default());
    let of_arn = arn.split(':').nth(4).unwrap_or_default().to_owned();
    let kind = if arn.contains(":role/") {
        let id = call.state.roles.get(&name).map(|role| role.id.clone()).unwrap_or_default();
        PrincipalKind::RoleSession { role_arn: arn.to_owned(), id }
    } else if arn.ends_with(":root") {
        PrincipalKind::Root
    } else {
        let id = call.state.users.get(&name).map(|user| user.id.clone()).unwrap_or_default();
        PrincipalKind::User { id }
    };
    Principal { arn: arn.to_owned(), account: of_arn, kind }
}

/// The condition keys that the request gives.
fn context(call: &Call<'_>) -> Context {
    let mut context = Context::partial();
    let entries = call.input["ContextEntries"].as_array().map(Vec::as_slice).unwrap_or_default();
    for entry in entries {
        let values = entry["ContextKeyValues"].as_array().map(Vec::as_slice).unwrap_or_default();
        let values = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if let Some(name) = entry["ContextKeyName"].as_str() {
            context.insert(name, values);
        }
    }
    if let Some(owner) = call.optional("ResourceOwner") {
        let account = owner.split(':').nth(4).unwrap_or(&owner).to_owned();
        context.insert("aws:ResourceAccount", vec![account]);
    }
    context
}

/// 400: a policy of the request that cannot be read.
fn unreadable(place: &str, message: &str) -> AwsError {
    fault::invalid_input(format!("Invalid policy document in {place}: {message}"))
}

impl Subject {
    /// The ARN by which the subject asks; a group never does.
    fn principal_arn(&self, call: &Call<'_>) -> Option<String> {
        match self {
            Self::User(user) => Some(call.arn("user", &user.path, &user.name)),
            Self::Role(role) => Some(call.arn("role", &role.path, &role.name)),
            Self::Group(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
