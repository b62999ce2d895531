//! The comment at the top of a template: how to deploy it, and what of the scenario is not in it and why.

use std::collections::BTreeSet;

use super::{BUCKET, key_parameter};
use crate::provision::Address;
use crate::provision::resources::user::Console;
use crate::scenario::Resolved;

/// Writes the comment.
pub(super) fn header(scenario: &Resolved) -> String {
    let name = &scenario.place.scenario;
    let mut lines = vec![
        format!("The scenario {name} as a CloudFormation template. Written by `iamlab provision render`."),
        String::new(),
        "Its resources have names of their own, so it needs CAPABILITY_NAMED_IAM:".into(),
        format!(
            "  aws cloudformation deploy --stack-name {name} --template-file FILE \
             --capabilities CAPABILITY_NAMED_IAM"
        ),
    ];
    if !scenario.resources.functions.is_empty() {
        let key = key_parameter(scenario, "…");
        lines.extend([
            String::new(),
            "A template holds the code of a function only when that is a single file of up to 4 MB. Upload the".into(),
            format!("zipped folder to a bucket and name both in the parameters {BUCKET} and {key}."),
        ]);
    }
    let omitted = omitted(scenario);
    if !omitted.is_empty() {
        lines.extend([String::new(), "Not in it, because CloudFormation cannot express it:".into()]);
        lines.extend(omitted.into_iter().map(|line| format!("- {line}")));
    }
    let comment = |line: String| {
        // A comment ends with its line, whatever a name holds.
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        format!("# {line}").trim_end().to_owned() + "\n"
    };
    lines.into_iter().map(comment).collect()
}

fn omitted(scenario: &Resolved) -> Vec<String> {
    let resources = &scenario.resources;
    let mut lines = Vec::new();
    for (name, user) in &resources.users {
        if !matches!(user.console, None | Some(Console::Enabled(false))) {
            lines.push(format!(
                "user.{name}: its console password. A login profile would hold the password in the template."
            ));
        }
        if user.mfa.is_some() {
            lines.push(format!(
                "user.{name}: its MFA device. Enabling one takes two codes that the device shows."
            ));
        }
        if user.access_keys > 0 {
            let count = user.access_keys;
            let keys = if count == 1 { "its access key" } else { "its access keys" };
            lines.push(format!(
                "user.{name}: {keys}. The secret could be handed over only where everybody who reads the stack sees it."
            ));
        }
    }
    if resources.password_policy.is_some() {
        lines
            .push("password_policy: the account's password policy. There is no resource type for it.".into());
    }
    lines.extend(resources.stacks.iter().map(|(name, stack)| {
        format!("stack.{name}: a stack of its own. Deploy its template, {}, beside this one.", stack.template)
    }));
    if !resources.policies.is_empty() {
        lines.push(
            "policies: the mark of the scenario that owns them. CloudFormation does not tag managed policies."
                .into(),
        );
    }
    lines.extend(circles(scenario));
    lines
}

/// Names the roles that trust each other: CloudFormation makes one before the other, and IAM then refuses the first.
fn circles(scenario: &Resolved) -> Vec<String> {
    let trusts = |from: &Address, to: &Address| scenario.trust.get(from).is_some_and(|all| all.contains(to));
    let mut lines = BTreeSet::new();
    for (from, trusted) in &scenario.trust {
        for to in trusted.iter().filter(|to| from < *to && trusts(to, from)) {
            lines.insert(format!(
                "{from} and {to} trust each other. IAM takes the trust of the first only once the second is there."
            ));
        }
    }
    lines.into_iter().collect()
}
