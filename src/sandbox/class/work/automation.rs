//! Part 2 of the assignment: the function, the roles, the topic and the schedule.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Work, documents};
use crate::sandbox::class::hand::Key;
use crate::sandbox::class::mistake::Mistake;
use crate::sandbox::class::{ClassError, code};

/// The names of the lab.
const FUNCTION: &str = "iam-auditor";
const FUNCTION_ROLE: &str = "IAM-Auditor-Lambda-role";
const FUNCTION_POLICY: &str = "IAM-Auditor-Lambda-Policy";
const TOPIC: &str = "iam-audit-report";
const RULE: &str = "iam-audit-daily";

/// AWS's policy for writing logs.
const BASIC_EXECUTION: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

impl Work<'_> {
    /// Tasks 7 to 12.
    pub(super) async fn part_two(&mut self, admin: &Key) -> Result<(), ClassError> {
        self.roles(admin).await?;
        let topic = self.topic(admin).await?;
        if self.makes(Mistake::FunctionMissing) {
            return Ok(());
        }
        self.function(admin, &topic).await?;
        if !self.makes(Mistake::ScheduleMissing) {
            self.schedule(admin).await?;
        }
        Ok(())
    }

    /// Task 8, and the role that the function runs as.
    async fn roles(&mut self, admin: &Key) -> Result<(), ClassError> {
        let function_role = self.hand.iam_arn(&format!("role/{FUNCTION_ROLE}"));
        let trust = documents::trust(&json!({"Service": "lambda.amazonaws.com"}));
        let input = json!({
            "RoleName": FUNCTION_ROLE,
            "AssumeRolePolicyDocument": trust,
            "Description": self.description("Allows Lambda functions to call AWS services on your behalf."),
        });
        self.hand.call(admin, "iam", "CreateRole", input).await?;
        let role = self.role();
        let input = json!({"RoleName": role, "AssumeRolePolicyDocument": self.auditor_trust(&function_role)});
        self.hand.call(admin, "iam", "CreateRole", input).await?;
        if !self.makes(Mistake::RoleWithoutPolicy) {
            self.attach(admin, role, &self.policy_arn()).await?;
        }
        let topic = self.topic_arn();
        let document = self.function_document(&self.hand.iam_arn(&format!("role/{role}")), &topic);
        let input = json!({"PolicyName": FUNCTION_POLICY, "PolicyDocument": document});
        self.hand.call(admin, "iam", "CreatePolicy", input).await?;
        self.attach(admin, FUNCTION_ROLE, &self.hand.iam_arn(&format!("policy/{FUNCTION_POLICY}"))).await?;
        self.attach(admin, FUNCTION_ROLE, BASIC_EXECUTION).await?;
        if self.makes(Mistake::CodeDoesNotAssume) {
            self.attach(admin, FUNCTION_ROLE, &self.policy_arn()).await?;
        }
        Ok(())
    }

    /// Attaches a policy to a role.
    async fn attach(&mut self, admin: &Key, role: &str, policy: &str) -> Result<(), ClassError> {
        let input = json!({"RoleName": role, "PolicyArn": policy});
        self.hand.call(admin, "iam", "AttachRolePolicy", input).await.map(drop)
    }

    /// Task 11's topic. Returns its ARN.
    async fn topic(&mut self, admin: &Key) -> Result<String, ClassError> {
        let arn = self.topic_arn();
        self.hand.call(admin, "sns", "CreateTopic", json!({"Name": TOPIC})).await?;
        if !self.makes(Mistake::TopicWithoutSubscription) {
            let input = json!({"TopicArn": arn, "Protocol": "email", "Endpoint": self.student.email});
            self.hand.call(admin, "sns", "Subscribe", input).await?;
            if !self.makes(Mistake::SubscriptionPending) {
                self.hand.confirm(admin, &arn).await?;
            }
        }
        Ok(arn)
    }

    /// Tasks 7, 9 and 10, and the code of task 11.
    async fn function(&mut self, admin: &Key, topic: &str) -> Result<(), ClassError> {
        let role = self.hand.iam_arn(&format!("role/{}", self.role()));
        // Who copies, copies the program with the other's ARNs; they are put right, the words stay.
        let program = code::program(&role, topic, &self.student.mistakes, self.student.style);
        let package = code::package(&program)?;
        let input = json!({
            "FunctionName": FUNCTION,
            "Runtime": if self.makes(Mistake::RuntimeWrong) { "python3.12" } else { "python3.9" },
            "Architectures": [if self.makes(Mistake::ArchitectureWrong) { "arm64" } else { "x86_64" }],
            "Handler": "lambda_function.lambda_handler",
            "Role": self.hand.iam_arn(&format!("role/{FUNCTION_ROLE}")),
            "Timeout": 60,
            "Description": self.description(""),
            "Code": {"ZipFile": STANDARD.encode(package)},
        });
        self.hand.call(admin, "lambda", "CreateFunction", input).await.map(drop)
    }

    /// Task 12.
    async fn schedule(&mut self, admin: &Key) -> Result<(), ClassError> {
        let daily = ["cron(0 6 * * ? *)", "rate(1 day)", "cron(0 14 * * ? *)"];
        let daily = self.dice.pick(&daily).copied().unwrap_or("rate(1 day)");
        let input = json!({
            "Name": RULE,
            "ScheduleExpression": if self.makes(Mistake::ScheduleWeekly) { "rate(7 days)" } else { daily },
            "State": if self.makes(Mistake::ScheduleDisabled) { "DISABLED" } else { "ENABLED" },
            "Description": self.description("Runs the auditor every day"),
        });
        let made = self.hand.call(admin, "events", "PutRule", input).await?;
        let rule = made.get("RuleArn").and_then(Value::as_str).unwrap_or_default().to_owned();
        let function =
            format!("arn:aws:lambda:{}:{}:function:{FUNCTION}", self.hand.region(), self.hand.id());
        if !self.makes(Mistake::ScheduleWithoutTarget) {
            let input = json!({"Rule": RULE, "Targets": [{"Id": "1", "Arn": function}]});
            self.hand.call(admin, "events", "PutTargets", input).await?;
        }
        if !self.makes(Mistake::ScheduleWithoutPermission) {
            let input = json!({
                "FunctionName": FUNCTION,
                "StatementId": "daily",
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": rule,
            });
            self.hand.call(admin, "lambda", "AddPermission", input).await?;
        }
        Ok(())
    }

    /// Returns the ARN of the topic.
    fn topic_arn(&self) -> String {
        format!("arn:aws:sns:{}:{}:{TOPIC}", self.hand.region(), self.hand.id())
    }
}
