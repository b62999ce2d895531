//! Judges an account: checks over a [`Snapshot`](crate::account::snapshot::Snapshot), benchmarks that say which
//! checks answer which control, and the findings that come out.
//!
//! ```text
//!  Snapshot ──► check ──► verdicts ──┐
//!  benchmarks/*.yaml ─► controls ────┴─► engine ─► attestations ─► exceptions ─► baseline ─► Audit ─► report
//! ```
//!
//! Everything here is a pure function of values: the same snapshot, benchmark and time give the same bytes.

pub mod access_review;
pub mod attestation;
pub mod baseline;
pub mod benchmark;
pub mod bridge;
pub mod check;
pub mod checks;
mod credential;
#[cfg(test)]
mod denied;
#[cfg(test)]
mod edge_rows;
pub mod engine;
pub mod exception;
pub mod finding;
pub mod gate;
mod held;
pub mod page;
mod password_policy;
mod privilege;
mod root;
mod shell;
#[cfg(test)]
pub(crate) mod testing;
mod trust;
pub mod users;
pub mod verdict;
