//! Reads the account of whoever runs the program, for themselves.

use crate::cli::TargetArgs;
use crate::commands::picture::connected;
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
    let (aws, name) = connected(target).await?;
    let access = Access {
        way,
        target: name.to_owned(),
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
