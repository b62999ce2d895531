//! The account's password policy, or that it has none.

use crate::account::snapshot::PasswordPolicy;
use crate::aws::Aws;
use crate::aws::error::ApiError;

pub(super) async fn read(aws: &Aws) -> Result<Option<PasswordPolicy>, ApiError> {
    let answer = aws
        .find("iam:GetAccountPasswordPolicy", "password_policy.account", || {
            aws.iam.get_account_password_policy().send()
        })
        .await?;
    Ok(answer.and_then(|answer| answer.password_policy).map(|policy| PasswordPolicy {
        minimum_length: policy.minimum_password_length().unwrap_or(6),
        require_uppercase: policy.require_uppercase_characters(),
        require_lowercase: policy.require_lowercase_characters(),
        require_numbers: policy.require_numbers(),
        require_symbols: policy.require_symbols(),
        max_age_days: policy.max_password_age().filter(|_| policy.expire_passwords()),
        reuse_prevention: policy.password_reuse_prevention(),
        users_may_change: policy.allow_users_to_change_password(),
        hard_expiry: policy.hard_expiry().unwrap_or(false),
    }))
}
