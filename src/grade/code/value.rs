//! What a Python expression may stand for: things that matter to the assignment, and marks of what a value was made
//! from.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::columns::{Column, Columns};

/// A name or a text of a program.
pub(super) type Text = Rc<str>;

/// Whose credentials a client works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Credentials {
    /// The function's own.
    Own,
    /// What `sts.assume_role` returned.
    Assumed,
    /// Those, without the session token.
    WithoutToken,
    /// A literal.
    Literal,
    /// It could not be followed.
    Unclear,
}

/// A form of the credential report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// The answer of `get_credential_report`.
    Answer,
    /// The CSV text.
    Text,
    /// Its lines, the header first.
    Lines,
    /// Its lines without the header.
    Body,
    /// One line.
    Line,
    /// Lists of cells, the header first.
    Lists,
    /// Lists of cells without the header.
    BodyLists,
    /// The cells of one line.
    Cells,
    /// The names of the columns.
    Header,
    /// One of them.
    Heading,
    /// Headings and cells, in pairs.
    Pairs,
    /// Rows as dictionaries.
    Table,
    /// A row as a dictionary.
    Row,
    /// A data frame, or one row of it.
    Frame,
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rows {
    /// Any.
    All,
    /// Root's.
    Root,
    /// All but root's.
    Users,
}

/// How a cell is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spelling {
    /// As in the report.
    Raw,
    /// Its case was changed.
    Cased,
    /// As a Boolean.
    Typed,
}

/// Something that a value may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Str(Text),
    Int(i64),
    Bool(bool),
    None,
    /// What is not the student's, by its dotted name.
    External(Text),
    Module(usize),
    Function(usize),
    Method(usize, usize),
    Class(usize),
    Object(usize),
    /// A method that was taken from its receiver and not called yet.
    Bound(Rc<Value>, Text),
    Session(Credentials),
    Client(Text, Credentials),
    AssumeAnswer,
    /// The `Credentials` of that answer.
    Keys,
    /// One of them; whether it is the session token.
    Key(bool),
    Report(Shape, Rows),
    Cell(Column, Rows, Spelling),
    /// The place of a column, looked up in the header; of some column.
    Index(Column),
    AnyIndex,
    Environment,
    Unknown,
}

/// What is known on a path through the program, as bits.
pub(super) mod known {
    pub(in super::super) const ROOT: u16 = 1;
    pub(in super::super) const USER: u16 = 2;
    pub(in super::super) const PASSWORD: u16 = 4;
    pub(in super::super) const NO_PASSWORD: u16 = 8;
    pub(in super::super) const PASSWORD_ASKED: u16 = 16;
    pub(in super::super) const MFA: u16 = 32;
    pub(in super::super) const NO_MFA: u16 = 64;
    pub(in super::super) const MFA_ASKED: u16 = 128;
    /// A test was understood, and does not tell the ones from the others.
    pub(in super::super) const ODD: u16 = 256;
}

/// What a value was made from, as bits.
pub(super) mod flag {
    /// Whoever has a password and no MFA.
    pub(in super::super) const MFA: u16 = 1;
    /// Whoever has no MFA, with or without a password.
    pub(in super::super) const MFA_ALONE: u16 = 2;
    /// MFA was asked about in a way that could not be followed.
    pub(in super::super) const MFA_UNCLEAR: u16 = 4;
    /// Whoever has MFA.
    pub(in super::super) const MFA_INVERTED: u16 = 8;
    /// `list_mfa_devices`.
    pub(in super::super) const MFA_DEVICES: u16 = 16;
    /// `get_account_summary`.
    pub(in super::super) const SUMMARY: u16 = 32;
    /// `lookup_events`.
    pub(in super::super) const TRAIL: u16 = 64;
    /// The report as it is.
    pub(in super::super) const RAW: u16 = 128;
    /// MFA was asked about in a way that was understood and finds others.
    pub(in super::super) const MFA_ODD: u16 = 256;
    /// A name that nothing defines.
    pub(in super::super) const UNBOUND: u16 = 512;
}

/// What holds on a path, or where a test came out one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Fact {
    pub(super) known: u16,
    pub(super) asked: [Columns; 3],
    pub(super) flags: u16,
}

impl Fact {
    /// Returns what holds when both do.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.known |= other.known;
        self.flags |= other.flags;
        merge(&mut self.asked, other.asked);
        if self.known & known::ROOT != 0 {
            merge_root(&mut self.asked);
        }
        self
    }

    /// Returns what holds when one of them does. What one knows and the other does not was asked about.
    pub(super) fn or(mut self, other: Self) -> Self {
        let (both, any) = (self.known & other.known, self.known | other.known);
        let gone = any & !both;
        self.known = both | any & known::ODD;
        if gone & (known::PASSWORD | known::NO_PASSWORD | known::PASSWORD_ASKED) != 0 {
            self.known |= known::PASSWORD_ASKED;
        }
        if gone & (known::MFA | known::NO_MFA | known::MFA_ASKED) != 0 {
            self.known |= known::MFA_ASKED;
        }
        self.flags |= other.flags;
        merge(&mut self.asked, other.asked);
        self
    }

    /// Returns the findings that something is which is told where this is known.
    pub(super) fn findings(self) -> u16 {
        let has = |bit: u16| self.known & bit != 0;
        let of_root = has(known::ROOT);
        let unclear = if has(known::ODD) { flag::MFA_ODD } else { flag::MFA_UNCLEAR };
        let found = if of_root {
            0
        } else if has(known::NO_MFA) && has(known::PASSWORD) {
            flag::MFA
        } else if has(known::NO_MFA) && has(known::PASSWORD_ASKED) {
            unclear
        } else if has(known::NO_MFA) && has(known::NO_PASSWORD) {
            0
        } else if has(known::NO_MFA) {
            flag::MFA_ALONE
        } else if has(known::MFA_ASKED) {
            unclear
        } else if has(known::MFA) {
            flag::MFA_INVERTED
        } else {
            0
        };
        self.flags | found
    }
}

fn merge(into: &mut [Columns; 3], from: [Columns; 3]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into |= from;
    }
}

/// What was asked of any row was asked of root's.
const fn merge_root(asked: &mut [Columns; 3]) {
    let [all, root, _] = asked;
    *root |= *all;
}

/// What a value was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Marks {
    /// Cells that are in it, by rows.
    pub(super) told: [Columns; 3],
    /// Cells that decided on it.
    pub(super) asked: [Columns; 3],
    pub(super) flags: u16,
}

impl Marks {
    pub(super) fn add(&mut self, other: Self) {
        merge(&mut self.told, other.told);
        merge(&mut self.asked, other.asked);
        self.flags |= other.flags;
    }

    /// Returns the columns of these rows that are in it or decided on it.
    pub(super) fn of(self, rows: Rows) -> Columns {
        let pick = |all: [Columns; 3]| all.get(rows as usize).copied().unwrap_or(0);
        pick(self.told) | pick(self.asked)
    }

    /// Returns the columns of any rows.
    pub(super) fn any(self) -> Columns {
        self.of(Rows::All) | self.of(Rows::Root) | self.of(Rows::Users)
    }

    /// Tells whether nothing that was found in the account is in it.
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Returns the marks of what only depends on this, as its length.
    pub(super) fn as_asked(mut self) -> Self {
        merge(&mut self.asked, self.told);
        self.told = [0; 3];
        self
    }

    /// Returns what is known where something made from this was tested.
    pub(super) fn as_fact(self) -> Fact {
        Fact { known: 0, asked: self.as_asked().asked, flags: self.flags & !flag::RAW }
    }
}

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Value {
    pub(super) things: BTreeSet<Thing>,
    pub(super) marks: Marks,
    /// What is known of the row that it is, or is from.
    pub(super) known: u16,
    /// What holds when it is true, and when it is false; nothing when it cannot be.
    pub(super) test: Option<(Option<Fact>, Option<Fact>)>,
}

/// The most things that a value is followed as.
const THINGS: usize = 32;

impl From<Thing> for Value {
    fn from(thing: Thing) -> Self {
        Self { things: BTreeSet::from([thing]), ..Self::default() }
    }
}

impl Value {
    pub(super) fn unknown() -> Self {
        Thing::Unknown.into()
    }

    pub(super) fn text(text: &str) -> Self {
        Thing::Str(text.into()).into()
    }

    /// Makes something that is not followed, made from what is marked.
    pub(super) fn made_from(marks: Marks) -> Self {
        Self { marks, ..Self::unknown() }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.things.is_empty()
    }

    /// Adds what else it may be.
    pub(super) fn join(&mut self, other: &Self) {
        if other.is_nothing() {
            self.marks.add(other.marks);
            return;
        }
        if self.is_nothing() {
            let marks = self.marks;
            *self = other.clone();
            self.marks.add(marks);
            return;
        }
        self.known = match (self.has_rows(), other.has_rows()) {
            (true, true) => self.known & other.known,
            (false, true) => other.known,
            _ => self.known,
        };
        if self.test.is_some() || other.test.is_some() {
            let (mine, theirs) = (self.sides(), other.sides());
            self.test = Some((either(mine.0, theirs.0), either(mine.1, theirs.1)));
        }
        self.marks.add(other.marks);
        if self.things.len() < THINGS {
            self.things.extend(other.things.iter().cloned());
        } else {
            self.things.insert(Thing::Unknown);
        }
    }

    /// Returns both values as one.
    #[must_use]
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.join(other);
        self
    }

    /// Tells whether it is of the report, or may be an object that was made from a row.
    fn has_rows(&self) -> bool {
        self.has_report() || self.things.iter().any(|thing| matches!(thing, Thing::Object(_)))
    }

    fn has_report(&self) -> bool {
        self.things.iter().any(|thing| matches!(thing, Thing::Report(..) | Thing::Cell(..)))
    }

    /// Returns what holds when it is true and when it is false.
    pub(super) fn sides(&self) -> (Option<Fact>, Option<Fact>) {
        if let Some(test) = self.test {
            return test;
        }
        let fact = self.marks.as_fact();
        match self.only() {
            Some(Thing::Bool(true)) => (Some(fact), None),
            Some(Thing::Bool(false) | Thing::None) => (None, Some(fact)),
            _ => {
                let mut fact = fact;
                for thing in &self.things {
                    if let Thing::Cell(column, rows, spelling) = thing {
                        if let (Some(_), Spelling::Typed) = (self.only(), spelling) {
                            let with =
                                |yes| Some(Fact { known: fact.known | column.says(*rows, yes), ..fact });
                            return (with(true), with(false));
                        }
                        // A text is true whatever it says, `false` too.
                        let asked = column.asked(*rows);
                        fact.known |= asked | if asked == 0 { 0 } else { known::ODD };
                    }
                }
                (Some(fact), Some(fact))
            }
        }
    }

    /// Returns what it is, when it can be one thing only.
    pub(super) fn only(&self) -> Option<&Thing> {
        let mut things = self.things.iter();
        things.next().filter(|_| things.next().is_none())
    }

    /// Lists the texts that it may be.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        self.things.iter().filter_map(|thing| if let Thing::Str(text) = thing { Some(text) } else { None })
    }

    /// Lists how it may read as a text; nothing when that is not known, or in too many ways.
    pub(super) fn readings(&self) -> Option<Vec<String>> {
        let reading = |thing: &Thing| match thing {
            Thing::Str(text) => Some(text.to_string()),
            Thing::Int(int) => Some(int.to_string()),
            _ => None,
        };
        let all: Vec<String> = self.things.iter().map(reading).collect::<Option<_>>()?;
        (!all.is_empty() && all.len() <= 8).then_some(all)
    }

    /// Makes the text that may read in several ways; something unknown when it is too long or reads in too many.
    pub(super) fn reads(texts: Option<Vec<String>>) -> Self {
        match texts {
            Some(texts) if texts.len() <= 16 && texts.iter().all(|text| text.len() < 4_096) => {
                let things = texts.iter().map(|text| Thing::Str(text.as_str().into())).collect();
                Self { things, ..Self::default() }
            }
            _ => Self::unknown(),
        }
    }

    /// Tells whether it is nothing, or texts that are known.
    pub(super) fn is_plain(&self) -> bool {
        self.things.iter().all(|thing| matches!(thing, Thing::Str(_))) && self.marks.is_empty()
    }

    /// Tells whether it can be a temporary credential of the assumed role.
    pub(super) fn holds_key(&self) -> bool {
        self.things.iter().any(|thing| matches!(thing, Thing::Key(_) | Thing::Keys | Thing::AssumeAnswer))
    }

    /// Notes that it is a part of what was made from a row, and whose row that was.
    pub(super) fn of_row(self, to: u16) -> Self {
        let mut value = self.limited(to);
        if to & known::ROOT != 0 {
            merge_root(&mut value.marks.told);
            merge_root(&mut value.marks.asked);
            if let Some((holds, fails)) = &mut value.test {
                for fact in [holds, fails].into_iter().flatten() {
                    merge_root(&mut fact.asked);
                }
            }
        }
        value
    }

    /// Notes whose rows these are.
    pub(super) fn limited(mut self, to: u16) -> Self {
        if !self.has_report() {
            return self;
        }
        self.known |= to;
        let rows = match to & (known::ROOT | known::USER) {
            known::ROOT => Rows::Root,
            known::USER => Rows::Users,
            _ => return self,
        };
        let things = std::mem::take(&mut self.things);
        let limit = |thing| match thing {
            Thing::Report(shape, Rows::All) => Thing::Report(shape, rows),
            Thing::Cell(column, Rows::All, spelling) => Thing::Cell(column, rows, spelling),
            thing => thing,
        };
        self.things = things.into_iter().map(limit).collect();
        if rows == Rows::Root {
            merge_root(&mut self.marks.told);
            merge_root(&mut self.marks.asked);
        }
        self
    }
}

fn either(one: Option<Fact>, other: Option<Fact>) -> Option<Fact> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.or(other)),
        (one, other) => one.or(other),
    }
}

impl Column {
    /// Returns what is known when a cell of this column was tested in a way that does not tell how.
    pub(super) const fn asked(self, rows: Rows) -> u16 {
        match (rows, self) {
            (Rows::Root, _) => 0,
            (_, Self::PASSWORD_ENABLED) => known::PASSWORD_ASKED,
            (_, Self::MFA_ACTIVE) => known::MFA_ASKED,
            _ => 0,
        }
    }

    /// Returns what is known when the cell says yes, or says something else.
    pub(super) const fn says(self, rows: Rows, yes: bool) -> u16 {
        match (rows, self, yes) {
            (Rows::Root, ..) => 0,
            (_, Self::PASSWORD_ENABLED, true) => known::PASSWORD,
            (_, Self::PASSWORD_ENABLED, false) => known::NO_PASSWORD,
            (_, Self::MFA_ACTIVE, true) => known::MFA,
            (_, Self::MFA_ACTIVE, false) => known::NO_MFA,
            _ => 0,
        }
    }
}

/// Puts each text behind each other one.
pub(super) fn behind(texts: Option<Vec<String>>, more: Option<&[String]>) -> Option<Vec<String>> {
    let (texts, more) = (texts?, more?);
    let total: usize = texts.iter().chain(more).map(String::len).sum();
    if texts.len() * more.len() > 16 || total > 8_192 {
        return None;
    }
    Some(texts.iter().flat_map(|text| more.iter().map(move |more| format!("{text}{more}"))).collect())
}
