//! Access to students' accounts: an external id for each, the role they make, what the grader may do with it.

use super::evidence::{Access, Way};
use crate::account::snapshot::Facet;

pub(super) mod bundle;
pub mod handout;
pub mod role;
pub mod secret;
pub mod template;

/// Tells what an instructor should know of how an account was reached.
pub fn remarks(access: &Access) -> Vec<String> {
    let mut told = Vec::new();
    let role = access.role.as_deref().unwrap_or_default();
    match &access.open_without_external_id {
        Some(Facet::Read(true)) => told.push(format!(
            "the role `{role}` can be assumed without the student's external id: its trust policy lacks the condition on \
             `sts:ExternalId`, or accepts any"
        )),
        Some(Facet::NotRead(why)) => told.push(format!(
            "nobody could try whether the role `{role}` can be assumed without the student's external id: {why}"
        )),
        Some(Facet::Read(false)) | None => {}
    }
    if access.way == Way::Bundle && access.nonce.is_none() {
        told.push(
            "the collected file is not known to be sealed: nothing ties it to this student and this assignment"
                .to_owned(),
        );
    }
    told
}
