//! YAML text in, a tree of [`Node`]s with places out. The only file that names the YAML crate.
//!
//! The tree is made from the reader's events and not through serde, because serde gives up at the first mistake
//! and loses places inside untagged types. YAML 1.2's core schema decides what a scalar is: `yes` is text.

use std::collections::BTreeMap;

use serde_json::Number;
use serde_saphyr::granit_parser::{
    self, ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput, StructureStyle, Tag,
};

use super::MISTAKE_LIMIT;
use super::node::{Entry, Node, Value};
use crate::source::{Diagnostic, SourceFile, Span};

/// How deeply collections may be nested.
const DEPTH_LIMIT: usize = 64;
/// What a document may weigh after its aliases are written out: its text plus [`NODE_WEIGHT`] per node.
const WEIGHT_LIMIT: usize = 32 << 20;
const NODE_WEIGHT: usize = 64;

/// Reads the one document of a file. Several mistakes are reported; the tree is missing when nothing sensible
/// could be read.
pub fn parse(file: &SourceFile) -> (Option<Node>, Vec<Diagnostic>) {
    if let Some(diagnostic) = forbidden_character(file) {
        return (None, vec![diagnostic]);
    }
    let mut options = granit_parser::options! {
        disallow_directives: true,
        flow_nesting_limit: DEPTH_LIMIT,
        block_nesting_limit: DEPTH_LIMIT,
    };
    options.set_emit_comments(false);
    let mut reader = Reader {
        file,
        parser: Parser::new_from_str_with_options(&file.text, options),
        anchors: BTreeMap::new(),
        open: Vec::new(),
        weight: 0,
        diagnostics: Vec::new(),
    };
    let node = reader.document().unwrap_or_default();
    (node, reader.diagnostics)
}

/// The reader went past a mistake that it cannot see behind; it is among the diagnostics.
struct Stopped;

/// A node that an alias may repeat.
struct Anchored {
    node: Node,
    weight: usize,
    height: usize,
}

struct Reader<'a> {
    file: &'a SourceFile,
    parser: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Anchored>,
    /// The collections around what is read now.
    open: Vec<(StructureStyle, Span)>,
    weight: usize,
    diagnostics: Vec<Diagnostic>,
}

type Next<'a> = (Event<'a>, Span);

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Option<Node>, Stopped> {
        let node = loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd, _) => {
                    self.report(
                        Diagnostic::new("empty-file", "the file holds nothing")
                            .in_file(self.file)
                            .help("a scenario needs at least `name:`; see `iamlab schema scenario`"),
                    )?;
                    return Ok(None);
                }
                (event, span) => break self.node(event, span, 0)?.0,
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(Some(node)),
                (Event::DocumentStart(..), span) => {
                    let diagnostic = Diagnostic::new("second-document", "the file holds a second document")
                        .at(self.file, Span { start: span.start, len: 3 })
                        .help("write one scenario per file, without `---` between");
                    self.report(diagnostic)?;
                    return Ok(Some(node));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<Next<'a>, Stopped> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let range = span.byte_range().unwrap_or_default();
                Ok((event, Span::between(range.start, range.end)))
            }
            Some(Err(error)) => {
                let diagnostic = syntax(self.file, &error);
                let bracket = self.open.last().filter(|(style, _)| *style == StructureStyle::Flow);
                self.diagnostics.push(match bracket {
                    Some((_, span)) => diagnostic.also(Span { len: 1, ..*span }, "the bracket that is open"),
                    None => diagnostic,
                });
                Err(Stopped)
            }
            None => Err(Stopped),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) -> Result<(), Stopped> {
        self.diagnostics.push(diagnostic);
        if self.diagnostics.len() < MISTAKE_LIMIT { Ok(()) } else { Err(Stopped) }
    }

    fn weigh(&mut self, weight: usize, span: Span) -> Result<(), Stopped> {
        self.weight = self.weight.saturating_add(weight);
        if self.weight <= WEIGHT_LIMIT {
            return Ok(());
        }
        let diagnostic =
            Diagnostic::new("document-too-large", "the document is too large with its aliases written out")
                .at(self.file, span)
                .help("repeat less with `*alias`, or split the scenario");
        self.diagnostics.push(diagnostic);
        Err(Stopped)
    }

    /// Reads the node that `event` starts; returns it with its height.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<(Node, usize), Stopped> {
        let before = self.weight;
        let (anchor, node, height) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.weigh(NODE_WEIGHT + text.len(), span)?;
                self.tag(tag.as_deref(), span)?;
                let as_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| is_text(&tag));
                let value = if as_text { Value::Text(text.into_owned()) } else { resolve(&text) };
                (anchor, Node { span, value }, 0)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.tag(tag.as_deref(), span)?;
                self.open.push((style, span));
                let (items, end, height) = self.sequence(span, depth)?;
                self.open.pop();
                (anchor, Node { span: self.whole(span, end), value: Value::List(items) }, height)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.tag(tag.as_deref(), span)?;
                self.open.push((style, span));
                let (entries, end, height) = self.mapping(span, depth)?;
                self.open.pop();
                let span = self.whole(span, end);
                // What was meant is clear, so that the rest can be read as if it had been in quotes.
                let written = self.file.slice(span);
                let value = if written.starts_with("{{") && written.ends_with("}}") && entries.is_empty() {
                    Value::Text(written.to_owned())
                } else {
                    Value::Map(entries.into_iter().collect())
                };
                (anchor, Node { span, value }, height)
            }
            Event::Alias(id) => return self.alias(id, span, depth),
            _ => (0, Node { span, value: Value::Null }, 0),
        };
        if anchor != 0 {
            let weight = self.weight.saturating_sub(before);
            self.weigh(weight, span)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), weight, height });
        }
        Ok((node, height))
    }

    fn sequence(&mut self, span: Span, depth: usize) -> Result<(Vec<Node>, Span, usize), Stopped> {
        self.weigh(NODE_WEIGHT, span)?;
        let (mut items, mut height) = (Vec::new(), 0);
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => return Ok((items, end, height + 1)),
                (event, span) => {
                    let (item, inner) = self.node(event, span, depth + 1)?;
                    height = height.max(inner);
                    items.push(item);
                }
            }
        }
    }

    fn mapping(&mut self, span: Span, depth: usize) -> Result<(Vec<Entry>, Span, usize), Stopped> {
        self.weigh(NODE_WEIGHT, span)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut height = 0;
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, end) => return Ok((entries, end, height + 1)),
                (Event::Scalar(text, ..), key_span) => Some((text.into_owned(), key_span)),
                (event, key_span) => {
                    let (key, _) = self.node(event, key_span, depth + 1)?;
                    let diagnostic = self.strange_key(&key, span);
                    self.report(diagnostic)?;
                    None
                }
            };
            let (event, value_span) = self.next()?;
            let (mut value, inner) = self.node(event, value_span, depth + 1)?;
            height = height.max(inner);
            let Some((key, key_span)) = key else { continue };
            self.weigh(NODE_WEIGHT + key.len(), key_span)?;
            if value.value == Value::Null && value.span.len == 0 {
                value.span = key_span;
            }
            if key == "<<" {
                let diagnostic = Diagnostic::new("merge-key", "merge keys (`<<`) are not part of YAML 1.2")
                    .at(self.file, key_span)
                    .help("write the keys out, or use `*alias` for a whole value");
                self.report(diagnostic)?;
            } else if let Some(first) = seen.get(&key) {
                let diagnostic = Diagnostic::new("duplicate-key", format!("`{key}` is written twice"))
                    .at(self.file, key_span)
                    .label("again here")
                    .also(*first, "first here")
                    .help("keep one of the two");
                self.report(diagnostic)?;
            } else {
                seen.insert(key.clone(), key_span);
                entries.push(Entry { key, key_span, value });
            }
        }
    }

    fn alias(&mut self, id: usize, span: Span, depth: usize) -> Result<(Node, usize), Stopped> {
        let Some(anchored) = self.anchors.get(&id) else {
            let name = self.file.slice(span);
            let diagnostic =
                Diagnostic::new("alias-of-itself", format!("`{name}` stands inside what it repeats"))
                    .at(self.file, span)
                    .help("write the value out");
            self.diagnostics.push(diagnostic);
            return Err(Stopped);
        };
        let (weight, height) = (anchored.weight, anchored.height);
        if depth + height > DEPTH_LIMIT {
            self.diagnostics.push(too_deep(self.file, span));
            return Err(Stopped);
        }
        self.weigh(weight, span)?;
        // INVARIANT: weighed before it is copied.
        match self.anchors.get(&id) {
            Some(anchored) => Ok((anchored.node.clone(), height)),
            None => Err(Stopped),
        }
    }

    /// Returns the span of a collection, without the white space and comments between it and what follows.
    fn whole(&self, start: Span, end: Span) -> Span {
        let end = if end.len > 0 { end.end() } else { end.start.max(start.start) };
        let whole = Span::between(start.start, end);
        Span { start: start.start, len: self.file.slice(whole).trim_end().len() }
    }

    fn tag(&mut self, tag: Option<&Tag>, span: Span) -> Result<(), Stopped> {
        match tag {
            Some(tag) if !is_text(tag) && !tag.is_yaml_core_schema() => {
                let diagnostic = Diagnostic::new(
                    "unknown-tag",
                    format!("the tag `{}` means nothing here", tag.original()),
                )
                .at(self.file, span)
                .help("leave the tag out");
                self.report(diagnostic)
            }
            _ => Ok(()),
        }
    }

    fn strange_key(&self, key: &Node, mapping: Span) -> Diagnostic {
        let around = self.file.text.get(mapping.start..).unwrap_or_default();
        let diagnostic = if around.starts_with("{{") {
            Diagnostic::new("unquoted-hole", "a `{{ … }}` hole must stand in quotes")
                .help("write `\"{{ name }}\"`; without quotes YAML takes the braces for a mapping")
        } else {
            Diagnostic::new("key-not-text", "a key must be text").help("write the key as one word")
        };
        diagnostic.at(self.file, if key.span.len > 0 { key.span } else { mapping })
    }
}

/// Returns whether a tag makes a scalar text: `!!str`, or the lone `!`.
fn is_text(tag: &Tag) -> bool {
    tag.is_yaml_core_schema_tag("str") || tag.original() == "!"
}

/// Resolves a plain scalar by YAML 1.2's core schema.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::Text(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !unsigned.is_empty() && digits(unsigned) {
        let plain = text.strip_prefix('+').unwrap_or(text);
        if let Ok(value) = plain.parse::<u64>() {
            return Some(value.into());
        }
        if let Ok(value) = plain.parse::<i64>() {
            return Some(value.into());
        }
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['-', '+']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_float = (!whole.is_empty() || !fraction.is_empty())
        && !exponent.is_empty()
        && [whole, fraction, exponent].into_iter().all(digits);
    if is_float { text.parse::<f64>().ok().and_then(Number::from_f64) } else { None }
}

fn radix(digits: &str, radix: u32) -> Option<Number> {
    let is_plain = digits.chars().all(|c| c.is_digit(radix));
    if is_plain { u64::from_str_radix(digits, radix).ok().map(Number::from) } else { None }
}

/// Finds a control character that YAML forbids; the reader would take some of them for the end of the file.
fn forbidden_character(file: &SourceFile) -> Option<Diagnostic> {
    let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let (at, c) = file.text.char_indices().find(|(_, c)| forbidden(*c))?;
    let message = format!("the control character U+{:04X} may not stand in the file", u32::from(c));
    Some(
        Diagnostic::new("control-character", message)
            .at(file, Span { start: at, len: c.len_utf8() })
            .help("take it out, or write it as an escape in double quotes"),
    )
}

fn too_deep(file: &SourceFile, span: Span) -> Diagnostic {
    Diagnostic::new("nested-too-deeply", format!("nested more than {DEPTH_LIMIT} levels deep"))
        .at(file, span)
        .help("no scenario needs that; flatten the value")
}

/// Says what the reader found wrong with the text itself.
fn syntax(file: &SourceFile, error: &ScanError) -> Diagnostic {
    let start = error.marker().byte_offset().unwrap_or(file.text.len());
    // At the end of the file there is nothing to point at; the last thing written is nearer to the mistake.
    let start = start.min(file.text.trim_end().len());
    let len = file.text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let span = Span { start, len };
    let help = match error.kind() {
        ErrorKind::RecursionLimitExceeded => return too_deep(file, span),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => "indent with spaces; YAML forbids tabs",
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator => {
            "see that every bracket is closed and items have commas between"
        }
        ErrorKind::UnclosedQuotedScalar => "close the quote",
        ErrorKind::InvalidQuotedScalarIndent => "close the quote that was opened above",
        ErrorKind::MappingValueNotAllowed => "text with `: ` in it must stand in quotes",
        ErrorKind::UnexpectedCharacter { .. } => "text that starts with this character must stand in quotes",
        ErrorKind::UnknownAnchor => {
            "define it with `&name` before it is repeated with `*name`, or quote the text"
        }
        ErrorKind::DirectiveDisallowed => "a scenario has no `%` directives",
        ErrorKind::UnknownQuotedScalarEscape => "write a backslash as `\\\\`, or use single quotes",
        _ => "see that the lines of one mapping are indented alike and every key is followed by `: `",
    };
    Diagnostic::new("yaml-syntax", format!("not YAML: {}", error.kind())).at(file, span).help(help)
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    fn json(text: &str) -> Json {
        let (node, diagnostics) = parse(&SourceFile::new("t.yaml", text));
        assert!(diagnostics.is_empty(), "{}", crate::source::render(&diagnostics, false));
        node.unwrap().to_json()
    }

    #[test]
    fn agrees_with_the_reader_s_own_idea_of_the_document() {
        for text in [
            "a: 1\nb: [x, 'y', \"z\\n\", ~, true]\nc: {d: 0x10, e: 1.5, f: -3, g: 1e3}\n",
            "text: |\n  two\n  lines\nfolded: >-\n  a\n  b\n",
            "k: &x {a: [1]}\nl: *x\n",
            "\u{feff}a: 12\r\nb: null\r\n",
        ] {
            let options = serde_saphyr::options! { strict_booleans: true };
            let theirs: Json = serde_saphyr::from_str_with_options(text, options).unwrap();
            assert_eq!(json(text), theirs, "{text}");
        }
    }

    #[test]
    fn words_of_yaml_1_1_are_text() {
        assert_eq!(
            json("[yes, no, on, off, y, 0o17, 1_000, .5]"),
            serde_json::json!(["yes", "no", "on", "off", "y", 15, "1_000", 0.5])
        );
    }

    #[test]
    fn places_are_exact() {
        let file = SourceFile::new("t.yaml", "a:\n  - \"x {{ y }} {{ y }}\"\n  - b # c\nd: {}\n");
        let node = parse(&file).0.unwrap();
        let list = node.get("a").unwrap();
        assert_eq!(file.slice(list.span), "- \"x {{ y }} {{ y }}\"\n  - b # c");
        let text = &list.items()[0];
        assert_eq!(file.slice(text.span), "\"x {{ y }} {{ y }}\"");
        assert_eq!(file.position(text.locate(&file, 10..17).start), (2, 16));
        assert_eq!(file.slice(node.get("d").unwrap().span), "{}");
        assert_eq!(file.slice(node.entry("d").unwrap().key_span), "d");
    }

    #[test]
    fn every_duplicate_is_reported_with_both_places() {
        let file = SourceFile::new("t.yaml", "a: 1\nb: {c: 1, c: 2}\na: 2\n");
        let (node, diagnostics) = parse(&file);
        assert_eq!(diagnostics.len(), 2);
        assert!(diagnostics.iter().all(|d| d.id == "duplicate-key" && d.also.is_some()));
        assert_eq!(node.unwrap().get("a").unwrap().to_json(), 1);
    }
}
