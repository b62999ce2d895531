//! IAM roles with their trust policy and policies.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Child, DocumentSource, Done, Export, Extra, Found, Resource, THEIRS, document, gone, iam_tags};
use crate::account::snapshot::{Facet, RoleDetails};
use crate::aws::collect::Scope;
use crate::policy::document::PolicyDocument;
use crate::provision::export::trust::trust;
use crate::provision::ownership::{Ownership, mark};
use crate::provision::plan::Picture;
use crate::provision::principal::{PolicySet, Principal, reconcile};
use crate::provision::{Address, Place, Session, arn};
use crate::scenario::Resolved;

/// An IAM role.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Who may assume the role.
    pub trust: Trust,
    /// Attached policies, by name or ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Inline policies, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline_policies: BTreeMap<String, DocumentSource>,
    /// Shown in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The longest session, in seconds (3600 to 43200); AWS's own default is 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 3600, max = 43200))]
    pub max_session_seconds: Option<i32>,
    /// The policy, by name or ARN, that bounds what the role may ever do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// `allow` leaves policies alone that the scenario does not name.
    #[serde(default, skip_serializing_if = "Extra::is_default")]
    pub extra: Extra,
}

/// Who may assume a role: principals by kind, or a whole trust policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// AWS services, e.g. `lambda.amazonaws.com`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Roles, by name in this account or by ARN.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Users, by name in this account or by ARN.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Whole accounts, by 12-digit id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// The external id that callers must present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// A whole trust policy in place of all of the above: a file, or the document itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentSource>,
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// A role as the account shows it.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    trust: PolicyDocument,
    #[serde(flatten)]
    policies: PolicySet,
    /// Compared only where the scenario says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Compared only where the scenario says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_session_seconds: Option<i32>,
    #[serde(skip)]
    instance_profiles: BTreeSet<String>,
    /// Resources of the scenario that the trust policy names.
    #[serde(skip)]
    trusted_here: BTreeSet<Address>,
    #[serde(skip)]
    extra: Extra,
}

impl Resource for Kind {
    const KIND: &'static str = "role";
    type Spec = Spec;
    type State = State;

    fn scope(name: &str, spec: Option<&Spec>, scope: &mut Scope) {
        scope.identity = true;
        if spec.is_some_and(|spec| spec.description.is_some() || spec.max_session_seconds.is_some()) {
            scope.roles.insert(name.into());
        }
    }

    fn desired(name: &str, spec: &Spec, scenario: &Resolved) -> Result<State, String> {
        let boundary = spec.permissions_boundary.as_ref();
        Ok(State {
            trust: trust_document(&spec.trust, &scenario.place),
            policies: PolicySet::desired(&spec.policies, &spec.inline_policies, boundary, scenario),
            description: spec.description.clone(),
            max_session_seconds: spec.max_session_seconds,
            instance_profiles: BTreeSet::new(),
            trusted_here: scenario.trust.get(&Address::new(Self::KIND, name)).cloned().unwrap_or_default(),
            extra: spec.extra,
        })
    }

    fn observed(picture: Picture<'_>, name: &str, desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let identity = match &picture.snapshot.identity {
            Facet::Read(identity) => identity,
            Facet::NotRead(reason) => return Facet::NotRead(reason.clone()),
        };
        Facet::Read(identity.roles.get(name).map(|role| {
            let details = role.details.as_ref();
            let cares = |cared: Option<bool>| cared.unwrap_or(desired.is_none());
            let mut state = State {
                trust: role.trust.clone(),
                policies: PolicySet::observed(&role.policies),
                description: details
                    .and_then(|details| details.description.clone())
                    .filter(|_| cares(desired.map(|desired| desired.description.is_some()))),
                max_session_seconds: details
                    .map(|details: &RoleDetails| details.max_session_seconds)
                    .filter(|_| cares(desired.map(|desired| desired.max_session_seconds.is_some()))),
                instance_profiles: role.instance_profiles.clone(),
                trusted_here: BTreeSet::new(),
                extra: Extra::Remove,
            };
            if let Some(desired) = desired.filter(|desired| desired.extra == Extra::Allow) {
                state.policies.forgive(&desired.policies);
            }
            Found { ownership: Ownership::of_tags(&role.tags, &picture.scenario.place.scenario), state }
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        let roles = picture.snapshot.identity.read().map(|identity| &identity.roles);
        let owned = roles.into_iter().flatten().filter(|(_, role)| {
            Ownership::of_tags(&role.tags, &picture.scenario.place.scenario) == Ownership::Ours
        });
        owned.map(|(name, _)| name.clone()).collect()
    }

    fn spec(_name: &str, state: &State, export: &Export<'_>) -> Result<Spec, String> {
        let (policies, inline_policies, permissions_boundary) = state.policies.names(export);
        Ok(Spec {
            trust: trust(&state.trust, export).ok_or_else(|| "its trust policy is no mapping".to_owned())?,
            policies,
            inline_policies,
            description: state.description.clone(),
            max_session_seconds: state.max_session_seconds.filter(|seconds| *seconds != 3600),
            permissions_boundary,
            extra: Extra::Remove,
        })
    }

    fn children(state: &State) -> Vec<Child> {
        let profiles = state.instance_profiles.iter();
        let profiles =
            profiles.map(|name| Child { what: format!("instance_profiles.{name}"), origin: THEIRS });
        state.policies.children().into_iter().chain(profiles).collect()
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        let trust = trust_for_now(session, name, to);
        session
            .aws
            .call("iam:CreateRole", &format!("role.{name}"), || {
                session
                    .aws
                    .iam
                    .create_role()
                    .role_name(name)
                    .assume_role_policy_document(&trust)
                    .set_description(to.description.clone())
                    .set_max_session_duration(to.max_session_seconds)
                    .set_permissions_boundary(to.policies.permissions_boundary.clone())
                    .set_tags(Some(iam_tags(&mark(&session.place.scenario))))
                    .send()
            })
            .await?;
        let bare = PolicySet {
            permissions_boundary: to.policies.permissions_boundary.clone(),
            ..PolicySet::default()
        };
        reconcile(session, Principal::Role(name), &bare, &to.policies).await
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("role.{name}"));
        // Whom it trusts may still be missing when two roles trust each other; the next pass finds both.
        if from.trust != to.trust && trusted_are_there(session, name, to) {
            let text = to.trust.to_text();
            aws.call("iam:UpdateAssumeRolePolicy", &address, || {
                iam.update_assume_role_policy().role_name(name).policy_document(&text).send()
            })
            .await?;
        }
        if (&from.description, from.max_session_seconds) != (&to.description, to.max_session_seconds) {
            aws.call("iam:UpdateRole", &address, || {
                iam.update_role()
                    .role_name(name)
                    .set_description(to.description.clone())
                    .set_max_session_duration(to.max_session_seconds)
                    .send()
            })
            .await?;
        }
        reconcile(session, Principal::Role(name), &from.policies, &to.policies).await
    }

    async fn delete(session: &Session, name: &str, from: &State) -> Done {
        let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("role.{name}"));
        for profile in &from.instance_profiles {
            gone(
                aws.call("iam:RemoveRoleFromInstanceProfile", &address, || {
                    iam.remove_role_from_instance_profile()
                        .instance_profile_name(profile)
                        .role_name(name)
                        .send()
                })
                .await,
            )?;
        }
        // A boundary goes with the role; detaching it first could only widen what the role may do.
        let nothing = PolicySet {
            permissions_boundary: from.policies.permissions_boundary.clone(),
            ..PolicySet::default()
        };
        reconcile(session, Principal::Role(name), &from.policies, &nothing).await?;
        gone(aws.call("iam:DeleteRole", &address, || iam.delete_role().role_name(name).send()).await)
    }

    async fn adopt(session: &Session, name: &str, _from: &State) -> Done {
        let tags = iam_tags(&mark(&session.place.scenario));
        session
            .aws
            .call("iam:TagRole", &format!("role.{name}"), || {
                session.aws.iam.tag_role().role_name(name).set_tags(Some(tags.clone())).send()
            })
            .await
            .map(drop)
    }
}

/// Writes the trust policy that principals by kind stand for.
pub(crate) fn trust_document(trust: &Trust, place: &Place) -> PolicyDocument {
    if let Some(source) = &trust.document {
        return document(source);
    }
    let local = |kind: &'static str, name: &String| {
        if name.starts_with("arn:") { Some(name.clone()) } else { arn::arn(&Address::new(kind, name), place) }
    };
    let mut principals: Vec<String> = trust.roles.iter().filter_map(|name| local("role", name)).collect();
    principals.extend(trust.users.iter().filter_map(|name| local("user", name)));
    principals.extend(trust.accounts.iter().map(|id| format!("arn:{}:iam::{id}:root", place.partition)));
    let mut statements = Vec::new();
    if !trust.services.is_empty() {
        statements.push(json!({
            "Effect": "Allow", "Principal": {"Service": trust.services}, "Action": "sts:AssumeRole",
        }));
    }
    if !principals.is_empty() {
        let mut statement =
            json!({"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"});
        if let (Some(id), Some(fields)) = (&trust.external_id, statement.as_object_mut()) {
            fields.insert("Condition".into(), json!({"StringEquals": {"sts:ExternalId": id}}));
        }
        statements.push(statement);
    }
    PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Tells whether everybody of the scenario whom the trust policy names is there; notes for the next pass when
/// somebody is not.
fn trusted_are_there(session: &Session, name: &str, to: &State) -> bool {
    let complete = to.trusted_here.iter().all(|address| session.is_present(address));
    if !complete {
        session.note_deferred(Address::new(Kind::KIND, name));
    }
    complete
}

/// Returns the trust policy to create a role with. Whom it trusts may not be there yet, when two roles trust each
/// other; IAM refuses such a policy, so the role begins by trusting nobody, and the next pass corrects it.
fn trust_for_now(session: &Session, name: &str, to: &State) -> String {
    if trusted_are_there(session, name, to) {
        return to.trust.to_text();
    }
    let root = format!("arn:{}:iam::{}:root", session.place.partition, session.place.account);
    let nobody = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}]});
    nobody.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_by_kind_become_one_trust_policy() {
        let place = Place {
            scenario: "lab".into(),
            partition: "aws".into(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
        };
        let trust = Trust {
            roles: vec!["R".into()],
            accounts: vec!["210987654321".into()],
            external_id: Some("x".into()),
            ..Trust::default()
        };
        let expected = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": ["arn:aws:iam::210987654321:root", "arn:aws:iam::123456789012:role/R"]},
            "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}});
        assert_eq!(trust_document(&trust, &place), PolicyDocument::new(expected));
    }
}
