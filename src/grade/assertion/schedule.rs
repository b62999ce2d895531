//! How the function is started every day: rules of EventBridge, schedules of EventBridge Scheduler.

use std::collections::BTreeSet;

use super::ability::{May, held, may};
use super::timing::{Frequency, frequency};
use super::wording::{joined, list, tick};
use super::{Case, Named};
use crate::account::ask::{Verdict, decide, known};
use crate::account::bare_name;
use crate::account::effective::Holder;
use crate::account::snapshot::{Facet, Function, Role, Rule, Schedule, Snapshot, Tags};
use crate::grade::found::{Found, Outcome};
use crate::grade::rubric::ScheduleFact;
use crate::policy::document::wildcard_covers;
use crate::policy::evaluate::{PolicySet, Source};
use crate::policy::request::{Principal, PrincipalKind, Request};

/// What EventBridge Scheduler calls when it calls a service and not a thing: what it calls then stands in its input.
const UNIVERSAL: &str = ":aws-sdk:lambda:invoke";

/// Something that fires by the clock.
struct Clockwork<'a> {
    label: String,
    arn: &'a str,
    expression: &'a str,
    is_on: bool,
    targets: BTreeSet<&'a str>,
    /// Which function it names, when it calls Lambda and not the function.
    invokes: Option<String>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Rule(&'a Rule),
    Schedule(&'a Schedule),
}

/// All that fires by the clock, and why some of it may be missing.
struct All<'a> {
    clockworks: Vec<Clockwork<'a>>,
    unread: Option<String>,
}

fn all<'a>(case: &Case<'a>) -> All<'a> {
    let snapshot = case.snapshot();
    let mut all = All { clockworks: Vec::new(), unread: None };
    match &case.evidence.rules {
        Facet::NotRead(why) => all.unread = Some(why.clone()),
        Facet::Read(names) => {
            for name in names {
                match snapshot.rules.get(name) {
                    // A rule on events has no expression.
                    Some(Facet::Read(Some(rule))) if !rule.expression.is_empty() => {
                        all.clockworks.push(of_rule(name, rule));
                    }
                    Some(Facet::Read(_)) => {}
                    Some(Facet::NotRead(why)) => all.unread = Some(why.clone()),
                    None => all.unread = Some(format!("nobody asked for the rule {}", tick(name))),
                }
            }
        }
    }
    match &snapshot.schedules {
        Facet::NotRead(why) => all.unread = all.unread.or_else(|| Some(why.clone())),
        Facet::Read(schedules) => {
            all.clockworks.extend(schedules.iter().map(|schedule| of_schedule(snapshot, schedule)));
        }
    }
    all
}

fn of_rule<'a>(name: &str, rule: &'a Rule) -> Clockwork<'a> {
    Clockwork {
        label: format!("the rule {}", tick(name)),
        arn: &rule.arn,
        expression: &rule.expression,
        is_on: rule.enabled,
        targets: rule.targets.iter().map(|target| target.arn.as_str()).collect(),
        invokes: None,
        kind: Kind::Rule(rule),
    }
}

fn of_schedule<'a>(snapshot: &Snapshot, schedule: &'a Schedule) -> Clockwork<'a> {
    Clockwork {
        label: format!("the schedule {}", tick(&schedule.name)),
        arn: &schedule.arn,
        expression: &schedule.expression,
        is_on: schedule.enabled && schedule.ends.is_none_or(|end| end > snapshot.taken_at),
        targets: BTreeSet::from([schedule.target.as_str()]),
        invokes: invoked(schedule),
        kind: Kind::Schedule(schedule),
    }
}

/// Reads which function a call of Lambda names.
fn invoked(schedule: &Schedule) -> Option<String> {
    let input = schedule.input.as_ref().filter(|_| schedule.target.ends_with(UNIVERSAL))?;
    let given: serde_json::Value = serde_json::from_str(input).ok()?;
    given.get("FunctionName")?.as_str().map(str::to_owned)
}

/// Tells whether a text names a function, in any version or under any alias.
fn is_named(text: &str, name: &str) -> bool {
    text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

impl Clockwork<'_> {
    /// Tells whether it targets a function, in any version or under any alias.
    fn targets(&self, function: &Function) -> bool {
        let arn = function.arn.as_str();
        // A call of Lambda may also name it by its name, or by account and name.
        let invokes = self.invokes.as_ref().is_some_and(|text| {
            let account = arn.split(':').nth(4).unwrap_or_default();
            let name = bare_name(arn);
            is_named(text, arn)
                || is_named(text, name)
                || is_named(text, &format!("{account}:function:{name}"))
        });
        !arn.is_empty() && (invokes || self.targets.iter().any(|target| is_named(target, arn)))
    }

    /// Tells whether it calls Lambda for a function that nobody knows.
    fn is_universal(&self) -> bool {
        self.invokes.is_none() && self.targets.iter().any(|target| target.ends_with(UNIVERSAL))
    }

    /// Lists what it targets, by name.
    fn aims(&self) -> Vec<&str> {
        match &self.invokes {
            Some(function) => vec![function],
            None => self.targets.iter().map(|arn| bare_name(arn)).collect(),
        }
    }

    fn shown(&self) -> String {
        let state = if self.is_on { "on" } else { "off" };
        format!("{}: {}, {state}, {}", self.label, tick(self.expression), self.arn)
    }
}

pub(super) fn fact(case: &Case<'_>, fact: ScheduleFact) -> Result<Found, Found> {
    let function = case.function();
    let all = all(case);
    let found = match fact {
        ScheduleFact::Daily => daily(&all, function.as_ref().ok().map(|(_, function)| *function)),
        ScheduleFact::TargetsFunction => targets_function(&all, &function?),
        ScheduleFact::MayInvoke => may_invoke(case, &all, &function?),
    };
    // What was not read may be what was looked for.
    match &all.unread {
        Some(why) if found.outcome != Outcome::Met => Err(Found::unknown(why.clone())),
        _ => Ok(found),
    }
}

fn daily(all: &All<'_>, function: Option<&Function>) -> Found {
    let targeting: Vec<&Clockwork<'_>> = all
        .clockworks
        .iter()
        .filter(|one| function.is_some_and(|function| one.targets(function)) || one.is_universal())
        .collect();
    let candidates = if targeting.is_empty() { all.clockworks.iter().collect() } else { targeting };
    let judged = candidates.into_iter().map(|one| (judge(one), one));
    // Of equals the first: `max_by_key` takes the last.
    let Some(((_, outcome, how), best)) =
        judged.collect::<Vec<_>>().into_iter().rev().max_by_key(|(it, _)| it.0)
    else {
        return Found::missed("nothing is scheduled: there is no rule and no schedule");
    };
    Found::new(outcome, format!("{} {how}", best.label)).shown(best.shown())
}

/// Judges one clockwork: a rank, what it comes to, and how it fires.
fn judge(one: &Clockwork<'_>) -> (usize, Outcome, String) {
    let expression = tick(one.expression);
    let off = if one.is_on { "" } else { ", and it is switched off" };
    match frequency(one.expression) {
        Frequency::Daily if one.is_on => (4, Outcome::Met, format!("fires once a day, {expression}")),
        Frequency::Daily => {
            (3, Outcome::Nearly, format!("would fire once a day, {expression}, but is switched off"))
        }
        Frequency::Often => (2, Outcome::Nearly, format!("fires more than once a day, {expression}{off}")),
        Frequency::MostDays => (2, Outcome::Nearly, format!("does not fire every day, {expression}{off}")),
        Frequency::Rarely => (1, Outcome::Missed, format!("fires less than once a day, {expression}{off}")),
        Frequency::Never => (0, Outcome::Missed, format!("does not fire again and again, {expression}{off}")),
    }
}

fn targets_function(all: &All<'_>, (named, function): &(Named<'_>, &Function)) -> Found {
    let name = tick(named.name);
    if let Some(one) = all.clockworks.iter().find(|one| one.targets(function)) {
        let found = Found::met(format!("{} targets {name}", one.label)).shown(one.shown());
        return found.remarked(named.remark.clone());
    }
    if let Some(one) = all.clockworks.iter().find(|one| one.is_universal()) {
        return Found::unknown(format!("{} calls Lambda by an input that was not read", one.label));
    }
    let message = match all.clockworks.first() {
        None => format!("nothing is scheduled, so nothing targets {name}"),
        Some(one) if one.targets.is_empty() => format!("{} targets nothing", one.label),
        Some(one) => format!("{} targets {} and not {name}", one.label, list(one.aims())),
    };
    let found = Found::missed(message).remarked(named.remark.clone());
    all.clockworks.iter().take(5).fold(found, |found, one| found.shown(one.shown()))
}

fn may_invoke(case: &Case<'_>, all: &All<'_>, (named, function): &(Named<'_>, &Function)) -> Found {
    let name = tick(named.name);
    // A target that was forgotten is missed as such: what is left may be let in all the same.
    let is_targeted = all.clockworks.iter().any(|one| one.targets(function));
    let judged: Vec<Found> = all
        .clockworks
        .iter()
        .filter(|one| one.targets(function) || (!is_targeted && one.targets.is_empty()))
        .map(|one| match one.kind {
            Kind::Rule(rule) => rule_may_invoke(case, one, rule, function, &name),
            Kind::Schedule(schedule) => schedule_may_invoke(case, one, schedule, function, &name),
        })
        .collect();
    if judged.is_empty() {
        if let Some(one) = all.clockworks.iter().find(|one| one.is_universal()) {
            return Found::unknown(format!("{} calls Lambda by an input that was not read", one.label));
        }
        return Found::missed(format!("nothing that is scheduled targets {name}"));
    }
    let mut found = super::combination::any(&judged);
    found.remark = joined([named.remark.clone(), found.remark.take()]);
    found
}

fn rule_may_invoke(
    case: &Case<'_>,
    one: &Clockwork<'_>,
    rule: &Rule,
    function: &Function,
    name: &str,
) -> Found {
    let lets = format!("{name} lets {} in", one.label);
    let from_events = || function.permissions.values().filter(|permission| permission.is_from_eventbridge());
    let fits = |source: &str| source == rule.arn || wildcard_covers(source, &rule.arn);
    if let Some(permission) = from_events().find(|it| it.source_arn.as_deref().is_some_and(fits)) {
        return Found::met(lets).shown(permission.statement.clone());
    }
    if let Some(permission) = from_events().find(|it| it.source_arn.is_none()) {
        let remark = "the permission names no rule: any rule of anybody's may invoke the function".to_owned();
        return Found::met(lets).shown(permission.statement.clone()).remarked(Some(remark));
    }
    // The console also offers a role that EventBridge invokes the function with.
    let snapshot = case.snapshot();
    let roles = snapshot.identity.read().into_iter().flat_map(|identity| &identity.roles);
    for (role_name, role) in roles {
        if trusts_service(snapshot, role, "events.amazonaws.com")
            && role_may(snapshot, role_name, function).is_ok()
        {
            let remark = format!("by the role {}, which EventBridge may assume", tick(role_name));
            return Found::met(lets).shown(role.arn.clone()).remarked(Some(remark));
        }
    }
    if let Some(why) = &function.permissions_unread {
        return Found::unknown(why.clone());
    }
    let other = from_events().find_map(|permission| permission.source_arn.as_deref());
    Found::missed(match other {
        Some(other) => format!("{name} lets the rule {} in and not {}", tick(bare_name(other)), one.label),
        None => format!("{name} has no permission that lets {} invoke it", one.label),
    })
}

fn schedule_may_invoke(
    case: &Case<'_>,
    one: &Clockwork<'_>,
    schedule: &Schedule,
    function: &Function,
    name: &str,
) -> Found {
    let snapshot = case.snapshot();
    let identity = match case.identity() {
        Ok(identity) => identity,
        Err(found) => return found,
    };
    let Some((role_name, role)) = identity.roles.iter().find(|(_, role)| role.arn == schedule.role) else {
        let message =
            format!("{} has no role to invoke {name} with: {} is not there", one.label, tick(&schedule.role));
        return Found::missed(message);
    };
    let shown = tick(role_name);
    if !trusts_service(snapshot, role, "scheduler.amazonaws.com") {
        let message = format!("the role {shown} of {} does not trust `scheduler.amazonaws.com`", one.label);
        return Found::missed(message).shown(role.arn.clone());
    }
    match role_may(snapshot, role_name, function) {
        Ok(()) => Found::met(format!("{} may invoke {name} with the role {shown}", one.label)),
        Err(found) => found,
    }
    .shown(role.arn.clone())
}

/// Tells whether a role may invoke a function; the error is what to say.
fn role_may(snapshot: &Snapshot, role: &str, function: &Function) -> Result<(), Found> {
    let holder = Holder::role(role);
    let who = held(snapshot, &holder)?;
    match may(snapshot, &holder, &who, "lambda:InvokeFunction", &function.arn).may {
        May::Yes(_) => Ok(()),
        May::Unread(why) => Err(Found::unknown(why)),
        // What the function's own policy says is read as its permissions: services are let in there.
        May::ResourceUnread(why) if function.permissions_unread.is_some() => Err(Found::unknown(why)),
        May::ResourceUnread(_) => {
            Err(Found::missed(format!("no policy of the role {} lets it invoke the function", tick(role))))
        }
        May::No(why) | May::Depends(why) | May::Partly(why) => {
            Err(Found::missed(format!("the role {} may not invoke the function: {why}", tick(role))))
        }
    }
}

/// Tells whether a role lets a service in, be it under a condition.
fn trusts_service(snapshot: &Snapshot, role: &Role, service: &str) -> bool {
    let Ok(policy) = super::grants::parse(&role.trust) else { return false };
    let mut context = known(snapshot, &Tags::new());
    // For whom the service comes it says itself: an account's own schedules are its own.
    context.insert("aws:SourceAccount", vec![snapshot.account.clone()]);
    context.forget("aws:SourceArn");
    context.forget("aws:SourceOrg");
    let request = Request {
        principal: Principal {
            arn: service.to_owned(),
            account: String::new(),
            kind: PrincipalKind::Service,
        },
        action: "sts:AssumeRole".to_owned(),
        resource: role.arn.clone(),
        context,
    };
    let policies =
        PolicySet { resource: Some(Source::new("the trust policy", policy)), ..PolicySet::default() };
    matches!(decide(&Holder::Root, request, policies).verdict, Verdict::Allowed | Verdict::Unknown)
}
