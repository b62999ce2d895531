//! What a policy allows beyond what a job takes, and how bad that is.

use super::Case;
use super::meaning::read;
use super::wording::{joined, listed, tick};
use crate::grade::found::{Found, Outcome};
use crate::grade::points::Share;
use crate::grade::rubric::{Costs, LeastPrivilege};
use crate::policy::actions::{ActionSet, Level, actions};

/// So many actions that only read are a few.
const A_FEW: usize = 10;

/// From so many on, all reads of a service are a whole service's: some services have hardly any.
const SERVICE_READS: usize = 3;

/// From so many actions on, all of a service are administration.
const SERVICE: usize = 5;

/// How many names a line of evidence has.
const NAMES: usize = 12;

/// What is allowed beyond the job, by class.
#[derive(Debug, Default)]
struct Excess {
    reads: ActionSet,
    writes: ActionSet,
    permissions: ActionSet,
    /// Services of which every action is allowed.
    services: Vec<&'static str>,
    /// Services of which everything that reads is allowed.
    read_services: Vec<&'static str>,
    is_everything: bool,
}

impl Excess {
    fn of(granted: &ActionSet, beyond: &ActionSet, is_open: bool) -> Self {
        let all = actions();
        let of = |levels: &[Level]| {
            let mut set = ActionSet::default();
            for level in levels {
                set.add(&beyond.both(all.of_level(*level)));
            }
            set
        };
        let mut reading = all.of_level(Level::List).clone();
        reading.add(all.of_level(Level::Read));
        let reads = of(&[Level::List, Level::Read]);
        let services = all.services().iter().filter(|service| beyond.of(service) > 0);
        let (mut whole, mut read_services) = (Vec::new(), Vec::new());
        for service in services {
            let size = service.actions.len();
            if granted.of(service) == size && size >= SERVICE && reading.of(service) < size {
                whole.push(service.name);
            }
            let readable = reading.of(service);
            if readable >= SERVICE_READS && granted.both(&reading).of(service) == readable {
                read_services.push(service.name);
            }
        }
        Self {
            reads,
            writes: of(&[Level::Write, Level::Tagging]),
            permissions: of(&[Level::PermissionsManagement]),
            services: whole,
            read_services,
            is_everything: is_open,
        }
    }

    /// Returns what the worst class costs, and what it is.
    fn cost(&self, costs: &Costs) -> (u8, String) {
        let mut all = vec![(0, String::new())];
        if self.is_everything {
            all.push((costs.administration, "everything".to_owned()));
        }
        if let Some(service) = self.services.first() {
            all.push((costs.administration, format!("every action of `{service}`")));
        }
        if !self.permissions.is_empty() {
            all.push((costs.administration, format!("permissions management ({})", some(&self.permissions))));
        }
        if !self.writes.is_empty() {
            all.push((costs.write, format!("writes ({})", some(&self.writes))));
        }
        match (self.reads.len(), self.read_services.first()) {
            (0, _) => {}
            (_, Some(service)) => all.push((costs.many_reads, format!("all that reads of `{service}`"))),
            (number, None) if number > A_FEW => {
                all.push((costs.many_reads, format!("{number} actions that read ({})", some(&self.reads))));
            }
            (_, None) => all.push((costs.read, format!("reads ({})", some(&self.reads)))),
        }
        // Of equals the first, which is the worst class.
        all.into_iter().rev().max_by_key(|(cost, _)| *cost).unwrap_or_default()
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.is_everything {
            lines.push("everything, actions that are not known yet too".to_owned());
        }
        if !self.services.is_empty() {
            let services = self.services.iter().map(|name| tick(name));
            lines.push(format!("whole services: {}", listed(services, NAMES)));
        }
        let classes =
            [("permissions management", &self.permissions), ("writes", &self.writes), ("reads", &self.reads)];
        for (class, set) in classes {
            if !set.is_empty() {
                lines.push(format!("{class}: {}", names(set, NAMES)));
            }
        }
        lines
    }
}

fn names(set: &ActionSet, most: usize) -> String {
    listed(set.iter().map(|place| tick(actions().name(place))), most)
}

fn some(set: &ActionSet) -> String {
    names(set, 3)
}

pub(super) fn least(case: &Case<'_>, asked: &LeastPrivilege) -> Result<Found, Found> {
    let read = read(case, &asked.policy)?;
    let places =
        |texts: &[String]| -> ActionSet { texts.iter().flat_map(|text| actions().matching(text)).collect() };
    let (needs, fine) = (places(&asked.needs), places(&asked.also_fine));
    let granted = read.grants.any();
    let name = tick(read.name);
    let unknown = (!read.grants.unknown.is_empty()).then(|| {
        let unknown = listed(read.grants.unknown.iter().map(|text| tick(text)), 3);
        format!("{unknown} is no action of AWS, as far as this program knows")
    });
    let remark = joined([read.remark, unknown]);
    if !granted.meets(&needs) {
        let message = format!("{name} allows nothing of what the job takes");
        return Ok(Found::missed(message).shown(read.arn).remarked(remark));
    }
    let beyond = granted.without(&needs).without(&fine);
    let excess = Excess::of(&granted, &beyond, read.grants.is_open);
    let (cost, worst) = excess.cost(&asked.costs);
    let outcome = match cost {
        0 => Outcome::Met,
        100.. => Outcome::Missed,
        cost => Outcome::Part(Share::FULL.less(Share::percent(cost))),
    };
    let message = match (beyond.is_empty(), cost) {
        (true, 0) => format!("{name} allows nothing besides"),
        (_, 0) => format!("{name} allows more, which costs nothing"),
        (_, _) => format!("{name} allows more than is needed: {worst}"),
    };
    let mut found = Found::new(outcome, message).shown(read.arn).remarked(remark);
    found.evidence.extend(excess.lines());
    Ok(found)
}
