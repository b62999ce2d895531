//! Parameters: what a request gives, what the template declares, and what is allowed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Invalid;
use super::pattern::Pattern;
use super::template::Template;

/// What a `NoEcho` parameter looks like from outside.
pub(super) const MASK: &str = "****";

/// The value a parameter has in a stack.
///
/// Deliberately without `Debug`: a `NoEcho` value is a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parameter {
    /// The value as text; lists are joined with commas.
    pub value: String,
    /// Whether it must not be shown.
    pub no_echo: bool,
    /// Whether `Ref` gives a list.
    pub list: bool,
}

/// The parameters of a stack by name.
pub(super) type Parameters = BTreeMap<String, Parameter>;

impl Parameter {
    /// The value as it may be shown.
    pub(super) fn shown(&self) -> &str {
        if self.no_echo { MASK } else { &self.value }
    }

    /// What `Ref` gives; `masked` hides secrets.
    pub(super) fn reference(&self, masked: bool) -> Value {
        let value = if masked { self.shown() } else { &self.value };
        if self.list {
            value.split(',').map(|item| Value::from(item.trim())).collect()
        } else {
            Value::from(value)
        }
    }
}

/// What a request says about one parameter.
pub(super) enum Given {
    /// A new value.
    Value(String),
    /// `UsePreviousValue`.
    Previous,
}

/// Reads the `Parameters` list of a request.
pub(super) fn given(input: &Value) -> Result<BTreeMap<String, Given>, Invalid> {
    let list = input.get("Parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|item| {
            let key = item.get("ParameterKey").and_then(Value::as_str).unwrap_or_default().to_owned();
            let value = item.get("ParameterValue").and_then(Value::as_str);
            let previous = item.get("UsePreviousValue").and_then(Value::as_str) == Some("true");
            match (value, previous) {
                (Some(_), true) => Err(Invalid::new(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and \
                     non empty value for a parameter"
                ))),
                (Some(value), false) => Ok((key, Given::Value(value.to_owned()))),
                (None, true) => Ok((key, Given::Previous)),
                (None, false) => Err(Invalid::new(format!(
                    "Invalid input for parameter key {key}. Either provide a value or usePreviousValue as true"
                ))),
            }
        })
        .collect()
}

/// Decides the value of every declared parameter and checks it.
pub(super) fn resolve(
    template: &Template,
    given: &BTreeMap<String, Given>,
    previous: Option<&Parameters>,
) -> Result<Parameters, Invalid> {
    let undeclared: Vec<&str> =
        given.keys().filter(|key| !template.parameters.contains_key(*key)).map(String::as_str).collect();
    if !undeclared.is_empty() {
        return Err(Invalid::new(format!(
            "Parameters: [{}] do not exist in the template",
            undeclared.join(", ")
        )));
    }
    let mut resolved = Parameters::new();
    let mut missing = Vec::new();
    for (name, declared) in &template.parameters {
        let value = match given.get(name) {
            Some(Given::Value(value)) => Some(value.clone()),
            Some(Given::Previous) => match previous.and_then(|previous| previous.get(name)) {
                Some(previous) => Some(previous.value.clone()),
                None => {
                    return Err(Invalid::new(format!(
                        "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for \
                         a parameter key not in the previous template"
                    )));
                }
            },
            None => declared.get("Default").and_then(scalar),
        };
        match value {
            None => missing.push(name.as_str()),
            Some(value) => {
                let parameter = Declared { name, declared }.accept(value)?;
                resolved.insert(name.clone(), parameter);
            }
        }
    }
    if missing.is_empty() {
        Ok(resolved)
    } else {
        Err(Invalid::new(format!("Parameters: [{}] must have values", missing.join(", "))))
    }
}

/// Text of a scalar; templates write numbers and booleans where text is meant.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

struct Declared<'a> {
    name: &'a str,
    declared: &'a Value,
}

impl Declared<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.declared.get(key).and_then(scalar)
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.text(key)?.parse().ok()
    }

    fn accept(&self, value: String) -> Result<Parameter, Invalid> {
        let kind = self.text("Type").unwrap_or_default();
        let list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        let known = list || kind == "String" || kind == "Number" || kind.starts_with("AWS::EC2::");
        if !known {
            return Err(Invalid::new(format!("Template format error: Unrecognized parameter type: {kind}")));
        }
        let members: Vec<&str> = if list { value.split(',').map(str::trim).collect() } else { vec![&value] };
        for member in &members {
            self.check(member, &kind)?;
        }
        let no_echo = self.text("NoEcho").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Ok(Parameter { value, no_echo, list })
    }

    fn check(&self, value: &str, kind: &str) -> Result<(), Invalid> {
        let length = value.chars().count();
        let limit = |key: &str| self.number(key);
        if let Some(Value::Array(allowed)) = self.declared.get("AllowedValues")
            && !allowed.iter().filter_map(scalar).any(|allowed| allowed == value)
        {
            let list: Vec<String> = allowed.iter().filter_map(scalar).collect();
            return Err(self.refuse(&format!("must be one of AllowedValues [{}]", list.join(", "))));
        }
        if kind == "Number" || kind == "List<Number>" {
            let Ok(number) = value.parse::<f64>() else { return Err(self.refuse("must be a number")) };
            if let Some(least) = limit("MinValue").filter(|least| number < *least) {
                return Err(self.refuse(&format!("must be a number not less than {least}")));
            }
            if let Some(most) = limit("MaxValue").filter(|most| number > *most) {
                return Err(self.refuse(&format!("must be a number not greater than {most}")));
            }
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "a template is at most 51,200 bytes long")]
        let length = length as f64;
        if let Some(least) = limit("MinLength").filter(|least| length < *least) {
            return Err(self.refuse(&format!("must contain at least {least} characters")));
        }
        if let Some(most) = limit("MaxLength").filter(|most| length > *most) {
            return Err(self.refuse(&format!("must contain at most {most} characters")));
        }
        if let Some(expression) = self.text("AllowedPattern") {
            let pattern = Pattern::new(&expression).map_err(|error| {
                Invalid::new(format!("AllowedPattern of parameter '{}': {error}", self.name))
            })?;
            if !pattern.matches(value) {
                return Err(self.refuse(&format!("must match pattern {expression}")));
            }
        }
        Ok(())
    }

    fn refuse(&self, reason: &str) -> Invalid {
        match self.text("ConstraintDescription") {
            Some(text) => {
                Invalid::new(format!("Parameter '{}' failed to satisfy constraint: {text}", self.name))
            }
            None => Invalid::new(format!("Parameter '{}' {reason}", self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn try_with(declaration: &str, value: Option<&str>) -> Result<Parameters, String> {
        let template = Template::parse(&format!(
            "Parameters: {{P: {declaration}}}\nResources: {{A: {{Type: AWS::SNS::Topic}}}}"
        ))
        .unwrap();
        let list: Vec<Value> =
            value.map(|value| json!({"ParameterKey": "P", "ParameterValue": value})).into_iter().collect();
        let given = given(&json!({"Parameters": list})).map_err(|error| error.to_string())?;
        resolve(&template, &given, None).map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_that_breaks_a_constraint_is_refused_with_the_constraint() {
        let cases = [
            (
                "{Type: String, AllowedValues: [a, b]}",
                "c",
                "Parameter 'P' must be one of AllowedValues [a, b]",
            ),
            ("{Type: String, AllowedPattern: '[a-z]+'}", "A", "Parameter 'P' must match pattern [a-z]+"),
            ("{Type: String, MinLength: 16}", "short", "Parameter 'P' must contain at least 16 characters"),
            ("{Type: Number}", "x", "Parameter 'P' must be a number"),
            (
                "{Type: String, MaxLength: 1, ConstraintDescription: one letter}",
                "ab",
                "Parameter 'P' failed to satisfy constraint: one letter",
            ),
        ];
        for (declaration, value, message) in cases {
            assert_eq!(try_with(declaration, Some(value)).map(|_| ()).unwrap_err(), message);
        }
    }

    #[test]
    fn defaults_lists_and_secrets() {
        assert_eq!(
            try_with("{Type: String}", None).map(|_| ()).unwrap_err(),
            "Parameters: [P] must have values"
        );
        let list = try_with("{Type: CommaDelimitedList, Default: 'a, b'}", None).ok().unwrap();
        assert_eq!(list["P"].reference(false), json!(["a", "b"]));
        let secret = try_with("{Type: String, NoEcho: true}", Some("hush")).ok().unwrap();
        assert_eq!((secret["P"].shown(), secret["P"].reference(true)), (MASK, json!(MASK)));
        assert_eq!(secret["P"].reference(false), json!("hush"));
    }
}
