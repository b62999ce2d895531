//! Reads what a rubric needs of one account into [`Evidence`]. Nothing is written; asking IAM for a fresh credential
//! report is the only thing that is started.
//!
//! ```text
//! people: users, groups, roles, policies ─► credentials, documents of AWS ─┐
//! place: the region the student worked in ─┬─► work: functions, topics … ──┼─► Evidence
//!                                          └─► history: LookupEvents ──────┘
//! ```

mod history;
mod mask;
mod people;
mod place;
mod work;

use std::collections::BTreeSet;

use super::evidence::{Access, Evidence, Request};
use super::need::{Need, Query, queries};
use super::rubric::{Assertion, Deed, Rubric};
use crate::account::snapshot::Snapshot;
use crate::aws::Aws;

/// The name by which the grader's own requests are known in an account's event history, and left out.
pub const GRADER: &str = crate::aws::connect::GRADER_APP;

/// What tells the function of an assignment from one that is left over from something else.
const JOB: [Deed; 4] = [Deed::AssumesRole, Deed::GeneratesReport, Deed::GetsReport, Deed::Publishes];

/// What a rubric needs, sorted by who reads it.
#[derive(Debug, Default)]
struct Needs {
    identity: bool,
    credential_report: bool,
    /// Whose credentials.
    users: BTreeSet<String>,
    functions: bool,
    packages: bool,
    topics: bool,
    schedules: bool,
    /// Those of the function's deeds by which it is known.
    deeds: Vec<Deed>,
    queries: Vec<Query>,
    /// Those of the queries that look for a sign-in, and whether only one with MFA will do.
    sign_ins: Vec<(Query, bool)>,
    /// Those of the queries that look for a call by whomever, and what it has to be about.
    calls: Vec<(Query, Vec<String>)>,
}

impl Needs {
    fn of(rubric: &Rubric) -> Self {
        let mut needs = Self::default();
        for need in rubric.needs() {
            match need {
                Need::Identity => needs.identity = true,
                Need::CredentialReport => needs.credential_report = true,
                Need::Credentials(name) => {
                    needs.users.insert(name);
                }
                Need::Functions => needs.functions = true,
                Need::Packages => needs.packages = true,
                Need::Topics => needs.topics = true,
                Need::Schedules => needs.schedules = true,
                Need::Events(query) => needs.queries.push(query),
            }
        }
        for check in rubric.criteria().flat_map(|criterion| criterion.check.leaves()) {
            if let Assertion::Code(deed) = check
                && JOB.contains(deed)
            {
                needs.deeds.push(*deed);
            }
            if let Assertion::Event(event) = check {
                let of_name = queries(event).into_iter().filter(|it| matches!(it, Query::EventName(_)));
                needs.calls.extend(of_name.map(|query| (query, event.mentions.clone())));
            }
            if let Assertion::Event(event) = check
                && event.name.iter().any(|name| name == history::SIGN_IN)
            {
                let by_mfa = event.mfa == Some(true);
                needs.sign_ins.extend(queries(event).into_iter().map(|query| (query, by_mfa)));
            }
        }
        needs
    }
}

/// Reads what `rubric` needs of the account behind `aws` for `student`. `tell` hears what is being read.
pub async fn collect(
    aws: &Aws,
    rubric: &Rubric,
    student: &str,
    access: Access,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Evidence {
    let aws = aws.named(GRADER);
    aws.meter.record();
    let started = aws.now();
    let needs = Needs::of(rubric);
    let there = async {
        tell("the region of the functions");
        let place = place::find(&aws, &rubric.regions, needs.functions).await;
        let (work, mut lookups) = futures::join!(
            Box::pin(work::read(&place, &needs, tell)),
            Box::pin(history::read(&place.aws, &needs, tell)),
        );
        let (place, work) = Box::pin(place::settle((place, work), &rubric.regions, &needs, tell)).await;
        lookups.extend(Box::pin(history::settle(&place.aws, &needs, &lookups)).await);
        lookups.extend(Box::pin(history::elsewhere(&place.aws, &rubric.regions, &needs, &lookups)).await);
        (place, work, lookups)
    };
    let (mut snapshot, (place, work, lookups)) =
        futures::join!(Box::pin(people::read(&aws, rubric, &needs, tell)), Box::pin(there));
    let others = people::alike(&snapshot, rubric, &needs.queries);
    let mut lookups = lookups;
    lookups.extend(history::also(&place.aws, &needs, &others).await);
    snapshot.taken_at = started;
    snapshot.region = place.aws.region;
    let (topics, rules) = (work.topics.clone(), work.rules.clone());
    let packages = work.add_to(&mut snapshot);
    let answered = aws.meter.answered().into_iter();
    Evidence {
        student: student.to_owned(),
        rubric: rubric.name.clone(),
        access,
        started,
        finished: aws.now(),
        api_calls: aws.meter.calls(),
        snapshot,
        place: place.remark,
        functions: place.functions,
        topics,
        rules,
        packages,
        lookups,
        requests: answered
            .map(|answer| Request { operation: answer.operation, id: answer.id, status: answer.status })
            .collect(),
        seal: None,
    }
}

/// Returns a picture in which nothing has been read.
fn blank(aws: &Aws) -> Snapshot {
    Snapshot::empty(&aws.caller.account, &aws.caller.partition, &aws.region, aws.now())
}
