//! Programs of many hands. The head does tasks 9, the bodies task 10 and 11, unless a program is about them.

use super::*;

pub(super) const HEAD: &str = r"
import boto3, csv, io, os, time

def assume():
    c = boto3.client('sts').assume_role(RoleArn=os.environ['ROLE'], RoleSessionName='x')['Credentials']
    return boto3.client('iam', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])

def fetch(iam):
    iam.generate_credential_report()
    time.sleep(5)
    return iam.get_credential_report()['Content'].decode()

";

/// Runs a body with the table of rows as `rows` and all that is in `out` published.
pub(super) fn body(text: &str) -> String {
    let lines: Vec<&str> = text.trim_matches('\n').lines().collect();
    let text = format!("    {}\n", lines.join("\n    "));
    format!(
        "{HEAD}\ndef lambda_handler(event, context):\n    rows = list(csv.DictReader(io.StringIO(fetch(assume()))))\n    out = ''\n{text}    boto3.client('sns').publish(TopicArn=os.environ['TOPIC'], Message=out)\n"
    )
}

pub(super) const ALL: &str = r"
for row in rows:
    if row['user'] == '<root_account>':
        out += row['password_last_used'] + row['access_key_1_last_used_date'] + row['access_key_2_last_used_date']
        if row['access_key_1_active'] == 'true' or row['access_key_2_active'] == 'true':
            out += 'root has a key'
    elif row['password_enabled'] == 'true' and row['mfa_active'] != 'true':
        out += row['user'] + ' has no MFA\n'
";

#[test]
fn a_loop_with_branches() {
    expect(&body(ALL), "MMMMMMMMMMMM");
}

#[test]
fn one_big_handler() {
    expect(
        r"
import boto3, csv
def lambda_handler(event, context):
    sts = boto3.client('sts')
    resp = sts.assume_role(RoleArn='arn:aws:iam::123456789012:role/IAM-Auditor-role', RoleSessionName='s')
    creds = resp['Credentials']
    client = boto3.client('iam', region_name='us-east-1', aws_access_key_id=creds['AccessKeyId'],
        aws_secret_access_key=creds['SecretAccessKey'], aws_session_token=creds['SessionToken'])
    client.generate_credential_report()
    report = client.get_credential_report()
    lines = report['Content'].decode('utf-8').splitlines()
    reader = csv.DictReader(lines)
    msg = []
    for u in reader:
        if u['user'] == '<root_account>':
            msg.append(f'root used {u['password_last_used']}')
        if u['password_enabled'].lower() == 'true':
            if u['mfa_active'].lower() == 'false':
                msg.append('no mfa: {}'.format(u['user']))
    body = '\n'.join(msg)
    sns = boto3.resource('sns').Topic('arn:aws:sns:us-east-1:123456789012:t')
    sns.publish(Subject='audit', Message=body)
",
        "MNMMMMPM-MMM",
    );
}

#[test]
fn classes_sessions_and_types() {
    expect(
        r#"
import csv
from io import StringIO
from typing import List, Dict
from boto3 import Session, client as make

class Auditor:
    ROLE: str = "arn:aws:iam::123456789012:role/IAM-Auditor-role"
    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.findings: List[str] = []
        self.iam = None
    def assume(self) -> None:
        creds: Dict = make("sts").assume_role(RoleArn=self.ROLE, RoleSessionName="a").get("Credentials")
        session = Session(creds["AccessKeyId"], creds["SecretAccessKey"], creds["SessionToken"])
        self.iam = session.client("iam")
    @property
    def rows(self):
        self.iam.generate_credential_report()
        return list(csv.DictReader(StringIO(self.iam.get_credential_report()["Content"].decode())))
    def root(self):
        row = self.rows[0]
        for n in (1, 2):
            self.findings.append("%s %s" % (row[f"access_key_{n}_active"], row["access_key_{}_last_used_date".format(n)]))
        self.findings.append(row.get("password_last_used", "never"))
    def mfa(self):
        for row in self.rows:
            if row["password_enabled"] != "true":
                continue
            if row["mfa_active"] == "true":
                continue
            self.findings.append(row["user"])
    def send(self):
        make("sns").publish(TopicArn=self.topic, Message="\n".join(self.findings))

def lambda_handler(event, context):
    auditor = Auditor("arn")
    auditor.assume()
    auditor.root()
    auditor.mfa()
    auditor.send()
"#,
        "MMMMMMMMMMMM",
    );
}

#[test]
fn cells_by_their_place() {
    let program = format!(
        "{HEAD}{}",
        r"
def lambda_handler(event, context):
    text = fetch(assume())
    out = ''
    for line in text.split('\n')[1:]:
        columns = line.split(',')
        if columns[0] == '<root_account>':
            out += columns[4] + columns[10] + columns[15]
            out += str(columns[8] == 'true' or columns[13] == 'true')
        elif columns[3] == 'true' and columns[7] == 'false':
            out += columns[0]
    boto3.client('sns').publish(TopicArn='t', Message=out)
"
    );
    expect(&program, "MMMMMMMMMMMM");
    expect(&program.replace("columns[7]", "columns[5]"), "MMMMMMM-MMMM");
    let looked_up = program
        .replace("    out = ''\n", "    out = ''\n    header = text.split('\\n')[0].split(',')\n    mfa = header.index('mfa_active')\n")
        .replace("columns[7]", "columns[mfa]");
    expect(&looked_up, "MMMMMMMMMMMM");
}

#[test]
fn data_frames() {
    let program = format!(
        "{HEAD}{}",
        r"
import pandas as pd
def lambda_handler(event, context):
    df = pd.read_csv(io.StringIO(fetch(assume())))
    root = df[df['user'] == '<root_account>'].iloc[0]
    no_mfa = df[(df['password_enabled'] == 'true') & (df['mfa_active'] == False)]
    out = f'''root: {root['password_last_used']} {root['access_key_1_last_used_date']} {root.access_key_2_last_used_date}
    keys {root['access_key_1_active']} {root['access_key_2_active']}
    {no_mfa['user'].tolist()}'''
    boto3.client('sns').publish(TopicArn='t', Message=out)
"
    );
    expect(&program, "MMMMMMMMMMMM");
}

#[test]
fn the_root_control() {
    let mfa = "out += str([r['user'] for r in rows if r['password_enabled'] == 'true' and r['mfa_active'] == 'false'])\n";
    let keys = "root = next(r for r in rows if r['user'] == '<root_account>')\nout += root['access_key_1_active'] + root['access_key_2_active']\n";
    let with = |text: &str| body(&format!("{mfa}{keys}{text}"));
    expect(&with("out += root['password_last_used']"), "MMMMMMPMMMMM");
    expect(&with("for r in rows:\n    out += r['user'] + r['password_last_used']"), "MMMMMMPMMMMM");
    let all = "for r in rows:\n    out += r['password_last_used'] + r['access_key_1_last_used_date'] + r['access_key_2_last_used_date']";
    expect(&with(all), "MMMMMMNMMMMM");
    expect(&with("last = root['password_last_used']"), "MMMMMMNMMMMM");
    expect(&with("out += str(boto3.client('cloudtrail').lookup_events())"), "MMMMMMNMMMMM");
    expect(&with("# out += root['password_last_used']"), "MMMMMM-MMMMM");
    expect(&with("help = \"root['password_last_used']\""), "MMMMMM-MMMMM");
    expect(&with("def unused():\n    return root['password_last_used']"), "MMMMMMNMMMMM");
}

#[test]
fn the_mfa_control() {
    let with = |text: &str| body(text);
    let names = "out += ', '.join(r['user'] for r in rows if TEST)";
    for (test, outcome) in [
        ("r['password_enabled'] == 'true' and r['mfa_active'] == 'false'", 'M'),
        ("r['password_enabled'] == 'true' and r['mfa_active'] != 'true'", 'M'),
        ("r['password_enabled'] == 'true' and not r['mfa_active'] == 'true'", 'M'),
        ("not (r['password_enabled'] != 'true' or r['mfa_active'] == 'true')", 'M'),
        ("'true' == r['password_enabled'] and r['mfa_active'] in ('false', 'FALSE')", 'M'),
        ("r['password_enabled'].upper() == 'TRUE' and r['mfa_active'].upper() == 'FALSE'", 'M'),
        ("r.get('password_enabled') == 'true' and r.get('mfa_active', 'false') == 'false'", 'M'),
        ("r['mfa_active'] == 'false'", 'N'),
        ("r['password_enabled'] == 'true' or r['mfa_active'] == 'false'", 'N'),
        ("r['password_enabled'] == 'true' and not r['mfa_active']", 'N'),
        ("r['password_enabled'] == 'true' and r['mfa_active'] == False", 'N'),
        ("r['password_enabled'] == 'true' and r['mfa_active'] == 'true'", 'N'),
        ("r['password_enabled'] == 'true' and r['access_key_1_active'] == 'false'", '-'),
        ("r['password_enabled'] == 'true'", '-'),
    ] {
        let code = read(
            &[("lambda_function.py", &with(&names.replace("TEST", test)))],
            "lambda_function.lambda_handler",
        );
        assert_eq!(
            letters(&code).chars().nth(7),
            Some(outcome),
            "{test}: {:?}",
            code.deed(Deed::ReportsUsersWithoutMfa)
        );
    }
    let mfa = |text: &str| {
        letters(&read(&[("lambda_function.py", &with(text))], "lambda_function.lambda_handler"))
            .chars()
            .nth(7)
    };
    let steps = "users = [r for r in rows if r['password_enabled'] == 'true']\nbad = list(filter(lambda r: r['mfa_active'] == 'false', users))\nfor b in bad:\n    out += b['user']";
    assert_eq!(mfa(steps), Some('M'));
    let helper = "def no_mfa(r):\n    if r['mfa_active'] == 'false':\n        return True\n    return False\nfor r in rows:\n    if r['password_enabled'] == 'true' and no_mfa(r):\n        out += r['user']";
    assert_eq!(mfa(helper), Some('M'));
    let count = "n = 0\nfor r in rows:\n    if r['password_enabled'] == 'true' and r['mfa_active'] == 'false':\n        n += 1\nout = str(n)";
    assert_eq!(mfa(count), Some('N'));
    let devices = "for r in rows:\n    if not boto3.client('iam').list_mfa_devices(UserName=r['user'])['MFADevices']:\n        out += r['user']";
    assert_eq!(mfa(devices), Some('N'));
}

#[test]
fn ways_to_call() {
    for (part, instead) in [
        ("iam.generate_credential_report()", "g = iam.generate_credential_report\n    g()"),
        ("iam.get_credential_report()", "getattr(iam, 'get_credential_report')()"),
        ("iam.get_credential_report()", "(lambda c: c.get_credential_report())(iam)"),
        ("import boto3, csv", "import boto3 as b\nboto3 = b\nimport csv"),
        ("import boto3, csv", "from boto3 import *\nimport boto3, csv"),
        ("boto3.client('sts')", "boto3.Session(region_name='us-east-1').client('sts')"),
        (
            "iam.generate_credential_report()",
            "while True:\n        try:\n            if iam.generate_credential_report()['State'] == 'COMPLETE':\n                break\n        except Exception as e:\n            print(e)",
        ),
        (
            "    return boto3.client('iam', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])",
            "    keys = {'aws_access_key_id': c['AccessKeyId'], 'aws_secret_access_key': c['SecretAccessKey'], 'aws_session_token': c['SessionToken']}\n    return boto3.client('iam', **keys)",
        ),
        (
            "    return boto3.client('iam', aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])",
            "    s = boto3.session.Session(aws_access_key_id=c['AccessKeyId'], aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])\n    return s.resource('iam').meta.client",
        ),
        (
            "def fetch(iam):\n",
            "import functools\ndef logged(f):\n    @functools.wraps(f)\n    def inner(*args, **kwargs):\n        print(f.__name__)\n        return f(*args, **kwargs)\n    return inner\n\n@logged\ndef fetch(iam):\n",
        ),
        (
            "def assume():\n",
            "HANDLE = None\ndef remember():\n    global HANDLE\n    HANDLE = assume()\n\ndef assume():\n",
        ),
    ] {
        let program = body(ALL);
        assert!(program.contains(part), "{part}");
        expect(&program.replace(part, instead), "MMMMMMMMMMMM");
    }
    let call = "def call(client, op):\n    return getattr(client, op)()\n\ndef fetch(iam):\n    call(iam, 'generate_credential_report')\n    return call(iam, 'get_credential_report')['Content'].decode()\n\ndef older(iam):\n";
    expect(&body(ALL).replace("def fetch(iam):\n", call), "MMMMMMMMMMMM");
}

#[test]
fn whose_credentials() {
    let program = body(ALL);
    expect(&program.replace("fetch(assume())", "fetch((assume(), boto3.client('iam'))[1])"), "MMMM-MMMMMMM");
    expect(&program.replace(", aws_session_token=c['SessionToken']", ""), "MMMMNMMMMMMM");
    let literal = program.replace(
        "fetch(assume())",
        "fetch((assume(), boto3.client('iam', aws_access_key_id='AKIAIOSFODNN7EXAMPLE', aws_secret_access_key='x'))[1])",
    );
    expect(&literal, "MMMM-MMMMMM-");
    let mut variables = BTreeMap::new();
    variables.insert("KEY".to_owned(), "AKIAIOSFODNN7EXAMPLE".to_owned());
    let package = Package::open(&zipped(&[("lambda_function.py", program.as_bytes())])).unwrap();
    assert_eq!(letters(&Code::read(&package, "lambda_function.lambda_handler", &variables)), "MMMMMMMMMMM-");
}

#[test]
fn what_is_published() {
    let program = body(ALL);
    expect(
        &program
            .replace("Message=out", "Message='the audit is done'")
            .replace("    boto3.client('sns')", "    print(out)\n    boto3.client('sns')"),
        "MMMMMMMMMM-M",
    );
    expect(&program.replace("Message=out", "Message=str(rows)"), "MMMMMMNNNMNM");
    let helper = "def send(text, subject='audit'):\n    args = dict(TopicArn='t', Message=text)\n    boto3.client('sns').publish(**args)\n\ndef lambda_handler";
    let publish = "boto3.client('sns').publish(TopicArn=os.environ['TOPIC'], Message=out)\n";
    expect(
        &program.replace("def lambda_handler", helper).replace(&format!("    {publish}"), "    send(out)\n"),
        "MMMMMMMMMMMM",
    );
    expect(&program.replace(publish, "return out\n"), "MMMMMMMMM--M");
    expect(&program.replace(publish, &format!("return out\n    {publish}")), "MMMMMMMMMNNM");
    expect(
        &program.replace(publish, &format!("if False:\n        {publish}    print(out)\n")),
        "MMMMMMMMMNNM",
    );
}

#[test]
fn what_never_runs() {
    let program = body(ALL);
    let main = program.replace("def lambda_handler(event, context):", "def run():");
    expect(
        &format!(
            "{main}\nif __name__ == '__main__':\n    run()\n\ndef lambda_handler(e, c):\n    return 'ok'\n"
        ),
        "MNNNN-NNNNNM",
    );
    expect(&main, "MNNNN-NNNNNM");
    let strings = "def lambda_handler(e, c):\n    '''sts.assume_role() iam.get_credential_report()'''\n    # sns.publish(Message='x')\n    print('iam.generate_credential_report()')\n";
    expect(strings, "M----------M");
}

#[test]
fn several_files_and_a_handler_that_is_not_there() {
    let program = body(ALL).replace("Message=out)", "Message=out)\n    return out");
    let (head, rest) = program.split_once("\ndef lambda_handler").unwrap();
    let main = format!(
        "from tools.report import *\nfrom tools import report\nimport boto3, csv, io, os\ndef lambda_handler{rest}"
    );
    let files = [
        ("lambda_function.py", main.as_str()),
        ("tools/__init__.py", ""),
        ("tools/report.py", head),
        ("old.py", "def ("),
    ];
    let code = read(&files, "lambda_function.lambda_handler");
    same(&code, "MMMMMMMMMMMM", &main);
    assert!(code.deed(Deed::Parses).remark.unwrap().contains("old.py:1"));
    same(&read(&[("index.py", &program)], "lambda_function.lambda_handler"), "MMMMMNMMMMMM", "another file");
    let newer = read(
        &[("lambda_function.py", &format!("{program}\ndef f(x):\n    match x:\n        case 1: pass\n"))],
        "lambda_function.lambda_handler",
    );
    assert!(newer.deed(Deed::Parses).remark.is_some(), "Python 3.9 has no match");
}

#[test]
fn roots_keys() {
    for (text, outcome) in [
        (
            "r = rows[0]\nif r['access_key_1_active'] == 'true':\n    out += 'key 1'\nif r['access_key_2_active'] == 'true':\n    out += 'key 2'",
            'M',
        ),
        (
            "for r in rows:\n    if r['access_key_1_active'] == 'true' and r['access_key_2_active'] == 'true' and r['user'] == '<root_account>':\n        out += 'x'",
            'M',
        ),
        (
            "for r in rows:\n    if 'root' in r['user']:\n        out += str(any(r[f'access_key_{n}_active'] == 'true' for n in (1, 2)))",
            'M',
        ),
        ("r = rows[0]\nfor n in range(1, 3):\n    out += r['access_key_%d_active' % n]", 'M'),
        ("r = rows[0]\nfor i in range(2):\n    out += r[f'access_key_{i + 1}_active']", 'M'),
        ("r = rows[0]\nout += r['access_key_1_active']", 'P'),
        ("for r in rows:\n    out += r['access_key_1_active'] + r['access_key_2_active']", 'N'),
        (
            "out += str(boto3.client('iam').get_account_summary()['SummaryMap']['AccountAccessKeysPresent'])",
            'N',
        ),
        ("out += 'fine'", '-'),
    ] {
        let code = read(&[("lambda_function.py", &body(text))], "lambda_function.lambda_handler");
        assert_eq!(
            letters(&code).chars().nth(8),
            Some(outcome),
            "{text}: {:?}",
            code.deed(Deed::ReportsRootKeys)
        );
    }
}
