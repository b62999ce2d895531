//! Where functions run: the address at which they reach their account, and the folder beside it.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use async_trait::async_trait;

use super::account::Account;
use super::authorize;
use super::realm::Realm;
use super::runtime::Home;

/// The home of one account's functions.
pub(super) struct Hearth {
    realm: Weak<Realm>,
    account: Weak<Account>,
}

impl Hearth {
    /// Makes the home of an account.
    pub(super) fn of(realm: &Arc<Realm>, account: &Arc<Account>) -> Arc<Self> {
        Arc::new(Self { realm: Arc::downgrade(realm), account: Arc::downgrade(account) })
    }
}

#[async_trait]
impl Home for Hearth {
    async fn endpoint(&self) -> Result<String, String> {
        let realm = self.realm.upgrade().ok_or("the sandbox is closed")?;
        realm
            .endpoint()
            .await
            .map_err(|error| format!("no port of the loopback interface can be served: {error}"))
    }

    fn folder(&self) -> Option<PathBuf> {
        self.realm.upgrade()?.folder().map(|folder| folder.dir().to_owned())
    }

    fn changed(&self) {
        if let Some(account) = self.account.upgrade() {
            // Nobody waits for this: what cannot be saved now is saved, or refused, with the next call.
            let _ = account.keeper().save();
        }
    }

    fn may(&self, access_key_id: &str, region: &str, action: &str, resource: &str) -> bool {
        let account = self.account.upgrade();
        account.is_some_and(|account| authorize::may(&account, access_key_id, region, action, resource))
    }
}
