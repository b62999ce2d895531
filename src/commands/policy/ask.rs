//! One question for `simulate` and `explain`: asked of an account, of a snapshot, or of files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::files::FileArgs;
use super::named::{self, NoSuch, Target};
use super::plain;
use crate::account::advice::not_about;
use crate::account::ask::{Answer, Line, Question, Verdict, ask, has_readable_policy};
use crate::account::effective::{Holder, all_aws_managed, aws_managed, effective};
use crate::account::given::Files;
use crate::account::is_aws_managed;
use crate::account::snapshot::{Facet, Identity, Policies, Snapshot};
use crate::aws::Aws;
use crate::aws::collect::{Scope, policies};
use crate::cli::{Format, TargetArgs, key_value};
use crate::commands::answer::{bounded, few, trace};
use crate::commands::offline;
use crate::commands::picture::{collected, connected};
use crate::error::{Error, ErrorKind, Exit};
use crate::policy::actions::actions;
use crate::policy::catalogue;
use crate::policy::document::PolicyDocument;
use crate::policy::evaluate::Outcome;
use crate::policy::trace::Reason;
use crate::provision::look::complete;
use crate::provision::verify::unknown;
use crate::scenario::suggest::closest;
use crate::ui::{Tone, Ui};

/// Who wants to do what.
#[derive(Debug, Clone, Args)]
pub(super) struct AskArgs {
    /// Who: `User3`, `user/User3`, `role/Name`, or an ARN [default with files: a user that exists nowhere]
    #[arg(long = "as", value_name = "PRINCIPAL",
          required_unless_present_any = ["policy", "boundary", "session_policy", "resource_policy"])]
    pub(super) principal: Option<String>,
    /// What: `service:Action`
    #[arg(value_name = "ACTION", value_parser = action)]
    pub(super) action: String,
    /// On what: `group/Name`, `user/Name`, `role/Name`, `policy/Name`, `topic/Name`, `function/Name`, or an ARN
    #[arg(value_name = "RESOURCE", default_value = "*")]
    pub(super) resource: String,
    /// A condition key of the request, as `aws:MultiFactorAuthPresent=true`; repeatable
    #[arg(long = "context", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) context: Vec<(String, String)>,
    /// Ask a file of `iamlab audit collect`; no account is contacted
    #[arg(long, value_name = "FILE", help_heading = "Offline",
          conflicts_with_all = ["policy", "boundary", "session_policy", "resource_policy"])]
    snapshot: Option<PathBuf>,
    #[command(flatten)]
    files: FileArgs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

fn action(text: &str) -> Result<String, String> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match text.split_once(':') {
        Some((service, name)) if plain(service) && plain(name) => Ok(text.to_owned()),
        _ => Err("name one action with its service, as `iam:GetCredentialReport`".to_owned()),
    }
}

/// A question that was answered.
pub(super) struct Asked {
    pub(super) account: String,
    pub(super) target: &'static str,
    pub(super) ground: Ground,
    pub(super) holder: Holder,
    pub(super) answer: Answer,
}

/// What the answer was taken from.
pub(super) enum Ground {
    /// An account, or a file of it.
    Account(Box<Snapshot>),
    /// Policies in files.
    Files(Box<Files>),
}

/// Reads what is needed, and asks. `whole` reads what an explanation needs besides.
pub(super) async fn asked(ui: &Ui, args: &AskArgs, whole: bool) -> Result<Asked, Error> {
    check_action(ui, args);
    if args.files.are_given() {
        return super::files::asked(ui, args, &args.files);
    }
    match &args.snapshot {
        Some(path) => of_snapshot(ui, args, path),
        None => live(ui, args, whole).await,
    }
}

/// Tells about an action that is not in AWS's reference, or has no resources in it. It is asked all the same.
fn check_action(ui: &Ui, args: &AskArgs) {
    let (all, action) = (actions(), &args.action);
    match all.has_resource(action) {
        Some(true) => {}
        Some(false) if args.resource == "*" => {}
        Some(false) => {
            ui.warn(&format!("AWS has no resources for `{action}`: policies allow it on `*` only"));
        }
        None => {
            let service = action.split(':').next().unwrap_or_default();
            let known: Vec<&str> =
                all.matching(&format!("{service}:*")).into_iter().map(|at| all.name(at)).collect();
            ui.warn(&format!("the list of {} knows no action `{action}`", all.date()));
            let near = closest(action, known.iter().copied());
            if let Some(near) = near {
                ui.hint(&format!("did you mean `{near}`?"));
            }
        }
    }
}

/// Tells about a resource that the action is never about.
pub(super) fn check_kind(ui: &Ui, action: &str, resource: &str) {
    if let Some(kinds) = actions().other_kinds(action, resource) {
        ui.warn(&bounded(&not_about(action, resource, &kinds)));
    }
}

/// Asks the account.
async fn live(ui: &Ui, args: &AskArgs, whole: bool) -> Result<Asked, Error> {
    let (aws, target) = connected(&args.target).await?;
    let mut snapshot = complete(collected(&aws, &Scope { identity: true, ..Scope::default() }).await)?;
    let (holder, resource, managed) = {
        let Some(identity) = snapshot.identity.read() else {
            return Err(Error::new(ErrorKind::Internal, "the account's identities were not read"));
        };
        let (holder, resource) = parties(ui, &snapshot, identity, args)?;
        let mut managed = aws_managed(identity, &holder);
        if whole {
            managed.extend(of_target(identity, &resource));
        }
        (holder, resource, managed)
    };
    let with_policy = Some(resource.clone()).filter(|arn| has_readable_policy(&snapshot, arn));
    let with_policy = with_policy.into_iter().collect();
    for error in policies::add(&aws, &managed, &with_policy, &mut snapshot).await {
        ui.warn(&error.to_string());
    }
    if whole {
        add_tags(&aws, &holder, &mut snapshot).await;
    }
    concluded(args, target, snapshot, holder, resource)
}

/// Reads the tags of the account's own policies that somebody holds, which tell the scenario that made them. They
/// are for a hint only: what cannot be read stays untold.
async fn add_tags(aws: &Aws, holder: &Holder, snapshot: &mut Snapshot) {
    let Facet::Read(identity) = &mut snapshot.identity else { return };
    let own = match holder {
        Holder::Root => return,
        Holder::User(name) => identity.users.get(name).map(|user| (&user.policies, Some(&user.groups))),
        Holder::Role { name, .. } => identity.roles.get(name).map(|role| (&role.policies, None)),
    };
    let Some((own, groups)) = own else { return };
    let of_groups = groups.into_iter().flatten().filter_map(|name| identity.groups.get(name));
    let all = std::iter::once(own).chain(of_groups.map(|group| &group.policies));
    let held: BTreeSet<String> = all.flat_map(Policies::managed).cloned().collect();
    for policy in identity.policies.values_mut().filter(|policy| held.contains(&policy.arn)) {
        let arn = policy.arn.clone();
        let send = || aws.iam.list_policy_tags().policy_arn(&arn).send();
        if let Ok(answer) = aws.call("iam:ListPolicyTags", &arn, send).await {
            let tags = answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
            policy.tags = tags.collect();
        }
    }
}

/// Asks a file of the account.
fn of_snapshot(ui: &Ui, args: &AskArgs, path: &Path) -> Result<Asked, Error> {
    let file = offline::snapshot(path)?;
    let mut snapshot = file.snapshot;
    offline::pinned(&args.target, &snapshot.account)?;
    let (holder, resource, managed) = match &snapshot.identity {
        Facet::Read(identity) => {
            let (holder, resource) = parties(ui, &snapshot, identity, args)?;
            (holder, resource, all_aws_managed(identity))
        }
        Facet::NotRead(why) => {
            let why = format!("`{}` does not hold users, groups, roles and policies: {why}", path.display());
            return Err(Error::new(ErrorKind::Access, bounded(&why)).hinted(
                "collect again with credentials that may call `iam:GetAccountAuthorizationDetails`",
            ));
        }
    };
    for arn in managed {
        let known = known_of_aws(&arn, file.target == "sandbox");
        let known = known.and_then(|text| PolicyDocument::parse(text).ok());
        let why = "a snapshot holds no policies that AWS manages, and AWS changes them";
        let facet = known.map_or_else(|| Facet::NotRead(why.to_owned()), Facet::Read);
        snapshot.aws_managed.insert(arn, facet);
    }
    if has_readable_policy(&snapshot, &resource) {
        let why = "a snapshot holds no policies of topics and functions";
        snapshot.resource_policies.insert(resource.clone(), Facet::NotRead(why.to_owned()));
    }
    concluded(args, "file", snapshot, holder, resource)
}

/// Returns the document of a policy that AWS manages. The sandbox's never change; of AWS's own, only the one that allows
/// everything is sure to say so still.
fn known_of_aws(arn: &str, is_sandbox: bool) -> Option<&'static str> {
    let (_, full) = arn.split_once(":policy/")?;
    if is_sandbox || full == "AdministratorAccess" { catalogue::sandbox_document(full) } else { None }
}

/// Tells about a name that stands for nothing; the names that it is compared with are other people's.
pub(super) fn nobody(error: &NoSuch) -> Error {
    Error::input(bounded(&error.message)).hinted(bounded(&error.help))
}

/// Finds who asks and what is acted on.
fn parties(
    ui: &Ui,
    snapshot: &Snapshot,
    identity: &Identity,
    args: &AskArgs,
) -> Result<(Holder, String), Error> {
    let principal = args.principal.as_deref().unwrap_or_default();
    let holder = named::holder(snapshot, identity, principal).map_err(|error| nobody(&error))?;
    let target = named::resource(snapshot, identity, &args.action, &args.resource);
    let Target { arn, missing, assumed } = target.map_err(|error| nobody(&error))?;
    if let Some(missing) = missing {
        ui.warn(&bounded(&missing));
    }
    if let Some(assumed) = assumed {
        ui.hint(&bounded(&assumed));
    }
    check_kind(ui, &args.action, &arn);
    Ok((holder, arn))
}

/// Lists the AWS-managed policies of what is acted on: whoever gets hold of it gets them.
fn of_target(identity: &Identity, resource: &str) -> BTreeSet<String> {
    let group = identity.groups.values().find(|group| group.arn == resource).map(|group| &group.policies);
    let user = identity.users.iter().find(|(_, user)| user.arn == resource);
    let role = identity.roles.iter().find(|(_, role)| role.arn == resource);
    let through = |name: &String| aws_managed(identity, &Holder::User(name.clone()));
    let mut all = user.map(|(name, _)| through(name)).unwrap_or_default();
    let own = group.into_iter().chain(role.map(|(_, role)| &role.policies));
    all.extend(own.flat_map(Policies::managed).filter(|arn| is_aws_managed(arn)).cloned());
    all
}

fn concluded(
    args: &AskArgs,
    target: &'static str,
    snapshot: Snapshot,
    holder: Holder,
    resource: String,
) -> Result<Asked, Error> {
    let who = effective(&snapshot, &holder).map_err(|error| Error::input(bounded(&error.to_string())))?;
    let question = Question { action: args.action.clone(), resource, context: args.context.clone() };
    let answer = ask(&snapshot, &holder, &who, &question);
    let account = snapshot.account.clone();
    Ok(Asked { account, target, ground: Ground::Account(Box::new(snapshot)), holder, answer })
}

/// The part of the document that both commands write.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    format_version: u32,
    account: &'a str,
    target: &'static str,
    principal: &'a str,
    action: &'a str,
    resource: &'a str,
    decision: Verdict,
    reason: &'a str,
    looked_at: Vec<String>,
    trace: Vec<Line>,
}

impl Asked {
    pub(super) fn document(&self) -> Document<'_> {
        let request = &self.answer.request;
        Document {
            format_version: 1,
            account: &self.account,
            target: self.target,
            principal: &request.principal.arn,
            action: &request.action,
            resource: &request.resource,
            decision: self.answer.verdict,
            reason: &self.answer.reason,
            looked_at: self.answer.sources(),
            trace: self.answer.lines(),
        }
    }

    /// Writes the answer for people: the verdict, the reason, what was looked at, the other statements.
    pub(super) fn write(&self, ui: &Ui) {
        let (word, tone) = match self.answer.verdict {
            Verdict::Allowed => ("allowed", Tone::Good),
            Verdict::ExplicitDeny | Verdict::ImplicitDeny => ("denied", Tone::Bad),
            Verdict::Unknown => ("unknown", Tone::Change),
        };
        ui.data(&format!("{}: {}", ui.paint(tone, word), bounded(&self.answer.reason)));
        let sources = self.answer.sources();
        if self.answer.verdict == Verdict::ImplicitDeny && !sources.is_empty() {
            ui.data(&ui.paint(Tone::Dim, &format!("      looked at {}", few(&sources))));
        }
        trace(ui, &self.answer.reason, &self.answer.lines(), false);
        if self.answer.verdict == Verdict::Unknown {
            ui.hint(&plain(&self.hint()));
        }
    }

    fn hint(&self) -> String {
        match &self.answer.decision.outcome {
            Outcome::Indeterminate(reasons) => {
                let unread = |reason: &Reason| matches!(reason, Reason::NotRead { .. });
                if self.target == "file" && reasons.iter().all(unread) {
                    return "ask the account itself: the same command without `--snapshot`".to_owned();
                }
                unknown(reasons)
            }
            Outcome::Allowed | Outcome::Denied(_) => "name the resource".to_owned(),
        }
    }

    pub(super) const fn exit(&self) -> Exit {
        match self.answer.verdict {
            Verdict::Allowed => Exit::Ok,
            Verdict::ExplicitDeny | Verdict::ImplicitDeny => Exit::Differs,
            Verdict::Unknown => Exit::Unseen,
        }
    }
}
