//! The account's password policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ACCOUNT, Done, Export, Found, Resource, gone};
use crate::account::snapshot::{Facet, PasswordPolicy};
use crate::aws::collect::Scope;
use crate::provision::Session;
use crate::provision::ownership::Ownership;
use crate::provision::plan::Picture;
use crate::scenario::Resolved;

/// The account's password policy. What is left out has AWS's own default.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// The shortest password, 6 to 128 characters.
    #[schemars(range(min = 6, max = 128))]
    pub minimum_length: i32,
    /// At least one uppercase letter (A–Z).
    pub require_uppercase: bool,
    /// At least one lowercase letter (a–z).
    pub require_lowercase: bool,
    /// At least one digit.
    pub require_numbers: bool,
    /// At least one of `! @ # $ % ^ & * ( ) _ + - = [ ] { } | '`.
    pub require_symbols: bool,
    /// Days after which a password expires, 1 to 1095; left out: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1095))]
    pub max_age_days: Option<i32>,
    /// How many former passwords cannot be used again, 1 to 24; left out: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 24))]
    pub reuse_prevention: Option<i32>,
    /// Whether users may change their own password.
    pub users_may_change: bool,
    /// Whether a user whose password expired needs an administrator.
    pub hard_expiry: bool,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            minimum_length: 6,
            require_uppercase: false,
            require_lowercase: false,
            require_numbers: false,
            require_symbols: false,
            max_age_days: None,
            reuse_prevention: None,
            users_may_change: false,
            hard_expiry: false,
        }
    }
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

impl Resource for Kind {
    const KIND: &'static str = "password_policy";
    type Spec = Spec;
    type State = PasswordPolicy;

    fn scope(_name: &str, _spec: Option<&Spec>, scope: &mut Scope) {
        scope.password_policy = true;
    }

    fn desired(_name: &str, spec: &Spec, _scenario: &Resolved) -> Result<PasswordPolicy, String> {
        Ok(PasswordPolicy {
            minimum_length: spec.minimum_length,
            require_uppercase: spec.require_uppercase,
            require_lowercase: spec.require_lowercase,
            require_numbers: spec.require_numbers,
            require_symbols: spec.require_symbols,
            max_age_days: spec.max_age_days,
            reuse_prevention: spec.reuse_prevention,
            users_may_change: spec.users_may_change,
            hard_expiry: spec.hard_expiry,
        })
    }

    fn observed(
        picture: Picture<'_>,
        _name: &str,
        desired: Option<&PasswordPolicy>,
    ) -> Facet<Option<Found<PasswordPolicy>>> {
        let policy = match &picture.snapshot.password_policy {
            Facet::Read(policy) => policy,
            Facet::NotRead(reason) => return Facet::NotRead(reason.clone()),
        };
        Facet::Read(policy.as_ref().map(|policy| Found {
            // It takes no tag. One that says what the scenario says counts as the scenario's; any other is
            // somebody else's.
            ownership: if desired == Some(policy) { Ownership::Ours } else { Ownership::Foreign },
            state: policy.clone(),
        }))
    }

    fn owned(_picture: Picture<'_>) -> Vec<String> {
        Vec::new()
    }

    fn spec(_name: &str, state: &PasswordPolicy, _export: &Export<'_>) -> Result<Spec, String> {
        Ok(Spec {
            minimum_length: state.minimum_length,
            require_uppercase: state.require_uppercase,
            require_lowercase: state.require_lowercase,
            require_numbers: state.require_numbers,
            require_symbols: state.require_symbols,
            max_age_days: state.max_age_days,
            reuse_prevention: state.reuse_prevention,
            users_may_change: state.users_may_change,
            hard_expiry: state.hard_expiry,
        })
    }

    async fn create(session: &Session, name: &str, to: &PasswordPolicy) -> Done {
        session
            .aws
            .call("iam:UpdateAccountPasswordPolicy", &format!("password_policy.{name}"), || {
                session
                    .aws
                    .iam
                    .update_account_password_policy()
                    .minimum_password_length(to.minimum_length)
                    .require_uppercase_characters(to.require_uppercase)
                    .require_lowercase_characters(to.require_lowercase)
                    .require_numbers(to.require_numbers)
                    .require_symbols(to.require_symbols)
                    .set_max_password_age(to.max_age_days)
                    .set_password_reuse_prevention(to.reuse_prevention)
                    .allow_users_to_change_password(to.users_may_change)
                    .hard_expiry(to.hard_expiry)
                    .send()
            })
            .await
            .map(drop)
    }

    async fn update(session: &Session, name: &str, _from: &PasswordPolicy, to: &PasswordPolicy) -> Done {
        // The call replaces the whole policy: what it does not name goes back to AWS's default.
        Self::create(session, name, to).await
    }

    async fn delete(session: &Session, _name: &str, _from: &PasswordPolicy) -> Done {
        gone(
            session
                .aws
                .call("iam:DeleteAccountPasswordPolicy", &format!("password_policy.{ACCOUNT}"), || {
                    session.aws.iam.delete_account_password_policy().send()
                })
                .await,
        )
    }

    async fn adopt(_session: &Session, _name: &str, _from: &PasswordPolicy) -> Done {
        Ok(())
    }
}
