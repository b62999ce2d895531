//! Users may change their own password.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::password_policy::{self, FIX, Rule, SOURCES, Said};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "`AllowUsersToChangePassword` of the password policy. Without a policy of its own an \
               account does not let users change their password, unless a policy of theirs does.",
    why: "A password that its owner cannot change stays the one that somebody else has chosen and sent, \
               also when it has become known.",
    fix: FIX,
    sources: SOURCES,
};

pub(super) const CHECK: Check = Check {
    id: "password-policy-users-may-not-change",
    title: "users may change their own password",
    severity: Severity::Low,
    scope: Scope::Account,
    reads: &[Part::PasswordPolicy],
    params: &[],
    docs: DOCS,
    run,
};

const RULE: Rule = Rule {
    field: "AllowUsersToChangePassword",
    default: "false",
    without: "users may not change their own password",
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    password_policy::judge(look, &RULE, |policy| {
        Said::flag(
            policy.users_may_change,
            "lets users change their own password",
            "does not let users change their own password",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{policy_status, without};
    use crate::audit::verdict::Status;

    #[test]
    fn the_flag_decides() {
        assert_eq!(policy_status(&CHECK, Some(|_| {})), Status::Pass);
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.users_may_change = false)), Status::Fail);
        assert_eq!(policy_status(&CHECK, None), Status::Fail);
        assert_eq!(without(&CHECK), Part::PasswordPolicy);
    }
}
