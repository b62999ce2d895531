//! What rules do to calls.

use serde_json::json;

use super::*;

/// An account with rules and a clock, at which calls arrive.
struct Account {
    faults: Faults,
    now: Timestamp,
}

impl Account {
    fn with(rules: &[&str]) -> Self {
        let mut faults = Faults::default();
        for rule in rules {
            faults.add(rule.parse().unwrap());
        }
        Self { faults, now: "2026-03-02T09:00:00Z".parse().unwrap() }
    }

    fn call<'a>(&self, (service, operation): (&'a str, &'a str), input: &'a Value) -> Call<'a> {
        Call {
            service,
            operation,
            input,
            key: "AKIANEW",
            caller: "arn:aws:iam::123456789012:root",
            now: self.now,
        }
    }

    fn fate(&mut self, operation: (&str, &str), input: &Value) -> Option<Fate> {
        let call = self.call(operation, input);
        self.faults.decide(&call)
    }

    /// The code of the error that a call meets; nothing when it is carried out.
    fn code(&mut self, operation: (&str, &str), input: &Value) -> String {
        self.fate(operation, input).and_then(|fate| fate.error).map(|error| error.code).unwrap_or_default()
    }

    fn done(&mut self, operation: (&str, &str), input: &Value, output: &Value) {
        let call = self.call(operation, input);
        self.faults.observe(&call, output);
    }

    fn pass(&mut self, seconds: i64) {
        self.now += jiff::SignedDuration::from_secs(seconds);
    }
}

#[test]
fn each_service_throttles_in_its_own_words() {
    for (service, code, status) in [
        ("iam", "Throttling", 400),
        ("sts", "Throttling", 400),
        ("events", "ThrottlingException", 400),
        ("lambda", "TooManyRequestsException", 429),
        ("access-analyzer", "ThrottlingException", 429),
        ("account", "TooManyRequestsException", 429),
    ] {
        let fate = Account::with(&["* throttle"]).fate((service, "ListThings"), &json!({})).unwrap();
        let error = fate.error.unwrap();
        assert_eq!(
            (error.code.as_str(), error.status.as_u16(), error.message.as_str()),
            (code, status, "Rate exceeded")
        );
    }
}

#[test]
fn the_nth_call_always_meets_the_same_fate() {
    let rule = "iam:Create* throttle 0.3 seed 7";
    let run = |mut account: Account| -> Vec<bool> {
        (0..200).map(|_| account.fate(("iam", "CreateUser"), &json!({})).is_some()).collect()
    };
    let fates = run(Account::with(&[rule]));
    assert_eq!(fates, run(Account::with(&[rule])));
    // Calls that do not match, and other rules, change nothing.
    let mut account = Account::with(&["sts:* throttle", rule]);
    assert!(account.fate(("iam", "GetUser"), &json!({})).is_none());
    assert_eq!(fates, run(account));
    // Nor does a break: what was counted is kept.
    let mut account = Account::with(&[rule]);
    let before: Vec<bool> =
        (0..100).map(|_| account.fate(("iam", "CreateUser"), &json!({})).is_some()).collect();
    account.faults = serde_json::from_str(&serde_json::to_string(&account.faults).unwrap()).unwrap();
    let after = (0..100).map(|_| account.fate(("iam", "CreateUser"), &json!({})).is_some());
    assert_eq!(before.into_iter().chain(after).collect::<Vec<_>>(), fates);
}

#[test]
fn a_rule_is_for_some_of_the_calls_and_some_of_the_time() {
    let struck = |rule: &str| -> Vec<usize> {
        let mut account = Account::with(&[rule]);
        (1..=8).filter(|_| account.fate(("iam", "GetUser"), &json!({})).is_some()).collect()
    };
    assert_eq!(struck("iam:* throttle first 2"), [1, 2]);
    assert_eq!(struck("iam:* throttle after 2 first 3 every 2"), [3, 5]);
    assert_eq!(struck("iam:* throttle 0"), [0_usize; 0]);
    let mut account = Account::with(&["iam:* throttle from 2026-03-02T09:00:10Z until 2026-03-02T09:00:20Z"]);
    for (wait, does) in [(0, false), (10, true), (9, true), (1, false)] {
        account.pass(wait);
        assert_eq!(account.fate(("iam", "GetUser"), &json!({})).is_some(), does, "{}", account.now);
    }
}

#[test]
fn delays_add_up_and_the_first_error_wins() {
    let mut account = Account::with(&[
        "* latency 100ms",
        "iam:* error EntityTemporarilyUnmodifiable",
        "iam:* latency 1s",
        "iam:* throttle",
    ]);
    let fate = account.fate(("iam", "UpdateLoginProfile"), &json!({"UserName": "User1"})).unwrap();
    assert_eq!(fate.delay, Duration::from_millis(1100));
    let error = fate.error.unwrap();
    assert_eq!((error.code.as_str(), error.status.as_u16()), ("EntityTemporarilyUnmodifiable", 409));
    // As AWS has recorded it.
    let message = "Login Profile for User User1 cannot be modified while login profile is being created.";
    assert_eq!(error.message, message);
    let fate = account.fate(("sns", "ListTopics"), &json!({})).unwrap();
    assert_eq!((fate.delay, fate.error.is_none()), (Duration::from_millis(100), true));
}

#[test]
fn a_failure_has_the_code_of_its_service_and_any_code_can_be_had() {
    let mut account =
        Account::with(&["* error ServiceFailure first 2", "* error Weird status 503 message \"no luck\""]);
    assert_eq!(account.code(("iam", "GetUser"), &json!({})), "ServiceFailure");
    assert_eq!(account.code(("lambda", "GetFunction"), &json!({})), "ServiceException");
    let error = account.fate(("iam", "GetUser"), &json!({})).unwrap().error.unwrap();
    assert_eq!(
        (error.code.as_str(), error.status.as_u16(), error.message.as_str()),
        ("Weird", 503, "no luck")
    );
}

#[test]
fn a_new_role_cannot_be_used_for_a_while() {
    let mut account = Account::with(&["* eventual roles 10s"]);
    let arn = "arn:aws:iam::123456789012:role/path/New-Role";
    let (assume, create) = (json!({"RoleArn": arn}), json!({"Role": arn}));
    assert_eq!(account.code(("sts", "AssumeRole"), &assume), "", "an old role is known");
    account.done(("iam", "CreateRole"), &json!({"RoleName": "new-role"}), &json!({}));
    assert_eq!(account.code(("sts", "AssumeRole"), &assume), "AccessDenied");
    let error = account.fate(("lambda", "CreateFunction"), &create).unwrap().error.unwrap();
    assert_eq!(error.code, "InvalidParameterValueException");
    assert_eq!(error.message, "The role defined for the function cannot be assumed by Lambda.");
    let trust = json!({"Statement": [{"Principal": {"AWS": [arn]}}]}).to_string();
    let input = json!({"RoleName": "other", "AssumeRolePolicyDocument": trust});
    assert_eq!(account.code(("iam", "CreateRole"), &input), "MalformedPolicyDocument");
    assert_eq!(account.code(("iam", "GetRole"), &json!({"RoleName": "New-Role"})), "", "it can be read");
    account.pass(9);
    assert_eq!(account.code(("sts", "AssumeRole"), &assume), "AccessDenied");
    account.pass(1);
    assert_eq!(account.code(("sts", "AssumeRole"), &assume), "");
}

#[test]
fn new_keys_and_entities_are_unknown_for_a_while() {
    let mut account = Account::with(&["* eventual keys 5s", "iam:* eventual entities 5s"]);
    let name = json!({"UserName": "u"});
    account.done(("iam", "CreateUser"), &name, &json!({}));
    let key = json!({"AccessKey": {"AccessKeyId": "AKIANEW"}});
    let error = account.fate(("iam", "GetUser"), &name).unwrap().error.unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("NoSuchEntity", "The user with name u cannot be found.")
    );
    assert_eq!(account.code(("iam", "CreateUser"), &name), "", "IAM itself decides that it exists");
    assert_eq!(account.code(("iam", "CreateAccessKey"), &name), "NoSuchEntity");
    account.pass(5);
    account.done(("iam", "CreateAccessKey"), &name, &key);
    assert_eq!(account.code(("sts", "GetCallerIdentity"), &json!({})), "InvalidClientTokenId");
    account.pass(5);
    assert_eq!(account.code(("sts", "GetCallerIdentity"), &json!({})), "");
}

#[test]
fn what_was_attached_has_no_effect_for_a_while() {
    let mut account = Account::with(&["* eventual policies 5s"]);
    let arn = "arn:aws:iam::123456789012:policy/P";
    account.done(("iam", "AttachGroupPolicy"), &json!({"GroupName": "G", "PolicyArn": arn}), &json!({}));
    account.done(("iam", "AddUserToGroup"), &json!({"GroupName": "G", "UserName": "U"}), &json!({}));
    let in_effect = |account: &Account, holder, what| account.faults.is_in_effect(holder, what, account.now);
    assert!(!in_effect(&account, Holder::Group("G"), arn));
    assert!(!in_effect(&account, Holder::User("u"), "g"));
    assert!(in_effect(&account, Holder::User("U"), arn));
    account.pass(5);
    assert!(in_effect(&account, Holder::Group("G"), arn));
}

#[test]
fn nothing_is_noted_without_a_rule_that_wants_it() {
    let mut account = Account::with(&["* throttle"]);
    let input = json!({"UserName": "u"});
    let call = account.call(("iam", "CreateUser"), &input);
    assert!(!account.faults.observe(&call, &json!({})));
    account.faults.clear();
    assert!(account.faults.is_empty());
}
