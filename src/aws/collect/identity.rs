//! Users, groups, roles and customer-managed policies: `GetAccountAuthorizationDetails`, which tells all of
//! them in pages of up to 1,000, plus what it leaves out: the tags of policies, and a role's description and
//! session length.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, EntityType, GroupDetail, ManagedPolicyDetail, PolicyDetail,
    RoleDetail, Tag, UserDetail,
};

use super::{Owner, Scope, each, timestamp};
use crate::account::is_aws_managed;
use crate::account::snapshot::{
    Group, Identity, ManagedPolicy, Policies, PolicyVersion, Role, RoleDetails, Tags, User,
};
use crate::aws::Aws;
use crate::aws::error::ApiError;
use crate::policy::document::PolicyDocument;

const OPERATION: &str = "iam:GetAccountAuthorizationDetails";

pub(super) async fn read(aws: &Aws, scope: &Scope) -> Result<Identity, ApiError> {
    let mut identity = Identity::default();
    let mut marker = None;
    loop {
        let page = aws
            .call(OPERATION, "the account", || {
                aws.iam
                    .get_account_authorization_details()
                    .filter(EntityType::User)
                    .filter(EntityType::Group)
                    .filter(EntityType::Role)
                    .filter(EntityType::LocalManagedPolicy)
                    .max_items(1000)
                    .set_marker(marker.clone())
                    .send()
            })
            .await?;
        for detail in page.user_detail_list() {
            identity.users.insert(detail.user_name().unwrap_or_default().into(), user(detail)?);
        }
        for detail in page.group_detail_list() {
            identity.groups.insert(detail.group_name().unwrap_or_default().into(), group(detail)?);
        }
        for detail in page.role_detail_list() {
            identity.roles.insert(detail.role_name().unwrap_or_default().into(), role(detail)?);
        }
        // An endpoint that ignores the filter also lists AWS's own policies.
        for detail in page.policies().iter().filter(|detail| !detail.arn().is_some_and(is_aws_managed)) {
            // moto tells the ARN only, and a policy's name is its end.
            let name = detail.arn().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
            identity.policies.insert(name.into(), policy(detail)?);
        }
        marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    add_policy_tags(aws, scope, &mut identity).await?;
    add_role_details(aws, scope, &mut identity).await?;
    Ok(identity)
}

async fn add_policy_tags(aws: &Aws, scope: &Scope, identity: &mut Identity) -> Result<(), ApiError> {
    let arns: BTreeMap<String, String> =
        identity.policies.iter().map(|(name, policy)| (name.clone(), policy.arn.clone())).collect();
    let named = |name: &String| scope.policies.contains(name);
    let candidate = |arn: &str| scope.owner.as_ref().is_some_and(|owner| may_own(owner, arn, identity));
    let asked = arns.iter().filter(|(name, arn)| named(name) || candidate(arn));
    let chosen = asked.map(|(name, _)| name.clone()).collect();
    let arns = &arns;
    let tags = each(&chosen, |name| async move {
        let arn = arns.get(&name).cloned().unwrap_or_default();
        if let Some(known) = scope.known_tags.get(&arn) {
            return Ok(known.clone());
        }
        let answer = aws
            .call("iam:ListPolicyTags", &format!("policy.{name}"), || {
                aws.iam.list_policy_tags().policy_arn(&arn).send()
            })
            .await?;
        Ok(to_tags(answer.tags()))
    })
    .await;
    for (name, tags) in tags {
        if let Some(policy) = identity.policies.get_mut(&name) {
            policy.tags = tags?;
        }
    }
    Ok(())
}

/// Tells whether a policy could be the owner's, as far as its attachments show: nobody else has it attached. The
/// listing does not tell a policy's tags, and asking for those of every policy of an account costs a call each.
fn may_own(owner: &Owner, arn: &str, identity: &Identity) -> bool {
    let theirs = |tags: &Tags| tags.get(owner.key) != Some(&owner.value);
    let users = identity.users.values().map(|user| (&user.policies, theirs(&user.tags)));
    let roles = identity.roles.values().map(|role| (&role.policies, theirs(&role.tags)));
    let groups = identity.groups.values().map(|group| (&group.policies, group.path != owner.group_path));
    !users.chain(roles).chain(groups).any(|(policies, theirs)| theirs && policies.attached.contains(arn))
}

async fn add_role_details(aws: &Aws, scope: &Scope, identity: &mut Identity) -> Result<(), ApiError> {
    let names = scope.roles.iter().filter(|name| identity.roles.contains_key(*name)).cloned().collect();
    let details = each(&names, |name| async move {
        let answer = aws
            .find("iam:GetRole", &format!("role.{name}"), || aws.iam.get_role().role_name(&name).send())
            .await?;
        Ok(answer.and_then(|answer| answer.role).map(|role| RoleDetails {
            description: role.description().filter(|text| !text.is_empty()).map(str::to_owned),
            max_session_seconds: role.max_session_duration().unwrap_or(3600),
        }))
    })
    .await;
    for (name, details) in details {
        if let Some(role) = identity.roles.get_mut(&name) {
            role.details = details?;
        }
    }
    Ok(())
}

fn user(detail: &UserDetail) -> Result<User, ApiError> {
    Ok(User {
        arn: detail.arn().unwrap_or_default().into(),
        id: detail.user_id().unwrap_or_default().into(),
        created: timestamp(detail.create_date()),
        groups: detail.group_list().iter().cloned().collect(),
        policies: policies(
            detail.attached_managed_policies(),
            detail.user_policy_list(),
            detail.permissions_boundary(),
        )?,
        tags: to_tags(detail.tags()),
    })
}

fn group(detail: &GroupDetail) -> Result<Group, ApiError> {
    Ok(Group {
        arn: detail.arn().unwrap_or_default().into(),
        path: detail.path().unwrap_or("/").into(),
        policies: policies(detail.attached_managed_policies(), detail.group_policy_list(), None)?,
    })
}

fn role(detail: &RoleDetail) -> Result<Role, ApiError> {
    Ok(Role {
        arn: detail.arn().unwrap_or_default().into(),
        id: detail.role_id().unwrap_or_default().into(),
        created: timestamp(detail.create_date()),
        last_used: timestamp(detail.role_last_used().and_then(|used| used.last_used_date())),
        trust: document(detail.assume_role_policy_document().unwrap_or_default())?,
        policies: policies(
            detail.attached_managed_policies(),
            detail.role_policy_list(),
            detail.permissions_boundary(),
        )?,
        instance_profiles: detail
            .instance_profile_list()
            .iter()
            .map(|profile| profile.instance_profile_name().to_owned())
            .collect(),
        tags: to_tags(detail.tags()),
        details: None,
    })
}

fn policy(detail: &ManagedPolicyDetail) -> Result<ManagedPolicy, ApiError> {
    let default = detail
        .policy_version_list()
        .iter()
        .find(|version| version.is_default_version())
        .and_then(|version| version.document());
    Ok(ManagedPolicy {
        arn: detail.arn().unwrap_or_default().into(),
        document: default.map(document).transpose()?,
        description: detail.description().map(str::to_owned),
        versions: detail
            .policy_version_list()
            .iter()
            .map(|version| PolicyVersion {
                id: version.version_id().unwrap_or_default().into(),
                is_default: version.is_default_version(),
                created: timestamp(version.create_date()),
            })
            .collect(),
        tags: Tags::new(),
    })
}

fn policies(
    attached: &[AttachedPolicy],
    inline: &[PolicyDetail],
    boundary: Option<&AttachedPermissionsBoundary>,
) -> Result<Policies, ApiError> {
    let inline = inline.iter().map(|policy| {
        let name = policy.policy_name().unwrap_or_default().to_owned();
        document(policy.policy_document().unwrap_or_default()).map(|document| (name, document))
    });
    Ok(Policies {
        attached: attached.iter().filter_map(|policy| policy.policy_arn()).map(str::to_owned).collect(),
        inline: inline.collect::<Result<_, _>>()?,
        boundary: boundary.and_then(|boundary| boundary.permissions_boundary_arn()).map(str::to_owned),
    })
}

fn document(text: &str) -> Result<PolicyDocument, ApiError> {
    PolicyDocument::parse_encoded(text)
        .map_err(|error| ApiError::broken(OPERATION, "the account", error.to_string()))
}

fn to_tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}
