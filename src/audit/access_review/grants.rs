//! What is left of the statements that allow something, after boundary and denials.
//!
//! Resources are compared by example: a made-up text stands for each wildcard, and a statement that matches the
//! example covers the pattern it stands for.

use std::cell::Cell;
use std::sync::Arc;

use super::expand::Expanded;
use super::subject::{Line, Subject};
use super::{Covered, Grant};
use crate::policy::actions::ActionSet;
use crate::policy::reach::{Instance, Standing, example_of};
use crate::policy::request::Request;
use crate::policy::statement::{Effect, Statement};

/// Any action of any service, those that nobody has thought of yet among them.
const UNHEARD_OF: &str = "*:*";

/// What somebody is granted, and what grants them nothing.
#[derive(Debug, Default)]
pub(super) struct Granted {
    pub(super) grants: Vec<Grant>,
    pub(super) without_effect: Vec<String>,
}

/// Works out what is granted.
pub(super) fn granted(subject: &Subject) -> Granted {
    let denials: Vec<Denial<'_>> = subject
        .lines(Effect::Deny)
        .chain(subject.boundary_lines(Effect::Deny))
        .filter_map(|line| match line.statement.standing(&subject.request) {
            Standing::Never(_) => None,
            standing => Some(Denial { line, is_sure: standing == Standing::Holds }),
        })
        .collect();
    let work = Work { subject, compared: Cell::new(0), denials, request: subject.request.clone() };
    let mut granted = Granted::default();
    for line in subject.lines(Effect::Allow) {
        match line.statement.standing(&subject.request) {
            Standing::Never(first) => {
                granted.without_effect.push(format!("{} does not apply: {first}", line.place()));
            }
            standing => work.grant(line, standing == Standing::Depends, &mut granted),
        }
    }
    granted
}

struct Denial<'a> {
    line: Line<'a>,
    /// Whether it depends on no condition.
    is_sure: bool,
}

/// A part of what a statement grants: on one of its resources.
#[derive(Debug, Clone)]
struct Item<'a> {
    of: &'a Statement,
    written: String,
    instance: Instance,
    example: String,
    actions: ActionSet,
    conditional: ActionSet,
    /// Of what the list of actions does not know, in the order of [`unknown`]: whether it is left.
    unknown: Vec<bool>,
    limits: Vec<String>,
    /// The next denial to look at.
    next: usize,
}

impl Item<'_> {
    /// Names what it has in common with the resources of another statement, if there is anything.
    fn share(&self, request: &Request, instance: &Instance) -> Option<String> {
        // What is left of `NotResource` stands for everything, its exceptions too.
        let is_exception = || {
            let request = Request { resource: instance.example.clone(), ..request.clone() };
            self.of.resources().is_some_and(|(_, negated)| negated)
                && self.of.is_about(&request) == Some(false)
        };
        if self.instance.covers(&instance.example) && !is_exception() {
            Some(instance.written.clone())
        } else if !instance.is_literal && self.instance.overlaps(instance) {
            Some(format!("{} within {}", self.written, instance.written))
        } else {
            None
        }
    }

    fn is_nothing(&self) -> bool {
        self.actions.is_empty() && !self.unknown.contains(&true)
    }
}

/// Examples of what a statement names and the list of actions does not know.
fn unknown(expanded: &Expanded) -> Vec<String> {
    let open = expanded.is_open.then(|| example_of(UNHEARD_OF));
    let texts = expanded.patterns.iter().filter(|pattern| !pattern.is_known);
    open.into_iter().chain(texts.map(|pattern| example_of(&pattern.text))).collect()
}

/// How many resources of boundary and denials are compared with those of one statement. Beyond it, what is doubtful
/// stays in, and is said to be limited.
const COMPARED: usize = 1000;

struct Work<'a> {
    subject: &'a Subject,
    /// How many resources were compared with those of the statement at hand.
    compared: Cell<usize>,
    denials: Vec<Denial<'a>>,
    request: Request,
}

impl Work<'_> {
    fn grant(&self, line: Line<'_>, depends: bool, granted: &mut Granted) {
        self.compared.set(0);
        let unknown = unknown(line.expanded);
        let (texts, negated) = line.statement.resources().unwrap_or((&[], true));
        let instances = if negated {
            vec![Instance::everything()]
        } else {
            line.statement.instances(&self.subject.request)
        };
        let mut left = Vec::new();
        for instance in instances {
            let written = match texts {
                [_, ..] if negated => format!("all but {}", texts.join(", ")),
                _ => instance.written.clone(),
            };
            let example = self.subject.example(&instance);
            let actions = (*line.expanded.actions).clone();
            let conditional = if depends { actions.clone() } else { ActionSet::default() };
            let unknown_left = vec![true; unknown.len()];
            let item = Item {
                of: line.statement,
                written,
                instance,
                example,
                actions,
                conditional,
                unknown: unknown_left,
                limits: vec![],
                next: 0,
            };
            for item in self.within_boundary(item, &unknown) {
                self.after_denials(item, &unknown, &mut left);
            }
        }
        if left.is_empty() {
            let why = match (self.subject.boundary.is_some(), self.denials.is_empty()) {
                (true, true) => "the permissions boundary never allows it",
                (true, false) => "other statements deny it, or the permissions boundary never allows it",
                (false, false) => "other statements deny it",
                (false, true) => "a variable in its resources has no value",
            };
            granted.without_effect.push(format!("{} does not apply: {why}", line.place()));
        }
        let mut grants: Vec<Grant> = Vec::new();
        for item in left {
            let same = |grant: &&mut Grant| {
                *grant.actions == item.actions
                    && grant.conditional == item.conditional
                    && grant.limits == item.limits
            };
            match grants.iter_mut().find(same) {
                Some(grant) if grant.resources.contains(&item.written) => {}
                Some(grant) => grant.resources.push(item.written),
                None => grants.push(to_grant(line, item)),
            }
        }
        granted.grants.extend(grants);
    }

    /// Parts an item into what the boundary allows of it.
    fn within_boundary<'a>(&self, mut item: Item<'a>, unknown: &[String]) -> Vec<Item<'a>> {
        if let Some(why) = &self.subject.boundary_unread {
            item.conditional = item.actions.clone();
            item.limits.push(format!("the permissions boundary was not read: {why}"));
            return vec![item];
        }
        if self.subject.boundary.is_none() {
            return vec![item];
        }
        let subject = self.subject;
        let (mut sure, mut maybe) = (ActionSet::default(), ActionSet::default());
        let mut named = vec![false; unknown.len()];
        let (mut narrower, mut excepting) = (Vec::new(), Vec::new());
        // What is allowed on all of the item, without exceptions.
        let mut solid = ActionSet::default();
        for line in subject.boundary_lines(Effect::Allow) {
            let depends = match line.statement.standing(&subject.request) {
                Standing::Never(_) => continue,
                standing => standing == Standing::Depends,
            };
            let speaks: Vec<bool> = unknown.iter().map(|action| line.statement.names(action)).collect();
            match self.is_about(line, &item.example) {
                Some(false) if self.is_too_much(line) => {
                    if line.expanded.actions.meets(&item.actions) || speaks.contains(&true) {
                        maybe.add(&line.expanded.actions);
                        named.iter_mut().zip(&speaks).for_each(|(all, one)| *all |= one);
                        item.limits.push(format!("only on the many resources that {} names", line.place()));
                    }
                }
                Some(false) => {
                    narrower.extend(narrowed(subject, &item, line, depends, &speaks));
                }
                about => {
                    let set = if depends || about.is_none() { &mut maybe } else { &mut sure };
                    set.add(&line.expanded.actions);
                    if line.statement.resources().is_some_and(|(_, negated)| negated) {
                        excepting.push(line);
                    } else if !depends && about == Some(true) {
                        solid.add(&line.expanded.actions);
                    }
                    named.iter_mut().zip(&speaks).for_each(|(all, one)| *all |= one);
                }
            }
        }
        let before = item.actions.len();
        let maybe = maybe.without(&sure);
        sure.add(&maybe);
        item.actions = item.actions.both(&sure);
        item.conditional.add(&maybe);
        item.conditional = item.conditional.both(&item.actions);
        item.unknown.iter_mut().zip(&named).for_each(|(left, named)| *left &= named);
        if item.actions.len() < before {
            item.limits
                .push(format!("the permissions boundary leaves {} of {before} actions", item.actions.len()));
        }
        if !maybe.both(&item.actions).is_empty() {
            item.limits.push("the permissions boundary allows it under a condition".to_owned());
        }
        for line in excepting {
            let doubtful = item.actions.both(&line.expanded.actions).without(&solid);
            let instances = line.statement.instances(&subject.request);
            if !doubtful.is_empty() && instances.iter().any(|one| item.instance.overlaps(one)) {
                let (texts, _) = line.statement.resources().unwrap_or_default();
                item.limits.push(format!("{} leaves out {}", line.place(), texts.join(", ")));
            }
        }
        // What the whole item has, its parts need not repeat.
        let solid = item.actions.both(&solid);
        for part in &mut narrower {
            part.actions.remove(&solid);
            part.conditional = part.conditional.both(&part.actions);
        }
        std::iter::once(item).chain(narrower).filter(|item| !item.is_nothing()).collect()
    }

    /// Takes out what is denied.
    fn after_denials<'a>(&self, item: Item<'a>, unknown: &[String], left: &mut Vec<Item<'a>>) {
        let mut open = vec![item];
        while let Some(mut item) = open.pop() {
            while let Some(denial) = self.denials.get(item.next) {
                item.next += 1;
                self.deny(denial, &mut item, unknown, &mut open);
                if item.is_nothing() {
                    break;
                }
            }
            if !item.is_nothing() {
                left.push(item);
            }
        }
    }

    fn deny<'a>(
        &self,
        denial: &Denial<'_>,
        item: &mut Item<'a>,
        unknown: &[String],
        open: &mut Vec<Item<'a>>,
    ) {
        let Denial { line, is_sure } = denial;
        let denied = item.actions.both(&line.expanded.actions);
        let named: Vec<bool> = unknown
            .iter()
            .zip(&item.unknown)
            .map(|(action, left)| *left && line.statement.names(action))
            .collect();
        if denied.is_empty() && !named.contains(&true) {
            return;
        }
        let told = |does: &str| {
            let conditions = line.statement.conditions();
            let when = if conditions.is_empty() {
                String::new()
            } else {
                format!(" when {}", conditions.join(" and "))
            };
            format!("{} denies {} of the actions{does}{when}", line.place(), denied.len())
        };
        match (self.is_about(*line, &item.example), is_sure) {
            (Some(true), true) => {
                let is_excepting = line.statement.resources().is_some_and(|(_, negated)| negated);
                if is_excepting && self.is_too_much(*line) {
                    item.limits.push(told(" on everything but a long list"));
                    return;
                }
                if is_excepting {
                    let instances = line.statement.instances(&self.subject.request);
                    open.extend(instances.into_iter().filter_map(|instance| {
                        let written = item.share(&self.request, &instance)?;
                        let mut part = item.clone();
                        part.limits.push(told(" on everything else"));
                        part.example = self.subject.example(&instance);
                        (part.written, part.instance) = (written, instance);
                        part.actions = denied.clone();
                        part.conditional = part.conditional.both(&denied);
                        part.unknown.clone_from(&named);
                        Some(part)
                    }));
                }
                item.actions.remove(&denied);
                item.conditional.remove(&denied);
                item.unknown.iter_mut().zip(&named).for_each(|(left, named)| *left &= !named);
                if !item.is_nothing() {
                    item.limits.push(told(""));
                }
            }
            (Some(true), false) | (None, _) => {
                item.conditional.add(&denied);
                item.limits.push(told(""));
            }
            (Some(false), _) => {
                if line.statement.overlaps(&item.instance, &self.subject.request) {
                    let (texts, _) = line.statement.resources().unwrap_or_default();
                    item.limits.push(told(&format!(" on {}", texts.join(", "))));
                }
            }
        }
    }

    /// Tells whether comparing the resources of one statement more is too much, and counts them.
    fn is_too_much(&self, line: Line<'_>) -> bool {
        let more = line.statement.resources().map_or(0, |(texts, _)| texts.len());
        self.compared.set(self.compared.get().saturating_add(more));
        self.compared.get() > COMPARED
    }

    fn is_about(&self, line: Line<'_>, example: &str) -> Option<bool> {
        let request = Request { resource: example.to_owned(), ..self.request.clone() };
        line.statement.is_about(&request)
    }
}

/// The parts of an item that a narrower statement of the boundary allows.
fn narrowed<'a>(
    subject: &Subject,
    item: &Item<'a>,
    line: Line<'_>,
    depends: bool,
    names: &[bool],
) -> Vec<Item<'a>> {
    if line.statement.resources().is_none_or(|(_, negated)| negated) {
        return vec![];
    }
    let actions = item.actions.both(&line.expanded.actions);
    let unknown: Vec<bool> = item.unknown.iter().zip(names).map(|(left, named)| *left && *named).collect();
    let instances = line.statement.instances(&subject.request).into_iter();
    let touching = instances.filter_map(|instance| {
        let written = item.share(&subject.request, &instance)?;
        Some((written, subject.example(&instance), instance))
    });
    let parts = touching.map(|(written, example, instance)| {
        let mut conditional = item.conditional.both(&actions);
        let mut limits = item.limits.clone();
        limits.push(format!("only as far as {} allows it", line.place()));
        if depends {
            conditional.add(&actions);
            limits.push(format!(
                "the permissions boundary wants {}",
                line.statement.conditions().join(" and ")
            ));
        }
        let (actions, unknown) = (actions.clone(), unknown.clone());
        Item { of: item.of, written, instance, example, actions, conditional, unknown, limits, next: 0 }
    });
    parts.filter(|part| !part.is_nothing()).collect()
}

fn to_grant(line: Line<'_>, item: Item<'_>) -> Grant {
    let Line { holding, statement, expanded } = line;
    let is_whole = item.actions == *expanded.actions && !item.unknown.contains(&false);
    let mut unknown = item.unknown.iter().copied();
    let is_open = expanded.is_open && unknown.next() == Some(true);
    let patterns = if is_whole {
        Arc::clone(&expanded.patterns)
    } else {
        let left = expanded.patterns.iter().filter_map(|pattern| {
            let actions: Arc<[usize]> =
                pattern.actions.iter().copied().filter(|place| item.actions.contains(*place)).collect();
            let is_left = if pattern.is_known { !actions.is_empty() } else { unknown.next() == Some(true) };
            is_left.then(|| Covered {
                text: Arc::clone(&pattern.text),
                is_known: pattern.is_known,
                is_left,
                actions,
            })
        });
        left.collect()
    };
    Grant {
        policy: Arc::clone(&holding.policy),
        policy_arn: holding.arn.clone(),
        group: holding.group.clone(),
        statement: statement.index + 1,
        sid: statement.sid.clone(),
        patterns,
        actions: if is_whole { Arc::clone(&expanded.actions) } else { Arc::new(item.actions) },
        conditional: item.conditional,
        is_open,
        resources: vec![item.written],
        conditions: statement.conditions(),
        limits: item.limits,
    }
}
