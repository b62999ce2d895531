//! The form of rubrics, the shipped one as a page, and what is said of a rubric with mistakes.

use std::fmt::Write as _;
use std::path::Path;

use iamlab::grade::rubric::{Rubric, schema};
use iamlab::source::{SourceFile, render};

use crate::docs::check;
use crate::lab::LAB;

fn shipped() -> Rubric {
    Rubric::load(Path::new(LAB)).unwrap_or_else(|found| panic!("{}", render(&found, false)))
}

#[test]
fn the_schema_is_the_one_in_the_documents() {
    check("rubric.schema.json", &format!("{:#}\n", schema()));
}

#[test]
fn the_rubric_of_the_assignment_is_a_page() {
    let rubric = shipped();
    let mut text = format!(
        "# How \"{}\" is marked\n\nWritten by `tests/it/rubric.rs` from `scenarios/{}/rubric.yaml`; \
         `IAMLAB_WRITE_DOCS=1 cargo test --test it rubric` rewrites it. {} points. *by hand*: a person judges it.\n",
        rubric.title,
        rubric.name,
        rubric.max()
    );
    for task in &rubric.tasks {
        writeln!(text, "\n## {} {} ({})\n", task.id, task.title, task.points).unwrap();
        text.push_str(
            "| criterion | points | what is looked for | who misses it |\n| --- | --- | --- | --- |\n",
        );
        for criterion in &task.criteria {
            let by_hand = if criterion.check.is_manual() { " *(by hand)*" } else { "" };
            writeln!(
                text,
                "| `{}` | {} | {}{by_hand} | {} |",
                criterion.id, criterion.points, criterion.what, criterion.feedback
            )
            .unwrap();
        }
    }
    text.push_str("\n## What the assignment leaves open\n\nNone of this costs a point.\n\n| what | because |\n| --- | --- |\n");
    for free in &rubric.free {
        writeln!(text, "| `{}` | {} |", free.what, free.because).unwrap();
    }
    check("rubric.md", &text);
}

#[test]
fn every_mistake_is_told_in_one_go_with_its_place() {
    let text = std::fs::read_to_string(Path::new(LAB).join("rubric.yaml")).unwrap();
    let changed = text
        .replacen("points: 5\n", "points: 7\n", 1)
        .replacen("{ console: user/User2 }", "{ console: group/User2 }", 1)
        .replacen("action: sns:Publish", "action: sns:Publicise", 1);
    let found = Rubric::parse(&SourceFile::new("rubric.yaml", changed.as_str())).unwrap_err();
    let told = render(&found, false);
    for words in
        ["task `T1` has 7 points", "`group/User2` is not what this is about", "no action `sns:Publicise`"]
    {
        assert!(told.contains(words), "{words}:\n{told}");
    }
    assert!(told.contains("rubric.yaml:"), "{told}");
}

#[test]
fn a_rubric_asks_for_no_permission_to_change_anything() {
    let shown = ["Get", "List", "Describe", "Lookup", "Generate"];
    for action in shipped().permissions() {
        let verb = action.split(':').nth(1).unwrap();
        assert!(shown.iter().any(|start| verb.starts_with(start)), "{action}");
    }
}
