//! Wrong in one way, in several, misspelt, half done.

use serde_json::{Value, json};

use super::student::{Student, admin, policy};
use super::{Account, but, check};

fn wrong(
    name: &'static str,
    because: &'static str,
    tasks: &[(usize, &'static str)],
    differs: fn(&mut Student),
) -> Account {
    Account { name, because, points: but(tasks), differs }
}

/// Writes another auditor policy.
fn allows(student: &mut Student, actions: &Value) {
    let document = policy(&json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]));
    student.set("policy", "PolicyDocument", document);
}

/// The two actions and more.
fn and_more(more: &[&str]) -> Value {
    json!([&["iam:GenerateCredentialReport", "iam:GetCredentialReport"], more].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "a table of accounts")]
async fn part_one_done_wrong() {
    check(vec![
        wrong("a read too many", "listing users is more than the report takes", &[(1, "4.5")], |student| {
            allows(student, &and_more(&["iam:ListUsers"]));
        }),
        wrong("all reads", "that is all of IAM to read", &[(1, "4")], |student| {
            allows(student, &and_more(&["iam:Get*", "iam:List*"]));
        }),
        wrong("a write too many", "changing passwords has nothing to do with it", &[(1, "3.5")], |student| {
            allows(student, &and_more(&["iam:UpdateLoginProfile"]));
        }),
        wrong(
            "all of IAM",
            "too much by far, and User3 may add anybody to any group",
            &[(1, "3"), (6, "2")],
            |student| {
                allows(student, &json!("iam:*"));
            },
        ),
        wrong(
            "not generated",
            "without a report there is none to get, and User3 got none",
            &[(1, "4"), (5, "0")],
            |student| {
                allows(student, &json!("iam:GetCredentialReport"));
            },
        ),
        wrong(
            "on one user",
            "the actions know no resource: this allows nothing at all",
            &[(1, "1"), (5, "0")],
            |student| {
                let actions = json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"]);
                let resource = "@iam:user/User3";
                student.set(
                    "policy",
                    "PolicyDocument",
                    policy(&json!({"Effect": "Allow", "Action": actions, "Resource": resource})),
                );
            },
        ),
        wrong("no MFA", "neither a device nor a sign-in with one", &[(2, "3.5")], |student| {
            student.without(&["user1-mfa"]);
        }),
        wrong("never signed in", "the device was not used", &[(2, "4.5")], |student| {
            student.without(&["user1-sign-in"]);
        }),
        wrong("no key", "User2 has no access key", &[(2, "4.5")], |student| {
            student.without(&["user2-key"]);
        }),
        wrong("two keys", "one was asked for: nearly", &[(2, "4.75")], |student| {
            student.then("user2-key", vec![admin("iam", "CreateAccessKey", json!({"UserName": "User2"}))]);
        }),
        wrong(
            "a key for User3",
            "console access only: half of two conditions holds",
            &[(2, "4.75")],
            |student| {
                student.then("user3", vec![admin("iam", "CreateAccessKey", json!({"UserName": "User3"}))]);
            },
        ),
        wrong("a policy on User2", "permissions come through groups", &[(2, "4.5")], |student| {
            student.then(
                "user2",
                vec![admin(
                    "iam",
                    "AttachUserPolicy",
                    json!({
                        "UserName": "User2", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
                    }),
                )],
            );
        }),
        wrong(
            "the policy on User3 instead",
            "the group has no policy, User3 has one",
            &[(2, "4.5"), (3, "1")],
            |student| {
                student.instead(
                    "group-policy",
                    vec![admin(
                        "iam",
                        "AttachUserPolicy",
                        json!({
                            "UserName": "User3", "PolicyArn": "@iam:policy/IAM-Auditor-Policy",
                        }),
                    )],
                );
            },
        ),
        wrong("written into the group", "the same permissions, inline: nearly", &[(3, "2.25")], |student| {
            let actions = json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"]);
            student.instead("group-policy", vec![admin("iam", "PutGroupPolicy", json!({
                "GroupName": "IAM-Auditor-Group", "PolicyName": "inline",
                "PolicyDocument": policy(&json!({"Effect": "Allow", "Action": actions, "Resource": "*"})),
            }))]);
        }),
        wrong(
            "administrators",
            "the group holds more, and User3 may add anybody to any group",
            &[(3, "2.5"), (6, "2")],
            |student| {
                student.then("group-policy", vec![admin("iam", "AttachGroupPolicy", json!({
                "GroupName": "IAM-Auditor-Group", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
            }))]);
            },
        ),
        wrong(
            "User3 left out",
            "nobody is in the group, so User3 got no report",
            &[(4, "0"), (5, "0")],
            |student| {
                student.without(&["member"]);
            },
        ),
        wrong("User1 in the group", "only User3 belongs there: nearly", &[(4, "1.75")], |student| {
            student.then(
                "member",
                vec![admin(
                    "iam",
                    "AddUserToGroup",
                    json!({
                        "GroupName": "IAM-Auditor-Group", "UserName": "User1",
                    }),
                )],
            );
        }),
        wrong("report by the administrator", "User3 never got it", &[(5, "0")], |student| {
            student.instead(
                "report",
                vec![
                    admin("iam", "GenerateCredentialReport", json!({})),
                    admin("iam", "GetCredentialReport", json!({})),
                ],
            );
        }),
        wrong("never tried", "no attempt is in the history", &[(6, "1")], |student| {
            student.without(&["addition"]);
        }),
        wrong("into every group", "User3 may add anybody to any group now", &[(6, "2")], |student| {
            let document =
                policy(&json!({"Effect": "Allow", "Action": "iam:AddUserToGroup", "Resource": "*"}));
            student.then(
                "addition",
                vec![
                    admin("iam", "CreateGroup", json!({"GroupName": "Inviters"})),
                    admin(
                        "iam",
                        "PutGroupPolicy",
                        json!({
                            "GroupName": "Inviters", "PolicyName": "add", "PolicyDocument": document,
                        }),
                    ),
                    admin("iam", "AddUserToGroup", json!({"GroupName": "Inviters", "UserName": "User3"})),
                ],
            );
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "a table of accounts")]
async fn part_two_done_wrong() {
    check(vec![
        wrong(
            "no function",
            "the roles, the topic and its subscription are there; what the code does is missed",
            &[(7, "0"), (9, "2"), (10, "0"), (11, "6"), (12, "1")],
            |student| {
                student.without(&["function", "target", "permission"]);
            },
        ),
        wrong("another Python", "python3.12 is nearly right", &[(7, "4")], |student| {
            student.set("function", "Runtime", json!("python3.12"));
        }),
        wrong("arm64", "the architecture was named", &[(7, "4")], |student| {
            student.set("function", "Architectures", json!(["arm64"]));
        }),
        wrong("everybody", "every principal of every account may assume the role", &[(8, "8")], |student| {
            let trust = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
            student.set("role", "AssumeRolePolicyDocument", policy(&trust));
        }),
        wrong("the service", "Lambda is trusted, the function's role is not: once", &[(8, "5")], |student| {
            let trust = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
            student.set("role", "AssumeRolePolicyDocument", policy(&trust));
        }),
        wrong("the service too", "the function's role and Lambda itself", &[(8, "8")], |student| {
            let principals = json!({"Service": "lambda.amazonaws.com", "AWS": "@iam:role/CredentialAuditor-execution"});
            let trust = json!({"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"});
            student.set("role", "AssumeRolePolicyDocument", policy(&trust));
        }),
        wrong("a role without policy", "nothing is attached", &[(8, "7")], |student| {
            student.without(&["role-policy"]);
        }),
        wrong("IAMFullAccess beside", "the role holds more than the policy", &[(8, "9")], |student| {
            student.then("role-policy", vec![admin("iam", "AttachRolePolicy", json!({
                "RoleName": "IAM-Auditor-role", "PolicyArn": "arn:aws:iam::aws:policy/IAMFullAccess",
            }))]);
        }),
        wrong("may not assume", "the account is trusted and the function's role has no permission to", &[(8, "7.5"), (9, "18")], |student| {
            let trust = json!({"Effect": "Allow", "Principal": {"AWS": "@iam:root"}, "Action": "sts:AssumeRole"});
                student.set("role", "AssumeRolePolicyDocument", policy(&trust));
                student.set("function-policy", "PolicyDocument", policy(&json!({
                "Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:@region:@account:AuditReports",
            })));
        }),
        wrong("no Python", "a colon is missing: nothing can be read, so nothing is found", &[(9, "3"), (10, "0"), (11, "6")], |student| {
            student.edited("def lambda_handler(event, context):\n", "def lambda_handler(event, context)\n");
        }),
        wrong("its own credentials", "the report is got as the function itself", &[(9, "18")], |student| {
            let own = "    iam = boto3.client(\n        \"iam\",\n        aws_access_key_id=credentials[\"AccessKeyId\"],\n        \
                       aws_secret_access_key=credentials[\"SecretAccessKey\"],\n        \
                       aws_session_token=credentials[\"SessionToken\"],\n    )\n";
            student.edited(own, "    iam = boto3.client(\"iam\")\n");
        }),
        wrong("does not generate", "an old report is taken, if there is one", &[(9, "17")], |student| {
            let waits = "    while True:\n        state = iam.generate_credential_report()[\"State\"]\n        \
                         if state == \"COMPLETE\":\n            break\n        time.sleep(2)\n";
            student.edited(waits, "");
        }),
        wrong("a key in the code", "the secret is in the open", &[(9, "19")], |student| {
            student.edited("    sts_client = boto3.client(\"sts\")\n",
                "    sts_client = boto3.client(\"sts\", aws_access_key_id=\"AKIAIOSFODNN7EXAMPLE\", \
                 aws_secret_access_key=\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\")\n");
        }),
        wrong("no MFA check", "the function for 1.2 is there and nothing calls it: nearly", &[(10, "12.5")], |student| {
            student.edited("    text += \"Users without MFA: \" + \", \".join(users_without_mfa(rows)) + \"\\n\"\n", "");
        }),
        wrong("the wrong column", "MFA is not what access_key_1_active tells", &[(10, "10")], |student| {
            student.edited("row[\"mfa_active\"] == \"false\"", "row[\"access_key_1_active\"] == \"false\"");
        }),
        wrong("without passwords", "who has no password is reported too: nearly", &[(10, "12.5")], |student| {
            student.edited("row[\"password_enabled\"] == \"true\" and ", "");
        }),
        wrong("how many", "the users are counted and not named: nearly", &[(10, "12.5")], |student| {
            student.edited("\", \".join(users_without_mfa(rows))", "str(len(users_without_mfa(rows)))");
        }),
        wrong("one key of two", "root can have a second access key: half", &[(10, "12.5")], |student| {
            student.edited(" or row[\"access_key_2_active\"] == \"true\"", "");
        }),
        wrong("the password only", "root can be used by its keys too", &[(10, "13")], |student| {
            student.edited(
                "                row[\"access_key_1_last_used_date\"],\n                row[\"access_key_2_last_used_date\"],\n",
                "",
            );
        }),
        wrong("everybody's keys", "the keys of all users are told, not root's: nearly", &[(10, "12.5")], |student| {
            student.edited(
                "        if row[\"user\"] == \"<root_account>\":\n            return row[\"access_key_1_active\"]",
                "        if row[\"user\"] != \"\":\n            return row[\"access_key_1_active\"]",
            );
        }),
        wrong("runs as the auditor", "one role for both: nobody assumes anything", &[(8, "5"), (9, "18"), (11, "8")], |student| {
            let trust = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
            student.set("role", "AssumeRolePolicyDocument", policy(&trust));
            student.set("function", "Role", json!("@iam:role/IAM-Auditor-role"));
        }),
        wrong("a role that was deleted", "AWS trusts the old one, which is gone: nobody gets in, nobody else either", &[(8, "7")], |student| {
            let role = json!({"RoleName": "CredentialAuditor-execution"});
            let mut again = vec![
                admin("iam", "DetachRolePolicy", json!({
                    "RoleName": "CredentialAuditor-execution",
                    "PolicyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                })),
                admin("iam", "DeleteRolePolicy", json!({
                    "RoleName": "CredentialAuditor-execution", "PolicyName": "audit",
                })),
                admin("iam", "DeleteRole", role),
            ];
            again.extend(["function-role", "function-policy", "function-logs"].iter().flat_map(|step| student.acts(step)));
            student.then("role-policy", again);
        }),
        wrong("unconfirmed", "nobody followed the link: nearly", &[(11, "9")], |student| {
            student.without(&["confirmation"]);
        }),
        wrong("nobody subscribed", "the report goes to nobody", &[(11, "8")], |student| {
            student.without(&["subscription", "confirmation"]);
        }),
        wrong("may not publish", "the function's role has no permission to", &[(11, "8")], |student| {
            student.set("function-policy", "PolicyDocument", policy(&json!({
                "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "@iam:role/IAM-Auditor-role",
            })));
        }),
        wrong("a greeting", "what is published is no finding", &[(11, "8")], |student| {
            student.edited("    send(text)\n", "    send(\"The audit is done\")\n");
        }),
        wrong("only printed", "nothing is published", &[(11, "6")], |student| {
            student.edited("    sns.publish(TopicArn=TOPIC, Subject=\"Audit\", Message=text)\n", "    print(text)\n");
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schedule_and_the_history_done_wrong() {
    check(vec![
        wrong("every week", "a week is no day", &[(12, "2")], |student| {
            student.set("rule", "ScheduleExpression", json!("rate(7 days)"));
        }),
        wrong("on workdays", "two days of the week are missing: nearly", &[(12, "2.5")], |student| {
            student.set("rule", "ScheduleExpression", json!("cron(0 8 ? * MON-FRI *)"));
        }),
        wrong("every hour", "that is 24 reports a day: nearly", &[(12, "2.5")], |student| {
            student.set("rule", "ScheduleExpression", json!("rate(1 hour)"));
        }),
        wrong("switched off", "it would fire once a day: nearly", &[(12, "2.5")], |student| {
            student.set("rule", "State", json!("DISABLED"));
        }),
        wrong("no target", "the rule starts nothing", &[(12, "2")], |student| {
            student.without(&["target"]);
        }),
        wrong("no permission", "the rule may not invoke the function", &[(12, "2")], |student| {
            student.without(&["permission"]);
        }),
        wrong("no schedule", "nothing is scheduled", &[(12, "0")], |student| {
            student.without(&["rule", "target", "permission"]);
        }),
        wrong(
            "a look at everything",
            "the history was opened, root was not looked for",
            &[(13, "6")],
            |student| {
                student
                    .instead("history", vec![admin("cloudtrail", "LookupEvents", json!({"MaxResults": 10}))]);
            },
        ),
        wrong("no look", "the history was never opened", &[(13, "0")], |student| {
            student.without(&["history"]);
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misspelt_half_done_and_several_at_once() {
    check(vec![
        wrong("misspelt policy", "the name is nearly right; it is the policy all the same", &[(1, "4.5")], |student| {
            student.renamed("IAM-Auditor-Policy", "IAMAuditorPolicy");
        }),
        wrong("misspelt group", "the name is nearly right; its members are its members", &[(3, "2.5")], |student| {
            student.renamed("IAM-Auditor-Group", "IAM-Auditors-Groups");
        }),
        wrong("misspelt role", "the name is nearly right; it does its work", &[(8, "9")], |student| {
            student.renamed("IAM-Auditor-role", "IAM_Auditor_Rol");
        }),
        wrong("misspelt everything", "each name costs where it was asked for, once", &[(1, "4.5"), (3, "2.5"), (8, "9")], |student| {
            student.renamed("IAM-Auditor-Policy", "iam-auditor-polisy");
            student.renamed("IAM-Auditor-Group", "IAM-Audit-Group");
            student.renamed("IAM-Auditor-role", "IAM-Auditer-role");
        }),
        wrong("part one only", "parts 2 and 3 were not begun",
            &[(7, "0"), (8, "0"), (9, "0"), (10, "0"), (11, "0"), (12, "0"), (13, "0")],
            |student| {
                student.without(&[
                    "function-role", "function-policy", "function-logs", "role", "role-policy", "topic", "subscription",
                    "confirmation", "function", "rule", "target", "permission", "history",
                ]);
            }),
        wrong("an empty function", "the console's own program is no work",
            &[(9, "5"), (10, "0"), (11, "6")],
            |student| {
                student.program("import json\n\ndef lambda_handler(event, context):\n    # TODO implement\n    \
                                 return {\n        'statusCode': 200,\n        'body': json.dumps('Hello from Lambda!')\n    }\n");
            }),
        wrong("several", "each mistake costs in its own task",
            &[(1, "4"), (2, "3.5"), (7, "4"), (8, "7"), (11, "9"), (12, "2"), (13, "6")],
            |student| {
                allows(student, &and_more(&["iam:Get*", "iam:List*"]));
                student.without(&["user1-mfa", "role-policy", "confirmation"]);
                student.set("function", "Architectures", json!(["arm64"]));
                student.set("rule", "ScheduleExpression", json!("rate(2 days)"));
                student.instead("history", vec![admin("cloudtrail", "LookupEvents", json!({"MaxResults": 50}))]);
            }),
        wrong("nothing at all", "the account is as AWS made it",
            &[(1, "0"), (2, "0"), (3, "0"), (4, "0"), (5, "0"), (6, "0"), (7, "0"), (8, "0"), (9, "0"), (10, "0"), (11, "0"), (12, "0"), (13, "0")],
            Student::stop),
    ])
    .await;
}
