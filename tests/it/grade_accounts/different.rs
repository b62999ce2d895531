//! Right, but otherwise than the good student: nothing of it costs a point.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::student::{Act, Student, admin, by, look, policy, user};
use super::{Account, GOOD, but, check};

/// A statement that allows actions on a resource.
fn allow(action: &Value, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

/// A trust policy for principals.
fn trust(principal: &Value) -> Value {
    policy(&json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]))
}

fn right(name: &'static str, because: &'static str, differs: fn(&mut Student)) -> Account {
    Account { name, because, points: GOOD, differs }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_that_mean_the_same_are_worth_the_same() {
    check(vec![
        right("good", "everything is as the assignment says", |_| {}),
        right("split statements", "two statements allow together what one does", |student| {
            let document = policy(&json!([
                {"Sid": "VisualEditor0", "Effect": "Allow", "Action": "iam:GenerateCredentialReport", "Resource": "*"},
                {"Sid": "VisualEditor1", "Effect": "Allow", "Action": ["iam:GetCredentialReport"], "Resource": ["*"]},
            ]));
            student.set("policy", "PolicyDocument", document);
        }),
        right("reordered", "neither order nor repetition means anything", |student| {
            let twice = json!(["iam:GetCredentialReport", "iam:GenerateCredentialReport", "iam:GetCredentialReport"]);
            let statement = json!([{"Resource": "*", "Action": twice, "Effect": "Allow", "Sid": "a"}]);
            student.set("policy", "PolicyDocument", policy(&statement));
        }),
        right("wildcard", "the wildcard matches the two actions and no other", |student| {
            student.set("policy", "PolicyDocument", policy(&allow(&json!("iam:*CredentialReport"), "*")));
        }),
        right("letters", "IAM does not look at the case of actions", |student| {
            let actions = json!(["IAM:generatecredentialreport", "iam:GETCREDENTIALREPORT"]);
            student.set("policy", "PolicyDocument", policy(&allow(&actions, "*")));
        }),
        right("denied rest", "what is allowed is denied again but for the two actions", |student| {
            let two = json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"]);
            let document = policy(&json!([
                allow(&json!("iam:*"), "*"),
                {"Effect": "Deny", "NotAction": two, "Resource": "*"},
            ]));
            student.set("policy", "PolicyDocument", document);
        }),
        right("old version too wide", "the default version is the one that counts", |student| {
            let narrow = policy(&allow(&json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"]), "*"));
            student.set("policy", "PolicyDocument", policy(&allow(&json!("*"), "*")));
            student.then("policy", vec![admin("iam", "CreatePolicyVersion", json!({
                "PolicyArn": "@iam:policy/IAM-Auditor-Policy", "PolicyDocument": narrow, "SetAsDefault": "true",
            }))]);
        }),
        right("path", "a path is no part of the name", |student| {
            student.renamed("policy/IAM-Auditor-Policy", "policy/course/IAM-Auditor-Policy");
            student.renamed("role/IAM-Auditor-role", "role/course/IAM-Auditor-role");
            student.set("policy", "Path", json!("/course/"));
            student.set("role", "Path", json!("/course/"));
        }),
        Account {
            name: "trust in the account",
            because: "the console's `this account`: the function's role is let in, and whoever else may: nearly nobody else",
            points: but(&[(8, "9")]),
            differs: |student| {
                student.set("role", "AssumeRolePolicyDocument", trust(&json!({"AWS": "@iam:root"})));
            },
        },
        right("trust by condition", "the account, narrowed down to the function's role", |student| {
            student.set("role", "AssumeRolePolicyDocument", policy(&json!({
                "Effect": "Allow",
                "Principal": {"AWS": "@account"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": "@iam:role/CredentialAuditor-execution"}},
            })));
        }),
        right("trust in pieces", "statements and lists of principals are a matter of taste", |student| {
            student.set("role", "AssumeRolePolicyDocument", policy(&json!([
                {"Sid": "1", "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
                 "Principal": {"AWS": ["@iam:role/CredentialAuditor-execution"]}},
                {"Sid": "2", "Effect": "Allow", "Action": "sts:AssumeRole",
                 "Principal": {"AWS": "@iam:role/CredentialAuditor-execution"}},
            ])));
        }),
        right("function's rights as a managed policy", "attached or inline, the role has them", |student| {
            let document = policy(&json!([
                allow(&json!(["sts:AssumeRole"]), "*"),
                allow(&json!("sns:Pub*"), "arn:aws:sns:*:@account:*"),
            ]));
            student.instead("function-policy", vec![
                admin("iam", "CreatePolicy", json!({"PolicyName": "fn", "PolicyDocument": document})),
                admin("iam", "AttachRolePolicy", json!({
                    "RoleName": "CredentialAuditor-execution", "PolicyArn": "@iam:policy/fn",
                })),
            ]);
        }),
        right("AmazonSNSFullAccess", "task 11 asks for the privilege to publish, not for the least", |student| {
            student.set("function-policy", "PolicyDocument",
                policy(&allow(&json!("sts:AssumeRole"), "@iam:role/IAM-Auditor-role")));
            student.then("function-policy", vec![admin("iam", "AttachRolePolicy", json!({
                "RoleName": "CredentialAuditor-execution",
                "PolicyArn": "arn:aws:iam::aws:policy/AmazonSNSFullAccess",
            }))]);
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_the_assignment_leaves_open_are_the_students() {
    check(vec![
        right("the console's names", "Lambda's console makes a role of its own with a path", |student| {
            student.renamed("role/CredentialAuditor-execution", "role/service-role/lab-role-8x3f1q2z");
            student.renamed("CredentialAuditor-execution", "lab-role-8x3f1q2z");
            student.set("function-role", "Path", json!("/service-role/"));
            student.renamed("CredentialAuditor", "lab_6");
            student.renamed("AuditReports", "Default_Topic");
            student.renamed("EveryMorning", "trigger-1");
        }),
        right("other capitals", "IAM does not tell names apart by their capitals either", |student| {
            student.renamed("IAM-Auditor-Policy", "IAM-auditor-policy");
            student.renamed("IAM-Auditor-Group", "IAM-Auditor-group");
            student.renamed("IAM-Auditor-role", "IAM-Auditor-Role");
        }),
        right("another region", "the assignment names none", |student| student.region = "eu-west-1"),
        right("another handler", "the file and the handler are the student's to name", |student| {
            let code = student.code.remove("lambda_function.py").unwrap();
            student.code = BTreeMap::from([("app.py".to_owned(), code.replace("lambda_handler", "run"))]);
            student.set("function", "Handler", json!("app.run"));
        }),
        right("much else in the account", "what belongs to another course costs nothing", |student| {
            let mut acts = user("colleague");
            acts.extend([
                admin("iam", "AttachUserPolicy", json!({
                    "UserName": "colleague", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
                })),
                admin("iam", "CreateGroup", json!({"GroupName": "Administrators"})),
                admin("iam", "AddUserToGroup", json!({"GroupName": "Administrators", "UserName": "colleague"})),
                admin("iam", "CreateRole", json!({
                    "RoleName": "a-deploy-role",
                    "AssumeRolePolicyDocument": trust(&json!({"Service": "lambda.amazonaws.com"})),
                })),
                admin("sns", "CreateTopic", json!({"Name": "Alarms"})),
                admin("sns", "Subscribe", json!({
                    "TopicArn": "arn:aws:sns:@region:@account:Alarms", "Protocol": "email", "Endpoint": "x@example.edu",
                })),
                admin("events", "PutRule", json!({"Name": "weekly", "ScheduleExpression": "rate(7 days)"})),
                admin("events", "PutTargets", json!({
                    "Rule": "weekly",
                    "Targets": [{"Id": "1", "Arn": "arn:aws:sns:@region:@account:Alarms"}],
                })),
            ]);
            student.finally(acts);
        }),
        right("another function", "the function of the assignment is the one that does its work", |student| {
            student.then("function", vec![admin("lambda", "CreateFunction", json!({
                "FunctionName": "Aaa-hello",
                "Runtime": "nodejs22.x",
                "Architectures": ["arm64"],
                "Handler": "lambda_function.lambda_handler",
                "Role": "@iam:role/CredentialAuditor-execution",
            }))]);
        }),
    ])
    .await;
}

/// Replaces the rule's schedule.
fn fires(student: &mut Student, expression: &str) {
    student.set("rule", "ScheduleExpression", json!(expression));
}

/// Has EventBridge Scheduler instead of a rule.
fn scheduler(student: &mut Student, schedule: &Value) {
    student.without(&["rule", "target", "permission"]);
    let mut input = json!({
        "Name": "daily-audit",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:lambda:@region:@account:function:CredentialAuditor",
            "RoleArn": "@iam:role/service-role/Amazon_EventBridge_Scheduler_LAMBDA_1",
        },
    });
    input.as_object_mut().unwrap().extend(schedule.as_object().unwrap().clone());
    let invoke = "arn:aws:lambda:@region:@account:function:CredentialAuditor*";
    student.instead(
        "rule",
        vec![
            admin(
                "iam",
                "CreateRole",
                json!({
                    "RoleName": "Amazon_EventBridge_Scheduler_LAMBDA_1",
                    "Path": "/service-role/",
                    "AssumeRolePolicyDocument": policy(&json!([{
                        "Effect": "Allow",
                        "Principal": {"Service": "scheduler.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"aws:SourceAccount": "@account"}},
                    }])),
                }),
            ),
            admin(
                "iam",
                "PutRolePolicy",
                json!({
                    "RoleName": "Amazon_EventBridge_Scheduler_LAMBDA_1",
                    "PolicyName": "invoke",
                    "PolicyDocument": policy(&allow(&json!(["lambda:InvokeFunction"]), invoke)),
                }),
            ),
            admin("scheduler", "CreateSchedule", input),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_day_is_every_day() {
    check(vec![
        right("rate(1 day)", "once a day", |student| fires(student, "rate(1 day)")),
        right("rate(24 hours)", "a day has 24 hours", |student| fires(student, "rate(24 hours)")),
        right("rate(1440 minutes)", "and 1440 minutes", |student| fires(student, "rate(1440 minutes)")),
        right("cron, other mark", "the `?` may stand at either of the days", |student| {
            fires(student, "cron(0 14 ? * * *)");
        }),
        right("cron, all days named", "seven weekdays are every day", |student| {
            fires(student, "cron(5 22 ? * SUN-SAT *)");
        }),
        right("EventBridge Scheduler", "Scheduler calls the function with a role of its own", |student| {
            scheduler(student, &json!({"ScheduleExpression": "rate(1 day)"}));
        }),
        right(
            "EventBridge Scheduler, local time",
            "eight in the morning where the student lives",
            |student| {
                scheduler(
                    student,
                    &json!({
                        "ScheduleExpression": "cron(0 8 * * ? *)",
                        "ScheduleExpressionTimezone": "America/Vancouver",
                        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
                    }),
                );
            },
        ),
        right("both", "a disabled rule beside a schedule that fires", |student| {
            scheduler(student, &json!({"ScheduleExpression": "cron(0 8 * * ? *)"}));
            student.then(
                "rule",
                vec![admin(
                    "events",
                    "PutRule",
                    json!({
                        "Name": "first-try", "ScheduleExpression": "rate(5 minutes)", "State": "DISABLED",
                    }),
                )],
            );
        }),
        right("open permission", "the permission names the service and no rule", |student| {
            student.instead("permission", vec![admin("lambda", "AddPermission", json!({
                "FunctionName": "CredentialAuditor", "StatementId": "any", "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
            }))]);
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_do_the_same_are_worth_the_same() {
    check(vec![
        right(
            "a class and a session",
            "methods, sessions, the resource interface, environment variables",
            |student| {
                student.program(include_str!("programs/session.py"));
                student.set(
                    "function",
                    "Environment",
                    json!({"Variables": {
                        "AUDITOR_ROLE": "@iam:role/IAM-Auditor-role",
                        "TOPIC_ARN": "arn:aws:sns:@region:@account:AuditReports",
                    }}),
                );
            },
        ),
        right("lines and commas", "the report is taken apart by hand", |student| {
            student.program(include_str!("programs/columns.py"));
        }),
        right(
            "columns by number",
            "the columns are found by their place, as the user guide lists them",
            |student| {
                student.program(include_str!("programs/by_number.py"));
            },
        ),
        right(
            "a report in JSON",
            "files in /tmp, a global, recursion, a row by its place, clients made once",
            |student| {
                student.program(include_str!("programs/json_report.py"));
            },
        ),
        right("data frames", "pandas reads the report as well as csv does", |student| {
            student.program(include_str!("programs/frames.py"));
        }),
        right("one loop", "the three controls are three branches of one loop", |student| {
            student.program(include_str!("programs/one_loop.py"));
        }),
        right("text between functions", "each control reads the report's text anew", |student| {
            student.program(include_str!("programs/text_between.py"));
        }),
        right("a default session", "the assumed keys become everybody's; properties, `__str__`", |student| {
            student.program(include_str!("programs/default_session.py"));
        }),
        right("a global text", "lines are added to a global; rows are made by a comprehension", |student| {
            student.program(include_str!("programs/global_text.py"));
        }),
        right(
            "for and else",
            "a loop with an `else` that raises; `%` with a dictionary; JSON within JSON",
            |student| {
                student.program(include_str!("programs/for_else.py"));
            },
        ),
        right("a generator", "named tuples, and rows by their user", |student| {
            student.program(include_str!("programs/generator.py"));
        }),
        right("several files", "functions may live in modules of their own", |student| {
            student.code = BTreeMap::from([
                ("lambda_function.py".to_owned(), include_str!("programs/two_main.py").to_owned()),
                ("sessions.py".to_owned(), include_str!("programs/two_sessions.py").to_owned()),
                ("reporting.py".to_owned(), include_str!("programs/two_reporting.py").to_owned()),
            ]);
        }),
        right("library in the package", "what came with the package is not the student's", |student| {
            let library = "import os\nAWS_KEY = 'AKIAIOSFODNN7EXAMPLE'\n";
            student.code.insert("boto3/__init__.py".to_owned(), library.to_owned());
            student.code.insert("README.md".to_owned(), "# lab 6\n".to_owned());
        }),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "a table of accounts")]
async fn what_people_do_in_another_way_is_done() {
    /// Lets User3 add users to the one group, and does it.
    fn added(student: &mut Student, grant: Vec<Act>) {
        student.then("addition", grant);
        student.then(
            "addition",
            vec![by(
                "User3",
                "iam",
                "AddUserToGroup",
                json!({
                    "GroupName": "IAM-Auditor-Group", "UserName": "User2",
                }),
            )],
        );
    }
    /// What it takes.
    fn narrow() -> Value {
        policy(&allow(&json!("iam:AddUserToGroup"), "@iam:group/IAM-Auditor-Group"))
    }
    check(vec![
        right("task 6 carried out, by a group", "a narrow policy is the answer to task 6", |student| {
            added(
                student,
                vec![
                    admin("iam", "CreateGroup", json!({"GroupName": "Inviters"})),
                    admin(
                        "iam",
                        "PutGroupPolicy",
                        json!({
                            "GroupName": "Inviters", "PolicyName": "add", "PolicyDocument": narrow(),
                        }),
                    ),
                    admin("iam", "AddUserToGroup", json!({"GroupName": "Inviters", "UserName": "User3"})),
                ],
            );
        }),
        right(
            "task 6 carried out, by the group",
            "the narrow policy may hang on the group itself",
            |student| {
                added(
                    student,
                    vec![admin(
                        "iam",
                        "PutGroupPolicy",
                        json!({
                            "GroupName": "IAM-Auditor-Group", "PolicyName": "add", "PolicyDocument": narrow(),
                        }),
                    )],
                );
            },
        ),
        Account {
            name: "task 6 carried out, by User3",
            because: "permissions come through groups, as the assignment says",
            points: but(&[(2, "4.5")]),
            differs: |student| {
                added(
                    student,
                    vec![admin(
                        "iam",
                        "PutUserPolicy",
                        json!({
                            "UserName": "User3", "PolicyName": "add", "PolicyDocument": narrow(),
                        }),
                    )],
                );
            },
        },
        right(
            "no permission of its own",
            "a trust policy that names the role is enough within an account",
            |student| {
                student.set(
                    "function-policy",
                    "PolicyDocument",
                    policy(&allow(&json!("sns:Publish"), "arn:aws:sns:@region:@account:AuditReports")),
                );
            },
        ),
        right("task 6 carried out, by the administrator", "User2 may end in the group", |student| {
            student.then(
                "addition",
                vec![admin(
                    "iam",
                    "AddUserToGroup",
                    json!({
                        "GroupName": "IAM-Auditor-Group", "UserName": "User2",
                    }),
                )],
            );
        }),
        right(
            "signed in before and after",
            "the sign-in with MFA is there, whatever else there is",
            |student| {
                student.then("user1", vec![Act::SignIn("User1")]);
                student.then("user1-sign-in", vec![Act::SignIn("User1")]);
            },
        ),
        right("history by name only", "all that root did shows the sign-ins too", |student| {
            student.instead("history", vec![look("Username", "root")]);
        }),
        right("history by event only", "all sign-ins show root's too", |student| {
            student.instead("history", vec![look("EventName", "ConsoleLogin")]);
        }),
        right("history as root", "who queries it is left open", |student| {
            student.instead(
                "history",
                vec![by(
                    "root",
                    "cloudtrail",
                    "LookupEvents",
                    json!({
                        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "ConsoleLogin"}],
                    }),
                )],
            );
        }),
        right("e-mail as JSON, and one that waits", "one subscription is confirmed", |student| {
            student.set("subscription", "Protocol", json!("email-json"));
            student.then(
                "confirmation",
                vec![admin(
                    "sns",
                    "Subscribe",
                    json!({
                        "TopicArn": "arn:aws:sns:@region:@account:AuditReports",
                        "Protocol": "email", "Endpoint": "second@example.edu",
                    }),
                )],
            );
        }),
    ])
    .await;
}
