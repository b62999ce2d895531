//! An account in memory, a scenario for it, and runs without a process around them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use iamlab::aws::Aws;
use iamlab::aws::connect::connect_through;
use iamlab::clock::Clock;
use iamlab::error::Error;
use iamlab::provision::Place;
use iamlab::provision::apply::Stop;
use iamlab::provision::handover::HandOver;
use iamlab::provision::plan::Goal;
use iamlab::provision::resources::user::Console;
use iamlab::provision::run::{End, Options, Report, carry_out, plan_run, silence};
use iamlab::sandbox::{DEFAULT_ACCOUNT, Sandbox};
use iamlab::scenario::{Resolved, Scenario};
use iamlab::source::render;

use crate::cases::{Verdict, ensure};
use crate::inventory::Clients;

pub(crate) const UP: Goal = Goal::Up { adopt: false };
pub(crate) const DOWN: Goal = Goal::Down { detach_foreign: false };

/// The region of every scenario here.
pub(crate) const REGION: &str = "us-east-1";

/// The scenario of the assignment, for the program's command line.
pub(crate) const LAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/iam-auditing");

/// Where the repository is.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The lab of the assignment.
pub(crate) fn iam_auditing() -> Resolved {
    load(Path::new(LAB))
}

/// A scenario for the account in memory.
pub(crate) fn load(path: &Path) -> Resolved {
    let told = |found: Vec<_>| -> Scenario { panic!("{}", render(&found, false)) };
    let scenario = Scenario::load(path, &[]).unwrap_or_else(told);
    let place = Place {
        scenario: scenario.name.clone(),
        partition: "aws".into(),
        account: DEFAULT_ACCOUNT.into(),
        region: scenario.region.clone(),
    };
    scenario.resolve(&place).unwrap_or_else(|found| panic!("{}", render(&found, false)))
}

/// A scenario written for a test. The folder goes with the value.
pub(crate) struct Written {
    folder: tempfile::TempDir,
}

impl Written {
    /// Writes `text` as `scenario.yaml`, beside a function's source and a stack's template.
    pub(crate) fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("source")).unwrap();
        let code = "def main(event, context):\n    return event\n";
        fs::write(folder.path().join("source/handler.py"), code).unwrap();
        fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
        let written = Self { folder };
        written.rewrite(text);
        written
    }

    /// The wide scenario with a stack.
    pub(crate) fn wide() -> Self {
        Self::new(&[WIDE, STACK].concat())
    }

    /// Replaces the scenario.
    pub(crate) fn rewrite(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    /// Returns the scenario as it stands.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("scenario.yaml")
    }

    pub(crate) fn load(&self) -> Resolved {
        load(&self.path())
    }
}

/// Packs a function that is nobody's.
pub(crate) fn package() -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("handler.py", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"def main(event, context):\n    return event\n").unwrap();
    zip.finish().unwrap().into_inner()
}

/// Every kind of resource the sandbox has, with everything that can hang on one.
pub(crate) const WIDE: &str = r#"
name: wide
region: us-east-1
resources:
  policies:
    Read: { description: reads, document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "s3:Get*", Resource: "*" } ] } }
    Bound: { document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "*", Resource: "*" } ] } }
  users:
    alice:
      console: { reset: true }
      mfa: virtual
      access_keys: 2
      policies: [ReadOnlyAccess, Read]
      permissions_boundary: Bound
      inline_policies: { Own: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "iam:ListUsers", Resource: "*" } ] } }
    bob: {}
  groups:
    staff: { policies: [Read], members: [alice, bob] }
  roles:
    left: { trust: { roles: [right] }, policies: [Read] }
    right: { trust: { roles: [left] }, description: the other one, max_session_seconds: 7200 }
    worker: { trust: { services: [lambda.amazonaws.com] }, permissions_boundary: Bound }
  functions:
    work: { runtime: python3.12, source: source, handler: handler.main, role: worker, environment: { TOPIC: '{{ arn("topic.news") }}' } }
  topics:
    news: { subscriptions: [ { email: a@example.com }, { https: "https://example.com/hook" } ] }
  schedules:
    often: { expression: "rate(5 minutes)", function: work, input: { deep: true } }
    daily: { expression: "cron(0 6 * * ? *)", function: work, enabled: false }
  password_policy: { minimum_length: 30, require_symbols: true }
  analyzers:
    outside: { type: ACCOUNT }
"#;

/// The kind that no export can write.
const STACK: &str = "  stacks:
    pile: { template: template.yaml, parameters: { Name: of-the-pile }, capabilities: [CAPABILITY_NAMED_IAM] }
";

/// What the stack makes.
const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name: { Type: String }
Resources:
  Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: !Ref Name } }
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref Name
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [ { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: "sts:AssumeRole" } ]
"#;

/// The sandbox's administrator, for clients of a test's own.
pub(crate) async fn config_of(sandbox: &Sandbox) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(sandbox.http_client())
        .credentials_provider(sandbox.credentials())
        .region(Region::from_static(REGION))
        .load()
        .await
}

/// Clients for a test's own looks and changes.
pub(crate) async fn clients_of(sandbox: &Sandbox) -> Clients {
    Clients::new(&config_of(sandbox).await)
}

/// An account in memory whose clock stands still until somebody waits.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) sandbox: Sandbox,
    clock: Clock,
}

impl Account {
    pub(crate) fn new() -> Self {
        Self::at(Clock::fixed("2026-03-02T09:00:07Z".parse().unwrap()))
    }

    /// An account whose clock goes as the machine's does, for a program in another process.
    pub(crate) fn live() -> Self {
        Self::at(Clock::System)
    }

    fn at(clock: Clock) -> Self {
        let options =
            iamlab::sandbox::Options { dir: None, account: DEFAULT_ACCOUNT.into(), clock: clock.clone() };
        Self { sandbox: Sandbox::open(options).unwrap(), clock }
    }

    /// An account whose clock goes on from the same moment, for a program in another process that must wait for it.
    pub(crate) fn ticking() -> Self {
        let clock = Clock::shifted(0);
        clock.set("2026-03-02T09:00:07Z".parse().unwrap());
        Self::at(clock)
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.set(self.clock.now() + jiff::SignedDuration::from_secs(seconds));
    }

    /// The undisturbed way in.
    pub(crate) fn http(&self) -> SharedHttpClient {
        self.sandbox.http_client()
    }

    /// Connects the program's own clients.
    pub(crate) async fn connect(&self, http: SharedHttpClient) -> Result<Aws, Error> {
        let credentials = SharedCredentialsProvider::new(self.sandbox.credentials());
        connect_through(http, credentials, REGION, self.clock.clone()).await
    }

    /// Clients for a test's own looks and changes.
    pub(crate) async fn clients(&self) -> Clients {
        clients_of(&self.sandbox).await
    }

    /// `up` or `down`, from the first call to the last.
    pub(crate) async fn run(
        &self,
        http: SharedHttpClient,
        scenario: &Resolved,
        goal: Goal,
        handover: &Path,
    ) -> Result<Report, Error> {
        let aws = self.connect(http).await?;
        let plan = plan_run(&aws, scenario, goal).await?;
        let options =
            Options { goal, parallelism: 10, stop: Stop::default(), sink: &silence, tell: |_, _| {} };
        carry_out(&aws, scenario, HandOver::new(handover), plan, &options).await
    }

    /// A run that must end well.
    pub(crate) async fn complete(&self, scenario: &Resolved, goal: Goal, handover: &Path) -> Verdict {
        concluded(self.run(self.http(), scenario, goal, handover).await)
    }

    /// Fails unless `up` has nothing left to do, and users have exactly the credentials that the hand-over holds.
    pub(crate) async fn check_up(&self, scenario: &Resolved, handover: &Path) -> Verdict {
        let aws = self.connect(self.http()).await.map_err(|error| error.to_string())?;
        let plan = plan_run(&aws, scenario, UP).await.map_err(|error| error.to_string())?;
        let differing: Vec<_> = plan.changes().filter(|change| !change.fields.is_empty()).collect();
        ensure(plan.is_empty(), format!("the plan afterwards is not empty: {differing:?}"))?;
        self.check_credentials(scenario, handover)
    }

    fn check_credentials(&self, scenario: &Resolved, handover: &Path) -> Verdict {
        let rows = read_handover(handover)?;
        let none = Row::default();
        self.sandbox.iam().read(|state| {
            for (name, spec) in &scenario.resources.users {
                let row = rows.get(name).unwrap_or(&none);
                let user = state.users.get(&name.to_lowercase()).ok_or(format!("{name} is not there"))?;
                let has_console = spec.console.is_some_and(|console| console != Console::Enabled(false));
                if has_console {
                    let login = user.login.as_ref().ok_or(format!("{name} has no password"))?;
                    ensure(
                        login.matches(&row.password),
                        format!("{name}'s password is not the one in force"),
                    )?;
                }
                let mut live: Vec<(&str, &str)> =
                    user.keys.iter().map(|key| (key.id.as_str(), key.secret.reveal())).collect();
                live.sort_unstable();
                let mut handed: Vec<(&str, &str)> =
                    row.key_ids.split_whitespace().zip(row.key_secrets.split_whitespace()).collect();
                handed.sort_unstable();
                ensure(live == handed, format!("{name}'s keys: {live:?}, handed over: {handed:?}"))?;
                let active = user.keys.iter().filter(|key| key.active).count();
                ensure(active == usize::from(spec.access_keys), format!("{name} has {active} active keys"))?;
                let devices: Vec<_> = state
                    .mfa
                    .values()
                    .filter(|device| {
                        device.serial.to_lowercase().ends_with(&format!("mfa/{name}").to_lowercase())
                    })
                    .collect();
                let wanted = usize::from(spec.mfa.is_some());
                ensure(devices.len() == wanted, format!("{name} has {} devices", devices.len()))?;
                for device in devices {
                    ensure(device.user.is_some(), format!("{name}'s device is not enabled"))?;
                    ensure(device.serial == row.serial, format!("{name}'s device is {}", device.serial))?;
                    let seed = format!("secret={}&", device.seed.reveal());
                    ensure(row.uri.contains(&seed), format!("{name}'s seed is not the one handed over"))?;
                }
            }
            let wanted = scenario.resources.users.values().filter(|spec| spec.mfa.is_some()).count();
            ensure(state.mfa.len() == wanted, format!("{} virtual devices, {wanted} wanted", state.mfa.len()))
        })
    }
}

/// Turns the end of a run into a verdict.
pub(crate) fn concluded(result: Result<Report, Error>) -> Verdict {
    let report = result.map_err(|error| format!("it failed: {error}"))?;
    let errors: Vec<String> = report
        .outcomes
        .iter()
        .filter_map(|outcome| outcome.error.as_ref())
        .chain(&report.error)
        .map(ToString::to_string)
        .collect();
    let left: Vec<String> = report.leftovers.iter().map(|change| change.address.to_string()).collect();
    ensure(
        report.end == End::Complete,
        format!("it ended {:?}, left {left:?}, errors {errors:?}", report.end),
    )
}

/// A user's row of the hand-over file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    pub(crate) password: String,
    pub(crate) key_ids: String,
    pub(crate) key_secrets: String,
    pub(crate) serial: String,
    pub(crate) uri: String,
}

/// Reads a hand-over file; one that was never needed is empty.
pub(crate) fn read_handover(path: &Path) -> Result<BTreeMap<String, Row>, String> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let mut reader = csv::Reader::from_path(path).map_err(|error| error.to_string())?;
    let rows = reader.records().map(|record| {
        let record = record.map_err(|error| error.to_string())?;
        let cell = |index: usize| record.get(index).unwrap_or_default().to_owned();
        let row =
            Row { password: cell(1), key_ids: cell(3), key_secrets: cell(4), serial: cell(5), uri: cell(6) };
        Ok((cell(0), row))
    });
    rows.collect()
}
