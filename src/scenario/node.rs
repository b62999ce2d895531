//! A document as a tree in which every key and value knows where it is written.

use std::ops::Deref;

use serde_json::{Map, Number, Value as Json};

use crate::source::{SourceFile, Span};

/// A value of a YAML document and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it is written.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Anything else that is written as one piece.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Entries),
}

/// The entries of a mapping, in the order of the file, found by key without going through all of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entries {
    list: Vec<Entry>,
    /// Positions in `list`, by key.
    sorted: Vec<usize>,
}

impl FromIterator<Entry> for Entries {
    /// INVARIANT: keys differ; the reader refuses duplicates.
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let list: Vec<Entry> = entries.into_iter().collect();
        let mut sorted: Vec<usize> = (0..list.len()).collect();
        sorted.sort_by_key(|at| list.get(*at).map(|entry| entry.key.as_str()));
        Self { list, sorted }
    }
}

impl Deref for Entries {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.list
    }
}

impl Entries {
    fn find(&self, key: &str) -> Option<&Entry> {
        let at = self
            .sorted
            .binary_search_by_key(&Some(key), |at| self.list.get(*at).map(|entry| entry.key.as_str()));
        self.list.get(*self.sorted.get(at.ok()?)?)
    }
}

/// A key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is written.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Returns the value as JSON.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(value) => Json::Number(value.clone()),
            Value::Text(value) => Json::String(value.clone()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => Json::Object(
                entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// Makes a tree from JSON when no places are known: everything is at `span`.
    pub fn from_json(json: &Json, span: Span) -> Self {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(value) => Value::Number(value.clone()),
            Json::String(value) => Value::Text(value.clone()),
            Json::Array(items) => Value::List(items.iter().map(|item| Self::from_json(item, span)).collect()),
            Json::Object(map) => Value::Map(
                map.iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        key_span: span,
                        value: Self::from_json(value, span),
                    })
                    .collect(),
            ),
        };
        Self { span, value }
    }

    /// Returns the entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a sequence; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the entry of a mapping by its key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.find(key),
            _ => None,
        }
    }

    /// Returns the value of a mapping's key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the text of a text node.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the place in `file` of a part of this node's text. Escapes and folded lines move things about, so
    /// the part is looked for as written; when it is not found, the place is the whole node.
    pub fn locate(&self, file: &SourceFile, part: std::ops::Range<usize>) -> Span {
        let Some(text) = self.text() else { return self.span };
        let (Some(before), Some(wanted)) = (text.get(..part.start), text.get(part)) else { return self.span };
        if wanted.is_empty() {
            return self.span;
        }
        let nth = before.matches(wanted).count();
        match file.slice(self.span).match_indices(wanted).nth(nth) {
            Some((at, found)) => Span { start: self.span.start + at, len: found.len() },
            None => self.span,
        }
    }
}
