//! Text for people: on a terminal, in a log, in an e-mail.

use std::collections::BTreeMap;

use crate::audit::finding::{Audit, Change, ExceptionState, Finding, Judged};
use crate::audit::verdict::Status;
use crate::ui::Tone;

use super::escape::{cut, plain};
use super::group::{Group, groups, worst_first};
use super::words;
use super::wrap::wrap;

/// The width that lines are broken at.
const WIDTH: usize = 100;
/// How many findings of one control are listed.
const LISTED: usize = 20;
/// With more findings of one control that say the same, the sentence stands once and the names after it.
const ALIKE: usize = 5;
/// How many names stand after it.
const NAMED: usize = 60;
/// How many failures of one exception are listed.
const HIDDEN: usize = 8;
/// The widest column of names.
const NAME: usize = 40;

/// How a piece of text is coloured.
type Paint<'a> = &'a dyn Fn(Tone, &str) -> String;

pub(super) fn render(audit: &Audit) -> String {
    render_with(audit, &|_, text| text.to_owned())
}

/// Writes an audit as text, coloured by `paint`.
pub fn render_with(audit: &Audit, paint: &dyn Fn(Tone, &str) -> String) -> String {
    let mut text = Text { out: String::new(), paint, remedies: BTreeMap::new() };
    text.head(audit);
    text.summary(audit);
    let all: Vec<(&Judged, Vec<Group<'_>>)> =
        audit.benchmarks.iter().map(|judged| (judged, groups(audit, judged.id))).collect();
    let mut told: Vec<Group<'_>> = Vec::new();
    for (judged, groups) in &all {
        text.benchmark(judged, groups, &told);
        told.extend(worst_first(groups, Status::Fail));
    }
    text.unread(audit);
    text.exceptions(audit);
    text.fixed(audit);
    text.remarks(audit);
    text.out
}

/// Names a status in one word.
const fn word(status: Status) -> &'static str {
    match status {
        Status::NotApplicable => "N/A",
        other => other.word(),
    }
}

const fn tone(status: Status) -> Tone {
    match status {
        Status::Pass => Tone::Good,
        Status::Fail => Tone::Bad,
        Status::Unknown | Status::Exempt => Tone::Change,
        Status::Manual | Status::NotApplicable => Tone::Dim,
    }
}

struct Text<'a> {
    out: String,
    paint: Paint<'a>,
    /// What to do, as far as this benchmark has told it, and at which control.
    remedies: BTreeMap<String, &'static str>,
}

impl Text<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn painted(&self, tone: Tone, text: &str) -> String {
        (self.paint)(tone, text)
    }

    /// Writes a text broken at the width, after `first` on the first line and `indent` blanks on the others.
    fn wrapped(&mut self, first: &str, indent: usize, text: &str) {
        self.toned(first, indent, None, text);
    }

    fn toned(&mut self, first: &str, indent: usize, tone: Option<Tone>, text: &str) {
        let mut lead = format!("{first:indent$}");
        for piece in wrap(text, WIDTH.saturating_sub(indent)) {
            let piece = tone.map_or_else(|| piece.clone(), |tone| self.painted(tone, &piece));
            self.line(&format!("{lead}{piece}"));
            lead = " ".repeat(indent);
        }
    }

    fn heading(&mut self, text: &str) {
        let heading = self.painted(Tone::Strong, text);
        self.out.push('\n');
        self.line(&heading);
    }

    fn head(&mut self, audit: &Audit) {
        let title = format!("Audit of account {}", plain(&audit.account));
        let title = self.painted(Tone::Strong, &title);
        self.line(&format!("{title} ({}), as of {}", plain(&audit.target), words::time(audit.as_of)));
        let requests = audit.api_calls.map(|calls| {
            let number = usize::try_from(calls.read + calls.write).unwrap_or(usize::MAX);
            format!(" with {}", words::count(number, "request", "requests"))
        });
        let read = format!(
            "The account was read {}{}.",
            words::time(audit.collected_at),
            requests.unwrap_or_default()
        );
        self.toned("", 0, Some(Tone::Dim), &read);
        if let Some(age) = words::report_age(audit) {
            self.toned("", 0, Some(Tone::Dim), &words::sentence(&age));
        }
        self.out.push('\n');
    }

    fn summary(&mut self, audit: &Audit) {
        let wide = audit.benchmarks.iter().map(|judged| judged.id.len()).max().unwrap_or_default();
        let header = format!(
            "{:wide$}            score  coverage   pass   fail  unknown  manual    n/a  exempt",
            "Summary"
        );
        let header = self.painted(Tone::Strong, &header);
        self.line(&header);
        for judged in &audit.benchmarks {
            for (id, what, summary) in
                [(judged.id, "controls", &judged.controls), ("", "findings", &judged.summary)]
            {
                let share = |whole: usize, share: f64| {
                    if whole == 0 { "–".to_owned() } else { words::percent(share) }
                };
                let mut row = format!(
                    "{id:wide$}  {what}  {:>5}     {:>5}",
                    share(summary.pass + summary.fail, summary.score),
                    share(Status::ALL.iter().map(|status| summary.count(*status)).sum(), summary.coverage),
                );
                let columns = [
                    (Status::Pass, 7),
                    (Status::Fail, 7),
                    (Status::Unknown, 9),
                    (Status::Manual, 8),
                    (Status::NotApplicable, 7),
                    (Status::Exempt, 8),
                ];
                for (status, width) in columns {
                    let number = summary.count(status);
                    let padded = format!("{number:>width$}");
                    let loud = number > 0 && !matches!(status, Status::Manual | Status::NotApplicable);
                    row.push_str(&if loud { self.painted(tone(status), &padded) } else { padded });
                }
                self.line(&row);
            }
        }
        self.toned(
            "",
            0,
            Some(Tone::Dim),
            "Score: what passes of what passes or fails. Coverage: what was decided of all. A control stands as its \
             worst finding does.",
        );
        let (new, unchanged) = words::changes(audit);
        if new + unchanged + audit.fixed.len() > 0 {
            let line = format!(
                "Against the baseline: {new} new, {unchanged} unchanged, {} fixed.",
                audit.fixed.len()
            );
            self.line(&line);
        }
    }

    fn benchmark(&mut self, judged: &Judged, groups: &[Group<'_>], told: &[Group<'_>]) {
        self.remedies.clear();
        let title = format!("{} ({})", judged.title, judged.id);
        self.heading(&title);
        self.line(&"─".repeat(title.chars().count()));
        for status in [Status::Fail, Status::Unknown] {
            for group in worst_first(groups, status) {
                self.out.push('\n');
                let earlier = told.iter().find(|earlier| earlier.says_the_same(&group, status));
                self.control(&group, status, earlier.filter(|_| status == Status::Fail));
            }
        }
        self.overview(groups);
        self.attested(groups);
    }

    /// One control with the findings that stand so.
    fn control(&mut self, group: &Group<'_>, status: Status, earlier: Option<&Group<'_>>) {
        let found = group.with(status).count();
        let mark = format!("{:<8}", word(status));
        let number = format!("{:<6}", group.first.control);
        let first = format!("{}{}", self.painted(tone(status), &mark), self.painted(Tone::Strong, &number));
        // Colours have no width: the text is broken as if they were not there.
        let indent = mark.len() + number.len();
        for (at, piece) in wrap(group.first.title, WIDTH - indent).iter().enumerate() {
            let lead = if at == 0 { first.clone() } else { " ".repeat(indent) };
            let piece = self.painted(Tone::Strong, piece);
            self.line(&format!("{lead}{piece}"));
        }
        let severity = group.with(status).map(|finding| finding.severity).max().unwrap_or(group.severity);
        let mut facts = severity.word().to_owned();
        if group.findings.len() > 1 {
            facts = format!("{facts} · {found} of {}", group.findings.len());
        }
        if group.count_new() > 0 && status == Status::Fail {
            facts = format!("{facts} · {} new", group.count_new());
        }
        self.toned("", indent, Some(Tone::Dim), &facts);
        if let Some(earlier) = earlier {
            let same = format!("the same as {} of {}, above", earlier.first.control, earlier.first.benchmark);
            self.wrapped("", indent, &same);
            return;
        }
        let remedy = group.remedy(status).filter(|_| status == Status::Fail);
        let alike = group.with(status).all(|finding| {
            finding.message == group.with(status).next().map_or("", |first| first.message.as_str())
        });
        if alike && found > ALIKE && (remedy.is_some() || status != Status::Fail) {
            self.names(group, status, indent);
        } else {
            self.sentences(group, status, remedy.is_none(), indent);
        }
        let Some(remedy) = remedy else { return };
        let lead = format!("{:indent$}fix: ", "");
        if let Some(control) = self.remedies.get(remedy.as_ref()).copied() {
            self.wrapped(&lead, indent + 5, &format!("as for {control}"));
        } else {
            self.wrapped(&lead, indent + 5, &plain(&remedy));
            self.remedies.insert(remedy.into_owned(), group.first.control);
        }
    }

    /// The findings, with a sentence each.
    fn sentences(&mut self, group: &Group<'_>, status: Status, own_remedies: bool, indent: usize) {
        let shown: Vec<&Finding> = group.with(status).take(LISTED).collect();
        let wide =
            shown.iter().map(|finding| name(finding).chars().count()).max().unwrap_or_default().min(NAME);
        for finding in shown {
            let lead = format!("{:indent$}{:wide$}  ", "", name(finding));
            self.wrapped(&lead, indent + wide + 2, &format!("{}{}", plain(&finding.message), new(finding)));
            if own_remedies && status == Status::Fail {
                let lead = format!("{:indent$}{:wide$}  fix: ", "", "");
                self.wrapped(&lead, indent + wide + 7, &plain(&finding.remediation));
            }
        }
        self.more(group.with(status).count(), LISTED, indent);
    }

    /// The names of findings that all say the same, after the sentence.
    fn names(&mut self, group: &Group<'_>, status: Status, indent: usize) {
        self.wrapped(
            "",
            indent,
            &format!("{}:", plain(group.with(status).next().map_or("", |first| &first.message))),
        );
        let names: Vec<String> = group
            .with(status)
            .take(NAMED)
            .map(|finding| format!("{}{}", name(finding), new(finding)))
            .collect();
        self.wrapped("", indent + 2, &names.join(", "));
        self.more(group.with(status).count(), NAMED, indent + 2);
    }

    fn more(&mut self, found: usize, listed: usize, indent: usize) {
        if found > listed {
            let more = format!("… and {} more; `--format csv` lists all", found - listed);
            self.toned("", indent, Some(Tone::Dim), &more);
        }
    }

    /// Every control on one line, by section.
    fn overview(&mut self, groups: &[Group<'_>]) {
        let mut section = None;
        for group in groups {
            let number = group.first.control.split('.').next().unwrap_or_default();
            if section != Some(number) {
                section = Some(number);
                self.heading(&format!("{number}  {}", group.first.section));
            }
            let status = self.painted(tone(group.status), &format!("{:<8}", word(group.status)));
            let count = match (group.status, group.findings.len()) {
                (_, 1) => String::new(),
                (Status::Fail | Status::Unknown, all) => {
                    format!("  ({} of {all})", group.with(group.status).count())
                }
                (_, all) => format!("  ({all})"),
            };
            let title = cut(group.first.title, WIDTH - 14 - count.len());
            self.line(&format!(
                "{status}{:<6}{title}{}",
                group.first.control,
                self.painted(Tone::Dim, &count)
            ));
        }
    }

    fn attested(&mut self, groups: &[Group<'_>]) {
        let answered: Vec<_> = groups
            .iter()
            .flat_map(|group| group.findings)
            .filter_map(|finding| Some((finding, finding.attestation.as_ref()?)))
            .collect();
        if answered.is_empty() {
            return;
        }
        self.heading("Answered by people");
        for (finding, attested) in answered {
            let lead = format!("{:<8}{:<6}", word(finding.status), finding.control);
            let text = format!("{}; counts until {}", plain(&finding.message), attested.expires);
            self.wrapped(&lead, 14, &text);
        }
    }

    fn unread(&mut self, audit: &Audit) {
        if audit.unread.is_empty() {
            return;
        }
        self.heading("Could not be read");
        for (part, why) in &audit.unread {
            self.wrapped("- ", 2, &format!("{}: {}", part.name(), plain(why)));
        }
        if let Some(policy) = words::missing_permissions(audit) {
            self.out.push('\n');
            self.line("Where a permission was missing, this policy gives it:");
            self.line(&policy);
        }
    }

    fn exceptions(&mut self, audit: &Audit) {
        if audit.exceptions.is_empty() {
            return;
        }
        self.heading("Exceptions");
        for exception in &audit.exceptions {
            let state = words::state(exception.state);
            let tone = match exception.state {
                ExceptionState::Used | ExceptionState::WouldHide => Tone::Change,
                ExceptionState::Expired => Tone::Bad,
                ExceptionState::Unused => Tone::Dim,
            };
            let lead = format!("{state:<14}");
            let what = format!("{} on {}", plain(&exception.control), plain(&exception.resource));
            let pieces = wrap(&what, WIDTH - lead.len());
            let lead = self.painted(tone, &lead);
            for (at, piece) in pieces.iter().enumerate() {
                let blank = " ".repeat(14);
                self.line(&format!("{}{piece}", if at == 0 { &lead } else { &blank }));
            }
            let exemption = &exception.exemption;
            self.wrapped("", 14, &format!("why: {}", plain(&exemption.reason)));
            let answers =
                format!("{} answers for it until {}", plain(&exemption.approver), exemption.expires);
            self.wrapped("", 14, &answers);
            if !exception.hides.is_empty() {
                let listed: Vec<_> = exception.hides.iter().take(HIDDEN).map(|text| plain(text)).collect();
                let more = exception.hides.len().saturating_sub(HIDDEN);
                let more = if more > 0 { format!(" … and {more} more") } else { String::new() };
                let verb = match exception.state {
                    ExceptionState::Expired => "hid",
                    ExceptionState::WouldHide => "would hide",
                    ExceptionState::Used | ExceptionState::Unused => "hides",
                };
                self.wrapped("", 14, &format!("{verb}: {}{more}", listed.join(", ")));
            }
        }
    }

    fn fixed(&mut self, audit: &Audit) {
        if audit.fixed.is_empty() {
            return;
        }
        self.heading("Fixed since the baseline");
        for fixed in audit.fixed.iter().take(LISTED) {
            let credential =
                fixed.credential.as_deref().map(|text| format!(" ({})", plain(text))).unwrap_or_default();
            let line = format!(
                "{} {}: {}{credential}",
                plain(&fixed.benchmark),
                plain(&fixed.control),
                plain(&fixed.name)
            );
            self.wrapped("- ", 2, &line);
        }
        if audit.fixed.len() > LISTED {
            self.line(&format!("… and {} more", audit.fixed.len() - LISTED));
        }
    }

    fn remarks(&mut self, audit: &Audit) {
        if audit.remarks.is_empty() {
            return;
        }
        self.heading("Remarks");
        for remark in &audit.remarks {
            self.wrapped("- ", 2, &plain(remark));
        }
    }
}

/// Marks what the baseline does not know.
const fn new(finding: &Finding) -> &'static str {
    match finding.change {
        Some(Change::New) => " [new]",
        Some(Change::Unchanged) | None => "",
    }
}

fn name(finding: &Finding) -> String {
    cut(&plain(&words::subject(finding)), NAME).into_owned()
}
