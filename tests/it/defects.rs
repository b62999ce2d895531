//! What other emulators of AWS were found to answer wrongly, each as a case that shows the right answer here.

use crate::program::Program;
use crate::serving::Serving;

/// So many cases has `tests/conformance/defects.py`; a case that is left out does not pass.
const CASES: usize = 55;
/// And so many ask for what the sandbox does not have, and says so.
const ABSENT: usize = 2;

#[test]
fn defects_of_other_emulators_are_none_of_ours() {
    let program = Program::new();
    let serving = Serving::of(&program);
    let Some(cases) = serving.conformance(&program, "defects.py", &[]) else { return };
    cases.expect("ok", CASES);
    cases.expect("absent", ABSENT);
}
