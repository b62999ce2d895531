//! The answers for programs. Versioned; keys are only ever added. Names are as they were recorded.

use serde_json::{Value, json};

use super::{Look, Row};
use crate::account::actor::Actor;
use crate::account::event::Event;
use crate::trail::collector::Asked;
use crate::trail::resource::Resource;
use crate::trail::root_login::{Reach, ReportSays, RootLogin, Used};
use crate::trail::sessions::Starts;

/// Writes the events of a history.
pub fn history_json(look: &Look, rows: &[Row<'_>]) -> Value {
    with(look, [("events", rows.iter().map(event).collect())])
}

/// Writes what was done to a resource. Of the attempts that failed, there were `of`.
pub fn who_json(
    look: &Look,
    asked: Asked,
    resource: &Resource,
    rows: &[Row<'_>],
    (attempts, of): (&[Row<'_>], usize),
) -> Value {
    let about = json!({ "kind": resource.kind, "name": resource.name, "arn": resource.arn });
    with(
        look,
        [
            ("asked", json!(asked.word())),
            ("resource", about),
            ("events", rows.iter().map(event).collect()),
            ("failed_attempts", attempts.iter().map(event).collect()),
            ("failed_attempts_found", json!(of)),
        ],
    )
}

/// Writes what is known of root's last sign-in.
pub fn root_login_json(look: &Look, login: &RootLogin) -> Value {
    let agreement = login.agreement(look.window, look.reach());
    // What was counted of a part is no number of the whole.
    let failures = (look.reach() == Reach::All).then(|| login.failures());
    let mut known_by = Vec::new();
    if let Some(latest) = login.latest() {
        let by_history = login.last.as_ref().is_some_and(|event| event.time == latest);
        let by_report = login.report.password() == Some(latest);
        known_by.extend(by_history.then_some("event_history"));
        known_by.extend(by_report.then_some("credential_report"));
    }
    let report = match &login.report {
        ReportSays::NotRead(why) => json!({ "read": false, "reason": why }),
        ReportSays::Read { generated, password, keys } => json!({
            "read": true,
            "generated_at": generated,
            "password_last_used": used(*password),
            "access_keys": keys.iter().map(|(number, active, date)| {
                json!({ "number": number, "active": active, "last_used": used(*date) })
            }).collect::<Vec<_>>(),
        }),
    };
    with(
        look,
        [
            ("last_use", json!({ "time": login.latest(), "known_by": known_by })),
            ("last_sign_in", login.last.as_ref().map_or(Value::Null, sign_in)),
            ("failed_attempts_since", json!(failures)),
            ("failed_attempts", login.failed.newest_first().map(sign_in).collect()),
            ("credential_report", report),
            ("sources", json!(agreement.word())),
            ("sources_contradict", json!(agreement.is_contradiction())),
        ],
    )
}

fn used(used: Used) -> Value {
    match used {
        Used::At(at) => json!(at),
        Used::Never => json!("never"),
        Used::Untold => Value::Null,
    }
}

fn with<const N: usize>(look: &Look, more: [(&str, Value); N]) -> Value {
    let unread = look.unread.iter().map(|(path, why)| json!({ "path": path, "reason": why }));
    let mut document = json!({
        "format_version": 1,
        "target": look.target,
        "account": look.account,
        "regions": look.regions,
        "from": look.window.map(|window| window.from),
        "to": look.window.map(|window| window.to),
        "complete": look.is_complete(),
        "ended": look.ended.word(),
        "looked_at": look.looked,
        "undecodable": look.undecodable,
        "lookups_for_sessions": look.for_sessions,
        "files": look.files,
        "unread": unread.collect::<Vec<_>>(),
        "missing": look.missing,
        "notes": look.notes,
        "api_calls": look.calls,
    });
    if let Some(fields) = document.as_object_mut() {
        fields.extend(more.map(|(key, value)| (key.to_owned(), value)));
    }
    document
}

/// Writes an event: what the other formats show, and the record itself.
fn event(row: &Row<'_>) -> Value {
    let event = row.event;
    let starts = row.chain.starts.iter().map(|start| {
        let mut who = actor(&start.actor);
        if let Some(fields) = who.as_object_mut() {
            fields.extend([
                ("time".to_owned(), json!(start.time)),
                ("address".to_owned(), json!(start.address)),
                ("event_id".to_owned(), json!(start.id)),
            ]);
        }
        who
    });
    let resources = event.resources().into_iter().map(|it| json!({ "kind": it.kind, "name": it.name }));
    json!({
        "id": event.id,
        "time": event.time,
        "event": event.name,
        "source": event.source,
        "region": event.region,
        "account": event.account,
        "who": actor(&event.actor),
        "started_by": starts.collect::<Vec<_>>(),
        "starter_known": row.chain.lost.is_none(),
        "address": event.address,
        "agent": event.agent,
        "error": event.failure.as_ref().map(|it| json!({ "code": it.code, "message": it.message })),
        "read_only": event.read_only,
        "resources": resources.collect::<Vec<_>>(),
        "raw": event.record,
    })
}

fn actor(actor: &Actor) -> Value {
    json!({
        "kind": actor.kind,
        "name": actor.name,
        "role": actor.issuer.as_ref().map(|issuer| &issuer.name),
        "arn": actor.arn,
        "account": actor.account,
        "access_key_id": actor.key,
        "mfa": actor.mfa,
        "through": actor.through,
        "source_identity": actor.source_identity,
    })
}

/// Writes a sign-in.
fn sign_in(event: &Event) -> Value {
    let starts = Starts::default();
    let mut told = self::event(&Row::new(event, &starts));
    if let Some(fields) = told.as_object_mut() {
        fields.extend([
            (
                "mfa_used".to_owned(),
                json!(event.text("/additionalEventData/MFAUsed").map(|word| word == "Yes")),
            ),
            ("mfa_device".to_owned(), json!(event.text("/additionalEventData/MFAIdentifier"))),
            ("login_to".to_owned(), json!(event.text("/additionalEventData/LoginTo"))),
        ]);
    }
    told
}
