//! What the event history answered: for people, for programs, for spreadsheets.

use jiff::Timestamp;

use crate::account::calls::ApiCalls;
use crate::account::event::Event;
use crate::trail::place::Window;
use crate::trail::root_login::Reach;
use crate::trail::sessions::{Chain, Starts};

mod csv;
mod json;
mod root_login;
mod text;

pub use csv::to_csv;
pub use json::{history_json, root_login_json, who_json};
pub use root_login::{root_login_text, sources_text};
pub use text::{history_text, look_text, who_text};

/// Colours a piece of text.
pub type Paint<'a> = &'a dyn Fn(crate::ui::Tone, &str) -> String;

/// What was looked at, and how far.
#[derive(Debug, Clone)]
pub struct Look {
    /// `sandbox`, `aws` or `logs`.
    pub target: &'static str,
    /// The account, when one was contacted or named.
    pub account: Option<String>,
    /// The regions whose event history was asked; none for log files.
    pub regions: Vec<String>,
    /// The time that was looked at; of log files, from the first event to the last.
    pub window: Option<Window>,
    /// Why looking ended.
    pub ended: Ended,
    /// Events that were looked at.
    pub looked: u64,
    /// Those of them that could not be read.
    pub undecodable: u64,
    /// Lookups that only searched for who started a session.
    pub for_sessions: u32,
    /// Log files that were read, when log files were.
    pub files: Option<u64>,
    /// Files and folders that could not be read, and why.
    pub unread: Vec<(String, String)>,
    /// What was not looked at besides, and may hide something that was asked for.
    pub missing: Vec<String>,
    /// What else to know of the answer.
    pub notes: Vec<String>,
    /// Requests it took; `None` without an account.
    pub calls: Option<ApiCalls>,
}

/// Why looking ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All was looked at.
    Whole,
    /// As many events as were asked for were found.
    Limit,
    /// As many events as were to be looked at were; the last was of this time.
    Bound(Option<Timestamp>),
    /// Somebody interrupted; the last event was of this time.
    Interrupted(Option<Timestamp>),
    /// The event history could not be read any further.
    Failed(String),
}

impl Ended {
    const fn word(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Limit => "limit",
            Self::Bound(_) => "bound",
            Self::Interrupted(_) => "interrupted",
            Self::Failed(_) => "failed",
        }
    }
}

impl Look {
    /// Tells whether nothing was left out that was asked for.
    pub const fn is_complete(&self) -> bool {
        matches!(self.ended, Ended::Whole | Ended::Limit)
            && self.undecodable == 0
            && self.unread.is_empty()
            && self.missing.is_empty()
    }

    /// Tells how much was read of what holds the sign-ins of root.
    pub fn reach(&self) -> Reach {
        match (self.is_complete(), self.window, self.looked) {
            (_, None, _) | (false, _, 0) => Reach::Nothing,
            (false, ..) => Reach::Part,
            (true, ..) => Reach::All,
        }
    }

    /// Names what was read, in the plural.
    pub(crate) const fn source(&self) -> &'static str {
        if self.files.is_some() { "log files" } else { "events of the history" }
    }
}

/// An event, and who is behind the session it was done in.
#[derive(Debug)]
pub struct Row<'a> {
    event: &'a Event,
    chain: Chain<'a>,
}

impl<'a> Row<'a> {
    /// Puts an event beside what is known of sessions.
    pub fn new(event: &'a Event, starts: &'a Starts) -> Self {
        Self { event, chain: starts.behind(&event.actor) }
    }

    /// Names who did it, and who is behind that.
    fn who(&self) -> String {
        let mut who = self.event.actor.label();
        if let Some(service) = &self.event.actor.through {
            who = format!("{who} through {service}");
        }
        let behind = self.behind();
        if behind.is_empty() { who } else { format!("{who}, started by {behind}") }
    }

    /// Names who started the session; empty when it is none.
    fn behind(&self) -> String {
        let mut names: Vec<String> = self.chain.starts.iter().map(|start| start.actor.label()).collect();
        if self.chain.lost.is_some() {
            names.push("somebody unknown".to_owned());
        }
        names.join(", started by ")
    }

    /// Names what it was about.
    fn resources(&self) -> Vec<String> {
        let each = self.event.resources().into_iter();
        each.map(|it| if it.name.starts_with("arn:") { it.name } else { format!("{}/{}", it.kind, it.name) })
            .collect()
    }
}

/// Writes a time to the second, as the event history has it.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
