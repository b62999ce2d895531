//! The JSON documents of `iamlab provision` (CONTRACT section 4).

use serde::Serialize;

use super::{FormatArgs, Met, notes};
use crate::account::calls::ApiCalls;
use crate::commands::to_text;
use crate::error::Error;
use crate::provision::apply::Outcome;
use crate::provision::note::Note;
use crate::provision::plan::{Action, Change, Plan, Summary};
use crate::provision::run::Report;

#[derive(Serialize)]
struct Document<'a, C> {
    format_version: u32,
    scenario: &'a str,
    account: &'a str,
    target: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_calls: Option<ApiCalls>,
    changes: Vec<&'a C>,
    summary: Summary,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leftovers: Vec<&'a Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Writes a plan.
pub(super) fn plan(met: &Met, plan: &Plan, args: &FormatArgs) -> Result<String, Error> {
    to_text(&Document {
        format_version: 1,
        scenario: &met.scenario.place.scenario,
        account: &met.aws.caller.account,
        target: met.target.name(),
        api_calls: None,
        changes: plan.changes().filter(|change| args.all || change.action != Action::Noop).collect(),
        summary: plan.summary(),
        notes: notes::at(met, &plan.notes),
        leftovers: Vec::new(),
        error: None,
    })
}

/// Writes what became of a run.
pub(super) fn run(met: &Met, report: &Report, args: &FormatArgs) -> Result<String, Error> {
    let shown = |outcome: &&Outcome| args.all || outcome.change.action != Action::Noop;
    to_text(&Document {
        format_version: 1,
        scenario: &met.scenario.place.scenario,
        account: &met.aws.caller.account,
        target: met.target.name(),
        api_calls: Some(met.aws.meter.calls()),
        changes: report.outcomes.iter().filter(shown).collect(),
        summary: Summary::of(report.outcomes.iter().map(|outcome| &outcome.change)),
        notes: notes::at(met, &report.notes),
        leftovers: report.leftovers.iter().collect(),
        error: report.error.as_ref().map(ToString::to_string),
    })
}
