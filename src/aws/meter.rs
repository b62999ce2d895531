//! Counts every request that leaves the program, and keeps a list of what was answered for those who ask for one.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use super::retry::is_read;
use crate::account::calls::{Answered, ApiCalls};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The most answers that are kept.
const MOST: usize = 2_000;

/// The longest id of a request, in characters: AWS's have 36.
const LONGEST_ID: usize = 128;

/// Counts requests: one per attempt, retries included. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    read: AtomicU32,
    write: AtomicU32,
    throttled: AtomicU32,
    /// The `Date` of the last answer, in seconds since 1970; 0 before there was one.
    date: AtomicI64,
    /// What was answered, once somebody asked for a list.
    answered: Mutex<Option<Vec<Answered>>>,
}

impl Meter {
    /// Returns what has been counted so far.
    pub fn calls(&self) -> ApiCalls {
        ApiCalls {
            read: self.0.read.load(Ordering::Relaxed),
            write: self.0.write.load(Ordering::Relaxed),
            throttled: self.0.throttled.load(Ordering::Relaxed),
        }
    }

    /// Keeps a list of the answers from now on, the first 2,000.
    pub fn record(&self) {
        self.list(|answered| {
            answered.get_or_insert_default();
        });
    }

    /// Returns the list, in the order of the answers; an empty one when nobody asked for it.
    pub fn answered(&self) -> Vec<Answered> {
        let mut all = Vec::new();
        self.list(|answered| all = answered.clone().unwrap_or_default());
        all
    }

    fn list(&self, act: impl FnOnce(&mut Option<Vec<Answered>>)) {
        act(&mut self.0.answered.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the time by the clock of who answered last; `None` before anybody has told.
    pub fn date(&self) -> Option<Timestamp> {
        let seconds = self.0.date.load(Ordering::Relaxed);
        Timestamp::from_second(seconds).ok().filter(|_| seconds != 0)
    }
}

/// Writes an operation as policies do: `iam:ListUsers`.
fn action(service: &str, operation: &str) -> String {
    let service = match service {
        "EventBridge" => "events".to_owned(),
        "AccessAnalyzer" => "access-analyzer".to_owned(),
        "Resource Groups Tagging API" => "tag".to_owned(),
        other => other.to_lowercase(),
    };
    format!("{service}:{operation}")
}

/// Reads the date of an answer, in the one form that servers still write (RFC 9110, section 5.6.7).
fn date(text: &str) -> Option<i64> {
    let broken = BrokenDownTime::parse("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    let at = broken.to_datetime().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(at.timestamp().as_second())
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) =
            cfg.load::<Metadata>().map_or(("", ""), |metadata| (metadata.service(), metadata.name()));
        tracing::debug!(service, operation, "request");
        let counter = if is_read(operation) { &self.0.read } else { &self.0.write };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if let Some(at) = response.headers().get("date").and_then(date) {
            self.0.date.store(at, Ordering::Relaxed);
        }
        let status = response.status().as_u16();
        self.list(|answered| {
            let Some(answered) = answered.as_mut().filter(|answered| answered.len() < MOST) else { return };
            let metadata = cfg.load::<Metadata>();
            let operation = metadata.map(|told| action(told.service(), told.name())).unwrap_or_default();
            let id =
                ["x-amzn-requestid", "x-amz-request-id"].iter().find_map(|key| response.headers().get(*key));
            let id = id.unwrap_or_default().chars().take(LONGEST_ID).collect();
            answered.push(Answered { operation, id, status });
        });
        let throttled = status == 429
            || (status >= 400
                && response.body().bytes().is_some_and(|body| {
                    body.windows(8).any(|window| window.eq_ignore_ascii_case(b"throttli"))
                }));
        if throttled {
            self.0.throttled.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_a_time() {
        assert_eq!(date("Mon, 02 Mar 2026 09:00:07 GMT"), Some(1_772_442_007));
        assert_eq!(date("yesterday"), None);
        assert_eq!(Meter::default().date(), None);
    }

    #[test]
    fn operations_are_written_as_policies_write_them() {
        assert_eq!(action("IAM", "ListUsers"), "iam:ListUsers");
        assert_eq!(action("EventBridge", "ListRules"), "events:ListRules");
    }
}
