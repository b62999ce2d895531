//! What the account has and may have: `GetAccountSummary`, AWS's keys and their numbers.

use std::collections::BTreeMap;

use crate::aws::Aws;
use crate::aws::error::ApiError;

pub(super) async fn read(aws: &Aws) -> Result<BTreeMap<String, i64>, ApiError> {
    let answer =
        aws.call("iam:GetAccountSummary", "the account", || aws.iam.get_account_summary().send()).await?;
    let entries = answer.summary_map.unwrap_or_default().into_iter();
    Ok(entries.map(|(key, count)| (key.as_str().to_owned(), i64::from(count))).collect())
}
