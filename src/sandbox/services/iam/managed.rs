//! The AWS-managed policies: which exist, and the documents of those that labs use.
//!
//! `policies/aws-managed-names.txt` lists every path and name; `policies/aws-managed.json` holds the documents.
//! Facts about AWS, taken from public copies of `iam list-policies --scope AWS`.

use std::sync::LazyLock;

use crate::policy::catalogue;

static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("../../../../policies/aws-managed-names.txt").lines().collect());

/// An AWS-managed policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Managed {
    full: &'static str,
}

impl Managed {
    /// The name without its path.
    pub fn name(self) -> &'static str {
        self.full.rsplit('/').next().unwrap_or(self.full)
    }

    /// The path, `/` or such as `/service-role/`.
    pub fn path(self) -> String {
        let directory = self.full.len().saturating_sub(self.name().len());
        format!("/{}", self.full.get(..directory).unwrap_or_default())
    }

    /// The ARN in a partition.
    pub fn arn(self, partition: &str) -> String {
        format!("arn:{partition}:iam::aws:policy/{}", self.full)
    }

    /// The document, when the catalogue holds it.
    pub fn document(self) -> Option<&'static str> {
        catalogue::sandbox_document(self.full)
    }
}

/// Finds an AWS-managed policy by its ARN.
pub fn find(arn: &str) -> Option<Managed> {
    let (head, full) = arn.split_once(":policy/")?;
    let partition = head.strip_prefix("arn:")?.strip_suffix(":iam::aws")?;
    if partition.contains(':') {
        return None;
    }
    let place = NAMES.binary_search(&full).ok()?;
    NAMES.get(place).map(|full| Managed { full })
}

/// Every AWS-managed policy, sorted by path and name.
pub fn all() -> impl Iterator<Item = Managed> {
    NAMES.iter().map(|full| Managed { full })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_every_document_has_a_name() {
        assert!(NAMES.is_sorted() && NAMES.len() > 1_400);
        assert!(catalogue::sandbox_documents().next().is_some());
        for full in catalogue::sandbox_documents() {
            assert!(NAMES.binary_search(&full).is_ok(), "{full}");
        }
    }

    #[test]
    fn a_policy_in_a_path_is_found() {
        let found = find("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").unwrap();
        assert_eq!((found.name(), found.path().as_str()), ("AWSLambdaBasicExecutionRole", "/service-role/"));
        assert!(found.document().unwrap().contains("logs:CreateLogGroup"));
        assert_eq!(find("arn:aws:iam::aws:policy/NoSuchThing"), None);
        assert_eq!(find("arn:aws:iam::123456789012:policy/AdministratorAccess"), None);
    }
}
