//! The event history: who did what, when, and from where.
//!
//! ```text
//! LookupEvents (2 a second) ─┐
//!                            ├─► Event ─► Filter ─► Kept ─► last root sign-in, history, who changed what
//! log files of a trail ──────┘              └─► Starts: which event began a role's session
//! ```
//!
//! [`lookup`] and [`logs`] read; everything else is a function of events. [`sql`] writes the same questions for Athena,
//! for what is older than the 90 days that the event history keeps.

pub mod collector;
pub mod filter;
pub mod kept;
pub mod logs;
pub mod lookup;
mod pacer;
pub mod place;
pub mod resource;
pub mod root_login;
pub mod sessions;
pub mod sql;
