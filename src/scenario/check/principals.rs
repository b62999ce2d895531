//! Users, groups and roles: quotas, lists without repetition, trust that names somebody.

use std::collections::BTreeMap;

use super::Report;
use crate::provision::Address;
use crate::provision::resources::role::{self, Trust};
use crate::provision::resources::{Resources, managed_policy};
use crate::scenario::references::is_account;
use crate::scenario::scene::At;

/// Managed policies attached to one user, group or role; the default quota.
const ATTACHED: usize = 10;
/// Groups that one user can be in.
const GROUPS: usize = 10;

pub(super) fn check(report: &mut Report<'_, '_>, resources: &Resources) {
    for (name, policy) in &resources.policies {
        managed(report, report.scene.resource(&Address::new("policy", name)), policy);
    }
    for (name, user) in &resources.users {
        attached(report, report.scene.resource(&Address::new("user", name)), &user.policies);
    }
    let mut memberships: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, group) in &resources.groups {
        let at = report.scene.resource(&Address::new("group", name));
        attached(report, at, &group.policies);
        report.twice(at.key("members"), &group.members, Clone::clone);
        for (index, member) in group.members.iter().enumerate() {
            let count = memberships.entry(member).or_default();
            *count += 1;
            if *count == GROUPS + 1 {
                let help = format!("AWS allows a user {GROUPS} groups");
                let at = at.key("members").item(index);
                report.push("too-many", at, format!("`{member}` is in more than {GROUPS} groups"), help);
            }
        }
    }
    for (name, role) in &resources.roles {
        let at = report.scene.resource(&Address::new("role", name));
        attached(report, at, &role.policies);
        self::role(report, at, role);
    }
}

fn managed(report: &mut Report<'_, '_>, at: At<'_>, policy: &managed_policy::Spec) {
    report.length(at.key("description"), "description", policy.description.as_deref(), 1000);
}

fn attached<'a>(report: &mut Report<'a, '_>, at: At<'a>, policies: &[String]) {
    let at = at.key("policies");
    report.twice(at, policies, Clone::clone);
    if policies.len() > ATTACHED {
        let message = format!("{} policies are attached", policies.len());
        let help = format!("AWS allows {ATTACHED} by default; join some of them, or attach them to groups");
        report.push("too-many", at.item(ATTACHED), message, help);
    }
}

fn role<'a>(report: &mut Report<'a, '_>, at: At<'a>, role: &role::Spec) {
    report.length(at.key("description"), "description", role.description.as_deref(), 1000);
    let Trust { services, roles, users, accounts, external_id, document } = &role.trust;
    let at = at.key("trust");
    let somebody = [services, roles, users, accounts].into_iter().any(|list| !list.is_empty());
    if document.is_some() && (somebody || external_id.is_some()) {
        let help = "write everything into the document, or leave it out";
        report.push(
            "trust-twice",
            at.key("document").name(),
            "`document` says all; nothing can stand beside it",
            help,
        );
    }
    if document.is_none() && !somebody {
        // A list that was left out of the typed value because of a mistake in it is no reason for a second message.
        let written = ["services", "roles", "users", "accounts", "document"]
            .into_iter()
            .filter_map(|key| at.node.and_then(|node| node.get(key)))
            .any(|node| !node.items().is_empty() || node.text().is_some());
        if !written {
            let help = "name who may assume the role: `services`, `roles`, `users`, `accounts`, or a `document`; \
                        who is left out by a `when` does not count";
            report.push("trust-nobody", at.name(), "the trust policy names nobody", help);
        }
    }
    for (key, list) in [("services", services), ("roles", roles), ("users", users), ("accounts", accounts)] {
        report.twice(at.key(key), list, Clone::clone);
    }
    for (index, service) in services.iter().enumerate() {
        if !is_service(service) {
            let lower = service.to_lowercase();
            let guess = if lower.contains('.') { lower } else { format!("{lower}.amazonaws.com") };
            let help = if is_service(&guess) {
                format!("did you mean `{guess}`?")
            } else {
                "write it as `lambda.amazonaws.com`".to_owned()
            };
            let message = format!("`{service}` is not a service principal");
            report.push("service-principal", at.key("services").item(index), message, help);
        }
    }
    for (index, account) in accounts.iter().enumerate() {
        if !is_account(account) {
            let at = at.key("accounts").item(index);
            report.push(
                "account-id",
                at,
                format!("`{account}` is not an account id"),
                "an account id has 12 digits",
            );
        }
    }
    if let Some(id) = external_id {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
        let at = at.key("external_id");
        if !(2..=1224).contains(&id.chars().count()) || !id.chars().all(plain) {
            let help = "AWS allows 2 to 1224 letters, digits and `_` `+` `=` `,` `.` `@` `:` `/` `-`";
            report.push("external-id", at, format!("`{id}` cannot be an external id"), help);
        }
        if roles.is_empty() && users.is_empty() && accounts.is_empty() && document.is_none() {
            let help = "add `accounts`, `roles` or `users`, or leave `external_id` out";
            report.push("external-id", at.name(), "services present no external id", help);
        }
    }
}

/// Returns whether a text has the form of a service principal: `lambda.amazonaws.com`.
fn is_service(text: &str) -> bool {
    let known = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal", ".api.aws"];
    let name = known.iter().find_map(|end| text.strip_suffix(end));
    name.is_some_and(|name| name.split('.').all(is_label))
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
