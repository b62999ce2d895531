//! Subscriptions: addresses that can get a message.

use super::Report;
use crate::provision::Address;
use crate::provision::resources::Resources;
use crate::provision::resources::topic::Subscription;

pub(super) fn check(report: &mut Report<'_, '_>, resources: &Resources) {
    for (name, topic) in &resources.topics {
        let at = report.scene.resource(&Address::new("topic", name)).key("subscriptions");
        report.twice(at, &topic.subscriptions, |one| parts(one).1.to_owned());
        for (index, subscription) in topic.subscriptions.iter().enumerate() {
            let (key, endpoint) = parts(subscription);
            let (right, message, help) = match subscription {
                Subscription::Email(_) | Subscription::EmailJson(_) => {
                    (is_email(endpoint), "is not an e-mail address", "write it as `somebody@example.com`")
                }
                Subscription::Https(_) => {
                    (is_https(endpoint), "is not an HTTPS address", "write it as `https://example.com/path`")
                }
                Subscription::Lambda(_) => (
                    is_arn(endpoint, "lambda", "function:"),
                    "is not the ARN of a function",
                    "write `{{ arn(\"function.NAME\") }}` for one of this scenario",
                ),
                Subscription::Sqs(_) => (
                    is_arn(endpoint, "sqs", ""),
                    "is not the ARN of a queue",
                    "it looks like `arn:aws:sqs:us-east-1:123456789012:name`",
                ),
            };
            if !right {
                report.push("endpoint", at.item(index).key(key), format!("`{endpoint}` {message}"), help);
            }
        }
    }
}

fn parts(subscription: &Subscription) -> (&'static str, &str) {
    match subscription {
        Subscription::Email(endpoint) => ("email", endpoint),
        Subscription::EmailJson(endpoint) => ("email-json", endpoint),
        Subscription::Https(endpoint) => ("https", endpoint),
        Subscription::Lambda(endpoint) => ("lambda", endpoint),
        Subscription::Sqs(endpoint) => ("sqs", endpoint),
    }
}

/// Returns whether a text is an e-mail address that SNS takes: one `@`, a local part, a domain with a dot.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_ok = (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
    local_ok && is_domain(domain)
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

fn is_https(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
    is_domain(host) && text.chars().all(|c| c.is_ascii_graphic())
}

fn is_arn(text: &str, service: &str, resource: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, named, region, account, rest] = parts.as_slice() else { return false };
    partition.starts_with("aws")
        && *named == service
        && super::is_region(region)
        && super::is_account(account)
        && rest.strip_prefix(resource).is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert!(is_email("a.b+c@x-y.example.com"));
        for wrong in ["", "a", "a@b", "@b.c", "a@b@c.d", "a b@c.d", "a@.c", "a..b@c.d", "a@b.c\n", "a@-b.c"] {
            assert!(!is_email(wrong), "{wrong:?}");
        }
        assert!(is_https("https://example.com:8443/x?y=1") && !is_https("http://example.com"));
    }
}
