//! Mutations of a policy document: what it allows, and how that is written.

use serde_json::{Map, Value, json};

/// What a document is left with that would otherwise be empty: AWS takes no document without a statement.
const HARMLESS: &str = "sts:GetCallerIdentity";

/// A document that is different: the property, what became of it, and the document.
pub(super) type Different = (&'static str, String, Value);

/// Lists the mutations of a document.
pub(super) fn mutations(document: Option<&Value>) -> Vec<Different> {
    let Some(document) = document else { return Vec::new() };
    let statements = match document.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let mut edits = Edits { document, statements, found: Vec::new() };
    edits.actions();
    edits.statements();
    edits.excess();
    edits.writing();
    edits.found
}

struct Edits<'a> {
    document: &'a Value,
    statements: Vec<Value>,
    found: Vec<Different>,
}

impl Edits<'_> {
    /// Adds a document with other statements.
    fn push(&mut self, property: &'static str, change: impl Into<String>, mut statements: Vec<Value>) {
        if statements == self.statements {
            return;
        }
        if statements.is_empty() {
            statements.push(json!({"Effect": "Allow", "Action": HARMLESS, "Resource": "*"}));
        }
        let mut document = self.document.clone();
        super::lab::set(&mut document, &["Statement"], Some(Value::Array(statements)));
        self.found.push((property, change.into(), document));
    }

    /// Adds a document with another statement in the place of one.
    fn with(&mut self, property: &'static str, change: impl Into<String>, at: usize, statement: Value) {
        let mut statements = self.statements.clone();
        if let Some(place) = statements.get_mut(at) {
            *place = statement;
        }
        self.push(property, change, statements);
    }

    /// Each action away.
    fn actions(&mut self) {
        for (at, statement) in self.statements.clone().iter().enumerate() {
            let actions = actions(statement);
            for action in &actions {
                let rest: Vec<&String> = actions.iter().filter(|other| *other != action).collect();
                let change = format!("without {action}");
                if rest.is_empty() {
                    let mut statements = self.statements.clone();
                    statements.remove(at);
                    self.push("document", change, statements);
                } else {
                    self.with("document", change, at, put(statement, "Action", json!(rest)));
                }
            }
        }
    }

    /// Each statement to the contrary, under a condition, on more and on less.
    fn statements(&mut self) {
        for (at, statement) in self.statements.clone().iter().enumerate() {
            let named = actions(statement).join(" and ");
            self.with("document", format!("{named} denied"), at, put(statement, "Effect", json!("Deny")));
            let never = json!({"StringEquals": {"aws:SourceAccount": "000000000000"}});
            let change = format!("{named} under a condition that never holds");
            self.with("document", change, at, put(statement, "Condition", never));
            let nothing = "arn:aws:iam::999988887777:user/nobody";
            let change = format!("{named} on something else");
            self.with("document", change, at, put(statement, "Resource", json!(nothing)));
            if statement.get("Resource").is_some_and(|resource| resource != "*") {
                let change = format!("{named} on everything");
                self.with("document", change, at, put(statement, "Resource", json!("*")));
            }
        }
    }

    /// More than there was, of each class.
    fn excess(&mut self) {
        let services = self.statements.iter().flat_map(actions);
        let mut services: Vec<String> =
            services.filter_map(|action| Some(format!("{}:*", action.split_once(':')?.0))).collect();
        services.sort();
        services.dedup();
        let more = ["s3:ListAllMyBuckets", "iam:List*", "iam:CreateUser", "iam:AddUserToGroup", "*"];
        for action in more.into_iter().map(str::to_owned).chain(services) {
            let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
            let statements = self.statements.iter().cloned().chain([statement]).collect();
            self.push("document excess", format!("{action} too"), statements);
        }
    }

    /// The same, written in other ways.
    fn writing(&mut self) {
        let split = self.statements.iter().flat_map(|statement| {
            let each = actions(statement).into_iter();
            each.map(|action| {
                let mut one = put(statement, "Action", json!(action));
                super::lab::set(&mut one, &["Sid"], None);
                one
            })
        });
        let split: Vec<Value> = split.collect();
        if split.len() > self.statements.len() {
            self.push("document writing", "one statement per action", split);
        }
        let turned = |statement: &Value| {
            let mut actions = actions(statement);
            actions.reverse();
            put(statement, "Action", json!(actions))
        };
        let turned = self.statements.iter().rev().map(turned).collect();
        self.push("document writing", "in the other order", turned);
        let shouted = |statement: &Value| {
            let actions: Vec<String> =
                actions(statement).iter().map(|action| action.to_ascii_uppercase()).collect();
            put(statement, "Action", json!(actions))
        };
        let shouted = self.statements.iter().map(shouted).collect();
        self.push("document writing", "actions in capital letters", shouted);
        let short = |statement: &Value| {
            let shorten = |action: &String| {
                let mut letters = action.chars();
                // AWS has no other action that begins so and is as long.
                letters.next_back();
                format!("{}?", letters.as_str())
            };
            let actions: Vec<String> = actions(statement).iter().map(shorten).collect();
            put(statement, "Action", json!(actions))
        };
        let short = self.statements.iter().map(short).collect();
        self.push("document writing", "with wildcards that mean the same", short);
        let unnamed = self.statements.iter().map(|statement| put(statement, "Sid", json!("VisualEditor0")));
        let unnamed: Vec<Value> = unnamed.take(1).chain(self.statements.iter().skip(1).cloned()).collect();
        self.push("document writing", "with another Sid", unnamed);
    }
}

/// Lists the actions of a statement.
fn actions(statement: &Value) -> Vec<String> {
    match statement.get("Action") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Returns a statement with another value of an element.
fn put(statement: &Value, element: &str, to: Value) -> Value {
    let mut fields: Map<String, Value> = statement.as_object().cloned().unwrap_or_default();
    fields.insert(element.to_owned(), to);
    Value::Object(fields)
}
