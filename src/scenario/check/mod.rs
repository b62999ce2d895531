//! What AWS would refuse later, told now: names, sizes, quotas and the small languages inside a scenario.
//!
//! One file per part; each goes over the typed values and reports at the place where they are written.

mod functions;
pub(crate) mod names;
mod principals;
mod schedules;
mod topics;

use std::collections::BTreeMap;

use super::MISTAKE_LIMIT;
use super::model::ScenarioFile;
use super::node::Node;
use super::references::is_account;
use super::scene::{At, Scene};
use crate::source::Diagnostic;

/// Reports what is wrong in values that have the right shape.
pub fn check(scene: &Scene<'_>, file: &ScenarioFile, diagnostics: &mut Vec<Diagnostic>) {
    let mut report = Report { scene, diagnostics };
    header(&mut report, file);
    names::check(&mut report);
    principals::check(&mut report, &file.resources);
    functions::check(&mut report, &file.resources);
    topics::check(&mut report, &file.resources);
    schedules::check(&mut report, &file.resources);
}

/// The scenario, and where its mistakes go.
struct Report<'a, 'b> {
    scene: &'b Scene<'a>,
    diagnostics: &'b mut Vec<Diagnostic>,
}

impl<'a> Report<'a, '_> {
    fn push(&mut self, id: &'static str, at: At<'_>, message: impl Into<String>, help: impl Into<String>) {
        if self.diagnostics.len() >= MISTAKE_LIMIT {
            return;
        }
        // A hole that could not be filled has been reported, and makes no value to judge.
        if at.node.and_then(Node::text).is_some_and(|text| text.contains("{{")) {
            return;
        }
        let diagnostic = self.scene.mistake(id, at, message).help(help);
        self.diagnostics.push(diagnostic);
    }

    /// Reports a text that is longer than AWS takes.
    fn length(&mut self, at: At<'_>, what: &str, text: Option<&str>, limit: usize) {
        let length = text.map_or(0, |text| text.chars().count());
        if length > limit {
            let message = format!("the {what} is {length} characters long");
            self.push("too-long", at, message, format!("AWS allows {limit}"));
        }
    }

    /// Reports items of a list that are written twice.
    fn twice<T: Ord>(&mut self, at: At<'a>, items: &[T], shown: impl Fn(&T) -> String) {
        let mut seen: BTreeMap<&T, usize> = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            if let Some(first) = seen.get(item) {
                let diagnostic = self
                    .scene
                    .mistake(
                        "duplicate-item",
                        at.item(index),
                        format!("`{}` is in the list twice", shown(item)),
                    )
                    .label("again here")
                    .also(at.item(*first).span, "first here")
                    .help("keep one of the two");
                self.diagnostics.push(diagnostic);
            } else {
                seen.insert(item, index);
            }
        }
    }
}

fn header(report: &mut Report<'_, '_>, file: &ScenarioFile) {
    let top = report.scene.top();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=40).contains(&file.name.len()) || !file.name.chars().all(plain) {
        let help = "use 1 to 40 of `a-z`, `0-9` and `-`; the name marks what belongs to the scenario";
        report.push(
            "scenario-name",
            top.key("name"),
            format!("`{}` cannot name a scenario", file.name),
            help,
        );
    }
    if !is_region(&file.region) {
        let message = format!("`{}` is not a region", file.region);
        report.push("region", top.key("region"), message, "write it as `us-east-1`");
    }
    if let Some(account) = file.account.as_deref() {
        let at = top.key("account");
        let written = report.scene.file.slice(at.span);
        if written.starts_with('0') && written.bytes().all(|b| b.is_ascii_digit()) {
            let help = format!("put it in quotes: `\"{written}\"`; as a number it loses its leading zero");
            report.push("account-id", at, "an account id with a leading zero must be text", help);
        } else if !is_account(account) {
            let help = "an account id has 12 digits; leave `account` out to pin none";
            report.push("account-id", at, format!("`{account}` is not an account id"), help);
        }
    }
    report.length(top.key("description"), "description", file.description.as_deref(), 1000);
}

/// Returns whether a text has the form of a region: `us-east-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    first.len() == 2
        && word(first)
        && !middle.is_empty()
        && middle.iter().all(|part| word(part))
        && (1..=2).contains(&last.len())
        && last.bytes().all(|b| b.is_ascii_digit())
}
