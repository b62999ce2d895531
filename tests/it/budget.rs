//! How many requests a run may cost, and the shape of what it prints for machines.

use serde_json::Value;

use crate::lab::LAB;
use crate::moto::Moto;
use crate::program::Program;

#[test]
fn the_sandbox_is_asked_no_more_than_agreed() {
    keeps_the_budget(&Program::new(), "sandbox");
}

#[test]
fn moto_is_asked_no_more_than_agreed() {
    let Some(moto) = Moto::start() else { return };
    keeps_the_budget(&Program::new().on(&moto), "aws");
}

fn keeps_the_budget(program: &Program, target: &str) {
    let plan = program.json(&["provision", "plan", LAB], 0);
    has_the_shape(&plan, target);
    assert_eq!(plan["summary"]["create"], 11, "{plan}");
    assert_eq!(fields(&plan, "user.User1"), ["access_keys", "console", "mfa"], "{plan}");

    let first = program.json(&["provision", "up", LAB, "--yes"], 0);
    has_the_shape(&first, target);
    costs(&first, 50);
    assert!(outcomes(&first).iter().all(|outcome| outcome == "done"), "{first}");

    let second = program.json(&["provision", "up", LAB, "--yes", "--all"], 0);
    costs(&second, 20);
    assert_eq!(second["api_calls"]["write"], 0, "{second}");
    assert_eq!(second["summary"]["noop"], 11, "{second}");
    assert!(outcomes(&second).iter().all(|outcome| outcome == "unchanged"), "{second}");

    let status = program.json(&["provision", "status", LAB], 0);
    has_the_shape(&status, target);
    assert_eq!(status["changes"], serde_json::json!([]), "noop is left out");

    let down = program.json(&["provision", "down", LAB, "--yes"], 0);
    has_the_shape(&down, target);
    costs(&down, 60);
    assert!(outcomes(&down).iter().all(|outcome| outcome == "done"), "{down}");
}

fn costs(document: &Value, most: u64) {
    let count = |kind: &str| document["api_calls"][kind].as_u64().unwrap();
    assert!(count("read") + count("write") <= most, "{}", document["api_calls"]);
    assert_eq!(count("throttled"), 0);
}

/// Every key of section 4 of the contract, with its type.
fn has_the_shape(document: &Value, target: &str) {
    assert_eq!(document["format_version"], 1);
    assert_eq!(document["scenario"], "iam-auditing");
    assert_eq!(document["account"], "123456789012");
    assert_eq!(document["target"], target);
    for action in ["create", "update", "replace", "delete", "noop", "refuse"] {
        assert!(document["summary"][action].is_u64(), "{document}");
    }
    for change in document["changes"].as_array().unwrap() {
        let (kind, name) = (change["kind"].as_str().unwrap(), change["name"].as_str().unwrap());
        assert_eq!(change["address"], format!("{kind}.{name}"));
        assert!(change["action"].is_string() && change.get("reason").is_some(), "{change}");
        for field in change["fields"].as_array().unwrap() {
            assert!(field["path"].is_string(), "{field}");
            assert!(field.get("before").is_some() && field.get("after").is_some(), "{field}");
        }
        if document.get("api_calls").is_some() {
            assert!(change["outcome"].is_string() && change.get("error").is_some(), "{change}");
        }
    }
}

fn outcomes(document: &Value) -> Vec<Value> {
    document["changes"].as_array().unwrap().iter().map(|change| change["outcome"].clone()).collect()
}

fn fields(document: &Value, address: &str) -> Vec<String> {
    let changes = document["changes"].as_array().unwrap().iter();
    let fields = changes.filter(|change| change["address"] == address);
    let fields = fields.flat_map(|change| change["fields"].as_array().unwrap());
    let told =
        fields.filter(|field| field["before"] != field["after"] && field["after"] != serde_json::json!([]));
    told.filter(|field| field["after"] != serde_json::json!({}))
        .map(|field| field["path"].as_str().unwrap().to_owned())
        .collect()
}
