//! The policies of a simulation: those attached to an identity, without the excluded, and those of the request.

use std::sync::Arc;

use awsim_core::AwsError;
use serde_json::Value;

use super::unreadable;
use crate::policy::evaluate::{PolicySet, Source};
use crate::policy::grammar::{self, PolicyKind};
use crate::policy::statement::Policy;
use crate::sandbox::services::iam::call::Call;
use crate::sandbox::services::iam::fault;
use crate::sandbox::services::iam::store::{self, Grants, Group, Role, State, User};
use crate::sandbox::services::iam::{holdings, managed};

/// Whose policies are simulated.
#[derive(Debug)]
pub(super) enum Subject {
    User(User),
    Group(Group),
    Role(Role),
}

/// A policy that is left out of a simulation.
#[derive(Debug)]
pub(super) struct Exclusion {
    kind: Option<String>,
    arn: Option<String>,
    /// An inline policy: its name, the kind of its holder, the holder's name.
    inline: Option<[String; 3]>,
}

/// A policy, with its text, under the name that results give it.
#[derive(Debug)]
struct Entry {
    id: String,
    arn: Option<String>,
    text: String,
}

/// The policies of a simulation.
#[derive(Debug, Default)]
pub(super) struct Known {
    identity: Vec<Entry>,
    boundary: Option<Entry>,
    resource: Option<Entry>,
}

/// Finds the user, group or role with an ARN.
pub(super) fn subject(call: &Call<'_>, arn: &str) -> Result<Subject, AwsError> {
    let rest = arn.split(':').nth(5).unwrap_or_default();
    let (kind, full) = rest.split_once('/').unwrap_or((rest, ""));
    let name = full.rsplit('/').next().unwrap_or_default();
    let key = store::key(name);
    let (path, found) = match kind {
        "user" => {
            let user = call.state.users.get(&key).ok_or_else(|| fault::no_user(name))?;
            (&user.path, Subject::User(user.clone()))
        }
        "group" => {
            let group = call.state.groups.get(&key).ok_or_else(|| fault::no_group(name))?;
            (&group.path, Subject::Group(group.clone()))
        }
        "role" => {
            let role = call.state.roles.get(&key).ok_or_else(|| fault::no_role(name))?;
            (&role.path, Subject::Role(role.clone()))
        }
        _ => return Err(fault::invalid_input(format!("Invalid Entity Arn: {arn}"))),
    };
    if call.arn(kind, path, name).eq_ignore_ascii_case(arn) {
        return Ok(found);
    }
    Err(fault::no_such_entity(format!("The {kind} with ARN {arn} cannot be found.")))
}

/// The `PolicyExclusionList` of the request.
pub(super) fn exclusions(call: &Call<'_>) -> Vec<Exclusion> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let items = call.input["PolicyExclusionList"].as_array().map(Vec::as_slice).unwrap_or_default();
    let exclusion = |item: &Value| {
        let inline = &item["InlinePolicyIdentifier"];
        Exclusion {
            kind: text(&item["PolicyType"]),
            arn: text(&item["PolicyArn"]),
            inline: (|| {
                Some([
                    text(&inline["PolicyName"])?,
                    text(&inline["AttachmentType"])?,
                    text(&inline["AttachmentName"])?,
                ])
            })(),
        }
    };
    items.iter().map(exclusion).collect()
}

/// The policies attached to a subject, with its boundary.
pub(super) fn attached(call: &Call<'_>, subject: &Subject, excluded: &[Exclusion]) -> Known {
    let state = &*call.state;
    let mut known = Known::default();
    let grants = match subject {
        Subject::User(user) => {
            known.hold(state, &user.grants, "user", &user.name, excluded);
            for group in user.groups.iter().filter_map(|group| state.groups.get(group)) {
                known.hold(state, &group.grants, "group", &group.name, excluded);
            }
            &user.grants
        }
        Subject::Group(group) => {
            known.hold(state, &group.grants, "group", &group.name, excluded);
            &group.grants
        }
        Subject::Role(role) => {
            known.hold(state, &role.grants, "role", &role.name, excluded);
            &role.grants
        }
    };
    let bound = grants.boundary.as_ref().filter(|arn| !is_excluded(excluded, "permission-boundary", arn));
    known.boundary = bound.and_then(|arn| Entry::managed(state, arn));
    known
}

fn is_excluded(excluded: &[Exclusion], kind: &str, arn: &str) -> bool {
    excluded.iter().any(|one| match &one.arn {
        Some(given) => given == arn && one.kind.as_deref().is_none_or(|given| given == kind),
        None => one.inline.is_none() && one.kind.as_deref() == Some(kind),
    })
}

impl Known {
    /// Adds what an entity holds. Of an AWS-managed policy whose document is not known here nothing is added, as
    /// nothing is granted by it to real calls.
    fn hold(&mut self, state: &State, grants: &Grants, kind: &str, holder: &str, excluded: &[Exclusion]) {
        for (name, text) in &grants.inline {
            let named = |one: &Exclusion| match &one.inline {
                Some([policy, of, by]) => policy == name && of == kind && by == holder,
                None => one.arn.is_none() && one.kind.as_deref() == Some("inline"),
            };
            if !excluded.iter().any(named) {
                let id = format!("{kind}_{holder}_{name}");
                self.identity.push(Entry { id, arn: None, text: text.clone() });
            }
        }
        for arn in &grants.attached {
            let kind = if managed::find(arn).is_some() { "aws-managed" } else { "user-managed" };
            if !is_excluded(excluded, kind, arn) {
                self.identity.extend(Entry::managed(state, arn));
            }
        }
    }

    /// Adds the policies of the request; a boundary there replaces the attached one.
    pub(super) fn add_given(&mut self, call: &Call<'_>) -> Result<(), AwsError> {
        self.identity.extend(given(call, "PolicyInputList", PolicyKind::Identity)?);
        let bounds = given(call, "PermissionsBoundaryPolicyInputList", PolicyKind::Identity)?;
        self.boundary = bounds.into_iter().next().or(self.boundary.take());
        if let Some(text) = call.optional("ResourcePolicy") {
            Policy::parse(&text).map_err(|error| unreadable("ResourcePolicy", &error.to_string()))?;
            self.resource = Some(Entry { id: "ResourcePolicy".to_owned(), arn: None, text });
        }
        Ok(())
    }

    /// The policies as the engine takes them.
    pub(super) fn set(&self, call: &Call<'_>, caller: Option<&str>) -> Result<PolicySet, AwsError> {
        if self.resource.is_some() && caller.is_none() {
            return Err(fault::invalid_input("CallerArn must be given when ResourcePolicy is."));
        }
        if call.optional("CallerArn").is_some_and(|arn| arn.contains(":group/")) {
            return Err(fault::invalid_input("CallerArn must be the ARN of an IAM user."));
        }
        Ok(PolicySet {
            identity: self.identity.iter().filter_map(Entry::source).collect(),
            boundary: self.boundary.as_ref().and_then(Entry::source),
            session: Vec::new(),
            resource: self.resource.as_ref().and_then(Entry::source),
        })
    }

    /// Whether there is a boundary.
    pub(super) const fn is_bounded(&self) -> bool {
        self.boundary.is_some()
    }

    /// The text of a policy by its name in results.
    pub(super) fn text(&self, id: &str) -> Option<&str> {
        self.all().find(|entry| entry.id == id).map(|entry| entry.text.as_str())
    }

    /// Every text.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.all().map(|entry| entry.text.as_str())
    }

    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.identity.iter().chain(&self.boundary).chain(&self.resource)
    }
}

impl Entry {
    fn managed(state: &State, arn: &str) -> Option<Self> {
        let text = holdings::document(state, arn)?;
        let id = arn.rsplit('/').next().unwrap_or(arn).to_owned();
        Some(Self { id, arn: Some(arn.to_owned()), text })
    }

    fn source(&self) -> Option<Source> {
        let policy = Arc::new(Policy::parse(&self.text).ok()?);
        Some(Source { name: self.id.clone(), arn: self.arn.clone(), policy })
    }
}

/// The policies in a list of the request, checked.
fn given(call: &Call<'_>, list: &str, kind: PolicyKind) -> Result<Vec<Entry>, AwsError> {
    let texts = call.list(list).into_iter().enumerate();
    texts
        .map(|(place, text)| {
            let id = format!("{list}.{}", place.saturating_add(1));
            grammar::validate(&text, kind).map_err(|message| unreadable(&id, &message))?;
            Ok(Entry { id, arn: None, text })
        })
        .collect()
}
