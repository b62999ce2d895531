//! One bad answer to any API call of `up` or `down`: the run itself copes. A permission that is missing for good: the
//! program ends, and says which.

use std::collections::BTreeMap;
use std::fmt;

use iamlab::provision::plan::Goal;
use iamlab::scenario::Resolved;

use crate::cases::{Verdict, ensure, run_all, wait};
use crate::inventory::difference;
use crate::kill::calls_of;
use crate::lab::{Account, DOWN, LAB, UP, Written, concluded, iam_auditing};
use crate::program::Program;
use crate::served::Served;
use crate::wire::{Fault, Wire};

/// Everything that may happen to one answer.
const FAULTS: [Fault; 5] =
    [Fault::Throttled, Fault::ServerError, Fault::LostBefore, Fault::LostAfter, Fault::Truncated];

struct Trouble {
    call: usize,
    action: String,
    fault: Fault,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} ({}), {:?}", self.call, self.action, self.fault)
    }
}

#[test]
fn up_of_the_lab_copes_with_one_bad_answer_to_any_call() {
    let scenario = iam_auditing();
    copes(&scenario, UP, calls_of(&scenario, UP));
}

#[test]
fn down_of_the_lab_copes_with_one_bad_answer_to_any_call() {
    let scenario = iam_auditing();
    copes(&scenario, DOWN, calls_of(&scenario, DOWN));
}

#[test]
fn up_of_every_kind_copes_with_one_bad_answer_to_any_action() {
    let written = Written::wide();
    let scenario = written.load();
    copes(&scenario, UP, last_of_each(calls_of(&scenario, UP)));
}

#[test]
fn down_of_every_kind_copes_with_one_bad_answer_to_any_action() {
    let written = Written::wide();
    let scenario = written.load();
    copes(&scenario, DOWN, last_of_each(calls_of(&scenario, DOWN)));
}

/// Of the calls of one action, the last.
fn last_of_each(calls: Vec<(usize, String)>) -> Vec<(usize, String)> {
    let last: BTreeMap<String, usize> = calls.into_iter().map(|(call, action)| (action, call)).collect();
    last.into_iter().map(|(action, call)| (call, action)).collect()
}

fn copes(scenario: &Resolved, goal: Goal, calls: Vec<(usize, String)>) {
    let troubles = calls
        .into_iter()
        .flat_map(|(call, action)| FAULTS.map(|fault| Trouble { call, action: action.clone(), fault }));
    run_all(troubles.collect(), |trouble| wait(run_through(scenario, goal, &trouble)));
}

async fn run_through(scenario: &Resolved, goal: Goal, trouble: &Trouble) -> Verdict {
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    let handover = folder.path().join("credentials.csv");
    let clients = account.clients().await;
    let before = clients.inventory().await;
    if goal == DOWN {
        account.complete(scenario, UP, &handover).await?;
    }
    let (call, fault) = (trouble.call, trouble.fault);
    let wire = Wire::new(account.http(), move |now| if now.number == call { fault } else { Fault::None });
    concluded(account.run(wire.client(), scenario, goal, &handover).await)?;
    if goal == UP {
        return account.check_up(scenario, &handover).await;
    }
    let left = difference(&before, &clients.inventory().await);
    ensure(left.is_empty(), format!("the account is not as before:\n{left}"))
}

#[test]
fn a_permission_that_up_lacks_is_named_as_a_statement() {
    run_all(actions(UP), |action| names_the_permission("up", &action));
}

#[test]
fn a_permission_that_down_lacks_is_named_as_a_statement() {
    run_all(actions(DOWN), |action| names_the_permission("down", &action));
}

fn actions(goal: Goal) -> Vec<String> {
    last_of_each(calls_of(&iam_auditing(), goal)).into_iter().map(|(_, action)| action).collect()
}

fn names_the_permission(verb: &str, action: &str) -> Verdict {
    let account = Account::live();
    let program = Program::new();
    if verb == "down" {
        let handover = program.folder().join("credentials.csv");
        wait(account.complete(&iam_auditing(), UP, &handover))?;
    }
    let denied = action.to_owned();
    let served =
        Served::new(&account, move |call| if call.action == denied { Fault::Denied } else { Fault::None });
    let ended = program.at(&served).run(&["provision", verb, LAB, "--yes"]);
    let is_partly = matches!(ended.code, Some(1 | 3));
    ensure(is_partly, format!("exit {:?}: {}", ended.code, ended.stderr))?;
    let statement = format!(r#""Action":"{action}""#);
    ensure(ended.stderr.contains(&statement), format!("no statement in: {}", ended.stderr))
}
