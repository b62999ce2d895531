//! One condition: `true`, `false`, `A == B`, `A != B`.

use crate::scenario::holes::{Filler, Values, outside};
use crate::scenario::node::{Node, Value};
use crate::source::{Diagnostic, SourceFile};

const FORM: &str =
    "write `true`, `false`, or a comparison: `\"{{ parameter }} == value\"`, `\"{{ parameter }} != value\"`";

/// One condition, as written, and where its mistakes go.
pub(super) struct Condition<'a, 'b> {
    pub(super) node: &'a Node,
    pub(super) file: &'a SourceFile,
    pub(super) values: Values<'a>,
    pub(super) diagnostics: &'b mut Vec<Diagnostic>,
}

impl Condition<'_, '_> {
    /// Tells whether the condition holds. One that cannot be judged is reported, and holds.
    pub(super) fn holds(mut self) -> bool {
        match &self.node.value {
            Value::Bool(value) => *value,
            Value::Text(text) => self.judge(text).unwrap_or(true),
            _ => {
                self.mistake("wrong-type", "expected `true`, `false`, or text");
                true
            }
        }
    }

    fn judge(&mut self, text: &str) -> Option<bool> {
        let found = |word| outside(text, word).map(|at| (at, word));
        let first = found("==").into_iter().chain(found("!=")).min();
        let Some((at, word)) = first else {
            let whole = self.fill(text, 0)?;
            return match whole.trim() {
                "true" => Some(true),
                "false" => Some(false),
                other => {
                    self.mistake("condition", &format!("`{other}` is neither `true` nor `false`"));
                    None
                }
            };
        };
        let (left, rest) = text.split_at(at);
        let right = rest.get(word.len()..).unwrap_or_default();
        let is_empty = left.trim().is_empty() || right.trim().is_empty();
        if is_empty || outside(right, "==").or_else(|| outside(right, "!=")).is_some() {
            self.mistake("condition", "this is no comparison of two texts");
            return None;
        }
        let grown = left.trim_end().ends_with(['=', '!', '<', '>']) || right.trim_start().starts_with('=');
        if grown {
            self.mistake("condition", "there are two comparisons, `==` and `!=`, and this is neither");
            return None;
        }
        // Quotes would be compared with the value, which has none.
        if [left, right].iter().any(|side| side.trim().starts_with(['\'', '"'])) {
            self.mistake("condition", "a text that is compared is written without quotes");
            return None;
        }
        let offset = text.len() - right.len();
        let (left, right) = (self.fill(left, 0), self.fill(right, offset));
        Some((left?.trim() == right?.trim()) == (word == "=="))
    }

    /// Fills the holes of a part of the text; `None` when one cannot be, which is reported.
    fn fill(&mut self, part: &str, offset: usize) -> Option<String> {
        let mut filler = Filler::new(self.values, self.file);
        let locate = |range: std::ops::Range<usize>| {
            self.node.locate(self.file, range.start + offset..range.end + offset)
        };
        let text = filler.text(part, &locate);
        if let Some(used) = filler.uses.first() {
            let message = "whether a resource is in the scenario cannot depend on another one";
            let diagnostic = Diagnostic::new("condition", message).at(self.file, used.span);
            let help = "compare parameters, `account`, `region` or `partition`";
            self.diagnostics.push(diagnostic.help(help));
            return None;
        }
        // A parameter without value leaves its hole, and is reported where it is declared.
        let is_whole = filler.diagnostics.is_empty() && !text.contains("{{");
        self.diagnostics.append(&mut filler.diagnostics);
        is_whole.then_some(text)
    }

    fn mistake(&mut self, id: &'static str, message: &str) {
        let diagnostic = Diagnostic::new(id, message).at(self.file, self.node.span).help(FORM);
        self.diagnostics.push(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::provision::Place;
    use crate::scenario::holes::Declared;
    use crate::source::Span;

    /// Judges a condition written as text, with a parameter `mode` whose value is `value`.
    fn judged(text: &str, value: &str) -> Result<bool, &'static str> {
        let place = Place {
            scenario: "lab".into(),
            partition: "aws".into(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
        };
        let parameters = BTreeMap::from([("mode".to_owned(), Some(value.to_owned()))]);
        let declared = Declared::default();
        let values = Values { parameters: &parameters, place: &place, declared: &declared };
        let file = SourceFile::new("scenario.yaml", text);
        let node = Node { span: Span { start: 0, len: text.len() }, value: Value::Text(text.to_owned()) };
        let mut diagnostics = Vec::new();
        let holds = Condition { node: &node, file: &file, values, diagnostics: &mut diagnostics }.holds();
        diagnostics.first().map_or(Ok(holds), |diagnostic| Err(diagnostic.id))
    }

    #[test]
    fn words_and_comparisons_are_all_there_is() {
        for (text, value, holds) in [
            ("true", "", true),
            (" false ", "", false),
            ("{{ mode }}", "true", true),
            ("{{mode}}", "false", false),
            ("{{ mode }} != off", "off", false),
            ("{{ mode }} != off", "on", true),
            ("{{ mode }}==off", "off", true),
            ("{{ region }} == us-east-1", "", true),
            ("off != {{ mode }}", "off", false),
            // The value is data, whatever it looks like.
            ("{{ mode }} == a", "a == a", false),
            ("{{ mode }} != a", "=a", true),
            ("{{ mode }} == a", "a!", false),
            ("a != {{ mode }}", "= a", true),
            ("a != {{ mode }}", "b == c", true),
        ] {
            assert_eq!(judged(text, value), Ok(holds), "{text} with {value}");
        }
        for (text, value, id) in [
            ("{{ mode }}", "off", "condition"),
            ("{{ mode }}", "a == a", "condition"),
            ("yes", "", "condition"),
            ("", "", "condition"),
            ("{{ mode }} !=", "off", "condition"),
            ("{{ mode }} != 'off'", "off", "condition"),
            ("\"off\" == {{ mode }}", "off", "condition"),
            ("a == b == c", "", "condition"),
            // What other languages write would compare with `= off`, and always differ.
            ("{{ mode }} !== off", "off", "condition"),
            ("{{ mode }} === off", "off", "condition"),
            ("{{ mode }} == = off", "off", "condition"),
            ("{{ mode }} <== off", "off", "condition"),
            ("{{ mode }} >!= off", "off", "condition"),
            ("{{ mode }} ! != off", "off", "condition"),
            ("{{ mode }} =!= off", "off", "condition"),
            ("{{ mode != 'off' }}", "off", "malformed-hole"),
            ("{{ mod }} == a", "", "unknown-hole"),
        ] {
            assert_eq!(judged(text, value), Err(id), "{text} with {value}");
        }
    }
}
