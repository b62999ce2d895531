//! Every environment variable the program reads, once. Flags that have a variable name it through
//! these constants; nothing else in the program touches the environment.
//!
//! The AWS SDK reads its own (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …) as documented in the
//! AWS SDKs and Tools Reference Guide.

/// Which account a command talks to: `sandbox` or `aws`.
pub const TARGET: &str = "IAMLAB_TARGET";
/// Where the sandbox keeps its accounts.
pub const SANDBOX_DIR: &str = "IAMLAB_SANDBOX_DIR";
/// The sandbox account to use, or the only AWS account a command may run in.
pub const ACCOUNT: &str = "IAMLAB_ACCOUNT";
/// The Python 3 that runs the functions of the sandbox; one with boto3 is prepared when it is not set.
pub const PYTHON: &str = "IAMLAB_PYTHON";
/// The file that holds the secret of a course, which external ids and seals are computed from.
pub const COURSE_SECRET_FILE: &str = "IAMLAB_COURSE_SECRET_FILE";
/// Filter of the log lines on stderr, in the syntax of `tracing_subscriber::EnvFilter`.
pub const LOG: &str = "IAMLAB_LOG";
/// Any value but the empty one switches colour off (<https://no-color.org>).
pub const NO_COLOR: &str = "NO_COLOR";
/// Any value but `0` switches colour on even without a terminal (<https://bixense.com/clicolors>).
pub const CLICOLOR_FORCE: &str = "CLICOLOR_FORCE";

/// Returns the variable's value when it is set, valid Unicode and not empty.
pub fn get(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
