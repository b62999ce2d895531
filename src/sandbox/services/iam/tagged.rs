//! The policies of the account, as the Resource Groups Tagging API lists them. It lists no users, groups and roles.

use super::Iam;
use crate::sandbox::services::tags::{Tagged, Tags};

/// The region that IAM is at home in; in no other are its resources listed.
const HOME: &str = "us-east-1";

impl Tagged for Iam {
    fn tagged(&self, region: &str) -> Vec<(String, Tags)> {
        if region != HOME {
            return Vec::new();
        }
        let tags = |tags: &super::store::Tags| -> Tags {
            tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
        };
        self.lock().policies.values().map(|policy| (policy.arn.clone(), tags(&policy.tags))).collect()
    }
}
