//! Files people wrote, places in them, and what is wrong there. A [`Diagnostic`] is a value; [`render`] makes
//! the text that `ui.rs` prints.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// The width of what is drawn, in characters.
const WIDTH: usize = 140;
/// How far before and after a place its line is looked at, in bytes.
const LONG_LINE: usize = 1000;
/// How far apart two places can be and still be drawn together, in bytes.
const NEAR: usize = 4000;
/// The longest message, label or help that is shown, in characters.
const TEXT_LIMIT: usize = 600;
/// How many diagnostics are shown in full before the rest is only counted.
const SHOWN_LIMIT: usize = 100;

/// A text file as read, with the name shown to people.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The path as the user would write it.
    pub path: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
}

impl SourceFile {
    /// Makes a file from its path and text.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Returns line and column of a byte offset, both from 1; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..floor(&self.text, offset)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// Returns the byte offset of a line and a column in bytes, both from 1, as `serde_json` counts them.
    pub fn offset(&self, line: usize, byte_column: usize) -> usize {
        let start: usize =
            self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        floor(&self.text, start + byte_column.saturating_sub(1))
    }

    /// Returns the text at a place; empty when the place is not in the file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end()).unwrap_or_default()
    }
}

/// Returns the largest character boundary of `text` that is not after `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A range of bytes in a [`SourceFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Length in bytes.
    pub len: usize,
}

impl Span {
    /// Makes a span from its first byte and the byte after its last.
    pub const fn between(start: usize, end: usize) -> Self {
        Self { start, len: end.saturating_sub(start) }
    }

    /// Returns the offset of the byte after the last.
    pub const fn end(self) -> usize {
        self.start.saturating_add(self.len)
    }
}

/// One mistake in a file: a stable id, where it is, and what to do.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Kebab-case id, e.g. `unknown-key`.
    pub id: &'static str,
    /// Lower-case sentence without a full stop; user text in backticks.
    pub message: String,
    /// The file and the place, where there is one.
    pub file: Option<SourceFile>,
    /// The place in `file`.
    pub span: Option<Span>,
    /// A few words at the place.
    pub label: Option<String>,
    /// Another place in `file` that the mistake has to do with, and a few words about it.
    pub also: Option<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Makes a diagnostic without a place.
    pub fn new(id: &'static str, message: impl Into<String>) -> Self {
        Self { id, message: message.into(), file: None, span: None, label: None, also: None, help: None }
    }

    /// Names the file.
    #[must_use]
    pub fn in_file(mut self, file: &SourceFile) -> Self {
        self.file = Some(file.clone());
        self
    }

    /// Names the place in a file.
    #[must_use]
    pub fn at(mut self, file: &SourceFile, span: Span) -> Self {
        self.file = Some(file.clone());
        self.span = Some(span);
        self
    }

    /// Adds a few words at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds another place of the same file.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also = Some((span, label.into()));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns file, line and column as they are shown to people: `scenario.yaml:3:5`.
    pub fn location(&self) -> Option<String> {
        let file = self.file.as_ref()?;
        let path = shown_path(&file.path);
        Some(match self.span.map(|span| file.position(span.start)) {
            Some((line, column)) => format!("{path}:{line}:{column}"),
            None => path,
        })
    }
}

/// Everything that is wrong with a file, as an error: its text is what [`render`] returns without colour.
#[derive(Debug)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(render(&self.0, false).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

/// Renders diagnostics for people: message, place, excerpt with carets, help. Characters that a terminal would
/// obey are shown as what they are; long lines are cut around the place.
pub fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH);
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(SHOWN_LIMIT) {
        text.push_str(renderer.render(&[group(diagnostic)]).trim_end());
        text.push_str("\n\n");
    }
    if let Some(more @ 1..) = diagnostics.len().checked_sub(SHOWN_LIMIT) {
        text.extend(["… and ", &more.to_string(), " more\n"]);
    }
    text
}

/// Returns the drawing of one diagnostic.
fn group(diagnostic: &Diagnostic) -> Group<'static> {
    let title = Level::ERROR.primary_title(visible(&diagnostic.message)).id(diagnostic.id);
    let mut group = Group::with_title(title);
    if let Some(file) = &diagnostic.file {
        let path = shown_path(&file.path);
        group = match diagnostic.span {
            None => group.element(Origin::path(path)),
            Some(span) => excerpts(group, file, &path, span, diagnostic),
        };
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(visible(help))),
        None => group,
    }
}

/// Adds the lines of a diagnostic's places to its drawing: together when they are near each other.
fn excerpts(
    group: Group<'static>,
    file: &SourceFile,
    path: &str,
    span: Span,
    diagnostic: &Diagnostic,
) -> Group<'static> {
    let primary = (span, AnnotationKind::Primary, diagnostic.label.as_deref());
    let mut places = vec![primary];
    if let Some((other, words)) = &diagnostic.also {
        places.push((*other, AnnotationKind::Context, Some(words.as_str())));
    }
    let near = places.iter().map(|(span, ..)| span.start.abs_diff(primary.0.start)).all(|far| far < NEAR);
    let parts: Vec<_> =
        if near { vec![places] } else { places.into_iter().map(|place| vec![place]).collect() };
    parts.into_iter().fold(group, |group, places| {
        let excerpt = Excerpt::of(file, places.iter().map(|(span, ..)| *span));
        let marks = places
            .iter()
            .zip(&excerpt.marks)
            .map(|((_, kind, label), mark)| kind.span(mark.clone()).label(label.map(visible)));
        let snippet = Snippet::source(excerpt.text.clone()).line_start(excerpt.line).annotations(marks);
        if excerpt.cut {
            let (line, column) = file.position(places.first().map_or(0, |(span, ..)| span.start));
            group.element(Origin::path(path.to_owned()).line(line).char_column(column)).element(snippet)
        } else {
            group.element(snippet.path(path.to_owned()))
        }
    })
}

/// Some lines of a file, made harmless and not too long, with places in them.
struct Excerpt {
    text: String,
    line: usize,
    marks: Vec<Range<usize>>,
    /// Whether columns differ from the file's.
    cut: bool,
}

impl Excerpt {
    /// Returns the lines from the first place to the last; a place of several lines is marked to the end of its
    /// first.
    fn of(file: &SourceFile, spans: impl Iterator<Item = Span> + Clone) -> Self {
        let text: &str = &file.text;
        let line_start = |at: usize| text.get(..at).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
        let line_end =
            |at: usize| at + text.get(at..).map_or(0, |rest| rest.find('\n').unwrap_or(rest.len()));
        let places: Vec<Range<usize>> = spans
            .map(|span| floor(text, span.start)..floor(text, span.end()))
            .map(|place| place.start..place.end.clamp(place.start, line_end(place.start)))
            .collect();
        let first = places.iter().map(|place| place.start).min().unwrap_or(0);
        let last = places.iter().map(|place| place.end).max().unwrap_or(0);
        let from = floor(text, line_start(first).max(first.saturating_sub(LONG_LINE)));
        let to = floor(text, line_end(last).min(last + LONG_LINE)).max(last);
        let mut shown = String::new();
        let mut marks = vec![0..0; places.len()];
        let mut at = from;
        for c in text.get(from..to).unwrap_or_default().chars().chain(['\n']) {
            for (mark, place) in marks.iter_mut().zip(&places) {
                if place.start == at {
                    mark.start = shown.len();
                }
                if place.end == at {
                    mark.end = shown.len();
                }
            }
            at += c.len_utf8();
            shown.push(match c {
                '\n' => c,
                '\r' if text.get(at..).is_some_and(|rest| rest.starts_with('\n')) => ' ',
                c => harmless(c),
            });
        }
        let line = text.get(..from).unwrap_or_default().matches('\n').count() + 1;
        Self { text: shown.trim_end_matches('\n').to_owned(), line, marks, cut: from != line_start(first) }
    }
}

/// Returns the path without a character that a terminal obeys.
fn shown_path(path: &Path) -> String {
    visible(&path.display().to_string())
}

/// Returns text that a terminal shows and never obeys, cut to a bearable length.
fn visible(text: &str) -> String {
    let mut shown: String = text.chars().take(TEXT_LIMIT).map(harmless).collect();
    if text.chars().nth(TEXT_LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

/// Replaces what a terminal would obey (escapes, returns, changes of writing direction, invisible characters) by
/// a character that is seen.
fn harmless(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let file = SourceFile::new("f.yaml", "a: é\nb: ü x\n");
        let offset = file.text.find('x').unwrap();
        assert_eq!(file.position(offset), (2, 6));
        assert_eq!(file.position(9999), (3, 1));
        assert_eq!(file.offset(2, 1), 6);
    }

    #[test]
    fn terminals_obey_nothing() {
        let file = SourceFile::new("evil\u{1b}[2J.yaml", "key: \u{1b}]0;x\u{7}\u{202e}\u{9b}31m\r\n");
        let text = render(
            &[Diagnostic::new("x", "bad `\u{1b}[31m`").at(&file, Span { start: 5, len: 4 }).help("a\u{8}b")],
            false,
        );
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'));
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = format!("{}bad{}", "x".repeat(5000), "y".repeat(5000));
        let file = SourceFile::new("f.yaml", line);
        let text = render(&[Diagnostic::new("x", "m").at(&file, Span { start: 5000, len: 3 })], false);
        assert!(text.contains("f.yaml:1:5001"), "{text}");
        assert!(text.contains("bad") && text.lines().all(|l| l.chars().count() < 200), "{text}");
    }
}
