//! What students do in their account besides making things: what the event criteria of a rubric ask for, done as the
//! users they ask it of.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::lab::Lab;
use super::{Mutation, Trial};
use crate::grade::rubric::{Assertion, Event, Rubric};
use crate::grade::subject::Subject;
use crate::provision::Address;
use crate::sandbox::class::{Hand, Key};

/// The password that everybody types.
const PASSWORD: &str = "Correct-Horse-7-Battery";

/// One thing that a student does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Signs in to the console as a user, with the code of the user's device or without.
    SignIn { user: String, with_mfa: bool },
    /// Makes a call as a user or, when none is named, as the administrator.
    Call { event: String, by: Option<String>, mentions: Vec<String> },
    /// Follows the links in the mails that ask subscribers to confirm.
    Confirm,
}

/// Lists what a rubric asks of students, each once, in its order.
pub(super) fn of(rubric: &Rubric) -> Vec<Action> {
    let mut found: Vec<Action> = Vec::new();
    for leaf in rubric.criteria().flat_map(|criterion| criterion.check.leaves()) {
        let action = match leaf {
            Assertion::Event(event) => asked(event),
            Assertion::Subscription(subscription) if subscription.confirmed => Action::Confirm,
            _ => continue,
        };
        match found.iter_mut().find(|other| other.is_like(&action)) {
            Some(other) => other.take(action),
            None => found.push(action),
        }
    }
    found
}

fn asked(event: &Event) -> Action {
    let by = match &event.by {
        Some(Subject::User(name)) => Some(name.clone()),
        _ => None,
    };
    let name = event.name.first().cloned().unwrap_or_default();
    match by {
        Some(user) if name == "ConsoleLogin" => Action::SignIn { user, with_mfa: event.mfa.unwrap_or(true) },
        by => Action::Call { event: name, by, mentions: event.mentions.clone() },
    }
}

/// Lists the mutations of what students do: each left out, and each done otherwise.
pub(super) fn mutations(actions: &[Action], lab: &Lab) -> Vec<Mutation> {
    let mut found = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        let mut add = |change: &str, instead: Option<Action>| {
            let before = actions.iter().take(index).cloned();
            let after = actions.iter().skip(index + 1).cloned();
            let trial = Trial::of_actions(before.chain(instead).chain(after).collect());
            found.push(Mutation::new("student", &action.label(), change, trial));
        };
        add("left out", None);
        match action {
            Action::SignIn { user, with_mfa: true } => {
                add("without MFA", Some(Action::SignIn { user: user.clone(), with_mfa: false }));
            }
            Action::Call { event, by, mentions } => {
                let call = |by: &Option<String>, mentions: Vec<String>| {
                    Some(Action::Call { event: event.clone(), by: by.clone(), mentions })
                };
                if by.is_some() {
                    add("by the administrator", call(&None, mentions.clone()));
                }
                if mentions.len() > 1 {
                    for one in mentions {
                        add(&format!("of `{one}`"), call(by, vec![one.clone()]));
                    }
                }
                if !mentions.is_empty() {
                    let users = lab.names("user").into_iter();
                    let mut others =
                        users.filter(|name| !mentions.contains(name) && Some(name) != by.as_ref());
                    let other = if event == "LookupEvents" { None } else { others.next() };
                    let other = other.unwrap_or_else(|| "RunInstances".to_owned());
                    add(&format!("of `{other}`"), call(by, vec![other.clone()]));
                }
            }
            _ => {}
        }
    }
    found
}

impl Action {
    /// Tells whether one action can be both.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Call { event, by, .. }, Self::Call { event: another, by: another_by, .. }) => {
                event == another && by == another_by
            }
            (one, other) => one == other,
        }
    }

    /// Becomes both.
    fn take(&mut self, other: Self) {
        if let (Self::Call { mentions, .. }, Self::Call { mentions: more, .. }) = (self, other)
            && mentions.is_empty()
        {
            *mentions = more;
        }
    }

    /// Names it: `AddUserToGroup by User3`.
    pub(super) fn label(&self) -> String {
        match self {
            Self::SignIn { user, .. } => format!("sign-in of {user}"),
            Self::Call { event, by, .. } => {
                format!("{event} by {}", by.as_deref().unwrap_or("the administrator"))
            }
            Self::Confirm => "confirmation of the subscriptions".to_owned(),
        }
    }

    /// Does it. In an account that is not the reference it may come to nothing, as it would for the student.
    ///
    /// # Errors
    ///
    /// What stood in the way.
    pub(super) async fn perform(&self, hand: &mut Hand<'_>, trial: &Trial, lab: &Lab) -> Result<(), String> {
        let admin = hand.administrator();
        match self {
            Self::SignIn { user, with_mfa } => {
                let user = trial.name("user", user);
                let without = if *with_mfa { None } else { take_device(hand, &admin, user).await };
                let session = sign_in(hand, &admin, user).await;
                if without.is_some() {
                    let back = hand.enable_mfa(&admin, user).await;
                    back.map_err(|error| error.to_string())?;
                }
                session.map(drop)
            }
            Self::Call { event, by, mentions } => {
                let key = match by {
                    Some(user) => sign_in(hand, &admin, trial.name("user", user)).await?,
                    None => admin,
                };
                call(hand, &key, event, mentions, trial, lab).await
            }
            Self::Confirm => {
                for topic in lab.names("topic") {
                    let topic = Address::new("topic", trial.name("topic", &topic));
                    hand.confirm(&admin, &lab.arn(&topic)).await.map_err(|error| error.to_string())?;
                }
                Ok(())
            }
        }
    }
}

/// Signs in as a user with a password that the administrator has just set. Returns the session.
async fn sign_in(hand: &mut Hand<'_>, admin: &Key, user: &str) -> Result<Key, String> {
    let input = json!({"UserName": user, "Password": PASSWORD, "PasswordResetRequired": "false"});
    hand.attempt(admin, "iam", "UpdateLoginProfile", input).await.map_err(|error| told(&error))?;
    hand.sign_in(user, PASSWORD).await.map_err(|error| error.to_string())
}

/// Takes a user's MFA device away; nothing when there is none.
async fn take_device(hand: &mut Hand<'_>, admin: &Key, user: &str) -> Option<Value> {
    let serial = hand.iam_arn(&format!("mfa/{user}"));
    let input = json!({"UserName": user, "SerialNumber": serial});
    hand.attempt(admin, "iam", "DeactivateMFADevice", input).await.ok()?;
    hand.attempt(admin, "iam", "DeleteVirtualMFADevice", json!({"SerialNumber": serial})).await.ok()
}

/// Makes a call so that its event is what the rubric looks for. Whether it is allowed, the account decides.
async fn call(
    hand: &mut Hand<'_>,
    key: &Key,
    event: &str,
    mentions: &[String],
    trial: &Trial,
    lab: &Lab,
) -> Result<(), String> {
    let users = lab.names("user");
    let done = match event {
        "GetCredentialReport" => {
            // The first asks for a report, the second learns that it is there.
            for _ in 0..2 {
                let _ = hand.attempt(key, "iam", "GenerateCredentialReport", json!({})).await;
            }
            hand.attempt(key, "iam", "GetCredentialReport", json!({})).await
        }
        "GenerateCredentialReport" => hand.attempt(key, "iam", "GenerateCredentialReport", json!({})).await,
        "AddUserToGroup" => {
            let user = mentions.iter().find(|name| users.contains(name)).or(users.first());
            let group = lab.names("group").into_iter().next().ok_or("the reference has no group")?;
            let input = json!({
                "UserName": trial.name("user", user.map_or("", String::as_str)),
                "GroupName": trial.name("group", &group),
            });
            hand.attempt(key, "iam", "AddUserToGroup", input).await
        }
        "LookupEvents" => {
            let attribute = mentions.first().map(|mention| {
                let is_user = mention == "root" || users.contains(mention);
                let attribute = if is_user { "Username" } else { "EventName" };
                json!({"AttributeKey": attribute, "AttributeValue": mention})
            });
            let input =
                json!({"LookupAttributes": attribute.into_iter().collect::<Vec<_>>(), "MaxResults": 50});
            hand.attempt(key, "cloudtrail", "LookupEvents", input).await
        }
        other => return Err(format!("the self-test does not know how students cause `{other}`")),
    };
    match done {
        Err(error) if error.code == "AccessDenied" => Ok(()),
        done => done.map(drop).map_err(|error| told(&error)),
    }
}

/// Says why a call was refused.
pub(super) fn told(error: &AwsError) -> String {
    format!("{}: {}", error.code, error.message)
}
