//! What a caller must be allowed for each operation of the tagging API: the action of the same name, on `*`.
//!
//! "Actions, resources, and condition keys for Amazon Resource Group Tagging API" in the Service Authorization
//! Reference. Its messages name no resource: `User: … is not authorized to perform: tag:GetResources because no
//! identity-based policy allows the tag:GetResources action`.

use crate::sandbox::services::Need;

/// What the caller needs for a call.
pub(super) fn of(operation: &str) -> Vec<Need> {
    vec![Need::new(format!("tag:{operation}"), "*").shown("")]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Tagging;
    use crate::sandbox::services::need::testing::{caller, check, complete};

    #[test]
    fn resources_are_not_named() {
        let tagging = Tagging::new(Vec::new());
        let ctx = caller("tagging", None);
        check(&tagging, &ctx, &[("GetResources", json!({}), &["tag:GetResources * (as )"])]);
        complete(&tagging, &ctx, &json!({}), &[]);
    }
}
