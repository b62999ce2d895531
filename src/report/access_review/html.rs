//! The review as one page, complete in itself: nothing is fetched, and no script runs but its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::csv::expanded;
use super::text::some;
use super::{
    About, Figures, NOT_LOOKED_AT, administrator, count, last_use, leads, list_of_actions, ranked, steps,
    time, together, unread_uses,
};
use crate::account::bare_name;
use crate::audit::access_review::summary::OfService;
use crate::audit::access_review::{Administrator, Grant, Kind, Leads, Review, Reviewed};
use crate::policy::actions::Level;
use crate::report::escape::html_whole as html;

const STYLE: &str = include_str!("../../../templates/access-review.css");
const SCRIPT: &str = include_str!("../../../templates/access-review.js");

/// How many texts of a list are shown.
const SHOWN: usize = 40;

/// Writes the review as a page.
pub fn to_html(review: &Review, about: About<'_>) -> String {
    let mut page = Page { out: String::new(), expand: about.expand, told: BTreeMap::new() };
    page.head(review, about);
    page.first(review);
    page.unread(review);
    page.tools();
    let sections = [("Groups", &review.groups), ("Users", &review.users), ("Roles", &review.roles)];
    let mut number = 0_usize;
    for (title, all) in sections.into_iter().filter(|(_, all)| !all.is_empty()) {
        page.add(&format!("<section class=\"kind\"><h2>{title}</h2>\n"));
        for one in all {
            number += 1;
            page.one(one, number);
        }
        page.add("</section>\n");
    }
    page.add(&format!(
        "</main>\n<footer>{} Wildcards stand for {}.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        html(NOT_LOOKED_AT),
        list_of_actions()
    ));
    page.out
}

/// The hash by which the page allows its own style and script and no other.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// Writes a sentence, what stands between backticks as code.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in html(text).split('`').enumerate() {
        match at {
            0 => {}
            odd if odd % 2 == 1 => out.push_str("<code>"),
            _ => out.push_str("</code>"),
        }
        out.push_str(part);
    }
    if text.matches('`').count() % 2 == 1 {
        out.push_str("</code>");
    }
    out
}

struct Page {
    out: String,
    expand: bool,
    /// Permissions that were told, and where.
    told: BTreeMap<String, (usize, String)>,
}

impl Page {
    fn add(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn head(&mut self, review: &Review, about: About<'_>) {
        let Review { account, taken_at, .. } = review;
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        let (account, target, time) = (html(account), html(about.target), time(*taken_at));
        let _ = writeln!(
            self.out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>Access review of account {account}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <header><h1>Access review</h1>\n\
             <p class=\"soft\">Account <b>{account}</b> ({target}), read {time}</p>"
        );
        for why in unread_uses(review) {
            let _ = writeln!(
                self.out,
                "<p class=\"soft\">When they were last used is not known everywhere: {}</p>",
                html(why)
            );
        }
        let Figures { administrators, climbing, others } = Figures::of(review);
        let tone = |number: usize, tone: &'static str| if number == 0 { "good" } else { tone };
        let plain = |number: usize, one: &str, many: &str| {
            (number, if number == 1 { one } else { many }.to_owned(), "")
        };
        self.add("<div class=\"figures\">");
        for (number, what, tone) in [
            plain(review.users.len(), "user", "users"),
            plain(review.groups.len(), "group", "groups"),
            plain(review.roles.len(), "role", "roles"),
            (administrators, "may do everything".to_owned(), tone(administrators, "warn")),
            (climbing, "can come to everything".to_owned(), tone(climbing, "bad")),
            (others, "have another way to more".to_owned(), tone(others, "warn")),
        ] {
            let _ = write!(self.out, "<div class=\"figure {tone}\"><b>{number}</b><span>{what}</span></div>");
        }
        self.add("</div>\n<div class=\"key\">");
        for level in Level::ALL {
            let _ = write!(self.out, "<span><i class=\"{}\"></i>{}</span>", class(level), level.name());
        }
        self.add("</div></header>\n<main>\n");
    }

    fn tools(&mut self) {
        self.add(
            "<div class=\"tools\" id=\"tools\" hidden>\
             <input id=\"filter\" type=\"search\" placeholder=\"Filter: a name, an action, a policy\" aria-label=\"Filter\">\
             <select id=\"which\" aria-label=\"Which\"><option value=\"all\">Everybody</option>\
             <option value=\"administrator\">Administrators</option><option value=\"way\">With a way to more</option>\
             <option value=\"unread\">Not fully read</option><option value=\"nothing\">Without permissions</option></select>\
             <button id=\"open\" type=\"button\">Open all</button><span class=\"soft\" id=\"shown\"></span></div>\n",
        );
    }

    /// Who is to be looked at first, with links.
    fn first(&mut self, review: &Review) {
        let link = |number: usize, one: &Reviewed| {
            format!("<a href=\"#p{}\">{} {}</a>", number + 1, one.kind.name(), html(&one.name))
        };
        let mut rows = Vec::new();
        for (number, one) in review.everybody().enumerate() {
            if let Some(what) = administrator(one) {
                rows.push((0, link(number, one), format!("may do {what}")));
            } else if let Some(found) = ranked(one).first() {
                let rank = if found.leads == Leads::Yes { 1 } else { 2 };
                rows.push((
                    rank,
                    link(number, one),
                    format!("can {}: leads {}", found.path.title, leads(found)),
                ));
            }
        }
        if rows.is_empty() {
            self.add("<p>No administrators, and nobody has a way to more permissions.</p>\n");
            return;
        }
        rows.sort_by_key(|(rank, ..)| *rank);
        self.add("<h2>To be looked at first</h2>\n<div class=\"scroll\"><table><tbody>\n");
        for (rank, who, what) in rows {
            let (tone, word) = match rank {
                0 => ("bad", "administrator"),
                1 => ("bad", "can become administrator"),
                _ => ("warn", "way to more"),
            };
            let _ = writeln!(
                self.out,
                "<tr><td>{who}</td><td><span class=\"badge {tone}\">{word}</span></td><td>{}</td></tr>",
                html(&what)
            );
        }
        self.add("</tbody></table></div>\n");
    }

    fn unread(&mut self, review: &Review) {
        let all = review.unread();
        if all.is_empty() {
            return;
        }
        self.add("<h2>Not read</h2>\n<p>With these the permissions may be more or fewer.</p>\n<ul>");
        for why in all {
            let _ = write!(self.out, "<li>{}</li>", marked(why));
        }
        self.add("</ul>\n");
    }

    fn one(&mut self, one: &Reviewed, number: usize) {
        let mut badges = Vec::new();
        let mut marks = Vec::new();
        if let Some(what) = administrator(one) {
            badges.push((
                "bad",
                if matches!(one.administrator, Administrator::Yes { .. }) {
                    "administrator"
                } else {
                    "administrator under conditions"
                }
                .to_owned(),
                what,
            ));
            marks.push("administrator");
        }
        if !one.paths.is_empty() {
            let worst = one.paths.iter().map(|found| found.leads).max();
            let tone = if worst == Some(Leads::Yes) { "bad" } else { "warn" };
            badges.push((tone, count(one.paths.len(), "way to more", "ways to more"), String::new()));
            marks.push("way");
        }
        if !one.unread.is_empty() {
            badges.push(("warn", "not fully read".to_owned(), String::new()));
            marks.push("unread");
        }
        let is_nothing = one.grants.is_empty() && one.unread.is_empty();
        if is_nothing {
            badges.push(("plain", "no permissions".to_owned(), String::new()));
            marks.push("nothing");
        }
        let is_open = if matches!(marks.first(), Some(&("administrator" | "way"))) { " open" } else { "" };
        let _ = write!(
            self.out,
            "<details class=\"one\" id=\"p{number}\" data-marks=\"{}\"{is_open}><summary><span class=\"name\">{}</span>",
            marks.join(" "),
            html(&one.name)
        );
        for (tone, text, title) in badges {
            let _ = write!(
                self.out,
                "<span class=\"badge {tone}\" title=\"{}\">{}</span>",
                html(&title),
                html(&text)
            );
        }
        let _ = write!(self.out, "<span class=\"soft\">{}</span>", html(&short(one)));
        match last_use(&one.last_use) {
            text if text.is_empty() => {}
            text => {
                let _ = write!(self.out, "<span class=\"when\">last used: {}</span>", html(&text));
            }
        }
        self.add("</summary><div class=\"inner\">\n");
        let _ = writeln!(self.out, "<p class=\"mono soft\">{}</p>", html(&one.arn));
        for line in facts(one) {
            let _ = writeln!(self.out, "<p>{}</p>", html(&line));
        }
        self.ways(one);
        let block = self.block(one);
        match self.told.get(&block) {
            Some((other, name)) if block.len() > 2000 => {
                let link = format!("<p>The same permissions as <a href=\"#p{other}\">{name}</a>.</p>\n");
                self.add(&link);
            }
            _ => {
                self.add(&block);
                self.told.insert(block, (number, html(&one.name)));
            }
        }
        self.add("</div></details>\n");
    }

    fn ways(&mut self, one: &Reviewed) {
        if one.paths.is_empty() {
            return;
        }
        self.add("<h3>Ways to more permissions</h3>\n");
        for found in ranked(one) {
            let tone = if found.leads == Leads::Yes { " bad" } else { "" };
            let when = if found.under_condition { ", under a condition" } else { "" };
            let _ = write!(
                self.out,
                "<div class=\"way{tone}\"><b>{}</b> <code>{}</code>: leads {}{when}<br>{}",
                html(found.path.title),
                found.path.id,
                leads(found),
                html(found.path.explanation)
            );
            if !found.targets.is_empty() {
                let more = if found.has_more { " and more" } else { "" };
                let _ = write!(self.out, ": {}{more}", marked(&found.targets.join(", ")));
            }
            self.add("<ul>");
            for (actions, by) in steps(found) {
                let _ = write!(self.out, "<li><code>{}</code> by {}</li>", actions.join(", "), marked(&by));
            }
            self.add("</ul></div>\n");
        }
    }

    /// What somebody may do, and by which statements.
    fn block(&self, one: &Reviewed) -> String {
        let mut out = String::new();
        let summary = one.summary();
        let (wholes, services) = summary.grouped();
        let unknown = &summary.unknown;
        for whole in &wholes {
            let names: Vec<String> = whole.services.iter().map(|&name| name.to_owned()).collect();
            if whole.is_all() {
                // Of an administrator it is said above.
                if !one.administrator.is() {
                    let _ = writeln!(out, "<p>Everything {}.</p>", whole.manner);
                }
                continue;
            }
            let _ = writeln!(
                out,
                "<h3>Everything of {} {}</h3>\n<p><code>{}</code></p>",
                count(names.len(), "service", "services"),
                whole.manner,
                html(&some(&names, SHOWN))
            );
        }
        if !services.is_empty() {
            out.push_str("<h3>Services</h3>\n<div class=\"scroll\"><table><tbody>\n");
            for service in services {
                let _ = writeln!(
                    out,
                    "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                    html(service.service),
                    bar(service),
                    html(&service.sentence())
                );
            }
            out.push_str("</tbody></table></div>\n");
        }
        if !unknown.is_empty() {
            let names: Vec<String> = unknown.iter().map(ToString::to_string).collect();
            let _ = writeln!(
                out,
                "<h3>Not in the list of actions</h3>\n<p><code>{}</code></p>",
                html(&names.join(", "))
            );
        }
        if !one.grants.is_empty() {
            out.push_str(
                "<h3>By which statements</h3>\n<div class=\"scroll\"><table><thead><tr><th>Policy</th><th>Actions</th>\
                 <th>Resources</th><th>Conditions and limits</th></tr></thead><tbody>\n",
            );
            for grant in &one.grants {
                self.grant(grant, &mut out);
            }
            out.push_str("</tbody></table></div>\n");
        }
        for (title, texts) in [("Without effect", &one.without_effect), ("Not read", &one.unread)] {
            if !texts.is_empty() {
                let _ = write!(out, "<h3>{title}</h3>\n<ul>");
                for text in texts {
                    let _ = write!(out, "<li>{}</li>", marked(text));
                }
                out.push_str("</ul>\n");
            }
        }
        out
    }

    fn grant(&self, grant: &Grant, out: &mut String) {
        let names: Vec<String> = if self.expand {
            expanded(grant)
        } else {
            grant.patterns.iter().map(|pattern| pattern.text.to_string()).collect()
        };
        let shown = if self.expand { names.len() } else { SHOWN };
        let group =
            grant.group.as_ref().map_or_else(String::new, |group| format!(" through group `{group}`"));
        let wants = grant.conditions.iter().map(|condition| format!("when {condition}"));
        let limits: Vec<String> =
            wants.chain(grant.limits.iter().cloned()).map(|text| marked(&text)).collect();
        let _ = writeln!(
            out,
            "<tr><td>{}{}</td><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>",
            marked(&grant.place()),
            marked(&group),
            html(&some(&names, shown)),
            html(&some(&grant.resources, SHOWN)),
            limits.join("<br>")
        );
    }
}

/// A few words for the line that is always seen.
fn short(one: &Reviewed) -> String {
    match one.kind {
        Kind::Group => count(one.together.len(), "member", "members"),
        Kind::User => together(one),
        Kind::Role => String::new(),
    }
}

fn facts(one: &Reviewed) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(administrator(one).map(|what| format!("May do {what}.")));
    if one.kind == Kind::Group {
        all.push(format!("{}.", together(one)));
    }
    if one.kind == Kind::Role {
        let whom = if one.trusted.is_empty() { "nobody".to_owned() } else { one.trusted.join("; ") };
        all.push(format!("Lets in {whom}."));
    }
    all.extend(one.boundary.as_ref().map(|arn| format!("Permissions boundary: {}.", bare_name(arn))));
    all
}

const fn class(level: Level) -> &'static str {
    match level {
        Level::List => "list",
        Level::Read => "read",
        Level::Write => "write",
        Level::PermissionsManagement => "permissions",
        Level::Tagging => "tagging",
    }
}

/// Draws how much of a service somebody has, level by level.
fn bar(service: &OfService) -> String {
    let mut out = String::from(
        "<svg class=\"bar\" viewBox=\"0 0 1000 9\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
    );
    let mut done = 0_usize;
    let place = |count: usize| count * 1000 / service.of.max(1);
    for (level, count) in &service.levels {
        let (from, to) = (place(done), place(done + count));
        // One action of many can still be seen.
        let width = to.saturating_sub(from).max(12);
        let _ =
            write!(out, "<rect class=\"{}\" x=\"{from}\" width=\"{width}\" height=\"9\"/>", class(*level));
        done += count;
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::hostile;
    use super::*;

    #[test]
    fn the_page_is_complete_and_runs_nothing_of_others() {
        let about = About { target: "sandbox", expand: false };
        let page = to_html(&hostile(), about);
        assert_eq!(page, to_html(&hostile(), about), "the same account gives the same bytes");
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("alert(1)</script>") && page.contains("&lt;script&gt;alert(1)"));
        for word in ["http://", "https://", "src=", "@import", "url(", "style=", " onclick"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(!page.contains(['\u{1b}', '\u{202e}']));
        assert!(page.contains(&format!("script-src {}", hash(SCRIPT))));
    }

    #[test]
    fn what_has_to_be_looked_at_is_open() {
        let page = to_html(&hostile(), About { target: "sandbox", expand: false });
        let card = |name: &str| {
            let at = page.find(&format!("<span class=\"name\">{name}</span>")).unwrap();
            let start = page[..at].rfind("<details").unwrap();
            page[start..at].to_owned()
        };
        assert!(card("User1").contains("data-marks=\"administrator\" open"), "{}", card("User1"));
        assert!(card("User2").contains("data-marks=\"way\" open"), "{}", card("User2"));
        assert!(card("Bound").contains("data-marks=\"nothing\">"), "{}", card("Bound"));
    }
}
