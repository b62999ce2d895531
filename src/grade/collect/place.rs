//! Where the student worked: the first of the rubric's regions that has a function.

use std::collections::BTreeSet;

use crate::account::snapshot::Facet;
use crate::aws::Aws;
use crate::aws::collect::listing;

/// The region, and what is in it.
pub(super) struct Place {
    /// Clients that speak to it.
    pub(super) aws: Aws,
    /// The names of its functions.
    pub(super) functions: Facet<BTreeSet<String>>,
}

/// Asks one region after the other, until one has a function. Where none has, it is the first, and where a region could
/// not be asked, nobody knows.
pub(super) async fn find(aws: &Aws, regions: &[String], is_asked: bool) -> Place {
    let first = aws.in_region(regions.first().unwrap_or(&aws.region));
    if !is_asked {
        return Place { aws: first, functions: Facet::default() };
    }
    let mut why = None;
    for region in regions {
        let there = aws.in_region(region);
        match listing::functions(&there).await {
            Ok(names) if names.is_empty() => {}
            Ok(names) => return Place { aws: there, functions: Facet::Read(names.into_iter().collect()) },
            Err(error) => {
                why.get_or_insert_with(|| format!("{region}: {}", error.reason()));
            }
        }
    }
    Place { aws: first, functions: why.map_or_else(|| Facet::Read(BTreeSet::new()), Facet::NotRead) }
}
