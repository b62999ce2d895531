//! [`Rubric`]: what an assignment asks for, in points, as data. Read strictly: every mistake of the file is told in one
//! go, with its place.
//!
//! ```yaml
//! tasks:
//!   - id: T1
//!     title: a least-privilege policy
//!     points: 5
//!     criteria:
//!       - id: T1.policy-exists
//!         points: 1
//!         what: a policy named IAM-Auditor-Policy
//!         check: { exists: policy/IAM-Auditor-Policy }
//!         feedback: make it under IAM, Policies, and name it exactly so
//! ```

mod load;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::points::Points;
use super::subject::Subject;

pub use load::schema;

/// A rubric.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "iamlab rubric")]
pub struct Rubric {
    /// The assignment's short name, `[a-z0-9-]{1,40}`; part of every student's external id.
    pub name: String,
    /// The assignment's title.
    pub title: String,
    /// The scenario that is the reference solution, beside the rubric; the self-test brings it up.
    #[serde(default)]
    pub scenario: Option<String>,
    /// The regions a student may have worked in; the first one with a function that does the work is looked at.
    #[serde(default = "default_regions")]
    pub regions: Vec<String>,
    /// What a criterion is worth, in per cent, when it is met but for something small, as a misspelt name.
    #[serde(default = "default_nearly")]
    #[schemars(range(min = 0, max = 100))]
    pub nearly: u8,
    /// What being late costs.
    #[serde(default)]
    pub late: Option<LatePolicy>,
    /// The tasks, in the assignment's order.
    pub tasks: Vec<Task>,
    /// What the assignment leaves to the student: properties of the reference scenario that may have any value
    /// without costing a point, as `ADDRESS PROPERTY`, with `*` for any characters.
    #[serde(default)]
    pub free: Vec<Free>,
    /// The folder of the rubric's file.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn default_regions() -> Vec<String> {
    vec![crate::scenario::model::DEFAULT_REGION.to_owned()]
}

const fn default_nearly() -> u8 {
    50
}

/// What being late costs.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatePolicy {
    /// When the work is due; `--deadline` says it for one class.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub deadline: Option<Timestamp>,
    /// How many minutes after the deadline nothing is said.
    #[serde(default)]
    pub grace_minutes: u32,
    /// Per cent of the score that each day begun costs.
    #[schemars(range(min = 0, max = 100))]
    pub percent_per_day: u8,
    /// The most that being late can cost, in per cent of the score.
    #[schemars(range(min = 0, max = 100))]
    pub at_most_percent: u8,
}

/// A property that is left to the student.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Free {
    /// Which properties, as the self-test names them: `function.* memory`.
    pub what: String,
    /// Why the assignment leaves them open.
    pub because: String,
}

/// A task of the assignment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// `T1`.
    pub id: String,
    /// What it is about, in a few words.
    pub title: String,
    /// Its points: those of its criteria together.
    pub points: Points,
    /// Its criteria.
    pub criteria: Vec<Criterion>,
}

/// One thing that is looked for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// The task's id, a full stop, a name of its own: `T1.policy-exists`.
    pub id: String,
    /// What it is worth.
    pub points: Points,
    /// What is looked for, in a phrase.
    pub what: String,
    /// How it is looked for.
    pub check: Assertion,
    /// What a student who misses it should do.
    pub feedback: String,
    /// What helps whoever marks: the usual mistake, what to look at. Never shown to students.
    #[serde(default)]
    pub hint: Option<String>,
    /// Whether students see it only after marking: `grade self` leaves it out.
    #[serde(default)]
    pub hidden: bool,
    /// What it is worth, in per cent, when it is met but for something small; the rubric's own otherwise.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub nearly: Option<u8>,
}

/// How one thing is looked for: a closed set, each decided by what it means and not by how it is written.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assertion {
    /// There is one of this name: exactly, or nearly with a remark.
    Exists(Subject),
    /// A user has a password for the console.
    Console(Subject),
    /// A user has an MFA device of any kind, enabled.
    Mfa(Subject),
    /// A user has so many active access keys; another number, or keys that are not active, is nearly so.
    AccessKeys(AccessKeys),
    /// A user has no permissions of its own: no policy attached, none inline.
    NoPolicies(Subject),
    /// A group has these users as members, exactly them.
    Members(Members),
    /// A managed policy is attached to a group, role or user; the same permissions written inline are nearly so.
    Attached(Attached),
    /// A group, role or user holds no policy besides this one.
    OnlyAttached(Attached),
    /// A policy allows these actions on everything, each an equal part.
    Allows(Allows),
    /// A policy allows nothing beyond these actions; what it does allow beyond costs by its class.
    LeastPrivilege(LeastPrivilege),
    /// Somebody may do something, by all policies that count.
    Can(Ability),
    /// Somebody may not do something, by all policies that count.
    Cannot(Ability),
    /// A role lets somebody assume it.
    Trusts(Trust),
    /// A role lets nobody assume it besides: no service, no other account, not everybody.
    TrustsOnly(Trust),
    /// Something happened, by the event history.
    Event(Event),
    /// The function's code does something, by reading it.
    Code(Deed),
    /// The function's variables or code name this role or topic, by its name or its ARN.
    Named(Subject),
    /// The function has this runtime; an alternative is nearly so.
    Runtime(Runtime),
    /// The function has this architecture: `x86_64` or `arm64`.
    Architecture(String),
    /// An enabled rule or schedule fires once a day, however that is written, and targets the function.
    Schedule(ScheduleFact),
    /// The topic has a subscription.
    Subscription(Subscription),
    /// All of them hold, each an equal part; nothing when the first does not.
    All(Vec<Self>),
    /// One of them holds; the best counts.
    Any(Vec<Self>),
    /// A person judges it and enters the points.
    Manual(Manual),
}

/// A number of access keys.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessKeys {
    /// Whose.
    pub of: Subject,
    /// How many that are active.
    #[schemars(range(min = 0, max = 2))]
    pub active: u8,
}

/// The members of a group.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Members {
    /// The group.
    pub of: Subject,
    /// Who has to be in it.
    pub has: Vec<Subject>,
    /// Who must not be in it besides; when this is left out, nobody else may.
    #[serde(default)]
    pub not: Option<Vec<Subject>>,
}

/// A policy on somebody.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attached {
    /// The managed policy.
    pub policy: Subject,
    /// The group, role or user that holds it.
    pub to: Subject,
    /// Another policy that allows nothing but these actions, and those not on everything, costs nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_fine: Vec<String>,
}

/// Actions that a policy allows.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allows {
    /// The policy.
    pub policy: Subject,
    /// The actions, `service:Action`.
    pub actions: Vec<String>,
}

/// The least privilege that does a job.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeastPrivilege {
    /// The policy.
    pub policy: Subject,
    /// What the job takes.
    pub needs: Vec<String>,
    /// Actions beyond that cost nothing.
    #[serde(default)]
    pub also_fine: Vec<String>,
    /// What the rest costs, by AWS's access level of what is allowed: the worst counts.
    pub costs: Costs,
}

/// What excess costs, in per cent of the criterion.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Lists and reads, a few.
    #[schemars(range(min = 0, max = 100))]
    pub read: u8,
    /// Lists and reads, more than ten actions or a whole service.
    #[schemars(range(min = 0, max = 100))]
    pub many_reads: u8,
    /// Writes and tags.
    #[schemars(range(min = 0, max = 100))]
    pub write: u8,
    /// Permissions management, a whole service with its writes, or everything.
    #[schemars(range(min = 0, max = 100))]
    pub administration: u8,
}

/// What somebody may or may not do.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ability {
    /// Who.
    pub who: Subject,
    /// The action, `service:Action`.
    pub action: String,
    /// On what; anything when it is left out.
    #[serde(default)]
    pub on: Option<Subject>,
}

/// Who may assume a role.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// The role that is assumed.
    pub role: Subject,
    /// Who assumes it.
    pub by: Subject,
}

/// Something that happened.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What was called, any of these: `ConsoleLogin`, `AddUserToGroup`.
    pub name: Vec<String>,
    /// Who did it; anybody but the grader when it is left out.
    #[serde(default)]
    pub by: Option<Subject>,
    /// How it ended.
    #[serde(default)]
    pub outcome: EventOutcome,
    /// Whether MFA was used, for sign-ins.
    #[serde(default)]
    pub mfa: Option<bool>,
    /// One of these has to stand in what was asked for, whatever its case: a name, an attribute.
    #[serde(default)]
    pub mentions: Vec<String>,
}

/// How an event ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventOutcome {
    /// It worked.
    #[default]
    Success,
    /// It was denied.
    Denied,
    /// In whatever way.
    Any,
}

/// What the code of a function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// It is Python that can be read.
    Parses,
    /// A function of its own assumes a role by STS.
    AssumesRole,
    /// It asks IAM to generate the credential report.
    GeneratesReport,
    /// It gets the credential report.
    GetsReport,
    /// The report is generated and got with the credentials of the assumed role, not with the function's own.
    UsesAssumedRole,
    /// What the handler calls reaches the assumption and the report.
    RunsBoth,
    /// CIS 1.1: it tells when root was used last: the password's and both keys' last use of root's row.
    ReportsRootUse,
    /// CIS 1.2: it tells which users have a password and no MFA.
    ReportsUsersWithoutMfa,
    /// CIS 1.12: it tells whether root has an access key, either of two.
    ReportsRootKeys,
    /// It publishes to SNS.
    Publishes,
    /// What it publishes is made from what the controls found.
    PublishesFindings,
    /// No credentials stand in it.
    HoldsNoKeys,
}

/// A runtime.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// Lambda's name: `python3.9`.
    pub is: String,
    /// Runtimes that are nearly right.
    #[serde(default)]
    pub or_nearly: Vec<String>,
}

/// One fact about how the function is started every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleFact {
    /// Something is scheduled, enabled, once a day.
    Daily,
    /// What is scheduled targets the function.
    TargetsFunction,
    /// Whoever fires it may invoke the function.
    MayInvoke,
}

/// A subscription of the topic.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// `email`; `email-json` counts as it.
    pub protocol: String,
    /// Whether it has to be confirmed; one that is not is nearly right.
    #[serde(default)]
    pub confirmed: bool,
}

/// What a person judges.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manual {
    /// What to look for in the student's answer.
    pub judge: String,
}

impl Rubric {
    /// Returns the points of the whole assignment.
    pub fn max(&self) -> Points {
        self.tasks.iter().map(|task| task.points).sum()
    }

    /// Lists all criteria, in order.
    pub fn criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.tasks.iter().flat_map(|task| &task.criteria)
    }

    /// Returns the criteria by their id.
    pub fn by_id(&self) -> BTreeMap<&str, &Criterion> {
        self.criteria().map(|criterion| (criterion.id.as_str(), criterion)).collect()
    }
}

impl Assertion {
    /// Lists it and all that it is made of.
    pub fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::leaves).collect(),
            leaf => vec![leaf],
        }
    }

    /// Tells whether a person judges it.
    pub fn is_manual(&self) -> bool {
        self.leaves().iter().any(|leaf| matches!(leaf, Self::Manual(_)))
    }

    /// Lists the subjects that it names.
    pub fn subjects(&self) -> Vec<&Subject> {
        match self {
            Self::Exists(one) | Self::Console(one) | Self::Mfa(one) | Self::NoPolicies(one) => vec![one],
            Self::AccessKeys(keys) => vec![&keys.of],
            Self::Members(members) => {
                let not = members.not.iter().flatten();
                std::iter::once(&members.of).chain(&members.has).chain(not).collect()
            }
            Self::Attached(one) | Self::OnlyAttached(one) => vec![&one.policy, &one.to],
            Self::Named(one) => vec![&Subject::Function, one],
            Self::Allows(allows) => vec![&allows.policy],
            Self::LeastPrivilege(least) => vec![&least.policy],
            Self::Can(ability) | Self::Cannot(ability) => {
                std::iter::once(&ability.who).chain(&ability.on).collect()
            }
            Self::Trusts(trust) | Self::TrustsOnly(trust) => vec![&trust.role, &trust.by],
            Self::Event(event) => event.by.iter().collect(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::subjects).collect(),
            Self::Code(_) | Self::Runtime(_) | Self::Architecture(_) | Self::Schedule(_) => {
                vec![&Subject::Function]
            }
            Self::Subscription(_) => vec![&Subject::Topic],
            Self::Manual(_) => vec![],
        }
    }
}
