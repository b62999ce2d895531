//! Names as ARNs and back, for every kind a scenario can declare.
//!
//! Source: the resource tables of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use super::{Address, Place};

/// Returns the ARN that `address` has, or will have, at `place`; `None` for kinds whose ARN holds an id that
/// AWS picks (stacks) or that have none (the password policy).
pub fn arn(address: &Address, place: &Place) -> Option<String> {
    let Place { partition, account, region, .. } = place;
    let name = &address.name;
    let iam = |resource: &str| format!("arn:{partition}:iam::{account}:{resource}{name}");
    let regional = |service: &str, resource: &str| {
        format!("arn:{partition}:{service}:{region}:{account}:{resource}{name}")
    };
    Some(match address.kind {
        "policy" => iam("policy/"),
        "user" => iam("user/"),
        "group" => iam(&format!("group{}", place.group_path())),
        "role" => iam("role/"),
        "function" => regional("lambda", "function:"),
        "topic" => regional("sns", ""),
        "schedule" => regional("events", "rule/"),
        "analyzer" => regional("access-analyzer", "analyzer/"),
        _ => return None,
    })
}

pub use crate::account::bare_name;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_have_aws_shape() {
        let place = Place {
            scenario: "lab".into(),
            partition: "aws".into(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
        };
        let arn = |kind, name: &str| arn(&Address::new(kind, name), &place);
        assert_eq!(arn("group", "G").as_deref(), Some("arn:aws:iam::123456789012:group/iamlab/lab/G"));
        assert_eq!(arn("topic", "t").as_deref(), Some("arn:aws:sns:us-east-1:123456789012:t"));
        assert_eq!(arn("schedule", "r").as_deref(), Some("arn:aws:events:us-east-1:123456789012:rule/r"));
        assert_eq!(arn("stack", "s"), None);
        assert_eq!(bare_name("arn:aws:iam::aws:policy/service-role/X"), "X");
    }
}
