//! Tasks 5 and 6 of the assignment with the real program: a student signs in as User3, reads the credential report, is
//! denied the rest in AWS's words, finds out why, and may after the change that the program proposed.

use crate::lab::LAB;
use crate::program::Program;
use crate::serving::Serving;

#[test]
fn a_student_does_tasks_5_and_6() {
    let program = Program::new();
    program.run(&["provision", "up", LAB]).expect(0);
    let serving = Serving::of(&program);
    let binary = env!("CARGO_BIN_EXE_iamlab");
    let args = ["--iamlab", binary, "--credentials", "iam-auditing-credentials.csv"];
    let Some(chapters) = serving.conformance(&program, "student.py", &args) else { return };
    chapters.expect("ok", 7);
}
