//! AWS's own policy simulator: a second opinion on what an identity may do.
//!
//! It knows the policies of users, groups and roles, their boundaries and service control policies. It does not look
//! policies of resources up, takes one for users only, and leaves out whatever a service adds to a request.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};

use super::Aws;
use super::error::ApiError;

/// What the simulator is asked.
#[derive(Debug, Clone)]
pub struct Simulation<'a> {
    /// The ARN of the user or role.
    pub principal: &'a str,
    /// The action, `service:Action`.
    pub action: &'a str,
    /// The ARN of the resource, or `*`.
    pub resource: &'a str,
    /// The policy of the resource, for users only.
    pub resource_policy: Option<&'a str>,
    /// Condition keys with their values.
    pub context: &'a [(String, Vec<String>)],
}

/// What the simulator decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It is allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
}

/// What the simulator answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The decision.
    pub decided: Decided,
    /// The policies with a statement that decided it, by the simulator's names.
    pub policies: Vec<String>,
    /// Condition keys that the policies ask for and the simulator was not told.
    pub missing: Vec<String>,
}

const OPERATION: &str = "iam:SimulatePrincipalPolicy";

/// Asks the simulator.
pub async fn simulate(aws: &Aws, asked: &Simulation<'_>) -> Result<Simulated, ApiError> {
    let entries = asked.context.iter().map(|(key, values)| {
        // Which type a key has is not known here; on the wire every value is a text.
        let kind = match values.as_slice() {
            [_] => ContextKeyTypeEnum::String,
            _ => ContextKeyTypeEnum::StringList,
        };
        let entry = ContextEntry::builder().context_key_name(key).context_key_type(kind);
        entry.set_context_key_values(Some(values.clone())).build()
    });
    let entries: Vec<ContextEntry> = entries.collect();
    let answer = aws
        .call(OPERATION, asked.principal, || {
            let request = aws.iam.simulate_principal_policy().policy_source_arn(asked.principal);
            let request = request.action_names(asked.action).resource_arns(asked.resource);
            let caller = asked.resource_policy.map(|_| asked.principal.to_owned());
            request
                .set_resource_policy(asked.resource_policy.map(str::to_owned))
                .set_caller_arn(caller)
                .set_context_entries(Some(entries.clone()).filter(|entries| !entries.is_empty()))
                .send()
        })
        .await?;
    let broken = |what: &str| ApiError::broken(OPERATION, asked.principal, what);
    let result = answer.evaluation_results().first().ok_or_else(|| broken("the answer has no result"))?;
    // The decision on a named resource is among its own results; where there are none, it is the only one.
    let specific = result.resource_specific_results().first();
    let decision = specific.map_or(&result.eval_decision, |specific| &specific.eval_resource_decision);
    let statements = specific.map_or(result.matched_statements(), |specific| specific.matched_statements());
    let missing =
        specific.map_or(result.missing_context_values(), |specific| specific.missing_context_values());
    let decided = match decision {
        PolicyEvaluationDecisionType::Allowed => Decided::Allowed,
        PolicyEvaluationDecisionType::ExplicitDeny => Decided::ExplicitDeny,
        PolicyEvaluationDecisionType::ImplicitDeny => Decided::ImplicitDeny,
        other => return Err(broken(&format!("the decision `{}` is not known", other.as_str()))),
    };
    let names = statements.iter().filter_map(|statement| statement.source_policy_id());
    Ok(Simulated { decided, policies: names.map(str::to_owned).collect(), missing: missing.to_vec() })
}
