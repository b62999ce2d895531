//! Carries a run out: so many students at the same time, what became of each in the journal before the next is begun.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZero;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet, spawn_blocking};

use super::account::{Seen, Store, Unseen, read};
use super::class::{Class, Source, Todo};
use super::journal::{Entry, Journal};
use super::{RunError, files, kept};
use crate::grade::assertion::Case;
use crate::grade::evidence::Evidence;
use crate::grade::late::{Due, lateness};
use crate::grade::mark::{mark_case, unreachable};
use crate::grade::result::{State, StudentResult};
use crate::grade::roster::Student;
use crate::report::grade::{gradescope, student_html, student_markdown};

/// What a run tells while it goes.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// So many students there are, and for so many there is something to do.
    Begin {
        /// The class.
        all: usize,
        /// Those to do.
        todo: usize,
    },
    /// What is being read.
    Reading(&'a str, &'a str),
    /// A student is done.
    Done(&'a str, State),
}

/// Who hears of it.
pub type Teller = Arc<dyn Fn(Event<'_>) + Send + Sync>;

/// Marks who is not marked yet. What is under way when `stop` comes is dropped: it only reads, and is not in the journal.
///
/// # Errors
///
/// The results cannot be written, or it was stopped. One student's account is never a reason.
pub async fn carry(
    class: &Arc<Class>,
    journal: &mut Journal,
    parallelism: usize,
    stop: impl Future<Output = ()>,
    tell: &Teller,
) -> Result<(), RunError> {
    journal.begin(class.header())?;
    let students = class.roster.students.iter().enumerate();
    let all = students.map(|(place, student)| (place, class.todo(journal, student)));
    let mut queue: VecDeque<(usize, Todo)> = all.filter(|(_, todo)| *todo != Todo::Nothing).collect();
    tell(Event::Begin { all: class.roster.students.len(), todo: queue.len() });

    // Marking is work for processors, reading is waiting for answers.
    let processors = std::thread::available_parallelism().map_or(2, NonZero::get);
    let marking = Arc::new(Semaphore::new(processors));
    let (mut running, mut whose) = (JoinSet::new(), BTreeMap::<Id, usize>::new());
    tokio::pin!(stop);
    loop {
        while running.len() < parallelism.max(1)
            && let Some((place, todo)) = queue.pop_front()
        {
            let (class, marking, tell) = (Arc::clone(class), Arc::clone(&marking), Arc::clone(tell));
            let handle = running.spawn(Box::pin(one(class, place, todo, marking, tell)));
            whose.insert(handle.id(), place);
        }
        let ended = tokio::select! {
            biased;
            () = &mut stop => return Err(RunError::Interrupted),
            ended = running.join_next_with_id() => ended,
        };
        let entry = match ended {
            None => return Ok(()),
            Some(Ok((id, entry))) => {
                whose.remove(&id);
                entry?
            }
            Some(Err(error)) => {
                // A fault of this program on one student's work: told, and the class goes on.
                let student = whose.remove(&error.id()).and_then(|place| class.roster.students.get(place));
                let Some(student) = student else { continue };
                let problem = "marking failed: this is a fault of iamlab; please report it".to_owned();
                conclude(class, student, class.way_in(student), Seen::Nothing(Unseen::of(student, problem)))?
            }
        };
        journal.add(&entry)?;
        tell(Event::Done(&entry.id, entry.result.state));
    }
}

/// Reads and marks one student.
async fn one(
    class: Arc<Class>,
    place: usize,
    todo: Todo,
    marking: Arc<Semaphore>,
    tell: Teller,
) -> Result<Entry, RunError> {
    let Some(student) = class.roster.students.get(place) else { return Err(RunError::Interrupted) };
    // Before it is looked at: what comes in meanwhile is read the next time.
    let way_in = class.way_in(student);
    let kept = match (todo, &class.source) {
        (Todo::Mark, Source::Accounts(_)) => kept::open(&class.folder, &class.rubric, student).ok(),
        _ => None,
    };
    let seen = match (kept, &class.source) {
        (Some((evidence, _)), _) => Seen::Evidence(Box::new(evidence), Store::There),
        (None, Source::Accounts(instructor)) => {
            let heard = |what: &str| tell(Event::Reading(&student.id, what));
            read(instructor, &class.rubric, student, &heard).await
        }
        (None, Source::Kept(kept)) => match kept.read(&class.rubric, student) {
            Ok((evidence, bytes)) => Seen::Evidence(Box::new(evidence), Store::Bytes(bytes)),
            Err(unseen) => Seen::Nothing(*unseen),
        },
    };
    let turn = marking.acquire_owned().await;
    let owned = Arc::clone(&class);
    let marked = spawn_blocking(move || {
        let _turn = turn;
        match owned.roster.students.get(place) {
            Some(student) => conclude(&owned, student, way_in, seen),
            None => Err(RunError::Interrupted),
        }
    });
    match marked.await {
        Ok(entry) => entry,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(RunError::Interrupted),
        },
    }
}

/// Keeps the evidence, marks by it, and writes what the student gets: in this order, so that a line in the journal
/// means that everything is there.
fn conclude(class: &Class, student: &Student, read: String, seen: Seen) -> Result<Entry, RunError> {
    let folder = files::student(&class.folder, &student.id);
    files::private_folder(&folder)?;
    let result = match seen {
        Seen::Evidence(evidence, store) => {
            let file = folder.join("evidence.json");
            match store {
                Store::There => {}
                Store::Bytes(bytes) => files::place_private(&file, &bytes)?,
                Store::New => {
                    let bytes = evidence.to_json().map_err(crate::report::RenderError::from)?;
                    files::place_private(&file, &bytes)?;
                }
            }
            marked(class, student, &evidence)
        }
        Seen::Nothing(Unseen { account, problem, print }) => {
            let entered = class.manual.of(&student.id);
            let result = unreachable(&class.rubric, &student.id, &account, &problem, entered);
            StudentResult { fingerprint: Some(print), ..result }
        }
    };
    for (name, text) in [
        ("report.html", student_html(&class.rubric, student, &result)),
        ("report.md", student_markdown(&class.rubric, student, &result)),
        ("results.json", gradescope(&class.rubric, &result)),
    ] {
        files::place(&folder.join(name), text.as_bytes())?;
    }
    let marked = class.marked_by(student);
    Ok(Entry { id: student.id.clone(), read, marked, result })
}

/// Marks by evidence, lateness too.
fn marked(class: &Class, student: &Student, evidence: &Evidence) -> StudentResult {
    let case = Case::new(&class.rubric, evidence);
    let mut result = mark_case(&class.rubric, &case, class.manual.of(&student.id));
    result.id.clone_from(&student.id);
    if let Some(deadline) = class.deadline {
        let due = Due { deadline, extension_days: student.extension_days };
        result.late = lateness(&class.rubric, &case, due, result.score);
        if let Some(late) = &result.late {
            result.score = result.score.less(late.deduction);
        }
    }
    result
}
