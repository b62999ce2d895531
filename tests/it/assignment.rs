//! `docs/assignment.md` answers every task of the assignment: its tables have no empty cell, its commands are commands,
//! its links lead somewhere and its resources are in the scenario.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::Parser as _;
use iamlab::cli::Cli;
use serde_json::Value;

use crate::lab::{LAB, root};

/// The rows of all tables, without their headings.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let cells = |line| str::trim_matches(line, '|').split(" | ").map(str::trim).collect::<Vec<_>>();
    let rows = text.lines().filter(|line| line.starts_with('|')).map(cells);
    let is_heading = |row: &[&str]| {
        matches!(row, ["task" | "practice", ..]) || row.iter().all(|cell| cell.starts_with("---"))
    };
    rows.filter(|row| !is_heading(row)).collect()
}

/// Fails unless every command in a cell is one that the program takes.
fn commands_are_commands(cell: &str) -> usize {
    let commands: Vec<&str> =
        quoted(cell).filter(|text| text.starts_with("iamlab ") && *text != "iamlab analyzer").collect();
    for command in &commands {
        let parsed = Cli::try_parse_from(command.split_whitespace());
        assert!(parsed.is_ok(), "`{command}` is no command: {}", parsed.unwrap_err());
    }
    commands.len()
}

fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// `[text](target)`
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// Headings as the links of a page name them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let plain = |line: &str| {
        let kept = line.trim_start_matches('#').trim().to_lowercase();
        let kept: String = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect();
        kept.replace(' ', "-")
    };
    headings.map(plain).collect()
}

#[test]
fn every_task_has_a_resource_a_command_and_an_explanation() {
    let docs = root().join("docs");
    let text = fs::read_to_string(docs.join("assignment.md")).unwrap();
    let rows = rows(&text);
    let tasks: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    for task in 1..=13 {
        assert!(tasks.contains(task.to_string().as_str()), "task {task} is missing");
    }
    let scenario = fs::read_to_string(Path::new(LAB).join("scenario.yaml")).unwrap();
    let scenario: Value = serde_yaml::from_str(&scenario).unwrap();
    let (tasks, practices): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.len() == 5);
    for row in practices {
        assert!(row.len() == 2 && row.iter().all(|cell| !cell.is_empty()), "an empty cell: {row:?}");
        commands_are_commands(row[1]);
    }
    for row in tasks {
        assert!(row.iter().all(|cell| !cell.is_empty()), "an empty cell: {row:?}");
        assert!(commands_are_commands(row[3]) > 0, "no command: {row:?}");
        // A name with dots is a place in the scenario, unless it is a file's.
        let is_file = |name: &&str| matches!(name.rsplit('.').next(), Some("json" | "py"));
        for name in quoted(row[2]).filter(|name| name.contains('.') && !is_file(name)) {
            let mut at = &scenario["resources"];
            for key in name.split('.') {
                at = &at[key];
                assert!(!at.is_null(), "`{name}` is not in the scenario: {row:?}");
            }
        }
    }
    for link in links(&text) {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let path = docs.join(file);
        assert!(path.exists(), "{link} leads nowhere");
        let known = || anchors(&fs::read_to_string(&path).unwrap());
        assert!(anchor.is_empty() || known().contains(anchor), "{link}: there is no such heading");
    }
}
