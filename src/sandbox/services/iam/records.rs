//! What IAM writes down about an account: its credential report, and who called which service last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A generated credential report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The CSV text.
    pub content: String,
    /// When it was, or will be, finished.
    pub generated: Timestamp,
}

/// How credential reports are made; the default is as AWS makes them, but at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reporting {
    /// Whether there is a 23rd column, `additional_credentials_info`, which the IAM user guide lists and reports of
    /// ordinary accounts do not have.
    #[serde(default)]
    pub additional_column: bool,
    /// How many seconds a report takes to make.
    #[serde(default)]
    pub preparation: u32,
}

/// The last call to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUse {
    /// When.
    pub at: Timestamp,
    /// The Region of the request.
    pub region: String,
}

/// A report on services last accessed that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessJob {
    /// Whom it is about: a user, group, role or policy.
    pub arn: String,
    /// `SERVICE_LEVEL` or `ACTION_LEVEL`.
    pub level: String,
    /// When it was asked for.
    pub created: Timestamp,
}
