//! Two accounts in one sandbox: a role that one lets the other assume, and nothing else that they share.

use crate::program::Program;
use crate::serving::Serving;

#[test]
fn a_role_is_assumed_across_accounts_with_the_right_external_id_only() {
    let program = Program::new();
    let serving = Serving::of(&program);
    let binary = env!("CARGO_BIN_EXE_iamlab");
    let Some(cases) = serving.conformance(&program, "cross_account.py", &["--iamlab", binary]) else {
        return;
    };
    cases.expect("ok", 7);
}
