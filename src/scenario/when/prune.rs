//! Takes what is left out of a scenario, and what makes sense with it alone.

use std::collections::BTreeSet;

use super::{each_resource, with_entries};
use crate::provision::resources::Resources;
use crate::provision::{Address, arn};
use crate::scenario::expect::{self, Expectation, Party};
use crate::scenario::holes::{Use, left_out};
use crate::scenario::node::{Entry, Node, Value};
use crate::scenario::references::references;
use crate::scenario::scene::Scene;
use crate::source::{Diagnostic, Span};

/// A use of a resource by a hole: by whom, and whether in a trust policy.
type Mention = (Address, bool, Use);

/// Returns the tree, holes filled, without what is left out and what makes sense with it alone, and the uses that
/// remain. What needs something that is left out is reported.
///
/// `scene` and `resources` are the whole scenario's.
pub(in crate::scenario) fn prune(
    scene: &Scene<'_>,
    resources: &Resources,
    uses: Vec<Mention>,
    left: &BTreeSet<Address>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Node, Vec<Mention>) {
    let mut gone = Gone(BTreeSet::new());
    for reference in references(scene, resources).iter().filter(|reference| reference.listed) {
        if reference.target(scene).is_some_and(|target| left.contains(&target)) {
            gone.0.insert((reference.from.clone(), reference.at.span));
        }
    }
    for address in resources.functions.keys().map(|name| Address::new("function", name)) {
        let variables = scene.resource(&address).key("environment").node.map_or(&[][..], Node::entries);
        for span in variables.iter().map(|variable| variable.value.span) {
            let mentions = |(from, _, used): &Mention| {
                *from == address && left.contains(&used.address) && holds(span, used.span)
            };
            if uses.iter().any(mentions) {
                gone.0.insert((address.clone(), span));
            }
        }
    }
    let mut kept = Vec::new();
    for (from, trust, used) in uses {
        if left.contains(&from) || gone.covers(&from, used.span) {
            continue;
        }
        if left.contains(&used.address) {
            let (id, message, help) = left_out(&used.address);
            diagnostics.push(Diagnostic::new(id, message).at(&used.file, used.span).help(help));
        } else {
            kept.push((from, trust, used));
        }
    }
    let tree = each_resource(scene.root, &mut |entry, address| {
        (!left.contains(&address))
            .then(|| Entry { value: gone.without(&address, &entry.value), ..entry.clone() })
    });
    let spoken = |sentence: &Node| about_left_out(scene, sentence, left);
    let tree = with_entries(&tree, &mut |entry| {
        let mut entry = entry.clone();
        if let ("expect", Value::List(sentences)) = (entry.key.as_str(), &mut entry.value.value) {
            sentences.retain(|sentence| !spoken(sentence));
        }
        Some(entry)
    });
    (tree, kept)
}

/// Tells whether a sentence of `expect:` is about something that is left out.
fn about_left_out(scene: &Scene<'_>, sentence: &Node, left: &BTreeSet<Address>) -> bool {
    let is_left = |party: &Party| match party {
        Party::Declared(address) => left.contains(address),
        Party::Arn(written) => {
            left.iter().any(|address| arn::arn(address, scene.place).as_ref() == Some(written))
        }
    };
    let parsed: Vec<Expectation> =
        expect::parse(scene.file, std::slice::from_ref(sentence), scene.declared, &mut Vec::new());
    parsed.iter().any(|one| is_left(&one.principal) || one.resource.as_ref().is_some_and(is_left))
}

/// What goes with the resources that are left out: values, by the resource they are in and their place.
struct Gone(BTreeSet<(Address, Span)>);

impl Gone {
    fn covers(&self, address: &Address, span: Span) -> bool {
        self.0.iter().any(|(from, value)| from == address && holds(*value, span))
    }

    /// Returns the tree of a resource without the items and entries that go.
    fn without(&self, address: &Address, node: &Node) -> Node {
        let goes = |node: &Node| self.0.contains(&(address.clone(), node.span));
        let value = match &node.value {
            Value::List(items) => Value::List(
                items.iter().filter(|item| !goes(item)).map(|item| self.without(address, item)).collect(),
            ),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .filter(|entry| !goes(&entry.value))
                    .map(|entry| Entry { value: self.without(address, &entry.value), ..entry.clone() })
                    .collect(),
            ),
            other => other.clone(),
        };
        Node { span: node.span, value }
    }
}

const fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end() <= outer.end()
}
