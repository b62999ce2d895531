//! Names in commands that people paste into a shell. Whoever may create a user chooses its name, so none is trusted.

/// Returns `--option value` for a POSIX shell, whatever the value holds.
///
/// A value that begins with a dash would be read as an option of its own, so it is tied to its option with `=`.
pub(super) fn option(name: &str, value: &str) -> String {
    let tie = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{tie}{}", word(value))
}

/// Returns a text as one word of a POSIX shell: as it is when it has only harmless characters, else in single quotes.
fn word(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-:/".contains(c);
    if !text.is_empty() && text.chars().all(harmless) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_word() {
        for (name, expected) in [
            ("User1", "--user-name User1"),
            ("a,b+c@d.e", "--user-name a,b+c@d.e"),
            ("a b", "--user-name 'a b'"),
            ("$(reboot)", "--user-name '$(reboot)'"),
            ("it's; rm -rf ~", r"--user-name 'it'\''s; rm -rf ~'"),
            ("-x", "--user-name=-x"),
            ("", "--user-name ''"),
            ("~root", "--user-name '~root'"),
        ] {
            assert_eq!(option("--user-name", name), expected);
        }
    }
}
