//! [`Evidence`]: all that was read of one student's account, and how. Marks follow from it and from nothing else.

mod file;
mod seal;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::code::package::Package;
use crate::account::calls::ApiCalls;
use crate::account::snapshot::{Facet, Snapshot};

pub use file::NotEvidence;
pub use seal::Seal;

/// What was read for one student.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The student's id on the roster; `self` when students look at their own account.
    pub student: String,
    /// The name of the rubric it was read for.
    pub rubric: String,
    /// How the account was reached.
    pub access: Access,
    /// When reading began, by the account's clock.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// What it cost.
    pub api_calls: ApiCalls,
    /// The picture of the account, in the region that was chosen.
    pub snapshot: Snapshot,
    /// Why this region, when a function in another one was passed over.
    pub place: Option<String>,
    /// The names of the functions of the region.
    pub functions: Facet<BTreeSet<String>>,
    /// The names of the topics of the region.
    pub topics: Facet<BTreeSet<String>>,
    /// The names of the rules of the default event bus, without those that AWS looks after.
    pub rules: Facet<BTreeSet<String>>,
    /// The packages of the functions, by function.
    pub packages: BTreeMap<String, Facet<Package>>,
    /// The parts of the event history that were asked for.
    pub lookups: Vec<Lookup>,
    /// Requests, in the order in which they were answered: for AWS's support and for disputes.
    pub requests: Vec<Request>,
    /// What ties a collected file to a student, when somebody sealed it.
    pub seal: Option<Seal>,
}

/// How an account was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The way in.
    pub way: Way,
    /// `sandbox` or `aws`.
    pub target: String,
    /// The ARN of whoever read.
    pub caller: String,
    /// The role that was assumed.
    pub role: Option<String>,
    /// Whether the role could also be assumed without the external id; nothing for other ways.
    pub open_without_external_id: Option<Facet<bool>>,
    /// What ties a collected file to a student and an assignment.
    pub nonce: Option<String>,
}

/// The way into an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A role of the account, assumed with the student's external id.
    Role,
    /// A named profile.
    Profile,
    /// An account of the embedded sandbox.
    Sandbox,
    /// A file that the student collected.
    Bundle,
    /// The student's own credentials, on the student's own machine.
    Own,
}

/// One look into the event history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// `Username` or `EventName`.
    pub attribute: String,
    /// Its value.
    pub value: String,
    /// The region that was asked.
    pub region: String,
    /// The records, newest first; the grader's own calls are not among them.
    pub records: Facet<Vec<Value>>,
    /// Whether all of the 90 days were looked through.
    pub complete: bool,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `iam:GetAccountAuthorizationDetails`.
    pub operation: String,
    /// AWS's id of it; empty when the answer told none.
    pub id: String,
    /// The HTTP status.
    pub status: u16,
}
