//! What refers to what: unresolved references, the order of work, and cycles.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Invalid;
use super::intrinsics::{Piece, attribute_of, call, pieces};

/// One mention of something else in the template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    /// The logical id, or the parameter's name.
    pub id: String,
    /// The attribute, for `Fn::GetAtt` and `${id.attribute}`.
    pub attribute: Option<String>,
}

/// The names that stand in for logical ids in one dependency graph.
pub(super) type Dependencies = BTreeMap<String, BTreeSet<String>>;

/// Collects every reference of an expression. With `conditions`, only the branch a `Fn::If` takes counts.
pub(super) fn references(
    value: &Value,
    conditions: Option<&BTreeMap<String, bool>>,
) -> Result<BTreeSet<Reference>, Invalid> {
    let mut found = BTreeSet::new();
    collect(value, conditions, &mut found)?;
    Ok(found)
}

fn collect(
    value: &Value,
    conditions: Option<&BTreeMap<String, bool>>,
    found: &mut BTreeSet<Reference>,
) -> Result<(), Invalid> {
    let mut add = |id: &str, attribute: Option<&str>| {
        if !id.starts_with("AWS::") {
            found.insert(Reference { id: id.to_owned(), attribute: attribute.map(str::to_owned) });
        }
    };
    match call(value) {
        Some(("Ref", target)) => {
            add(target.as_str().unwrap_or_default(), None);
            return Ok(());
        }
        Some(("Fn::GetAtt", argument)) => {
            let (id, attribute) = attribute_of(argument)?;
            add(id, Some(attribute));
            return Ok(());
        }
        Some(("Fn::Sub", argument)) => {
            let (text, own) = match argument.as_array().map(Vec::as_slice) {
                Some([Value::String(text), own]) => (text.as_str(), own.as_object()),
                _ => (argument.as_str().unwrap_or_default(), None),
            };
            for piece in pieces(text) {
                if let Piece::Hole(name) = piece
                    && own.is_none_or(|own| !own.contains_key(name))
                {
                    match name.split_once('.') {
                        Some((id, attribute)) => add(id, Some(attribute)),
                        None => add(name, None),
                    }
                }
            }
            for value in own.into_iter().flat_map(|own| own.values()) {
                collect(value, conditions, found)?;
            }
            return Ok(());
        }
        Some(("Fn::If", argument)) => {
            if let (Some(conditions), Some([name, yes, no])) =
                (conditions, argument.as_array().map(Vec::as_slice))
                && let Some(holds) = name.as_str().and_then(|name| conditions.get(name))
            {
                return collect(if *holds { yes } else { no }, Some(conditions), found);
            }
        }
        _ => {}
    }
    match value {
        Value::Object(members) => members.values().try_for_each(|member| collect(member, conditions, found)),
        Value::Array(items) => items.iter().try_for_each(|item| collect(item, conditions, found)),
        _ => Ok(()),
    }
}

/// Refuses references to what is neither a resource nor a parameter.
pub(super) fn refuse_unresolved(
    references: &BTreeSet<Reference>,
    known: impl Fn(&str) -> bool,
    block: &str,
) -> Result<(), Invalid> {
    let unknown = |reference: &&Reference| !known(&reference.id);
    let names: BTreeSet<&str> = references
        .iter()
        .filter(|reference| reference.attribute.is_none())
        .filter(unknown)
        .map(|reference| reference.id.as_str())
        .collect();
    if !names.is_empty() {
        let names: Vec<&str> = names.into_iter().collect();
        return Err(Invalid::new(format!(
            "Template format error: Unresolved resource dependencies [{}] in the {block} block of the template",
            names.join(", ")
        )));
    }
    match references.iter().find(unknown) {
        None => Ok(()),
        Some(reference) => Err(Invalid::new(format!(
            "Template error: instance of Fn::GetAtt references undefined resource {}",
            reference.id
        ))),
    }
}

/// Puts every name after the names it depends on, otherwise by name. Names that are not keys are ignored.
pub(super) fn order(dependencies: &Dependencies) -> Result<Vec<String>, Invalid> {
    let mut left: Dependencies = dependencies
        .iter()
        .map(|(id, needs)| {
            (id.clone(), needs.iter().filter(|need| dependencies.contains_key(*need)).cloned().collect())
        })
        .collect();
    let mut sorted = Vec::new();
    while let Some(id) = left.iter().find(|(_, needs)| needs.is_empty()).map(|(id, _)| id.clone()) {
        left.remove(&id);
        for needs in left.values_mut() {
            needs.remove(&id);
        }
        sorted.push(id);
    }
    trim(&mut left);
    if left.is_empty() {
        Ok(sorted)
    } else {
        let cycle: Vec<&str> = left.keys().map(String::as_str).collect();
        Err(Invalid::new(format!("Circular dependency between resources: [{}]", cycle.join(", "))))
    }
}

/// Takes away what only waits for a cycle without being part of one.
fn trim(left: &mut Dependencies) {
    loop {
        let needed: BTreeSet<String> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|id, _| needed.contains(id));
        if left.len() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> Dependencies {
        edges
            .iter()
            .map(|(id, needs)| ((*id).to_owned(), needs.iter().map(|need| (*need).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn what_is_needed_comes_first() {
        let order = order(&graph(&[("A", &["C"]), ("B", &[]), ("C", &["B", "gone"])])).unwrap();
        assert_eq!(order, ["B", "C", "A"]);
    }

    #[test]
    fn a_cycle_is_named_without_its_bystanders() {
        let error = order(&graph(&[("A", &["B"]), ("B", &["A"]), ("Waits", &["A"])])).unwrap_err();
        assert_eq!(error.to_string(), "Circular dependency between resources: [A, B]");
    }

    #[test]
    fn references_hide_in_every_function() {
        let value = json!({
            "a": {"Fn::Sub": ["${Own}${Topic.Arn}${AWS::Region}${!Not}${Param}", {"Own": {"Ref": "Role"}}]},
            "b": {"Fn::If": ["Yes", {"Fn::GetAtt": "F.Arn"}, {"Ref": "Unused"}]},
        });
        let conditions = BTreeMap::from([("Yes".to_owned(), true)]);
        let found = references(&value, Some(&conditions)).unwrap();
        let names: Vec<&str> = found.iter().map(|reference| reference.id.as_str()).collect();
        assert_eq!(names, ["F", "Param", "Role", "Topic"]);
        assert!(references(&value, None).unwrap().iter().any(|reference| reference.id == "Unused"));
    }
}
