//! The program of the sandbox's class with each of its mistakes, and the function that is shipped.

use super::*;

const PROGRAM: &str = include_str!("../../../sandbox/class/code/lambda_function.py");

/// What a mistake of the class does to its program, and what it costs.
const MISTAKES: [(&str, &str, &str); 8] = [
    ("@ROLE@", "arn:aws:iam::123456789012:role/IAM-Auditor-role", "MMMMMMMMMMMM"),
    (
        "boto3.client(\"sts\")",
        "boto3.client(\"sts\", aws_access_key_id=\"AKIAIOSFODNN7EXAMPLE\", aws_secret_access_key=\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\")",
        "MMMMMMMMMMM-",
    ),
    ("assume_auditor())\n", "boto3.client(\"iam\"))\n", "MNMM--MMMMMM"),
    ("def lambda_handler(event, context):\n", "def lambda_handler(event, context)\n", "-----------M"),
    ("row[\"mfa_active\"] == \"false\"", "row[\"access_key_1_active\"] == \"false\"", "MMMMMMM-MMMM"),
    ("row[\"password_enabled\"] == \"true\" and ", "", "MMMMMMMNMMMM"),
    ("            \"CIS 1.12: root has access keys: \" + str(root_has_keys(rows)),\n", "", "MMMMMMMMNMMM"),
    (
        "    boto3.client(\"sns\").publish(TopicArn=TOPIC_ARN, Subject=\"IAM audit report\", Message=report)\n",
        "",
        "MMMMMMMMM--M",
    ),
];

#[test]
fn each_mistake_of_the_class_costs_what_it_spoils() {
    for (part, instead, expected) in MISTAKES {
        assert!(PROGRAM.contains(part), "{part}");
        expect(&PROGRAM.replace("\r\n", "\n").replace(part, instead), expected);
    }
}

#[test]
fn the_class_program_is_shown_by_its_lines() {
    let code = expect(PROGRAM, "MMMMMMMMMMMM");
    let assumes = code.deed(Deed::AssumesRole);
    assert!(
        assumes.evidence[0].starts_with("lambda_function.py:13: answer = sts.assume_role("),
        "{assumes:?}"
    );
    assert_eq!(assumes.evidence[1], "RoleArn is @ROLE@");
    let (part, instead, _) = MISTAKES[1];
    let code = expect(&PROGRAM.replace(part, instead), "MMMMMMMMMMM-");
    let keys = format!("{:?}", code.deed(Deed::HoldsNoKeys));
    assert!(keys.contains("lambda_function.py:12: an access key id"), "{keys}");
    assert!(!keys.contains("AKIAIOSF") && !keys.contains("wJalr"), "{keys}");
    let (part, instead, _) = MISTAKES[3];
    let error = expect(&PROGRAM.replace(part, instead), "-----------M").deed(Deed::Parses);
    assert!(error.evidence[0].starts_with("lambda_function.py:4"), "{error:?}");
}

#[test]
fn the_shipped_function_does_it_all() {
    let files = [
        ("cells.py", include_str!("../../../../templates/auditor/cells.py")),
        ("controls.py", include_str!("../../../../templates/auditor/controls.py")),
        ("credential_report.py", include_str!("../../../../templates/auditor/credential_report.py")),
        ("deactivation.py", include_str!("../../../../templates/auditor/deactivation.py")),
        ("handler.py", include_str!("../../../../templates/auditor/handler.py")),
        ("publish.py", include_str!("../../../../templates/auditor/publish.py")),
        ("remediation.py", include_str!("../../../../templates/auditor/remediation.py")),
        ("report.py", include_str!("../../../../templates/auditor/report.py")),
        ("session.py", include_str!("../../../../templates/auditor/session.py")),
        ("settings.py", include_str!("../../../../templates/auditor/settings.py")),
    ];
    same(&read(&files, "handler.main"), "MMMMMMMMMMMM", "the auditor");
}
