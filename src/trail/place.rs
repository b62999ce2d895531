//! Where events are recorded, and for how long.

use jiff::{SignedDuration, Timestamp};

/// How long the event history keeps events
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>).
pub const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A stretch of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub to: Timestamp,
}

impl Window {
    /// Returns what the event history holds at `now`.
    pub fn of_history(now: Timestamp) -> Self {
        Self { from: now.saturating_sub(RETENTION).unwrap_or(Timestamp::MIN), to: now }
    }
}

/// Returns the region in which a partition records what has no region: IAM, and the sign-ins of root, which are always
/// recorded in us-east-1
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>).
/// The other partitions are told by the names of their regions; theirs is the region of IAM's endpoint
/// (<https://docs.aws.amazon.com/general/latest/gr/iam-service.html>).
pub fn home_region(region: &str) -> &'static str {
    const HOMES: [(&str, &str); 5] = [
        ("cn-", "cn-north-1"),
        ("us-gov-", "us-gov-west-1"),
        ("us-iso-", "us-iso-east-1"),
        ("us-isob-", "us-isob-east-1"),
        ("eusc-", "eusc-de-east-1"),
    ];
    HOMES.iter().find(|(start, _)| region.starts_with(start)).map_or("us-east-1", |(_, home)| home)
}

/// Where else than at home the sign-ins of IAM users are recorded: those who signed in before are sent to the nearest of
/// these
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>).
/// Other partitions have no such regions.
pub const SIGN_IN_REGIONS: [&str; 3] = ["us-east-2", "eu-north-1", "ap-southeast-2"];

/// What the event history lists the events of a thing under, besides its bare name. Which of the two a call is listed
/// under differs from call to call: `CreatePolicy` has a name in it, `AttachRolePolicy` an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Its name alone tells its ARN, if it has one.
    Told,
    /// There may be a path in its ARN, which its name does not tell.
    Path,
    /// Nobody knows.
    Unknown,
}

/// Returns how things of a kind are listed.
pub fn listing(kind: Option<&str>) -> Listing {
    match kind {
        Some(
            "user" | "group" | "access-key" | "security-group" | "instance" | "vpc" | "subnet" | "volume"
            | "function" | "topic",
        ) => Listing::Told,
        Some("role" | "policy") => Listing::Path,
        _ => Listing::Unknown,
    }
}

/// Returns the ARN of a thing that has no path; `None` for kinds that have none, or of which more must be known.
pub fn plain_arn(kind: &str, name: &str, partition: &str, account: &str, region: &str) -> Option<String> {
    Some(match kind {
        "user" | "group" | "role" | "policy" => format!("arn:{partition}:iam::{account}:{kind}/{name}"),
        "function" => format!("arn:{partition}:lambda:{region}:{account}:function:{name}"),
        "topic" => format!("arn:{partition}:sns:{region}:{account}:{name}"),
        "rule" => format!("arn:{partition}:events:{region}:{account}:rule/{name}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_an_arn_and_no_path() {
        let arn = |kind: &str| plain_arn(kind, "x", "aws-cn", "1", "cn-north-1");
        assert_eq!(arn("policy").as_deref(), Some("arn:aws-cn:iam::1:policy/x"));
        assert_eq!(arn("topic").as_deref(), Some("arn:aws-cn:sns:cn-north-1:1:x"));
        assert_eq!(arn("security-group"), None);
        assert_eq!((listing(Some("policy")), listing(None)), (Listing::Path, Listing::Unknown));
    }

    #[test]
    fn every_partition_has_a_home() {
        for (region, home) in [
            ("eu-central-1", "us-east-1"),
            ("cn-northwest-1", "cn-north-1"),
            ("us-gov-east-1", "us-gov-west-1"),
            ("us-west-2", "us-east-1"),
        ] {
            assert_eq!(home_region(region), home);
        }
    }

    #[test]
    fn the_history_goes_back_ninety_days_and_no_second_more() {
        let now: Timestamp = "2026-04-01T00:00:00Z".parse().unwrap();
        let window = Window::of_history(now);
        assert_eq!((window.from.to_string().as_str(), window.to), ("2026-01-01T00:00:00Z", now));
    }
}
