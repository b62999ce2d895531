//! What the function's code does, as reading it tells.

use super::Case;
use super::wording::joined;
use crate::account::snapshot::Facet;
use crate::grade::found::{Found, Outcome};
use crate::grade::rubric::Deed;
use crate::grade::subject::Subject;

pub(super) fn code(case: &Case<'_>, deed: Deed) -> Result<Found, Found> {
    let function = case.find(&Subject::Function)?;
    let code = case.cast.code(function.name).map_err(Found::unknown)?;
    let mut found = code.deed(deed);
    found.remark = joined([function.remark, found.remark.take()]);
    Ok(found)
}

/// Looks for a name in what the function is told and in what it is: whoever assumes a role or publishes to a topic has to
/// name it somewhere, or to list them all.
pub(super) fn named(case: &Case<'_>, subject: &Subject) -> Result<Found, Found> {
    let (function, details) = case.function()?;
    let named = case.find(subject)?;
    let remark = joined([function.remark, named.remark]);
    let read = case.cast.code(function.name).map_err(Found::unknown)?.deed(Deed::Parses);
    if read.outcome != Outcome::Met {
        return Ok(read);
    }
    let what =
        format!("{} `{}`", if *subject == Subject::Topic { "the topic" } else { "the role" }, named.name);
    if let Some((variable, _)) = details.environment.iter().find(|(_, value)| stands_in(value, named.name)) {
        let met = Found::met(format!("a variable of the function names {what}"));
        return Ok(met.shown(format!("environment variable {variable}")).remarked(remark));
    }
    let package = match case.evidence.packages.get(function.name) {
        Some(Facet::Read(package)) => package,
        Some(Facet::NotRead(why)) => return Err(Found::unknown(why.clone())),
        None => return Err(Found::unknown("nobody asked for the code")),
    };
    let all = if *subject == Subject::Topic { "list_topics" } else { "list_roles" };
    let is_named = |text: &str| stands_in(text, named.name) || stands_in(text, all);
    if let Some((path, _)) = package.sources.iter().find(|(_, text)| is_named(text)) {
        return Ok(Found::met(format!("the code names {what}")).shown(path.clone()).remarked(remark));
    }
    let message = format!("neither the variables of the function nor its code name {what}");
    Ok(Found::missed(message).remarked(remark))
}

/// Tells whether a name stands in a text, and not as a part of a longer one.
fn stands_in(text: &str, name: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut places = text.match_indices(name);
    !name.is_empty()
        && places.any(|(at, _)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(goes_on) && !after.is_some_and(goes_on)
        })
}
