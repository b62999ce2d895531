//! Which policies hang on somebody.

use super::grants::{is_narrow, mean_the_same};
use super::wording::{joined, list, tick};
use super::{Case, Named};
use crate::account::bare_name;
use crate::account::snapshot::{Facet, Policies};
use crate::grade::found::{Found, Outcome};
use crate::grade::rubric::Attached;
use crate::policy::document::PolicyDocument;

/// What hangs on a holder, sorted by what it is to the policy that is asked for.
#[derive(Debug, Default)]
struct Hanging {
    /// Whether it is the policy itself.
    has_it: bool,
    /// Others that mean the same.
    same: Vec<String>,
    /// Others that cost nothing.
    fine: Vec<String>,
    /// Whatever else.
    others: Vec<String>,
    /// ARNs and inline names, for the evidence.
    shown: Vec<String>,
}

struct Looked<'c> {
    policy: Named<'c>,
    holder: Named<'c>,
    hanging: Hanging,
}

fn look<'c>(case: &'c Case<'_>, asked: &Attached) -> Result<Looked<'c>, Found> {
    let (holder, policies) = case.policies(&asked.to)?;
    let policy = case.find(&asked.policy)?;
    let arn = case.arn(&asked.policy)?;
    let document = case.identity()?.policies.get(policy.name).and_then(|policy| policy.document.as_ref());
    let hanging = hanging(case, policies, &arn, document, &asked.also_fine);
    Ok(Looked { policy, holder, hanging })
}

fn hanging(
    case: &Case<'_>,
    policies: &Policies,
    wanted: &str,
    document: Option<&PolicyDocument>,
    also_fine: &[String],
) -> Hanging {
    let mut hanging = Hanging::default();
    let sort = |hanging: &mut Hanging, name: String, other: Option<&PolicyDocument>| {
        let is_same =
            document.zip(other).is_some_and(|(one, other)| mean_the_same(case.snapshot(), one, other));
        let is_fine = || other.is_some_and(|other| is_narrow(case.snapshot(), other, also_fine));
        let list = match () {
            () if is_same => &mut hanging.same,
            () if is_fine() => &mut hanging.fine,
            () => &mut hanging.others,
        };
        list.push(name);
    };
    for arn in &policies.attached {
        hanging.shown.push(arn.clone());
        if arn == wanted {
            hanging.has_it = true;
            continue;
        }
        let name = bare_name(arn).to_owned();
        sort(&mut hanging, name, of_arn(case, arn));
    }
    for (name, document) in &policies.inline {
        hanging.shown.push(format!("inline policy {}", tick(name)));
        sort(&mut hanging, format!("{name} (inline)"), Some(document));
    }
    hanging
}

/// Finds the document of a managed policy.
fn of_arn<'a>(case: &Case<'a>, arn: &str) -> Option<&'a PolicyDocument> {
    let snapshot = case.snapshot();
    if let Some(document) = snapshot.aws_managed.get(arn) {
        return document.read();
    }
    let identity = match &snapshot.identity {
        Facet::Read(identity) => identity,
        Facet::NotRead(_) => return None,
    };
    identity.policies.values().find(|policy| policy.arn == arn)?.document.as_ref()
}

fn told(found: Found, looked: Looked<'_>) -> Found {
    let mut found = found.remarked(joined([looked.policy.remark, looked.holder.remark]));
    found.evidence.extend(looked.hanging.shown.into_iter().take(20));
    found
}

pub(super) fn attached(case: &Case<'_>, asked: &Attached) -> Result<Found, Found> {
    let looked = look(case, asked)?;
    let (policy, holder) = (tick(looked.policy.name), tick(looked.holder.name));
    let found = match looked.hanging.same.first() {
        _ if looked.hanging.has_it => Found::met(format!("{policy} is attached to {holder}")),
        Some(other) => {
            let message = format!("{holder} has {} in place of {policy}, which means the same", tick(other));
            Found::new(Outcome::Nearly, message)
        }
        None => Found::missed(format!("{policy} is not attached to {holder}")),
    };
    Ok(told(found, looked))
}

pub(super) fn only_attached(case: &Case<'_>, asked: &Attached) -> Result<Found, Found> {
    let looked = look(case, asked)?;
    let (policy, holder) = (tick(looked.policy.name), tick(looked.holder.name));
    let Hanging { has_it, same, fine, others, .. } = &looked.hanging;
    let passed = (!fine.is_empty()).then(|| format!("{} is narrow and costs nothing", list(fine)));
    let found = if !others.is_empty() {
        Found::missed(format!("{holder} has {} besides {policy}", list(others)))
    } else if *has_it || !same.is_empty() {
        let what = if *has_it { policy } else { list(same) };
        Found::met(format!("{holder} has {what} and nothing that allows more"))
    } else {
        Found::missed(format!("{holder} has no policy at all"))
    };
    Ok(told(found.remarked(passed), looked))
}
