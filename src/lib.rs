//! iamlab reproduces a cloud-security lab in an AWS account from one declarative file, tears it down,
//! audits accounts and grades a class.
//!
//! ```text
//!  scenario.yaml ──load──► Scenario ──┐
//!                                     ├─► plan ─► apply ─► (read back: plan is empty)
//!  account ───collect───► Snapshot ───┘
//!  (AWS | endpoint | sandbox)
//! ```
//!
//! Reading an account is I/O and lives in [`aws`]; deciding is a pure function of values; writing lives in
//! one file per kind of resource under [`provision::resources`].

pub mod account;
pub mod audit;
pub mod aws;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod env;
pub mod error;
pub mod grade;
pub mod log;
pub mod percent;
pub mod policy;
pub mod provision;
pub mod report;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod scenario;
pub mod secret;
pub mod source;
pub mod trail;
pub mod ui;
