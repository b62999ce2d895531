//! The review for programs. Versioned; keys are only ever added.

use std::collections::BTreeMap;

use serde::Serialize;

use super::csv::expanded;
use super::{About, Figures, administrator_word, time};
use crate::audit::access_review::{
    Administrator, Found, Grant, Kind, LastUse, Leads, Review, Reviewed, Used,
};
use crate::aws::meter::ApiCalls;
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
    known_actions: usize,
    /// Everything on every resource without conditions; `*` for all services.
    whole_services: Vec<&'static str>,
    services: Vec<OfService>,
    unknown_actions: Vec<String>,
    grants: Vec<Granted<'a>>,
    without_effect: &'a [String],
    not_read: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    last_used: BTreeMap<&'static str, When<'a>>,
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
    actions: Vec<Covering<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expanded: Option<Vec<String>>,
    under_conditions: usize,
    resources: &'a [String],
    conditions: &'a [String],
    limits: &'a [String],
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
    serde_json::to_string_pretty(&Document {
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
        principals: review.everybody().map(|one| principal(one, about.expand)).collect(),
    })
}

fn principal(one: &Reviewed, expand: bool) -> Principal<'_> {
    let summary = one.summary();
    let of = |kind| (one.kind == kind).then_some(one.together.as_slice());
    let is_all = summary.whole.len() == actions().services().len();
    Principal {
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
        known_actions: summary.actions,
        whole_services: if is_all { vec!["*"] } else { summary.whole },
        services: summary
            .services
            .into_iter()
            .map(|one| OfService {
                service: one.service,
                actions: one.actions,
                of: one.of,
                levels: one.levels.into_iter().collect(),
                under_conditions: one.conditional,
                on_particular_resources: one.particular,
            })
            .collect(),
        unknown_actions: summary.unknown.iter().map(ToString::to_string).collect(),
        grants: one.grants.iter().map(|grant| granted(grant, expand)).collect(),
        without_effect: &one.without_effect,
        not_read: &one.unread,
        last_used: last_used(&one.last_use),
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

fn granted(grant: &Grant, expand: bool) -> Granted<'_> {
    let patterns = grant.patterns.iter().map(|one| Covering {
        pattern: &one.text,
        known: one.is_known,
        actions: one.actions.len(),
    });
    Granted {
        policy: &grant.policy,
        policy_arn: grant.policy_arn.as_deref(),
        group: grant.group.as_deref(),
        statement: grant.statement,
        sid: grant.sid.as_deref(),
        actions: patterns.collect(),
        expanded: expand.then(|| expanded(grant)),
        under_conditions: grant.conditional.len(),
        resources: &grant.resources,
        conditions: &grant.conditions,
        limits: &grant.limits,
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
        let through =
            user3["grants"].as_array().unwrap().iter().find(|one| one["group"] == "IAM-Auditor-Group");
        assert_eq!(
            through.unwrap()["expanded"],
            json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"])
        );
        let iam = user3["services"].as_array().unwrap().iter().find(|one| one["service"] == "iam").unwrap();
        assert_eq!(iam["levels"], json!({"read": 2, "write": 1}));
        let user2 = of("user", "User2");
        assert_eq!(user2["escalation"][0]["id"], "put-user-policy");
        assert_eq!(user2["escalation"][0]["under_condition"], true);
        assert_eq!(of("user", "Reader")["administrator"], "unknown");
        assert_eq!(of("group", "IAM-Auditor-Group")["members"], json!(["User3"]));
    }
}
