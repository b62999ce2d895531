//! Log files of a trail, as they lie in its bucket or a copy of it: `AWSLogs/…/CloudTrail/region/yyyy/mm/dd/….json.gz`.
//!
//! Any folder will do, and any file named `.json` or `.json.gz` in it. A file is read as a stream, one record after the
//! other; besides `{"Records": […]}` of a trail and of the console's download, `{"Events": […]}` of
//! `aws cloudtrail lookup-events` is read.
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::lookup::LARGEST;
use crate::account::event::Event;

/// The most of a file that is read, unpacked, in bytes. A trail's files have some ten million.
const LONGEST: u64 = 256 << 20;

/// The longest record, in bytes: CloudTrail cuts what is above 256 KB. `lookup-events` writes it as a text, with more around.
const LONGEST_RECORD: usize = 256 << 10;

/// The deepest that folders are walked.
const DEEPEST: usize = 24;

/// What was read of a folder so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Files that were read.
    pub files: u64,
    /// Events in them.
    pub looked: u64,
    /// Records that are no events.
    pub undecodable: u64,
    /// The earliest and the latest time of an event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Files that could not be read to their end, and why.
    pub unread: Vec<(PathBuf, String)>,
}

/// Lists the log files of a folder, in the order of their paths. Digests and Insights files are none.
pub fn files(folder: &Path, unread: &mut Vec<(PathBuf, String)>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((next, depth)) = open.pop() {
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) => {
                unread.push((next, error.to_string()));
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    unread.push((next.clone(), error.to_string()));
                    continue;
                }
            };
            let path = entry.path();
            // A link to a folder may lead back here; one to a file does no harm.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && depth < DEEPEST {
                let name = entry.file_name();
                if name != "CloudTrail-Digest" && name != "CloudTrail-Insight" {
                    open.push((path, depth + 1));
                }
            } else if is_folder {
                unread.push((path, "the folders are too deep".to_owned()));
            } else {
                // What is behind a link, and no pipe that somebody would have to write to.
                match fs::metadata(&path) {
                    Ok(kind) if kind.is_dir() => {
                        unread.push((path, "a link to a folder is not followed".to_owned()));
                    }
                    _ if !is_log(&path) => {}
                    Ok(kind) if kind.is_file() => found.push(path),
                    Ok(_) => unread.push((path, "it is no file".to_owned())),
                    Err(error) => unread.push((path, error.to_string())),
                }
            }
        }
    }
    found.sort();
    found
}

fn is_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    Path::new(name).extension().is_some_and(|end| end == "json")
}

/// Tells whether a file's folder is of a day before `since`: a log file holds what happened before it was written.
pub fn is_before(path: &Path, since: Timestamp) -> bool {
    let parts: Vec<i16> = path
        .parent()
        .into_iter()
        .flat_map(|folder| folder.iter().rev().take(3))
        .filter_map(|part| part.to_str()?.parse().ok())
        .collect();
    let [day, month, year] = parts.as_slice() else { return false };
    let (Ok(month), Ok(day)) = (i8::try_from(*month), i8::try_from(*day)) else { return false };
    let date = Date::new(*year, month, day).ok();
    date.is_some_and(|date| date < since.to_zoned(TimeZone::UTC).date())
}

impl Reading {
    /// Shows `visit` the events of a file, in the file's order, and counts them. Between two pieces of the file it asks
    /// whether to stop.
    pub fn file(&mut self, path: &Path, is_stopped: &dyn Fn() -> bool, visit: &mut dyn FnMut(Event)) {
        self.files += 1;
        let result = File::open(path).map_err(|error| error.to_string()).and_then(|file| {
            let is_packed = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz"));
            let file = BufReader::new(file);
            if is_packed {
                self.stream(Stoppable(BufReader::new(MultiGzDecoder::new(file)), is_stopped), visit)
            } else {
                self.stream(Stoppable(file, is_stopped), visit)
            }
        });
        if let Err(why) = result {
            self.unread.push((path.to_owned(), why));
        }
    }

    fn stream(&mut self, reader: impl Read, visit: &mut dyn FnMut(Event)) -> Result<(), String> {
        let mut bounded = reader.take(LONGEST + 1);
        let result = {
            let mut deserializer = serde_json::Deserializer::from_reader(&mut bounded);
            let seed = Document(&mut |raw| self.record(raw, visit));
            seed.deserialize(&mut deserializer)
                .and_then(|has_records| deserializer.end().map(|()| has_records))
        };
        if bounded.limit() == 0 {
            return Err(format!("it has more than {} MiB", LONGEST >> 20));
        }
        match result {
            Ok(true) => Ok(()),
            Ok(false) => Err("it has no `Records`".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn record(&mut self, raw: &RawValue, visit: &mut dyn FnMut(Event)) {
        self.looked += 1;
        match decode(raw.get()) {
            Some(event) => {
                let (from, to) = self.span.unwrap_or((event.time, event.time));
                self.span = Some((from.min(event.time), to.max(event.time)));
                visit(event);
            }
            None => self.undecodable += 1,
        }
    }
}

/// A reader that fails once it is told to stop.
struct Stoppable<'a, R>(R, &'a dyn Fn() -> bool);

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.1)() { Err(io::Error::other("interrupted")) } else { self.0.read(buffer) }
    }
}

/// Reads a record, or an event of `lookup-events`, which has the record as a text in it.
fn decode(text: &str) -> Option<Event> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Listed {
        cloud_trail_event: Option<String>,
    }
    if text.len() > LARGEST {
        return None;
    }
    let listed: Listed = serde_json::from_str(text).ok()?;
    let text = listed.cloud_trail_event.as_deref().unwrap_or(text);
    if text.len() > LONGEST_RECORD {
        return None;
    }
    let record = serde_json::from_str(text).ok()?;
    Event::of(record).ok()
}

/// A log file: an object with records. Yields whether there were any.
struct Document<'a>(&'a mut dyn FnMut(&RawValue));

/// The records.
struct Records<'a>(&'a mut dyn FnMut(&RawValue));

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log file of CloudTrail")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "Records" || key == "Events" {
                found = true;
                map.next_value_seed(Records(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(raw) = sequence.next_element::<Box<RawValue>>()? {
            (self.0)(&raw);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const RECORD: &str =
        r#"{"eventID":"1","eventTime":"2026-03-02T09:00:00Z","eventName":"X","eventSource":"y"}"#;

    fn read(name: &str, bytes: &[u8]) -> (Reading, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (mut read, mut ids) = (Reading::default(), Vec::new());
        let all = files(folder.path(), &mut read.unread);
        for path in &all {
            read.file(path, &|| false, &mut |event| ids.push(event.id));
        }
        (read, ids)
    }

    #[test]
    fn records_are_read_packed_and_unpacked_and_as_the_cli_prints_them() {
        let records = format!(r#"{{"other":[1],"Records":[{RECORD},{RECORD}]}}"#);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(records.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let printed =
            serde_json::json!({"Events": [{"EventId": "1", "CloudTrailEvent": RECORD}]}).to_string();
        for (name, bytes, count) in [
            ("a.json", records.as_bytes(), 2),
            ("a.json.gz", packed.as_slice(), 2),
            ("b.JSON", printed.as_bytes(), 1),
        ] {
            let (read, ids) = read(name, bytes);
            assert_eq!(
                (ids.len(), read.looked, read.unread.as_slice()),
                (count, count as u64, [].as_slice()),
                "{name}"
            );
        }
        assert_eq!(read("a.txt", records.as_bytes()).0.files, 0);
    }

    #[test]
    fn a_damaged_file_is_named_with_what_was_found_before() {
        let cut = format!(r#"{{"Records":[{RECORD},{{"eventID":"#);
        let (found, ids) = read("a.json", cut.as_bytes());
        assert_eq!((ids.len(), found.unread.len()), (1, 1));
        for (bytes, why) in [
            (b"{}".as_slice(), "no `Records`"),
            (b"[]", "expected a log file"),
            (b"\x1f\x8b", "expected value"),
            (b"{\"Records\":3}", "expected a list of records"),
        ] {
            let (found, _) = read("a.json", bytes);
            assert!(found.unread[0].1.contains(why), "{:?}", found.unread);
        }
    }

    #[test]
    fn a_hostile_record_is_counted_and_the_next_is_read() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(LONGEST_RECORD));
        let (found, ids) = read("a.json", format!(r#"{{"Records":[{deep},3,{long},{RECORD}]}}"#).as_bytes());
        assert_eq!((ids.len(), found.undecodable, found.unread.len()), (1, 3, 0), "{found:?}");
    }

    #[test]
    fn reading_stops_within_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        // No record for a long time: nothing but the reading itself can stop it.
        fs::write(&path, format!(r#"{{"Records":[{RECORD}{}]}}"#, " ".repeat(8 << 20))).unwrap();
        let asked = std::cell::Cell::new(0);
        let is_stopped = || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        };
        let mut read = Reading::default();
        let mut seen = 0;
        read.file(&path, &is_stopped, &mut |_| seen += 1);
        assert!(read.unread[0].1.contains("interrupted") && asked.get() < 20, "{read:?}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_named_and_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        fs::create_dir_all(&inside).unwrap();
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("a.json"), "{}").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink(outside.join("a.json"), inside.join("linked.json")).unwrap();
        std::os::unix::fs::symlink(outside.join("gone.json"), inside.join("gone.json")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(inside.join("pipe.json")).status().unwrap();
        assert!(made.success());
        let mut unread = Vec::new();
        assert_eq!(files(&inside, &mut unread), [inside.join("linked.json")]);
        unread.sort();
        let names: Vec<_> =
            unread.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["gone.json", "link", "pipe.json"]);
    }

    #[test]
    fn folders_of_days_before_are_known_by_their_names() {
        let since = "2026-03-02T12:00:00Z".parse().unwrap();
        let file = |day: &str| PathBuf::from(format!("AWSLogs/1/CloudTrail/us-east-1/{day}/a.json.gz"));
        assert!(is_before(&file("2026/03/01"), since));
        assert!(!is_before(&file("2026/03/02"), since) && !is_before(&file("2026/03/03"), since));
        assert!(!is_before(Path::new("a.json"), since) && !is_before(&file("2026/13/01"), since));
    }
}
