//! How much of everything a policy speaks of, by asking it for what nobody would name: actions of services that do
//! not exist, and the actions of IAM by which one gives oneself the rest.
//!
//! So it is found by meaning, in whatever spelling: `*`, `*:*`, `?*`, `NotAction` with a short list, a letter and a
//! `*` for every letter. Conditions are not decided but told: what holds under one holds sometimes.

use super::request::{Context, Principal, PrincipalKind, Request};
use super::statement::{Effect, Policy, Side, Statement};
use super::trace::Finding;

/// How far something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Degree {
    /// It is not.
    No,
    /// Nobody knows.
    Unknown,
    /// Under a condition.
    Condition,
    /// It is.
    Yes,
}

/// What a policy, or several together, allow and deny of the questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breadth {
    allow: Vec<Degree>,
    deny: Vec<Degree>,
}

/// How much of everything is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// The actions of IAM by which one gives oneself and others permissions, on all users, groups, roles and policies.
    pub iam: Degree,
    /// Actions that no policy names, on resources that no policy names.
    pub rest: Degree,
}

impl Granted {
    /// Tells how far everything is granted.
    pub fn everything(self) -> Degree {
        self.iam.min(self.rest)
    }

    /// Tells how far everything in IAM, or everything besides, is granted.
    pub fn most(self) -> Degree {
        self.iam.max(self.rest)
    }
}

/// The questions, of one account.
#[derive(Debug, Clone)]
pub struct Questions {
    /// First the ones about IAM.
    requests: Vec<Request>,
}

/// Actions by which one gives oneself more, and what they act on.
const IAM: [(&str, &str); 7] = [
    ("iam:AttachUserPolicy", "user"),
    ("iam:PutUserPolicy", "user"),
    ("iam:CreateAccessKey", "user"),
    ("iam:AttachGroupPolicy", "group"),
    ("iam:AttachRolePolicy", "role"),
    ("iam:UpdateAssumeRolePolicy", "role"),
    ("iam:CreatePolicyVersion", "policy"),
];

impl Questions {
    /// Makes the questions for an account.
    pub fn new(partition: &str, account: &str) -> Self {
        let request = |action: String, resource: String| Request {
            principal: Principal {
                arn: String::new(),
                account: account.to_owned(),
                kind: PrincipalKind::Anonymous,
            },
            action,
            resource,
            context: Context::partial(),
        };
        let iam = IAM.iter().map(|(action, kind)| {
            request((*action).to_owned(), format!("arn:{partition}:iam::{account}:{kind}/none-in-particular"))
        });
        // A service for every first letter, each with an action of another letter.
        let rest = ('a'..='z').zip(('A'..='Z').rev()).map(|(service, action)| {
            let resource = format!("arn:{partition}:{service}-none:nowhere-1:{account}:any/thing");
            request(format!("{service}-none:{action}nything"), resource)
        });
        Self { requests: iam.chain(rest).collect() }
    }

    /// Asks a policy.
    pub fn ask(&self, policy: &Policy) -> Breadth {
        let mut breadth = self.nothing();
        if policy.unread.is_some() {
            return self.unknown();
        }
        for statement in &policy.statements {
            let asked = match statement.effect {
                Effect::Allow => &mut breadth.allow,
                Effect::Deny => &mut breadth.deny,
            };
            for (degree, said) in asked.iter_mut().zip(self.degrees(statement)) {
                *degree = (*degree).max(said);
            }
        }
        breadth
    }

    /// Returns which statements of a policy allow something that nobody names, by their place from 0.
    pub fn broad(&self, policy: &Policy) -> Vec<usize> {
        let is_broad = |statement: &&Statement| {
            statement.effect == Effect::Allow
                && self.degrees(statement).skip(IAM.len()).any(|degree| degree > Degree::No)
        };
        policy.statements.iter().filter(is_broad).map(|statement| statement.index).collect()
    }

    fn degrees<'a>(&'a self, statement: &Statement) -> impl Iterator<Item = Degree> + use<'a> {
        let mut bare = statement.clone();
        bare.conditions.clear();
        let found = if statement.conditions.is_empty() { Degree::Yes } else { Degree::Condition };
        self.requests.iter().map(move |request| match bare.look(request, Side::Principal).0 {
            Finding::Matched => found,
            // A variable among the resources: it depends on who asks.
            Finding::Unknown { .. } => Degree::Condition,
            Finding::Differs { .. } => Degree::No,
        })
    }

    /// The answers of a policy that says nothing.
    pub fn nothing(&self) -> Breadth {
        let none = vec![Degree::No; self.requests.len()];
        Breadth { allow: none.clone(), deny: none }
    }

    /// The answers of a policy that nobody could read.
    pub fn unknown(&self) -> Breadth {
        let unknown = vec![Degree::Unknown; self.requests.len()];
        Breadth { allow: unknown.clone(), deny: unknown }
    }
}

impl Breadth {
    /// Adds the answers of another policy of the same holder.
    pub fn add(&mut self, other: &Self) {
        for (mine, its) in [(&mut self.allow, &other.allow), (&mut self.deny, &other.deny)] {
            for (degree, said) in mine.iter_mut().zip(its) {
                *degree = (*degree).max(*said);
            }
        }
    }

    /// Returns what is allowed, whatever else denies it.
    pub fn allowed(&self) -> Granted {
        let of = |degrees: &[Degree]| degrees.iter().copied().min().unwrap_or(Degree::No);
        let (iam, rest) = self.allow.split_at_checked(IAM.len()).unwrap_or_default();
        Granted { iam: of(iam), rest: of(rest) }
    }

    /// Returns what is allowed within a boundary and not denied. Only a denial of all of it takes it away: who is
    /// denied a part of IAM gives it to somebody else.
    pub fn granted(&self, boundary: Option<&Self>) -> Granted {
        let limit = |own: &[Degree], other: fn(&Self) -> &[Degree], join: fn(Degree, Degree) -> Degree| {
            let Some(boundary) = boundary else { return own.to_vec() };
            own.iter().zip(other(boundary)).map(|(own, its)| join(*own, *its)).collect::<Vec<_>>()
        };
        let allow = limit(&self.allow, |it| &it.allow, Ord::min);
        let deny = limit(&self.deny, |it| &it.deny, Ord::max);
        let allowed = Self { allow, deny: vec![] }.allowed();
        let denied = Self { allow: deny, deny: vec![] }.allowed();
        let left = |allowed: Degree, denied: Degree| match denied {
            Degree::Yes => Degree::No,
            Degree::Condition => allowed.min(Degree::Condition),
            Degree::Unknown => allowed.min(Degree::Unknown),
            Degree::No => allowed,
        };
        Granted { iam: left(allowed.iam, denied.iam), rest: left(allowed.rest, denied.rest) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn questions() -> Questions {
        Questions::new("aws", "123456789012")
    }

    fn breadth(statements: &Value) -> Breadth {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        questions().ask(&Policy::parse(&text).unwrap())
    }

    fn allow(action: &Value, resource: &Value) -> Granted {
        breadth(&json!({"Effect": "Allow", "Action": action, "Resource": resource})).allowed()
    }

    #[test]
    fn everything_is_found_in_any_spelling() {
        let letters: Vec<String> = ('a'..='z').map(|letter| format!("{letter}*")).collect();
        for action in
            [json!("*"), json!(["s3:*", "*:*"]), json!("**"), json!("?*"), json!("*:?*"), json!(letters)]
        {
            assert_eq!(allow(&action, &json!("*")).everything(), Degree::Yes, "{action}");
        }
        for resource in
            ["**", "arn:*", "arn:aws:*", "arn:aws:*:*:*:*", "arn:*:*:*:*:*", "arn:aws:*:*:123456789012:*"]
        {
            assert_eq!(allow(&json!("*"), &json!(resource)).everything(), Degree::Yes, "{resource}");
        }
        for (action, resource) in [
            ("*:Get*", "*"),
            ("s3:*", "*"),
            ("iam*", "*"),
            ("*", "arn:aws:s3:::*"),
            ("*", "arn:aws:iam::123456789012:user/${aws:username}"),
        ] {
            assert_eq!(
                allow(&json!(action), &json!(resource)).everything(),
                Degree::No,
                "{action} {resource}"
            );
        }
        assert_eq!(allow(&json!("iam:*"), &json!("*")).most(), Degree::Yes);
        assert_eq!(allow(&json!("iam:*"), &json!("arn:aws:iam::123456789012:*")).most(), Degree::Yes);
    }

    #[test]
    fn what_is_left_out_matters_only_when_it_is_iam() {
        let but =
            |not: Value| breadth(&json!({"Effect": "Allow", "NotAction": not, "Resource": "*"})).allowed();
        assert_eq!(but(json!([])).everything(), Degree::Yes);
        assert_eq!(but(json!("s3:DeleteBucket")).everything(), Degree::Yes);
        let power = but(json!(["iam:*", "organizations:*"]));
        assert_eq!((power.everything(), power.most()), (Degree::No, Degree::Yes));
        let elsewhere = json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::secret/*"});
        assert_eq!(breadth(&elsewhere).allowed().everything(), Degree::Yes);
    }

    #[test]
    fn parts_make_a_whole_and_conditions_are_told() {
        let two = json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:*", "Resource": "*",
             "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]);
        let granted = breadth(&two).allowed();
        assert_eq!((granted.iam, granted.rest), (Degree::Condition, Degree::Yes));
    }

    #[test]
    fn boundaries_limit_and_only_whole_denials_take_away() {
        let all = breadth(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        let s3 = breadth(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}));
        assert_eq!(all.granted(None).everything(), Degree::Yes);
        assert_eq!(all.granted(Some(&all)).everything(), Degree::Yes);
        assert_eq!(all.granted(Some(&s3)).most(), Degree::No);
        assert_eq!(all.granted(Some(&questions().unknown())).most(), Degree::Unknown);
        let denied = |statement: Value| {
            let mut sum = all.clone();
            sum.add(&breadth(&statement));
            sum.granted(None).everything()
        };
        assert_eq!(denied(json!({"Effect": "Deny", "Action": "*", "Resource": "*"})), Degree::No);
        assert_eq!(
            denied(json!({"Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": "*"})),
            Degree::Yes
        );
        let without_mfa = json!({"Effect": "Deny", "NotAction": "iam:EnableMFADevice", "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}});
        assert_eq!(denied(without_mfa), Degree::Condition);
    }

    #[test]
    fn the_broad_statements_are_named() {
        let text = json!({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*"},
            {"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        assert_eq!(questions().broad(&Policy::parse(&text.to_string()).unwrap()), [2]);
    }
}
