//! The policies that AWS manages, by name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

/// One `path/Name` per line, sorted.
const NAMES: &str = include_str!("../../policies/aws-managed-names.txt");

/// Bare name, and `path/Name`, to `path/Name`.
static BY_NAME: LazyLock<BTreeMap<&str, &str>> =
    LazyLock::new(|| paths().flat_map(|path| [(bare(path), path), (path, path)]).collect());

/// Returns `path/Name` of every policy that AWS manages, as far as this program knows.
fn paths() -> impl Iterator<Item = &'static str> + Clone {
    NAMES.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn bare(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the bare name of every policy that AWS manages.
pub fn aws_managed_names() -> impl Iterator<Item = &'static str> + Clone {
    paths().map(bare)
}

/// Returns the ARN of a policy that AWS manages, found by name (`AWSLambdaBasicExecutionRole`) or by path
/// (`service-role/AWSLambdaBasicExecutionRole`); `None` when AWS has no such policy.
pub fn aws_managed_arn(name_or_path: &str, partition: &str) -> Option<String> {
    let found = BY_NAME.get(name_or_path)?;
    Some(format!("arn:{partition}:iam::aws:policy/{found}"))
}

/// The documents that this program has of policies that AWS manages, by `path/Name`: those that the sandbox's accounts
/// have. AWS changes its own, so of an AWS account they prove nothing.
static DOCUMENTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let all: BTreeMap<String, Option<Value>> =
        serde_json::from_str(include_str!("../../policies/aws-managed.json")).unwrap_or_default();
    all.into_iter().filter_map(|(full, document)| Some((full, document?.to_string()))).collect()
});

/// Returns the document that the sandbox has of a policy that AWS manages, by `path/Name`.
pub fn sandbox_document(full: &str) -> Option<&'static str> {
    DOCUMENTS.get(full).map(String::as_str)
}

/// Lists the policies whose documents the sandbox has, by `path/Name`.
pub fn sandbox_documents() -> impl Iterator<Item = &'static str> {
    DOCUMENTS.keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_found() {
        let arn = Some("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".to_owned());
        assert_eq!(aws_managed_arn("AWSLambdaBasicExecutionRole", "aws"), arn);
        assert_eq!(aws_managed_arn("service-role/AWSLambdaBasicExecutionRole", "aws"), arn);
        assert_eq!(aws_managed_arn("NoSuchPolicy", "aws"), None);
    }
}
