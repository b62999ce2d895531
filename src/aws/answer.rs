//! What an answer must be to be believed: whole, and from something that speaks AWS's protocols.
//!
//! The SDK's XML decoder takes a body that stops half way for a shorter one: a list with fewer members, a key without
//! its secret. [`Whole`] makes an error of it. [`Foreign`] keeps the SDK from asking an emulator again and again for
//! an operation it does not have.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::de::IgnoredAny;

/// Refuses answers that were cut off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        let is = |kind: &str| header(response).is_some_and(|value| value.contains(kind));
        if (is("xml") && !is_whole_xml(body)) || (is("json") && !is_whole_json(body)) {
            return Err("the answer was cut off".into());
        }
        Ok(())
    }
}

/// Forbids the SDK to retry what no AWS service has answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Foreign;

impl ClassifyRetry for Foreign {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_foreign = context.response().is_some_and(is_html);
        if is_foreign { RetryAction::RetryForbidden } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "Foreign"
    }
}

/// Tells whether an answer is a page for people. AWS never sends one; an emulator does when it lacks an operation.
pub(super) fn is_html(response: &HttpResponse) -> bool {
    header(response).is_some_and(|value| value.starts_with("text/html"))
}

fn header(response: &HttpResponse) -> Option<&str> {
    response.headers().get("content-type")
}

/// Tells whether every element of a document that was opened is closed again.
fn is_whole_xml(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let mut depth = 0_i64;
    // In text and attributes a `<` is written `&lt;`: each one here begins a tag.
    for tag in text.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else { return false };
        if tag.starts_with('/') {
            depth -= 1;
        } else if !tag.starts_with(['?', '!']) && !tag.ends_with('/') {
            depth += 1;
        }
    }
    depth == 0 && (text.is_empty() || text.ends_with('>'))
}

fn is_whole_json(body: &[u8]) -> bool {
    body.is_empty() || serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_of_an_answer_is_recognised() {
        let xml = "<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><A><R>1</R></A></R>\n";
        assert!(is_whole_xml(xml.as_bytes()));
        assert!(is_whole_xml(b"") && is_whole_xml(b"<R/>") && is_whole_xml(b"<?xml version=\"1.0\"?><R />"));
        let json = "{\"a\":[1,{\"b\":\"}\"}]}";
        assert!(is_whole_json(json.as_bytes()));
        for end in 1..json.len() {
            assert!(!is_whole_json(&json.as_bytes()[..end]), "{end}");
        }
        let root = xml.find("<R").unwrap();
        for end in root + 1..xml.trim_end().len() {
            assert!(!is_whole_xml(&xml.as_bytes()[..end]), "{}", &xml[..end]);
        }
        assert!(!is_whole_xml(b"<R><A/>"));
    }
}
