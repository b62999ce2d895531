//! The console's sign-in page: password, MFA code, and a session that stands for what the browser would hold.
//!
//! Source: "How IAM users sign in to AWS" and "Sign in with MFA" in the AWS Sign-In and IAM user guides.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::account::Account;
use super::super::recorder::{self, Door, SignIn as Attempt, Visitor};
use super::super::services::iam::store::RootMfa;
use super::super::services::iam::{Identity, Opening, store};
use crate::error::{Error, ErrorKind};

/// How long a session of the console lasts, in seconds: twelve hours.
const LASTS: u32 = 43_200;

/// Somebody at the sign-in page.
#[derive(Serialize, Deserialize)]
pub struct SignIn {
    /// The account.
    pub account: String,
    /// The user's name; `None` for the root user, to whom the sandbox belongs: no password is asked for.
    pub user: Option<String>,
    /// The password.
    pub password: String,
    /// The code that the user's MFA device shows.
    pub mfa_code: Option<String>,
    /// The password to have from now on.
    pub new_password: Option<String>,
    /// Where the browser is.
    pub source: String,
    /// How the root user signs in.
    #[serde(default)]
    pub root: RootPage,
}

/// How the root user signs in, who is asked for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootPage {
    /// With the MFA device, if there is one.
    #[default]
    AsItIs,
    /// With the MFA device. If there is none yet, root gets one first, which AWS lets its owner do in the console only.
    WithMfa,
    /// Not at all: with a wrong password.
    Refused,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn")
            .field("account", &self.account)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What the page knows of a user.
struct Found {
    identity: Identity,
    password_fits: bool,
    mfa: Option<String>,
    must_change: Option<&'static str>,
    expired_for_good: bool,
}

/// Signs somebody in and returns the session's credentials, in the form of the AWS CLI's `credential_process`.
pub(super) fn sign_in(account: &Account, page: &SignIn) -> Result<Value, Error> {
    let Some(name) = &page.user else { return root(account, page) };
    let Some(found) = look(account, name, &page.password) else {
        record(account, page, Visitor::Unknown, None, false);
        return Err(refused());
    };
    let visitor = Visitor::Known(&found.identity);
    if !found.password_fits {
        record(account, page, visitor, None, false);
        return Err(refused());
    }
    let serial = found.mfa.as_deref();
    if let Some(serial) = serial {
        account.log().lock().append(recorder::mfa_check(&attempt(
            account,
            page,
            visitor,
            Some(serial),
            false,
        )));
        let Some(code) = &page.mfa_code else {
            return Err(Error::new(ErrorKind::Api, format!("`{name}` signs in with an MFA code"))
                .hinted("give the code that the device shows with `--mfa-code`"));
        };
        if !account.iam().check_mfa(name, serial, code) {
            record(account, page, visitor, Some(serial), false);
            return Err(Error::new(ErrorKind::Api, "the MFA code is wrong, or was used before")
                .hinted("a code counts once: wait for the next one, at most 30 seconds"));
        }
    }
    if found.expired_for_good {
        return Err(Error::new(ErrorKind::Api, format!("the password of `{name}` has expired"))
            .hinted("the password policy wants an administrator to set a new one"));
    }
    if let Some(reason) = found.must_change {
        let Some(new) = &page.new_password else {
            return Err(Error::new(ErrorKind::Api, format!("`{name}` must choose a new password: {reason}"))
                .hinted("write the new password on the second line of what `--password-stdin` reads"));
        };
        account.iam().choose_password(name, new).map_err(|error| {
            Error::new(ErrorKind::Api, format!("the new password is refused: {}", error.message))
        })?;
    }
    let now = account.now();
    account.iam().record_sign_in(Some(name.as_str()), now);
    record(account, page, visitor, serial, true);
    session(account, found.identity, serial.is_some())
}

/// Signs the root user in.
fn root(account: &Account, page: &SignIn) -> Result<Value, Error> {
    let arn = Identity::Root.arn("aws", account.id());
    if page.root == RootPage::Refused {
        record(account, page, Visitor::Known(&Identity::Root), None, false);
        return Err(Error::new(ErrorKind::Api, "the sign-in failed, as it was asked to"));
    }
    if page.root == RootPage::WithMfa {
        account.iam().edit(|state| state.root.mfa = Some(state.root.mfa.unwrap_or(RootMfa::Virtual)));
    }
    let mfa = account.iam().read(|state| state.root.mfa.is_some());
    let serial = mfa.then(|| arn.replace(":root", ":mfa/root-account-mfa-device"));
    account.iam().record_sign_in(None, account.now());
    record(account, page, Visitor::Known(&Identity::Root), serial.as_deref(), true);
    session(account, Identity::Root, mfa)
}

fn look(account: &Account, name: &str, password: &str) -> Option<Found> {
    let now = account.now();
    account.iam().read(|state| {
        let key = store::key(name);
        let user = state.users.get(&key)?;
        let login = user.login.as_ref()?;
        let policy = state.password_policy.as_ref();
        let days = policy.and_then(|policy| policy.max_age);
        let end = days.and_then(|days| {
            login.changed.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()
        });
        let expired = end.is_some_and(|end| end <= now);
        Some(Found {
            identity: Identity::User {
                name: user.name.clone(),
                id: user.id.clone(),
                path: user.path.clone(),
            },
            password_fits: login.matches(password),
            mfa: state.mfa.values().find(|it| it.user.as_ref() == Some(&key)).map(|it| it.serial.clone()),
            must_change: if login.reset_required {
                Some("whoever made it asked for that")
            } else {
                expired.then_some("the old one has expired")
            },
            expired_for_good: expired && policy.and_then(|policy| policy.hard_expiry) == Some(true),
        })
    })
}

fn session(account: &Account, identity: Identity, mfa: bool) -> Result<Value, Error> {
    let opening = Opening { identity, seconds: LASTS, mfa, policies: Vec::new(), console: true };
    let issued = account.iam().open_session(opening);
    let issued = issued.map_err(|error| Error::new(ErrorKind::Internal, error.message))?;
    Ok(json!({
        "Version": 1,
        "AccessKeyId": issued.id,
        "SecretAccessKey": issued.secret.reveal(),
        "SessionToken": issued.token.reveal(),
        "Expiration": issued.expires,
    }))
}

fn record(account: &Account, page: &SignIn, visitor: Visitor<'_>, mfa: Option<&str>, success: bool) {
    let event = recorder::console_login(&attempt(account, page, visitor, mfa, success));
    account.log().lock().append(event);
}

fn attempt<'a>(
    account: &'a Account,
    page: &'a SignIn,
    visitor: Visitor<'a>,
    mfa: Option<&'a str>,
    success: bool,
) -> Attempt<'a> {
    let at: Timestamp = account.now();
    let agent = concat!("iamlab/", env!("CARGO_PKG_VERSION"));
    let door = Door {
        account: account.id(),
        partition: "aws",
        region: "us-east-1",
        source: &page.source,
        agent,
        at,
    };
    Attempt { door, visitor, mfa, success }
}

/// What the page says of a wrong name and of a wrong password alike.
fn refused() -> Error {
    Error::new(ErrorKind::Api, "the user name or password is incorrect")
        .hinted("the passwords that `provision up` made are in the hand-over file")
}
