//! [`Table`]: the cells of a CSV file by where their bytes stand, so that some can be replaced and every other byte
//! stays: quotes, line ends, the mark of UTF-8 at the start, a last line without an end.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::FillError;

/// A CSV file (RFC 4180, with commas or semicolons and any line ends) whose cells can be replaced in place.
#[derive(Debug)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    separator: u8,
    /// Where each cell stands, quotes included.
    rows: Vec<Vec<Range<usize>>>,
}

/// What stands before the text of a file in UTF-8 that says so.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl<'a> Table<'a> {
    /// Finds the cells of a file.
    pub(super) fn scan(bytes: &'a [u8]) -> Result<Self, FillError> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(FillError::NotCsv { line: 1, why: "it is UTF-16; export it again as UTF-8" });
        }
        let start = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
        let separator = separator(bytes.get(start..).unwrap_or_default());
        let mut scan = Scan { bytes, at: start, line: 1, separator };
        let mut rows = Vec::new();
        while scan.at < bytes.len() {
            rows.push(scan.row()?);
        }
        Ok(Self { bytes, separator, rows })
    }

    /// Returns the number of rows, the header among them.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns how many cells a row has.
    pub(super) fn width(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, Vec::len)
    }

    /// Returns a cell's text; nothing when there is no such cell. What is no UTF-8 is replaced.
    pub(super) fn text(&self, row: usize, column: usize) -> Option<Cow<'a, str>> {
        let raw = self.bytes.get(self.rows.get(row)?.get(column)?.clone())?;
        let inside = raw.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        Some(match inside {
            None => String::from_utf8_lossy(raw),
            Some(inside) => match String::from_utf8_lossy(inside) {
                text if text.contains("\"\"") => Cow::Owned(text.replace("\"\"", "\"")),
                text => text,
            },
        })
    }

    /// Lists a row's texts.
    pub(super) fn texts(&self, row: usize) -> Vec<Cow<'a, str>> {
        (0..self.width(row)).filter_map(|column| self.text(row, column)).collect()
    }

    /// Writes the file with other texts in some cells, by row and column; a quoted cell stays quoted.
    pub(super) fn replaced(&self, texts: &BTreeMap<(usize, usize), String>) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + texts.len() * 8);
        let mut copied = 0;
        // INVARIANT: cells are found from the first to the last, so their places only grow.
        for ((row, column), text) in texts {
            let Some(place) = self.rows.get(*row).and_then(|row| row.get(*column)) else { continue };
            out.extend_from_slice(self.bytes.get(copied..place.start).unwrap_or_default());
            let was_quoted = self.bytes.get(place.start) == Some(&b'"');
            let acts = |byte: u8| byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r');
            if was_quoted || text.bytes().any(acts) {
                out.push(b'"');
                out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
                out.push(b'"');
            } else {
                out.extend_from_slice(text.as_bytes());
            }
            copied = place.end;
        }
        out.extend_from_slice(self.bytes.get(copied..).unwrap_or_default());
        out
    }
}

/// Tells what stands between the cells: what the first line has more of, outside of quotes.
fn separator(bytes: &[u8]) -> u8 {
    let mut quoted = false;
    let (mut commas, mut semicolons) = (0_usize, 0_usize);
    for byte in bytes {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            b',' if !quoted => commas += 1,
            b';' if !quoted => semicolons += 1,
            _ => {}
        }
    }
    if semicolons > commas { b';' } else { b',' }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    separator: u8,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn row(&mut self) -> Result<Vec<Range<usize>>, FillError> {
        let mut cells = Vec::new();
        loop {
            let start = self.at;
            if self.peek() == Some(b'"') {
                self.quoted()?;
            } else {
                while self.peek().is_some_and(|byte| !self.ends_cell(byte)) {
                    self.at += 1;
                }
            }
            cells.push(start..self.at);
            match self.peek() {
                Some(byte) if byte == self.separator => self.at += 1,
                Some(_) => {
                    self.line_end();
                    return Ok(cells);
                }
                None => return Ok(cells),
            }
        }
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.separator || matches!(byte, b'\n' | b'\r')
    }

    /// Passes over a quoted cell.
    fn quoted(&mut self) -> Result<(), FillError> {
        let line = self.line;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(FillError::NotCsv { line, why: "a quote is opened and not closed" }),
                Some(b'"') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"') => self.at += 1,
                        Some(byte) if !self.ends_cell(byte) => {
                            let why = "text follows the quote that closes a cell";
                            return Err(FillError::NotCsv { line: self.line, why });
                        }
                        _ => return Ok(()),
                    }
                }
                Some(byte) => {
                    self.line += usize::from(byte == b'\n');
                    self.at += 1;
                }
            }
        }
    }

    /// Passes over a line end: `\r\n`, `\n` or `\r`.
    fn line_end(&mut self) {
        self.line += 1;
        let is_return = self.peek() == Some(b'\r');
        self.at += 1;
        if is_return && self.peek() == Some(b'\n') {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Vec<String>> {
        let table = Table::scan(text.as_bytes()).unwrap();
        (0..table.len()).map(|row| table.texts(row).iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn cells_are_found_however_they_are_written() {
        for (text, cells) in [
            ("a,b\n", vec![vec!["a", "b"]]),
            ("a,b", vec![vec!["a", "b"]]),
            ("a,\r\n,b\r\n", vec![vec!["a", ""], vec!["", "b"]]),
            ("\"a,\"\"b\"\"\nc\",d\n", vec![vec!["a,\"b\"\nc", "d"]]),
            ("\u{feff}a;b,c;\"\"\r", vec![vec!["a", "b,c", ""]]),
            ("a\n\nb\n", vec![vec!["a"], vec![""], vec!["b"]]),
            ("a\"b,c\n", vec![vec!["a\"b", "c"]]),
            ("", vec![]),
        ] {
            assert_eq!(all(text), cells, "{text:?}");
        }
    }

    #[test]
    fn only_the_cells_that_are_replaced_change() {
        let text = "\u{feff}a,\"b\",c\r\n1,\"2\",\r\n\"x\ny\",,z";
        let table = Table::scan(text.as_bytes()).unwrap();
        let new = |at: (usize, usize), to: &str| {
            String::from_utf8(table.replaced(&BTreeMap::from([(at, to.to_owned())]))).unwrap()
        };
        assert_eq!(new((1, 1), "9"), "\u{feff}a,\"b\",c\r\n1,\"9\",\r\n\"x\ny\",,z");
        assert_eq!(new((1, 2), "9"), "\u{feff}a,\"b\",c\r\n1,\"2\",9\r\n\"x\ny\",,z");
        assert_eq!(new((2, 1), "a\"b,"), "\u{feff}a,\"b\",c\r\n1,\"2\",\r\n\"x\ny\",\"a\"\"b,\",z");
        assert_eq!(new((7, 7), "9"), text, "there is no such cell");
    }

    #[test]
    fn what_is_no_csv_is_refused_with_its_line() {
        let refused = |bytes: &[u8]| Table::scan(bytes).unwrap_err().to_string();
        assert_eq!(refused(b"a\n\"b"), "line 2: a quote is opened and not closed");
        assert_eq!(refused(b"a\n\"b\"c"), "line 2: text follows the quote that closes a cell");
        assert!(refused(b"\xff\xfea\0").contains("UTF-16"));
    }
}
