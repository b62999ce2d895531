//! One question about an account: may this identity do that? And why.
//!
//! Offline not every condition key is known. What the identity itself tells is (name, id, tags), so is that it calls
//! directly and encrypted, and when; where from, with MFA or not, and what the call itself says is not, unless whoever
//! asks says it. Nothing unknown is guessed: the answer is then that nobody can tell.
//!
//! Service control policies and other policies of an organization are not looked at: an account cannot read them.

use jiff::Timestamp;
use serde::Serialize;

use super::effective::{Effective, Holder, source, unread};
use super::snapshot::{Facet, Snapshot, Tags};
use crate::policy::evaluate::{Decision, Denial, Outcome, PolicySet, Source, evaluate};
use crate::policy::request::{Context, PrincipalKind, Request};
use crate::policy::statement::Effect;
use crate::policy::trace::{Finding, Layer, Mismatch, Step};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The action, `service:Action`.
    pub action: String,
    /// The ARN of what it acts on, also with wildcards, or `*`.
    pub resource: String,
    /// Condition keys of the request that are known, besides those of the identity.
    pub context: Vec<(String, String)>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
    /// It depends on what is not known.
    Unknown,
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the policies were asked.
    pub request: Request,
    /// The policies.
    pub policies: PolicySet,
    /// What they said.
    pub decision: Decision,
    /// What that comes to.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// The statements that decided it, or came nearest to it, as their places in the trace.
    pub decisive: Vec<usize>,
    /// Whether AWS decides it so whatever policies say; then none was asked.
    pub settled: bool,
}

/// One statement of a trace, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The layer of its policy.
    pub layer: Layer,
    /// Its policy, for people.
    pub policy: String,
    /// The ARN of its policy, when it has one.
    pub arn: Option<String>,
    /// Which statement of the policy, from 1.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// What it does when it matches.
    pub effect: Effect,
    /// `matched`, `differs` or `unknown`.
    pub result: &'static str,
    /// Whether the answer rests on it.
    pub decisive: bool,
    /// What was found, in one sentence.
    pub sentence: String,
}

impl Answer {
    /// Names the policies that were looked at and how many statements each has: none when there are none.
    pub fn sources(&self) -> Vec<String> {
        let PolicySet { identity, boundary, session, resource } = &self.policies;
        let all = identity.iter().chain(boundary).chain(session).chain(resource);
        let told = all.map(|source| match source.policy.statements.len() {
            _ if source.policy.unread.is_some() => format!("{} (not read)", source.name),
            1 => format!("{} (1 statement)", source.name),
            count => format!("{} ({count} statements)", source.name),
        });
        told.collect()
    }

    /// Tells every statement that was looked at, in order.
    pub fn lines(&self) -> Vec<Line> {
        let line = |(at, step): (usize, &Step)| Line {
            layer: step.layer,
            policy: step.source.clone(),
            arn: step.arn.clone(),
            statement: step.statement + 1,
            sid: step.sid.clone(),
            effect: step.effect,
            result: match step.finding {
                Finding::Matched => "matched",
                Finding::Differs { .. } => "differs",
                Finding::Unknown { .. } => "unknown",
            },
            decisive: self.decisive.contains(&at),
            sentence: step.to_string(),
        };
        self.decision.trace.iter().enumerate().map(line).collect()
    }
}

/// Services whose resources can have policies of their own, which are not read here. Source: the column
/// "Resource-based policies" of
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>; besides, each
/// service to which AWS's Service Authorization Reference (`policies/actions.txt`) gives an action that puts such a
/// policy on a resource, as `kinesis:PutResourcePolicy`.
const POLICIES_NOT_READ: [&str; 88] = [
    "acm-pca",
    "agent-registry",
    "aiops",
    "aoss",
    "apigateway",
    "appmesh",
    "appsync",
    "aps",
    "arc-region-switch",
    "aws-marketplace",
    "backup",
    "bedrock",
    "bedrock-agentcore",
    "billing",
    "cleanrooms-ml",
    "cloudfront",
    "cloudhsm",
    "cloudtrail",
    "codeartifact",
    "codebuild",
    "comprehend",
    "continuum",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "elasticfilesystem",
    "elemental-inference",
    "entityresolution",
    "es",
    "events",
    "execute-api",
    "fsx",
    "glacier",
    "glue",
    "imagebuilder",
    "kafka",
    "kinesis",
    "kms",
    "lambda",
    "lex",
    "logs",
    "lookoutequipment",
    "mediaconvert",
    "mediapackagev2",
    "mediastore",
    "mediatailor",
    "mpa",
    "network-firewall",
    "networkmanager",
    "oam",
    "odb",
    "organizations",
    "osis",
    "payment-cryptography",
    "qbusiness",
    "redshift",
    "redshift-serverless",
    "refactor-spaces",
    "rekognition",
    "resource-explorer-2",
    "resource-groups",
    "route53-recovery-control-config",
    "route53profiles",
    "route53resolver",
    "rum",
    "s3",
    "s3-object-lambda",
    "s3-outposts",
    "s3express",
    "s3files",
    "s3tables",
    "s3vectors",
    "sagemaker",
    "schemas",
    "secretsmanager",
    "serverlessrepo",
    "servicecatalog",
    "servicediscovery",
    "ses",
    "sms-voice",
    "sns",
    "sqs",
    "ssm",
    "ssm-contacts",
    "ssm-incidents",
    "vpc-lattice",
    "xray",
];

/// Condition keys of calls that a service makes; somebody's own call has none of them. Source: "AWS global condition
/// context keys" in the IAM user guide; for the last, "Amazon SNS API permissions" in the SNS developer guide.
const OF_SERVICES: [&str; 8] = [
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceOwner",
];

/// Tells whether the policy of a resource is one that can be read: a function's or a topic's, in the picture's
/// account and region.
pub fn has_readable_policy(snapshot: &Snapshot, arn: &str) -> bool {
    let Snapshot { account, partition, region, .. } = snapshot;
    let of = |service: &str, kind: &str| {
        let name = arn.strip_prefix(&format!("arn:{partition}:{service}:{region}:{account}:{kind}"));
        name.is_some_and(|name| !name.is_empty() && !name.contains([':', '*', '?']))
    };
    of("sns", "") || of("lambda", "function:")
}

/// Asks.
pub fn ask(snapshot: &Snapshot, holder: &Holder, who: &Effective, question: &Question) -> Answer {
    let request = Request {
        principal: who.principal.clone(),
        action: question.action.clone(),
        resource: question.resource.clone(),
        context: context(snapshot, &who.tags, question),
    };
    let mut policies = who.policies.clone();
    policies.resource = resource_policy(snapshot, &request);
    let is_pattern = request.resource.contains(['*', '?']) && !is_there(snapshot, &request.resource);
    decided(holder, request, policies, is_pattern)
}

/// Asks these policies and no others.
pub fn decide(holder: &Holder, request: Request, policies: PolicySet) -> Answer {
    let is_pattern = request.resource.contains(['*', '?']);
    decided(holder, request, policies, is_pattern)
}

fn decided(holder: &Holder, request: Request, policies: PolicySet, is_pattern: bool) -> Answer {
    if let Some((outcome, reason)) = settled(&request) {
        let verdict = if outcome == Outcome::Allowed { Verdict::Allowed } else { Verdict::ImplicitDeny };
        let decision = Decision { outcome, trace: vec![] };
        let policies = PolicySet::default();
        return Answer { request, policies, decision, verdict, reason, decisive: vec![], settled: true };
    }
    let decision = evaluate(&policies, &request);
    let has_none = policies.identity.is_empty();
    let told = Told { request: &request, decision: &decision, holder, has_none, is_pattern };
    let (verdict, reason, decisive) = told.sentence();
    Answer { request, policies, decision, verdict, reason, decisive, settled: false }
}

/// Decides what no policy has a say in, and says why.
///
/// Sources: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>, and for the root user
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
fn settled(request: &Request) -> Option<(Outcome, String)> {
    let action = request.action.as_str();
    let is = |name: &str| action.eq_ignore_ascii_case(name);
    let denied = |layer: Layer, reason: String| {
        let action = action.to_owned();
        let denial = Denial { explicit: false, layer, action, step: None, missing: vec![] };
        Some((Outcome::Denied(denial), reason))
    };
    let free =
        || Some((Outcome::Allowed, format!("`{action}` needs no permission, and no policy can deny it")));
    match request.principal.kind {
        PrincipalKind::Anonymous | PrincipalKind::Service | PrincipalKind::Federated => None,
        _ if is("sts:GetCallerIdentity") => free(),
        PrincipalKind::User { .. } | PrincipalKind::Root if is("sts:GetSessionToken") => free(),
        PrincipalKind::RoleSession { .. } if is("sts:GetSessionToken") => {
            let why = "takes the long-term credentials of a user; a session has none, whatever it may do";
            denied(Layer::Identity, format!("`{action}` {why}"))
        }
        PrincipalKind::Root if is("sts:AssumeRole") || request.asks_for_role() => {
            let why =
                "no role lets the root user in, whatever its trust policy says: ask as a user or a role";
            denied(Layer::Trust, why.to_owned())
        }
        _ => None,
    }
}

/// Tells whether something of IAM in the account has exactly this ARN, which may hold characters of a pattern.
pub(super) fn is_there(snapshot: &Snapshot, arn: &str) -> bool {
    let Some(identity) = snapshot.identity.read() else { return false };
    let users = identity.users.values().map(|user| &user.arn);
    let groups = identity.groups.values().map(|group| &group.arn);
    let roles = identity.roles.values().map(|role| &role.arn);
    let policies = identity.policies.values().map(|policy| &policy.arn);
    users.chain(groups).chain(roles).chain(policies).any(|known| known == arn)
}

/// What is known of the requests of somebody with these tags, whatever they ask for.
pub(crate) fn known(snapshot: &Snapshot, tags: &Tags) -> Context {
    let mut context = of_call(snapshot.taken_at);
    put_tags(&mut context, "aws:PrincipalTag/", tags);
    context
}

/// What is known of the requests of anybody at all.
pub(super) fn of_call(now: Timestamp) -> Context {
    let mut context = Context::partial()
        .with("aws:CurrentTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .with("aws:EpochTime", now.as_second().to_string())
        .with("aws:SecureTransport", "true")
        .with("aws:ViaAWSService", "false");
    for key in OF_SERVICES {
        context.insert(key, vec![]);
    }
    context
}

fn context(snapshot: &Snapshot, tags: &Tags, question: &Question) -> Context {
    let mut context = known(snapshot, tags);
    if let Some(account) = question.resource.split(':').nth(4).filter(|part| !part.is_empty()) {
        context.insert("aws:ResourceAccount", vec![account.to_owned()]);
    }
    if let Some(tags) = tags_of(snapshot, &question.resource) {
        for prefix in ["aws:ResourceTag/", "iam:ResourceTag/"] {
            put_tags(&mut context, prefix, tags);
        }
    }
    say(&mut context, &question.context);
    context
}

/// Puts in what somebody says: it replaces what was known; said twice, a key has two values.
pub(super) fn say(context: &mut Context, said: &[(String, String)]) {
    for (key, _) in said {
        let values = said.iter().filter(|(other, _)| other.eq_ignore_ascii_case(key));
        context.insert(key, values.map(|(_, value)| value.clone()).collect());
    }
}

/// Puts in tags, all of them.
fn put_tags(context: &mut Context, prefix: &str, tags: &Tags) {
    context.close(prefix);
    for (key, value) in tags {
        context.insert(&format!("{prefix}{key}"), vec![value.clone()]);
    }
}

/// The tags of a user or role.
fn tags_of<'a>(snapshot: &'a Snapshot, arn: &str) -> Option<&'a Tags> {
    let identity = snapshot.identity.read()?;
    let user = identity.users.values().find(|user| user.arn == arn).map(|user| &user.tags);
    user.or_else(|| identity.roles.values().find(|role| role.arn == arn).map(|role| &role.tags))
}

/// Finds the policy of what is acted on. A policy that may be there and was not read may say anything.
fn resource_policy(snapshot: &Snapshot, request: &Request) -> Option<Source> {
    let arn = request.resource.as_str();
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, account) = (parts.next()?, parts.nth(1)?);
    let name = format!("the policy of `{arn}`");
    if !account.is_empty() && account != snapshot.account && !(service == "iam" && account == "aws") {
        return Some(unread(&name, None, &format!("account {account} keeps it to itself")));
    }
    if service == "iam" {
        let asks = request.asks_for_role();
        let role = snapshot.identity.read()?.roles.iter().find(|(_, role)| role.arn == arn && asks);
        return role
            .map(|(role, found)| source(&format!("the trust policy of role `{role}`"), None, &found.trust));
    }
    match snapshot.resource_policies.get(arn) {
        Some(Facet::Read(policy)) => policy.as_ref().map(|policy| source(&name, None, policy)),
        Some(Facet::NotRead(why)) => Some(unread(&name, None, why)),
        None if has_readable_policy(snapshot, arn) => Some(unread(&name, None, "nobody asked for it")),
        None if service == "sns" || service == "lambda" => {
            let why = "of this service only policies of topics and functions in the same account and region are read";
            Some(unread(&name, None, why))
        }
        None if POLICIES_NOT_READ.contains(&service) => {
            Some(unread(&name, None, &format!("policies of `{service}` are not looked at")))
        }
        None => None,
    }
}

/// A decision that is to be told.
struct Told<'a> {
    request: &'a Request,
    decision: &'a Decision,
    holder: &'a Holder,
    has_none: bool,
    /// Whether the resource stands for many.
    is_pattern: bool,
}

impl Told<'_> {
    fn sentence(&self) -> (Verdict, String, Vec<usize>) {
        if let Some((reason, step)) = self.part() {
            return (Verdict::Unknown, reason, vec![step]);
        }
        match &self.decision.outcome {
            Outcome::Allowed => self.allowed(),
            Outcome::Denied(denial) => self.denied(denial),
            Outcome::Indeterminate(reasons) => {
                let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                let unknown = self.steps(|step| matches!(step.finding, Finding::Unknown { .. }));
                (Verdict::Unknown, reasons.join("; "), unknown.map(|(at, _)| at).collect())
            }
        }
    }

    fn steps(&self, wanted: impl Fn(&Step) -> bool) -> impl Iterator<Item = (usize, &Step)> {
        self.decision.trace.iter().enumerate().filter(move |(_, step)| wanted(step))
    }

    /// A resource with a wildcard stands for many. A statement about some of them answers nothing about all.
    fn part(&self) -> Option<(String, usize)> {
        let asked = &self.request.resource;
        let spoils = match &self.decision.outcome {
            _ if !self.is_pattern => return None,
            Outcome::Allowed => Effect::Deny,
            Outcome::Denied(denial) if !denial.explicit => Effect::Allow,
            Outcome::Denied(_) | Outcome::Indeterminate(_) => return None,
        };
        let (at, step) = self
            .steps(|step| {
                let about = matches!(&step.finding, Finding::Differs { first: Mismatch::Resource { .. } });
                about && step.effect == spoils
            })
            .next()?;
        let Finding::Differs { first: Mismatch::Resource { listed, negated, .. } } = &step.finding else {
            return None;
        };
        let does = if spoils == Effect::Allow { "allows" } else { "denies" };
        let which: Vec<String> = listed.texts().iter().take(3).map(|text| format!("`{text}`")).collect();
        let on = if *negated { "everything but " } else { "" };
        let which = which.join(", ");
        Some((format!("{} {does} it on {on}{which}, which is a part of `{asked}`", step.place()), at))
    }

    fn allowed(&self) -> (Verdict, String, Vec<usize>) {
        let allow = |step: &Step| step.effect == Effect::Allow && step.finding == Finding::Matched;
        let decisive: Vec<usize> = self.steps(allow).map(|(at, _)| at).collect();
        let limits = |layer: Layer| matches!(layer, Layer::Boundary | Layer::Session);
        let first = self.steps(|step| allow(step) && !limits(step.layer)).next();
        let reason = match first {
            Some((_, step)) => step.to_string(),
            None if self.request.principal.kind == PrincipalKind::Root => {
                "the root user may do everything in its account".to_owned()
            }
            None => "it is allowed".to_owned(),
        };
        (Verdict::Allowed, reason, decisive)
    }

    fn denied(&self, denial: &Denial) -> (Verdict, String, Vec<usize>) {
        if denial.explicit {
            let at = denial.step.unwrap_or_default();
            let reason = self.decision.trace.get(at).map_or_else(|| denial.clause(), ToString::to_string);
            return (Verdict::ExplicitDeny, reason, vec![at]);
        }
        let Request { action, resource, .. } = self.request;
        let layer = denial.layer;
        let holder = self.holder.name();
        let nearest = self.nearest(layer);
        let whose = match layer {
            Layer::Identity if self.has_none => {
                let groups = match self.holder {
                    Holder::User(_) => ", and none of its groups does",
                    Holder::Root | Holder::Role { .. } => "",
                };
                let reason = format!("{holder} holds no policy{groups}");
                return (Verdict::ImplicitDeny, reason, vec![]);
            }
            Layer::Identity => format!("no policy of {holder}"),
            Layer::Boundary => format!("the permissions boundary of {holder} is the limit, and it never"),
            Layer::Session => "no session policy".to_owned(),
            Layer::Resource => format!("the policy of `{resource}` never"),
            Layer::Trust => "the trust policy of the role never".to_owned(),
        };
        let mut reason = match layer {
            Layer::Trust => format!("{whose} lets {holder} in"),
            _ => format!("{whose} allows `{action}` on `{resource}`"),
        };
        if let Some((_, step)) = nearest {
            reason = format!("{reason}; nearest: {step}");
        }
        (Verdict::ImplicitDeny, reason, nearest.map(|(at, _)| at).into_iter().collect())
    }

    /// The `Allow` statement of a layer that came nearest: of those whose first difference comes last.
    fn nearest(&self, layer: Layer) -> Option<(usize, &Step)> {
        let service = self.request.action.split(':').next().unwrap_or_default();
        let rank = |step: &Step| match &step.finding {
            Finding::Matched | Finding::Unknown { .. } => 5,
            Finding::Differs { first: Mismatch::Condition { .. } } => 4,
            Finding::Differs { first: Mismatch::Principal { .. } } => 3,
            Finding::Differs { first: Mismatch::Resource { .. } } => 2,
            Finding::Differs { first: Mismatch::Action { listed, .. } } => {
                let of_service =
                    |text: &String| text.split(':').next().is_some_and(|it| it.eq_ignore_ascii_case(service));
                u8::from(listed.texts().iter().any(of_service))
            }
        };
        let allows = self.steps(|step| step.layer == layer && step.effect == Effect::Allow);
        // Of equals the first: `max_by_key` takes the last.
        allows.collect::<Vec<_>>().into_iter().rev().max_by_key(|(_, step)| rank(step))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::effective::effective;
    use crate::account::testing::{arn, document, lab};

    fn asked(
        snapshot: &Snapshot,
        who: &str,
        action: &str,
        resource: &str,
        context: &[(&str, &str)],
    ) -> Answer {
        let holder = who.strip_prefix("role/").map_or_else(|| Holder::User(who.into()), Holder::role);
        let who = effective(snapshot, &holder).unwrap();
        let context = context.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let question = Question { action: action.into(), resource: resource.into(), context };
        ask(snapshot, &holder, &who, &question)
    }

    fn verdict(snapshot: &Snapshot, who: &str, action: &str, resource: &str) -> Verdict {
        asked(snapshot, who, action, resource, &[]).verdict
    }

    /// Gives a user an inline policy.
    fn given(snapshot: &mut Snapshot, user: &str, statements: &serde_json::Value) {
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        let policies = &mut identity.users.get_mut(user).unwrap().policies;
        policies.inline.insert("Given".into(), document(statements));
    }

    #[test]
    fn the_deciding_statement_is_named() {
        let snapshot = lab();
        let read = asked(&snapshot, "User3", "iam:GetCredentialReport", "*", &[]);
        assert_eq!(read.verdict, Verdict::Allowed);
        assert_eq!(
            read.reason,
            "statement 1 (`Report`) of policy `IAM-Auditor-Policy` of group `IAM-Auditor-Group` allows it"
        );
        assert_eq!(read.decisive, [1]);
        let add = asked(&snapshot, "User3", "iam:AddUserToGroup", &arn("group/G"), &[]);
        assert_eq!(add.verdict, Verdict::ImplicitDeny);
        assert!(
            add.reason.contains("nearest: statement 1 of inline policy `Own` of user `User3`"),
            "{}",
            add.reason
        );
        let none = asked(&snapshot, "User1", "iam:GetUser", "*", &[]);
        assert_eq!(none.reason, "user `User1` holds no policy, and none of its groups does");
    }

    #[test]
    fn a_deny_and_a_boundary_stand_in_the_way() {
        let mut snapshot = lab();
        given(
            &mut snapshot,
            "User3",
            &json!([{"Sid": "No", "Effect": "Deny", "Action": "iam:Get*", "Resource": "*"}]),
        );
        let denied = asked(&snapshot, "User3", "iam:GetCredentialReport", "*", &[]);
        assert_eq!(denied.verdict, Verdict::ExplicitDeny);
        assert_eq!(denied.reason, "statement 1 (`No`) of inline policy `Given` of user `User3` denies it");
        let bound = asked(&snapshot, "Bound", "iam:GetUser", &arn("user/x"), &[]);
        assert_eq!(bound.verdict, Verdict::ImplicitDeny);
        assert!(bound.reason.contains("the permissions boundary of user `Bound`"), "{}", bound.reason);
        assert!(bound.reason.contains("nearest: statement 1 of policy `Limits`"), "{}", bound.reason);
    }

    #[test]
    fn what_is_not_known_is_said_and_can_be_told() {
        let mut snapshot = lab();
        given(
            &mut snapshot,
            "User1",
            &json!([{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]),
        );
        let ask = |context: &[(&str, &str)]| asked(&snapshot, "User1", "iam:GetUser", "*", context);
        let unknown = ask(&[]);
        assert_eq!(unknown.verdict, Verdict::Unknown);
        assert_eq!(unknown.reason, "the value of `aws:MultiFactorAuthPresent` is not known");
        assert_eq!(ask(&[("AWS:multifactorauthpresent", "true")]).verdict, Verdict::Allowed);
        assert_eq!(ask(&[("aws:MultiFactorAuthPresent", "false")]).verdict, Verdict::ImplicitDeny);
        assert_eq!(verdict(&snapshot, "Reader", "iam:GetUser", "*"), Verdict::Unknown);
    }

    #[test]
    fn the_identitys_own_keys_are_known() {
        let mut snapshot = lab();
        let own = arn("user/User3");
        assert_eq!(verdict(&snapshot, "User3", "iam:ChangePassword", &own), Verdict::Allowed);
        assert_eq!(
            verdict(&snapshot, "User3", "iam:ChangePassword", &arn("user/User1")),
            Verdict::ImplicitDeny
        );
        given(
            &mut snapshot,
            "User1",
            &json!([{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}]),
        );
        assert_eq!(
            verdict(&snapshot, "User1", "iam:GetUser", "*"),
            Verdict::ImplicitDeny,
            "there is no such tag"
        );
        let Facet::Read(identity) = &mut snapshot.identity else { unreachable!() };
        identity.users.get_mut("User1").unwrap().tags.insert("team".into(), "red".into());
        assert_eq!(verdict(&snapshot, "User1", "iam:GetUser", "*"), Verdict::Allowed);
    }

    #[test]
    fn a_statement_about_some_says_nothing_about_all() {
        let mut snapshot = lab();
        let some = asked(&snapshot, "User3", "iam:ChangePassword", "*", &[]);
        assert_eq!(some.verdict, Verdict::Unknown, "it may on itself");
        assert!(some.reason.contains("which is a part of `*`"), "{}", some.reason);
        given(
            &mut snapshot,
            "User2",
            &json!([
            {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "iam:DeleteUser", "Resource": arn("user/User1")}]),
        );
        assert_eq!(verdict(&snapshot, "User2", "iam:DeleteUser", &arn("user/*")), Verdict::Unknown);
        assert_eq!(verdict(&snapshot, "User2", "iam:GetUser", &arn("user/*")), Verdict::Allowed);
    }

    #[test]
    fn resources_have_a_say() {
        let mut snapshot = lab();
        let role = arn("role/IAM-Auditor-role");
        // A trust policy that names a user of the same account lets it in, with no policy of its own.
        assert_eq!(verdict(&snapshot, "User3", "sts:AssumeRole", &role), Verdict::Allowed);
        assert_eq!(verdict(&snapshot, "User1", "sts:AssumeRole", &role), Verdict::ImplicitDeny);
        let topic = "arn:aws:sns:us-east-1:123456789012:t";
        assert_eq!(verdict(&snapshot, "User1", "sns:Publish", topic), Verdict::Unknown, "it was not read");
        snapshot.resource_policies.insert(topic.into(), Facet::Read(None));
        assert_eq!(verdict(&snapshot, "User1", "sns:Publish", topic), Verdict::ImplicitDeny);
        let policy = json!([{"Effect": "Allow", "Principal": {"AWS": arn("user/User1")}, "Action": "sns:Publish",
            "Resource": topic}]);
        snapshot.resource_policies.insert(topic.into(), Facet::Read(Some(document(&policy))));
        assert_eq!(verdict(&snapshot, "User1", "sns:Publish", topic), Verdict::Allowed);
        let elsewhere = "arn:aws:sns:us-east-1:999999999999:t";
        assert_eq!(
            verdict(&snapshot, "User1", "sns:Publish", elsewhere),
            Verdict::ImplicitDeny,
            "both must allow"
        );
        given(&mut snapshot, "User1", &json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
        for unread in [elsewhere, "arn:aws:s3:::bucket/key"] {
            assert_eq!(verdict(&snapshot, "User1", "sns:Publish", unread), Verdict::Unknown, "{unread}");
        }
    }

    #[test]
    fn the_list_of_services_with_policies_has_all_that_the_reference_has() {
        use crate::policy::actions::actions;
        // EC2 has policies on a few kinds of network resources only.
        let other = ["ec2"];
        for place in actions().matching("*:PutResourcePolicy") {
            let (service, _) = actions().name(place).split_once(':').unwrap();
            let known = POLICIES_NOT_READ.contains(&service) || other.contains(&service);
            assert!(known, "{service} has policies on resources");
        }
        assert!(POLICIES_NOT_READ.is_sorted());
    }

    #[test]
    fn policies_that_are_not_read_leave_the_answer_open() {
        let mut snapshot = lab();
        given(&mut snapshot, "User1", &json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
        for (action, arn) in [
            ("sns:Publish", "arn:aws:sns:eu-west-1:123456789012:t"),
            ("sns:Publish", "arn:aws:sns:us-east-1:123456789012:*"),
            ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
            ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:f:live"),
            ("lambda:GetLayerVersion", "arn:aws:lambda:us-east-1:123456789012:layer:l:1"),
            ("kinesis:PutRecord", "arn:aws:kinesis:us-east-1:123456789012:stream/s"),
            ("glue:GetTable", "arn:aws:glue:us-east-1:123456789012:catalog"),
        ] {
            assert_eq!(verdict(&snapshot, "User1", action, arn), Verdict::Unknown, "{action} {arn}");
        }
        let instance = "arn:aws:ec2:us-east-1:123456789012:instance/i-1";
        assert_eq!(verdict(&snapshot, "User1", "ec2:StartInstances", instance), Verdict::Allowed);
    }

    #[test]
    fn what_needs_no_permission_is_allowed_whatever_denies_it() {
        let mut snapshot = lab();
        given(&mut snapshot, "User1", &json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]));
        for who in ["User1", "User2", "role/IAM-Auditor-role"] {
            let answer = asked(&snapshot, who, "STS:getcalleridentity", "*", &[]);
            assert_eq!(answer.verdict, Verdict::Allowed, "{who}");
            assert!(answer.reason.contains("needs no permission"), "{}", answer.reason);
        }
        assert_eq!(verdict(&snapshot, "User1", "sts:GetSessionToken", "*"), Verdict::Allowed);
        let session = asked(&snapshot, "role/IAM-Auditor-role", "sts:GetSessionToken", "*", &[]);
        assert_eq!(session.verdict, Verdict::ImplicitDeny, "a session cannot call it, whatever it may");
        assert!(session.reason.contains("long-term"), "{}", session.reason);
    }
}
