//! The accounts in memory in which mutations are tried: one is brought up, every trial gets a copy of it.

use jiff::{SignedDuration, Timestamp};

use aws_credential_types::provider::SharedCredentialsProvider;

use super::action::{self, Action};
use super::lab::Lab;
use super::{Mutation, Trial};
use crate::aws::Aws;
use crate::aws::connect::connect_through;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, chain};
use crate::grade::collect::collect;
use crate::grade::evidence::{Access, Way};
use crate::grade::mark;
use crate::grade::result::StudentResult;
use crate::grade::rubric::Rubric;
use crate::provision::Place;
use crate::provision::apply::Stop;
use crate::provision::handover::HandOver;
use crate::provision::plan::Goal;
use crate::provision::run::{End, Options, carry_out, plan_run, silence};
use crate::sandbox::class::Hand;
use crate::sandbox::{DEFAULT_ACCOUNT, Sandbox};
use crate::scenario::{Resolved, Scenario};
use crate::source;

/// When the student begins, by the account's clock: any moment does, and the same one gives the same output.
const BEGIN: Timestamp = Timestamp::constant(1_772_442_007, 0);

/// How long after the last action the account is looked at: the event history takes its time
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>).
const LATER: SignedDuration = SignedDuration::from_hours(1);

/// How many changes of one account are under way at once.
const PARALLELISM: usize = 4;

/// What all trials share.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) rubric: Rubric,
    pub(super) lab: Lab,
    pub(super) actions: Vec<Action>,
    reference: Account,
}

/// What a trial came to.
#[derive(Debug)]
pub(super) enum Tried {
    /// The account was marked.
    Marked(Box<StudentResult>, Difference),
    /// The account does not take the change.
    Refused(String),
}

/// Whether the account of a trial is another one than the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    Some,
    None,
    /// It takes a look that nobody needed.
    NotAsked,
}

/// An account and its clock.
#[derive(Debug)]
struct Account {
    sandbox: Sandbox,
    clock: Clock,
    region: String,
}

impl Stage {
    /// Brings the rubric's scenario up.
    pub(super) async fn set(rubric: Rubric) -> Result<Self, Error> {
        let lab = Lab::of(scenario(&rubric)?)?;
        let actions = action::of(&rubric);
        let reference = Account::new(lab.place())?;
        let scenario = lab.scenario(lab.resources()).map_err(|why| Error::new(ErrorKind::Internal, why))?;
        reference.up(&scenario).await.map_err(|why| {
            Error::new(ErrorKind::Api, format!("the reference could not be brought up: {why}"))
        })?;
        Ok(Self { rubric, lab, actions, reference })
    }

    /// Marks the reference after the student's actions, all of which have to come off.
    pub(super) async fn reference(&self) -> Result<StudentResult, Error> {
        let account = self.reference.copy()?;
        let trial = Trial::default();
        self.act(&account, &trial, true).await.map_err(|why| Error::new(ErrorKind::Api, why))?;
        self.marked(&account).await
    }

    /// Marks an account in which there is nothing.
    pub(super) async fn empty(&self) -> Result<StudentResult, Error> {
        self.marked(&Account::new(self.lab.place())?).await
    }

    /// Tries one mutation. `lost` tells from the marks whether anything changed; if nothing did, the account itself is
    /// compared.
    pub(super) async fn tried(
        &self,
        mutation: &Mutation,
        lost: impl Fn(&StudentResult) -> bool,
    ) -> Result<Tried, Error> {
        let trial = &mutation.trial;
        let account = if trial.afresh { Account::new(self.lab.place())? } else { self.reference.copy()? };
        if let Some(resources) = &trial.resources {
            let changed = match self.lab.scenario(resources) {
                Ok(scenario) => account.up(&scenario).await,
                Err(why) => Err(why),
            };
            if let Err(why) = changed {
                return Ok(Tried::Refused(why));
            }
        }
        let mut hand = account.hand();
        for touch in &trial.touches {
            if let Err(why) = touch.apply(&mut hand, &self.lab).await {
                return Ok(Tried::Refused(why));
            }
        }
        if let Err(why) = self.act(&account, trial, false).await {
            return Ok(Tried::Refused(why));
        }
        let result = self.marked(&account).await?;
        let difference = if lost(&result) || trial.actions.is_some() || trial.afresh {
            Difference::NotAsked
        } else {
            self.compared(&account).await?
        };
        Ok(Tried::Marked(Box::new(result), difference))
    }

    /// Does what the student does. Only in the reference everything has to come off.
    async fn act(&self, account: &Account, trial: &Trial, strictly: bool) -> Result<(), String> {
        let mut hand = account.hand();
        for action in trial.actions.as_ref().unwrap_or(&self.actions) {
            match action.perform(&mut hand, trial, &self.lab).await {
                Err(why) if strictly => {
                    return Err(format!("the {} came to nothing: {why}", action.label()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Collects the evidence of an account and marks it.
    async fn marked(&self, account: &Account) -> Result<StudentResult, Error> {
        let now = account.clock.now();
        account.clock.set(now.saturating_add(LATER).unwrap_or(now));
        let aws = account.connect().await?;
        let access = Access {
            way: Way::Sandbox,
            target: "sandbox".to_owned(),
            caller: aws.caller.arn.clone(),
            role: None,
            open_without_external_id: None,
            nonce: None,
        };
        let evidence = collect(&aws, &self.rubric, "selftest", access, &|_| {}).await;
        Ok(mark(&self.rubric, &evidence, &std::collections::BTreeMap::new()))
    }

    /// Tells whether an account differs from the reference.
    async fn compared(&self, account: &Account) -> Result<Difference, Error> {
        let aws = account.connect().await?;
        let reference = self.lab.scenario(self.lab.resources());
        let reference = reference.map_err(|why| Error::new(ErrorKind::Internal, why))?;
        let plan = plan_run(&aws, &reference, Goal::Up { adopt: false }).await?;
        Ok(if plan.is_empty() { Difference::None } else { Difference::Some })
    }
}

impl Account {
    fn new(place: &Place) -> Result<Self, Error> {
        let clock = Clock::fixed(BEGIN);
        let options =
            crate::sandbox::Options { dir: None, account: place.account.clone(), clock: clock.clone() };
        Ok(Self { sandbox: Sandbox::open(options)?, clock, region: place.region.clone() })
    }

    fn copy(&self) -> Result<Self, Error> {
        let clock = Clock::fixed(self.clock.now());
        Ok(Self { sandbox: self.sandbox.copy(clock.clone())?, clock, region: self.region.clone() })
    }

    async fn connect(&self) -> Result<Aws, Error> {
        let credentials = SharedCredentialsProvider::new(self.sandbox.credentials());
        connect_through(self.sandbox.http_client(), credentials, &self.region, self.clock.clone()).await
    }

    fn hand(&self) -> Hand<'_> {
        Hand::at_work(self.sandbox.clone(), self.clock.clone(), 1, &self.region)
    }

    /// Makes the account what a scenario says.
    async fn up(&self, scenario: &Resolved) -> Result<(), String> {
        let why = |error: Error| chain(&error);
        let aws = self.connect().await.map_err(why)?;
        let goal = Goal::Up { adopt: false };
        let plan = plan_run(&aws, scenario, goal).await.map_err(why)?;
        let options = Options {
            goal,
            parallelism: PARALLELISM,
            stop: Stop::default(),
            sink: &silence,
            tell: |_, _| {},
        };
        let report = carry_out(&aws, scenario, HandOver::nowhere(), plan, &options).await.map_err(why)?;
        if report.end == End::Complete {
            return Ok(());
        }
        let errors = report.outcomes.iter().filter_map(|outcome| outcome.error.as_ref());
        let errors: Vec<String> = errors.chain(&report.error).map(ToString::to_string).collect();
        let left: Vec<String> = report.leftovers.iter().map(|change| change.address.to_string()).collect();
        Err(if errors.is_empty() {
            format!("what remains to do: {}", left.join(", "))
        } else {
            errors.join("; ")
        })
    }
}

/// Reads the rubric's scenario for the account in memory.
fn scenario(rubric: &Rubric) -> Result<Resolved, Error> {
    let Some(name) = &rubric.scenario else {
        return Err(Error::input("the rubric names no reference scenario")
            .hinted("say `scenario: scenario.yaml` in the rubric"));
    };
    let wrong = |found: Vec<source::Diagnostic>| {
        Error::input(format!("the scenario `{name}` has mistakes:\n{}", source::render(&found, false)))
    };
    let scenario = Scenario::load(&rubric.folder.join(name), &[]).map_err(wrong)?;
    let place = Place {
        scenario: scenario.name.clone(),
        partition: "aws".to_owned(),
        account: scenario.account.clone().unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
        region: scenario.region.clone(),
    };
    scenario.resolve(&place).map_err(wrong)
}
