//! The policies of a user, group or role: attached, inline, boundary. One reconciliation for all three, because
//! IAM has the same calls for each under three names.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Session;
use super::resources::{Child, DocumentSource, Done, Export, OURS, document, gone};
use crate::account::snapshot::Policies;
use crate::policy::catalogue::aws_managed_arn;
use crate::policy::document::PolicyDocument;
use crate::provision::{Address, arn};
use crate::scenario::Resolved;

/// Whose policies they are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Principal<'a> {
    User(&'a str),
    Group(&'a str),
    Role(&'a str),
}

/// The policies of one principal, as a scenario asks for them or an account shows them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct PolicySet {
    /// ARNs of the attached policies.
    pub(crate) policies: BTreeSet<String>,
    /// Inline policies by name.
    pub(crate) inline_policies: BTreeMap<String, PolicyDocument>,
    /// ARN of the permissions boundary.
    pub(crate) permissions_boundary: Option<String>,
}

impl PolicySet {
    pub(crate) fn desired(
        policies: &[String],
        inline: &BTreeMap<String, DocumentSource>,
        boundary: Option<&String>,
        scenario: &Resolved,
    ) -> Self {
        Self {
            policies: policies.iter().map(|name| policy_arn(name, scenario)).collect(),
            inline_policies: inline.iter().map(|(name, source)| (name.clone(), document(source))).collect(),
            permissions_boundary: boundary.map(|name| policy_arn(name, scenario)),
        }
    }

    pub(crate) fn observed(policies: &Policies) -> Self {
        Self {
            policies: policies.attached.clone(),
            inline_policies: policies.inline.clone(),
            permissions_boundary: policies.boundary.clone(),
        }
    }

    /// Forgets what `desired` does not name.
    pub(crate) fn forgive(&mut self, desired: &Self) {
        self.policies.retain(|arn| desired.policies.contains(arn));
        self.inline_policies.retain(|name, _| desired.inline_policies.contains_key(name));
        if desired.permissions_boundary.is_none() {
            self.permissions_boundary = None;
        }
    }

    pub(crate) fn children(&self) -> Vec<Child> {
        let attached = self.policies.iter().map(|arn| format!("policies.{}", arn::bare_name(arn)));
        let inline = self.inline_policies.keys().map(|name| format!("inline_policies.{name}"));
        attached.chain(inline).map(|what| Child { what, origin: OURS }).collect()
    }

    /// Writes attached policies and boundaries as a scenario names them: AWS's own and the account's by name.
    pub(crate) fn names(
        &self,
        export: &Export<'_>,
    ) -> (Vec<String>, BTreeMap<String, DocumentSource>, Option<String>) {
        let inline = self
            .inline_policies
            .iter()
            .filter_map(|(name, document)| Some((name.clone(), inline_source(document)?)))
            .collect();
        (
            self.policies.iter().map(|arn| policy_name(arn, export)).collect(),
            inline,
            self.permissions_boundary.as_deref().map(|arn| policy_name(arn, export)),
        )
    }
}

/// Writes a document as a scenario holds it.
pub(crate) fn inline_source(document: &PolicyDocument) -> Option<DocumentSource> {
    document.written().as_object().cloned().map(DocumentSource::Inline)
}

/// Returns the ARN of a policy that a scenario names: one of its own, one of AWS's, or an ARN as it stands.
pub(crate) fn policy_arn(name: &str, scenario: &Resolved) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let own = || arn::arn(&Address::new("policy", name), &scenario.place);
    let aws = || aws_managed_arn(name, &scenario.place.partition);
    let found = if scenario.resources.policies.contains_key(name) { own() } else { aws().or_else(own) };
    found.unwrap_or_else(|| name.to_owned())
}

/// Returns how a scenario names the policy with this ARN: one it declares and AWS's own by name, others by ARN.
fn policy_name(arn: &str, export: &Export<'_>) -> String {
    let bare = arn::bare_name(arn);
    let partition = &export.picture.scenario.place.partition;
    let is_aws = aws_managed_arn(bare, partition).as_deref() == Some(arn) && !export.declares("policy", bare);
    let aws = || if is_aws { bare.to_owned() } else { arn.to_owned() };
    export.declared_name("policy", arn).unwrap_or_else(aws)
}

/// Makes the policies of `who` what `to` says: first what is missing, then what is too much.
pub(crate) async fn reconcile(
    session: &Session,
    who: Principal<'_>,
    from: &PolicySet,
    to: &PolicySet,
) -> Done {
    if from.permissions_boundary != to.permissions_boundary {
        who.set_boundary(session, to.permissions_boundary.as_deref()).await?;
    }
    for (name, document) in &to.inline_policies {
        if from.inline_policies.get(name) != Some(document) {
            who.put_inline(session, name, document).await?;
        }
    }
    for arn in to.policies.difference(&from.policies) {
        who.attach(session, arn).await?;
    }
    for arn in from.policies.difference(&to.policies) {
        gone(who.detach(session, arn).await)?;
    }
    for name in from.inline_policies.keys().filter(|name| !to.inline_policies.contains_key(*name)) {
        gone(who.delete_inline(session, name).await)?;
    }
    Ok(())
}

impl Principal<'_> {
    /// Returns the address, for messages.
    fn address(self) -> String {
        match self {
            Self::User(name) => format!("user.{name}"),
            Self::Group(name) => format!("group.{name}"),
            Self::Role(name) => format!("role.{name}"),
        }
    }

    async fn attach(self, session: &Session, arn: &str) -> Done {
        let (aws, iam, on) = (&session.aws, &session.aws.iam, self.address());
        match self {
            Self::User(name) => aws
                .call("iam:AttachUserPolicy", &on, || {
                    iam.attach_user_policy().user_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
            Self::Group(name) => aws
                .call("iam:AttachGroupPolicy", &on, || {
                    iam.attach_group_policy().group_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
            Self::Role(name) => aws
                .call("iam:AttachRolePolicy", &on, || {
                    iam.attach_role_policy().role_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
        }
    }

    pub(crate) async fn detach(self, session: &Session, arn: &str) -> Done {
        let (aws, iam, on) = (&session.aws, &session.aws.iam, self.address());
        match self {
            Self::User(name) => aws
                .call("iam:DetachUserPolicy", &on, || {
                    iam.detach_user_policy().user_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
            Self::Group(name) => aws
                .call("iam:DetachGroupPolicy", &on, || {
                    iam.detach_group_policy().group_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
            Self::Role(name) => aws
                .call("iam:DetachRolePolicy", &on, || {
                    iam.detach_role_policy().role_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
        }
    }

    async fn put_inline(self, session: &Session, policy: &str, document: &PolicyDocument) -> Done {
        let (aws, iam, on, text) = (&session.aws, &session.aws.iam, self.address(), document.to_text());
        match self {
            Self::User(name) => aws
                .call("iam:PutUserPolicy", &on, || {
                    iam.put_user_policy().user_name(name).policy_name(policy).policy_document(&text).send()
                })
                .await
                .map(drop),
            Self::Group(name) => aws
                .call("iam:PutGroupPolicy", &on, || {
                    iam.put_group_policy().group_name(name).policy_name(policy).policy_document(&text).send()
                })
                .await
                .map(drop),
            Self::Role(name) => aws
                .call("iam:PutRolePolicy", &on, || {
                    iam.put_role_policy().role_name(name).policy_name(policy).policy_document(&text).send()
                })
                .await
                .map(drop),
        }
    }

    async fn delete_inline(self, session: &Session, policy: &str) -> Done {
        let (aws, iam, on) = (&session.aws, &session.aws.iam, self.address());
        match self {
            Self::User(name) => aws
                .call("iam:DeleteUserPolicy", &on, || {
                    iam.delete_user_policy().user_name(name).policy_name(policy).send()
                })
                .await
                .map(drop),
            Self::Group(name) => aws
                .call("iam:DeleteGroupPolicy", &on, || {
                    iam.delete_group_policy().group_name(name).policy_name(policy).send()
                })
                .await
                .map(drop),
            Self::Role(name) => aws
                .call("iam:DeleteRolePolicy", &on, || {
                    iam.delete_role_policy().role_name(name).policy_name(policy).send()
                })
                .await
                .map(drop),
        }
    }

    async fn set_boundary(self, session: &Session, arn: Option<&str>) -> Done {
        let (aws, iam, on) = (&session.aws, &session.aws.iam, self.address());
        match (self, arn) {
            (Self::User(name), Some(arn)) => aws
                .call("iam:PutUserPermissionsBoundary", &on, || {
                    iam.put_user_permissions_boundary().user_name(name).permissions_boundary(arn).send()
                })
                .await
                .map(drop),
            (Self::Role(name), Some(arn)) => aws
                .call("iam:PutRolePermissionsBoundary", &on, || {
                    iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn).send()
                })
                .await
                .map(drop),
            (Self::User(name), None) => gone(
                aws.call("iam:DeleteUserPermissionsBoundary", &on, || {
                    iam.delete_user_permissions_boundary().user_name(name).send()
                })
                .await,
            ),
            (Self::Role(name), None) => gone(
                aws.call("iam:DeleteRolePermissionsBoundary", &on, || {
                    iam.delete_role_permissions_boundary().role_name(name).send()
                })
                .await,
            ),
            // Groups have no boundary.
            (Self::Group(_), _) => Ok(()),
        }
    }
}
