//! The last sign-in of root, for people.

use std::fmt::Write as _;

use super::text::{look_text, shown};
use super::{Look, Paint, seconds};
use crate::account::event::Event;
use crate::report::wrap::wrap;
use crate::trail::root_login::{Agreement, Reach, ReportSays, RootLogin, Used};
use crate::ui::Tone;

/// The longest line of a sentence.
const LINE: usize = 110;

/// Writes what is known of root's last sign-in, and by whom.
pub fn root_login_text(look: &Look, login: &RootLogin, paint: Paint<'_>) -> String {
    let mut out = String::new();
    let reach = look.reach();
    if let Some(event) = &login.last {
        let (time, mfa) = (seconds(event.time), mfa(event));
        let title = match reach {
            Reach::All => format!("Root last signed in {time}, {mfa}."),
            Reach::Part | Reach::Nothing => {
                format!("Root signed in {time}, {mfa}. Not all was looked at: that may not be the last.")
            }
        };
        _ = writeln!(out, "{}\n", paint(Tone::Strong, &title));
        facts(&mut out, event);
    } else {
        let title = match reach {
            Reach::All => "No sign-in of root was found. That is not \"never\".",
            Reach::Part => {
                "No sign-in of root was found in what was looked at, which is not all. That is not \"never\"."
            }
            Reach::Nothing => "Sign-ins of root were not looked at. That is not \"never\".",
        };
        _ = writeln!(out, "{}", paint(Tone::Strong, title));
    }
    failures(&mut out, login, reach, paint);
    sources(&mut out, look, login, paint);
    out += &look_text(look, usize::from(login.last.is_some()) + login.failures());
    out
}

fn mfa(event: &Event) -> &'static str {
    match event.text("/additionalEventData/MFAUsed") {
        Some("Yes") => "with MFA",
        Some("No") => "without MFA",
        _ => "MFA not recorded",
    }
}

fn facts(out: &mut String, event: &Event) {
    let text = |place: &str| event.text(place).unwrap_or("not recorded").to_owned();
    let used = text("/additionalEventData/MFAUsed");
    let used = match (used.as_str(), event.text("/additionalEventData/MFAIdentifier")) {
        ("Yes", Some(device)) => format!("yes, {device}"),
        ("Yes", None) => "yes".to_owned(),
        ("No", _) => "no (evidence, not proof: a sign-in with a passkey can be recorded so)".to_owned(),
        (other, _) => other.to_owned(),
    };
    for (name, value) in [
        ("MFA used", used),
        ("address", event.address.clone()),
        ("agent", event.agent.clone()),
        ("signed in to", text("/additionalEventData/LoginTo")),
        ("recorded in", event.region.clone()),
        ("account", event.account.clone()),
        ("event", event.id.clone()),
    ] {
        _ = writeln!(out, "  {name:12}  {}", shown(&value, 300));
    }
}

fn failures(out: &mut String, login: &RootLogin, reach: Reach, paint: Paint<'_>) {
    let since = if login.last.is_some() { " since" } else { "" };
    let part = if reach == Reach::All { "" } else { " in what was looked at" };
    if login.failures() == 0 {
        let none = if reach == Reach::Nothing { "not looked at".to_owned() } else { format!("none{part}") };
        _ = writeln!(out, "\nFailed attempts{since}: {none}");
        return;
    }
    let title = format!("Failed attempts{since}: {}{part}", login.failures());
    _ = writeln!(out, "\n{}", paint(Tone::Bad, &title));
    for event in login.failed.newest_first() {
        let why = event.failure.as_ref().map(|failure| shown(failure.word(), 80)).unwrap_or_default();
        _ = writeln!(out, "  {}  {}  {why}", seconds(event.time), shown(&event.address, 60));
    }
    if login.failures() > login.failed.len() {
        _ = writeln!(out, "  … and {} older", login.failures() - login.failed.len());
    }
}

/// Writes what each source knows, and how they stand to each other, where a table of events does not tell.
pub fn sources_text(look: &Look, login: &RootLogin) -> Option<String> {
    let agreement = login.agreement(look.window, look.reach());
    if matches!(agreement, Agreement::Same | Agreement::Neither) {
        return None;
    }
    let mut out = String::new();
    sources(&mut out, look, login, &|_, text| text.to_owned());
    Some(out.trim().to_owned())
}

fn sources(out: &mut String, look: &Look, login: &RootLogin, paint: Paint<'_>) {
    _ = writeln!(out, "\n{}", paint(Tone::Strong, "Who knows what"));
    let source = if look.files.is_some() { "log files" } else { "event history" };
    let history = match (&login.last, look.reach()) {
        (Some(event), _) => format!("signed in {}", seconds(event.time)),
        (None, Reach::All) => "no sign-in".to_owned(),
        (None, Reach::Part) => "no sign-in in what was looked at".to_owned(),
        (None, Reach::Nothing) => "not looked at".to_owned(),
    };
    _ = writeln!(out, "  {source:17}  {history}");
    match &login.report {
        ReportSays::NotRead(why) => {
            _ = writeln!(
                out,
                "  credential report  {}",
                paint(Tone::Change, &format!("not read: {}", shown(why, 600)))
            );
        }
        ReportSays::Read { generated, password, keys } => {
            let made =
                generated.map_or_else(|| "age unknown".to_owned(), |at| format!("made {}", seconds(at)));
            _ = writeln!(out, "  credential report  password {} ({made})", used(*password));
            for (number, active, date) in keys {
                let state = if *active { "active" } else { "inactive" };
                _ = writeln!(out, "  {:17}  access key {number} ({state}) {}", "", used(*date));
            }
            if keys.is_empty() {
                _ = writeln!(out, "  {:17}  no access key", "");
            }
        }
    }
    let agreement = login.agreement(look.window, look.reach());
    if let Some(sentence) = agreement.sentence(look.source()) {
        let tone = if agreement.is_contradiction() { Tone::Change } else { Tone::Dim };
        for line in wrap(&sentence, LINE - 2) {
            _ = writeln!(out, "  {}", paint(tone, &line));
        }
    }
}

fn used(used: Used) -> String {
    match used {
        Used::At(at) => format!("last used {}", seconds(at)),
        Used::Never => "never used, as far as IAM knows".to_owned(),
        Used::Untold => "not told".to_owned(),
    }
}
