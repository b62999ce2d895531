//! Mutations of a function's Python: edits of its text that take one deed away, or change nothing that counts. An edit
//! that does not apply to the sources is none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::lab::{self, Lab};
use super::{Mutation, Trial};

/// Files by path.
type Files = BTreeMap<String, String>;

/// Calls of the SDK that the assignment asks for.
const CALLS: [&str; 4] = ["assume_role", "generate_credential_report", "get_credential_report", "publish"];

/// What stands in their place.
const OTHER_CALL: &str = "get_caller_identity";

/// The columns of the credential report that tell of passwords, MFA devices and access keys
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>).
const COLUMNS: [&str; 11] = [
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
];

/// A column that no control looks at.
const OTHER_COLUMN: &str = "cert_2_last_rotated";

/// The row of the root user.
const ROOT: &str = "<root_account>";

/// How the credentials of an assumed role are given to a client.
const CREDENTIALS: [&str; 3] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

/// What a function is when nothing of it was done.
const HELLO: &str = "import json\n\n\ndef lambda_handler(event, context):\n    return {\"statusCode\": 200, \"body\": json.dumps(\"Hello from Lambda!\")}\n";

/// Lists the mutations of the sources of all functions.
pub(super) fn mutations(lab: &Lab) -> Vec<Mutation> {
    let mut found = Vec::new();
    for (address, spec) in lab.all().filter(|(address, _)| address.kind == "function") {
        let Ok(files) = serde_json::from_value::<Files>(spec.get("source").cloned().unwrap_or_default())
        else {
            continue;
        };
        let handler = spec.get("handler").and_then(Value::as_str).unwrap_or_default();
        let Some((module, function)) = handler.rsplit_once('.') else { continue };
        let code = Code { main: format!("{}.py", module.replace('.', "/")), module, function, files: &files };
        let mut add = |property: &str, change: String, changed: Option<(Files, Vec<(&str, Value)>)>| {
            let Some((files, others)) = changed else { return };
            if files == *code.files && others.is_empty() {
                return;
            }
            let mut spec = spec.clone();
            lab::set(&mut spec, &["source"], Some(json!(files)));
            for (key, value) in others {
                lab::set(&mut spec, &[key], Some(value));
            }
            let trial = Trial::of_resources(lab.with(&address, spec));
            found.push(Mutation::new(&address, property, change, trial));
        };
        let only = |files: Option<Files>| files.map(|files| (files, Vec::new()));
        for call in CALLS {
            add("source", format!("{call} is not called"), only(code.without_call(call)));
        }
        let own = only(code.without_lines(&CREDENTIALS));
        add("source", "the function's own credentials".to_owned(), own);
        for column in COLUMNS {
            let changed = only(code.replaced(&format!("\"{column}\""), &format!("\"{OTHER_COLUMN}\"")));
            add("source", format!("`{OTHER_COLUMN}` instead of `{column}`"), changed);
        }
        let changed = only(code.replaced(&format!("\"{ROOT}\""), "\"root\""));
        add("source", format!("`root` instead of `{ROOT}`"), changed);
        add("source", "a constant is published".to_owned(), only(code.with_argument("Message", "\"hello\"")));
        add("source", "a syntax error".to_owned(), only(code.with_more("\n\ndef broken(:\n    pass\n")));
        let id = format!("{}{}", "AKIA", "Q3EGRIZ5SELFTEST");
        let secret = format!("{}{}", "wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYzSELFTESTK");
        let keys = format!("\nACCESS_KEY = \"{id}\"\nSECRET_KEY = \"{secret}\"\n");
        add("source", "access keys in it".to_owned(), only(code.with_more(&keys)));
        add("source", "the handler does nothing".to_owned(), only(code.with_idle_handler()));
        for (what, line) in code.entries() {
            add("source", format!("without the line `{what}`"), only(code.without_line(&line)));
        }
        let hello = Files::from([("lambda_function.py".to_owned(), HELLO.to_owned())]);
        let handler = vec![("handler", json!("lambda_function.lambda_handler"))];
        add("source", "what the console begins with".to_owned(), Some((hello, handler)));
        add("handler", "another name, in the code too".to_owned(), code.with_handler("start"));
        add("handler", "a name that the code has not".to_owned(), {
            Some((files.clone(), vec![("handler", json!(format!("{module}.not_there")))]))
        });
        add("source", "a comment more".to_owned(), only(code.with_more("\n# That is all.\n")));
        let mut more = files.clone();
        more.insert("unused.py".to_owned(), "def unused():\n    return 1\n".to_owned());
        add("source", "a file more that nobody uses".to_owned(), only(Some(more)));
        let environment = spec.get("environment").and_then(Value::as_object).into_iter().flatten();
        for (name, value) in environment {
            let renamed = format!("{name}_OF_THE_LAB");
            let mut others = spec.get("environment").cloned().unwrap_or_default();
            lab::set(&mut others, &[name], None);
            add(
                "environment",
                format!("without `{name}`"),
                Some((files.clone(), vec![("environment", others.clone())])),
            );
            lab::set(&mut others, &[&renamed], Some(value.clone()));
            let changed = code.replaced(&format!("\"{name}\""), &format!("\"{renamed}\""));
            let changed = changed.map(|files| (files, vec![("environment", others.clone())]));
            add("environment", format!("`{name}` by another name, in the code too"), changed);
            lab::set(&mut others, &[&renamed], None);
            let wrong = json!(format!("{}-that-is-not-there", value.as_str().unwrap_or_default()));
            lab::set(&mut others, &[name], Some(wrong));
            let changed = (files.clone(), vec![("environment", others)]);
            add("environment", format!("`{name}` names something else"), Some(changed));
        }
    }
    found
}

/// The sources of a function.
struct Code<'a> {
    /// The path of the handler's file.
    main: String,
    module: &'a str,
    function: &'a str,
    files: &'a Files,
}

impl Code<'_> {
    /// Changes the texts of all files; nothing when none is different afterwards.
    fn each(&self, change: impl Fn(&str) -> String) -> Option<Files> {
        let files: Files = self.files.iter().map(|(path, text)| (path.clone(), change(text))).collect();
        (files != *self.files).then_some(files)
    }

    fn replaced(&self, what: &str, by: &str) -> Option<Files> {
        self.each(|text| text.replace(what, by))
    }

    /// Calls something else where a client's method is called. Functions of the same name are left alone: those of the
    /// sources' own modules.
    fn without_call(&self, call: &str) -> Option<Files> {
        let own: BTreeSet<&str> = self.files.keys().filter_map(|path| path.strip_suffix(".py")).collect();
        let called = format!(".{call}(");
        self.each(|text| {
            let mut changed = String::with_capacity(text.len());
            let mut rest = text;
            while let Some((before, after)) = rest.split_once(&called) {
                let owner = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
                let is_own = owner.is_some_and(|owner| own.contains(owner));
                let call = if is_own { call } else { OTHER_CALL };
                changed = format!("{changed}{before}.{call}(");
                rest = after;
            }
            changed + rest
        })
    }

    /// Leaves out the lines that begin with an argument of these names.
    fn without_lines(&self, arguments: &[&str]) -> Option<Files> {
        self.each(|text| {
            let kept = text.split_inclusive('\n').filter(|line| {
                let line = line.trim_start();
                !arguments
                    .iter()
                    .any(|name| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
            });
            kept.collect()
        })
    }

    fn without_line(&self, gone: &str) -> Option<Files> {
        self.each(|text| text.split_inclusive('\n').filter(|line| *line != gone).collect())
    }

    /// Lists the lines of tables that name functions of the sources: `("1.1", "title", root_last_use),`.
    fn entries(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for text in self.files.values() {
            for line in text.split_inclusive('\n') {
                let entry = line.trim().strip_suffix("),").and_then(|line| line.strip_prefix("(\""));
                let Some((first, rest)) = entry.and_then(|entry| entry.split_once('"')) else { continue };
                let named = rest.rsplit(", ").next().unwrap_or_default();
                if text.contains(&format!("def {named}(")) {
                    found.push((format!("(\"{first}\", …, {named})"), line.to_owned()));
                }
            }
        }
        found
    }

    /// Gives a call another value of an argument that is a plain name.
    fn with_argument(&self, argument: &str, value: &str) -> Option<Files> {
        let given = format!("{argument}=");
        self.each(|text| {
            let Some((before, after)) = text.split_once(&given) else { return text.to_owned() };
            let end = after.find([',', ')']).unwrap_or(after.len());
            format!("{before}{given}{value}{}", after.get(end..).unwrap_or_default())
        })
    }

    /// Adds something to the end of the handler's file.
    fn with_more(&self, more: &str) -> Option<Files> {
        let mut files = self.files.clone();
        files.get_mut(&self.main)?.push_str(more);
        Some(files)
    }

    /// Gives the handler another name.
    fn with_handler(&self, name: &str) -> Option<(Files, Vec<(&'static str, Value)>)> {
        let mut files = self.files.clone();
        let text = files.get_mut(&self.main)?;
        let defined = format!("def {}(", self.function);
        text.find(&defined)?;
        *text = text.replace(&defined, &format!("def {name}("));
        Some((files, vec![("handler", json!(format!("{}.{name}", self.module)))]))
    }

    /// Lets the handler do nothing; all else stays, and nobody calls it.
    fn with_idle_handler(&self) -> Option<Files> {
        let (mut files, _) = self.with_handler("not_called")?;
        let idle = format!("\n\ndef {}(event, context):\n    return None\n", self.function);
        files.get_mut(&self.main)?.push_str(&idle);
        Some(files)
    }
}
