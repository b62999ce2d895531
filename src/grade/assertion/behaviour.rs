//! What the function's code does, as reading it tells.

use super::Case;
use super::wording::joined;
use crate::grade::found::Found;
use crate::grade::rubric::Deed;
use crate::grade::subject::Subject;

pub(super) fn code(case: &Case<'_>, deed: Deed) -> Result<Found, Found> {
    let function = case.find(&Subject::Function)?;
    let code = case.cast.code(function.name).map_err(Found::unknown)?;
    let mut found = code.deed(deed);
    found.remark = joined([function.remark, found.remark.take()]);
    Ok(found)
}
