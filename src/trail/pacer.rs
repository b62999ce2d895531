//! [`Pacer`]: no more than two requests in any second.
//!
//! "The rate of lookup requests is limited to two per second, per account, per Region"
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>). The sandbox has the same
//! limit, so nothing here depends on who answers; on a clock that stands still, waiting costs nothing.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// How many requests a second has room for.
const PER_SECOND: usize = 2;

/// A second, and what a request may be faster than the one before it on its way.
const SECOND: SignedDuration = SignedDuration::from_millis(1_050);

/// The last requests of one region.
#[derive(Debug, Default)]
pub(super) struct Pacer(VecDeque<Timestamp>);

impl Pacer {
    /// Waits until there is room for one more request, and takes it.
    pub(super) async fn wait(&mut self, clock: &Clock) {
        if let Some(pause) = self.pause(clock.now()) {
            clock.sleep(pause).await;
        }
        self.0.push_back(clock.now());
        while self.0.len() > PER_SECOND {
            self.0.pop_front();
        }
    }

    /// Returns how long there is no room.
    fn pause(&self, now: Timestamp) -> Option<Duration> {
        let first = self.0.front().filter(|_| self.0.len() >= PER_SECOND)?;
        let free = first.saturating_add(SECOND).ok()?;
        // A clock that was set back says nothing about how long ago that was.
        if now < *first {
            return Duration::try_from(SECOND).ok();
        }
        Duration::try_from(free.duration_since(now)).ok().filter(|pause| !pause.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_second_has_three_requests() {
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        let mut pacer = Pacer::default();
        let mut sent = Vec::new();
        for _ in 0..9 {
            pacer.wait(&clock).await;
            sent.push(clock.now());
        }
        for three in sent.windows(3) {
            assert!(three[2].duration_since(three[0]) >= SignedDuration::from_secs(1), "{sent:?}");
        }
        assert!(clock.now().as_second() <= 5, "nine requests take four waits: {}", clock.now());
    }

    #[tokio::test]
    async fn who_comes_late_does_not_wait() {
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        let mut pacer = Pacer::default();
        for _ in 0..4 {
            pacer.wait(&clock).await;
            clock.sleep(Duration::from_secs(3)).await;
        }
        assert_eq!(clock.now().as_second(), 12);
    }
}
