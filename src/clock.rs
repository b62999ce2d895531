//! Time, from one place. The program reads the wall clock and sleeps only through [`Clock`],
//! so that tests and the sandbox can move time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The source of "now" and the only way to wait.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock; waiting takes real time.
    #[default]
    System,
    /// A clock that stands still until it is moved; waiting moves it and returns at once.
    Fixed(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// Returns a clock that stands at `at`.
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(Mutex::new(at)))
    }

    /// Returns the current instant.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
            Self::System => Timestamp::now(),
            Self::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Waits for `duration`: really on the system clock, by moving time on a fixed one.
    pub async fn sleep(&self, duration: Duration) {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
            Self::System => tokio::time::sleep(duration).await,
            Self::Fixed(at) => {
                let step = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
                let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
                *at = at.saturating_add(step).unwrap_or(Timestamp::MAX);
            }
        }
    }
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
}
