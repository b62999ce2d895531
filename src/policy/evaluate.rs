//! The decision: all layers of policies, one request.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>, for two
//! accounts <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>,
//! for trust policies <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_compare-resource-policies.html>.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::principal::Grip;
use super::request::{PrincipalKind, Request};
use super::statement::{Effect, Policy, Side};
use super::trace::{Finding, Layer, Reason, Step};
use crate::source::Span;

/// A policy that applies, and where it comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// For people: ``policy `IAM-Auditor-Policy` of group `IAM-Auditor-Group` ``.
    pub name: String,
    /// The ARN of the policy, when it has one.
    pub arn: Option<String>,
    /// The policy.
    pub policy: Arc<Policy>,
}

impl Source {
    /// Makes a source of a policy that has no ARN.
    pub fn new(name: impl Into<String>, policy: Policy) -> Self {
        Self { name: name.into(), arn: None, policy: Arc::new(policy) }
    }
}

/// The policies that apply to a request.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    /// Of the principal: managed, inline, of its groups. Of a session: those of its role or user.
    pub identity: Vec<Source>,
    /// The permissions boundary of the user or role.
    pub boundary: Option<Source>,
    /// Those handed in when the session was made; none do not limit a role's session.
    pub session: Vec<Source>,
    /// Of the resource; of a role that is to be assumed, its trust policy.
    pub resource: Option<Source>,
}

/// What was decided, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// What was decided.
    pub outcome: Outcome,
    /// Every statement that was looked at, in order.
    pub trace: Vec<Step>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The request is allowed.
    Allowed,
    /// The request is denied.
    Denied(Denial),
    /// It depends on what nobody knows.
    Indeterminate(Vec<Reason>),
}

/// Why a request is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// Whether a `Deny` statement did it; otherwise an `Allow` is missing.
    pub explicit: bool,
    /// The layer that AWS's message names.
    pub layer: Layer,
    /// The action, for the message.
    pub action: String,
    /// Explicit: the statement, as its place in the trace. Implicit: `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Implicit: every layer that lacks an `Allow`, the named one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Layer>,
}

impl Decision {
    /// Tells whether the request is allowed for certain.
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allowed
    }
}

impl Denial {
    /// Returns the end of AWS's message: `because no identity-based policy allows the iam:GetUser action`.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.
    pub fn clause(&self) -> String {
        let layer = self.layer.name();
        if !self.explicit {
            return format!("because no {layer} allows the {} action", self.action);
        }
        let article = match self.layer {
            Layer::Identity => "an",
            Layer::Trust => "the",
            Layer::Boundary | Layer::Session | Layer::Resource => "a",
        };
        format!("with an explicit deny in {article} {layer}")
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.clause())
    }
}

/// Kleene's three values, ordered: "and" is the smaller of two, "or" the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    No,
    Unknown,
    Yes,
}

/// What the statements of one layer say.
#[derive(Debug, Clone, Copy)]
struct Said {
    deny: Truth,
    /// Whether they allow, by how directly they speak of the principal: at least so.
    account: Truth,
    entity: Truth,
    direct: Truth,
}

impl Said {
    const NOTHING: Self = Self { deny: Truth::No, account: Truth::No, entity: Truth::No, direct: Truth::No };

    fn add(&mut self, effect: Effect, truth: Truth, grip: Grip) {
        let to = match (effect, grip) {
            (Effect::Deny, _) => {
                self.deny = self.deny.max(truth);
                return;
            }
            (Effect::Allow, Grip::Account) => [Some(&mut self.account), None, None],
            (Effect::Allow, Grip::Entity) => [Some(&mut self.account), Some(&mut self.entity), None],
            (Effect::Allow, Grip::Direct) => {
                [Some(&mut self.account), Some(&mut self.entity), Some(&mut self.direct)]
            }
        };
        for slot in to.into_iter().flatten() {
            *slot = (*slot).max(truth);
        }
    }
}

/// Decides a request.
pub fn evaluate(set: &PolicySet, request: &Request) -> Decision {
    let mut trace = Vec::new();
    let mut look = |layer: Layer, sources: &[Source]| {
        let mut said = Said::NOTHING;
        for source in sources {
            look_at(source, layer, request, &mut said, &mut trace);
        }
        said
    };
    let owner = if request.asks_for_role() { Layer::Trust } else { Layer::Resource };
    let layers = Layers {
        identity: look(Layer::Identity, &set.identity),
        boundary: set.boundary.as_ref().map(|boundary| look(Layer::Boundary, std::slice::from_ref(boundary))),
        session: look(Layer::Session, &set.session),
        has_session: !set.session.is_empty(),
        resource: set
            .resource
            .as_ref()
            .map_or(Said::NOTHING, |resource| look(owner, std::slice::from_ref(resource))),
        owner,
    };
    Decision { outcome: layers.outcome(request, &trace), trace }
}

fn look_at(source: &Source, layer: Layer, request: &Request, said: &mut Said, trace: &mut Vec<Step>) {
    let side = match layer {
        Layer::Resource | Layer::Trust => Side::Resource,
        Layer::Identity | Layer::Boundary | Layer::Session => Side::Principal,
    };
    if let Some(why) = &source.policy.unread {
        for effect in [Effect::Allow, Effect::Deny] {
            said.add(effect, Truth::Unknown, Grip::Direct);
            let reason = Reason::NotRead { policy: source.name.clone(), why: why.clone() };
            trace.push(Step {
                layer,
                source: source.name.clone(),
                arn: source.arn.clone(),
                statement: 0,
                sid: None,
                span: Span::default(),
                effect,
                finding: Finding::Unknown { reasons: vec![reason] },
            });
        }
    }
    for statement in &source.policy.statements {
        let (finding, grip) = statement.look(request, side);
        let truth = match &finding {
            Finding::Matched => Truth::Yes,
            Finding::Differs { .. } => Truth::No,
            Finding::Unknown { .. } => Truth::Unknown,
        };
        said.add(statement.effect, truth, grip);
        trace.push(Step {
            layer,
            source: source.name.clone(),
            arn: source.arn.clone(),
            statement: statement.index,
            sid: statement.sid.clone(),
            span: statement.span,
            effect: statement.effect,
            finding,
        });
    }
}

/// What each layer says, and how they go together.
struct Layers {
    identity: Said,
    boundary: Option<Said>,
    session: Said,
    has_session: bool,
    resource: Said,
    /// Whether `resource` is a policy of a resource or the trust policy of a role.
    owner: Layer,
}

impl Layers {
    fn outcome(&self, request: &Request, trace: &[Step]) -> Outcome {
        let denies = |step: &Step| step.effect == Effect::Deny && step.finding == Finding::Matched;
        if let Some((at, step)) = trace.iter().enumerate().find(|(_, step)| denies(step)) {
            let action = request.action.clone();
            let missing = vec![];
            return Outcome::Denied(Denial {
                explicit: true,
                layer: step.layer,
                action,
                step: Some(at),
                missing,
            });
        }
        match (self.allowed(request), self.denied()) {
            (Truth::No, _) => {
                let missing = self.missing(request);
                let layer = missing.first().copied().unwrap_or(Layer::Identity);
                let action = request.action.clone();
                Outcome::Denied(Denial { explicit: false, layer, action, step: None, missing })
            }
            (Truth::Yes, Truth::No) => Outcome::Allowed,
            _ => {
                let unknown = trace.iter().filter_map(|step| match &step.finding {
                    Finding::Unknown { reasons } => Some(reasons),
                    Finding::Matched | Finding::Differs { .. } => None,
                });
                let reasons: std::collections::BTreeSet<_> = unknown.flatten().cloned().collect();
                Outcome::Indeterminate(reasons.into_iter().collect())
            }
        }
    }

    fn denied(&self) -> Truth {
        let boundary = self.boundary.map_or(Truth::No, |said| said.deny);
        self.identity.deny.max(boundary).max(self.session.deny).max(self.resource.deny)
    }

    /// What the principal's own policies grant, before anything limits it.
    fn own(&self, request: &Request) -> Truth {
        match request.principal.kind {
            PrincipalKind::Root => Truth::Yes,
            _ => self.identity.direct,
        }
    }

    fn boundary(&self) -> Truth {
        self.boundary.map_or(Truth::Yes, |said| said.direct)
    }

    fn session(&self, request: &Request) -> Truth {
        match request.principal.kind {
            _ if self.has_session => self.session.direct,
            // "If there is no session policy, the code checks whether the principal is a role session. If the
            // principal is a role session, then the request is Allowed. Otherwise, the request is implicitly
            // denied."
            PrincipalKind::FederatedUser { .. } => Truth::No,
            _ => Truth::Yes,
        }
    }

    fn allowed(&self, request: &Request) -> Truth {
        let limits = self.boundary().min(self.session(request));
        let by_identity = self.own(request).min(limits);
        let resource = &self.resource;
        if has_no_identity(request) {
            resource.direct
        } else if !request.same_account() {
            resource.account.min(by_identity)
        } else {
            let by_account = match self.owner {
                // A trust policy always has to speak of the principal, be it through its account.
                Layer::Trust => resource.account.min(by_identity),
                _ => by_identity,
            };
            resource.direct.max(resource.entity.min(limits)).max(by_account)
        }
    }

    /// The layers that lack an `Allow`.
    fn missing(&self, request: &Request) -> Vec<Layer> {
        let lacks = |truth: Truth, layer: Layer| (truth == Truth::No).then_some(layer);
        let owner = |needed: bool| if needed { lacks(self.resource.account, self.owner) } else { None };
        if has_no_identity(request) {
            return vec![self.owner];
        }
        let same = request.same_account();
        // A resource that grants it to the role leaves the limits to be met, no identity policy.
        let granted = same && self.resource.entity != Truth::No;
        let own = if granted { None } else { lacks(self.own(request), Layer::Identity) };
        let limits = [lacks(self.boundary(), Layer::Boundary), lacks(self.session(request), Layer::Session)];
        let trust = owner(self.owner == Layer::Trust);
        let resource = owner(self.owner == Layer::Resource && !same);
        [trust, own].into_iter().chain(limits).chain([resource]).flatten().collect()
    }
}

/// Tells whether nothing but the resource's policy can allow the principal anything.
const fn has_no_identity(request: &Request) -> bool {
    matches!(
        request.principal.kind,
        PrincipalKind::Service | PrincipalKind::Anonymous | PrincipalKind::Federated
    )
}
