//! One account of the sandbox: its services, and what happens to a call in it.
//!
//! ```text
//! call ─► authorise ─► service ─► record ─► save ─► answer
//! ```

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use awsim_core::{AwsError, RequestContext};
use jiff::Timestamp;
use serde_json::Value;

use super::SandboxError;
use super::authorize::{self, Parsed};
use super::faults;
use super::home::Hearth;
use super::keeper::Keeper;
use super::realm::Realm;
use super::recorder::{self, Delivery, Finished, Log};
use super::services::cloudformation::Invoke;
use super::services::iam::{Iam, KeyOwner};
use super::services::{self, Service, Services};
use super::store::Store;
use crate::clock::Clock;
use crate::error::chain;

/// One account.
pub(super) struct Account {
    id: String,
    clock: Clock,
    services: Services,
    keeper: Keeper,
    log: Log,
    parsed: Parsed,
    realm: Weak<Realm>,
}

/// A call whose sender is known.
pub(super) struct Call<'a> {
    /// The service it is for.
    pub(super) service: &'a Arc<dyn Service>,
    /// The operation.
    pub(super) operation: &'a str,
    /// Its parameters.
    pub(super) input: Value,
    /// The account, the Region, the address it came from.
    pub(super) ctx: &'a RequestContext,
    /// Who calls.
    pub(super) caller: &'a KeyOwner,
    /// What the client says it is.
    pub(super) agent: &'a str,
}

impl Account {
    /// Opens an account: restores what `store` holds of it, or begins an empty one.
    pub(super) fn open(
        realm: &Arc<Realm>,
        id: &str,
        store: Option<Store>,
    ) -> Result<Arc<Self>, SandboxError> {
        let internal = Arc::new(Internal::default());
        let (log, clock) = (Log::default(), realm.clock().clone());
        let services = Services::new(id, &clock, realm.neighbours(), internal.clone(), log.clone());
        let keeper = Keeper::open(services.all.clone(), log.clone(), store, clock.now())?;
        let account = Arc::new(Self {
            id: id.to_owned(),
            clock,
            services,
            keeper,
            log,
            parsed: Parsed::default(),
            realm: Arc::downgrade(realm),
        });
        internal.set(&account);
        account.services.lambda.at_home(Hearth::of(realm, &account));
        Ok(account)
    }

    /// Returns the 12 digits.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the account's IAM.
    pub(super) const fn iam(&self) -> &Arc<Iam> {
        &self.services.iam
    }

    /// Returns the services.
    pub(super) const fn services(&self) -> &Services {
        &self.services
    }

    /// Returns what saves the account.
    pub(super) const fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// Returns the event history.
    pub(super) const fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the policy documents that were parsed.
    pub(super) const fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    /// Returns the time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Carries out a call from outside: what it changed is on disk when it is answered.
    pub(super) async fn answer(&self, call: Call<'_>) -> Result<Value, AwsError> {
        self.iam().record_key_use(
            call.ctx.access_key.as_deref().unwrap_or_default(),
            call.service.service_name(),
            &call.ctx.region,
        );
        self.iam().record_service_use(&call.caller.identity, call.service.signing_name(), &call.ctx.region);
        let answer = self.perform(&call).await;
        // A failure replaces the answer: the caller must not believe in a change that the next process will not see.
        // It is no server error: the SDK would send the request again.
        self.keeper.save().map_err(|error| AwsError::bad_request("SandboxNotSaved", chain(&error)))?;
        answer
    }

    /// Carries out a call: asks whether it is allowed, does it, and records it.
    async fn perform(&self, call: &Call<'_>) -> Result<Value, AwsError> {
        let answer = match self.troubled(call).await.and_then(|()| authorize::authorize(self, call)) {
            Ok(()) => call.service.handle(call.operation, call.input.clone(), call.ctx).await,
            Err(refusal) => Err(refusal),
        };
        if let Ok(output) = &answer {
            self.observe(call, output);
        }
        self.record(call, &answer);
        answer
    }

    /// Lets the faults that were asked for strike.
    async fn troubled(&self, call: &Call<'_>) -> Result<(), AwsError> {
        let fate = {
            let mut faults = self.services.troubles.lock();
            if faults.is_empty() {
                return Ok(());
            }
            let caller = call.caller.identity.arn(&call.ctx.partition, &self.id);
            faults.decide(&self.seen(call, &caller))
        };
        let Some(faults::Fate { delay, error }) = fate else { return Ok(()) };
        if !delay.is_zero() {
            self.clock.sleep(delay).await;
        }
        error.map_or(Ok(()), Err)
    }

    /// Notes what a call made, which AWS would not know everywhere yet.
    fn observe(&self, call: &Call<'_>, output: &Value) {
        let mut faults = self.services.troubles.lock();
        if !faults.is_empty() {
            let caller = call.caller.identity.arn(&call.ctx.partition, &self.id);
            faults.observe(&self.seen(call, &caller), output);
        }
    }

    /// A call as the faults see it.
    fn seen<'a>(&self, call: &'a Call<'_>, caller: &'a str) -> faults::Call<'a> {
        faults::Call {
            service: call.service.signing_name(),
            operation: call.operation,
            input: &call.input,
            key: call.ctx.access_key.as_deref().unwrap_or_default(),
            caller,
            now: self.now(),
        }
    }

    /// Puts the events of a call into the histories they belong to.
    fn record(&self, call: &Call<'_>, answer: &Result<Value, AwsError>) {
        let Call { ctx, caller, agent, .. } = *call;
        let mut who = recorder::Caller::of(caller, ctx.access_key.as_deref().unwrap_or_default());
        let role = self.iam().role_of(&caller.identity, &ctx.partition);
        if let Some(session) = &mut who.session {
            session.role = role.as_deref();
        }
        let address = ctx.source_ip.as_deref().unwrap_or_default();
        if ctx.internal_bypass {
            who.invoked_by = Some(agent);
        }
        let deliveries = recorder::record(&Finished {
            service: call.service.signing_name(),
            operation: call.operation,
            account: &self.id,
            partition: &ctx.partition,
            region: &ctx.region,
            caller: who,
            source: if ctx.internal_bypass { agent } else { address },
            agent,
            input: &call.input,
            outcome: answer.as_ref(),
            at: self.now(),
            request_id: &ctx.request_id,
        });
        for Delivery { account, event } in deliveries {
            if account == self.id {
                self.log.lock().append(event);
            } else if let Some(other) = self.realm.upgrade().and_then(|realm| realm.find(&account).ok()?) {
                other.log.lock().append(event);
                // It is their history: that it cannot be saved is not this caller's failure.
                let _ = other.keeper.save();
            }
        }
    }
}

/// The way from `CloudFormation` to the services of its account: with the caller's permissions, saved with the stack.
#[derive(Default)]
struct Internal {
    account: std::sync::OnceLock<Weak<Account>>,
}

impl Internal {
    fn set(&self, account: &Arc<Account>) {
        // Set once, by the account that was just made.
        let _ = self.account.set(Arc::downgrade(account));
    }
}

#[async_trait]
impl Invoke for Internal {
    async fn invoke(
        &self,
        service: &str,
        operation: &str,
        input: Value,
        ctx: &RequestContext,
    ) -> Result<Value, AwsError> {
        let account = self.account.get().and_then(Weak::upgrade);
        let account = account.ok_or_else(|| AwsError::internal("the account is closed"))?;
        let Some(found) = account.services.find(service) else {
            return Err(services::unsupported(service, operation));
        };
        let key = ctx.access_key.as_deref().unwrap_or_default();
        let caller = account.iam().resolve_key(key);
        let caller = caller.ok_or_else(|| AwsError::forbidden("InvalidClientTokenId", "the key is gone"))?;
        let ctx = RequestContext { service: service.to_owned(), internal_bypass: true, ..ctx.clone() };
        let agent = "cloudformation.amazonaws.com";
        account.perform(&Call { service: found, operation, input, ctx: &ctx, caller: &caller, agent }).await
    }
}
