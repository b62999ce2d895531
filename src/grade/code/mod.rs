//! What the code of a student's function does, by reading it with a Python parser. Nothing is executed.
//!
//! ```text
//! zip ─► Package (masked) ─► parsed ─► run on what values may be ─► calls, columns, what is told ─► a Found per Deed
//! ```
//!
//! The reading knows boto3, csv and pandas as far as the assignment goes. It follows functions, classes, modules and
//! branches, and marks every value by the cells of the credential report it was made from and by the tests under which it
//! was made. What it cannot follow is for a person; what is plainly absent is missing.

mod builtins;
mod call;
mod columns;
mod compare;
mod entries;
mod expression;
mod machine;
mod methods;
mod model;
pub mod package;
mod read;
mod secrets;
mod shape;
mod statement;
#[cfg(test)]
mod tests;
mod tuples;
mod value;
mod verdict;

use std::collections::BTreeMap;

use package::Package;

use super::found::Found;
use super::rubric::Deed;

/// Code that was read.
#[derive(Debug)]
pub struct Code {
    deeds: BTreeMap<Deed, Found>,
}

impl Code {
    /// Reads the sources of a package. `handler` is `file.function`; `environment` are the function's variables.
    pub fn read(package: &Package, handler: &str, environment: &BTreeMap<String, String>) -> Self {
        let reading = read::Reading::of(package, handler, environment);
        Self { deeds: reading.map(|reading| verdict::all(&reading, package)).unwrap_or_default() }
    }

    /// Tells whether, where and how far it does something.
    pub fn deed(&self, deed: Deed) -> Found {
        self.deeds
            .get(&deed)
            .cloned()
            .unwrap_or_else(|| Found::unknown("the code could not be read on this machine"))
    }
}
