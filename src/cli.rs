//! The command line: what can be typed, and the argument groups that commands share.

use std::path::PathBuf;

use clap::{Args, Parser};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::aws::connect::Target;
use crate::commands::Command;
use crate::env;
use crate::error::Error;
use crate::ui::ColorChoice;

/// Reproduce a cloud-security lab in an AWS account from one file, and take exactly that away again
#[derive(Debug, Parser)]
#[command(
    name = "iamlab",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  iamlab provision up scenarios/iam-auditing          the lab, in the embedded sandbox\n  \
                  iamlab provision status scenarios/iam-auditing      what differs from the scenario\n  \
                  iamlab provision up scenarios/iam-auditing --profile lab   the lab, in an AWS account\n  \
                  iamlab completions bash > ~/.local/share/bash-completion/completions/iamlab"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to colour: follows `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN", help_heading = "Output")]
    pub color: ColorChoice,
    /// Tell more on stderr: -v what is done, -vv every API request
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = "Output")]
    pub verbose: u8,
}

/// Which account a command talks to.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Account")]
pub struct TargetArgs {
    /// The embedded sandbox, or AWS [default: sandbox]
    #[arg(long, value_enum, env = env::TARGET)]
    pub target: Option<TargetName>,
    /// Profile of the AWS configuration files; implies `--target aws`
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region [default: the scenario's]
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Talk to this endpoint in place of AWS's; implies `--target aws`
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Where the sandbox keeps its accounts
    #[arg(long, value_name = "DIR", env = env::SANDBOX_DIR, default_value = SANDBOX_DIR)]
    pub sandbox_dir: PathBuf,
    /// Which sandbox account; with AWS, refuse to run in any other account
    #[arg(long, value_name = "ID", env = env::ACCOUNT)]
    pub account: Option<String>,
}

/// The two worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TargetName {
    /// The embedded account: no AWS, no network, no credentials.
    Sandbox,
    /// The standard AWS SDK chain.
    Aws,
}

/// Where the sandbox keeps its accounts unless another folder is named.
pub const SANDBOX_DIR: &str = ".iamlab/sandbox";

/// The sandbox account used unless another is named.
pub const SANDBOX_ACCOUNT: &str = "123456789012";

impl TargetArgs {
    /// Turns the flags into a target.
    ///
    /// # Errors
    /// Fails when flags contradict each other or the account id is none.
    pub fn target(&self) -> Result<Target, Error> {
        if let Some(id) = &self.account
            && !(id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(
                Error::usage(format!("`{id}` is not an account id")).hinted("an account id has 12 digits")
            );
        }
        let implied = self.profile.is_some() || self.endpoint_url.is_some();
        match (self.target, implied) {
            (Some(TargetName::Sandbox), true) => Err(Error::usage(
                "`--profile` and `--endpoint-url` speak of AWS, `--target sandbox` of the sandbox",
            )
            .hinted("leave one of them out; IAMLAB_TARGET counts too")),
            (Some(TargetName::Aws), _) | (None, true) => Ok(Target::Aws {
                profile: self.profile.clone(),
                endpoint_url: self.endpoint_url.clone(),
                account: self.account.clone(),
            }),
            (Some(TargetName::Sandbox) | None, false) => Ok(Target::Sandbox {
                dir: self.sandbox_dir.clone(),
                account: self.account.clone().unwrap_or_else(|| SANDBOX_ACCOUNT.into()),
            }),
        }
    }
}

/// Form of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs; versioned.
    Json,
}

/// Parses `key=value`.
///
/// # Errors
/// Fails when there is no `=`.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| "expected `name=value`".to_owned())?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Reads a time, or a day as its first moment in UTC.
///
/// # Errors
/// Fails when it is neither.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse()
        .ok()
        .or_else(day)
        .ok_or_else(|| "expected a time as `2026-03-02T09:00:00Z`, or a day as `2026-03-02`".to_owned())
}
