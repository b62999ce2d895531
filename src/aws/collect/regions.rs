//! The account's enabled regions, and the analyzers in each: one listing, then a call per region, some at a time.

use std::collections::BTreeSet;

use aws_config::Region;
use aws_sdk_account::types::RegionOptStatus;

use super::{Named, analyzers, each};
use crate::account::snapshot::Analyzer;
use crate::aws::Aws;
use crate::aws::error::ApiError;

/// What is read of all regions.
pub(super) struct Regions {
    pub(super) enabled: Result<BTreeSet<String>, ApiError>,
    pub(super) analyzers: Named<Vec<Analyzer>>,
}

pub(super) async fn read(aws: &Aws) -> Regions {
    let enabled = enabled(aws).await;
    let nowhere = BTreeSet::new();
    let regions = enabled.as_ref().unwrap_or(&nowhere);
    let analyzers = each(regions, |region| async move {
        let there = aws.access_analyzer.config().to_builder().region(Region::new(region.clone())).build();
        let client = aws_sdk_accessanalyzer::Client::from_conf(there);
        analyzers::list(aws, &client, &format!("region {region}")).await
    })
    .await;
    Regions { enabled, analyzers }
}

/// Lists the regions that are on, by themselves or because somebody chose them.
async fn enabled(aws: &Aws) -> Result<BTreeSet<String>, ApiError> {
    const ON: [RegionOptStatus; 2] = [RegionOptStatus::Enabled, RegionOptStatus::EnabledByDefault];
    let mut enabled = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .call("account:ListRegions", "the account", || {
                aws.account_management
                    .list_regions()
                    .set_region_opt_status_contains(Some(ON.to_vec()))
                    .max_results(50)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        let on = page
            .regions()
            .iter()
            .filter(|region| region.region_opt_status().is_some_and(|status| ON.contains(status)));
        enabled.extend(on.filter_map(|region| region.region_name()).map(str::to_owned));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(enabled);
        }
    }
}
