//! The side of IAM, which has no region: users, groups, roles and policies, the credential report, what hangs on the
//! users, and the documents of AWS that somebody holds.

use std::collections::BTreeSet;

use super::{Needs, blank};
use crate::account::is_aws_managed;
use crate::account::part::Part;
use crate::account::snapshot::{Facet, Identity, Policies, Snapshot};
use crate::aws::Aws;
use crate::aws::collect::{Scope, collect, credentials, policies};
use crate::grade::cast::Cast;
use crate::grade::need::Query;
use crate::grade::rubric::Rubric;
use crate::policy::catalogue::sandbox_document;
use crate::policy::document::PolicyDocument;

/// Up to so many users, the credentials of all are read: whoever is meant is among them.
const FEW: usize = 20;

/// The most documents of AWS that are read; each takes two requests.
const MOST_DOCUMENTS: usize = 40;

pub(super) async fn read(
    aws: &Aws,
    rubric: &Rubric,
    needs: &Needs,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Snapshot {
    let report = async {
        let parts = needs.credential_report.then_some(Part::CredentialReport);
        collect(aws, &Scope { parts: parts.into_iter().collect(), ..Scope::default() }).await.snapshot
    };
    let people = async {
        tell("users, groups, roles and policies");
        let mut snapshot =
            collect(aws, &Scope { identity: needs.identity, ..Scope::default() }).await.snapshot;
        let (users, documents) = match &snapshot.identity {
            Facet::Read(identity) if needs.users.is_empty() => (BTreeSet::new(), held(identity)),
            Facet::Read(identity) => (whose(identity, rubric), held(identity)),
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

/// Chooses whose credentials are read: everybody's in a small account; else those of whoever plays a part in the rubric.
fn whose(identity: &Identity, rubric: &Rubric) -> BTreeSet<String> {
    if identity.users.len() <= FEW {
        return identity.users.keys().cloned().collect();
    }
    Cast::users(rubric, identity).into_values().collect()
}

/// Lists what to ask of the event history besides: what those did who play a part under another name than the rubric's,
/// with what is asked of the rubric's.
pub(super) fn alike(snapshot: &Snapshot, rubric: &Rubric, queries: &[Query]) -> Vec<(Query, Query)> {
    let Facet::Read(identity) = &snapshot.identity else { return Vec::new() };
    let users = Cast::users(rubric, identity);
    let other = |query: &Query| match query {
        Query::Username(wanted) => users.get(wanted).filter(|name| *name != wanted),
        Query::EventName(_) => None,
    };
    let named = queries.iter().filter_map(|query| Some((query, other(query)?)));
    named.map(|(query, name)| (query.clone(), Query::Username(name.clone()))).collect()
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
    use crate::grade::assertion::testing::shipped;
    use serde_json::json;

    fn identity(names: &[String]) -> Identity {
        let users = names.iter().map(|name| user(name, &[], attached(&[]))).collect();
        Identity { users, ..Identity::default() }
    }

    #[test]
    fn in_a_large_account_those_are_looked_at_who_may_be_meant() {
        let small: Vec<String> = (0..20).map(|number| format!("other{number}")).collect();
        assert_eq!(whose(&identity(&small), &shipped()).len(), 20);
        let mut large: Vec<String> = (0..500).map(|number| format!("somebody{number}")).collect();
        large.extend(["Usre1", "IAM-User2", "User3", "user_3"].map(str::to_owned));
        let large = identity(&large);
        assert_eq!(whose(&large, &shipped()), ["IAM-User2", "User3", "Usre1"].map(str::to_owned).into());

        // The history is asked for the same.
        let mut snapshot = Snapshot::empty("123456789012", "aws", "us-east-1", jiff::Timestamp::UNIX_EPOCH);
        snapshot.identity = Facet::Read(large);
        let asked = ["User1", "User3"].map(|name| Query::Username(name.to_owned()));
        let named = alike(&snapshot, &shipped(), &asked);
        assert_eq!(named, [(asked[0].clone(), Query::Username("Usre1".to_owned()))]);
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
