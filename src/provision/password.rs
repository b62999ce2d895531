//! Passwords that satisfy any account's policy.
//!
//! Source of the character classes: "Set an account password policy for IAM users"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>).

use crate::secret::Secret;

/// Without characters that look alike; the first one is always a letter, so that no spreadsheet takes the
/// password for a formula.
const CLASSES: [&[u8]; 4] =
    [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnopqrstuvwxyz", b"23456789", b"!@#$%^*()_-[]{}"];

/// The length used unless the account asks for more.
pub const USUAL_LENGTH: usize = 24;

/// Makes a random password of `length` characters (at least 8) with all four classes.
///
/// # Errors
/// Fails when the system has no randomness to give.
pub fn generate(length: usize) -> Result<Secret<String>, getrandom::Error> {
    let length = length.max(8);
    let everything: Vec<u8> = CLASSES.concat();
    loop {
        let mut password = String::with_capacity(length);
        for index in 0..length {
            let alphabet = if index == 0 { CLASSES[0] } else { &everything };
            password.push(char::from(pick(alphabet)?));
        }
        // Drawing again until all classes are in keeps every password equally likely.
        if CLASSES.iter().all(|class| password.bytes().any(|byte| class.contains(&byte))) {
            return Ok(Secret::new(password));
        }
    }
}

/// Draws one byte of `alphabet`, each equally likely.
fn pick(alphabet: &[u8]) -> Result<u8, getrandom::Error> {
    let limit = 256 - 256 % alphabet.len();
    loop {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        let value = usize::from(byte[0]);
        if value < limit
            && let Some(&letter) = alphabet.get(value % alphabet.len())
        {
            return Ok(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_password_has_all_classes_and_starts_with_a_letter() {
        for _ in 0..200 {
            let password = generate(12).unwrap();
            let password = password.reveal();
            assert_eq!(password.len(), 12);
            assert!(password.starts_with(|first: char| first.is_ascii_uppercase()));
            assert!(CLASSES.iter().all(|class| password.bytes().any(|byte| class.contains(&byte))));
        }
    }
}
