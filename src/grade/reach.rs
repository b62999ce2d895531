//! The way into a student's account: a role, a profile, an account of the sandbox, or a file that was collected.
//!
//! ```text
//! bundle ──► the file
//! role_arn, or account_id with AWS ──► AssumeRole with the student's external id ──► probes: is it open to others?
//! profile ──► the profile's credentials
//! account_id with the sandbox ──► the account's administrator
//! ```
//!
//! One connection of the instructor's serves the whole class, made when the first student needs it. Nothing of a
//! student stays when it is [done](Instructor::done).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::sync::OnceCell;

use super::access::secret::CourseSecret;
use super::access::{bundle, role};
use super::evidence::{Access, Evidence, Way};
use super::roster::{Roster, Student};
use super::rubric::Rubric;
use crate::account::snapshot::Facet;
use crate::aws::connect::{GRADER_APP, Line, Target};
use crate::aws::{Aws, Caller};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, chain};
#[cfg(feature = "sandbox")]
use crate::sandbox::{Sandbox, control::desk::Desk};
use crate::scenario::model::DEFAULT_REGION;

/// What an instructor brings along.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the accounts are, and the instructor's own.
    pub target: Target,
    /// The region to look at; the rubric's first one when nobody names one.
    pub region: Option<String>,
    /// What external ids and seals are computed from.
    pub secret: Option<CourseSecret>,
    /// The role that the students' roles trust, when the instructor has to assume it first.
    pub grader_role: Option<String>,
    /// Whether files are read that are not sealed, although there is a secret.
    pub accept_unsealed: bool,
    /// The roster's folder, which the files of collected evidence are relative to.
    pub folder: PathBuf,
    /// Time.
    pub clock: Clock,
}

/// Whoever grades: opens the accounts of a class.
#[derive(Debug)]
pub struct Instructor {
    settings: Settings,
    #[cfg(feature = "sandbox")]
    sandbox: Option<Sandbox>,
    ground: OnceCell<Ground>,
    /// Accounts that several rows of the roster name.
    shared: OnceLock<BTreeSet<String>>,
}

/// What was reached.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, handed on at once")]
pub enum Reached {
    /// An account, to be read.
    Live {
        /// The clients, in the region that was chosen.
        aws: Aws,
        /// How it was reached.
        access: Access,
    },
    /// What a student collected.
    File(Box<Evidence>),
}

/// Why an account could not be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// What went wrong, without a full stop; the same for the same cause.
    pub message: String,
    /// What to do next.
    pub next: String,
    /// Whether another try may go better without anybody doing anything.
    pub retryable: bool,
}

impl Unreached {
    /// Makes one that stays until somebody does something.
    pub(super) fn new(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { message: message.into(), next: next.into(), retryable: false }
    }
}

impl From<Error> for Unreached {
    fn from(error: Error) -> Self {
        let next = error.hints().first().cloned();
        // Without the id of the request: the same failure is the same text.
        let told = chain(&error);
        let message = told.split_once(" (request ").map_or(told.as_str(), |(message, _)| message).to_owned();
        Self {
            message,
            next: next.unwrap_or_else(|| "run the same command again with `--resume`".to_owned()),
            retryable: matches!(error.kind(), ErrorKind::Access | ErrorKind::Api),
        }
    }
}

/// Lists the accounts that several rows of a roster name.
fn shared(roster: &Roster) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let named = roster.students.iter().filter_map(|student| {
        student.role_arn.as_deref().and_then(role::account).or(student.account.as_deref())
    });
    named.filter(|account| !seen.insert(*account)).map(str::to_owned).collect()
}

/// The instructor's own connection.
#[derive(Debug)]
struct Ground {
    /// Leads to every account.
    line: Line,
    /// The clients of whoever assumes the students' roles.
    aws: Aws,
    /// Where the students' accounts are.
    accounts: Accounts,
}

/// Where accounts are.
#[derive(Debug)]
enum Accounts {
    /// With AWS.
    Aws,
    /// In the sandbox of this process.
    #[cfg(feature = "sandbox")]
    Here(Sandbox),
    /// In the sandbox that another process serves, of this folder.
    #[cfg(feature = "sandbox")]
    There(Desk, PathBuf),
}

impl Accounts {
    /// Opens a session of the role that grades, where the accounts are in this process: their administrator is root,
    /// which may assume no role.
    fn session_of(&self, grader: &str) -> Option<Result<SharedCredentialsProvider, Error>> {
        match self {
            #[cfg(feature = "sandbox")]
            Self::Here(sandbox) => {
                let nobody = || {
                    Error::new(
                        ErrorKind::Api,
                        format!("account {} has no role `{grader}`", sandbox.account()),
                    )
                    .hinted("make it there, or name another account with `--account`")
                };
                let session = sandbox.session_of(grader, GRADER_APP);
                Some(session.map(SharedCredentialsProvider::new).ok_or_else(nobody))
            }
            _ => None,
        }
    }
}

impl Instructor {
    /// Makes whoever grades; nobody is asked anything yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            #[cfg(feature = "sandbox")]
            sandbox: None,
            ground: OnceCell::new(),
            shared: OnceLock::new(),
        }
    }

    /// As [`Instructor::new`], in a sandbox that is open already.
    #[cfg(feature = "sandbox")]
    pub fn in_sandbox(settings: Settings, sandbox: Sandbox) -> Self {
        Self { sandbox: Some(sandbox), ..Self::new(settings) }
    }

    /// Connects, when somebody of the class is reached through an account: a class of collected files is marked
    /// without one. Returns who reads.
    ///
    /// # Errors
    ///
    /// Nobody of the class could be reached.
    pub async fn prepare(&self, roster: &Roster, rubric: &Rubric) -> Result<Option<Caller>, Error> {
        self.shared.get_or_init(|| shared(roster));
        if roster.students.iter().all(|student| student.bundle.is_some()) {
            return Ok(None);
        }
        Ok(Some(self.ground(rubric).await?.aws.caller.clone()))
    }

    /// Reaches a student's account.
    ///
    /// # Errors
    ///
    /// There is no way in, or it is closed.
    pub async fn reach(&self, student: &Student, rubric: &Rubric) -> Result<Reached, Unreached> {
        if let Some(file) = &student.bundle {
            let path = self.settings.folder.join(file);
            let nonce = self.settings.secret.as_ref().map(|secret| secret.nonce(&student.id, &rubric.name));
            let (student, rubric, accepts) = (student.clone(), rubric.clone(), self.settings.accept_unsealed);
            // A file may lie on a slow disk, and takes time to read and to look through.
            let reading = tokio::task::spawn_blocking(move || {
                bundle::read(&path, &student, &rubric, nonce.as_ref(), accepts)
            });
            let evidence = reading.await.map_err(|error| {
                Unreached::new(
                    format!("reading the file failed: {error}"),
                    "this is a fault of iamlab; please report it",
                )
            })??;
            return Ok(Reached::File(Box::new(evidence)));
        }
        let (aws, access) = match (&student.role_arn, &student.profile, &student.account) {
            (Some(role), _, _) => self.by_role(self.ground(rubric).await?, student, rubric, role).await?,
            (None, Some(profile), _) => self.by_profile(self.ground(rubric).await?, rubric, profile).await?,
            (None, None, Some(account)) => self.by_account(student, rubric, account).await?,
            (None, None, None) => {
                return Err(Unreached::new(
                    format!(
                        "the roster has neither role_arn, profile, bundle nor account_id for {}",
                        student.id
                    ),
                    "write one of them into the student's row, then go on with `--resume`",
                ));
            }
        };
        match &student.account {
            Some(account) if *account != aws.caller.account => Err(Unreached::new(
                format!("this is account {}, but the roster says {account}", aws.caller.account),
                format!("correct the row of {} on the roster, then go on with `--resume`", student.id),
            )),
            _ => Ok(Reached::Live { aws, access }),
        }
    }

    /// Lets go of a student's account: a sandbox keeps it on disk only, so that a class of any size fits into memory.
    pub fn done(&self, student: &Student) {
        #[cfg(feature = "sandbox")]
        if let Some(Ground { accounts: Accounts::Here(sandbox), .. }) = self.ground.get() {
            let of_role = student.role_arn.as_deref().and_then(role::account);
            for account in student.account.as_deref().into_iter().chain(of_role) {
                // One that cannot be saved stays open: the next call that changes it says so.
                let _ = sandbox.close(account);
            }
        }
    }

    /// Tells which file a student handed in, by what it holds: the same name may hold another one later.
    pub fn handed_in(&self, student: &Student) -> Option<String> {
        bundle::digest(&self.settings.folder.join(student.bundle.as_ref()?))
    }

    async fn ground(&self, rubric: &Rubric) -> Result<&Ground, Error> {
        self.ground.get_or_try_init(|| self.connect(rubric)).await
    }

    async fn connect(&self, rubric: &Rubric) -> Result<Ground, Error> {
        let region = self.region(rubric);
        let (line, accounts) = self.open(region).await?;
        let line = line.named(GRADER_APP);
        let mut aws = line.speak().await?;
        if let Target::Aws { account: Some(pinned), .. } = &self.settings.target
            && *pinned != aws.caller.account
        {
            return Err(crate::aws::connect::wrong_account(pinned, &aws.caller));
        }
        if let Some(grader) = &self.settings.grader_role {
            let credentials = match accounts.session_of(grader) {
                Some(session) => session?,
                None => role::grader(&aws, grader).await?,
            };
            aws = line.speak_as(credentials, region).await?;
        }
        Ok(Ground { line, aws, accounts })
    }

    #[cfg(feature = "sandbox")]
    async fn open(&self, region: &str) -> Result<(Line, Accounts), Error> {
        let clock = self.settings.clock.clone();
        let sandbox = match (&self.sandbox, &self.settings.target) {
            (Some(open), _) => open.clone(),
            (None, target @ Target::Aws { .. }) => {
                return Ok((Line::open(target, region, clock).await?, Accounts::Aws));
            }
            (None, Target::Sandbox { dir, account }) => {
                let options = crate::sandbox::Options {
                    dir: Some(dir.clone()),
                    account: account.clone(),
                    clock: clock.clone(),
                };
                match Desk::find(options)? {
                    Desk::Here(sandbox) => sandbox,
                    served @ Desk::There(_) => {
                        let line = Line::to_served(&served, account, region, clock).await?;
                        return Ok((line, Accounts::There(served, dir.clone())));
                    }
                }
            }
        };
        let line = Line::to_sandbox(&sandbox, region, clock).await;
        Ok((line, Accounts::Here(sandbox)))
    }

    #[cfg(not(feature = "sandbox"))]
    async fn open(&self, region: &str) -> Result<(Line, Accounts), Error> {
        let line = Line::open(&self.settings.target, region, self.settings.clock.clone()).await?;
        Ok((line, Accounts::Aws))
    }

    fn region<'a>(&'a self, rubric: &'a Rubric) -> &'a str {
        let named = self.settings.region.as_deref();
        named.or(rubric.regions.first().map(String::as_str)).unwrap_or(DEFAULT_REGION)
    }

    /// With AWS the account has the template's role; a sandbox opens its accounts itself.
    async fn by_account(
        &self,
        student: &Student,
        rubric: &Rubric,
        account: &str,
    ) -> Result<(Aws, Access), Unreached> {
        let ground = self.ground(rubric).await?;
        match &ground.accounts {
            Accounts::Aws => {
                let partition = &ground.aws.caller.partition;
                let role = format!("arn:{partition}:iam::{account}:role/{}", role::NAME);
                self.by_role(ground, student, rubric, &role).await
            }
            #[cfg(feature = "sandbox")]
            sandbox => self.by_administrator(ground, sandbox, rubric, account).await,
        }
    }

    async fn by_role(
        &self,
        ground: &Ground,
        student: &Student,
        rubric: &Rubric,
        role: &str,
    ) -> Result<(Aws, Access), Unreached> {
        let external_id = student.external_id.clone().map(crate::secret::Secret::new);
        let secret = self.settings.secret.as_ref();
        let external_id =
            external_id.or_else(|| secret.map(|secret| secret.external_id(&student.id, &rubric.name)));
        let Some(external_id) = external_id else {
            return Err(Unreached::new(
                format!(
                    "there is no external id for {}: a role that opens without one is anybody's",
                    student.id
                ),
                "name the course's secret with `--secret-file`, or write the student's external_id on the roster",
            ));
        };
        let way = role::Way { role, student, external_id: &external_id, policy: role::policy(rubric) };
        let credentials = way.assume(&ground.aws).await?;
        let aws = ground.line.speak_as(credentials, self.region(rubric)).await?;
        if role::account(role) != Some(&aws.caller.account) {
            return Err(Unreached::new(
                format!("`{role}` led to account {}", aws.caller.account),
                "ask whoever runs the endpoint: a role belongs to the account in its ARN",
            ));
        }
        let open = way.is_open(&ground.aws).await;
        if open == Facet::Read(true) {
            self.proven(student, role, &aws.caller.account)?;
        }
        let access = Access {
            role: Some(role.to_owned()),
            open_without_external_id: Some(open),
            ..self.access(Way::Role, &aws)
        };
        Ok((aws, access))
    }

    /// Refuses a role that anybody may hand in, unless the instructor says whose the account is.
    fn proven(&self, student: &Student, role: &str, account: &str) -> Result<(), Unreached> {
        let Student { id, account: said, .. } = student;
        let open = format!("`{role}` opens without the external id of {id}, so it may be somebody else's");
        if self.shared.get().is_some_and(|shared| shared.contains(account)) {
            return Err(Unreached::new(
                format!("{open}, and another row of the roster names account {account} too"),
                format!(
                    "find out whose account it is and correct the roster, or have the stack made with the link for {id}"
                ),
            ));
        }
        if said.as_deref() == Some(account) {
            return Ok(());
        }
        Err(Unreached::new(
            open,
            format!(
                "have {id} make the stack with their own link, or write {account} as account_id into the row of {id} when \
                 you know that it is theirs; then go on with `--resume`"
            ),
        ))
    }

    async fn by_profile(
        &self,
        ground: &Ground,
        rubric: &Rubric,
        profile: &str,
    ) -> Result<(Aws, Access), Unreached> {
        let of_profile = match ground.accounts {
            Accounts::Aws => ground.line.of_profile(profile),
            #[cfg(feature = "sandbox")]
            _ => None,
        };
        let Some(credentials) = of_profile else {
            return Err(Unreached::new(
                format!("the profile `{profile}` speaks of AWS, and the class is in the sandbox"),
                "grade with `--target aws`, or write the student's account_id instead",
            ));
        };
        let aws = ground.line.speak_as(credentials, self.region(rubric)).await?;
        let access = self.access(Way::Profile, &aws);
        Ok((aws, access))
    }

    #[cfg(feature = "sandbox")]
    async fn by_administrator(
        &self,
        ground: &Ground,
        accounts: &Accounts,
        rubric: &Rubric,
        account: &str,
    ) -> Result<(Aws, Access), Unreached> {
        let broken = |error: crate::sandbox::SandboxError| Unreached::from(Error::from(error));
        let credentials = match accounts {
            Accounts::Here(sandbox) => {
                let found = sandbox.existing(account).map_err(broken)?;
                found.map(|found| SharedCredentialsProvider::new(found.credentials()))
            }
            Accounts::There(desk, dir) => {
                let kept = Sandbox::accounts(dir).map_err(broken)?;
                if kept.iter().any(|kept| kept == account) {
                    Some(crate::aws::connect::administrator(desk, account).await?)
                } else {
                    None
                }
            }
            Accounts::Aws => None,
        };
        let Some(credentials) = credentials else {
            return Err(Unreached::new(
                format!("the sandbox has no account {account}"),
                "`iamlab sandbox list` shows its accounts; `--sandbox-dir` names another one",
            ));
        };
        let aws = ground.line.speak_as(credentials, self.region(rubric)).await?;
        let access = self.access(Way::Sandbox, &aws);
        Ok((aws, access))
    }

    fn access(&self, way: Way, aws: &Aws) -> Access {
        Access {
            way,
            target: self.settings.target.name().to_owned(),
            caller: aws.caller.arn.clone(),
            role: None,
            open_without_external_id: None,
            nonce: None,
        }
    }
}
