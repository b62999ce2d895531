//! Reads a template, JSON or YAML, into one shape: short tags become the long form, and what is not a
//! template is refused in `CloudFormation`'s words. The only file of this service that names the YAML crate.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Invalid;

/// The longest template that can be passed in a request, in bytes.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const MAX_BODY: usize = 51_200;

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Hooks",
    "Resources",
    "Outputs",
];

const RESOURCE_KEYS: &[&str] = &[
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
    "Metadata",
];

/// A template after its syntax was checked; no function in it is evaluated yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Template {
    /// What the author says the template does.
    pub description: Option<String>,
    /// Parameter declarations by name.
    pub parameters: BTreeMap<String, Value>,
    /// `Mappings`, as written.
    pub mappings: Value,
    /// Condition expressions by name.
    pub conditions: BTreeMap<String, Value>,
    /// Resources by logical id.
    pub resources: BTreeMap<String, Definition>,
    /// Output declarations by name.
    pub outputs: BTreeMap<String, Value>,
}

/// One member of `Resources`.
#[derive(Debug, Clone, Default)]
pub(super) struct Definition {
    /// The resource type, such as `AWS::IAM::Role`.
    pub kind: String,
    /// The properties, functions included.
    pub properties: Value,
    /// Logical ids that must be there first.
    pub depends_on: Vec<String>,
    /// The condition that decides whether the resource exists.
    pub condition: Option<String>,
    /// What happens to it when it leaves the stack.
    pub deletion_policy: Policy,
    /// What happens to the old one when it is replaced.
    pub update_replace_policy: Policy,
    /// `Metadata`, as written.
    pub metadata: Value,
}

/// `DeletionPolicy` and `UpdateReplacePolicy`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Policy {
    /// The resource is deleted.
    #[default]
    Delete,
    /// The resource stays in the account.
    Retain,
    /// The resource stays, unless the operation that created it is rolled back.
    RetainExceptOnCreate,
}

impl Template {
    /// Parses a template and checks its structure.
    pub(super) fn parse(body: &str) -> Result<Self, Invalid> {
        if body.len() > MAX_BODY {
            return Err(Invalid::new(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: \
                 Member must have length less than or equal to 51200",
            ));
        }
        let Value::Object(root) = read(body)? else {
            return Err(Invalid::new("Template format error: unsupported structure."));
        };
        refuse_nulls(&root)?;
        let unknown: Vec<&str> = keys_outside(&root, SECTIONS);
        if !unknown.is_empty() {
            return Err(Invalid::new(format!(
                "Invalid template property or properties [{}]",
                unknown.join(", ")
            )));
        }
        for section in ["Transform", "Rules", "Hooks"] {
            if root.contains_key(section) {
                return Err(Invalid::new(format!("the sandbox does not support the {section} section")));
            }
        }
        let template = Self {
            description: root.get("Description").and_then(Value::as_str).map(str::to_owned),
            parameters: section(&root, "Parameters")?,
            mappings: root.get("Mappings").cloned().unwrap_or_default(),
            conditions: any_section(&root, "Conditions")?,
            resources: section(&root, "Resources")?
                .into_iter()
                .map(|(id, value)| Ok((id.clone(), Definition::read(&id, &value)?)))
                .collect::<Result<_, Invalid>>()?,
            outputs: section(&root, "Outputs")?,
        };
        if template.resources.is_empty() {
            return Err(Invalid::new(
                "Template format error: At least one Resources member must be defined.",
            ));
        }
        template.check_members()?;
        Ok(template)
    }

    fn check_members(&self) -> Result<(), Invalid> {
        if self.parameters.values().any(|declared| declared.get("Type").and_then(Value::as_str).is_none()) {
            return Err(Invalid::new(
                "Template format error: Every Parameters object must contain a Type member.",
            ));
        }
        if self.outputs.values().any(|output| output.get("Value").is_none()) {
            return Err(Invalid::new(
                "Template format error: Every Outputs member must contain a Value object",
            ));
        }
        Ok(())
    }
}

impl Definition {
    fn read(id: &str, value: &Value) -> Result<Self, Invalid> {
        let member = value.as_object().ok_or_else(|| any_member("Resources"))?;
        if !id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(Invalid::new(format!(
                "Template format error: Resource name {id} is non alphanumeric."
            )));
        }
        if let Some(first) = keys_outside(member, RESOURCE_KEYS).first() {
            return Err(Invalid::new(format!("Invalid template resource property '{first}'")));
        }
        let Some(kind) = member.get("Type").and_then(Value::as_str) else {
            return Err(Invalid::new(format!(
                "Template format error: [/Resources/{id}] Every Resources object must contain a Type member."
            )));
        };
        let policy = |name: &str| policy(id, kind, name, member.get(name));
        Ok(Self {
            kind: kind.to_owned(),
            properties: member.get("Properties").cloned().unwrap_or_else(|| Value::Object(Map::new())),
            depends_on: match member.get("DependsOn") {
                Some(Value::String(one)) => vec![one.clone()],
                Some(Value::Array(many)) => {
                    many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                _ => Vec::new(),
            },
            condition: member.get("Condition").and_then(Value::as_str).map(str::to_owned),
            deletion_policy: policy("DeletionPolicy")?,
            update_replace_policy: policy("UpdateReplacePolicy")?,
            metadata: member.get("Metadata").cloned().unwrap_or_default(),
        })
    }
}

fn policy(id: &str, kind: &str, name: &str, value: Option<&Value>) -> Result<Policy, Invalid> {
    match value.map(|value| value.as_str().unwrap_or_default()) {
        None | Some("Delete") => Ok(Policy::Delete),
        Some("Retain") => Ok(Policy::Retain),
        Some("RetainExceptOnCreate") if name == "DeletionPolicy" => Ok(Policy::RetainExceptOnCreate),
        Some("Snapshot") => Err(Invalid::new(format!(
            "Template error: resource type {kind} does not support deletion policy Snapshot"
        ))),
        Some(other) => {
            Err(Invalid::new(format!("Template format error: Unrecognized {name} {other} for resource {id}")))
        }
    }
}

fn keys_outside<'a>(object: &'a Map<String, Value>, allowed: &[&str]) -> Vec<&'a str> {
    object.keys().map(String::as_str).filter(|key| !allowed.contains(key)).collect()
}

fn any_member(section: &str) -> Invalid {
    Invalid::new(format!("Template format error: Any {section} member must be an object."))
}

/// A section whose members are objects.
fn section(root: &Map<String, Value>, name: &str) -> Result<BTreeMap<String, Value>, Invalid> {
    let members = any_section(root, name)?;
    if members.values().all(Value::is_object) { Ok(members) } else { Err(any_member(name)) }
}

fn any_section(root: &Map<String, Value>, name: &str) -> Result<BTreeMap<String, Value>, Invalid> {
    match root.get(name) {
        None => Ok(BTreeMap::new()),
        Some(Value::Object(members)) => Ok(members.clone().into_iter().collect()),
        Some(_) => Err(Invalid::new(format!("Template format error: {name} section must be an object."))),
    }
}

fn refuse_nulls(root: &Map<String, Value>) -> Result<(), Invalid> {
    fn find(value: &Value, path: &mut Vec<String>) -> bool {
        let mut inside = |key: String, value: &Value| {
            path.push(key);
            let found = find(value, path);
            if !found {
                path.pop();
            }
            found
        };
        match value {
            Value::Null => true,
            Value::Object(members) => members.iter().any(|(key, value)| inside(key.clone(), value)),
            Value::Array(items) => items.iter().enumerate().any(|(at, item)| inside(at.to_string(), item)),
            _ => false,
        }
    }
    for (name, value) in root {
        let mut path = vec![name.clone()];
        if name != "Metadata" && find(value, &mut path) {
            return Err(Invalid::new(format!(
                "[/{}] 'null' values are not allowed in templates",
                path.join("/")
            )));
        }
    }
    Ok(())
}

fn read(body: &str) -> Result<Value, Invalid> {
    // JSON first: YAML does not take the tabs that JSON takes. What begins like JSON may still be YAML.
    let error = match serde_json::from_str(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    match serde_yaml::from_str::<serde_yaml::Value>(body) {
        Ok(yaml) => plain(yaml),
        Err(_) if body.trim_start().starts_with('{') => Err(Invalid::new(format!(
            "Template format error: JSON not well-formed. (line {}, column {})",
            error.line(),
            error.column()
        ))),
        Err(error) => {
            let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
            Err(Invalid::new(format!(
                "Template format error: YAML not well-formed. (line {line}, column {column})"
            )))
        }
    }
}

/// Turns a YAML value into JSON, short tags into the functions they stand for.
fn plain(value: serde_yaml::Value) -> Result<Value, Invalid> {
    use serde_yaml::Value as Yaml;
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => number
            .as_i64()
            .map(Value::from)
            .or_else(|| number.as_u64().map(Value::from))
            .or_else(|| number.as_f64().and_then(serde_json::Number::from_f64).map(Value::Number))
            .unwrap_or_else(|| Value::String(number.to_string())),
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(plain).collect::<Result<_, _>>()?),
        Yaml::Mapping(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| Ok((key_text(key)?, plain(value)?)))
                .collect::<Result<_, Invalid>>()?,
        ),
        Yaml::Tagged(tagged) => short(&tagged.tag.to_string(), plain(tagged.value)?)?,
    })
}

fn key_text(key: serde_yaml::Value) -> Result<String, Invalid> {
    match plain(key)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => Err(Invalid::new("Template format error: unsupported structure.")),
    }
}

fn short(tag: &str, value: Value) -> Result<Value, Invalid> {
    let name = tag.trim_start_matches('!');
    let (function, value) = match name {
        "Ref" | "Condition" => (name.to_owned(), value),
        "GetAtt" => match value.as_str().and_then(|text| text.split_once('.')) {
            Some((id, attribute)) => (
                "Fn::GetAtt".to_owned(),
                Value::Array(vec![id.to_owned().into(), attribute.to_owned().into()]),
            ),
            None => ("Fn::GetAtt".to_owned(), value),
        },
        "Sub" | "Join" | "Select" | "Split" | "If" | "Equals" | "And" | "Or" | "Not" | "FindInMap"
        | "Base64" | "ImportValue" | "GetAZs" | "Cidr" | "Transform" => (format!("Fn::{name}"), value),
        _ => {
            return Err(Invalid::new(format!(
                "Template format error: YAML not well-formed. Unresolved tag: !{name}"
            )));
        }
    };
    Ok(Value::Object(Map::from_iter([(function, value)])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(body: &str) -> String {
        Template::parse(body).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn short_tags_mean_the_long_form() {
        let yaml = "
Resources:
  Topic:
    Type: AWS::SNS::Topic
    DependsOn: Role
    Properties:
      TopicName: !Sub '${AWS::StackName}-t'
      DisplayName: !If [Named, !GetAtt Role.Arn, !Ref AWS::NoValue]
  Role: { Type: AWS::IAM::Role, DeletionPolicy: Retain }
";
        let template = Template::parse(yaml).unwrap();
        let topic = &template.resources["Topic"];
        assert_eq!(
            topic.properties,
            json!({
                "TopicName": {"Fn::Sub": "${AWS::StackName}-t"},
                "DisplayName": {"Fn::If": ["Named", {"Fn::GetAtt": ["Role", "Arn"]}, {"Ref": "AWS::NoValue"}]},
            })
        );
        assert_eq!(topic.depends_on, ["Role"]);
        assert_eq!(template.resources["Role"].deletion_policy, Policy::Retain);
    }

    #[test]
    fn json_is_read_too_and_its_mistakes_have_a_place() {
        assert!(Template::parse("{\t\"Resources\":\n\t{\"A\":{\"Type\":\"AWS::SNS::Topic\"}}}").is_ok());
        assert!(
            refusal(r#"{"Resources":{"A":"#)
                .starts_with("Template format error: JSON not well-formed. (line 1, ")
        );
        assert!(refusal("a: [").starts_with("Template format error: YAML not well-formed. (line "));
    }

    #[test]
    fn what_is_not_a_template_is_refused_in_the_words_of_cloudformation() {
        assert_eq!(refusal("just text"), "Template format error: unsupported structure.");
        assert_eq!(
            refusal("Resources: {}"),
            "Template format error: At least one Resources member must be defined."
        );
        assert_eq!(
            refusal("Resources: {A: {}}"),
            "Template format error: [/Resources/A] Every Resources object must contain a Type member."
        );
        assert_eq!(
            refusal("Resources: {A: {Type: X, Invalid: y}}"),
            "Invalid template resource property 'Invalid'"
        );
        assert_eq!(
            refusal("Resources: {A: {Type: X, Properties: {Tags: [~]}}}"),
            "[/Resources/A/Properties/Tags/0] 'null' values are not allowed in templates"
        );
        assert_eq!(
            refusal("Resources: {A: {Type: X}}\nResource: {}"),
            "Invalid template property or properties [Resource]"
        );
    }
}
