//! Whom a role's trust policy lets in.

use serde_json::Value;

use crate::account::snapshot::Role;
use crate::policy::glob::glob;
use crate::policy::statement::Policy;

/// The actions by which one becomes a role, in small letters.
const WAYS: [&str; 3] = ["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"];

/// A statement that lets somebody become the role.
#[derive(Debug)]
pub(super) struct Door<'a> {
    /// The statement, in normal form.
    statement: &'a Value,
}

/// One of those whom a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who<'a> {
    /// Everybody in every account, by `*` or by `NotPrincipal`.
    Anybody,
    /// An account, or somebody in it: the account and the text of the policy.
    Account(&'a str, &'a str),
    /// A service of AWS.
    Service(&'a str),
    /// Whom an identity provider vouches for.
    Federated(&'a str),
    /// A unique id, which is what is left of somebody who was deleted, or a text that AWS would refuse.
    Nobody(&'a str),
}

/// Lists the statements by which one becomes a role. The error says why the trust policy cannot be read.
pub(super) fn doors(role: &Role) -> Result<Vec<Door<'_>>, String> {
    Policy::parse(&role.trust.to_text()).map_err(|error| error.to_string())?;
    let statements = statements(role);
    // Who denies everybody has shut the role, whatever else is written.
    if statements.iter().any(Door::shuts_all) {
        return Ok(vec![]);
    }
    Ok(statements.into_iter().filter(Door::is_open).collect())
}

/// Tells whether a statement denies somebody to become the role. Whom is not worked out.
pub(super) fn is_denied_in_part(role: &Role) -> bool {
    statements(role).iter().any(|door| door.is("Deny") && door.covers(WAYS[0]))
}

fn statements(role: &Role) -> Vec<Door<'_>> {
    let statements = role.trust.normal().get("Statement").and_then(Value::as_array);
    statements.into_iter().flatten().map(|statement| Door { statement }).collect()
}

impl<'a> Door<'a> {
    fn is_open(&self) -> bool {
        self.is("Allow") && WAYS.iter().any(|way| self.covers(way))
    }

    fn shuts_all(&self) -> bool {
        let whom = self.statement.get("NotPrincipal").is_none() && self.who().contains(&Who::Anybody);
        let whenever = self.statement.get("Condition").is_none();
        self.is("Deny") && whom && whenever && WAYS.iter().all(|way| self.covers(way))
    }

    fn is(&self, effect: &str) -> bool {
        self.statement.get("Effect").and_then(Value::as_str) == Some(effect)
    }

    /// Tells whether it is open for an action, in small letters.
    fn covers(&self, action: &str) -> bool {
        let listed = |key: &str| texts(self.statement.get(key)).any(|pattern| glob(pattern, action));
        match self.statement.get("NotAction") {
            Some(_) => !listed("NotAction"),
            None => listed("Action"),
        }
    }

    /// Tells whether somebody with credentials of AWS can pass, by `sts:AssumeRole`.
    pub(super) fn is_for_principals(&self) -> bool {
        self.covers(WAYS[0])
    }

    /// Lists whom it names.
    pub(super) fn who(&self) -> Vec<Who<'a>> {
        let statement = self.statement;
        if statement.get("NotPrincipal").is_some() {
            return vec![Who::Anybody];
        }
        let Some(Value::Object(kinds)) = statement.get("Principal") else { return vec![] };
        let of_kind = |(kind, names): (&'a String, &'a Value)| {
            texts(Some(names)).map(move |name| match kind.as_str() {
                "Service" => Who::Service(name),
                "Federated" => Who::Federated(name),
                "AWS" => aws(name),
                _ => Who::Nobody(name),
            })
        };
        kinds.iter().flat_map(of_kind).collect()
    }

    /// Lists its conditions: operator and key in small letters, and the values.
    pub(super) fn conditions(&self) -> Vec<(&'a str, &'a str, Vec<&'a str>)> {
        let statement = self.statement;
        let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
        operators
            .flat_map(|(operator, keys)| {
                let keys = keys.as_object().into_iter().flatten();
                keys.map(move |(key, values)| {
                    (operator.as_str(), key.as_str(), texts(Some(values)).collect())
                })
            })
            .collect()
    }

    /// Returns the raw field `Condition`, in normal form.
    pub(super) fn condition_text(&self) -> String {
        self.statement.get("Condition").map_or_else(|| "absent".to_owned(), Value::to_string)
    }
}

fn aws(name: &str) -> Who<'_> {
    if name == "*" {
        return Who::Anybody;
    }
    let account = if name.starts_with("arn:") { name.split(':').nth(4) } else { Some(name) };
    match account {
        Some(account) if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
            Who::Account(account, name)
        }
        _ => Who::Nobody(name),
    }
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Some(Value::String(text)) => (Some(text.as_str()), None),
        Some(Value::Array(texts)) => (None, Some(texts)),
        _ => (None, None),
    };
    one.into_iter().chain(many.into_iter().flatten().filter_map(Value::as_str))
}
