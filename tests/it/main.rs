//! The one integration binary: a module per topic, and the modules they stand on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod access_review;
mod assignment;
mod audit;
mod audit_invoke;
mod audit_rules;
mod auditor;
mod auditor_agrees;
mod auditor_rights;
mod authorisation;
mod boto3;
mod budget;
mod cases;
mod cli;
mod code;
mod collect;
mod collected;
mod controls;
mod corpus;
mod cross_account;
mod defects;
mod differential;
mod docs;
mod drift;
mod events;
mod explain;
mod explain_engine;
mod explain_offline;
mod export;
mod facts;
mod faults;
mod generated;
mod grade_access;
mod grade_accounts;
mod grade_collect;
mod grade_reports;
#[cfg(feature = "sandbox")]
mod grade_run;
mod grade_selftest;
#[cfg(unix)]
mod interrupt;
mod inventory;
mod invoke;
mod kill;
mod lab;
mod layers;
mod moto;
mod notes;
mod operator;
mod ownership;
mod policy_command;
mod program;
mod render;
mod report_model;
mod reports;
mod rubric;
mod scenario;
mod secrets;
mod served;
mod served_load;
mod serving;
mod shapes;
mod student;
mod trail;
mod trail_elsewhere;
mod trail_logs;
mod users;
mod verify;
mod when;
mod wire;
