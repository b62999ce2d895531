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

checks![root_used, user_console_without_mfa];
