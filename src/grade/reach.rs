//! The way into a student's account: a role, a profile, an account of the sandbox, or a file that was collected.
