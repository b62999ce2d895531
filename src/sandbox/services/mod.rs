//! The services of the sandbox, one file or folder each, every one an [`awsim_core::ServiceHandler`].
//!
//! [`Services::open`] is the table. A service keeps its state in memory (most in a `Regional`), gives it as
//! bytes (`snapshot`) and takes it back (`restore`); saving is not its business.

mod access_analyzer;
mod events;
pub mod iam;
mod lambda;
mod regional;
mod sns;
pub mod sts;
mod tagging;
mod tags;
mod wire;

use std::sync::Arc;

use awsim_core::{AwsError, RouteDefinition, ServiceHandler};

use super::SandboxError;
use super::durable::{Durable, Keeper};
use super::store::Store;
use crate::clock::Clock;
use iam::Iam;
use tags::Tagged;

/// The services of one account, opened and wired to each other.
pub(super) struct Services {
    registered: Vec<Arc<dyn ServiceHandler>>,
    keepers: Vec<Arc<Keeper>>,
    iam: Arc<Iam>,
}

impl Services {
    /// Makes the services of an account and restores what `store` holds of them.
    pub(super) fn open(
        account: &str,
        clock: &Clock,
        store: Option<&Arc<Store>>,
    ) -> Result<Self, SandboxError> {
        let iam = Arc::new(Iam::new(clock.clone()));
        let sts = Arc::new(sts::Sts::new(iam.clone(), clock.clone()));
        let lambda = Arc::new(lambda::Lambda::new(account, clock.clone(), iam.clone()));
        let sns = Arc::new(sns::Sns::new(account, clock.clone()));
        let events = Arc::new(events::Events::new(account));
        let analyzer = Arc::new(access_analyzer::AccessAnalyzer::new(account, clock.clone()));
        let tagged: Vec<Arc<dyn Tagged>> =
            vec![iam.clone(), lambda.clone(), sns.clone(), events.clone(), analyzer.clone()];
        let regional: [Arc<dyn ServiceHandler>; 4] = [lambda, sns, events, analyzer];

        let mut services = Self { registered: Vec::new(), keepers: Vec::new(), iam: iam.clone() };
        if let Some(store) = store {
            // STS keeps its sessions in IAM.
            let account = services.keeper(iam.clone(), store)?;
            services.register(iam, &account, &account);
            services.register(sts, &account, &account);
            for service in regional {
                let keeper = services.keeper(service.clone(), store)?;
                services.register(service, &keeper, &account);
            }
        } else {
            services.registered.extend([iam as Arc<dyn ServiceHandler>, sts]);
            services.registered.extend(regional);
        }
        services.registered.push(Arc::new(tagging::Tagging::new(tagged)));
        Ok(services)
    }

    /// Restores a service and has its state kept.
    fn keeper(
        &mut self,
        service: Arc<dyn ServiceHandler>,
        store: &Arc<Store>,
    ) -> Result<Arc<Keeper>, SandboxError> {
        let keeper = Arc::new(Keeper::open(service, store.clone())?);
        self.keepers.push(keeper.clone());
        Ok(keeper)
    }

    /// Adds a service whose changes `keeper` saves.
    fn register(&mut self, service: Arc<dyn ServiceHandler>, keeper: &Arc<Keeper>, account: &Arc<Keeper>) {
        self.registered.push(Arc::new(Durable::new(service, keeper.clone(), account.clone())));
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

    /// Saves every service whose state differs from its file.
    pub(super) fn flush(&self) -> Result<(), SandboxError> {
        self.keepers.iter().try_for_each(|keeper| keeper.save())
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
