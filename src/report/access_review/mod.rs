//! The access review as text for people, as a table for spreadsheets, as a page for browsers and as JSON for programs.
//! The same review gives the same bytes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::audit::access_review::{
    Administrator, Found, Grant, Kind, LastUse, Leads, Review, Reviewed, Used,
};
use crate::policy::actions::actions;
use crate::report::words::count;

mod csv;
mod html;
mod json;
mod text;

pub use csv::to_csv;
pub use html::to_html;
pub use json::to_json;
pub use text::to_text;

/// What a report says besides the review.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// `sandbox` or `aws`.
    pub target: &'a str,
    /// Whether wildcards are replaced by the actions that they stand for, where a report lists what policies name.
    pub expand: bool,
}

/// What is not looked at; every report says so.
const NOT_LOOKED_AT: &str = "Service control policies, session policies and the policies of resources are not looked at. \
                             The root user may do everything and is not listed.";

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// Says which list of actions was used.
fn list_of_actions() -> String {
    let all = actions();
    format!("{} actions of {} services, as of {}", all.len(), all.services().len(), all.date())
}

/// Says whether somebody is an administrator; `None` when they are not.
fn administrator(one: &Reviewed) -> Option<String> {
    let but = |but: usize| match but {
        0 => "every action on every resource".to_owned(),
        but => format!("every action on every resource, all but {but}"),
    };
    match one.administrator {
        Administrator::Yes { but: missing } => Some(but(missing)),
        Administrator::Conditional { but: missing } => Some(format!("{}, under conditions", but(missing))),
        Administrator::Unknown | Administrator::No => None,
    }
}

/// The word for it in machine formats.
const fn administrator_word(administrator: Administrator) -> &'static str {
    match administrator {
        Administrator::Yes { .. } => "yes",
        Administrator::Conditional { .. } => "conditional",
        Administrator::Unknown => "unknown",
        Administrator::No => "no",
    }
}

/// The grants that make somebody an administrator.
fn making_administrator(one: &Reviewed) -> impl Iterator<Item = &Grant> {
    one.grants.iter().filter(|grant| grant.is_open && grant.is_on_everything())
}

/// Says through what a grant comes.
fn through(grant: &Grant) -> String {
    match &grant.group {
        Some(group) => format!("{} through group `{group}`", grant.place()),
        None => grant.place(),
    }
}

/// Says where a way leads.
fn leads(found: &Found) -> &'static str {
    match found.leads {
        Leads::Yes => "to an administrator's permissions",
        Leads::Unknown => "perhaps to an administrator's permissions",
        Leads::No if found.targets.is_empty() => "to nothing that the account has today",
        Leads::No => "to more permissions",
    }
}

/// The ways of somebody, those that lead furthest first.
fn ranked(one: &Reviewed) -> Vec<&Found> {
    let mut all: Vec<&Found> = one.paths.iter().collect();
    all.sort_by_key(|found| std::cmp::Reverse(found.leads));
    all
}

/// The actions of a way with the statements that allow them; what the same statements allow, together.
fn steps(found: &Found) -> Vec<(Vec<&'static str>, String)> {
    let mut all: Vec<(Vec<&'static str>, String)> = Vec::new();
    for step in &found.steps {
        let by = step.by.join("; ");
        match all.iter_mut().find(|(_, other)| *other == by) {
            Some((actions, _)) => actions.push(step.action),
            None => all.push((vec![step.action], by)),
        }
    }
    all
}

/// Says when something was last used, in a few words.
fn used(used: &Used) -> String {
    match used {
        Used::At(time) => day(*time),
        Used::Never => "never".to_owned(),
        Used::None => "none".to_owned(),
        Used::NotRead(_) => "not read".to_owned(),
    }
}

/// Says when somebody was last there: `password 2026-03-01, keys never`; nothing when nobody looked.
fn last_use(last_use: &LastUse) -> String {
    let parts = last_use.parts();
    if parts.iter().all(|(_, when)| matches!(when, Used::NotRead(_))) {
        return String::new();
    }
    let word = |what: &str, when: &Used| {
        if what == "role" { used(when) } else { format!("{what} {}", used(when)) }
    };
    parts.iter().map(|(what, when)| word(what, when)).collect::<Vec<_>>().join(", ")
}

/// Says why it is not known when somebody was last there, each reason once, sorted.
fn unread_uses(review: &Review) -> BTreeSet<&str> {
    let parts = review.everybody().flat_map(|one| one.last_use.parts());
    let why =
        parts.filter_map(|(_, when)| if let Used::NotRead(why) = when { Some(why.as_str()) } else { None });
    why.collect()
}

/// What somebody is together with: their groups, or members.
fn together(one: &Reviewed) -> String {
    match (one.kind, one.together.as_slice()) {
        (Kind::Role, _) => String::new(),
        (Kind::Group, []) => "no members".to_owned(),
        (Kind::User, []) => "in no group".to_owned(),
        (Kind::Group, names) => format!("{}: {}", count(names.len(), "member", "members"), names.join(", ")),
        (Kind::User, names) => format!("in {}", names.join(", ")),
    }
}

/// The figures of the first page.
struct Figures {
    administrators: usize,
    /// Users and roles that can come to an administrator's permissions.
    climbing: usize,
    /// Users and roles with any other way.
    others: usize,
}

impl Figures {
    fn of(review: &Review) -> Self {
        let somebody = || review.users.iter().chain(&review.roles);
        let climbs = |one: &&Reviewed| {
            !one.administrator.is() && one.paths.iter().any(|found| found.leads == Leads::Yes)
        };
        let has_way = |one: &&Reviewed| !one.administrator.is() && !one.paths.is_empty();
        Self {
            administrators: somebody().filter(|one| one.administrator.is()).count(),
            climbing: somebody().filter(climbs).count(),
            others: somebody().filter(|one| has_way(one) && !climbs(one)).count(),
        }
    }
}

/// Reviews for tests.
#[cfg(test)]
mod testing {
    use serde_json::json;

    use crate::account::snapshot::{Facet, Policies};
    use crate::account::testing::{document, lab};
    use crate::audit::access_review::{LastUses, Review, Used, review};

    /// A name that is a formula, a tag and a terminal sequence.
    pub(super) const HOSTILE: &str = "=cmd|' /C calc'!A0<script>alert(1)</script>\u{1b}[31m\"&,\u{202e}";

    /// The small account with an administrator, somebody who can become one, and hostile names.
    pub(super) fn hostile() -> Review {
        let mut snapshot = lab();
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let given = |action: &str, resource: &str| {
            Policies {
            inline: [(
                HOSTILE.to_owned(),
                document(&json!([{"Sid": HOSTILE, "Effect": "Allow", "Action": [action, HOSTILE], "Resource": [resource, HOSTILE],
                    "Condition": {"StringNotEquals": {HOSTILE: HOSTILE}}}])),
            )]
            .into(),
            ..Policies::default()
        }
        };
        identity.users.get_mut("User1").unwrap().policies = given("*", "*");
        identity.users.get_mut("User2").unwrap().policies = given("iam:PutUserPolicy", "*");
        let mut user = identity.users.get("User2").unwrap().clone();
        user.groups.insert(HOSTILE.to_owned());
        identity.users.insert(HOSTILE.to_owned(), user);
        let mut group = identity.groups.values().next().unwrap().clone();
        group.policies = given("sns:Publish", "*");
        identity.groups.insert(HOSTILE.to_owned(), group);
        let role = identity.roles.values().next().unwrap().clone();
        identity.roles.insert(HOSTILE.to_owned(), role);
        let mut last = LastUses::of(&snapshot);
        last.otherwise = HOSTILE.into();
        last.users.insert("User3".into(), (Used::At("2026-03-01T10:00:00Z".parse().unwrap()), Used::None));
        review(&snapshot, &last).unwrap()
    }
}
