//! The analyzers of IAM Access Analyzer in a region; the listing tells their tags too.

use crate::account::snapshot::Analyzer;
use crate::aws::Aws;
use crate::aws::error::ApiError;

/// Reads those of the region that the clients are for.
pub(super) async fn read(aws: &Aws) -> Result<Vec<Analyzer>, ApiError> {
    list(aws, &aws.access_analyzer, "the region").await
}

/// Reads those of the region that `client` is for.
pub(super) async fn list(
    aws: &Aws,
    client: &aws_sdk_accessanalyzer::Client,
    region: &str,
) -> Result<Vec<Analyzer>, ApiError> {
    let mut analyzers = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .call("access-analyzer:ListAnalyzers", region, || {
                client.list_analyzers().set_next_token(token.clone()).send()
            })
            .await?;
        analyzers.extend(page.analyzers().iter().map(|analyzer| Analyzer {
            arn: analyzer.arn().into(),
            name: analyzer.name().into(),
            kind: analyzer.r#type().as_str().into(),
            status: analyzer.status().as_str().into(),
            tags: analyzer.tags().map(|tags| tags.clone().into_iter().collect()).unwrap_or_default(),
        }));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            analyzers.sort_unstable_by(|one, other| one.arn.cmp(&other.arn));
            return Ok(analyzers);
        }
    }
}
