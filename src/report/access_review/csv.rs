//! The review as a table: one row per holder, action as the policy has it, and policy by which it comes.

use super::{About, administrator_word, used};
use crate::audit::access_review::{Covered, Grant, LastUse, Review, Reviewed};
use crate::policy::actions::{Level, actions};
use crate::report::escape::cell;

/// The columns. New ones are added at the end.
const COLUMNS: [&str; 22] = [
    "kind",
    "name",
    "arn",
    "administrator",
    "effect",
    "action",
    "actions",
    "access_levels",
    "resources",
    "conditions",
    "limits",
    "group",
    "policy",
    "policy_arn",
    "statement",
    "sid",
    "escalation",
    "boundary",
    "together_with",
    "password_last_used",
    "keys_last_used",
    "role_last_used",
];

/// Writes the review as CSV (RFC 4180).
pub fn to_csv(review: &Review, about: About<'_>) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for one in review.everybody() {
        for row in rows(one, about.expand) {
            writer.write_record(record(one, &row).map(|text| cell(&text).into_owned()))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What differs between the rows of one holder.
#[derive(Default)]
struct Row<'a> {
    effect: &'static str,
    action: String,
    actions: String,
    levels: String,
    grant: Option<&'a Grant>,
    /// What was not read, or why something has no effect.
    remark: String,
    escalation: String,
}

fn rows(one: &Reviewed, expand: bool) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for grant in &one.grants {
        for pattern in grant.patterns.iter() {
            if expand && pattern.is_known {
                rows.extend(pattern.actions.iter().map(|&place| row(one, grant, &alone(place))));
            } else {
                rows.push(row(one, grant, pattern));
            }
        }
    }
    let remark = |effect, text: &String| Row { effect, remark: text.clone(), ..Row::default() };
    rows.extend(one.without_effect.iter().map(|why| remark("no effect", why)));
    rows.extend(one.unread.iter().map(|why| remark("unknown", why)));
    if rows.is_empty() {
        rows.push(Row { effect: "none", ..Row::default() });
    }
    rows
}

/// One action in place of the wildcard that stands for it.
fn alone(place: usize) -> Covered {
    Covered { text: actions().name(place).into(), is_known: true, is_left: true, actions: [place].into() }
}

fn row<'a>(one: &Reviewed, grant: &'a Grant, pattern: &Covered) -> Row<'a> {
    let depends = |place: &&usize| grant.conditional.contains(**place);
    let conditional = pattern.actions.iter().filter(depends).count();
    let effect = match conditional {
        _ if !pattern.is_known && grant.conditions.is_empty() => "allowed, unknown action",
        _ if !pattern.is_known => "under condition, unknown action",
        0 => "allowed",
        some if some == pattern.actions.len() => "under condition",
        _ => "partly under condition",
    };
    let levels = Level::ALL.into_iter().filter_map(|level| {
        let count =
            pattern.actions.iter().filter(|&&place| actions().of_level(level).contains(place)).count();
        (count > 0).then(|| format!("{} {count}", level.name()))
    });
    let takes_part = |action: &str| match actions().find(action) {
        Some(place) => pattern.actions.contains(&place),
        None => pattern.text.eq_ignore_ascii_case(action),
    };
    let ways = one.paths.iter().filter(|found| found.steps.iter().any(|step| takes_part(step.action)));
    Row {
        effect,
        action: pattern.text.to_string(),
        actions: pattern.actions.len().to_string(),
        levels: levels.collect::<Vec<_>>().join("; "),
        grant: Some(grant),
        remark: String::new(),
        escalation: ways.map(|found| found.path.id).collect::<Vec<_>>().join("; "),
    }
}

fn record(one: &Reviewed, row: &Row<'_>) -> [String; COLUMNS.len()] {
    let grant = row.grant;
    let list = |of: fn(&Grant) -> &Vec<String>| grant.map(|grant| of(grant).join("; ")).unwrap_or_default();
    let limits = list(|grant| &grant.limits);
    let (password, keys, role) = match &one.last_use {
        LastUse::User { password, keys } => (used(password), used(keys), String::new()),
        LastUse::Role(role) => (String::new(), String::new(), used(role)),
        LastUse::Group => Default::default(),
    };
    let text = |text: Option<&std::sync::Arc<str>>| text.map(ToString::to_string).unwrap_or_default();
    [
        one.kind.name().to_owned(),
        one.name.clone(),
        one.arn.clone(),
        administrator_word(one.administrator).to_owned(),
        row.effect.to_owned(),
        row.action.clone(),
        row.actions.clone(),
        row.levels.clone(),
        list(|grant| &grant.resources),
        list(|grant| &grant.conditions),
        if row.remark.is_empty() { limits } else { row.remark.clone() },
        text(grant.and_then(|grant| grant.group.as_ref())),
        text(grant.map(|grant| &grant.policy)),
        text(grant.and_then(|grant| grant.policy_arn.as_ref())),
        grant.map(|grant| grant.statement.to_string()).unwrap_or_default(),
        grant.and_then(|grant| grant.sid.clone()).unwrap_or_default(),
        row.escalation.clone(),
        one.boundary.clone().unwrap_or_default(),
        one.together.join("; "),
        password,
        keys,
        role,
    ]
}

/// Lists what a grant leaves, wildcards replaced by what they stand for, each action once; what the list of actions does
/// not know as it is written.
pub(super) fn expanded(grant: &Grant) -> Vec<String> {
    let unknown =
        grant.patterns.iter().filter(|pattern| !pattern.is_known).map(|pattern| pattern.text.to_string());
    grant.actions.iter().map(|place| actions().name(place).to_owned()).chain(unknown).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOSTILE, hostile};
    use super::*;

    fn table(expand: bool) -> Vec<Vec<String>> {
        let text = to_csv(&hostile(), About { target: "sandbox", expand }).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn everybody_has_a_row_and_hostile_cells_are_neutralised() {
        let rows = table(false);
        let of = |name: &str| rows.iter().filter(|row| row[1] == name).cloned().collect::<Vec<_>>();
        let [bound] = of("Bound").try_into().unwrap_or_else(|rows| panic!("{rows:?}"));
        assert_eq!(bound[4..6], ["no effect", ""], "{bound:?}");
        let reader = of("Reader");
        assert_eq!((reader[0][3].as_str(), reader[0][4].as_str()), ("unknown", "unknown"), "{reader:?}");
        let user3 = of("User3");
        assert!(
            user3.iter().any(|row| row[5] == "iam:GetCredentialReport" && row[11] == "IAM-Auditor-Group")
        );
        assert_eq!(of(&cell(HOSTILE)).len(), 2 + 2 + 2 + 2, "group, user with its own and the group's, role");
        for text in rows.iter().flatten() {
            assert!(!text.starts_with(['=', '+', '-', '@', '\t', '\r']), "{text:?}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        }
        assert!(of("User2").iter().any(|row| row[16] == "put-user-policy"), "{:?}", of("User2"));
    }

    #[test]
    fn expanding_gives_each_action_its_row() {
        let (few, many) = (table(false), table(true));
        let of = |rows: &[Vec<String>]| rows.iter().filter(|row| row[1] == "User1").count();
        assert_eq!((of(&few), of(&many)), (2, actions().len() + 1));
    }
}
