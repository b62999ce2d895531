//! What `policy explain` proposes, carried out: with all of its parts the call passes, without any one of them, or with
//! one narrowed, it stays denied. In generated accounts through the sandbox's API, and on generated policies by the
//! engine alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use iamlab::account::advice::{Advice, Kind, Part, advise};
use iamlab::account::ask::{Question, Verdict as Decided, ask, has_readable_policy};
use iamlab::account::effective::{Holder, effective};
use iamlab::account::grant::Place;
use iamlab::account::snapshot::{Identity, Snapshot};
use iamlab::aws::collect::{Scope, collect, policies};
use iamlab::policy::trace::Layer;
use serde_json::{Value, json};

use crate::cases::{Verdict, ensure, run_all, wait};
use crate::inventory::Clients;
use crate::lab::{Account, REGION};

/// Accounts that are made, and how many of them have to end in a denial whose remedy was tried.
const ACCOUNTS: usize = 72;
const TRIED: usize = 50;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:news";

fn arn(rest: &str) -> String {
    format!("arn:aws:iam::123456789012:{rest}")
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Numbers that look random and are the same every time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: usize) -> Self {
        Self((seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % count
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// What the caller tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    GetUser,
    AddUserToGroup,
    ListUsers,
    GetCredentialReport,
    TagUser,
    CreateUser,
    GetPolicy,
    PutGroupPolicy,
    Publish,
    ListTopics,
    ListFunctions,
    AssumeRole,
}

use Call::*;

const CALLS: [Call; 12] = [
    GetUser,
    AddUserToGroup,
    ListUsers,
    GetCredentialReport,
    TagUser,
    CreateUser,
    GetPolicy,
    PutGroupPolicy,
    Publish,
    ListTopics,
    ListFunctions,
    AssumeRole,
];

impl Call {
    fn action(self) -> String {
        let service = match self {
            Publish | ListTopics => "sns",
            ListFunctions => "lambda",
            AssumeRole => "sts",
            _ => "iam",
        };
        format!("{service}:{self:?}")
    }

    fn resource(self) -> String {
        match self {
            GetUser | TagUser => arn("user/other"),
            AddUserToGroup | PutGroupPolicy => arn("group/staff"),
            CreateUser => arn("user/new"),
            GetPolicy => arn("policy/p0"),
            Publish => TOPIC.into(),
            AssumeRole => arn("role/target"),
            ListUsers | GetCredentialReport | ListTopics | ListFunctions => "*".into(),
        }
    }

    /// Something else of the same kind.
    fn beside(self) -> String {
        match self {
            GetUser | TagUser | CreateUser => arn("user/beside"),
            AddUserToGroup | PutGroupPolicy => arn("group/beside"),
            GetPolicy => arn("policy/beside"),
            Publish => format!("{TOPIC}-beside"),
            AssumeRole | ListUsers | GetCredentialReport | ListTopics | ListFunctions => arn("role/beside"),
        }
    }

    /// Tells whether the account lets it pass. What it fails with after that does not matter here.
    async fn passes(self, hand: &Hand) -> bool {
        let Hand { clients: Clients { iam, sns, lambda, .. }, sts } = hand;
        let policy = document(&[json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})]).to_string();
        match self {
            GetUser => passed(iam.get_user().user_name("other").send().await),
            AddUserToGroup => {
                passed(iam.add_user_to_group().group_name("staff").user_name("member").send().await)
            }
            ListUsers => passed(iam.list_users().send().await),
            GetCredentialReport => passed(iam.get_credential_report().send().await),
            TagUser => {
                let tag = aws_sdk_iam::types::Tag::builder().key("k").value("v").build().unwrap();
                passed(iam.tag_user().user_name("other").tags(tag).send().await)
            }
            CreateUser => passed(iam.create_user().user_name("new").send().await),
            GetPolicy => passed(iam.get_policy().policy_arn(arn("policy/p0")).send().await),
            PutGroupPolicy => {
                let put = iam.put_group_policy().group_name("staff").policy_name("none");
                passed(put.policy_document(policy).send().await)
            }
            Publish => passed(sns.publish().topic_arn(TOPIC).message("hello").send().await),
            ListTopics => passed(sns.list_topics().send().await),
            ListFunctions => passed(lambda.list_functions().send().await),
            AssumeRole => {
                passed(sts.assume_role().role_arn(arn("role/target")).role_session_name("try").send().await)
            }
        }
    }
}

fn passed<T, E: ProvideErrorMetadata>(answer: Result<T, E>) -> bool {
    let code = answer.err().and_then(|error| error.code().map(str::to_owned));
    !code
        .is_some_and(|code| ["AccessDenied", "AccessDeniedException", "AuthorizationError"].contains(&&*code))
}

/// One generated account and the call that is tried in it.
struct Case {
    seed: usize,
    call: Call,
}

impl Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} ({})", self.seed, self.call.action())
    }
}

/// A policy of the account that can be rewritten.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Managed(String),
    OfUser(String, String),
    OfGroup(String, String),
    OfRole(String, String),
    Trust(String),
    NewGroup(String, String),
}

/// Somebody's way in.
struct Hand {
    clients: Clients,
    sts: aws_sdk_sts::Client,
}

/// A generated account.
struct World {
    account: Account,
    root: Clients,
    caller: Hand,
    other: Hand,
    holder: Holder,
}

/// Statements that allow and deny around the call, and seldom the call itself.
fn noise(dice: &mut Dice, call: Call) -> Vec<Value> {
    let (action, service) = (call.action(), call.action().split(':').next().unwrap().to_owned());
    let mut statements = vec![json!({"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"})];
    for _ in 0..dice.below(3) {
        let statement = match dice.below(7) {
            0 => json!({"Effect": "Allow", "Action": action, "Resource": call.beside()}),
            1 => {
                json!({"Effect": "Allow", "Action": [format!("{service}:Nothing*"), "s3:*"], "Resource": "*"})
            }
            2 => json!({"Effect": "Deny", "Action": action, "Resource": call.beside()}),
            3 => json!({"Effect": "Allow", "NotAction": format!("{service}:*"), "Resource": "*"}),
            4 => json!({"Effect": "Allow", "Action": action, "Resource": "*",
                        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}),
            5 => json!({"Effect": "Deny", "Action": "*", "Resource": "*",
                        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}),
            _ => json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::x"}),
        };
        // A statement about one thing answers nothing about all of them.
        if call.resource() != "*" || !statement.to_string().contains(&call.beside()) {
            statements.push(statement);
        }
    }
    statements
}

impl World {
    async fn new(seed: usize, call: Call) -> Self {
        let mut dice = Dice::new(seed);
        let account = Account::new();
        let root = account.clients().await;
        let iam = &root.iam;
        for name in ["actor", "other", "member", "opener"] {
            iam.create_user().user_name(name).send().await.unwrap();
        }
        root.sns.create_topic().name("news").send().await.unwrap();
        let mut limit = noise(&mut dice, call);
        if !dice.one_in(3) {
            limit.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        }
        if dice.one_in(4) {
            limit.push(json!({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}));
        }
        let mut wide = noise(&mut dice, call);
        if dice.one_in(4) {
            wide.push(json!({"Effect": "Allow", "Action": call.action(), "Resource": "*"}));
        }
        for (name, statements) in [("p0", noise(&mut dice, call)), ("p1", wide), ("limit", limit)] {
            let create = iam.create_policy().policy_name(name);
            create.policy_document(document(&statements).to_string()).send().await.unwrap();
        }
        for group in ["staff", "crowd"] {
            iam.create_group().group_name(group).send().await.unwrap();
            for policy in ["p0", "p1"] {
                if dice.one_in(2) {
                    let attach = iam.attach_group_policy().group_name(group);
                    attach.policy_arn(arn(&format!("policy/{policy}"))).send().await.unwrap();
                }
            }
            for user in ["actor", "other"] {
                if dice.one_in(2) {
                    iam.add_user_to_group().group_name(group).user_name(user).send().await.unwrap();
                }
            }
        }
        let opened = json!([{"Effect": "Allow", "Principal": {"AWS": arn("user/opener")}, "Action": "sts:AssumeRole"}]);
        let lambda = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
        let mut trust = vec![lambda];
        if dice.one_in(3) {
            // The account as a whole: its own policies decide.
            trust.push(
                json!({"Effect": "Allow", "Principal": {"AWS": arn("root")}, "Action": "sts:AssumeRole"}),
            );
        }
        for (name, trust) in [("actor", opened), ("target", json!(trust))] {
            let trust = json!({"Version": "2012-10-17", "Statement": trust}).to_string();
            iam.create_role().role_name(name).assume_role_policy_document(trust).send().await.unwrap();
        }
        let is_role = dice.one_in(3);
        if is_role && dice.one_in(2) {
            iam.attach_role_policy().role_name("actor").policy_arn(arn("policy/p1")).send().await.unwrap();
        }
        if dice.one_in(2) {
            let limit = arn("policy/limit");
            if is_role {
                let put = iam.put_role_permissions_boundary().role_name("actor");
                put.permissions_boundary(limit).send().await.unwrap();
            } else {
                let put = iam.put_user_permissions_boundary().user_name("actor");
                put.permissions_boundary(limit).send().await.unwrap();
            }
        }
        if dice.one_in(3) {
            let mut statements = noise(&mut dice, call);
            if dice.one_in(2) {
                statements
                    .push(json!({"Sid": "Stop", "Effect": "Deny", "Action": call.action(), "Resource": "*"}));
            }
            let text = document(&statements).to_string();
            if is_role {
                let put = iam.put_role_policy().role_name("actor").policy_name("own");
                put.policy_document(text).send().await.unwrap();
            } else {
                let put = iam.put_user_policy().user_name("actor").policy_name("own");
                put.policy_document(text).send().await.unwrap();
            }
        }
        let holder = if is_role { Holder::role("actor") } else { Holder::User("actor".into()) };
        let other = signed_in(&account, &root, "other").await;
        let caller = if is_role {
            let sts = signed_in(&account, &root, "opener").await.sts;
            let session = sts.assume_role().role_arn(arn("role/actor")).role_session_name("iamlab");
            let session = session.send().await.unwrap().credentials.unwrap();
            let (id, secret, token) =
                (session.access_key_id, session.secret_access_key, session.session_token);
            with_key(&account, Credentials::new(id, secret, Some(token), None, "test")).await
        } else {
            signed_in(&account, &root, "actor").await
        };
        Self { account, root, caller, other, holder }
    }

    /// Looks at the account as the program does.
    async fn look(&self, resource: &str) -> Snapshot {
        let aws = self.account.connect(self.account.http()).await.unwrap();
        let mut snapshot = collect(&aws, &Scope { identity: true, ..Scope::default() }).await.snapshot;
        let with_policy: BTreeSet<String> =
            Some(resource.to_owned()).filter(|arn| has_readable_policy(&snapshot, arn)).into_iter().collect();
        let errors = policies::add(&aws, &BTreeSet::new(), &with_policy, &mut snapshot).await;
        assert!(errors.is_empty(), "{errors:?}");
        snapshot
    }

    /// Puts documents in their places; `None` takes one away.
    async fn put(&self, documents: &BTreeMap<Slot, Option<Value>>) {
        let iam = &self.root.iam;
        for (slot, document) in documents {
            let text = document.as_ref().map(Value::to_string);
            match (slot, text) {
                (Slot::Managed(policy), Some(text)) => {
                    let versions = iam.list_policy_versions().policy_arn(policy).send().await.unwrap();
                    for version in versions.versions().iter().filter(|version| !version.is_default_version())
                    {
                        let delete = iam.delete_policy_version().policy_arn(policy);
                        delete.version_id(version.version_id().unwrap()).send().await.unwrap();
                    }
                    let create = iam.create_policy_version().policy_arn(policy).policy_document(text);
                    create.set_as_default(true).send().await.unwrap();
                }
                (Slot::OfUser(user, name), Some(text)) => {
                    let put = iam.put_user_policy().user_name(user).policy_name(name);
                    put.policy_document(text).send().await.unwrap();
                }
                (Slot::OfGroup(group, name), Some(text)) => {
                    let put = iam.put_group_policy().group_name(group).policy_name(name);
                    put.policy_document(text).send().await.unwrap();
                }
                (Slot::OfGroup(group, name), None) => {
                    iam.delete_group_policy().group_name(group).policy_name(name).send().await.unwrap();
                }
                (Slot::OfRole(role, name), Some(text)) => {
                    let put = iam.put_role_policy().role_name(role).policy_name(name);
                    put.policy_document(text).send().await.unwrap();
                }
                (Slot::OfRole(role, name), None) => {
                    iam.delete_role_policy().role_name(role).policy_name(name).send().await.unwrap();
                }
                (Slot::Trust(role), Some(text)) => {
                    let update = iam.update_assume_role_policy().role_name(role);
                    update.policy_document(text).send().await.unwrap();
                }
                (Slot::NewGroup(group, name), Some(text)) => {
                    iam.create_group().group_name(group).send().await.unwrap();
                    let put = iam.put_group_policy().group_name(group).policy_name(name);
                    put.policy_document(text).send().await.unwrap();
                    iam.add_user_to_group().group_name(group).user_name("actor").send().await.unwrap();
                }
                (Slot::NewGroup(group, name), None) => {
                    iam.remove_user_from_group().group_name(group).user_name("actor").send().await.unwrap();
                    iam.delete_group_policy().group_name(group).policy_name(name).send().await.unwrap();
                    iam.delete_group().group_name(group).send().await.unwrap();
                }
                (slot, None) => panic!("{slot:?} was there before"),
            }
        }
    }

    /// Does these parts, tries something, and undoes them.
    async fn with<T>(&self, identity: &Identity, parts: &[Part], tried: impl AsyncFnOnce(&Self) -> T) -> T {
        let mut after: BTreeMap<Slot, Option<Value>> = BTreeMap::new();
        let mut before: BTreeMap<Slot, Option<Value>> = BTreeMap::new();
        for part in parts {
            let slot = slot(part);
            let original = original(identity, &slot);
            before.insert(slot.clone(), original.clone());
            let document = after.entry(slot).or_insert(original).get_or_insert_with(|| document(&[]));
            let statements = document["Statement"].as_array_mut().unwrap();
            match &part.denies {
                // Others keep their numbers.
                Some(denies) => {
                    let nothing = json!({"Effect": "Deny", "Action": "ec2:RebootInstances", "Resource": "*"});
                    statements[denies.statement - 1] = nothing;
                }
                None => statements.push(part.statement.clone().unwrap()),
            }
        }
        self.put(&after).await;
        let answer = tried(self).await;
        self.put(&before).await;
        answer
    }
}

async fn signed_in(account: &Account, root: &Clients, user: &str) -> Hand {
    let key = root.iam.create_access_key().user_name(user).send().await.unwrap().access_key.unwrap();
    with_key(account, Credentials::new(key.access_key_id, key.secret_access_key, None, None, "test")).await
}

async fn with_key(account: &Account, credentials: Credentials) -> Hand {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(account.http())
        .credentials_provider(credentials)
        .region(Region::from_static(REGION));
    let config = config.load().await;
    Hand { clients: Clients::new(&config), sts: aws_sdk_sts::Client::new(&config) }
}

/// The policy that a part changes.
fn slot(part: &Part) -> Slot {
    if let Some(denies) = &part.denies {
        if let Some(arn) = &denies.arn {
            return Slot::Managed(arn.clone());
        }
        let words: Vec<&str> = denies.policy.split('`').collect();
        let (name, kind, owner) = (words[1].to_owned(), words[2], words[3].to_owned());
        return match kind.trim() {
            "of user" => Slot::OfUser(owner, name),
            "of group" => Slot::OfGroup(owner, name),
            "of role" => Slot::OfRole(owner, name),
            other => panic!("{other}: {denies:?}"),
        };
    }
    match part.grant.as_ref().unwrap_or_else(|| panic!("no place: {part:?}")).to.clone() {
        Place::ManagedPolicy { arn, .. } => Slot::Managed(arn),
        Place::GroupPolicy { group, name } => Slot::OfGroup(group, name),
        Place::RolePolicy { role, name } => Slot::OfRole(role, name),
        Place::TrustPolicy { role } => Slot::Trust(role),
        Place::NewGroup { group, name } => Slot::NewGroup(group, name),
        other @ Place::File { .. } => panic!("{other:?}"),
    }
}

/// What a policy said when the account was looked at.
fn original(identity: &Identity, slot: &Slot) -> Option<Value> {
    let found = match slot {
        Slot::Managed(arn) => identity.policies.values().find(|policy| policy.arn == *arn)?.document.as_ref(),
        Slot::OfUser(user, name) => identity.users.get(user)?.policies.inline.get(name),
        Slot::OfGroup(group, name) => identity.groups.get(group)?.policies.inline.get(name),
        Slot::OfRole(role, name) => identity.roles.get(role)?.policies.inline.get(name),
        Slot::Trust(role) => identity.roles.get(role).map(|role| &role.trust),
        Slot::NewGroup(..) => None,
    };
    found.map(|document| document.written().clone())
}

/// Each way to make a statement say less, or something else.
fn narrowed(part: &Part, call: Call) -> Vec<Part> {
    let Some(statement) = &part.statement else { return vec![] };
    let mut ways = Vec::new();
    let mut other = |key: &str, value: Value| {
        let mut statement = statement.clone();
        statement[key] = value;
        ways.push(Part { statement: Some(statement), ..part.clone() });
    };
    other("Action", json!(if part.layer == Layer::Trust { "sts:TagSession" } else { "ec2:RebootInstances" }));
    if part.layer == Layer::Trust {
        other("Principal", json!({"AWS": arn("user/other")}));
    } else {
        other("Resource", json!(call.beside()));
    }
    other("Condition", json!({"StringEquals": {"aws:PrincipalTag/team": "red"}}));
    ways
}

/// What was tried, over all cases.
#[derive(Default)]
struct Seen {
    denied: AtomicUsize,
    several: AtomicUsize,
    gainers: AtomicUsize,
    kinds: Mutex<BTreeSet<String>>,
}

#[test]
fn every_part_of_a_proposal_is_needed_and_all_are_enough() {
    let cases = (0..ACCOUNTS).map(|seed| Case { seed, call: CALLS[seed % CALLS.len()] }).collect();
    let seen = Seen::default();
    run_all(cases, |case| wait(tried(&case, &seen)));
    let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
    let kinds = seen.kinds.into_inner().unwrap();
    let told = format!("{} denied, {} in parts, {kinds:?}", count(&seen.denied), count(&seen.several));
    assert!(count(&seen.denied) >= TRIED && count(&seen.several) >= 15, "{told}");
    assert!(count(&seen.gainers) >= 5, "{} gained besides", count(&seen.gainers));
    for kind in ["Add Identity", "Add Boundary", "Add Trust", "StopDenying Identity", "StopDenying Boundary"]
    {
        assert!(kinds.contains(kind), "{kind}: {told}");
    }
}

async fn tried(case: &Case, seen: &Seen) -> Verdict {
    let call = case.call;
    let world = World::new(case.seed, call).await;
    let snapshot = world.look(&call.resource()).await;
    let identity = snapshot.identity.read().unwrap();
    let question = Question { action: call.action(), resource: call.resource(), context: vec![] };
    let decided = |holder: &Holder| ask(&snapshot, holder, &effective(&snapshot, holder).unwrap(), &question);
    let answer = decided(&world.holder);
    let passes = call.passes(&world.caller).await;
    let is_denied = match answer.verdict {
        Decided::Allowed => false,
        Decided::ExplicitDeny | Decided::ImplicitDeny => true,
        Decided::Unknown => return Err(format!("unknown: {}", answer.reason)),
    };
    ensure(passes != is_denied, format!("{:?}, and the account lets it pass: {passes}", answer.verdict))?;
    let Some(advice) = advise(&snapshot, &world.holder, &answer) else {
        return ensure(!is_denied, "denied, and no advice");
    };
    seen.denied.fetch_add(1, Ordering::Relaxed);
    seen.several.fetch_add(usize::from(advice.parts.len() > 1), Ordering::Relaxed);
    for part in &advice.parts {
        seen.kinds.lock().unwrap().insert(format!("{:?} {:?}", part.kind, part.layer));
    }
    let told = format!("{}\n{:#?}", answer.reason, advice.parts);
    is_least(&advice, call)?;
    holds_together(&advice, identity).map_err(|why| format!("{why}\n{told}"))?;

    let try_with = async |parts: &[Part]| {
        world.with(identity, parts, async |world: &World| call.passes(&world.caller).await).await
    };
    ensure(try_with(&advice.parts).await, format!("all of it is not enough\n{told}"))?;
    for at in 0..advice.parts.len() {
        let mut parts = advice.parts.clone();
        let part = parts.remove(at);
        ensure(!try_with(&parts).await, format!("part {at} is not needed\n{told}"))?;
        for less in narrowed(&part, call) {
            parts.insert(at, less);
            ensure(!try_with(&parts).await, format!("part {at} can say less: {:?}\n{told}", parts[at]))?;
            parts.remove(at);
        }
    }
    // Who else gains: as told, and nobody else.
    let other = Holder::User("other".into());
    if decided(&other).verdict != Decided::Allowed {
        let named = |part: &Part| part.grant.as_ref().is_some_and(|it| it.gainers.contains(&other.name()));
        let named = advice.parts.iter().any(named);
        let may =
            world.with(identity, &advice.parts, async |world: &World| call.passes(&world.other).await).await;
        let stopped = advice.parts.iter().any(|part| part.kind == Kind::StopDenying);
        ensure(named == may || stopped, format!("`other` may: {may}, named: {named}\n{told}"))?;
        seen.gainers.fetch_add(usize::from(may), Ordering::Relaxed);
    }
    Ok(())
}

/// What is added is the one action on the one resource.
fn is_least(advice: &Advice, call: Call) -> Verdict {
    for statement in advice.parts.iter().filter_map(|part| part.statement.as_ref()) {
        let mut expected = json!({"Effect": "Allow", "Action": call.action()});
        match statement.get("Principal") {
            Some(principal) => expected["Principal"] = principal.clone(),
            None => expected["Resource"] = json!(call.resource()),
        }
        ensure(*statement == expected, format!("{statement} is not {expected}"))?;
    }
    Ok(())
}

/// The documents and commands of an advice are those of its parts.
fn holds_together(advice: &Advice, identity: &Identity) -> Verdict {
    let stops = advice.parts.iter().any(|part| part.kind == Kind::StopDenying);
    ensure(advice.possible != stops, "possible unless something denies")?;
    for grant in advice.parts.iter().filter_map(|part| Some((part, part.grant.as_ref()?))) {
        let (part, grant) = grant;
        let mut expected = original(identity, &slot(part)).unwrap_or_else(|| document(&[]));
        expected["Statement"].as_array_mut().unwrap().push(part.statement.clone().unwrap());
        ensure(grant.document == expected, format!("{} is not {expected}", grant.document))?;
        let written = grant.commands.iter().any(|command| command.contains(&expected.to_string()));
        ensure(written, format!("no command has it: {:?}", grant.commands))?;
        ensure(
            stops || grant.commands.iter().all(|it| advice.commands.contains(it)),
            "a command is left out",
        )?;
    }
    Ok(())
}
