//! What the checks of the password policy share: an account without one has AWS's defaults, and a call that changes
//! one number resets all others.

use super::check::{Look, Unread};
use super::verdict::Verdict;
use crate::account::snapshot::PasswordPolicy;

/// The command that sets a policy which all of the checks pass.
pub(super) const FIX: &str = "Set the whole policy at once, because an option that is left out goes back to its \
    default: `aws iam update-account-password-policy --minimum-password-length 14 --require-uppercase-characters \
    --require-lowercase-characters --require-numbers --require-symbols --allow-users-to-change-password \
    --max-password-age 90 --password-reuse-prevention 24`.";

/// Where the facts about password policies come from.
pub(super) const SOURCES: &[&str] = &[
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html",
];

/// What a check looks at in the policy.
pub(super) struct Rule {
    /// AWS's name of the field.
    pub(super) field: &'static str,
    /// What holds when the account has no policy of its own: `8`.
    pub(super) default: &'static str,
    /// The sentence for an account without a policy, after "has no password policy, so ".
    pub(super) without: &'static str,
}

/// What a policy says about it.
pub(super) struct Said {
    /// Whether that is enough.
    pub(super) good: bool,
    /// The field's raw value.
    pub(super) value: String,
    /// The sentence.
    pub(super) message: String,
}

impl Said {
    /// Makes it of a field that is on or off.
    pub(super) fn flag(on: bool, good: &str, bad: &str) -> Self {
        Self { good: on, value: on.to_string(), message: if on { good } else { bad }.to_owned() }
    }
}

/// Judges one field of the account's password policy.
pub(super) fn judge(
    look: &Look<'_>,
    rule: &Rule,
    say: impl FnOnce(&PasswordPolicy) -> Said,
) -> Result<Vec<Verdict>, Unread> {
    let verdict = match look.password_policy()? {
        Some(policy) => {
            let said = say(policy);
            Verdict::decide(look.account(), said.good, said.message).with(rule.field, said.value)
        }
        None => Verdict::fail(look.account(), format!("has no password policy, so {}", rule.without))
            .with("PasswordPolicy", "NoSuchEntity")
            .with(rule.field, format!("{} (AWS's default)", rule.default)),
    };
    Ok(vec![verdict])
}

/// Makes the check that the policy asks for one kind of character: the four differ in nothing but the kind.
macro_rules! character_class {
    (id: $id:literal, what: $what:literal, field: $field:literal, flag: $flag:ident $(,)?) => {
        use $crate::audit::{check, password_policy, verdict};

        pub(super) const CHECK: check::Check = check::Check {
            id: $id,
            title: concat!("the password policy asks for ", $what),
            severity: check::Severity::Medium,
            scope: check::Scope::Account,
            reads: &[$crate::account::part::Part::PasswordPolicy],
            params: &[],
            docs: check::Docs {
                looks_at: concat!(
                    "`",
                    $field,
                    "` of the password policy. An account without a policy of its own has AWS's default: eight \
                     characters of any three of four kinds."
                ),
                why: "Every further kind of character makes a password longer to guess by trying; a rule that \
                      leaves one out is the rule that people meet.",
                fix: password_policy::FIX,
                sources: password_policy::SOURCES,
            },
            run,
        };

        const RULE: password_policy::Rule = password_policy::Rule {
            field: $field,
            default: "false",
            without: concat!(
                $what,
                " is not asked for by itself: three of four kinds of characters are enough"
            ),
        };

        fn run(look: &check::Look<'_>) -> Result<Vec<verdict::Verdict>, check::Unread> {
            password_policy::judge(look, &RULE, |policy| {
                let (good, bad) = (concat!("asks for ", $what), concat!("does not ask for ", $what));
                password_policy::Said::flag(policy.$flag, good, bad)
            })
        }

        #[cfg(test)]
        mod tests {
            use super::CHECK;
            use $crate::account::part::Part;
            use $crate::audit::testing::{policy_status, without};
            use $crate::audit::verdict::Status;

            #[test]
            fn the_flag_decides() {
                assert_eq!(policy_status(&CHECK, Some(|_| {})), Status::Pass);
                assert_eq!(policy_status(&CHECK, Some(|policy| policy.$flag = false)), Status::Fail);
                assert_eq!(policy_status(&CHECK, None), Status::Fail);
                assert_eq!(without(&CHECK), Part::PasswordPolicy);
            }
        }
    };
}
pub(super) use character_class;
