//! The token of the next page: the last event of this one, bound to the parameters of the request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// The place where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The time of the page's last event.
    pub(super) time: Timestamp,
    /// The id of the page's last event.
    pub(super) id: String,
}

impl Place {
    /// Writes the token for a request with these parameters.
    pub(super) fn token(&self, parameters: &str) -> String {
        STANDARD.encode(format!("{} {} {}", digest(parameters), self.time.as_second(), self.id))
    }

    /// Reads a token, if it was given out for these parameters.
    pub(super) fn of(token: &str, parameters: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
        let mut parts = text.split(' ');
        parts.next().filter(|found| *found == digest(parameters))?;
        let time = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        Some(Self { time, id: parts.next()?.to_owned() })
    }
}

/// Shortens the parameters.
fn digest(parameters: &str) -> String {
    STANDARD.encode(Sha256::digest(parameters).get(..12).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_only_the_request_it_was_made_for() {
        let place = Place { time: Timestamp::from_second(1_700_000_000).unwrap(), id: "event".to_owned() };
        let token = place.token("Username=root");
        assert_eq!(Place::of(&token, "Username=root"), Some(place));
        assert_eq!(Place::of(&token, "Username=User1"), None);
        assert_eq!(Place::of("nonsense", "Username=root"), None);
        assert_eq!(Place::of("", ""), None);
    }
}
