//! Evaluated properties, and the input of a call that is made from them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::sandbox::services::cloudformation::parameters::scalar;

/// The evaluated properties of one resource.
pub(in super::super) struct Properties(Map<String, Value>);

impl From<&Map<String, Value>> for Properties {
    fn from(properties: &Map<String, Value>) -> Self {
        Self(properties.clone())
    }
}

impl From<&Value> for Properties {
    fn from(properties: &Value) -> Self {
        Self(properties.as_object().cloned().unwrap_or_default())
    }
}

impl Properties {
    /// The names of the properties that are set.
    pub(in super::super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A property as it is.
    pub(in super::super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A property as text.
    pub(in super::super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(scalar)
    }

    /// A list of texts; one text counts as a list of one.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(scalar).collect(),
            Some(one) => scalar(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// A list of objects.
    pub(super) fn items(&self, name: &str) -> Vec<Self> {
        self.0
            .get(name)
            .and_then(Value::as_array)
            .map(|items| items.iter().map(Self::from).collect())
            .unwrap_or_default()
    }

    /// A nested object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name).filter(|value| value.is_object()).map(Self::from)
    }

    /// A document, as the text services take: a text as it is, anything else as JSON.
    pub(super) fn document(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// The tags, whichever of the two forms `CloudFormation` has for them is used.
    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        self.items("Tags")
            .iter()
            .filter_map(|tag| Some((tag.text("Key")?, tag.text("Value").unwrap_or_default())))
            .collect()
    }

    /// Says whether a property differs.
    pub(super) fn differs(&self, other: &Self, name: &str) -> bool {
        self.0.get(name) != other.0.get(name)
    }
}

/// The input of a call to another service.
#[derive(Default)]
pub(in super::super) struct Input(Map<String, Value>);

impl Input {
    /// Sets a member.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a member if there is a value.
    pub(super) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Sets a list of tags, in the form most services take, unless it is empty.
    pub(super) fn tags(self, tags: &BTreeMap<String, String>) -> Self {
        if tags.is_empty() { self } else { self.with("Tags", tag_list(tags)) }
    }
}

impl From<Input> for Value {
    fn from(input: Input) -> Self {
        Self::Object(input.0)
    }
}

/// Tags as a list of keys and values.
pub(in super::super) fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| serde_json::json!({"Key": key, "Value": value})).collect()
}

/// What must be set and what must be taken away to get from one set of tags to another.
pub(super) fn tag_changes(
    before: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let set = wanted
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(*value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let gone = before.keys().filter(|key| !wanted.contains_key(*key)).cloned().collect();
    (set, gone)
}
