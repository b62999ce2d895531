//! When somebody was last there: users by the credential report, roles by their last session. What was not read is said
//! to be not read.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::account::credential_report::{Row, When};
use crate::account::snapshot::{Facet, Snapshot};
use crate::audit::credential::{Credential, KEYS, PASSWORD, is_on};

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
    /// Takes from a picture what it knows.
    pub fn of(snapshot: &Snapshot) -> Self {
        let (users, otherwise) = match &snapshot.credential_report {
            Facet::Read(report) => {
                let users =
                    report.users().map(|row| (row.user().to_owned(), (used(row, &PASSWORD), keys(row))));
                (users.collect(), "the credential report does not list it".to_owned())
            }
            Facet::NotRead(why) => (BTreeMap::new(), why.clone()),
        };
        let roles = snapshot.identity.read().map(|identity| &identity.roles).into_iter().flatten();
        let roles = roles.map(|(name, role)| (name.clone(), role.last_used.map_or(Used::Never, Used::At)));
        Self { users, roles: roles.collect(), otherwise }
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

/// The last use of a credential.
fn used(row: &Row, credential: &Credential) -> Used {
    match is_on(row, credential.enabled) {
        Ok(true) => {}
        Ok(false) => return Used::None,
        Err(_) => return not_told(credential.enabled),
    }
    match row.when(credential.used) {
        When::At(at) => Used::At(at),
        When::NotApplicable | When::NoInformation => Used::Never,
        When::NotSupported | When::Unreadable(_) => not_told(credential.used),
    }
}

/// The newest use of the keys that can be used.
fn keys(row: &Row) -> Used {
    // What is not known of one key may be newer than what is known of the other.
    let weight = |used: &Used| match used {
        Used::None => (0, None),
        Used::Never => (1, None),
        Used::At(at) => (2, Some(*at)),
        Used::NotRead(_) => (3, None),
    };
    KEYS.iter().map(|key| used(row, key)).max_by_key(weight).unwrap_or(Used::None)
}

fn not_told(column: &str) -> Used {
    Used::NotRead(format!("the credential report does not tell `{column}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::credential_report::CredentialReport;
    use crate::account::testing::lab;

    #[test]
    fn the_report_tells_of_users_and_the_listing_of_roles() {
        let mut snapshot = lab();
        assert!(matches!(
            LastUses::of(&snapshot).user("User3"),
            LastUse::User { keys: Used::NotRead(_), .. }
        ));
        let csv = "user,arn,password_enabled,password_last_used,access_key_1_active,access_key_1_last_used_date,\
                   access_key_2_active,access_key_2_last_used_date\n\
                   a,arn,true,no_information,true,2026-01-02T00:00:00Z,true,2026-02-02T00:00:00Z\n\
                   b,arn,false,N/A,true,N/A,false,2026-02-02T00:00:00Z\n\
                   c,arn,true,maybe,false,N/A,false,N/A\n";
        snapshot.credential_report = Facet::Read(CredentialReport::parse(csv, None).unwrap());
        let uses = LastUses::of(&snapshot);
        let newest = Used::At("2026-02-02T00:00:00Z".parse().unwrap());
        assert_eq!(uses.user("a"), LastUse::User { password: Used::Never, keys: newest });
        assert_eq!(uses.user("b"), LastUse::User { password: Used::None, keys: Used::Never });
        assert!(matches!(uses.user("c"), LastUse::User { password: Used::NotRead(_), keys: Used::None }));
        assert_eq!(uses.role("IAM-Auditor-role"), LastUse::Role(Used::Never));
    }
}
