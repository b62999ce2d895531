//! Notes: what is as the scenario says and still wants somebody, with what to do about it at this target.

use std::path::Path;

use super::Met;
use crate::aws::connect::Target;
use crate::cli::{SANDBOX_ACCOUNT, SANDBOX_DIR};
use crate::provision::note::Note;
use crate::report::escape::visible;
use crate::ui::Ui;

/// Says what to do where that depends on the target: in the sandbox nobody opens a mail.
pub(super) fn at(met: &Met, notes: &[Note]) -> Vec<Note> {
    let Target::Sandbox { dir, account } = &met.target else { return notes.to_vec() };
    let told = |note: &Note| match &note.recipient {
        Some(recipient) => {
            let mut command = format!("iamlab sandbox confirm {}", word(recipient));
            if account != SANDBOX_ACCOUNT {
                command = format!("{command} --account {account}");
            }
            if dir != Path::new(SANDBOX_DIR) {
                command = format!("{command} --sandbox-dir {}", word(&dir.to_string_lossy()));
            }
            Note { next: Some(format!("`{command}` plays its owner, who has 48 hours")), ..note.clone() }
        }
        None => note.clone(),
    };
    notes.iter().map(told).collect()
}

/// Shows notes as hints.
pub(super) fn show(ui: &Ui, met: &Met, notes: &[Note]) {
    for note in at(met, notes) {
        ui.hint(&visible(&note.to_string()));
    }
}

/// Writes a word as a shell takes it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_into_a_shell_stays_one_word() {
        assert_eq!(word("a+b@example.com"), "a+b@example.com");
        assert_eq!(word("it's; rm -r ~"), r"'it'\''s; rm -r ~'");
    }
}
