//! What AWS allows in names, per kind, and names that AWS takes for the same.
//!
//! Sources: the "Length Constraints" and "Pattern" of each `Create…` call in the API references.

use std::collections::BTreeMap;

use super::Report;
use crate::provision::Address;
use crate::provision::resources::SECTIONS;
use crate::scenario::node::Node;
use crate::source::Span;

/// The rule for the names of a kind.
struct Rule {
    kind: &'static str,
    longest: usize,
    /// Allowed besides letters and digits.
    marks: &'static str,
    letter_first: bool,
    /// Whether `Admins` and `admins` are one name to AWS.
    caseless: bool,
}

const IAM_MARKS: &str = "_+=,.@-";

const RULES: &[Rule] = &[
    Rule { kind: "policy", longest: 128, marks: IAM_MARKS, letter_first: false, caseless: true },
    Rule { kind: "user", longest: 64, marks: IAM_MARKS, letter_first: false, caseless: true },
    Rule { kind: "group", longest: 128, marks: IAM_MARKS, letter_first: false, caseless: true },
    Rule { kind: "role", longest: 64, marks: IAM_MARKS, letter_first: false, caseless: true },
    Rule { kind: "function", longest: 64, marks: "_-", letter_first: false, caseless: false },
    Rule { kind: "topic", longest: 256, marks: "_-", letter_first: false, caseless: false },
    Rule { kind: "schedule", longest: 64, marks: "._-", letter_first: false, caseless: false },
    Rule { kind: "analyzer", longest: 255, marks: "_.-", letter_first: true, caseless: false },
    Rule { kind: "stack", longest: 128, marks: "-", letter_first: true, caseless: false },
];

/// Tells what is wrong with a name of a kind.
pub(crate) fn mistake(kind: &str, name: &str) -> Option<String> {
    let dots = !name.is_empty() && name.chars().all(|c| c == '.');
    let wrong = RULES.iter().find(|rule| rule.kind == kind)?.wrong(name);
    wrong.or_else(|| {
        (dots || name.contains("{{")).then(|| "can mean something else in a path or a text".into())
    })
}

pub(super) fn check(report: &mut Report<'_, '_>) {
    for rule in RULES {
        let names: Vec<(String, Span)> =
            report.scene.declared.names(rule.kind).map(|(name, span)| (name.to_owned(), span)).collect();
        let mut folded: BTreeMap<String, (String, Span)> = BTreeMap::new();
        // In the order of the file, so that the second of two is the one that is wrong.
        let mut names = names;
        names.sort_by_key(|(_, span)| *span);
        for (name, span) in names {
            if let Some(wrong) = rule.wrong(&name) {
                let at = report.scene.resource(&Address::new(rule.kind, name.clone())).name();
                let help = rule.help();
                report.push("resource-name", at, format!("the {} name `{name}` {wrong}", rule.kind), help);
            }
            if !rule.caseless {
                continue;
            }
            match folded.get(&name.to_lowercase()) {
                Some((first, place)) => {
                    let at = report.scene.resource(&Address::new(rule.kind, name.clone())).name();
                    let message = format!("`{name}` and `{first}` are the same {} to AWS", rule.kind);
                    let diagnostic = report
                        .scene
                        .mistake("same-name", at, message)
                        .also(*place, "first here")
                        .help("IAM does not tell upper and lower case apart; choose another name");
                    report.diagnostics.push(diagnostic);
                }
                None => {
                    folded.insert(name.to_lowercase(), (name, span));
                }
            }
        }
    }
    inline_names(report);
}

impl Rule {
    fn wrong(&self, name: &str) -> Option<String> {
        let length = name.chars().count();
        if name.is_empty() {
            return Some("is empty".to_owned());
        }
        if length > self.longest {
            return Some(format!("is {length} characters long"));
        }
        if self.letter_first && !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Some("does not start with a letter".to_owned());
        }
        let strange = name.chars().find(|c| !c.is_ascii_alphanumeric() && !self.marks.contains(*c));
        // A hole has already been refused.
        strange.filter(|_| !name.contains("{{")).map(|c| match c {
            ' ' => "holds a space".to_owned(),
            c => format!("holds `{c}`"),
        })
    }

    fn help(&self) -> String {
        let first = if self.letter_first { ", starting with a letter" } else { "" };
        let marks: Vec<String> = self.marks.chars().map(|c| format!("`{c}`")).collect();
        format!("AWS allows 1 to {} letters, digits and {}{first}", self.longest, marks.join(" "))
    }
}

/// Inline policies have names too, by the rule of managed ones.
fn inline_names(report: &mut Report<'_, '_>) {
    let rule =
        Rule { kind: "inline policy", longest: 128, marks: IAM_MARKS, letter_first: false, caseless: true };
    for section in SECTIONS {
        let section = report.scene.top().key("resources").key(section.section);
        for resource in section.node.map_or(&[][..], Node::entries) {
            let policies = section.key(&resource.key).key("inline_policies");
            for policy in policies.node.map_or(&[][..], Node::entries) {
                if let Some(wrong) = rule.wrong(&policy.key) {
                    let message = format!("the inline policy name `{}` {wrong}", policy.key);
                    report.push("resource-name", policies.key(&policy.key).name(), message, rule.help());
                }
            }
        }
    }
}
