//! The class of the sandbox against its answer key: whoever makes mistakes loses points in the tasks that the key says,
//! and in no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use iamlab::clock::Clock;
use iamlab::grade::mark;
use iamlab::grade::result::{State, Status};
use iamlab::sandbox::class::{Mistake, Options, Student, generate};
use iamlab::sandbox::{DEFAULT_ACCOUNT, Sandbox};

use super::{apart, connected, explained, read, rubric};

/// A class of this size has every mistake of the catalogue.
const STUDENTS: u32 = 110;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_marks_of_a_class_agree_with_its_answer_key() {
    let dir = tempfile::tempdir().unwrap();
    let now = "2026-03-20T12:00:00Z".parse().unwrap();
    let options = Options { students: STUDENTS, seed: 7, now, replace: false };
    let class = generate(dir.path(), options, |_| {}).await.unwrap();
    let made: BTreeSet<Mistake> =
        class.students.iter().flat_map(|student| student.mistakes.clone()).collect();
    let never: Vec<_> = Mistake::ALL.iter().filter(|mistake| !made.contains(mistake)).collect();
    assert!(never.is_empty(), "nobody makes {never:?}");

    let clock = Clock::fixed(class.as_of);
    let folder = Some(dir.path().to_owned());
    let options =
        iamlab::sandbox::Options { dir: folder, account: DEFAULT_ACCOUNT.to_owned(), clock: clock.clone() };
    let sandbox = Sandbox::open(options).unwrap();
    let rubric = rubric();
    let wrong: Vec<String> = stream::iter(class.students)
        .map(|student| {
            let (sandbox, rubric, clock) = (sandbox.clone(), Arc::clone(&rubric), clock.clone());
            let marking = apart(async move || {
                let account = sandbox.with_account(&student.account).unwrap();
                let aws = connected(&account, None, clock).await;
                let result = mark(&rubric, &read(&aws, &rubric).await, &BTreeMap::new());
                compared(&student, &result)
            });
            async { marking.await.unwrap() }
        })
        .buffered(2)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Tells where the tasks that lost points are not those of the answer key.
fn compared(student: &Student, result: &iamlab::grade::result::StudentResult) -> Option<String> {
    let mut key: BTreeSet<&str> =
        student.mistakes.iter().flat_map(|mistake| mistake.tasks()).copied().collect();
    // Whom the group makes an administrator gets the report whatever the auditor policy says.
    let keeps_it_from_user3 = [Mistake::ReportNotRead, Mistake::User3NotInGroup];
    if student.makes(Mistake::GroupAdministrator)
        && !keeps_it_from_user3.iter().any(|mistake| student.makes(*mistake))
    {
        key.remove("T5");
    }
    let mut text = String::new();
    for task in &result.tasks {
        let is_lost = task.criteria.iter().any(|criterion| criterion.status == Status::Fail);
        if is_lost != key.contains(task.id.as_str()) {
            let _ =
                writeln!(text, "    {} {}", task.id, if is_lost { "lost points" } else { "lost nothing" });
            text += &explained(task);
        }
    }
    if result.state != State::Graded {
        let _ = writeln!(text, "    it is {:?}", result.state);
    }
    let ids: Vec<_> = student.mistakes.iter().map(|mistake| mistake.id()).collect();
    (!text.is_empty()).then(|| format!("  {} {ids:?}\n{text}", student.id))
}
