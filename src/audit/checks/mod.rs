//! The checks, one file each. A file missing from this table fails a test.

use super::check::Check;

/// Declares the checks: the modules, which are their files, and the table.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// All checks, in the order of their ids.
        pub const CHECKS: &[&Check] = &[$(&$name::CHECK),*];
    };
}

checks![
    access_key_at_setup,
    access_key_old,
    analyzer_missing,
    cloudshell_full_access,
    console_users_without_federation,
    credential_unused,
    external_trust_without_external_id,
    group_administrator,
    group_without_members,
    group_without_policies,
    inline_policy,
    password_old,
    password_policy_no_expiry,
    password_policy_reuse,
    password_policy_short,
    password_policy_users_may_not_change,
    password_policy_without_lowercase,
    password_policy_without_numbers,
    password_policy_without_symbols,
    password_policy_without_uppercase,
    policy_full_admin,
    policy_wildcard_action,
    privileged_user_without_mfa,
    role_administrator,
    root_access_key,
    root_not_managed_centrally,
    root_used,
    root_without_hardware_mfa,
    root_without_mfa,
    server_certificate_expired,
    support_role_missing,
    user_console_without_mfa,
    user_direct_policy,
    user_stale,
    user_two_active_keys,
];
