//! Policies in files, in place of an account.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::ask::{AskArgs, Asked, Ground, check_kind, nobody};
use super::named;
use crate::account::ask::Question;
use crate::account::given::{Files, Given};
use crate::cli::SANDBOX_ACCOUNT;
use crate::clock::Clock;
use crate::commands::answer::bounded;
use crate::commands::offline;
use crate::error::Error;
use crate::policy::document::PolicyDocument;
use crate::policy::grammar::{PolicyKind, validate};
use crate::policy::statement::Policy;
use crate::scenario::model::DEFAULT_REGION;
use crate::ui::Ui;

/// The longest file: AWS takes no policy that comes near.
const LONGEST: usize = 1 << 20;

/// The policies that are all there is.
#[derive(Debug, Clone, Args)]
pub(super) struct FileArgs {
    /// A policy of the caller or of a group; repeatable. With any of these four no account is contacted
    #[arg(long, value_name = "FILE", help_heading = "Offline")]
    policy: Vec<PathBuf>,
    /// The caller's permissions boundary
    #[arg(long, value_name = "FILE", help_heading = "Offline")]
    boundary: Option<PathBuf>,
    /// A policy handed in when the caller's session was made; repeatable
    #[arg(long, value_name = "FILE", help_heading = "Offline")]
    session_policy: Vec<PathBuf>,
    /// The policy of the resource; of a role that is assumed, its trust policy
    #[arg(long, value_name = "FILE", help_heading = "Offline")]
    resource_policy: Option<PathBuf>,
}

impl FileArgs {
    /// Tells whether there are any.
    pub(super) fn are_given(&self) -> bool {
        let Self { policy, boundary, session_policy, resource_policy } = self;
        !policy.is_empty() || boundary.is_some() || !session_policy.is_empty() || resource_policy.is_some()
    }
}

/// Asks the files.
pub(super) fn asked(ui: &Ui, args: &AskArgs, files: &FileArgs) -> Result<Asked, Error> {
    // Only the account's id is of use; the rest has to be right all the same.
    args.target.target()?;
    let account = args.target.account.as_deref().unwrap_or(SANDBOX_ACCOUNT);
    let region = args.target.region.as_deref().unwrap_or(DEFAULT_REGION);
    let caller = named::caller(args.principal.as_deref(), account).map_err(|error| nobody(&error))?;
    let resource = named::made_up(&caller, region, &args.resource).map_err(|error| nobody(&error))?;
    check_kind(ui, &args.action, &resource);
    let asks_for_role = args.action.get(..4).is_some_and(|service| service.eq_ignore_ascii_case("sts:"));
    let of_resource = asks_for_role.then_some(PolicyKind::Trust);
    let given = |path: &PathBuf, kind: Option<PolicyKind>| given(ui, path, kind);
    let own = Some(PolicyKind::Identity);
    let files = Files {
        identity: files.policy.iter().map(|path| given(path, own)).collect::<Result<_, _>>()?,
        boundary: files.boundary.as_ref().map(|path| given(path, own)).transpose()?,
        session: files.session_policy.iter().map(|path| given(path, own)).collect::<Result<_, _>>()?,
        resource: files.resource_policy.as_ref().map(|path| given(path, of_resource)).transpose()?,
    };
    let question = Question { action: args.action.clone(), resource, context: args.context.clone() };
    let answer = files.ask(&caller, &question, Clock::System.now());
    let (account, holder) = (caller.account, caller.holder);
    Ok(Asked { account, target: "file", ground: Ground::Files(Box::new(files)), holder, answer })
}

/// Reads a policy. One that AWS would refuse is asked all the same, and told about.
fn given(ui: &Ui, path: &Path, kind: Option<PolicyKind>) -> Result<Given, Error> {
    let file = path.display().to_string();
    let bytes = offline::read(path)?;
    let none = |why: &str| Error::input(bounded(&format!("`{file}` is no policy: {why}")));
    if bytes.len() > LONGEST {
        return Err(none("it has more than 1 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| none("it is no text"))?;
    let document = PolicyDocument::parse(&text).map_err(|error| none(&error.to_string()))?;
    if document.written().get("Statement").is_none() {
        return Err(
            none("it has no `Statement`").hinted("`iamlab policy check FILE` tells what AWS makes of it")
        );
    }
    let policy = Policy::parse(&text).map_err(|error| none(&error.to_string()))?;
    if let Some(message) = kind.and_then(|kind| validate(&text, kind).err()) {
        ui.warn(&bounded(&format!("AWS would refuse `{file}`: {message}")));
    }
    Ok(Given { file, document, policy: Arc::new(policy) })
}
