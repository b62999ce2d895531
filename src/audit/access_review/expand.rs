//! The statements of a policy with their wildcards expanded: once per policy, however many hold it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Covered;
use crate::policy::actions::{ActionSet, actions};
use crate::policy::statement::{Policy, Statement};

/// A statement with the known actions it speaks of.
#[derive(Debug)]
pub(super) struct Expanded {
    /// What it names.
    pub(super) patterns: Arc<[Covered]>,
    /// All known actions that it speaks of.
    pub(super) actions: Arc<ActionSet>,
    /// Whether it also speaks of actions that nobody has thought of yet.
    pub(super) is_open: bool,
}

impl Expanded {
    fn new(statement: &Statement) -> Self {
        let (texts, negated) = statement.actions();
        let patterns: Vec<Covered> = if negated {
            let listed: ActionSet = texts.iter().flat_map(|text| actions().matching(text)).collect();
            let rest: Arc<[usize]> = ActionSet::all().without(&listed).iter().collect();
            let text = format!("all but {}", texts.join(", "));
            vec![Covered { text: text.into(), is_known: true, is_left: !everything(texts), actions: rest }]
        } else {
            let covered = |text: &String| {
                let places = actions().matching(text);
                let is_known = !places.is_empty();
                Covered { text: text.as_str().into(), is_known, is_left: true, actions: places.into() }
            };
            texts.iter().map(covered).collect()
        };
        let all = patterns.iter().flat_map(|pattern| pattern.actions.iter().copied()).collect();
        Self { patterns: patterns.into(), actions: Arc::new(all), is_open: negated != everything(texts) }
    }
}

/// Tells whether one of the texts stands for every action.
fn everything(texts: &[String]) -> bool {
    texts.iter().any(|text| matches!(text.as_str(), "*" | "*:*"))
}

/// A policy, kept, and what it comes to.
type Known = (Arc<Policy>, Arc<[Expanded]>);

/// Expanded policies, by the place of the policy in memory.
///
/// INVARIANT: it keeps every policy that it knows, so a place is never used again for another one.
#[derive(Debug, Default)]
pub(super) struct Expansions {
    known: RefCell<BTreeMap<usize, Known>>,
}

impl Expansions {
    /// Expands a policy, unless it was expanded before.
    pub(super) fn of(&self, policy: &Arc<Policy>) -> Arc<[Expanded]> {
        let key = Arc::as_ptr(policy).addr();
        if let Some((_, known)) = self.known.borrow().get(&key) {
            return Arc::clone(known);
        }
        let expanded: Arc<[Expanded]> = policy.statements.iter().map(Expanded::new).collect();
        self.known.borrow_mut().insert(key, (Arc::clone(policy), Arc::clone(&expanded)));
        expanded
    }
}
