//! `grade selftest`: the shipped rubric has no hole, and what is wrong with a rubric is told.

use std::fs;
use std::path::Path;

use iamlab::grade::rubric::{Assertion, Rubric};
use iamlab::grade::selftest::{Options, Report, Verdict, selftest};

use crate::lab::LAB;
use crate::program::Program;

/// A reference that takes a moment.
const SCENARIO: &str = "
name: small
region: us-east-1
resources:
  users:
    User1: { console: true }
    User2: { console: true }
";

/// A rubric that fits it.
const RUBRIC: &str = "
name: small
title: Two users
scenario: scenario.yaml
tasks:
  - id: T1
    title: two users
    points: 2
    criteria:
      - id: T1.one
        points: 1
        what: User1 with a password and nothing else
        check: { all: [{ exists: user/User1 }, { console: user/User1 }, { no_policies: user/User1 }, { access_keys: { of: user/User1, active: 0 } }] }
        feedback: make User1
      - id: T1.two
        points: 1
        what: User2 with a password and nothing else
        check: { all: [{ exists: user/User2 }, { console: user/User2 }, { no_policies: user/User2 }, { access_keys: { of: user/User2, active: 0 } }] }
        feedback: make User2
free:
  - { what: user.* mfa, because: a device does no harm }
  - { what: user.* permissions_boundary, because: a boundary gives nothing }
  - { what: account besides, because: what else there is nobody asks }
";

/// Writes a scenario and a rubric for it.
fn written(rubric: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("scenario.yaml"), SCENARIO).unwrap();
    fs::write(folder.path().join("rubric.yaml"), rubric).unwrap();
    folder
}

fn shipped() -> Rubric {
    Rubric::load(Path::new(LAB)).unwrap()
}

async fn tested(rubric: Rubric, only: Option<&str>) -> Report {
    let options = Options { only: only.map(str::to_owned), parallelism: 2 };
    selftest(rubric, &options, &|_, _| {}).await.unwrap()
}

fn of(report: &Report, verdict: &Verdict) -> Vec<String> {
    let outcomes = report.mutations.iter().filter(|outcome| outcome.verdict == *verdict);
    outcomes.map(|outcome| outcome.mutation.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "more than two hundred accounts take minutes in a debug build; the program itself is run in the gate"]
async fn the_shipped_rubric_has_no_hole_and_nothing_dead_or_unfair() {
    let report = tested(shipped(), None).await;
    assert!(report.is_clean(), "{report:#?}");
    assert!(report.summary.caught >= 80, "{:?}", report.summary);
    assert_eq!(report.idle, Vec::<String>::new());
    assert_eq!(report.score, report.automatic);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_of_the_role_that_is_assumed_is_caught() {
    let report = tested(shipped(), Some("role.IAM-Auditor-role")).await;
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!((report.score, report.empty.len()), (report.automatic, 0));
    assert!(report.partial && report.summary.caught >= 15, "{:?}", report.summary);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_students_do_is_caught_when_it_is_left_out() {
    let report = tested(shipped(), Some("student ")).await;
    assert!(report.is_clean() && report.summary.caught >= 8, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_criterion_that_is_taken_out_leaves_a_hole() {
    let mut rubric = shipped();
    for task in &mut rubric.tasks {
        task.criteria.retain(|criterion| !matches!(criterion.check, Assertion::TrustsOnly(_)));
    }
    let report = tested(rubric, Some("role.IAM-Auditor-role trust*instead")).await;
    let holes = of(&report, &Verdict::Hole);
    assert!(!report.is_clean());
    let everybody = "role.IAM-Auditor-role trust: everybody instead";
    assert!(holes.iter().any(|hole| hole == everybody), "{holes:?}");
    let service = "role.IAM-Auditor-role trust: the service of Lambda instead";
    assert_eq!(of(&report, &Verdict::Caught), [service], "what the function's role needs is still looked at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_rubric_is_clean_and_every_fault_of_it_is_told() {
    let folder = written(RUBRIC);
    let report = tested(Rubric::load(folder.path()).unwrap(), None).await;
    assert!(report.is_clean() && !report.partial, "{report:#?}");
    assert_eq!((report.summary.not_counted, report.idle.len()), (0, 0), "{report:#?}");

    // Nobody looks at the policies of User2, the third criterion cannot fail, and keys are said to be free.
    let either = "
      - id: T1.either
        points: 1
        what: User1 or User2
        check: { any: [{ exists: user/User1 }, { exists: user/User2 }] }
        feedback: make one
free:
  - { what: user.User1 access_keys, because: the test says so }
  - { what: function.* memory, because: there is no function }";
    let faulty = RUBRIC
        .replace("points: 2\n", "points: 3\n")
        .replace("{ no_policies: user/User2 }, ", "")
        .replace("\nfree:", either);
    let folder = written(&faulty);
    let report = tested(Rubric::load(folder.path()).unwrap(), None).await;
    assert!(!report.is_clean());
    assert_eq!(report.dead, ["T1.either"]);
    assert_eq!(report.idle, ["function.* memory"]);
    let holes = of(&report, &Verdict::Hole);
    assert!(holes.iter().all(|hole| hole.starts_with("user.User2 ")), "{holes:?}");
    assert!(holes.contains(&"user.User2 policies: with `AdministratorAccess`".to_owned()), "{holes:?}");
    let unfair = of(&report, &Verdict::Unfair);
    assert_eq!(unfair.len(), 2, "{unfair:?}");
    assert!(unfair.iter().all(|one| one.starts_with("user.User1 access_keys: ")), "{unfair:?}");
}

#[test]
fn a_rubric_that_asks_for_more_than_the_reference_has_is_told_by_the_program() {
    let folder = written(&RUBRIC.replace("of: user/User1, active: 0", "of: user/User1, active: 1"));
    let path = folder.path().to_str().unwrap().to_owned();
    let ran = Program::new().run(&["grade", "selftest", &path, "--only", "user.User1 mfa"]).expect(2);
    assert!(ran.stdout.contains("T1.one gives the reference 0.75 of 1: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("user.User1 mfa: added  free: a device does no harm\n"), "{}", ran.stdout);
    Program::new().run(&["grade", "selftest", &path, "--only", "no such thing"]).expect(64);
}
