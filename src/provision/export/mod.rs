//! A scenario from a live account: reads what is there, leaves out what a scenario cannot or should not say, and
//! tells so.
//!
//! ```text
//!  account ─list, collect─► Snapshot ─spec of each kind─► Resources ─write─► scenario.yaml, policies/, functions/
//! ```

mod left_out;
pub(crate) mod trust;
mod unpack;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::look::complete;
use super::ownership::{MARK, Ownership};
use super::package::is_left_out;
use super::plan::{Action, Goal, Picture, plan};
use super::resources::{Export, Exported, Resources, export_all, function, owned_all};
use super::{Address, Place};
use crate::account::snapshot::Snapshot;
use crate::aws::Aws;
use crate::aws::archive::package;
use crate::aws::collect::listing::{Listing, list};
use crate::aws::collect::{Scope, collect};
use crate::aws::error::{ApiError, ErrorClass};
use crate::error::{Error, ErrorKind};
use crate::scenario::model::ScenarioFile;
use crate::scenario::{Resolved, Scenario};
use unpack::{Files, unpack};
use write::Written;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Only resources of these names (`User1`) or addresses (`user.User1`); empty: all.
    pub names: &'a [String],
    /// The name of the scenario; without one, the mark that all exported resources carry, or [`DEFAULT_NAME`].
    pub name: Option<&'a str>,
    /// The folder to write files to; without one everything is in the scenario itself.
    pub folder: Option<&'a Path>,
}

/// The name of an exported scenario when nothing else is known.
pub const DEFAULT_NAME: &str = "exported";

/// An exported scenario. Its files, if a folder was wanted, are written.
#[derive(Debug, Clone)]
pub struct ExportedScenario {
    /// The scenario file.
    pub text: String,
    /// What the reader should know: what was left out, what would change. They are in the file too, as comments.
    pub remarks: Vec<String>,
}

/// Exports the account.
pub async fn export(aws: &Aws, wanted: &Wanted<'_>) -> Result<ExportedScenario, Error> {
    if let Some(folder) = wanted.folder {
        write::check_folder(folder)?;
    }
    let listing = list(aws).await?;
    let (snapshot, mut remarks) = read(aws, &listing).await?;
    let found = left_out::found(&snapshot, &listing);
    let chosen = choose(found, wanted.names)?;
    let declared: BTreeSet<Address> =
        chosen.iter().filter(|(_, why)| why.is_none()).map(|(address, _)| address.clone()).collect();
    let mut unsaid: BTreeMap<Address, String> =
        chosen.into_iter().filter_map(|(address, why)| Some((address, why?))).collect();
    let packages = packages(aws, &snapshot, &declared).await;
    let in_folder = wanted.folder.is_some();
    let sources = packages.iter().map(|(name, files)| (name.clone(), source(name, files, in_folder)));
    let sources = sources.collect();

    let place = |scenario: &str| Place {
        scenario: scenario.into(),
        partition: aws.caller.partition.clone(),
        account: aws.caller.account.clone(),
        region: aws.region.clone(),
    };
    // No scenario has this name: every mark is somebody else's.
    let unnamed = Resolved::of(place(""), Resources::default(), PathBuf::new());
    let exported =
        settle(Picture { scenario: &unnamed, snapshot: &snapshot }, declared, &sources, &mut unsaid);
    remarks.extend(unsaid.iter().map(|(address, why)| format!("{address} is left out: {why}")));

    let mark = mark(&exported, |name| {
        let scenario = Resolved::of(place(name), Resources::default(), PathBuf::new());
        let marked_stack =
            listing.stacks.iter().any(|stack| stack.tags.get(MARK).is_some_and(|mark| mark == name));
        let all = owned_all(Picture { scenario: &scenario, snapshot: &snapshot });
        !marked_stack && all.iter().all(|address| exported.ownership.contains_key(address))
    });
    let name = wanted.name.map(str::to_owned).or_else(|| mark.clone());
    let name = name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    if mark.as_ref() != Some(&name) {
        remarks.push(format!(
            "nothing of it belongs to a scenario `{name}`: `up` refuses to touch it, and takes it over with `--adopt`"
        ));
    }
    let file = ScenarioFile {
        name: name.clone(),
        account: None,
        region: aws.region.clone(),
        description: None,
        parameters: BTreeMap::new(),
        resources: exported.resources.clone(),
        expect: Vec::new(),
    };
    let written = Written::of(file, &place(&name), wanted.folder.is_some())?;
    if let Some(folder) = wanted.folder {
        written.save(folder, &packages)?;
    }
    let folder = wanted.folder.map_or_else(PathBuf::new, Path::to_path_buf);
    let scenario = Resolved::of(place(&name), exported.resources, folder);
    remarks.extend(differences(Picture { scenario: &scenario, snapshot: &snapshot }));
    let text = written.text(&aws.caller.account, &remarks);
    if let Some(folder) = wanted.folder {
        let path = folder.join("scenario.yaml");
        write::save(&path, text.as_bytes())?;
        if let Err(mistakes) = Scenario::load(&path, &[]) {
            let told: Vec<&str> = mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
            remarks.push(format!("the scenario has mistakes to correct: {}", told.join("; ")));
        }
    }
    Ok(ExportedScenario { text, remarks })
}

/// Reads everything a scenario could declare; returns also what the endpoint does not know.
async fn read(aws: &Aws, listing: &Listing) -> Result<(Snapshot, Vec<String>), Error> {
    let names = complete(collect(aws, &Scope { identity: true, ..Scope::default() }).await)?;
    let identity = names.identity.read().cloned().unwrap_or_default();
    let scope = Scope {
        users: identity.users.into_keys().collect(),
        policies: identity.policies.into_keys().collect(),
        roles: identity.roles.into_keys().collect(),
        identity: true,
        functions: listing.functions.iter().cloned().collect(),
        topics: listing.topics.iter().cloned().collect(),
        rules: listing.rules.iter().map(|rule| rule.name.clone()).collect(),
        password_policy: true,
        analyzers: true,
        virtual_mfa: true,
        ..Scope::default()
    };
    let collected = collect(aws, &scope).await;
    // An endpoint that is not AWS has nothing of a kind whose calls it does not know.
    let (unknown, failed): (Vec<ApiError>, Vec<ApiError>) =
        collected.errors.into_iter().partition(|error| error.class == ErrorClass::NotImplemented);
    match failed.into_iter().next() {
        Some(error) => Err(error.into()),
        None => Ok((collected.snapshot, unknown.iter().map(ToString::to_string).collect())),
    }
}

/// Keeps what is asked for; a name that nothing has is a mistake.
fn choose(
    found: BTreeMap<Address, Option<String>>,
    names: &[String],
) -> Result<BTreeMap<Address, Option<String>>, Error> {
    let matches = |address: &Address, name: &String| address.name == *name || address.to_string() == *name;
    let lost: Vec<String> = names
        .iter()
        .filter(|name| !found.keys().any(|address| matches(address, name)))
        .map(|name| format!("`{name}`"))
        .collect();
    if !lost.is_empty() {
        let message = format!("there is nothing called {} in the account", lost.join(", "));
        return Err(Error::new(ErrorKind::Input, message)
            .hinted("write a name as the account has it, or with its kind, as `user.User1`"));
    }
    let wanted = |address: &Address| names.is_empty() || names.iter().any(|name| matches(address, name));
    Ok(found.into_iter().filter(|(address, _)| wanted(address)).collect())
}

/// Fetches the packages of the functions to export.
async fn packages(
    aws: &Aws,
    snapshot: &Snapshot,
    declared: &BTreeSet<Address>,
) -> BTreeMap<String, Result<Files, String>> {
    let mut packages = BTreeMap::new();
    for address in declared.iter().filter(|address| address.kind == "function") {
        let function = snapshot.functions.get(&address.name).and_then(|facet| facet.read()?.as_ref());
        let Some(function) = function else { continue };
        let files = match package(aws, &address.name).await {
            Ok(bytes) => unpack(&bytes, &function.code_sha256).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        packages.insert(address.name.clone(), files);
    }
    packages
}

/// The most that the sources of one function take up in a scenario file.
const INLINE_LIMIT: usize = 256 << 10;

/// Returns where a scenario has a function's source: in a folder, or in itself.
fn source(name: &str, files: &Result<Files, String>, in_folder: bool) -> Result<function::Source, String> {
    let files = files.as_ref().map_err(Clone::clone)?;
    if in_folder {
        return Ok(function::Source::Folder(format!("functions/{name}")));
    }
    let packed = files.iter().filter(|(path, _)| !is_left_out(Path::new(path)));
    let texts: Option<BTreeMap<String, String>> =
        packed.map(|(path, bytes)| Some((path.clone(), String::from_utf8(bytes.clone()).ok()?))).collect();
    match texts {
        Some(texts) if texts.values().map(String::len).sum::<usize>() <= INLINE_LIMIT => {
            Ok(function::Source::Files(texts))
        }
        _ => Err("its source does not fit into one file; `-o FOLDER` takes it".into()),
    }
}

/// Exports what can be said. What cannot may have been named by others, so it is done again without it.
fn settle(
    picture: Picture<'_>,
    mut declared: BTreeSet<Address>,
    sources: &BTreeMap<String, Result<function::Source, String>>,
    unsaid: &mut BTreeMap<Address, String>,
) -> Exported {
    loop {
        let mut exported = export_all(&Export { picture, declared: &declared, sources });
        exported.unsaid.extend(write::unwritable(&exported.resources));
        if exported.unsaid.is_empty() {
            return exported;
        }
        declared.retain(|address| !exported.unsaid.contains_key(address));
        unsaid.append(&mut exported.unsaid);
    }
}

/// Returns the mark that everything exported carries, when a scenario of that name could declare all that carries it:
/// `up` deletes what is marked and not declared.
fn mark(exported: &Exported, is_whole: impl Fn(&str) -> bool) -> Option<String> {
    let mut marks = exported.ownership.iter().filter(|(address, _)| address.kind != "password_policy");
    let (_, Ownership::OtherScenario(name)) = marks.next()? else { return None };
    let same = marks.all(|(_, ownership)| *ownership == Ownership::OtherScenario(name.clone()));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = (1..=40).contains(&name.len()) && name.chars().all(plain);
    (same && is_name && is_whole(name)).then(|| name.clone())
}

/// Returns what `up` with the exported scenario would change, as sentences: nothing, as a rule.
fn differences(picture: Picture<'_>) -> Vec<String> {
    let planned = match plan(picture, Goal::Up { adopt: true }) {
        Ok(planned) => planned,
        Err(error) => return vec![error.to_string()],
    };
    let differs = |change: &&super::plan::Change| match change.action {
        // What others hold stays as it is.
        Action::Noop | Action::Refuse => false,
        // Taken over, and nothing else.
        Action::Update => !change.fields.is_empty(),
        _ => true,
    };
    planned
        .changes()
        .filter(differs)
        .map(|change| {
            let paths: Vec<&str> = change.fields.iter().map(|field| field.path.as_str()).collect();
            format!(
                "{} cannot be said exactly: `up` would change {}",
                change.address,
                if paths.is_empty() { "it".to_owned() } else { paths.join(", ") }
            )
        })
        .collect()
}
