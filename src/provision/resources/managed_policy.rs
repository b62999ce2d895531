//! Customer-managed policies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Child, DocumentSource, Done, Export, Found, OURS, Resource, document, gone, iam_tags};
use crate::account::snapshot::{Facet, Identity};
use crate::aws::collect::Scope;
use crate::policy::document::PolicyDocument;
use crate::provision::Session;
use crate::provision::ownership::{Ownership, mark};
use crate::provision::plan::Picture;
use crate::provision::principal::{Principal, inline_source, policy_arn};
use crate::scenario::Resolved;

/// A customer-managed policy.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The policy document: a file, or the document itself.
    pub document: DocumentSource,
    /// Shown in the console; AWS lets nobody change it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// A policy as the account shows it.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    document: Option<PolicyDocument>,
    #[serde(skip)]
    description: Option<String>,
    #[serde(skip)]
    arn: String,
    /// Non-default versions, oldest first.
    #[serde(skip)]
    spare_versions: Vec<String>,
    /// Principals that are not ours and have it attached.
    #[serde(skip)]
    foreign_holders: Vec<(PrincipalKind, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PrincipalKind {
    User,
    Group,
    Role,
}

/// IAM keeps five versions of a policy.
const MAX_VERSIONS: usize = 5;

impl Resource for Kind {
    const KIND: &'static str = "policy";
    type Spec = Spec;
    type State = State;

    fn scope(name: &str, _spec: Option<&Spec>, scope: &mut Scope) {
        scope.identity = true;
        scope.policies.insert(name.into());
    }

    fn desired(name: &str, spec: &Spec, scenario: &Resolved) -> Result<State, String> {
        Ok(State {
            document: Some(document(&spec.document)),
            description: spec.description.clone(),
            arn: policy_arn(name, scenario),
            spare_versions: Vec::new(),
            foreign_holders: Vec::new(),
        })
    }

    fn observed(picture: Picture<'_>, name: &str, _desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let identity = match &picture.snapshot.identity {
            Facet::Read(identity) => identity,
            Facet::NotRead(reason) => return Facet::NotRead(reason.clone()),
        };
        Facet::Read(identity.policies.get(name).map(|policy| {
            let mut spare: Vec<_> = policy.versions.iter().filter(|version| !version.is_default).collect();
            spare.sort_by_key(|version| (version.created, version_number(&version.id)));
            Found {
                ownership: Ownership::of_tags(&policy.tags, &picture.scenario.place.scenario),
                state: State {
                    document: policy.document.clone(),
                    description: policy.description.clone(),
                    spare_versions: spare.into_iter().map(|version| version.id.clone()).collect(),
                    foreign_holders: foreign_holders(identity, &policy.arn, &picture.scenario.place.scenario),
                    arn: policy.arn.clone(),
                },
            }
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        let policies = picture.snapshot.identity.read().map(|identity| &identity.policies);
        let owned = policies.into_iter().flatten().filter(|(_, policy)| {
            Ownership::of_tags(&policy.tags, &picture.scenario.place.scenario) == Ownership::Ours
        });
        owned.map(|(name, _)| name.clone()).collect()
    }

    fn spec(_name: &str, state: &State, _export: &Export<'_>) -> Result<Spec, String> {
        let document = state.document.as_ref().and_then(inline_source);
        let document = document.ok_or_else(|| "its document was not told".to_owned())?;
        Ok(Spec { document, description: state.description.clone() })
    }

    fn children(state: &State) -> Vec<Child> {
        let versions = state.spare_versions.iter().map(|id| format!("versions.{id}"));
        versions.map(|what| Child { what, origin: OURS }).collect()
    }

    fn held_by_others(picture: Picture<'_>, name: &str) -> Option<String> {
        let identity = picture.snapshot.identity.read()?;
        let arn = &identity.policies.get(name)?.arn;
        let holders: Vec<String> = foreign_holders(identity, arn, &picture.scenario.place.scenario)
            .iter()
            .map(|(kind, name)| format!("{} `{name}`", format!("{kind:?}").to_lowercase()))
            .collect();
        (!holders.is_empty()).then(|| format!("somebody attached it to {}", holders.join(", ")))
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        let Some(document) = &to.document else { return Ok(()) };
        let text = document.to_text();
        session
            .aws
            .call("iam:CreatePolicy", &format!("policy.{name}"), || {
                session
                    .aws
                    .iam
                    .create_policy()
                    .policy_name(name)
                    .policy_document(&text)
                    .set_description(to.description.clone())
                    .set_tags(Some(iam_tags(&mark(&session.place.scenario))))
                    .send()
            })
            .await
            .map(drop)
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        let Some(document) =
            to.document.as_ref().filter(|document| from.document.as_ref() != Some(*document))
        else {
            return Ok(());
        };
        if from.spare_versions.len() + 1 >= MAX_VERSIONS
            && let Some(oldest) = from.spare_versions.first()
        {
            delete_version(session, name, &from.arn, oldest).await?;
        }
        let text = document.to_text();
        session
            .aws
            .call("iam:CreatePolicyVersion", &format!("policy.{name}"), || {
                session
                    .aws
                    .iam
                    .create_policy_version()
                    .policy_arn(&from.arn)
                    .policy_document(&text)
                    .set_as_default(true)
                    .send()
            })
            .await
            .map(drop)
    }

    async fn delete(session: &Session, name: &str, from: &State) -> Done {
        // Ours let go of it themselves, in steps before this one.
        for (kind, holder) in &from.foreign_holders {
            let holder = match kind {
                PrincipalKind::User => Principal::User(holder),
                PrincipalKind::Group => Principal::Group(holder),
                PrincipalKind::Role => Principal::Role(holder),
            };
            gone(holder.detach(session, &from.arn).await)?;
        }
        for version in &from.spare_versions {
            delete_version(session, name, &from.arn, version).await?;
        }
        gone(
            session
                .aws
                .call("iam:DeletePolicy", &format!("policy.{name}"), || {
                    session.aws.iam.delete_policy().policy_arn(&from.arn).send()
                })
                .await,
        )
    }

    async fn adopt(session: &Session, name: &str, from: &State) -> Done {
        let tags = iam_tags(&mark(&session.place.scenario));
        session
            .aws
            .call("iam:TagPolicy", &format!("policy.{name}"), || {
                session.aws.iam.tag_policy().policy_arn(&from.arn).set_tags(Some(tags.clone())).send()
            })
            .await
            .map(drop)
    }
}

async fn delete_version(session: &Session, name: &str, arn: &str, version: &str) -> Done {
    gone(
        session
            .aws
            .call("iam:DeletePolicyVersion", &format!("policy.{name}"), || {
                session.aws.iam.delete_policy_version().policy_arn(arn).version_id(version).send()
            })
            .await,
    )
}

/// `v12` sorts after `v9`.
fn version_number(id: &str) -> u32 {
    id.trim_start_matches('v').parse().unwrap_or(0)
}

/// Lists the principals that have a policy attached and do not carry the scenario's mark.
fn foreign_holders(identity: &Identity, arn: &str, scenario: &str) -> Vec<(PrincipalKind, String)> {
    let foreign = |ownership: Ownership| ownership != Ownership::Ours;
    let users = identity.users.iter().filter(|(_, user)| {
        user.policies.attached.contains(arn) && foreign(Ownership::of_tags(&user.tags, scenario))
    });
    let groups = identity.groups.iter().filter(|(_, group)| {
        group.policies.attached.contains(arn) && foreign(Ownership::of_path(&group.path, scenario))
    });
    let roles = identity.roles.iter().filter(|(_, role)| {
        role.policies.attached.contains(arn) && foreign(Ownership::of_tags(&role.tags, scenario))
    });
    users
        .map(|(name, _)| (PrincipalKind::User, name.clone()))
        .chain(groups.map(|(name, _)| (PrincipalKind::Group, name.clone())))
        .chain(roles.map(|(name, _)| (PrincipalKind::Role, name.clone())))
        .collect()
}
