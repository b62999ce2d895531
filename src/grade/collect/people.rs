//! The side of IAM, which has no region: users, groups, roles and policies, the credential report, what hangs on the
//! users, and the documents of AWS that somebody holds.

use std::collections::BTreeSet;

use super::{Needs, blank};
use crate::account::is_aws_managed;
use crate::account::part::Part;
use crate::account::snapshot::{Facet, Identity, Policies, Snapshot};
use crate::aws::Aws;
use crate::aws::collect::{Scope, collect, credentials, policies};
use crate::grade::need::Query;
use crate::policy::catalogue::sandbox_document;
use crate::policy::document::PolicyDocument;
use crate::scenario::suggest::distance;

/// Up to so many users, the credentials of all are read: whoever is meant is among them.
const FEW: usize = 20;

/// The most users whose credentials are read.
const MOST_USERS: usize = 40;

/// How many letters a name may be away from the one that is asked for.
const NEAR: usize = 2;

/// The most documents of AWS that are read; each takes two requests.
const MOST_DOCUMENTS: usize = 40;

pub(super) async fn read(aws: &Aws, needs: &Needs, tell: &(dyn Fn(&str) + Send + Sync)) -> Snapshot {
    let report = async {
        let parts = needs.credential_report.then_some(Part::CredentialReport);
        collect(aws, &Scope { parts: parts.into_iter().collect(), ..Scope::default() }).await.snapshot
    };
    let people = async {
        tell("users, groups, roles and policies");
        let mut snapshot =
            collect(aws, &Scope { identity: needs.identity, ..Scope::default() }).await.snapshot;
        let (users, documents) = match &snapshot.identity {
            Facet::Read(identity) => (whose(identity, &needs.users), held(identity)),
            Facet::NotRead(_) => Default::default(),
        };
        tell("the users' credentials");
        // Why something could not be read, the picture says too.
        let (mut of_aws, none) = (blank(aws), BTreeSet::new());
        futures::join!(
            credentials::add(aws, &users, &mut snapshot),
            policies::add(aws, &documents, &none, &mut of_aws),
        );
        snapshot.aws_managed = of_aws.aws_managed;
        if let Facet::NotRead(why) = &snapshot.identity {
            let unread = needs.users.iter().map(|name| (name.clone(), Facet::NotRead(why.clone())));
            snapshot.credentials.extend(unread);
        }
        fall_back(&mut snapshot);
        snapshot
    };
    let (report, mut snapshot) = futures::join!(Box::pin(report), Box::pin(people));
    snapshot.credential_report = report.credential_report;
    snapshot
}

/// Chooses whose credentials are read: everybody's in a small account; else those of whoever is asked for, and of those
/// whose names are nearly so, the nearest first.
fn whose(identity: &Identity, asked: &BTreeSet<String>) -> BTreeSet<String> {
    if asked.is_empty() {
        return BTreeSet::new();
    }
    if identity.users.len() <= FEW {
        return identity.users.keys().cloned().collect();
    }
    let asked: Vec<(&String, Vec<char>)> = asked.iter().map(|name| (name, folded(name))).collect();
    let away = |name: &String| {
        let letters = folded(name);
        let far = |(exact, wanted): &(&String, Vec<char>)| {
            let distance = distance(wanted, &letters);
            if name == *exact { 0 } else { distance + 1 }
        };
        asked.iter().map(far).min().filter(|distance| *distance <= NEAR + 1)
    };
    let mut near: Vec<(usize, &String)> =
        identity.users.keys().filter_map(|name| away(name).map(|distance| (distance, name))).collect();
    near.sort_unstable();
    near.into_iter().take(MOST_USERS).map(|(_, name)| name.clone()).collect()
}

/// Lists what to ask of the event history besides: what those did whose names are nearly those of users that are asked
/// for and not there, the nearest of each.
pub(super) fn alike(snapshot: &Snapshot, queries: &[Query]) -> Vec<Query> {
    let Facet::Read(identity) = &snapshot.identity else { return Vec::new() };
    let asked: BTreeSet<&str> =
        queries.iter().filter(|query| matches!(query, Query::Username(_))).map(Query::value).collect();
    let mut found = Vec::new();
    for name in asked.iter().filter(|name| !identity.users.contains_key(**name)) {
        let wanted = folded(name);
        let others = identity.users.keys().filter(|other| !asked.contains(other.as_str()));
        let far = others.map(|other| (distance(&wanted, &folded(other)), other));
        let mut near: Vec<(usize, &String)> = far.filter(|(distance, _)| *distance <= NEAR).collect();
        near.sort_unstable();
        found.extend(near.into_iter().take(2).map(|(_, other)| Query::Username(other.clone())));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Folds what a name may be written with: case, hyphens.
fn folded(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ' | '.')).flat_map(char::to_lowercase).collect()
}

/// Lists the documents of AWS that somebody holds, users and groups first; roles that AWS made for itself are not
/// looked at.
fn held(identity: &Identity) -> BTreeSet<String> {
    let users = identity.users.values().map(|user| &user.policies);
    let groups = identity.groups.values().map(|group| &group.policies);
    let is_own = |arn: &str| arn.contains(":role/aws-service-role/") || arn.contains(":role/aws-reserved/");
    let roles = identity.roles.values().filter(|role| !is_own(&role.arn)).map(|role| &role.policies);
    let mut chosen = BTreeSet::new();
    for arn in users.chain(groups).chain(roles).flat_map(Policies::managed) {
        if chosen.len() < MOST_DOCUMENTS && is_aws_managed(arn) {
            chosen.insert(arn.clone());
        }
    }
    chosen
}

/// Takes the program's own copy of a document of AWS that could not be read. AWS changes its documents seldom, and adds
/// to them rather than take away.
fn fall_back(snapshot: &mut Snapshot) {
    for (arn, facet) in &mut snapshot.aws_managed {
        if facet.read().is_none() {
            let full = arn.split_once(":policy/").map_or(arn.as_str(), |(_, full)| full);
            if let Some(Ok(document)) = sandbox_document(full).map(PolicyDocument::parse) {
                *facet = Facet::Read(document);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::testing::{attached, aws, role, user};
    use serde_json::json;

    fn identity(names: &[String]) -> Identity {
        let users = names.iter().map(|name| user(name, &[], attached(&[]))).collect();
        Identity { users, ..Identity::default() }
    }

    #[test]
    fn in_a_large_account_those_are_looked_at_who_may_be_meant() {
        let asked: BTreeSet<String> = ["IAM-User1".to_owned()].into();
        let small: Vec<String> = (0..20).map(|number| format!("other{number}")).collect();
        assert_eq!(whose(&identity(&small), &asked).len(), 20);
        assert_eq!(whose(&identity(&small), &BTreeSet::new()).len(), 0);
        let mut large: Vec<String> = (0..500).map(|number| format!("somebody{number}")).collect();
        large.extend(["iam_user1", "IAMUser1", "IAM-User1", "IAM-Usr1"].map(str::to_owned));
        let chosen = whose(&identity(&large), &asked);
        assert_eq!(chosen.iter().collect::<Vec<_>>(), ["IAM-User1", "IAM-Usr1", "IAMUser1", "iam_user1"]);
        // Who is named exactly so is never crowded out.
        large.extend((0..90).map(|number| format!("IAM-User{number:02}")));
        let chosen = whose(&identity(&large), &asked);
        assert!(chosen.contains("IAM-User1") && chosen.len() == MOST_USERS);
    }

    #[test]
    fn documents_of_roles_that_aws_made_for_itself_are_not_read() {
        let mut identity = Identity {
            users: [user("User1", &[], aws(&["ReadOnlyAccess"]))].into(),
            roles: [role("worker", &json!([]), aws(&["service-role/AWSLambdaBasicExecutionRole"]))].into(),
            ..Identity::default()
        };
        let (name, mut own) =
            role("AWSServiceRoleForSupport", &json!([]), aws(&["aws-service-role/Support"]));
        own.arn = format!("arn:aws:iam::123456789012:role/aws-service-role/support.amazonaws.com/{name}");
        identity.roles.insert(name, own);
        let arns = ["ReadOnlyAccess", "service-role/AWSLambdaBasicExecutionRole"];
        assert_eq!(held(&identity), arns.map(|name| format!("arn:aws:iam::aws:policy/{name}")).into());
    }
}
