//! Results to write: one student with everything in it, a hostile one, classes of any size.

use iamlab::grade::late::Lateness;
use iamlab::grade::points::Points;
use iamlab::grade::result::{CriterionResult, Row, State, Status, StudentResult, TaskResult};
use iamlab::grade::roster::Student;
use iamlab::grade::rubric::Rubric;
use iamlab::report::grade::{Alike, ClassPage, Member};

use crate::lab::root;

pub(super) fn small() -> Rubric {
    Rubric::load(&root().join("tests/it/grade_reports/rubric.yaml")).unwrap()
}

pub(super) fn shipped() -> Rubric {
    Rubric::load(&root().join("scenarios/iam-auditing")).unwrap()
}

/// Marks a criterion.
type Marks<'a> = &'a dyn Fn(usize, &str, Points) -> (Status, Points, String);

/// Marks a student by what `marks` says of each criterion.
pub(super) fn result(rubric: &Rubric, id: &str, account: &str, marks: Marks<'_>) -> StudentResult {
    let mut number = 0;
    let mut tasks = Vec::new();
    for task in &rubric.tasks {
        let mut criteria = Vec::new();
        for criterion in &task.criteria {
            let (status, earned, message) = marks(number, &criterion.id, criterion.points);
            number += 1;
            criteria.push(CriterionResult {
                id: criterion.id.clone(),
                points: criterion.points,
                earned,
                status,
                message,
                evidence: Vec::new(),
                remark: None,
                comment: None,
            });
        }
        let score = criteria.iter().map(|criterion| criterion.earned).sum();
        tasks.push(TaskResult { id: task.id.clone(), score, max: task.points, criteria });
    }
    let all = || tasks.iter().flat_map(|task| &task.criteria);
    let of = |status| all().filter(|one| one.status == status).map(|one| one.points).sum::<Points>();
    let unknown = of(Status::Unknown);
    StudentResult {
        id: id.to_owned(),
        account: account.to_owned(),
        state: if unknown > Points::ZERO { State::Pending } else { State::Graded },
        problem: None,
        score: all().map(|one| one.earned).sum(),
        max: rubric.max(),
        manual_open: of(Status::Manual),
        unknown,
        late: None,
        access: Vec::new(),
        tasks,
        fingerprint: None,
    }
}

/// A student with a result of every kind.
pub(super) fn ada() -> (Student, StudentResult) {
    let student = Student {
        id: "s001".into(),
        name: Some("Ada Lovelace".into()),
        email: Some("ada@example.edu".into()),
        account: Some("111122223333".into()),
        ..Student::default()
    };
    let mut result = result(&small(), "s001", "111122223333", &|_, id, points| match id {
        "T1.exists" => (Status::Fail, Points::hundredths(50), "policy `reader` is there".into()),
        "T1.least" => (Status::Fail, Points::ZERO, "it allows `iam:*` besides".into()),
        "T2.mfa" => (Status::Pass, points, "user `User1` has a virtual MFA device".into()),
        "T2.signed-in" => {
            (Status::Unknown, Points::ZERO, "nobody could look: `cloudtrail:LookupEvents` is denied".into())
        }
        _ => (Status::Manual, Points::ZERO, "a person has to judge".into()),
    });
    let criteria = &mut result.tasks[0].criteria;
    criteria[0].remark = Some("the name is `reader`, not `Reader`".into());
    criteria[1].evidence = vec![
        "arn:aws:iam::111122223333:policy/reader".into(),
        r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#.into(),
    ];
    criteria[1].comment = Some("see me in the lab, Ada".into());
    result.late = Some(Lateness {
        deduction: Points::hundredths(20),
        days: 1,
        evidence: vec!["2026-03-18T09:00:00Z user User3 was created by ada@example.edu".into()],
    });
    result.score = result.score.less(Points::hundredths(20));
    result.access = vec!["the role can be assumed without the external id".into()];
    (student, result)
}

/// What a name or a text of a student may try.
pub(super) const TRICKS: [&str; 14] = [
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "+1",
    "-1",
    "\t=1",
    "<script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "</title></style><img src=x onerror=alert(1)>",
    "esc\u{1b}[2J\u{1b}]0;title\u{7}",
    "bidi\u{202e}txt.exe\u{2066}\u{200b}",
    "pipe|cell `tick | [link](javascript:alert(1)) **b** @somebody https://x.example/",
    "cdata ]]> &amp; nul\u{0}\u{fffe}\u{8}end",
    "line\nbreak\r\n# heading\n| a |",
    "..",
];

/// A student who controls every text and tries everything in each, one of them very long.
pub(super) fn hostile(rubric: &Rubric) -> (Student, StudentResult) {
    let all = TRICKS.join(" ");
    let huge = format!("{all}{}", "x".repeat(5 << 20));
    let mut result = result(rubric, "h001", &all, &|at, _, points| {
        let status = [Status::Fail, Status::Unknown, Status::Manual, Status::Pass][at % 4];
        let earned = if status == Status::Pass { points } else { Points::ZERO };
        (status, earned, if at == 0 { huge.clone() } else { TRICKS[at % TRICKS.len()].to_owned() })
    });
    for task in &mut result.tasks {
        for criterion in &mut task.criteria {
            criterion.evidence = TRICKS.iter().map(ToString::to_string).collect();
            criterion.evidence.truncate(20);
            criterion.remark = Some(all.clone());
            criterion.comment = Some(all.clone());
        }
    }
    result.tasks[0].criteria[0].evidence.push(huge.clone());
    result.tasks[0].criteria[0].remark = Some(huge.clone());
    result.problem = Some(huge.clone());
    result.access = vec![huge.clone(), all.clone()];
    result.late =
        Some(Lateness { deduction: Points::whole(1), days: 2, evidence: vec![all.clone(), huge.clone()] });
    let student = Student { id: "h001".into(), name: Some(huge), email: Some(all), ..Student::default() };
    (student, result)
}

/// A class of any size, the same every time.
pub(super) fn class(rubric: &Rubric, size: usize) -> Vec<(Student, Row)> {
    let names =
        ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov", "Zoë Ng"];
    let mut seed: u32 = 7;
    let mut draw = move |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % below
    };
    (1..=size)
        .map(|number| {
            let ability = 55 + draw(46);
            let is_read = draw(3) > 0;
            let blind = draw(25) == 0;
            let mut dice = Vec::new();
            for _ in rubric.criteria() {
                dice.push((draw(100), draw(100)));
            }
            let kinds = rubric.by_id();
            let id = format!("s{number:03}");
            let mut marked = result(rubric, &id, &format!("{:012}", 100_000 + number), &|at, id, points| {
                let (luck, share) = dice[at];
                if kinds[id].check.is_manual() && !is_read {
                    return (Status::Manual, Points::ZERO, "a person has to judge".into());
                }
                if blind && at % 7 == 3 {
                    return (Status::Unknown, Points::ZERO, "nobody could look: throttled".into());
                }
                if luck < ability {
                    (Status::Pass, points, "it is there".into())
                } else if share > 60 {
                    (Status::Fail, Points::hundredths(points.in_hundredths() / 2), "a part".into())
                } else {
                    (Status::Fail, Points::ZERO, "it is not there".into())
                }
            });
            if number % 41 == 5 {
                marked.state = State::Unreachable;
                marked.problem =
                    Some("the role `grader` cannot be assumed: the external id does not fit".into());
                marked.unknown = marked.max;
                marked.score = Points::ZERO;
                for criterion in marked.tasks.iter_mut().flat_map(|task| &mut task.criteria) {
                    (criterion.status, criterion.earned) = (Status::Unknown, Points::ZERO);
                }
                marked.tasks.iter_mut().for_each(|task| task.score = Points::ZERO);
            } else if number % 17 == 0 {
                let deduction = Points::hundredths(marked.score.in_hundredths() / 10);
                marked.score = marked.score.less(deduction);
                marked.late = Some(Lateness { deduction, days: 1, evidence: vec![] });
            }
            if number % 60 == 2 {
                marked.access = vec!["the role can be assumed without the external id".into()];
            }
            let name = names[number % names.len()];
            let student = Student { id, name: Some(format!("{name} {number}")), ..Student::default() };
            (student, marked.row())
        })
        .collect()
}

pub(super) fn members(class: &[(Student, Row)]) -> Vec<Member<'_>> {
    class.iter().map(|(student, row)| Member { student, row }).collect()
}

pub(super) fn alike() -> Vec<Alike> {
    vec![Alike {
        what: "the same function package".into(),
        students: vec!["s002".into(), "s004".into()],
        evidence: vec!["sha256 4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a".into()],
    }]
}

pub(super) const fn page<'a>(members: &'a [Member<'a>], alike: &'a [Alike]) -> ClassPage<'a> {
    ClassPage { members, alike, deadline: None }
}
