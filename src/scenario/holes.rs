//! Text holes: `{{ parameter }}`, `{{ account }}`, `{{ region }}`, `{{ partition }}` and
//! `{{ arn("topic.reports") }}`.
//!
//! That is the whole language, so it is read by hand: no statement, filter or expression can hide in a file.
//! `${…}`, which is IAM's and `CloudFormation`'s, is left alone, and so is `CloudFormation`'s `{{resolve:…}}`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::node::{Entry, Node, Value};
use super::suggest::did_you_mean;
use crate::provision::resources::SECTIONS;
use crate::provision::{Address, Place, arn};
use crate::source::{Diagnostic, SourceFile, Span};

/// Names that a parameter cannot have.
pub const RESERVED: &[&str] = &["account", "region", "partition", "arn"];

/// The resources a scenario declares, and those that their `when:` leaves out of it.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Kind → name → where.
    names: BTreeMap<&'static str, BTreeMap<String, Span>>,
    left_out: BTreeSet<Address>,
}

impl Declared {
    /// Collects the names under every section of a `resources:` block.
    pub fn of(resources: Option<&Node>) -> Self {
        let mut all: BTreeMap<&'static str, BTreeMap<String, Span>> = BTreeMap::new();
        for section in SECTIONS.iter().filter(|section| section.kind != "password_policy") {
            let entries = resources.and_then(|node| node.get(section.section)).map_or(&[][..], Node::entries);
            let names = entries.iter().map(|entry| (entry.key.clone(), entry.key_span)).collect();
            all.insert(section.kind, names);
        }
        Self { names: all, left_out: BTreeSet::new() }
    }

    /// Returns what is declared when some of it is left out.
    #[must_use]
    pub fn without(&self, left_out: &BTreeSet<Address>) -> Self {
        let mut names = self.names.clone();
        for address in left_out {
            if let Some(names) = names.get_mut(address.kind) {
                names.remove(&address.name);
            }
        }
        Self { names, left_out: left_out.clone() }
    }

    /// Returns what is left out.
    pub const fn left_out(&self) -> &BTreeSet<Address> {
        &self.left_out
    }

    /// Tells whether a resource of a kind is written in the scenario, and left out by its `when:`.
    pub fn is_left_out(&self, kind: &'static str, name: &str) -> bool {
        self.left_out.contains(&Address::new(kind, name))
    }

    /// Returns whether a resource is declared.
    pub fn contains(&self, address: &Address) -> bool {
        self.has(address.kind, &address.name)
    }

    /// Returns whether a resource of a kind is declared under a name.
    pub fn has(&self, kind: &str, name: &str) -> bool {
        self.names.get(kind).is_some_and(|names| names.contains_key(name))
    }

    /// Returns the names declared for a kind, sorted, with their places.
    pub fn names(&self, kind: &str) -> impl Iterator<Item = (&str, Span)> + Clone {
        self.names.get(kind).into_iter().flatten().map(|(name, span)| (name.as_str(), *span))
    }

    /// Returns the address of every declared resource.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        self.names.iter().flat_map(|(kind, names)| names.keys().map(|name| Address::new(kind, name.clone())))
    }
}

/// What holes can be filled with.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Effective values of the parameters. A parameter without value is reported where it is declared.
    pub parameters: &'a BTreeMap<String, Option<String>>,
    /// The account and region.
    pub place: &'a Place,
    /// What `arn(…)` may name.
    pub declared: &'a Declared,
}

/// A resource that a hole names, and where.
#[derive(Debug, Clone)]
pub struct Use {
    /// The resource.
    pub address: Address,
    /// The file of the hole.
    pub file: SourceFile,
    /// The place of the hole.
    pub span: Span,
}

/// Fills holes of one file and collects what it meets.
#[derive(Debug)]
pub struct Filler<'a> {
    /// What holes are filled with.
    pub values: Values<'a>,
    /// The file the texts come from.
    pub file: &'a SourceFile,
    /// The resources that holes named.
    pub uses: Vec<Use>,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Filler<'a> {
    /// Makes a filler for one file.
    pub fn new(values: Values<'a>, file: &'a SourceFile) -> Self {
        Self { values, file, uses: Vec::new(), diagnostics: Vec::new() }
    }

    /// Returns the tree with the holes of all its texts filled. Places stay what they were.
    pub fn node(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            Value::Text(text) if text.contains("{{") => {
                Value::Text(self.text(text, &|part| node.locate(self.file, part)))
            }
            Value::List(items) => Value::List(items.iter().map(|item| self.node(item)).collect()),
            Value::Map(entries) => Value::Map(entries.iter().map(|entry| self.entry(entry)).collect()),
            other => other.clone(),
        };
        Node { span: node.span, value }
    }

    fn entry(&mut self, entry: &Entry) -> Entry {
        if entry.key.contains("{{") {
            let diagnostic = Diagnostic::new("hole-in-key", "a key cannot hold a `{{ … }}` hole")
                .at(self.file, entry.key_span)
                .help("write the name out; holes are for values");
            self.diagnostics.push(diagnostic);
        }
        Entry { value: self.node(&entry.value), ..entry.clone() }
    }

    /// Returns a text with its holes filled; `locate` gives the place of a part of the text.
    pub fn text(&mut self, text: &str, locate: &dyn Fn(Range<usize>) -> Span) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut done = 0;
        for (range, hole) in holes(text) {
            filled.push_str(text.get(done..range.start).unwrap_or_default());
            done = range.end;
            let written = text.get(range.clone()).unwrap_or_default();
            match self.value(&hole) {
                Ok((value, address)) => {
                    filled.push_str(&value);
                    if let Some(address) = address {
                        let span = locate(range);
                        self.uses.push(Use { address, file: self.file.clone(), span });
                    }
                }
                Err((id, message, help)) => {
                    filled.push_str(written);
                    let diagnostic = Diagnostic::new(id, message).at(self.file, locate(range)).help(help);
                    self.diagnostics.push(diagnostic);
                }
            }
        }
        filled.push_str(text.get(done..).unwrap_or_default());
        filled
    }

    fn value(&self, hole: &Hole<'_>) -> Result<(String, Option<Address>), Mistake> {
        let Values { parameters, place, .. } = self.values;
        match hole {
            Hole::Name("account") => Ok((place.account.clone(), None)),
            Hole::Name("region") => Ok((place.region.clone(), None)),
            Hole::Name("partition") => Ok((place.partition.clone(), None)),
            Hole::Name(name) => match parameters.get(*name) {
                Some(Some(value)) => Ok((value.clone(), None)),
                // Reported once, where it is declared.
                Some(None) => Ok((format!("{{{{ {name} }}}}"), None)),
                None => {
                    let known = parameters.keys().map(String::as_str);
                    let known = known.chain(RESERVED.iter().copied().filter(|name| *name != "arn"));
                    let help = did_you_mean(name, "known names", known);
                    Err(("unknown-hole", format!("nothing is called `{name}` here"), help))
                }
            },
            Hole::Arn(written) => self.arn(written),
            Hole::Malformed(what) => Err((
                "malformed-hole",
                format!("a `{{{{ … }}}}` hole {what}"),
                "write `{{ name }}` or `{{ arn(\"kind.Name\") }}`".to_owned(),
            )),
        }
    }

    fn arn(&self, written: &str) -> Result<(String, Option<Address>), Mistake> {
        let Some(address) = Address::parse(written) else {
            let kinds = SECTIONS.iter().map(|section| section.kind);
            let kind = written.split('.').next().unwrap_or_default();
            let help = format!("write `kind.Name`; {}", did_you_mean(kind, "kinds", kinds));
            return Err(("unknown-resource", format!("`{written}` names no resource"), help));
        };
        if address.kind == "password_policy" || address.kind == "stack" {
            let help = "name a resource of another kind".to_owned();
            let why = if address.kind == "stack" { "holds an id that AWS picks" } else { "does not exist" };
            return Err(("no-arn", format!("the ARN of `{address}` {why}"), help));
        }
        if let Some(arn) =
            arn::arn(&address, self.values.place).filter(|_| self.values.declared.contains(&address))
        {
            return Ok((arn, Some(address)));
        }
        if self.values.declared.is_left_out(address.kind, &address.name) {
            return Err(left_out(&address));
        }
        let names = self.values.declared.names(address.kind).map(|(name, _)| name);
        let help = did_you_mean(&address.name, &format!("declared under `{}`", section(address.kind)), names);
        Err(("unknown-resource", format!("`{address}` is not declared in this scenario"), help))
    }
}

/// Returns the section of a scenario that holds a kind.
fn section(kind: &str) -> &'static str {
    SECTIONS.iter().find(|row| row.kind == kind).map_or("resources", |row| row.section)
}

/// Id, message and help.
pub(super) type Mistake = (&'static str, String, String);

/// Says that something is mentioned that is not in the scenario this time.
pub(super) fn left_out(address: &Address) -> Mistake {
    let message = format!("`{address}` is left out of the scenario by its `when`, and this needs it");
    ("left-out", message, "give what mentions it the same `when`".to_owned())
}

/// Returns the name in a text that is one hole and nothing else.
pub(super) fn only_name(text: &str) -> Option<&str> {
    let text = text.trim();
    match holes(text).as_slice() {
        [(range, Hole::Name(name))] if *range == (0..text.len()) => Some(name),
        _ => None,
    }
}

/// Returns where a text has a word of its own, outside of all holes.
pub(super) fn outside(text: &str, word: &str) -> Option<usize> {
    let holes = holes(text);
    text.match_indices(word).map(|(at, _)| at).find(|at| !holes.iter().any(|(range, _)| range.contains(at)))
}

/// What stands between `{{` and `}}`.
#[derive(Debug, PartialEq)]
enum Hole<'a> {
    Name(&'a str),
    Arn(&'a str),
    Malformed(&'static str),
}

/// Returns the holes of a text, in order.
fn holes(text: &str) -> Vec<(Range<usize>, Hole<'_>)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find("{{")).map(|at| from + at) {
        let inside = text.get(start + 2..).unwrap_or_default();
        let Some(len) = inside.find("}}") else {
            let end =
                start + text.get(start..).and_then(|rest| rest.find('\n')).unwrap_or(text.len() - start);
            found.push((start..end, Hole::Malformed("is not closed by `}}`")));
            break;
        };
        let inside = inside.get(..len).unwrap_or_default();
        let end = start + len + 4;
        if !inside.starts_with("resolve:") {
            found.push((start..end, hole(inside.trim())));
        }
        from = end;
    }
    found
}

fn hole(inside: &str) -> Hole<'_> {
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    if inside == "arn" {
        return Hole::Malformed("with `arn` needs the resource: `arn(\"kind.Name\")`");
    }
    if is_name(inside) {
        return Hole::Name(inside);
    }
    let argument = inside
        .strip_prefix("arn")
        .and_then(|rest| rest.trim_start().strip_prefix('('))
        .and_then(|rest| rest.strip_suffix(')'))
        .map(str::trim);
    let Some(argument) = argument else {
        return Hole::Malformed(if inside.is_empty() { "is empty" } else { "holds more than a name" });
    };
    let quoted = ['"', '\''].into_iter().find_map(|q| argument.strip_prefix(q)?.strip_suffix(q));
    match quoted {
        Some(name) if !name.contains(['"', '\'']) => Hole::Arn(name),
        _ => Hole::Malformed("with `arn` needs one name in quotes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_forms_are_holes() {
        let kinds = |text| holes(text).into_iter().map(|(_, hole)| hole).collect::<Vec<_>>();
        assert_eq!(kinds("a {{ x }} {{y}}"), [Hole::Name("x"), Hole::Name("y")]);
        assert_eq!(
            kinds("{{ arn('topic.t') }}{{arn( \"role.R\" )}}"),
            [Hole::Arn("topic.t"), Hole::Arn("role.R")]
        );
        assert_eq!(kinds("${aws:username} {% if %} {# c #} }} {x} {{resolve:ssm:x}}"), []);
        assert!(matches!(
            kinds("{{ x | upper }}{{}}{{ arn }}{{ arn(x) }}{{ open")[..],
            [
                Hole::Malformed(_),
                Hole::Malformed(_),
                Hole::Malformed(_),
                Hole::Malformed(_),
                Hole::Malformed(_)
            ]
        ));
    }
}
