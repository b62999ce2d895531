//! The package of a function, fetched from where `GetFunction` says it is: S3 by an address that is signed for ten
//! minutes, or, in the sandbox, the address itself (a `data:` URL).

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::byte_stream::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Aws;
use super::error::ApiError;

/// The largest package that is fetched: what Lambda takes with a request.
pub const PACKAGE_LIMIT: usize = 50 << 20;

/// The longest time until a download begins, and the longest it may then take.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(2));

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum Unfetched {
    /// Lambda did not answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The endpoint, which is not AWS, keeps no package to fetch.
    #[error("the endpoint offers no package to download")]
    NotOffered,
    /// It is larger than `up` could ever put back.
    #[error("its package is larger than {} MB", PACKAGE_LIMIT >> 20)]
    TooLarge,
    /// It was offered and did not come.
    #[error("its package could not be downloaded: {0}")]
    Broken(String),
}

/// Fetches the package of the function `name`.
pub async fn package(aws: &Aws, name: &str) -> Result<Vec<u8>, Unfetched> {
    let answer = aws
        .call("lambda:GetFunction", &format!("function.{name}"), || {
            aws.lambda.get_function().function_name(name).send()
        })
        .await?;
    let location = answer.code().and_then(|code| code.location()).unwrap_or_default();
    if let Some(data) = location.strip_prefix("data:application/zip;base64,") {
        return STANDARD.decode(data).map_err(|error| Unfetched::Broken(error.to_string()));
    }
    if !location.starts_with("https://") {
        return Err(Unfetched::NotOffered);
    }
    let late = |_| Unfetched::Broken("it took too long".into());
    let answer = tokio::time::timeout(PATIENCE.0, request(location)).await.map_err(late)??;
    tokio::time::timeout(PATIENCE.1, read(answer)).await.map_err(late)?
}

/// Asks for what an address gives. The address is a secret while it lasts: no error repeats it.
async fn request(address: &str) -> Result<HttpResponse, Unfetched> {
    let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
    let request = HttpRequest::get(address).map_err(|_| Unfetched::Broken("its address is none".into()))?;
    let answer = connector.call(request).await;
    let answer = answer.map_err(|_| Unfetched::Broken("there is no connection".into()))?;
    match answer.status().as_u16() {
        200 => Ok(answer),
        status => Err(Unfetched::Broken(format!("status {status}"))),
    }
}

/// Reads an answer, up to the limit.
async fn read(answer: HttpResponse) -> Result<Vec<u8>, Unfetched> {
    let mut body = ByteStream::new(answer.into_body());
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| Unfetched::Broken("the connection was lost".into()))?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > PACKAGE_LIMIT {
            return Err(Unfetched::TooLarge);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn what_is_larger_than_a_package_is_not_read() {
        let answer =
            |size: usize| HttpResponse::new(StatusCode::try_from(200).unwrap(), vec![0; size].into());
        assert_eq!(read(answer(3)).await.unwrap().len(), 3);
        assert!(matches!(read(answer(PACKAGE_LIMIT + 1)).await, Err(Unfetched::TooLarge)));
        assert!(matches!(request("no address").await, Err(Unfetched::Broken(_))));
    }
}
