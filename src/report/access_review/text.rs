//! The review as text: administrators and ways to more first, then groups, users and roles.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{
    About, Figures, NOT_LOOKED_AT, administrator, count, last_use, leads, list_of_actions,
    making_administrator, ranked, steps, through, time, together, unread_uses,
};
use crate::audit::access_review::summary::{Summary, Whole};
use crate::audit::access_review::{Grant, Kind, Review, Reviewed};
use crate::report::escape::visible as plain;
use crate::ui::Tone;

/// How many texts of a list are shown.
const SHOWN: usize = 12;

/// Colours a piece of text.
type Paint<'a> = &'a dyn Fn(Tone, &str) -> String;

/// Writes the review as text; `paint` colours it.
pub fn to_text(review: &Review, about: About<'_>, paint: Paint<'_>) -> String {
    let mut text = Text { out: String::new(), paint, expand: about.expand, told: BTreeMap::new() };
    text.head(review, about);
    text.administrators(review);
    text.ways(review);
    text.unread(review);
    for (title, all) in [("Groups", &review.groups), ("Users", &review.users), ("Roles", &review.roles)] {
        if !all.is_empty() {
            text.title(title);
            for one in all {
                text.permissions(one);
            }
        }
    }
    text.out
}

struct Text<'a> {
    out: String,
    paint: Paint<'a>,
    expand: bool,
    /// Permissions that were told, and of whom.
    told: BTreeMap<String, String>,
}

impl Text<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{:indent$}{text}", "");
    }

    fn title(&mut self, text: &str) {
        let painted = (self.paint)(Tone::Strong, text);
        self.out.push('\n');
        self.line(0, &painted);
    }

    fn head(&mut self, review: &Review, about: About<'_>) {
        let Review { account, taken_at, groups, users, roles } = review;
        let title =
            format!("Access review of account {account} ({}), {}", plain(about.target), time(*taken_at));
        let painted = (self.paint)(Tone::Strong, &title);
        self.line(0, &painted);
        let counts = [
            count(groups.len(), "group", "groups"),
            count(users.len(), "user", "users"),
            count(roles.len(), "role", "roles"),
        ];
        self.line(0, &format!("{}; wildcards stand for {}", counts.join(", "), list_of_actions()));
        self.line(0, NOT_LOOKED_AT);
        for why in unread_uses(review) {
            self.line(0, &format!("When they were last used is not known everywhere: {}", plain(why)));
        }
    }

    fn administrators(&mut self, review: &Review) {
        let all: Vec<&Reviewed> = review.everybody().filter(|one| one.administrator.is()).collect();
        self.title(&format!("Administrators: {}", Figures::of(review).administrators));
        for one in all {
            let what = administrator(one).unwrap_or_default();
            let name = (self.paint)(Tone::Bad, &format!("{} {}", one.kind.name(), plain(&one.name)));
            self.line(2, &format!("{name}: {what}{}", used_when(one)));
            let by: Vec<String> = making_administrator(one).map(through).collect();
            self.line(4, &format!("by {}", plain(&by.join("; "))));
            if one.kind == Kind::Group {
                self.line(4, &plain(&together(one)));
            }
        }
    }

    fn ways(&mut self, review: &Review) {
        let Figures { climbing, others, .. } = Figures::of(review);
        self.title(&format!(
            "Ways to more permissions: {climbing} can become administrator, {others} more have a way"
        ));
        for one in review.everybody().filter(|one| !one.paths.is_empty()) {
            self.line(2, &format!("{} {}{}", one.kind.name(), plain(&one.name), used_when(one)));
            for found in ranked(one) {
                let when = if found.under_condition { ", under a condition" } else { "" };
                let title = (self.paint)(Tone::Change, found.path.title);
                self.line(4, &format!("{title} ({}): leads {}{when}", found.path.id, leads(found)));
                let mut why = found.path.explanation.to_owned();
                if !found.targets.is_empty() {
                    let more = if found.has_more { " and more" } else { "" };
                    let _ = write!(why, "; {}{more}", plain(&found.targets.join(", ")));
                }
                self.line(6, &why);
                for (actions, by) in steps(found) {
                    self.line(6, &format!("{} by {}", actions.join(", "), plain(&by)));
                }
            }
        }
    }

    fn unread(&mut self, review: &Review) {
        let all = review.unread();
        if all.is_empty() {
            return;
        }
        self.title(&format!("Not read: {}. With them permissions may be more or fewer", all.len()));
        for why in all {
            self.line(2, &plain(why));
        }
    }

    fn permissions(&mut self, one: &Reviewed) {
        let mut words = vec![together(one)];
        if let Some(boundary) = &one.boundary {
            words.push(format!("permissions boundary {}", crate::account::bare_name(boundary)));
        }
        if one.kind == Kind::Role {
            let whom = if one.trusted.is_empty() { "nobody".to_owned() } else { one.trusted.join("; ") };
            words.push(format!("lets in {whom}"));
        }
        words.retain(|word| !word.is_empty());
        let name = (self.paint)(Tone::Strong, &plain(&one.name));
        self.line(2, &format!("{name}  {}{}", plain(&words.join("; ")), used_when(one)));
        let block = self.block(one);
        match self.told.get(&block) {
            Some(other) if block.lines().count() > 3 => {
                let same = format!("the same as {other}");
                self.line(4, &same);
            }
            _ => {
                self.out.push_str(&block);
                self.told.insert(block, format!("{} {}", one.kind.name(), plain(&one.name)));
            }
        }
    }

    /// What somebody may do, and by which statements.
    fn block(&self, one: &Reviewed) -> String {
        let mut out = String::new();
        let mut line = |indent: usize, text: &str| {
            let _ = writeln!(out, "{:indent$}{}", "", plain(text));
        };
        let summary = one.summary();
        if one.grants.is_empty() {
            line(4, if one.unread.is_empty() { "no permissions" } else { "unknown: see what was not read" });
        }
        for sentence in sentences(&summary) {
            line(4, &sentence);
        }
        for grant in &one.grants {
            line(6, &self.grant(grant));
            for limit in &grant.limits {
                line(8, &format!("but {limit}"));
            }
        }
        for why in &one.without_effect {
            line(6, why);
        }
        for why in &one.unread {
            line(6, &format!("unknown: {why}"));
        }
        out
    }

    fn grant(&self, grant: &Grant) -> String {
        let names: Vec<String> = if self.expand {
            super::csv::expanded(grant)
        } else {
            grant.patterns.iter().map(|pattern| pattern.text.to_string()).collect()
        };
        let shown = if self.expand { names.len() } else { SHOWN };
        let when = if grant.conditions.is_empty() {
            String::new()
        } else {
            format!(" when {}", grant.conditions.join(" and "))
        };
        format!("{} on {}{when}: {}", some(&names, shown), some(&grant.resources, SHOWN), through(grant))
    }
}

/// Names what somebody may do, a sentence per service.
fn sentences(summary: &Summary) -> Vec<String> {
    let (wholes, others) = summary.grouped();
    let whole = |whole: &Whole| {
        let Whole { manner, services } = whole;
        if whole.is_all() {
            return format!("everything {manner}");
        }
        let names: Vec<String> = services.iter().map(|&name| name.to_owned()).collect();
        let services = count(names.len(), "service", "services");
        format!("everything of {services} {manner}: {}", some(&names, SHOWN))
    };
    let mut all: Vec<String> = wholes.iter().map(whole).collect();
    all.extend(others.iter().map(|one| format!("{}: {}", one.service, one.sentence())));
    if !summary.unknown.is_empty() {
        let names: Vec<String> = summary.unknown.iter().map(ToString::to_string).collect();
        all.push(format!("not in the list of actions: {}", names.join(", ")));
    }
    all
}

/// Names the first of a list and counts the rest.
pub(super) fn some(names: &[String], shown: usize) -> String {
    let mut text = names.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = names.len().checked_sub(shown) {
        let _ = write!(text, " and {more} more");
    }
    text
}

fn used_when(one: &Reviewed) -> String {
    match last_use(&one.last_use) {
        text if text.is_empty() => text,
        text => format!("; last used: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOSTILE, hostile};
    use super::*;

    #[test]
    fn what_matters_comes_first_and_nothing_acts_on_the_terminal() {
        let text =
            to_text(&hostile(), About { target: "sandbox", expand: false }, &|_, text| text.to_owned());
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in\n{text}"));
        let order = [
            "Administrators: 1",
            "Ways to more permissions:",
            "Not read:",
            "\nGroups\n",
            "\nUsers\n",
            "\nRoles\n",
        ];
        assert!(order.map(at).is_sorted(), "{text}");
        assert!(text.contains("user User1: every action on every resource, under conditions"), "{text}");
        assert!(
            text.contains("write an inline policy of a user (put-user-policy): leads to an administrator's"),
            "{text}"
        );
        assert!(text.contains("last used: password 2026-03-01, keys none"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && text.contains(&*plain(HOSTILE)));
    }

    #[test]
    fn the_same_permissions_are_told_once() {
        let mut review = hostile();
        let mut twin = review.users[0].clone();
        twin.name = "Twin".into();
        let first = review.users[0].name.clone();
        review.users.push(twin);
        let text = to_text(&review, About { target: "aws", expand: false }, &|_, text| text.to_owned());
        assert!(text.contains(&format!("the same as user {}", plain(&first))), "{text}");
    }
}
