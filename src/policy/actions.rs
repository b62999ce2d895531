//! Every action of every AWS service, as far as this program knows: what wildcards stand for.
//!
//! The list is `policies/actions.txt`, written by `policies/build-actions.py` from pinned public data. It is a help for
//! people and never a filter: what it does not know is kept as it is written, and said to be unknown.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use serde::Serialize;

use super::document::wildcard_covers;
use super::glob::{self, Case, Token};

const TEXT: &str = include_str!("../../policies/actions.txt");

/// What an action does, in AWS's words.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Lists what there is.
    List,
    /// Reads what it holds.
    Read,
    /// Makes, changes and deletes.
    Write,
    /// Grants and takes permissions.
    PermissionsManagement,
    /// Changes nothing but tags.
    Tagging,
}

impl Level {
    /// All levels, in AWS's order.
    pub const ALL: [Self; 5] =
        [Self::List, Self::Read, Self::Write, Self::PermissionsManagement, Self::Tagging];

    /// Returns AWS's name of the level.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }

    fn of(letter: &str) -> Option<Self> {
        Some(match letter.as_bytes() {
            b"L" => Self::List,
            b"R" => Self::Read,
            b"W" => Self::Write,
            b"P" => Self::PermissionsManagement,
            b"T" => Self::Tagging,
            _ => return None,
        })
    }
}

/// A service and its actions.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its namespace: `iam`.
    pub name: &'static str,
    /// The places of its actions.
    pub actions: Range<usize>,
}

/// All services and their actions. An action is known by its place.
pub struct Actions {
    /// `service:Action`, one after the other.
    names: String,
    /// Where each name begins, and where the last one ends.
    starts: Vec<usize>,
    services: Vec<Service>,
    by_level: [ActionSet; 5],
    without_resource: ActionSet,
    /// Service, the ARNs of resource types less `arn:` and the partition, and the names of the actions about them.
    about: Vec<(&'static str, &'static str, &'static str)>,
    version: &'static str,
    date: &'static str,
}

static ALL: LazyLock<Actions> = LazyLock::new(|| Actions::read(TEXT));

/// Returns the list; the first call reads it.
pub fn actions() -> &'static Actions {
    &ALL
}

impl Actions {
    fn read(text: &'static str) -> Self {
        let header = |key: &str| {
            let mut comments = text.lines().take_while(|line| line.starts_with('#'));
            comments.find_map(|line| line.strip_prefix("# ")?.strip_prefix(key)).unwrap_or_default()
        };
        let mut all = Self {
            names: String::with_capacity(text.len().saturating_mul(2)),
            starts: Vec::with_capacity(32 * 1024),
            services: Vec::new(),
            by_level: Level::ALL.map(|_| ActionSet::default()),
            without_resource: ActionSet::default(),
            about: Vec::new(),
            version: header("version: "),
            date: header("date: "),
        };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.split('\t');
            let service = parts.next().unwrap_or_default();
            let about = parts.clone().filter_map(|part| part.strip_prefix('@')?.split_once(' '));
            all.about.extend(about.map(|(arns, names)| (service, arns, names)));
            let levels = parts.filter_map(|part| {
                let (letter, names) = part.split_once(':')?;
                // A small letter: the actions have no resource type.
                let on_all = letter.bytes().all(|byte| byte.is_ascii_lowercase());
                Some((Level::of(&letter.to_ascii_uppercase())?, on_all, names))
            });
            let mut found: Vec<((&str, &str), Level, bool)> = levels
                .flat_map(|(level, on_all, names)| names_of(names).map(move |name| (name, level, on_all)))
                .collect();
            found.sort_unstable_by(|((a, b), ..), ((c, d), ..)| {
                a.bytes().chain(b.bytes()).cmp(c.bytes().chain(d.bytes()))
            });
            let from = all.starts.len();
            for ((head, tail), level, on_all) in found {
                if let Some(set) = all.by_level.get_mut(level as usize) {
                    set.insert(all.starts.len());
                }
                if on_all {
                    all.without_resource.insert(all.starts.len());
                }
                all.starts.push(all.names.len());
                for piece in [service, ":", head, tail] {
                    all.names.push_str(piece);
                }
            }
            all.services.push(Service { name: service, actions: from..all.starts.len() });
        }
        all.starts.push(all.names.len());
        all
    }

    /// Returns the version of the data.
    pub const fn version(&self) -> &'static str {
        self.version
    }

    /// Returns the day of the data, `2026-10-27`.
    pub const fn date(&self) -> &'static str {
        self.date
    }

    /// Returns how many actions are known.
    pub const fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Tells whether no action is known.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lists the services, sorted.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Returns the name of an action, `service:Action`; empty when there is no such place.
    pub fn name(&self, place: usize) -> &str {
        let range = self.starts.get(place).zip(self.starts.get(place.saturating_add(1)));
        range.and_then(|(&from, &to)| self.names.get(from..to)).unwrap_or_default()
    }

    /// Returns the actions of a level.
    pub fn of_level(&self, level: Level) -> &ActionSet {
        // INVARIANT: `by_level` has a set for every level, in the order of `Level::ALL`.
        self.by_level.get(level as usize).unwrap_or(&NONE)
    }

    /// Returns the level of an action.
    pub fn level(&self, place: usize) -> Option<Level> {
        Level::ALL.into_iter().find(|level| self.of_level(*level).contains(place))
    }

    /// Returns the place of an action; capital and small letters are the same.
    pub fn find(&self, action: &str) -> Option<usize> {
        let (service, _) = action.split_once(':')?;
        let mut places = self.service(service)?.actions.clone();
        // As AWS writes it, most often: the places are in the order of the bytes of their names.
        let (mut low, mut high) = (places.start, places.end);
        while low < high {
            let middle = low.midpoint(high);
            match self.name(middle).cmp(action) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => high = middle,
            }
        }
        places.find(|&place| self.name(place).eq_ignore_ascii_case(action))
    }

    /// Tells whether AWS gives an action resource types; without any a policy can only allow it on `*`. `None` when the
    /// list does not know the action.
    pub fn has_resource(&self, action: &str) -> Option<bool> {
        Some(!self.without_resource.contains(self.find(action)?))
    }

    /// Returns the resources that an action is about, when the one that is named is none of them: the last parts of
    /// their ARNs. `None` when it is one, when it is a pattern, and when the list does not tell.
    pub fn other_kinds(&self, action: &str, resource: &str) -> Option<Vec<String>> {
        let (service, name) = action.split_once(':')?;
        let (_, tail) = resource.strip_prefix("arn:")?.split_once(':')?;
        if resource.contains(['*', '?']) {
            return None;
        }
        let is_it = |(head, tail): (&str, &str)| {
            let begin = name.get(..head.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(head));
            begin && name.get(head.len()..).is_some_and(|end| end.eq_ignore_ascii_case(tail))
        };
        let mut of_service = self.about.iter().filter(|(of, ..)| of.eq_ignore_ascii_case(service));
        let (_, arns, _) = of_service.find(|(_, _, names)| names_of(names).any(is_it))?;
        if arns.split('|').any(|arn| wildcard_covers(arn, tail)) {
            return None;
        }
        let kind = |arn: &str| match arn.splitn(4, ':').nth(3) {
            Some(kind) if kind != "*" => kind.to_owned(),
            _ => format!("arn:*:{arn}"),
        };
        Some(arns.split('|').map(kind).collect())
    }

    fn service(&self, name: &str) -> Option<&Service> {
        let name = name.to_ascii_lowercase();
        let at = self.services.binary_search_by(|service| service.name.cmp(&name)).ok()?;
        self.services.get(at)
    }

    /// Tells whether a service is known; capital and small letters are the same.
    pub fn knows(&self, service: &str) -> bool {
        self.service(service).is_some()
    }

    /// Lists the places of the actions that a pattern of a policy stands for, in order: of none when the list does not
    /// know the service or the action.
    pub fn matching(&self, pattern: &str) -> Vec<usize> {
        if pattern.bytes().all(|byte| byte == b'*') && !pattern.is_empty() {
            return (0..self.len()).collect();
        }
        let tokens: Vec<Token> = pattern.chars().map(Token::of).collect();
        let wild = |text: &str| text.contains(['*', '?']);
        // A wildcard in the service, or no service at all, can match any name.
        let within: Vec<Range<usize>> = match pattern.split_once(':') {
            Some((service, "*")) if !wild(service) => {
                return self.service(service).map_or_else(Vec::new, |found| found.actions.clone().collect());
            }
            Some((service, _)) if !wild(service) => {
                self.service(service).map(|found| found.actions.clone()).into_iter().collect()
            }
            _ => std::iter::once(0..self.len()).collect(),
        };
        let places = within.into_iter().flatten();
        if wild(pattern) {
            places.filter(|&place| glob::matches(&tokens, self.name(place), Case::Ignored)).collect()
        } else {
            places.filter(|&place| self.name(place).eq_ignore_ascii_case(pattern)).collect()
        }
    }
}

impl fmt::Debug for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actions")
            .field("version", &self.version)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// Reads `Get(User Role) ListUsers`: the two pieces of each name.
fn names_of(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut head = "";
    text.split(' ').map(move |word| {
        let tail = match word.split_once('(') {
            Some((before, tail)) => {
                head = before;
                tail
            }
            None => word,
        };
        match tail.strip_suffix(')') {
            Some(tail) => (std::mem::take(&mut head), tail),
            None => (head, tail),
        }
    })
}

static NONE: ActionSet = ActionSet { words: Vec::new() };

/// A set of known actions.
#[derive(Debug, Clone, Default, Eq)]
pub struct ActionSet {
    words: Vec<u64>,
}

impl PartialEq for ActionSet {
    fn eq(&self, other: &Self) -> bool {
        let longer = self.words.len().max(other.words.len());
        (0..longer).all(|at| self.word(at) == other.word(at))
    }
}

impl FromIterator<usize> for ActionSet {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut set = Self::default();
        places.into_iter().for_each(|place| set.insert(place));
        set
    }
}

impl ActionSet {
    /// Returns the set of all known actions.
    pub fn all() -> Self {
        (0..actions().len()).collect()
    }

    fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or_default()
    }

    /// Puts an action in.
    pub fn insert(&mut self, place: usize) {
        let at = place / 64;
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at) {
            *word |= 1 << (place % 64);
        }
    }

    /// Tells whether an action is in it.
    pub fn contains(&self, place: usize) -> bool {
        self.word(place / 64) & (1 << (place % 64)) != 0
    }

    /// Tells whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Returns how many actions are in it.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Adds all of another set.
    pub fn add(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Takes all of another set out.
    pub fn remove(&mut self, other: &Self) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    /// Returns what is in both.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        Self { words: self.words.iter().zip(&other.words).map(|(one, other)| one & other).collect() }
    }

    /// Tells whether something is in both.
    pub fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(one, other)| one & other != 0)
    }

    /// Returns what is in this one and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        rest.remove(other);
        rest
    }

    /// Lists the places of its actions, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.words.iter().enumerate().filter(|(_, word)| **word != 0);
        words.flat_map(|(at, word)| {
            (0..64).filter(move |bit| word & (1_u64 << bit) != 0).map(move |bit| at * 64 + bit)
        })
    }

    /// Returns how many of a service's actions are in it.
    pub fn of(&self, service: &Service) -> usize {
        let Range { start, end } = service.actions;
        let words = start / 64..end.div_ceil(64);
        let ones = words.map(|at| {
            // The bits of this word from `start` on and before `end`.
            let from = start.saturating_sub(at * 64).min(64);
            let to = end.saturating_sub(at * 64).min(64);
            let low = |bits: usize| if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
            (self.word(at) & low(to) & !low(from)).count_ones() as usize
        });
        ones.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str) -> Vec<&'static str> {
        actions().matching(pattern).into_iter().map(|place| actions().name(place)).collect()
    }

    #[test]
    fn the_list_knows_services_actions_and_levels() {
        let all = actions();
        assert!(all.len() > 20_000 && all.services().len() > 400, "{all:?}");
        assert!(all.services().is_sorted_by_key(|service| service.name));
        assert_eq!((all.version().is_empty(), all.date().len()), (false, 10));
        for (action, level) in [
            ("iam:ListUsers", Level::List),
            ("iam:GetUser", Level::Read),
            ("iam:PassRole", Level::Write),
            ("iam:CreatePolicyVersion", Level::PermissionsManagement),
            ("iam:TagUser", Level::Tagging),
        ] {
            assert_eq!(all.find(action).and_then(|place| all.level(place)), Some(level), "{action}");
        }
        for (action, has) in [
            ("iam:AddUserToGroup", Some(true)),
            ("IAM:getcredentialreport", Some(false)),
            ("iam:ListUsers", Some(false)),
            ("sts:AssumeRole", Some(true)),
            ("iam:Nonsense", None),
        ] {
            assert_eq!(all.has_resource(action), has, "{action}");
        }
        let levels: usize = Level::ALL.iter().map(|level| all.of_level(*level).len()).sum();
        assert_eq!(levels, all.len(), "every action has one level");
    }

    #[test]
    fn wildcards_are_expanded_whatever_their_case() {
        assert_eq!(names("IAM:createLOGIN*"), ["iam:CreateLoginProfile"]);
        assert_eq!(names("iam:get?ser"), ["iam:GetUser"]);
        assert_eq!(names("sns:publish"), ["sns:Publish"]);
        assert_eq!(names("iam:*").len(), names("i?m:*").len());
        assert_eq!(names("*").len(), actions().len());
        // `*` in the middle reaches over the colon.
        assert!(names("*:GetUser").contains(&"iam:GetUser"));
        assert!(names("nosuchservice:*").is_empty() && names("iam:NoSuchAction").is_empty());
    }

    #[test]
    fn an_action_is_about_its_own_kinds_of_resources() {
        let other = |action: &str, rest: &str| actions().other_kinds(action, &format!("arn:aws:{rest}"));
        let user = "iam::123456789012:user/a/b";
        assert_eq!(other("IAM:addusertogroup", user), Some(vec!["group/*".to_owned()]));
        assert_eq!(other("iam:GetUser", user), None);
        assert_eq!(other("iam:GetUser", "iam::123456789012:user/*"), None, "a pattern");
        assert_eq!(other("iam:SimulatePrincipalPolicy", user), None, "one of several");
        assert_eq!(other("iam:ListUsers", user), None, "it has no resources, which is told elsewhere");
        assert_eq!(other("s3:GetObject", user), None, "not in the list");
        assert_eq!(other("sts:AssumeRole", user), Some(vec!["role/*".to_owned()]));
        assert_eq!(other("sns:Publish", user), Some(vec!["arn:*:sns:*:*:*".to_owned()]));
        assert_eq!(other("lambda:InvokeFunction", "lambda:us-east-1:123456789012:function:f:live"), None);
    }

    #[test]
    fn a_set_counts_what_it_has_of_a_service() {
        let every_third: ActionSet = (0..actions().len()).step_by(3).collect();
        for set in [&every_third, &ActionSet::all(), &ActionSet::default()] {
            for service in actions().services() {
                let counted = service.actions.clone().filter(|&place| set.contains(place)).count();
                assert_eq!(set.of(service), counted, "{}", service.name);
            }
        }
    }

    #[test]
    fn every_action_is_found_by_its_name_in_any_case() {
        for place in (0..actions().len()).step_by(7) {
            let name = actions().name(place);
            assert_eq!(
                (actions().find(name), actions().find(&name.to_uppercase())),
                (Some(place), Some(place)),
                "{name}"
            );
        }
    }

    #[test]
    fn sets_of_different_lengths_are_compared_and_subtracted() {
        let (few, many): (ActionSet, ActionSet) =
            ([1, 64].into_iter().collect(), [1, 64, 900].into_iter().collect());
        assert_eq!(many.without(&few).iter().collect::<Vec<_>>(), [900]);
        assert_eq!(many.both(&few), few);
        assert!(few.meets(&many) && !few.without(&many).meets(&many) && few.without(&many).is_empty());
        let mut sum = few.clone();
        sum.add(&many);
        assert_eq!((sum == many, few == many, sum.len()), (true, false, 3));
    }
}
