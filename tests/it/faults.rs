//! One bad answer to any API call of `up` or `down`: the run itself copes.

use std::fmt;

use iamlab::provision::plan::Goal;
use iamlab::scenario::Resolved;

use crate::cases::{Verdict, ensure, run_all};
use crate::inventory::difference;
use crate::kill::calls_of;
use crate::lab::{Account, DOWN, UP, WIDE, Written, concluded, iam_auditing};
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
    copes(&iam_auditing(), UP);
}

#[test]
fn down_of_the_lab_copes_with_one_bad_answer_to_any_call() {
    copes(&iam_auditing(), DOWN);
}

#[test]
fn up_of_every_kind_copes_with_one_bad_answer_to_any_call() {
    copes(&Written::new(WIDE).load(), UP);
}

#[test]
fn down_of_every_kind_copes_with_one_bad_answer_to_any_call() {
    copes(&Written::new(WIDE).load(), DOWN);
}

fn copes(scenario: &Resolved, goal: Goal) {
    let troubles = calls_of(scenario, goal)
        .into_iter()
        .flat_map(|(call, action)| FAULTS.map(|fault| Trouble { call, action: action.clone(), fault }));
    run_all(troubles.collect(), |trouble| async move { run_through(scenario, goal, &trouble).await });
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
