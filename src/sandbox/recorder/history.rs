//! The event history of one account: every event of the last 90 days, in the order of time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::event::{Event, EventError};

/// How long events are kept
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>).
pub const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The events of an account, and those of them that are not in its file yet.
#[derive(Debug, Default)]
pub struct History {
    /// Oldest first; of one second, in the order they came.
    events: VecDeque<Arc<Event>>,
    new: Vec<Arc<Event>>,
}

impl History {
    /// Reads the lines of a history's file. Lines of events that are past their time at `now` are left out; empty
    /// ones are skipped, and so is a last one that was cut off.
    pub fn load(lines: &str, now: Timestamp) -> Result<Self, EventError> {
        let oldest = oldest(now);
        let mut history = Self::default();
        for (index, line) in lines.split_inclusive('\n').enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            match serde_json::from_str::<Event>(line) {
                Ok(event) if event.time < oldest => {}
                Ok(event) => history.insert(Arc::new(event)),
                Err(_) if !line.ends_with('\n') => {}
                Err(source) => return Err(EventError { line: index + 1, source }),
            }
        }
        Ok(history)
    }

    /// Adds an event at its place in time.
    pub fn append(&mut self, event: Event) {
        let event = Arc::new(event);
        self.new.push(Arc::clone(&event));
        self.insert(event);
    }

    /// Returns the events that were added since the last call, in the order they came, for the file.
    pub fn take_new(&mut self) -> Vec<Arc<Event>> {
        std::mem::take(&mut self.new)
    }

    /// Gives events back that could not be written.
    pub fn give_back(&mut self, mut unwritten: Vec<Arc<Event>>) {
        unwritten.append(&mut self.new);
        self.new = unwritten;
    }

    /// Forgets the events that are past their time at `now`. Returns how many there were.
    pub fn prune(&mut self, now: Timestamp) -> usize {
        let past = self.position(oldest(now));
        self.events.drain(..past).count()
    }

    /// Returns the same events, for an account of its own that is kept nowhere.
    pub(in crate::sandbox) fn copy(&self) -> Self {
        Self { events: self.events.clone(), new: Vec::new() }
    }

    /// Returns how many events there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns the events from the oldest to the newest.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Event>> {
        self.events.iter()
    }

    /// Returns the events that happened at `from` or later and at `to` or earlier, from the newest to the oldest.
    pub(crate) fn newest_first(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Arc<Event>> {
        let end = self.events.partition_point(|event| event.time <= to);
        self.events.range(self.position(from).min(end)..end).rev()
    }

    /// Puts an event behind all that are not newer.
    fn insert(&mut self, event: Arc<Event>) {
        if self.events.back().is_none_or(|last| last.time <= event.time) {
            self.events.push_back(event);
        } else {
            let place = self.events.partition_point(|other| other.time <= event.time);
            self.events.insert(place, event);
        }
    }

    /// Returns the place of the first event at `time` or later.
    fn position(&self, time: Timestamp) -> usize {
        self.events.partition_point(|event| event.time < time)
    }
}

/// Returns the moment before which events are forgotten.
pub(crate) fn oldest(now: Timestamp) -> Timestamp {
    now.saturating_sub(RETENTION).unwrap_or(Timestamp::MIN)
}

/// A history that several parts of the sandbox share: who records, who saves, who looks up.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<History>>);

impl Log {
    /// Shares a history.
    pub fn new(history: History) -> Self {
        Self(Arc::new(Mutex::new(history)))
    }

    /// Locks the history; a panic elsewhere does not make it unreadable.
    pub fn lock(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: &str, time: &str) -> Event {
        let record = json!({"eventID": id, "eventTime": time, "eventName": "GetUser", "readOnly": true});
        Event::of(&record, Vec::new())
    }

    fn ids<'a>(events: impl Iterator<Item = &'a Arc<Event>>) -> Vec<&'a str> {
        events.map(|event| event.id.as_str()).collect()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn events_are_in_the_order_of_time_however_they_come() {
        let mut history = History::default();
        for (id, time) in
            [("b", "2026-03-02T00:00:00Z"), ("a", "2026-03-01T00:00:00Z"), ("c", "2026-03-02T00:00:00Z")]
        {
            history.append(event(id, time));
        }
        assert_eq!(ids(history.iter()), ["a", "b", "c"]);
        assert_eq!(ids(history.newest_first(Timestamp::MIN, Timestamp::MAX)), ["c", "b", "a"]);
        let day = at("2026-03-02T00:00:00Z");
        assert_eq!(ids(history.newest_first(day, day)), ["c", "b"]);
        assert_eq!(ids(history.newest_first(at("2026-03-03T00:00:00Z"), Timestamp::MAX)), [""; 0]);
        assert_eq!(ids(history.newest_first(Timestamp::MAX, Timestamp::MIN)), [""; 0]);
        assert_eq!(ids(history.take_new().iter()), ["b", "a", "c"]);
        assert!(history.take_new().is_empty());
    }

    #[test]
    fn a_file_gives_the_same_events_back_without_those_of_last_quarter() {
        let (old, new) = (event("old", "2025-12-01T00:00:00Z"), event("new", "2026-03-01T00:00:00Z"));
        let file = format!("{}\n\n{}\n{{\"EventId\":\"cut", old.line(), new.line());
        let history = History::load(&file, at("2026-03-02T00:00:00Z")).unwrap();
        assert_eq!(ids(history.iter()), ["new"]);
        assert_eq!(history.iter().next().unwrap().record(), new.record());
        assert!(History::load("nonsense\n", at("2026-03-02T00:00:00Z")).is_err());
    }

    #[test]
    fn pruning_forgets_what_is_older_than_ninety_days() {
        let mut history = History::default();
        history.append(event("a", "2026-01-01T00:00:00Z"));
        history.append(event("b", "2026-01-02T00:00:00Z"));
        assert_eq!(history.prune(at("2026-04-01T00:00:00Z")), 0);
        assert_eq!(history.prune(at("2026-04-01T00:00:01Z")), 1);
        assert_eq!(ids(history.iter()), ["b"]);
    }
}
