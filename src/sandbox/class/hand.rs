//! Somebody at work in an account: signs in, calls, takes time. Every call goes the way that requests go, so it is
//! authorised and recorded, and what it leaves is a state that AWS could have.

use std::collections::BTreeSet;
use std::time::Duration;

use awsim_core::{AwsError, RequestContext};
use jiff::Timestamp;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::ClassError;
use crate::clock::Clock;
use crate::sandbox::Sandbox;
use crate::sandbox::account::Call;
use crate::sandbox::control::{Order, RootPage, SignIn};
use crate::sandbox::dice::Dice;
use crate::sandbox::services::iam::{Iam, store};
use crate::sandbox::services::sns::outbox::MailKind;
use crate::sandbox::services::wire;

/// What the console's own requests say they are.
const CONSOLE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 \
                       Safari/537.36";

/// A session at the console.
#[derive(Debug, Clone)]
pub struct Key(String);

/// The hand of a student.
#[derive(Debug)]
pub struct Hand<'a> {
    sandbox: Sandbox,
    clock: Clock,
    dice: Dice,
    /// Where the student sits.
    address: String,
    /// Where the student works.
    region: &'a str,
}

impl<'a> Hand<'a> {
    /// Puts somebody to work in `region`, in an account whose clock is `clock`. The same seed makes the same pauses.
    pub fn at_work(sandbox: Sandbox, clock: Clock, seed: u64, region: &'a str) -> Self {
        Self::new(sandbox, clock, Dice::new(seed), region)
    }

    /// Makes the hand of a student who works in `region`, in an account whose clock is `clock`.
    pub(super) fn new(sandbox: Sandbox, clock: Clock, mut dice: Dice, region: &'a str) -> Self {
        // Addresses for examples: https://www.rfc-editor.org/rfc/rfc5737
        let address = format!("203.0.113.{}", 1 + dice.below(254));
        Self { sandbox, clock, dice, address, region }
    }

    /// Returns the region the student works in.
    pub const fn region(&self) -> &'a str {
        self.region
    }

    /// Returns the account's id.
    pub fn id(&self) -> &str {
        self.sandbox.account()
    }

    /// Returns the account's IAM.
    fn iam(&self) -> &Iam {
        self.sandbox.iam()
    }

    /// Returns the ARN of something in IAM: `user/User1`.
    pub fn iam_arn(&self, what: &str) -> String {
        format!("arn:aws:iam::{}:{what}", self.id())
    }

    /// Goes on at another time.
    pub async fn at(&self, time: Timestamp) {
        if let Ok(wait) = Duration::try_from(time.duration_since(self.clock.now())) {
            self.clock.sleep(wait).await;
        }
    }

    /// Lets some time pass, as somebody needs who reads before clicking.
    async fn think(&mut self) {
        let seconds = 4 + self.dice.below(40);
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    /// Makes a call that has to succeed.
    pub async fn call(
        &mut self,
        key: &Key,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, ClassError> {
        let answer = self.attempt(key, service, operation, input).await;
        answer.map_err(|error| self.refused(service, operation, error))
    }

    /// Makes a call that may be refused.
    pub async fn attempt(
        &mut self,
        key: &Key,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, AwsError> {
        self.think().await;
        let account = self.sandbox.inner.account.clone();
        let caller = account.iam().resolve_key(&key.0);
        let (Some(service), Some(caller)) = (account.services().find(service), caller) else {
            return Err(AwsError::internal(format!("nobody answers {service}:{operation}")));
        };
        let is_global = matches!(service.signing_name(), "iam" | "sts");
        let mut ctx =
            RequestContext::new(service.signing_name(), if is_global { "us-east-1" } else { self.region });
        account.id().clone_into(&mut ctx.account_id);
        ctx.access_key = Some(key.0.clone());
        ctx.request_id = wire::uuid();
        ctx.source_ip = Some(self.address.clone());
        ctx.is_secure = true;
        account.answer(Call { service, operation, input, ctx: &ctx, caller: &caller, agent: CONSOLE }).await
    }

    /// Returns the key of the account's administrator.
    pub fn administrator(&self) -> Key {
        Key(self.iam().administrator_key().0)
    }

    /// Signs the root user in. Returns the session.
    pub async fn sign_in_root(&mut self) -> Result<Key, ClassError> {
        self.sign_in_as(None, String::new(), None).await
    }

    /// Signs a user in, with a code if the user has a device. Returns the session.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Result<Key, ClassError> {
        let key = store::key(name);
        let serial = self.iam().read(|state| {
            let device = state.mfa.values().find(|device| device.user.as_deref() == Some(&key));
            device.map(|device| device.serial.clone())
        });
        // A code counts once: those that enabled the device are used up.
        self.clock.sleep(Duration::from_secs(90)).await;
        let code = serial.and_then(|serial| self.codes(&serial)).map(|(code, _)| code);
        self.sign_in_as(Some(name), password.to_owned(), code).await
    }

    /// Goes through the sign-in page.
    async fn sign_in_as(
        &self,
        user: Option<&str>,
        password: String,
        mfa_code: Option<String>,
    ) -> Result<Key, ClassError> {
        let page = SignIn {
            account: self.id().to_owned(),
            user: user.map(str::to_owned),
            password,
            mfa_code,
            new_password: None,
            source: self.address.clone(),
            root: RootPage::AsItIs,
        };
        let session = self.sandbox.obey(Order::SignIn(page)).await.map_err(|error| ClassError::SignIn {
            account: self.id().to_owned(),
            user: user.unwrap_or("root").to_owned(),
            source: Box::new(error),
        })?;
        let key = session.get("AccessKeyId").and_then(Value::as_str).unwrap_or_default();
        Ok(Key(key.to_owned()))
    }

    /// Gives a user a virtual MFA device, with two codes of it.
    pub async fn enable_mfa(&mut self, key: &Key, user: &str) -> Result<(), ClassError> {
        let input = json!({"VirtualMFADeviceName": user});
        let made = self.call(key, "iam", "CreateVirtualMFADevice", input).await?;
        let serial =
            made.pointer("/VirtualMFADevice/SerialNumber").and_then(Value::as_str).unwrap_or_default();
        let (first, second) = self.codes(serial).unwrap_or_default();
        let input = json!({
            "UserName": user,
            "SerialNumber": serial,
            "AuthenticationCode1": first,
            "AuthenticationCode2": second,
        });
        // The codes are of this moment and half a minute later, which the wait before the call reaches.
        self.call(key, "iam", "EnableMFADevice", input).await.map(drop)
    }

    /// Reads two codes in a row from a device.
    fn codes(&self, serial: &str) -> Option<(String, String)> {
        let seed = self.iam().read(|state| Some(state.mfa.get(serial)?.seed.reveal().to_owned()))?;
        let totp = Builder::new().with_secret(Secret::try_from_base32(&seed).ok()?).build_noncompliant();
        let now = u64::try_from(self.clock.now().as_second()).ok()?;
        Some((totp.generate(now).to_string(), totp.generate(now + 30).to_string()))
    }

    /// Changes the account behind the API, where AWS has no call for it either (the root user's MFA device).
    pub(super) fn edit(&self, change: impl FnOnce(&mut store::State)) {
        self.iam().edit(change);
    }

    /// Opens the mail that SNS sent to the subscribers of a topic and follows the links in it.
    pub async fn confirm(&mut self, key: &Key, topic: &str) -> Result<(), ClassError> {
        for token in self.tokens(topic) {
            self.call(key, "sns", "ConfirmSubscription", json!({"TopicArn": topic, "Token": token})).await?;
        }
        Ok(())
    }

    /// Returns the tokens in the mail that asks the subscribers of a topic to confirm.
    fn tokens(&self, topic: &str) -> BTreeSet<String> {
        let sent = self.sandbox.inner.account.services().sns.sent();
        let of_topic = sent.into_iter().filter(|mail| mail.topic == topic);
        let tokens = of_topic.filter_map(|mail| match mail.kind {
            MailKind::Confirmation { token } => Some(token),
            MailKind::Notification => None,
        });
        tokens.collect()
    }

    /// Saves the account.
    pub fn save(&self) -> Result<(), ClassError> {
        Ok(self.sandbox.flush()?)
    }

    /// Makes the error of a call that should not have failed.
    fn refused(&self, service: &str, operation: &str, error: AwsError) -> ClassError {
        ClassError::Refused {
            account: self.id().to_owned(),
            call: format!("{service}:{operation}"),
            code: error.code,
            message: error.message,
        }
    }
}
