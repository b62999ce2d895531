//! The ways in which somebody can give themselves more than they were given: a table, and who can go them.
//!
//! Sources: "AWS IAM privilege escalation: methods and mitigation", Rhino Security Labs
//! (<https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/>); "Privilege escalation in AWS",
//! Bishop Fox (<https://bishopfox.com/blog/privilege-escalation-in-aws>); for passing roles
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>.

mod find;
mod paths;
mod targets;
mod world;

pub(super) use find::find;
pub use paths::PATHS;
pub(super) use world::World;

/// A way to more permissions.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// Its id, kebab-case.
    pub id: &'static str,
    /// What is done, in a few words.
    pub title: &'static str,
    /// The actions that are needed, all of them; the first is the one that acts on the target.
    pub needs: &'static [&'static str],
    /// Of these one is needed besides, if there are any.
    pub one_of: &'static [&'static str],
    /// What the first action acts on.
    pub on: On,
    /// Why it gives more, in one sentence without a full stop.
    pub explanation: &'static str,
}

/// What a way starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A customer-managed policy, which is rewritten.
    Policy,
    /// A customer-managed policy, of which an earlier version is put in force.
    PolicyVersion,
    /// A user, themselves too, who is given a permission.
    User,
    /// A group that is given a permission.
    Group,
    /// A role that is given a permission.
    Role,
    /// A group that somebody joins.
    GroupToJoin,
    /// Another user, whose place is taken.
    OtherUser,
    /// A role whose door is opened.
    RoleTrust,
    /// A role whose door is open.
    RoleToAssume,
    /// One's own permissions boundary.
    OwnBoundary,
    /// A role that is handed to this service.
    Passed(&'static str),
    /// Something that runs already in this service, with a role.
    Running(&'static str),
    /// Whoever comes from an identity provider.
    Federation,
}
