//! The lab read back by another program, in another language, through another SDK: every fact of the assignment.

use crate::inventory::difference;
use crate::lab::{Account, LAB};
use crate::moto::{Moto, conformance};
use crate::program::Program;
use crate::served::Served;
use crate::wire::Fault;

#[test]
fn every_fact_is_true_on_moto_and_nothing_is_left_after_down() {
    let Some(moto) = Moto::start() else { return };
    let program = Program::new().on(&moto);
    let inventory = || crate::cases::wait(async { moto.clients().await.inventory().await });
    let before = inventory();
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    moto.conformance("facts.py", &[]);
    program.run(&["provision", "down", LAB, "--yes"]).expect(0);
    moto.conformance("facts.py", &["--down"]);
    assert_eq!(difference(&before, &inventory()), "");
}

#[test]
fn every_fact_is_true_on_the_sandbox_and_nothing_is_left_after_down() {
    let account = Account::live();
    let served = Served::new(&account, |_| Fault::None);
    let (id, secret) = served.key();
    let facts = |args: &[&str]| conformance("facts.py", &served.url(), (&id, &secret), args);
    let program = Program::new().at(&served);
    program.run(&["provision", "up", LAB, "--yes"]).expect(0);
    facts(&[]);
    program.run(&["provision", "down", LAB, "--yes"]).expect(0);
    facts(&["--down"]);
}

/// What moto does otherwise than AWS is a list; a row that no longer holds goes from it.
#[test]
fn moto_deviates_from_aws_as_the_list_says() {
    let Some(moto) = Moto::start() else { return };
    moto.conformance("deviations.py", &[]);
}
