//! The kinds of resource a scenario can declare, one file each, and the table of them.
//!
//! To add a kind: a file that implements `Resource`, its `mod` line, and its row in `kinds!`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ownership::Ownership;
use super::plan::{Goal, Picture, Step, Unknown, plan_kind};
use super::{Address, Session, arn};
use crate::account::snapshot::{Facet, Tags};
use crate::aws::collect::Scope;
use crate::aws::error::{ApiError, ErrorClass};
use crate::policy::document::PolicyDocument;
use crate::scenario::Resolved;

pub mod access_analyzer;
pub mod cloudformation_stack;
pub mod function;
pub mod group;
pub mod managed_policy;
pub mod password_policy;
pub mod role;
pub mod schedule;
pub mod topic;
pub mod user;

/// What one kind of resource knows how to do. `Spec` is what people write in a scenario; `State` is what the
/// account can show of it, with every name resolved and every default filled in, so that the scenario's state
/// and the account's can be compared, shown and written back without any code of the kind's own.
pub(crate) trait Resource: Send + Sync + 'static {
    /// The kind, as addresses show it.
    const KIND: &'static str;
    /// Properties that AWS cannot change in place.
    const REPLACE_ON: &'static [&'static str] = &[];
    /// What a scenario says.
    type Spec;
    /// What an account shows. Serialised for comparison; what must not be compared is skipped there.
    type State: Serialize + Debug + Send + Sync + 'static;

    /// Names what must be read to plan a resource; `spec` is `None` for one that has left the scenario.
    fn scope(name: &str, spec: Option<&Self::Spec>, scope: &mut Scope);
    /// Turns what the scenario says into the state it asks for. Fails when a file cannot be read any more.
    fn desired(name: &str, spec: &Self::Spec, scenario: &Resolved) -> Result<Self::State, String>;
    /// Looks a resource up in the snapshot. `desired` tells what the scenario does not care about.
    fn observed(
        picture: Picture<'_>,
        name: &str,
        desired: Option<&Self::State>,
    ) -> Facet<Option<Found<Self::State>>>;
    /// Lists what carries the scenario's mark.
    fn owned(picture: Picture<'_>) -> Vec<String>;
    /// Writes a found resource as a scenario would; fails with the reason when it cannot be said there.
    fn spec(name: &str, state: &Self::State, export: &Export<'_>) -> Result<Self::Spec, String>;

    /// Tells whether going from `from` (or from nothing) to `to` makes a secret.
    fn hands_over(_from: Option<&Self::State>, _to: &Self::State) -> bool {
        false
    }
    /// Lists what hangs on a resource and goes with it.
    fn children(_state: &Self::State) -> Vec<Child> {
        Vec::new()
    }
    /// Tells who else, not ours, holds on to a resource, so that deleting it would take it from them.
    fn held_by_others(_picture: Picture<'_>, _name: &str) -> Option<String> {
        None
    }

    /// Makes the resource.
    fn create(session: &Session, name: &str, to: &Self::State) -> impl Future<Output = Done> + Send;
    /// Changes the resource in place.
    fn update(
        session: &Session,
        name: &str,
        from: &Self::State,
        to: &Self::State,
    ) -> impl Future<Output = Done> + Send;
    /// Deletes the resource with everything that hangs on it.
    fn delete(session: &Session, name: &str, from: &Self::State) -> impl Future<Output = Done> + Send;
    /// Puts the scenario's mark on a resource that is not ours.
    fn adopt(session: &Session, name: &str, from: &Self::State) -> impl Future<Output = Done> + Send;
}

/// How a write ends.
pub(crate) type Done = Result<(), ApiError>;

/// A resource in the account, and whose it is.
#[derive(Debug)]
pub(crate) struct Found<S> {
    pub(crate) ownership: Ownership,
    pub(crate) state: S,
}

/// Something that hangs on a resource.
#[derive(Debug)]
pub(crate) struct Child {
    /// What it is: `access_keys.AKIA…`.
    pub(crate) what: String,
    /// Who made it, as far as can be told.
    pub(crate) origin: &'static str,
}

/// Whose a child is.
pub(crate) const OURS: &str = "made by this scenario";
pub(crate) const THEIRS: &str = "made by somebody else";

/// What writing a scenario from an account needs to know.
#[derive(Debug)]
pub(crate) struct Export<'a> {
    /// The account, and the place of the scenario that is written.
    pub(crate) picture: Picture<'a>,
    /// What the scenario will declare.
    pub(crate) declared: &'a BTreeSet<Address>,
    /// The sources of functions by name, and why others have none.
    pub(crate) sources: &'a BTreeMap<String, Result<function::Source, String>>,
}

impl Export<'_> {
    /// Tells whether the scenario will declare a resource.
    pub(crate) fn declares(&self, kind: &'static str, name: &str) -> bool {
        self.declared.contains(&Address::new(kind, name))
    }

    /// Returns the name of the declared resource that has, and will have, this ARN.
    pub(crate) fn declared_name(&self, kind: &'static str, arn: &str) -> Option<String> {
        let address = Address::new(kind, arn::bare_name(arn));
        let same = arn::arn(&address, &self.picture.scenario.place).as_deref() == Some(arn);
        (same && self.declared.contains(&address)).then_some(address.name)
    }
}

/// An account's resources as a scenario declares them.
#[derive(Debug, Default)]
pub(crate) struct Exported {
    pub(crate) resources: Resources,
    /// Whose each of them is now.
    pub(crate) ownership: BTreeMap<Address, Ownership>,
    /// What cannot be said in a scenario, and why.
    pub(crate) unsaid: BTreeMap<Address, String>,
}

/// Takes "there is no such thing" for success: what was to go is gone.
pub(crate) fn gone<T>(result: Result<T, ApiError>) -> Done {
    match result {
        Err(error) if error.class != ErrorClass::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Looks up what was read, by name, of things that are asked for one by one.
pub(crate) fn looked_up<'a, T>(
    read: &'a BTreeMap<String, Facet<Option<T>>>,
    name: &str,
) -> Facet<Option<&'a T>> {
    match read.get(name) {
        Some(Facet::Read(thing)) => Facet::Read(thing.as_ref()),
        Some(Facet::NotRead(reason)) => Facet::NotRead(reason.clone()),
        None => Facet::NotRead("it was not read".into()),
    }
}

/// Names those among them whose tags bear the scenario's mark.
pub(crate) fn marked<T>(
    read: &BTreeMap<String, Facet<Option<T>>>,
    tags: impl Fn(&T) -> &Tags,
    picture: Picture<'_>,
) -> Vec<String> {
    let things = read.iter().filter_map(|(name, facet)| Some((name, facet.read()?.as_ref()?)));
    let ours = things.filter(|(_, thing)| {
        Ownership::of_tags(tags(thing), &picture.scenario.place.scenario) == Ownership::Ours
    });
    ours.map(|(name, _)| name.clone()).collect()
}

/// Returns tags as IAM's calls take them.
pub(crate) fn iam_tags(tags: &Tags) -> Vec<aws_sdk_iam::types::Tag> {
    let tag = |(key, value): (&String, &String)| {
        aws_sdk_iam::types::Tag::builder().key(key).value(value).build().ok()
    };
    tags.iter().filter_map(tag).collect()
}

/// Returns a document that the scenario's resolution has filled in.
pub(crate) fn document(source: &DocumentSource) -> PolicyDocument {
    match source {
        DocumentSource::Inline(fields) => PolicyDocument::new(serde_json::Value::Object(fields.clone())),
        // INVARIANT: resolution has replaced every file by its contents.
        DocumentSource::File(path) => PolicyDocument::new(serde_json::Value::String(path.clone())),
    }
}

/// A row of the table of kinds: the kind's name in addresses and its section in a scenario.
#[derive(Debug, Clone, Copy)]
pub struct SectionRow {
    /// Singular, in addresses: `user`.
    pub kind: &'static str,
    /// In a scenario's `resources:` block: `users`.
    pub section: &'static str,
}

/// Declares the sections of `resources:` in a scenario and the table of kinds.
macro_rules! kinds {
    ($( $(#[$doc:meta])* $section:ident ($kind:literal) : $container:ident => $module:ident, )*) => {
        /// All kinds, in the order of a scenario's sections.
        pub const SECTIONS: &[SectionRow] = &[$( SectionRow { kind: $kind, section: stringify!($section) }, )*];

        /// The `resources:` block of a scenario: one section per kind, by name.
        #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct Resources {
            $( $(#[$doc])* #[serde(skip_serializing_if = "Section::is_empty")] pub $section: $container<$module::Spec>, )*
        }

        /// Plans every kind, in the table's order.
        pub(crate) fn plan_all(picture: Picture<'_>, goal: Goal, steps: &mut Vec<Step>) -> Result<(), Unknown> {
            $( plan_kind::<$module::Kind>(&picture.scenario.resources.$section.by_name(), picture, goal, steps)?; )*
            Ok(())
        }

        /// Adds to `scope` what must be read to plan everything that is declared.
        pub(crate) fn scope_all(resources: &Resources, scope: &mut Scope) {
            $( for (name, spec) in resources.$section.by_name() {
                <$module::Kind as Resource>::scope(&name, Some(spec), scope);
            } )*
        }

        /// Adds to `scope` what must be read to plan a resource that has left the scenario.
        pub(crate) fn scope_left(address: &super::Address, scope: &mut Scope) {
            match address.kind {
                $( $kind => <$module::Kind as Resource>::scope(&address.name, None, scope), )*
                _ => {}
            }
        }

        /// Writes what `export` declares as a scenario's resources.
        pub(crate) fn export_all(export: &Export<'_>) -> Exported {
            let mut exported = Exported::default();
            $( for address in export.declared.iter().filter(|address| address.kind == $kind) {
                let said = match <$module::Kind as Resource>::observed(export.picture, &address.name, None) {
                    Facet::Read(Some(found)) => {
                        <$module::Kind as Resource>::spec(&address.name, &found.state, export)
                            .map(|spec| (spec, found.ownership))
                    }
                    Facet::Read(None) => Err("it is gone".to_owned()),
                    Facet::NotRead(reason) => Err(reason),
                };
                match said {
                    Ok((spec, ownership)) => {
                        exported.resources.$section.put(address.name.clone(), spec);
                        exported.ownership.insert(address.clone(), ownership);
                    }
                    Err(why) => drop(exported.unsaid.insert(address.clone(), why)),
                }
            } )*
            exported
        }

        /// Returns everything in the account that carries the scenario's mark.
        pub(crate) fn owned_all(picture: Picture<'_>) -> BTreeSet<Address> {
            let mut owned = BTreeSet::new();
            $( owned.extend(<$module::Kind as Resource>::owned(picture).into_iter().map(|name| Address::new($kind, name))); )*
            owned
        }
    };
}

kinds! {
    /// Customer-managed policies, by name.
    policies ("policy"): Named => managed_policy,
    /// IAM users, by user name.
    users ("user"): Named => user,
    /// IAM groups, by group name.
    groups ("group"): Named => group,
    /// IAM roles, by role name.
    roles ("role"): Named => role,
    /// Lambda functions, by function name.
    functions ("function"): Named => function,
    /// SNS topics, by topic name.
    topics ("topic"): Named => topic,
    /// Daily, hourly… runs of a function through an EventBridge rule, by rule name.
    schedules ("schedule"): Named => schedule,
    /// The account's password policy; there is one.
    password_policy ("password_policy"): Single => password_policy,
    /// IAM Access Analyzer analyzers, by name.
    analyzers ("analyzer"): Named => access_analyzer,
    /// CloudFormation stacks, by stack name.
    stacks ("stack"): Named => cloudformation_stack,
}

/// A section that holds any number of resources, by name.
pub type Named<S> = BTreeMap<String, S>;
/// A section that holds the account's one resource of its kind.
pub type Single<S> = Option<S>;

/// The name of the one resource in a [`Single`] section.
pub const ACCOUNT: &str = "account";

/// What both forms of section have in common.
trait Section<S> {
    fn is_empty(&self) -> bool;
    fn by_name(&self) -> BTreeMap<String, &S>;
    fn put(&mut self, name: String, spec: S);
}

impl<S> Section<S> for Named<S> {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn by_name(&self) -> BTreeMap<String, &S> {
        self.iter().map(|(name, spec)| (name.clone(), spec)).collect()
    }

    fn put(&mut self, name: String, spec: S) {
        self.insert(name, spec);
    }
}

impl<S> Section<S> for Single<S> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }

    fn by_name(&self) -> BTreeMap<String, &S> {
        self.iter().map(|spec| (ACCOUNT.to_owned(), spec)).collect()
    }

    fn put(&mut self, _name: String, spec: S) {
        *self = Some(spec);
    }
}

/// A policy document: a JSON file beside the scenario, or the document itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DocumentSource {
    /// Path of a JSON file, relative to the scenario file.
    File(String),
    /// The policy document itself, as a mapping.
    Inline(serde_json::Map<String, serde_json::Value>),
}

/// What to do about policies, members, keys and subscriptions that the scenario does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Extra {
    /// They are drift, and `up` removes them.
    #[default]
    Remove,
    /// They are left alone.
    Allow,
}

impl Extra {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    const fn is_default(&self) -> bool {
        matches!(self, Self::Remove)
    }
}
