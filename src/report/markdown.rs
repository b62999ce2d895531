//! Markdown (GitHub's and GitLab's) for pull requests and wikis.

use std::fmt::Write as _;

use crate::audit::finding::{Audit, Change, Finding, Judged};
use crate::audit::verdict::Status;

use super::escape::{cut, markdown, markdown_code};
use super::group::{Group, groups, worst_first};
use super::words;

/// How many findings of one control are listed: hosts cut comments that are too long.
const LISTED: usize = 50;
/// How much of a name is shown in a table.
const NAME: usize = 130;

pub(super) fn render(audit: &Audit) -> String {
    let mut out = String::new();
    head(&mut out, audit);
    let mut told = Vec::new();
    for judged in &audit.benchmarks {
        let groups = groups(audit, judged.id);
        benchmark(&mut out, judged, &groups, &told);
        told.extend(worst_first(&groups, Status::Fail));
    }
    unread(&mut out, audit);
    exceptions(&mut out, audit);
    fixed(&mut out, audit);
    if !audit.remarks.is_empty() {
        out.push_str("\n## Remarks\n\n");
        for remark in &audit.remarks {
            _ = writeln!(out, "- {}", markdown(remark));
        }
    }
    out
}

fn head(out: &mut String, audit: &Audit) {
    _ = writeln!(out, "# Audit of account {}\n", markdown(&audit.account));
    _ = writeln!(
        out,
        "As of {}; read {} from {}.",
        words::time(audit.as_of),
        words::time(audit.collected_at),
        markdown(&audit.target)
    );
    if let Some(age) = words::report_age(audit) {
        _ = writeln!(out, "\n> {}", markdown(&words::sentence(&age)));
    }
    out.push_str(
        "\n| benchmark | score | coverage | pass | fail | unknown | manual | n/a | exempt |\n\
         | :-- | --: | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for judged in &audit.benchmarks {
        let cells: Vec<String> =
            Status::ALL.iter().map(|status| judged.controls.count(*status).to_string()).collect();
        _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            markdown(judged.title),
            words::score(judged).unwrap_or_else(|| "–".to_owned()),
            words::percent(judged.controls.coverage),
            cells.join(" | ")
        );
    }
    out.push_str(
        "\nCounted in controls; a control stands as its worst finding does. Score: what passes of what passes or \
         fails. Coverage: what was decided of all.\n",
    );
    let (new, unchanged) = words::changes(audit);
    if new + unchanged + audit.fixed.len() > 0 {
        _ = writeln!(
            out,
            "\nAgainst the baseline: **{new} new**, {unchanged} unchanged, {} fixed.",
            audit.fixed.len()
        );
    }
}

fn benchmark(out: &mut String, judged: &Judged, groups: &[Group<'_>], told: &[Group<'_>]) {
    _ = writeln!(out, "\n## {}", markdown(judged.title));
    for (status, heading) in
        [(Status::Fail, "Failures"), (Status::Unknown, "Not known"), (Status::Exempt, "Exempt")]
    {
        let found = worst_first(groups, status);
        if found.is_empty() {
            continue;
        }
        _ = writeln!(out, "\n### {heading}");
        for group in found {
            let earlier = told.iter().find(|earlier| earlier.says_the_same(&group, status));
            control(out, &group, status, earlier.filter(|_| status == Status::Fail));
        }
    }
    for (status, heading) in
        [(Status::Manual, "For a person to judge"), (Status::NotApplicable, "Not applicable")]
    {
        let found: Vec<&Group<'_>> = groups.iter().filter(|group| group.status == status).collect();
        if found.is_empty() {
            continue;
        }
        _ = writeln!(out, "\n### {heading}\n");
        for group in found {
            _ = writeln!(out, "- {} {}", group.first.control, markdown(group.first.title));
        }
    }
    let passed: Vec<&str> =
        groups.iter().filter(|group| group.status == Status::Pass).map(|group| group.first.control).collect();
    if !passed.is_empty() {
        _ = writeln!(out, "\n### Passed\n\n{}", passed.join(", "));
    }
}

fn control(out: &mut String, group: &Group<'_>, status: Status, earlier: Option<&Group<'_>>) {
    let found = group.with(status).count();
    let severity = group.with(status).map(|finding| finding.severity).max().unwrap_or(group.severity);
    let all = group.findings.len();
    let share = if all > 1 { format!(" · {found} of {all}") } else { String::new() };
    _ = writeln!(
        out,
        "\n#### {} {}\n\n{}{share}\n",
        group.first.control,
        markdown(group.first.title),
        severity.word()
    );
    if let Some(earlier) = earlier {
        _ = writeln!(out, "The same as {} of {}, above.", earlier.first.control, earlier.first.benchmark);
        return;
    }
    let baseline = group.with(status).any(|finding| finding.change.is_some());
    let last = if status == Status::Exempt { "| answers for it " } else { "" };
    let columns = if baseline { "| who | what | since " } else { "| who | what " };
    _ = writeln!(out, "{columns}{last}|");
    _ = writeln!(out, "{}|", "| :-- ".repeat(columns.matches('|').count() + last.matches('|').count()));
    for finding in group.with(status).take(LISTED) {
        _ = write!(out, "| {} | {} ", who(finding), markdown(&finding.message));
        if baseline {
            let change = match finding.change {
                Some(Change::New) => "**new**",
                Some(Change::Unchanged) => "before",
                None => "",
            };
            _ = write!(out, "| {change} ");
        }
        if let Some(exemption) = finding.exemption.as_ref().filter(|_| status == Status::Exempt) {
            _ = write!(
                out,
                "| {} until {}: {} ",
                markdown(&exemption.approver),
                exemption.expires,
                markdown(&exemption.reason)
            );
        }
        out.push_str("|\n");
    }
    if found > LISTED {
        _ = writeln!(out, "\n… and {} more; `--format csv` lists all.", found - LISTED);
    }
    if status == Status::Fail {
        if let Some(remedy) = group.remedy(status) {
            _ = writeln!(out, "\n**Fix:** {}", markdown(&remedy));
        } else {
            out.push_str("\n**Fix:**\n\n");
            for finding in group.with(status).take(LISTED) {
                _ = writeln!(out, "- {}: {}", who(finding), markdown(&finding.remediation));
            }
        }
    }
}

fn who(finding: &Finding) -> String {
    let name = markdown_code(&cut(&finding.name, NAME));
    finding.credential.map_or_else(|| name.clone(), |credential| format!("{name} {}", markdown(credential)))
}

fn unread(out: &mut String, audit: &Audit) {
    if audit.unread.is_empty() {
        return;
    }
    out.push_str("\n## Could not be read\n\n");
    for (part, why) in &audit.unread {
        _ = writeln!(out, "- {}: {}", part.name(), markdown(why));
    }
    if let Some(policy) = words::missing_permissions(audit) {
        _ = writeln!(
            out,
            "\nWhere a permission was missing, this policy gives it:\n\n```json\n{policy}\n```"
        );
    }
}

fn exceptions(out: &mut String, audit: &Audit) {
    if audit.exceptions.is_empty() {
        return;
    }
    out.push_str(
        "\n## Exceptions\n\n| state | control | resource | reason | answers for it | until | failures |\n\
         | :-- | :-- | :-- | :-- | :-- | :-- | --: |\n",
    );
    for exception in &audit.exceptions {
        _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            words::state(exception.state),
            markdown(&exception.control),
            markdown_code(&exception.resource),
            markdown(&exception.exemption.reason),
            markdown(&exception.exemption.approver),
            exception.exemption.expires,
            exception.hides.len()
        );
    }
}

fn fixed(out: &mut String, audit: &Audit) {
    if audit.fixed.is_empty() {
        return;
    }
    out.push_str("\n## Fixed since the baseline\n\n");
    for fixed in audit.fixed.iter().take(LISTED) {
        _ = writeln!(
            out,
            "- {} {}: {}{}",
            markdown(&fixed.benchmark),
            markdown(&fixed.control),
            markdown_code(&cut(&fixed.name, NAME)),
            fixed.credential.as_deref().map(|text| format!(" {}", markdown(text))).unwrap_or_default()
        );
    }
    if audit.fixed.len() > LISTED {
        _ = writeln!(out, "\n… and {} more.", audit.fixed.len() - LISTED);
    }
}
