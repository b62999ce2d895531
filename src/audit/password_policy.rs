//! What the checks of the password policy share: an account without one has AWS's defaults, and a call that changes
//! one number resets all others.

use super::check::{Look, Unread};
use super::verdict::Verdict;
use crate::account::snapshot::PasswordPolicy;

/// The command that sets a policy which all of the checks pass.
pub(super) const FIX: &str = "Set the whole policy at once, because an option that is left out goes back to its \
    default: `aws iam update-account-password-policy --minimum-password-length 14 --require-uppercase-characters \
    --require-lowercase-characters --require-numbers --require-symbols --allow-users-to-change-password \
    --max-password-age 90 --password-reuse-prevention 24`.";

/// Where the facts about password policies come from.
pub(super) const SOURCES: &[&str] = &[
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html",
];

/// What a check looks at in the policy.
pub(super) struct Rule {
    /// AWS's name of the field.
    pub(super) field: &'static str,
    /// What holds when the account has no policy of its own: `8`.
    pub(super) default: &'static str,
    /// The sentence for an account without a policy, after "has no password policy, so ".
    pub(super) without: &'static str,
}

/// What a policy says about it.
pub(super) struct Said {
    /// Whether that is enough.
    pub(super) good: bool,
    /// The field's raw value.
    pub(super) value: String,
    /// The sentence.
    pub(super) message: String,
}

impl Said {
    /// Makes it of a field that is on or off.
    pub(super) fn flag(on: bool, good: &str, bad: &str) -> Self {
        Self { good: on, value: on.to_string(), message: if on { good } else { bad }.to_owned() }
    }
}

/// Judges one field of the account's password policy.
pub(super) fn judge(
    look: &Look<'_>,
    rule: &Rule,
    say: impl FnOnce(&PasswordPolicy) -> Said,
) -> Result<Vec<Verdict>, Unread> {
    let verdict = match look.password_policy()? {
        Some(policy) => {
            let said = say(policy);
            Verdict::decide(look.account(), said.good, said.message).with(rule.field, said.value)
        }
        None => Verdict::fail(look.account(), format!("has no password policy, so {}", rule.without))
            .with("PasswordPolicy", "NoSuchEntity")
            .with(rule.field, format!("{} (AWS's default)", rule.default)),
    };
    Ok(vec![verdict])
}
