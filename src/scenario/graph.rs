//! Which resource needs which, and that nobody needs itself in the end.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::Documents;
use super::holes::Use;
use super::references::Reference;
use super::scene::Scene;
use crate::provision::Address;
use crate::source::{Diagnostic, SourceFile, Span};

/// Resource → the resources that must be there first.
pub type Edges = BTreeMap<Address, BTreeSet<Address>>;

/// What the resources of a scenario need of each other.
#[derive(Debug, Default)]
pub struct Graph {
    /// Needs by reference and by `arn(…)`; every declared resource is a key.
    pub edges: Edges,
    /// Needs that only trust policies have; these may go in circles.
    pub trust: Edges,
    places: BTreeMap<(Address, Address), (SourceFile, Span)>,
}

impl Graph {
    /// Collects the edges: `uses` are holes in the scenario itself, with whether they stand in a trust policy.
    pub fn of(
        scene: &Scene<'_>,
        references: &[Reference<'_>],
        uses: &[(Address, bool, Use)],
        documents: &Documents,
    ) -> Self {
        let mut graph = Self::default();
        graph.edges.extend(scene.declared.addresses().map(|address| (address, BTreeSet::new())));
        for reference in references {
            if let Some(target) = reference.target(scene) {
                graph.add(&reference.from, target, reference.trust, scene.file, reference.at.span);
            }
        }
        for (from, trust, used) in uses.iter().chain(&documents.uses) {
            graph.add(from, used.address.clone(), *trust, &used.file, used.span);
        }
        graph
    }

    fn add(&mut self, from: &Address, to: Address, trust: bool, file: &SourceFile, span: Span) {
        // Names make ARNs, so a resource can speak of itself before it exists.
        if *from == to {
            return;
        }
        if trust {
            self.trust.entry(from.clone()).or_default().insert(to);
            return;
        }
        self.places.entry((from.clone(), to.clone())).or_insert_with(|| (file.clone(), span));
        self.edges.entry(from.clone()).or_default().insert(to);
    }

    /// Reports each circle of needs once.
    pub fn cycles(&self) -> Vec<Diagnostic> {
        let mut search = Search { graph: self, state: BTreeMap::new(), path: Vec::new(), found: Vec::new() };
        for address in self.edges.keys() {
            search.visit(address);
        }
        search.found.iter().map(|cycle| self.diagnostic(cycle)).collect()
    }

    fn diagnostic(&self, cycle: &[Address]) -> Diagnostic {
        let mut shown: Vec<String> = cycle.iter().map(ToString::to_string).collect();
        shown.extend(cycle.first().map(ToString::to_string));
        let message = format!("resources need each other in a circle: {}", shown.join(" → "));
        let place = match (cycle.last(), cycle.first()) {
            (Some(last), Some(first)) => self.places.get(&(last.clone(), first.clone())),
            _ => None,
        };
        let diagnostic = Diagnostic::new("dependency-cycle", message)
            .help("write one of the ARNs out, as `arn:{{ partition }}:iam::{{ account }}:role/NAME`: then it is no need");
        match place {
            Some((file, span)) => diagnostic.at(file, *span).label("this closes the circle"),
            None => diagnostic,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    OnPath,
    Done,
}

/// A depth-first search that keeps its path, without recursion: a chain may be as long as a file allows.
struct Search<'a> {
    graph: &'a Graph,
    state: BTreeMap<&'a Address, State>,
    path: Vec<(&'a Address, std::collections::btree_set::Iter<'a, Address>)>,
    found: Vec<Vec<Address>>,
}

impl<'a> Search<'a> {
    fn enter(&mut self, address: &'a Address) {
        if let Some(next) = self.graph.edges.get(address) {
            self.state.insert(address, State::OnPath);
            self.path.push((address, next.iter()));
        }
    }

    fn visit(&mut self, start: &'a Address) {
        if self.state.contains_key(start) {
            return;
        }
        self.enter(start);
        while let Some((address, rest)) = self.path.last_mut() {
            let address = *address;
            match rest.next() {
                None => {
                    self.state.insert(address, State::Done);
                    self.path.pop();
                }
                Some(next) => match self.state.get(next) {
                    Some(State::Done) => {}
                    Some(State::OnPath) => {
                        let cycle =
                            self.path.iter().map(|(address, _)| *address).skip_while(|on| *on != next);
                        self.found.push(cycle.cloned().collect());
                    }
                    None => self.enter(next),
                },
            }
        }
    }
}
