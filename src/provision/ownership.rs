//! Whose a resource is. What `up` creates carries a tag (groups, which AWS cannot tag, a path); a run may change
//! and delete what carries its own scenario's mark and nothing else. The mark is set by the very call that
//! creates, so that no crash leaves a thing without its owner.

use crate::account::snapshot::Tags;

/// The tag whose value is the scenario's name.
pub const MARK: &str = "iamlab:scenario";

/// The tag of a user that lists, separated by spaces, the ids of the access keys whose secret has been handed
/// over. A key that is not in it was lost in a crash, or is somebody else's.
pub const HANDED_OVER: &str = "iamlab:access-keys";

/// Whose a resource is, for the run of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// This scenario's.
    Ours,
    /// Another scenario's, by name.
    OtherScenario(String),
    /// Nobody's mark is on it.
    Foreign,
}

impl Ownership {
    /// Reads the mark in `tags`.
    pub fn of_tags(tags: &Tags, scenario: &str) -> Self {
        match tags.get(MARK) {
            Some(name) if name == scenario => Self::Ours,
            Some(name) => Self::OtherScenario(name.clone()),
            None => Self::Foreign,
        }
    }

    /// Reads the mark in a group's path.
    pub fn of_path(path: &str, scenario: &str) -> Self {
        match path.strip_prefix("/iamlab/").and_then(|rest| rest.strip_suffix('/')) {
            Some(name) if name == scenario => Self::Ours,
            Some(name) => Self::OtherScenario(name.into()),
            None => Self::Foreign,
        }
    }

    /// Tells why a run must not touch it; `None` when it may.
    pub fn objection(&self) -> Option<String> {
        match self {
            Self::Ours => None,
            Self::OtherScenario(name) => Some(format!("it belongs to the scenario `{name}`")),
            Self::Foreign => Some("it exists already and was not made by this scenario".into()),
        }
    }
}

/// Returns the tags that mark a new resource.
pub fn mark(scenario: &str) -> Tags {
    Tags::from([(MARK.to_owned(), scenario.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_mark_is_ours() {
        assert_eq!(Ownership::of_tags(&mark("lab"), "lab"), Ownership::Ours);
        assert_eq!(Ownership::of_tags(&mark("lab"), "lab2"), Ownership::OtherScenario("lab".into()));
        assert_eq!(Ownership::of_tags(&Tags::new(), "lab"), Ownership::Foreign);
        assert_eq!(Ownership::of_path("/iamlab/lab/", "lab"), Ownership::Ours);
        assert_eq!(Ownership::of_path("/", "lab"), Ownership::Foreign);
    }
}
