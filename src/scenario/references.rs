//! What a scenario names by name: policies, users, roles, functions.

use super::holes::left_out;
use super::scene::{At, Scene};
use super::suggest::{closest, did_you_mean};
use crate::policy::catalogue::{aws_managed_arn, aws_managed_names};
use crate::provision::resources::Resources;
use crate::provision::{Address, arn};
use crate::source::Diagnostic;

/// One mention of one resource by another.
#[derive(Debug, Clone)]
pub struct Reference<'a> {
    /// Who mentions.
    pub from: Address,
    /// The kind of what is mentioned.
    pub kind: &'static str,
    /// The name or ARN, as written.
    pub written: &'a str,
    /// Where.
    pub at: At<'a>,
    /// What else than a declared name is allowed.
    pub or: Or,
    /// Whether it is in a trust policy, where roles may name each other.
    pub trust: bool,
    /// Whether it is one of a list, and can be left out of it.
    pub listed: bool,
}

/// What a reference may be besides the name of a declared resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Or {
    /// Nothing.
    Nothing,
    /// An ARN.
    Arn,
    /// An ARN, or the name of a policy that AWS manages.
    AwsManaged,
}

/// Collects every reference of a scenario.
pub fn references<'a>(scene: &Scene<'a>, resources: &'a Resources) -> Vec<Reference<'a>> {
    let mut all = Vec::new();
    for (name, user) in &resources.users {
        let mut found = Found::from(scene, Address::new("user", name), &mut all);
        found.many("policies", &user.policies, "policy", Or::AwsManaged);
        found.one("permissions_boundary", user.permissions_boundary.as_deref(), "policy", Or::AwsManaged);
    }
    for (name, group) in &resources.groups {
        let mut found = Found::from(scene, Address::new("group", name), &mut all);
        found.many("policies", &group.policies, "policy", Or::AwsManaged);
        found.many("members", &group.members, "user", Or::Nothing);
    }
    for (name, role) in &resources.roles {
        let mut found = Found::from(scene, Address::new("role", name), &mut all);
        found.many("policies", &role.policies, "policy", Or::AwsManaged);
        found.one("permissions_boundary", role.permissions_boundary.as_deref(), "policy", Or::AwsManaged);
        found.at = found.at.key("trust");
        found.trust = true;
        found.many("roles", &role.trust.roles, "role", Or::Arn);
        found.many("users", &role.trust.users, "user", Or::Arn);
    }
    for (name, function) in &resources.functions {
        Found::from(scene, Address::new("function", name), &mut all).one(
            "role",
            Some(&function.role),
            "role",
            Or::Arn,
        );
    }
    for (name, schedule) in &resources.schedules {
        Found::from(scene, Address::new("schedule", name), &mut all).one(
            "function",
            Some(&schedule.function),
            "function",
            Or::Nothing,
        );
    }
    all
}

struct Found<'a, 'b> {
    from: Address,
    at: At<'a>,
    trust: bool,
    all: &'b mut Vec<Reference<'a>>,
}

impl<'a, 'b> Found<'a, 'b> {
    fn from(scene: &Scene<'a>, from: Address, all: &'b mut Vec<Reference<'a>>) -> Self {
        Self { at: scene.resource(&from), from, trust: false, all }
    }

    fn one(&mut self, key: &str, written: Option<&'a str>, kind: &'static str, or: Or) {
        if let Some(written) = written {
            self.push(self.at.key(key), written, kind, or, false);
        }
    }

    fn many(&mut self, key: &str, written: &'a [String], kind: &'static str, or: Or) {
        for (index, written) in written.iter().enumerate() {
            self.push(self.at.key(key).item(index), written, kind, or, true);
        }
    }

    fn push(&mut self, at: At<'a>, written: &'a str, kind: &'static str, or: Or, listed: bool) {
        let (from, trust) = (self.from.clone(), self.trust);
        self.all.push(Reference { from, kind, written, at, or, trust, listed });
    }
}

impl Reference<'_> {
    /// Returns the declared resource that is meant, by its name or by the ARN it will have.
    pub fn target(&self, scene: &Scene<'_>) -> Option<Address> {
        if scene.declared.has(self.kind, self.written) {
            return Some(Address::new(self.kind, self.written));
        }
        if !self.written.starts_with("arn:") {
            return None;
        }
        let address = Address::new(self.kind, arn::bare_name(self.written));
        let same = arn::arn(&address, scene.place).as_deref() == Some(self.written);
        (same && scene.declared.contains(&address)).then_some(address)
    }

    /// Says what is wrong with the reference.
    pub fn mistake(&self, scene: &Scene<'_>) -> Option<Diagnostic> {
        // A hole that could not be filled has been reported.
        if self.target(scene).is_some() || self.written.contains("{{") {
            return None;
        }
        let (written, kind) = (self.written, self.kind);
        if scene.declared.is_left_out(kind, written) {
            let (id, message, help) = left_out(&Address::new(kind, written));
            return Some(scene.mistake(id, self.at, message).help(help));
        }
        if written.starts_with("arn:") && self.or != Or::Nothing {
            return (!is_arn_of(written, kind)).then(|| {
                scene
                    .mistake("malformed-arn", self.at, format!("`{written}` is not the ARN of a {kind}"))
                    .help(format!("a {kind}'s ARN looks like `arn:aws:iam::123456789012:{kind}/Name`"))
            });
        }
        if self.or == Or::AwsManaged && aws_managed_arn(written, &scene.place.partition).is_some() {
            return None;
        }
        let declared = scene.declared.names(kind).map(|(name, _)| name);
        let (message, help) = if self.or == Or::AwsManaged {
            let aws = closest(written.rsplit('/').next().unwrap_or(written), aws_managed_names());
            let near = closest(written, declared.clone());
            let help = match (near, aws) {
                (None, Some(aws)) => format!("did you mean AWS's own policy `{aws}`?"),
                _ => did_you_mean(written, "declared policies", declared),
            };
            (format!("`{written}` is neither a policy of this scenario nor one of AWS's own"), help)
        } else {
            let other = if self.or == Or::Arn { "; anything else needs its ARN" } else { "" };
            let help = did_you_mean(written, &format!("declared {kind}s"), declared);
            (format!("the {kind} `{written}` is not declared in this scenario"), help + other)
        };
        Some(scene.mistake("unknown-reference", self.at, message).help(help))
    }
}

/// Returns whether a text has the form of an IAM (or Lambda) ARN of a kind; services' own paths are allowed.
fn is_arn_of(text: &str, kind: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, partition, service, region, account, resource] = parts.as_slice() else { return false };
    let (wanted, prefix) = if kind == "function" { ("lambda", "function:") } else { ("iam", kind) };
    let account_ok = is_account(account) || kind == "policy" && *account == "aws";
    let name_ok = resource.strip_prefix(prefix).is_some_and(|rest| {
        let rest = rest.strip_prefix('/').unwrap_or(if kind == "function" { rest } else { "" });
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && c != '*')
    });
    let region_ok = if kind == "function" { !region.is_empty() } else { region.is_empty() };
    is_partition(partition) && *service == wanted && region_ok && account_ok && name_ok
}

/// Returns whether a text is a 12-digit account id.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Returns whether a text is one of AWS's partitions.
pub fn is_partition(text: &str) -> bool {
    text == "aws"
        || text
            .strip_prefix("aws-")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
}
