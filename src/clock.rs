//! Time, from one place. The program reads the wall clock and sleeps only through [`Clock`],
//! so that tests and the sandbox can move time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The source of "now" and the only way to wait.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock; waiting takes real time.
    #[default]
    System,
    /// The machine's clock, so many seconds ahead of its time (behind it, when negative); waiting takes real time.
    Shifted(Arc<AtomicI64>),
    /// A clock that stands still until it is moved; waiting moves it and returns at once.
    Fixed(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// Returns a clock that stands at `at`.
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(Mutex::new(at)))
    }

    /// Returns a clock that runs `seconds` ahead of the machine's.
    pub fn shifted(seconds: i64) -> Self {
        Self::Shifted(Arc::new(AtomicI64::new(seconds)))
    }

    /// Sets the clock; every clone of it shows the new time. The machine's own clock cannot be set.
    /// Returns how far ahead of the machine's clock it is now, in seconds, if it runs at all.
    pub fn set(&self, at: Timestamp) -> Option<i64> {
        match self {
            Self::System => None,
            Self::Shifted(ahead) => {
                let seconds = at.as_second().saturating_sub(Self::System.now().as_second());
                ahead.store(seconds, Ordering::Release);
                Some(seconds)
            }
            Self::Fixed(stands) => {
                *stands.lock().unwrap_or_else(PoisonError::into_inner) = at;
                None
            }
        }
    }

    /// Returns the time that people see on their own clocks and telephones: without the shift.
    pub fn wall(&self) -> Timestamp {
        match self {
            Self::System | Self::Shifted(_) => Self::System.now(),
            Self::Fixed(_) => self.now(),
        }
    }

    /// Returns the current instant.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
            Self::System => Timestamp::now(),
            Self::Shifted(ahead) => {
                let ahead = SignedDuration::from_secs(ahead.load(Ordering::Acquire));
                let now = Self::System.now();
                now.saturating_add(ahead).unwrap_or(now)
            }
            Self::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Waits for `duration`: really on the system clock, by moving time on a fixed one.
    pub async fn sleep(&self, duration: Duration) {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
            Self::System | Self::Shifted(_) => tokio::time::sleep(duration).await,
            Self::Fixed(at) => {
                let step = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
                let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
                *at = at.saturating_add(step).unwrap_or(Timestamp::MAX);
            }
        }
    }
}

/// Cuts an instant to whole seconds, the precision of AWS's answers.
pub fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fixed_clock_moves_only_when_somebody_waits() {
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.sleep(Duration::from_secs(30)).await;
        assert_eq!(clock.now().as_second(), 30);
    }

    #[test]
    fn a_shifted_clock_runs_on_from_where_it_was_set() {
        let clock = Clock::shifted(0);
        let other = clock.clone();
        let later = Clock::System.now().saturating_add(SignedDuration::from_hours(2400)).unwrap();
        assert!(clock.set(later).is_some_and(|seconds| (2400 * 3600 - 1..=2400 * 3600).contains(&seconds)));
        assert!(other.now().duration_since(later).abs() < SignedDuration::from_mins(1));
        assert!(other.wall().duration_since(Clock::System.now()).abs() < SignedDuration::from_mins(1));
    }
}
