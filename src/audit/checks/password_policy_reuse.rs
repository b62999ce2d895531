//! The password policy refuses former passwords.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::password_policy::{self, FIX, Rule, SOURCES, Said};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "`PasswordReusePrevention` of the password policy; 24 is the most that AWS remembers. An \
               absent field and an account without a policy of its own remember none.",
    why: "Who may go back to a former password changes it twice and keeps the one that may have become \
               known.",
    fix: FIX,
    sources: SOURCES,
};

pub(super) const CHECK: Check = Check {
    id: "password-policy-reuse",
    title: "the password policy refuses the last 24 passwords",
    severity: Severity::Low,
    scope: Scope::Account,
    reads: &[Part::PasswordPolicy],
    params: &[Param { name: "remembered", default: 24, about: "former passwords whose refusal passes" }],
    docs: DOCS,
    run,
};

const RULE: Rule = Rule {
    field: "PasswordReusePrevention",
    default: "0",
    without: "former passwords may be used again",
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let wanted = look.param("remembered");
    password_policy::judge(look, &RULE, |policy| {
        let remembered = policy.reuse_prevention.unwrap_or(0);
        Said {
            good: i64::from(remembered) >= wanted,
            value: policy.reuse_prevention.map_or_else(|| "absent".to_owned(), |number| number.to_string()),
            message: format!("refuses the last {remembered} passwords; {wanted} are wanted"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{policy_status, without};
    use crate::audit::verdict::Status;

    #[test]
    fn an_absent_field_remembers_nothing() {
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.reuse_prevention = Some(24))), Status::Pass);
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.reuse_prevention = Some(23))), Status::Fail);
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.reuse_prevention = None)), Status::Fail);
        assert_eq!(policy_status(&CHECK, None), Status::Fail);
        assert_eq!(without(&CHECK), Part::PasswordPolicy);
    }
}
