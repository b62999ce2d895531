//! Runs a matrix of cases on every core and tells all that failed, not only the first.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

/// What a case ends with: nothing, or what went wrong.
pub(crate) type Verdict = Result<(), String>;

/// Runs `run` on every case, each on a runtime of its own.
pub(crate) fn run_all<C, F>(cases: Vec<C>, run: impl Fn(C) -> F + Sync)
where
    C: Display + Send,
    F: Future<Output = Verdict>,
{
    let count = cases.len();
    let cases = Mutex::new(cases.into_iter());
    let failed = Mutex::new(Vec::new());
    let next = || cases.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = next() {
                    let name = case.to_string();
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let verdict = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run(case))));
                    let why = match verdict {
                        Ok(Ok(())) => continue,
                        Ok(Err(why)) => why,
                        Err(_) => "it panicked".to_owned(),
                    };
                    failed.lock().unwrap().push(format!("{name}: {why}"));
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {count} cases failed:\n{}", failed.len(), failed.join("\n"));
}

/// Fails a case unless `holds`.
pub(crate) fn ensure(holds: bool, why: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(why.into()) }
}
