//! Who may invoke a function besides the callers of the API, and as whom the function runs.

use super::Lambda;
use crate::sandbox::runtime::{RoleSession, RunError};
use crate::sandbox::services::assumed::Assumed;
use crate::sandbox::services::grant::ServiceCall;
use crate::sandbox::services::iam::{Identity, Opening};
use crate::secret::Secret;

/// The name under which Lambda assumes roles.
const LAMBDA: &str = "lambda.amazonaws.com";
/// What AWS says of a role that does not trust Lambda.
pub(super) const UNASSUMABLE: &str = "The role defined for the function cannot be assumed by Lambda.";
/// How long a function's credentials last, in seconds: longer than any function runs.
const LASTING: u32 = 1_800;

impl Lambda {
    /// Tells whether the function's resource policy lets `service` (`events.amazonaws.com`) invoke it for what
    /// `source_arn` names. A function that is not there lets nobody.
    pub(in crate::sandbox) fn may_invoke(
        &self,
        region: &str,
        function: &str,
        service: &str,
        source_arn: &str,
    ) -> bool {
        let name = super::Named::parse(function).name;
        let Some(policy) = self.state.read(region, |region| region.functions.get(name)?.policy_document())
        else {
            return false;
        };
        let call = ServiceCall {
            service,
            action: "lambda:InvokeFunction",
            resource: &self.arn(region, name),
            source_arn,
            source_account: source_arn.split(':').nth(4).unwrap_or_default(),
        };
        call.is_allowed_by(&policy)
    }

    /// Tells whether a role's trust policy lets Lambda assume it for a function.
    pub(super) fn is_trusted(&self, trust: &str, role: &str, function: &str) -> bool {
        let call = ServiceCall {
            service: LAMBDA,
            action: "sts:AssumeRole",
            resource: role,
            source_arn: function,
            source_account: &self.account,
        };
        call.is_allowed_by(trust)
    }

    /// Opens a session of a function's role, named after the function, as Lambda does.
    pub(super) fn role_session(
        &self,
        role_arn: &str,
        function: &str,
        region: &str,
    ) -> Result<RoleSession, RunError> {
        let unassumable = || RunError::Role(UNASSUMABLE.to_owned());
        let role = self.iam.role(role_arn, "aws", &self.account).ok_or_else(unassumable)?;
        if !self.is_trusted(&role.trust, role_arn, &self.arn(region, function)) {
            return Err(unassumable());
        }
        let identity = Identity::Role { name: role.name.clone(), id: role.id, session: function.to_owned() };
        let opening =
            Opening { identity, seconds: LASTING, mfa: false, policies: Vec::new(), console: false };
        let issued = self.iam.open_session(opening).map_err(|error| RunError::Role(error.message))?;
        self.iam.record_role_use(&role.name, region);
        let assumed =
            Assumed { service: LAMBDA, account: &self.account, region, role: role_arn, session: function };
        assumed.record(&self.log, &issued, self.clock.now());
        Ok(RoleSession {
            access_key_id: issued.id,
            secret_access_key: Secret::new(issued.secret.reveal().to_owned()),
            session_token: Secret::new(issued.token.reveal().to_owned()),
        })
    }
}
