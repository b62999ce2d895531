//! The password policy asks for long passwords.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::password_policy::{self, FIX, Rule, SOURCES, Said};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "`MinimumPasswordLength` of the password policy, which AWS takes from 6 to 128. As many \
               characters as the limit says are enough. Without a policy of its own an account asks for \
               eight.",
    why: "Length is what makes a password hard to guess by trying; each character multiplies the tries.",
    fix: FIX,
    sources: SOURCES,
};

pub(super) const CHECK: Check = Check {
    id: "password-policy-short",
    title: "the password policy asks for at least 14 characters",
    severity: Severity::Medium,
    scope: Scope::Account,
    reads: &[Part::PasswordPolicy],
    params: &[Param { name: "min_length", default: 14, about: "characters that pass" }],
    docs: DOCS,
    run,
};

const RULE: Rule = Rule {
    field: "MinimumPasswordLength",
    default: "8",
    without: "eight characters are enough",
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let wanted = look.param("min_length");
    password_policy::judge(look, &RULE, |policy| Said {
        good: i64::from(policy.minimum_length) >= wanted,
        value: policy.minimum_length.to_string(),
        message: format!("asks for {} characters; {wanted} are wanted", policy.minimum_length),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{policy_status, without};
    use crate::audit::verdict::Status;

    #[test]
    fn as_long_as_wanted_is_enough() {
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.minimum_length = 14)), Status::Pass);
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.minimum_length = 13)), Status::Fail);
        assert_eq!(policy_status(&CHECK, None), Status::Fail);
        assert_eq!(without(&CHECK), Part::PasswordPolicy);
    }
}
