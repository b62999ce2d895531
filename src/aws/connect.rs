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
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
#[cfg(feature = "sandbox")]
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::config::IdentityCache;
use aws_sdk_sts::config::retry::RetryPartition;
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

/// The name that grading's requests carry in their user agent, so that a student's event history tells the grader's
/// looks from the student's own.
pub const GRADER_APP: &str = "iamlab-grade";

/// Connects to `target`: builds the clients, asks who we are, and checks the pinned account.
pub async fn connect(target: &Target, region: &str, clock: Clock) -> Result<Aws, Error> {
    let line = Line::open(target, region, clock).await?;
    pinned(target, line.speak().await?)
}

/// As [`connect`], with the name of an application in the user agent of every request.
pub async fn connect_with_app(
    target: &Target,
    region: &str,
    clock: Clock,
    app: &'static str,
) -> Result<Aws, Error> {
    let line = Line::open(target, region, clock).await?.named(app);
    pinned(target, line.speak().await?)
}

/// Refuses another account than the pinned one.
fn pinned(target: &Target, aws: Aws) -> Result<Aws, Error> {
    match target {
        Target::Aws { account: Some(pinned), .. } if *pinned != aws.caller.account => {
            Err(wrong_account(pinned, &aws.caller))
        }
        _ => Ok(aws),
    }
}

/// A line to a world of accounts, with the credentials of whoever opened it. Clients for other credentials share its
/// HTTP client: a class takes one pool of connections.
#[derive(Debug, Clone)]
pub struct Line {
    config: SdkConfig,
    clock: Clock,
}

impl Line {
    /// Opens a line to `target`; nobody is asked anything, but a sandbox is opened.
    ///
    /// # Errors
    ///
    /// The sandbox cannot be opened.
    pub async fn open(target: &Target, region: &str, clock: Clock) -> Result<Self, Error> {
        match target {
            Target::Aws { profile, endpoint_url, .. } => {
                Ok(Self::to_aws(profile.as_deref(), endpoint_url.as_deref(), region, clock).await)
            }
            #[cfg(feature = "sandbox")]
            Target::Sandbox { dir, account } => {
                let (dir, account) = (Some(dir.clone()), account.clone());
                let options = crate::sandbox::Options { dir, account: account.clone(), clock: clock.clone() };
                match Desk::find(options)? {
                    Desk::Here(sandbox) => Ok(Self::to_sandbox(&sandbox, region, clock).await),
                    served @ Desk::There(_) => Self::to_served(&served, &account, region, clock).await,
                }
            }
            #[cfg(not(feature = "sandbox"))]
            Target::Sandbox { .. } => {
                Err(Error::usage("this build has no sandbox").hinted("use `--target aws`"))
            }
        }
    }

    /// Opens a line to AWS, or to what answers at an endpoint.
    pub async fn to_aws(
        profile: Option<&str>,
        endpoint_url: Option<&str>,
        region: &str,
        clock: Clock,
    ) -> Self {
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let mut loader = loader(https, region).retry_config(RetryConfig::adaptive().with_max_attempts(6));
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let line = Self { config: loader.load().await, clock };
        match profile.and_then(|profile| line.of_profile(profile)) {
            Some(own) => {
                let config = line.config.into_builder().credentials_provider(own).build();
                Self { config, clock: line.clock }
            }
            None => line,
        }
    }

    /// Opens a line to a sandbox of this process, as the administrator of the account in front.
    #[cfg(feature = "sandbox")]
    pub async fn to_sandbox(sandbox: &crate::sandbox::Sandbox, region: &str, clock: Clock) -> Self {
        let own = SharedCredentialsProvider::new(sandbox.credentials());
        Self::through(sandbox.http_client(), own, region, clock).await
    }

    /// Opens a line to a sandbox that another process serves, as the account's administrator.
    #[cfg(feature = "sandbox")]
    pub(crate) async fn to_served(
        desk: &Desk,
        account: &str,
        region: &str,
        clock: Clock,
    ) -> Result<Self, Error> {
        let own = administrator(desk, account).await?;
        Ok(Self::at(desk.url().unwrap_or_default(), own, region, clock).await)
    }

    async fn through(
        http_client: SharedHttpClient,
        own: SharedCredentialsProvider,
        region: &str,
        clock: Clock,
    ) -> Self {
        let config = near(http_client, region).credentials_provider(own).load().await;
        Self { config, clock }
    }

    async fn at(url: &str, own: SharedCredentialsProvider, region: &str, clock: Clock) -> Self {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = near(http, region).credentials_provider(own).endpoint_url(url).load().await;
        Self { config, clock }
    }

    /// Puts the name of an application into the user agent of every request.
    #[must_use]
    pub fn named(self, app: &'static str) -> Self {
        // A name that AWS would not take is left out.
        let name = AppName::new(app).ok();
        let mut config = self.config.into_builder();
        config.set_app_name(name);
        Self { config: config.build(), clock: self.clock }
    }

    /// Takes the credentials of a named profile, when the line leads to AWS.
    pub fn of_profile(&self, profile: &str) -> Option<SharedCredentialsProvider> {
        let https = self.config.http_client()?;
        Some(SharedCredentialsProvider::new(of_profile(profile, https, &self.config)))
    }

    /// Builds the clients of whoever opened the line, and asks who that is.
    ///
    /// # Errors
    ///
    /// Nobody answers, or nobody of these credentials is known.
    pub async fn speak(&self) -> Result<Aws, Error> {
        identify(&self.config, self.region(), self.clock.clone(), None).await
    }

    /// Builds the clients of somebody else, and asks who that is. What one account throttles does not slow the
    /// others down, and nothing of them stays when they are dropped.
    ///
    /// # Errors
    ///
    /// Nobody answers, or nobody of these credentials is known.
    pub async fn speak_as(&self, credentials: SharedCredentialsProvider, region: &str) -> Result<Aws, Error> {
        let config = self
            .config
            .clone()
            .into_builder()
            .credentials_provider(credentials)
            .identity_cache(IdentityCache::lazy().build())
            .region(Region::new(region.to_owned()))
            .build();
        let alone = RetryPartition::custom("one account").build();
        identify(&config, region, self.clock.clone(), Some(alone)).await
    }

    fn region(&self) -> &str {
        self.config.region().map_or("", AsRef::as_ref)
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
    Line::through(http_client, credentials, region, clock).await.speak().await
}

/// Returns the administrator's key of an account of a sandbox that another process serves.
#[cfg(feature = "sandbox")]
pub(crate) async fn administrator(desk: &Desk, account: &str) -> Result<SharedCredentialsProvider, Error> {
    let answer = desk.ask(Order::Credentials { account: account.to_owned() }).await?;
    let text = |key: &str| answer.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let key =
        Credentials::new(text("access_key_id"), text("secret_access_key"), None, None, "iamlab-sandbox");
    Ok(SharedCredentialsProvider::new(key))
}

/// Connects to what answers at an address of this machine, without encryption.
pub async fn connect_at(
    url: &str,
    credentials: SharedCredentialsProvider,
    region: &str,
    clock: Clock,
) -> Result<Aws, Error> {
    Line::at(url, credentials, region, clock).await.speak().await
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
    ($sdk:ident, $config:expr, $meter:expr, $partition:expr) => {{
        let mut builder = $sdk::config::Builder::from($config)
            .interceptor($meter.clone())
            .interceptor(Whole)
            .retry_classifier(Foreign);
        builder.set_retry_partition($partition.clone());
        $sdk::Client::from_conf(builder.build())
    }};
}

async fn identify(
    config: &SdkConfig,
    region: &str,
    clock: Clock,
    partition: Option<RetryPartition>,
) -> Result<Aws, Error> {
    let meter = Meter::default();
    let sts = client!(aws_sdk_sts, config, meter, partition);
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
        iam: client!(aws_sdk_iam, config, meter, partition),
        lambda: client!(aws_sdk_lambda, config, meter, partition),
        sns: client!(aws_sdk_sns, config, meter, partition),
        events: client!(aws_sdk_eventbridge, config, meter, partition),
        scheduler: client!(aws_sdk_scheduler, config, meter, partition),
        cloudformation: client!(aws_sdk_cloudformation, config, meter, partition),
        cloudtrail: client!(aws_sdk_cloudtrail, config, meter, partition),
        account_management: client!(aws_sdk_account, config, meter, partition),
        access_analyzer: client!(aws_sdk_accessanalyzer, config, meter, partition),
        tagging: client!(aws_sdk_resourcegroupstagging, config, meter, partition),
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
