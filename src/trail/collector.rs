//! [`Collector`]: a question, and the events that answer it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::filter::Filter;
use super::kept::Kept;
use super::resource::{Deed, Resource};
use super::sessions::Starts;
use crate::account::event::Event;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Which events there are.
    History(Filter),
    /// What was done to a resource. The filter has the resource in it.
    Deed(Filter, Resource, Asked),
}

/// What may have been done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Asked {
    /// Who made it.
    Created,
    /// Who changed it, or something that hangs on it.
    Changed,
    /// Who took it away.
    Deleted,
}

/// The most ARNs of one thing that are kept in mind: a policy that was made again has one more only with another path.
const MOST_ARNS: usize = 20;

/// The events that answer a question, as far as was looked.
#[derive(Debug)]
pub struct Collector {
    question: Question,
    /// The events; of deeds, those that worked.
    pub kept: Kept,
    /// Of deeds, the attempts that failed.
    pub attempts: Kept,
    /// What is known of sessions.
    pub starts: Starts,
    /// The ARNs by which the events name the resource that is asked for, of those that do not fit too.
    pub arns: BTreeSet<String>,
}

impl Question {
    /// Returns the filter that every answer fits.
    pub const fn filter(&self) -> &Filter {
        match self {
            Self::History(filter) | Self::Deed(filter, ..) => filter,
        }
    }
}

impl Asked {
    /// Tells whether a deed is one of these.
    pub const fn is(self, deed: Deed) -> bool {
        matches!(
            (self, deed),
            (Self::Created, Deed::Created | Deed::Put)
                | (Self::Changed, Deed::Changed | Deed::Put)
                | (Self::Deleted, Deed::Deleted)
        )
    }

    /// Returns the deed that stands for it.
    pub const fn deed(self) -> Deed {
        match self {
            Self::Created => Deed::Created,
            Self::Changed => Deed::Changed,
            Self::Deleted => Deed::Deleted,
        }
    }

    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        }
    }
}

impl Collector {
    /// Begins with nothing, and room for `limit` events (0: for all).
    pub fn new(question: Question, limit: usize) -> Self {
        Self {
            question,
            kept: Kept::new(limit),
            attempts: Kept::new(limit),
            starts: Starts::default(),
            arns: BTreeSet::new(),
        }
    }

    /// Returns what is asked.
    pub const fn question(&self) -> &Question {
        &self.question
    }

    /// Takes an event that comes before all that were taken. Breaks when older ones would find no room.
    pub fn see_older(&mut self, event: Event) -> ControlFlow<()> {
        self.starts.see(&event);
        self.learn(&event);
        let time = event.time;
        if let Some(kept) = self.place(&event) {
            kept.add_older(event);
        }
        if self.kept.is_past(time) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Takes an event that comes after all that were taken, or in no order.
    pub fn see_newer(&mut self, event: Event) {
        self.starts.see(&event);
        if let Some(kept) = self.place(&event) {
            kept.add_newer(event);
        }
    }

    /// Lists all that was found.
    pub fn all(&self) -> impl Iterator<Item = &Event> {
        self.kept.newest_first().chain(self.attempts.newest_first())
    }

    /// Notes the ARNs by which an event names the resource.
    fn learn(&mut self, event: &Event) {
        let Some(resource) = &self.question.filter().resource else { return };
        for arn in resource.arns_in(event) {
            if self.arns.len() < MOST_ARNS {
                self.arns.insert(arn);
            }
        }
    }

    /// Returns where an event belongs, if it answers the question.
    fn place(&mut self, event: &Event) -> Option<&mut Kept> {
        match &self.question {
            Question::History(filter) => filter.fits(event).then_some(&mut self.kept),
            Question::Deed(filter, resource, asked) => {
                let fits = filter.fits(event) && resource.deed(event).is_some_and(|deed| asked.is(deed));
                let kept = if event.failure.is_none() { &mut self.kept } else { &mut self.attempts };
                fits.then_some(kept)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn denied_attempts_are_kept_apart_and_take_no_room() {
        let resource = Resource::parse("group/G").unwrap();
        let filter = Filter { resource: Some(resource.clone()), ..Filter::default() };
        let mut found = Collector::new(Question::Deed(filter, resource, Asked::Changed), 1);
        for (id, second, error) in
            [("d", 4, Some("AccessDenied")), ("c", 3, Some("AccessDenied")), ("b", 2, None), ("a", 1, None)]
        {
            let event = Event::of(json!({
                "eventID": id, "eventTime": format!("2026-03-02T09:00:0{second}Z"), "eventName": "AddUserToGroup",
                "eventSource": "iam.amazonaws.com", "requestParameters": {"groupName": "G"}, "errorCode": error,
            }));
            if found.see_older(event.unwrap()).is_break() {
                assert_eq!(id, "b", "the first that worked fills the room");
                break;
            }
        }
        let ids = |kept: &Kept| kept.newest_first().map(|event| event.id.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&found.kept), ids(&found.attempts)), (vec!["b".to_owned()], vec!["d".to_owned()]));
    }
}
