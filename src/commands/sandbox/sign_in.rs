//! `iamlab sandbox sign-in`

use std::io::{IsTerminal as _, Read as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use clap::Args;
use serde_json::Value;

use super::{Format, Home, text};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Exit};
use crate::provision::credentials::code_of;
use crate::provision::handover::HandOver;
use crate::sandbox::control::{Order, RootPage, SignIn};
use crate::ui::Ui;

/// Sign in to the console as a user, and act as that user
///
/// Checks the password and the MFA code, records the sign-in in the event history, and hands out a session's
/// credentials for twelve hours: as lines for a shell, or as JSON in the form of the AWS CLI's `credential_process`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    iamlab sandbox sign-in User3 --credentials iam-auditing-credentials.csv\n  \
    eval \"$(iamlab sandbox sign-in User3)\"          asks for the password; then: aws iam list-users\n  \
    iamlab sandbox sign-in User1 --password-stdin --mfa-code 123456 < password.txt\n  \
    iamlab sandbox sign-in --root                    as the account's owner\n  \
    iamlab sandbox sign-in --root --with-mfa         with root's MFA device, set up first if there is none")]
pub struct SignInArgs {
    /// The user's name
    #[arg(value_name = "USER", required_unless_present = "root")]
    user: Option<String>,
    /// Sign in as the root user: the sandbox's owner, who is asked for no password
    #[arg(long, conflicts_with_all = ["user", "password_stdin", "credentials", "mfa_code"])]
    root: bool,
    /// Sign root in with its MFA device; if it has none yet, set one up first, as its owner would in the console
    #[arg(long, requires = "root")]
    with_mfa: bool,
    /// Have root's sign-in fail, as with a wrong password: the event history shows the attempt
    #[arg(long, requires = "root", conflicts_with = "with_mfa")]
    refused: bool,
    /// Read the password from the first line of standard input; a second line is the new password, for a user
    /// who must choose one
    #[arg(long, conflicts_with = "credentials")]
    password_stdin: bool,
    /// Take the password, and the MFA code, from the hand-over file of `provision up`
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// The code that the user's MFA device shows
    #[arg(long, value_name = "CODE")]
    mfa_code: Option<String>,
    /// The address that the event history shows
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    source_ip: IpAddr,
    /// Region of the environment that is printed
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    region: String,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

pub(super) async fn run(ui: &Ui, args: SignInArgs) -> Result<Exit, Error> {
    let SignInArgs {
        user,
        with_mfa,
        refused,
        password_stdin,
        credentials,
        mfa_code,
        source_ip,
        region,
        format,
        home,
        ..
    } = args;
    let root = match (with_mfa, refused) {
        (true, _) => RootPage::WithMfa,
        (_, true) => RootPage::Refused,
        _ => RootPage::AsItIs,
    };
    let desk = home.place.desk(&home.account)?;
    let source = match &credentials {
        Some(file) => Source::File(file),
        None if password_stdin => Source::Stdin,
        None => Source::Terminal,
    };
    let mut page = page(&home.account, user, &source, mfa_code, source_ip)?;
    page.root = root;
    let answer = desk.ask(Order::SignIn(page)).await?;
    match format {
        Format::Json => ui.data(&answer.to_string()),
        Format::Text => {
            let served = |url| {
                format!(
                    "export AWS_ENDPOINT_URL={url}\nexport AWS_REGION={region} AWS_DEFAULT_REGION={region}\n"
                )
            };
            let endpoint = desk.url().map(served).unwrap_or_default();
            ui.data(&format!("{endpoint}{}", exports(&answer)));
            if endpoint.is_empty() {
                ui.hint("run `iamlab sandbox serve` beside this for programs that speak to an endpoint");
            }
        }
    }
    Ok(Exit::Ok)
}

/// Where a password comes from.
#[derive(Debug)]
pub(in crate::commands) enum Source<'a> {
    /// The hand-over file of `provision up`, which may hold the seed of the MFA device too.
    File(&'a Path),
    /// The first line of standard input; a second one is the new password.
    Stdin,
    /// Somebody at the terminal.
    Terminal,
}

/// Fills the sign-in page in: `user`'s, or without a name root's, who is asked for nothing.
pub(in crate::commands) fn page(
    account: &str,
    user: Option<String>,
    source: &Source<'_>,
    mfa_code: Option<String>,
    address: IpAddr,
) -> Result<SignIn, Error> {
    let mut page = SignIn {
        account: account.to_owned(),
        user,
        password: String::new(),
        mfa_code,
        new_password: None,
        source: address.to_string(),
        root: RootPage::AsItIs,
    };
    let Some(user) = &page.user else { return Ok(page) };
    match source {
        Source::File(file) => {
            let (password, seed) = handed_over(file, user)?;
            page.password = password;
            page.mfa_code = page.mfa_code.or(seed);
        }
        Source::Stdin => {
            let mut input = String::new();
            std::io::stdin().read_to_string(&mut input).map_err(|error| {
                Error::input("the password cannot be read from standard input").caused_by(error)
            })?;
            let mut lines = input.lines();
            lines.next().unwrap_or_default().clone_into(&mut page.password);
            page.new_password = lines.next().map(str::to_owned);
        }
        Source::Terminal => page.password = typed(user)?,
    }
    Ok(page)
}

/// Reads the credentials of a session that the sign-in page opened.
pub(in crate::commands) fn session(answer: &Value) -> Credentials {
    let [id, secret, token] =
        ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|key| text(answer, key).to_owned());
    Credentials::new(id, secret, Some(token), None, "iamlab-sign-in")
}

/// The session's credentials as lines for a shell.
fn exports(answer: &Value) -> String {
    let line = |name: &str, key: &str| format!("export {name}={}", text(answer, key));
    [
        line("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        line("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        line("AWS_SESSION_TOKEN", "SessionToken"),
    ]
    .join("\n")
}

/// Asks for the password at the terminal, without showing it.
fn typed(user: &str) -> Result<String, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage("there is no terminal to ask for the password at")
            .hinted("give it with `--password-stdin` or `--credentials FILE`"));
    }
    rpassword::prompt_password(format!("Password of {user}: "))
        .map_err(|error| Error::input("the password cannot be read").caused_by(error))
}

/// Finds a user's password, and the code its MFA device shows, in a hand-over file.
fn handed_over(file: &Path, user: &str) -> Result<(String, Option<String>), Error> {
    if matches!(file.try_exists(), Ok(false)) {
        return Err(Error::input(format!("`{}` does not exist", file.display())).hinted(
            "`provision up` writes the hand-over file; `--password-stdin` takes a password from elsewhere",
        ));
    }
    let row = HandOver::new(file).row(user)?;
    let missing = || {
        Error::new(ErrorKind::Input, format!("`{}` holds no password of `{user}`", file.display()))
            .hinted("it holds what `provision up` made; `--password-stdin` takes a password from elsewhere")
    };
    let row = row.ok_or_else(missing)?;
    let password = row.password.ok_or_else(missing)?;
    // The code of the next half minute: it is taken already, and `provision up` used the present one.
    let at = Clock::System.now().as_second().saturating_add(30);
    let code = row.mfa_uri.as_ref().and_then(|uri| code_of(uri, u64::try_from(at).ok()?));
    Ok((password.reveal().to_owned(), code.map(|code| code.reveal().clone())))
}
