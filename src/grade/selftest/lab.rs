//! [`Lab`]: the resources of the reference as JSON, and what is done to all of them alike: take one away, give it
//! another name, see which need which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind};
use crate::provision::resources::{Resources, SECTIONS};
use crate::provision::{Address, Place, arn, package};
use crate::scenario::{Edges, Resolved};

/// The reference.
#[derive(Debug)]
pub(super) struct Lab {
    scenario: Resolved,
    resources: Value,
}

/// What stands for a name somewhere in a specification.
enum Seen {
    Stays,
    Goes,
    Becomes(String),
}

impl Lab {
    /// Takes it from a scenario; the sources of its functions are read.
    pub(super) fn of(scenario: Resolved) -> Result<Self, Error> {
        let odd = |error: serde_json::Error| {
            Error::new(ErrorKind::Internal, "the reference cannot be written").caused_by(error)
        };
        let mut resources = serde_json::to_value(&scenario.resources).map_err(odd)?;
        let functions = resources.get_mut("functions").and_then(Value::as_object_mut);
        for (name, spec) in functions.into_iter().flatten() {
            let Some(Value::String(folder)) = spec.get("source") else { continue };
            let path = scenario.file_path(folder);
            let sources = package::sources(&path).map_err(|error| {
                Error::input(format!("the source of `{name}` cannot be read")).caused_by(error)
            })?;
            set(spec, &["source"], Some(json!(sources)));
        }
        Ok(Self { scenario, resources })
    }

    /// Returns where the reference lands.
    pub(super) const fn place(&self) -> &Place {
        &self.scenario.place
    }

    /// Lists the resources in the order of the scenario's sections.
    pub(super) fn all(&self) -> impl Iterator<Item = (Address, &Value)> {
        all(&self.resources)
    }

    /// Lists the names of a kind.
    pub(super) fn names(&self, kind: &'static str) -> Vec<String> {
        self.all().filter(|(address, _)| address.kind == kind).map(|(address, _)| address.name).collect()
    }

    /// Returns the resources of the reference.
    pub(super) const fn resources(&self) -> &Value {
        &self.resources
    }

    /// Returns a resource of the reference.
    pub(super) fn spec(&self, address: &Address) -> Option<&Value> {
        self.resources.get(section(address.kind)?)?.get(&address.name)
    }

    /// Returns the ARN of a resource of the reference.
    pub(super) fn arn(&self, address: &Address) -> String {
        arn::arn(address, self.place()).unwrap_or_default()
    }

    /// Returns the resources with another specification of one of them, or with one more.
    pub(super) fn with(&self, address: &Address, spec: Value) -> Value {
        let mut resources = self.resources.clone();
        if let Some(section) = section(address.kind) {
            set(&mut resources, &[section, &address.name], Some(spec));
        }
        resources
    }

    /// Returns the resources without one of them, and without what cannot be without it.
    pub(super) fn without(&self, address: &Address) -> (Value, Vec<Address>) {
        let mut resources = self.resources.clone();
        let mut gone = vec![address.clone()];
        let mut index = 0;
        while let Some(now) = gone.get(index).cloned() {
            if let Some(of_kind) = section(now.kind)
                .and_then(|section| resources.get_mut(section))
                .and_then(Value::as_object_mut)
            {
                of_kind.shift_remove(&now.name);
            }
            let names: Vec<Address> = all(&resources).map(|(address, _)| address).collect();
            for other in names {
                let Some(spec) = spec_mut(&mut resources, &other) else { continue };
                let mut orphan = false;
                let target = |kind: &str, name: &str| {
                    if kind == now.kind && name == now.name { Seen::Goes } else { Seen::Stays }
                };
                walk(spec, None, &target, &mut orphan);
                fill_trust(spec);
                if orphan && !gone.contains(&other) {
                    gone.push(other);
                }
            }
            index += 1;
        }
        (resources, gone)
    }

    /// Returns the resources with another name for one of them, wherever it is named.
    pub(super) fn renamed(&self, address: &Address, name: &str) -> Value {
        let renamed = Address::new(address.kind, name);
        let mut resources = Value::Object(Map::new());
        for (old, spec) in self.all() {
            let mut spec = spec.clone();
            let target = |kind: &str, found: &str| {
                if kind == address.kind && found == address.name {
                    Seen::Becomes(name.to_owned())
                } else {
                    Seen::Stays
                }
            };
            walk(&mut spec, None, &target, &mut false);
            if let (Some(before), Some(after)) =
                (arn::arn(address, self.place()), arn::arn(&renamed, self.place()))
            {
                replace_arn(&mut spec, &before, &after);
            }
            let kept = if old == *address { &renamed } else { &old };
            if let Some(section) = section(kept.kind) {
                set(&mut resources, &[section, &kept.name], Some(spec));
            }
        }
        resources
    }

    /// Makes a scenario of resources.
    pub(super) fn scenario(&self, resources: &Value) -> Result<Resolved, String> {
        let typed: Resources =
            serde_json::from_value(resources.clone()).map_err(|error| error.to_string())?;
        let (edges, trust) = self.edges(resources);
        let mut scenario = self.scenario.clone();
        scenario.resources = typed;
        scenario.edges = edges;
        scenario.trust = trust;
        scenario.expect.clear();
        Ok(scenario)
    }

    /// Finds which resources need which: by name, and by the ARNs that stand in documents and variables.
    fn edges(&self, resources: &Value) -> (Edges, Edges) {
        let arns: BTreeMap<Address, String> = all(resources)
            .filter_map(|(address, _)| Some((address.clone(), arn::arn(&address, self.place())?)))
            .collect();
        let (mut edges, mut trusts) = (Edges::new(), Edges::new());
        for (address, spec) in all(resources) {
            let mut spec = spec.clone();
            let trust = spec.as_object_mut().and_then(|fields| fields.shift_remove("trust"));
            edges.insert(address.clone(), needs(&address, &mut spec, &arns));
            if let Some(mut trust) = trust {
                trusts.insert(address.clone(), needs(&address, &mut trust, &arns));
            }
        }
        (edges, trusts)
    }
}

/// Lists what a part of a specification names.
fn needs(address: &Address, part: &mut Value, arns: &BTreeMap<Address, String>) -> BTreeSet<Address> {
    let text = part.to_string();
    let by_arn = arns.iter().filter(|(_, arn)| holds(&text, arn)).map(|(other, _)| other.clone());
    let mut found: BTreeSet<Address> = by_arn.collect();
    let named = std::cell::RefCell::new(Vec::new());
    let note = |kind: &'static str, name: &str| {
        named.borrow_mut().push(Address::new(kind, name));
        Seen::Stays
    };
    walk(part, None, &note, &mut false);
    found.extend(named.into_inner().into_iter().filter(|other| arns.contains_key(other)));
    found.remove(address);
    found
}

/// Returns the section of a kind.
pub(super) fn section(kind: &str) -> Option<&'static str> {
    SECTIONS.iter().find(|row| row.kind == kind).map(|row| row.section)
}

/// Lists resources in the order of the sections. The password policy, which has no name, is not among them.
fn all(resources: &Value) -> impl Iterator<Item = (Address, &Value)> {
    let named = SECTIONS.iter().filter(|row| row.section != "password_policy");
    named.flat_map(|row| {
        let section = resources.get(row.section).and_then(Value::as_object);
        let entries = section.into_iter().flatten();
        entries.map(|(name, spec)| (Address::new(row.kind, name), spec))
    })
}

fn spec_mut<'a>(resources: &'a mut Value, address: &Address) -> Option<&'a mut Value> {
    resources.get_mut(section(address.kind)?)?.get_mut(&address.name)
}

/// Returns the kind of what a property names.
fn named(property: &str) -> Option<&'static str> {
    Some(match property {
        "policies" | "permissions_boundary" => "policy",
        "members" | "users" => "user",
        "role" | "roles" => "role",
        "function" => "function",
        _ => return None,
    })
}

/// Goes through all names of other resources in a specification. `orphan` becomes true when one goes that it cannot be
/// without.
fn walk(
    value: &mut Value,
    kind: Option<&'static str>,
    see: &impl Fn(&'static str, &str) -> Seen,
    orphan: &mut bool,
) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                // Documents and variables hold ARNs, sources hold neither.
                if !matches!(key.as_str(), "document" | "inline_policies" | "environment" | "source") {
                    walk(field, named(key), see, orphan);
                }
            }
        }
        Value::Array(items) => {
            let Some(kind) = kind else { return };
            items.retain_mut(|item| match item.as_str().map(|name| see(kind, name)) {
                Some(Seen::Goes) => false,
                Some(Seen::Becomes(name)) => {
                    *item = Value::String(name);
                    true
                }
                _ => true,
            });
        }
        Value::String(name) => match kind.map(|kind| see(kind, name)) {
            Some(Seen::Goes) => *orphan = true,
            Some(Seen::Becomes(other)) => *name = other,
            _ => {}
        },
        _ => {}
    }
}

/// Gives a role whose trust policy has lost everybody the one that nobody of the account can use: AWS has no role
/// without.
pub(super) fn fill_trust(spec: &mut Value) {
    let Some(trust) = spec.get_mut("trust").and_then(Value::as_object_mut) else { return };
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    trust.retain(|_, value| !is_empty(value));
    if trust.keys().all(|key| key == "external_id") {
        trust.insert("services".to_owned(), json!(["ec2.amazonaws.com"]));
    }
}

/// Replaces an ARN in all texts.
fn replace_arn(value: &mut Value, before: &str, after: &str) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| replace_arn(field, before, after)),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_arn(item, before, after)),
        Value::String(text) if holds(text, before) => *text = text.replace(before, after),
        _ => {}
    }
}

/// Tells whether a text holds a name that does not go on.
fn holds(text: &str, name: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    text.match_indices(name).any(|(at, _)| !text.get(at + name.len()..).is_some_and(goes_on))
}

/// Sets or removes what stands at a path; what leads there is made.
pub(super) fn set(value: &mut Value, path: &[&str], to: Option<Value>) {
    let Some((first, rest)) = path.split_first() else { return };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Some(fields) = value.as_object_mut() else { return };
    match (rest.is_empty(), to) {
        (true, Some(to)) => drop(fields.insert((*first).to_owned(), to)),
        (true, None) => drop(fields.shift_remove(*first)),
        (false, to) => set(fields.entry((*first).to_owned()).or_insert(Value::Null), rest, to),
    }
}

/// Returns what stands at a path.
pub(super) fn get<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(*key))
}
