//! Marks a class: from what an account holds, what its event history tells and what the function's code does, by a
//! rubric, with the evidence kept.
//!
//! ```text
//! roster ─► reach ─► collect ─► Evidence ─┐
//!                                         ├─► mark(Rubric, Evidence) ─► StudentResult ─► journal ─► reports, gradebooks
//! rubric.yaml ─────────────────► Rubric ──┘
//! ```
//!
//! Reading accounts ([`collect`], [`reach`]) is I/O; marking ([`mark()`]) is a pure function of a rubric and a student's
//! evidence, so a changed rubric marks a class again without an account. Nothing here writes to an account; asking IAM
//! for a fresh credential report is the only thing it starts.

pub mod access;
pub mod assertion;
pub mod cast;
pub mod code;
pub mod collect;
pub mod evidence;
pub mod found;
pub mod gradebook;
pub mod late;
pub mod manual;
pub mod mark;
pub mod need;
pub mod points;
pub mod reach;
pub mod result;
pub mod roster;
pub mod rubric;
pub mod run;
#[cfg(feature = "sandbox")]
pub mod selftest;
pub mod similar;
pub mod statistics;
pub mod subject;

pub use mark::mark;
