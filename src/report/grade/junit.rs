//! The class as `JUnit` XML, a student at a time: a suite per student, a case per criterion.
//!
//! A criterion that is missed, or met in part, is a `failure`; what nobody could look at and what waits for a person is
//! `skipped`, with the reason.

use std::fmt::Write as _;
use std::io::Write;

use super::view::{Marked, Part, Standing, bounded, parts, state};
use crate::grade::result::StudentResult;
use crate::grade::rubric::Rubric;
use crate::report::RenderError;
use crate::report::escape::xml;

/// Writes the class as `JUnit` XML, a student at a time; give it a buffered writer.
#[derive(Debug)]
pub struct JunitXml<'r, W> {
    out: W,
    rubric: &'r Rubric,
}

impl<'r, W: Write> JunitXml<'r, W> {
    /// Begins the document.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn new(mut out: W, rubric: &'r Rubric) -> Result<Self, RenderError> {
        let mut head = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
        attribute(&mut head, "name", &format!("iamlab grade {}", rubric.name));
        head.push_str(">\n");
        out.write_all(head.as_bytes())?;
        Ok(Self { out, rubric })
    }

    /// Adds a student as a suite.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn student(&mut self, result: &StudentResult) -> Result<(), RenderError> {
        let parts = parts(self.rubric, result);
        let mut text = String::from("  <testsuite");
        let cases = || parts.iter().flat_map(|part| &part.criteria);
        let count = |wanted: &[Standing]| cases().filter(|one| wanted.contains(&one.standing)).count();
        attribute(&mut text, "name", &result.id);
        attribute(&mut text, "tests", &cases().count().to_string());
        attribute(&mut text, "failures", &count(&[Standing::Missed, Standing::Part]).to_string());
        attribute(&mut text, "errors", "0");
        attribute(&mut text, "skipped", &count(&[Standing::Unknown, Standing::Open]).to_string());
        attribute(&mut text, "time", "0");
        text.push_str(">\n    <properties>\n");
        for (name, value) in [
            ("account", result.account.clone()),
            ("state", state(result.state).to_owned()),
            ("score", result.score.to_string()),
            ("max", result.max.to_string()),
        ] {
            text.push_str("      <property");
            attribute(&mut text, "name", name);
            attribute(&mut text, "value", &value);
            text.push_str("/>\n");
        }
        text.push_str("    </properties>\n");
        for part in &parts {
            for marked in &part.criteria {
                case(&mut text, part, marked);
            }
        }
        if let Some(problem) = &result.problem {
            text.push_str("    <system-err>");
            xml(&mut text, &bounded(problem));
            text.push_str("</system-err>\n");
        }
        text.push_str("  </testsuite>\n");
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// Ends the document and gives the writer back, flushed.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn finish(mut self) -> Result<W, RenderError> {
        self.out.write_all(b"</testsuites>\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn case(out: &mut String, part: &Part<'_>, marked: &Marked<'_>) {
    let result = marked.result;
    out.push_str("    <testcase");
    attribute(out, "name", &format!("{} {}", result.id, marked.what()));
    attribute(out, "classname", &format!("{} {}", part.result.id, part.title));
    attribute(out, "time", "0");
    match marked.standing {
        Standing::Met => {
            out.push_str("/>\n");
            return;
        }
        Standing::Unknown | Standing::Open => {
            out.push_str(">\n      <skipped");
            attribute(out, "message", &format!("{}: {}", marked.standing.word(), result.message));
            out.push_str("/>\n");
        }
        Standing::Missed | Standing::Part => {
            out.push_str(">\n      <failure");
            attribute(out, "message", &result.message);
            attribute(out, "type", marked.standing.word());
            _ = write!(out, ">{} points", marked.points());
            let remark = result.remark.iter().map(|remark| format!("passed over: {remark}"));
            let fix = marked.fix().map(|fix| format!("do: {fix}"));
            for line in remark.chain(result.evidence.iter().cloned()).chain(fix) {
                out.push('\n');
                xml(out, &bounded(&line));
            }
            out.push_str("</failure>\n");
        }
    }
    out.push_str("    </testcase>\n");
}

fn attribute(out: &mut String, name: &str, value: &str) {
    _ = write!(out, " {name}=\"");
    xml(out, &bounded(value));
    out.push('"');
}
