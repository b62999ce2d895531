//! Inline policies of users, groups and roles.

use awsim_core::AwsError;
use serde_json::{Value, json};

use crate::percent;
use crate::policy::grammar::{self, PolicyKind};
use crate::sandbox::services::iam::call::{self, Call, Holder, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::names;
use crate::sandbox::services::iam::store::Grants;

pub(super) fn put_policy(call: &mut Call<'_>, holder: Holder) -> Reply {
    let policy = call.text("PolicyName")?;
    names::name("PolicyName", &policy, 128)?;
    let document = call.text("PolicyDocument")?;
    let (name, grants) = call.own_grants(holder)?;
    let others = grants.inline.iter().filter(|(other, _)| **other != policy);
    let size = others.map(|(_, text)| grammar::size(text)).sum::<usize>() + grammar::size(&document);
    let most = limit(holder);
    if size > most {
        let word = holder.word();
        let message = format!("Maximum policy size of {most} bytes exceeded for {word} {name}");
        return Err(fault::limit_exceeded(message));
    }
    grammar::validate(&document, PolicyKind::Inline).map_err(fault::malformed)?;
    grants.inline.insert(policy, document);
    Ok(json!({}))
}

pub(super) fn get(call: &mut Call<'_>, holder: Holder) -> Reply {
    let policy = call.text("PolicyName")?;
    let (name, grants) = call.grants_seen(holder)?;
    let document = grants.inline.get(&policy).ok_or_else(|| absent(holder, &policy))?;
    let mut answer = json!({ "PolicyName": policy, "PolicyDocument": percent::encode(document) });
    call::put(&mut answer, holder.parameter(), json!(name));
    Ok(answer)
}

pub(super) fn delete(call: &mut Call<'_>, holder: Holder) -> Reply {
    let policy = call.text("PolicyName")?;
    let (_, grants) = call.own_grants(holder)?;
    grants.inline.remove(&policy).ok_or_else(|| absent(holder, &policy))?;
    Ok(json!({}))
}

pub(super) fn list(call: &mut Call<'_>, holder: Holder) -> Reply {
    let (_, grants) = call.grants_seen(holder)?;
    let names = grants.inline.keys().map(|name| (name.clone(), json!(name))).collect();
    call.listing("PolicyNames", names)
}

/// The inline policies as the authorization details show them.
pub(super) fn detailed(grants: &Grants) -> Value {
    members(
        grants.inline.iter().map(
            |(name, document)| json!({ "PolicyName": name, "PolicyDocument": percent::encode(document) }),
        ),
    )
}

fn absent(holder: Holder, policy: &str) -> AwsError {
    let word = holder.word();
    fault::no_such_entity(format!("The {word} policy with name {policy} cannot be found."))
}

/// The most characters, white space aside, of all inline policies of an entity together.
const fn limit(holder: Holder) -> usize {
    match holder {
        Holder::User => 2_048,
        Holder::Group => 5_120,
        Holder::Role => 10_240,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ALLOW, Account};
    use super::*;

    #[test]
    fn an_inline_policy_comes_back_encoded() {
        let account = Account::new();
        account.user("u");
        account.ok("PutUserPolicy", json!({ "UserName": "u", "PolicyName": "p", "PolicyDocument": ALLOW }));
        let got = account.ok("GetUserPolicy", json!({ "UserName": "u", "PolicyName": "p" }));
        assert!(got["PolicyDocument"].as_str().unwrap().starts_with("%7B%22Version%22%3A%222012-10-17%22"));
        assert_eq!(got["UserName"], "u");
        let (code, _, message) =
            account.refused("GetUserPolicy", json!({ "UserName": "u", "PolicyName": "q" }));
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("NoSuchEntity", "The user policy with name q cannot be found.")
        );
    }

    #[test]
    fn the_size_limit_counts_all_inline_policies() {
        let account = Account::new();
        account.user("u");
        let long = ALLOW.replace("s3:GetObject", &format!("s3:{}", "G".repeat(1_000)));
        for (name, fits) in [("a", true), ("b", false), ("a", true)] {
            let input = json!({ "UserName": "u", "PolicyName": name, "PolicyDocument": long });
            match account.call("PutUserPolicy", input) {
                Ok(_) => assert!(fits, "{name}"),
                Err(error) => assert_eq!((fits, error.code.as_str()), (false, "LimitExceeded")),
            }
        }
    }
}
