//! Evaluates the intrinsic functions of a template against parameters, conditions and what is deployed.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Invalid;
use super::parameters::{Parameters, scalar};
use super::template::Template;

/// The longest text a `Fn::Sub` may become, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// What the pseudo parameters stand for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Pseudo {
    /// `AWS::AccountId`.
    pub account: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::Partition`.
    pub partition: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::StackId`.
    pub stack_id: String,
    /// `AWS::NotificationARNs`.
    pub notification_arns: Vec<String>,
}

impl Pseudo {
    /// The value of a pseudo parameter.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        Some(match name {
            "AWS::AccountId" => Value::from(self.account.as_str()),
            "AWS::Region" => Value::from(self.region.as_str()),
            "AWS::Partition" => Value::from(self.partition.as_str()),
            "AWS::StackName" => Value::from(self.stack_name.as_str()),
            "AWS::StackId" => Value::from(self.stack_id.as_str()),
            "AWS::URLSuffix" => {
                Value::from(if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" })
            }
            "AWS::NotificationARNs" => self.notification_arns.iter().map(String::as_str).collect(),
            _ => return None,
        })
    }
}

/// What `Ref` and `Fn::GetAtt` of a resource give.
pub(super) trait Lookup: Sync {
    /// The physical id, or the attribute.
    fn get(&self, id: &str, attribute: Option<&str>) -> Result<Value, Invalid>;
}

/// Where expressions are evaluated.
pub(super) struct Scope<'a> {
    /// Mappings come from here.
    pub template: &'a Template,
    /// Parameter values.
    pub parameters: &'a Parameters,
    /// Pseudo parameters.
    pub pseudo: &'a Pseudo,
    /// Conditions that are already decided.
    pub conditions: &'a BTreeMap<String, bool>,
    /// Resources.
    pub resources: &'a dyn Lookup,
    /// Whether `NoEcho` values are hidden.
    pub masked: bool,
}

/// The name and argument of a function call, if the value is one.
pub(super) fn call(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    let is_call = name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && argument.is_string());
    is_call.then_some((name, argument))
}

/// One hole of a `Fn::Sub` text.
pub(super) enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// `${name}`.
    Hole(&'a str),
    /// `${!name}`, which stands for `${name}`.
    Literal(&'a str),
}

/// Splits the text of a `Fn::Sub`.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        found.push(Piece::Text(before));
        found.push(match name.strip_prefix('!') {
            Some(literal) => Piece::Literal(literal),
            None => Piece::Hole(name.trim()),
        });
        rest = tail;
    }
    found.push(Piece::Text(rest));
    found
}

/// The logical id and the attribute a `Fn::GetAtt` names.
pub(super) fn attribute_of(argument: &Value) -> Result<(&str, &str), Invalid> {
    let pair = match argument {
        Value::String(text) => text.split_once('.'),
        Value::Array(items) => match items.as_slice() {
            [Value::String(id), Value::String(attribute)] => Some((id.as_str(), attribute.as_str())),
            _ => None,
        },
        _ => None,
    };
    pair.filter(|(id, attribute)| !id.is_empty() && !attribute.is_empty()).ok_or_else(|| {
        Invalid::new(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and \
             the resource attribute",
        )
    })
}

impl Scope<'_> {
    /// Evaluates a value; `None` is `AWS::NoValue`, which takes its property away.
    pub(super) fn evaluate(&self, value: &Value) -> Result<Option<Value>, Invalid> {
        if let Some((name, argument)) = call(value) {
            return self.apply(name, argument);
        }
        Ok(Some(match value {
            Value::Object(members) => {
                let mut evaluated = Map::new();
                for (key, member) in members {
                    if let Some(member) = self.evaluate(member)? {
                        evaluated.insert(key.clone(), member);
                    }
                }
                Value::Object(evaluated)
            }
            Value::Array(items) => {
                let mut evaluated = Vec::new();
                for item in items {
                    evaluated.extend(self.evaluate(item)?);
                }
                Value::Array(evaluated)
            }
            scalar => scalar.clone(),
        }))
    }

    /// Decides a condition expression.
    pub(super) fn decide(&self, expression: &Value) -> Result<bool, Invalid> {
        let wrong = || {
            Invalid::new(
                "Template error: Conditions can only be boolean operations on parameters and other conditions",
            )
        };
        let (name, argument) = call(expression).ok_or_else(wrong)?;
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let all = || operands.iter().map(|operand| self.decide(operand)).collect::<Result<Vec<_>, _>>();
        match name {
            "Condition" => self.condition(argument, "Condition"),
            "Fn::Equals" => match operands {
                [left, right] => Ok(self.evaluate(left)?.as_ref().map(comparable)
                    == self.evaluate(right)?.as_ref().map(comparable)),
                _ => Err(Invalid::new(
                    "Template error: every Fn::Equals object requires a list of 2 string parameters.",
                )),
            },
            "Fn::And" => Ok(all()?.into_iter().all(|holds| holds)),
            "Fn::Or" => Ok(all()?.into_iter().any(|holds| holds)),
            "Fn::Not" => match operands {
                [one] => Ok(!self.decide(one)?),
                _ => {
                    Err(Invalid::new("Template error: every Fn::Not object requires one boolean parameter."))
                }
            },
            _ => Err(wrong()),
        }
    }

    fn condition(&self, name: &Value, function: &str) -> Result<bool, Invalid> {
        let name = name.as_str().unwrap_or_default();
        self.conditions.get(name).copied().ok_or_else(|| {
            Invalid::new(format!("Template error: unresolved condition dependency {name} in {function}"))
        })
    }

    fn apply(&self, name: &str, argument: &Value) -> Result<Option<Value>, Invalid> {
        let list = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Some(match name {
            "Ref" => {
                let target = argument.as_str().unwrap_or_default();
                if target == "AWS::NoValue" {
                    return Ok(None);
                }
                self.reference(target)?
            }
            "Fn::GetAtt" => {
                let (id, attribute) = attribute_of(argument)?;
                self.resources.get(id, Some(attribute))?
            }
            "Fn::If" => match list {
                [condition, yes, no] => {
                    return self.evaluate(if self.condition(condition, "Fn::If")? { yes } else { no });
                }
                _ => return Err(arguments(name, "a list argument with three elements")),
            },
            "Fn::Sub" => Value::String(self.substitute(argument)?),
            "Fn::Join" => match list {
                [Value::String(separator), items] => {
                    let items: Option<Vec<String>> = self.list(items, name)?.iter().map(scalar).collect();
                    Value::String(items.ok_or_else(|| arguments(name, "a list of strings"))?.join(separator))
                }
                _ => {
                    return Err(arguments(
                        name,
                        "two parameters, (1) a string delimiter and (2) a list of strings",
                    ));
                }
            },
            "Fn::Split" => match list {
                [Value::String(separator), source] if !separator.is_empty() => {
                    let text = self.text(source, name)?;
                    text.split(separator.as_str()).collect()
                }
                _ => return Err(arguments(name, "two parameters, (1) a string delimiter and (2) a string")),
            },
            "Fn::Select" => match list {
                [index, items] => {
                    let index = self.text(index, name)?.parse::<usize>().ok();
                    let items = self.list(items, name)?;
                    index.and_then(|index| items.get(index).cloned()).ok_or_else(|| {
                        Invalid::new("Template error: Fn::Select cannot select nonexistent value at index")
                    })?
                }
                _ => return Err(arguments(name, "two non-empty parameters, an integer index and a list")),
            },
            "Fn::FindInMap" => self.mapped(list)?,
            "Fn::Base64" => {
                let text = self.text(argument, name)?;
                Value::String(base64::engine::general_purpose::STANDARD.encode(text))
            }
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                let call = Value::Object(Map::from_iter([(name.to_owned(), argument.clone())]));
                Value::Bool(self.decide(&call)?)
            }
            "Condition" => Value::Object(Map::from_iter([(name.to_owned(), argument.clone())])),
            _ => return Err(Invalid::new(format!("the sandbox does not support the function {name}"))),
        }))
    }

    fn reference(&self, target: &str) -> Result<Value, Invalid> {
        if let Some(parameter) = self.parameters.get(target) {
            return Ok(parameter.reference(self.masked));
        }
        match self.pseudo.get(target) {
            Some(value) => Ok(value),
            None => self.resources.get(target, None),
        }
    }

    fn list(&self, value: &Value, function: &str) -> Result<Vec<Value>, Invalid> {
        match self.evaluate(value)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(arguments(function, "a list")),
        }
    }

    fn text(&self, value: &Value, function: &str) -> Result<String, Invalid> {
        self.evaluate(value)?.as_ref().and_then(scalar).ok_or_else(|| arguments(function, "a string"))
    }

    fn mapped(&self, list: &[Value]) -> Result<Value, Invalid> {
        let [map, first, second] = list else {
            return Err(arguments(
                "Fn::FindInMap",
                "three parameters, the map name, map key and the attribute",
            ));
        };
        let path = [
            self.text(map, "Fn::FindInMap")?,
            self.text(first, "Fn::FindInMap")?,
            self.text(second, "Fn::FindInMap")?,
        ];
        let mut found = Some(&self.template.mappings);
        for key in &path {
            found = found.and_then(|value| value.get(key));
        }
        found.cloned().ok_or_else(|| {
            Invalid::new(format!("Template error: Unable to get mapping for {}", path.join("::")))
        })
    }

    fn substitute(&self, argument: &Value) -> Result<String, Invalid> {
        let (text, own) = match argument {
            Value::String(text) => (text, None),
            Value::Array(items) => match items.as_slice() {
                [Value::String(text), Value::Object(own)] => (text, Some(own)),
                _ => return Err(arguments("Fn::Sub", "one string, or a string and an object")),
            },
            _ => return Err(arguments("Fn::Sub", "one string, or a string and an object")),
        };
        let mut whole = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => whole.push_str(text),
                Piece::Literal(name) => whole.extend(["${", name, "}"]),
                Piece::Hole(name) => {
                    let value = match (own.and_then(|own| own.get(name)), name.split_once('.')) {
                        (Some(value), _) => self.evaluate(value)?.unwrap_or_default(),
                        (None, Some((id, attribute))) => self.resources.get(id, Some(attribute))?,
                        (None, None) => self.reference(name)?,
                    };
                    whole.push_str(&scalar(&value).ok_or_else(|| {
                        Invalid::new(format!(
                            "Template error: variable {name} in Fn::Sub expression does not resolve to a string"
                        ))
                    })?);
                }
            }
            // One text put into the next many times over would grow without end.
            if whole.len() > MAX_TEXT {
                return Err(Invalid::new("Template error: a Fn::Sub expression resolves to more than 1 MiB"));
            }
        }
        Ok(whole)
    }
}

/// `CloudFormation` compares texts: `true` in a template equals `"true"` in a parameter.
fn comparable(value: &Value) -> Value {
    scalar(value).map_or_else(|| value.clone(), Value::String)
}

fn arguments(function: &str, wanted: &str) -> Invalid {
    Invalid::new(format!("Template error: every {function} object requires {wanted}."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::services::cloudformation::parameters::Parameter;

    struct Deployed;

    impl Lookup for Deployed {
        fn get(&self, id: &str, attribute: Option<&str>) -> Result<Value, Invalid> {
            Ok(Value::String(attribute.map_or_else(|| format!("<{id}>"), |name| format!("<{id}.{name}>"))))
        }
    }

    fn evaluate(value: &Value) -> Result<Option<Value>, String> {
        let template =
            Template { mappings: json!({"Sizes": {"us-east-1": {"Memory": 128}}}), ..Template::default() };
        let parameter = |value: &str, list| Parameter { value: value.into(), no_echo: false, list };
        let parameters = Parameters::from([
            ("Name".into(), parameter("lab", false)),
            ("Many".into(), parameter("a,b", true)),
        ]);
        let pseudo = Pseudo {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            partition: "aws".into(),
            ..Pseudo::default()
        };
        let conditions = BTreeMap::from([("Yes".into(), true), ("No".into(), false)]);
        let scope = Scope {
            template: &template,
            parameters: &parameters,
            pseudo: &pseudo,
            conditions: &conditions,
            resources: &Deployed,
            masked: false,
        };
        scope.evaluate(value).map_err(|error| error.to_string())
    }

    #[test]
    fn every_function_gives_its_documented_value() {
        let cases = [
            (json!({"Ref": "Name"}), json!("lab")),
            (json!({"Ref": "Many"}), json!(["a", "b"])),
            (json!({"Ref": "AWS::URLSuffix"}), json!("amazonaws.com")),
            (json!({"Ref": "Role"}), json!("<Role>")),
            (json!({"Fn::GetAtt": ["Role", "Arn"]}), json!("<Role.Arn>")),
            (json!({"Fn::GetAtt": "Role.Arn"}), json!("<Role.Arn>")),
            (
                json!({"Fn::Sub": "arn:${AWS::Partition}:${Name}:${Role.Arn}:${!Literal}"}),
                json!("arn:aws:lab:<Role.Arn>:${Literal}"),
            ),
            (json!({"Fn::Sub": ["${a}-${Name}", {"a": {"Ref": "Role"}}]}), json!("<Role>-lab")),
            (json!({"Fn::Join": ["-", ["x", {"Ref": "Name"}, 3]]}), json!("x-lab-3")),
            (json!({"Fn::Join": [",", {"Ref": "Many"}]}), json!("a,b")),
            (json!({"Fn::Select": ["1", {"Fn::Split": [":", "a:b:c"]}]}), json!("b")),
            (json!({"Fn::If": ["No", "a", {"Ref": "Name"}]}), json!("lab")),
            (json!({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "Memory"]}), json!(128)),
            (json!({"Fn::Base64": "hi"}), json!("aGk=")),
            (json!({"Fn::Not": [{"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]}]}), json!(true)),
            (json!({"Fn::Or": [{"Fn::Equals": ["x", "y"]}, {"Fn::Equals": ["true", true]}]}), json!(true)),
        ];
        for (expression, value) in cases {
            assert_eq!(evaluate(&expression), Ok(Some(value)), "{expression}");
        }
    }

    #[test]
    fn no_value_takes_the_property_away() {
        assert_eq!(
            evaluate(
                &json!({"a": 1, "b": {"Fn::If": ["Yes", {"Ref": "AWS::NoValue"}, 2]}, "c": [{"Ref": "AWS::NoValue"}, 3]})
            ),
            Ok(Some(json!({"a": 1, "c": [3]})))
        );
    }

    #[test]
    fn a_policy_statement_with_a_condition_block_is_data() {
        let statement = json!({"Condition": {"StringEquals": {"sts:ExternalId": {"Ref": "Name"}}}});
        assert_eq!(
            evaluate(&statement),
            Ok(Some(json!({"Condition": {"StringEquals": {"sts:ExternalId": "lab"}}})))
        );
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            evaluate(&json!({"Fn::If": ["Maybe", 1, 2]})).unwrap_err(),
            "Template error: unresolved condition dependency Maybe in Fn::If"
        );
        assert_eq!(
            evaluate(&json!({"Fn::FindInMap": ["Sizes", "mars", "Memory"]})).unwrap_err(),
            "Template error: Unable to get mapping for Sizes::mars::Memory"
        );
        assert_eq!(
            evaluate(&json!({"Fn::Sub": "${Many}"})).unwrap_err(),
            "Template error: variable Many in Fn::Sub expression does not resolve to a string"
        );
        assert!(evaluate(&json!({"Fn::ImportValue": "x"})).is_err());
    }
}
