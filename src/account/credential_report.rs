//! [`CredentialReport`]: IAM's list of every user and the state of its credentials, as a table of texts with typed
//! readings.
//!
//! Columns are found by name, in any order: AWS has added one (`additional_credentials_info`) and documents do not
//! agree on all of them. What a cell says is kept as it was written, so that a verdict can show it.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// The name of the root user's row.
pub const ROOT: &str = "<root_account>";

/// The largest report that is read, in bytes: 5,000 users make about two million.
const LIMIT: usize = 16 << 20;

/// The most columns that are read. AWS has 23.
const COLUMNS: usize = 64;

/// The report of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialReport {
    /// When IAM made it; `None` for a file that somebody downloaded, which does not tell.
    pub generated: Option<Timestamp>,
    /// The table as IAM wrote it.
    csv: String,
    /// The rows, in the report's order.
    #[serde(skip)]
    rows: Vec<Row>,
}

/// One row: a user, or root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    columns: Arc<BTreeMap<String, usize>>,
    cells: Vec<String>,
}

/// What a column of `true` and `false` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag<'a> {
    /// `true`.
    True,
    /// `false`.
    False,
    /// `N/A`: there is nothing that could be on or off.
    NotApplicable,
    /// `not_supported`: the report does not tell it for this row.
    NotSupported,
    /// There is no such column, or it holds something else.
    Unreadable(Option<&'a str>),
}

/// What a column of dates says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When<'a> {
    /// A date.
    At(Timestamp),
    /// `N/A`: there is nothing that could have a date.
    NotApplicable,
    /// `no_information`: never, or not since IAM keeps track (October 2014).
    NoInformation,
    /// `not_supported`: the report does not tell it for this row.
    NotSupported,
    /// There is no such column, or it holds something else.
    Unreadable(Option<&'a str>),
}

/// The most rows that are read. An account has 5,000 users at most.
const ROWS: usize = 50_000;

/// A text that is no credential report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a credential report: {0}")]
pub struct NotAReport(String);

impl CredentialReport {
    /// Reads a report. A byte-order mark, either kind of line end and semicolons for commas are taken, as
    /// spreadsheets write them.
    pub fn parse(csv: &str, generated: Option<Timestamp>) -> Result<Self, NotAReport> {
        if csv.len() > LIMIT {
            return Err(NotAReport(format!("it is larger than {} MiB", LIMIT >> 20)));
        }
        let text = csv.strip_prefix('\u{feff}').unwrap_or(csv);
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.flexible(true).delimiter(delimiter(text)).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| NotAReport(error.to_string()))?;
        if header.len() > COLUMNS {
            return Err(NotAReport(format!("it has more than {COLUMNS} columns")));
        }
        let mut columns = BTreeMap::new();
        for (index, name) in header.iter().enumerate() {
            if columns.insert(name.trim().to_owned(), index).is_some() {
                return Err(NotAReport(format!("it has two columns `{}`", name.trim())));
            }
        }
        for needed in ["user", "arn"] {
            if !columns.contains_key(needed) {
                return Err(NotAReport(format!("it has no column `{needed}`")));
            }
        }
        let columns = Arc::new(columns);
        let rows = reader.records().enumerate().map(|(count, record)| {
            if count >= ROWS {
                return Err(NotAReport(format!("it has more than {ROWS} rows")));
            }
            let record = record.map_err(|error| NotAReport(error.to_string()))?;
            // Spreadsheets end rows with empty cells. More than that has slipped: no cell is under its heading.
            if record.iter().skip(columns.len()).any(|cell| !cell.trim().is_empty()) {
                return Err(NotAReport(format!("row {} has more cells than there are columns", count + 1)));
            }
            let cells = record.iter().take(columns.len()).map(str::to_owned).collect();
            Ok(Row { columns: Arc::clone(&columns), cells })
        });
        let rows: Vec<Row> = rows.collect::<Result<_, NotAReport>>()?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = rows.iter().find(|row| !seen.insert(row.user())) {
            let name: String = twice.user().chars().filter(|c| !c.is_control()).take(64).collect();
            return Err(NotAReport(format!("it has two rows of `{name}`")));
        }
        Ok(Self { generated, csv: csv.to_owned(), rows })
    }

    /// Returns all rows, in the report's order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the row of the root user.
    pub fn root(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.is_root())
    }

    /// Returns the rows of users, without root.
    pub fn users(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.is_root())
    }

    /// Returns the table as IAM wrote it.
    pub fn csv(&self) -> &str {
        &self.csv
    }
}

/// Tells what stands between the cells. Spreadsheets of some languages write semicolons; no column's name has one.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    if header.contains(';') && !header.contains(',') { b';' } else { b',' }
}

impl<'de> Deserialize<'de> for CredentialReport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            generated: Option<Timestamp>,
            csv: String,
        }
        let written = Written::deserialize(deserializer)?;
        Self::parse(&written.csv, written.generated).map_err(serde::de::Error::custom)
    }
}

impl Row {
    /// Returns what the report says in a column; `None` when there is no such column, or the row ends before it.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.columns.get(column).and_then(|&index| self.cells.get(index)).map(String::as_str)
    }

    /// Returns the user's name; root's is [`ROOT`].
    pub fn user(&self) -> &str {
        self.get("user").unwrap_or_default()
    }

    /// Returns the user's ARN.
    pub fn arn(&self) -> &str {
        self.get("arn").unwrap_or_default()
    }

    /// Tells whether it is the root user's row. No IAM user can be called so: their names have no `<`.
    pub fn is_root(&self) -> bool {
        self.user() == ROOT
    }

    /// Reads a column of `true` and `false`. The guide writes them in capitals, the API in small letters.
    pub fn flag(&self, column: &str) -> Flag<'_> {
        match self.get(column) {
            Some(text) if text.eq_ignore_ascii_case("true") => Flag::True,
            Some(text) if text.eq_ignore_ascii_case("false") => Flag::False,
            Some(text) if text.eq_ignore_ascii_case("N/A") => Flag::NotApplicable,
            Some(text) if text.eq_ignore_ascii_case("not_supported") => Flag::NotSupported,
            other => Flag::Unreadable(other),
        }
    }

    /// Reads a column of dates, in either of the forms that reports have (`…Z`, `…+00:00`).
    pub fn when(&self, column: &str) -> When<'_> {
        match self.get(column) {
            Some(text) if text.eq_ignore_ascii_case("N/A") => When::NotApplicable,
            Some(text) if text.eq_ignore_ascii_case("no_information") => When::NoInformation,
            Some(text) if text.eq_ignore_ascii_case("not_supported") => When::NotSupported,
            Some(text) => moment(text).map_or(When::Unreadable(Some(text)), When::At),
            None => When::Unreadable(None),
        }
    }
}

/// Reads the date and time of RFC 3339, to the second, in the years 1000 to 2999: `2026-01-02T03:04:05+00:00`, `…Z`.
///
/// ISO 8601 has many more forms. What reads a cell otherwise than the function of the lab does would judge it
/// otherwise, so that both read this one form (`parse_time` in `templates/auditor/cells.py`), and a test compares them.
fn moment(text: &str) -> Option<Timestamp> {
    let (day, rest) = text.split_at_checked("2026-01-02".len())?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, rest) = rest.split_at_checked("03:04:05".len())?;
    let zone = rest.strip_prefix('.').map_or(Some(rest), |fraction| {
        let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        (zone.len() < fraction.len()).then_some(zone)
    })?;
    let (sign, hours, minutes) = match zone {
        "Z" | "z" => ('+', "00", "00"),
        zone => {
            let sign = zone.chars().next().filter(|sign| "+-".contains(*sign))?;
            let (hours, minutes) = zone.get(1..)?.split_at_checked(2)?;
            (sign, hours, minutes.strip_prefix(':').unwrap_or(minutes))
        }
    };
    let is_day = matches(day, "dddd-dd-dd") && day.starts_with(['1', '2']);
    let is_time = matches(time, "dd:dd:dd") && time < "24" && !time.ends_with("60");
    let is_zone = matches(hours, "dd") && matches(minutes, "dd") && hours < "24" && minutes < "60";
    let written = format!("{day}T{time}{sign}{hours}:{minutes}");
    (is_day && is_time && is_zone).then(|| written.parse().ok()).flatten()
}

/// Tells whether a text has a shape, in which `d` is a digit and everything else is itself.
fn matches(text: &str, shape: &str) -> bool {
    let same =
        |(found, wanted): (u8, u8)| if wanted == b'd' { found.is_ascii_digit() } else { found == wanted };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let text = "\u{feff}new,mfa_active,user,arn,password_last_used\r\n\
                    x,TRUE,<root_account>,arn:aws:iam::1:root,2026-01-02T03:04:05+00:00\r\n\
                    x,false,\"a,b\",arn:aws:iam::1:user/ab,no_information";
        let report = CredentialReport::parse(text, None).unwrap();
        let root = report.root().unwrap();
        assert_eq!(root.flag("mfa_active"), Flag::True);
        assert_eq!(root.when("password_last_used"), When::At("2026-01-02T03:04:05Z".parse().unwrap()));
        let user = report.users().next().unwrap();
        assert_eq!((user.user(), user.flag("mfa_active")), ("a,b", Flag::False));
        assert_eq!(user.when("password_last_used"), When::NoInformation);
        assert_eq!(user.when("access_key_1_last_rotated"), When::Unreadable(None));
    }

    #[test]
    fn a_date_has_one_form() {
        let noon = "2026-02-20T12:00:00Z".parse().unwrap();
        for text in [
            "2026-02-20T12:00:00Z",
            "2026-02-20t12:00:00z",
            "2026-02-20 12:00:00+00:00",
            "2026-02-20T12:00:00.999999999999Z",
            "2026-02-20T14:00:00+0200",
            "2026-02-20T00:30:00-11:30",
            "2026-02-20T12:00:00-00:00",
        ] {
            assert_eq!(moment(text), Some(noon), "{text}");
        }
        for text in [
            "2026-02-20T12:00Z",
            "20260220T120000Z",
            "2026-02-20T12:00:60Z",
            "2026-02-20T12:00:00+00",
            "2026-02-20T12:00:00Z[UTC]",
            "2026-02-20T12:00:00+00:00[UTC]",
            "2026-02-20T12:00:00",
            "2026-02-20T12:00:00.Z",
            "2026-02-20T12:00:00,5Z",
            "2026-02-20T24:00:00Z",
            "2026-02-20T12:00:00+24:00",
            "2026-02-20T12:00:00+00:60",
            "2026-02-30T12:00:00Z",
            "0026-02-20T12:00:00Z",
            "9999-12-31T23:59:59Z",
            "+002026-02-20T12:00:00Z",
            "2026-02-20T12:00:00Z ",
            "2026-02-20T12:00:00é",
            "",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn a_short_row_and_a_strange_cell_are_told() {
        let report =
            CredentialReport::parse("user,arn,mfa_active,user_creation_time\nu,a,maybe", None).unwrap();
        let user = &report.rows()[0];
        assert_eq!(user.flag("mfa_active"), Flag::Unreadable(Some("maybe")));
        assert_eq!(user.when("user_creation_time"), When::Unreadable(None));
    }

    #[test]
    fn a_spreadsheet_may_have_saved_it_with_semicolons() {
        let text = "\u{feff}user;arn;mfa_active\r\n\"a,b\";arn:aws:iam::1:user/a,b;TRUE\r\n";
        let report = CredentialReport::parse(text, None).unwrap();
        assert_eq!((report.rows()[0].user(), report.rows()[0].flag("mfa_active")), ("a,b", Flag::True));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        assert!(CredentialReport::parse("name,arn\nx,y", None).unwrap_err().to_string().contains("`user`"));
        assert!(CredentialReport::parse("user,arn,user\n", None).is_err());
        assert!(CredentialReport::parse("", None).is_err());
        let twice = CredentialReport::parse("user,arn\nu,a\nv,b\nu,a\n", None).unwrap_err();
        assert_eq!(twice.to_string(), "not a credential report: it has two rows of `u`");
        let long = "user,arn\n".to_owned() + &"u,a\n".repeat(ROWS + 1);
        assert!(CredentialReport::parse(&long, None).unwrap_err().to_string().contains("50000 rows"));
        let wide = ",c".repeat(COLUMNS);
        let error = CredentialReport::parse(&format!("user,arn{wide}\n"), None).unwrap_err();
        assert!(error.to_string().contains("more than 64 columns"), "{error}");
    }

    #[test]
    fn it_survives_a_file() {
        let report =
            CredentialReport::parse("user,arn\nu,a\n", Some("2026-01-02T03:04:05Z".parse().unwrap()));
        let report = report.unwrap();
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<CredentialReport>(&text).unwrap(), report);
    }
}
