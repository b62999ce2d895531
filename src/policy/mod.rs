//! The IAM policy language, pure: documents and what they mean.
//!
//! `document` compares policies by meaning, `grammar` says in AWS's words why a text is none, `catalogue` knows
//! the policies AWS manages, `actions` what there is to be allowed. The rest is the engine: `statement` reads a policy, `request` holds what is asked,
//! `evaluate` decides, `trace` says why, `explain` what would help, `reach` how far a statement reaches, `breadth` whether a policy covers everything. `docs/policy-engine.md` has the rules.

pub mod actions;
pub mod breadth;
pub mod catalogue;
pub mod condition;
pub mod document;
pub mod evaluate;
pub mod explain;
pub mod glob;
pub mod grammar;
mod parse;
pub mod principal;
pub mod reach;
pub mod request;
pub mod statement;
pub mod trace;
mod variable;
