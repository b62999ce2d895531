//! The SDK that most students use: its paginators, waiters and typed exceptions on every operation that is served.

use crate::program::Program;
use crate::serving::Serving;

#[test]
fn paginators_waiters_and_typed_exceptions_work() {
    let program = Program::new();
    let serving = Serving::of(&program);
    let Some(cases) = serving.conformance(&program, "paginators.py", &[]) else { return };
    cases.expect("page", 61);
    cases.expect("wait", 17);
    cases.expect("raise", 36);
}
