//! Policy documents in a snapshot's file: as somebody wrote them. Elsewhere they are serialised in their normal form,
//! which forgets what an audit may have to show.

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
use serde_json::Value;

use crate::policy::document::PolicyDocument;

/// Writes a document.
pub(super) fn serialize<S: Serializer>(document: &PolicyDocument, serializer: S) -> Result<S::Ok, S::Error> {
    document.written().serialize(serializer)
}

/// Reads a document.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PolicyDocument, D::Error> {
    Value::deserialize(deserializer).map(PolicyDocument::new)
}

/// A document that may be missing.
pub(super) mod if_any {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use serde_json::Value;

    use super::PolicyDocument;

    #[expect(clippy::ref_option, reason = "serde hands a field over so")]
    pub(in super::super) fn serialize<S: Serializer>(
        document: &Option<PolicyDocument>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        document.as_ref().map(PolicyDocument::written).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PolicyDocument>, D::Error> {
        Ok(Option::<Value>::deserialize(deserializer)?.map(PolicyDocument::new))
    }
}

/// Documents by name.
pub(super) mod by_name {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};
    use serde_json::Value;

    use super::PolicyDocument;

    pub(in super::super) fn serialize<S: Serializer>(
        documents: &BTreeMap<String, PolicyDocument>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(documents.iter().map(|(name, document)| (name, document.written())))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, PolicyDocument>, D::Error> {
        let documents = BTreeMap::<String, Value>::deserialize(deserializer)?;
        Ok(documents.into_iter().map(|(name, document)| (name, PolicyDocument::new(document))).collect())
    }
}
