//! What IAM users, groups and roles have in common: inline policies, attached policies, tags.

use std::collections::BTreeMap;

use super::properties::{tag_changes, tag_list};
use super::{Call, Failure, Input, Properties};

/// A user, a group or a role.
pub(super) struct Principal {
    /// `User`, `Group` or `Role`, as in the names of IAM's operations.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Principal {
    fn input(&self) -> Input {
        Input::default().with(&format!("{}Name", self.kind), self.name.as_str())
    }

    /// Puts an inline policy.
    pub(super) async fn put(&self, call: &Call<'_>, policy: &str, document: &str) -> Result<(), Failure> {
        let input = self.input().with("PolicyName", policy).with("PolicyDocument", document);
        call.invoke("iam", &format!("Put{}Policy", self.kind), input).await.map(drop)
    }

    /// Takes an inline policy away.
    pub(super) async fn unput(&self, call: &Call<'_>, policy: &str) -> Result<(), Failure> {
        let input = self.input().with("PolicyName", policy);
        call.remove("iam", &format!("Delete{}Policy", self.kind), input).await
    }

    /// Attaches a managed policy.
    pub(super) async fn attach(&self, call: &Call<'_>, arn: &str) -> Result<(), Failure> {
        let input = self.input().with("PolicyArn", arn);
        call.invoke("iam", &format!("Attach{}Policy", self.kind), input).await.map(drop)
    }

    /// Detaches a managed policy.
    pub(super) async fn detach(&self, call: &Call<'_>, arn: &str) -> Result<(), Failure> {
        let input = self.input().with("PolicyArn", arn);
        call.remove("iam", &format!("Detach{}Policy", self.kind), input).await
    }

    /// Brings inline and attached policies from `before` to `wanted`.
    pub(super) async fn policies(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
    ) -> Result<(), Failure> {
        let (old, new) = (inline(before), inline(wanted));
        for (name, document) in new.iter().filter(|(name, document)| old.get(*name) != Some(*document)) {
            self.put(call, name, document).await?;
        }
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            self.unput(call, name).await?;
        }
        let (old, new) = (before.texts("ManagedPolicyArns"), wanted.texts("ManagedPolicyArns"));
        for arn in new.iter().filter(|arn| !old.contains(arn)) {
            self.attach(call, arn).await?;
        }
        for arn in old.iter().filter(|arn| !new.contains(arn)) {
            self.detach(call, arn).await?;
        }
        Ok(())
    }

    /// Takes away every policy the template gave it.
    pub(super) async fn strip(&self, call: &Call<'_>, before: &Properties) -> Result<(), Failure> {
        for arn in before.texts("ManagedPolicyArns") {
            self.detach(call, &arn).await?;
        }
        for name in inline(before).keys() {
            self.unput(call, name).await?;
        }
        Ok(())
    }

    /// Brings the tags from `before` to `wanted`.
    pub(super) async fn tags(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
    ) -> Result<(), Failure> {
        let (set, gone) = tag_changes(&before.tags(), &wanted.tags());
        if !gone.is_empty() {
            call.invoke("iam", &format!("Untag{}", self.kind), self.input().with("TagKeys", gone)).await?;
        }
        if !set.is_empty() {
            call.invoke("iam", &format!("Tag{}", self.kind), self.input().with("Tags", tag_list(&set)))
                .await?;
        }
        Ok(())
    }

    /// Brings the permissions boundary from `before` to `wanted`.
    pub(super) async fn boundary(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
    ) -> Result<(), Failure> {
        if !before.differs(wanted, "PermissionsBoundary") {
            return Ok(());
        }
        match wanted.text("PermissionsBoundary") {
            Some(arn) => {
                let input = self.input().with("PermissionsBoundary", arn);
                call.invoke("iam", &format!("Put{}PermissionsBoundary", self.kind), input).await.map(drop)
            }
            None => {
                call.remove("iam", &format!("Delete{}PermissionsBoundary", self.kind), self.input()).await
            }
        }
    }
}

/// The principals an attachment names in its `Users`, `Groups` and `Roles`.
pub(super) fn named(properties: &Properties) -> Vec<Principal> {
    [("User", "Users"), ("Group", "Groups"), ("Role", "Roles")]
        .into_iter()
        .flat_map(|(kind, list)| properties.texts(list).into_iter().map(move |name| Principal { kind, name }))
        .collect()
}

fn inline(properties: &Properties) -> BTreeMap<String, String> {
    properties
        .items("Policies")
        .iter()
        .filter_map(|policy| Some((policy.text("PolicyName")?, policy.document("PolicyDocument")?)))
        .collect()
}
