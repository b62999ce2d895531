//! What the services share about the wire: reading input, query strings, pages, ids.

use awsim_core::{AwsError, RequestContext, paginate};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::percent;

/// Reads an operation's input into its type.
pub(super) fn input<T: DeserializeOwned>(value: Value) -> Result<T, AwsError> {
    serde_json::from_value(value)
        .map_err(|error| AwsError::bad_request("SerializationException", error.to_string()))
}

/// Reads a list of the query protocol, where an empty list is an empty string.
pub(super) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List<T> {
        Items(Vec<T>),
        #[expect(dead_code, reason = "only its shape matters")]
        Empty(String),
    }
    Ok(match Option::<List<T>>::deserialize(deserializer)? {
        Some(List::Items(items)) => items,
        Some(List::Empty(_)) | None => Vec::new(),
    })
}

/// Returns the text at `key`.
pub(super) fn text<'a>(input: &'a Value, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str)
}

/// Sets a field of an object.
pub(super) fn set(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Value::Object(fields) = object {
        fields.insert(key.to_owned(), value.into());
    }
}

/// Adds the token of the next page, if there is one, under the service's name for it.
pub(super) fn with_next(mut answer: Value, key: &str, next: Option<String>) -> Value {
    if let Some(next) = next {
        set(&mut answer, key, next);
    }
    answer
}

/// Returns the tag keys of a restJson `UntagResource`: the percent-decoded `tagKeys` (Scheduler: `TagKeys`) of the query string, of
/// which the gateway keeps only the first, or the list that another service of the account gave.
pub(super) fn tag_keys(ctx: &RequestContext, input: &Value) -> Vec<String> {
    let given = ["tagKeys", "TagKeys"].iter().find_map(|key| input.get(key).and_then(Value::as_array));
    match given {
        Some(keys) => keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => ["tagKeys", "TagKeys"].iter().flat_map(|key| query_values(ctx, key)).collect(),
    }
}

/// Returns the percent-decoded values of `key` in the request's query string, in order.
fn query_values(ctx: &RequestContext, key: &str) -> Vec<String> {
    let query = ctx.uri.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let wanted = pairs.filter(|(name, _)| *name == key);
    wanted.map(|(_, value)| percent::decode_text(value)).collect()
}

/// The items of a page and the token of the next one.
pub(super) type Page<T> = (Vec<T>, Option<String>);

/// Cuts one page out of `items`, which are sorted by `key`, and returns the token of the next one.
/// `invalid` is the service's error for a token it did not give out.
pub(super) fn page<T>(
    items: Vec<T>,
    size: usize,
    token: Option<&str>,
    key: impl Fn(&T) -> String,
    invalid: impl FnOnce() -> AwsError,
) -> Result<Page<T>, AwsError> {
    let page = paginate(items, size, token, key).map_err(|_| invalid())?;
    Ok((page.items, page.next_token))
}

/// Returns a new random UUID.
pub(in crate::sandbox) fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness ids repeat, which the sandbox survives.
    let _ = getrandom::fill(&mut bytes);
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_and_escaped_query_values_are_all_read() {
        let mut ctx = RequestContext::new("lambda", "us-east-1");
        ctx.uri = "/2017-03-31/tags/x?tagKeys=a%20b&tagKeys=caf%C3%A9&other=1&tagKeys=100%25".to_owned();
        assert_eq!(query_values(&ctx, "tagKeys"), ["a b", "café", "100%"]);
    }

    #[test]
    fn an_id_is_a_random_uuid() {
        let id = uuid();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "{id}");
        assert_ne!(id, uuid());
    }
}
