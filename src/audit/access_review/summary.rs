//! What somebody may do, service by service, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::Reviewed;
use crate::policy::actions::{ActionSet, Level, Service, actions};

/// All that somebody may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The services of which they may do everything on every resource, without conditions.
    pub whole: Vec<&'static str>,
    /// The others of which they may do something.
    pub services: Vec<OfService>,
    /// What the list of actions does not know, as the policies have it.
    pub unknown: Vec<Arc<str>>,
    /// How many known actions they may do, be it under conditions.
    pub actions: usize,
}

/// What somebody may do of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfService {
    /// Its namespace.
    pub service: &'static str,
    /// How many actions.
    pub actions: usize,
    /// Of how many that the service has.
    pub of: usize,
    /// How many of each level, where there are any.
    pub levels: Vec<(Level, usize)>,
    /// How many of them depend on a condition.
    pub conditional: usize,
    /// How many of them are for particular resources only.
    pub particular: usize,
}

/// Services of which somebody may do everything, in the same manner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// In which manner, as the end of a sentence: `under conditions`.
    pub manner: &'static str,
    /// The services.
    pub services: Vec<&'static str>,
}

impl Summary {
    /// Puts the services together of which somebody may do everything, for people; the others are told one by one.
    pub fn grouped(&self) -> (Vec<Whole>, Vec<&OfService>) {
        let mut wholes = vec![Whole { manner: "on every resource", services: self.whole.clone() }];
        let mut others = Vec::new();
        let manner = |one: &OfService| match (one.conditional == one.actions, one.particular) {
            _ if one.actions < one.of => None,
            (true, 0) => Some("on every resource, under conditions"),
            (false, particular) if particular == one.of && one.conditional == 0 => {
                Some("on particular resources")
            }
            (true, particular) if particular == one.of => Some("on particular resources, under conditions"),
            _ => None,
        };
        for one in &self.services {
            let Some(manner) = manner(one) else {
                others.push(one);
                continue;
            };
            match wholes.iter_mut().find(|whole| whole.manner == manner) {
                Some(whole) => whole.services.push(one.service),
                None => wholes.push(Whole { manner, services: vec![one.service] }),
            }
        }
        wholes.retain(|whole| !whole.services.is_empty());
        (wholes, others)
    }
}

impl Whole {
    /// Tells whether it is every service that is known.
    pub fn is_all(&self) -> bool {
        self.services.len() == actions().services().len()
    }
}

impl OfService {
    /// Writes `12 of 160 actions (Write 3, Permissions management 2)`.
    pub fn sentence(&self) -> String {
        let levels: Vec<String> =
            self.levels.iter().map(|(level, count)| format!("{} {count}", level.name())).collect();
        let mut text = format!("{} of {} actions ({})", self.actions, self.of, levels.join(", "));
        for (count, what) in
            [(self.particular, "on particular resources"), (self.conditional, "under conditions")]
        {
            if count == self.actions {
                let _ = write!(text, "; {what}");
            } else if count > 0 {
                let _ = write!(text, "; {count} {what}");
            }
        }
        text
    }
}

impl Reviewed {
    /// Sums up what somebody may do.
    pub fn summary(&self) -> Summary {
        let mut sets = Sets::default();
        let mut unknown: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        for grant in &self.grants {
            let unconditional = grant.actions.without(&grant.conditional);
            sets.all.add(&grant.actions);
            sets.free.add(&unconditional);
            if grant.is_on_everything() {
                sets.everywhere.add(&grant.actions);
                sets.full.add(&unconditional);
            }
            let texts = grant.patterns.iter().filter(|pattern| !pattern.is_known && pattern.is_left);
            unknown.extend(texts.map(|pattern| (&*pattern.text, Arc::clone(&pattern.text))));
        }
        let mut summary = Summary {
            unknown: unknown.into_values().collect(),
            actions: sets.all.len(),
            ..Summary::default()
        };
        for service in actions().services() {
            let one = of_service(service, &sets);
            if one.actions == 0 {
                continue;
            }
            if (one.actions, one.conditional, one.particular) == (one.of, 0, 0) {
                summary.whole.push(service.name);
            } else {
                summary.services.push(one);
            }
        }
        summary
    }
}

/// What somebody may do, by how free they are to do it.
#[derive(Default)]
struct Sets {
    all: ActionSet,
    /// Without conditions, on something.
    free: ActionSet,
    /// On every resource, be it under conditions.
    everywhere: ActionSet,
    /// On every resource, without conditions.
    full: ActionSet,
}

fn of_service(service: &Service, sets: &Sets) -> OfService {
    let Sets { all, free, everywhere, full } = sets;
    let held = || service.actions.clone().filter(|&place| all.contains(place));
    // What is free on one resource and depends on a condition on the others does depend on it.
    let depends = |place| !free.contains(place) || (everywhere.contains(place) && !full.contains(place));
    let of_level = |level: Level| held().filter(|&place| actions().of_level(level).contains(place)).count();
    OfService {
        service: service.name,
        actions: held().count(),
        of: service.actions.len(),
        levels: Level::ALL
            .into_iter()
            .map(|level| (level, of_level(level)))
            .filter(|(_, count)| *count > 0)
            .collect(),
        conditional: held().filter(|&place| depends(place)).count(),
        particular: held().filter(|&place| !everywhere.contains(place)).count(),
    }
}
