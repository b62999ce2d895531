//! [`Kept`]: the newest events that fit, however many there were and in whatever order they came.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::account::event::Event;

/// The most events without room whose ids are kept, to know them again.
const MOST_GONE: usize = 100_000;

/// The newest events, each once.
#[derive(Debug)]
pub struct Kept {
    limit: usize,
    /// By time, then by rank: the place among events of the same second.
    events: BTreeMap<(Timestamp, i64), Event>,
    ids: BTreeSet<String>,
    rank: i64,
    gone: BTreeSet<String>,
    dropped: usize,
}

impl Kept {
    /// Makes room for `limit` events; 0 is no limit.
    pub const fn new(limit: usize) -> Self {
        let limit = if limit == 0 { usize::MAX } else { limit };
        Self {
            limit,
            events: BTreeMap::new(),
            ids: BTreeSet::new(),
            rank: 0,
            gone: BTreeSet::new(),
            dropped: 0,
        }
    }

    /// Adds an event that comes before all of its second that were added.
    pub fn add_older(&mut self, event: Event) {
        self.rank += 1;
        self.add(event, -self.rank);
    }

    /// Adds an event that comes after all of its second that were added.
    pub fn add_newer(&mut self, event: Event) {
        self.rank += 1;
        self.add(event, self.rank);
    }

    fn add(&mut self, event: Event, rank: i64) {
        // A trail delivers some events twice; the oldest records have no id to know them by.
        let is_known = self.gone.contains(&event.id) || !self.ids.insert(event.id.clone());
        if !event.id.is_empty() && is_known {
            return;
        }
        self.events.insert((event.time, rank), event);
        if self.events.len() > self.limit {
            self.dropped += 1;
            if let Some((_, gone)) = self.events.pop_first() {
                self.ids.remove(&gone.id);
                if self.gone.len() < MOST_GONE && !gone.id.is_empty() {
                    self.gone.insert(gone.id);
                }
            }
        }
    }

    /// Tells whether an event of this time, and all older ones, would find no room.
    pub fn is_past(&self, time: Timestamp) -> bool {
        let oldest = self.events.first_key_value().map(|((time, _), _)| *time);
        self.events.len() >= self.limit && oldest.is_some_and(|oldest| time <= oldest)
    }

    /// Tells whether there were events that found no room.
    pub const fn has_dropped(&self) -> bool {
        self.dropped > 0
    }

    /// Returns how many there were, with those that found no room.
    pub fn total(&self) -> usize {
        self.events.len().saturating_add(self.dropped)
    }

    /// Takes out what is not newer than `time`.
    pub fn drop_until(&mut self, time: Timestamp) {
        while let Some(first) = self.events.first_entry().filter(|first| first.key().0 <= time) {
            self.ids.remove(&first.remove().id);
        }
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns the events, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Event> {
        self.events.values().rev()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: &str, second: i64) -> Event {
        let time = Timestamp::from_second(second).unwrap().to_string();
        Event::of(json!({"eventID": id, "eventTime": time, "eventName": "X", "eventSource": "y"})).unwrap()
    }

    fn ids(kept: &Kept) -> Vec<&str> {
        kept.newest_first().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn the_newest_stay_each_once_and_a_second_keeps_its_order() {
        let mut kept = Kept::new(3);
        for (id, second) in [("c", 3), ("b2", 2), ("b1", 2), ("c", 3), ("a", 1)] {
            kept.add_older(event(id, second));
        }
        assert_eq!(ids(&kept), ["c", "b2", "b1"]);
        assert!(kept.has_dropped() && kept.is_past(Timestamp::from_second(2).unwrap()));
        kept.add_older(event("a", 1));
        assert_eq!(kept.total(), 4, "one that found no room is counted once");
        kept.drop_until(Timestamp::from_second(2).unwrap());
        assert_eq!(ids(&kept), ["c"]);
        let mut logs = Kept::new(0);
        for (id, second) in [("b1", 2), ("a", 1), ("b2", 2), ("b1", 2)] {
            logs.add_newer(event(id, second));
        }
        assert_eq!(ids(&logs), ["b2", "b1", "a"]);
        assert!(!logs.has_dropped() && !logs.is_past(Timestamp::from_second(0).unwrap()));
    }
}
