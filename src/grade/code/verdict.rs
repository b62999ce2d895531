//! What reading the code means for each deed of the rubric.

use std::collections::BTreeMap;

use super::columns::{Column, KEYS};
use super::machine::{Call, Polarity, Site, What};
use super::package::Package;
use super::read::Reading;
use super::value::{Credentials, Marks, Rows, flag};
use crate::grade::found::{Found, Outcome};
use crate::grade::points::Share;
use crate::grade::rubric::Deed;

/// All deeds.
const DEEDS: [Deed; 12] = [
    Deed::Parses,
    Deed::AssumesRole,
    Deed::GeneratesReport,
    Deed::GetsReport,
    Deed::UsesAssumedRole,
    Deed::RunsBoth,
    Deed::ReportsRootUse,
    Deed::ReportsUsersWithoutMfa,
    Deed::ReportsRootKeys,
    Deed::Publishes,
    Deed::PublishesFindings,
    Deed::HoldsNoKeys,
];

/// The most lines of evidence.
const LINES: usize = 6;

/// What is told of something that is there and never runs.
const DEAD: &str = "it is there but the handler does not reach it";

/// The columns of the last uses of root, and of its keys.
const USES: [Column; 3] = [Column::PASSWORD_LAST_USED, Column::KEY_1_LAST_USED, Column::KEY_2_LAST_USED];

/// Every flag of a test for MFA.
const MFA: u16 =
    flag::MFA | flag::MFA_ALONE | flag::MFA_UNCLEAR | flag::MFA_INVERTED | flag::MFA_DEVICES | flag::MFA_ODD;

/// Decides all deeds.
pub(super) fn all(reading: &Reading, package: &Package) -> BTreeMap<Deed, Found> {
    let judge = Judge { reading, package };
    let unreadable = judge.unreadable();
    let decide = |deed| match &unreadable {
        Some(found) if deed == Deed::Parses => found.clone(),
        // Credentials are found without a parser.
        Some(_) if deed == Deed::HoldsNoKeys && reading.error.is_some() => judge.holds_no_keys(),
        Some(_) => Found::missed("the code cannot be read"),
        None => judge.deed(deed),
    };
    DEEDS.into_iter().map(|deed| (deed, decide(deed))).collect()
}

struct Judge<'a> {
    reading: &'a Reading,
    package: &'a Package,
}

fn nearly(message: &str) -> Found {
    Found::new(Outcome::Nearly, message)
}

/// What this reading cannot follow is for a person; it costs nothing.
fn unfollowed(what: &str) -> Found {
    Found::new(Outcome::Manual, format!("{what} could not be followed: a person has to read it"))
}

fn part(percent: u8, message: &str) -> Found {
    Found::new(Outcome::Part(Share::percent(percent)), message)
}

impl Judge<'_> {
    fn unreadable(&self) -> Option<Found> {
        if self.package.sources.is_empty() {
            let mut found = Found::missed("there is no Python source in the package");
            found.evidence.extend(self.package.left_out.iter().take(LINES).cloned());
            return Some(found);
        }
        if let Some((place, why)) = &self.reading.error {
            return Some(Found::missed(format!("it is no Python: {why}")).shown(format!("{place}: {why}")));
        }
        self.reading.is_empty.then(|| Found::missed("there is no code in the source"))
    }

    fn deed(&self, deed: Deed) -> Found {
        match deed {
            Deed::Parses => {
                let remark = self.reading.remarks.first().cloned();
                Found::met("the code can be read").remarked(remark)
            }
            Deed::AssumesRole => self.assumes(),
            Deed::GeneratesReport => self.calls(What::Generate, "generate_credential_report"),
            Deed::GetsReport => self.calls(What::Get, "get_credential_report"),
            Deed::UsesAssumedRole => self.uses_assumed(),
            Deed::RunsBoth => self.runs_both(),
            Deed::ReportsRootUse => self.defined(self.root_use()),
            Deed::ReportsUsersWithoutMfa => self.defined(self.mfa()),
            Deed::ReportsRootKeys => self.defined(self.root_keys()),
            Deed::Publishes => self.publishes(),
            Deed::PublishesFindings => self.publishes_findings(),
            Deed::HoldsNoKeys => self.holds_no_keys(),
        }
    }

    fn of(&self, what: What) -> Vec<&Call> {
        self.reading.records.calls.iter().filter(|call| call.what == what).collect()
    }

    fn show(&self, mut found: Found, sites: impl IntoIterator<Item = Site>) -> Found {
        for site in sites.into_iter().take(LINES) {
            let line = self.reading.line(site);
            if !found.evidence.contains(&line) {
                found.evidence.push(line);
            }
        }
        found
    }

    /// Returns what is told of a call that was not reached.
    fn unreached(&self, name: &str, missed: &str) -> Found {
        match self.reading.calls.get(name) {
            Some(site) if self.reading.intricate => {
                self.show(unfollowed("it is there, and how the handler comes to it"), [*site])
            }
            Some(site) => self.show(nearly(DEAD), [*site]),
            None => Found::missed(missed),
        }
    }

    fn assumes(&self) -> Found {
        let calls = self.of(What::Assume);
        if calls.is_empty() {
            return self.unreached("assume_role", "nothing calls sts.assume_role");
        }
        let lacks = calls
            .iter()
            .find_map(|call| call.lacks)
            .filter(|_| calls.iter().all(|call| call.lacks.is_some()));
        let found = if let Some(lacks) = lacks {
            nearly(&format!("sts.assume_role is called without {lacks}, which it needs"))
        } else if calls.iter().any(|call| call.in_function) {
            Found::met("a function of its own calls sts.assume_role")
        } else {
            nearly("sts.assume_role is called, though not in a function of its own")
        };
        let mut found = self.show(found, calls.iter().map(|call| call.site));
        found.evidence.extend(calls.iter().filter_map(|call| call.shown.clone()).take(2));
        found
    }

    fn calls(&self, what: What, name: &str) -> Found {
        let calls = self.of(what);
        if calls.is_empty() {
            return self.unreached(name, &format!("nothing calls {name}"));
        }
        self.show(Found::met(format!("{name} is called")), calls.iter().map(|call| call.site))
    }

    fn uses_assumed(&self) -> Found {
        let mut calls = self.of(What::Generate);
        calls.extend(self.of(What::Get));
        let sites: Vec<Site> = calls.iter().map(|call| call.site).collect();
        if calls.is_empty() {
            return self.unreached("get_credential_report", "the report is never asked for");
        }
        let with = |which: Credentials| calls.iter().filter(|call| call.credentials.contains(&which)).count();
        let assumed = with(Credentials::Assumed);
        let found = if assumed == calls.len() {
            Found::met("the report is asked for with what sts.assume_role returned")
        } else if assumed > 0 {
            nearly("a part of the calls for the report is not made with the assumed role")
        } else if with(Credentials::WithoutToken) > 0 {
            nearly("the client gets the assumed role's keys without the session token")
        } else if with(Credentials::Literal) > 0 {
            Found::missed("the report is asked for with credentials that stand in the code")
        } else if with(Credentials::Unclear) > 0 && !self.of(What::Assume).is_empty() {
            unfollowed("the role is assumed; whether the client works with it")
        } else if with(Credentials::Unclear) > 0 {
            Found::missed("the report is not asked for with an assumed role")
        } else {
            Found::missed(
                "the report is asked for with the function's own credentials, not the assumed role's",
            )
        };
        self.show(found, sites)
    }

    fn runs_both(&self) -> Found {
        let reports = || {
            let mut calls = self.of(What::Get);
            calls.extend(self.of(What::Generate));
            calls
        };
        let (assume, report) = (self.of(What::Assume), reports());
        let sites: Vec<Site> = assume.iter().chain(&report).map(|call| call.site).collect();
        let in_handler = |calls: &[&Call]| calls.iter().any(|call| call.in_handler);
        let found = match (assume.is_empty(), report.is_empty()) {
            (false, false) if !self.reading.has_handler => nearly(
                "the code does both, but the package has no function of the name that is set as the handler",
            ),
            (false, false) if in_handler(&assume) && in_handler(&report) => {
                Found::met("the handler assumes the role and gets the report")
            }
            (false, false) => {
                nearly("a part of it runs when the code is loaded, not when the function is invoked")
            }
            _ if self.reading.intricate => unfollowed("what the handler calls"),
            (true, true) => Found::missed("the handler neither assumes a role nor asks for the report"),
            (true, false) => Found::missed("the handler assumes no role"),
            (false, true) => Found::missed("the handler does not ask for the report"),
        };
        self.show(found, sites)
    }

    /// Returns where columns are read.
    fn places(&self, columns: &[Column]) -> Vec<Site> {
        let known = |column: &Column| self.reading.records.columns.get(column);
        let mut sites: Vec<Site> =
            columns.iter().filter_map(known).flat_map(|sites| sites.iter().copied().take(2)).collect();
        sites.dedup();
        sites
    }

    /// Returns what is told of a control that is not among what is told.
    fn untold(&self, seen: bool, columns: &[Column], missed: &str) -> Found {
        let records = &self.reading.records;
        let sites = self.places(columns);
        let named = |text: &str| columns.iter().any(|column| column.name() == text);
        // `c.endswith("last_used")`: a part of a name picks columns.
        let picks = |text: &str| text.len() > 5 && columns.iter().any(|column| column.name().contains(text));
        let texts = &self.reading.texts;
        let text = texts.iter().find(|(text, _)| named(text)).map(|(_, site)| *site);
        let some = records.told.any() & Column::SOME.bit() != 0;
        let picked = texts.iter().find(|(text, _)| picks(text)).map(|(_, site)| *site).filter(|_| some);
        let lost = columns.iter().any(|column| records.lost.any() & column.bit() != 0);
        let limits = self.reading.intricate || some || records.rows_lost || lost;
        match text.or(picked) {
            Some(site) if limits => {
                let places = sites.into_iter().chain([site]);
                self.show(unfollowed("the column is named; what becomes of it"), places)
            }
            _ if seen => {
                self.show(nearly("it is looked at, but neither published nor printed nor returned"), sites)
            }
            Some(site) => self.show(nearly(DEAD), [site]),
            None => Found::missed(missed),
        }
    }

    fn root_use(&self) -> Found {
        let (told, seen) = (self.reading.records.told, self.reading.records.seen);
        let has = |columns: u32, column: Column| columns & column.bit() != 0;
        let weights = [60, 20, 20];
        let weigh = |columns: u32| {
            USES.iter()
                .zip(weights)
                .filter(|(column, _)| has(columns, **column))
                .map(|(_, weight)| weight)
                .sum::<u8>()
        };
        let (root, any) = (weigh(told.of(Rows::Root)), weigh(told.any()));
        let found = match (root, any) {
            (100, _) => Found::met("root's last use is told, by password and by both keys"),
            (1.., _) => {
                let message = match root {
                    60 => "only the last use of root's password is told, not that of its keys",
                    80 => "root's last use is told by password and by one of two keys",
                    _ => "root's last use is told by its keys only",
                };
                part(root, message)
            }
            (0, 100) => nearly("the last uses are told, but not those of root's row"),
            (0, 60..) => part(40, "the last use of passwords is told, but not that of root's row"),
            (0, 1..) => part(20, "the last use of keys is told, but not that of root's row"),
            _ if told.flags & flag::TRAIL != 0 => {
                let found =
                    nearly("root's last use is looked up in CloudTrail, not in the credential report");
                return self.show(found, self.reading.records.other.get(&flag::TRAIL).copied());
            }
            _ => {
                let missed = "the code does not tell when root was used last";
                return self.untold(weigh(seen.any()) > 0, &USES, missed);
            }
        };
        self.show(found, self.places(&USES))
    }

    fn mfa(&self) -> Found {
        let (told, seen) = (self.reading.records.told, self.reading.records.seen);
        let columns = [Column::MFA_ACTIVE, Column::PASSWORD_ENABLED];
        let has = |bit: u16| told.flags & bit != 0;
        let named = told
            .told
            .iter()
            .any(|columns| columns & (Column::USER.bit() | Column::ARN.bit() | Column::SOME.bit()) != 0);
        let found = if has(flag::MFA) && named {
            Found::met("the users with a password and without MFA are told")
        } else if has(flag::MFA) {
            nearly("it is told that there are users without MFA, or how many, but not who")
        } else if has(flag::MFA_UNCLEAR) {
            unfollowed("mfa_active is tested; whether that finds who has a password and no MFA")
        } else if has(flag::MFA_ALONE) {
            nearly("users without a console password are reported, too: password_enabled is not asked for")
        } else if has(flag::MFA_DEVICES) {
            nearly("MFA is looked up user by user, not in the credential report")
        } else if has(flag::MFA_ODD) {
            nearly("mfa_active is tested, but not so that it finds who has a password and no MFA")
        } else if has(flag::MFA_INVERTED) {
            nearly("it seems to report the users who have MFA")
        } else if told.any() & Column::MFA_ACTIVE.bit() != 0 {
            nearly("mfa_active is passed on for everybody; who has a password and no MFA is not told")
        } else {
            let looked = seen.flags & MFA != 0 || seen.any() & Column::MFA_ACTIVE.bit() != 0;
            return self.untold(looked, &[Column::MFA_ACTIVE], "the code does not look at mfa_active");
        };
        self.show(found, self.places(&columns))
    }

    fn root_keys(&self) -> Found {
        let (told, seen) = (self.reading.records.told, self.reading.records.seen);
        let count = |columns: u32| KEYS.iter().filter(|column| columns & column.bit() != 0).count();
        let found = match (count(told.of(Rows::Root)), count(told.any())) {
            (2, _) => self.key_tests(),
            (1, _) => part(50, "only one of root's two access keys is looked at"),
            _ if told.flags & flag::SUMMARY != 0 => {
                let found = nearly(
                    "root's keys are looked up in the account's summary, not in the credential report",
                );
                return self.show(found, self.reading.records.other.get(&flag::SUMMARY).copied());
            }
            (_, 2) => nearly("access keys are told, but not those of root's row"),
            (_, 1) => part(25, "one access key is told, and not of root's row"),
            _ => {
                let missed = "the code does not look at root's access keys";
                return self.untold(count(seen.any()) > 0, &KEYS, missed);
            }
        };
        self.show(found, self.places(&KEYS))
    }

    /// What goes through a name that nothing defines does not run.
    fn defined(&self, found: Found) -> Found {
        let unbound = self.reading.records.told.flags & flag::UNBOUND != 0;
        if found.outcome != Outcome::Met || !unbound {
            return found;
        }
        let message = format!("{}, though by way of a name that nothing defines", found.message);
        Found { outcome: Outcome::Nearly, message, ..found }
    }

    /// Decides on root's keys by what they are tested for, when that and not what is in the report is told.
    fn key_tests(&self) -> Found {
        let [_, of_root, _] = self.reading.records.told.told;
        let tests = |key: Column| {
            let all = self.reading.records.key_tests.iter();
            all.filter(move |((column, _), _)| *column == key).map(|(_, polarity)| *polarity)
        };
        let judged = KEYS.into_iter().filter(|key| of_root & key.bit() == 0);
        let judged: Vec<Column> = judged.filter(|key| tests(*key).next().is_some()).collect();
        let every = |wanted: &[Polarity]| {
            judged.iter().any(|key| tests(*key).all(|polarity| wanted.contains(&polarity)))
        };
        if every(&[Polarity::Never]) {
            nearly("root's keys are compared with something that never stands in the report")
        } else if every(&[Polarity::Never, Polarity::AnyOff]) {
            nearly("it is told whether one of root's keys is not active, not whether one is")
        } else if every(&[Polarity::Never, Polarity::AnyOff, Polarity::Off]) {
            unfollowed("root's keys are tested for not being active; what is told of that")
        } else {
            Found::met("whether root has an access key is told, for both")
        }
    }

    fn publishes(&self) -> Found {
        let calls = self.of(What::Publish);
        if calls.is_empty() {
            return self.unreached("publish", "nothing is published to SNS");
        }
        let followed = calls.iter().any(|call| call.in_handler);
        let found = if followed && calls.iter().all(|call| call.in_except) {
            nearly("it is published only when something goes wrong")
        } else if followed {
            Found::met("a message is published to SNS")
        } else {
            nearly("it is published when the code is loaded, not when the function is invoked")
        };
        self.show(found, calls.iter().map(|call| call.site))
    }

    fn publishes_findings(&self) -> Found {
        let calls = self.of(What::Publish);
        if calls.is_empty() {
            return self.unreached("publish", "nothing is published");
        }
        let mut marks = Marks::default();
        for call in &calls {
            marks.add(call.marks);
        }
        let lost = controls(self.reading.records.lost) > 0 || self.reading.records.rows_lost;
        let found = match (controls(marks), controls(self.reading.records.told)) {
            (0, _) if marks.flags & flag::RAW != 0 => {
                nearly("the credential report is published as it is, not what the controls found")
            }
            (0, _) if marks.any() & Column::SOME.bit() != 0 => {
                unfollowed("something of the report is published; whether it is what the controls found")
            }
            (0, _) if self.reading.intricate || lost => unfollowed("what the message is made from"),
            (0, _) => Found::missed("the message does not depend on what the controls found"),
            (published, told) if published < told => nearly("only a part of what was found is published"),
            _ => Found::met("the message is made from what the controls found"),
        };
        self.show(found, calls.iter().map(|call| call.site))
    }

    fn holds_no_keys(&self) -> Found {
        let literals = &self.reading.records.literals;
        let mut evidence: Vec<String> = self.package.secrets.iter().take(LINES).cloned().collect();
        evidence.extend(self.reading.variables.iter().cloned());
        let clean = evidence.is_empty() && literals.is_empty();
        if clean {
            return Found::met("no credentials stand in the code");
        }
        let mut found = Found::missed("credentials stand in the code or its environment");
        found.evidence = evidence;
        self.show(found, literals.iter().copied())
    }
}

/// Counts the controls of which something is in what is marked.
fn controls(marks: Marks) -> usize {
    let any = marks.any();
    let of = |columns: &[Column]| columns.iter().any(|column| any & column.bit() != 0);
    let found = [
        of(&USES) || marks.flags & flag::TRAIL != 0,
        of(&[Column::MFA_ACTIVE]) || marks.flags & MFA != 0,
        of(&KEYS) || marks.flags & flag::SUMMARY != 0,
    ];
    found.into_iter().filter(|found| *found).count()
}
