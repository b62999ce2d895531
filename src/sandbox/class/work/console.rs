//! The account, and part 1 of the assignment: policies, users and the group, and what User1 and User3 do.

use serde_json::{Value, json};

use super::Work;
use crate::sandbox::class::ClassError;
use crate::sandbox::class::hand::Key;
use crate::sandbox::class::mistake::Mistake;
use crate::sandbox::services::iam::store::RootMfa;

/// AWS's policy for administrators.
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// The password that everybody types.
const PASSWORD: &str = "Correct-Horse-7-Battery";

impl Work<'_> {
    /// Signs in as root, makes an administrator and signs in as that one. Returns the administrator's session.
    pub(super) async fn open_account(&mut self) -> Result<Key, ClassError> {
        if !self.makes(Mistake::RootWithoutMfa) {
            self.hand.edit(|state| state.root.mfa = Some(RootMfa::Virtual));
        }
        let root = self.hand.sign_in_root().await?;
        if self.makes(Mistake::RootKey) {
            self.hand.call(&root, "iam", "CreateAccessKey", json!({})).await?;
        }
        if !self.makes(Mistake::PasswordPolicyMissing) {
            let weak = self.makes(Mistake::PasswordPolicyWeak);
            let strict = if weak { "false" } else { "true" };
            let input = json!({
                "MinimumPasswordLength": if weak { "6" } else { "14" },
                "RequireSymbols": strict,
                "RequireNumbers": strict,
                "RequireUppercaseCharacters": strict,
                "RequireLowercaseCharacters": strict,
                "AllowUsersToChangePassword": "true",
            });
            self.hand.call(&root, "iam", "UpdateAccountPasswordPolicy", input).await?;
        }
        self.user(&root, "admin").await?;
        self.password(&root, "admin").await?;
        let input = json!({"GroupName": "Administrators"});
        self.hand.call(&root, "iam", "CreateGroup", input).await?;
        let input = json!({"GroupName": "Administrators", "PolicyArn": ADMINISTRATOR});
        self.hand.call(&root, "iam", "AttachGroupPolicy", input).await?;
        let input = json!({"GroupName": "Administrators", "UserName": "admin"});
        self.hand.call(&root, "iam", "AddUserToGroup", input).await?;
        self.hand.enable_mfa(&root, "admin").await?;
        self.hand.sign_in("admin", PASSWORD).await
    }

    /// Tasks 1 to 6.
    pub(super) async fn part_one(&mut self, admin: &Key) -> Result<(), ClassError> {
        let document = self.auditor_document();
        let mut input = json!({"PolicyName": self.policy(), "PolicyDocument": document});
        if self.makes(Mistake::HostileNames) || self.dice.below(2) == 0 {
            let text = self.description("Generates and reads the credential report");
            set(&mut input, "Description", json!(text));
        }
        self.hand.call(admin, "iam", "CreatePolicy", input).await?;
        self.users(admin).await?;
        self.users_group(admin).await?;
        self.first_sign_ins(admin).await
    }

    /// Task 2.
    async fn users(&mut self, admin: &Key) -> Result<(), ClassError> {
        for name in ["User1", "User2", "User3"] {
            self.user(admin, name).await?;
            if name != "User1" || !self.makes(Mistake::User1WithoutConsole) {
                self.password(admin, name).await?;
            }
        }
        // Without a password nobody signs in, so there is no device either.
        if !self.makes(Mistake::User1WithoutMfa) && !self.makes(Mistake::User1WithoutConsole) {
            self.hand.enable_mfa(admin, "User1").await?;
        }
        let keys = match (self.makes(Mistake::User2WithoutKey), self.makes(Mistake::User2TwoKeys)) {
            (true, _) => 0,
            (_, true) => 2,
            _ => 1,
        };
        for _ in 0..keys {
            self.key(admin, "User2").await?;
        }
        if self.makes(Mistake::User3WithKey) {
            self.key(admin, "User3").await?;
        }
        if self.makes(Mistake::User2WithPolicy) {
            let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
            let input = json!({"UserName": "User2", "PolicyArn": arn});
            self.hand.call(admin, "iam", "AttachUserPolicy", input).await?;
        }
        Ok(())
    }

    /// Tasks 3 and 4.
    async fn users_group(&mut self, admin: &Key) -> Result<(), ClassError> {
        let (group, arn) = (self.group(), self.policy_arn());
        self.hand.call(admin, "iam", "CreateGroup", json!({"GroupName": group})).await?;
        if self.makes(Mistake::PolicyOnUser) {
            let input = json!({"UserName": "User3", "PolicyArn": arn});
            self.hand.call(admin, "iam", "AttachUserPolicy", input).await?;
        } else if !self.makes(Mistake::GroupWithoutPolicy) {
            let input = json!({"GroupName": group, "PolicyArn": arn});
            self.hand.call(admin, "iam", "AttachGroupPolicy", input).await?;
        }
        if self.makes(Mistake::GroupAdministrator) {
            let input = json!({"GroupName": group, "PolicyArn": ADMINISTRATOR});
            self.hand.call(admin, "iam", "AttachGroupPolicy", input).await?;
        }
        let members: &[&str] =
            match (self.makes(Mistake::User3NotInGroup), self.makes(Mistake::EverybodyInGroup)) {
                (true, _) => &[],
                (_, true) => &["User1", "User2", "User3"],
                _ => &["User3"],
            };
        for name in members {
            self.hand
                .call(admin, "iam", "AddUserToGroup", json!({"GroupName": group, "UserName": name}))
                .await?;
        }
        Ok(())
    }

    /// Task 2's sign-in of User1, tasks 5 and 6 as User3.
    async fn first_sign_ins(&mut self, admin: &Key) -> Result<(), ClassError> {
        if !self.makes(Mistake::User1NeverSignedIn) && !self.makes(Mistake::User1WithoutConsole) {
            self.hand.sign_in("User1", PASSWORD).await?;
        }
        let user3 = self.hand.sign_in("User3", PASSWORD).await?;
        if !self.makes(Mistake::ReportNotRead) {
            // Whether they may is what the policy decides.
            for _ in 0..2 {
                let _ = self.hand.attempt(&user3, "iam", "GenerateCredentialReport", json!({})).await;
            }
            let _ = self.hand.attempt(&user3, "iam", "GetCredentialReport", json!({})).await;
        }
        let group = self.group();
        if !self.makes(Mistake::AdditionNotTried) {
            let input = json!({"GroupName": group, "UserName": "User2"});
            let _ = self.hand.attempt(&user3, "iam", "AddUserToGroup", input).await;
        }
        if self.makes(Mistake::AdditionTooWide) {
            let statement = json!({"Effect": "Allow", "Action": "iam:AddUserToGroup", "Resource": "*"});
            let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            let input = json!({"UserName": "User3", "PolicyName": "add-users", "PolicyDocument": document});
            self.hand.call(admin, "iam", "PutUserPolicy", input).await?;
        }
        if self.makes(Mistake::User2KeyInactive) {
            self.deactivate_keys(admin, "User2").await?;
        }
        Ok(())
    }

    /// Makes a user.
    async fn user(&mut self, key: &Key, name: &str) -> Result<(), ClassError> {
        let mut input = json!({"UserName": name});
        if self.makes(Mistake::HostileNames) {
            // IAM lets no worse letters into a tag.
            let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
            set(&mut input, "Tags", json!([tag("=1+1", "+1-1@x"), tag("owner", "-2+3")]));
        }
        self.hand.call(key, "iam", "CreateUser", input).await.map(drop)
    }

    /// Gives a user a password.
    async fn password(&mut self, key: &Key, name: &str) -> Result<(), ClassError> {
        let input = json!({"UserName": name, "Password": PASSWORD, "PasswordResetRequired": "false"});
        self.hand.call(key, "iam", "CreateLoginProfile", input).await.map(drop)
    }

    /// Gives a user an access key.
    async fn key(&mut self, key: &Key, name: &str) -> Result<(), ClassError> {
        self.hand.call(key, "iam", "CreateAccessKey", json!({"UserName": name})).await.map(drop)
    }

    /// Deactivates the access keys of a user.
    async fn deactivate_keys(&mut self, key: &Key, name: &str) -> Result<(), ClassError> {
        let listed = self.hand.call(key, "iam", "ListAccessKeys", json!({"UserName": name})).await?;
        let keys = listed
            .pointer("/AccessKeyMetadata/member")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        for id in keys.iter().filter_map(|key| key.get("AccessKeyId")) {
            let input = json!({"UserName": name, "AccessKeyId": id, "Status": "Inactive"});
            self.hand.call(key, "iam", "UpdateAccessKey", input).await?;
        }
        Ok(())
    }
}

/// Sets a parameter.
fn set(input: &mut Value, name: &str, value: Value) {
    if let Some(fields) = input.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}
