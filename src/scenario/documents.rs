//! Policy documents and templates: read, holes filled, looked at.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::files::{PathMistake, TextMistake, not_utf8, read_text};
use super::holes::{Filler, Use, Values};
use super::node::Node;
use super::scene::{At, Scene};
use super::statements;
use super::yaml;
use crate::policy::grammar::{self, PolicyKind};
use crate::provision::Address;
use crate::provision::resources::{DocumentSource, Resources};
use crate::source::{Diagnostic, SourceFile, Span};

/// The largest template that `CloudFormation` takes with a request, in bytes.
const TEMPLATE_LIMIT: usize = 51_200;

/// What the files of a scenario came to.
#[derive(Debug, Default)]
pub struct Documents {
    /// The resources that documents and templates name by `arn(…)`: who has the document, and whether it is a
    /// trust policy.
    pub uses: Vec<(Address, bool, Use)>,
    /// The filled text of each template, by the path as written.
    pub templates: BTreeMap<String, String>,
}

/// Reads every file a scenario's documents and templates name, and puts the documents, with their holes filled,
/// in the place of their paths.
pub fn fill(
    scene: &Scene<'_>,
    values: Values<'_>,
    resources: &mut Resources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Documents {
    let mut reader =
        Reader { scene, values, diagnostics, seen: BTreeMap::new(), documents: Documents::default() };
    reader.policies(resources);
    for (name, stack) in &resources.stacks {
        let address = Address::new("stack", name);
        let at = scene.resource(&address).key("template");
        reader.template(&address, &stack.template, at);
    }
    reader.documents
}

/// What kind of document it is; decides what must be in it and how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Managed,
    Inline,
    Trust,
}

/// A document after reading: nothing when it was wrong.
type Document = Option<(Map<String, Json>, Vec<Use>)>;

struct Reader<'a, 'b> {
    scene: &'b Scene<'a>,
    values: Values<'a>,
    diagnostics: &'b mut Vec<Diagnostic>,
    /// Files that were read, so that a file with two users has its mistakes reported once.
    seen: BTreeMap<(String, Role), Document>,
    documents: Documents,
}

impl Reader<'_, '_> {
    fn policies(&mut self, resources: &mut Resources) {
        for (name, policy) in &mut resources.policies {
            let address = Address::new("policy", name);
            let at = self.scene.resource(&address).key("document");
            let length = self.document(&address, &mut policy.document, at, Role::Managed);
            self.limit("policy", length, grammar::MANAGED_LIMIT, at);
        }
        for (name, user) in &mut resources.users {
            self.inline(&Address::new("user", name), &mut user.inline_policies, 2048);
        }
        for (name, group) in &mut resources.groups {
            self.inline(&Address::new("group", name), &mut group.inline_policies, 5120);
        }
        for (name, role) in &mut resources.roles {
            let address = Address::new("role", name);
            self.inline(&address, &mut role.inline_policies, 10_240);
            if let Some(document) = &mut role.trust.document {
                let at = self.scene.resource(&address).key("trust").key("document");
                let length = self.document(&address, document, at, Role::Trust);
                self.limit("trust policy", length, grammar::TRUST_LIMIT, at);
            }
        }
    }

    fn inline(&mut self, address: &Address, policies: &mut BTreeMap<String, DocumentSource>, limit: usize) {
        let all = self.scene.resource(address).key("inline_policies");
        let mut length = 0;
        for (name, document) in policies {
            length += self.document(address, document, all.key(name), Role::Inline);
        }
        self.limit(&format!("sum of a {}'s inline policies", address.kind), length, limit, all.name());
    }

    fn limit(&mut self, what: &str, length: usize, limit: usize, at: At<'_>) {
        if length > limit {
            let message = format!("the {what} is {length} characters long without white space");
            let help = format!("AWS allows {limit}; use wildcards, or split it");
            self.diagnostics.push(self.scene.mistake("policy-too-long", at, message).help(help));
        }
    }

    /// Puts the filled document in the place of `source`; returns how long AWS will find it.
    fn document(&mut self, address: &Address, source: &mut DocumentSource, at: At<'_>, role: Role) -> usize {
        match source {
            DocumentSource::Inline(map) => {
                if let Some(node) = at.node {
                    self.judge(self.scene.file, node, map, role);
                }
                length(map)
            }
            DocumentSource::File(written) => {
                let Some((map, uses)) = self.file(written, at, role) else { return 0 };
                let trust = role == Role::Trust;
                self.documents.uses.extend(uses.into_iter().map(|used| (address.clone(), trust, used)));
                let length = length(&map);
                *source = DocumentSource::Inline(map);
                length
            }
        }
    }

    fn file(&mut self, written: &str, at: At<'_>, role: Role) -> Document {
        let key = (written.to_owned(), role);
        if let Some(document) = self.seen.get(&key) {
            return document.clone();
        }
        let document = self.text(written, at).and_then(|file| self.json(&file, role));
        self.seen.insert(key, document.clone());
        document
    }

    fn text(&mut self, written: &str, at: At<'_>) -> Option<SourceFile> {
        let real = match self.scene.folder.real(written) {
            Ok(real) => real,
            Err(mistake) => {
                self.diagnostics.push(mistake.diagnostic(written, self.scene.file, at.span));
                return None;
            }
        };
        match read_text(&real, &self.scene.folder.shown(written)) {
            Ok(file) => Some(file),
            Err(TextMistake::Unread(why)) => {
                let mistake = PathMistake::Unread(why);
                self.diagnostics.push(mistake.diagnostic(written, self.scene.file, at.span));
                None
            }
            Err(TextMistake::NotUtf8(file, offset)) => {
                self.diagnostics.push(not_utf8(&file, offset));
                None
            }
        }
    }

    fn json(&mut self, file: &SourceFile, role: Role) -> Document {
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
        let json: Json = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => {
                self.diagnostics.push(syntax(file, &error));
                return None;
            }
        };
        let before = self.diagnostics.len();
        let node = self.tree(file, &json);
        let mut filler = Filler::new(self.values, file);
        let node = filler.node(&node);
        self.diagnostics.append(&mut filler.diagnostics);
        let uses = filler.uses;
        let map = match node.to_json() {
            Json::Object(map) => map,
            _ => Map::new(),
        };
        self.judge(file, &node, &map, role);
        (self.diagnostics.len() == before).then_some((map, uses))
    }

    /// Reports what AWS would refuse in a document: what has a place first, and only then what the whole grammar
    /// finds besides.
    fn judge(&mut self, file: &SourceFile, node: &Node, map: &Map<String, Json>, role: Role) {
        let before = self.diagnostics.len();
        statements::check(file, node, role == Role::Trust, self.diagnostics);
        let text = serde_json::to_string(map).unwrap_or_default();
        let kind = match role {
            Role::Managed => PolicyKind::Identity,
            Role::Inline => PolicyKind::Inline,
            Role::Trust => PolicyKind::Trust,
        };
        // Holes that are still open, and the length, are reported elsewhere.
        if self.diagnostics.len() > before || text.contains("{{") || length(map) > kind_limit(role) {
            return;
        }
        if let Err(message) = grammar::validate(&text, kind) {
            let span = Span { len: node.span.len.min(1), ..node.span };
            let message = format!("AWS would refuse this policy: {}", message.trim_end_matches('.'));
            let help = "compare it with the grammar of IAM policies in the IAM user guide";
            self.diagnostics.push(Diagnostic::new("policy-refused", message).at(file, span).help(help));
        }
    }

    /// Returns the document with its places. JSON is YAML, so the same reader finds them, and finds keys that are
    /// written twice; should it ever disagree, the places are lost and nothing else.
    fn tree(&mut self, file: &SourceFile, json: &Json) -> Node {
        let (node, mistakes) = yaml::parse(file);
        if let Some(node) = node
            && mistakes.iter().all(|mistake| mistake.id == "duplicate-key")
            && (!mistakes.is_empty() || node.to_json() == *json)
        {
            self.diagnostics.extend(mistakes);
            return node;
        }
        Node::from_json(json, Span::default())
    }

    fn template(&mut self, address: &Address, written: &str, at: At<'_>) {
        if self.documents.templates.contains_key(written) {
            return;
        }
        let Some(file) = self.text(written, at) else { return };
        let mut filler = Filler::new(self.values, &file);
        let text = filler.text(&file.text, &|part| Span::between(part.start, part.end));
        // The values are put into the text of a template, where other characters could change its structure.
        for (name, value) in self.values.parameters {
            let Some(value) = value.as_deref().filter(|value| !fits_template(value)) else { continue };
            if let Some(start) = named_hole(&file.text, name) {
                let message = format!("the value of `{name}` cannot be put into a template: `{value}`");
                let diagnostic = Diagnostic::new("value-breaks-template", message)
                    .at(&file, Span { start, len: 2 })
                    .help("pass it through the stack's `parameters:` instead");
                filler.diagnostics.push(diagnostic);
            }
        }
        if text.len() > TEMPLATE_LIMIT {
            let message = format!("the template is {} bytes long", text.len());
            let help = format!("CloudFormation takes {TEMPLATE_LIMIT}; split the stack");
            self.diagnostics.push(self.scene.mistake("template-too-long", at, message).help(help));
        }
        if text.trim().is_empty() {
            let diagnostic = self.scene.mistake("empty-template", at, format!("`{written}` holds nothing"));
            self.diagnostics.push(diagnostic.help("a template needs `Resources`"));
        }
        self.diagnostics.append(&mut filler.diagnostics);
        self.documents.uses.extend(filler.uses.into_iter().map(|used| (address.clone(), false, used)));
        self.documents.templates.insert(written.to_owned(), text);
    }
}

const fn kind_limit(role: Role) -> usize {
    match role {
        Role::Managed => grammar::MANAGED_LIMIT,
        Role::Inline => usize::MAX,
        Role::Trust => grammar::TRUST_LIMIT,
    }
}

/// Returns the length of a policy as AWS counts it: characters that are not white space.
fn length(map: &Map<String, Json>) -> usize {
    grammar::size(&serde_json::to_string(map).unwrap_or_default())
}

/// Returns whether a value can stand anywhere in the text of a YAML or JSON template and be only a value there.
fn fits_template(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.@:/+=,- ".contains(c);
    value.chars().all(plain) && !value.contains(": ") && !value.ends_with(':') && value.trim() == value
}

/// Returns where a text has the hole `{{ name }}`.
fn named_hole(text: &str, name: &str) -> Option<usize> {
    text.match_indices("{{")
        .find(|(at, _)| {
            let inside = text.get(at + 2..).and_then(|rest| rest.split("}}").next());
            inside.is_some_and(|inside| inside.trim() == name)
        })
        .map(|(at, _)| at)
}

/// Says where a file is not JSON.
fn syntax(file: &SourceFile, error: &serde_json::Error) -> Diagnostic {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    let start = file.offset(error.line(), error.column()).min(file.text.trim_end().len());
    let len = file.text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Diagnostic::new("json-syntax", format!("not JSON: {what}"))
        .at(file, Span { start, len })
        .help("policy documents are JSON: double quotes, no comments, no comma after the last item")
}
