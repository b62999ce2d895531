//! A file that a student collected: whose it is, and whether it is sealed.

use std::path::Path;

use crate::grade::evidence::Evidence;
use crate::grade::reach::Unreached;
use crate::grade::roster::Student;
use crate::grade::rubric::Rubric;
use crate::secret::Secret;

/// Reads what a student collected.
pub(in crate::grade) fn read(
    path: &Path,
    _student: &Student,
    _rubric: &Rubric,
    _nonce: Option<&Secret<String>>,
) -> Result<Evidence, Unreached> {
    Err(Unreached::new(format!("`{}` cannot be read yet", path.display()), "wait for `grade collect`"))
}
