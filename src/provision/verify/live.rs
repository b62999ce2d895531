//! The second opinion: what AWS's own simulator says of the same question, as far as it can know.

use serde::Serialize;

use super::{Judged, Status};
use crate::account::ask::Verdict;
use crate::account::effective::{Holder, effective};
use crate::account::snapshot::{Facet, Snapshot};
use crate::aws::Aws;
use crate::aws::simulate::{Decided, Simulation, simulate};

/// What AWS's simulator says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Live {
    /// Its decision; `None` when it was not asked or did not answer.
    pub decision: Option<Verdict>,
    /// Whether both decided alike; `None` when they cannot be compared.
    pub agrees: Option<bool>,
    /// The policies that decided, by the simulator's names.
    pub policies: Vec<String>,
    /// Why there is no decision, or nothing to compare it with.
    pub note: Option<String>,
    /// Whether it was asked and did not answer.
    #[serde(skip)]
    pub failed: bool,
}

impl Live {
    fn note(note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..Self::default() }
    }

    /// Tells its decision in words.
    pub const fn told(&self) -> &'static str {
        match self.decision {
            Some(Verdict::Allowed) => "allowed",
            Some(Verdict::ExplicitDeny) => "denied by a statement",
            Some(Verdict::ImplicitDeny) => "allowed by no statement",
            Some(Verdict::Unknown) | None => "no decision",
        }
    }

    /// Makes a failure of a judgement that the simulator contradicts.
    pub fn weigh(&self, judged: &mut Judged) {
        if self.agrees == Some(false) {
            judged.status = Status::Fail;
            judged.reason = format!("{}; but AWS's simulator says: {}", judged.reason, self.told());
            let next =
                "find out who is right before trusting either: a service control policy may be at work";
            judged.next = Some(next.to_owned());
        }
    }
}

/// Asks the simulator what was asked of the picture of the account.
pub async fn second_opinion(aws: &Aws, judged: &Judged, snapshot: &Snapshot) -> Live {
    let question = &judged.check.question;
    let (Some(answer), Ok(holder)) = (&judged.answer, &judged.check.holder) else {
        return Live::note("there is nobody to ask about");
    };
    let Ok(who) = effective(snapshot, holder) else { return Live::note("there is nobody to ask about") };
    let role = |name: &String| snapshot.identity.read()?.roles.get(name).map(|role| role.arn.clone());
    let principal = match holder {
        Holder::User(_) => Some(who.principal.arn.clone()),
        Holder::Role { name, .. } => role(name),
        Holder::Root => None,
    };
    let Some(principal) = principal else { return Live::note("the simulator knows users and roles only") };
    if answer.request.asks_for_role() {
        return Live::note("the simulator does not look at trust policies");
    }
    let policy = match snapshot.resource_policies.get(&question.resource) {
        Some(Facet::Read(Some(policy))) => Some(policy.to_text()),
        _ => None,
    };
    let is_user = matches!(holder, Holder::User(_));
    let tags = who.tags.iter().map(|(key, value)| (format!("aws:PrincipalTag/{key}"), vec![value.clone()]));
    let mut context: Vec<(String, Vec<String>)> = tags.collect();
    for (key, _) in &question.context {
        context.retain(|(other, _)| !other.eq_ignore_ascii_case(key));
        context.push((key.clone(), answer.request.context.get(key).unwrap_or_default().to_vec()));
    }
    let asked = Simulation {
        principal: &principal,
        action: &question.action,
        resource: &question.resource,
        resource_policy: policy.as_deref().filter(|_| is_user),
        context: &context,
    };
    let simulated = match simulate(aws, &asked).await {
        Ok(simulated) => simulated,
        Err(error) => return Live { failed: true, ..Live::note(error.to_string()) },
    };
    let decision = match simulated.decided {
        Decided::Allowed => Verdict::Allowed,
        Decided::ExplicitDeny => Verdict::ExplicitDeny,
        Decided::ImplicitDeny => Verdict::ImplicitDeny,
    };
    let apart = if answer.verdict == Verdict::Unknown {
        Some("there is nothing to compare it with".to_owned())
    } else if policy.is_some() && !is_user {
        Some("the simulator takes the policy of a resource for users only".to_owned())
    } else if !simulated.missing.is_empty() {
        Some(format!("the simulator was not told {}", simulated.missing.join(", ")))
    } else {
        None
    };
    Live {
        decision: Some(decision),
        agrees: apart.is_none().then_some(decision == answer.verdict),
        policies: simulated.policies,
        note: apart,
        failed: false,
    }
}
