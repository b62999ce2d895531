//! The function's code as students write it: the same program, each in their own words, some with mistakes.

use std::io::{self, Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::mistake::Mistake;
use crate::sandbox::dice::Dice;

/// The program without a mistake. `@ROLE@` and `@TOPIC@` stand for ARNs.
const PROGRAM: &str = include_str!("code/lambda_function.py");

/// What mistakes do to the program: a part of it, and what stands there instead.
const EDITS: [(Mistake, &str, &str); 7] = [
    (
        // The example key of AWS's own documentation.
        Mistake::CodeKeys,
        "    sts = boto3.client(\"sts\")\n",
        "    sts = boto3.client(\n        \"sts\",\n        aws_access_key_id=\"AKIAIOSFODNN7EXAMPLE\",\n        \
         aws_secret_access_key=\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\",\n    )\n",
    ),
    (
        Mistake::CodeDoesNotAssume,
        "    rows = credential_report(assume_auditor())\n",
        "    rows = credential_report(boto3.client(\"iam\"))\n",
    ),
    (Mistake::CodeSyntax, "def lambda_handler(event, context):\n", "def lambda_handler(event, context)\n"),
    (
        Mistake::CodeWrongColumn,
        "row[\"mfa_active\"] == \"false\"",
        "row[\"access_key_1_active\"] == \"false\"",
    ),
    (Mistake::CodeCountsKeyUsers, "row[\"password_enabled\"] == \"true\" and ", ""),
    (
        Mistake::CodeIgnoresRootKeys,
        "            \"CIS 1.12: root has access keys: \" + str(root_has_keys(rows)),\n",
        "",
    ),
    (
        Mistake::CodeDoesNotPublish,
        "    boto3.client(\"sns\").publish(TopicArn=TOPIC_ARN, Subject=\"IAM audit report\", Message=report)\n",
        "",
    ),
];

/// Names that students choose for the same thing, by the name in the program.
const WORDS: [(&str, &[&str]); 8] = [
    ("rows", &["rows", "users", "entries", "records", "report_rows", "data"]),
    ("answer", &["answer", "response", "result", "assumed"]),
    ("keys", &["keys", "credentials", "creds", "temporary"]),
    ("report", &["report", "message", "text", "summary", "body"]),
    ("content", &["content", "raw", "csv_text", "decoded"]),
    (
        "assume_auditor",
        &["assume_auditor", "assume_role", "get_iam_client", "auditor_session", "auditor_client"],
    ),
    ("users_without_mfa", &["users_without_mfa", "no_mfa", "check_mfa", "mfa_disabled_users"]),
    ("root_last_used", &["root_last_used", "last_root_use", "check_root", "root_usage"]),
];

/// Writes the program of one student. `style` tells one student's words from another's.
pub(super) fn program(role: &str, topic: &str, mistakes: &[Mistake], style: u64) -> String {
    let mut text = PROGRAM.replace("\r\n", "\n");
    for (mistake, part, instead) in EDITS {
        if mistakes.contains(&mistake) {
            text = text.replace(part, instead);
        }
    }
    let mut dice = Dice::new(style);
    for (word, choices) in WORDS {
        let choice = dice.pick(choices).copied().unwrap_or(word);
        text = reworded(&text, word, choice);
    }
    text.replace("@ROLE@", role).replace("@TOPIC@", topic)
}

/// Replaces a name where it is a name: not within another, not within quotation marks.
fn reworded(text: &str, word: &str, choice: &str) -> String {
    let (mut out, mut name, mut quoted) = (String::with_capacity(text.len()), String::new(), false);
    for letter in text.chars().chain(['\n']) {
        if letter.is_alphanumeric() || letter == '_' {
            name.push(letter);
            continue;
        }
        out.push_str(if name == word && !quoted { choice } else { &name });
        name.clear();
        quoted ^= letter == '"';
        out.push(letter);
    }
    out.pop();
    out
}

/// Packs a program as the console does.
pub(super) fn package(program: &str) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // The same program is the same package: no time of its own.
    zip.start_file("lambda_function.py", SimpleFileOptions::default())?;
    zip.write_all(program.as_bytes())?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_changes_the_program() {
        for (mistake, part, _) in EDITS {
            assert_eq!(PROGRAM.matches(part).count(), 1, "{mistake:?}");
        }
    }

    #[test]
    fn students_have_words_of_their_own_and_mean_the_same() {
        let mine = program("role", "topic", &[], 1);
        assert_ne!(mine, program("role", "topic", &[], 2));
        assert_eq!(mine, program("role", "topic", &[], 1));
        for text in [&mine, &program("role", "topic", &[], 99)] {
            assert!(text.contains("TOPIC_ARN, Subject=\"IAM audit report\", Message="), "{text}");
            assert!(text.contains("{\"report\": "), "{text}");
            assert!(text.contains("= csv.") || text.contains("csv.DictReader(io.StringIO("), "{text}");
        }
        assert_eq!(package(&mine).unwrap(), package(&mine).unwrap());
    }

    #[test]
    fn names_are_replaced_and_texts_are_not() {
        assert_eq!(reworded("rows = f(rows, \"rows\", my_rows)", "rows", "x"), "x = f(x, \"rows\", my_rows)");
    }
}
