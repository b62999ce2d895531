//! The review for programs. Versioned; keys are only ever added.
//!
//! What many have in common is there once: `permissions` of a principal is a place in `permission_sets`, `action_list` of
//! a grant one in `action_lists`, both counted from 0.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::csv::expanded;
use super::{About, Figures, administrator_word, time};
use crate::account::calls::ApiCalls;
use crate::audit::access_review::summary;
use crate::audit::access_review::{
    Administrator, Found, Grant, Kind, LastUse, Leads, Review, Reviewed, Used,
};
use crate::policy::actions::{Level, actions};

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    account: &'a str,
    target: &'a str,
    as_of: String,
    actions: ListOfActions,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_calls: Option<ApiCalls>,
    not_read: Vec<&'a str>,
    principals: Vec<Principal<'a>>,
    permission_sets: Vec<Box<RawValue>>,
    action_lists: Vec<ActionList<'a>>,
}

#[derive(Serialize)]
struct ListOfActions {
    version: &'static str,
    date: &'static str,
    services: usize,
    actions: usize,
}

#[derive(Serialize)]
struct Summary {
    groups: usize,
    users: usize,
    roles: usize,
    administrators: usize,
    can_become_administrator: usize,
    have_another_way: usize,
}

#[derive(Serialize)]
struct Principal<'a> {
    kind: Kind,
    name: &'a str,
    arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<&'a [String]>,
    boundary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted: Option<&'a [String]>,
    administrator: &'static str,
    /// How many known actions an administrator lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    administrator_but: Option<usize>,
    escalation: Vec<Way<'a>>,
    /// The place in `permission_sets`.
    permissions: usize,
    not_read: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    last_used: BTreeMap<&'static str, When<'a>>,
}

#[derive(Serialize)]
struct Permissions<'a> {
    known_actions: usize,
    /// Everything on every resource without conditions; `*` for all services.
    whole_services: Vec<&'static str>,
    services: Vec<OfService>,
    unknown_actions: Vec<String>,
    grants: Vec<Granted<'a>>,
    without_effect: &'a [String],
}

#[derive(Serialize)]
struct Way<'a> {
    id: &'static str,
    title: &'static str,
    explanation: &'static str,
    actions: Vec<Step<'a>>,
    under_condition: bool,
    targets: &'a [String],
    has_more_targets: bool,
    to_administrator: Leads,
}

#[derive(Serialize)]
struct Step<'a> {
    action: &'static str,
    allowed_by: &'a [String],
}

#[derive(Serialize)]
struct OfService {
    service: &'static str,
    actions: usize,
    of: usize,
    levels: BTreeMap<Level, usize>,
    under_conditions: usize,
    on_particular_resources: usize,
}

#[derive(Serialize)]
struct Granted<'a> {
    policy: &'a str,
    policy_arn: Option<&'a str>,
    group: Option<&'a str>,
    statement: usize,
    sid: Option<&'a str>,
    /// The place in `action_lists`.
    action_list: usize,
    under_conditions: usize,
    resources: &'a [String],
    conditions: &'a [String],
    limits: &'a [String],
}

/// What a statement names, as far as it is left.
#[derive(Serialize)]
struct ActionList<'a> {
    patterns: Vec<Covering<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expanded: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Covering<'a> {
    pattern: &'a str,
    known: bool,
    actions: usize,
}

#[derive(Serialize)]
struct When<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Writes the review as JSON; `api_calls` is what reading the account took.
pub fn to_json(
    review: &Review,
    about: About<'_>,
    api_calls: Option<ApiCalls>,
) -> Result<String, serde_json::Error> {
    let figures = Figures::of(review);
    let all = actions();
    let mut shared = Shared { expand: about.expand, ..Shared::default() };
    let principals = review.everybody().map(|one| principal(one, &mut shared)).collect::<Result<_, _>>()?;
    serde_json::to_string(&Document {
        format_version: 1,
        account: &review.account,
        target: about.target,
        as_of: time(review.taken_at),
        actions: ListOfActions {
            version: all.version(),
            date: all.date(),
            services: all.services().len(),
            actions: all.len(),
        },
        summary: Summary {
            groups: review.groups.len(),
            users: review.users.len(),
            roles: review.roles.len(),
            administrators: figures.administrators,
            can_become_administrator: figures.climbing,
            have_another_way: figures.others,
        },
        api_calls,
        not_read: review.unread(),
        principals,
        permission_sets: shared.sets,
        action_lists: shared.lists,
    })
}

/// What several have in common.
#[derive(Default)]
struct Shared<'a> {
    expand: bool,
    sets: Vec<Box<RawValue>>,
    /// Sets by their text.
    by_text: BTreeMap<String, usize>,
    lists: Vec<ActionList<'a>>,
    /// Lists by their place in memory, where all that share them have them.
    by_place: BTreeMap<usize, usize>,
}

impl<'a> Shared<'a> {
    fn permissions(&mut self, one: &'a Reviewed) -> Result<usize, serde_json::Error> {
        let summary = one.summary();
        let is_all = summary.whole.len() == actions().services().len();
        let set = Permissions {
            known_actions: summary.actions,
            whole_services: if is_all { vec!["*"] } else { summary.whole },
            services: summary.services.into_iter().map(of_service).collect(),
            unknown_actions: summary.unknown.iter().map(ToString::to_string).collect(),
            grants: one.grants.iter().map(|grant| self.grant(grant)).collect(),
            without_effect: &one.without_effect,
        };
        let text = serde_json::to_string(&set)?;
        if let Some(known) = self.by_text.get(&text) {
            return Ok(*known);
        }
        let place = self.sets.len();
        self.sets.push(RawValue::from_string(text.clone())?);
        self.by_text.insert(text, place);
        Ok(place)
    }

    fn grant(&mut self, grant: &'a Grant) -> Granted<'a> {
        Granted {
            policy: &grant.policy,
            policy_arn: grant.policy_arn.as_deref(),
            group: grant.group.as_deref(),
            statement: grant.statement,
            sid: grant.sid.as_deref(),
            action_list: self.list(grant),
            under_conditions: grant.conditional.len(),
            resources: &grant.resources,
            conditions: &grant.conditions,
            limits: &grant.limits,
        }
    }

    fn list(&mut self, grant: &'a Grant) -> usize {
        let next = self.lists.len();
        let place = *self.by_place.entry(grant.patterns.as_ptr().addr()).or_insert(next);
        if place == next {
            let patterns = grant.patterns.iter().map(|one| Covering {
                pattern: &one.text,
                known: one.is_known,
                actions: one.actions.len(),
            });
            let expanded = self.expand.then(|| expanded(grant));
            self.lists.push(ActionList { patterns: patterns.collect(), expanded });
        }
        place
    }
}

fn principal<'a>(one: &'a Reviewed, shared: &mut Shared<'a>) -> Result<Principal<'a>, serde_json::Error> {
    let of = |kind| (one.kind == kind).then_some(one.together.as_slice());
    Ok(Principal {
        kind: one.kind,
        name: &one.name,
        arn: &one.arn,
        groups: of(Kind::User),
        members: of(Kind::Group),
        boundary: one.boundary.as_deref(),
        trusted: (one.kind == Kind::Role).then_some(one.trusted.as_slice()),
        administrator: administrator_word(one.administrator),
        administrator_but: match one.administrator {
            Administrator::Yes { but } | Administrator::Conditional { but } => Some(but),
            Administrator::Unknown | Administrator::No => None,
        },
        escalation: one.paths.iter().map(way).collect(),
        permissions: shared.permissions(one)?,
        not_read: &one.unread,
        last_used: last_used(&one.last_use),
    })
}

fn of_service(one: summary::OfService) -> OfService {
    OfService {
        service: one.service,
        actions: one.actions,
        of: one.of,
        levels: one.levels.into_iter().collect(),
        under_conditions: one.conditional,
        on_particular_resources: one.particular,
    }
}

fn way(found: &Found) -> Way<'_> {
    Way {
        id: found.path.id,
        title: found.path.title,
        explanation: found.path.explanation,
        actions: found.steps.iter().map(|step| Step { action: step.action, allowed_by: &step.by }).collect(),
        under_condition: found.under_condition,
        targets: &found.targets,
        has_more_targets: found.has_more,
        to_administrator: found.leads,
    }
}

fn last_used(last_use: &LastUse) -> BTreeMap<&'static str, When<'_>> {
    let when = |used| match used {
        &Used::At(at) => When { state: "used", at: Some(time(at)), reason: None },
        Used::Never => When { state: "never", at: None, reason: None },
        Used::None => When { state: "none", at: None, reason: None },
        Used::NotRead(why) => When { state: "not_read", at: None, reason: Some(why) },
    };
    last_use.parts().into_iter().map(|(what, used)| (what, when(used))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::hostile;
    use super::*;

    #[test]
    fn programs_find_what_people_read() {
        let about = About { target: "sandbox", expand: true };
        let text = to_json(&hostile(), about, None).unwrap();
        assert_eq!(text, to_json(&hostile(), about, None).unwrap(), "the same account gives the same bytes");
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&document["format_version"], &document["as_of"]),
            (&json!(1), &json!("2026-03-02T09:00:00Z"))
        );
        let of = |kind: &str, name: &str| {
            let all = document["principals"].as_array().unwrap();
            all.iter().find(|one| one["kind"] == kind && one["name"] == name).unwrap().clone()
        };
        let user3 = of("user", "User3");
        assert_eq!(user3["groups"], json!(["IAM-Auditor-Group"]));
        assert_eq!(user3["last_used"]["password"], json!({"state": "used", "at": "2026-03-01T10:00:00Z"}));
        let at = usize::try_from(user3["permissions"].as_u64().unwrap()).unwrap();
        let of_user3 = &document["permission_sets"][at];
        let through =
            of_user3["grants"].as_array().unwrap().iter().find(|one| one["group"] == "IAM-Auditor-Group");
        let list = usize::try_from(through.unwrap()["action_list"].as_u64().unwrap()).unwrap();
        let report = json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"]);
        assert_eq!(document["action_lists"][list]["expanded"], report);
        let iam =
            of_user3["services"].as_array().unwrap().iter().find(|one| one["service"] == "iam").unwrap();
        assert_eq!(iam["levels"], json!({"read": 2, "write": 1}));
        let user2 = of("user", "User2");
        assert_eq!(user2["escalation"][0]["id"], "put-user-policy");
        assert_eq!(user2["escalation"][0]["under_condition"], true);
        assert_eq!(of("user", "Reader")["administrator"], "unknown");
        assert_eq!(of("group", "IAM-Auditor-Group")["members"], json!(["User3"]));
    }
}
