//! The outside of a policy document: the elements AWS knows and the ones it insists on.
//!
//! Source: the grammar of the IAM JSON policy language
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>). What the statements mean
//! is [`crate::policy`]'s.

use super::node::{Entry, Node, Value};
use super::suggest::did_you_mean;
use crate::source::{Diagnostic, SourceFile, Span};

const DOCUMENT: &[&str] = &["Version", "Id", "Statement"];
const STATEMENT: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Reports what AWS would refuse at first sight. `trust` says that it is a role's trust policy.
pub(super) fn check(file: &SourceFile, document: &Node, trust: bool, diagnostics: &mut Vec<Diagnostic>) {
    let mut checker = Checker { file, trust, diagnostics };
    let Value::Map(entries) = &document.value else {
        checker.push(
            "policy-shape",
            start(document),
            "a policy document is a mapping",
            "start with `Version` and `Statement`",
        );
        return;
    };
    for entry in entries.iter() {
        checker.element(entry, DOCUMENT);
        if entry.key == "Version" && !matches!(entry.value.text(), Some("2012-10-17" | "2008-10-17")) {
            let help = "write `2012-10-17`; it is the version of the policy language, not of the policy";
            checker.push(
                "policy-version",
                entry.value.span,
                "AWS has no such version of the policy language",
                help,
            );
        }
    }
    match document.get("Statement") {
        None => {
            checker.push("policy-shape", start(document), "the policy has no `Statement`", "add `Statement`");
        }
        Some(node) => match &node.value {
            Value::List(items) if items.is_empty() => {
                checker.push(
                    "policy-shape",
                    node.span,
                    "`Statement` is empty",
                    "a policy needs one statement or more",
                );
            }
            Value::List(items) => items.iter().for_each(|item| checker.statement(item)),
            _ => checker.statement(node),
        },
    }
}

struct Checker<'a> {
    file: &'a SourceFile,
    trust: bool,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Checker<'_> {
    fn push(&mut self, id: &'static str, span: Span, message: impl Into<String>, help: &str) {
        let diagnostic = Diagnostic::new(id, message).at(self.file, span);
        self.diagnostics.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    fn element(&mut self, entry: &Entry, known: &[&str]) {
        if !known.contains(&entry.key.as_str()) {
            let help = did_you_mean(&entry.key, "elements", known.iter().copied());
            self.push(
                "policy-element",
                entry.key_span,
                format!("policies have no element `{}`", entry.key),
                &help,
            );
        }
    }

    fn statement(&mut self, statement: &Node) {
        if !matches!(statement.value, Value::Map(_)) {
            self.push(
                "policy-shape",
                statement.span,
                "a statement is a mapping",
                "write `Effect`, `Action` and `Resource`",
            );
            return;
        }
        for entry in statement.entries() {
            self.element(entry, STATEMENT);
        }
        match statement.get("Effect") {
            Some(node) if !matches!(node.text(), Some("Allow" | "Deny")) => {
                self.push(
                    "policy-effect",
                    node.span,
                    "`Effect` is neither `Allow` nor `Deny`",
                    "write `Allow` or `Deny`",
                );
            }
            Some(_) => {}
            None => self.push(
                "policy-shape",
                start(statement),
                "the statement has no `Effect`",
                "add `Effect`: `Allow` or `Deny`",
            ),
        }
        self.one_of(statement, "Action", "NotAction");
        if self.trust {
            self.one_of(statement, "Principal", "NotPrincipal");
            self.none_of(
                statement,
                ["Resource", "NotResource"],
                "a trust policy names no resource: it is the role's own",
            );
        } else {
            self.one_of(statement, "Resource", "NotResource");
            self.none_of(statement, ["Principal", "NotPrincipal"], "the principal is whoever has the policy");
        }
    }

    fn one_of(&mut self, statement: &Node, one: &str, other: &str) {
        let span = match (statement.entry(one), statement.entry(other)) {
            (Some(entry), None) | (None, Some(entry)) => {
                if !is_strings(&entry.value) && !one.ends_with("Principal") {
                    let help = "write one text or a list of texts";
                    self.push(
                        "policy-shape",
                        entry.value.span,
                        format!("`{}` must be text", entry.key),
                        help,
                    );
                }
                return;
            }
            (Some(_), Some(second)) => second.key_span,
            (None, None) => start(statement),
        };
        let message = format!("the statement needs either `{one}` or `{other}`");
        self.push("policy-shape", span, message, &format!("write one of the two, mostly `{one}`"));
    }

    fn none_of(&mut self, statement: &Node, keys: [&str; 2], help: &str) {
        for entry in keys.iter().filter_map(|key| statement.entry(key)) {
            self.push("policy-shape", entry.key_span, format!("`{}` may not stand here", entry.key), help);
        }
    }
}

fn is_strings(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => !text.is_empty(),
        Value::List(items) => {
            !items.is_empty() && items.iter().all(|item| item.text().is_some_and(|t| !t.is_empty()))
        }
        _ => false,
    }
}

/// Returns the first character of a node: a whole mapping is too much to point at.
fn start(node: &Node) -> Span {
    Span { len: node.span.len.min(1), ..node.span }
}
