//! What somebody signs in with: password, MFA device, access keys.

use super::wording::{count, tick};
use super::{Case, Named};
use crate::account::credential_report::{Flag, Row};
use crate::account::snapshot::{Credentials, CredentialsUnread, Facet};
use crate::grade::found::{Found, Outcome};
use crate::grade::rubric::AccessKeys;
use crate::grade::subject::Subject;

/// What was read of a user's credentials, or why this part of it was not.
fn credentials<'a>(
    case: &Case<'a>,
    user: &str,
    part: fn(&CredentialsUnread) -> &Option<String>,
) -> Result<&'a Credentials, &'a str> {
    match case.snapshot().credentials.get(user) {
        Some(Facet::Read(credentials)) => match part(&credentials.unread) {
            Some(why) => Err(why),
            None => Ok(credentials),
        },
        Some(Facet::NotRead(why)) => Err(why),
        None => Err("nobody asked for the user's credentials"),
    }
}

/// Asks the credential report in place of what was not read. A report can be hours old: that something is there, it
/// tells; that it is not there, only when it was made as the account was read.
fn by_report(case: &Case<'_>, user: &str, column: &str) -> Option<bool> {
    let snapshot = case.snapshot();
    let report = snapshot.credential_report.read()?;
    let row: &Row = report.users().find(|row| row.user() == user)?;
    match row.flag(column) {
        Flag::True => Some(true),
        Flag::False if report.generated.is_some_and(|made| made >= snapshot.taken_at) => Some(false),
        _ => None,
    }
}

const BY_REPORT: &str = "read from the credential report";

pub(super) fn console(case: &Case<'_>, user: &Subject) -> Result<Found, Found> {
    let Named { name, remark } = case.find(user)?;
    let (has, how) = match credentials(case, name, |unread| &unread.login_profile) {
        Ok(credentials) => (credentials.login_profile, None),
        Err(why) => match by_report(case, name, "password_enabled") {
            Some(has) => (has, Some(BY_REPORT.to_owned())),
            None => return Err(Found::unknown(why)),
        },
    };
    let user = tick(name);
    let found = if has {
        Found::met(format!("{user} has a password for the console"))
    } else {
        Found::missed(format!("{user} has no password for the console"))
    };
    Ok(found.remarked(remark).remarked(how))
}

pub(super) fn mfa(case: &Case<'_>, user: &Subject) -> Result<Found, Found> {
    let Named { name, remark } = case.find(user)?;
    let shown = tick(name);
    let has =
        |serial: &str| Found::met(format!("{shown} has an MFA device")).shown(format!("MFA device {serial}"));
    let none = || Found::missed(format!("{shown} has no MFA device"));
    let of_user = credentials(case, name, |unread| &unread.mfa_devices);
    let listed = of_user.ok().and_then(|credentials| credentials.mfa_devices.as_ref());
    if let Some(serial) = listed.and_then(|devices| devices.first()) {
        return Ok(has(serial).remarked(remark));
    }
    let virtual_devices = case.snapshot().virtual_mfa.read();
    let its = virtual_devices.and_then(|all| all.iter().find(|one| one.user.as_deref() == Some(name)));
    if let Some(device) = its {
        return Ok(has(&device.serial).remarked(remark));
    }
    if listed.is_some() {
        return Ok(none().remarked(remark));
    }
    let how = Some(BY_REPORT.to_owned());
    match by_report(case, name, "mfa_active") {
        Some(true) => Ok(Found::met(format!("{shown} has an MFA device")).remarked(remark).remarked(how)),
        Some(false) => Ok(none().remarked(remark).remarked(how)),
        None => Err(Found::unknown(of_user.err().unwrap_or("nobody asked for the user's MFA devices"))),
    }
}

pub(super) fn access_keys(case: &Case<'_>, wanted: &AccessKeys) -> Result<Found, Found> {
    let Named { name, remark } = case.find(&wanted.of)?;
    let keys = match credentials(case, name, |unread| &unread.access_keys) {
        Ok(credentials) => &credentials.access_keys,
        Err(why) => return Err(Found::unknown(why)),
    };
    let asked = usize::from(wanted.active);
    let active = keys.iter().filter(|key| key.active).count();
    let inactive = keys.len() - active;
    let user = tick(name);
    let keys_of = |number: usize| count(number, "active access key", "active access keys");
    let has = match (active, inactive) {
        (0, 0) => format!("{user} has no access key"),
        (0, some) => format!(
            "{user} has {} and no active one",
            count(some, "inactive access key", "inactive access keys")
        ),
        (some, _) => format!("{user} has {}", keys_of(some)),
    };
    let asks = match asked {
        0 => "none is asked for".to_owned(),
        1 => "one is asked for".to_owned(),
        many => format!("{many} are asked for"),
    };
    let outcome = match (asked, active, inactive) {
        (0, 0, 0) => Outcome::Met,
        (0, 0, _) => Outcome::Nearly,
        (0, ..) => Outcome::Missed,
        (asked, active, _) if asked == active => Outcome::Met,
        (_, 0, 0) => Outcome::Missed,
        _ => Outcome::Nearly,
    };
    let message = if outcome == Outcome::Met { has } else { format!("{has}, {asks}") };
    let besides = (outcome == Outcome::Met && inactive > 0)
        .then(|| format!("{} besides", count(inactive, "inactive key", "inactive keys")));
    let mut found = Found::new(outcome, message).remarked(super::wording::joined([remark, besides]));
    for key in keys.iter().take(4) {
        // The last characters tell the student which one; the whole id is nobody else's business.
        let start = key.id.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        let end = key.id.get(start..).unwrap_or_default();
        let state = if key.active { "active" } else { "inactive" };
        found = found.shown(format!("access key …{end}, {state}"));
    }
    Ok(found)
}
