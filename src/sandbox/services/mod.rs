//! The services of the sandbox, one file or folder each, every one an [`awsim_core::ServiceHandler`].
//!
//! [`Services::open`] is the table. A service keeps its state in memory (see `Regional`), gives it as bytes
//! (`snapshot`) and takes it back (`restore`); saving is not its business.

mod access_analyzer;
mod events;
mod lambda;
mod regional;
mod sns;
mod tagging;
mod tags;
mod wire;

use std::sync::Arc;

use awsim_core::{AwsError, RouteDefinition, ServiceHandler};

use super::SandboxError;
use super::durable::Durable;
use super::store::Store;
use crate::clock::Clock;
use tags::Tagged;

/// The trust policies of the account's roles, for services that check the role they are given.
pub(crate) trait Roles: Send + Sync {
    /// Returns the trust policy of the role with this ARN, or `None` when there is no such role.
    fn trust_policy(&self, role_arn: &str) -> Option<String>;
}

/// The services of one account, opened and wired to each other.
pub(super) struct Services {
    registered: Vec<Arc<dyn ServiceHandler>>,
    durable: Vec<Arc<Durable>>,
}

impl Services {
    /// Makes the services of an account and restores what `store` holds of them.
    pub(super) fn open(
        account: &str,
        clock: &Clock,
        store: Option<&Arc<Store>>,
    ) -> Result<Self, SandboxError> {
        let roles: Arc<dyn Roles> = Arc::new(AnyRole);
        let lambda = Arc::new(lambda::Lambda::new(account, clock.clone(), roles));
        let sns = Arc::new(sns::Sns::new(account, clock.clone()));
        let events = Arc::new(events::Events::new(account));
        let analyzer = Arc::new(access_analyzer::AccessAnalyzer::new(account, clock.clone()));
        let tagged: Vec<Arc<dyn Tagged>> =
            vec![lambda.clone(), sns.clone(), events.clone(), analyzer.clone()];
        let kept: [Arc<dyn ServiceHandler>; 4] = [lambda, sns, events, analyzer];

        let mut services = Self { registered: Vec::new(), durable: Vec::new() };
        for service in kept {
            services.add(service, store)?;
        }
        services.registered.push(Arc::new(tagging::Tagging::new(tagged)));
        Ok(services)
    }

    /// Adds a service, behind its file if there is a store.
    fn add(
        &mut self,
        service: Arc<dyn ServiceHandler>,
        store: Option<&Arc<Store>>,
    ) -> Result<(), SandboxError> {
        match store {
            Some(store) => {
                let durable = Arc::new(Durable::open(service, store.clone())?);
                self.durable.push(durable.clone());
                self.registered.push(durable);
            }
            None => self.registered.push(service),
        }
        Ok(())
    }

    /// Returns the services with their routes, as the gateway registers them.
    pub(super) fn registered(
        &self,
    ) -> impl Iterator<Item = (Arc<dyn ServiceHandler>, Vec<RouteDefinition>)> + '_ {
        self.registered.iter().map(|service| (service.clone(), service.routes()))
    }

    /// Returns id and secret of the administrator's access key.
    pub(super) fn administrator_key(&self) -> (String, String) {
        ("AKIAIOSFODNN7EXAMPLE".to_owned(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned())
    }

    /// Saves every service whose state differs from its file.
    pub(super) fn flush(&self) -> Result<(), SandboxError> {
        self.durable.iter().try_for_each(|service| service.save())
    }
}

/// Trusts every role until IAM is there.
struct AnyRole;

impl Roles for AnyRole {
    fn trust_policy(&self, role_arn: &str) -> Option<String> {
        (!role_arn.ends_with("nobody")).then(|| r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.to_owned())
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
