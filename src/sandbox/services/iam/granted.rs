//! Which services a policy grants something of, and how services are called.
//!
//! `policies/aws-services.txt` holds namespaces and names: those of the Service Authorization Reference for which the
//! public API models have a name.

use std::sync::LazyLock;

use serde_json::Value;

static SERVICES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let lines = include_str!("../../../../policies/aws-services.txt").lines();
    lines.filter_map(|line| line.split_once('\t')).collect()
});

/// Every service known here by namespace, sorted, with its name.
pub(crate) fn services() -> &'static [(&'static str, &'static str)] {
    &SERVICES
}

/// What a policy's `Allow` statements name, by service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    /// Namespaces in small letters, or `*`.
    allowed: Vec<String>,
    /// For each `NotAction`: the namespaces it leaves out whole.
    all_but: Vec<Vec<String>>,
}

impl Granted {
    /// Reads a policy; what is no policy grants nothing.
    pub(crate) fn read(document: &str) -> Self {
        let mut granted = Self::default();
        let policy: Value = serde_json::from_str(document).unwrap_or_default();
        let statements = policy.get("Statement").map(list).unwrap_or_default();
        for statement in statements.into_iter().filter(|one| one["Effect"] == "Allow") {
            let actions = texts(&statement["Action"]);
            granted.allowed.extend(actions.iter().map(|action| namespace(action)));
            if let Some(excluded) = statement.get("NotAction").map(texts) {
                let whole = excluded.iter().filter(|action| **action == "*" || action.ends_with(":*"));
                granted.all_but.push(whole.map(|action| namespace(action)).collect());
            }
        }
        granted
    }

    /// Whether it allows any action of a service.
    pub(crate) fn grants(&self, service: &str) -> bool {
        let names = |all: &[String]| all.iter().any(|one| one == "*" || one == service);
        names(&self.allowed) || self.all_but.iter().any(|excluded| !names(excluded))
    }
}

fn namespace(action: &str) -> String {
    action.split(':').next().unwrap_or_default().to_lowercase()
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_granted_by_any_of_its_actions() {
        let granted = |statement: &str| Granted::read(&format!(r#"{{"Statement":{statement}}}"#));
        let some = granted(r#"{"Effect":"Allow","Action":["IAM:Get*","s3:GetObject"],"Resource":"*"}"#);
        assert!(some.grants("iam") && some.grants("s3") && !some.grants("sns"));
        let all = granted(r#"[{"Effect":"Allow","Action":"*","Resource":"*"}]"#);
        assert!(all.grants("sns"));
        let rest = granted(r#"[{"Effect":"Allow","NotAction":["iam:*","s3:GetObject"],"Resource":"*"}]"#);
        assert!(!rest.grants("iam") && rest.grants("s3") && rest.grants("sns"));
        assert!(!granted(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#).grants("iam"));
    }

    #[test]
    fn the_catalogue_is_sorted() {
        assert!(services().is_sorted() && services().len() > 300);
        assert!(services().contains(&("iam", "AWS Identity and Access Management")));
    }
}
