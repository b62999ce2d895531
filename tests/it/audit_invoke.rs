//! `audit invoke`, with the real program and functions that behave, fail, and mean harm.

use iamlab::aws::error::ErrorClass;
use iamlab::aws::invoke::invoke;
use serde_json::{Value, json};

use crate::lab::{Account, UP, Written, load};
use crate::program::{Ended, Program};
use crate::served::Served;
use crate::wire::{Fault, Wire};

const NAME: &str = "auditor";

/// A scenario whose function is `code`.
fn scenario(code: &str) -> Written {
    let written = Written::new("");
    let text = json!({
        "name": "lab",
        "parameters": { "mode": { "default": "calm" } },
        "resources": {
            "roles": { "runner": { "trust": { "services": ["lambda.amazonaws.com"] } } },
            "functions": { NAME: {
                "runtime": "python3.13", "source": { "handler.py": code }, "handler": "handler.main",
                "role": "runner", "timeout": 2, "environment": { "MODE": "{{ mode }}" },
            } },
        },
    });
    written.rewrite(&text.to_string());
    written
}

/// A sandbox in which the scenario is up.
fn up(written: &Written) -> Program {
    let program = program();
    program.run(&["provision", "up", path(written).as_str()]).expect(0);
    program
}

/// The program with the machine's own Python: the functions here need nothing else.
fn program() -> Program {
    let path = iamlab::env::get("PATH").unwrap_or_default();
    Program::new().with("PATH", &path).with("IAMLAB_PYTHON", "python3")
}

fn path(written: &Written) -> String {
    written.path().to_str().unwrap().to_owned()
}

fn invoked(program: &Program, written: &Written, more: &[&str]) -> Ended {
    program.run(&[&["audit", "invoke", path(written).as_str()], more].concat())
}

const GOOD: &str = r#"
def main(event, context):
    print("looked\x1b[2J at everything")
    return {"report": f"first {event}\n\x1b]0;title\x07second", "generated_time": "2026-03-02T09:00:07+00:00",
            "message_id": "m-1"}
"#;

#[test]
fn the_report_is_data_and_what_the_function_wrote_does_nothing_to_a_terminal() {
    let written = scenario(GOOD);
    let program = up(&written);
    let ended = invoked(&program, &written, &["--approval-id", "CHG-123"]).expect(0);
    assert_eq!(ended.stdout, "first {'approval_id': 'CHG-123'}\n\\u{1b}]0;title\\u{7}second\n");
    assert!(ended.stderr.contains("\n  looked\\u{1b}[2J at everything\n"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("message m-1") && ended.stderr.contains("  REPORT RequestId: "),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);

    let document = program.json(&["audit", "invoke", &path(&written)], 0);
    assert_eq!(document["format_version"], 1);
    assert_eq!(document["report"], "first {}\n\u{1b}]0;title\u{7}second");
    for (key, value) in
        [("function", NAME), ("target", "sandbox"), ("message_id", "m-1"), ("version", "$LATEST")]
    {
        assert_eq!(document[key], value, "{document}");
    }
    assert_eq!((&document["error"], &document["result"]["message_id"]), (&Value::Null, &json!("m-1")));
    assert!(document["log"].as_str().unwrap().contains("at everything"), "{document}");
}

#[test]
fn a_function_that_fails_concludes_nothing() {
    let written = scenario("def main(event, context):\n    raise ValueError('no \\x1b[2J topic')\n");
    let program = up(&written);
    let ended = invoked(&program, &written, &[]).expect(1);
    assert_eq!(ended.stdout, "", "there is no report");
    let said = "error: function.auditor failed: ValueError: no \\u{1b}[2J topic\n";
    assert!(ended.stderr.contains(said) && ended.stderr.contains("  END RequestId: "), "{}", ended.stderr);

    let document = program.json(&["audit", "invoke", &path(&written)], 1);
    assert_eq!(document["error"]["type"], "ValueError", "{document}");
    assert!(document["error"]["stack_trace"][0].as_str().unwrap().contains("handler.py"), "{document}");
    assert_eq!((&document["report"], &document["result"]), (&Value::Null, &Value::Null));

    let slow = scenario("import time\ndef main(event, context):\n    time.sleep(30)\n");
    let ended = invoked(&up(&slow), &slow, &[]).expect(1);
    assert!(ended.stderr.contains("timed out after 2.00 seconds"), "{}", ended.stderr);
}

/// It ran to its end, whatever its answer is: that is told, with its log.
#[test]
fn an_answer_that_cannot_be_read_is_a_failure_with_its_log() {
    for answer in [r"'half \ud800 of a pair'", "eval('[' * 200 + ']' * 200)"] {
        let code =
            format!("def main(event, context):\n    print('was here')\n    return {{'report': {answer}}}\n");
        let written = scenario(&code);
        let program = up(&written);
        let ended = invoked(&program, &written, &[]).expect(1);
        let said = "error: function.auditor failed: answer cannot be read: ";
        assert!(ended.stderr.contains(said) && ended.stderr.contains("  was here\n"), "{}", ended.stderr);
        assert!(ended.stdout.is_empty() && !ended.stderr.contains("may still run"), "{ended:?}");
        let document = program.json(&["audit", "invoke", &path(&written)], 1);
        assert_eq!(document["error"]["kind"], "answer cannot be read", "{document}");
        assert!(document["log"].as_str().unwrap().contains("was here"), "{document}");
    }
}

#[test]
fn a_failure_of_a_million_words_is_told_in_a_few() {
    let written = scenario("def main(event, context):\n    raise ValueError('no topic ' * 300_000)\n");
    let program = up(&written);
    let ended = invoked(&program, &written, &[]).expect(1);
    assert!(ended.stderr.contains("failed: ValueError: no topic no topic "), "{}", ended.stderr.len());
    assert!(ended.stderr.len() < 10_000, "{} bytes", ended.stderr.len());
}

#[test]
fn a_function_that_is_left_out_is_not_called_unknown() {
    let written = scenario(GOOD);
    let text = written
        .text()
        .replace(r#""handler":"handler.main""#, r#""handler":"handler.main","when":"{{ mode }} == wild""#);
    written.rewrite(&text);
    for more in [&["--function", NAME][..], &[]] {
        let ended = invoked(&program(), &written, more).expect(64);
        let said = "function `auditor` is left out of the scenario by its `when`";
        assert!(ended.stderr.contains(said) && ended.stderr.contains("--set"), "{}", ended.stderr);
    }
}

#[test]
fn what_is_not_there_or_not_ours_is_not_run() {
    let written = scenario(GOOD);
    let program = program();
    let ended = invoked(&program, &written, &[]).expect(1);
    assert!(ended.stderr.contains("function.auditor is not in account 123456789012"), "{}", ended.stderr);
    assert!(ended.stderr.contains("hint: `iamlab provision up`"), "{}", ended.stderr);

    program.run(&["provision", "up", &path(&written)]).expect(0);
    let text = written.text();
    written.rewrite(&text.replace(r#""name":"lab""#, r#""name":"other""#));
    let ended = invoked(&program, &written, &[]).expect(1);
    assert!(
        ended.stderr.contains("it belongs to the scenario `lab`") && ended.stdout.is_empty(),
        "{ended:?}"
    );

    written.rewrite(&text);
    let ended = invoked(&program, &written, &["--function", "auditr"]).expect(64);
    assert!(ended.stderr.contains("it declares `auditor`"), "{}", ended.stderr);
    let ended = invoked(&program, &written, &["--set", "mode=wild"]).expect(0);
    assert!(ended.stderr.contains("another environment than"), "{}", ended.stderr);
    invoked(&program, &written, &["--approval-id", ""]).expect(64);
    let several = text.replace(r#""functions":{"#, r#""functions":{"second":{"runtime":"python3.13","source":{"handler.py":""},"handler":"handler.main","role":"runner"},"#);
    written.rewrite(&several);
    let ended = invoked(&program, &written, &[]).expect(64);
    assert!(ended.stderr.contains("several functions: `auditor`, `second`"), "{}", ended.stderr);
    invoked(&program, &written, &["--function", NAME]).expect(0);
}

#[test]
fn a_real_account_is_asked_about_once_and_the_missing_permission_is_named() {
    let (account, written) = (Account::live(), scenario(GOOD));
    let handover = tempfile::tempdir().unwrap();
    crate::cases::wait(account.complete(&load(&written.path()), UP, &handover.path().join("c.csv"))).unwrap();
    let allowed = Program::new().at(&Served::new(&account, |_| Fault::None));
    let ended = invoked(&allowed, &written, &["--approval-id", "CHG-1"]).expect(64);
    assert!(
        ended.stderr.contains("may change the account, approved as `CHG-1`") && ended.stdout.is_empty(),
        "{ended:?}"
    );
    let ended = invoked(&allowed, &written, &["--approval-id", "CHG-1", "--yes"]).expect(0);
    assert!(ended.stdout.starts_with("first {'approval_id': 'CHG-1'}\n"), "{}", ended.stdout);

    let denied = Served::new(&account, |call| {
        if call.action.starts_with("lambda:Invoke") { Fault::Denied } else { Fault::None }
    });
    let ended = invoked(&Program::new().at(&denied), &written, &[]).expect(4);
    assert!(ended.stderr.contains(r#""Action":"lambda:InvokeFunction""#), "{}", ended.stderr);
}

/// A run publishes, and may deactivate keys: what is not known to have failed is not done again.
#[tokio::test]
async fn a_run_whose_answer_is_lost_is_not_repeated() {
    let (account, written) = (Account::new(), scenario(GOOD));
    let handover = tempfile::tempdir().unwrap();
    account.complete(&load(&written.path()), UP, &handover.path().join("c.csv")).await.unwrap();
    for fault in [Fault::LostAfter, Fault::LostBefore, Fault::ServerError, Fault::Truncated] {
        let wire = Wire::new(account.http(), move |call| {
            if call.action.starts_with("lambda:Invoke") { fault } else { Fault::None }
        });
        let aws = account.connect(wire.client()).await.unwrap();
        let limit = std::time::Duration::from_secs(2);
        let error = invoke(&aws, NAME, &json!({}), limit).await.unwrap_err();
        assert!(matches!(error.class, ErrorClass::Unknown | ErrorClass::Unreachable), "{fault:?}: {error}");
        let sent = wire.calls().iter().filter(|call| call.action.starts_with("lambda:Invoke")).count();
        assert_eq!(sent, 1, "{fault:?}");
    }
}
