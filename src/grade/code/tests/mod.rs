//! Programs as students write them, and what each of them does.
//!
//! What is expected is written as twelve letters, one for each deed in the order of [`DEEDS`]: `M` met, `N` nearly, `P` a
//! part, `-` missed, `?` for a person.

mod class;
mod followed;
mod hostile;
mod programs;

use super::package::tests::zipped;
use super::*;
use crate::grade::found::Outcome;

const DEEDS: [Deed; 12] = [
    Deed::Parses,
    Deed::AssumesRole,
    Deed::GeneratesReport,
    Deed::GetsReport,
    Deed::UsesAssumedRole,
    Deed::RunsBoth,
    Deed::ReportsRootUse,
    Deed::ReportsUsersWithoutMfa,
    Deed::ReportsRootKeys,
    Deed::Publishes,
    Deed::PublishesFindings,
    Deed::HoldsNoKeys,
];

fn read(files: &[(&str, &str)], handler: &str) -> Code {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    Code::read(&Package::open(&zipped(&files)).unwrap(), handler, &BTreeMap::new())
}

fn letters(code: &Code) -> String {
    let letter = |deed| match code.deed(deed).outcome {
        Outcome::Met => 'M',
        Outcome::Nearly => 'N',
        Outcome::Part(_) => 'P',
        Outcome::Missed => '-',
        Outcome::Unknown(_) | Outcome::Manual => '?',
    };
    DEEDS.into_iter().map(letter).collect()
}

#[track_caller]
fn expect(program: &str, expected: &str) -> Code {
    let code = read(&[("lambda_function.py", program)], "lambda_function.lambda_handler");
    same(&code, expected, program);
    code
}

#[track_caller]
fn same(code: &Code, expected: &str, program: &str) {
    let found = letters(code);
    let told: Vec<String> = DEEDS
        .into_iter()
        .zip(found.chars().zip(expected.chars()))
        .filter(|(_, (found, expected))| found != expected)
        .map(|(deed, _)| format!("{deed:?}: {:?}", code.deed(deed)))
        .collect();
    assert_eq!(found, expected, "\n{}\n{program}", told.join("\n"));
}
