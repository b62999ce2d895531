//! The services of the sandbox, one file or folder each, every one an [`awsim_core::ServiceHandler`].
//!
//! `Services::open` is the table. A service keeps its state in memory (most in a `Regional`), gives it as
//! bytes (`snapshot`) and takes it back (`restore`); saving is not its business.

mod access_analyzer;
pub mod cloudformation;
mod events;
pub mod iam;
pub(in crate::sandbox) mod lambda;
mod logs;
mod regional;
mod sns;
pub mod sts;
mod tagging;
mod tags;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use awsim_core::{AwsError, RequestContext, RouteDefinition, ServiceHandler};
use serde_json::Value;

use super::SandboxError;
use super::durable::{Durable, Keeper};
use super::store::Store;
use crate::clock::Clock;
use cloudformation::{CloudFormation, Invoke};
use iam::Iam;
use tags::{Tagged, Tags};

/// A service of the sandbox: what it answers, and what a caller needs to be allowed for each call.
pub(super) trait Service: ServiceHandler {
    /// The operations it answers, as the API spells them.
    fn operations(&self) -> Vec<&'static str>;

    /// What the caller must be allowed to do for this call, before it is carried out; all of it. Nothing for a
    /// call that needs no permission (`sts:GetCallerIdentity`). Source: the Service Authorization Reference.
    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need>;
}

/// One thing a caller must be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    /// The action as AWS writes it in messages: `iam:AddUserToGroup`.
    pub(crate) action: String,
    /// The ARN the policies are asked about, or `*`.
    pub(crate) resource: String,
    /// How the service's message names the resource: `group IAM-Auditor-Group`; the ARN when it names it so.
    pub(crate) shown: String,
    /// The condition keys of this call, besides the global ones of every call.
    pub(crate) keys: Vec<(String, Vec<String>)>,
    /// The policy of the resource itself (of a topic, a function), when it has one.
    pub(crate) resource_policy: Option<String>,
}

/// The services of one account, opened and wired to each other.
pub(super) struct Services {
    registered: Vec<Arc<dyn ServiceHandler>>,
    keeper: Option<Arc<Keeper>>,
    iam: Arc<Iam>,
    lambda: Arc<lambda::Lambda>,
}

impl Services {
    /// Makes the services of an account and restores what `store` holds of them.
    pub(super) fn open(account: &str, clock: &Clock, store: Option<Store>) -> Result<Self, SandboxError> {
        let iam = Arc::new(Iam::new(clock.clone()));
        let sts = Arc::new(sts::Sts::new(iam.clone(), clock.clone()));
        let logs = Arc::new(logs::Logs::new(account));
        let lambda = Arc::new(lambda::Lambda::new(account, clock.clone(), iam.clone(), logs.clone()));
        let sns = Arc::new(sns::Sns::new(account, clock.clone()));
        let events = Arc::new(events::Events::new(account));
        let analyzer = Arc::new(access_analyzer::AccessAnalyzer::new(account, clock.clone()));
        let internal: Vec<Arc<dyn ServiceHandler>> =
            vec![iam.clone(), lambda.clone(), sns.clone(), events.clone()];
        let stacks = Arc::new(CloudFormation::new(clock.clone(), Arc::new(Internal(internal))));
        let tagging = Arc::new(tagging::Tagging::new(vec![
            iam.clone(),
            lambda.clone(),
            sns.clone(),
            events.clone(),
            analyzer.clone(),
            stacks.clone(),
        ]));
        // Each service with the services whose state its calls change. IAM is among them all: it notes when a
        // key was last used.
        let functions = lambda.clone();
        let table: [(Arc<dyn ServiceHandler>, &'static [&'static str]); 9] = [
            (iam.clone(), &["iam"]),
            (sts, &["iam"]),
            (lambda, &["lambda", "logs", "iam"]),
            (logs, &["logs"]),
            (sns, &["sns", "iam"]),
            (events, &["events", "iam"]),
            (analyzer, &["access-analyzer", "iam"]),
            (stacks, &["cloudformation", "iam", "lambda", "sns", "events"]),
            (tagging, &[]),
        ];
        let Some(store) = store else {
            let registered = table.into_iter().map(|(service, _)| service).collect();
            return Ok(Self { registered, keeper: None, iam, lambda: functions });
        };
        let services = table.iter().filter(|(service, changes)| changes.contains(&service.service_name()));
        let services = services.map(|(service, _)| service.clone()).collect();
        let keeper = Arc::new(Keeper::open(services, store)?);
        let durable = |(service, changes)| Arc::new(Durable::new(service, changes, keeper.clone())) as _;
        let registered = table.into_iter().map(durable).collect();
        Ok(Self { registered, keeper: Some(keeper), iam, lambda: functions })
    }

    /// Returns the services with their routes, as the gateway registers them.
    pub(super) fn registered(
        &self,
    ) -> impl Iterator<Item = (Arc<dyn ServiceHandler>, Vec<RouteDefinition>)> + '_ {
        self.registered.iter().map(|service| (service.clone(), service.routes()))
    }

    /// Returns IAM, whose administrator key opens the account.
    pub(super) const fn iam(&self) -> &Arc<Iam> {
        &self.iam
    }

    /// Returns Lambda, which runs functions once it knows where it is.
    pub(super) const fn lambda(&self) -> &Arc<lambda::Lambda> {
        &self.lambda
    }

    /// Saves every service whose state differs from its file.
    pub(super) fn flush(&self) -> Result<(), SandboxError> {
        self.keeper.as_ref().map_or(Ok(()), |keeper| keeper.save_all())
    }
}

/// The services as `CloudFormation` reaches them: past the files, which are written once the stack is done.
struct Internal(Vec<Arc<dyn ServiceHandler>>);

#[async_trait]
impl Invoke for Internal {
    async fn invoke(
        &self,
        service: &str,
        operation: &str,
        input: Value,
        ctx: &RequestContext,
    ) -> Result<Value, AwsError> {
        match self.0.iter().find(|it| it.signing_name() == service) {
            Some(found) => {
                let ctx =
                    RequestContext { service: service.to_owned(), internal_bypass: true, ..ctx.clone() };
                found.handle(operation, input, &ctx).await
            }
            None => Err(unsupported(service, operation)),
        }
    }
}

impl Tagged for CloudFormation {
    fn tagged(&self, region: &str) -> Vec<(String, Tags)> {
        let here = |(arn, _): &(String, Tags)| arn.split(':').nth(3) == Some(region);
        Self::tagged(self).into_iter().filter(here).collect()
    }
}

/// Makes the gateway's routes of rows of method, path and operation.
fn routes(rows: &[(&'static str, &'static str, &'static str)]) -> Vec<RouteDefinition> {
    let route = |&(method, path_pattern, operation)| RouteDefinition {
        method,
        path_pattern,
        operation,
        required_query_param: None,
    };
    rows.iter().map(route).collect()
}

/// The error for an operation the sandbox does not have.
fn unsupported(service: &str, operation: &str) -> AwsError {
    let message = format!("the sandbox does not implement {service}:{operation}");
    AwsError { message, ..AwsError::not_implemented(operation) }
}
