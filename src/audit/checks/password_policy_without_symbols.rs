//! The password policy asks for a symbol.

use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::password_policy::{self, FIX, Rule, SOURCES, Said};
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "`RequireSymbols` of the password policy. An account without a policy of its own has AWS's \
               default: eight characters of any three of four kinds.",
    why: "Every further kind of character makes a password longer to guess by trying; a rule that leaves \
               one out is the rule that people meet.",
    fix: FIX,
    sources: SOURCES,
};

pub(super) const CHECK: Check = Check {
    id: "password-policy-without-symbols",
    title: "the password policy asks for a symbol",
    severity: Severity::Medium,
    scope: Scope::Account,
    reads: &[Part::PasswordPolicy],
    params: &[],
    docs: DOCS,
    run,
};

const RULE: Rule = Rule {
    field: "RequireSymbols",
    default: "false",
    without: "a symbol is not asked for by itself: three of four kinds of characters are enough",
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    password_policy::judge(look, &RULE, |policy| {
        Said::flag(policy.require_symbols, "asks for a symbol", "does not ask for a symbol")
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
        assert_eq!(policy_status(&CHECK, Some(|policy| policy.require_symbols = false)), Status::Fail);
        assert_eq!(policy_status(&CHECK, None), Status::Fail);
        assert_eq!(without(&CHECK), Part::PasswordPolicy);
    }
}
