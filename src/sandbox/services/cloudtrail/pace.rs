//! The limit on `LookupEvents`: two requests per second, in each region of an account.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How many requests a second has room for.
const PER_SECOND: usize = 2;

/// When the last requests were let through, by region.
#[derive(Debug, Default)]
pub(super) struct Pace {
    regions: Mutex<BTreeMap<String, Vec<Timestamp>>>,
}

impl Pace {
    /// Tells whether a request at `now` is within the limit, and counts it if it is.
    ///
    /// On a clock that stands still no second ever passes, so there a refusal makes room again: the client that
    /// tries once more is let in.
    pub(super) fn allows(&self, region: &str, now: Timestamp) -> bool {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = regions.entry(region.to_owned()).or_default();
        let second = SignedDuration::from_secs(1);
        recent.retain(|then| now >= *then && now.duration_since(*then) < second);
        if recent.len() < PER_SECOND {
            recent.push(now);
            return true;
        }
        if recent.iter().all(|then| *then == now) {
            recent.clear();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_requests_fit_into_any_second_of_a_region() {
        let pace = Pace::default();
        let at = |millis: i64| Timestamp::from_millisecond(millis).unwrap();
        assert!(pace.allows("us-east-1", at(0)));
        assert!(pace.allows("us-east-1", at(900)));
        assert!(!pace.allows("us-east-1", at(999)));
        assert!(pace.allows("eu-west-1", at(999)));
        assert!(pace.allows("us-east-1", at(1000)), "the first is a second ago");
        assert!(!pace.allows("us-east-1", at(1001)));
        assert!(pace.allows("us-east-1", at(1)), "a clock that was set back starts over");
    }

    #[test]
    fn a_clock_that_stands_still_refuses_every_third_request() {
        let pace = Pace::default();
        let answers: Vec<bool> = (0..6).map(|_| pace.allows("us-east-1", Timestamp::UNIX_EPOCH)).collect();
        assert_eq!(answers, [true, true, false, true, true, false]);
    }
}
