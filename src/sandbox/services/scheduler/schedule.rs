//! The schedules themselves: making, showing, changing, deleting, listing.

use awsim_core::{AwsError, RequestContext};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::due::When;
use super::{DEFAULT, Scheduler, check_name, constraint, group_in, missing, no_schedule, paged};
use crate::sandbox::services::wire;

/// What AWS says of a role that does not trust it, as others have met it when they made a schedule.
const UNASSUMABLE: &str =
    "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";

/// One schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Schedule {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) expression: String,
    pub(super) timezone: String,
    pub(super) state: String,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    description: Option<String>,
    key: Option<String>,
    /// The target as the API spells it.
    pub(super) target: Map<String, Value>,
    window: Value,
    /// `NONE` or `DELETE`.
    pub(super) after_completion: String,
    created: Timestamp,
    modified: Timestamp,
    /// Since when it is on with its expression.
    pub(super) since: Timestamp,
    /// When it fired last, since then.
    pub(super) fired: Option<Timestamp>,
}

/// The input of `CreateSchedule` and `UpdateSchedule`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Definition {
    name: String,
    group_name: Option<String>,
    schedule_expression: Option<String>,
    schedule_expression_timezone: Option<String>,
    state: Option<String>,
    start_date: Option<f64>,
    end_date: Option<f64>,
    description: Option<String>,
    kms_key_arn: Option<String>,
    target: Option<Map<String, Value>>,
    flexible_time_window: Option<Value>,
    action_after_completion: Option<String>,
}

impl Schedule {
    /// Returns a text of the target.
    pub(super) fn target_text(&self, key: &str) -> &str {
        self.target.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Writes the schedule as `ListSchedules` shows it.
    fn summary(&self, arn: &str) -> Value {
        json!({
            "Arn": arn,
            "Name": self.name,
            "GroupName": self.group,
            "State": self.state,
            "CreationDate": self.created.as_second(),
            "LastModificationDate": self.modified.as_second(),
            "Target": {"Arn": self.target_text("Arn")},
        })
    }

    /// Writes the schedule as `GetSchedule` shows it.
    fn shown(&self, arn: &str) -> Value {
        let mut answer = self.summary(arn);
        wire::set(&mut answer, "Target", Value::Object(self.target.clone()));
        wire::set(&mut answer, "ScheduleExpression", self.expression.as_str());
        wire::set(&mut answer, "ScheduleExpressionTimezone", self.timezone.as_str());
        wire::set(&mut answer, "FlexibleTimeWindow", self.window.clone());
        wire::set(&mut answer, "ActionAfterCompletion", self.after_completion.as_str());
        for (key, value) in [("Description", &self.description), ("KmsKeyArn", &self.key)] {
            if let Some(value) = value {
                wire::set(&mut answer, key, value.as_str());
            }
        }
        for (key, value) in [("StartDate", self.start), ("EndDate", self.end)] {
            if let Some(value) = value {
                wire::set(&mut answer, key, value.as_second());
            }
        }
        answer
    }
}

impl Scheduler {
    /// Creates a schedule.
    pub(super) fn create(&self, ctx: &RequestContext, input: Definition) -> Result<Value, AwsError> {
        let schedule = self.checked(ctx, input)?;
        let key = format!("{}/{}", schedule.group, schedule.name);
        self.state.write(&ctx.region, |region| {
            region.expect_group(&schedule.group)?;
            if region.schedules.contains_key(&key) {
                let message = format!("Schedule {} already exists.", schedule.name);
                return Err(AwsError::conflict("ConflictException", message));
            }
            let arn = self.schedule_arn(&ctx.region, &schedule.group, &schedule.name);
            region.schedules.insert(key, schedule);
            Ok(json!({"ScheduleArn": arn}))
        })
    }

    /// Replaces a schedule: "EventBridge Scheduler uses all values, including empty values, specified in the request
    /// and overrides the existing schedule" (`UpdateSchedule` in the API reference).
    pub(super) fn update(&self, ctx: &RequestContext, input: Definition) -> Result<Value, AwsError> {
        let schedule = self.checked(ctx, input)?;
        let key = format!("{}/{}", schedule.group, schedule.name);
        self.state.write(&ctx.region, |region| {
            region.expect_group(&schedule.group)?;
            let Some(old) = region.schedules.get_mut(&key) else { return Err(no_schedule(&schedule.name)) };
            let goes_on = old.expression == schedule.expression
                && old.timezone == schedule.timezone
                && old.state == schedule.state
                && old.start == schedule.start;
            let (since, fired) = if goes_on { (old.since, old.fired) } else { (schedule.since, None) };
            let arn = self.schedule_arn(&ctx.region, &schedule.group, &schedule.name);
            *old = Schedule { created: old.created, since, fired, ..schedule };
            Ok(json!({"ScheduleArn": arn}))
        })
    }

    /// Shows a schedule.
    pub(super) fn get(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let (group, name) = (group_in(input), wire::text(input, "Name").unwrap_or_default());
        self.state.read(&ctx.region, |region| {
            region.expect_group(group)?;
            let found = region.schedules.get(&format!("{group}/{name}"));
            let arn = self.schedule_arn(&ctx.region, group, name);
            found.map(|schedule| schedule.shown(&arn)).ok_or_else(|| no_schedule(name))
        })
    }

    /// Deletes a schedule.
    pub(super) fn delete(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let (group, name) = (group_in(input), wire::text(input, "Name").unwrap_or_default());
        self.state.write(&ctx.region, |region| {
            region.expect_group(group)?;
            let gone = region.schedules.remove(&format!("{group}/{name}"));
            gone.map(|_| json!({})).ok_or_else(|| no_schedule(name))
        })
    }

    /// Lists the schedules of one group or of all, at most 100 on a page.
    pub(super) fn list(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let text = |key: &str| wire::text(input, key);
        let (group, state) = (text("ScheduleGroup"), text("State"));
        let prefix = text("NamePrefix").unwrap_or_default();
        let all: Vec<(String, Value)> = self.state.read(&ctx.region, |region| {
            group.map_or(Ok(()), |group| region.expect_group(group))?;
            let wanted = region.schedules.iter().filter(|(_, schedule)| {
                schedule.name.starts_with(prefix)
                    && group.is_none_or(|group| schedule.group == group)
                    && state.is_none_or(|state| schedule.state == state)
            });
            let shown = wanted.map(|(key, schedule)| {
                let arn = self.schedule_arn(&ctx.region, &schedule.group, &schedule.name);
                (key.clone(), schedule.summary(&arn))
            });
            Ok::<_, AwsError>(shown.collect())
        })?;
        let (page, next) = paged(all, input)?;
        let page: Vec<Value> = page.into_iter().map(|(_, schedule)| schedule).collect();
        Ok(wire::with_next(json!({"Schedules": page}), "NextToken", next))
    }

    /// Checks what a request defines, and fills in what it leaves out.
    fn checked(&self, ctx: &RequestContext, input: Definition) -> Result<Schedule, AwsError> {
        let group = input.group_name.unwrap_or_else(|| DEFAULT.to_owned());
        check_name(&input.name, "name")?;
        check_name(&group, "groupName")?;
        let expression = input.schedule_expression.ok_or_else(|| missing("scheduleExpression"))?;
        if When::parse(&expression).is_none() {
            return Err(AwsError::validation(format!("Invalid Schedule Expression {expression}.")));
        }
        let timezone = input.schedule_expression_timezone.unwrap_or_else(|| "UTC".to_owned());
        if TimeZone::get(&timezone).is_err() {
            return Err(AwsError::validation(format!("Invalid Schedule Expression Timezone {timezone}.")));
        }
        let state = chosen(input.state, &["ENABLED", "DISABLED"], "state")?;
        let after_completion =
            chosen(input.action_after_completion, &["NONE", "DELETE"], "actionAfterCompletion")?;
        let window = input.flexible_time_window.ok_or_else(|| missing("flexibleTimeWindow"))?;
        check_window(&window)?;
        let (start, end) = (moment(input.start_date), moment(input.end_date));
        if start.zip(end).is_some_and(|(start, end)| end <= start) {
            return Err(AwsError::validation("The EndDate must be after the StartDate."));
        }
        if input.description.as_deref().is_some_and(|text| text.chars().count() > 512) {
            let wanted = "Member must have length less than or equal to 512";
            return Err(constraint("…", "description", wanted));
        }
        let mut target = input.target.ok_or_else(|| missing("target"))?;
        self.check_target(ctx, &group, &target)?;
        // What a schedule has that names no policy of retries, as GetSchedule shows it.
        let retries = json!({"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185});
        target.entry("RetryPolicy").or_insert(retries);
        let now = self.clock.now();
        Ok(Schedule {
            name: input.name,
            group,
            expression,
            timezone,
            state,
            start,
            end,
            description: input.description,
            key: input.kms_key_arn,
            target,
            window,
            after_completion,
            created: now,
            modified: now,
            since: now,
            fired: None,
        })
    }

    /// Checks a target: what it calls, and with which role.
    fn check_target(
        &self,
        ctx: &RequestContext,
        group: &str,
        target: &Map<String, Value>,
    ) -> Result<(), AwsError> {
        let text = |key: &str| target.get(key).and_then(Value::as_str);
        let arn = text("Arn").ok_or_else(|| missing("target.arn"))?;
        let role = text("RoleArn").ok_or_else(|| missing("target.roleArn"))?;
        if !arn.starts_with("arn:") || arn.split(':').count() < 6 {
            return Err(AwsError::validation("Provided Arn is not in correct format."));
        }
        if !role.starts_with("arn:aws") || !role.contains(":role/") {
            let wanted = "Member must satisfy regular expression pattern: \
                          arn:aws[a-z-]*:iam::\\d{12}:role\\/[\\w+=,.@\\/-]+";
            return Err(constraint(role, "target.roleArn", wanted));
        }
        if !self.trusts(role, &self.group_arn(&ctx.region, group)) {
            return Err(AwsError::validation(UNASSUMABLE));
        }
        Ok(())
    }
}

/// Returns what was chosen, or the first of the choices.
fn chosen(given: Option<String>, choices: &[&str], field: &str) -> Result<String, AwsError> {
    match given {
        None => Ok(choices.first().map(|first| (*first).to_owned()).unwrap_or_default()),
        Some(given) if choices.contains(&given.as_str()) => Ok(given),
        Some(given) => {
            let wanted = format!("Member must satisfy enum value set: [{}]", choices.join(", "));
            Err(constraint(&given, field, &wanted))
        }
    }
}

/// Checks the flexible time window.
fn check_window(window: &Value) -> Result<(), AwsError> {
    let minutes = window.get("MaximumWindowInMinutes").and_then(Value::as_u64);
    match wire::text(window, "Mode") {
        Some("OFF") if minutes.is_none() => Ok(()),
        Some("OFF") => Err(AwsError::validation(
            "MaximumWindowInMinutes must not be set when the mode of FlexibleTimeWindow is OFF.",
        )),
        Some("FLEXIBLE") => match minutes {
            Some(1..=1440) => Ok(()),
            Some(other) => {
                let wanted = "Member must have value between 1 and 1440";
                Err(constraint(&other.to_string(), "flexibleTimeWindow.maximumWindowInMinutes", wanted))
            }
            None => Err(missing("flexibleTimeWindow.maximumWindowInMinutes")),
        },
        Some(other) => {
            let wanted = "Member must satisfy enum value set: [OFF, FLEXIBLE]";
            Err(constraint(other, "flexibleTimeWindow.mode", wanted))
        }
        None => Err(missing("flexibleTimeWindow.mode")),
    }
}

/// Reads a time of the wire, in seconds.
fn moment(seconds: Option<f64>) -> Option<Timestamp> {
    Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds?).ok()?).ok()
}
