//! The scenario file: from text to a checked declaration, with every mistake of the file in one go.
//!
//! ```text
//!  text ─yaml─► Node ─when, holes─► Node ─shape─► typed ─check, references, documents, graph─► Resolved
//! ```
//!
//! [`Scenario::load`] runs the whole way with a stand-in account, so that whatever is wrong is told before any
//! account is looked at; [`Scenario::resolve`] runs it again for the real one.

pub mod check;
pub mod documents;
pub mod expect;
pub mod files;
pub mod graph;
pub mod holes;
pub mod model;
pub mod node;
mod parameters;
pub mod references;
mod scene;
mod shape;
mod statements;
pub mod strict;
pub mod suggest;
mod when;
pub mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use expect::{Expectation, Party};
pub use graph::Edges;
pub use model::{ScenarioFile, schema};

use crate::provision::resources::{DocumentSource, Resources, SECTIONS};
use crate::provision::{Address, Place};
use crate::source::{Diagnostic, SourceFile, Span};
use files::{Folder, TextMistake};
use holes::{Declared, Filler, Use, Values};
use node::{Entry, Node, Value};
use scene::Scene;

/// After so many mistakes the search ends: nobody reads on, and a file must not take long to refuse.
const MISTAKE_LIMIT: usize = 500;

/// The account that stands in for the real one while a file is only read.
const STAND_IN_ACCOUNT: &str = "123456789012";

/// A scenario file that was read and found right.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The scenario's name, the ownership mark.
    pub name: String,
    /// The 12-digit account it is pinned to.
    pub account: Option<String>,
    /// The region of everything that has one.
    pub region: String,
    /// What the lab is for.
    pub description: Option<String>,
    /// Effective values of the parameters.
    pub parameters: BTreeMap<String, String>,
    /// The scenario file, as the user would write it.
    pub path: PathBuf,
    /// What must hold afterwards; [`Resolved::expect`] has the holes filled.
    pub expect: Vec<Expectation>,
    source: Source,
}

/// A scenario for one account, with nothing left to fill in.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Where it lands.
    pub place: Place,
    /// The resources; every [`DocumentSource`] is inline.
    pub resources: Resources,
    /// Resource → the resources that must be there first, from references and `arn(…)`, without those of trust
    /// policies. Every resource but the password policy is a key.
    pub edges: Edges,
    /// Role → the roles and users that its trust policy names. May go in circles.
    pub trust: Edges,
    /// What must hold afterwards.
    pub expect: Vec<Expectation>,
    /// The project's folder, which nothing the scenario names is outside of.
    pub root: PathBuf,
    /// The scenario's folder, where paths start.
    pub folder: PathBuf,
    templates: BTreeMap<String, String>,
    runtimes: BTreeMap<String, String>,
    left_out: BTreeSet<Address>,
}

impl Resolved {
    /// Makes a scenario of resources that no file declares. Paths in it start at `folder`.
    pub(crate) fn of(place: Place, resources: Resources, folder: PathBuf) -> Self {
        Self {
            place,
            resources,
            edges: Edges::new(),
            trust: Edges::new(),
            expect: Vec::new(),
            root: folder.clone(),
            folder,
            templates: BTreeMap::new(),
            runtimes: BTreeMap::new(),
            left_out: BTreeSet::new(),
        }
    }

    /// Returns the path of a file or folder as the scenario writes it.
    pub fn file_path(&self, written: &str) -> PathBuf {
        self.folder.join(written)
    }

    /// Returns the text of a stack's template with its holes filled.
    pub fn template(&self, written: &str) -> Option<&str> {
        self.templates.get(written).map(String::as_str)
    }

    /// Tells whether a resource is written in the file and left out by its `when:`.
    pub fn is_left_out(&self, address: &Address) -> bool {
        self.left_out.contains(address)
    }

    /// Returns what is written in the file and left out by its `when:`.
    pub fn left_out(&self) -> impl Iterator<Item = &Address> {
        self.left_out.iter()
    }

    /// Returns the parameter whose value is the runtime of a function, where the file says `runtime: "{{ name }}"`.
    pub fn runtime_parameter(&self, function: &str) -> Option<&str> {
        self.runtimes.get(function).map(String::as_str)
    }
}

impl Scenario {
    /// Reads a scenario. `path` is a folder that holds `scenario.yaml`, or a YAML file; `sets` are `--set k=v`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong and can be told without an account.
    pub fn load(path: &Path, sets: &[(String, String)]) -> Result<Self, Vec<Diagnostic>> {
        let (source, mut diagnostics) = Source::read(path, sets)?;
        let place = source.stand_in();
        let parts = source.at(&place, &mut diagnostics);
        match parts {
            Some(parts) if diagnostics.is_empty() => Ok(Self {
                name: parts.file.name,
                account: parts.file.account,
                region: parts.file.region,
                description: parts.file.description,
                parameters: source
                    .parameters
                    .iter()
                    .filter_map(|(k, v)| Some((k.clone(), v.clone()?)))
                    .collect(),
                path: source.file.path.clone(),
                expect: source.sentences(&parts.resolved.expect),
                source,
            }),
            _ => {
                sort(&source.file.path, &mut diagnostics);
                Err(diagnostics)
            }
        }
    }

    /// Fills all holes for `place`: afterwards every document is inline and every text is final.
    ///
    /// # Errors
    ///
    /// What [`Scenario::load`] could not know, and files that changed since.
    pub fn resolve(&self, place: &Place) -> Result<Resolved, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        match self.source.at(place, &mut diagnostics) {
            Some(parts) if diagnostics.is_empty() => Ok(parts.resolved),
            _ => {
                sort(&self.path, &mut diagnostics);
                Err(diagnostics)
            }
        }
    }
}

/// Orders diagnostics as a reader meets their places: the scenario file first, from top to bottom.
fn sort(scenario: &Path, diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_cached_key(|one| {
        let path = one.file.as_ref().map(|file| file.path.clone());
        (path.as_deref() != Some(scenario), path, one.span, one.id, one.message.clone())
    });
}

/// A scenario file as written, with its holes.
#[derive(Debug, Clone)]
struct Source {
    file: SourceFile,
    tree: Node,
    folder: Folder,
    parameters: BTreeMap<String, Option<String>>,
    declared: Declared,
}

/// What a [`Source`] comes to at a place.
struct Parts {
    file: ScenarioFile,
    resolved: Resolved,
}

impl Source {
    fn read(path: &Path, sets: &[(String, String)]) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let path = if path.is_dir() { path.join("scenario.yaml") } else { path.to_path_buf() };
        let unread = |why: &str| {
            let message = format!("the scenario cannot be read: {why}");
            let file = SourceFile::new(path.clone(), "");
            vec![
                Diagnostic::new("unreadable-scenario", message)
                    .in_file(&file)
                    .help("name a folder that holds `scenario.yaml`, or a YAML file"),
            ]
        };
        let file = match files::read_text(&path, &path) {
            Ok(file) => file,
            Err(TextMistake::Unread(why)) => return Err(unread(&why)),
            Err(TextMistake::NotUtf8(file, at)) => return Err(vec![files::not_utf8(&file, at)]),
        };
        let folder = Folder::of(&path).map_err(|error| unread(&files::why(&error)))?;
        let (tree, mut diagnostics) = yaml::parse(&file);
        let Some(tree) = tree else { return Err(diagnostics) };
        let parameters = parameters::effective(&file, tree.get("parameters"), sets, &mut diagnostics);
        let declared = Declared::of(tree.get("resources"));
        Ok((Self { file, tree, folder, parameters, declared }, diagnostics))
    }

    /// Returns a place for a trial.
    fn stand_in(&self) -> Place {
        let text = |key: &str| self.tree.get(key).and_then(Node::text);
        let region = text("region").unwrap_or(model::DEFAULT_REGION);
        let account = self.tree.get("account").map(|node| match node.to_json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        });
        let partition = match region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Place {
            scenario: text("name").unwrap_or("unnamed").to_owned(),
            partition: partition.to_owned(),
            account: account
                .filter(|id| references::is_account(id))
                .unwrap_or_else(|| STAND_IN_ACCOUNT.to_owned()),
            region: region.to_owned(),
        }
    }

    /// Fills, types and checks the scenario for a place.
    fn at(&self, place: &Place, diagnostics: &mut Vec<Diagnostic>) -> Option<Parts> {
        let values = Values { parameters: &self.parameters, place, declared: &self.declared };
        let when::Judged { tree, left_out } = when::judge(&self.tree, &self.file, values, diagnostics);
        let (root, uses) = self.filled(&tree, values, diagnostics);
        let whole = self.examined(&root, &uses, values, diagnostics)?;
        if left_out.is_empty() || !diagnostics.is_empty() {
            return Some(whole);
        }
        let scene = self.scene(&root, values);
        let (root, uses) = when::prune(&scene, &whole.resolved.resources, uses, &left_out, diagnostics);
        let declared = self.declared.without(&left_out);
        self.examined(&root, &uses, Values { declared: &declared, ..values }, diagnostics)
    }

    fn scene<'a>(&'a self, root: &'a Node, values: Values<'a>) -> Scene<'a> {
        let Values { place, declared, .. } = values;
        Scene { file: &self.file, root, declared, place, folder: &self.folder }
    }

    /// Types and checks a tree whose holes are filled.
    fn examined(
        &self,
        root: &Node,
        uses: &[(Address, bool, Use)],
        values: Values<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Parts> {
        let place = values.place;
        let json = shape::read(&model::SCHEMA, &self.file, root, &[("name", "unnamed")], diagnostics)?;
        let mut file: ScenarioFile = match serde_json::from_value(json) {
            Ok(file) => file,
            // INVARIANT: shape::read lets nothing through that the types refuse; this is a fault of ours.
            Err(error) => {
                let message = format!("the scenario has a shape that was not foreseen: {error}");
                diagnostics.push(Diagnostic::new("unforeseen-shape", message).in_file(&self.file));
                return None;
            }
        };
        let scene = self.scene(root, values);
        if let Some(pinned) =
            file.account.as_deref().filter(|id| references::is_account(id) && *id != place.account)
        {
            let message =
                format!("the scenario is pinned to the account {pinned}, and this is {}", place.account);
            let help = "take the account's own scenario, or change `account`";
            diagnostics.push(scene.mistake("pinned-account", scene.top().key("account"), message).help(help));
        }
        check::check(&scene, &file, diagnostics);
        let written = file.resources.clone();
        let references = references::references(&scene, &written);
        diagnostics.extend(
            references.iter().filter_map(|reference| reference.mistake(&scene)).take(MISTAKE_LIMIT / 10),
        );
        let documents = documents::fill(&scene, values, &mut file.resources, diagnostics);
        let graph = graph::Graph::of(&scene, &references, uses, &documents);
        diagnostics.extend(graph.cycles());
        let sentences = root.get("expect").map_or(&[][..], Node::items);
        let expect = expect::parse(&self.file, sentences, values.declared, diagnostics);
        let resolved = Resolved {
            place: place.clone(),
            resources: file.resources.clone(),
            edges: graph.edges,
            trust: graph.trust,
            expect,
            root: self.folder.root.clone(),
            folder: self.folder.here.clone(),
            templates: documents.templates,
            runtimes: self.runtimes(),
            left_out: values.declared.left_out().clone(),
        };
        Some(Parts { file, resolved })
    }

    /// Returns the tree with its holes filled, and the resources that holes name: by whom, and whether in a trust
    /// policy.
    fn filled(
        &self,
        tree: &Node,
        values: Values<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> (Node, Vec<(Address, bool, Use)>) {
        let mut uses = Vec::new();
        let mut fill = |entry: &Entry, from: Option<(&Address, bool)>| {
            if diagnostics.len() >= MISTAKE_LIMIT {
                return entry.clone();
            }
            let mut filler = Filler::new(values, &self.file);
            let value = filler.node(&entry.value);
            diagnostics.append(&mut filler.diagnostics);
            if let Some((from, trust)) = from {
                uses.extend(filler.uses.into_iter().map(|used| (from.clone(), trust, used)));
            }
            Entry { value, ..entry.clone() }
        };
        let root = with_entries(tree, |entry| match entry.key.as_str() {
            "description" | "expect" => fill(entry, None),
            "resources" => map_value(entry, |section| {
                let kind = SECTIONS.iter().find(|row| row.section == section.key).map(|row| row.kind);
                map_value(section, |resource| {
                    let address = Address::new(kind.unwrap_or_default(), resource.key.clone());
                    if resource.value.entries().is_empty() {
                        return fill(resource, Some((&address, false)));
                    }
                    map_value(resource, |field| fill(field, Some((&address, field.key == "trust"))))
                })
            }),
            _ => entry.clone(),
        });
        self.refuse_holes(&root, diagnostics);
        (root, uses)
    }

    /// Reports holes where there can be none: in what decides the place itself, and in names.
    fn refuse_holes(&self, root: &Node, diagnostics: &mut Vec<Diagnostic>) {
        let mut refuse = |span: Span, what: &str| {
            let message = format!("{what} cannot hold a `{{{{ … }}}}` hole");
            diagnostics
                .push(Diagnostic::new("hole-not-allowed", message).at(&self.file, span).help("write it out"));
        };
        for key in ["name", "account", "region"] {
            if let Some(node) =
                root.get(key).filter(|node| node.text().is_some_and(|text| text.contains("{{")))
            {
                refuse(node.span, &format!("`{key}`"));
            }
        }
        for section in root.get("resources").map_or(&[][..], Node::entries) {
            for resource in section.value.entries().iter().filter(|entry| entry.key.contains("{{")) {
                refuse(resource.key_span, "a resource's name");
            }
        }
    }

    /// Returns the parameters that are the runtimes of functions, by function.
    fn runtimes(&self) -> BTreeMap<String, String> {
        let functions = self.tree.get("resources").and_then(|resources| resources.get("functions"));
        let functions = functions.map_or(&[][..], Node::entries).iter();
        let named = functions.filter_map(|function| {
            let name = holes::only_name(function.value.get("runtime")?.text()?)?;
            self.parameters.contains_key(name).then(|| (function.key.clone(), name.to_owned()))
        });
        named.collect()
    }

    /// Returns the expectations with their holes, which only a place can fill: those among them that `count`.
    fn sentences(&self, count: &[Expectation]) -> Vec<Expectation> {
        let sentences = self.tree.get("expect").map_or(&[][..], Node::items);
        let all = expect::parse(&self.file, sentences, &self.declared, &mut Vec::new());
        let places: BTreeSet<Span> = count.iter().map(|one| one.span).collect();
        all.into_iter().filter(|one| places.contains(&one.span)).collect()
    }
}

/// Returns a mapping with every entry replaced; anything else as it is.
fn with_entries(node: &Node, f: impl FnMut(&Entry) -> Entry) -> Node {
    match &node.value {
        Value::Map(entries) => Node { span: node.span, value: Value::Map(entries.iter().map(f).collect()) },
        _ => node.clone(),
    }
}

fn map_value(entry: &Entry, f: impl FnMut(&Entry) -> Entry) -> Entry {
    Entry { value: with_entries(&entry.value, f), ..entry.clone() }
}

/// Returns the document's content; `None` for one that is still a path.
pub fn inline(source: &DocumentSource) -> Option<&serde_json::Map<String, serde_json::Value>> {
    match source {
        DocumentSource::Inline(map) => Some(map),
        DocumentSource::File(_) => None,
    }
}
