//! What other people named, made harmless: one function per place where a name can end up.
//!
//! The formats for people show a character that would act (a control character, one that turns the direction of
//! writing, one that cannot be seen) as its number, `\u{202e}`; the formats for programs keep it and escape it by
//! their own rules.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How many characters of one sentence the formats for people show.
const LONG: usize = 1200;

/// Whether a character acts on a terminal or a reader instead of being read.
const fn acts(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Shows characters that act as what they are, on one line: `\n`, `\u{1b}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Cuts a text after `limit` characters and says so with `…`, which is one of them.
pub(crate) fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if text.char_indices().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    Cow::Owned(kept + "…")
}

/// Makes a text fit for people: visible and of bounded length.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    match cut(text, LONG) {
        Cow::Borrowed(whole) => visible(whole),
        Cow::Owned(part) => Cow::Owned(visible(&part).into_owned()),
    }
}

/// Appends a text to HTML: inert between tags and inside quoted attributes.
pub(crate) fn html(out: &mut String, text: &str) {
    for c in plain(text).chars() {
        entity(out, c);
    }
}

/// Appends a text to XML 1.0, in attributes and between tags. What XML cannot hold is shown as its number.
pub(super) fn xml(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' => _ = write!(out, "&#{};", u32::from(c)),
            c if acts(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => out.extend(c.escape_default()),
            c => entity(out, c),
        }
    }
}

/// Makes a text of any length fit for HTML, as [`html`].
pub(super) fn html_whole(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    visible(text).chars().for_each(|c| entity(&mut out, c));
    out
}

fn entity(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c => out.push(c),
    }
}

/// Makes a text fit for a cell of a spreadsheet: never a formula.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    if shown.trim_start().starts_with(formula) { Cow::Owned(format!("'{shown}")) } else { shown }
}

/// A piece of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Words.
    Words(&'a str),
    /// What stands between backticks.
    Code(&'a str),
}

/// Takes a sentence apart at its backticks; a last one without a partner is a word.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut code = false;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            if code {
                code = false;
                let Some((inside, after)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`'))
                else {
                    return Some(Piece::Words(std::mem::take(&mut rest)));
                };
                rest = after;
                return Some(Piece::Code(inside));
            }
            code = true;
            let (words, after) = rest.split_at(rest.find('`').unwrap_or(rest.len()));
            rest = after;
            if !words.is_empty() {
                return Some(Piece::Words(words));
            }
        }
    })
}

/// Appends a sentence to HTML, with what stands between backticks as code.
pub(super) fn html_prose(out: &mut String, text: &str) {
    for piece in pieces(&plain(text)) {
        match piece {
            Piece::Words(words) => html(out, words),
            Piece::Code(code) => {
                out.push_str("<code>");
                html(out, code);
                out.push_str("</code>");
            }
        }
    }
}

/// Makes a sentence fit for Markdown, also in a table: what stands between backticks is code, and nothing else in it
/// is markup, a link or a mention.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for piece in pieces(&plain(text)) {
        match piece {
            Piece::Words(words) => markdown_words(&mut out, words),
            Piece::Code(code) => out.push_str(&markdown_code(code)),
        }
    }
    out
}

fn markdown_words(out: &mut String, text: &str) {
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            // `https://…` and `www.…` become links by themselves.
            ':' if rest.peek() == Some(&'/') => out.push_str("&#58;"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("&#46;"),
            // A mention writes to somebody.
            '@' => out.push_str("@<!-- -->"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '!' | '{' | '}' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        before = c;
    }
}

/// Makes a name fit for Markdown as code, also in a table.
pub(crate) fn markdown_code(text: &str) -> String {
    let shown = plain(text);
    if shown.is_empty() {
        return String::new();
    }
    if !shown.contains(['`', '|', '\\']) {
        return format!("`{shown}`");
    }
    // Code between backticks knows no escapes, so the name is written in entities.
    let mut out = String::from("<code>");
    for c in shown.chars() {
        if c.is_alphanumeric() || c == ' ' {
            out.push(c);
        } else {
            _ = write!(out, "&#{};", u32::from(c));
        }
    }
    out + "</code>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown() {
        assert_eq!(visible("a\x1b[31m\n\u{202e}b\u{200b}"), "a\\u{1b}[31m\\n\\u{202e}b\\u{200b}");
        assert_eq!(visible("Zoë 日本"), "Zoë 日本");
        assert_eq!(plain(&"x".repeat(5000)).chars().count(), LONG);
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }

    #[test]
    fn a_formula_is_text() {
        for (cell_text, shown) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "' =1"),
            ("\t=1", "\\t=1"),
            ("\r=1", "\\r=1"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(cell_text), shown);
        }
    }

    #[test]
    fn xml_holds_every_text() {
        let mut out = String::new();
        xml(&mut out, "a\0\u{fffe}<]]>&\"'\n");
        assert_eq!(out, "a\\u{0}\\u{fffe}&lt;]]&gt;&amp;&quot;&#39;&#10;");
    }

    #[test]
    fn markdown_is_no_markup_no_link_and_no_mention() {
        assert_eq!(
            markdown("a|b `c` <d> [e](https://x) www.x *f* _g_ @h\ni"),
            "a&#124;b `c` &lt;d&gt; \\[e\\](https&#58;//x) www&#46;x \\*f\\* \\_g\\_ @<!-- -->h\\\\ni"
        );
        assert_eq!(markdown("a` *b"), "a\\` \\*b");
        assert_eq!(markdown("`` `<b>|` c"), " <code>&#60;b&#62;&#124;</code> c");
        assert_eq!(markdown_code("a_b@c"), "`a_b@c`");
        assert_eq!(markdown_code("a`|<\\b"), "<code>a&#96;&#124;&#60;&#92;b</code>");
    }
}
