//! The CloudFormation template that gives the grader access to a student's account, and the link that opens it.
//!
//! What the role may do is what a rubric reads, no more; the description tells the student the same in words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::grade::need::Need;
use crate::grade::rubric::Rubric;
use crate::percent;

/// The template for the shipped rubric; that of another one has another description and other actions.
const TEMPLATE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/grader-access.yaml"));

/// The name of the stack, unless the student picks another one.
pub const STACK: &str = "iamlab-grader-access";

/// Returns the template for a rubric.
pub fn template(rubric: &Rubric) -> String {
    let mut out = String::with_capacity(TEMPLATE.len());
    let mut skipping = "";
    for line in TEMPLATE.lines() {
        if !skipping.is_empty() && line.starts_with(skipping) {
            continue;
        }
        skipping = "";
        out.push_str(line);
        out.push('\n');
        if line == "Description: >-" {
            skipping = "  ";
            for line in folded(&description(rubric), 112) {
                _ = writeln!(out, "  {line}");
            }
        } else if line.trim() == "Action:" {
            skipping = "                  - ";
            for action in rubric.permissions() {
                _ = writeln!(out, "                  - {action}");
            }
        }
    }
    out
}

/// Tells a student what the stack makes, in the 1,024 characters that CloudFormation has for it.
fn description(rubric: &Rubric) -> String {
    let mut text = format!(
        "Lets your course's grader read this account, and nothing else. It creates one role, {}. Only the grader's own \
         role can use it, only together with the external id of your submission, and for at most one hour at a time. \
         The role can read {}. It cannot see passwords or secret keys and cannot change anything",
        super::role::NAME,
        reads(rubric)
    );
    if rubric.needs().contains(&Need::CredentialReport) {
        text.push_str("; asking IAM for a fresh credential report is the only thing it starts");
    }
    text + ". To end the access, delete this stack."
}

/// Says what marking by a rubric reads.
pub fn reads(rubric: &Rubric) -> String {
    let what = |need: &Need| match need {
        Need::Identity => (0, "users, groups, roles and policies"),
        Need::CredentialReport => (1, "the credential report"),
        Need::Credentials(_) => (2, "who has a console password, MFA devices and the ids of access keys"),
        Need::Functions => (3, "Lambda functions with their environment variables and permissions"),
        Need::Packages => (4, "the functions' code"),
        Need::Topics => (5, "SNS topics and subscriptions"),
        Need::Schedules => (6, "EventBridge rules and schedules"),
        Need::Events(_) => (7, "the last 90 days of CloudTrail's event history"),
    };
    let told: BTreeSet<(u8, &str)> = rubric.needs().iter().map(what).collect();
    let mut words: Vec<&str> = told.into_iter().map(|(_, words)| words).collect();
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{}; and {last}", words.join("; ")),
        Some(only) => only.to_owned(),
        None => "nothing".to_owned(),
    }
}

/// Breaks a text into lines of at most `width` characters.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Returns the link that opens the template in the student's console with everything filled in.
///
/// Source: "Create quick-create links for stacks" in the CloudFormation User Guide
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stacks-quick-create-links.html>).
/// It fills in no parameter that is `NoEcho`, so the template has none.
pub fn quick_create(region: &str, template_url: &str, grader_role: &str, external_id: &str) -> String {
    let console = match region.split('-').take(2).collect::<Vec<_>>().as_slice() {
        ["cn", ..] => "console.amazonaws.cn",
        ["us", "gov"] => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    let [region, url, role, id] = [region, template_url, grader_role, external_id].map(percent::encode);
    format!(
        "https://{region}.{console}/cloudformation/home?region={region}#/stacks/create/review?templateURL={url}\
         &stackName={STACK}&param_GraderRoleArn={role}&param_ExternalId={id}"
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::role;
    use super::*;

    fn shipped() -> Rubric {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/iam-auditing");
        Rubric::load(&folder).unwrap_or_else(|found| panic!("{}", crate::source::render(&found, false)))
    }

    #[test]
    fn the_shipped_template_is_that_of_the_shipped_rubric() {
        let made = template(&shipped());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/grader-access.yaml");
        if crate::env::get("IAMLAB_WRITE_DOCS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), made, "IAMLAB_WRITE_DOCS=1 rewrites it");
        assert!(description(&shipped()).len() <= 1024, "{}", description(&shipped()).len());
        assert!(!made.contains("NoEcho: "));
    }

    #[test]
    fn another_rubric_has_another_template() {
        let mut rubric = shipped();
        rubric.tasks.retain(|task| task.id == "T7");
        assert_eq!(rubric.tasks.len(), 1);
        let made: serde_json::Value = serde_yaml::from_str(
            // `!Ref` and `!GetAtt` are CloudFormation's own.
            &template(&rubric).replace("!Ref ", "").replace("!GetAtt ", ""),
        )
        .unwrap();
        let policy = &made["Resources"]["GraderRole"]["Properties"]["Policies"][0]["PolicyDocument"];
        let actions: Vec<&str> = policy["Statement"][0]["Action"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one.as_str())
            .collect();
        assert_eq!(actions, rubric.permissions().into_iter().collect::<Vec<_>>());
        assert!(!actions.iter().any(|action| action.starts_with("cloudtrail:")));
        assert!(!made["Description"].as_str().unwrap().contains("event history"));
    }

    #[test]
    fn the_session_of_any_rubric_fits() {
        let needs = [
            Need::Identity,
            Need::CredentialReport,
            Need::Credentials(String::new()),
            Need::Functions,
            Need::Packages,
            Need::Topics,
            Need::Schedules,
            Need::Events(crate::grade::need::Query::Username(String::new())),
        ];
        let actions: BTreeSet<&str> = needs.iter().flat_map(Need::permissions).copied().collect();
        let all = role::policy_of(&actions);
        assert!(all.len() <= role::POLICY_LIMIT, "{}", all.len());
        assert!(actions.is_superset(&shipped().permissions()));
    }

    #[test]
    fn a_link_is_percent_encoded() {
        let link = quick_create(
            "eu-central-1",
            "https://b.s3.amazonaws.com/a b&c.yaml?x=#1",
            "arn:aws:iam::123456789012:role/grader+1",
            "iamlab-1/=",
        );
        assert_eq!(
            link,
            "https://eu-central-1.console.aws.amazon.com/cloudformation/home?region=eu-central-1#/stacks/create/review\
             ?templateURL=https%3A%2F%2Fb.s3.amazonaws.com%2Fa%20b%26c.yaml%3Fx%3D%231&stackName=iamlab-grader-access\
             &param_GraderRoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fgrader%2B1&param_ExternalId=iamlab-1%2F%3D"
        );
        assert!(
            quick_create("us-gov-west-1", "", "", "")
                .contains("//us-gov-west-1.console.amazonaws-us-gov.com/")
        );
    }
}
