//! What a template would change in a stack, in the shape of a change set's `Changes`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Invalid;
use super::blueprint::Blueprint;
use super::evaluation::{Present, evaluate};
use super::intrinsics::Lookup;
use super::parameters::Parameters;
use super::resources::{self, Change, Kind};
use super::state::{Deployed, Stack};
use super::template::Policy;

/// What `CloudFormation` shows for a value nobody knows before the resource exists.
const UNKNOWN: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// The names of the properties that differ.
pub(super) fn changed(before: &Map<String, Value>, after: &Map<String, Value>) -> BTreeSet<String> {
    before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// How far a resource changes, for those that refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// It is made, or may be made anew: nothing about it is known.
    New,
    /// It stays, but its attributes may change.
    InPlace,
}

/// References during a diff: what is made anew has no value yet.
struct Foreseen<'a> {
    present: Present<'a>,
    extents: &'a BTreeMap<String, Extent>,
}

impl Lookup for Foreseen<'_> {
    fn get(&self, id: &str, attribute: Option<&str>) -> Result<Value, Invalid> {
        match self.extents.get(id) {
            Some(Extent::New) => Ok(UNKNOWN.into()),
            _ => self.present.get(id, attribute),
        }
    }
}

/// Lists the changes: what is added or modified in the order of work, then what is removed.
pub(super) fn changes(stack: &Stack, blueprint: &Blueprint) -> Result<Vec<Value>, Invalid> {
    refuse_new_types(stack, blueprint)?;
    let mut extents = BTreeMap::new();
    let mut found = Vec::new();
    for id in &blueprint.order {
        let Some(definition) = blueprint.definition(id) else { continue };
        match stack.resources.get(id).filter(|made| made.is_live()) {
            None => {
                extents.insert(id.clone(), Extent::New);
                found.push(json!({
                    "Type": "Resource",
                    "ResourceChange": {
                        "Action": "Add",
                        "LogicalResourceId": id,
                        "ResourceType": definition.kind,
                        "Scope": { "member": [] },
                        "Details": { "member": [] },
                    },
                }));
            }
            Some(before) => {
                let modification = Modification::new(stack, blueprint, id, before, &extents)?;
                if !modification.details.is_empty() {
                    let replacement = modification.replacement();
                    let extent = if replacement == "False" { Extent::InPlace } else { Extent::New };
                    extents.insert(id.clone(), extent);
                    found.push(modification.change(id, before, replacement));
                }
            }
        }
    }
    let gone =
        stack.resources.iter().filter(|(id, made)| made.is_live() && blueprint.definition(id).is_none());
    found.extend(gone.map(|(id, made)| {
        json!({
            "Type": "Resource",
            "ResourceChange": {
                "Action": "Remove",
                "LogicalResourceId": id,
                "PhysicalResourceId": made.physical.id,
                "ResourceType": made.kind,
                "PolicyAction": if made.deletion_policy == Policy::Delete { "Delete" } else { "Retain" },
                "Scope": { "member": [] },
                "Details": { "member": [] },
            },
        })
    }));
    Ok(found)
}

fn refuse_new_types(stack: &Stack, blueprint: &Blueprint) -> Result<(), Invalid> {
    let retyped: Vec<&str> = stack
        .resources
        .iter()
        .filter(|(id, made)| {
            made.is_live() && blueprint.definition(id).is_some_and(|new| new.kind != made.kind)
        })
        .map(|(id, _)| id.as_str())
        .collect();
    if retyped.is_empty() {
        return Ok(());
    }
    Err(Invalid::new(format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following \
         resources: [{}]",
        retyped.join(", ")
    )))
}

/// One reason why a resource is modified.
struct Detail {
    attribute: &'static str,
    property: Option<String>,
    recreation: &'static str,
    evaluation: &'static str,
    source: &'static str,
    entity: Option<String>,
}

impl Detail {
    fn json(&self) -> Value {
        let mut target = json!({"Attribute": self.attribute, "RequiresRecreation": self.recreation});
        if let (Some(name), Some(target)) = (&self.property, target.as_object_mut()) {
            target.insert("Name".to_owned(), name.as_str().into());
        }
        let mut detail =
            json!({"Target": target, "Evaluation": self.evaluation, "ChangeSource": self.source});
        if let (Some(entity), Some(detail)) = (&self.entity, detail.as_object_mut()) {
            detail.insert("CausingEntity".to_owned(), entity.as_str().into());
        }
        detail
    }
}

/// Everything that is different about one resource.
struct Modification {
    details: Vec<Detail>,
}

impl Modification {
    fn new(
        stack: &Stack,
        blueprint: &Blueprint,
        id: &str,
        before: &Deployed,
        extents: &BTreeMap<String, Extent>,
    ) -> Result<Self, Invalid> {
        let foreseen = Foreseen { present: Present(&stack.resources), extents };
        // An attribute that does not exist is found out when the resource is updated, not before.
        let after = match evaluate(blueprint, id, &foreseen) {
            Ok(evaluated) => evaluated.properties,
            Err(invalid) if invalid.to_string().starts_with("Requested attribute") => {
                before.properties.clone()
            }
            Err(invalid) => return Err(invalid),
        };
        let definition = blueprint.definition(id).cloned().unwrap_or_default();
        let kind = resources::kind(&definition.kind);
        let mut details = Vec::new();
        let names: BTreeSet<&String> = before.properties.keys().chain(after.keys()).collect();
        for name in names {
            let differs = before.properties.get(name) != after.get(name);
            let (old, new) = (before.raw.get(name), definition.properties.get(name));
            let recreation = recreation(kind, name);
            let detail = |evaluation, source, entity| Detail {
                attribute: if name == "Tags" { "Tags" } else { "Properties" },
                property: (name != "Tags").then(|| name.clone()),
                recreation,
                evaluation,
                source,
                entity,
            };
            let caused = causes(blueprint, new, &stack.parameters, extents);
            if old != new {
                if differs {
                    details.push(detail("Static", "DirectModification", None));
                }
                continue;
            }
            for cause in &caused {
                match cause {
                    Cause::Parameter(entity) if differs => {
                        details.push(detail("Static", "ParameterReference", Some(entity.clone())));
                        details.push(detail("Dynamic", "DirectModification", None));
                    }
                    Cause::Parameter(_) => {}
                    Cause::Resource(entity) => {
                        details.push(detail("Dynamic", "ResourceReference", Some(entity.clone())));
                    }
                    Cause::Attribute(entity) => {
                        details.push(detail("Dynamic", "ResourceAttribute", Some(entity.clone())));
                    }
                }
            }
            if differs && caused.is_empty() {
                // The same words mean something else now: a condition, a mapping, or the stack's tags.
                details.push(detail("Static", "DirectModification", None));
            }
        }
        let attributes = [
            ("Metadata", before.metadata != definition.metadata),
            ("DeletionPolicy", before.deletion_policy != definition.deletion_policy),
            ("UpdateReplacePolicy", before.update_replace_policy != definition.update_replace_policy),
        ];
        details.extend(attributes.into_iter().filter(|(_, differs)| *differs).map(|(attribute, _)| Detail {
            attribute,
            property: None,
            recreation: "Never",
            evaluation: "Static",
            source: "DirectModification",
            entity: None,
        }));
        Ok(Self { details })
    }

    fn replacement(&self) -> &'static str {
        let always = |evaluation: &str| {
            self.details.iter().any(|detail| detail.recreation == "Always" && detail.evaluation == evaluation)
        };
        if always("Static") {
            "True"
        } else if always("Dynamic") {
            "Conditional"
        } else {
            "False"
        }
    }

    fn change(&self, id: &str, before: &Deployed, replacement: &str) -> Value {
        let scope: BTreeSet<&str> = self.details.iter().map(|detail| detail.attribute).collect();
        let mut change = json!({
            "Action": "Modify",
            "LogicalResourceId": id,
            "PhysicalResourceId": before.physical.id,
            "ResourceType": before.kind,
            "Replacement": replacement,
            "Scope": { "member": scope },
            "Details": { "member": self.details.iter().map(Detail::json).collect::<Vec<_>>() },
        });
        if replacement != "False"
            && let Some(change) = change.as_object_mut()
        {
            let retain = before.update_replace_policy != Policy::Delete;
            let action = if retain { "ReplaceAndRetain" } else { "ReplaceAndDelete" };
            change.insert("PolicyAction".to_owned(), action.into());
        }
        json!({"Type": "Resource", "ResourceChange": change})
    }
}

fn recreation(kind: Option<&dyn Kind>, property: &str) -> &'static str {
    match kind.map(|kind| resources::change(kind, property)) {
        Some(Change::Replaces) => "Always",
        _ => "Never",
    }
}

enum Cause {
    Parameter(String),
    Resource(String),
    Attribute(String),
}

/// What an unchanged expression depends on that did change.
fn causes(
    blueprint: &Blueprint,
    expression: Option<&Value>,
    before: &Parameters,
    extents: &BTreeMap<String, Extent>,
) -> Vec<Cause> {
    let Some(expression) = expression else { return Vec::new() };
    blueprint
        .references(expression)
        .into_iter()
        .filter_map(|reference| {
            let id = reference.id;
            if let Some(parameter) = blueprint.parameters.get(&id) {
                let same = before.get(&id).is_some_and(|before| before.value == parameter.value);
                return (!same).then_some(Cause::Parameter(id));
            }
            match (extents.get(&id)?, reference.attribute) {
                (_, Some(attribute)) => Some(Cause::Attribute(format!("{id}.{attribute}"))),
                (Extent::New, None) => Some(Cause::Resource(id)),
                (Extent::InPlace, None) => None,
            }
        })
        .collect()
}
