//! When somebody was last there. The collector fills it in; what it did not read is said to be not read.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// When something was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Used {
    /// Then.
    At(Timestamp),
    /// Never, as far as AWS remembers.
    Never,
    /// There is no such thing: a user without a password, without a key.
    None,
    /// Nobody looked, for this reason.
    NotRead(String),
}

/// The last use of a user or a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastUse {
    /// Of a user.
    User {
        /// The password.
        password: Used,
        /// The newest use of its access keys.
        keys: Used,
    },
    /// Of a role: the newest use of one of its sessions.
    Role(Used),
    /// A group is used by nobody.
    Group,
}

/// What is known of the last use of everybody, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUses {
    /// Password and keys of users.
    pub users: BTreeMap<String, (Used, Used)>,
    /// Roles.
    pub roles: BTreeMap<String, Used>,
    /// Why nothing is known of those who are not listed.
    pub otherwise: String,
}

impl LastUses {
    /// Stands for nothing being known.
    pub fn not_read(why: impl Into<String>) -> Self {
        Self { users: BTreeMap::new(), roles: BTreeMap::new(), otherwise: why.into() }
    }

    pub(super) fn user(&self, name: &str) -> LastUse {
        let unknown = || Used::NotRead(self.otherwise.clone());
        let (password, keys) = self.users.get(name).cloned().unwrap_or_else(|| (unknown(), unknown()));
        LastUse::User { password, keys }
    }

    pub(super) fn role(&self, name: &str) -> LastUse {
        LastUse::Role(self.roles.get(name).cloned().unwrap_or_else(|| Used::NotRead(self.otherwise.clone())))
    }
}

impl LastUse {
    /// Returns what there is to say, each with its word: `password`, `keys`, `role`.
    pub fn parts(&self) -> Vec<(&'static str, &Used)> {
        match self {
            Self::User { password, keys } => vec![("password", password), ("keys", keys)],
            Self::Role(used) => vec![("role", used)],
            Self::Group => vec![],
        }
    }
}
