//! Which ways are open to somebody.

use super::super::subject::Subject;
use super::super::{Found, Kind, Leads, Step};
use super::targets::{Target, targets};
use super::world::World;
use super::{On, PATHS, Path};
use crate::policy::evaluate::{Outcome, PolicySet, evaluate};
use crate::policy::reach::ANYTHING;
use crate::policy::request::Request;
use crate::policy::statement::Effect;
use crate::policy::trace::{Finding, Layer, Step as Place};

/// How many targets are named.
const NAMED: usize = 5;

/// Whether something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum May {
    No,
    /// Under a condition.
    Maybe,
    Yes,
}

/// Lists the ways that are open to somebody, in the order of the table.
pub(in super::super) fn find(world: &World<'_>, subject: &Subject) -> Vec<Found> {
    PATHS.iter().filter_map(|path| Finder { world, subject, path }.find()).collect()
}

struct Finder<'a> {
    world: &'a World<'a>,
    subject: &'a Subject,
    path: &'static Path,
}

/// An action, and what the policies say to it.
struct Asked {
    set: PolicySet,
    request: Request,
}

impl Finder<'_> {
    fn find(&self) -> Option<Found> {
        let Path { needs, one_of, on, .. } = self.path;
        let (first, rest) = needs.split_first()?;
        // A role's door can let somebody in by itself.
        if !self.subject.is_granted(first) && *on != On::RoleToAssume || self.is_out_of_place() {
            return None;
        }
        let mut worst = May::Yes;
        let mut steps = Vec::new();
        for action in rest {
            let (may, step) = self.somewhere(action)?;
            worst = worst.min(may);
            steps.push(step);
        }
        let others: Vec<(May, Step)> = one_of.iter().filter_map(|action| self.somewhere(action)).collect();
        if !one_of.is_empty() {
            worst = worst.min(others.iter().map(|(may, _)| *may).max()?);
            steps.extend(others.into_iter().map(|(_, step)| step));
        }
        let hits = self.hits(first)?;
        worst = worst.min(hits.may);
        steps.insert(0, Step { action: first, by: hits.by });
        Some(Found {
            path: self.path,
            steps,
            under_condition: worst == May::Maybe || self.subject.boundary_unread.is_some(),
            leads: self.leads(&hits.targets),
            has_more: hits.targets.len() > NAMED,
            targets: hits.targets.iter().take(NAMED).map(Target::label).collect(),
        })
    }

    /// Tells whether the way makes no sense for what the subject is.
    fn is_out_of_place(&self) -> bool {
        let Subject { kind, boundary, .. } = self.subject;
        let of_role = self.path.id.contains("role-boundary");
        self.path.on == On::OwnBoundary && (boundary.is_none() || of_role != (*kind == Kind::Role))
    }

    fn asked(&self, action: &str) -> Asked {
        let mut request = Request { action: action.to_owned(), ..self.subject.request.clone() };
        if let On::Passed(service) = self.path.on {
            request.context.insert("iam:PassedToService", vec![service.to_owned()]);
        }
        if action.starts_with("iam:") || action.starts_with("sts:") {
            let account = request.principal.account.clone();
            request.context.insert("aws:ResourceAccount", vec![account]);
        }
        Asked { set: self.subject.set_for(action), request }
    }

    /// Tells whether an action is allowed on anything at all.
    fn somewhere(&self, action: &'static str) -> Option<(May, Step)> {
        if !self.subject.is_granted(action) {
            return None;
        }
        let mut asked = self.asked(action);
        let examples = self.subject.examples(action).into_iter();
        let (may, by) = asked.best(examples.chain(["*".to_owned()]));
        (may != May::No).then_some((may, Step { action, by }))
    }

    /// Asks about everything the first action can act on, in the account and as examples; `None` when it is allowed on
    /// none of it.
    fn hits(&self, action: &'static str) -> Option<Hits> {
        let mut asked = self.asked(action);
        let mut hits = Hits { may: May::No, by: vec![], targets: vec![] };
        let targets = targets(self.world, self.subject, self.path.on);
        let kind = match self.path.on {
            On::RoleToAssume => return self.assumable(&mut asked),
            On::OwnBoundary => {
                let (may, by) = asked.ask(&self.subject.arn);
                hits.take(may, by);
                return (hits.may != May::No).then_some(hits);
            }
            // What is acted on belongs to a service and is not read; the roles are what may be gained.
            On::Running(_) | On::Federation => {
                let (may, step) = self.somewhere(action)?;
                let targets = targets.into_iter().take(NAMED + 1).cloned().collect();
                return Some(Hits { may, by: step.by, targets });
            }
            On::Policy | On::PolicyVersion => "policy/",
            On::User | On::OtherUser => "user/",
            On::Group | On::GroupToJoin => "group/",
            On::Role | On::RoleTrust | On::Passed(_) => "role/",
        };
        let mut examples = self.subject.examples(action);
        let allowed = self.subject.allowed_on(action);
        for target in &targets {
            // Most that is there is not named by any statement that allows it.
            if !allowed.iter().any(|instance| instance.covers(&target.arn)) {
                continue;
            }
            let (may, by) = asked.ask(&target.arn);
            if may != May::No {
                hits.take(may, by);
                hits.targets.push((*target).clone());
                if hits.targets.len() > NAMED {
                    break;
                }
            }
        }
        if hits.may != May::Yes {
            examples.push(self.subject.of_iam(&format!("{kind}{ANYTHING}")));
            // What is there and is no target does not count, and oneself is nobody else.
            let counts = |arn: &String| {
                arn.splitn(6, ':').nth(5).is_some_and(|rest| rest.starts_with(kind))
                    && !self.world.has(arn)
                    && !(self.path.on == On::OtherUser && arn == self.subject.own_arn())
            };
            let (may, by) = asked.best(examples.into_iter().filter(counts));
            hits.take(may, by);
        }
        (hits.may != May::No).then_some(hits)
    }

    /// Asks the roles that may do more.
    fn assumable(&self, asked: &mut Asked) -> Option<Hits> {
        let mut hits = Hits { may: May::No, by: vec![], targets: vec![] };
        for target in targets(self.world, self.subject, On::RoleToAssume) {
            let Some(door) = self.world.door(&target.name) else { continue };
            let is_readable = door.trust.policy.unread.is_none();
            asked.set.resource = is_readable.then(|| door.trust.clone());
            let (may, by) = asked.ask(&target.arn);
            if may != May::No {
                hits.take(may, by);
                hits.targets.push(target.clone());
                if hits.targets.len() > NAMED {
                    break;
                }
            }
        }
        (hits.may != May::No).then_some(hits)
    }

    /// Tells whether a way to these targets ends with the permissions of an administrator.
    fn leads(&self, targets: &[Target]) -> Leads {
        let is_powerful = targets.iter().any(|target| target.is_powerful);
        let me = (self.subject.kind, self.subject.name.clone());
        match self.path.on {
            On::User | On::Group | On::Role | On::Policy => {
                yes(targets.iter().any(|target| self.has_effect(target)))
            }
            On::PolicyVersion if targets.iter().any(|target| target.held_by > 0) => Leads::Unknown,
            On::OwnBoundary if self.world.held_back.contains(&me) => Leads::Yes,
            On::Running(_) if is_powerful => Leads::Unknown,
            On::PolicyVersion | On::OwnBoundary | On::Running(_) => Leads::No,
            On::GroupToJoin
            | On::OtherUser
            | On::RoleTrust
            | On::RoleToAssume
            | On::Passed(_)
            | On::Federation => yes(is_powerful),
        }
    }

    /// Tells whether any permission that is given to a target is one that somebody can use.
    fn has_effect(&self, target: &Target) -> bool {
        let Subject { kind, name, boundary, .. } = self.subject;
        if target.kind.is_some() {
            return !target.is_bound;
        }
        let Some(boundary) = boundary else { return target.held_by > 0 };
        if boundary.arn.as_deref() == Some(target.arn.as_str()) {
            return self.world.held_back.contains(&(*kind, name.clone()));
        }
        let is_held =
            self.subject.held.iter().any(|holding| holding.arn.as_deref() == Some(target.arn.as_str()));
        target.held_by > usize::from(is_held)
    }
}

const fn yes(is: bool) -> Leads {
    if is { Leads::Yes } else { Leads::No }
}

/// What was allowed.
struct Hits {
    may: May,
    by: Vec<String>,
    targets: Vec<Target>,
}

impl Hits {
    fn take(&mut self, may: May, by: Vec<String>) {
        if may > self.may {
            (self.may, self.by) = (may, by);
        }
    }
}

impl Asked {
    fn ask(&mut self, resource: &str) -> (May, Vec<String>) {
        resource.clone_into(&mut self.request.resource);
        let decision = evaluate(&self.set, &self.request);
        let may = match decision.outcome {
            Outcome::Allowed => May::Yes,
            Outcome::Indeterminate(_) => May::Maybe,
            Outcome::Denied(_) => return (May::No, vec![]),
        };
        let steps = decision.trace.iter().filter(|step| {
            step.effect == Effect::Allow
                && step.layer != Layer::Boundary
                && !matches!(step.finding, Finding::Differs { .. })
        });
        (may, steps.map(Place::place).collect())
    }

    /// Asks about each until one is allowed without a condition.
    fn best(&mut self, resources: impl Iterator<Item = String>) -> (May, Vec<String>) {
        let mut best = (May::No, vec![]);
        for resource in resources {
            let answer = self.ask(&resource);
            if answer.0 > best.0 {
                best = answer;
            }
            if best.0 == May::Yes {
                break;
            }
        }
        best
    }
}
