//! The services of the sandbox, one file or folder each, every one an [`awsim_core::ServiceHandler`].
//!
//! `Services::new` is the table. A service keeps its state in memory (most in a `Regional`), tells what changed of it
//! (`take_change`) and takes it back; saving is not its business.

mod access_analyzer;
mod account_management;
mod assumed;
pub mod cloudformation;
pub mod cloudtrail;
pub(in crate::sandbox) mod events;
pub(in crate::sandbox) mod grant;
pub mod iam;
pub(in crate::sandbox) mod lambda;
mod logs;
mod need;
mod regional;
pub(in crate::sandbox) mod scheduler;
pub(in crate::sandbox) mod sns;
pub mod sts;
mod tagging;
mod tags;
mod troubles;
pub(super) mod wire;

use std::sync::Arc;

use awsim_core::{AwsError, RequestContext, RouteDefinition, ServiceHandler};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::clock::Clock;
use crate::sandbox::recorder::Log;
use cloudformation::{CloudFormation, Invoker};
use iam::Iam;
use tags::{Tagged, Tags};
use troubles::Troubles;

/// A service of the sandbox: what it answers, and what a caller needs to be allowed for each call.
pub(super) trait Service: ServiceHandler {
    /// The operations it answers, as the API spells them.
    fn operations(&self) -> Vec<&'static str>;

    /// What the caller must be allowed to do for this call, before it is carried out; all of it. Nothing for a
    /// call that needs no permission (`sts:GetCallerIdentity`). Source: the Service Authorization Reference.
    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<Need>;

    /// Returns what changed since the last call, as the journal keeps it, and forgets that it did. A service
    /// without state never changes.
    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        Ok(None)
    }

    /// Does again what [`Service::take_change`] told; twice is the same as once.
    fn apply_change(&self, change: &RawValue) -> Result<(), String> {
        self.restore(change.get().as_bytes())
    }
}

/// One thing a caller must be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    /// The action as AWS writes it in messages: `iam:AddUserToGroup`.
    pub(crate) action: String,
    /// The ARN the policies are asked about, or `*`.
    pub(crate) resource: String,
    /// How the service's message names the resource: `group IAM-Auditor-Group`; the ARN when it names it so; empty
    /// when the message leaves ` on resource: …` out.
    pub(crate) shown: String,
    /// The condition keys of this call, besides the global ones of every call.
    pub(crate) keys: Vec<(String, Vec<String>)>,
    /// The policy of the resource itself (of a topic, a function), when it has one.
    pub(crate) resource_policy: Option<String>,
}

/// The services of one account, wired to each other.
pub(super) struct Services {
    /// All of them, in the order in which they are saved.
    pub(super) all: Vec<Arc<dyn Service>>,
    /// The identities, which the way into the account needs too.
    pub(super) iam: Arc<Iam>,
    /// The functions, which run once they are told where they are.
    pub(super) lambda: Arc<lambda::Lambda>,
    /// The topics and what they sent.
    pub(super) sns: Arc<sns::Sns>,
    /// The rules, which fire when they are told to.
    pub(super) events: Arc<events::Events>,
    /// The schedules, which fire when they are told to.
    pub(super) scheduler: Arc<scheduler::Scheduler>,
    /// The faults that were asked for.
    pub(super) troubles: Arc<Troubles>,
}

impl Services {
    /// Makes the services of an empty account. `realm` knows the other accounts, `invoker` calls a service on
    /// behalf of another one, `log` is the event history.
    pub(super) fn new(
        account: &str,
        clock: &Clock,
        realm: Arc<dyn sts::Realm>,
        invoker: Invoker,
        log: Log,
    ) -> Self {
        let iam = Arc::new(Iam::new(account, clock.clone()));
        let sts = Arc::new(sts::Sts::new(iam.clone()).with_realm(realm));
        let logs = Arc::new(logs::Logs::new(account));
        let lambda = lambda::Lambda::new(account, clock.clone(), iam.clone(), logs.clone());
        let lambda = Arc::new(lambda.recorded_in(log.clone()));
        let sns = sns::Sns::new(account, clock.clone()).with_functions(lambda.clone());
        let sns = Arc::new(sns.with_callers(iam.clone()));
        let events = Arc::new(events::Events::new(account, clock.clone()));
        let scheduler = Arc::new(scheduler::Scheduler::new(account, clock.clone(), iam.clone(), log.clone()));
        let analyzer = Arc::new(access_analyzer::AccessAnalyzer::new(account, clock.clone()));
        let stacks = Arc::new(CloudFormation::new(clock.clone(), invoker));
        let tagging = Arc::new(tagging::Tagging::new(vec![
            iam.clone(),
            lambda.clone(),
            sns.clone(),
            events.clone(),
            scheduler.clone(),
            analyzer.clone(),
            stacks.clone(),
        ]));
        let troubles = Arc::new(troubles::Troubles::default());
        let trail = Arc::new(cloudtrail::CloudTrail::new(clock.clone(), log));
        let all: Vec<Arc<dyn Service>> = vec![
            iam.clone(),
            sts,
            lambda.clone(),
            logs,
            sns.clone(),
            events.clone(),
            scheduler.clone(),
            analyzer,
            stacks,
            tagging,
            trail,
            Arc::new(account_management::AccountManagement),
            troubles.clone(),
        ];
        Self { all, iam, lambda, sns, events, scheduler, troubles }
    }

    /// Finds a service by the name that requests are signed for.
    pub(super) fn find(&self, signing_name: &str) -> Option<&Arc<dyn Service>> {
        self.all.iter().find(|service| service.signing_name() == signing_name)
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
pub(super) fn unsupported(service: &str, operation: &str) -> AwsError {
    let message = format!("the sandbox does not implement {service}:{operation}");
    AwsError { message, ..AwsError::not_implemented(operation) }
}
