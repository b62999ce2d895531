//! To act as a user with that user's own rights: the sandbox signs the user in as the console does; with AWS it is the
//! profile of that name, and whose credentials these are is asked before anything else is.

use std::path::PathBuf;

use clap::Args;

use crate::aws::connect::{Target, connect, region};
use crate::aws::{Aws, Caller};
use crate::cli::TargetArgs;
use crate::clock::Clock;
use crate::error::Error;
use crate::scenario::model::DEFAULT_REGION;
use crate::ui::Ui;

/// How a user of the sandbox signs in.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Who asks")]
pub(super) struct SignInArgs {
    /// Take the password, and the MFA code, from this hand-over file of `provision up` [default: the one
    /// `*-credentials.csv` here that has the user's]
    #[arg(long, value_name = "FILE", requires = "as")]
    credentials: Option<PathBuf>,
    /// Read the password from the first line of standard input; a second line is the new password, for a user
    /// who must choose one
    #[arg(long, requires = "as", conflicts_with = "credentials")]
    password_stdin: bool,
    /// The code that the user's MFA device shows
    #[arg(long, value_name = "CODE", requires = "as")]
    mfa_code: Option<String>,
}

/// Connects with the rights of `user`; also returns the target's name.
pub(super) async fn connect_as(
    ui: &Ui,
    user: &str,
    sign_in: &SignInArgs,
    args: &TargetArgs,
) -> Result<(Aws, &'static str), Error> {
    let target = args.target()?;
    let name = target.name();
    let region = region(&target, args.region.as_deref(), DEFAULT_REGION).await;
    let aws = match target {
        Target::Sandbox { dir, account } => {
            sandbox::signed_in(ui, user, sign_in, dir, account, &region).await?
        }
        Target::Aws { profile, endpoint_url, account } => {
            if sign_in.credentials.is_some() || sign_in.password_stdin || sign_in.mfa_code.is_some() {
                return Err(Error::usage("passwords and codes are for the sandbox's sign-in page")
                    .hinted(format!("with AWS, `--as {user}` takes the keys of the profile `{user}`")));
            }
            let profile = profile.unwrap_or_else(|| user.to_owned());
            let target = Target::Aws { profile: Some(profile.clone()), endpoint_url, account };
            let aws = connect(&target, &region, Clock::System).await.map_err(|error| {
                error.hinted(format!(
                    "`--as {user}` takes the profile `{profile}` of the AWS configuration files; `--profile NAME` \
                     names another"
                ))
            })?;
            is_user(user, &aws.caller, &profile)?;
            aws
        }
    };
    Ok((aws, name))
}

/// Refuses credentials that are not those of the user.
fn is_user(user: &str, caller: &Caller, profile: &str) -> Result<(), Error> {
    let Caller { account, partition, arn } = caller;
    let own = arn.strip_prefix(&format!("arn:{partition}:iam::{account}:user/"));
    // IAM's names differ by more than their case, and users have paths.
    if own.and_then(|path| path.rsplit('/').next()).is_some_and(|name| name.eq_ignore_ascii_case(user)) {
        return Ok(());
    }
    let wanted = format!("arn:{partition}:iam::{account}:user/{user}");
    Err(Error::usage(format!("these credentials are those of `{arn}`, not of `{wanted}`"))
        .hinted(format!("give profile `{profile}` the keys of `{user}`, or name another with `--profile`")))
}

#[cfg(feature = "sandbox")]
mod sandbox {
    use std::ffi::OsStr;
    use std::fs;
    use std::net::{IpAddr, Ipv4Addr};
    use std::path::{Path, PathBuf};

    use aws_credential_types::provider::SharedCredentialsProvider;

    use super::SignInArgs;
    use crate::aws::Aws;
    use crate::aws::connect::{connect_at, connect_through};
    use crate::clock::Clock;
    use crate::commands::sandbox::sign_in::{Source, page, session};
    use crate::error::Error;
    use crate::provision::handover::HandOver;
    use crate::sandbox::Options;
    use crate::sandbox::control::Order;
    use crate::sandbox::control::desk::Desk;
    use crate::ui::Ui;

    /// How the names of hand-over files end.
    const ENDING: &str = "-credentials.csv";

    /// Signs a user in, as the console does, and connects with the session.
    pub(super) async fn signed_in(
        ui: &Ui,
        user: &str,
        args: &SignInArgs,
        dir: PathBuf,
        account: String,
        region: &str,
    ) -> Result<Aws, Error> {
        let found = found(ui, user, args);
        let source = match &found {
            Some(file) => Source::File(file),
            None if args.password_stdin => Source::Stdin,
            None => Source::Terminal,
        };
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let page = page(&account, Some(user.to_owned()), &source, args.mfa_code.clone(), address)?;
        let desk = Desk::find(Options { dir: Some(dir), account, clock: Clock::System })?;
        let answer = desk.ask(Order::SignIn(page)).await?;
        let credentials = SharedCredentialsProvider::new(session(&answer));
        match &desk {
            Desk::Here(sandbox) => {
                connect_through(sandbox.http_client(), credentials, region, Clock::System).await
            }
            Desk::There(_) => {
                connect_at(desk.url().unwrap_or_default(), credentials, region, Clock::System).await
            }
        }
    }

    /// Returns the hand-over file to take the password from: the one that is named, else the only one here that has
    /// the user's.
    fn found(ui: &Ui, user: &str, args: &SignInArgs) -> Option<PathBuf> {
        if args.credentials.is_some() || args.password_stdin {
            return args.credentials.clone();
        }
        let mut files = fitting(Path::new("."), user);
        let only = files.pop()?;
        if files.is_empty() {
            ui.status(&format!("signing in as {user} with the password in {}", only.display()));
            return Some(only);
        }
        ui.hint(&format!(
            "several files `*{ENDING}` here have a password of {user}; `--credentials FILE` names one"
        ));
        None
    }

    /// Lists the hand-over files of a folder that have a user's password.
    fn fitting(folder: &Path, user: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name());
        let is_handover = |name: &OsStr| name.to_str().is_some_and(|name| name.ends_with(ENDING));
        let has_password = |name: &PathBuf| {
            let row = HandOver::new(folder.join(name)).row(user).ok().flatten();
            row.is_some_and(|row| row.password.is_some())
        };
        names.filter(|name| is_handover(name)).map(PathBuf::from).filter(has_password).collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::provision::handover::COLUMNS;

        #[test]
        fn a_file_fits_when_it_has_the_users_password() {
            let folder = tempfile::tempdir().unwrap();
            let put = |name: &str, rows: &str| {
                fs::write(folder.path().join(name), format!("{}\n{rows}", COLUMNS.join(","))).unwrap();
            };
            put("lab-credentials.csv", "User3,secret,,,,,\nUser2,,,AKIA,s,,\n");
            put("other.csv", "User3,secret,,,,,\nUser2,secret,,,,,\n");
            fs::write(folder.path().join("bad-credentials.csv"), "name\nUser3\n").unwrap();
            assert_eq!(fitting(folder.path(), "User3"), [PathBuf::from("lab-credentials.csv")]);
            assert!(fitting(folder.path(), "User2").is_empty(), "a key is no password");
            assert!(fitting(&folder.path().join("nowhere"), "User3").is_empty());
        }
    }
}

#[cfg(not(feature = "sandbox"))]
mod sandbox {
    use std::path::PathBuf;

    use super::SignInArgs;
    use crate::aws::Aws;
    use crate::error::Error;
    use crate::ui::Ui;

    pub(super) async fn signed_in(
        _: &Ui,
        _: &str,
        _: &SignInArgs,
        _: PathBuf,
        _: String,
        _: &str,
    ) -> Result<Aws, Error> {
        Err(Error::usage("this build has no sandbox").hinted("use `--target aws`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_somebody_else_are_refused_with_both_names() {
        let check = |arn: &str| {
            let caller = Caller { account: "123456789012".into(), arn: arn.into(), partition: "aws".into() };
            is_user("User3", &caller, "User3").map_err(|error| error.to_string())
        };
        assert_eq!(check("arn:aws:iam::123456789012:user/User3"), Ok(()));
        assert_eq!(check("arn:aws:iam::123456789012:user/lab/user3"), Ok(()));
        for other in [
            "arn:aws:iam::123456789012:user/User33",
            "arn:aws:iam::123456789012:user/User3/User1",
            "arn:aws:iam::123456789012:root",
            "arn:aws:sts::123456789012:assumed-role/R/User3",
            "arn:aws:sts::123456789012:federated-user/User3",
        ] {
            let told = check(other).unwrap_err();
            assert!(told.contains(other) && told.contains("arn:aws:iam::123456789012:user/User3`"), "{told}");
        }
    }
}
