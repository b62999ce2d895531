//! A class marked by the program: killed and resumed, marked again from its evidence, one account closed, points given
//! by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::Program;
use crate::served::pause;

const RUBRIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/iam-auditing");

/// A class in a sandbox of its own.
struct Class {
    program: Program,
}

impl Class {
    fn of(students: &str) -> Self {
        let program = Program::new();
        program.run(&["sandbox", "class", "--students", students, "--seed", "5", "-o", "class"]).expect(0);
        Self { program }
    }

    fn run(&self, folder: &str, more: &[&str]) -> crate::program::Ended {
        let run = ["grade", "run", RUBRIC, "--roster", "class/roster.csv", "-o", folder];
        self.program.run(&[&run[..], more].concat())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.program.folder().join(path)
    }

    fn key(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("class/class.json")).unwrap()).unwrap()
    }

    fn grades(&self, folder: &str) -> BTreeMap<String, Value> {
        let text = fs::read(self.path(folder).join("grades.json")).unwrap();
        let grades: Value = serde_json::from_slice(&text).unwrap();
        let students = grades["students"].as_array().unwrap().iter();
        students.map(|student| (student["id"].as_str().unwrap().to_owned(), student.clone())).collect()
    }
}

/// Reads all files of a folder but those that tell when and how it was read.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !["evidence.json", "journal.jsonl"].contains(&name.as_str()) && !name.contains(".part")
            {
                let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), text);
            }
        }
    }
    found
}

fn same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert!(one.len() > 8, "{:?}", one.keys());
    for (name, text) in &one {
        assert!(*text == other[name], "{} differs:\n{text}\n---\n{}", name.display(), other[name]);
    }
}

#[test]
fn a_killed_run_resumes_to_the_files_of_one_that_was_not() {
    let class = Class::of("6");
    class.run("whole", &[]);
    let run = ["grade", "run", RUBRIC, "--roster", "class/roster.csv", "-o", "killed", "--parallelism", "1"];
    let mut process = class.program.command(&run).spawn().unwrap();
    let journal = class.path("killed/journal.jsonl");
    let lines = || fs::read_to_string(&journal).unwrap_or_default().lines().count();
    let began = Instant::now();
    while lines() < 3 {
        assert!(began.elapsed() < Duration::from_mins(2), "nobody was marked");
        pause(Duration::from_millis(2));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let done = lines() - 1;
    assert!((2..6).contains(&done), "{done} students were done");
    assert!(!class.path("killed/grades.json").exists());

    let again = class.run("killed", &[]).expect(64);
    assert!(again.stderr.contains("--resume"), "{}", again.stderr);
    let resumed = class.run("killed", &["--resume"]);
    assert!(resumed.stderr.contains("are done already"), "{}", resumed.stderr);
    same(&class.path("whole"), &class.path("killed"));
}

#[test]
fn marking_again_from_the_evidence_gives_the_same_and_refuses_what_was_edited() {
    let class = Class::of("4");
    let live = class.run("marks", &[]);
    let regrade =
        |output: &str| class.program.run(&["grade", "regrade", RUBRIC, "--evidence", "marks", "-o", output]);
    assert_eq!(regrade("again").code, live.code);
    same(&class.path("marks"), &class.path("again"));
    let evidence = |folder: &str| fs::read(class.path(folder).join("students/s002/evidence.json")).unwrap();
    assert_eq!(evidence("marks"), evidence("again"));

    let path = class.path("marks/students/s002/evidence.json");
    let text = fs::read_to_string(&path).unwrap();
    let edited = text.replacen("User1", "User9", 1);
    assert_ne!(text, edited);
    fs::write(&path, edited).unwrap();
    let ended = regrade("edited").expect(4);
    assert!(ended.stdout.contains("s002  the evidence is refused"), "{}", ended.stdout);
    let (before, after) = (class.grades("again"), class.grades("edited"));
    assert_eq!(after["s002"]["state"], "unreachable");
    assert_eq!(before["s001"], after["s001"]);
}

#[test]
fn one_account_that_cannot_be_looked_at_is_pending_and_the_others_are_graded() {
    let class = Class::of("3");
    let key = class.key();
    let account = key["students"][1]["account"].as_str().unwrap();
    let faults = |words: &[&str]| {
        let faults = [&["sandbox", "faults", "--account", account], words].concat();
        class.program.run(&faults).expect(0);
    };
    faults(&["add", "cloudtrail:LookupEvents error AccessDeniedException"]);
    let ended = class.run("marks", &[]).expect(4);
    assert!(ended.stdout.contains("2 graded, 1 pending, 0 unreachable"), "{}", ended.stdout);
    assert!(ended.stderr.contains("--resume"), "{}", ended.stderr);
    let grades = class.grades("marks");
    let states: Vec<&str> = grades.values().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["graded", "pending", "graded"]);
    let read = |id: &str| fs::read(class.path("marks/students").join(id).join("evidence.json")).unwrap();
    let before = read("s001");

    faults(&["clear"]);
    class.run("marks", &["--resume"]).expect(0);
    assert_eq!(class.grades("marks")["s002"]["state"], "graded");
    assert!(before == read("s001"), "who was graded is not looked at again");
    class.run("whole", &[]).expect(0);
    same(&class.path("marks"), &class.path("whole"));
}

#[test]
fn points_given_by_hand_count_without_another_look_at_the_account() {
    let class = Class::of("2");
    class.run("marks", &[]);
    let path = class.path("marks/manual.csv");
    let form = fs::read_to_string(&path).unwrap();
    assert_eq!(form.lines().count(), 1 + 2 * 3, "{form}");
    let before = class.grades("marks")["s001"]["score"].as_f64().unwrap();
    let evidence = || fs::read(class.path("marks/students/s001/evidence.json")).unwrap();
    let read = evidence();

    fs::write(&path, form.replace("s001,T5.findings,,", "s001,T5.findings,4,")).unwrap();
    let wrong = class.run("marks", &["--resume"]).expect(1);
    assert!(wrong.stderr.contains("more than the 3"), "{}", wrong.stderr);
    let given = form.replace("s001,T5.findings,,", "s001,T5.findings,2.5,\"good, but no root\"");
    fs::write(&path, &given).unwrap();
    class.run("marks", &["--resume"]);
    let after = class.grades("marks")["s001"].clone();
    let late = after.to_string().contains("\"deduction\"");
    assert!(late || (after["score"].as_f64().unwrap() - before - 2.5).abs() < 0.001, "{before}: {after}");
    assert!(read == evidence(), "the account was read again");
    assert_eq!(fs::read_to_string(&path).unwrap(), given, "what a person wrote is kept");
    let report = fs::read_to_string(class.path("marks/students/s001/report.html")).unwrap();
    assert!(report.contains("Good, but no root"), "{report}");
}

#[test]
fn a_dry_run_contacts_nobody_and_writes_nothing() {
    let class = Class::of("2");
    let plan = class.run("marks", &["--dry-run"]).expect(0);
    assert!(plan.stdout.contains("s001  read and mark  the sandbox's account"), "{}", plan.stdout);
    assert!(plan.stdout.contains("iam:GetAccountAuthorizationDetails"), "{}", plan.stdout);
    assert!(!class.path("marks").exists());
    fs::create_dir(class.path("mine")).unwrap();
    fs::write(class.path("mine/thesis.txt"), "years of work").unwrap();
    class.run("mine", &[]).expect(64);
    class.run("mine", &["--resume"]).expect(64);
    assert_eq!(fs::read_dir(class.path("mine")).unwrap().count(), 1);
}

const WORKSHEET: &str = "Identifier,Full name,ID number,Username,Email address,Status,Grade,Maximum grade,Grade can be \
                         changed,Last modified (submission),Last modified (grade),Feedback comments\r\n";

#[test]
fn a_gradebook_that_cannot_be_filled_is_told_before_the_folder_is_taken() {
    let class = Class::of("2");
    let canvas = "Student,ID,SIS User ID,SIS Login ID,Section,Quiz (1),Essay (2)\r\n    Points Possible,,,,,100,100\r\n\
                  A,9,s001,s001,one,,\r\n";
    fs::write(class.path("canvas-export.csv"), canvas).unwrap();
    fs::write(class.path("moodle-export.csv"), WORKSHEET).unwrap();
    fs::write(class.path("broken.csv"), "a,b\r\n1,2\r\n").unwrap();
    let none = class.run("marks", &["--canvas", "export.csv"]).expect(1);
    assert!(none.stderr.contains("`export.csv` cannot be read"), "{}", none.stderr);
    let both = class.run("marks", &["--canvas", "canvas-export.csv", "--moodle", "broken.csv"]).expect(1);
    assert!(both.stderr.contains("`canvas-export.csv` and `broken.csv` cannot be filled"), "{}", both.stderr);
    assert!(both.stderr.contains("--canvas-column") && both.stderr.contains("Quiz (1)"), "{}", both.stderr);
    assert!(!class.path("marks").exists(), "nothing was begun");

    let column =
        ["--canvas", "canvas-export.csv", "--canvas-column", "Essay", "--moodle", "moodle-export.csv"];
    let done = class.run("marks", &[&column[..], &["--provisional"]].concat());
    assert!(done.stdout.contains("2 students: "), "{}", done.stdout);
    let filled = fs::read_to_string(class.path("marks/canvas.csv")).unwrap();
    assert_ne!(filled, canvas);
    let again = class.run("marks", &["--resume"]);
    assert!(again.stderr.contains("canvas.csv is that of an earlier run"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(class.path("marks/canvas.csv")).unwrap(), filled, "nothing is taken away");
}

#[test]
fn what_cannot_be_read_has_no_mistakes_and_what_is_hinted_at_is_there() {
    let program = Program::new();
    let run = |rubric: &str, more: &[&str]| {
        program.run(&[&["grade", "run", rubric, "-o", "marks", "--roster"], more].concat()).expect(1).stderr
    };
    let said = run(RUBRIC, &["nobody.csv"]);
    assert!(said.contains("`nobody.csv` cannot be read") && said.contains("name a CSV file"), "{said}");
    assert!(!said.contains("mistakes"), "{said}");
    let said = run("nowhere", &["nobody.csv"]);
    assert!(said.contains("`nowhere` cannot be read") && said.contains("`rubric.yaml`"), "{said}");
    assert!(!said.contains("mistakes"), "{said}");

    fs::write(program.folder().join("roster.csv"), "id,bundle\na,none.json\n").unwrap();
    let marks = |more: &[&str]| {
        let run = ["grade", "run", RUBRIC, "--roster", "roster.csv", "-o", "marks"];
        program.run(&[&run[..], more].concat()).expect(4)
    };
    assert!(marks(&[]).stderr.contains("`--resume`"));
    let resumed = marks(&["--resume"]);
    assert!(!resumed.stderr.contains("--resume` looks"), "{}", resumed.stderr);
    let regrade = ["grade", "regrade", RUBRIC, "--evidence", "marks", "-o"];
    let taken = program.run(&[&regrade[..], &["marks"]].concat()).expect(64);
    assert!(!taken.stderr.contains("--resume"), "{}", taken.stderr);
    let again = program.run(&[&regrade[..], &["again"]].concat()).expect(4);
    assert!(again.stderr.contains("`grade run --resume`"), "{}", again.stderr);
    assert!(!again.stdout.contains("run with --resume"), "{}", again.stdout);
    let own = program.json(&["grade", "self", RUBRIC], 2);
    let criteria =
        || own["tasks"].as_array().unwrap().iter().flat_map(|task| task["criteria"].as_array().unwrap());
    assert!(criteria().all(|one| !one["what"].as_str().unwrap().is_empty()), "{own}");
    assert!(criteria().any(|one| one["status"] == "FAIL"), "{own}");
    assert!(criteria().all(|one| (one["status"] == "FAIL") == one["next"].is_string()), "{own}");
}

#[test]
fn what_is_there_is_kept_from_being_written_over_and_from_others() {
    let class = Class::of("2");
    class.run("marks", &[]);
    let manual = class.path("marks/manual.csv");
    fs::copy(&manual, class.path("other.csv")).unwrap();
    let old = b"student,criterion,points,comment\ns001,T5.findings,2,gr\xfc\xdfe\n";
    fs::write(&manual, old).unwrap();
    let left = class.run("marks", &["--resume", "--manual", "other.csv"]);
    assert!(left.stderr.contains("manual.csv` was left as it is"), "{}", left.stderr);
    assert_eq!(fs::read(&manual).unwrap(), old);
    fs::remove_file(&manual).unwrap();

    let regrade =
        |from: &str| class.program.run(&["grade", "regrade", RUBRIC, "--evidence", from, "-o", "again"]);
    let first = regrade("marks");
    let second = regrade("marks");
    assert_eq!(first.code, second.code, "{}", second.stderr);
    assert!(second.stderr.contains("2 of 2 students are done already"), "{}", second.stderr);
    class.run("others", &[]);
    regrade("others").expect(64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &str| fs::metadata(class.path(path)).unwrap().permissions().mode() & 0o777;
        for name in ["journal.jsonl", "manual.csv", "students/s001/evidence.json"] {
            assert_eq!(mode(&format!("again/{name}")), 0o600, "{name}");
            assert_eq!(mode(&format!("others/{name}")), 0o600, "{name}");
        }
        assert_eq!(mode("others/students"), 0o700);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_holds_nobody_up_and_a_file_handed_in_again_is_read_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let program = Program::new();
    let pipe = program.folder().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    program.run(&["grade", "collect", RUBRIC, "--student", "b", "-o", "b.json"]);
    fs::write(program.folder().join("roster.csv"), "id,bundle\na,pipe\nb,b.json\n").unwrap();
    fs::write(program.folder().join("key"), "7".repeat(64)).unwrap();
    fs::set_permissions(program.folder().join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let marks = |more: &[&str]| {
        let run = ["grade", "run", RUBRIC, "--roster", "roster.csv", "-o", "marks"];
        program.run(&[&run[..], more].concat()).expect(4).stdout
    };
    let said = marks(&["--secret-file", "key"]);
    assert!(said.contains("a  the file of a cannot be read: it is no ordinary file"), "{said}");
    assert!(said.contains("b  the file of b is not sealed") && said.contains("--accept-unsealed"), "{said}");
    let said = marks(&["--secret-file", "key", "--resume", "--accept-unsealed"]);
    assert!(!said.contains("b  the file of b"), "{said}");
    fs::write(program.folder().join("b.json"), "{}").unwrap();
    let said = marks(&["--resume"]);
    assert!(said.contains("b  the file of b cannot be read"), "{said}");
}
