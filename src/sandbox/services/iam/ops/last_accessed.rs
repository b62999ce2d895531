//! Services last accessed: which services an entity's policies grant, and when it last called each.
//!
//! A job is only its question; its answer is worked out of the record of calls when it is fetched. Source: "Refine
//! permissions in AWS using last accessed information" in the IAM user guide; calls count whether allowed or not,
//! for 400 days.

use std::collections::BTreeMap;

use awsim_core::AwsError;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::policies::{self, Found};
use crate::sandbox::services::iam::call::{Call, members};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::granted::{Granted, services};
use crate::sandbox::services::iam::holdings;
use crate::sandbox::services::iam::store::{self, AccessJob, Grants, State};
use crate::sandbox::services::wire;

/// How long calls count.
const TRACKED: SignedDuration = SignedDuration::from_hours(400 * 24);
/// How long a job can be fetched.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// A user or role whose calls count for an entity.
struct Caller {
    id: String,
    arn: String,
    name: String,
    path: String,
    kind: &'static str,
}

/// What a report is about.
struct Subject {
    callers: Vec<Caller>,
    granted: Vec<Granted>,
}

/// `GenerateServiceLastAccessedDetails`.
pub(super) fn generate(call: &mut Call<'_>) -> Reply {
    let arn = call.text("Arn")?;
    let levels = ["SERVICE_LEVEL", "ACTION_LEVEL"];
    let level = call.choice("Granularity", &levels)?.unwrap_or_else(|| "SERVICE_LEVEL".to_owned());
    subject(call, &arn)?;
    let now = call.now;
    call.state.access_jobs.retain(|job| now.duration_since(job.created) < LIFE);
    let id = wire::uuid();
    call.state.access_jobs.insert(id.clone(), AccessJob { arn, level, created: now });
    Ok(json!({ "JobId": id }))
}

/// `GetServiceLastAccessedDetails`. Single actions are not recorded, so no report goes down to them.
pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let job = job(call)?;
    let about = subject(call, &job.arn)?;
    let granted = services().iter().filter(|(space, _)| about.granted.iter().any(|one| one.grants(space)));
    let rows = granted.map(|(space, name)| ((*space).to_owned(), row(call, &about.callers, space, name)));
    let page = call.page(rows.collect())?;
    Ok(json!({
        "JobStatus": "COMPLETED",
        "JobType": job.level,
        "JobCreationDate": job.created,
        "JobCompletionDate": job.created,
        "ServicesLastAccessed": members(page.items),
        "IsTruncated": page.marker.is_some(),
        "Marker": page.marker,
    }))
}

/// `GetServiceLastAccessedDetailsWithEntities`.
pub(super) fn get_with_entities(call: &mut Call<'_>) -> Reply {
    let job = job(call)?;
    let space = call.text("ServiceNamespace")?;
    if !services().iter().any(|(known, _)| *known == space) {
        return Err(fault::invalid_input(format!("{space} is not a valid service namespace.")));
    }
    let about = subject(call, &job.arn)?;
    let rows = about.callers.iter().map(|caller| {
        let last = last(call.state, &caller.id, &space, call.now).map(|(at, _)| at);
        let info = json!({
            "Arn": caller.arn,
            "Name": caller.name,
            "Type": caller.kind,
            "Id": caller.id,
            "Path": caller.path,
        });
        (caller.arn.clone(), json!({ "EntityInfo": info, "LastAuthenticated": last }))
    });
    let page = call.page(rows.collect())?;
    Ok(json!({
        "JobStatus": "COMPLETED",
        "JobCreationDate": job.created,
        "JobCompletionDate": job.created,
        "EntityDetailsList": members(page.items),
        "IsTruncated": page.marker.is_some(),
        "Marker": page.marker,
    }))
}

/// `ListPoliciesGrantingServiceAccess`: of a user (with its groups), group or role, per service.
pub(super) fn granting(call: &mut Call<'_>) -> Reply {
    let arn = call.text("Arn")?;
    let spaces = call.list("ServiceNamespaces");
    if spaces.is_empty() {
        return Err(fault::missing("ServiceNamespaces"));
    }
    let state = &*call.state;
    let holders: Vec<(&Grants, &str, &str)> = match find(call, &arn)? {
        Named::User(user) => {
            let groups = user.groups.iter().filter_map(|group| state.groups.get(group));
            let groups = groups.map(|group| (&group.grants, "GROUP", group.name.as_str()));
            std::iter::once((&user.grants, "USER", user.name.as_str())).chain(groups).collect()
        }
        Named::Group(group) => vec![(&group.grants, "GROUP", group.name.as_str())],
        Named::Role(role) => vec![(&role.grants, "ROLE", role.name.as_str())],
        Named::Policy(_) => return Err(fault::invalid_input(format!("Invalid Entity Arn: {arn}"))),
    };
    let mut policies: BTreeMap<String, (Granted, Value)> = BTreeMap::new();
    for (grants, kind, holder) in holders {
        for (name, document) in &grants.inline {
            let shown = json!({ "PolicyName": name, "PolicyType": "INLINE", "EntityType": kind, "EntityName": holder });
            policies.insert(format!("1{kind}/{holder}/{name}"), (Granted::read(document), shown));
        }
        for arn in &grants.attached {
            let document = holdings::document(state, arn).unwrap_or_default();
            let name = arn.rsplit('/').next().unwrap_or(arn);
            let shown = json!({ "PolicyName": name, "PolicyType": "MANAGED", "PolicyArn": arn });
            policies.insert(format!("0{arn}"), (Granted::read(&document), shown));
        }
    }
    let rows = spaces.iter().enumerate().map(|(place, space)| {
        let granting = policies.values().filter(|(granted, _)| granted.grants(space));
        let shown = members(granting.map(|(_, shown)| shown.clone()));
        (format!("{place:08}"), json!({ "ServiceNamespace": space, "Policies": shown }))
    });
    call.listing("PoliciesGrantingServiceAccess", rows.collect())
}

/// One service of a report: who of the callers called it last, and how many did.
fn row(call: &Call<'_>, callers: &[Caller], space: &str, name: &str) -> Value {
    let found = callers.iter().filter_map(|caller| {
        let (at, region) = last(call.state, &caller.id, space, call.now)?;
        Some((at, region, &caller.arn))
    });
    let found: Vec<_> = found.collect();
    let newest = found.iter().max_by_key(|(at, _, _)| *at);
    json!({
        "ServiceName": name,
        "ServiceNamespace": space,
        "LastAuthenticated": newest.map(|(at, _, _)| at),
        "LastAuthenticatedEntity": newest.map(|(_, _, arn)| arn),
        "LastAuthenticatedRegion": newest.map(|(_, region, _)| region),
        "TotalAuthenticatedEntities": found.len(),
    })
}

/// When and where an identity last called a service.
fn last(state: &State, id: &str, space: &str, now: Timestamp) -> Option<(Timestamp, String)> {
    let used = state.service_uses.get(id)?.get(space)?;
    (now.duration_since(used.at) < TRACKED).then(|| (used.at, used.region.clone()))
}

fn job(call: &Call<'_>) -> Result<AccessJob, AwsError> {
    let id = call.text("JobId")?;
    let job = call.state.access_jobs.get(&id).filter(|job| call.now.duration_since(job.created) < LIFE);
    job.cloned().ok_or_else(|| fault::no_such_entity(format!("Job {id} cannot be found.")))
}

/// What an ARN names.
enum Named<'a> {
    User(&'a store::User),
    Group(&'a store::Group),
    Role(&'a store::Role),
    Policy(String),
}

fn find<'a>(call: &'a Call<'_>, arn: &str) -> Result<Named<'a>, AwsError> {
    let rest = arn.split(':').nth(5).unwrap_or_default();
    let name = rest.rsplit('/').next().unwrap_or_default();
    let key = store::key(name);
    match rest.split('/').next().unwrap_or_default() {
        "user" => call.state.users.get(&key).map(Named::User).ok_or_else(|| fault::no_user(name)),
        "group" => call.state.groups.get(&key).map(Named::Group).ok_or_else(|| fault::no_group(name)),
        "role" => call.state.roles.get(&key).map(Named::Role).ok_or_else(|| fault::no_role(name)),
        "policy" => match policies::find(call, arn)? {
            Found::Own(policy) => Ok(Named::Policy(policy.document().unwrap_or_default().to_owned())),
            Found::Aws(policy) => Ok(Named::Policy(policy.document().unwrap_or_default().to_owned())),
        },
        _ => Err(fault::invalid_input(format!("Invalid Entity Arn: {arn}"))),
    }
}

fn subject(call: &Call<'_>, arn: &str) -> Result<Subject, AwsError> {
    let state = &*call.state;
    let granted = |grants: &Grants| {
        let attached = grants.attached.iter().filter_map(|arn| holdings::document(state, arn));
        let documents = grants.inline.values().cloned().chain(attached);
        documents.map(|document| Granted::read(&document)).collect::<Vec<_>>()
    };
    let in_group = |key: &str| {
        let inside = state.users.values().filter(|user| user.groups.contains(key));
        inside.map(|user| user_caller(call, user)).collect::<Vec<_>>()
    };
    Ok(match find(call, arn)? {
        Named::User(user) => {
            let of_groups = user.groups.iter().filter_map(|group| state.groups.get(group));
            let all = std::iter::once(&user.grants).chain(of_groups.map(|group| &group.grants));
            Subject { callers: vec![user_caller(call, user)], granted: all.flat_map(granted).collect() }
        }
        Named::Role(role) => {
            Subject { callers: vec![role_caller(call, role)], granted: granted(&role.grants) }
        }
        Named::Group(group) => {
            Subject { callers: in_group(&store::key(&group.name)), granted: granted(&group.grants) }
        }
        Named::Policy(document) => {
            let has = |grants: &Grants| grants.attached.contains(arn);
            let mut callers: BTreeMap<String, Caller> = BTreeMap::new();
            let users = state.users.values().filter(|user| has(&user.grants));
            let roles = state.roles.values().filter(|role| has(&role.grants));
            let groups = state.groups.iter().filter(|(_, group)| has(&group.grants));
            let all =
                users.map(|user| user_caller(call, user)).chain(roles.map(|role| role_caller(call, role)));
            for caller in all.chain(groups.flat_map(|(key, _)| in_group(key))) {
                callers.insert(caller.id.clone(), caller);
            }
            Subject { callers: callers.into_values().collect(), granted: vec![Granted::read(&document)] }
        }
    })
}

fn user_caller(call: &Call<'_>, user: &store::User) -> Caller {
    let arn = call.arn("user", &user.path, &user.name);
    Caller { id: user.id.clone(), arn, name: user.name.clone(), path: user.path.clone(), kind: "USER" }
}

fn role_caller(call: &Call<'_>, role: &store::Role) -> Caller {
    let arn = call.arn("role", &role.path, &role.name);
    Caller { id: role.id.clone(), arn, name: role.name.clone(), path: role.path.clone(), kind: "ROLE" }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;
    use crate::sandbox::services::iam::Identity;

    const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","s3:GetObject"],"Resource":"*"}]}"#;

    fn account() -> (Account, Identity) {
        let account = Account::new();
        account.user("Ann");
        account.user("Bob");
        account.ok("CreateGroup", json!({ "GroupName": "G" }));
        for name in ["Ann", "Bob"] {
            account.ok("AddUserToGroup", json!({ "GroupName": "G", "UserName": name }));
        }
        account
            .ok("PutGroupPolicy", json!({ "GroupName": "G", "PolicyName": "P", "PolicyDocument": POLICY }));
        let id = account.ok("GetUser", json!({ "UserName": "Ann" }))["User"]["UserId"]
            .as_str()
            .unwrap()
            .to_owned();
        (account, Identity::User { name: "Ann".into(), id, path: "/".into() })
    }

    fn report(account: &Account, arn: &str) -> Value {
        let job = account.ok("GenerateServiceLastAccessedDetails", json!({ "Arn": arn }));
        account.ok("GetServiceLastAccessedDetails", json!({ "JobId": job["JobId"] }))
    }

    #[test]
    fn services_that_policies_grant_are_listed_with_their_last_use() {
        let (account, ann) = account();
        account.iam.record_service_use(&ann, "iam", "us-east-1");
        account.iam.record_service_use(&ann, "sns", "us-east-1");
        account.pass(60);
        account.iam.record_service_use(&ann, "iam", "eu-west-1");
        for arn in ["arn:aws:iam::123456789012:user/Ann", "arn:aws:iam::123456789012:group/G"] {
            let report = report(&account, arn);
            assert_eq!(report["JobStatus"], "COMPLETED");
            let rows = report["ServicesLastAccessed"]["member"].as_array().unwrap().clone();
            let spaces: Vec<_> = rows.iter().map(|row| row["ServiceNamespace"].as_str().unwrap()).collect();
            assert_eq!(spaces, ["iam", "s3"]);
            assert_eq!(rows[0]["LastAuthenticated"], "2026-01-01T00:00:00Z");
            assert_eq!(rows[0]["LastAuthenticatedEntity"], "arn:aws:iam::123456789012:user/Ann");
            assert_eq!(rows[0]["LastAuthenticatedRegion"], "us-east-1");
            assert_eq!(
                (&rows[0]["TotalAuthenticatedEntities"], rows[1].get("LastAuthenticated")),
                (&json!(1), None)
            );
        }
    }

    #[test]
    fn a_job_tells_the_entities_and_ends_after_a_day() {
        let (account, ann) = account();
        account.iam.record_service_use(&ann, "iam", "us-east-1");
        let arn = "arn:aws:iam::123456789012:group/G";
        let job = account.ok("GenerateServiceLastAccessedDetails", json!({ "Arn": arn }));
        let input = json!({ "JobId": job["JobId"], "ServiceNamespace": "iam" });
        let rows = account.ok("GetServiceLastAccessedDetailsWithEntities", input.clone())["EntityDetailsList"]["member"].clone();
        assert_eq!(rows[0]["LastAuthenticated"], "2026-01-01T00:00:00Z");
        assert_eq!((&rows[1]["EntityInfo"]["Name"], rows[1].get("LastAuthenticated")), (&json!("Bob"), None));
        account.pass(24 * 3600);
        assert_eq!(account.refused("GetServiceLastAccessedDetailsWithEntities", input).0, "NoSuchEntity");
        let unknown = json!({ "Arn": "arn:aws:iam::123456789012:user/Eve" });
        assert_eq!(account.refused("GenerateServiceLastAccessedDetails", unknown).0, "NoSuchEntity");
    }

    #[test]
    fn policies_are_named_with_their_holders() {
        let (account, _) = account();
        let arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
        account.ok("AttachUserPolicy", json!({ "UserName": "Ann", "PolicyArn": arn }));
        let input =
            json!({ "Arn": "arn:aws:iam::123456789012:user/Ann", "ServiceNamespaces": ["iam", "ec2"] });
        let rows =
            account.ok("ListPoliciesGrantingServiceAccess", input)["PoliciesGrantingServiceAccess"]["member"]
                .clone();
        assert_eq!(
            rows[0]["Policies"]["member"],
            json!([
                { "PolicyName": "IAMReadOnlyAccess", "PolicyType": "MANAGED", "PolicyArn": arn },
                { "PolicyName": "P", "PolicyType": "INLINE", "EntityType": "GROUP", "EntityName": "G" },
            ])
        );
        assert_eq!(
            (&rows[1]["ServiceNamespace"], &rows[1]["Policies"]["member"]),
            (&json!("ec2"), &json!([]))
        );
    }
}
