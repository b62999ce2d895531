//! Reads the account of whoever runs the program, for themselves.

use crate::aws::connect::{GRADER_APP, connect_with_app};
use crate::cli::TargetArgs;
use crate::clock::Clock;
use crate::commands::picture::meant;
use crate::error::Error;
use crate::grade::collect::collect;
use crate::grade::evidence::{Access, Evidence, Way};
use crate::grade::rubric::Rubric;
use crate::ui::Ui;

/// Reads what the rubric needs of the account that the flags name.
pub(super) async fn read(
    ui: &Ui,
    target: &TargetArgs,
    rubric: &Rubric,
    student: &str,
    way: Way,
) -> Result<Evidence, Error> {
    let mut rubric = rubric.clone();
    if let Some(region) = &target.region {
        rubric.regions = vec![region.clone()];
    }
    let (target, region) = meant(target).await?;
    // By this name the event history tells the program's own requests from the student's work.
    let aws = connect_with_app(&target, &region, Clock::System, GRADER_APP).await?;
    let access = Access {
        way,
        target: target.name().to_owned(),
        caller: aws.caller.arn.clone(),
        role: None,
        open_without_external_id: None,
        nonce: None,
    };
    ui.begin_progress(1);
    let evidence = collect(&aws, &rubric, student, access, &|what| ui.progress_message(what)).await;
    ui.end_progress();
    Ok(evidence)
}
