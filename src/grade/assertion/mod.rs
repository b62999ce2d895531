//! Decides one assertion of a rubric by a student's evidence. Pure.
//!
//! What is judged is what a thing means and never how it is written. Whoever or whatever is missing misses everything
//! that is asked of it; what could not be read is unknown; a name that is nearly right costs at `exists` and nowhere
//! else.

mod ability;
mod attachment;
mod behaviour;
mod combination;
mod configuration;
mod credentials;
pub(super) mod event;
mod grants;
mod meaning;
mod privilege;
mod schedule;
mod state;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
mod timing;
mod trust;
mod wording;

use super::cast::{Cast, Player};
use super::evidence::Evidence;
use super::found::{Found, Outcome};
use super::rubric::{Assertion, Rubric};
use super::subject::Subject;
use crate::account::snapshot::{Facet, Function, Identity, Policies, Snapshot};

/// A student's evidence, with what was found in it for all assertions together.
#[derive(Debug)]
pub struct Case<'a> {
    /// What was read.
    pub evidence: &'a Evidence,
    /// Who and what plays which part.
    pub cast: Cast,
}

/// Somebody or something that plays a part.
#[derive(Debug, Clone)]
struct Named<'c> {
    /// Its name in the account.
    name: &'c str,
    /// What was passed over to find it.
    remark: Option<String>,
}

impl<'a> Case<'a> {
    /// Looks through the evidence once.
    pub fn new(rubric: &Rubric, evidence: &'a Evidence) -> Self {
        Self { evidence, cast: Cast::of(rubric, evidence) }
    }

    fn snapshot(&self) -> &'a Snapshot {
        &self.evidence.snapshot
    }

    /// Finds who plays a part. Who is missing misses all that is asked of it.
    fn find(&self, subject: &Subject) -> Result<Named<'_>, Found> {
        match self.cast.player(subject) {
            Some(Player::Found { name, remark }) => Ok(Named { name, remark: remark.clone() }),
            Some(Player::Absent(why)) => Err(Found::missed(why.clone())),
            Some(Player::Unread(why)) => Err(Found::unknown(why.clone())),
            None => Err(Found::unknown(format!("nobody looked for {}", subject.label()))),
        }
    }

    fn identity(&self) -> Result<&'a Identity, Found> {
        match &self.snapshot().identity {
            Facet::Read(identity) => Ok(identity),
            Facet::NotRead(why) => Err(Found::unknown(why.clone())),
        }
    }

    /// Finds the student's function.
    fn function(&self) -> Result<(Named<'_>, &'a Function), Found> {
        let named = self.find(&Subject::Function)?;
        match self.snapshot().functions.get(named.name) {
            Some(Facet::Read(Some(function))) => Ok((named, function)),
            Some(Facet::Read(None)) => Err(Found::missed("the function was gone when it was read")),
            Some(Facet::NotRead(why)) => Err(Found::unknown(why.clone())),
            None => Err(Found::unknown("nobody asked for the function")),
        }
    }

    /// Finds what hangs on a user, group or role.
    fn policies(&self, subject: &Subject) -> Result<(Named<'_>, &'a Policies), Found> {
        let named = self.find(subject)?;
        let identity = self.identity()?;
        let policies = match subject {
            Subject::User(_) => identity.users.get(named.name).map(|user| &user.policies),
            Subject::Group(_) => identity.groups.get(named.name).map(|group| &group.policies),
            Subject::Role(_) | Subject::FunctionRole => {
                identity.roles.get(named.name).map(|role| &role.policies)
            }
            Subject::Policy(_) | Subject::Function | Subject::Topic => None,
        };
        match policies {
            Some(policies) => Ok((named, policies)),
            None => Err(Found::unknown(format!("{} holds no policies", subject.label()))),
        }
    }

    /// Returns the ARN of what plays a part.
    fn arn(&self, subject: &Subject) -> Result<String, Found> {
        let named = self.find(subject)?;
        let of_topic = || {
            let Snapshot { topics, account, partition, region, .. } = self.snapshot();
            match topics.get(named.name) {
                Some(Facet::Read(topic)) => topic.as_ref().map(|topic| topic.arn.clone()),
                // Its name tells its ARN, whatever else of it could not be read.
                Some(Facet::NotRead(_)) => {
                    Some(format!("arn:{partition}:sns:{region}:{account}:{}", named.name))
                }
                None => None,
            }
        };
        let arn = match subject {
            Subject::Function => Some(self.function()?.1.arn.clone()),
            Subject::Topic => of_topic(),
            Subject::User(_) => self.identity()?.users.get(named.name).map(|user| user.arn.clone()),
            Subject::Group(_) => self.identity()?.groups.get(named.name).map(|group| group.arn.clone()),
            Subject::Role(_) | Subject::FunctionRole => {
                self.identity()?.roles.get(named.name).map(|role| role.arn.clone())
            }
            Subject::Policy(_) => self.identity()?.policies.get(named.name).map(|policy| policy.arn.clone()),
        };
        arn.ok_or_else(|| Found::unknown(format!("{} was not read", subject.label())))
    }
}

/// Decides an assertion.
pub fn evaluate(check: &Assertion, case: &Case<'_>) -> Found {
    wording::bounded(decide(check, case))
}

fn decide(check: &Assertion, case: &Case<'_>) -> Found {
    let found = match check {
        Assertion::Exists(subject) => state::exists(case, subject),
        Assertion::Console(user) => credentials::console(case, user),
        Assertion::Mfa(user) => credentials::mfa(case, user),
        Assertion::AccessKeys(keys) => credentials::access_keys(case, keys),
        Assertion::NoPolicies(holder) => state::no_policies(case, holder),
        Assertion::Members(members) => state::members(case, members),
        Assertion::Attached(attached) => attachment::attached(case, attached),
        Assertion::OnlyAttached(attached) => attachment::only_attached(case, attached),
        Assertion::Allows(allows) => meaning::allows(case, allows),
        Assertion::LeastPrivilege(least) => privilege::least(case, least),
        Assertion::Can(ability) => ability::can(case, ability),
        Assertion::Cannot(ability) => ability::cannot(case, ability),
        Assertion::Trusts(trust) => trust::trusts(case, trust),
        Assertion::TrustsOnly(trust) => trust::trusts_only(case, trust),
        Assertion::Event(event) => event::happened(case, event),
        Assertion::Code(deed) => behaviour::code(case, *deed),
        Assertion::Named(subject) => behaviour::named(case, subject),
        Assertion::Runtime(runtime) => configuration::runtime(case, runtime),
        Assertion::Architecture(wanted) => configuration::architecture(case, wanted),
        Assertion::Schedule(fact) => schedule::fact(case, *fact),
        Assertion::Subscription(wanted) => configuration::subscription(case, wanted),
        Assertion::All(parts) => Ok(combination::all(&decided(parts, case))),
        Assertion::Any(parts) => Ok(combination::any(&decided(parts, case))),
        Assertion::Manual(_) => Ok(evaluate_manual()),
    };
    found.unwrap_or_else(|found| found)
}

fn decided(parts: &[Assertion], case: &Case<'_>) -> Vec<Found> {
    parts.iter().map(|part| decide(part, case)).collect()
}

/// Returns what is said of a criterion that a person judges.
pub fn evaluate_manual() -> Found {
    Found::new(Outcome::Manual, "a person judges this")
}
