//! Tags, as the services outside IAM keep them.

use std::collections::BTreeMap;

use awsim_core::RequestContext;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The tags of one resource, by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// A service whose resources the Resource Groups Tagging API lists.
pub(crate) trait Tagged: Send + Sync {
    /// Returns the ARN and the tags of every resource of the region, tagged or not.
    fn tagged(&self, region: &str) -> Vec<(String, Tags)>;
}

/// A tag as most services spell it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// Collects a list of tags; the last of equal keys counts.
pub(super) fn collected(tags: Vec<Tag>) -> Tags {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Writes tags as a list of `{Key, Value}`.
pub(super) fn listed(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// Why tags are refused; each service words it its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagFault {
    /// A key starts with `aws:`.
    Reserved,
    /// A key or a value is too long or empty.
    Length,
    /// The resource would have more than 50.
    TooMany,
}

/// Checks the tags a resource would have after a change, by the rules all services share: at most 50, keys of
/// 1 to 128 characters, values of at most 256. Tags under `aws:` are set by services, not by callers.
pub(super) fn check(before: &Tags, after: &Tags, ctx: &RequestContext) -> Result<(), TagFault> {
    let of_services = |tags: &Tags| -> Tags {
        tags.iter()
            .filter(|(key, _)| is_reserved(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    if !ctx.internal_bypass && of_services(before) != of_services(after) {
        return Err(TagFault::Reserved);
    }
    if after.keys().filter(|key| !is_reserved(key)).count() > 50 {
        return Err(TagFault::TooMany);
    }
    let fits = |(key, value): (&String, &String)| {
        !key.is_empty() && key.chars().count() <= 128 && value.chars().count() <= 256
    };
    if after.iter().all(fits) { Ok(()) } else { Err(TagFault::Length) }
}

/// Tells whether only services may set a key.
fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(key: &str, value: &str) -> Tags {
        Tags::from([(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_shared_rules_hold() {
        let ctx = RequestContext::new("sns", "us-east-1");
        let check = |after: &Tags| check(&Tags::new(), after, &ctx);
        assert_eq!(check(&tags("team", "")), Ok(()));
        assert_eq!(check(&tags("AWS:x", "")), Err(TagFault::Reserved));
        assert_eq!(check(&tags("", "")), Err(TagFault::Length));
        assert_eq!(check(&tags("k", &"v".repeat(257))), Err(TagFault::Length));
        assert_eq!(check(&(0..51).map(|n| (n.to_string(), String::new())).collect()), Err(TagFault::TooMany));
    }

    #[test]
    fn callers_do_not_touch_the_tags_of_services() {
        let caller = RequestContext::new("sns", "us-east-1");
        let service = RequestContext { internal_bypass: true, ..caller.clone() };
        let (none, stack) = (Tags::new(), tags("aws:cloudformation:stack-name", "lab"));
        assert_eq!(check(&none, &stack, &service), Ok(()));
        assert_eq!(check(&stack, &none, &caller), Err(TagFault::Reserved));
        let mut more = stack.clone();
        more.extend(tags("team", "red"));
        assert_eq!(check(&stack, &more, &caller), Ok(()));
    }
}
