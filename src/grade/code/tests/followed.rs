//! Programs that do the same in unusual ways, those that only seem to, and those that a person has to read.

use super::programs::{ALL, HEAD, body};
use super::*;

/// Tells what is to be told of `u`, a row whose fields are attributes.
const BY_ATTRIBUTES: &str = r"
for u in users:
    if u.user == '<root_account>':
        out += u.password_last_used + u.access_key_1_last_used_date + u.access_key_2_last_used_date
        out += u.access_key_1_active + u.access_key_2_active
    elif u.password_enabled == 'true' and u.mfa_active == 'false':
        out += u.user
";

/// Tells of `root`, a row.
const ROOT: &str = r"
out += root['password_last_used'] + root['access_key_1_last_used_date'] + root['access_key_2_last_used_date']
out += root['access_key_1_active'] + root['access_key_2_active']
";

const MFA: &str = "out += str([r['user'] for r in rows if r['password_enabled'] == 'true' and r['mfa_active'] == 'false'])\n";

#[track_caller]
fn letter(text: &str, place: usize) -> char {
    let code = read(&[("lambda_function.py", text)], "lambda_function.lambda_handler");
    letters(&code).chars().nth(place).unwrap()
}

#[test]
fn rows_with_named_fields() {
    let named = "from collections import namedtuple\nlines = fetch(assume()).split('\\n')\nRow = namedtuple('Row', lines[0].split(','))\n";
    for make in ["Row(*l.split(','))", "Row._make(l.split(','))"] {
        expect(&body(&format!("{named}users = [{make} for l in lines[1:]]{BY_ATTRIBUTES}")), "MMMMMMMMMMMM");
    }
    expect(&body(&format!("{named}users = [Row(**r) for r in rows]{BY_ATTRIBUTES}")), "MMMMMMMMMMMM");
    let class = "from dataclasses import dataclass\n@dataclass\nclass U:\n    user: str\n    password_enabled: str\n    mfa_active: str\n    password_last_used: str\n    access_key_1_active: str\n    access_key_2_active: str\n    access_key_1_last_used_date: str\n    access_key_2_last_used_date: str\n";
    let users = "users = [U(**{k: v for k, v in r.items() if k in U.__dataclass_fields__}) for r in rows]\n";
    expect(&body(&format!("{class}{users}{BY_ATTRIBUTES}")), "MMMMMMMMMMMM");
    let chosen = "from collections import namedtuple\nU = namedtuple('U', 'name pw mfa')\nfor u in [U(r['user'], r['password_enabled'], r['mfa_active']) for r in rows]:\n    if u.pw == 'true' and u.mfa == 'false':\n        out += u.name";
    assert_eq!(letter(&body(chosen), 7), 'M');
    assert_eq!(
        letter(&body(&chosen.replace("u.mfa ==", "u.name ==")), 7),
        'N',
        "other fields are other cells"
    );
}

#[test]
fn lists_that_make_themselves_and_texts_that_are_written() {
    let grouped = ALL
        .replace("out += row['user']", "f['mfa'].append(row['user'])")
        .replace("out += ", "f['root'].append(1); out += ");
    let f = "from collections import defaultdict\nf = defaultdict(list)\n";
    expect(&body(&format!("{f}{grouped}\nout += str(dict(f))")), "MMMMMMMMMMMM");
    assert_eq!(letter(&body(&format!("{f}{grouped}\nout += str(f['other'])")), 7), 'N', "another list");
    let written = |line: &str, read: &str| {
        let text = ALL.replace("out += ", line);
        body(&format!("buf = io.StringIO()\n{text}\nout = buf.{read}()"))
    };
    expect(
        &written("buf.write(", "getvalue")
            .replace("_date']\n", "_date'])\n")
            .replace("key'\n", "key')\n")
            .replace("MFA\\n'\n", "MFA\\n')\n"),
        "MMMMMMMMMMMM",
    );
    let printed = "buf = io.StringIO()\nfor r in rows:\n    if r['password_enabled'] == 'true' and r['mfa_active'] == 'false':\n        print('no MFA', r['user'], file=buf)\n";
    assert_eq!(letter(&body(&format!("{printed}out = buf.getvalue()")), 7), 'M');
    assert_eq!(letter(&body(printed), 7), 'N', "what is written and never read is not told");
    let cells = "buf = io.StringIO()\nw = csv.writer(buf)\nfor r in rows:\n    if r['password_enabled'] == 'true' and r['mfa_active'] == 'false':\n        w.writerow([r['user']])\nout = buf.getvalue()";
    assert_eq!(letter(&body(cells), 7), 'M');
}

#[test]
fn roots_row_by_its_place_and_by_its_name() {
    for root in [
        "root = next(csv.DictReader(fetch(assume()).splitlines()))",
        "root, *users = rows",
        "root, *users = [*rows]",
        "root = [dict(r) for r in rows][0]",
        "root = [r for r in rows if '<root' in r['user']][0]",
        "root = [r for r in rows if r['user'].startswith('<root')].pop()",
        "root = next(r for r in rows if r['arn'].endswith(':root'))",
    ] {
        expect(&body(&format!("{root}\n{ROOT}{MFA}")), "MMMMMMMMMMMM");
    }
    for other in [
        "root = [r for r in rows if r['user'] == 'root'][0]",
        "root = [r for r in rows if r['user'] == 'Root'][0]",
        "root = [r for r in rows if 'Root' in r['user']][0]",
        "root = [r for r in rows if r['mfa_active'] == 'false'][0]",
        "root = next(r for r in rows if r['user'].startswith('rooty'))",
    ] {
        expect(&body(&format!("{other}\n{ROOT}{MFA}")), "MMMMMMNMNMMM");
    }
    let objects = r"
class User:
    def __init__(self, row):
        self.name, self.last = row['user'], row['password_last_used'] + row['access_key_1_last_used_date'] + row['access_key_2_last_used_date']
        self.one, self.two = row['access_key_1_active'] == 'true', row['access_key_2_active'] == 'true'
    @property
    def is_root(self):
        return self.name == '<root_account>'
root = next(u for u in [User(r) for r in rows] if u.is_root)
out += str(root.last) + ('key' if root.one or root.two else 'none')
";
    assert_eq!((letter(&body(objects), 6), letter(&body(objects), 8)), ('M', 'M'));
    let all = objects.replace(" if u.is_root", "");
    assert_eq!((letter(&body(&all), 6), letter(&body(&all), 8)), ('N', 'N'), "not told apart");
}

#[test]
fn what_roots_keys_are_tested_for() {
    let test = |text: &str| letter(&body(&format!("r = rows[0]\n{text}")), 8);
    let (one, two) = ("r['access_key_1_active']", "r['access_key_2_active']");
    for (condition, expected) in [
        (format!("{one} == 'true' or {two} == 'true'"), 'M'),
        (format!("{one} != 'false' or {two} != 'false'"), 'M'),
        (format!("not ({one} == 'false' and {two} == 'false')"), 'M'),
        (format!("'true' in ({one}, {two})"), 'M'),
        (format!("({one}, {two}) != ('false', 'false')"), 'M'),
        (format!("{one} == 'False' or {two} == 'False'"), 'N'),
        (format!("{one} == 'True' or {two} == 'True'"), 'N'),
        (format!("{one} == True or {two} == True"), 'N'),
        (format!("{one} == 'false' or {two} == 'false'"), 'N'),
    ] {
        assert_eq!(test(&format!("if {condition}:\n    out += 'root has a key'")), expected, "{condition}");
    }
    let each = "for n in (1, 2):\n    if r['access_key_%d_active' % n] == 'false':\n        out += 'fine'\n    else:\n        out += 'root has a key'";
    assert_eq!(test(each), '?', "what it says of that is for a person");
    assert_eq!(
        test(&format!("if {one} == 'True' or {two} == 'True':\n    out += {one} + {two}")),
        'M',
        "the cells are told"
    );
}

#[test]
fn who_has_a_password_and_no_mfa_by_sets_and_pairs() {
    let sets = "pw = {r['user'] for r in rows if r['password_enabled'] == 'true'}\nmfa = {r['user'] for r in rows if r['mfa_active'] == 'true'}\n";
    let no = "no = {r['user'] for r in rows if r['mfa_active'] == 'false'}\n";
    for (text, expected) in [
        (format!("{sets}out += str(sorted(pw - mfa))"), 'M'),
        (format!("{sets}out += str(pw.difference(mfa))"), 'M'),
        (format!("{sets}{no}out += str(pw & no)"), 'M'),
        (format!("{sets}out += str(pw & mfa)"), 'N'),
        (format!("{sets}out += str(mfa - pw)"), 'N'),
        ("for r in rows:\n    if (r['password_enabled'], r['mfa_active']) == ('true', 'false'):\n        out += r['user']".to_owned(), 'M'),
        ("for r in rows:\n    if (r['password_enabled'], r['mfa_active']) == ('true', 'true'):\n        out += r['user']".to_owned(), 'N'),
    ] {
        assert_eq!(letter(&body(&text), 7), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_followed_is_for_a_person() {
    for (text, place) in [
        ("r = rows[0]\nout += str([r[c] for c in r if 'last_used' in c])", 6),
        (
            "r = rows[0]\nout += str({c: r[c] for c in r.keys() if c.endswith('last_used') or c.endswith('last_used_date')})",
            6,
        ),
        (
            "for k, v in rows[0].items():\n    if k.startswith('access_key') and k.endswith('_active') and v == 'true':\n        out += k",
            8,
        ),
        (
            "import magic\nbox = magic.Box(event)\nfor r in rows:\n    if r['password_enabled'] == 'true' and r['mfa_active'] == 'false':\n        box.parts.add(r['user'])\nout += str(box.parts)",
            7,
        ),
        (
            "for r in rows:\n    if r['password_enabled'] == 'true' and r['mfa_active'] == event['no']:\n        out += r['user']",
            7,
        ),
    ] {
        let code = read(&[("lambda_function.py", &body(text))], "lambda_function.lambda_handler");
        let found = code.deed(DEEDS[place]);
        assert_eq!(found.outcome, Outcome::Manual, "{text}: {found:?}");
        assert!(found.message.contains("a person has to read it") && !found.evidence.is_empty(), "{found:?}");
    }
    assert_eq!(letter(&body("r = rows[0]\nout += str([r[c] for c in r])"), 7), '-', "plainly absent");
}

#[test]
fn keys_that_are_spread() {
    let with = |keys: &str| {
        let line = "    return boto3.client('iam', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])";
        let program = body(ALL);
        assert!(program.contains(line));
        program.replace(line, &format!("    return boto3.client('iam', **{keys})"))
    };
    let zipped = "dict(zip(('aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'), (c['AccessKeyId'], c['SecretAccessKey'], c['SessionToken'])))";
    expect(&with(zipped), "MMMMMMMMMMMM");
    expect(
        &with("{name(k): v for k, v in c.items()}")
            .replace("def assume", "from names import name\ndef assume"),
        "MMMM?MMMMMMM",
    );
    expect(&with("{'region_name': 'us-east-1'}"), "MMMM-MMMMMMM");
}

#[test]
fn code_that_cannot_run() {
    let program = body(ALL);
    let typo = expect(&program.replace("csv.DictReader", "cvs.DictReader"), "MMMMMMNNNMMM");
    assert!(typo.deed(Deed::ReportsRootKeys).message.contains("nothing defines"));
    expect(&program.replace(", RoleSessionName='x'", ""), "MNMMMMMMMMMM");
    expect(&program.replace("RoleArn=os.environ['ROLE'], ", ""), "MNMMMMMMMMMM");
    expect(&program.replace("RoleArn=os.environ['ROLE'], RoleSessionName='x'", "**event"), "MMMMMMMMMMMM");
    let publish = "    boto3.client('sns').publish(TopicArn=os.environ['TOPIC'], Message=out)\n";
    let failing = format!("    try:\n        print(out)\n    except Exception:\n    {publish}");
    expect(&program.replace(publish, &failing), "MMMMMMMMMNMM");
    let also = format!("    try:\n    {publish}    except Exception as e:\n    {publish}");
    expect(&program.replace(publish, &also), "MMMMMMMMMMMM");
}

#[test]
fn a_syntax_error_is_no_credential() {
    let broken = format!("{HEAD}\ndef lambda_handler(event, context)\n    pass\n");
    expect(&broken, "-----------M");
    let key = broken
        .replace("boto3.client('sts')", "boto3.client('sts', aws_access_key_id='AKIAIOSFODNN7EXAMPLE')");
    expect(&key, "------------");
}
