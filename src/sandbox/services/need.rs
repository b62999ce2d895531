//! Building a [`Need`]: one thing after the other, in the words of the Service Authorization Reference.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Need;
use super::tags::Tags;

impl Need {
    /// A need to do `action` to `resource`, which messages name by its ARN.
    pub(super) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        let resource = resource.into();
        let shown = resource.clone();
        Self { action: action.into(), resource, shown, keys: Vec::new(), resource_policy: None }
    }

    /// The need to hand a role to a service: `iam:PassRole` with `iam:PassedToService`.
    pub(super) fn pass_role(role_arn: &str, service: &str) -> Self {
        Self::new("iam:PassRole", role_arn).with("iam:PassedToService", service)
    }

    /// Names the resource in messages otherwise than by its ARN.
    pub(super) fn shown(self, shown: impl Into<String>) -> Self {
        Self { shown: shown.into(), ..self }
    }

    /// Adds a condition key.
    pub(super) fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.keys.push((key.into(), vec![value.into()]));
        self
    }

    /// Adds a condition key when there is a value.
    pub(super) fn with_some(self, key: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds a condition key of several values, unless there is none.
    pub(super) fn with_all(mut self, key: &str, values: Vec<String>) -> Self {
        if !values.is_empty() {
            self.keys.push((key.to_owned(), values));
        }
        self
    }

    /// Adds the tags that the request brings: `aws:RequestTag/…` and `aws:TagKeys`.
    pub(super) fn requesting(mut self, tags: &Tags) -> Self {
        self.keys.extend(keyed("aws:RequestTag/", tags));
        self.with_all("aws:TagKeys", tags.keys().cloned().collect())
    }

    /// Adds the keys of the tags that the request removes.
    pub(super) fn removing(self, keys: Vec<String>) -> Self {
        self.with_all("aws:TagKeys", keys)
    }

    /// Adds the tags that the resource has: `aws:ResourceTag/…`.
    pub(super) fn tagged(mut self, tags: &Tags) -> Self {
        self.keys.extend(keyed("aws:ResourceTag/", tags));
        self
    }

    /// Adds the policy of the resource.
    pub(super) fn policy(self, resource_policy: Option<String>) -> Self {
        Self { resource_policy, ..self }
    }

    /// The same need for another action: for what a call needs besides its own permission.
    pub(super) fn also(&self, action: &str) -> Self {
        Self { action: action.to_owned(), ..self.clone() }
    }
}

/// Reads the tags of a request, whether it has a list of `{Key, Value}` or a map.
pub(super) fn tags_in(given: &Value) -> Tags {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match given {
        Value::Array(items) => items
            .iter()
            .filter_map(|item| Some((text(&item["Key"])?, text(&item["Value"]).unwrap_or_default())))
            .collect(),
        Value::Object(map) => {
            map.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
        }
        _ => Tags::new(),
    }
}

/// Reads a list of texts of a request; absent is empty.
pub(super) fn texts_in(given: &Value) -> Vec<String> {
    let items = given.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn keyed(prefix: &str, tags: &BTreeMap<String, String>) -> Vec<(String, Vec<String>)> {
    tags.iter().map(|(key, value)| (format!("{prefix}{key}"), vec![value.clone()])).collect()
}

#[cfg(test)]
pub(super) mod testing {
    //! How the tables of needs are tested.

    use serde_json::Value;

    use super::super::{Need, Service};
    use awsim_core::RequestContext;

    /// A caller in account 123456789012 and Region us-east-1.
    pub(crate) fn caller(service: &str, access_key: Option<String>) -> RequestContext {
        let mut ctx = RequestContext::new(service, "us-east-1");
        ctx.account_id = "123456789012".into();
        ctx.access_key = access_key;
        ctx
    }

    /// Writes needs as `action resource key=value|value …`, one a line; a resource that messages name otherwise
    /// is followed by `(as …)`.
    pub(crate) fn lines(needs: &[Need]) -> Vec<String> {
        let line = |need: &Need| {
            let shown = (need.shown != need.resource).then(|| format!(" (as {})", need.shown));
            let keys = need.keys.iter().map(|(key, values)| format!(" {key}={}", values.join("|")));
            let rest: String = shown.into_iter().chain(keys).collect();
            format!("{} {}{rest}", need.action, need.resource)
        };
        needs.iter().map(line).collect()
    }

    /// Checks a table of operation, input and expected needs.
    pub(crate) fn check(service: &dyn Service, ctx: &RequestContext, rows: &[(&str, Value, &[&str])]) {
        for (operation, input, expected) in rows {
            assert_eq!(lines(&service.needs(operation, input, ctx)), *expected, "{operation} {input}");
        }
    }

    /// Checks that every operation needs something, but for `free`, and that every one is answered.
    pub(crate) fn complete(service: &dyn Service, ctx: &RequestContext, input: &Value, free: &[&str]) {
        for operation in service.operations() {
            let needs = service.needs(operation, input, ctx);
            assert_eq!(needs.is_empty(), free.contains(&operation), "{operation}: {needs:?}");
            let answer = futures::executor::block_on(service.handle(operation, input.clone(), ctx));
            if let Err(error) = answer {
                let unknown = ["InvalidAction", "NotImplemented", "UnknownOperationException"];
                assert!(!unknown.contains(&error.code.as_str()), "{operation} is not answered: {error}");
            }
        }
        assert!(free.iter().all(|name| service.operations().contains(name)), "{free:?}");
    }
}
