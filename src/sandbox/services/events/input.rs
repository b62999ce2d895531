//! What a target gets of an event: all of it, a part, a constant, or a text with parts of it.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>

use serde_json::{Map, Value, json};

/// Returns the text that a target gets of an event.
pub(super) fn of(target: &Map<String, Value>, event: &Value) -> String {
    let text = |key: &str| target.get(key).and_then(Value::as_str);
    if let Some(constant) = text("Input") {
        return constant.to_owned();
    }
    if let Some(path) = text("InputPath") {
        return at(event, path).unwrap_or_default().to_string();
    }
    match target.get("InputTransformer") {
        Some(transformer) => transformed(transformer, event),
        None => event.to_string(),
    }
}

/// Fills in a template.
fn transformed(transformer: &Value, event: &Value) -> String {
    let template = transformer["InputTemplate"].as_str().unwrap_or_default();
    let value = |name: &str| {
        predefined(name, event).or_else(|| {
            let path = transformer["InputPathsMap"].get(name)?.as_str()?;
            Some(at(event, path).unwrap_or_default())
        })
    };
    let as_json = filled(template, &value, true);
    if serde_json::from_str::<Value>(&as_json).is_ok() {
        return as_json;
    }
    // A template that is no JSON is a text.
    Value::String(filled(template, &value, false)).to_string()
}

/// Replaces `<name>` by its value: as JSON outside of quotes when `json` says so, else as plain text.
fn filled(template: &str, value: &impl Fn(&str) -> Option<Value>, json: bool) -> String {
    let mut out = String::new();
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = template;
    while let Some(next) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|tail| tail.split_once('>'));
        if let Some((value, tail)) = named.and_then(|(name, tail)| Some((value(name)?, tail))) {
            out.push_str(&match value {
                Value::String(text) if json && quoted => inner(&text),
                Value::String(text) if !json => text,
                value if json && quoted => inner(&value.to_string()),
                value => value.to_string(),
            });
            rest = tail;
            continue;
        }
        quoted ^= next == '"' && !escaped;
        escaped = next == '\\' && !escaped;
        out.push(next);
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Writes a text as it stands between the quotes of a JSON string.
fn inner(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// Returns the value of a variable that every template has.
fn predefined(name: &str, event: &Value) -> Option<Value> {
    let rule = event.pointer("/resources/0").and_then(Value::as_str).unwrap_or_default();
    Some(match name {
        "aws.events.rule-arn" => json!(rule),
        "aws.events.rule-name" => json!(rule.rsplit('/').next()),
        "aws.events.event.ingestion-time" => event["time"].clone(),
        "aws.events.event.json" => event.clone(),
        "aws.events.event" => {
            let mut event = event.clone();
            if let Some(fields) = event.as_object_mut() {
                fields.remove("detail");
            }
            event
        }
        _ => return None,
    })
}

/// Returns what is at a JSON path of dots, indices and `*`.
fn at(event: &Value, path: &str) -> Option<Value> {
    let mut found = event.clone();
    let rest = path.strip_prefix('$')?.replace('[', ".[");
    for step in rest.split('.').filter(|step| !step.is_empty()) {
        let index = step.strip_prefix('[').and_then(|step| step.strip_suffix(']'));
        found = match (index, found) {
            (None, Value::Object(mut fields)) if step != "*" => fields.remove(step)?,
            (Some("*"), all @ Value::Array(_)) => all,
            (None, Value::Object(fields)) => fields.into_iter().map(|(_, value)| value).collect(),
            (Some(index), Value::Array(mut items)) => {
                let index: usize = index.parse().ok()?;
                (index < items.len()).then(|| items.swap_remove(index))?
            }
            _ => return None,
        };
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(target: &Value) -> String {
        let event = json!({
            "detail-type": "Scheduled Event",
            "time": "2026-03-02T09:00:00Z",
            "resources": ["arn:aws:events:us-east-1:123456789012:rule/daily"],
            "detail": {"instance": "i-1", "state": "say \"hi\"", "n": 1},
        });
        of(target.as_object().unwrap(), &event)
    }

    /// The cases of "Amazon EventBridge input transformation" in the user guide, on an event of our own.
    #[test]
    fn a_target_gets_what_it_asked_for() {
        assert_eq!(input(&json!({"Input": "{\"a\":1}"})), "{\"a\":1}");
        assert_eq!(input(&json!({"InputPath": "$.detail.n"})), "1");
        assert_eq!(
            input(&json!({"InputPath": "$.resources[0]"})),
            "\"arn:aws:events:us-east-1:123456789012:rule/daily\""
        );
        let template = |template: &str| {
            let paths =
                json!({"instance": "$.detail.instance", "state": "$.detail.state", "all": "$.detail"});
            input(&json!({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}))
        };
        assert_eq!(template("\"<instance> is in <aws.events.rule-name>\""), "\"i-1 is in daily\"");
        assert_eq!(template("<instance> is there"), "\"i-1 is there\"");
        assert_eq!(
            template("{\"i\": <instance>, \"s\": \"it is <state>\", \"n\": <nothing-of-ours>}"),
            "\"{\\\"i\\\": i-1, \\\"s\\\": \\\"it is say \\\"hi\\\"\\\", \\\"n\\\": <nothing-of-ours>}\""
        );
        let filled: Value =
            serde_json::from_str(&template("{\"i\": <instance>, \"s\": \"it is <state>\"}")).unwrap();
        assert_eq!(filled, json!({"i": "i-1", "s": "it is say \"hi\""}));
        assert_eq!(
            template("{\"all\": <all>}"),
            "{\"all\": {\"instance\":\"i-1\",\"state\":\"say \\\"hi\\\"\",\"n\":1}}"
        );
    }
}
