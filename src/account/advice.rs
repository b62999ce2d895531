//! What would let an identity do what it may not: the least statements and their places, or what stands in the way.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::ask::{Answer, is_there, known};
use super::effective::{Held, Holder, Shelf};
use super::given::Files;
use super::grant::{Grant, Place, alone, grant, trusting, widening};
use super::opens::{consequences, opens};
use super::snapshot::{Identity, Snapshot};
use crate::policy::actions::actions;
use crate::policy::evaluate::{Outcome, PolicySet, Source, evaluate};
use crate::policy::explain::{Addition, least, letting_in, with, without_denials};
use crate::policy::request::Request;
use crate::policy::statement::{Effect, Policy, Statement};
use crate::policy::trace::{Finding, Layer, Step};

/// What would help somebody who was denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Whether adding statements helps.
    pub possible: bool,
    /// What has to be done, or what stands in the way.
    pub sentence: String,
    /// The least statements that are missing, by layer; none when adding does not help.
    pub statements: Vec<Addition>,
    /// The statement for the identity as a policy, ready to paste.
    pub policy: Option<Value>,
    /// Where that statement best goes.
    pub grant: Option<Grant>,
    /// Commands of the AWS CLI that do all of it.
    pub commands: Vec<String>,
    /// What becomes possible besides, one sentence each.
    pub opens: Vec<String>,
    /// Statements that would allow it if one condition held.
    pub near: Vec<String>,
    /// All that has to be done. Without any one of these it stays denied.
    pub parts: Vec<Part>,
    /// Why nobody can tell whether all of that is enough.
    pub unsure: Vec<String>,
}

/// One thing that has to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What kind of thing.
    pub kind: Kind,
    /// The layer of the policy that has to change.
    pub layer: Layer,
    /// What has to be done, in one sentence.
    pub sentence: String,
    /// The statement to add.
    pub statement: Option<Value>,
    /// The statement that must not deny any longer.
    pub denies: Option<Denies>,
    /// Where the statement best goes; `None` when nobody can say.
    pub grant: Option<Grant>,
    /// Why there is no place for the statement.
    pub no_place: Option<String>,
}

/// The kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A statement is added.
    Add,
    /// A statement that denies it is changed.
    StopDenying,
    /// Another account's policy has to let the caller in; it was not seen, and may do so already.
    Unseen,
}

/// A statement that denies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denies {
    /// Its policy, for people.
    pub policy: String,
    /// The ARN of its policy, when it has one.
    pub arn: Option<String>,
    /// Which statement of the policy, from 1.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Its conditions: a request for which one does not hold is not denied.
    pub conditions: Vec<String>,
}

/// Advises on an answer about an account; `None` unless it is a denial.
pub fn advise(snapshot: &Snapshot, holder: &Holder, answer: &Answer) -> Option<Advice> {
    let identity = snapshot.identity.read()?;
    let place = |addition: &Addition| {
        placed(identity, holder, answer, addition).ok_or_else(|| no_place(identity, answer, addition.layer))
    };
    let mut advice = draft(holder, answer, is_there(snapshot, &answer.request.resource), place)?;
    tell_gainers(snapshot, answer, &mut advice.parts);
    let to =
        |part: &Part| part.grant.as_ref().filter(|_| part.layer == Layer::Identity).map(|it| it.to.clone());
    let to = advice.parts.iter().find_map(to);
    let Request { action, resource, .. } = &answer.request;
    if !advice.parts.is_empty() {
        advice.opens = consequences(snapshot, action, resource, to.as_ref());
    }
    Some(advice.finished())
}

/// Advises on an answer about files; `None` unless it is a denial.
pub fn advise_on_files(files: &Files, holder: &Holder, answer: &Answer) -> Option<Advice> {
    let place =
        |addition: &Addition| Ok(files.place(addition.layer, &answer.request.action, &addition.statement));
    let mut advice = draft(holder, answer, false, place)?;
    if !advice.parts.is_empty() {
        advice.opens = opens(&answer.request.action, &answer.request.resource).into_iter().collect();
    }
    Some(advice.finished())
}

/// Finds out what has to be done. `is_there`: the resource is something of the account, and no pattern.
fn draft(
    holder: &Holder,
    answer: &Answer,
    is_there: bool,
    place: impl Fn(&Addition) -> Result<Grant, String>,
) -> Option<Advice> {
    let Answer { request, policies, decision, .. } = answer;
    let Outcome::Denied(denial) = &decision.outcome else { return None };
    if answer.settled {
        return Some(Advice::nothing(answer.reason.clone()));
    }
    if let Some(kinds) = actions().other_kinds(&request.action, &request.resource) {
        return Some(Advice::nothing(not_about(&request.action, &request.resource, &kinds)));
    }
    let denying = |step: &&Step| step.effect == Effect::Deny && step.finding == Finding::Matched;
    let denying: Vec<&Step> = decision.trace.iter().filter(denying).collect();
    // Once nothing denies it, is there anything that allows it?
    let base = if denial.explicit { without_denials(policies, decision) } else { policies.clone() };
    let then = if denial.explicit { evaluate(&base, request) } else { decision.clone() };
    let remedy = least(&base, request, &then);
    let (mut add, near) = remedy.map(|remedy| (remedy.add, remedy.near)).unwrap_or_default();
    if is_there {
        for addition in &mut add {
            one_thing(&mut addition.statement);
        }
    }
    let mut parts: Vec<Part> = denying.iter().map(|step| stop(policies, step)).collect();
    parts.extend(add.iter().map(|addition| {
        let (grant, no_place) = match place(addition) {
            Ok(grant) => (Some(grant), None),
            Err(why) => (None, Some(why)),
        };
        Part {
            kind: Kind::Add,
            layer: addition.layer,
            sentence: needed(holder, answer, addition.layer),
            statement: Some(addition.statement.clone()),
            denies: None,
            grant,
            no_place,
        }
    }));
    if let Some(unseen) = unseen(request, policies) {
        parts.push(unseen);
    }
    let unsure = match evaluate(&with(&base, &add), request).outcome {
        Outcome::Indeterminate(reasons) => reasons.iter().map(ToString::to_string).collect(),
        Outcome::Allowed | Outcome::Denied(_) => vec![],
    };
    let sentence = summary(holder, answer, &denying, &parts);
    let near = if denial.explicit { vec![] } else { near };
    Some(Advice {
        possible: false,
        sentence,
        statements: add,
        policy: None,
        grant: None,
        commands: vec![],
        opens: vec![],
        near,
        parts,
        unsure,
    })
}

/// Makes a statement speak of the one resource whose ARN holds characters of a pattern.
fn one_thing(statement: &mut Value) {
    let Some(Value::String(resource)) = statement.get_mut("Resource") else { return };
    if resource != "*" {
        *resource = resource.replace('*', "${*}").replace('?', "${?}");
    }
}

/// Says that an action is never about such a resource; `kinds` are the ends of the ARNs that it takes.
pub fn not_about(action: &str, resource: &str, kinds: &[String]) -> String {
    let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
    format!(
        "`{action}` is never about `{resource}`, whatever a policy says: AWS has it for {}",
        kinds.join(" or ")
    )
}

impl Advice {
    /// Says that nothing helps.
    const fn nothing(sentence: String) -> Self {
        Self {
            possible: false,
            sentence,
            statements: vec![],
            policy: None,
            grant: None,
            commands: vec![],
            opens: vec![],
            near: vec![],
            parts: vec![],
            unsure: vec![],
        }
    }

    /// Fills in what follows from the parts.
    fn finished(mut self) -> Self {
        let can = |part: &Part| match part.kind {
            Kind::Add => part.grant.is_some(),
            Kind::Unseen => true,
            Kind::StopDenying => false,
        };
        self.possible = !self.parts.is_empty() && self.parts.iter().all(can);
        if !self.possible {
            self.statements.clear();
            return self;
        }
        let own = self.parts.iter().find(|part| part.layer == Layer::Identity);
        self.policy = own.and_then(|part| part.statement.as_ref()).map(alone);
        self.grant = own.and_then(|part| part.grant.clone());
        let commands = self.parts.iter().filter_map(|part| part.grant.as_ref());
        self.commands = commands.flat_map(|grant| grant.commands.clone()).collect();
        self
    }
}

/// Says in one sentence what has to be done.
fn summary(holder: &Holder, answer: &Answer, denying: &[&Step], parts: &[Part]) -> String {
    let Request { action, resource, .. } = &answer.request;
    let lacks = |layer: Layer| parts.iter().any(|part| part.kind == Kind::Add && part.layer == layer);
    if let Some((first, more)) = denying.split_first() {
        let also = match more.len() {
            0 => String::new(),
            1 => ", and another statement too".to_owned(),
            count => format!(", and {count} other statements too"),
        };
        let besides = if parts.iter().any(|part| part.kind == Kind::Add) {
            "; besides, nothing allows it yet"
        } else {
            ""
        };
        return format!(
            "{} denies it{also}; nothing that is added can allow it, so change or detach that policy{besides}",
            first.place()
        );
    }
    let limits = [Layer::Boundary, Layer::Session].into_iter().find(|layer| lacks(*layer));
    if let Some(layer) = limits {
        let limiting = answer.decision.trace.iter().find(|step| step.layer == layer);
        let which = limiting
            .map_or_else(|| layer.name().to_owned(), |step| format!("{}, {}", layer.name(), step.source));
        let also = if lacks(Layer::Identity) { ", and a policy of the identity too" } else { "" };
        return format!(
            "the {which}, limits {}: no statement added elsewhere can allow it; the limit itself must allow `{action}` on \
             `{resource}`{also}",
            holder.name()
        );
    }
    let needs: Vec<&str> = parts.iter().map(|part| part.sentence.as_str()).collect();
    needs.join("; and ")
}

/// Says which policy has to allow it.
fn needed(holder: &Holder, answer: &Answer, layer: Layer) -> String {
    let Request { action, resource, .. } = &answer.request;
    let name = holder.name();
    let broad = match actions().has_resource(action) {
        Some(false) => "; AWS has no resources for that action, so it takes `*`",
        Some(true) if resource == "*" => {
            "; the action is about one resource: name it, and the statement becomes narrower"
        }
        _ => "",
    };
    let on = if broad.starts_with("; AWS") { "*" } else { resource };
    match layer {
        Layer::Identity => {
            format!("an identity-based policy of {name} must allow `{action}` on `{on}`{broad}")
        }
        Layer::Boundary => {
            format!(
                "the permissions boundary of {name} must allow `{action}` on `{on}`; it is a limit that somebody set"
            )
        }
        Layer::Session => {
            format!("the session policy, a limit of this session, must allow `{action}` on `{on}`")
        }
        Layer::Resource => format!("the policy of `{resource}` must allow `{action}` to {name}"),
        Layer::Trust if answer.request.same_account() => format!(
            "the trust policy of the role must let {name} in; it names the caller, so within the account that is enough"
        ),
        Layer::Trust => format!("the trust policy of the role must let {name} in"),
    }
}

/// Says which statement has to stop denying.
fn stop(policies: &PolicySet, step: &Step) -> Part {
    let PolicySet { identity, boundary, session, resource } = policies;
    let mut all = identity.iter().chain(boundary).chain(session).chain(resource);
    let found = all.find(|source| source.name == step.source && source.arn == step.arn);
    let statement =
        found.and_then(|source| source.policy.statements.iter().find(|it| it.index == step.statement));
    let conditions = statement.map(Statement::conditions).unwrap_or_default();
    let only = if conditions.is_empty() {
        String::new()
    } else {
        let conditions: Vec<String> = conditions.iter().map(|condition| format!("`{condition}`")).collect();
        format!("; it denies only while {} holds", conditions.join(" and "))
    };
    let sentence = format!(
        "{} must stop denying it: leave the action, the resource or the caller out of it, or take the policy away{only}",
        step.place()
    );
    let denies = Denies {
        policy: step.source.clone(),
        arn: step.arn.clone(),
        statement: step.statement + 1,
        sid: step.sid.clone(),
        conditions,
    };
    let (kind, layer) = (Kind::StopDenying, step.layer);
    Part { kind, layer, sentence, statement: None, denies: Some(denies), grant: None, no_place: None }
}

/// Says what another account has to allow, when its policy was not seen.
fn unseen(request: &Request, policies: &PolicySet) -> Option<Part> {
    let hidden = policies.resource.as_ref().is_some_and(|source| source.policy.unread.is_some());
    if request.same_account() || !hidden {
        return None;
    }
    let Addition { layer, statement } = letting_in(request);
    let which =
        if layer == Layer::Trust { "the trust policy of the role" } else { "the policy of the resource" };
    let account = request.resource_account().unwrap_or_default();
    let sentence = format!(
        "account {account} has to agree: {which} there, which cannot be seen from here, must let the caller in"
    );
    let (kind, statement) = (Kind::Unseen, Some(statement));
    Some(Part { kind, layer, sentence, statement, denies: None, grant: None, no_place: None })
}

/// Finds the place of a statement in an account.
fn placed(identity: &Identity, holder: &Holder, answer: &Answer, addition: &Addition) -> Option<Grant> {
    let Addition { layer, statement } = addition;
    match layer {
        Layer::Identity => grant(identity, holder, &answer.request.action, statement),
        Layer::Trust => trusting(identity, &answer.request.resource, statement),
        Layer::Boundary => {
            let boundary = answer.policies.boundary.as_ref().and_then(|source| source.arn.as_ref());
            widening(identity, holder, boundary?, statement)
        }
        Layer::Session | Layer::Resource => None,
    }
}

/// Says why there is no place for a statement of a layer.
fn no_place(identity: &Identity, answer: &Answer, layer: Layer) -> String {
    let full = "it would grow beyond what AWS allows, or is of the language of 2008, which has no `${*}`";
    match layer {
        Layer::Trust if !identity.roles.values().any(|role| role.arn == answer.request.resource) => {
            "there is no such role in the account".to_owned()
        }
        Layer::Trust => format!("the trust policy takes no more: {full}"),
        Layer::Boundary => {
            let arn = answer.policies.boundary.as_ref().and_then(|source| source.arn.as_ref());
            if identity.policies.values().any(|policy| Some(&policy.arn) == arn) {
                format!("the boundary policy takes no more: {full}")
            } else {
                "the boundary is a policy of AWS's own, which nobody else can change".to_owned()
            }
        }
        Layer::Identity => "every policy and group that would do is full".to_owned(),
        Layer::Session => "nobody can change the policy of a session".to_owned(),
        Layer::Resource => "the policy of the resource is changed with its own service's commands".to_owned(),
    }
}

/// Asks for everybody whom the changes reach whether they gain by them.
fn tell_gainers(snapshot: &Snapshot, answer: &Answer, parts: &mut [Part]) {
    let Ok(shelf) = Shelf::new(snapshot) else { return };
    let changes: Vec<(Place, Arc<Policy>)> = parts.iter().filter_map(change).collect();
    for part in parts {
        let Some(grant) = &mut part.grant else { continue };
        let reached = std::mem::take(&mut grant.reached);
        let gains = |other: &Holder| gains(snapshot, &shelf, answer, &changes, other);
        let (gain, rest): (Vec<Holder>, Vec<Holder>) = reached.into_iter().partition(gains);
        grant.gainers = gain.iter().map(Holder::name).collect();
        grant.unaffected = rest.iter().map(Holder::name).collect();
    }
}

fn change(part: &Part) -> Option<(Place, Arc<Policy>)> {
    let policy = Policy::parse(&alone(part.statement.as_ref()?).to_string()).ok()?;
    Some((part.grant.as_ref()?.to.clone(), Arc::new(policy)))
}

/// Tells whether somebody else may do it after the changes and not before. Who cannot be told about gains, to be sure.
fn gains(
    snapshot: &Snapshot,
    shelf: &Shelf<'_>,
    answer: &Answer,
    changes: &[(Place, Arc<Policy>)],
    other: &Holder,
) -> bool {
    let (Ok(person), Ok(held)) = (shelf.person(other), shelf.held(other)) else { return true };
    let mut request = answer.request.clone();
    let own = known(snapshot, &person.tags);
    request.context.forget("aws:PrincipalTag/");
    for (key, values) in own.iter().filter(|(key, _)| key.starts_with("aws:principaltag/")) {
        request.context.insert(key, values.to_vec());
    }
    request.principal = person.principal;
    let before = PolicySet {
        identity: held.policies.iter().map(Held::source).collect(),
        boundary: held.boundary.as_ref().map(Held::source),
        session: vec![],
        resource: answer.policies.resource.clone(),
    };
    if evaluate(&before, &request).is_allowed() {
        return false;
    }
    let mut after = before;
    for (place, new) in changes {
        match place {
            Place::ManagedPolicy { arn, .. } => {
                let all = after.identity.iter_mut().chain(&mut after.boundary);
                for source in all.filter(|source| source.arn.as_ref() == Some(arn)) {
                    let mut policy = source.policy.as_ref().clone();
                    policy.statements.extend(new.statements.iter().cloned());
                    source.policy = Arc::new(policy);
                }
            }
            Place::GroupPolicy { group, .. } if is_in(shelf.identity(), other, group) => {
                let (name, policy) = (String::new(), Arc::clone(new));
                after.identity.push(Source { name, arn: None, policy });
            }
            _ => {}
        }
    }
    !matches!(evaluate(&after, &request).outcome, Outcome::Denied(_))
}

fn is_in(identity: &Identity, holder: &Holder, group: &str) -> bool {
    match holder {
        Holder::User(name) => identity.users.get(name).is_some_and(|user| user.groups.contains(group)),
        Holder::Root | Holder::Role { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::ask::{Question, Verdict, ask};
    use crate::account::effective::effective;
    use crate::account::snapshot::Facet;
    use crate::account::testing::{arn, document, inline, lab, user};
    use crate::policy::document::PolicyDocument;

    fn answered(snapshot: &Snapshot, holder: &Holder, action: &str, resource: &str) -> Answer {
        let question = Question { action: action.into(), resource: resource.into(), context: vec![] };
        ask(snapshot, holder, &effective(snapshot, holder).unwrap(), &question)
    }

    #[test]
    fn what_is_proposed_helps_and_is_the_least() {
        let mut snapshot = lab();
        let user = Holder::User("User3".into());
        let group = arn("group/iamlab/iam-auditing/IAM-Auditor-Group");
        let denied = answered(&snapshot, &user, "iam:AddUserToGroup", &group);
        let advice = advise(&snapshot, &user, &denied).unwrap();
        assert!(advice.possible && advice.opens.len() == 3, "{advice:?}");
        let grant = advice.grant.unwrap();
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let policy = identity.policies.get_mut("IAM-Auditor-Policy").unwrap();
        policy.document = Some(PolicyDocument::new(grant.document));
        let verdict = |action: &str, on: &str| answered(&snapshot, &user, action, on).verdict;
        assert_eq!(verdict("iam:AddUserToGroup", &group), Verdict::Allowed);
        assert_eq!(verdict("iam:AddUserToGroup", &arn("group/Admins")), Verdict::ImplicitDeny);
        assert_eq!(verdict("iam:RemoveUserFromGroup", &group), Verdict::ImplicitDeny);
        let allowed = answered(&snapshot, &user, "iam:AddUserToGroup", &group);
        assert_eq!(advise(&snapshot, &user, &allowed), None);
    }

    #[test]
    fn a_limit_or_a_deny_is_named() {
        let mut snapshot = lab();
        let bound = Holder::User("Bound".into());
        let denied = answered(&snapshot, &bound, "iam:GetUser", &arn("user/x"));
        let advice = advise(&snapshot, &bound, &denied).unwrap();
        let [part] = advice.parts.as_slice() else { unreachable!() };
        assert_eq!((part.kind, part.layer), (Kind::Add, Layer::Boundary));
        let limits = Place::ManagedPolicy { name: "Limits".into(), arn: arn("policy/Limits"), group: None };
        assert_eq!(part.grant.as_ref().unwrap().to, limits);
        assert!(advice.possible && advice.grant.is_none() && advice.policy.is_none());
        assert!(
            advice.sentence.starts_with("the permissions boundary, policy `Limits`, limits user `Bound`"),
            "{}",
            advice.sentence
        );
        let deny = json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]);
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let user = identity.users.get_mut("User3").unwrap();
        user.policies.inline.insert("No".into(), document(&deny));
        let user = Holder::User("User3".into());
        let denied = answered(&snapshot, &user, "iam:GetUser", "*");
        let advice = advise(&snapshot, &user, &denied).unwrap();
        assert!(!advice.possible);
        assert!(
            advice.sentence.contains("inline policy `No` of user `User3` denies it"),
            "{}",
            advice.sentence
        );
    }

    #[test]
    fn who_gains_is_asked_and_not_only_listed() {
        let mut snapshot = lab();
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let deny = json!([{"Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"}]);
        let allow = json!([{"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]);
        for (name, own) in [("Stopped", Some(deny)), ("Already", Some(allow)), ("New", None)] {
            let policies = own.map(|own| inline("Own", &own)).unwrap_or_default();
            identity.users.extend([user(name, &["IAM-Auditor-Group"], policies)]);
        }
        let user3 = Holder::User("User3".into());
        let denied = answered(&snapshot, &user3, "iam:ListUsers", "*");
        let grant = advise(&snapshot, &user3, &denied).unwrap().grant.unwrap();
        assert_eq!(grant.gainers, ["user `New`", "role `IAM-Auditor-role`"]);
        assert_eq!(grant.unaffected, ["user `Already`", "user `Stopped`"]);
    }

    #[test]
    fn another_account_has_to_agree_and_a_policy_of_aws_stays_as_it_is() {
        let mut snapshot = lab();
        let user = Holder::User("User1".into());
        let there = "arn:aws:iam::999999999999:role/Theirs";
        let advice = advise(&snapshot, &user, &answered(&snapshot, &user, "sts:AssumeRole", there)).unwrap();
        let kinds: Vec<_> = advice.parts.iter().map(|part| (part.kind, part.layer)).collect();
        assert_eq!(kinds, [(Kind::Add, Layer::Identity), (Kind::Unseen, Layer::Trust)]);
        assert!(advice.possible && advice.unsure.len() == 1, "{advice:?}");
        let theirs = advice.parts[1].statement.as_ref().unwrap();
        assert_eq!(theirs["Principal"], json!({"AWS": arn("user/User1")}));

        let limit = "arn:aws:iam::aws:policy/Limit".to_owned();
        let none = json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]);
        snapshot.aws_managed.insert(limit.clone(), Facet::Read(document(&none)));
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        identity.users.get_mut("User3").unwrap().policies.boundary = Some(limit);
        let user = Holder::User("User3".into());
        let denied = answered(&snapshot, &user, "iam:GetCredentialReport", "*");
        let advice = advise(&snapshot, &user, &denied).unwrap();
        assert!(
            !advice.possible && advice.parts[0].grant.is_none() && advice.commands.is_empty(),
            "{advice:?}"
        );
    }

    #[test]
    fn a_role_has_to_let_somebody_in() {
        let snapshot = lab();
        let user = Holder::User("User1".into());
        let denied = answered(&snapshot, &user, "sts:AssumeRole", &arn("role/IAM-Auditor-role"));
        let advice = advise(&snapshot, &user, &denied).unwrap();
        let trust = advice.commands.last().unwrap();
        assert!(
            trust.starts_with("aws iam update-assume-role-policy --role-name IAM-Auditor-role"),
            "{trust}"
        );
        assert!(trust.contains(&arn("user/User1")) && trust.contains(&arn("user/User3")), "{trust}");
    }

    #[test]
    fn no_role_lets_the_root_user_in() {
        let snapshot = lab();
        for (action, role) in [
            ("sts:AssumeRole", arn("role/IAM-Auditor-role")),
            ("sts:TagSession", arn("role/IAM-Auditor-role")),
            ("sts:AssumeRole", "arn:aws:iam::999999999999:role/Theirs".to_owned()),
        ] {
            let denied = answered(&snapshot, &Holder::Root, action, &role);
            assert_eq!(denied.verdict, Verdict::ImplicitDeny, "{action} {role}");
            let advice = advise(&snapshot, &Holder::Root, &denied).unwrap();
            assert!(!advice.possible && advice.parts.is_empty() && advice.commands.is_empty(), "{advice:?}");
            assert!(advice.sentence.contains("root"), "{}", advice.sentence);
        }
    }

    fn with_policy(snapshot: &mut Snapshot, user: &str, statements: &Value) {
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let policies = &mut identity.users.get_mut(user).unwrap().policies;
        policies.inline.insert("Given".into(), document(statements));
    }

    #[test]
    fn near_is_only_what_its_one_condition_keeps_from_allowing() {
        let team = |more: Value| {
            let mut condition = json!({"StringEquals": {"aws:PrincipalTag/team": "red"}});
            condition.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!([{"Effect": "Allow", "Action": ["iam:GetUser", "sts:AssumeRole"], "Resource": "*",
                "Condition": condition}])
        };
        let near = |who: &str, statements: &Value, action: &str, resource: &str| {
            let mut snapshot = lab();
            with_policy(&mut snapshot, who, statements);
            let user = Holder::User(who.into());
            advise(&snapshot, &user, &answered(&snapshot, &user, action, resource)).unwrap().near
        };
        let someone = arn("user/x");
        let one = team(json!({}));
        let told = near("User1", &one, "iam:GetUser", &someone);
        assert!(told.len() == 1 && told[0].contains("aws:PrincipalTag/team"), "{told:?}");
        let two = team(json!({"StringLike": {"aws:PrincipalTag/level": "high"}}));
        assert_eq!(near("User1", &two, "iam:GetUser", &someone), [""; 0], "two conditions fail");
        let theirs = "arn:aws:iam::999999999999:role/Theirs";
        assert_eq!(near("User1", &one, "sts:AssumeRole", theirs), [""; 0], "the other account has to agree");
        let mut snapshot = lab();
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        identity.users.get_mut("Bound").unwrap().policies.attached.clear();
        with_policy(&mut snapshot, "Bound", &one);
        let bound = Holder::User("Bound".into());
        let advice =
            advise(&snapshot, &bound, &answered(&snapshot, &bound, "iam:GetUser", &someone)).unwrap();
        assert_eq!(advice.near, [""; 0], "the boundary does not allow it either");
    }

    #[test]
    fn what_is_in_the_account_is_one_thing_and_no_pattern() {
        let mut snapshot = lab();
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let (name, mut odd) = user("Odd", &[], crate::account::snapshot::Policies::default());
        odd.arn = arn("user/a*b?/${x}/Odd");
        let target = odd.arn.clone();
        identity.users.insert(name, odd);
        let user = Holder::User("User1".into());
        let resource = |on: &str| {
            let advice = advise(&snapshot, &user, &answered(&snapshot, &user, "iam:GetUser", on)).unwrap();
            advice.parts[0].statement.as_ref().unwrap()["Resource"].clone()
        };
        assert_eq!(resource(&target), json!(arn("user/a${*}b${?}/${$}{x}/Odd")));
        assert_eq!(resource(&arn("user/a*")), json!(arn("user/a*")), "a pattern that somebody asks for");
    }

    #[test]
    fn what_has_another_kind_of_resource_is_not_proposed() {
        let snapshot = lab();
        let user = Holder::User("User3".into());
        let denied = answered(&snapshot, &user, "iam:AddUserToGroup", &arn("user/User2"));
        let advice = advise(&snapshot, &user, &denied).unwrap();
        assert!(!advice.possible && advice.parts.is_empty() && advice.policy.is_none(), "{advice:?}");
        assert!(advice.sentence.contains("group/"), "{}", advice.sentence);
    }

    #[test]
    fn why_there_is_no_place_is_told() {
        let snapshot = lab();
        let user = Holder::User("User1".into());
        let denied = answered(&snapshot, &user, "sts:AssumeRole", &arn("role/Gone"));
        let told = serde_json::to_value(advise(&snapshot, &user, &denied).unwrap()).unwrap();
        assert_eq!(told["parts"][0]["no_place"], "there is no such role in the account");
    }
}
