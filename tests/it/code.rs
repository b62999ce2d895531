//! A function's code in a plan: one property of one resource.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::lab::root;
use crate::program::Program;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn an_edited_file_is_one_property_of_one_resource() {
    let project = tempfile::tempdir().unwrap();
    for folder in ["scenarios/iam-auditing", "policies", "templates/auditor"] {
        copy(&root().join(folder), &project.path().join(folder));
    }
    let lab = project.path().join("scenarios/iam-auditing").to_str().unwrap().to_owned();
    let source = project.path().join("templates/auditor");
    let program = Program::new();
    program.run(&["provision", "up", &lab]).expect(0);

    // What is not the code changes nothing.
    fs::create_dir_all(source.join("__pycache__")).unwrap();
    fs::write(source.join("__pycache__/handler.cpython-39.pyc"), "compiled").unwrap();
    fs::write(source.join("handler.py~"), "a backup").unwrap();
    let text = fs::read_to_string(source.join("handler.py")).unwrap();
    fs::write(source.join("handler.py"), &text).unwrap();
    let plan = program.json(&["provision", "plan", &lab], 0);
    assert_eq!(plan["changes"], json!([]), "{plan}");

    fs::write(source.join("handler.py"), text + "\n# edited\n").unwrap();
    let plan = program.json(&["provision", "plan", &lab], 0);
    let changes = plan["changes"].as_array().unwrap();
    let [change] = changes.as_slice() else { panic!("{plan}") };
    assert_eq!((&change["address"], &change["action"]), (&json!("function.iam-auditor"), &json!("update")));
    let [field] = change["fields"].as_array().unwrap().as_slice() else { panic!("{plan}") };
    assert_eq!(field["path"], "source");
    assert!(
        field["before"] != field["after"] && field["after"].as_str().map(str::len) == Some(44),
        "{field}"
    );

    program.run(&["provision", "up", &lab]).expect(0);
    assert_eq!(program.json(&["provision", "plan", &lab], 0)["changes"], Value::Array(Vec::new()));
}
