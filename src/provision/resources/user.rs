//! IAM users with their login profile, access keys and virtual MFA device.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Child, DocumentSource, Done, Export, Extra, Found, OURS, Resource, THEIRS, gone, iam_tags};
use crate::account::snapshot::{AccessKey, Credentials, Facet, OtherCredentials, Tags};
use crate::aws::collect::Scope;
use crate::provision::credentials::{
    create_access_keys, delete_access_key, disable_mfa, enable_console, enable_mfa, set_key_active,
};
use crate::provision::ownership::{HANDED_OVER, Ownership, mark};
use crate::provision::plan::Picture;
use crate::provision::principal::{PolicySet, Principal, reconcile};
use crate::provision::{Address, Session, arn};
use crate::scenario::Resolved;

/// An IAM user.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// Whether the user signs in to the console: `true`, `false`, or `{ reset: true }` to ask for a new
    /// password at the first sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console: Option<Console>,
    /// The kind of MFA device to enable; `virtual` is the one that can be made by a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
    /// How many active access keys the user has: 0, 1 or 2.
    #[schemars(range(max = 2))]
    #[serde(skip_serializing_if = "is_zero")]
    pub access_keys: u8,
    /// Policies attached to the user itself, by name or ARN. (Groups are the better place.)
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Inline policies, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inline_policies: BTreeMap<String, DocumentSource>,
    /// The policy, by name or ARN, that bounds what the user may ever do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// `allow` leaves policies and keys alone that the scenario does not name.
    #[serde(skip_serializing_if = "Extra::is_default")]
    pub extra: Extra,
}

/// How a user signs in to the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Console {
    /// `true`: with a generated password; `false`: not at all.
    Enabled(bool),
    /// With a generated password and options.
    Options(ConsoleOptions),
}

/// Options of a console sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsoleOptions {
    /// Whether AWS asks for a new password at the first sign-in.
    pub reset: bool,
}

/// A kind of MFA device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mfa {
    /// A virtual device: a seed that an authenticator app turns into codes.
    Virtual,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(n: &u8) -> bool {
    *n == 0
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// A user as the account shows it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct State {
    console: bool,
    mfa: Option<Mfa>,
    access_keys: KeyState,
    #[serde(flatten)]
    policies: PolicySet,
    /// Asked for at creation only: AWS clears it at the first sign-in.
    #[serde(skip)]
    reset_password: bool,
    #[serde(skip)]
    keys: Vec<AccessKey>,
    #[serde(skip)]
    kept_keys: Vec<String>,
    #[serde(skip)]
    groups: BTreeSet<String>,
    /// Serial numbers of the user's virtual devices, enabled or left over.
    #[serde(skip)]
    virtual_devices: Vec<String>,
    #[serde(skip)]
    others: OtherCredentials,
    #[serde(skip)]
    extra: Extra,
}

/// The access keys of a user, told apart.
#[derive(Debug, Default, Serialize)]
struct KeyState {
    /// Active keys whose secret has been handed over, up to as many as the scenario asks for.
    active: usize,
    /// Ids of handed-over keys that somebody switched off.
    inactive: BTreeSet<String>,
    /// Ids of the keys that are too many, or whose secret nobody has.
    extra: BTreeSet<String>,
}

impl Resource for Kind {
    const KIND: &'static str = "user";
    type Spec = Spec;
    type State = State;

    fn scope(name: &str, _spec: Option<&Spec>, scope: &mut Scope) {
        scope.identity = true;
        scope.virtual_mfa = true;
        scope.users.insert(name.into());
    }

    fn desired(_name: &str, spec: &Spec, scenario: &Resolved) -> Result<State, String> {
        let (console, reset_password) = match spec.console {
            None | Some(Console::Enabled(false)) => (false, false),
            Some(Console::Enabled(true)) => (true, false),
            Some(Console::Options(options)) => (true, options.reset),
        };
        let boundary = spec.permissions_boundary.as_ref();
        Ok(State {
            console,
            reset_password,
            mfa: spec.mfa,
            access_keys: KeyState { active: usize::from(spec.access_keys), ..KeyState::default() },
            policies: PolicySet::desired(&spec.policies, &spec.inline_policies, boundary, scenario),
            extra: spec.extra,
            ..State::default()
        })
    }

    fn observed(picture: Picture<'_>, name: &str, desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let snapshot = picture.snapshot;
        let identity = match &snapshot.identity {
            Facet::Read(identity) => identity,
            Facet::NotRead(reason) => return Facet::NotRead(reason.clone()),
        };
        let Some(user) = identity.users.get(name) else { return Facet::Read(None) };
        let credentials = match snapshot.credentials.get(name) {
            Some(Facet::Read(credentials)) => credentials,
            Some(Facet::NotRead(reason)) => return Facet::NotRead(reason.clone()),
            None => return Facet::NotRead("its credentials were not read".into()),
        };
        let devices = match &snapshot.virtual_mfa {
            Facet::Read(devices) => devices,
            Facet::NotRead(reason) => return Facet::NotRead(reason.clone()),
        };
        let ownership = Ownership::of_tags(&user.tags, &picture.scenario.place.scenario);
        let is_mine = |owner: &Option<String>, serial: &str| match owner {
            Some(owner) => owner == name,
            None => arn::bare_name(serial) == name,
        };
        let enabled = devices.iter().any(|device| device.user.as_deref() == Some(name));
        let wanted = desired.map_or(usize::MAX, |desired| desired.access_keys.active);
        let keys = Keys::sort(credentials, &user.tags, &ownership, wanted);
        let mut state = State {
            console: credentials.login_profile,
            mfa: enabled.then_some(Mfa::Virtual),
            access_keys: KeyState {
                active: keys.kept.len() - keys.inactive.len(),
                inactive: keys.inactive,
                extra: keys.extra,
            },
            policies: PolicySet::observed(&user.policies),
            reset_password: false,
            keys: credentials.access_keys.clone(),
            kept_keys: keys.kept,
            groups: user.groups.clone(),
            virtual_devices: devices
                .iter()
                .filter(|device| is_mine(&device.user, &device.serial))
                .map(|device| device.serial.clone())
                .collect(),
            others: credentials.others.clone().unwrap_or_default(),
            extra: Extra::Remove,
        };
        if let Some(desired) = desired.filter(|desired| desired.extra == Extra::Allow) {
            state.policies.forgive(&desired.policies);
            state.access_keys.extra.clear();
        }
        Facet::Read(Some(Found { ownership, state }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        let users = picture.snapshot.identity.read().map(|identity| &identity.users);
        let owned = users.into_iter().flatten().filter(|(_, user)| {
            Ownership::of_tags(&user.tags, &picture.scenario.place.scenario) == Ownership::Ours
        });
        owned.map(|(name, _)| name.clone()).collect()
    }

    fn spec(_name: &str, state: &State, export: &Export<'_>) -> Result<Spec, String> {
        let (policies, inline_policies, permissions_boundary) = state.policies.names(export);
        let active = state.keys.iter().filter(|key| key.active).count();
        Ok(Spec {
            console: state.console.then_some(Console::Enabled(true)),
            mfa: state.mfa,
            access_keys: u8::try_from(active).unwrap_or(2),
            policies,
            inline_policies,
            permissions_boundary,
            extra: Extra::Remove,
        })
    }

    fn hands_over(from: Option<&State>, to: &State) -> bool {
        let none = State::default();
        let from = from.unwrap_or(&none);
        (to.console && !from.console)
            || (to.mfa.is_some() && from.mfa.is_none())
            || to.access_keys.active > from.kept_keys.len()
    }

    fn children(state: &State) -> Vec<Child> {
        let ours = |what: String| Child { what, origin: OURS };
        let theirs = |what: String| Child { what, origin: THEIRS };
        let mut children = Vec::new();
        children.extend(state.console.then(|| ours("console".into())));
        children.extend(state.keys.iter().map(|key| {
            let what = format!("access_keys.{}", key.id);
            if state.kept_keys.contains(&key.id) { ours(what) } else { theirs(what) }
        }));
        children.extend(
            state.virtual_devices.iter().map(|serial| ours(format!("mfa.{}", arn::bare_name(serial)))),
        );
        let others = &state.others;
        let hardware = others.mfa_devices.iter().filter(|serial| !state.virtual_devices.contains(serial));
        children.extend(hardware.map(|serial| theirs(format!("mfa.{serial}"))));
        children.extend(others.ssh_keys.iter().map(|id| theirs(format!("ssh_keys.{id}"))));
        children.extend(others.certificates.iter().map(|id| theirs(format!("certificates.{id}"))));
        children
            .extend(others.service_credentials.iter().map(|id| theirs(format!("service_credentials.{id}"))));
        children.extend(state.groups.iter().map(|name| ours(format!("groups.{name}"))));
        children.extend(state.policies.children());
        children
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        session
            .aws
            .call("iam:CreateUser", &format!("user.{name}"), || {
                session
                    .aws
                    .iam
                    .create_user()
                    .user_name(name)
                    .set_permissions_boundary(to.policies.permissions_boundary.clone())
                    .set_tags(Some(iam_tags(&mark(&session.place.scenario))))
                    .send()
            })
            .await?;
        let policies = PolicySet {
            permissions_boundary: to.policies.permissions_boundary.clone(),
            ..PolicySet::default()
        };
        Self::update(session, name, &State { policies, ..State::default() }, to).await
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        // What is too much goes first: it may be what an intruder left.
        for id in &from.access_keys.extra {
            delete_access_key(session, name, id).await?;
        }
        reconcile(session, Principal::User(name), &from.policies, &to.policies).await?;
        if from.console && !to.console {
            delete_login(session, name).await?;
        }
        if to.console && !from.console {
            enable_console(session, name, to.reset_password).await?;
        }
        match (from.mfa, to.mfa) {
            (None, Some(Mfa::Virtual)) => enable_mfa(session, name, &from.virtual_devices).await?,
            (Some(Mfa::Virtual), None) => disable_mfa(session, name, &from.virtual_devices, &[]).await?,
            _ => {}
        }
        for id in &from.access_keys.inactive {
            set_key_active(session, name, id).await?;
        }
        create_access_keys(session, name, &from.kept_keys, to.access_keys.active).await
    }

    async fn delete(session: &Session, name: &str, from: &State) -> Done {
        let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("user.{name}"));
        if from.console {
            delete_login(session, name).await?;
        }
        for key in &from.keys {
            delete_access_key(session, name, &key.id).await?;
        }
        for id in &from.others.certificates {
            gone(
                aws.call("iam:DeleteSigningCertificate", &address, || {
                    iam.delete_signing_certificate().user_name(name).certificate_id(id).send()
                })
                .await,
            )?;
        }
        for id in &from.others.ssh_keys {
            gone(
                aws.call("iam:DeleteSSHPublicKey", &address, || {
                    iam.delete_ssh_public_key().user_name(name).ssh_public_key_id(id).send()
                })
                .await,
            )?;
        }
        for id in &from.others.service_credentials {
            gone(
                aws.call("iam:DeleteServiceSpecificCredential", &address, || {
                    iam.delete_service_specific_credential()
                        .user_name(name)
                        .service_specific_credential_id(id)
                        .send()
                })
                .await,
            )?;
        }
        disable_mfa(session, name, &from.virtual_devices, &from.others.mfa_devices).await?;
        let nothing = PolicySet {
            permissions_boundary: from.policies.permissions_boundary.clone(),
            ..PolicySet::default()
        };
        reconcile(session, Principal::User(name), &from.policies, &nothing).await?;
        for group in from.groups.iter().filter(|group| !session.is_deleted(&Address::new("group", *group))) {
            gone(
                aws.call("iam:RemoveUserFromGroup", &address, || {
                    iam.remove_user_from_group().user_name(name).group_name(group).send()
                })
                .await,
            )?;
        }
        gone(aws.call("iam:DeleteUser", &address, || iam.delete_user().user_name(name).send()).await)
    }

    async fn adopt(session: &Session, name: &str, from: &State) -> Done {
        // The keys it has stay: whoever has their secrets keeps them.
        let mut tags = mark(&session.place.scenario);
        tags.insert(HANDED_OVER.into(), from.kept_keys.join(" "));
        let tags = iam_tags(&tags);
        session
            .aws
            .call("iam:TagUser", &format!("user.{name}"), || {
                session.aws.iam.tag_user().user_name(name).set_tags(Some(tags.clone())).send()
            })
            .await
            .map(drop)
    }
}

/// A user's access keys, told apart.
struct Keys {
    /// Handed over and wanted; the inactive ones among them too.
    kept: Vec<String>,
    inactive: BTreeSet<String>,
    extra: BTreeSet<String>,
}

impl Keys {
    /// Tells the keys apart: those with a receipt are kept, active ones first, up to `wanted`.
    fn sort(credentials: &Credentials, tags: &Tags, ownership: &Ownership, wanted: usize) -> Self {
        let receipts: Vec<&str> =
            tags.get(HANDED_OVER).map(|ids| ids.split(' ').collect()).unwrap_or_default();
        // A user that is not ours has no receipts; taking it over gives its keys one each.
        let has_receipt =
            |key: &AccessKey| *ownership != Ownership::Ours || receipts.contains(&key.id.as_str());
        let mut keys: Vec<&AccessKey> = credentials.access_keys.iter().collect();
        keys.sort_by_key(|key| (!has_receipt(key), !key.active, key.created));
        let receipted = keys.iter().filter(|key| has_receipt(key)).count();
        let (kept, extra) = keys.split_at(receipted.min(wanted));
        Self {
            kept: kept.iter().map(|key| key.id.clone()).collect(),
            inactive: kept.iter().filter(|key| !key.active).map(|key| key.id.clone()).collect(),
            extra: extra.iter().map(|key| key.id.clone()).collect(),
        }
    }
}

async fn delete_login(session: &Session, name: &str) -> Done {
    gone(
        session
            .aws
            .call("iam:DeleteLoginProfile", &format!("user.{name}"), || {
                session.aws.iam.delete_login_profile().user_name(name).send()
            })
            .await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, active: bool) -> AccessKey {
        AccessKey { id: id.into(), active, created: None }
    }

    fn tags(receipts: &str) -> Tags {
        Tags::from([(HANDED_OVER.to_owned(), receipts.to_owned())])
    }

    #[test]
    fn a_key_without_a_receipt_is_extra_however_few_there_are() {
        let credentials = Credentials { access_keys: vec![key("LOST", true)], ..Credentials::default() };
        let keys = Keys::sort(&credentials, &Tags::new(), &Ownership::Ours, 1);
        assert!(keys.kept.is_empty());
        assert_eq!(keys.extra, BTreeSet::from(["LOST".to_owned()]));
    }

    #[test]
    fn the_handed_over_key_stays_when_a_second_one_appears() {
        let credentials = Credentials {
            access_keys: vec![key("A-NEW", true), key("OURS", true)],
            ..Credentials::default()
        };
        let keys = Keys::sort(&credentials, &tags("OURS"), &Ownership::Ours, 1);
        assert_eq!(keys.kept, ["OURS"]);
        assert_eq!(keys.extra, BTreeSet::from(["A-NEW".to_owned()]));
    }

    #[test]
    fn a_key_that_was_switched_off_is_kept_and_named() {
        let credentials = Credentials { access_keys: vec![key("OURS", false)], ..Credentials::default() };
        let keys = Keys::sort(&credentials, &tags("OURS"), &Ownership::Ours, 1);
        assert_eq!(keys.kept, ["OURS"]);
        assert_eq!(keys.inactive, BTreeSet::from(["OURS".to_owned()]));
    }
}
