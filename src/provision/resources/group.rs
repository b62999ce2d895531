//! IAM groups with their members and policies.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Child, DocumentSource, Done, Export, Extra, Found, OURS, Resource, gone};
use crate::account::snapshot::Facet;
use crate::aws::collect::Scope;
use crate::provision::Session;
use crate::provision::ownership::Ownership;
use crate::provision::plan::Picture;
use crate::provision::principal::{PolicySet, Principal, reconcile};
use crate::scenario::Resolved;

/// An IAM group.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// Attached policies, by name or ARN.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Inline policies, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inline_policies: BTreeMap<String, DocumentSource>,
    /// The users in the group, by user name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// `allow` leaves policies and members alone that the scenario does not name.
    #[serde(skip_serializing_if = "Extra::is_default")]
    pub extra: Extra,
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// A group as the account shows it.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    #[serde(flatten)]
    policies: PolicySet,
    members: BTreeSet<String>,
    #[serde(skip)]
    extra: Extra,
}

impl Resource for Kind {
    const KIND: &'static str = "group";
    type Spec = Spec;
    type State = State;

    fn scope(_name: &str, _spec: Option<&Spec>, scope: &mut Scope) {
        scope.identity = true;
    }

    fn desired(_name: &str, spec: &Spec, scenario: &Resolved) -> Result<State, String> {
        Ok(State {
            policies: PolicySet::desired(&spec.policies, &spec.inline_policies, None, scenario),
            members: spec.members.iter().cloned().collect(),
            extra: spec.extra,
        })
    }

    fn observed(picture: Picture<'_>, name: &str, desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let identity = match &picture.snapshot.identity {
            Facet::Read(identity) => identity,
            Facet::NotRead(reason) => return Facet::NotRead(reason.clone()),
        };
        Facet::Read(identity.groups.get(name).map(|group| {
            let mut state = State {
                policies: PolicySet::observed(&group.policies),
                members: identity
                    .users
                    .iter()
                    .filter(|(_, user)| user.groups.contains(name))
                    .map(|(name, _)| name.clone())
                    .collect(),
                extra: Extra::Remove,
            };
            if let Some(desired) = desired.filter(|desired| desired.extra == Extra::Allow) {
                state.policies.forgive(&desired.policies);
                state.members.retain(|member| desired.members.contains(member));
            }
            Found { ownership: Ownership::of_path(&group.path, &picture.scenario.place.scenario), state }
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        let path = picture.scenario.place.group_path();
        let groups = picture.snapshot.identity.read().map(|identity| &identity.groups);
        groups
            .into_iter()
            .flatten()
            .filter(|(_, group)| group.path == path)
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn spec(_name: &str, state: &State, export: &Export<'_>) -> Result<Spec, String> {
        let (policies, inline_policies, _) = state.policies.names(export);
        let members = state.members.iter().filter(|member| export.declares("user", member));
        let members: Vec<String> = members.cloned().collect();
        // Members that the scenario does not declare cannot be named there, and stay what they are.
        let extra = if members.len() == state.members.len() { Extra::Remove } else { Extra::Allow };
        Ok(Spec { policies, inline_policies, members, extra })
    }

    fn children(state: &State) -> Vec<Child> {
        let members =
            state.members.iter().map(|name| Child { what: format!("members.{name}"), origin: OURS });
        state.policies.children().into_iter().chain(members).collect()
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        session
            .aws
            .call("iam:CreateGroup", &format!("group.{name}"), || {
                session.aws.iam.create_group().group_name(name).path(session.place.group_path()).send()
            })
            .await?;
        let bare = State { policies: PolicySet::default(), members: BTreeSet::new(), extra: Extra::Remove };
        Self::update(session, name, &bare, to).await
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("group.{name}"));
        reconcile(session, Principal::Group(name), &from.policies, &to.policies).await?;
        for member in to.members.difference(&from.members) {
            aws.call("iam:AddUserToGroup", &address, || {
                iam.add_user_to_group().group_name(name).user_name(member).send()
            })
            .await?;
        }
        for member in from.members.difference(&to.members) {
            remove_member(session, name, member).await?;
        }
        Ok(())
    }

    async fn delete(session: &Session, name: &str, from: &State) -> Done {
        for member in &from.members {
            remove_member(session, name, member).await?;
        }
        reconcile(session, Principal::Group(name), &from.policies, &PolicySet::default()).await?;
        gone(
            session
                .aws
                .call("iam:DeleteGroup", &format!("group.{name}"), || {
                    session.aws.iam.delete_group().group_name(name).send()
                })
                .await,
        )
    }

    async fn adopt(session: &Session, name: &str, _from: &State) -> Done {
        session
            .aws
            .call("iam:UpdateGroup", &format!("group.{name}"), || {
                session.aws.iam.update_group().group_name(name).new_path(session.place.group_path()).send()
            })
            .await
            .map(drop)
    }
}

async fn remove_member(session: &Session, group: &str, user: &str) -> Done {
    gone(
        session
            .aws
            .call("iam:RemoveUserFromGroup", &format!("group.{group}"), || {
                session.aws.iam.remove_user_from_group().group_name(group).user_name(user).send()
            })
            .await,
    )
}
