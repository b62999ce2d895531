//! The server certificates that IAM keeps.

use super::timestamp;
use crate::account::snapshot::ServerCertificate;
use crate::aws::Aws;
use crate::aws::error::ApiError;

pub(super) async fn read(aws: &Aws) -> Result<Vec<ServerCertificate>, ApiError> {
    let mut certificates = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws
            .call("iam:ListServerCertificates", "the account", || {
                aws.iam.list_server_certificates().max_items(1000).set_marker(marker.clone()).send()
            })
            .await?;
        certificates.extend(page.server_certificate_metadata_list().iter().map(|one| ServerCertificate {
            name: one.server_certificate_name().into(),
            arn: one.arn().into(),
            expires: timestamp(one.expiration()),
        }));
        marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
        if marker.is_none() {
            certificates.sort_unstable_by(|one, other| one.arn.cmp(&other.arn));
            return Ok(certificates);
        }
    }
}
