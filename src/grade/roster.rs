//! [`Roster`]: who is in the class and how each account is reached (CONTRACT section 6). A CSV file that somebody else
//! may have written: names are hostile, sizes are bounded.

use std::path::PathBuf;

/// The class.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// The students, in the file's order; ids are unique.
    pub students: Vec<Student>,
}

/// One student.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Student {
    /// The id: a file name too, so `[A-Za-z0-9._@-]{1,64}` and no lone dots.
    pub id: String,
    /// The name, as the student gave it.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The account's 12 digits.
    pub account: Option<String>,
    /// The role to assume.
    pub role_arn: Option<String>,
    /// The external id to assume it with; computed from the course secret when it is left out.
    pub external_id: Option<String>,
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// A file of `grade collect`, relative to the roster's folder.
    pub bundle: Option<PathBuf>,
    /// Days after the deadline that were granted.
    pub extension_days: u32,
}
