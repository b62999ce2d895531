//! Who may do everything.

use std::sync::LazyLock;

use super::{Administrator, Grant};
use crate::policy::actions::{ActionSet, Level, actions};

/// The actions of IAM that grant and take permissions: who lacks one of them is no administrator.
static OVER_PERMISSIONS: LazyLock<ActionSet> = LazyLock::new(|| {
    let of_iam: ActionSet = actions().matching("iam:*").into_iter().collect();
    of_iam.both(actions().of_level(Level::PermissionsManagement))
});

/// Tells whether somebody with these grants is an administrator: whether they may do everything everywhere, whatever
/// services there will be, all but a few actions at most, and none of those that grant permissions.
pub(super) fn administrator(grants: &[Grant], has_unread: bool, boundary_unread: bool) -> Administrator {
    let mut free = ActionSet::default();
    let mut all = ActionSet::default();
    let (mut is_free_open, mut is_open) = (false, false);
    for grant in grants.iter().filter(|grant| grant.is_on_everything()) {
        all.add(&grant.actions);
        free.add(&grant.actions.without(&grant.conditional));
        is_open |= grant.is_open;
        is_free_open |= grant.is_open && grant.conditional != *grant.actions;
    }
    let missing = |set: &ActionSet| ActionSet::all().without(set);
    let is = |set: &ActionSet| !missing(set).meets(&OVER_PERMISSIONS);
    if is_free_open && is(&free) {
        Administrator::Yes { but: missing(&free).len() }
    } else if is_open && is(&all) && !boundary_unread {
        Administrator::Conditional { but: missing(&all).len() }
    } else if has_unread {
        Administrator::Unknown
    } else {
        Administrator::No
    }
}
