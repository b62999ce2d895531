//! The last time that root signed in: what the event history and the credential report each know, and whether they
//! agree.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::kept::Kept;
use super::place::Window;
use crate::account::actor::ActorKind;
use crate::account::credential_report::{CredentialReport, When};
use crate::account::event::Event;
use crate::account::snapshot::Facet;

/// How far apart two dates of one sign-in can be: "When a password is used more than once in a five-minute span, only
/// the first use is returned"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html#id_credentials_understanding_the_report_format>).
const GRAIN: SignedDuration = SignedDuration::from_mins(5);

/// Why a report may know what the events do not show yet.
const LATE: &str = "an event may take some minutes to be recorded.";

/// The most failed attempts that are kept.
const MOST: usize = 20;

/// The most failed attempts that are counted.
const MOST_COUNTED: usize = 1_000_000;

/// What is known.
#[derive(Debug)]
pub struct RootLogin {
    /// The last sign-in that worked.
    pub last: Option<Event>,
    /// The failed attempts since then, or in the whole window, the newest first; no more than twenty.
    pub failed: Kept,
    /// When they were, and their ids: an event may be met twice.
    counted: BTreeSet<(Timestamp, String)>,
    is_full: bool,
    /// What the credential report says.
    pub report: ReportSays,
}

/// What the credential report says of root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportSays {
    /// It was not read, for this reason.
    NotRead(String),
    /// It was read.
    Read {
        /// When it was made; a downloaded file does not tell.
        generated: Option<Timestamp>,
        /// When the password was last used.
        password: Used,
        /// When each of root's keys was last used, and whether it is active, by its number.
        keys: Vec<(u8, bool, Used)>,
    },
}

/// When something was used, as the report says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// Then.
    At(Timestamp),
    /// Never, as far back as IAM keeps track.
    Never,
    /// The report does not tell.
    Untold,
}

/// How much was read of where sign-ins are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nothing.
    Nothing,
    /// Not all: a sign-in may be in the rest.
    Part,
    /// All that could be newer than the sign-in that was found; when none was found, all.
    All,
}

/// How the two sources stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Both know of the same sign-in.
    Same,
    /// The report was made before the sign-in.
    ReportIsOlder,
    /// The report does not show the sign-in, and nobody knows when it was made.
    ReportOfUnknownAge,
    /// The report was made after the sign-in, and does not show it.
    ReportMissesIt,
    /// The report knows of a later use.
    ReportKnowsLater,
    /// Only the report knows of one, from before the history begins.
    OnlyReportBefore,
    /// Only the report knows of one, from a time that the history should know.
    OnlyReportWithin,
    /// The report knows of one from after what was read ends.
    ReportAfter,
    /// Only the history knows: the report tells nothing.
    OnlyHistory,
    /// The history knows of none, and the report tells nothing.
    ReportUntold,
    /// Nothing was read of the history, so that nothing can be compared.
    HistoryNotRead,
    /// Not all was read of the history, so that what it lacks proves nothing.
    HistoryPartlyRead,
    /// Both were read, and neither knows of any.
    Neither,
}

impl RootLogin {
    /// Begins with what the report says.
    pub fn new(report: &Facet<CredentialReport>) -> Self {
        let (failed, counted) = (Kept::new(MOST), BTreeSet::new());
        Self { last: None, failed, counted, is_full: false, report: ReportSays::of(report) }
    }

    /// Takes an event that comes before all that were taken. Returns whether that was the last sign-in that worked.
    pub fn see_older(&mut self, event: Event) -> bool {
        if !is_of_root(&event) || self.last.is_some() {
            return false;
        }
        if event.failure.is_none() {
            self.last = Some(event);
            return true;
        }
        self.count(&event);
        self.failed.add_older(event);
        false
    }

    /// Takes an event that comes after all that were taken, or in no order.
    pub fn see_newer(&mut self, event: Event) {
        let is_old = self.last.as_ref().is_some_and(|last| event.time < last.time);
        if !is_of_root(&event) || is_old {
            return;
        }
        if event.failure.is_none() {
            self.counted.retain(|(time, _)| *time > event.time);
            self.failed.drop_until(event.time);
            self.last = Some(event);
            return;
        }
        self.count(&event);
        self.failed.add_newer(event);
    }

    fn count(&mut self, event: &Event) {
        if self.counted.len() >= MOST_COUNTED {
            self.is_full = true;
            return;
        }
        // The oldest records have no id: each is one.
        let id = if event.id.is_empty() { format!("#{}", self.counted.len()) } else { event.id.clone() };
        self.counted.insert((event.time, id));
    }

    /// Returns how many attempts failed since the last that worked.
    pub fn failures(&self) -> usize {
        self.counted.len()
    }

    /// Tells whether there were more failed attempts than are counted.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Returns the latest use of the password that anybody knows of.
    pub fn latest(&self) -> Option<Timestamp> {
        let history = self.last.as_ref().map(|event| event.time);
        history.max(self.report.password())
    }

    /// Tells how the two sources stand to each other. `window` is the time that was read, `reach` how much of it.
    pub fn agreement(&self, window: Option<Window>, reach: Reach) -> Agreement {
        let history = self.last.as_ref().map(|event| event.time);
        let Some(window) = window.filter(|_| reach != Reach::Nothing) else {
            return Agreement::HistoryNotRead;
        };
        let (generated, told) = match &self.report {
            ReportSays::NotRead(_) => (None, Used::Untold),
            ReportSays::Read { generated, password, .. } => (*generated, *password),
        };
        match (history, told) {
            (Some(history), Used::At(report)) if history.duration_since(report).abs() <= GRAIN => {
                Agreement::Same
            }
            (None, Used::At(report)) if report < window.from => Agreement::OnlyReportBefore,
            (_, Used::At(report)) if report > window.to && history.is_none_or(|history| report > history) => {
                Agreement::ReportAfter
            }
            (None, _) if reach != Reach::All => Agreement::HistoryPartlyRead,
            (None, Used::At(_)) => Agreement::OnlyReportWithin,
            (None, Used::Never) => Agreement::Neither,
            (None, Used::Untold) => Agreement::ReportUntold,
            (Some(history), Used::At(report)) if report > history => match reach {
                Reach::All => Agreement::ReportKnowsLater,
                Reach::Part | Reach::Nothing => Agreement::HistoryPartlyRead,
            },
            (Some(_), Used::Untold) => Agreement::OnlyHistory,
            (Some(history), _) => match generated {
                Some(generated) if generated >= history => Agreement::ReportMissesIt,
                Some(_) => Agreement::ReportIsOlder,
                None => Agreement::ReportOfUnknownAge,
            },
        }
    }
}

/// Tells whether an event is a sign-in of root, one that failed too.
fn is_of_root(event: &Event) -> bool {
    event.is_sign_in() && event.actor.kind == ActorKind::Root
}

/// Returns the account that a report is of, by the ARN of its root.
pub fn account_of(report: &CredentialReport) -> Option<&str> {
    let account = report.root()?.get("arn")?.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

impl ReportSays {
    fn of(report: &Facet<CredentialReport>) -> Self {
        let report = match report {
            Facet::Read(report) => report,
            Facet::NotRead(why) => return Self::NotRead(why.clone()),
        };
        let Some(root) = report.root() else {
            return Self::NotRead("it has no row of root".to_owned());
        };
        let used = |column: &str| match root.when(column) {
            When::At(at) => Used::At(at),
            When::NoInformation | When::NotApplicable => Used::Never,
            When::NotSupported | When::Unreadable(_) => Used::Untold,
        };
        let keys = [1_u8, 2].into_iter().filter_map(|number| {
            let active = root.get(&format!("access_key_{number}_active"))?.eq_ignore_ascii_case("true");
            let date = used(&format!("access_key_{number}_last_used_date"));
            (active || matches!(date, Used::At(_))).then_some((number, active, date))
        });
        Self::Read { generated: report.generated, password: used("password_last_used"), keys: keys.collect() }
    }

    /// Returns when the password was last used, when it says so.
    pub const fn password(&self) -> Option<Timestamp> {
        match self {
            Self::Read { password: Used::At(at), .. } => Some(*at),
            _ => None,
        }
    }
}

impl Agreement {
    /// Returns the word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::ReportIsOlder => "report_is_older",
            Self::ReportOfUnknownAge => "report_of_unknown_age",
            Self::ReportMissesIt => "report_misses_it",
            Self::ReportKnowsLater => "report_knows_later",
            Self::OnlyReportBefore => "only_report_before_window",
            Self::OnlyReportWithin => "only_report_within_window",
            Self::ReportAfter => "report_after_window",
            Self::OnlyHistory => "only_history",
            Self::ReportUntold => "report_tells_nothing",
            Self::HistoryNotRead => "history_not_read",
            Self::HistoryPartlyRead => "history_partly_read",
            Self::Neither => "neither",
        }
    }

    /// Tells whether the sources contradict each other in a way that the age of neither explains.
    pub const fn is_contradiction(self) -> bool {
        matches!(self, Self::ReportMissesIt | Self::ReportKnowsLater | Self::OnlyReportWithin)
    }

    /// Says it in a sentence; `None` when there is nothing to say besides the dates. `history` is what was read besides
    /// the report, in the plural: `log files`, `events`.
    pub fn sentence(self, history: &str) -> Option<String> {
        Some(match self {
            Self::Same => format!("The {history} and the credential report agree."),
            Self::ReportIsOlder => {
                "The credential report shows an older date: it was made before this sign-in, and IAM gives out the same \
                 one for four hours."
                    .to_owned()
            }
            Self::ReportOfUnknownAge => {
                "The credential report does not show this sign-in. When it was made is not known: it may be older."
                    .to_owned()
            }
            Self::ReportMissesIt => {
                "They disagree: the credential report was made after this sign-in and does not show it. Trust the event; \
                 IAM may take some time to note a sign-in."
                    .to_owned()
            }
            Self::ReportKnowsLater => format!(
                "They disagree: the credential report knows a later use of the password than the {history}. It also \
                 counts sign-ins to AWS websites other than the console, and {LATE}"
            ),
            Self::OnlyReportBefore => format!(
                "Only the credential report knows of a use of the password: it is from before the {history} begin."
            ),
            Self::OnlyReportWithin => format!(
                "They disagree: the credential report says that the password was used at a time that the {history} \
                 cover, and there is no sign-in in them. It also counts sign-ins to AWS websites other than the \
                 console, and {LATE}"
            ),
            Self::ReportAfter => {
                format!("The credential report knows a use of the password from after the {history} end.")
            }
            Self::HistoryNotRead => {
                format!("They cannot be compared: the {history} were not looked at.")
            }
            Self::HistoryPartlyRead => format!(
                "They cannot be compared: not all {history} were looked at, and a sign-in may be in the rest."
            ),
            Self::OnlyHistory | Self::ReportUntold | Self::Neither => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sign_in(time: &str, failed: bool) -> Event {
        let mut record = json!({
            "eventTime": time, "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com",
            "userIdentity": {"type": "Root"}, "responseElements": {"ConsoleLogin": "Success"},
        });
        if failed {
            record["responseElements"] = json!({"ConsoleLogin": "Failure"});
        }
        Event::of(record).unwrap()
    }

    fn report(generated: &str, used: &str) -> Facet<CredentialReport> {
        let csv = format!("user,arn,password_last_used,access_key_1_active\n<root_account>,a,{used},false\n");
        Facet::Read(CredentialReport::parse(&csv, Some(generated.parse().unwrap())).unwrap())
    }

    fn stand(history: Option<&str>, report: &Facet<CredentialReport>) -> Agreement {
        reached(history, report, Reach::All)
    }

    fn reached(history: Option<&str>, report: &Facet<CredentialReport>, reach: Reach) -> Agreement {
        let mut login = RootLogin::new(report);
        if let Some(time) = history {
            assert!(login.see_older(sign_in(time, false)));
        }
        login.agreement(Some(Window::of_history("2026-03-02T12:00:00Z".parse().unwrap())), reach)
    }

    #[test]
    fn the_two_sources_are_compared() {
        let made = "2026-03-02T10:00:00Z";
        let early = Some("2026-03-02T09:00:00Z");
        for (history, used, stands) in [
            (early, "2026-03-02T08:57:00Z", Agreement::Same),
            (early, "2026-03-02T08:00:00Z", Agreement::ReportMissesIt),
            (early, "no_information", Agreement::ReportMissesIt),
            (early, "2026-03-02T09:30:00Z", Agreement::ReportKnowsLater),
            (Some("2026-03-02T11:00:00Z"), "2026-02-01T00:00:00Z", Agreement::ReportIsOlder),
            (Some("2026-03-02T11:00:00Z"), "no_information", Agreement::ReportIsOlder),
            (early, "not_supported", Agreement::OnlyHistory),
            (None, "2025-01-01T00:00:00Z", Agreement::OnlyReportBefore),
            (None, "2026-03-01T00:00:00Z", Agreement::OnlyReportWithin),
            (None, "no_information", Agreement::Neither),
        ] {
            assert_eq!(stand(history, &report(made, used)), stands, "{history:?} {used}");
        }
        let unread = Facet::NotRead("denied".to_owned());
        assert_eq!(stand(early, &unread), Agreement::OnlyHistory);
        assert_eq!(stand(None, &unread), Agreement::ReportUntold);
    }

    #[test]
    fn what_was_not_read_contradicts_nothing() {
        let (within, never) = (report("2026-03-02T10:00:00Z", "2026-03-01T00:00:00Z"), "no_information");
        let never = report("2026-03-02T10:00:00Z", never);
        for (history, report, reach, stands) in [
            (None, &within, Reach::Nothing, Agreement::HistoryNotRead),
            (None, &never, Reach::Nothing, Agreement::HistoryNotRead),
            (None, &within, Reach::Part, Agreement::HistoryPartlyRead),
            (None, &never, Reach::Part, Agreement::HistoryPartlyRead),
            (Some("2026-02-01T00:00:00Z"), &within, Reach::Part, Agreement::HistoryPartlyRead),
            (Some("2026-03-01T00:00:00Z"), &within, Reach::Part, Agreement::Same),
        ] {
            let found = reached(history, report, reach);
            assert_eq!((found, found.is_contradiction()), (stands, false), "{history:?} {reach:?}");
        }
        let login = RootLogin::new(&within);
        assert_eq!(login.agreement(None, Reach::All), Agreement::HistoryNotRead, "logs without an event");
        let ended = Window { from: Timestamp::UNIX_EPOCH, to: "2026-02-01T00:00:00Z".parse().unwrap() };
        assert_eq!(login.agreement(Some(ended), Reach::All), Agreement::ReportAfter);
    }

    #[test]
    fn a_report_of_unknown_age_is_not_called_old() {
        let csv = "user,arn,password_last_used\n<root_account>,a,2026-02-01T00:00:00Z\n";
        let report = Facet::Read(CredentialReport::parse(csv, None).unwrap());
        assert_eq!(stand(Some("2026-03-02T11:00:00Z"), &report), Agreement::ReportOfUnknownAge);
    }

    #[test]
    fn failed_attempts_are_counted_up_to_the_last_that_worked() {
        let mut login = RootLogin::new(&Facet::NotRead("x".to_owned()));
        for hour in [11, 10] {
            assert!(!login.see_older(sign_in(&format!("2026-03-02T{hour}:00:00Z"), true)));
        }
        assert!(login.see_older(sign_in("2026-03-02T09:00:00Z", false)));
        assert!(!login.see_older(sign_in("2026-03-02T08:00:00Z", true)));
        assert_eq!((login.failures(), login.failed.len()), (2, 2));
        assert_eq!(login.latest(), Some("2026-03-02T09:00:00Z".parse().unwrap()));
    }

    #[test]
    fn no_number_of_failed_attempts_hides_a_sign_in() {
        let mut login = RootLogin::new(&Facet::NotRead("x".to_owned()));
        let at = |second: i64| Timestamp::from_second(second).unwrap().to_string();
        let failed = |second: i64| {
            let mut record = sign_in(&at(second), true).record;
            record["eventID"] = json!(second.to_string());
            Event::of(record).unwrap()
        };
        login.see_newer(failed(4));
        login.see_newer(sign_in(&at(5), false));
        for second in (6..12_000).rev().chain(6..100) {
            login.see_newer(failed(second));
        }
        login.see_newer(sign_in(&at(2), false));
        let last = login.last.as_ref().map(|event| event.time.as_second());
        assert_eq!((last, login.failures(), login.failed.len()), (Some(5), 11_994, MOST));
        login.see_newer(sign_in(&at(11_000), false));
        assert_eq!(login.failures(), 999);
    }

    #[test]
    fn a_user_who_is_called_root_is_not_root() {
        let mut login = RootLogin::new(&Facet::NotRead("x".to_owned()));
        let mut record = sign_in("2026-03-02T09:00:00Z", false).record;
        record["userIdentity"] = json!({"type": "IAMUser", "userName": "root"});
        assert!(!login.see_older(Event::of(record).unwrap()));
        assert!(login.last.is_none());
    }
}
