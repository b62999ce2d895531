//! The class against its answer key.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::sandbox::recorder::Event;

/// A class in a folder that goes with the value.
struct Made {
    dir: tempfile::TempDir,
    class: Class,
}

async fn made(students: u32, seed: u64) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let now = "2026-03-20T12:00:00Z".parse().unwrap();
    let class = generate(dir.path(), Options { students, seed, now, replace: false }, |_| {}).await.unwrap();
    Made { dir, class }
}

impl Made {
    fn account(&self, student: &Student) -> Sandbox {
        let clock = Clock::fixed(self.class.as_of);
        let dir = Some(self.dir.path().to_owned());
        Sandbox::open(crate::sandbox::Options { dir, account: student.account.clone(), clock }).unwrap()
    }
}

/// The events of an account, of one name, oldest first.
fn events(sandbox: &Sandbox, name: &str) -> Vec<Value> {
    let history = sandbox.inner.account.log().lock();
    let named = history.iter().filter(|event| event.name == name);
    named.map(|event: &std::sync::Arc<Event>| serde_json::from_str(event.record()).unwrap()).collect()
}

#[tokio::test]
async fn what_the_key_says_is_in_the_account() {
    let made = made(70, 11).await;
    let mut seen = BTreeSet::new();
    for student in &made.class.students {
        seen.extend(student.mistakes.iter().copied());
        let sandbox = made.account(student);
        let id = format!("{} {:?}", student.id, student.mistakes);
        if student.makes(Mistake::NothingDone) {
            assert!(sandbox.iam().read(|state| state.users.is_empty()), "{id}");
            continue;
        }
        let makes = |mistake| student.makes(mistake);
        sandbox.iam().read(|state| {
            let everybody = &state.users;
            let user2 = everybody.get("user2").unwrap();
            let keys: Vec<bool> = user2.keys.iter().map(|key| key.active).collect();
            let wanted: &[bool] = match () {
                () if makes(Mistake::User2WithoutKey) => &[],
                () if makes(Mistake::User2TwoKeys) => &[true, true],
                () if makes(Mistake::User2KeyInactive) => &[false],
                () => &[true],
            };
            assert_eq!(keys, wanted, "{id}");
            let mfa = state.mfa.values().any(|device| device.user.as_deref() == Some("user1"));
            let none = makes(Mistake::User1WithoutMfa) || makes(Mistake::User1WithoutConsole);
            assert_eq!(mfa, !none, "{id}");
            assert_eq!(state.root.keys.len(), usize::from(makes(Mistake::RootKey)), "{id}");
            assert_eq!(state.root.mfa.is_none(), makes(Mistake::RootWithoutMfa), "{id}");
            assert_eq!(state.password_policy.is_none(), makes(Mistake::PasswordPolicyMissing), "{id}");
            assert_eq!(
                state.groups.get("iam-auditor-group").is_none(),
                makes(Mistake::GroupMisspelled),
                "{id}"
            );
            let late = state.users.get("user3").unwrap().created > made.class.deadline;
            assert_eq!(late, makes(Mistake::Late) || student.extension > 0, "{id}");
        });
        let yesterday = made.class.as_of.saturating_sub(SignedDuration::from_hours(24)).unwrap().to_string();
        let root = events(&sandbox, "ConsoleLogin")
            .into_iter()
            .filter(|event| event["userIdentity"]["type"] == "Root");
        let recent = root.filter(|event| event["eventTime"].as_str().unwrap() > yesterday.as_str()).count();
        assert_eq!(recent, usize::from(makes(Mistake::RootYesterday)), "{id}");
    }
    assert!(seen.len() >= 25, "{} kinds of mistakes", seen.len());
}

#[tokio::test]
async fn good_work_leaves_the_tracks_that_the_tasks_ask_for() {
    let made = made(40, 3).await;
    let good: Vec<_> = made.class.students.iter().filter(|student| student.mistakes.is_empty()).collect();
    assert!(!good.is_empty());
    for student in good {
        let sandbox = made.account(student);
        let sign_ins = events(&sandbox, "ConsoleLogin");
        let user1 = sign_ins.iter().find(|event| event["userIdentity"]["userName"] == "User1").unwrap();
        assert_eq!(user1["additionalEventData"]["MFAUsed"], "Yes");
        let reports = events(&sandbox, "GetCredentialReport");
        assert!(reports.iter().any(|event| event["userIdentity"]["userName"] == "User3" && event.get("errorCode").is_none()));
        let additions = events(&sandbox, "AddUserToGroup");
        let denied = additions.iter().find(|event| event["userIdentity"]["userName"] == "User3").unwrap();
        assert_eq!(denied["errorCode"], "AccessDenied", "{denied}");
        assert!(denied["errorMessage"].as_str().unwrap().contains("group IAM-Auditor-Group"), "{denied}");
        assert!(!events(&sandbox, "LookupEvents").is_empty());
        assert_eq!(events(&sandbox, "CreateFunction20150331").len(), 1);
        let all: Vec<String> = sandbox.inner.account.log().lock().iter().map(|event| event.line()).collect();
        assert!(all.iter().all(|line| !line.contains("Correct-Horse")), "no password is recorded");
    }
}

#[tokio::test]
async fn a_class_is_not_made_over_another_one_unasked() {
    let made = made(2, 1).await;
    let options = Options { students: 2, seed: 1, now: made.class.as_of, replace: false };
    let error = generate(made.dir.path(), options, |_| {}).await.unwrap_err();
    assert!(matches!(error, ClassError::Exists { .. }), "{error}");
    let options = Options { replace: true, ..options };
    let mut told = 0;
    generate(made.dir.path(), options, |_| told += 1).await.unwrap();
    assert_eq!(told, 2);
    assert_eq!(Sandbox::accounts(made.dir.path()).unwrap().len(), 2);
}

#[tokio::test]
async fn the_key_and_the_roster_tell_the_same_story() {
    let made = made(30, 4).await;
    let key: Value = serde_json::from_str(&made.class.to_json().unwrap()).unwrap();
    assert_eq!(key["format_version"], 1);
    let students = key["students"].as_array().unwrap();
    let read = |text: String| -> Vec<csv::StringRecord> {
        csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect()
    };
    let (rows, roster) = (read(made.class.to_csv().unwrap()), read(made.class.to_roster().unwrap()));
    assert_eq!((students.len(), rows.len(), roster.len()), (30, 30, 30));
    for ((student, row), listed) in students.iter().zip(&rows).zip(&roster) {
        let ids: Vec<&str> =
            student["mistakes"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(&row[6], ids.join(" "));
        assert_eq!((&row[0], &row[3]), (&listed[0], &listed[3]));
        assert_eq!(student["name"], listed[1]);
        assert!(!row[1].starts_with(['=', '@']), "{}", &row[1]);
    }
}

/// The moment the classes here are looked at.
fn options(students: u32, seed: u64) -> Options {
    Options { students, seed, now: "2026-03-20T12:00:00Z".parse().unwrap(), replace: false }
}

/// Does the work of one student in an account in memory.
async fn worked(student: &Student) -> Sandbox {
    let clock = Clock::fixed(student.began);
    let opened =
        crate::sandbox::Options { dir: None, account: student.account.clone(), clock: clock.clone() };
    let sandbox = Sandbox::open(opened).unwrap();
    work::do_all(&sandbox, &clock, student, options(1, 5).now).await.unwrap();
    sandbox
}

/// What can be seen of a student's work from outside: the calls, in order, without what chance decides.
async fn traces(mistakes: Vec<Mistake>) -> Vec<String> {
    let deadline = options(1, 5).deadline();
    let late = SignedDuration::from_hours(if mistakes.contains(&Mistake::Late) { 5 } else { -48 });
    let began = deadline.saturating_add(late).unwrap();
    let student = Student { mistakes, began, ..roll::students(&options(1, 5)).remove(0) };
    let sandbox = worked(&student).await;
    let history = sandbox.inner.account.log().lock();
    let trace = |event: &std::sync::Arc<Event>| {
        let record: Value = serde_json::from_str(event.record()).unwrap();
        let mut parameters = record["requestParameters"].clone();
        if let Some(fields) = parameters.as_object_mut() {
            fields.shift_remove("accessKeyId");
        }
        let (code, hash) = (&record["errorCode"], &record["responseElements"]["codeSha256"]);
        let (late, mfa) = (event.time > deadline, &record["additionalEventData"]["MFAUsed"]);
        format!("{} {} {:?} {late} {code} {hash} {mfa} {parameters}", event.name, event.region, event.user)
    };
    history.iter().map(trace).collect()
}

#[tokio::test]
async fn every_mistake_leaves_a_trace() {
    let good = traces(Vec::new()).await;
    assert_eq!(good, traces(Vec::new()).await, "what chance decides is left out");
    let denials = good.iter().filter(|trace| trace.contains("AccessDenied")).count();
    assert_eq!(denials, 1, "good work is refused what task 6 is about, and nothing else: {good:#?}");
    for mistake in Mistake::ALL.iter().filter(|mistake| **mistake != Mistake::SameWork) {
        assert_ne!(traces(vec![*mistake]).await, good, "{mistake:?}");
    }
}

#[tokio::test]
async fn who_copies_has_the_words_of_another() {
    let class = roll::students(&options(120, 9));
    let copy = class.iter().find(|student| student.same_as.is_some()).unwrap();
    let model = class.iter().find(|student| Some(&student.id) == copy.same_as.as_ref()).unwrap();
    let policy = async |student: &Student| {
        worked(student).await.iam().read(|state| {
            let mut named = ["IAM-Auditor-Policy", "IAMAuditorPolicy"].into_iter();
            let found = named.find_map(|name| state.policies.values().find(|policy| policy.name == name));
            found.unwrap().document().unwrap().to_owned()
        })
    };
    assert_eq!(policy(copy).await, policy(model).await);
    let other = class.iter().find(|student| student.mistakes.is_empty() && student.id != model.id).unwrap();
    assert_ne!(other.style, copy.style);
}
