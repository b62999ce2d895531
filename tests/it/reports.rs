//! Reports: what each format says of the same audit, and that names in it can do nothing.

mod fixture;

use iamlab::report::{Format, render};
use serde_json::Value;

use fixture::{TRICKS, hostile, small};

/// Whether a character must not reach a person's screen as it is.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[test]
fn text() {
    insta::assert_snapshot!(render(&small(), Format::Text).unwrap());
}

#[test]
fn csv() {
    insta::assert_snapshot!(render(&small(), Format::Csv).unwrap().replace("\r\n", "\n"));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(render(&small(), Format::Markdown).unwrap());
}

#[test]
fn junit() {
    insta::assert_snapshot!(render(&small(), Format::Junit).unwrap());
}

#[test]
fn json() {
    insta::assert_snapshot!(render(&small(), Format::Json).unwrap());
}
