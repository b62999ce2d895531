//! A client that dies at any API call of `up` or `down`, before or after the service has acted: the same command
//! again finishes the work, with one set of working credentials and nothing left behind.

use std::fmt;

use iamlab::provision::plan::Goal;
use iamlab::scenario::Resolved;

use crate::cases::{Verdict, ensure, run_all, wait};
use crate::inventory::difference;
use crate::lab::{Account, DOWN, UP, Written, concluded, iam_auditing};
use crate::wire::{Fault, Wire};

/// Where the client dies.
struct Death {
    call: usize,
    action: String,
    moment: Fault,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} ({}), {:?}", self.call, self.action, self.moment)
    }
}

#[test]
fn up_of_the_lab_survives_a_death_at_every_call() {
    survives(&iam_auditing(), UP);
}

#[test]
fn down_of_the_lab_survives_a_death_at_every_call() {
    survives(&iam_auditing(), DOWN);
}

#[test]
fn up_of_every_kind_survives_a_death_at_every_call() {
    survives(&Written::wide().load(), UP);
}

#[test]
fn down_of_every_kind_survives_a_death_at_every_call() {
    survives(&Written::wide().load(), DOWN);
}

fn survives(scenario: &Resolved, goal: Goal) {
    let deaths = calls_of(scenario, goal).into_iter().flat_map(|(call, action)| {
        [Fault::StopBefore, Fault::StopAfter].map(|moment| Death { call, action: action.clone(), moment })
    });
    run_all(deaths.collect(), |death| wait(die_and_run_again(scenario, goal, &death)));
}

/// Learns which calls an undisturbed run makes.
pub(crate) fn calls_of(scenario: &Resolved, goal: Goal) -> Vec<(usize, String)> {
    wait(async {
        let account = Account::new();
        let folder = tempfile::tempdir().unwrap();
        let handover = folder.path().join("credentials.csv");
        if goal == DOWN {
            account.complete(scenario, UP, &handover).await.unwrap();
        }
        let wire = Wire::clear(account.http());
        concluded(account.run(wire.client(), scenario, goal, &handover).await).unwrap();
        wire.calls().into_iter().map(|call| (call.number, call.action)).collect()
    })
}

async fn die_and_run_again(scenario: &Resolved, goal: Goal, death: &Death) -> Verdict {
    let account = Account::new();
    let folder = tempfile::tempdir().unwrap();
    let handover = folder.path().join("credentials.csv");
    let clients = account.clients().await;
    let before = clients.inventory().await;
    if goal == DOWN {
        account.complete(scenario, UP, &handover).await?;
    }
    let (call, moment) = (death.call, death.moment);
    let wire = Wire::new(account.http(), move |now| if now.number == call { moment } else { Fault::None });
    tokio::select! {
        biased;
        () = wire.cut() => {}
        end = account.run(wire.client(), scenario, goal, &handover) => {
            return Err(format!("the run was over before the call: {:?}", concluded(end)));
        }
    }
    account.complete(scenario, goal, &handover).await.map_err(|why| format!("the second run: {why}"))?;
    if goal == UP {
        account.check_up(scenario, &handover).await?;
        account.complete(scenario, DOWN, &handover).await.map_err(|why| format!("down: {why}"))?;
    }
    let left = difference(&before, &clients.inventory().await);
    ensure(left.is_empty(), format!("the account is not as before:\n{left}"))
}
