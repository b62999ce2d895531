//! Which account the SDK's clients speak to: AWS through the standard chain, an endpoint, or the sandbox in
//! this process. Nothing else in the program knows the difference.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
#[cfg(feature = "sandbox")]
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::answer::{Foreign, Whole};
use super::error::ApiError;
use super::meter::Meter;
use super::{Aws, Caller, call};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
#[cfg(feature = "sandbox")]
use crate::sandbox::control::{Order, desk::Desk};

/// Which account a command talks to (CONTRACT section 1).
#[derive(Debug, Clone)]
pub enum Target {
    /// The embedded account.
    Sandbox {
        /// Where the sandbox keeps its accounts.
        dir: PathBuf,
        /// Which account.
        account: String,
    },
    /// AWS, or whatever answers at an endpoint.
    Aws {
        /// Profile of the shared configuration files.
        profile: Option<String>,
        /// In place of AWS's own endpoints.
        endpoint_url: Option<String>,
        /// The only account a command may run in.
        account: Option<String>,
    },
}

impl Target {
    /// Returns the name the machine formats use.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sandbox { .. } => "sandbox",
            Self::Aws { .. } => "aws",
        }
    }
}

/// Returns the region to speak to: `named`; else, with AWS, the one of the environment or the profile, as the AWS CLI
/// takes them; else `fallback`.
pub async fn region(target: &Target, named: Option<&str>, fallback: &str) -> String {
    let told = match (named, target) {
        (Some(named), _) => Some(named.to_owned()),
        (None, Target::Aws { profile, .. }) => {
            let mut of_profile = ProfileFileRegionProvider::builder();
            if let Some(name) = profile {
                of_profile = of_profile.profile_name(name);
            }
            let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
            chain.or_else(of_profile.build()).region().await.map(|region| region.to_string())
        }
        (None, Target::Sandbox { .. }) => None,
    };
    told.unwrap_or_else(|| fallback.to_owned())
}

/// Connects to `target`: builds the clients, asks who we are, and checks the pinned account.
pub async fn connect(target: &Target, region: &str, clock: Clock) -> Result<Aws, Error> {
    match target {
        Target::Aws { profile, endpoint_url, account } => {
            let https = aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https();
            let mut loader =
                loader(https.clone(), region).retry_config(RetryConfig::adaptive().with_max_attempts(6));
            if let Some(profile) = profile {
                loader = loader.profile_name(profile);
            }
            if let Some(url) = endpoint_url {
                loader = loader.endpoint_url(url);
            }
            let mut config = loader.load().await;
            if let Some(profile) = profile {
                let own = SharedCredentialsProvider::new(of_profile(profile, https, &config));
                config = config.into_builder().credentials_provider(own).build();
            }
            let aws = identify(&config, region, clock).await?;
            match account {
                Some(pinned) if *pinned != aws.caller.account => Err(wrong_account(pinned, &aws.caller)),
                _ => Ok(aws),
            }
        }
        #[cfg(feature = "sandbox")]
        Target::Sandbox { dir, account } => {
            let options = crate::sandbox::Options {
                dir: Some(dir.clone()),
                account: account.clone(),
                clock: clock.clone(),
            };
            match Desk::find(options)? {
                Desk::Here(sandbox) => {
                    let credentials = SharedCredentialsProvider::new(sandbox.credentials());
                    connect_through(sandbox.http_client(), credentials, region, clock).await
                }
                served @ Desk::There(_) => connect_served(&served, account, region, clock).await,
            }
        }
        #[cfg(not(feature = "sandbox"))]
        Target::Sandbox { .. } => Err(Error::usage("this build has no sandbox").hinted("use `--target aws`")),
    }
}

/// Takes the credentials of a named profile and nobody else's. As with the AWS CLI, it goes before the keys of the
/// environment; the profile of `AWS_PROFILE` does not, and that is the standard chain's.
fn of_profile(profile: &str, https: SharedHttpClient, config: &SdkConfig) -> OfProfile {
    // Roles and single sign-on are asked for as everything else is.
    let mut settings = ProviderConfig::without_region()
        .with_http_client(https)
        .with_region(config.region().cloned())
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack());
    if let Some(retries) = config.retry_config() {
        settings = settings.with_retry_config(retries.clone());
    }
    if let Some(timeouts) = config.timeout_config() {
        settings = settings.with_timeout_config(timeouts.clone());
    }
    let provider =
        ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build();
    OfProfile { name: profile.to_owned(), provider }
}

/// The credentials of a named profile, with an error that names it.
#[derive(Debug)]
struct OfProfile {
    name: String,
    provider: ProfileFileCredentialsProvider,
}

impl ProvideCredentials for OfProfile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            self.provider.provide_credentials().await.map_err(|error| match error {
                CredentialsError::CredentialsNotLoaded(_) => CredentialsError::provider_error(format!(
                    "there is no profile `{}`, or it has no credentials",
                    self.name
                )),
                other => other,
            })
        })
    }
}

/// Connects through a given HTTP client: the sandbox, or a test's own.
pub async fn connect_through(
    http_client: SharedHttpClient,
    credentials: SharedCredentialsProvider,
    region: &str,
    clock: Clock,
) -> Result<Aws, Error> {
    let config = near(http_client, region).credentials_provider(credentials).load().await;
    identify(&config, region, clock).await
}

/// Connects to a sandbox that another process serves, as the account's administrator.
#[cfg(feature = "sandbox")]
async fn connect_served(desk: &Desk, account: &str, region: &str, clock: Clock) -> Result<Aws, Error> {
    let answer = desk.ask(Order::Credentials { account: account.to_owned() }).await?;
    let text = |key: &str| answer.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let key =
        Credentials::new(text("access_key_id"), text("secret_access_key"), None, None, "iamlab-sandbox");
    let url = desk.url().unwrap_or_default();
    connect_at(url, SharedCredentialsProvider::new(key), region, clock).await
}

/// Connects to what answers at an address of this machine, without encryption.
pub async fn connect_at(
    url: &str,
    credentials: SharedCredentialsProvider,
    region: &str,
    clock: Clock,
) -> Result<Aws, Error> {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let loader = near(http, region).credentials_provider(credentials).endpoint_url(url);
    identify(&loader.load().await, region, clock).await
}

/// For a server in this process or on this machine: nobody is spared by waiting for it.
fn near(
    http_client: impl aws_smithy_runtime_api::client::http::HttpClient + 'static,
    region: &str,
) -> aws_config::ConfigLoader {
    let retry = RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(1));
    loader(http_client, region).retry_config(retry)
}

fn loader(
    http_client: impl aws_smithy_runtime_api::client::http::HttpClient + 'static,
    region: &str,
) -> aws_config::ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_mins(1))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .region(Region::new(region.to_owned()))
        .timeout_config(timeouts)
}

macro_rules! client {
    ($sdk:ident, $config:expr, $meter:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from($config)
                .interceptor($meter.clone())
                .interceptor(Whole)
                .retry_classifier(Foreign)
                .build(),
        )
    };
}

async fn identify(config: &aws_config::SdkConfig, region: &str, clock: Clock) -> Result<Aws, Error> {
    let meter = Meter::default();
    let sts = client!(aws_sdk_sts, config, meter);
    let operation = "sts:GetCallerIdentity";
    let identity = call(&clock, operation, "the caller", || sts.get_caller_identity().send()).await?;
    let (Some(arn), Some(account)) = (identity.arn, identity.account) else {
        return Err(ApiError::broken(operation, "the caller", "the answer names no account").into());
    };
    let caller = Caller {
        account,
        partition: arn
            .split(':')
            .nth(1)
            .filter(|partition| !partition.is_empty())
            .unwrap_or("aws")
            .to_owned(),
        arn,
    };
    Ok(Aws {
        iam: client!(aws_sdk_iam, config, meter),
        lambda: client!(aws_sdk_lambda, config, meter),
        sns: client!(aws_sdk_sns, config, meter),
        events: client!(aws_sdk_eventbridge, config, meter),
        scheduler: client!(aws_sdk_scheduler, config, meter),
        cloudformation: client!(aws_sdk_cloudformation, config, meter),
        cloudtrail: client!(aws_sdk_cloudtrail, config, meter),
        account_management: client!(aws_sdk_account, config, meter),
        access_analyzer: client!(aws_sdk_accessanalyzer, config, meter),
        tagging: client!(aws_sdk_resourcegroupstagging, config, meter),
        sts,
        meter,
        clock,
        region: region.into(),
        caller,
    })
}

/// Returns the error for an account that is not the pinned one.
pub fn wrong_account(pinned: &str, caller: &Caller) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!("these credentials belong to account {}, but the run is pinned to {pinned}", caller.account),
    )
    .hinted("choose another `--profile`, or change the pinned account")
}
