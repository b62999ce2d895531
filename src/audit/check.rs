//! [`Check`]: one technical question about an account, as a constant; [`Look`]: what it may look at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::verdict::{Subject, Verdict};
use crate::account::credential_report::CredentialReport;
use crate::account::part::Part;
use crate::account::snapshot::{
    Analyzer, Facet, Identity, IdentityProviders, PasswordPolicy, RootManagement, ServerCertificate,
    Snapshot, VirtualMfaDevice,
};

/// How bad it is when a check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Informational,
    /// A habit to improve.
    Low,
    /// A weakness.
    Medium,
    /// A weakness that others build on.
    High,
    /// The account can be lost through it.
    Critical,
}

impl Severity {
    /// Returns the word of the reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Whom a check speaks of; a check that could not look says so of the account or of root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The account as a whole.
    Account,
    /// The root user.
    Root,
    /// Each user of the credential report.
    EachUser,
    /// Each of something else: policies, regions, ….
    Each,
}

/// A number that a benchmark may set for a check.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name, `max_age_days`.
    pub name: &'static str,
    /// Its value unless a benchmark says another.
    pub default: i64,
    /// What it limits, for people.
    pub about: &'static str,
}

/// A check's page of documentation.
#[derive(Debug, Clone, Copy)]
pub struct Docs {
    /// What it looks at and what decides.
    pub looks_at: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it, with the commands.
    pub fix: &'static str,
    /// Where the rule and the facts come from.
    pub sources: &'static [&'static str],
}

/// A technical check. Its id says what it finds, never a benchmark's number: those move.
#[derive(Debug)]
pub struct Check {
    /// `user-console-without-mfa`: kebab-case, the file's name.
    pub id: &'static str,
    /// One line for people: what is so when it passes.
    pub title: &'static str,
    /// How bad it is when it fails.
    pub severity: Severity,
    /// Whom it speaks of.
    pub scope: Scope,
    /// All parts of the picture it may look at, also those it can do without.
    pub reads: &'static [Part],
    /// The numbers a benchmark may set.
    pub params: &'static [Param],
    /// Its page.
    pub docs: Docs,
    /// Looks. `Err` when a part it cannot do without was not read.
    pub run: fn(&Look<'_>) -> Result<Vec<Verdict>, Unread>,
}

/// A part that was not read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Which.
    pub part: Part,
    /// Why.
    pub why: String,
}

/// What a check may look at: the picture, its numbers, and the time by which ages are counted.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The picture. Checks read its parts through the methods below.
    pub snapshot: &'a Snapshot,
    /// The numbers that the control sets.
    pub params: &'a BTreeMap<String, i64>,
    /// The check, for its default numbers and for what it may read.
    pub check: &'static Check,
    /// The time by which ages are counted.
    pub as_of: Timestamp,
}

impl<'a> Look<'a> {
    /// Returns a number: the control's, else the check's own.
    pub fn param(&self, name: &str) -> i64 {
        let own = self.check.params.iter().find(|param| param.name == name).map(|param| param.default);
        debug_assert!(own.is_some(), "{} has no number `{name}`", self.check.id);
        self.params.get(name).copied().or(own).unwrap_or_default()
    }

    /// Stands for the account.
    pub fn account(&self) -> Subject {
        Subject::account(&self.snapshot.partition, &self.snapshot.account)
    }

    /// Stands for the root user.
    pub fn root(&self) -> Subject {
        Subject::root(&self.snapshot.partition, &self.snapshot.account)
    }

    /// Users, groups, roles and customer-managed policies.
    pub fn identity(&self) -> Result<&'a Identity, Unread> {
        self.part(Part::Identity, &self.snapshot.identity)
    }

    /// The credential report.
    pub fn report(&self) -> Result<&'a CredentialReport, Unread> {
        self.part(Part::CredentialReport, &self.snapshot.credential_report)
    }

    /// The account summary.
    pub fn summary(&self) -> Result<&'a BTreeMap<String, i64>, Unread> {
        self.part(Part::AccountSummary, &self.snapshot.account_summary)
    }

    /// The password policy; `None` inside when the account has none.
    pub fn password_policy(&self) -> Result<Option<&'a PasswordPolicy>, Unread> {
        self.part(Part::PasswordPolicy, &self.snapshot.password_policy).map(Option::as_ref)
    }

    /// The virtual MFA devices that somebody uses.
    pub fn virtual_mfa(&self) -> Result<&'a [VirtualMfaDevice], Unread> {
        self.part(Part::VirtualMfa, &self.snapshot.virtual_mfa).map(Vec::as_slice)
    }

    /// The server certificates.
    pub fn server_certificates(&self) -> Result<&'a [ServerCertificate], Unread> {
        self.part(Part::ServerCertificates, &self.snapshot.server_certificates).map(Vec::as_slice)
    }

    /// The enabled regions.
    pub fn regions(&self) -> Result<&'a BTreeSet<String>, Unread> {
        self.part(Part::Analyzers, &self.snapshot.regions)
    }

    /// The analyzers of one region.
    pub fn analyzers(&self, region: &str) -> Result<&'a [Analyzer], Unread> {
        match self.snapshot.analyzers_by_region.get(region) {
            Some(facet) => self.part(Part::Analyzers, facet).map(Vec::as_slice),
            None => Err(Unread { part: Part::Analyzers, why: "nobody asked for it".into() }),
        }
    }

    /// SAML and `OpenID` Connect providers.
    pub fn identity_providers(&self) -> Result<&'a IdentityProviders, Unread> {
        self.part(Part::IdentityProviders, &self.snapshot.identity_providers)
    }

    /// Whether the organization looks after root users.
    pub fn root_management(&self) -> Result<&'a RootManagement, Unread> {
        self.part(Part::RootManagement, &self.snapshot.root_management)
    }

    fn part<T>(&self, part: Part, facet: &'a Facet<T>) -> Result<&'a T, Unread> {
        debug_assert!(
            self.check.reads.contains(&part),
            "{} does not say that it reads {part:?}",
            self.check.id
        );
        match facet {
            Facet::Read(value) => Ok(value),
            Facet::NotRead(why) => Err(Unread { part, why: why.clone() }),
        }
    }
}
