//! The groups of schedules and their tags. `default` is always there.

use awsim_core::{AwsError, RequestContext};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{DEFAULT, Scheduler, check_name, no_group, paged};
use crate::sandbox::services::need::tags_in;
use crate::sandbox::services::tags::{self, Tags};
use crate::sandbox::services::wire;

/// One group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    /// When it was made; of the default one nobody knows.
    created: Option<Timestamp>,
    pub(super) tags: Tags,
}

impl Scheduler {
    /// Creates a group.
    pub(super) fn create_group(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let name = wire::text(input, "Name").unwrap_or_default();
        check_name(name, "name")?;
        let tags = tags_in(&input["Tags"]);
        check_tags(&Tags::new(), &tags, ctx)?;
        let created = Some(self.clock.now());
        self.state.write(&ctx.region, |region| {
            if region.expect_group(name).is_ok() {
                let message = format!("Schedule group {name} already exists.");
                return Err(AwsError::conflict("ConflictException", message));
            }
            region.groups.insert(name.to_owned(), Group { created, tags });
            Ok(json!({"ScheduleGroupArn": self.group_arn(&ctx.region, name)}))
        })
    }

    /// Shows a group.
    pub(super) fn get_group(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let name = wire::text(input, "Name").unwrap_or_default();
        self.state.read(&ctx.region, |region| {
            region.expect_group(name)?;
            Ok(self.shown_group(&ctx.region, name, region.groups.get(name)))
        })
    }

    /// Deletes a group and its schedules.
    pub(super) fn delete_group(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let name = wire::text(input, "Name").unwrap_or_default();
        if name == DEFAULT {
            return Err(AwsError::validation("The default schedule group cannot be deleted."));
        }
        self.state.write(&ctx.region, |region| {
            if region.groups.remove(name).is_none() {
                return Err(no_group(name));
            }
            region.schedules.retain(|_, schedule| schedule.group != name);
            Ok(json!({}))
        })
    }

    /// Lists the groups, at most 100 on a page.
    pub(super) fn list_groups(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let prefix = wire::text(input, "NamePrefix").unwrap_or_default();
        let all: Vec<(String, Value)> = self.state.read(&ctx.region, |region| {
            let mut names: Vec<&str> = region.groups.keys().map(String::as_str).collect();
            if !region.groups.contains_key(DEFAULT) {
                names.push(DEFAULT);
            }
            names.sort_unstable();
            let wanted = names.into_iter().filter(|name| name.starts_with(prefix));
            let shown = |name: &str| self.shown_group(&ctx.region, name, region.groups.get(name));
            wanted.map(|name| (name.to_owned(), shown(name))).collect()
        });
        let (page, next) = paged(all, input)?;
        let page: Vec<Value> = page.into_iter().map(|(_, group)| group).collect();
        Ok(wire::with_next(json!({"ScheduleGroups": page}), "NextToken", next))
    }

    /// Lists the tags of a group.
    pub(super) fn tags(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let name = named(input)?;
        self.state.read(&ctx.region, |region| {
            region.expect_group(name)?;
            let tags = region.groups.get(name).map(|group| tags::listed(&group.tags));
            Ok(json!({"Tags": tags.unwrap_or_default()}))
        })
    }

    /// Changes the tags of a group, if what comes out is allowed.
    pub(super) fn retag(
        &self,
        ctx: &RequestContext,
        input: &Value,
        change: impl FnOnce(&mut Tags),
    ) -> Result<Value, AwsError> {
        let name = named(input)?;
        self.state.write(&ctx.region, |region| {
            region.expect_group(name)?;
            let mut group = region.groups.get(name).cloned().unwrap_or_default();
            let before = group.tags.clone();
            change(&mut group.tags);
            check_tags(&before, &group.tags, ctx)?;
            region.groups.insert(name.to_owned(), group);
            Ok(json!({}))
        })
    }

    /// Writes a group as the API shows it.
    fn shown_group(&self, region: &str, name: &str, group: Option<&Group>) -> Value {
        let mut shown = json!({"Arn": self.group_arn(region, name), "Name": name, "State": "ACTIVE"});
        if let Some(created) = group.and_then(|group| group.created) {
            wire::set(&mut shown, "CreationDate", created.as_second());
            wire::set(&mut shown, "LastModificationDate", created.as_second());
        }
        shown
    }
}

/// Returns the name of the group that the request's ARN names. Schedules have no tags.
fn named(input: &Value) -> Result<&str, AwsError> {
    let arn = wire::text(input, "ResourceArn").unwrap_or_default();
    let name = arn.split_once(":schedule-group/").map(|(_, name)| name);
    name.ok_or_else(|| {
        let wanted = "Member must satisfy regular expression pattern: \
                      arn:aws[a-z-]*:scheduler:[a-z0-9\\-]+:\\d{12}:schedule-group\\/[0-9a-zA-Z-_.]+";
        super::constraint(arn, "resourceArn", wanted)
    })
}

/// Checks tags.
fn check_tags(before: &Tags, after: &Tags, ctx: &RequestContext) -> Result<(), AwsError> {
    tags::check(before, after, ctx).map_err(|_| AwsError::validation("The tags are not valid."))
}
