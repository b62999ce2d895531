//! A service whose state is on disk before its answer is given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use awsim_core::{
    AwsError, HandlerResult, IamCheck, Protocol, RequestContext, RouteDefinition, ServiceHandler,
};
use serde_json::Value;

use super::SandboxError;
use super::store::Store;

/// The service that holds the account itself: its root user and administrator key.
const ACCOUNT: &str = "iam";

/// Keeps the state of an account's services in its files.
pub(super) struct Keeper {
    store: Store,
    services: BTreeMap<String, Arc<dyn ServiceHandler>>,
    /// The services whose state may differ from their file.
    changed: Mutex<BTreeSet<String>>,
    /// What is on disk. Whoever holds it saves.
    saved: Mutex<Saved>,
}

/// What is on disk.
struct Saved {
    /// Each service's state as its file has it, or as it was made when there is no file.
    states: BTreeMap<String, Vec<u8>>,
    /// Whether the account itself has a file.
    account: bool,
}

impl Keeper {
    /// Restores what `store` holds of the services, and keeps them from then on.
    pub(super) fn open(services: Vec<Arc<dyn ServiceHandler>>, store: Store) -> Result<Self, SandboxError> {
        let mut saved = Saved { states: BTreeMap::new(), account: false };
        for service in &services {
            let name = service.service_name();
            let state = store.load(name)?;
            if let Some(state) = &state {
                service.restore(state).map_err(|reason| store.damaged(name, reason))?;
                saved.account |= name == ACCOUNT;
            }
            if let Some(state) = state.or_else(|| service.snapshot()) {
                saved.states.insert(name.to_owned(), state);
            }
        }
        let services = services.into_iter().map(|it| (it.service_name().to_owned(), it)).collect();
        Ok(Self { store, services, changed: Mutex::default(), saved: Mutex::new(saved) })
    }

    /// Saves all services whose state differs from their file.
    pub(super) fn save_all(&self) -> Result<(), SandboxError> {
        self.save(self.services.keys().map(String::as_str))
    }

    /// Saves the named services, those whose state differs from their file, in one step. Calls that change
    /// something while another one saves share the next save.
    fn save<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), SandboxError> {
        // INVARIANT: a service is marked after its change is made, so the save that takes the mark holds the change.
        lock(&self.changed).extend(names.into_iter().map(str::to_owned));
        let mut saved = lock(&self.saved);
        let marked = std::mem::take(&mut *lock(&self.changed));
        let differing = marked.iter().filter_map(|name| {
            let state = self.services.get(name)?.snapshot()?;
            (saved.states.get(name) != Some(&state)).then_some((name.as_str(), state))
        });
        let mut differing: Vec<_> = differing.collect();
        // The account comes with the first thing in it, or its administrator key would change with every process.
        let is_new = !saved.account && !differing.iter().any(|(name, _)| *name == ACCOUNT);
        if is_new && !differing.is_empty() {
            let account = self.services.get(ACCOUNT).and_then(|account| account.snapshot());
            differing.extend(account.map(|state| (ACCOUNT, state)));
        }
        if let Err(error) = self.store.save(&differing) {
            // Part of it may be on disk. The next save writes all of it again, whatever the state is then.
            for (name, _) in &differing {
                saved.states.remove(*name);
            }
            lock(&self.changed).extend(marked);
            return Err(error);
        }
        saved.account |= !differing.is_empty();
        saved.states.extend(differing.into_iter().map(|(name, state)| (name.to_owned(), state)));
        Ok(())
    }
}

/// Locks; a panic elsewhere does not stop the saving.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wraps a service: passes every call on and has the state saved after those that may change it.
pub(super) struct Durable {
    service: Arc<dyn ServiceHandler>,
    /// The services whose state its calls change.
    changes: &'static [&'static str],
    keeper: Arc<Keeper>,
}

impl Durable {
    /// Wraps `service`, whose calls change the state of the services named in `changes`.
    pub(super) fn new(
        service: Arc<dyn ServiceHandler>,
        changes: &'static [&'static str],
        keeper: Arc<Keeper>,
    ) -> Self {
        Self { service, changes, keeper }
    }

    /// Saves after `operation` unless it only reads. A failure replaces the answer: the caller must not
    /// believe in a change that the next process will not see.
    fn keep<T>(&self, operation: &str, answer: Result<T, AwsError>) -> Result<T, AwsError> {
        if self.changes.is_empty() || reads(operation) {
            return answer;
        }
        match self.keeper.save(self.changes.iter().copied()) {
            Ok(()) => answer,
            // Not a server error: the SDK would send the request again.
            Err(error) => Err(AwsError::bad_request("SandboxNotSaved", chain(&error))),
        }
    }
}

/// Tells whether an operation only reads, by AWS's naming; STS's `Get…Token` operations make sessions.
fn reads(operation: &str) -> bool {
    const READING: [&str; 5] = ["Get", "List", "Describe", "Simulate", "Validate"];
    READING.iter().any(|verb| operation.starts_with(verb)) && !operation.ends_with("Token")
}

/// Writes an error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[async_trait]
impl ServiceHandler for Durable {
    fn service_name(&self) -> &str {
        self.service.service_name()
    }

    fn signing_name(&self) -> &str {
        self.service.signing_name()
    }

    fn protocol(&self) -> Protocol {
        self.service.protocol()
    }

    fn routes(&self) -> Vec<RouteDefinition> {
        self.service.routes()
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let answer = self.service.handle(operation, input, ctx).await;
        self.keep(operation, answer)
    }

    async fn handle_streaming(
        &self,
        operation: &str,
        input: Value,
        ctx: &RequestContext,
    ) -> Result<HandlerResult, AwsError> {
        let answer = self.service.handle_streaming(operation, input, ctx).await;
        self.keep(operation, answer)
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.service.snapshot()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        self.service.restore(data)
    }

    fn rehydrate(&self) -> Result<(), String> {
        self.service.rehydrate()
    }

    fn iam_action(&self, operation: &str) -> Option<String> {
        self.service.iam_action(operation)
    }

    fn iam_resource(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Option<String> {
        self.service.iam_resource(operation, input, ctx)
    }

    fn iam_checks(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<(String, String)> {
        self.service.iam_checks(operation, input, ctx)
    }

    fn iam_checks_with_context(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<IamCheck> {
        self.service.iam_checks_with_context(operation, input, ctx)
    }

    async fn tick(&self) {
        self.service.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_told_from_changing_by_the_name() {
        for operation in
            ["GetUser", "ListRoles", "DescribeRule", "GetCallerIdentity", "SimulatePrincipalPolicy"]
        {
            assert!(reads(operation), "{operation}");
        }
        for operation in ["CreateUser", "GenerateCredentialReport", "GetSessionToken", "GetFederationToken"] {
            assert!(!reads(operation), "{operation}");
        }
    }
}
