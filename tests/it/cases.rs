//! Runs a matrix of cases on every core and tells all that failed, not only the first.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

/// What a case ends with: nothing, or what went wrong.
pub(crate) type Verdict = Result<(), String>;

/// Runs `run` on every case.
pub(crate) fn run_all<C: Display + Send>(cases: Vec<C>, run: impl Fn(C) -> Verdict + Sync) {
    let count = cases.len();
    let cases = Mutex::new(cases.into_iter());
    let failed = Mutex::new(Vec::new());
    let next = || cases.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = next() {
                    let name = case.to_string();
                    let why = match catch_unwind(AssertUnwindSafe(|| run(case))) {
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

/// Runs a future to its end on a runtime of its own.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

/// Fails a case unless `holds`.
pub(crate) fn ensure(holds: bool, why: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(why.into()) }
}
