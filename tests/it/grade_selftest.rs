//! `grade selftest`: the shipped rubric has no hole, and rubrics that are wrong are told so.

use std::path::Path;
use std::time::Instant;

use iamlab::grade::rubric::Rubric;
use iamlab::grade::selftest::{Options, Report, Verdict, selftest};

use crate::lab::LAB;

async fn tested(rubric: Rubric, only: Option<&str>) -> Report {
    let options = Options { only: only.map(str::to_owned), parallelism: 2 };
    selftest(rubric, &options, &|_, _| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn scratch() {
    let rubric = Rubric::load(Path::new(LAB)).unwrap();
    let start = Instant::now();
    let report = tested(rubric, None).await;
    println!("{:?}", start.elapsed());
    println!("{report:#?}");
    assert!(report.mutations.iter().all(|one| one.verdict == Verdict::Caught));
}
