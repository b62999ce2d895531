//! The exported scenario as text and files. What comes from the account is only ever a value here: `{{` in it is
//! no hole, line ends in it end no comment, and its names were checked before they become file names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value as Json;
use serde_yaml::Value as Yaml;

use super::unpack::Files;
use crate::error::{Error, ErrorKind};
use crate::provision::resources::{DocumentSource, Resources, SECTIONS};
use crate::provision::{Address, Place};
use crate::scenario::model::{Parameter, ScenarioFile};

/// The parameter that stands for a `{`, so that two of them in a value do not open a hole.
const BRACE: &str = "brace";

/// A scenario file and the policy documents beside it.
#[derive(Debug)]
pub(super) struct Written {
    yaml: String,
    /// JSON by path.
    documents: BTreeMap<PathBuf, String>,
}

impl Written {
    /// Writes a scenario, with the documents of its policies and the sources of its functions beside it when they
    /// go `in_folder`.
    pub(super) fn of(mut file: ScenarioFile, place: &Place, in_folder: bool) -> Result<Self, Error> {
        let mut documents = BTreeMap::new();
        let mut writer = Values { place, has_brace: false };
        if in_folder {
            for (name, policy) in &mut file.resources.policies {
                let DocumentSource::Inline(fields) = &policy.document else { continue };
                let mut document = Json::Object(fields.clone());
                writer.json(&mut document);
                let text = serde_json::to_string_pretty(&document).map_err(internal)? + "\n";
                documents.insert(PathBuf::from("policies").join(format!("{name}.json")), text);
                policy.document = DocumentSource::File(format!("policies/{name}.json"));
            }
        }
        let mut resources = tree(&file.resources)?;
        writer.yaml(&mut resources);
        if writer.has_brace {
            let brace = Parameter {
                description: Some("two of them in a row would be a hole".into()),
                default: Some("{".into()),
                allowed: Vec::new(),
            };
            file.parameters.insert(BRACE.into(), brace);
        }
        file.resources = Resources::default();
        let mut whole = tree(&file)?;
        if let Some(whole) = whole.as_mapping_mut() {
            whole.insert("resources".into(), resources);
        }
        Ok(Self { yaml: serde_yaml::to_string(&whole).map_err(internal)?, documents })
    }

    /// Returns the scenario file with the remarks as comments at its top.
    pub(super) fn text(&self, account: &str, remarks: &[String]) -> String {
        let mut text = format!("# What `iamlab provision export` found in the account {account}.\n");
        for remark in remarks {
            text.push_str("# - ");
            // Nothing in a name ends the comment.
            text.extend(remark.chars().map(|c| if is_plain(c) { c } else { '\u{fffd}' }));
            text.push('\n');
        }
        text + &self.yaml
    }

    /// Writes the documents and the functions' sources.
    pub(super) fn save(
        &self,
        folder: &Path,
        packages: &BTreeMap<String, Result<Files, String>>,
    ) -> Result<(), Error> {
        for (path, text) in &self.documents {
            save(&folder.join(path), text.as_bytes())?;
        }
        for (name, files) in packages {
            for (path, contents) in files.iter().flatten() {
                // INVARIANT: unpacking refuses every path that is not plain and relative.
                save(&folder.join("functions").join(name).join(path), contents)?;
            }
        }
        Ok(())
    }
}

/// Makes sure that an export overwrites nothing.
pub(super) fn check_folder(folder: &Path) -> Result<(), Error> {
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if is_free {
        return Ok(());
    }
    let message = format!("`{}` is there already and is not an empty folder", folder.display());
    Err(Error::input(message).hinted("name another folder with `-o`; an export overwrites nothing"))
}

/// Writes a file and the folders it is in.
pub(super) fn save(path: &Path, contents: &[u8]) -> Result<(), Error> {
    let parent = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, contents))
        .map_err(|error| Error::input(format!("`{}` cannot be written", path.display())).caused_by(error))
}

/// Returns the resources that hold what a scenario file cannot, and what that is.
pub(super) fn unwritable(resources: &Resources) -> BTreeMap<Address, String> {
    let mut found = BTreeMap::new();
    let tree = serde_json::to_value(resources).unwrap_or_default();
    for row in SECTIONS {
        let Some(section) = tree.get(row.section).and_then(Json::as_object) else { continue };
        for (name, spec) in section {
            if let Some(why) = strange(spec) {
                found.insert(Address::new(row.kind, name), why.to_owned());
            }
        }
    }
    found
}

fn strange(value: &Json) -> Option<&'static str> {
    match value {
        // YAML's own line ends besides \n, which its writers do not keep apart from it in a text of several lines.
        Json::String(text) if text.contains(['\u{85}', '\u{2028}', '\u{2029}']) => {
            Some("it holds a line separator that YAML does not keep")
        }
        Json::Array(items) => items.iter().find_map(strange),
        Json::Object(fields) => fields.iter().find_map(|(key, field)| {
            if key.contains("{{") { Some("it holds a key with `{{` in it") } else { strange(field) }
        }),
        _ => None,
    }
}

fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, "the scenario cannot be written").caused_by(error)
}

/// Returns what is written for a value. The way through JSON keeps the order, and spells one of several forms as a
/// scenario does: `email: x`, where YAML's own writer would make a tag.
fn tree<T: Serialize>(value: &T) -> Result<Yaml, Error> {
    let json = serde_json::to_string(value).map_err(internal)?;
    serde_json::from_str(&json).map_err(internal)
}

/// Turns texts of an account into values of a scenario.
struct Values<'a> {
    place: &'a Place,
    has_brace: bool,
}

impl Values<'_> {
    fn yaml(&mut self, value: &mut Yaml) {
        match value {
            Yaml::String(text) => *text = self.text(text),
            Yaml::Sequence(items) => items.iter_mut().for_each(|item| self.yaml(item)),
            Yaml::Mapping(entries) => entries.iter_mut().for_each(|(_, value)| self.yaml(value)),
            _ => {}
        }
    }

    fn json(&mut self, value: &mut Json) {
        match value {
            Json::String(text) => *text = self.text(text),
            Json::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Json::Object(fields) => fields.values_mut().for_each(|value| self.json(value)),
            _ => {}
        }
    }

    /// Keeps `{{` from opening a hole, and lets ARNs of this account be those of whatever account comes next.
    fn text(&mut self, text: &str) -> String {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts.as_slice() else {
            return self.plain(text);
        };
        let place = self.place;
        let mut general = |part: &str, own: &str, hole: &str| {
            if part == own { format!("{{{{ {hole} }}}}") } else { self.plain(part) }
        };
        let partition = general(partition, &place.partition, "partition");
        let region = general(region, &place.region, "region");
        let account = general(account, &place.account, "account");
        format!("arn:{partition}:{}:{region}:{account}:{}", self.plain(service), self.plain(resource))
    }

    fn plain(&mut self, text: &str) -> String {
        if !text.contains("{{") {
            return text.to_owned();
        }
        self.has_brace = true;
        text.replace("{{", &format!("{{{{ {BRACE} }}}}{{{{ {BRACE} }}}}"))
    }
}
