//! All that an account holds, as lines that can be compared.

use std::collections::BTreeSet;
use std::fmt::Debug;

use aws_config::SdkConfig;
use aws_sdk_iam::types::{AssignmentStatusType, EntityType, User};

/// The clients of an account, apart from those under test.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) events: aws_sdk_eventbridge::Client,
    pub(crate) analyzer: aws_sdk_accessanalyzer::Client,
}

impl Clients {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            analyzer: aws_sdk_accessanalyzer::Client::new(config),
        }
    }

    /// Lists everything a scenario could have made or changed, one line per thing.
    pub(crate) async fn inventory(&self) -> BTreeSet<String> {
        let mut lines = Lines::default();
        self.identities(&mut lines).await;
        let functions = self.lambda.list_functions().send().await.unwrap();
        for function in functions.functions() {
            let name = function.function_name().unwrap();
            lines.add("function", &function);
            let policy = self.lambda.get_policy().function_name(name).send().await;
            lines.add("invoke policy", &policy.ok().and_then(|answer| answer.policy));
        }
        for topic in self.sns.list_topics().send().await.unwrap().topics() {
            let tags = self.sns.list_tags_for_resource().resource_arn(topic.topic_arn().unwrap());
            lines.add("topic", &(topic, tags.send().await.unwrap().tags));
        }
        for subscription in self.sns.list_subscriptions().send().await.unwrap().subscriptions() {
            lines.add("subscription", subscription);
        }
        for rule in self.events.list_rules().send().await.unwrap().rules() {
            let targets = self.events.list_targets_by_rule().rule(rule.name().unwrap()).send().await.unwrap();
            let tags = self.events.list_tags_for_resource().resource_arn(rule.arn().unwrap());
            lines.add("rule", &(rule, targets.targets, tags.send().await.unwrap().tags));
        }
        // moto has no Access Analyzer.
        if let Ok(found) = self.analyzer.list_analyzers().send().await {
            for analyzer in found.analyzers() {
                lines.add("analyzer", analyzer);
            }
        }
        lines.0
    }

    async fn identities(&self, lines: &mut Lines) {
        let kinds = [EntityType::User, EntityType::Group, EntityType::Role, EntityType::LocalManagedPolicy];
        let details = self.iam.get_account_authorization_details().set_filter(Some(kinds.to_vec()));
        let details = details.send().await.unwrap();
        for user in details.user_detail_list() {
            let name = user.user_name().unwrap();
            let keys = self.iam.list_access_keys().user_name(name).send().await.unwrap();
            let login = self.iam.get_login_profile().user_name(name).send().await;
            let login = login.ok().and_then(|answer| answer.login_profile);
            let devices = self.iam.list_mfa_devices().user_name(name).send().await.unwrap();
            lines.add("user", &(user, keys.access_key_metadata, login, devices.mfa_devices));
        }
        details.group_detail_list().iter().for_each(|group| lines.add("group", group));
        details.role_detail_list().iter().for_each(|role| lines.add("role", role));
        let own = details.policies().iter().filter(|policy| !policy.arn().unwrap().contains("::aws:"));
        for policy in own {
            let tags = self.iam.list_policy_tags().policy_arn(policy.arn().unwrap()).send().await.unwrap();
            lines.add("policy", &(policy, tags.tags));
        }
        let devices = self.iam.list_virtual_mfa_devices().assignment_status(AssignmentStatusType::Any);
        for device in devices.send().await.unwrap().virtual_mfa_devices() {
            lines.add("virtual MFA device", &(device.serial_number(), device.user().map(User::arn)));
        }
        let policy = self.iam.get_account_password_policy().send().await;
        if let Some(policy) = policy.ok().and_then(|answer| answer.password_policy) {
            lines.add("password policy", &policy);
        }
    }
}

#[derive(Default)]
struct Lines(BTreeSet<String>);

impl Lines {
    fn add(&mut self, kind: &str, thing: &impl Debug) {
        self.0.insert(format!("{kind} {thing:?}"));
    }
}

/// Tells how two inventories differ; empty when they do not.
pub(crate) fn difference(before: &BTreeSet<String>, after: &BTreeSet<String>) -> String {
    let gone = before.difference(after).map(|line| format!("- {line}"));
    let new = after.difference(before).map(|line| format!("+ {line}"));
    gone.chain(new).collect::<Vec<_>>().join("\n")
}
