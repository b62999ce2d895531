//! Where the student worked: the first of the rubric's regions that has a function which does something of what the
//! assignment asks for, else the first that has one.

use std::collections::BTreeSet;

use super::Needs;
use super::work::{self, Work};
use crate::account::snapshot::Facet;
use crate::aws::Aws;
use crate::aws::collect::listing;

/// The region, and what is in it.
pub(super) struct Place {
    /// Clients that speak to it.
    pub(super) aws: Aws,
    /// The names of its functions.
    pub(super) functions: Facet<BTreeSet<String>>,
    /// Why this one of several, when that is not plain.
    pub(super) remark: Option<String>,
    /// Why the first region that could not be asked could not.
    unasked: Option<String>,
}

impl Place {
    const fn of(aws: Aws, functions: Facet<BTreeSet<String>>, unasked: Option<String>) -> Self {
        Self { aws, functions, remark: None, unasked }
    }
}

/// Asks one region after the other, until one has a function. Where none has, it is the first, and where a region could
/// not be asked, nobody knows.
pub(super) async fn find(aws: &Aws, regions: &[String], is_asked: bool) -> Place {
    let first = aws.in_region(regions.first().unwrap_or(&aws.region));
    if !is_asked {
        return Place::of(first, Facet::default(), None);
    }
    let mut unasked = None;
    if let Some(place) = next(aws, regions, &mut unasked).await {
        return Place { unasked, ..place };
    }
    let functions = unasked.clone().map_or_else(|| Facet::Read(BTreeSet::new()), Facet::NotRead);
    Place::of(first, functions, unasked)
}

/// Finds the next region that has a function.
async fn next(aws: &Aws, regions: &[String], unasked: &mut Option<String>) -> Option<Place> {
    for region in regions {
        let there = aws.in_region(region);
        match listing::functions(&there).await {
            Ok(names) if names.is_empty() => {}
            Ok(names) => return Some(Place::of(there, Facet::Read(names.into_iter().collect()), None)),
            Err(error) => {
                unasked.get_or_insert_with(|| format!("{region}: {}", error.reason()));
            }
        }
    }
    None
}

/// Looks on in the regions after the first one with a function, when no function there does anything of what is asked
/// for: it may be left over from something else. The usual student's does, and costs nothing more.
pub(super) async fn settle(
    first: (Place, Work),
    regions: &[String],
    needs: &Needs,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> (Place, Work) {
    let (mut place, work) = first;
    let has_some = place.functions.read().is_some_and(|names| !names.is_empty());
    if !has_some || needs.deeds.is_empty() || work.may_do(&needs.deeds) {
        return (place, work);
    }
    let passed = place.aws.region.clone();
    let mut rest = after(regions, &passed);
    let mut unasked = place.unasked.take();
    while let Some(other) = next(&place.aws, rest, &mut unasked).await {
        rest = after(rest, &other.aws.region);
        let of_other = work::read(&other, needs, tell).await;
        if of_other.does(&needs.deeds) {
            let there = &other.aws.region;
            let remark =
                format!("looked at in {there}: no function in {passed} does anything of what is asked for");
            return (Place { remark: Some(remark), ..other }, of_other);
        }
        if let Some(why) = of_other.unread() {
            unasked.get_or_insert_with(|| format!("{}: {why}", other.aws.region));
        }
    }
    if let Some(why) = unasked {
        place.functions = Facet::NotRead(why);
    }
    (place, work)
}

/// Returns the regions that come after one.
fn after<'r>(regions: &'r [String], region: &str) -> &'r [String] {
    let rest = regions.iter().position(|other| other == region).and_then(|at| regions.get(at + 1..));
    rest.unwrap_or_default()
}
