//! Checks.
use super::model::ScenarioFile;
use super::scene::Scene;
use crate::source::Diagnostic;
/// Checks.
pub fn check(_scene: &Scene<'_>, _file: &ScenarioFile, _diagnostics: &mut Vec<Diagnostic>) {}
