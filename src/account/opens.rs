//! What an action opens besides itself: actions whose holder can hand out, or take, what others have.
//!
//! Source: "AWS IAM privilege escalation: methods and mitigation", Rhino Security Labs
//! (<https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/>); for `iam:PassRole`
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bare_name;
use super::grant::Place;
use super::snapshot::{Identity, Policies, Snapshot};
use crate::policy::document::PolicyDocument;

/// Actions in small letters, and what their holder can do besides. `{}` stands for what they act on.
const OPENS: [(&str, &str); 26] = [
    (
        "iam:addusertogroup",
        "whoever may add members to {} hands out everything that it holds, to themselves too",
    ),
    ("iam:attachgrouppolicy", "any managed policy, AdministratorAccess too, can be given to {}"),
    ("iam:attachrolepolicy", "any managed policy, AdministratorAccess too, can be given to {}"),
    ("iam:attachuserpolicy", "any managed policy, AdministratorAccess too, can be given to {}"),
    ("iam:createaccesskey", "a key of {} can be made, and with it everything done that {} may do"),
    ("iam:createloginprofile", "a password for {} can be set, and with it everything done that {} may do"),
    ("iam:createpolicyversion", "{} can be rewritten to allow anything, for everybody who holds it"),
    ("iam:deletegrouppolicy", "a policy that denies something to {} can be taken away"),
    ("iam:deleterolepermissionsboundary", "the limit of {} can be taken away"),
    ("iam:deleterolepolicy", "a policy that denies something to {} can be taken away"),
    ("iam:deleteuserpermissionsboundary", "the limit of {} can be taken away"),
    ("iam:deleteuserpolicy", "a policy that denies something to {} can be taken away"),
    ("iam:detachgrouppolicy", "a policy that denies something to {} can be taken away"),
    ("iam:detachrolepolicy", "a policy that denies something to {} can be taken away"),
    ("iam:detachuserpolicy", "a policy that denies something to {} can be taken away"),
    (
        "iam:passrole",
        "a service can be given {}: whoever may also start something there acts with what the role may do",
    ),
    ("iam:putgrouppolicy", "{} can be given any permission"),
    ("iam:putrolepolicy", "{} can be given any permission"),
    ("iam:putuserpolicy", "{} can be given any permission"),
    ("iam:setdefaultpolicyversion", "an earlier, perhaps wider, version of {} can be put in force"),
    ("iam:updateassumerolepolicy", "{} can be made to let anybody in, who then may do what the role may do"),
    (
        "iam:updateloginprofile",
        "the password of {} can be changed, and with it everything done that {} may do",
    ),
    ("lambda:addpermission", "{} can be opened to callers of any account"),
    ("lambda:updatefunctioncode", "{} can be made to run anything, with what its execution role may do"),
    (
        "lambda:updatefunctionconfiguration",
        "{} can be made to run with other layers and variables, with what its execution role may do",
    ),
    ("sts:assumerole", "everything that {} may do can be done, once its trust policy lets the caller in"),
];

/// Returns what `action` on `resource` opens, in one sentence without a full stop; `None` when nothing is known.
pub fn opens(action: &str, resource: &str) -> Option<String> {
    let action = action.to_lowercase();
    let at = OPENS.binary_search_by_key(&action.as_str(), |(action, _)| action).ok()?;
    let (_, sentence) = OPENS.get(at)?;
    let on =
        if resource == "*" { "whatever is named".to_owned() } else { format!("`{}`", bare_name(resource)) };
    Some(sentence.replace("{}", &on))
}

/// Tells what an action opens besides itself, one sentence each: first in general, then what whoever it acts on has.
/// `to` is where its statement goes.
pub fn consequences(snapshot: &Snapshot, action: &str, resource: &str, to: Option<&Place>) -> Vec<String> {
    let Some(sentence) = opens(action, resource) else { return Vec::new() };
    let mut told = vec![sentence];
    let Some(identity) = snapshot.identity.read() else { return told };
    let policies = |whose: &str, policies: &Policies| held(snapshot, identity, whose, policies);
    if let Some((name, group)) = identity.groups.iter().find(|(_, group)| group.arn == resource) {
        told.extend(policies(&format!("group `{name}`"), &group.policies));
        if reaches(identity, to, name) && action.eq_ignore_ascii_case("iam:AddUserToGroup") {
            told.push(format!(
                "the new statement is one of them: whoever is added to `{name}` may add members too"
            ));
        }
    } else if let Some((name, user)) = identity.users.iter().find(|(_, user)| user.arn == resource) {
        told.extend(policies(&format!("user `{name}`"), &user.policies));
        for (name, group) in identity.groups.iter().filter(|(name, _)| user.groups.contains(*name)) {
            told.extend(policies(&format!("its group `{name}`"), &group.policies));
        }
    } else if let Some((name, role)) = identity.roles.iter().find(|(_, role)| role.arn == resource) {
        told.extend(policies(&format!("role `{name}`"), &role.policies));
    } else if identity.policies.values().any(|policy| policy.arn == resource) {
        let holders = holders(identity, resource);
        if !holders.is_empty() {
            told.push(format!("held by {}", few(&holders)));
        }
    }
    told
}

/// Tells whether what goes to a place comes to the members of a group.
fn reaches(identity: &Identity, to: Option<&Place>, group: &str) -> bool {
    match to {
        Some(Place::ManagedPolicy { arn, .. }) => {
            identity.groups.get(group).is_some_and(|group| group.policies.attached.contains(arn))
        }
        Some(Place::GroupPolicy { group: other, .. }) => other == group,
        _ => false,
    }
}

/// Tells each policy that hangs on something, and what it allows.
fn held(snapshot: &Snapshot, identity: &Identity, whose: &str, policies: &Policies) -> Vec<String> {
    let mut told = Vec::new();
    for arn in &policies.attached {
        let own = identity.policies.values().find(|policy| policy.arn == *arn);
        let document = own.and_then(|policy| policy.document.as_ref());
        let document = document.or_else(|| snapshot.aws_managed.get(arn)?.read());
        let what = document.map_or_else(|| ", which was not read".to_owned(), allowed);
        told.push(format!("{whose} holds policy `{}`{what}", bare_name(arn)));
    }
    for (name, document) in &policies.inline {
        told.push(format!("{whose} holds inline policy `{name}`{}", allowed(document)));
    }
    told
}

/// Names the groups, users and roles that a managed policy hangs on.
fn holders(identity: &Identity, arn: &str) -> Vec<String> {
    let on = |policies: &Policies| policies.attached.contains(arn);
    let groups =
        identity.groups.iter().filter(|(_, it)| on(&it.policies)).map(|(name, _)| format!("group `{name}`"));
    let users =
        identity.users.iter().filter(|(_, it)| on(&it.policies)).map(|(name, _)| format!("user `{name}`"));
    let roles =
        identity.roles.iter().filter(|(_, it)| on(&it.policies)).map(|(name, _)| format!("role `{name}`"));
    groups.chain(users).chain(roles).collect()
}

/// How many names a sentence has.
const SHOWN: usize = 6;

fn few(names: &[String]) -> String {
    let mut shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let rest = format!("{} more", names.len().saturating_sub(SHOWN));
    if names.len() > SHOWN {
        shown.push(&rest);
    }
    shown.join(", ")
}

/// Names the actions that a document allows: `: a, b, 3 more`.
fn allowed(document: &PolicyDocument) -> String {
    let statements = document.written().get("Statement").map(each).unwrap_or_default();
    let allowing = statements.iter().filter(|one| one.get("Effect") == Some(&json!("Allow")));
    let mut actions = BTreeSet::new();
    for statement in allowing {
        let texts = |key: &str| statement.get(key).map(each).unwrap_or_default();
        actions.extend(texts("Action").iter().filter_map(Value::as_str).map(str::to_owned));
        let but: Vec<&str> = texts("NotAction").iter().filter_map(Value::as_str).collect();
        if !but.is_empty() {
            actions.insert(format!("everything but {}", but.join(" and ")));
        }
    }
    let actions: Vec<String> = actions.into_iter().collect();
    if actions.is_empty() { String::new() } else { format!(": {}", few(&actions)) }
}

/// The members of a list, or the one thing that is none.
fn each(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::Facet;
    use crate::account::testing::{arn, document, lab};

    #[test]
    fn what_a_group_hands_out_is_listed() {
        let mut snapshot = lab();
        let group = arn("group/iamlab/iam-auditing/IAM-Auditor-Group");
        let to = Place::GroupPolicy { group: "IAM-Auditor-Group".into(), name: "New".into() };
        let told = consequences(&snapshot, "iam:AddUserToGroup", &group, Some(&to));
        assert!(told[0].starts_with("whoever may add members to `IAM-Auditor-Group`"));
        assert_eq!(
            told[1],
            "group `IAM-Auditor-Group` holds policy `IAM-Auditor-Policy`: iam:GenerateCredentialReport, \
             iam:GetCredentialReport"
        );
        assert!(told[2].contains("may add members too"), "{told:?}");
        assert_eq!(consequences(&snapshot, "iam:AddUserToGroup", &group, None).len(), 2);
        assert!(consequences(&snapshot, "iam:GetUser", "*", None).is_empty());
        // A key of a user is worth what its groups hold, and `NotAction` is not nothing.
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let but = json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]);
        identity.policies.get_mut("IAM-Auditor-Policy").unwrap().document = Some(document(&but));
        let told = consequences(&snapshot, "iam:CreateAccessKey", &arn("user/User3"), None);
        let through = "its group `IAM-Auditor-Group` holds policy `IAM-Auditor-Policy`: everything but iam:*";
        assert_eq!(told[2], through);
        let policy = arn("policy/IAM-Auditor-Policy");
        let told = consequences(&snapshot, "iam:CreatePolicyVersion", &policy, None);
        assert_eq!(told[1], "held by group `IAM-Auditor-Group`, role `IAM-Auditor-role`");
    }

    #[test]
    fn the_table_is_sorted_and_actions_ignore_case() {
        assert!(OPENS.is_sorted_by_key(|(action, _)| action));
        let group = "arn:aws:iam::123456789012:group/iamlab/lab/Admins";
        let sentence = opens("IAM:AddUserToGroup", group).unwrap();
        assert!(sentence.starts_with("whoever may add members to `Admins`"), "{sentence}");
        assert_eq!(opens("iam:GetUser", "*"), None);
    }
}
