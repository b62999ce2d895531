//! What students get wrong: the catalogue, in the order of the assignment's tasks.

/// Makes the catalogue from its rows: variant, id, the tasks it touches, the slots it takes (two mistakes that want
/// the same slot cannot be made together), and what was done.
macro_rules! catalogue {
    ($($variant:ident, $id:literal, [$($task:ident)*], [$($slot:ident)*], $what:literal;)*) => {
        /// One mistake.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "`Mistake::what` says it")]
        pub enum Mistake {
            $($variant,)*
        }

        impl Mistake {
            /// Every mistake.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns its name in answer keys.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Returns the tasks of the assignment that it spoils: `T1`.
            pub const fn tasks(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$(stringify!($task),)*],)* }
            }

            /// Returns what was done, in one sentence.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }

            /// Returns the places in the student's work that it takes.
            const fn slots(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$(stringify!($slot),)*],)* }
            }
        }
    };
}

catalogue! {
    PolicyIamStar, "policy-iam-star", [T1 T6], [policy], "IAM-Auditor-Policy allows iam:* on everything";
    PolicyStar, "policy-star", [T1 T6], [policy], "IAM-Auditor-Policy allows every action on everything";
    PolicyWithoutGenerate, "policy-without-generate", [T1 T5], [policy], "IAM-Auditor-Policy does not allow iam:GenerateCredentialReport";
    PolicyWithoutGet, "policy-without-get", [T1 T5], [policy], "IAM-Auditor-Policy does not allow iam:GetCredentialReport";
    PolicyTooMuch, "policy-too-much", [T1], [policy], "IAM-Auditor-Policy allows more than the report needs";
    PolicyMisnamed, "policy-misnamed", [T1], [policy_name], "the policy is called IAMAuditorPolicy";
    User1WithoutMfa, "user1-without-mfa", [T2], [user1], "User1 has no MFA device";
    User1NeverSignedIn, "user1-never-signed-in", [T2], [user1], "User1 has an MFA device but never signed in";
    User1WithoutConsole, "user1-without-console", [T2], [user1], "User1 has no console password";
    User2WithoutKey, "user2-without-key", [T2], [user2_key], "User2 has no access key";
    User2TwoKeys, "user2-two-keys", [T2], [user2_key], "User2 has two active access keys";
    User2KeyInactive, "user2-key-inactive", [T2], [user2_key], "User2's only access key is inactive";
    User2WithPolicy, "user2-with-policy", [T2], [user2_policy], "User2 has a policy of its own";
    User3WithKey, "user3-with-key", [T2], [user3_key], "User3 has an access key";
    PolicyOnUser, "policy-on-user", [T2 T3], [group_policy], "IAM-Auditor-Policy is attached to User3, not to the group";
    GroupMisspelled, "group-misspelled", [T3], [group], "the group is called IAM-Auditors-group";
    GroupAdministrator, "group-administrator", [T3 T6], [group_policy], "the group also has AdministratorAccess";
    GroupWithoutPolicy, "group-without-policy", [T3 T5], [group_policy], "the group has no policy";
    User3NotInGroup, "user3-not-in-group", [T4 T5], [members], "User3 is not in the group";
    EverybodyInGroup, "everybody-in-group", [T4], [members], "User1 and User2 are in the group too";
    ReportNotRead, "report-not-read", [T5], [report], "User3 never got the credential report";
    AdditionNotTried, "addition-not-tried", [T6], [addition], "User3 never tried to add User2 to the group";
    AdditionTooWide, "addition-too-wide", [T2 T6], [addition], "User3 may now add anybody to any group";
    FunctionMissing, "function-missing", [T7 T9 T10 T11 T12], [runtime architecture code schedule], "there is no function";
    RuntimeWrong, "runtime-wrong", [T7], [runtime], "the function runs python3.12";
    ArchitectureWrong, "architecture-wrong", [T7], [architecture], "the function runs on arm64";
    RoleTrustsEverybody, "role-trusts-everybody", [T8], [trust], "every principal of every account may assume IAM-Auditor-role";
    RoleTrustsService, "role-trusts-service", [T8], [trust], "IAM-Auditor-role trusts the Lambda service, not the function's role";
    RoleWithoutPolicy, "role-without-policy", [T8], [role_policy], "IAM-Auditor-role has no policy";
    RoleMisnamed, "role-misnamed", [T8], [role_name], "the role is called IAMAuditorRole";
    RoleNotAssumable, "role-not-assumable", [], [assume], "the function's role has no permission of its own to assume IAM-Auditor-role, whose trust policy names it";
    CodeKeys, "code-with-keys", [T9], [code], "the code holds an access key";
    CodeDoesNotAssume, "code-does-not-assume", [T9], [code], "the code uses the function's own role, which has the policy";
    CodeSyntax, "code-syntax-error", [T9 T10 T11], [code], "the code is no Python";
    CodeWrongColumn, "code-wrong-column", [T10], [code], "the MFA check looks at access_key_1_active";
    CodeCountsKeyUsers, "code-counts-users-without-password", [T10], [code], "the MFA check reports users without a console password";
    CodeIgnoresRootKeys, "code-ignores-root-keys", [T10], [code], "the code does not look at root's access keys";
    CodeDoesNotPublish, "code-does-not-publish", [T11], [code], "the code prints the report and publishes nothing";
    PublishNotAllowed, "publish-not-allowed", [T11], [publish], "the function's role may not publish to the topic";
    PublishTooWide, "publish-too-wide", [], [publish], "the function's role has sns:* on everything";
    TopicWithoutSubscription, "topic-without-subscription", [T11], [subscription], "nobody is subscribed to the topic";
    SubscriptionPending, "subscription-pending", [T11], [subscription], "the e-mail subscription was never confirmed";
    ScheduleMissing, "schedule-missing", [T12], [schedule], "there is no rule";
    ScheduleWeekly, "schedule-weekly", [T12], [schedule], "the rule fires once a week";
    ScheduleDisabled, "schedule-disabled", [T12], [schedule], "the rule is disabled";
    ScheduleWithoutTarget, "schedule-without-target", [T12], [schedule], "the rule has no target";
    ScheduleWithoutPermission, "schedule-without-permission", [T12], [schedule], "the rule may not invoke the function";
    HistoryNotLookedUp, "history-not-looked-up", [T13], [history], "the event history was never queried";
    RootYesterday, "root-used-yesterday", [], [root_use], "root signed in the day before the class was looked at";
    RootKey, "root-access-key", [], [root_key], "root has an access key";
    RootWithoutMfa, "root-without-mfa", [], [root_mfa], "root has no MFA device";
    PasswordPolicyMissing, "password-policy-missing", [], [passwords], "the account has no password policy";
    PasswordPolicyWeak, "password-policy-weak", [], [passwords], "the password policy asks for 6 characters";
    OtherRegion, "other-region", [], [region], "function, topic and rule are in eu-west-1";
    Late, "late", [], [time], "the work was done after the deadline";
    HostileNames, "hostile-names", [], [names], "descriptions, tags and the student's own name try to break a reader";
    SameWork, "same-work", [], [policy code same], "policy and code are those of another student";
    NothingDone, "nothing-done", [T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13], [everything], "the account is as AWS made it";
}

impl Mistake {
    /// Tells whether two mistakes can be made in one piece of work.
    pub(super) fn goes_with(self, other: Self) -> bool {
        let excludes_all = |mistake: Self| mistake == Self::NothingDone;
        !excludes_all(self)
            && !excludes_all(other)
            && !self.slots().iter().any(|slot| other.slots().contains(slot))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_every_task_can_be_failed() {
        let ids: BTreeSet<_> = Mistake::ALL.iter().map(|mistake| mistake.id()).collect();
        assert_eq!(ids.len(), Mistake::ALL.len());
        for task in 1..=13 {
            let task = format!("T{task}");
            let spoils = |mistake: &&Mistake| {
                mistake.tasks().contains(&task.as_str()) && **mistake != Mistake::NothingDone
            };
            assert!(Mistake::ALL.iter().any(|mistake| spoils(&mistake)), "{task}");
        }
    }

    #[test]
    fn contradictions_are_not_made() {
        assert!(!Mistake::PolicyStar.goes_with(Mistake::PolicyIamStar));
        assert!(!Mistake::FunctionMissing.goes_with(Mistake::CodeKeys));
        assert!(!Mistake::NothingDone.goes_with(Mistake::Late));
        assert!(Mistake::PolicyStar.goes_with(Mistake::RoleMisnamed));
    }
}
