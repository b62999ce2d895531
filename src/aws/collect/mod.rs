//! Reads an account into a [`Snapshot`], one file per facet, everything that does not depend on something else
//! at the same time.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::AssignmentStatusType;
use futures::stream::{self, StreamExt as _};

use self::credentials::Extent;
use super::Aws;
use super::error::ApiError;
use crate::account::part::Part;
use crate::account::snapshot::{Facet, Snapshot, Tags};

mod account_summary;
mod analyzers;
mod audit;
mod credential_report;
pub mod credentials;
pub mod function;
mod identity;
mod identity_providers;
pub mod listing;
mod mfa;
mod password_policy;
pub mod policies;
mod regions;
mod root_management;
mod rule;
pub mod schedules;
mod server_certificates;
mod stack;
pub mod tagged;
mod topic;

/// Requests under way at once. IAM's own limits are per account and low; ten is what Terraform uses too.
const CONCURRENCY: usize = 10;

/// What to read. Everything named here is read if it exists; nothing else is.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Users whose credentials are read.
    pub users: BTreeSet<String>,
    /// Whether the rarer children of users are read too, as before a deletion.
    pub all_credentials: bool,
    /// Whether users, groups, roles and policies are read.
    pub identity: bool,
    /// Customer-managed policies whose tags are read.
    pub policies: BTreeSet<String>,
    /// Whose policies are looked for besides: those that nobody, or only this owner, has attached.
    pub owner: Option<Owner>,
    /// Roles whose description and session length are read.
    pub roles: BTreeSet<String>,
    /// Functions by name.
    pub functions: BTreeSet<String>,
    /// Topics by name.
    pub topics: BTreeSet<String>,
    /// EventBridge rules by name.
    pub rules: BTreeSet<String>,
    /// Whether the schedules of EventBridge Scheduler in the region are read.
    pub schedules: bool,
    /// Stacks by name.
    pub stacks: BTreeSet<String>,
    /// Whether the password policy is read.
    pub password_policy: bool,
    /// Whether the analyzers are read.
    pub analyzers: bool,
    /// Whether the virtual MFA devices are read.
    pub virtual_mfa: bool,
    /// Things this very run has tagged: their tags are known and need no call. ARNs, with the mark.
    pub known_tags: BTreeMap<String, Tags>,
    /// What an audit asks for.
    pub parts: BTreeSet<Part>,
}

impl Scope {
    /// Returns the scope of an audit that needs these parts.
    pub fn audit(parts: impl IntoIterator<Item = Part>) -> Self {
        let parts: BTreeSet<Part> = parts.into_iter().collect();
        let identity = parts.contains(&Part::Identity);
        let password_policy = parts.contains(&Part::PasswordPolicy);
        Self { identity, password_policy, parts, ..Self::default() }
    }
}

/// How an owner's things are marked.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The tag's key.
    pub key: &'static str,
    /// The tag's value.
    pub value: String,
    /// The path of groups, which take no tags.
    pub group_path: String,
}

/// A snapshot and the calls that failed while it was taken.
#[derive(Debug)]
pub struct Collected {
    /// What could be read.
    pub snapshot: Snapshot,
    /// Why the rest could not.
    pub errors: Vec<ApiError>,
}

/// Reads what `scope` names.
pub async fn collect(aws: &Aws, scope: &Scope) -> Collected {
    let mut snapshot =
        Snapshot::empty(&aws.caller.account, &aws.caller.partition, &aws.region, aws.clock.now());
    let mut errors = Vec::new();
    let iam_side = async {
        let identity = wanted(scope.identity, identity::read(aws, scope)).await;
        let present = identity.as_ref().and_then(|read| read.as_ref().ok()).map(|identity| {
            scope.users.iter().filter(|name| identity.users.contains_key(*name)).cloned().collect()
        });
        let users: BTreeSet<String> = present.unwrap_or_default();
        let extent = if scope.all_credentials { Extent::All } else { Extent::Usual };
        // Without a user there is nobody whose device it could be.
        let (credentials, virtual_mfa) = futures::join!(
            each(&users, |name| async move { credentials::read(aws, &name, extent).await }),
            wanted(scope.virtual_mfa && !users.is_empty(), mfa::read(aws, AssignmentStatusType::Any)),
        );
        (identity, credentials, virtual_mfa)
    };
    let (
        (identity, credentials, virtual_mfa),
        audit_side,
        password_policy,
        analyzers,
        functions,
        topics,
        rules,
        schedules,
        stacks,
    ) = futures::join!(
        iam_side,
        audit::read(aws, &scope.parts),
        wanted(scope.password_policy, password_policy::read(aws)),
        wanted(scope.analyzers, analyzers::read(aws)),
        each(&scope.functions, |name| async move { function::read(aws, &name).await }),
        each(&scope.topics, |name| async move { topic::read(aws, &name, &scope.known_tags).await }),
        each(&scope.rules, |name| async move { rule::read(aws, &name, &scope.known_tags).await }),
        wanted(scope.schedules, schedules::read(aws)),
        each(&scope.stacks, |name| async move { stack::read(aws, &name).await }),
    );
    keep(identity, &mut snapshot.identity, &mut errors);
    keep(virtual_mfa, &mut snapshot.virtual_mfa, &mut errors);
    keep(password_policy, &mut snapshot.password_policy, &mut errors);
    keep(schedules, &mut snapshot.schedules, &mut errors);
    keep(analyzers, &mut snapshot.analyzers, &mut errors);
    keep_each(credentials, &mut snapshot.credentials, &mut errors);
    keep_each(functions, &mut snapshot.functions, &mut errors);
    keep_each(topics, &mut snapshot.topics, &mut errors);
    keep_each(rules, &mut snapshot.rules, &mut errors);
    keep_each(stacks, &mut snapshot.stacks, &mut errors);
    audit_side.keep(&mut snapshot, &mut errors);
    Collected { snapshot, errors }
}

type Named<T> = Vec<(String, Result<T, ApiError>)>;

async fn wanted<T>(
    is_wanted: bool,
    read: impl Future<Output = Result<T, ApiError>>,
) -> Option<Result<T, ApiError>> {
    if is_wanted { Some(read.await) } else { None }
}

async fn each<T, F>(names: &BTreeSet<String>, read: impl Fn(String) -> F) -> Named<T>
where
    F: Future<Output = Result<T, ApiError>>,
{
    stream::iter(names.iter().cloned())
        .map(|name| {
            let reading = read(name.clone());
            async move { (name, reading.await) }
        })
        .buffered(CONCURRENCY)
        .collect()
        .await
}

fn keep<T>(read: Option<Result<T, ApiError>>, facet: &mut Facet<T>, errors: &mut Vec<ApiError>) {
    match read {
        Some(Ok(value)) => *facet = Facet::Read(value),
        Some(Err(error)) => {
            *facet = Facet::NotRead(error.reason());
            errors.push(error);
        }
        None => {}
    }
}

fn keep_each<T>(read: Named<T>, facets: &mut BTreeMap<String, Facet<T>>, errors: &mut Vec<ApiError>) {
    for (name, result) in read {
        let mut facet = Facet::default();
        keep(Some(result), &mut facet, errors);
        facets.insert(name, facet);
    }
}

/// Converts an SDK time; times before the year 0 or after 9999 do not occur.
fn timestamp(time: Option<&aws_smithy_types::DateTime>) -> Option<jiff::Timestamp> {
    time.and_then(|time| jiff::Timestamp::from_second(time.secs()).ok())
}
