//! A scenario as a `CloudFormation` template: everything that `CloudFormation` can express, and in a comment at its
//! top what it cannot, with the reasons.
//!
//! Source: the resource types of the template reference
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>).

mod links;
mod omitted;

use serde_yaml::{Mapping, Value as Yaml};

use self::links::Links;
use crate::provision::ownership::mark;
use crate::provision::principal::PolicySet;
use crate::provision::resources::{document, function, group, managed_policy, role, schedule, topic, user};
use crate::provision::{Address, arn};
use crate::scenario::Resolved;

/// Renders the template.
pub fn template(scenario: &Resolved) -> Result<String, serde_yaml::Error> {
    let writer = Writer { scenario, links: Links::of(scenario), resources: Mapping::new() };
    let (parameters, resources) = writer.write();
    let mut template = Mapping::new();
    template.insert("AWSTemplateFormatVersion".into(), "2010-09-09".into());
    template.insert("Description".into(), format!("The scenario {}.", scenario.place.scenario).into());
    if !parameters.is_empty() {
        template.insert("Parameters".into(), parameters.into());
    }
    template.insert("Resources".into(), resources.into());
    let text = serde_yaml::to_string(&template)?;
    let quoted = quote_dates(&text);
    // Only where that changes nothing: a text of several lines may look like what is quoted.
    let same = serde_yaml::from_str::<Mapping>(&quoted).is_ok_and(|read| read == template);
    Ok(omitted::header(scenario) + if same { &quoted } else { &text })
}

/// Quotes the dates that stand for versions: readers of YAML 1.1 would take them for days.
fn quote_dates(text: &str) -> String {
    let line = |line: &str| match line.split_once("Version: ") {
        Some((key, date)) if date.len() == 10 && date.starts_with("20") => {
            format!("{key}Version: '{date}'\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Makes a mapping.
fn map<const N: usize>(entries: [(&str, Yaml); N]) -> Yaml {
    Yaml::Mapping(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// The properties of a resource; what is nothing is left out.
#[derive(Default)]
struct Properties(Mapping);

impl Properties {
    fn with(mut self, key: &str, value: impl Into<Yaml>) -> Self {
        let value = value.into();
        let is_nothing = match &value {
            Yaml::Null => true,
            Yaml::Sequence(items) => items.is_empty(),
            Yaml::Mapping(entries) => entries.is_empty(),
            _ => false,
        };
        if !is_nothing {
            self.0.insert(key.into(), value);
        }
        self
    }

    fn maybe(self, key: &str, value: Option<impl Into<Yaml>>) -> Self {
        self.with(key, value.map_or(Yaml::Null, Into::into))
    }
}

struct Writer<'a> {
    scenario: &'a Resolved,
    links: Links<'a>,
    resources: Mapping,
}

/// The parameter that names the bucket of the functions' packages.
const BUCKET: &str = "CodeBucket";

/// Returns the parameter that names the package of a function in the bucket.
fn key_parameter(scenario: &Resolved, id: &str) -> String {
    if scenario.resources.functions.len() == 1 { "CodeKey".into() } else { format!("CodeKey{id}") }
}

impl Writer<'_> {
    fn write(mut self) -> (Mapping, Mapping) {
        let resources = &self.scenario.resources;
        let mut parameters = Mapping::new();
        for (name, spec) in &resources.policies {
            self.policy(name, spec);
        }
        for (name, spec) in &resources.users {
            self.user(name, spec);
        }
        for (name, spec) in &resources.groups {
            self.group(name, spec);
        }
        for (name, spec) in &resources.roles {
            self.role(name, spec);
        }
        if !resources.functions.is_empty() {
            parameters.insert(BUCKET.into(), parameter("The S3 bucket that holds the functions' packages."));
        }
        for (name, spec) in &resources.functions {
            let key = key_parameter(self.scenario, &self.links.id("function", name));
            let packed = match &spec.source {
                function::Source::Folder(folder) => format!("the zipped folder {folder}"),
                function::Source::Files(_) => "its zipped files".to_owned(),
            };
            let about = format!("The key of {name}'s package in the bucket: {packed}.");
            parameters.insert(key.as_str().into(), parameter(&about));
            self.function(name, spec, &key);
        }
        for (name, spec) in &resources.topics {
            self.topic(name, spec);
        }
        for (name, spec) in &resources.schedules {
            self.schedule(name, spec);
        }
        for (name, spec) in &resources.analyzers {
            let kind = serde_yaml::to_value(spec.analyzer_type).unwrap_or_default();
            let properties = Properties::default()
                .with("AnalyzerName", name.as_str())
                .with("Type", kind)
                .with("Tags", self.tags());
            self.put("AWS::AccessAnalyzer::Analyzer", self.links.id("analyzer", name), properties);
        }
        (parameters, self.resources)
    }

    fn put(&mut self, kind: &str, id: String, properties: Properties) {
        self.resources.insert(id.into(), map([("Type", kind.into()), ("Properties", properties.0.into())]));
    }

    fn tags(&self) -> Yaml {
        let tag = |(key, value): (String, String)| map([("Key", key.into()), ("Value", value.into())]);
        Yaml::Sequence(mark(&self.scenario.place.scenario).into_iter().map(tag).collect())
    }

    fn policy(&mut self, name: &str, spec: &managed_policy::Spec) {
        let from = Address::new("policy", name);
        let written = document(&spec.document);
        let properties = Properties::default()
            .with("ManagedPolicyName", name)
            .maybe("Description", spec.description.as_deref())
            .with("PolicyDocument", self.links.json(Some(&from), written.written()));
        self.put("AWS::IAM::ManagedPolicy", self.links.id("policy", name), properties);
    }

    /// Adds what users, groups and roles have in common.
    fn policies(&self, from: &Address, set: &PolicySet, properties: Properties) -> Properties {
        let attached = set.policies.iter().map(|arn| self.links.text(Some(from), arn));
        let inline = set.inline_policies.iter().map(|(name, document)| {
            let document = self.links.json(Some(from), document.written());
            map([("PolicyName", name.as_str().into()), ("PolicyDocument", document)])
        });
        let boundary = set.permissions_boundary.as_deref().map(|arn| self.links.text(Some(from), arn));
        properties
            .with("ManagedPolicyArns", Yaml::Sequence(attached.collect()))
            .with("Policies", Yaml::Sequence(inline.collect()))
            .maybe("PermissionsBoundary", boundary)
    }

    fn user(&mut self, name: &str, spec: &user::Spec) {
        let user::Spec { policies, inline_policies, permissions_boundary, .. } = spec;
        let set = PolicySet::desired(policies, inline_policies, permissions_boundary.as_ref(), self.scenario);
        let properties = Properties::default().with("UserName", name);
        let properties =
            self.policies(&Address::new("user", name), &set, properties).with("Tags", self.tags());
        self.put("AWS::IAM::User", self.links.id("user", name), properties);
    }

    fn group(&mut self, name: &str, spec: &group::Spec) {
        let set = PolicySet::desired(&spec.policies, &spec.inline_policies, None, self.scenario);
        let properties =
            Properties::default().with("GroupName", name).with("Path", self.scenario.place.group_path());
        let properties = self.policies(&Address::new("group", name), &set, properties);
        let id = self.links.id("group", name);
        self.put("AWS::IAM::Group", id.clone(), properties);
        if !spec.members.is_empty() {
            let members = spec.members.iter().map(|member| self.links.reference("user", member)).collect();
            let properties = Properties::default()
                .with("GroupName", self.links.reference("group", name))
                .with("Users", Yaml::Sequence(members));
            self.put("AWS::IAM::UserToGroupAddition", format!("{id}Members"), properties);
        }
    }

    fn role(&mut self, name: &str, spec: &role::Spec) {
        let from = Address::new("role", name);
        let role::Spec { policies, inline_policies, permissions_boundary, .. } = spec;
        let set = PolicySet::desired(policies, inline_policies, permissions_boundary.as_ref(), self.scenario);
        let trust = role::trust_document(&spec.trust, &self.scenario.place);
        let properties = Properties::default()
            .with("RoleName", name)
            .maybe("Description", spec.description.as_deref())
            .maybe("MaxSessionDuration", spec.max_session_seconds)
            .with("AssumeRolePolicyDocument", self.links.json(Some(&from), trust.written()));
        let properties = self.policies(&from, &set, properties).with("Tags", self.tags());
        self.put("AWS::IAM::Role", self.links.id("role", name), properties);
    }

    fn function(&mut self, name: &str, spec: &function::Spec, key: &str) {
        let from = Address::new("function", name);
        let environment: Mapping = spec
            .environment
            .iter()
            .map(|(key, value)| (key.as_str().into(), self.links.text(Some(&from), value)))
            .collect();
        let environment = (!environment.is_empty()).then(|| map([("Variables", environment.into())]));
        let code = map([("S3Bucket", map([("Ref", BUCKET.into())])), ("S3Key", map([("Ref", key.into())]))]);
        let architecture = serde_yaml::to_value(spec.architecture).unwrap_or_default();
        let role = function::role_arn(&spec.role, self.scenario);
        let properties = Properties::default()
            .with("FunctionName", name)
            .maybe("Description", spec.description.as_deref())
            .with("Runtime", spec.runtime.as_str())
            .with("Architectures", Yaml::Sequence(vec![architecture]))
            .with("Handler", spec.handler.as_str())
            .with("Role", self.links.text(Some(&from), &role))
            .maybe("Timeout", spec.timeout)
            .maybe("MemorySize", spec.memory)
            .maybe("Environment", environment)
            .with("Code", code)
            .with("Tags", self.tags());
        self.put("AWS::Lambda::Function", self.links.id("function", name), properties);
    }

    fn topic(&mut self, name: &str, spec: &topic::Spec) {
        let id = self.links.id("topic", name);
        let properties = Properties::default().with("TopicName", name).with("Tags", self.tags());
        self.put("AWS::SNS::Topic", id.clone(), properties);
        for (index, subscription) in spec.subscriptions.iter().enumerate() {
            let (protocol, endpoint) = subscription.parts();
            let properties = Properties::default()
                .with("TopicArn", self.links.reference("topic", name))
                .with("Protocol", protocol)
                .with("Endpoint", self.links.text(None, endpoint));
            self.put("AWS::SNS::Subscription", format!("{id}Subscription{}", index + 1), properties);
        }
    }

    fn schedule(&mut self, name: &str, spec: &schedule::Spec) {
        let id = self.links.id("schedule", name);
        let function = Address::new("function", spec.function.as_str());
        let function = arn::arn(&function, &self.scenario.place).unwrap_or_default();
        let from = Address::new("schedule", name);
        let target = Properties::default()
            .with("Id", schedule::TARGET_ID)
            .with("Arn", self.links.text(Some(&from), &function))
            .maybe("Input", spec.input.as_ref().map(ToString::to_string));
        let properties = Properties::default()
            .with("Name", name)
            .maybe("Description", spec.description.as_deref())
            .with("ScheduleExpression", spec.expression.as_str())
            .with("State", if spec.enabled { "ENABLED" } else { "DISABLED" })
            .with("Targets", Yaml::Sequence(vec![target.0.into()]))
            .with("Tags", self.tags());
        self.put("AWS::Events::Rule", id.clone(), properties);
        let rule = arn::arn(&from, &self.scenario.place).unwrap_or_default();
        let properties = Properties::default()
            .with("FunctionName", self.links.reference("function", &spec.function))
            .with("Action", "lambda:InvokeFunction")
            .with("Principal", "events.amazonaws.com")
            .with("SourceArn", self.links.text(None, &rule));
        self.put("AWS::Lambda::Permission", format!("{id}Permission"), properties);
    }
}

fn parameter(description: &str) -> Yaml {
    map([("Type", "String".into()), ("Description", description.into())])
}
