//! A service whose state is on disk before its answer is given.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use awsim_core::{
    AwsError, HandlerResult, IamCheck, Protocol, RequestContext, RouteDefinition, ServiceHandler,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::SandboxError;
use super::store::Store;

/// Saves the state of one service.
pub(super) struct Keeper {
    service: Arc<dyn ServiceHandler>,
    store: Arc<Store>,
    /// Counts the calls that may have changed the state.
    changes: AtomicU64,
    saved: Mutex<Saved>,
}

/// What is on disk.
#[derive(Default)]
struct Saved {
    /// The number of changes the file holds.
    changes: u64,
    /// The digest of the saved state; `None` while there is no file.
    digest: Option<[u8; 32]>,
}

impl Keeper {
    /// Restores what `store` holds of `service`, and keeps it from then on.
    pub(super) fn open(service: Arc<dyn ServiceHandler>, store: Arc<Store>) -> Result<Self, SandboxError> {
        let name = service.service_name();
        let mut saved = Saved::default();
        if let Some(state) = store.load(name)? {
            service.restore(&state).map_err(|reason| store.damaged(name, reason))?;
            saved.digest = Some(Sha256::digest(&state).into());
        }
        service.rehydrate().map_err(|reason| store.damaged(name, reason))?;
        Ok(Self { service, store, changes: AtomicU64::new(0), saved: Mutex::new(saved) })
    }

    /// Saves the state if it differs from the file. Calls that change the state while another one is being
    /// saved share the next save.
    pub(super) fn save(&self) -> Result<(), SandboxError> {
        let mine = self.changes.fetch_add(1, Ordering::SeqCst) + 1;
        let mut saved = self.lock();
        if saved.changes >= mine {
            return Ok(());
        }
        // INVARIANT: a change is counted after it is made, so the snapshot below holds all that are counted here.
        let counted = self.changes.load(Ordering::SeqCst);
        if let Some(state) = self.service.snapshot() {
            let digest: [u8; 32] = Sha256::digest(&state).into();
            if saved.digest != Some(digest) {
                self.store.save(self.service.service_name(), &state)?;
                saved.digest = Some(digest);
            }
        }
        saved.changes = counted;
        Ok(())
    }

    /// Saves the state if there is no file yet.
    fn save_first(&self) -> Result<(), SandboxError> {
        let new = self.lock().digest.is_none();
        if new { self.save() } else { Ok(()) }
    }

    /// Locks what is known of the file.
    fn lock(&self) -> MutexGuard<'_, Saved> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wraps a service: passes every call on and has the state saved after those that may change it.
pub(super) struct Durable {
    service: Arc<dyn ServiceHandler>,
    /// Keeps what the service changes.
    keeper: Arc<Keeper>,
    /// Keeps the account itself, its root user and administrator key, which is on disk before anything in it.
    account: Arc<Keeper>,
}

impl Durable {
    /// Wraps `service`, whose changes `keeper` saves.
    pub(super) fn new(service: Arc<dyn ServiceHandler>, keeper: Arc<Keeper>, account: Arc<Keeper>) -> Self {
        Self { service, keeper, account }
    }

    /// Saves after `operation` unless it only reads. A failure replaces the answer: the caller must not
    /// believe in a change that the next process will not see.
    fn keep<T>(&self, operation: &str, answer: Result<T, AwsError>) -> Result<T, AwsError> {
        if reads(operation) {
            return answer;
        }
        match self.account.save_first().and_then(|()| self.keeper.save()) {
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
