//! The policy documents that students write.

use serde_json::{Value, json};

use super::Work;
use crate::sandbox::class::mistake::Mistake;

impl Work<'_> {
    /// Writes the auditor policy in the student's own way: all ways that are right mean the same.
    pub(super) fn auditor_document(&mut self) -> String {
        let actions = if self.makes(Mistake::PolicyIamStar) {
            json!("iam:*")
        } else if self.makes(Mistake::PolicyStar) {
            json!("*")
        } else if self.makes(Mistake::PolicyWithoutGenerate) {
            json!(["iam:GetCredentialReport"])
        } else if self.makes(Mistake::PolicyWithoutGet) {
            json!(["iam:GenerateCredentialReport"])
        } else if self.makes(Mistake::PolicyTooMuch) {
            json!([
                "iam:GenerateCredentialReport",
                "iam:GetCredentialReport",
                "iam:List*",
                "iam:Get*",
                "s3:ListAllMyBuckets"
            ])
        } else if self.dice.below(2) == 0 {
            json!(["iam:GenerateCredentialReport", "iam:GetCredentialReport"])
        } else {
            json!(["iam:GetCredentialReport", "iam:GenerateCredentialReport"])
        };
        let mut statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        if self.dice.below(2) == 0
            && let Some(fields) = statement.as_object_mut()
        {
            let sids = ["VisualEditor0", "Statement1", "CredentialReport", "Stmt1700000000000"];
            fields.insert("Sid".to_owned(), json!(self.dice.pick(&sids)));
        }
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        if self.dice.below(2) == 0 { document.to_string() } else { pretty(&document) }
    }

    /// Writes the trust policy of the auditor role.
    pub(super) fn auditor_trust(&self, function_role: &str) -> String {
        let principal = if self.makes(Mistake::RoleTrustsEverybody) {
            json!({"AWS": "*"})
        } else if self.makes(Mistake::RoleTrustsService) {
            json!({"Service": "lambda.amazonaws.com"})
        } else {
            json!({"AWS": function_role})
        };
        trust(&principal)
    }

    /// Writes what the function's role may do.
    pub(super) fn function_document(&self, role: &str, topic: &str) -> String {
        let mut statements = Vec::new();
        let mut allow = |action: &str, resource: &str| {
            statements.push(json!({"Effect": "Allow", "Action": action, "Resource": resource}));
        };
        if !self.makes(Mistake::RoleNotAssumable) {
            allow("sts:AssumeRole", role);
        }
        if self.makes(Mistake::PublishTooWide) {
            allow("sns:*", "*");
        } else if !self.makes(Mistake::PublishNotAllowed) {
            allow("sns:Publish", topic);
        }
        if statements.is_empty() {
            statements.push(json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*"}));
        }
        pretty(&json!({"Version": "2012-10-17", "Statement": statements}))
    }
}

/// Writes a policy that lets a principal assume a role.
pub(super) fn trust(principal: &Value) -> String {
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    pretty(&json!({"Version": "2012-10-17", "Statement": [statement]}))
}

/// Writes a document as the console's editor does.
fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_else(|_| document.to_string())
}
