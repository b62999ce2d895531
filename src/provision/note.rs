//! What is as the scenario says and still wants somebody: a recipient who has not confirmed, a runtime that AWS
//! gives up.

use serde::Serialize;

use super::Address;
use super::plan::{Goal, Picture};
use super::resources::topic;
use super::runtimes::{SUCCESSOR, deprecation};

/// Something that is as it should be and still wants somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The resource it is about.
    pub address: Address,
    /// What it is about, for programs.
    pub id: NoteId,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub next: Option<String>,
    /// The address that has to confirm, where one has to and the scenario names it.
    #[serde(skip)]
    pub recipient: Option<String>,
}

/// What a [`Note`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteId {
    /// A subscription waits for its recipient.
    PendingConfirmation,
    /// A function has a runtime that AWS gives up.
    DeprecatedRuntime,
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.next.iter().try_for_each(|next| write!(f, "; {next}"))
    }
}

/// Collects the notes of a picture.
pub(crate) fn notes(picture: Picture<'_>, goal: Goal) -> Vec<Note> {
    // What is about to go needs nobody's attention.
    if matches!(goal, Goal::Down { .. }) {
        return Vec::new();
    }
    let mut notes = topic::unconfirmed(picture);
    notes.extend(deprecated_runtimes(picture));
    notes
}

/// Tells which functions of the scenario have a runtime that AWS gives up, as of the picture's time.
fn deprecated_runtimes(picture: Picture<'_>) -> impl Iterator<Item = Note> {
    picture.scenario.resources.functions.iter().filter_map(move |(name, function)| {
        let message = deprecation(&function.runtime, picture.snapshot.taken_at)?;
        let address = Address::new("function", name);
        let next = match picture.scenario.runtime_parameter(name) {
            Some(parameter) => format!("`--set {parameter}={SUCCESSOR}` changes it"),
            None => format!("write `runtime: {SUCCESSOR}` in the scenario file to change it"),
        };
        let message = format!("{address}: {message}");
        Some(Note { address, id: NoteId::DeprecatedRuntime, message, next: Some(next), recipient: None })
    })
}
