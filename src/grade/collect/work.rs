//! What the student made in the region: functions with their packages, topics, and what is scheduled. Bounded: a student
//! makes a few of each, and whoever made hundreds shall not hold up a class.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use super::place::Place;
use super::{Needs, blank, mask};
use crate::account::snapshot::{Facet, Function, Schedule, Snapshot, Tags};
use crate::aws::Aws;
use crate::aws::archive::{Unfetched, package};
use crate::aws::collect::{Scope, collect, function, listing, policies, schedules};
use crate::aws::error::ApiError;
use crate::grade::code::Code;
use crate::grade::code::package::Package;
use crate::grade::found::Outcome;
use crate::grade::rubric::Deed;
use crate::policy::document::PolicyDocument;

/// The most functions that are read, with their packages.
const MOST_FUNCTIONS: usize = 25;

/// The most topics, and the most rules.
const MOST: usize = 50;

/// Packages that are fetched at once: each may have 50 MB.
const AT_ONCE: usize = 2;

/// What was read.
pub(super) struct Work {
    /// The names of the topics.
    pub(super) topics: Facet<BTreeSet<String>>,
    /// The names of the rules.
    pub(super) rules: Facet<BTreeSet<String>>,
    packages: BTreeMap<String, Facet<Package>>,
    schedules: Facet<Vec<Schedule>>,
    /// Holds functions, topics, rules and policies of resources.
    seen: Snapshot,
}

pub(super) async fn read(place: &Place, needs: &Needs, tell: &(dyn Fn(&str) + Send + Sync)) -> Work {
    let aws = &place.aws;
    let names = place.functions.read().filter(|_| needs.functions);
    let (chosen, left) = chosen(names.into_iter().flatten());
    tell("functions, topics and schedules");
    let wanted: Vec<String> = if needs.packages { chosen.iter().cloned().collect() } else { Vec::new() };
    let (mut seen, packages, (topics, of_topics), (rules, of_rules), schedules) = futures::join!(
        functions(aws, &chosen),
        packages(aws, wanted),
        topics(aws, needs.topics),
        rules(aws, needs.schedules),
        schedules(aws, needs.schedules),
    );
    for name in left {
        let why = format!("the account has more than {MOST_FUNCTIONS} functions in {}", aws.region);
        seen.functions.insert(name, Facet::NotRead(why));
    }
    seen.topics = of_topics.topics;
    seen.rules = of_rules.rules;
    seen.resource_policies.extend(of_topics.resource_policies);
    Work { topics, rules, packages, schedules, seen }
}

impl Work {
    /// Tells whether a function does some of these.
    pub(super) fn does(&self, deeds: &[Deed]) -> bool {
        let is_done = |it: &Outcome| matches!(it, Outcome::Met | Outcome::Nearly | Outcome::Part(_));
        self.codes().any(|code| deeds.iter().any(|deed| is_done(&code.deed(*deed).outcome)))
    }

    /// Tells whether a function may do some of these, for all that was read.
    pub(super) fn may_do(&self, deeds: &[Deed]) -> bool {
        let may = |code: &Code| deeds.iter().any(|deed| code.deed(*deed).outcome != Outcome::Missed);
        self.unread().is_some() || self.codes().any(|code| may(&code))
    }

    /// Returns why the code of a function was not read.
    pub(super) fn unread(&self) -> Option<&str> {
        let packages = self.packages.values().map(|package| match package {
            Facet::NotRead(why) => Some(why),
            Facet::Read(_) => None,
        });
        let functions = self.seen.functions.values().map(|function| match function {
            Facet::NotRead(why) => Some(why),
            Facet::Read(_) => None,
        });
        packages.chain(functions).flatten().next().map(String::as_str)
    }

    fn codes(&self) -> impl Iterator<Item = Code> {
        self.packages.iter().filter_map(|(name, package)| {
            let function = self.seen.functions.get(name)?.read()?.as_ref()?;
            Some(Code::read(package.read()?, &function.handler, &function.environment))
        })
    }

    /// Puts what was read into the picture; the packages, which have no place in it, are handed back.
    pub(super) fn add_to(self, snapshot: &mut Snapshot) -> BTreeMap<String, Facet<Package>> {
        snapshot.functions = self.seen.functions;
        snapshot.topics = self.seen.topics;
        snapshot.rules = self.seen.rules;
        snapshot.resource_policies = self.seen.resource_policies;
        snapshot.schedules = self.schedules;
        self.packages
    }
}

/// Chooses the functions that are read: those that are named after the assignment first. Returns the others too.
fn chosen<'a>(names: impl Iterator<Item = &'a String>) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut names: Vec<(bool, &String)> = names
        .map(|name| {
            let lower = name.to_lowercase();
            (!(lower.contains("iam") || lower.contains("audit")), name)
        })
        .collect();
    names.sort_unstable();
    let (chosen, left) = names.split_at(names.len().min(MOST_FUNCTIONS));
    let names = |some: &[(bool, &String)]| some.iter().map(|(_, name)| (*name).clone()).collect();
    (names(chosen), names(left))
}

async fn functions(aws: &Aws, names: &BTreeSet<String>) -> Snapshot {
    let mut seen = blank(aws);
    // Why something could not be read, the picture says too.
    function::add(aws, names, &mut seen).await;
    let (functions, policies) = (&mut seen.functions, &mut seen.resource_policies);
    for function in functions.values_mut() {
        if let Facet::Read(Some(function)) = function {
            mask::environment(&mut function.environment);
            function.description = mask::text(&function.description);
            let policy = match &function.permissions_unread {
                Some(why) => Facet::NotRead(why.clone()),
                None => Facet::Read(policy(function)),
            };
            policies.insert(function.arn.clone(), policy);
        }
    }
    seen
}

/// Puts the statements of a function's policy, which have been read, together again.
fn policy(function: &Function) -> Option<PolicyDocument> {
    let statements = function.permissions.values();
    let statements: Vec<Value> =
        statements.filter_map(|permission| serde_json::from_str(&permission.statement).ok()).collect();
    (!statements.is_empty())
        .then(|| PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": statements})))
}

async fn packages(aws: &Aws, names: Vec<String>) -> BTreeMap<String, Facet<Package>> {
    stream::iter(names)
        .map(|name| async move {
            let package = open(aws, &name).await.map_or_else(Facet::NotRead, Facet::Read);
            (name, package)
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// Fetches a package and looks into it; the bytes are dropped.
async fn open(aws: &Aws, name: &str) -> Result<Package, String> {
    let bytes = package(aws, name).await.map_err(|error| match error {
        Unfetched::Api(error) => error.reason(),
        other => other.to_string(),
    })?;
    // Unpacking takes a while, and others are waiting for their turn.
    let opened = tokio::task::spawn_blocking(move || Package::open(&bytes)).await;
    opened.map_err(|_| "the package could not be opened".to_owned())?
}

/// Reads the topics, their subscriptions and their policies. Their tags, which nobody marks, take a permission of their
/// own.
async fn topics(aws: &Aws, is_needed: bool) -> (Facet<BTreeSet<String>>, Snapshot) {
    let names: BTreeSet<String> = match listed(is_needed, listing::topics(aws)).await {
        Ok(names) => names.into_iter().collect(),
        Err(why) => return (Facet::NotRead(why), blank(aws)),
    };
    let chosen: BTreeSet<String> = names.iter().take(MOST).cloned().collect();
    let arns: BTreeSet<String> = chosen.iter().map(|name| arn(aws, "sns", name)).collect();
    let scope = Scope { topics: chosen, known_tags: untagged(&arns), ..Scope::default() };
    let (mut of_topics, none) = (blank(aws), BTreeSet::new());
    let (seen, _) = futures::join!(collect(aws, &scope), policies::add(aws, &none, &arns, &mut of_topics));
    let mut seen = seen.snapshot;
    seen.resource_policies = of_topics.resource_policies;
    for name in names.iter().skip(MOST) {
        let why = format!("the account has more than {MOST} topics in {}", aws.region);
        seen.topics.insert(name.clone(), Facet::NotRead(why));
    }
    (Facet::Read(names), seen)
}

/// Reads the rules that no service of AWS looks after, those that go by the clock first.
async fn rules(aws: &Aws, is_needed: bool) -> (Facet<BTreeSet<String>>, Snapshot) {
    let mut rules = match listed(is_needed, listing::rules(aws)).await {
        Ok(rules) => rules,
        Err(why) => return (Facet::NotRead(why), blank(aws)),
    };
    rules.retain(|rule| rule.managed_by.is_none());
    rules.sort_unstable_by(|one, other| {
        (!one.is_scheduled, &one.name).cmp(&(!other.is_scheduled, &other.name))
    });
    let names: Vec<String> = rules.into_iter().map(|rule| rule.name).collect();
    let (chosen, left) = names.split_at(names.len().min(MOST));
    let arns = chosen.iter().map(|name| arn(aws, "events", &format!("rule/{name}"))).collect();
    let scope =
        Scope { rules: chosen.iter().cloned().collect(), known_tags: untagged(&arns), ..Scope::default() };
    let mut seen = collect(aws, &scope).await.snapshot;
    for name in left {
        let why = format!("the account has more than {MOST} rules in {}", aws.region);
        seen.rules.insert(name.clone(), Facet::NotRead(why));
    }
    (Facet::Read(names.into_iter().collect()), seen)
}

/// Reads the schedules of EventBridge Scheduler.
async fn schedules(aws: &Aws, is_needed: bool) -> Facet<Vec<Schedule>> {
    listed(is_needed, schedules::read(aws)).await.map_or_else(Facet::NotRead, Facet::Read)
}

/// Lists what is needed; the error is why not.
async fn listed<T>(is_needed: bool, list: impl Future<Output = Result<T, ApiError>>) -> Result<T, String> {
    if !is_needed {
        return Err("nobody asked for it".to_owned());
    }
    list.await.map_err(|error| error.reason())
}

/// Writes the ARN of something in the region.
fn arn(aws: &Aws, service: &str, rest: &str) -> String {
    format!("arn:{}:{service}:{}:{}:{rest}", aws.caller.partition, aws.region, aws.caller.account)
}

/// Says of these things that they have no tags: nobody marks them, and asking takes a permission and a request each.
fn untagged(arns: &BTreeSet<String>) -> BTreeMap<String, Tags> {
    arns.iter().map(|arn| (arn.clone(), Tags::new())).collect()
}
