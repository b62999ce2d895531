//! IAM Access Analyzer analyzers.

use aws_sdk_accessanalyzer::types::Type;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Done, Export, Found, Resource, gone};
use crate::account::snapshot::Facet;
use crate::aws::collect::Scope;
use crate::provision::ownership::{Ownership, mark};
use crate::provision::plan::Picture;
use crate::provision::{Address, Session, arn};
use crate::scenario::Resolved;

/// An analyzer.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// What it looks for.
    #[serde(rename = "type")]
    pub analyzer_type: AnalyzerType,
}

/// What an analyzer looks for, with Access Analyzer's own names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AnalyzerType {
    /// Resources of the account that somebody outside can reach; free of charge.
    #[default]
    Account,
    /// Access in the account that nobody uses; charged per role and user.
    AccountUnusedAccess,
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// An analyzer as the account shows it.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    #[serde(rename = "type")]
    kind: String,
}

impl Resource for Kind {
    const KIND: &'static str = "analyzer";
    const REPLACE_ON: &'static [&'static str] = &["type"];
    type Spec = Spec;
    type State = State;

    fn scope(_name: &str, _spec: Option<&Spec>, scope: &mut Scope) {
        scope.analyzers = true;
    }

    fn desired(_name: &str, spec: &Spec, _scenario: &Resolved) -> Result<State, String> {
        let kind = match spec.analyzer_type {
            AnalyzerType::Account => Type::Account,
            AnalyzerType::AccountUnusedAccess => Type::AccountUnusedAccess,
        };
        Ok(State { kind: kind.as_str().into() })
    }

    fn observed(picture: Picture<'_>, name: &str, _desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let analyzers = match &picture.snapshot.analyzers {
            Facet::Read(analyzers) => analyzers,
            Facet::NotRead(reason) => return Facet::NotRead(reason.clone()),
        };
        Facet::Read(analyzers.iter().find(|analyzer| analyzer.name == name).map(|analyzer| Found {
            ownership: Ownership::of_tags(&analyzer.tags, &picture.scenario.place.scenario),
            state: State { kind: analyzer.kind.clone() },
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        let analyzers = picture.snapshot.analyzers.read().into_iter().flatten();
        let owned = analyzers.filter(|analyzer| {
            Ownership::of_tags(&analyzer.tags, &picture.scenario.place.scenario) == Ownership::Ours
        });
        owned.map(|analyzer| analyzer.name.clone()).collect()
    }

    fn spec(_name: &str, state: &State, _export: &Export<'_>) -> Result<Spec, String> {
        let analyzer_type = match state.kind.as_str() {
            "ACCOUNT" => AnalyzerType::Account,
            "ACCOUNT_UNUSED_ACCESS" => AnalyzerType::AccountUnusedAccess,
            other => return Err(format!("a scenario has no analyzers of the type {other}")),
        };
        Ok(Spec { analyzer_type })
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        session
            .aws
            .call("access-analyzer:CreateAnalyzer", &format!("analyzer.{name}"), || {
                session
                    .aws
                    .access_analyzer
                    .create_analyzer()
                    .analyzer_name(name)
                    .r#type(to.kind.as_str().into())
                    .set_tags(Some(mark(&session.place.scenario).into_iter().collect()))
                    .send()
            })
            .await
            .map(drop)
    }

    async fn update(_session: &Session, _name: &str, _from: &State, _to: &State) -> Done {
        // Its one property is replaced, never updated.
        Ok(())
    }

    async fn delete(session: &Session, name: &str, _from: &State) -> Done {
        gone(
            session
                .aws
                .call("access-analyzer:DeleteAnalyzer", &format!("analyzer.{name}"), || {
                    session.aws.access_analyzer.delete_analyzer().analyzer_name(name).send()
                })
                .await,
        )
    }

    async fn adopt(session: &Session, name: &str, _from: &State) -> Done {
        let arn = arn::arn(&Address::new(Self::KIND, name), &session.place).unwrap_or_default();
        session
            .aws
            .call("access-analyzer:TagResource", &format!("analyzer.{name}"), || {
                let tags = mark(&session.place.scenario).into_iter().collect();
                session.aws.access_analyzer.tag_resource().resource_arn(&arn).set_tags(Some(tags)).send()
            })
            .await
            .map(drop)
    }
}
