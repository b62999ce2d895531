//! STS of one sandbox account: who a key belongs to, and temporary credentials.
//!
//! Sessions are kept in the account's [`Iam`], so one snapshot holds an account's identities; this service has no
//! state of its own. What lies beyond one account, and whether a trust policy lets a caller in, is asked of a
//! [`Realm`].

mod needs;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use serde_json::{Value, json};

use super::iam::store::Role;
use super::iam::{Iam, Identity, Issued, KeyOwner, Opening, ids};
use crate::policy::grammar::{self, PolicyKind};

/// What STS must ask the sandbox as a whole.
pub trait Realm: Send + Sync {
    /// IAM of another account, when the sandbox holds it.
    fn iam(&self, account: &str) -> Option<Arc<Iam>>;

    /// Whether the role's trust policy, and what the caller may do, let the attempt through. The error is the
    /// denial in AWS's words.
    fn admits(&self, attempt: &Attempt<'_>) -> Result<(), AwsError>;
}

/// One attempt to assume a role.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Who attempts it.
    pub caller: &'a KeyOwner,
    /// The call: the caller's account and everything that comes from the request.
    pub ctx: &'a RequestContext,
    /// The ARN of the role.
    pub role_arn: &'a str,
    /// The role, when it exists.
    pub role: Option<&'a Role>,
    /// The `ExternalId` that was given.
    pub external_id: Option<&'a str>,
    /// The name of the session.
    pub session_name: &'a str,
    /// Whether a valid MFA code came with the attempt.
    pub mfa: bool,
}

/// A realm of one account in which every role may be assumed.
struct Alone;

impl Realm for Alone {
    fn iam(&self, _: &str) -> Option<Arc<Iam>> {
        None
    }

    fn admits(&self, attempt: &Attempt<'_>) -> Result<(), AwsError> {
        if attempt.role.is_some() { Ok(()) } else { Err(denied("there is no such role")) }
    }
}

/// STS of one account.
pub struct Sts {
    iam: Arc<Iam>,
    realm: Arc<dyn Realm>,
}

impl fmt::Debug for Sts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sts").finish_non_exhaustive()
    }
}

impl Sts {
    /// Makes the STS of an account that stands alone.
    pub fn new(iam: Arc<Iam>) -> Self {
        Self { iam, realm: Arc::new(Alone) }
    }

    /// Puts it into a realm of several accounts.
    #[must_use]
    pub fn with_realm(self, realm: Arc<dyn Realm>) -> Self {
        Self { realm, ..self }
    }

    fn caller(&self, ctx: &RequestContext) -> Result<KeyOwner, AwsError> {
        let owner = ctx.access_key.as_deref().and_then(|key| self.iam.resolve_key(key));
        owner.ok_or_else(|| {
            let message = "The security token included in the request is invalid.";
            AwsError::forbidden("InvalidClientTokenId", message)
        })
    }

    fn caller_identity(&self, ctx: &RequestContext) -> Result<Value, AwsError> {
        let caller = self.caller(ctx)?.identity;
        Ok(json!({
            "Arn": caller.arn(&ctx.partition, &ctx.account_id),
            "UserId": caller.user_id(&ctx.account_id),
            "Account": ctx.account_id,
        }))
    }

    fn access_key_info(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let key = text(input, "AccessKeyId")?;
        // The id tells it, whether the key still exists or not, and whoever asks.
        let own = self.iam.resolve_key(key).map(|_| ctx.account_id.clone());
        match own.or_else(|| ids::account_of_key(key)) {
            Some(account) => Ok(json!({ "Account": account })),
            None => Err(validation(format!("Invalid access key id: {key}"))),
        }
    }

    fn session_token(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let caller = self.caller(ctx)?;
        if caller.session_token.is_some() {
            return Err(denied("Cannot call GetSessionToken with session credentials"));
        }
        let longest = if caller.identity == Identity::Root { 3_600 } else { 129_600 };
        let lasting = duration(input, longest.min(43_200), longest)?;
        let mfa = self.mfa(input, &caller)?;
        let (identity, policies) = (caller.identity, Vec::new());
        let opening = Opening { identity, seconds: lasting, mfa, policies, console: false };
        Ok(json!({ "Credentials": credentials(&self.iam.open_session(opening)?) }))
    }

    fn assume_role(&self, input: &Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let caller = self.caller(ctx)?;
        let (role_arn, name) = (text(input, "RoleArn")?, text(input, "RoleSessionName")?);
        let word = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(2..=64).contains(&name.len()) || !name.chars().all(word) {
            return Err(validation(format!(
                "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [\\w+=,.@-]*"
            )));
        }
        let account = account_of(role_arn).ok_or_else(|| validation(format!("{role_arn} is invalid")))?;
        let iam =
            if account == ctx.account_id { Some(Arc::clone(&self.iam)) } else { self.realm.iam(account) };
        let role = iam.as_ref().and_then(|iam| iam.role(role_arn, &ctx.partition, account));
        let mfa = self.mfa(input, &caller)?;
        self.realm.admits(&Attempt {
            caller: &caller,
            ctx,
            role_arn,
            role: role.as_ref(),
            external_id: input.get("ExternalId").and_then(Value::as_str),
            session_name: name,
            mfa,
        })?;
        let (Some(iam), Some(role)) = (iam, role) else { return Err(denied("there is no such role")) };
        let chained = matches!(caller.identity, Identity::Role { .. });
        let lasting =
            if chained { chained_duration(input)? } else { duration(input, 3_600, role.max_session)? };
        let identity =
            Identity::Role { name: role.name.clone(), id: role.id.clone(), session: name.to_owned() };
        let policies = session_policies(input, &iam)?;
        let size: usize = policies.iter().map(|policy| grammar::size(policy)).sum();
        let opening = Opening { identity: identity.clone(), seconds: lasting, mfa, policies, console: false };
        let issued = iam.open_session(opening)?;
        iam.record_role_use(&role.name, &ctx.region);
        let packed = (size > 0).then(|| size.saturating_mul(100).div_ceil(PACKED_LIMIT).min(100));
        let mut answer = json!({
            "Credentials": credentials(&issued),
            "AssumedRoleUser": {
                "AssumedRoleId": identity.user_id(account),
                "Arn": identity.arn(&ctx.partition, account),
            },
        });
        if let Some(packed) = packed {
            super::wire::set(&mut answer, "PackedPolicySize", packed);
        }
        Ok(answer)
    }

    /// Checks the MFA code of a request: `false` when none was given, an error when it is wrong.
    fn mfa(&self, input: &Value, caller: &KeyOwner) -> Result<bool, AwsError> {
        let given = |name: &str| input.get(name).and_then(Value::as_str);
        match (given("SerialNumber"), given("TokenCode")) {
            (Some(serial), Some(code)) => {
                let fits = caller.user_name().is_some_and(|user| self.iam.check_mfa(user, serial, code));
                let wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
                if fits { Ok(true) } else { Err(denied(wrong)) }
            }
            _ => Ok(false),
        }
    }
}

/// The characters that session policies may take. AWS packs them in its own way; ours only counts.
const PACKED_LIMIT: usize = 2_048;

/// Reads the session policies of a request: the inline one and the managed ones of the role's account.
fn session_policies(input: &Value, iam: &Iam) -> Result<Vec<String>, AwsError> {
    let mut policies = Vec::new();
    if let Some(policy) = input.get("Policy").and_then(Value::as_str) {
        grammar::validate(policy, PolicyKind::Inline)
            .map_err(|message| AwsError::bad_request("MalformedPolicyDocument", message))?;
        if grammar::size(policy) > PACKED_LIMIT {
            let message =
                "Packed policy consumes more than 100% of allotted space, please use smaller policy.";
            return Err(AwsError::bad_request("PackedPolicyTooLarge", message));
        }
        policies.push(policy.to_owned());
    }
    let arns = input.get("PolicyArns").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if arns.len() > 10 {
        return Err(validation("The number of managed session policies exceeds the limit of 10."));
    }
    for arn in arns.iter().filter_map(|entry| entry.get("arn").and_then(Value::as_str)) {
        let document = iam.policy_document(arn);
        policies.push(document.ok_or_else(|| validation(format!("Policy {arn} does not exist.")))?);
    }
    Ok(policies)
}

/// Renders temporary credentials.
fn credentials(issued: &Issued) -> Value {
    json!({
        "AccessKeyId": issued.id,
        "SecretAccessKey": issued.secret.reveal(),
        "SessionToken": issued.token.reveal(),
        "Expiration": issued.expires,
    })
}

/// The operations it answers; `handle` has an arm for each.
const OPERATIONS: &[&str] = &["GetCallerIdentity", "GetAccessKeyInfo", "GetSessionToken", "AssumeRole"];

#[async_trait]
impl ServiceHandler for Sts {
    fn service_name(&self) -> &'static str {
        "sts"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsQuery
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        match operation {
            "GetCallerIdentity" => self.caller_identity(ctx),
            "GetAccessKeyInfo" => self.access_key_info(&input, ctx),
            "GetSessionToken" => self.session_token(&input, ctx),
            "AssumeRole" => self.assume_role(&input, ctx),
            _ => {
                let message = format!("Could not find operation {operation} for version 2011-06-15");
                Err(AwsError::bad_request("InvalidAction", message))
            }
        }
    }
}

impl super::Service for Sts {
    fn operations(&self) -> Vec<&'static str> {
        OPERATIONS.to_vec()
    }

    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<super::Need> {
        needs::of(&self.iam, operation, input, ctx)
    }
}

fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4)?;
    parts.next().filter(|rest| arn.contains(":iam::") && rest.starts_with("role/")).map(|_| account)
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    input.get(name).and_then(Value::as_str).ok_or_else(|| {
        let mut at = name.to_owned();
        at.get_mut(..1).into_iter().for_each(str::make_ascii_lowercase);
        validation(format!(
            "1 validation error detected: Value null at '{at}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn duration(input: &Value, usual: u32, longest: u32) -> Result<u32, AwsError> {
    let Some(given) = input.get("DurationSeconds") else { return Ok(usual) };
    let given = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
    let seconds: u32 = given.parse().map_err(|_| validation(format!("DurationSeconds: {given}")))?;
    if seconds < 900 {
        return Err(validation(format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: \
             Member must have value greater than or equal to 900"
        )));
    }
    if seconds > longest {
        return Err(validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds)
}

/// The length of a session that a role session opens: at most an hour, whatever the role allows.
fn chained_duration(input: &Value) -> Result<u32, AwsError> {
    duration(input, 3_600, u32::MAX).and_then(|seconds| match seconds {
        0..=3_600 => Ok(seconds),
        _ => Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )),
    })
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("ValidationError", message)
}

fn denied(message: impl Into<String>) -> AwsError {
    AwsError::forbidden("AccessDenied", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;

    struct Account {
        iam: Arc<Iam>,
        sts: Sts,
        clock: Clock,
        ctx: RequestContext,
    }

    fn account() -> Account {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let iam = Arc::new(Iam::new("123456789012", clock.clone()));
        let mut ctx = RequestContext::new("sts", "us-east-1");
        ctx.account_id = "123456789012".into();
        ctx.access_key = Some(iam.administrator_key().0);
        Account { sts: Sts::new(Arc::clone(&iam)), iam, clock, ctx }
    }

    impl Account {
        fn iam(&self, operation: &str, input: Value) -> Value {
            futures::executor::block_on(self.iam.handle(operation, input, &self.ctx)).unwrap()
        }

        fn sts(&self, key: &str, operation: &str, input: Value) -> Result<Value, AwsError> {
            let ctx = RequestContext { access_key: Some(key.into()), ..self.ctx.clone() };
            futures::executor::block_on(self.sts.handle(operation, input, &ctx))
        }

        fn whoami(&self, key: &str) -> Result<Value, AwsError> {
            self.sts(key, "GetCallerIdentity", json!({}))
        }
    }

    #[test]
    fn the_administrator_is_root_and_a_user_is_itself() {
        let account = account();
        let root = account.whoami(&account.iam.administrator_key().0).unwrap();
        assert_eq!(root["Arn"], "arn:aws:iam::123456789012:root");
        assert_eq!(root["UserId"], "123456789012");
        account.iam("CreateUser", json!({ "UserName": "u", "Path": "/p/" }));
        let key =
            account.iam("CreateAccessKey", json!({ "UserName": "u" }))["AccessKey"]["AccessKeyId"].clone();
        assert_eq!(
            account.whoami(key.as_str().unwrap()).unwrap()["Arn"],
            "arn:aws:iam::123456789012:user/p/u"
        );
        let error = account.whoami("AKIANOBODY").unwrap_err();
        assert_eq!((error.code.as_str(), error.status.as_u16()), ("InvalidClientTokenId", 403));
    }

    #[test]
    fn a_role_session_ends_with_its_time_or_its_role() {
        let account = account();
        let administrator = account.iam.administrator_key().0;
        account.iam("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": TRUST }));
        let arn = "arn:aws:iam::123456789012:role/r";
        let assume = |arn: &str, seconds: &str| {
            let input = json!({ "RoleArn": arn, "RoleSessionName": "me", "DurationSeconds": seconds });
            account.sts(&administrator, "AssumeRole", input)
        };
        assert_eq!(assume("arn:aws:iam::123456789012:role/none", "900").unwrap_err().code, "AccessDenied");
        assert_eq!(assume("arn:aws:iam::210987654321:role/r", "900").unwrap_err().code, "AccessDenied");
        assert_eq!(assume(arn, "7200").unwrap_err().code, "ValidationError");
        let answer = assume(arn, "900").unwrap();
        let key = answer["Credentials"]["AccessKeyId"].as_str().unwrap();
        assert!(key.starts_with("ASIA"));
        let who = account.whoami(key).unwrap();
        assert_eq!(who["Arn"], "arn:aws:sts::123456789012:assumed-role/r/me");
        assert_eq!(who["UserId"], answer["AssumedRoleUser"]["AssumedRoleId"]);
        assert!(account.iam.resolve_key(key).unwrap().active);

        let bytes = account.iam.snapshot().unwrap();
        account.iam("DeleteRole", json!({ "RoleName": "r" }));
        assert!(!account.iam.resolve_key(key).unwrap().active);
        account.iam.restore(&bytes).unwrap();
        assert!(account.iam.resolve_key(key).unwrap().active);
        futures::executor::block_on(account.clock.sleep(std::time::Duration::from_mins(15)));
        assert!(!account.iam.resolve_key(key).unwrap().active);
    }

    #[test]
    fn a_session_token_stands_for_its_user() {
        let account = account();
        account.iam("CreateUser", json!({ "UserName": "u" }));
        let made = account.iam("CreateAccessKey", json!({ "UserName": "u" }));
        let key = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
        let session = account.sts(key, "GetSessionToken", json!({})).unwrap();
        let temporary = session["Credentials"]["AccessKeyId"].as_str().unwrap();
        assert_eq!(account.iam.resolve_key(temporary).unwrap().user_name(), Some("u"));
        assert_eq!(account.sts(temporary, "GetSessionToken", json!({})).unwrap_err().code, "AccessDenied");
        let wrong = json!({ "SerialNumber": "arn:aws:iam::123456789012:mfa/d", "TokenCode": "000000" });
        assert_eq!(account.sts(key, "GetSessionToken", wrong).unwrap_err().code, "AccessDenied");
    }
}
