//! What people ask of a sandbox besides AWS's API: to sign in, to move its clock, to see what it sent.
//!
//! An [`Order`] is a value, so it is carried out in this process or by the process that serves the folder: see
//! [`desk`]. Answers are JSON with a `format_version`, as the commands print them.

pub mod desk;
mod sign_in;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Sandbox;
use super::account::Account;
use super::faults::Rule;
use super::realm::Realm;
use super::runtime::schedule::{self, Stage};
use crate::clock::seconds;
use crate::error::{Error, ErrorKind};
pub use sign_in::{RootPage, SignIn};

/// The most firings of schedules that one order makes: a rule of every minute has 43,200 in a month.
const MOST_FIRINGS: usize = 1_000;

/// One thing to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum Order {
    /// Hand out the key of the account's administrator.
    Credentials {
        /// The account.
        account: String,
    },
    /// Throw an account away.
    Reset {
        /// The account.
        account: String,
    },
    /// Sign in to the console.
    SignIn(SignIn),
    /// Fire the schedules that are due.
    RunDue {
        /// The account.
        account: String,
        /// Until when; the clock goes there if it is not there yet. Now, when nothing is said.
        at: Option<Timestamp>,
    },
    /// Show what SNS sent.
    Outbox {
        /// The account.
        account: String,
    },
    /// Confirm the subscriptions of an endpoint, as its owner.
    Confirm {
        /// The account.
        account: String,
        /// The ARN of the topic; all topics when none is named.
        topic: Option<String>,
        /// The address, ARN or URL.
        endpoint: String,
    },
    /// Show what a function's invocations wrote.
    Logs {
        /// The account.
        account: String,
        /// The region.
        region: String,
        /// The function; all of the region's when nobody is named.
        function: Option<String>,
    },
    /// Show how credential reports are made, after changing it if asked to.
    Reports {
        /// The account.
        account: String,
        /// Whether there is the 23rd column, `additional_credentials_info`.
        additional_column: Option<bool>,
        /// How many seconds a report takes to make.
        preparation: Option<u32>,
    },
    /// Show the faults that were asked for, after changing them if asked to.
    Faults {
        /// The account.
        account: String,
        /// The change.
        change: Option<Trouble>,
    },
    /// Show the clock, after changing it if asked to.
    Clock {
        /// The change.
        change: Option<Tick>,
    },
}

/// A change of the faults.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// Add a rule, as text.
    Add(String),
    /// Remove all.
    Clear,
}

/// A change of the clock.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tick {
    /// Show this time from now on.
    Set(Timestamp),
    /// Go so many seconds forward, or back when negative.
    Advance(i64),
    /// Show the machine's time again.
    Reset,
}

impl Sandbox {
    /// Carries out an order.
    pub async fn obey(&self, order: Order) -> Result<Value, Error> {
        self.realm().obey(order).await
    }
}

impl Realm {
    /// Carries out an order.
    pub(super) async fn obey(&self, order: Order) -> Result<Value, Error> {
        match order {
            Order::Credentials { account } => self.administrator(&account),
            Order::Reset { account } => {
                super::check_account(&account)?;
                let removed = self.reset(&account)?;
                Ok(json!({ "format_version": 1, "account": account, "removed": removed }))
            }
            Order::SignIn(sign_in) => {
                let account = self.existing(&sign_in.account)?;
                let outcome = sign_in::sign_in(&account, &sign_in);
                account.keeper().save()?;
                outcome
            }
            Order::RunDue { account, at } => self.run_due(&*self.existing(&account)?, at).await,
            Order::Outbox { account } => {
                let account = self.existing(&account)?;
                Ok(json!({ "format_version": 1, "messages": account.services().sns.sent() }))
            }
            Order::Confirm { account, topic, endpoint } => {
                let account = self.existing(&account)?;
                let confirmed = account.services().sns.confirm_endpoint(topic.as_deref(), &endpoint);
                account.keeper().save()?;
                Ok(json!({ "format_version": 1, "confirmed": confirmed }))
            }
            Order::Logs { account, region, function } => {
                let account = self.existing(&account)?;
                Ok(json!({
                    "format_version": 1,
                    "events": account.services().lambda.logged(&region, function.as_deref()),
                }))
            }
            Order::Reports { account, additional_column, preparation } => {
                super::check_account(&account)?;
                let account = self.open(&account)?;
                let iam = account.iam();
                let mut reporting = iam.read(|state| *state.reporting);
                reporting.additional_column = additional_column.unwrap_or(reporting.additional_column);
                reporting.preparation = preparation.unwrap_or(reporting.preparation);
                if additional_column.is_some() || preparation.is_some() {
                    iam.set_reporting(reporting);
                    account.keeper().save()?;
                }
                Ok(json!({
                    "format_version": 1,
                    "account": account.id(),
                    "columns": if reporting.additional_column { 23 } else { 22 },
                    "preparation_seconds": reporting.preparation,
                }))
            }
            Order::Faults { account, change } => {
                super::check_account(&account)?;
                let account = self.open(&account)?;
                let answer = faults(&account, change)?;
                account.keeper().save()?;
                Ok(answer)
            }
            Order::Clock { change } => self.tick(change),
        }
    }

    fn administrator(&self, account: &str) -> Result<Value, Error> {
        super::check_account(account)?;
        let found = self.open(account)?;
        found.keeper().flush()?;
        let (id, secret) = found.iam().administrator_key();
        Ok(json!({
            "format_version": 1,
            "account": account,
            "access_key_id": id,
            // The administrator's key of a pretended account opens nothing else; handing it out is what this is for.
            "secret_access_key": secret.reveal(),
        }))
    }

    /// Finds an account that has something in it.
    fn existing(&self, id: &str) -> Result<std::sync::Arc<Account>, Error> {
        super::check_account(id)?;
        self.find(id)?.ok_or_else(|| {
            Error::new(ErrorKind::Api, format!("the sandbox has no account {id}"))
                .hinted("`iamlab sandbox list` shows the accounts")
                .hinted("`iamlab provision up SCENARIO` fills one")
        })
    }

    /// Fires what is due, in the order of time. The clock goes along with it, so that a function that runs at six
    /// finds that it is six.
    async fn run_due(&self, account: &Account, at: Option<Timestamp>) -> Result<Value, Error> {
        let services = account.services();
        let stage = Stage::of(services);
        let until = at.unwrap_or_else(|| self.clock().now());
        let ran = schedule::run_due(stage, until, MOST_FIRINGS, |moment| {
            if moment > self.clock().now() {
                self.clock().set(moment);
            }
        })
        .await;
        if until > self.clock().now() || at.is_some_and(|at| at > self.clock().wall()) {
            self.set_clock(until.max(self.clock().now()))?;
        }
        account.keeper().save()?;
        Ok(json!({
            "format_version": 1,
            "now": seconds(self.clock().now()),
            "complete": !stage.is_due(until),
            "ran": ran,
        }))
    }

    fn tick(&self, change: Option<Tick>) -> Result<Value, Error> {
        let clock = self.clock();
        let to = change.map(|change| match change {
            Tick::Set(at) => at,
            Tick::Advance(seconds) => {
                clock.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(clock.now())
            }
            Tick::Reset => clock.wall(),
        });
        if let Some(to) = to {
            self.set_clock(to)?;
        }
        let ahead = clock.now().as_second().saturating_sub(clock.wall().as_second());
        Ok(json!({
            "format_version": 1,
            "now": seconds(clock.now()),
            "ahead_seconds": ahead,
        }))
    }
}

/// Changes the faults of an account and shows them.
fn faults(account: &Account, change: Option<Trouble>) -> Result<Value, Error> {
    let mut faults = account.services().troubles.lock();
    match change {
        Some(Trouble::Add(text)) => {
            let rule: Rule = text.parse().map_err(|error| {
                Error::usage(format!("`{text}` is no rule: {error}"))
                    .hinted("write the calls, the effect and how often, as `iam:Create* throttle 0.3 seed 7`")
            })?;
            faults.add(rule);
        }
        Some(Trouble::Clear) => faults.clear(),
        None => {}
    }
    let rules =
        faults.rules().iter().map(|rule| json!({ "rule": rule.to_string(), "matched": rule.matched() }));
    Ok(json!({ "format_version": 1, "account": account.id(), "rules": rules.collect::<Vec<_>>() }))
}
