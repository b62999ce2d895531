//! What a user signs in and signs requests with. Secrets are kept in the state file of the sandbox, which is
//! the account, but never appear in `Debug`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::store::Tags;

/// A secret of the sandbox's own account: kept in its file, hidden from `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(String);

impl Kept {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the secret.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(…)")
    }
}

/// A long-term access key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA…`.
    pub id: String,
    /// The secret access key.
    pub secret: Kept,
    /// Whether it may be used.
    pub active: bool,
    /// Which of the two places of the credential report it has: 1 or 2.
    pub slot: u8,
    /// When it was created.
    pub created: Timestamp,
    /// When it was created or its status last changed.
    pub changed: Timestamp,
    /// When, where and for what it was last used.
    #[serde(default)]
    pub last_used: Option<KeyUse>,
}

/// The last use of an access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// When.
    pub at: Timestamp,
    /// The service namespace, such as `iam`.
    pub service: String,
    /// The Region of the request.
    pub region: String,
}

/// A console password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// When the login profile was created.
    pub created: Timestamp,
    /// When the password was last set.
    pub changed: Timestamp,
    /// Whether the user must choose a new password at the next sign-in.
    pub reset_required: bool,
    /// The password in use, hashed.
    password: Hashed,
    /// Former passwords, newest first.
    #[serde(default)]
    former: Vec<Hashed>,
}

impl Login {
    /// How many former passwords are remembered: the most that a password policy can ask for.
    const MEMORY: usize = 24;

    /// Makes a login profile; `salt` is random.
    pub fn new(password: &str, salt: &[u8], reset_required: bool, now: Timestamp) -> Self {
        Self {
            created: now,
            changed: now,
            reset_required,
            password: Hashed::new(password, salt),
            former: Vec::new(),
        }
    }

    /// Replaces the password.
    pub fn set(&mut self, password: &str, salt: &[u8], now: Timestamp) {
        let old = std::mem::replace(&mut self.password, Hashed::new(password, salt));
        self.former.insert(0, old);
        self.former.truncate(Self::MEMORY);
        self.changed = now;
    }

    /// Whether this is the password.
    pub fn matches(&self, password: &str) -> bool {
        self.password.matches(password)
    }

    /// Whether the password is the present one or one of the last `count`.
    pub fn used_before(&self, password: &str, count: usize) -> bool {
        count > 0
            && (self.matches(password)
                || self.former.iter().take(count.saturating_sub(1)).any(|old| old.matches(password)))
    }
}

/// A salted hash of a password.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Hashed {
    salt: String,
    hash: String,
}

impl Hashed {
    fn new(password: &str, salt: &[u8]) -> Self {
        let salt = STANDARD_NO_PAD.encode(salt);
        Self { hash: Self::digest(&salt, password), salt }
    }

    fn matches(&self, password: &str) -> bool {
        Self::digest(&self.salt, password) == self.hash
    }

    fn digest(salt: &str, password: &str) -> String {
        STANDARD_NO_PAD.encode(Sha256::new().chain_update(salt).chain_update(password).finalize())
    }
}

/// A virtual MFA device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VirtualMfa {
    /// The serial number, an ARN.
    pub serial: String,
    /// The base32 seed, shown once to whoever creates the device.
    pub seed: Kept,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// Lower-case name of the user it is enabled for.
    #[serde(default)]
    pub user: Option<String>,
    /// When it was enabled.
    #[serde(default)]
    pub enabled: Option<Timestamp>,
    /// The last time step whose code was accepted: a code counts once.
    #[serde(default)]
    pub last_step: Option<u64>,
}

/// An SSH public key for `CodeCommit`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SshKey {
    /// `APKA…`.
    pub id: String,
    /// The key text.
    pub body: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was uploaded.
    pub uploaded: Timestamp,
}

/// An X.509 signing certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Certificate {
    /// The certificate id.
    pub id: String,
    /// The PEM text.
    pub body: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was uploaded or its status last changed.
    pub uploaded: Timestamp,
}

/// A user name and password for one service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceCredential {
    /// `ACCA…`.
    pub id: String,
    /// The service, such as `codecommit.amazonaws.com`.
    pub service: String,
    /// The generated user name.
    pub user_name: String,
    /// The generated password.
    pub password: Kept,
    /// Whether it may be used.
    pub active: bool,
    /// When it was created.
    pub created: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_remembers_its_former_passwords() {
        let mut login = Login::new("one", b"salt", false, Timestamp::UNIX_EPOCH);
        login.set("two", b"pepper", Timestamp::UNIX_EPOCH);
        assert!(login.matches("two") && !login.matches("one"));
        assert!(login.used_before("one", 2));
        assert!(!login.used_before("one", 1));
        assert!(
            !format!("{:?}", AccessKey { secret: Kept::new("abc"), ..AccessKey::default() }).contains("abc")
        );
    }
}
