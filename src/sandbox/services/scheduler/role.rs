//! The role that a schedule calls its target with.

use std::sync::Arc;

use super::{Due, SCHEDULER, Scheduler};
use crate::policy::evaluate::{PolicySet, Source, evaluate};
use crate::policy::request::{Context, Principal, PrincipalKind, Request};
use crate::policy::statement::Policy;
use crate::sandbox::services::assumed::Assumed;
use crate::sandbox::services::grant::ServiceCall;
use crate::sandbox::services::iam::holdings::Held;
use crate::sandbox::services::iam::{Identity, Opening};

/// How long a session of a schedule's role lasts, in seconds: longer than any function runs.
const LASTING: u32 = 3_600;

impl Scheduler {
    /// Tells whether a role's trust policy lets Scheduler assume it for a group: "the role's `aws:SourceArn` is that of
    /// the schedule group" ("Confused deputy prevention" in the user guide). A role that is not there trusts nobody.
    pub(super) fn trusts(&self, role_arn: &str, group_arn: &str) -> bool {
        let Some(role) = self.iam.role(role_arn, "aws", &self.account) else { return false };
        let call = ServiceCall {
            service: SCHEDULER,
            action: "sts:AssumeRole",
            resource: role_arn,
            source_arn: group_arn,
            source_account: &self.account,
        };
        call.is_allowed_by(&role.trust)
    }

    /// Assumes the role of a schedule that fires. Fails with the reason, for people, when the role is not there any
    /// more, does not trust Scheduler, or may not do `action` to the target.
    pub(in crate::sandbox) fn assume(&self, due: &Due, action: &str) -> Result<(), String> {
        let Due { role: arn, region, .. } = due;
        let role = self.iam.role(arn, "aws", &self.account);
        let role = role.ok_or_else(|| format!("the role {arn} does not exist"))?;
        if !self.trusts(arn, &due.group_arn) {
            return Err(format!("the role {} does not trust {SCHEDULER}", role.name));
        }
        // The name of the session is 32 hexadecimal digits in the events of AWS.
        let session = crate::sandbox::services::wire::uuid().replace('-', "");
        let identity = Identity::Role { name: role.name.clone(), id: role.id, session: session.clone() };
        let opening = Opening {
            identity: identity.clone(),
            seconds: LASTING,
            mfa: false,
            policies: Vec::new(),
            console: false,
        };
        let issued = self.iam.open_session(opening).map_err(|error| error.message)?;
        self.iam.record_role_use(&role.name, region);
        let assumed =
            Assumed { service: SCHEDULER, account: &self.account, region, role: arn, session: &session };
        assumed.record(&self.log, &issued, self.clock.now());
        if self.may(&identity, arn, action, due) {
            return Ok(());
        }
        Err(format!("the role {} does not allow {action} on {}", role.name, due.target))
    }

    /// Tells whether the policies of a role let a session of it do something to the target of a schedule.
    fn may(&self, identity: &Identity, role_arn: &str, action: &str, due: &Due) -> bool {
        let source = |held: &Held| {
            let policy = match held.document.as_deref().map(Policy::parse) {
                Some(Ok(policy)) => policy,
                Some(Err(error)) => Policy::unread(error.to_string()),
                None => Policy::unread("the sandbox does not have its document"),
            };
            Source { name: held.name.clone(), arn: held.arn.clone(), policy: Arc::new(policy) }
        };
        let holdings = self.iam.holdings(identity);
        let policies = PolicySet {
            // As for every caller: an AWS-managed policy without its document allows nothing.
            identity: holdings.policies.iter().filter(|held| held.document.is_some()).map(source).collect(),
            boundary: holdings.boundary.as_ref().map(source),
            session: Vec::new(),
            resource: None,
        };
        let now = self.clock.now();
        let context = Context::complete()
            .with("aws:CurrentTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            .with("aws:EpochTime", now.as_second().to_string())
            .with("aws:SecureTransport", "true")
            .with("aws:RequestedRegion", &due.region);
        let request = Request {
            principal: Principal {
                arn: identity.arn("aws", &self.account),
                account: self.account.clone(),
                kind: PrincipalKind::RoleSession {
                    role_arn: role_arn.to_owned(),
                    id: identity.user_id(&self.account),
                },
            },
            action: action.to_owned(),
            resource: due.target.clone(),
            context,
        };
        evaluate(&policies, &request).is_allowed()
    }
}
