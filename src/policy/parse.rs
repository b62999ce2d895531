//! From the text of a policy to typed statements, each with its place in the text.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::condition::Condition;
use super::glob::Token;
use super::principal::{Kind, Principals};
use super::statement::{Actions, Effect, Policy, Resources, Statement};
use super::trace::Written;
use super::variable::{Reading, Template};
use crate::source::{SourceFile, Span};

/// The longest text that is read, in bytes. AWS's largest policies, those of S3 buckets, have 20 KB.
const LIMIT: usize = 256 * 1024;

/// A text that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a policy: {message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where in the text.
    pub span: Span,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RawPolicy<'a> {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<de::IgnoredAny>,
    #[serde(borrow)]
    statement: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RawStatement {
    sid: Option<String>,
    effect: RawEffect,
    principal: Option<RawPrincipal>,
    not_principal: Option<RawPrincipal>,
    action: Option<Texts>,
    not_action: Option<Texts>,
    resource: Option<Texts>,
    not_resource: Option<Texts>,
    condition: Option<Pairs<Pairs<Texts>>>,
}

#[derive(Deserialize)]
enum RawEffect {
    Allow,
    Deny,
}

/// Reads a policy.
pub(super) fn policy(text: &str) -> Result<Policy, ParseError> {
    if text.len() > LIMIT {
        return Err(ParseError { message: format!("longer than {LIMIT} bytes"), span: Span::default() });
    }
    let raw: RawPolicy<'_> = read(text, text)?;
    let variables = match raw.version.as_deref() {
        Some("2012-10-17") => true,
        None | Some("2008-10-17") => false,
        Some(other) => {
            return Err(ParseError { message: format!("unknown version `{other}`"), span: Span::default() });
        }
    };
    let parts: Vec<&RawValue> = if raw.statement.get().starts_with('[') {
        read(text, raw.statement.get())?
    } else {
        vec![raw.statement]
    };
    let statements = parts.into_iter().enumerate();
    let statements = statements.map(|(index, part)| statement(text, part.get(), index, variables));
    Ok(Policy { statements: statements.collect::<Result<_, _>>()?, unread: None })
}

/// Returns where `part`, a piece of `text`, stands in it.
fn span_of(text: &str, part: &str) -> Span {
    Span { start: part.as_ptr().addr().saturating_sub(text.as_ptr().addr()), len: part.len() }
}

/// Reads a piece of `text` as JSON; an error's place is one in `text`.
fn read<'a, T: Deserialize<'a>>(text: &'a str, part: &'a str) -> Result<T, ParseError> {
    serde_json::from_str(part).map_err(|error| {
        let within = SourceFile::new("", part).offset(error.line(), error.column());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        ParseError { message, span: Span { start: span_of(text, part).start + within, len: 1 } }
    })
}

fn statement(text: &str, part: &str, index: usize, variables: bool) -> Result<Statement, ParseError> {
    let raw: RawStatement = read(text, part)?;
    let span = span_of(text, part);
    let error = |message: String| ParseError { message, span };
    let one_of = |name: &str, plain: Option<_>, negated: Option<_>| match (plain, negated) {
        (Some(_), Some(_)) => Err(error(format!("both `{name}` and `Not{name}`"))),
        (Some(Texts(texts)), None) => Ok(Some((texts, false))),
        (None, Some(Texts(texts))) => Ok(Some((texts, true))),
        (None, None) => Ok(None),
    };
    let Some((actions, negated)) = one_of("Action", raw.action, raw.not_action)? else {
        return Err(error("neither `Action` nor `NotAction`".to_owned()));
    };
    let actions = Actions {
        patterns: actions.iter().map(|action| action.chars().map(Token::of).collect()).collect(),
        negated,
        written: Written::from(actions),
    };
    let resources = one_of("Resource", raw.resource, raw.not_resource)?.map(|(texts, negated)| {
        let reading = Reading { wildcards: true, variables, only_last_part: true };
        let patterns = texts.iter().map(|text| Template::parse(text, reading)).collect();
        Resources { patterns, negated, written: Written::from(texts) }
    });
    let principals = match (raw.principal, raw.not_principal) {
        (Some(_), Some(_)) => return Err(error("both `Principal` and `NotPrincipal`".to_owned())),
        (Some(it), None) => Some(Principals::new(it.entries().map_err(error)?, false)),
        (None, Some(it)) => Some(Principals::new(it.entries().map_err(error)?, true)),
        (None, None) => None,
    };
    let mut conditions = Vec::new();
    for (operator, keys) in raw.condition.map_or_else(Vec::new, |operators| operators.0) {
        let keys = keys.0.into_iter();
        conditions.extend(keys.map(|(key, values)| Condition::new(&operator, &key, values.0, variables)));
    }
    let effect = match raw.effect {
        RawEffect::Allow => Effect::Allow,
        RawEffect::Deny => Effect::Deny,
    };
    Ok(Statement { index, sid: raw.sid, span, effect, actions, resources, principals, conditions })
}

/// `"*"`, or kinds with names.
enum RawPrincipal {
    Anyone(String),
    Kinds(Pairs<Texts>),
}

impl RawPrincipal {
    fn entries(self) -> Result<Vec<(Kind, String)>, String> {
        let kinds = match self {
            Self::Anyone(anyone) if anyone == "*" => return Ok(vec![(Kind::Anyone, anyone)]),
            Self::Anyone(other) => return Err(format!("principal `{other}` has no kind")),
            Self::Kinds(kinds) => kinds.0,
        };
        let mut entries = Vec::new();
        for (kind, names) in kinds {
            let kind = Kind::of(&kind).ok_or_else(|| format!("unknown kind of principal `{kind}`"))?;
            entries.extend(names.0.into_iter().map(|name| (kind, name)));
        }
        Ok(entries)
    }
}

impl<'de> Deserialize<'de> for RawPrincipal {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RawPrincipal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`*` or kinds of principals")
            }

            fn visit_str<E>(self, value: &str) -> Result<RawPrincipal, E> {
                Ok(RawPrincipal::Anyone(value.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawPrincipal, A::Error> {
                Ok(RawPrincipal::Kinds(PairsVisitor(PhantomData).visit_map(map)?))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A text, number or truth value, or a list of them, as texts.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor { list: true }).map(Self)
    }
}

struct TextsVisitor {
    list: bool,
}

/// One text, number or truth value.
struct Scalar(Vec<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor { list: false }).map(Self)
    }
}

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.list { "a text or a list of texts" } else { "a text" })
    }

    fn visit_str<E>(self, value: &str) -> Result<Vec<String>, E> {
        Ok(vec![value.to_owned()])
    }

    fn visit_bool<E>(self, value: bool) -> Result<Vec<String>, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_i64<E>(self, value: i64) -> Result<Vec<String>, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_u64<E>(self, value: u64) -> Result<Vec<String>, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_f64<E>(self, value: f64) -> Result<Vec<String>, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
        if !self.list {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        }
        let mut all = Vec::new();
        while let Some(Scalar(texts)) = items.next_element()? {
            all.extend(texts);
        }
        Ok(all)
    }
}

/// An object as its pairs, in order, none twice.
struct Pairs<T>(Vec<(String, T)>);

struct PairsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for PairsVisitor<T> {
    type Value = Pairs<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Pairs<T>, A::Error> {
        let mut pairs: Vec<(String, T)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some((key, value)) = entries.next_entry::<String, T>()? {
            if !seen.insert(key.clone()) {
                return Err(de::Error::custom(format!("duplicate key `{key}`")));
            }
            pairs.push((key, value));
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_know_their_place() {
        let text = r#"{"Version": "2012-10-17",
 "Statement": [ {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
   {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": ["*"]}]}"#;
        let policy = policy(text).unwrap();
        let file = SourceFile::new("p.json", text);
        let second = &policy.statements[1];
        assert_eq!((second.index, second.sid.as_deref(), second.effect), (1, None, Effect::Deny));
        assert_eq!(file.position(second.span.start), (3, 4));
        assert!(file.slice(second.span).starts_with(r#"{"Effect": "Deny""#));
        assert!(file.slice(policy.statements[0].span).ends_with('}'));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(3000))]
        /// Whatever IAM stores is read; what could not be read would go for no policy at all.
        #[test]
        fn what_the_grammar_accepts_is_read(
            at in 0_usize..400,
            drop in 0_usize..8,
            put in proptest::sample::select(vec![
                "", "*", "[]", "{}", "null", "true", "1", "1.5e3", ",", "[\"a\", 2]", "\"x\"", "\\u0041", " ", "Not",
                "\"Condition\": {\"Null\": {\"a:b\": true}},", "\"Sid\": \"A\",", "ForAllValues:", "IfExists",
            ]),
        ) {
            use crate::policy::grammar::{PolicyKind, validate};
            let identity = r#"{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"S","Effect":"Allow","Action":["s3:Get*","iam:*"],"Resource":"arn:aws:s3:::b/${aws:username}/*","Condition":{"StringLike":{"aws:RequestTag/a":["x","y"]},"Bool":{"aws:SecureTransport":true}}},{"Effect":"Deny","NotAction":"*","NotResource":["*"]}]}"#;
            let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["123456789012"],"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":3600}}}}"#;
            for (text, kind) in [(identity, PolicyKind::Inline), (trust, PolicyKind::Trust)] {
                let at = at.min(text.len());
                let changed = format!("{}{put}{}", &text[..at], &text[(at + drop).min(text.len())..]);
                if validate(&changed, kind).is_ok() {
                    let read = policy(&changed);
                    proptest::prop_assert!(read.is_ok(), "{changed}: {read:?}");
                }
            }
        }
    }

    #[test]
    fn mistakes_have_a_place() {
        let at = |text: &str| {
            let error = policy(text).unwrap_err();
            (error.message, error.span.start)
        };
        let (message, place) = at(r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Foo": 1}]}"#);
        assert!(message.contains("unknown field `Foo`"), "{message}");
        assert!((50..=56).contains(&place), "{place}");
        for (text, part) in [
            (r#"{"Statement": {"Effect": "Allow"}}"#, "neither `Action`"),
            (r#"{"Statement": {"Effect": "allow", "Action": "*"}}"#, "unknown variant"),
            (r#"{"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*"}}"#, "both"),
            (r#"{"Statement": {"Effect": "Allow", "Action": "*", "Principal": "me"}}"#, "no kind"),
            (r#"{"Statement": {"Effect": "Allow", "Action": [["*"]]}}"#, "expected a text"),
            (
                r#"{"Statement": {"Effect": "Allow", "Action": "*", "Condition": {"Bool": {}, "Bool": {}}}}"#,
                "duplicate",
            ),
            (r#"{"Version": "2020-01-01", "Statement": []}"#, "unknown version"),
        ] {
            let message = at(text).0;
            assert!(message.contains(part), "{text}: {message}");
        }
        let deep = format!(r#"{{"Statement": {}"#, "[".repeat(200_000));
        assert!(policy(&deep).is_err());
        assert!(policy(&" ".repeat(LIMIT + 1)).is_err());
    }
}
