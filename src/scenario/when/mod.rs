//! `when:`, the key that any resource but the password policy may carry: `false` leaves the resource out of the
//! scenario. The password policy bears no mark, so that nobody could tell later whose it is. An environment variable of a function may carry it too, as `NAME: { value: …, when: … }`.
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

mod condition;
mod prune;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use self::condition::Condition;
pub(super) use self::prune::prune;
use super::holes::Values;
use super::node::{Entry, Node, Value};
use super::suggest::did_you_mean;
use crate::provision::Address;
use crate::provision::resources::{ACCOUNT, SECTIONS};
use crate::source::{Diagnostic, SourceFile};

/// The key.
const KEY: &str = "when";
/// The key that holds the value beside it, where a value stands otherwise alone.
const VALUE: &str = "value";

/// The kind that bears no mark of its owner.
const UNMARKED: &str = "password_policy";

/// Adds the key to what a schema of scenarios says of each kind. The types know nothing of it: it is gone before they
/// are read.
pub(super) fn declare(schema: &mut Json) {
    let property = json!({
        "description": "Whether the resource is in the scenario at all: `true`, `false`, or a comparison of texts as \
                        `\"{{ parameter }} != off\"`.",
        "type": ["boolean", "string"],
    });
    let variables = "/properties/environment/additionalProperties";
    for row in SECTIONS.iter().filter(|row| row.kind != UNMARKED) {
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
        match entry.value.entries().iter().find(|field| field.key == KEY) {
            Some(field) if address.kind == UNMARKED => judge.refuse(field),
            Some(field) if !judge.holds(&field.value) => drop(left_out.insert(address)),
            _ => {}
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
        Condition { node, file: self.file, values: self.values, diagnostics: self.diagnostics }.holds()
    }

    /// Reports a condition of the one thing that has to stay.
    fn refuse(&mut self, field: &Entry) {
        let message = "the password policy cannot be left out: AWS gives it no tag, so that a run could not tell \
                       whether it is the scenario's to take away";
        let help = "take `when` away, or put the password policy into a scenario of its own";
        let diagnostic = Diagnostic::new("condition", message).at(self.file, field.key_span);
        self.diagnostics.push(diagnostic.help(help));
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
            Some(kind @ UNMARKED) => f(section, Address::new(kind, ACCOUNT)),
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
