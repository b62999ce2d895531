//! Users who sign in to the console were not handed an access key at once.

use jiff::SignedDuration;

use crate::account::credential_report::{Row, When};
use crate::account::part::Part;
use crate::audit::check::{Check, Docs, Look, Param, Scope, Severity, Unread};
use crate::audit::credential::{CREATED, Credential, Gap, KEYS, PASSWORD, is_on, with_cells};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "Users with a console password in the credential report. One fails when a key of theirs is active, was \
               never used, and was made within `setup_window_seconds` of the user, by `access_key_N_last_rotated` \
               and `user_creation_time`. That date moves when a key is switched off and on again, so a key that was \
               can no longer be told from one that was asked for later.",
    why: "A key that comes with every user is a key that most of them never need, and that lies in an e-mail.",
    fix: "Delete the key (`aws iam delete-access-key --user-name NAME --access-key-id ID`) and let users make keys \
          when they need them.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "access-key-at-setup",
    title: "no user with a console password got an unused access key at its creation",
    severity: Severity::Low,
    scope: Scope::EachUser,
    reads: &[Part::CredentialReport],
    params: &[Param {
        name: "setup_window_seconds",
        default: 10,
        about: "seconds after a user's creation in which a key counts as handed out with it",
    }],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let window = SignedDuration::from_secs(look.param("setup_window_seconds"));
    Ok(look.report()?.users().map(|row| user(row, window)).collect())
}

fn user(row: &Row, window: SignedDuration) -> Verdict {
    let subject = Subject::new(row.arn(), row.user());
    let verdict = match (is_on(row, PASSWORD.enabled), keys(row, window)) {
        (Ok(false), _) => Verdict::not_applicable(subject, "has no console password"),
        // No key of this kind: whether there is a password makes no difference.
        (_, Ok(None)) => Verdict::pass(subject, "has no unused access key from its creation"),
        (Err(gap), _) | (_, Err(gap)) => Verdict::unknown(subject, gap.sentence()),
        (Ok(true), Ok(Some(_))) => {
            let user = shell::option("--user-name", row.user());
            Verdict::fail(subject, "has a console password and an access key that was made with it and never used")
                .fix(format!(
                    "Find the key's id with `aws iam list-access-keys {user}` and delete it: `aws iam \
                     delete-access-key {user} --access-key-id ID`."
                ))
        }
    };
    let [one, two] = &KEYS;
    let columns = [one.enabled, one.set, one.used, two.enabled, two.set, two.used];
    with_cells(with_cells(verdict, row, &[PASSWORD.enabled, CREATED]), row, &columns)
}

/// Finds a key that came with the user. One that certainly did decides whatever the other one says.
fn keys(row: &Row, window: SignedDuration) -> Result<Option<&'static str>, Gap> {
    let mut gap = None;
    for key in &KEYS {
        match came_along(row, key, window) {
            Ok(true) => return Ok(Some(key.name)),
            Ok(false) => {}
            Err(unknown) => gap = Some(unknown),
        }
    }
    gap.map_or(Ok(None), Err)
}

fn came_along(row: &Row, key: &Credential, window: SignedDuration) -> Result<bool, Gap> {
    let is_active = is_on(row, key.enabled);
    let is_unused = match row.when(key.used) {
        When::At(_) => Ok(false),
        When::NotApplicable | When::NoInformation => Ok(true),
        When::NotSupported | When::Unreadable(_) => Err(Gap::of(row, key.used)),
    };
    let is_first = match (row.when(CREATED), row.when(key.set)) {
        (When::At(user), When::At(key)) => Ok(key.duration_since(user).abs() <= window),
        (When::At(_), _) => Err(Gap::of(row, key.set)),
        _ => Err(Gap::of(row, CREATED)),
    };
    // One certain "no" is enough; otherwise all three have to be told.
    let facts = [is_active, is_unused, is_first];
    if facts.contains(&Ok(false)) {
        return Ok(false);
    }
    facts.into_iter().try_fold(true, |_, fact| fact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{Cells, ask, reported, status, without};
    use crate::audit::verdict::Status;

    const KEY: &Cells = &[
        ("password_enabled", "true"),
        ("access_key_1_active", "true"),
        ("access_key_1_last_rotated", "2025-01-01T00:00:10Z"),
    ];

    #[test]
    fn a_key_that_came_with_the_user_and_was_never_used_fails() {
        assert_eq!(status(&CHECK, "ann", KEY), Status::Fail);
        let late: &Cells = &[KEY[0], KEY[1], ("access_key_1_last_rotated", "2025-01-01T00:00:11Z")];
        assert_eq!(status(&CHECK, "ann", late), Status::Pass);
        let snapshot = reported(&[("ann", late)]);
        assert_eq!(ask(&CHECK, &snapshot, &[("setup_window_seconds", 11)]).unwrap()[0].status, Status::Fail);
        let used = ("access_key_1_last_used_date", "2025-05-01T00:00:00Z");
        assert_eq!(status(&CHECK, "ann", &[KEY[0], KEY[1], KEY[2], used]), Status::Pass);
        assert_eq!(status(&CHECK, "ann", &[KEY[0], KEY[2]]), Status::Pass, "an inactive key");
        assert_eq!(status(&CHECK, "ann", &KEY[1..]), Status::NotApplicable, "no password");
        assert_eq!(status(&CHECK, "ann", &KEY[..1]), Status::Pass, "no key");
    }

    #[test]
    fn an_unreadable_cell_matters_only_where_it_decides() {
        let bad = ("access_key_2_active", "?");
        let near = ("access_key_2_last_rotated", "2025-01-01T00:00:00Z");
        assert_eq!(status(&CHECK, "ann", &[KEY[0], bad, near]), Status::Unknown);
        assert_eq!(status(&CHECK, "ann", &[KEY[0], KEY[1], KEY[2], bad, near]), Status::Fail);
        let far = ("access_key_2_last_rotated", "2025-09-01T00:00:00Z");
        assert_eq!(status(&CHECK, "ann", &[KEY[0], bad, far]), Status::Pass);
        assert_eq!(status(&CHECK, "ann", &[("password_enabled", "?"), KEY[1], KEY[2]]), Status::Unknown);
        assert_eq!(without(&CHECK), Part::CredentialReport);
    }
}
