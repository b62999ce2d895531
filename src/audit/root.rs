//! What the parts of the picture say of the root user: the account summary, which is live, and the credential report,
//! which may be hours old.
//!
//! The root user of an account whose organization looks after it has neither password nor keys. Its row then says
//! `false` or `N/A`; older reports say `not_supported`, which tells nothing.

use std::collections::BTreeMap;

use super::check::{Look, Unread};
use super::credential::{KEYS, is_on, with_cells};
use super::verdict::Verdict;
use crate::account::credential_report::{Flag, Row, When};

/// The columns that say whether root has an access key. An inactive key keeps its date.
pub(super) const KEY_COLUMNS: [&str; 4] = [KEYS[0].enabled, KEYS[0].set, KEYS[1].enabled, KEYS[1].set];

/// What was read of the root user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root<'a> {
    summary: Option<&'a BTreeMap<String, i64>>,
    /// Its row in the credential report.
    pub(super) row: Option<&'a Row>,
}

impl<'a> Root<'a> {
    /// Takes whatever there is of the summary and the report. When neither was read, the error names the summary.
    pub(super) fn of(look: &Look<'a>) -> Result<Self, Unread> {
        let (summary, report) = (look.summary(), look.report());
        match (summary, report) {
            (Err(unread), Err(_)) => Err(unread),
            (summary, report) => {
                Ok(Self { summary: summary.ok(), row: report.ok().and_then(|report| report.root()) })
            }
        }
    }

    /// Returns a number of the summary.
    pub(super) fn summary(&self, key: &str) -> Option<i64> {
        self.summary.and_then(|summary| summary.get(key)).copied()
    }

    /// Tells whether the report shows an access key, active or not; `None` when it does not tell.
    pub(super) fn reported_key(&self) -> Option<bool> {
        let row = self.row?;
        let keys = KEYS.map(|key| match (row.flag(key.enabled), row.when(key.set)) {
            (Flag::True, _) | (_, When::At(_)) => Some(true),
            (Flag::False | Flag::NotApplicable, When::NotApplicable) => Some(false),
            _ => None,
        });
        either(keys)
    }

    /// Tells whether root has an access key; the live summary goes first.
    pub(super) fn has_key(&self) -> Option<bool> {
        self.summary("AccountAccessKeysPresent").map(|keys| keys > 0).or_else(|| self.reported_key())
    }

    /// Tells whether a column of root's row says yes; `None` when it does not tell.
    pub(super) fn reported(&self, column: &'static str) -> Option<bool> {
        is_on(self.row?, column).ok()
    }

    /// Tells whether root has an MFA device; the live summary goes first.
    pub(super) fn has_mfa(&self) -> Option<bool> {
        let live = self.summary("AccountMFAEnabled").map(|devices| devices > 0);
        live.or_else(|| self.reported("mfa_active"))
    }

    /// Says why nothing tells whether root has an MFA device.
    pub(super) fn no_word_of_mfa(&self) -> &'static str {
        match self.row {
            Some(_) => "root's `mfa_active` cannot be read in the credential report",
            None => "neither the account summary nor a row of the credential report tells of root",
        }
    }

    /// Tells whether it is known that nobody can be root: there is no password, and there are no keys.
    pub(super) fn has_no_credentials(&self) -> bool {
        let live = self.summary("AccountPasswordPresent").map(|count| count > 0);
        let password = live.or_else(|| self.reported("password_enabled"));
        password == Some(false) && self.has_key() == Some(false)
    }

    /// Adds numbers of the summary and cells of the report, as far as there are any.
    pub(super) fn evidence(
        &self,
        mut verdict: Verdict,
        keys: &[&'static str],
        columns: &[&'static str],
    ) -> Verdict {
        for &key in keys {
            if let Some(number) = self.summary(key) {
                verdict = verdict.with(key, number.to_string());
            }
        }
        match self.row {
            Some(row) => with_cells(verdict, row, columns),
            None => verdict,
        }
    }
}

/// One of two: a yes is enough, a no takes both.
fn either([one, other]: [Option<bool>; 2]) -> Option<bool> {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}
