//! What a scenario expects people to be able to do, held against an account: pure judgement over what was read.

pub mod live;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::account::ask::{Answer, Line, Question, Verdict, ask, has_readable_policy};
use crate::account::effective::{Holder, Nothing, aws_managed, effective};
use crate::account::snapshot::{Identity, Snapshot};
use crate::policy::evaluate::Outcome;
use crate::policy::trace::Reason;
use crate::provision::{Place, arn};
use crate::scenario::{Expectation, Party, Resolved};

/// An expectation whose parties have met the account.
#[derive(Debug, Clone)]
pub struct Check {
    /// The sentence.
    pub text: String,
    /// Whether it is to be allowed.
    pub allowed: bool,
    /// Who acts, or why nobody can say.
    pub holder: Result<Holder, String>,
    /// What is asked of the account.
    pub question: Question,
}

/// Whether an expectation holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It does.
    Pass,
    /// It does not.
    Fail,
    /// Nobody can tell.
    Unknown,
}

/// An expectation that was judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What was checked.
    pub check: Check,
    /// Whether it holds.
    pub status: Status,
    /// Why, in one sentence.
    pub reason: String,
    /// What to do about it; nothing when it holds.
    pub next: Option<String>,
    /// What the policies said; `None` when they were not asked.
    pub answer: Option<Answer>,
}

impl Judged {
    /// Returns what was decided.
    pub fn verdict(&self) -> Verdict {
        self.answer.as_ref().map_or(Verdict::Unknown, |answer| answer.verdict)
    }

    /// Tells every statement that was looked at.
    pub fn lines(&self) -> Vec<Line> {
        self.answer.as_ref().map(Answer::lines).unwrap_or_default()
    }
}

/// Finds the parties of a scenario's expectations in an account. `context` is what is known of every request.
pub fn checks(scenario: &Resolved, snapshot: &Snapshot, context: &[(String, String)]) -> Vec<Check> {
    let check = |expectation: &Expectation| Check {
        text: expectation.text.clone(),
        allowed: expectation.allowed,
        holder: holder(&expectation.principal, snapshot),
        question: Question {
            action: expectation.action.clone(),
            resource: expectation
                .resource
                .as_ref()
                .map_or_else(|| "*".to_owned(), |party| resource(party, &scenario.place, snapshot)),
            context: context.to_vec(),
        },
    };
    scenario.expect.iter().map(check).collect()
}

fn holder(party: &Party, snapshot: &Snapshot) -> Result<Holder, String> {
    match party {
        Party::Declared(address) if address.kind == "role" => Ok(Holder::role(&address.name)),
        Party::Declared(address) => Ok(Holder::User(address.name.clone())),
        Party::Arn(arn) => Holder::of_arn(snapshot, arn),
    }
}

/// The ARN of what is acted on: the one it has, else the one it would have.
fn resource(party: &Party, place: &Place, snapshot: &Snapshot) -> String {
    let address = match party {
        Party::Arn(arn) => return arn.clone(),
        Party::Declared(address) => address,
    };
    let there = |identity: &Identity| {
        let name = &address.name;
        Some(match address.kind {
            "user" => identity.users.get(name)?.arn.clone(),
            "group" => identity.groups.get(name)?.arn.clone(),
            "role" => identity.roles.get(name)?.arn.clone(),
            "policy" => identity.policies.get(name)?.arn.clone(),
            _ => return None,
        })
    };
    let there = snapshot.identity.read().and_then(there);
    there.or_else(|| arn::arn(address, place)).unwrap_or_else(|| {
        // CloudFormation picks the end of a stack's ARN.
        let Place { partition, region, account, .. } = place;
        format!("arn:{partition}:cloudformation:{region}:{account}:{}/{}/*", address.kind, address.name)
    })
}

/// Lists the policies that have to be read one by one for these checks: the ARNs of AWS-managed ones, and of the
/// resources whose own policies have a say.
pub fn to_read(checks: &[Check], snapshot: &Snapshot) -> (BTreeSet<String>, BTreeSet<String>) {
    let holders = checks.iter().filter_map(|check| check.holder.as_ref().ok());
    let identity = snapshot.identity.read();
    let managed = identity
        .into_iter()
        .flat_map(|identity| holders.clone().flat_map(|holder| aws_managed(identity, holder)));
    let resources = checks.iter().map(|check| &check.question.resource);
    let resources = resources.filter(|arn| has_readable_policy(snapshot, arn)).cloned();
    (managed.collect(), resources.collect())
}

/// Judges a check by what was read.
pub fn judge(check: Check, snapshot: &Snapshot) -> Judged {
    let without = |check: Check, status: Status, reason: String, next: Option<&str>| Judged {
        check,
        status,
        reason,
        next: next.map(str::to_owned),
        answer: None,
    };
    let holder = match &check.holder {
        Ok(holder) => holder.clone(),
        Err(why) => {
            let why = why.clone();
            return without(
                check,
                Status::Unknown,
                why,
                Some("expect something of this account's identities"),
            );
        }
    };
    let who = match effective(snapshot, &holder) {
        Ok(who) => who,
        Err(absent @ Nothing::Absent(_)) => {
            let next = "`iamlab provision up` makes what the scenario declares";
            return without(check, Status::Fail, absent.to_string(), Some(next));
        }
        Err(unread @ Nothing::NotRead(_)) => {
            let next = "the caller needs `iam:GetAccountAuthorizationDetails`";
            return without(check, Status::Unknown, unread.to_string(), Some(next));
        }
    };
    let answer = ask(snapshot, &holder, &who, &check.question);
    let status = match (answer.verdict, check.allowed) {
        (Verdict::Unknown, _) => Status::Unknown,
        (Verdict::Allowed, true) | (Verdict::ExplicitDeny | Verdict::ImplicitDeny, false) => Status::Pass,
        (Verdict::Allowed, false) | (Verdict::ExplicitDeny | Verdict::ImplicitDeny, true) => Status::Fail,
    };
    let next = (status != Status::Pass).then(|| next(&answer, &check.text, &holder));
    Judged { status, reason: answer.reason.clone(), next, answer: Some(answer), check }
}

/// What to do about an expectation that does not hold, or of which nobody can tell.
fn next(answer: &Answer, text: &str, holder: &Holder) -> String {
    let request = &answer.request;
    match answer.verdict {
        Verdict::Allowed => format!(
            "take `{}` out of that statement, or the policy from {}; `iamlab provision status` tells what differs from \
             the scenario",
            request.action,
            holder.name()
        ),
        Verdict::ExplicitDeny => {
            "change or detach the policy that denies it: nothing added can allow it".to_owned()
        }
        Verdict::ImplicitDeny => {
            let who = text.split_whitespace().next().unwrap_or_default();
            let on = if request.resource == "*" { "" } else { request.resource.as_str() };
            let command = format!("iamlab policy explain --as {who} {} {on}", request.action);
            format!(
                "`iamlab provision status` tells what differs from the scenario, `{}` which statement is missing",
                command.trim_end()
            )
        }
        Verdict::Unknown => match &answer.decision.outcome {
            Outcome::Indeterminate(reasons) => unknown(reasons),
            Outcome::Allowed | Outcome::Denied(_) => {
                "name in the sentence what is acted on: `… on kind/Name`".to_owned()
            }
        },
    }
}

/// What to do about what is not known.
pub fn unknown(reasons: &[Reason]) -> String {
    let keys = reasons.iter().filter_map(|reason| match reason {
        Reason::KeyNotKnown { key } => Some(format!("`--context {key}=VALUE`")),
        _ => None,
    });
    let keys: Vec<String> = keys.collect();
    if !keys.is_empty() {
        return format!("say what the request has: {}", keys.join(" "));
    }
    if reasons.iter().any(|reason| matches!(reason, Reason::NotRead { .. })) {
        return "nothing can be concluded without that policy; ask with credentials that may read it"
            .to_owned();
    }
    "ask AWS's own simulator: `iamlab provision verify --live`".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::Facet;
    use crate::account::testing::{arn, lab};

    fn judged(snapshot: &Snapshot, who: &str, allowed: bool, action: &str, resource: &str) -> Judged {
        let question = Question { action: action.into(), resource: resource.into(), context: vec![] };
        let check = Check {
            text: format!("{who} can {action}"),
            allowed,
            holder: Ok(Holder::User(who.into())),
            question,
        };
        judge(check, snapshot)
    }

    #[test]
    fn can_and_cannot_are_judged_by_what_the_account_says() {
        let snapshot = lab();
        let status = |who, allowed, action| judged(&snapshot, who, allowed, action, &arn("user/x")).status;
        assert_eq!(status("User3", true, "iam:GetCredentialReport"), Status::Pass);
        assert_eq!(status("User3", false, "iam:GetCredentialReport"), Status::Fail);
        assert_eq!(status("User1", false, "iam:GetCredentialReport"), Status::Pass);
        assert_eq!(status("User1", true, "iam:GetCredentialReport"), Status::Fail);
        assert_eq!(status("Bound", true, "iam:GetUser"), Status::Fail);
        assert_eq!(status("Reader", true, "iam:GetUser"), Status::Unknown);
        assert_eq!(status("Reader", false, "iam:GetUser"), Status::Unknown);
    }

    #[test]
    fn nobody_is_no_reason_to_be_content() {
        let mut snapshot = lab();
        let gone = judged(&snapshot, "Gone", false, "iam:GetUser", "*");
        assert_eq!(
            (gone.status, gone.reason.as_str()),
            (Status::Fail, "there is no user `Gone` in the account")
        );
        snapshot.identity = Facet::NotRead("access denied".into());
        assert_eq!(judged(&snapshot, "User1", false, "iam:GetUser", "*").status, Status::Unknown);
    }

    #[test]
    fn every_failure_says_what_to_do() {
        let snapshot = lab();
        let next = |who, allowed, action| judged(&snapshot, who, allowed, action, "*").next;
        assert_eq!(next("User3", true, "iam:GetCredentialReport"), None);
        let missing = next("User1", true, "iam:GetUser").unwrap();
        assert!(missing.contains("`iamlab policy explain --as User1 iam:GetUser`"), "{missing}");
        assert!(next("User3", false, "iam:GetCredentialReport").unwrap().contains("user `User3`"));
        assert!(next("User3", true, "iam:ChangePassword").unwrap().contains("on kind/Name"));
    }
}
