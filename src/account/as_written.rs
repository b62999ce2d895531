//! Policy documents in a snapshot's file: as somebody wrote them. Elsewhere they are serialised in their normal form,
//! which forgets what an audit may have to show.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Serialize as _, Serializer};
use serde_json::value::RawValue;

use crate::policy::document::PolicyDocument;
use crate::policy::grammar::size;

/// The largest document that is read, in characters as AWS counts them: twice what IAM takes anywhere. What is larger
/// was made to keep the reader busy.
const LARGEST: usize = 20_480;

/// The same for the documents of AWS, which binds itself to no limit: its longest have about 100,000.
const LARGEST_OF_AWS: usize = 400_000;

/// A document of AWS, in a file as it was written.
pub(crate) struct OfAws(pub(crate) PolicyDocument);

impl<'de> Deserialize<'de> for OfAws {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded(deserializer, LARGEST_OF_AWS).map(Self)
    }
}

/// Writes a document.
pub(super) fn serialize<S: Serializer>(document: &PolicyDocument, serializer: S) -> Result<S::Ok, S::Error> {
    document.written().serialize(serializer)
}

/// Reads a document.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PolicyDocument, D::Error> {
    Bounded::deserialize(deserializer).map(|Bounded(document)| document)
}

/// A document that is not too large.
pub(crate) struct Bounded(pub(crate) PolicyDocument);

impl<'de> Deserialize<'de> for Bounded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded(deserializer, LARGEST).map(Self)
    }
}

fn bounded<'de, D: Deserializer<'de>>(deserializer: D, largest: usize) -> Result<PolicyDocument, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if size(raw.get()) > largest {
        let what = format!("a policy document has more than {largest} characters; IAM takes 10,240");
        return Err(D::Error::custom(what));
    }
    PolicyDocument::parse(raw.get()).map_err(D::Error::custom)
}

/// A document that may be missing.
pub(super) mod if_any {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{Bounded, PolicyDocument};

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
        Ok(Option::<Bounded>::deserialize(deserializer)?.map(|Bounded(document)| document))
    }
}

/// Documents by name.
pub(super) mod by_name {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{Bounded, PolicyDocument};

    pub(in super::super) fn serialize<S: Serializer>(
        documents: &BTreeMap<String, PolicyDocument>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(documents.iter().map(|(name, document)| (name, document.written())))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, PolicyDocument>, D::Error> {
        let documents = BTreeMap::<String, Bounded>::deserialize(deserializer)?;
        Ok(documents.into_iter().map(|(name, Bounded(document))| (name, document)).collect())
    }
}
