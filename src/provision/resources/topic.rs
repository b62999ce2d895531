//! SNS topics with their subscriptions.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Child, Done, Export, Extra, Found, OURS, Resource, gone, looked_up, marked};
use crate::account::snapshot::{self, Facet};
use crate::aws::collect::Scope;
use crate::provision::note::{Note, NoteId};
use crate::provision::ownership::{Ownership, mark};
use crate::provision::plan::Picture;
use crate::provision::{Address, Session, arn};
use crate::scenario::Resolved;

/// An SNS topic.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// Who gets the messages. A subscription that waits for its recipient's confirmation is not drift.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<Subscription>,
    /// `allow` leaves subscriptions alone that the scenario does not name.
    #[serde(skip_serializing_if = "Extra::is_default")]
    pub extra: Extra,
}

/// One recipient of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subscription {
    /// An e-mail address; AWS asks its owner to confirm.
    Email(String),
    /// An e-mail address that gets messages as JSON.
    EmailJson(String),
    /// An HTTPS endpoint.
    Https(String),
    /// A Lambda function, by ARN.
    Lambda(String),
    /// An SQS queue, by ARN.
    Sqs(String),
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// A topic as the account shows it.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    /// `protocol:endpoint`, waiting for confirmation or not.
    subscriptions: BTreeSet<String>,
    /// ARNs of the confirmed ones, by `protocol:endpoint`: what can be taken back.
    #[serde(skip)]
    confirmed: BTreeMap<String, String>,
    #[serde(skip)]
    extra: Extra,
}

impl Resource for Kind {
    const KIND: &'static str = "topic";
    type Spec = Spec;
    type State = State;

    fn scope(name: &str, _spec: Option<&Spec>, scope: &mut Scope) {
        scope.topics.insert(name.into());
    }

    fn desired(_name: &str, spec: &Spec, _scenario: &Resolved) -> Result<State, String> {
        let subscriptions = spec.subscriptions.iter().map(|subscription| {
            let (protocol, endpoint) = subscription.parts();
            format!("{protocol}:{endpoint}")
        });
        Ok(State { subscriptions: subscriptions.collect(), confirmed: BTreeMap::new(), extra: spec.extra })
    }

    fn observed(picture: Picture<'_>, name: &str, desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let topic = match looked_up(&picture.snapshot.topics, name) {
            Facet::Read(topic) => topic,
            Facet::NotRead(reason) => return Facet::NotRead(reason),
        };
        Facet::Read(topic.map(|topic| {
            let key = |subscription: &snapshot::Subscription| {
                format!("{}:{}", subscription.protocol, subscription.endpoint)
            };
            let wanted = |key: &String| desired.is_none_or(|desired| desired.subscriptions.contains(key));
            let allow = desired.is_some_and(|desired| desired.extra == Extra::Allow);
            // One that waits for its recipient gets nothing, and AWS lets nobody but time take it back.
            let counts = |subscription: &&snapshot::Subscription| {
                wanted(&key(subscription)) || (subscription.arn.is_some() && !allow)
            };
            let subscriptions: Vec<_> = topic.subscriptions.iter().filter(counts).collect();
            Found {
                ownership: Ownership::of_tags(&topic.tags, &picture.scenario.place.scenario),
                state: State {
                    subscriptions: subscriptions.iter().map(|subscription| key(subscription)).collect(),
                    confirmed: subscriptions
                        .iter()
                        .filter_map(|subscription| Some((key(subscription), subscription.arn.clone()?)))
                        .collect(),
                    extra: Extra::Remove,
                },
            }
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        marked(&picture.snapshot.topics, |topic| &topic.tags, picture)
    }

    fn spec(_name: &str, state: &State, _export: &Export<'_>) -> Result<Spec, String> {
        let subscriptions = state.subscriptions.iter().filter_map(|key| {
            let (protocol, endpoint) = key.split_once(':')?;
            Subscription::from_parts(protocol, endpoint)
        });
        let subscriptions: Vec<Subscription> = subscriptions.collect();
        // Those of other protocols cannot be named in a scenario, and stay what they are.
        let extra =
            if subscriptions.len() == state.subscriptions.len() { Extra::Remove } else { Extra::Allow };
        Ok(Spec { subscriptions, extra })
    }

    fn children(state: &State) -> Vec<Child> {
        let subscriptions = state.subscriptions.iter();
        subscriptions.map(|key| Child { what: format!("subscriptions.{key}"), origin: OURS }).collect()
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        session
            .aws
            .call("sns:CreateTopic", &format!("topic.{name}"), || {
                session.aws.sns.create_topic().name(name).set_tags(Some(sns_tags(session))).send()
            })
            .await?;
        let bare = State { subscriptions: BTreeSet::new(), confirmed: BTreeMap::new(), extra: Extra::Remove };
        Self::update(session, name, &bare, to).await
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        let (aws, sns, address) = (&session.aws, &session.aws.sns, format!("topic.{name}"));
        let arn = arn::arn(&Address::new(Self::KIND, name), &session.place).unwrap_or_default();
        for key in from.subscriptions.difference(&to.subscriptions) {
            if let Some(subscription) = from.confirmed.get(key) {
                gone(
                    aws.call("sns:Unsubscribe", &address, || {
                        sns.unsubscribe().subscription_arn(subscription).send()
                    })
                    .await,
                )?;
            }
        }
        for key in to.subscriptions.difference(&from.subscriptions) {
            let Some((protocol, endpoint)) = key.split_once(':') else { continue };
            aws.call("sns:Subscribe", &address, || {
                sns.subscribe().topic_arn(&arn).protocol(protocol).endpoint(endpoint).send()
            })
            .await?;
        }
        Ok(())
    }

    async fn delete(session: &Session, name: &str, _from: &State) -> Done {
        let arn = arn::arn(&Address::new(Self::KIND, name), &session.place).unwrap_or_default();
        gone(
            session
                .aws
                .call("sns:DeleteTopic", &format!("topic.{name}"), || {
                    session.aws.sns.delete_topic().topic_arn(&arn).send()
                })
                .await,
        )
    }

    async fn adopt(session: &Session, name: &str, _from: &State) -> Done {
        let arn = arn::arn(&Address::new(Self::KIND, name), &session.place).unwrap_or_default();
        session
            .aws
            .call("sns:TagResource", &format!("topic.{name}"), || {
                session.aws.sns.tag_resource().resource_arn(&arn).set_tags(Some(sns_tags(session))).send()
            })
            .await
            .map(drop)
    }
}

/// Tells which recipients of the scenario's topics have not confirmed yet.
pub(crate) fn unconfirmed(picture: Picture<'_>) -> Vec<Note> {
    let topics = picture.scenario.resources.topics.iter().filter_map(|(name, spec)| {
        let topic = picture.snapshot.topics.get(name)?.read()?.as_ref()?;
        Some((Address::new(Kind::KIND, name), spec, topic))
    });
    topics
        .flat_map(|(address, spec, topic)| {
            let waiting = topic.subscriptions.iter().filter(|subscription| subscription.arn.is_none());
            waiting.map(move |subscription| waits(address.clone(), spec, subscription))
        })
        .collect()
}

/// Says that a subscription is pending confirmation, and what its recipient has to do.
fn waits(address: Address, spec: &Spec, subscription: &snapshot::Subscription) -> Note {
    let snapshot::Subscription { protocol, endpoint, .. } = subscription;
    let is_named =
        spec.subscriptions.iter().any(|named| named.parts() == (protocol.as_str(), endpoint.as_str()));
    let id = NoteId::PendingConfirmation;
    if !is_named {
        let message = format!(
            "{protocol}:{endpoint} was subscribed to {address} by somebody else and is pending confirmation; until it \
             confirms it gets nothing, and AWS drops it after 48 hours"
        );
        return Note { address, id, message, next: None, recipient: None };
    }
    let message =
        format!("{protocol}:{endpoint} is pending confirmation at {address}, and gets nothing until then");
    let next = match protocol.as_str() {
        "email" | "email-json" => {
            format!(
                "the owner of {endpoint} opens the mail that AWS has sent and clicks its link, within 48 hours"
            )
        }
        _ => "the endpoint visits the address that SNS has sent it, within 48 hours".to_owned(),
    };
    Note { address, id, message, next: Some(next), recipient: Some(endpoint.clone()) }
}

impl Subscription {
    /// Returns SNS's name of the protocol, and the address.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Email(address) => ("email", address),
            Self::EmailJson(address) => ("email-json", address),
            Self::Https(url) => ("https", url),
            Self::Lambda(arn) => ("lambda", arn),
            Self::Sqs(arn) => ("sqs", arn),
        }
    }

    fn from_parts(protocol: &str, endpoint: &str) -> Option<Self> {
        let make = match protocol {
            "email" => Self::Email,
            "email-json" => Self::EmailJson,
            "https" => Self::Https,
            "lambda" => Self::Lambda,
            "sqs" => Self::Sqs,
            _ => return None,
        };
        Some(make(endpoint.to_owned()))
    }
}

fn sns_tags(session: &Session) -> Vec<aws_sdk_sns::types::Tag> {
    let tags = mark(&session.place.scenario);
    tags.iter()
        .filter_map(|(key, value)| aws_sdk_sns::types::Tag::builder().key(key).value(value).build().ok())
        .collect()
}
