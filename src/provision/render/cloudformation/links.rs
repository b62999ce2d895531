//! How the resources of a template name each other: by `Ref` and `Fn::GetAtt` where they may, by an ARN made of
//! their name where that would go in a circle, which `CloudFormation` refuses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use serde_yaml::Value as Yaml;

use super::map;
use crate::provision::graph::reaches;
use crate::provision::resources::SECTIONS;
use crate::provision::{Address, Place, arn};
use crate::scenario::Resolved;

/// The resources of a template by logical id, and who may refer to whom.
pub(super) struct Links<'a> {
    place: &'a Place,
    ids: BTreeMap<Address, String>,
    /// Declared resources by ARN.
    arns: BTreeMap<String, Address>,
    allowed: BTreeMap<Address, BTreeSet<Address>>,
}

impl<'a> Links<'a> {
    /// Names every resource of a scenario that has an ARN, and finds out who may refer to whom.
    pub(super) fn of(scenario: &'a Resolved) -> Self {
        let place = &scenario.place;
        let mut links = Self { place, ids: BTreeMap::new(), arns: BTreeMap::new(), allowed: BTreeMap::new() };
        for address in scenario.edges.keys() {
            if let Some(arn) = arn::arn(address, place) {
                let id = links.fresh(address.kind, &address.name);
                links.ids.insert(address.clone(), id);
                links.arns.insert(arn, address.clone());
            }
        }
        // The strictest first: what AWS needs to be there; whom a role trusts; what a document only mentions.
        let strict = scenario.edges.iter().filter(|(address, _)| address.kind != "policy");
        for (from, needed) in strict.chain(&scenario.trust) {
            for to in needed {
                links.allow(from, to);
            }
        }
        let written = serde_json::to_value(&scenario.resources).unwrap_or_default();
        for address in scenario.edges.keys() {
            let section = SECTIONS.iter().find(|row| row.kind == address.kind).map_or("", |row| row.section);
            let mut mentioned = BTreeSet::new();
            if let Some(spec) = written.get(section).and_then(|section| section.get(&address.name)) {
                links.mentions(spec, &mut mentioned);
            }
            for to in &mentioned {
                links.allow(address, to);
            }
        }
        links
    }

    fn allow(&mut self, from: &Address, to: &Address) {
        if self.ids.contains_key(to) && from != to && !reaches(&self.allowed, to, from) {
            self.allowed.entry(from.clone()).or_default().insert(to.clone());
        }
    }

    /// Collects the declared resources whose ARNs begin texts in `value`.
    fn mentions(&self, value: &Json, found: &mut BTreeSet<Address>) {
        match value {
            Json::String(text) => found.extend(self.begins(text).map(|(_, address)| address.clone())),
            Json::Array(items) => items.iter().for_each(|item| self.mentions(item, found)),
            Json::Object(fields) => fields.values().for_each(|field| self.mentions(field, found)),
            _ => {}
        }
    }

    /// Returns the declared resource whose ARN `text` begins with, and what follows it.
    fn begins<'t>(&self, text: &'t str) -> Option<(&'t str, &Address)> {
        let rest =
            |arn: &str| text.strip_prefix(arn).filter(|rest| rest.is_empty() || rest.starts_with([':', '/']));
        self.arns
            .iter()
            .filter_map(|(arn, address)| Some((rest(arn)?, address)))
            .min_by_key(|(rest, _)| rest.len())
    }

    /// Makes a logical id that nothing else has.
    fn fresh(&self, kind: &str, name: &str) -> String {
        let plain: String = name.split(|c: char| !c.is_ascii_alphanumeric()).map(capital).collect();
        // CloudFormation's limit is 255.
        let base: String = format!("{}{plain}", capital(kind)).chars().take(200).collect();
        let taken = |id: &String| self.ids.values().any(|other| other == id);
        let numbered = (2_u32..).map(|number| format!("{base}N{number}"));
        std::iter::once(base.clone()).chain(numbered).find(|id| !taken(id)).unwrap_or(base)
    }

    /// Returns the logical id of a declared resource.
    pub(super) fn id(&self, kind: &'static str, name: &str) -> String {
        self.ids.get(&Address::new(kind, name)).cloned().unwrap_or_default()
    }

    /// Refers to a declared resource by `Ref`: the name of a user, group or function, the ARN of a topic.
    pub(super) fn reference(&self, kind: &'static str, name: &str) -> Yaml {
        match self.ids.get(&Address::new(kind, name)) {
            Some(id) => map([("Ref", id.as_str().into())]),
            None => name.into(),
        }
    }

    /// Writes a text of the resource `from`: an ARN of something declared as a reference, any other ARN for
    /// whatever account the template comes to, and everything else as it is. Without `from` every reference is
    /// allowed: nobody refers to what has no address.
    pub(super) fn text(&self, from: Option<&Address>, text: &str) -> Yaml {
        let allowed = |to: &Address| {
            from.is_none_or(|from| self.allowed.get(from).is_some_and(|allowed| allowed.contains(to)))
        };
        if let Some((rest, to)) = self.begins(text).filter(|(_, to)| allowed(to))
            && let Some(id) = self.ids.get(to)
        {
            let is_ref = ref_is_arn(to);
            return match (rest.is_empty(), is_ref) {
                (true, true) => map([("Ref", id.as_str().into())]),
                (true, false) => {
                    map([("Fn::GetAtt", Yaml::Sequence(vec![id.as_str().into(), "Arn".into()]))])
                }
                (false, true) => substitute(format!("${{{id}}}{}", escape(rest))),
                (false, false) => substitute(format!("${{{id}.Arn}}{}", escape(rest))),
            };
        }
        match self.anywhere(text) {
            Some(text) => substitute(text),
            None => text.into(),
        }
    }

    /// Writes a JSON value of the resource `from`, texts as [`Links::text`] does.
    pub(super) fn json(&self, from: Option<&Address>, value: &Json) -> Yaml {
        match value {
            Json::String(text) => self.text(from, text),
            Json::Array(items) => Yaml::Sequence(items.iter().map(|item| self.json(from, item)).collect()),
            Json::Object(fields) => Yaml::Mapping(
                fields.iter().map(|(key, field)| (key.as_str().into(), self.json(from, field))).collect(),
            ),
            other => serde_yaml::to_value(other).unwrap_or_default(),
        }
    }

    /// Writes an ARN of this account or partition for any; `None` when there is nothing to replace.
    fn anywhere(&self, text: &str) -> Option<String> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts.as_slice() else { return None };
        let general = |part: &str, own: &str, general: &str| {
            if part == own && !own.is_empty() { general.to_owned() } else { escape(part) }
        };
        let written = format!(
            "arn:{}:{}:{}:{}:{}",
            general(partition, &self.place.partition, "${AWS::Partition}"),
            escape(service),
            general(region, &self.place.region, "${AWS::Region}"),
            general(account, &self.place.account, "${AWS::AccountId}"),
            escape(resource),
        );
        (written != escape(text)).then_some(written)
    }
}

/// Tells whether `Ref` gives the ARN; for the others it gives the name, and `Fn::GetAtt` the ARN.
fn ref_is_arn(address: &Address) -> bool {
    matches!(address.kind, "policy" | "topic" | "analyzer")
}

fn substitute(text: String) -> Yaml {
    map([("Fn::Sub", text.into())])
}

/// Keeps IAM's own variables out of `Fn::Sub`'s hands.
fn escape(text: &str) -> String {
    text.replace("${", "${!")
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}
