//! The password policy lets passwords expire.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::password_policy::{self, FIX, Rule, SOURCES, Said};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "`MaxPasswordAge` of the password policy, in days. An absent field, 0 and an account \
               without a policy of its own mean that passwords never expire.",
    why: "A password that has become known without anybody noticing stops working one day. Newer advice \
               does without forced changes where there is a second factor; the benchmark dropped this rule \
               after 1.2.0.",
    fix: FIX,
    sources: SOURCES,
};

pub(super) const CHECK: Check = Check {
    id: "password-policy-no-expiry",
    title: "the password policy lets passwords expire within 90 days",
    severity: Severity::Low,
    scope: Scope::Account,
    reads: &[Part::PasswordPolicy],
    params: &[Param { name: "max_age_days", default: 90, about: "days until expiry that pass" }],
    docs: DOCS,
    run,
};

const RULE: Rule = Rule {
    field: "MaxPasswordAge",
    default: "0",
    without: "passwords never expire",
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let most = look.param("max_age_days");
    password_policy::judge(look, &RULE, |policy| {
        let days = policy.max_age_days.filter(|days| *days > 0);
        Said {
            good: days.is_some_and(|days| i64::from(days) <= most),
            value: policy.max_age_days.map_or_else(|| "absent".to_owned(), |days| days.to_string()),
            message: days.map_or_else(
                || "lets passwords live for ever".to_owned(),
                |days| format!("lets passwords expire after {days} days; {most} are the most"),
            ),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{policy_status, without};
    use crate::audit::verdict::Status;

    #[test]
    fn no_age_and_a_long_one_fail() {
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.max_age_days = Some(90))), Status::Pass);
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.max_age_days = Some(91))), Status::Fail);
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.max_age_days = Some(0))), Status::Fail);
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.max_age_days = None)), Status::Fail);
        assert_eq!(policy_status(&CHECK, None), Status::Fail);
        assert_eq!(without(&CHECK), Part::PasswordPolicy);
    }
}
