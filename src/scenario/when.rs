//! `when:`, the key that any resource may carry: `false` leaves the resource out of the scenario. An environment
//! variable of a function may carry it too, as `NAME: { value: …, when: … }`.
//!
//! ```text
//!  tree ─conditions─► tree without `when`, what is left out ─… the whole is checked …─ pruned ─► the rest is checked
//! ```
//!
//! A scenario has to be right with everything in it, so that no mistake waits for the day something is switched on.
//! Only then what is left out goes, and with it what makes sense with it alone: its name in lists, environment
//! variables and expectations that mention it. Whatever else mentions it is a mistake.
//!
//! The language is `true`, `false`, `A == B` and `A != B`; `A` and `B` are texts, compared after their holes are filled.
//! What is compared is found before anything is filled in: the value of a parameter cannot become a comparison.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::expect::{self, Expectation, Party};
use super::holes::{Filler, Use, Values, left_out, outside};
use super::node::{Entry, Node, Value};
use super::references::references;
use super::scene::Scene;
use super::suggest::did_you_mean;
use crate::provision::resources::{ACCOUNT, Resources, SECTIONS};
use crate::provision::{Address, arn};
use crate::source::{Diagnostic, SourceFile, Span};

/// The key.
const KEY: &str = "when";
/// The key that holds the value beside it, where a value stands otherwise alone.
const VALUE: &str = "value";
const FORM: &str =
    "write `true`, `false`, or a comparison: `\"{{ parameter }} == value\"`, `\"{{ parameter }} != value\"`";

/// Adds the key to what a schema of scenarios says of each kind. The types know nothing of it: it is gone before they
/// are read.
pub(super) fn declare(schema: &mut Json) {
    let property = json!({
        "description": "Whether the resource is in the scenario at all: `true`, `false`, or a comparison of texts as \
                        `\"{{ parameter }} != off\"`.",
        "type": ["boolean", "string"],
    });
    let variables = "/properties/environment/additionalProperties";
    for row in SECTIONS {
        let section = schema.pointer(&format!("/$defs/Resources/properties/{}", row.section));
        let Some(target) = section.and_then(target).map(str::to_owned) else { continue };
        let properties = schema.pointer_mut(&format!("{}/properties", target.trim_start_matches('#')));
        if let Some(properties) = properties.and_then(Json::as_object_mut) {
            properties.insert(KEY.to_owned(), property.clone());
        }
        let definition = schema.pointer_mut(target.trim_start_matches('#'));
        if let Some(variable) = definition.and_then(|one| one.pointer_mut(variables)) {
            let carried = json!({
                "type": "object",
                "properties": { VALUE: variable.clone(), KEY: property.clone() },
                "required": [VALUE],
                "additionalProperties": false,
            });
            *variable = json!({ "anyOf": [variable.clone(), carried] });
        }
    }
}

/// Returns the definition that a section's resources have.
fn target(section: &Json) -> Option<&str> {
    let resource = section.get("additionalProperties").unwrap_or(section);
    let alternatives = resource.get("anyOf").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    std::iter::once(resource).chain(alternatives).find_map(|one| one.get("$ref")?.as_str())
}

/// What the conditions of a scenario come to.
pub(super) struct Judged {
    /// The tree without the key.
    pub(super) tree: Node,
    /// The resources that are left out.
    pub(super) left_out: BTreeSet<Address>,
}

/// Judges every condition. One that cannot be judged is reported, and leaves nothing out.
pub(super) fn judge(
    tree: &Node,
    file: &SourceFile,
    values: Values<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Judged {
    let mut left_out = BTreeSet::new();
    let mut judge = Judge { file, values, diagnostics };
    let tree = each_resource(tree, &mut |entry, address| {
        if entry.value.get(KEY).is_some_and(|condition| !judge.holds(condition)) {
            left_out.insert(address);
        }
        let value = with_entries(&entry.value, &mut |field| match field.key.as_str() {
            KEY => None,
            "environment" => {
                let value = with_entries(&field.value, &mut |variable| judge.carried(variable));
                Some(Entry { value, ..field.clone() })
            }
            _ => Some(field.clone()),
        });
        Some(Entry { value, ..entry.clone() })
    });
    Judged { tree, left_out }
}

/// Judges conditions, and takes values out of the mappings that carry one.
struct Judge<'a, 'b> {
    file: &'a SourceFile,
    values: Values<'a>,
    diagnostics: &'b mut Vec<Diagnostic>,
}

impl Judge<'_, '_> {
    fn holds(&mut self, node: &Node) -> bool {
        Condition { node, file: self.file, values: self.values }.holds(self.diagnostics)
    }

    /// Returns a variable with the value that it carries beside a condition; `None` when that does not hold. What
    /// carries no text is left for the schema to refuse.
    fn carried(&mut self, variable: &Entry) -> Option<Entry> {
        let Some(value) = variable.value.get(VALUE).filter(|value| value.text().is_some()) else {
            return Some(variable.clone());
        };
        let others = variable.value.entries().iter().filter(|entry| ![VALUE, KEY].contains(&&*entry.key));
        for Entry { key, key_span, .. } in others {
            let help = did_you_mean(key, "known keys", [VALUE, KEY]);
            let diagnostic = Diagnostic::new("unknown-key", format!("unknown key `{key}`"));
            self.diagnostics.push(diagnostic.at(self.file, *key_span).help(help));
        }
        let stays = variable.value.get(KEY).is_none_or(|condition| self.holds(condition));
        stays.then(|| Entry { value: value.clone(), ..variable.clone() })
    }
}

/// Goes over all resources of a tree: each is replaced, or dropped for `None`.
fn each_resource(tree: &Node, f: &mut dyn FnMut(&Entry, Address) -> Option<Entry>) -> Node {
    with_entries(tree, &mut |entry| {
        if entry.key != "resources" {
            return Some(entry.clone());
        }
        let value = with_entries(&entry.value, &mut |section| match SECTIONS
            .iter()
            .find(|row| row.section == section.key)
            .map(|row| row.kind)
        {
            Some(kind @ "password_policy") => f(section, Address::new(kind, ACCOUNT)),
            Some(kind) => {
                let each = &mut |resource: &Entry| f(resource, Address::new(kind, resource.key.as_str()));
                Some(Entry { value: with_entries(&section.value, each), ..section.clone() })
            }
            None => Some(section.clone()),
        });
        Some(Entry { value, ..entry.clone() })
    })
}

fn with_entries(node: &Node, f: &mut dyn FnMut(&Entry) -> Option<Entry>) -> Node {
    match &node.value {
        Value::Map(entries) => {
            Node { span: node.span, value: Value::Map(entries.iter().filter_map(f).collect()) }
        }
        _ => node.clone(),
    }
}

/// One condition, as written.
struct Condition<'a> {
    node: &'a Node,
    file: &'a SourceFile,
    values: Values<'a>,
}

impl Condition<'_> {
    fn holds(&self, diagnostics: &mut Vec<Diagnostic>) -> bool {
        let text = match &self.node.value {
            Value::Bool(value) => return *value,
            Value::Text(text) => text,
            _ => {
                let message = "expected `true`, `false`, or text";
                diagnostics.push(self.mistake("wrong-type", message).help(FORM));
                return true;
            }
        };
        match self.judge(text, diagnostics) {
            Ok(Some(value)) => value,
            // What keeps it from being judged is reported elsewhere.
            Ok(None) => true,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                true
            }
        }
    }

    fn judge(&self, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Result<Option<bool>, Diagnostic> {
        let found = |word| outside(text, word).map(|at| (at, word));
        let first = found("==").into_iter().chain(found("!=")).min();
        let Some((at, word)) = first else {
            let filled = self.fill(text, 0, diagnostics)?;
            return match filled.as_deref().map(str::trim) {
                None => Ok(None),
                Some("true") => Ok(Some(true)),
                Some("false") => Ok(Some(false)),
                Some(other) => {
                    let message = format!("`{other}` is neither `true` nor `false`");
                    Err(self.mistake("condition", message).help(FORM))
                }
            };
        };
        let (left, rest) = text.split_at(at);
        let right = rest.get(word.len()..).unwrap_or_default();
        let empty = left.trim().is_empty() || right.trim().is_empty();
        if empty || outside(right, "==").or_else(|| outside(right, "!=")).is_some() {
            return Err(self.mistake("condition", "this is no comparison of two texts").help(FORM));
        }
        let sides =
            (self.fill(left, 0, diagnostics)?, self.fill(right, text.len() - right.len(), diagnostics)?);
        let (Some(left), Some(right)) = sides else { return Ok(None) };
        Ok(Some((left.trim() == right.trim()) == (word == "==")))
    }

    /// Fills the holes of a part of the text; `None` when one cannot be, which is reported.
    fn fill(
        &self,
        part: &str,
        offset: usize,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Option<String>, Diagnostic> {
        let mut filler = Filler::new(self.values, self.file);
        let text =
            filler.text(part, &|range| self.node.locate(self.file, range.start + offset..range.end + offset));
        if let Some(used) = filler.uses.first() {
            let message = "whether a resource is in the scenario cannot depend on another one";
            let diagnostic = Diagnostic::new("condition", message).at(self.file, used.span);
            return Err(diagnostic.help("compare parameters, `account`, `region` or `partition`"));
        }
        let filled = filler.diagnostics.is_empty() && !text.contains("{{");
        diagnostics.append(&mut filler.diagnostics);
        Ok(filled.then_some(text))
    }

    fn mistake(&self, id: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(id, message).at(self.file, self.node.span)
    }
}

/// A use of a resource by a hole: by whom, and whether in a trust policy.
type Mention = (Address, bool, Use);

/// Returns the tree, holes filled, without what is left out and what makes sense with it alone, and the uses that
/// remain. What needs something that is left out is reported.
///
/// `scene` and `resources` are the whole scenario's.
pub(super) fn prune(
    scene: &Scene<'_>,
    resources: &Resources,
    uses: Vec<Mention>,
    left: &BTreeSet<Address>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Node, Vec<Mention>) {
    let mut gone = Gone(BTreeSet::new());
    for reference in references(scene, resources).iter().filter(|reference| reference.listed) {
        if reference.target(scene).is_some_and(|target| left.contains(&target)) {
            gone.0.insert((reference.from.clone(), reference.at.span));
        }
    }
    for address in resources.functions.keys().map(|name| Address::new("function", name)) {
        let variables = scene.resource(&address).key("environment").node.map_or(&[][..], Node::entries);
        for span in variables.iter().map(|variable| variable.value.span) {
            let mentions = |(from, _, used): &Mention| {
                *from == address && left.contains(&used.address) && holds(span, used.span)
            };
            if uses.iter().any(mentions) {
                gone.0.insert((address.clone(), span));
            }
        }
    }
    let mut kept = Vec::new();
    for (from, trust, used) in uses {
        if left.contains(&from) || gone.covers(&from, used.span) {
            continue;
        }
        if left.contains(&used.address) {
            let (id, message, help) = left_out(&used.address);
            diagnostics.push(Diagnostic::new(id, message).at(&used.file, used.span).help(help));
        } else {
            kept.push((from, trust, used));
        }
    }
    let tree = each_resource(scene.root, &mut |entry, address| {
        (!left.contains(&address))
            .then(|| Entry { value: gone.without(&address, &entry.value), ..entry.clone() })
    });
    let spoken = |sentence: &Node| about_left_out(scene, sentence, left);
    let tree = with_entries(&tree, &mut |entry| {
        let mut entry = entry.clone();
        if let ("expect", Value::List(sentences)) = (entry.key.as_str(), &mut entry.value.value) {
            sentences.retain(|sentence| !spoken(sentence));
        }
        Some(entry)
    });
    (tree, kept)
}

/// Tells whether a sentence of `expect:` is about something that is left out.
fn about_left_out(scene: &Scene<'_>, sentence: &Node, left: &BTreeSet<Address>) -> bool {
    let is_left = |party: &Party| match party {
        Party::Declared(address) => left.contains(address),
        Party::Arn(written) => {
            left.iter().any(|address| arn::arn(address, scene.place).as_ref() == Some(written))
        }
    };
    let parsed: Vec<Expectation> =
        expect::parse(scene.file, std::slice::from_ref(sentence), scene.declared, &mut Vec::new());
    parsed.iter().any(|one| is_left(&one.principal) || one.resource.as_ref().is_some_and(is_left))
}

/// What goes with the resources that are left out: values, by the resource they are in and their place.
struct Gone(BTreeSet<(Address, Span)>);

impl Gone {
    fn covers(&self, address: &Address, span: Span) -> bool {
        self.0.iter().any(|(from, value)| from == address && holds(*value, span))
    }

    /// Returns the tree of a resource without the items and entries that go.
    fn without(&self, address: &Address, node: &Node) -> Node {
        let goes = |node: &Node| self.0.contains(&(address.clone(), node.span));
        let value = match &node.value {
            Value::List(items) => Value::List(
                items.iter().filter(|item| !goes(item)).map(|item| self.without(address, item)).collect(),
            ),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .filter(|entry| !goes(&entry.value))
                    .map(|entry| Entry { value: self.without(address, &entry.value), ..entry.clone() })
                    .collect(),
            ),
            other => other.clone(),
        };
        Node { span: node.span, value }
    }
}

const fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end() <= outer.end()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::provision::Place;
    use crate::scenario::holes::Declared;

    /// Judges a condition written as text, with a parameter `mode` whose value is `value`.
    fn judged(text: &str, value: &str) -> Result<bool, &'static str> {
        let place = Place {
            scenario: "lab".into(),
            partition: "aws".into(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
        };
        let parameters = BTreeMap::from([("mode".to_owned(), Some(value.to_owned()))]);
        let declared = Declared::default();
        let values = Values { parameters: &parameters, place: &place, declared: &declared };
        let file = SourceFile::new("scenario.yaml", text);
        let node = Node { span: Span { start: 0, len: text.len() }, value: Value::Text(text.to_owned()) };
        let mut diagnostics = Vec::new();
        let holds = Condition { node: &node, file: &file, values }.holds(&mut diagnostics);
        diagnostics.first().map_or(Ok(holds), |diagnostic| Err(diagnostic.id))
    }

    #[test]
    fn words_and_comparisons_are_all_there_is() {
        for (text, value, holds) in [
            ("true", "", true),
            (" false ", "", false),
            ("{{ mode }}", "true", true),
            ("{{mode}}", "false", false),
            ("{{ mode }} != off", "off", false),
            ("{{ mode }} != off", "on", true),
            ("{{ mode }}==off", "off", true),
            ("{{ region }} == us-east-1", "", true),
            ("off != {{ mode }}", "off", false),
            // The value is data, whatever it looks like.
            ("{{ mode }} == a", "a == a", false),
            ("a != {{ mode }}", "b == c", true),
        ] {
            assert_eq!(judged(text, value), Ok(holds), "{text} with {value}");
        }
        for (text, value, id) in [
            ("{{ mode }}", "off", "condition"),
            ("{{ mode }}", "a == a", "condition"),
            ("yes", "", "condition"),
            ("", "", "condition"),
            ("{{ mode }} !=", "off", "condition"),
            ("a == b == c", "", "condition"),
            ("{{ mode != 'off' }}", "off", "malformed-hole"),
            ("{{ mod }} == a", "", "unknown-hole"),
        ] {
            assert_eq!(judged(text, value), Err(id), "{text} with {value}");
        }
    }
}
