//! IAM of one sandbox account: every operation a lab, its audit and its grading call, on real state.
//!
//! awsQuery requests come in as JSON through [`ServiceHandler::handle`]; a table maps each operation to
//! a function on the account's [`State`]; AWS's codes, statuses and messages go out. Authorising a call is not
//! done here: whoever routes requests asks the policy engine first.

mod call;
pub mod credentials;
mod fault;
pub mod federation;
mod granted;
pub mod holdings;
pub mod identity;
pub(crate) mod ids;
mod linked;
pub mod managed;
mod names;
mod needs;
mod ops;
mod qr;
pub mod records;
pub mod store;
mod tagged;
mod tracked;
mod trust;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::clock::{Clock, seconds};
use call::Call;
use credentials::{AccessKey, Kept, KeyUse};
pub use identity::{Identity, Issued, KeyOwner, Opening};
use ops::OPS;
use store::{Reporting, Role, ServiceUse, State};

/// IAM of one account.
pub struct Iam {
    account: String,
    clock: Clock,
    state: Mutex<State>,
}

impl fmt::Debug for Iam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iam").finish_non_exhaustive()
    }
}

impl Iam {
    /// Opens an empty account (12 digits) with a fresh administrator key.
    pub fn new(account: &str, clock: Clock) -> Self {
        let now = seconds(clock.now());
        let administrator = AccessKey {
            id: ids::access_key("AKIA", account).unwrap_or_default(),
            secret: Kept::new(ids::secret().unwrap_or_default()),
            active: true,
            slot: 1,
            created: now,
            changed: now,
            last_used: None,
        };
        let state = State::new(now, administrator);
        Self { account: account.to_owned(), clock, state: Mutex::new(state) }
    }

    /// The operations this account answers.
    pub fn operations() -> impl Iterator<Item = &'static str> {
        OPS.iter().map(|(name, _)| *name)
    }

    /// Finds the owner of an access key, long-term or temporary.
    pub fn resolve_key(&self, access_key_id: &str) -> Option<KeyOwner> {
        identity::identify(&self.lock(), access_key_id, self.clock.now())
    }

    /// Opens a session: issues temporary credentials.
    pub fn open_session(&self, opening: Opening) -> Result<Issued, AwsError> {
        identity::open(&mut self.lock(), &self.account, opening, self.clock.now())
    }

    /// The trust policy of a role, by name or ARN.
    pub fn role_trust(&self, role_name_or_arn: &str) -> Option<String> {
        self.lock().roles.get(&role_key(role_name_or_arn)).map(|role| role.trust.clone())
    }

    /// Whether a role exists, by name or ARN.
    pub fn role_exists(&self, role_name_or_arn: &str) -> bool {
        self.lock().roles.contains_key(&role_key(role_name_or_arn))
    }

    /// Finds a role by its ARN, which must be right in account and path.
    pub fn role(&self, arn: &str, partition: &str, account: &str) -> Option<Role> {
        let state = self.lock();
        let role = state.roles.get(&role_key(arn))?;
        (store::arn(partition, account, "role", &role.path, &role.name) == arn).then(|| role.clone())
    }

    /// The ARN of the role behind an identity, with its path.
    pub fn role_of(&self, identity: &Identity, partition: &str) -> Option<String> {
        let Identity::Role { name, .. } = identity else { return None };
        let state = self.lock();
        let path = state.roles.get(&store::key(name)).map_or("/", |role| role.path.as_str());
        Some(store::arn(partition, &self.account, "role", path, name))
    }

    /// Records that a role was used in a Region.
    pub fn record_role_use(&self, name: &str, region: &str) {
        let at = seconds(self.clock.now());
        if let Some(role) = self.lock().roles.get_mut(&store::key(name)) {
            role.last_used = Some((at, region.to_owned()));
        }
    }

    /// The id and secret of the key the sandbox administers the account with. It belongs to the root user.
    pub fn administrator_key(&self) -> (String, Kept) {
        let state = self.lock();
        (state.root.administrator.id.clone(), state.root.administrator.secret.clone())
    }

    /// Records that a key signed an accepted request. AWS keeps the first use in any 15 minutes.
    pub fn record_key_use(&self, access_key_id: &str, service: &str, region: &str) {
        let at = seconds(self.clock.now());
        let fresh = |last: &KeyUse| elapsed(last.at, at) < 15 * 60;
        let due = |key: &AccessKey| key.id == access_key_id && !key.last_used.as_ref().is_some_and(fresh);
        let mut state = self.lock();
        let State { users, root, .. } = &mut *state;
        let of_users = users.select(|user| user.keys.iter().any(due)).flat_map(|user| &mut user.keys);
        // Looked at before it is touched: what is touched is saved.
        let of_root = if root.keys.iter().any(due) { root.keys.as_mut_slice() } else { &mut [] };
        if let Some(key) = of_users.chain(of_root).find(|key| due(key)) {
            key.last_used = Some(KeyUse { at, service: service.to_owned(), region: region.to_owned() });
        }
    }

    /// Gives a user the password it chose at the sign-in page, if the password policy lets it.
    pub fn choose_password(&self, user: &str, password: &str) -> Result<(), AwsError> {
        ops::login::choose(&mut self.lock(), user, password, seconds(self.clock.now()))
    }

    /// Records that a user (`None`: the root user) signed in with a password. AWS keeps the first use in any five
    /// minutes.
    pub fn record_sign_in(&self, user: Option<&str>, at: Timestamp) {
        let at = seconds(at);
        let due = |last: Option<Timestamp>| last.is_none_or(|last| elapsed(last, at) >= 5 * 60);
        let mut state = self.lock();
        match user.map(store::key) {
            None if due(state.root.password_last_used) => state.root.password_last_used = Some(at),
            Some(key) if state.users.get(&key).is_some_and(|user| due(user.password_last_used)) => {
                if let Some(user) = state.users.get_mut(&key) {
                    user.password_last_used = Some(at);
                }
            }
            _ => {}
        }
    }

    /// Records that an identity called a service (its namespace), allowed or not, for the reports on services last
    /// accessed. It is kept to a quarter of an hour, as for keys. Root is in no such report.
    pub fn record_service_use(&self, identity: &Identity, service: &str, region: &str) {
        let (Identity::User { id, .. } | Identity::Role { id, .. }) = identity else { return };
        let at = seconds(self.clock.now());
        let mut state = self.lock();
        let last = state.service_uses.get(id).and_then(|uses| uses.get(service));
        if last.is_some_and(|last| elapsed(last.at, at) < 15 * 60) {
            return;
        }
        let used = ServiceUse { at, region: region.to_owned() };
        if let Some(uses) = state.service_uses.get_mut(id) {
            uses.insert(service.to_owned(), used);
        } else {
            state.service_uses.insert(id.clone(), [(service.to_owned(), used)].into());
        }
    }

    /// Chooses how credential reports are made from now on; the present report stays.
    pub fn set_reporting(&self, reporting: Reporting) {
        *self.lock().reporting = reporting;
    }

    /// Checks a code of an MFA device that is enabled for `user`; a code is accepted once.
    pub fn check_mfa(&self, user: &str, serial: &str, code: &str) -> bool {
        ops::mfa::check(&mut self.lock(), user, serial, code, self.clock.wall())
    }

    /// Reads the state.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the state behind the API: to seed an account, to sign a user in, to move things in time.
    pub fn edit<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ServiceHandler for Iam {
    fn service_name(&self) -> &'static str {
        "iam"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsQuery
    }

    async fn handle(&self, operation: &str, input: Value, ctx: &RequestContext) -> Result<Value, AwsError> {
        let Some((_, run)) = OPS.iter().find(|(name, _)| *name == operation) else {
            let message = format!("Could not find operation {operation} for version 2010-05-08");
            return Err(AwsError::bad_request("InvalidAction", message));
        };
        let (now, wall) = (seconds(self.clock.now()), self.clock.wall());
        let mut answer = run(&mut Call { state: &mut self.lock(), input: &input, ctx, now, wall })?;
        call::prune(&mut answer);
        Ok(answer)
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*self.lock()).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        *self.lock() = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        Ok(())
    }
}

impl super::Service for Iam {
    fn operations(&self) -> Vec<&'static str> {
        OPS.iter().map(|(name, _)| *name).collect()
    }

    fn needs(&self, operation: &str, input: &Value, ctx: &RequestContext) -> Vec<super::Need> {
        needs::of(&self.lock(), operation, input, ctx, self.clock.now())
    }

    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        let changes = self.lock().take_changes()?;
        (!changes.is_empty()).then(|| to_raw_value(&changes)).transpose()
    }

    fn apply_change(&self, change: &RawValue) -> Result<(), String> {
        let changes = serde_json::from_str(change.get()).map_err(|error| error.to_string())?;
        self.lock().apply_changes(&changes).map_err(|error| error.to_string())
    }
}

/// The seconds from one instant to another.
fn elapsed(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second())
}

fn role_key(name_or_arn: &str) -> String {
    let role = name_or_arn.split_once(":role/").map_or(name_or_arn, |(_, path)| path);
    store::key(role.rsplit('/').next().unwrap_or(role))
}
