//! [`wrap`]: lines of text for people.

/// Breaks a text between words, never inside a command in backticks: people copy those. What is longer than a line
/// stays whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in words_of(text) {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines.push(line);
    lines
}

/// Takes a text apart at its blanks, but for those between two backticks.
fn words_of(text: &str) -> Vec<&str> {
    let mut code = text.matches('`').count() % 2 == 1;
    // With an odd number there is no telling what is inside: every blank counts.
    let odd = code;
    let blank = move |c: char| {
        code ^= c == '`';
        c == ' ' && (odd || !code)
    };
    text.split(blank).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_stays_on_one_line() {
        assert_eq!(wrap("use `aws iam x` now", 8), ["use", "`aws iam x`", "now"]);
        assert_eq!(wrap("a `b c", 3), ["a", "`b", "c"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("run `aws iam list-users`, then", 8), ["run", "`aws iam list-users`,", "then"]);
    }

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("https://example.com/a b", 7), ["https://example.com/a", "b"]);
    }
}
