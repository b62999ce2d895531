//! What a check looks at: the file, its tree with the holes filled, and what it declares.

use super::files::Folder;
use super::holes::Declared;
use super::node::{Entry, Node};
use crate::provision::resources::SECTIONS;
use crate::provision::{Address, Place};
use crate::source::{Diagnostic, SourceFile, Span};

/// A scenario under examination.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The scenario file.
    pub file: &'a SourceFile,
    /// Its tree, holes filled.
    pub root: &'a Node,
    /// The resources it declares, also those with mistakes in them.
    pub declared: &'a Declared,
    /// Where it would land.
    pub place: &'a Place,
    /// Its folder and project.
    pub folder: &'a Folder,
}

impl<'a> Scene<'a> {
    /// Returns the place of the file's outermost mapping.
    pub fn top(&self) -> At<'a> {
        At { node: Some(self.root), span: Span { len: 0, ..self.root.span }, key: None }
    }

    /// Returns the place of a resource.
    pub fn resource(&self, address: &Address) -> At<'a> {
        let section = SECTIONS.iter().find(|row| row.kind == address.kind).map_or("", |row| row.section);
        self.top().key("resources").key(section).key(&address.name)
    }

    /// Starts a diagnostic at a place of the scenario file.
    pub fn mistake(&self, id: &'static str, at: At<'_>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(id, message).at(self.file, at.span)
    }
}

/// A place in a tree, found by keys and positions. A step into what is not there stays at the last place that is.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The value, when it is there.
    pub node: Option<&'a Node>,
    /// The value's place.
    pub span: Span,
    key: Option<Span>,
}

impl<'a> At<'a> {
    /// Makes a place from a node.
    pub const fn of(node: &'a Node) -> Self {
        Self { node: Some(node), span: node.span, key: None }
    }

    /// Steps to the value of a key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        match self.node.and_then(|node| node.entry(key)) {
            Some(Entry { key_span, value, .. }) => {
                Self { node: Some(value), span: value.span, key: Some(*key_span) }
            }
            None => Self { node: None, ..self },
        }
    }

    /// Steps to an item of a list.
    #[must_use]
    pub fn item(self, index: usize) -> Self {
        match self.node.and_then(|node| node.items().get(index)) {
            Some(node) => Self { node: Some(node), span: node.span, key: None },
            None => Self { node: None, ..self },
        }
    }

    /// Returns the place of the key that leads here, which is shorter to point at than a mapping.
    #[must_use]
    pub fn name(self) -> Self {
        Self { span: self.key.unwrap_or(self.span), ..self }
    }
}
