//! A trust policy in the words of a scenario.

use serde_json::Value;

use crate::policy::document::PolicyDocument;
use crate::provision::principal::inline_source;
use crate::provision::resources::Export;
use crate::provision::resources::role::{Trust, trust_document};

/// Writes a trust policy by principals where that says exactly the same, else as the document it is.
pub(crate) fn trust(document: &PolicyDocument, export: &Export<'_>) -> Option<Trust> {
    let by_principals = principals(document.normal(), export);
    by_principals
        .filter(|trust| trust_document(trust, &export.picture.scenario.place) == *document)
        .or_else(|| Some(Trust { document: Some(inline_source(document)?), ..Trust::default() }))
}

/// Collects whom the statements trust. What it does not understand it passes over: the caller compares.
fn principals(normal: &Value, export: &Export<'_>) -> Option<Trust> {
    let mut trust = Trust::default();
    for statement in normal.get("Statement")?.as_array()? {
        let texts = |kind: &str| {
            let all = statement.pointer(&format!("/Principal/{kind}")).and_then(Value::as_array);
            all.into_iter().flatten().filter_map(Value::as_str)
        };
        trust.services.extend(texts("Service").map(str::to_owned));
        for principal in texts("AWS") {
            let resource = principal.splitn(6, ':').nth(5).unwrap_or_default();
            if let Some(name) = export.declared_name("role", principal) {
                trust.roles.push(name);
            } else if let Some(name) = export.declared_name("user", principal) {
                trust.users.push(name);
            } else if resource == "root" {
                trust.accounts.push(principal.split(':').nth(4)?.to_owned());
            } else if resource.starts_with("role/") {
                trust.roles.push(principal.to_owned());
            } else if resource.starts_with("user/") {
                trust.users.push(principal.to_owned());
            } else {
                trust.accounts.push(principal.to_owned());
            }
        }
        let id = statement.pointer("/Condition/stringequals/sts:externalid/0").and_then(Value::as_str);
        trust.external_id = trust.external_id.or_else(|| id.map(str::to_owned));
    }
    Some(trust)
}
