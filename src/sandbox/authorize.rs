//! Whether a caller may do what it asks: the policies of the account, read by the policy engine, and the denial in
//! AWS's words.
//!
//! Source of the words: "Troubleshoot access denied error messages" in the IAM user guide.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use awsim_core::{AwsError, RequestContext};
use jiff::Timestamp;

use super::account::{Account, Call};
use super::faults::Holder;
use super::realm::Realm;
use super::services::iam::holdings::{Held, Holdings, Party};
use super::services::iam::{Identity, KeyOwner};
use super::services::sts::Attempt;
use crate::policy::evaluate::{Decision, Outcome, PolicySet, Source, evaluate};
use crate::policy::request::{Context, Principal, PrincipalKind, Request};
use crate::policy::statement::Policy;

/// The most documents that stay parsed.
const REMEMBERED: usize = 4_096;

/// Parsed policy documents by their text: the same few are asked about in every call.
#[derive(Default)]
pub(super) struct Parsed {
    documents: Mutex<BTreeMap<String, Arc<Policy>>>,
}

impl Parsed {
    /// Parses a document, once. One that is no policy, or that the sandbox does not have, is one that nobody has read:
    /// where it matters, the engine says that it cannot tell.
    fn source(&self, name: &str, arn: Option<&String>, document: Option<&str>) -> Source {
        let policy = document.map_or_else(
            || Arc::new(Policy::unread("the sandbox does not have its document")),
            |document| self.policy(document),
        );
        Source { name: name.to_owned(), arn: arn.cloned(), policy }
    }

    fn policy(&self, document: &str) -> Arc<Policy> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(policy) = documents.get(document) {
            return policy.clone();
        }
        let policy = Policy::parse(document).unwrap_or_else(|error| Policy::unread(error.to_string()));
        let policy = Arc::new(policy);
        if documents.len() >= REMEMBERED {
            documents.clear();
        }
        documents.insert(document.to_owned(), policy.clone());
        policy
    }

    /// The policies of a caller: of its identity, its boundary, its session.
    fn of(&self, caller: &KeyOwner, holdings: &Holdings) -> PolicySet {
        let held = |held: &Held| self.source(&held.name, held.arn.as_ref(), held.document.as_deref());
        PolicySet {
            // An AWS-managed policy without its document allows nothing, as `docs/sandbox.md` says.
            identity: holdings.policies.iter().filter(|it| it.document.is_some()).map(held).collect(),
            boundary: holdings.boundary.as_ref().map(held),
            session: caller
                .policies
                .iter()
                .map(|document| self.source("the session policy", None, Some(document)))
                .collect(),
            resource: None,
        }
    }
}

/// Refuses a call that its caller may not make.
pub(super) fn authorize(account: &Account, call: &Call<'_>) -> Result<(), AwsError> {
    let Call { service, operation, caller, ctx, .. } = call;
    let service_name = service.service_name();
    if is_bare_session(caller) && service_name == "iam" {
        let message = "The security token included in the request is invalid";
        return Err(AwsError::forbidden("InvalidClientTokenId", message));
    }
    // Who may assume a role is asked with the role's trust policy, which STS finds.
    let needs = service.needs(operation, &call.input, ctx);
    let needs: Vec<_> = needs.into_iter().filter(|need| need.action != "sts:AssumeRole").collect();
    if needs.is_empty() {
        return Ok(());
    }
    let holdings = holdings(account, caller);
    let mut policies = account.parsed().of(caller, &holdings);
    let common = common_keys(caller, &holdings, ctx, call.agent, account.now());
    let principal = principal(account, caller, ctx);
    for need in needs {
        let mut context = common.clone();
        for (key, values) in need.keys {
            context.insert(&key, values);
        }
        policies.resource = need
            .resource_policy
            .map(|document| account.parsed().source("the resource's policy", None, Some(&document)));
        let request = Request {
            principal: principal.clone(),
            action: need.action.clone(),
            resource: need.resource,
            context,
        };
        let decision = evaluate(&policies, &request);
        if let Some(because) = denial(&decision) {
            let who = &principal.arn;
            let (action, shown) = (need.action, need.shown);
            let on = if shown.is_empty() { String::new() } else { format!(" on resource: {shown}") };
            let message = format!("User: {who} is not authorized to perform: {action}{on}{because}");
            return Err(refusal(service_name, message));
        }
    }
    Ok(())
}

/// Tells whether whoever has a session may do something on a resource without a policy of its own. Nothing is done or
/// recorded.
pub(super) fn may(account: &Account, access_key: &str, region: &str, action: &str, resource: &str) -> bool {
    let Some(caller) = account.iam().resolve_key(access_key) else { return false };
    let mut ctx = RequestContext::new(action.split(':').next().unwrap_or_default(), region);
    account.id().clone_into(&mut ctx.account_id);
    let holdings = holdings(account, &caller);
    let request = Request {
        principal: principal(account, &caller, &ctx),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: common_keys(&caller, &holdings, &ctx, "", account.now()),
    };
    evaluate(&account.parsed().of(&caller, &holdings), &request).is_allowed()
}

/// Refuses a caller whom a role does not admit: by what the caller may do and whom the role trusts.
pub(super) fn admit(realm: &Realm, attempt: &Attempt<'_>) -> Result<(), AwsError> {
    let Attempt { caller, ctx, role_arn, .. } = attempt;
    if caller.identity == Identity::Root {
        return Err(AwsError::forbidden("AccessDenied", "Roles may not be assumed by root accounts."));
    }
    let who = caller.identity.arn(&ctx.partition, &ctx.account_id);
    let plain = format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {role_arn}");
    let refused = |message: String| AwsError::forbidden("AccessDenied", message);
    let account = realm.find(&ctx.account_id).ok().flatten();
    let (Some(account), Some(role)) = (account, attempt.role) else { return Err(refused(plain)) };
    let holdings = holdings(&account, caller);
    let mut policies = account.parsed().of(caller, &holdings);
    let trust = format!("the trust policy of role `{}`", role.name);
    policies.resource = Some(account.parsed().source(&trust, None, Some(&role.trust)));
    let mut context = common_keys(caller, &holdings, ctx, "", account.now())
        .with("sts:RoleSessionName", attempt.session_name);
    if attempt.mfa {
        context = context.with("aws:MultiFactorAuthPresent", "true").with("aws:MultiFactorAuthAge", "0");
    }
    if let Some(id) = attempt.external_id {
        context = context.with("sts:ExternalId", id);
    }
    for tag in &role.tags {
        context = context.with(&format!("aws:ResourceTag/{}", tag.key), &tag.value);
        context = context.with(&format!("iam:ResourceTag/{}", tag.key), &tag.value);
    }
    let request = Request {
        principal: principal(&account, caller, ctx),
        action: "sts:AssumeRole".to_owned(),
        resource: (*role_arn).to_owned(),
        context,
    };
    match denial(&evaluate(&policies, &request)) {
        None => Ok(()),
        // AWS gives the reason to callers of the role's own account only.
        Some(because) if role_arn.contains(&format!("::{}:", ctx.account_id)) => {
            Err(refused(format!("{plain}{because}")))
        }
        Some(_) => Err(refused(plain)),
    }
}

/// What is attached to a caller and has effect already.
fn holdings(account: &Account, caller: &KeyOwner) -> Holdings {
    let mut holdings = account.iam().holdings(&caller.identity);
    let faults = account.services().troubles.lock();
    if faults.is_empty() {
        return holdings;
    }
    let now = account.now();
    let user = caller.user_name();
    holdings.policies.retain(|held| {
        let (holder, joined) = match &held.holder {
            Party::User(name) => (Holder::User(name), None),
            Party::Group(name) => (Holder::Group(name), user.map(|user| (Holder::User(user), name))),
            Party::Role(name) => (Holder::Role(name), None),
        };
        faults.is_in_effect(holder, &held.id, now)
            && joined.is_none_or(|(user, group)| faults.is_in_effect(user, group, now))
    });
    holdings
}

/// The end of the message when a decision is no permission: a space and the reason.
fn denial(decision: &Decision) -> Option<String> {
    match &decision.outcome {
        Outcome::Allowed => None,
        Outcome::Denied(denial) => Some(format!(" {}", denial.clause())),
        Outcome::Indeterminate(reasons) => {
            let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            Some(format!(" because the sandbox cannot tell whether it is allowed: {}", reasons.join("; ")))
        }
    }
}

/// Tells whether these are credentials of `GetSessionToken` without MFA, which open neither IAM nor most of STS.
fn is_bare_session(caller: &KeyOwner) -> bool {
    let of_user = matches!(caller.identity, Identity::User { .. });
    of_user && caller.session_token.is_some() && !caller.mfa && !caller.console
}

/// Who the policies are asked about.
fn principal(account: &Account, caller: &KeyOwner, ctx: &RequestContext) -> Principal {
    let kind = match &caller.identity {
        Identity::Root => PrincipalKind::Root,
        Identity::User { id, .. } => PrincipalKind::User { id: id.clone() },
        Identity::Role { .. } => PrincipalKind::RoleSession {
            role_arn: account.iam().role_of(&caller.identity, &ctx.partition).unwrap_or_default(),
            id: caller.identity.user_id(account.id()),
        },
    };
    let arn = caller.identity.arn(&ctx.partition, account.id());
    Principal { arn, account: account.id().to_owned(), kind }
}

/// The condition keys that every request has. Source: "AWS global condition context keys" in the IAM user guide.
fn common_keys(
    caller: &KeyOwner,
    holdings: &Holdings,
    ctx: &RequestContext,
    agent: &str,
    now: Timestamp,
) -> Context {
    let mut context = Context::complete()
        .with("aws:CurrentTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .with("aws:EpochTime", now.as_second().to_string())
        .with("aws:SecureTransport", "true")
        .with("aws:RequestedRegion", &ctx.region)
        .with("aws:ViaAWSService", ctx.internal_bypass.to_string());
    if let Some(address) = &ctx.source_ip
        && !ctx.internal_bypass
    {
        context = context.with("aws:SourceIp", address);
    }
    if !agent.is_empty() {
        context = context.with("aws:UserAgent", agent);
    }
    if ctx.internal_bypass {
        for key in ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"] {
            context = context.with(key, agent);
        }
    }
    for tag in &holdings.tags {
        context = context.with(&format!("aws:PrincipalTag/{}", tag.key), &tag.value);
    }
    // Long-term keys say nothing of MFA; temporary credentials always do.
    if let Some(issued) = caller.issued {
        context = context
            .with("aws:MultiFactorAuthPresent", caller.mfa.to_string())
            .with("aws:TokenIssueTime", issued.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        if caller.mfa {
            let age = now.as_second().saturating_sub(issued.as_second());
            context = context.with("aws:MultiFactorAuthAge", age.to_string());
        }
    }
    context
}

/// The error of a denied call, as the service codes it.
fn refusal(service: &str, message: String) -> AwsError {
    match service {
        "sns" => AwsError::forbidden("AuthorizationError", message),
        "lambda" | "access-analyzer" | "account" | "scheduler" => {
            AwsError::forbidden("AccessDeniedException", message)
        }
        "events" | "tagging" | "cloudtrail" | "logs" => {
            AwsError::bad_request("AccessDeniedException", message)
        }
        _ => AwsError::forbidden("AccessDenied", message),
    }
}
