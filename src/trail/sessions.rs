//! [`Starts`]: which event began which session, and so who is behind a role.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::account::actor::{Actor, ActorKind};
use crate::account::event::Event;

/// The most sessions that are kept in mind, of a folder of logs.
const MOST: usize = 200_000;

/// The longest chain of roles that is followed. Each takes credentials of the one before.
const DEEPEST: usize = 20;

/// What is known of sessions: by the key that each was given.
#[derive(Debug, Default)]
pub struct Starts {
    by_key: BTreeMap<String, Start>,
    is_full: bool,
}

/// The event that began a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Who began it.
    pub actor: Actor,
    /// When.
    pub time: Timestamp,
    /// Where the request came from.
    pub address: String,
    /// The event's id.
    pub id: String,
}

/// Who is behind an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain<'a> {
    /// Who started the session, who started the session that this was done in, and so on.
    pub starts: Vec<&'a Start>,
    /// The session whose start is not known; `None` when the last one is no role's session.
    pub lost: Option<&'a Actor>,
}

impl Starts {
    /// Keeps an event in mind, if it began a session.
    pub fn see(&mut self, event: &Event) {
        let Some(key) = event.issued_key() else { return };
        if self.by_key.len() >= MOST {
            self.is_full = true;
            return;
        }
        let start = || Start {
            actor: event.actor.clone(),
            time: event.time,
            address: event.address.clone(),
            id: event.id.clone(),
        };
        self.by_key.entry(key.to_owned()).or_insert_with(start);
    }

    /// Tells whether there were more than are kept in mind.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Follows the sessions behind somebody to who was there before them.
    pub fn behind<'a>(&'a self, actor: &'a Actor) -> Chain<'a> {
        let mut chain = Chain { starts: Vec::new(), lost: None };
        let mut seen = BTreeSet::new();
        let mut next = actor;
        while next.kind == ActorKind::RoleSession || next.is_assumed_root {
            let known = next.session_key().and_then(|key| {
                let start = self.by_key.get(key)?;
                (chain.starts.len() < DEEPEST && seen.insert(key)).then_some(start)
            });
            // A session that was recorded without its key has a starter, too.
            let Some(start) = known else {
                chain.lost = Some(next);
                break;
            };
            chain.starts.push(start);
            next = &start.actor;
        }
        chain
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn assumed(by: &serde_json::Value, key: &str) -> Event {
        Event::of(json!({
            "eventTime": "2026-03-02T09:00:00Z", "eventName": "AssumeRole", "eventSource": "sts.amazonaws.com",
            "eventID": key, "userIdentity": by, "responseElements": {"credentials": {"accessKeyId": key}},
        }))
        .unwrap()
    }

    fn session(key: &str) -> serde_json::Value {
        json!({"type": "AssumedRole", "principalId": format!("AROA:{key}"), "accessKeyId": key})
    }

    fn lost<'a>(chain: &Chain<'a>) -> Option<&'a str> {
        chain.lost.and_then(Actor::session_key)
    }

    #[test]
    fn two_hops_lead_to_the_user() {
        let mut starts = Starts::default();
        starts.see(&assumed(&json!({"type": "IAMUser", "userName": "u", "accessKeyId": "AKIA1"}), "ASIA1"));
        starts.see(&assumed(&session("ASIA1"), "ASIA2"));
        let actor = Actor::of(&json!({"userIdentity": session("ASIA2")}));
        let chain = starts.behind(&actor);
        let names: Vec<&str> = chain.starts.iter().map(|start| start.actor.name.as_str()).collect();
        assert_eq!((names.as_slice(), chain.lost), (["ASIA1", "u"].as_slice(), None));
    }

    #[test]
    fn what_is_not_known_is_said_and_a_circle_ends() {
        let mut starts = Starts::default();
        let actor = Actor::of(&json!({"userIdentity": session("ASIA1")}));
        assert_eq!(lost(&starts.behind(&actor)), Some("ASIA1"));
        starts.see(&assumed(&session("ASIA1"), "ASIA1"));
        assert_eq!(lost(&starts.behind(&actor)), Some("ASIA1"));
        let keyless = Actor::of(&json!({"userIdentity": session("")}));
        assert_eq!(starts.behind(&keyless).lost, Some(&keyless));
        let user =
            Actor::of(&json!({"userIdentity": {"type": "IAMUser", "userName": "u", "accessKeyId": "ASIA9"}}));
        assert_eq!(starts.behind(&user), Chain { starts: vec![], lost: None });
    }
}
