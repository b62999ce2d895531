//! Whether a document has the shape its JSON Schema asks for. Every mistake is reported, not only the first;
//! what is wrong is left out of the returned JSON, so that the rest can be looked at further.
//!
//! Only what `schemars` writes for our own types is understood: `$ref`, `type`, `properties`, `required`,
//! `additionalProperties`, `items`, `anyOf`, `oneOf`, `const`, `enum`, `minimum`, `maximum`, `format`.

use serde_json::{Map, Value as Json};

use super::MISTAKE_LIMIT;
use super::node::{Entry, Node, Value};
use super::suggest::did_you_mean;
use crate::source::{Diagnostic, SourceFile, Span};

/// Reads `node` by `schema`. `stand_ins` are values for required keys of the outermost mapping, so that a file
/// without its `name:` still has all its other mistakes reported.
///
/// INVARIANT: without new diagnostics, the result is what the types behind the schema deserialize from.
pub(super) fn read(
    schema: &Json,
    file: &SourceFile,
    node: &Node,
    stand_ins: &[(&str, &str)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Json> {
    let mut walker = Walker { root: schema, file, stand_ins, diagnostics };
    walker.value(schema, node, Owner { name: None, span: Span { start: 0, len: 0 } })
}

struct Walker<'a> {
    root: &'a Json,
    file: &'a SourceFile,
    stand_ins: &'a [(&'a str, &'a str)],
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// The key that a value belongs to, for messages about what is missing in it.
#[derive(Clone, Copy)]
struct Owner<'a> {
    name: Option<&'a str>,
    span: Span,
}

impl Owner<'_> {
    fn inside(&self) -> String {
        self.name.map(|name| format!(" in `{name}`")).unwrap_or_default()
    }
}

impl<'a> Walker<'a> {
    /// Returns the alternatives that a schema allows, `$ref`s and nesting resolved.
    fn alternatives(&self, schema: &'a Json) -> Vec<&'a Json> {
        let target = schema.get("$ref").and_then(Json::as_str);
        if let Some(schema) = target.and_then(|path| self.root.pointer(path.trim_start_matches('#'))) {
            return self.alternatives(schema);
        }
        match schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array) {
            Some(all) => all.iter().flat_map(|one| self.alternatives(one)).collect(),
            None => vec![schema],
        }
    }

    fn value(&mut self, schema: &'a Json, node: &Node, owner: Owner<'_>) -> Option<Json> {
        if self.diagnostics.len() >= MISTAKE_LIMIT {
            return None;
        }
        let all = self.alternatives(schema);
        if all
            .iter()
            .any(|one| one.as_bool() == Some(true) || one.get("type").is_none() && one.get("const").is_none())
        {
            return Some(node.to_json());
        }
        let fitting: Vec<&Json> = all.iter().copied().filter(|one| accepts(one, &node.value)).collect();
        match (&node.value, fitting.as_slice()) {
            (_, []) => {
                let diagnostic = wrong_type(self.file, node, &all);
                self.diagnostics.push(diagnostic);
                None
            }
            (Value::Map(_), [one]) => self.object(one, node, owner),
            (Value::Map(entries), many) => self.tagged(many, node, entries, owner),
            (Value::List(items), [one, ..]) => {
                let schema = one.get("items").unwrap_or(&Json::Bool(true));
                let read: Vec<Option<Json>> = items
                    .iter()
                    .map(|item| self.value(schema, item, Owner { span: item.span, ..owner }))
                    .collect();
                // A list with a hole in it would put the wrong place to every later item.
                read.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
            }
            (Value::Text(text), many) => self.word(many, node, text),
            (Value::Number(_), [one, ..]) => self.number(one, node),
            _ => Some(node.to_json()),
        }
    }

    fn object(&mut self, schema: &'a Json, node: &Node, owner: Owner<'_>) -> Option<Json> {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object);
        let known = properties.unwrap_or(&empty);
        let others = schema.get("additionalProperties");
        let mut object = Map::new();
        for Entry { key, key_span, value } in node.entries() {
            let owner = Owner { name: Some(key), span: *key_span };
            let read = match (properties.and_then(|all| all.get(key)), others) {
                (Some(schema), _) | (None, Some(schema @ Json::Object(_))) => {
                    self.value(schema, value, owner)
                }
                (None, Some(Json::Bool(false))) => {
                    self.unknown_key(key, *key_span, known);
                    None
                }
                (None, _) => Some(value.to_json()),
            };
            if let Some(read) = read {
                object.insert(key.clone(), read);
            }
        }
        let mut complete = true;
        for key in
            schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
        {
            if object.contains_key(key) {
                continue;
            }
            if node.entry(key).is_none() {
                self.missing_key(key, known.get(key), node, owner);
            }
            match self.stand_ins.iter().find(|(name, _)| owner.name.is_none() && *name == key) {
                Some((_, value)) => {
                    object.insert(key.to_owned(), Json::from(*value));
                }
                None => complete = false,
            }
        }
        complete.then_some(Json::Object(object))
    }

    /// Reads a mapping whose one key says which of several shapes its value has.
    fn tagged(
        &mut self,
        many: &[&'a Json],
        node: &Node,
        entries: &[Entry],
        owner: Owner<'_>,
    ) -> Option<Json> {
        let shapes: Vec<(&String, &'a Json)> = many
            .iter()
            .filter_map(|one| one.get("properties").and_then(Json::as_object))
            .flat_map(Map::iter)
            .collect();
        let names = || shapes.iter().map(|(name, _)| name.as_str());
        let [Entry { key, key_span, value }] = entries else {
            let diagnostic =
                Diagnostic::new("one-key-expected", format!("one key expected, found {}", entries.len()))
                    .at(self.file, node.span)
                    .help(did_you_mean("", "write one of the keys", names()));
            self.diagnostics.push(diagnostic);
            return None;
        };
        let Some((_, schema)) = shapes.iter().find(|(name, _)| *name == key) else {
            let diagnostic = Diagnostic::new("unknown-key", format!("unknown key `{key}`{}", owner.inside()))
                .at(self.file, *key_span)
                .help(did_you_mean(key, "known keys", names()));
            self.diagnostics.push(diagnostic);
            return None;
        };
        let read = self.value(schema, value, Owner { name: Some(key), span: *key_span })?;
        Some(Json::Object([(key.clone(), read)].into_iter().collect()))
    }

    fn word(&mut self, many: &[&'a Json], node: &Node, text: &str) -> Option<Json> {
        let mut words: Vec<&str> = Vec::new();
        for one in many {
            match (one.get("const").and_then(Json::as_str), one.get("enum").and_then(Json::as_array)) {
                (Some(word), _) => words.push(word),
                (None, Some(all)) => words.extend(all.iter().filter_map(Json::as_str)),
                (None, None) => return Some(Json::from(text)),
            }
        }
        if words.contains(&text) {
            return Some(Json::from(text));
        }
        let diagnostic =
            Diagnostic::new("unknown-value", format!("`{text}` is none of the values allowed here"))
                .at(self.file, node.span)
                .help(did_you_mean(text, "allowed", words));
        self.diagnostics.push(diagnostic);
        None
    }

    fn number(&mut self, schema: &Json, node: &Node) -> Option<Json> {
        let Value::Number(number) = &node.value else { return None };
        let value = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        let Some(value) = value else { return Some(node.to_json()) };
        let bound = |key: &str, default: i64| {
            let bound = schema.get(key).and_then(Json::as_f64).map_or(default, |bound| {
                #[expect(clippy::cast_possible_truncation, reason = "the bounds of our own types are small")]
                let bound = bound as i64;
                bound
            });
            i128::from(bound)
        };
        let (min, max) = match schema.get("format").and_then(Json::as_str) {
            Some("uint8") => (bound("minimum", 0), bound("maximum", 255)),
            Some("int32") => (bound("minimum", i64::from(i32::MIN)), bound("maximum", i64::from(i32::MAX))),
            _ => (bound("minimum", i64::MIN), bound("maximum", i64::MAX)),
        };
        if (min..=max).contains(&value) {
            return Some(node.to_json());
        }
        let diagnostic = Diagnostic::new("out-of-range", format!("`{value}` is out of range"))
            .at(self.file, node.span)
            .help(format!("write a number from {min} to {max}"));
        self.diagnostics.push(diagnostic);
        None
    }

    fn unknown_key(&mut self, key: &str, span: Span, known: &Map<String, Json>) {
        let help = did_you_mean(key, "known keys", known.keys().map(String::as_str));
        let diagnostic =
            Diagnostic::new("unknown-key", format!("unknown key `{key}`")).at(self.file, span).help(help);
        self.diagnostics.push(diagnostic);
    }

    fn missing_key(&mut self, key: &str, schema: Option<&Json>, node: &Node, owner: Owner<'_>) {
        let span = if owner.span.len > 0 { owner.span } else { Span { len: 0, ..node.span } };
        let about = schema.and_then(|schema| schema.get("description")).and_then(Json::as_str);
        let about = about.map(|text| format!(": {}", text.replace('\n', " "))).unwrap_or_default();
        let diagnostic = Diagnostic::new("missing-key", format!("`{key}` is missing{}", owner.inside()))
            .at(self.file, span)
            .help(format!("add `{key}`{about}"));
        self.diagnostics.push(diagnostic);
    }
}

/// Returns the JSON types a schema names.
fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(many)) => many.iter().filter_map(Json::as_str).collect(),
        _ if schema.get("const").is_some_and(Json::is_string) => vec!["string"],
        _ => Vec::new(),
    }
}

fn accepts(schema: &Json, value: &Value) -> bool {
    types(schema).into_iter().any(|name| match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(n) => name == "number" || name == "integer" && (n.is_i64() || n.is_u64()),
        Value::Text(_) => name == "string",
        Value::List(_) => name == "array",
        Value::Map(_) => name == "object",
    })
}

/// Says what was expected and what was found, with the likeliest remedy.
fn wrong_type(file: &SourceFile, node: &Node, alternatives: &[&Json]) -> Diagnostic {
    let mut wanted: Vec<&str> = Vec::new();
    for name in alternatives.iter().flat_map(|one| types(one)).filter(|name| *name != "null") {
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    let words: Vec<String> = alternatives
        .iter()
        .filter_map(|one| one.get("const").and_then(Json::as_str))
        .map(|word| format!("`{word}`"))
        .collect();
    let expected = if words.is_empty() {
        wanted.iter().map(|name| in_words(name)).collect::<Vec<_>>().join(", or ")
    } else {
        words.join(" or ")
    };
    let written = file.slice(node.span).lines().next().unwrap_or_default();
    let found = match &node.value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(_) => format!("the number `{written}`"),
        Value::Text(_) => "text".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    };
    let message = format!("expected {expected}, found {found}");
    let diagnostic = Diagnostic::new("wrong-type", message).at(file, node.span);
    if !words.is_empty() {
        return diagnostic.help("write one of these words");
    }
    let keys: Vec<&str> = alternatives
        .iter()
        .filter_map(|one| one.get("properties").and_then(Json::as_object))
        .flat_map(|properties| properties.keys().map(String::as_str))
        .collect();
    match remedy(node, &wanted, written) {
        Some(help) => diagnostic.help(help),
        None if keys.is_empty() => diagnostic,
        None => diagnostic.help(did_you_mean("", "keys of the mapping", keys)),
    }
}

fn in_words(name: &str) -> &str {
    match name {
        "string" => "text",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "number" => "a number",
        "array" => "a list",
        "object" => "a mapping",
        other => other,
    }
}

fn remedy(node: &Node, wanted: &[&str], written: &str) -> Option<String> {
    let wants = |name| wanted.contains(&name);
    match &node.value {
        Value::Number(_) | Value::Bool(_) if wants("string") => {
            Some(format!("put it in quotes: `\"{written}\"`"))
        }
        Value::Number(_) if wants("integer") => Some("write a whole number".to_owned()),
        Value::Text(text) if wants("boolean") => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("write `true`".to_owned()),
            "no" | "off" | "n" | "false" => Some("write `false`".to_owned()),
            _ => None,
        },
        Value::Text(text) if wants("integer") && text.parse::<i64>().is_ok() => {
            Some(format!("leave the quotes out: `{text}`"))
        }
        Value::Text(text) if wants("array") && !text.contains('\n') => {
            Some(format!("write a list: `[{text}]`"))
        }
        Value::Null if wants("object") => Some("write `{}` when there is nothing to say".to_owned()),
        Value::Null if wants("array") => Some("write `[]` for an empty list".to_owned()),
        Value::Null => Some("write the value, or leave the key out".to_owned()),
        Value::List(_) if wants("object") && !wants("boolean") => {
            Some("write one `name: { … }` per line, without `-`".to_owned())
        }
        Value::List(_) => Some("write one value, without `-` and brackets".to_owned()),
        Value::Map(_) if wants("array") => Some("start each item with `- `".to_owned()),
        _ => None,
    }
}
