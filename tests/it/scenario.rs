//! Scenario files: good ones load, bad ones are told everything that is wrong with them.
//!
//! Every `invalid/*.yaml` has its diagnostics as a snapshot under `snapshots/`; what cannot be a file of a
//! repository (10 MB, bytes that are not UTF-8, links) is made at run time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use iamlab::provision::resources::DocumentSource;
use iamlab::provision::resources::function::Source;
use iamlab::provision::{Address, Place};
use iamlab::scenario::{Party, Scenario};
use iamlab::source::render;
use proptest::prelude::*;
use serde_json::Value;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Loads a scenario; returns its diagnostics as text, and fails when it takes longer than a second.
fn load(path: &Path, sets: &[(&str, &str)]) -> Result<Scenario, String> {
    load_within(Duration::from_secs(1), path, sets)
}

fn load_within(limit: Duration, path: &Path, sets: &[(&str, &str)]) -> Result<Scenario, String> {
    let sets: Vec<(String, String)> = sets.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let start = Instant::now();
    let result = Scenario::load(path, &sets).map_err(|diagnostics| {
        assert!(!diagnostics.is_empty(), "refused without a reason");
        render(&diagnostics, false)
    });
    assert!(start.elapsed() < limit, "{} took {:?}", path.display(), start.elapsed());
    result
}

fn good(path: &Path, sets: &[(&str, &str)]) -> Scenario {
    load(path, sets).unwrap_or_else(|text| panic!("{} is refused:\n{text}", path.display()))
}

fn bad(path: &Path, sets: &[(&str, &str)]) -> String {
    load(path, sets).err().unwrap_or_else(|| panic!("{} is accepted", path.display()))
}

/// Writes files into a new folder.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// Writes many lines.
fn lines(count: usize, line: &dyn Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

fn place() -> Place {
    Place {
        scenario: "lab".into(),
        partition: "aws".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
    }
}

#[test]
fn every_scenario_of_the_repository_loads() {
    let mut count = 0;
    for entry in fs::read_dir(repository().join("scenarios")).unwrap() {
        let path = entry.unwrap().path();
        // What a student is given has no default.
        let given =
            [("grader_role_arn", "arn:aws:iam::999999999999:role/grader"), ("external_id", "iamlab-example")];
        let needs = path.ends_with("grader-access");
        good(&path, if needs { &given } else { &[] });
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn every_bad_scenario_is_told_all_its_mistakes() {
    let mut paths: Vec<PathBuf> = fs::read_dir(repository().join("tests/it/invalid"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 45, "{} bad scenarios", paths.len());
    for path in paths {
        let shown = path.strip_prefix(repository()).unwrap();
        let text = bad(shown, &[]);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{}: {text:?}", shown.display());
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), text);
        });
    }
}

#[test]
fn a_file_of_ten_megabytes_is_refused_unread() {
    let text = format!("name: lab\ndescription: {}\n", "x".repeat(10 << 20));
    let folder = folder(&[("scenario.yaml", text.as_bytes())]);
    let text = bad(folder.path(), &[]);
    assert!(text.contains("larger than 1 MiB"), "{text}");
}

#[test]
fn bytes_that_are_not_utf_8_are_pointed_at() {
    let folder = folder(&[("scenario.yaml", b"name: lab\ndescription: caf\xe9\n")]);
    let text = bad(folder.path(), &[]);
    assert!(text.contains("not UTF-8") && text.contains("scenario.yaml:2:17"), "{text}");
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        for depth in [65, 2_000, 200_000] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let folder = folder(&[("scenario.yaml", format!("name: lab\nexpect: {nested}\n").as_bytes())]);
            let text = bad(folder.path(), &[]);
            assert!(text.contains("nested more than 64 levels deep"), "{open} {depth}: {text}");
        }
    }
    let block = lines(500, &|depth| format!("{}a:\n", " ".repeat(depth)));
    let folder = folder(&[("scenario.yaml", block.as_bytes())]);
    assert!(bad(folder.path(), &[]).contains("nested more than 64 levels deep"));
}

#[test]
fn a_megabyte_of_mistakes_is_told_in_time() {
    let many = |line: &dyn Fn(usize) -> String| lines(6_000, line);
    for (part, text) in [
        (
            "unknown keys",
            format!("resources:\n  users:\n{}", many(&|n| format!("    User{n}: {{ consol: 1 }}\n"))),
        ),
        ("wrong names", format!("resources:\n  users:\n{}", many(&|n| format!("    User {n}: {{}}\n")))),
        ("duplicates", format!("resources:\n  users:\n{}", many(&|n| format!("    User{}: {{}}\n", n / 2)))),
        (
            "members",
            format!(
                "resources:\n  users:\n{}  groups:\n    G:\n      members:\n{}",
                many(&|n| format!("    User{n}: {{}}\n")),
                many(&|n| format!("      - Usr{n}\n"))
            ),
        ),
        (
            "holes",
            format!(
                "resources:\n  topics:\n{}",
                many(&|n| format!("    t{n}: {{ extra: \"{{{{ x }}}}\" }}\n"))
            ),
        ),
        ("expectations", format!("expect:\n{}", many(&|n| format!("  - User{n} can iam:GetUser\n")))),
    ] {
        let folder = folder(&[("scenario.yaml", format!("name: lab\n{text}").as_bytes())]);
        // Several seconds, for a build without optimisation on a busy machine.
        let text = load_within(Duration::from_secs(5), folder.path(), &[]).unwrap_err();
        assert!(text.len() < 100_000, "{part}: {}", text.len());
    }
}

#[test]
fn a_thousand_users_are_read_in_time() {
    let users = lines(1000, &|n| format!("    User{n}: {{ console: true, access_keys: 1 }}\n"));
    let members = lines(1000, &|n| format!("        - User{n}\n"));
    let text =
        format!("name: lab\nresources:\n  users:\n{users}  groups:\n    G:\n      members:\n{members}");
    good(folder(&[("scenario.yaml", text.as_bytes())]).path(), &[]);
}

#[test]
fn a_missing_scenario_says_what_to_name() {
    let text = bad(Path::new("no/such/folder"), &[]);
    assert!(text.contains("does not exist") && text.contains("help:"), "{text}");
}

#[test]
fn parameters_are_set_from_outside() {
    let scenario = b"name: lab\nparameters:\n  mail: { allowed: [a@x.org, b@x.org] }\nresources:\n  topics: { t: { subscriptions: [ { email: '{{ mail }}' } ] } }\n";
    let folder = folder(&[("scenario.yaml", scenario)]);
    assert_eq!(good(folder.path(), &[("mail", "a@x.org")]).parameters["mail"], "a@x.org");
    let unknown = bad(folder.path(), &[("mail", "b@x.org"), ("mial", "x")]);
    assert!(unknown.contains("no parameter `mial`") && unknown.contains("did you mean `mail`?"), "{unknown}");
    let refused = bad(folder.path(), &[("mail", "c@x.org")]);
    assert!(refused.contains("`c@x.org`, from `--set`"), "{refused}");
    assert!(bad(folder.path(), &[]).contains("--set mail=VALUE"));
}

#[test]
fn values_are_data_wherever_they_are_put() {
    let scenario = b"name: lab\nparameters: { v: { default: x } }\nresources:\n  policies: { P: { document: p.json } }\n";
    let document =
        br#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:s3:::b/{{ v }}${aws:username}"}}"#;
    let folder = folder(&[("scenario.yaml", scenario), ("p.json", document)]);
    let evil = r#"","Action":"*","x":"${aws:username}"#;
    let resolved = good(folder.path(), &[("v", evil)]).resolve(&place()).unwrap();
    let DocumentSource::Inline(map) = &resolved.resources.policies["P"].document else {
        panic!("still a path")
    };
    assert_eq!(map["Statement"]["Resource"], format!("arn:aws:s3:::b/{evil}${{aws:username}}"));
    assert_eq!(map["Statement"]["Action"], "iam:GetUser");
    let hole = bad(folder.path(), &[("v", "{{ account }}")]);
    assert!(hole.contains("from `--set`, holds a hole"), "{hole}");
}

#[test]
fn the_lab_resolves_for_an_account() {
    let scenario = good(&repository().join("scenarios/iam-auditing"), &[("report_email", "me@example.org")]);
    let resolved = scenario.resolve(&place()).unwrap();
    let resources = &resolved.resources;
    let function = &resources.functions["iam-auditor"];
    assert_eq!(function.environment["AUDITOR_ROLE_ARN"], "arn:aws:iam::111122223333:role/IAM-Auditor-role");
    let Source::Folder(folder) = &function.source else { panic!("{:?}", function.source) };
    assert!(resolved.file_path(folder).join("handler.py").is_file());
    let role = |name: &str| Address::new("role", name);
    let needs = &resolved.edges[&Address::new("function", "iam-auditor")];
    assert!(
        needs.contains(&role("IAM-Auditor-Lambda-role"))
            && needs.contains(&Address::new("topic", "iam-audit-report"))
    );
    assert!(resolved.edges[&role("IAM-Auditor-role")].iter().all(|address| address.kind == "policy"));
    assert!(resolved.trust[&role("IAM-Auditor-role")].contains(&role("IAM-Auditor-Lambda-role")));
    assert_eq!(resolved.expect.len(), scenario.expect.len());
    let cannot = resolved.expect.iter().find(|one| one.action == "iam:AddUserToGroup").unwrap();
    assert!(!cannot.allowed);
    assert_eq!(cannot.principal, Party::Declared(Address::new("user", "User3")));
    assert_eq!(cannot.resource, Some(Party::Declared(Address::new("group", "IAM-Auditor-Group"))));
}

#[test]
fn templates_are_filled_as_text() {
    let scenario = b"name: lab\nresources:\n  topics: { t: {} }\n  stacks: { s: { template: t.yaml } }\n";
    let template = b"Outputs:\n  T: { Value: '{{ arn(\"topic.t\") }}' }\n  U: { Value: !Sub '${AWS::Region} {{resolve:ssm:/x}}' }\n";
    let folder = folder(&[("scenario.yaml", scenario), ("t.yaml", template)]);
    let resolved = good(folder.path(), &[]).resolve(&place()).unwrap();
    let text = resolved.template("t.yaml").unwrap();
    assert!(text.contains("'arn:aws:sns:eu-west-1:111122223333:t'"), "{text}");
    assert!(text.contains("'${AWS::Region} {{resolve:ssm:/x}}'"), "{text}");
    assert!(resolved.edges[&Address::new("stack", "s")].contains(&Address::new("topic", "t")));
}

#[test]
fn a_pinned_scenario_resolves_for_its_account_alone() {
    let folder = folder(&[("scenario.yaml", b"name: lab\naccount: '000000000001'\n")]);
    let scenario = good(folder.path(), &[]);
    assert_eq!(scenario.account.as_deref(), Some("000000000001"));
    let refused = scenario.resolve(&place()).unwrap_err();
    assert!(render(&refused, false).contains("pinned to the account 000000000001, and this is 111122223333"));
    assert!(scenario.resolve(&Place { account: "000000000001".into(), ..place() }).is_ok());
}

#[test]
fn roles_may_trust_each_other() {
    let scenario = b"name: lab\nresources:\n  roles:\n    A: { trust: { roles: [B] } }\n    B: { trust: { roles: [A] } }\n";
    let folder = folder(&[("scenario.yaml", scenario)]);
    assert_eq!(good(folder.path(), &[]).resolve(&place()).unwrap().trust.len(), 2);
}

#[test]
fn a_project_reaches_from_scenarios_to_its_other_folders() {
    let scenario = b"name: lab\nresources: { policies: { P: { document: ../../policies/p.json } } }\n";
    let outside = b"name: lab\nresources: { policies: { P: { document: ../../../policies/p.json } } }\n";
    let document =
        br#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}}"#;
    let folder = folder(&[
        ("project/scenarios/lab/scenario.yaml", scenario),
        ("project/scenarios/out/scenario.yaml", outside),
        ("project/policies/p.json", document),
        ("policies/p.json", document),
    ]);
    good(&folder.path().join("project/scenarios/lab"), &[]);
    let text = bad(&folder.path().join("project/scenarios/out"), &[]);
    assert!(text.contains("leads out of the project"), "{text}");
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    use std::os::unix::fs::symlink;

    let scenario = b"name: lab\nresources:\n  policies: { P: { document: link.json } }\n  roles: { r: { trust: { services: [lambda.amazonaws.com] } } }\n  functions: { f: { runtime: python3.9, source: source, handler: handler.main, role: r } }\n";
    let folder = folder(&[
        ("lab/scenario.yaml", scenario),
        ("lab/source/handler.py", b"def main(event, context): pass\n"),
        ("secret.json", b"{\"Statement\": \"secret-word\"}"),
    ]);
    symlink(folder.path().join("secret.json"), folder.path().join("lab/link.json")).unwrap();
    symlink(folder.path().join("secret.json"), folder.path().join("lab/source/data.json")).unwrap();
    let text = bad(&folder.path().join("lab"), &[]);
    assert!(text.contains("`link.json` leads out of the project"), "{text}");
    assert!(text.contains("holds a link that leads out of it: `data.json`"), "{text}");
    assert!(!text.contains("secret-word"), "{text}");
    // A link in a circle ends too.
    fs::remove_file(folder.path().join("lab/source/data.json")).unwrap();
    symlink(folder.path().join("lab/source"), folder.path().join("lab/source/again")).unwrap();
    assert!(!bad(&folder.path().join("lab"), &[]).contains("function"));
}

#[test]
fn the_json_schema_is_up_to_date() {
    let text = serde_json::to_string_pretty(&iamlab::scenario::schema()).unwrap() + "\n";
    crate::docs::check("scenario.schema.json", &text);
}

/// A scenario that uses every part of the format and needs no other file.
const EVERYTHING: &str = include_str!("valid/everything.yaml");

#[test]
fn every_part_of_the_format_is_taken() {
    let folder = folder(&[("scenario.yaml", EVERYTHING.as_bytes())]);
    let scenario = good(folder.path(), &[]);
    scenario.resolve(&Place { account: "123456789012".into(), ..place() }).unwrap();
}

/// Puts `value` in the place of the `nth` value of a document, or gives the `nth` key another name.
fn mutate(json: &mut Value, nth: &mut usize, value: &Value, rename: bool) {
    if *nth == 0 && !rename {
        *json = value.clone();
    }
    match json {
        Value::Array(items) => {
            for item in items {
                *nth = nth.wrapping_sub(1);
                mutate(item, nth, value, rename);
            }
        }
        Value::Object(map) => {
            for key in map.keys().cloned().collect::<Vec<_>>() {
                *nth = nth.wrapping_sub(1);
                if *nth == 0 && rename {
                    let moved = map.remove(&key).unwrap();
                    map.insert(format!("{key}x"), moved);
                } else {
                    mutate(&mut map[&key], nth, value, rename);
                }
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to a file, reading it ends in a scenario or in diagnostics, never in a panic, and what
    /// passes the shape is taken by the types.
    #[test]
    fn mutilated_scenarios_never_panic(
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        pastes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..40_usize), 0..4),
        truncate in any::<bool>(),
    ) {
        let mut bytes = EVERYTHING.as_bytes().to_vec();
        for (from, to, len) in pastes {
            let from = from.index(bytes.len());
            let piece: Vec<u8> = bytes[from..].iter().copied().take(len).collect();
            let to = to.index(bytes.len());
            bytes.splice(to..to, piece);
        }
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = folder(&[("scenario.yaml", bytes.as_slice())]);
        if let Err(text) = load(folder.path(), &[]) {
            prop_assert!(!text.contains("unforeseen-shape"), "{}", text);
        }
    }

    /// What passes the shape is taken by the types, whatever stands where.
    #[test]
    fn what_has_the_right_shape_is_taken_by_the_types(nth in 0..220_usize, which in 0..18_usize, rename in any::<bool>()) {
        let values = serde_json::json!([
            null, true, 5, -1, 0, 1.5, 1e300, u64::MAX, "text", "", "{{ owner }}", "{{", "remove", [], {}, ["x", 1, null],
            { "x": 1 }, { "Statement": [] },
        ]);
        let mut json: Value = serde_yaml::from_str(EVERYTHING).unwrap();
        mutate(&mut json, &mut nth.clone(), &values[which], rename);
        let folder = folder(&[("scenario.yaml", json.to_string().as_bytes())]);
        if let Err(text) = load(folder.path(), &[]) {
            prop_assert!(!text.contains("unforeseen-shape"), "{}", text);
        }
    }
}
