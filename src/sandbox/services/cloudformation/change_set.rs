//! Change sets: a blueprint that waits, with what it would change.

use awsim_core::AwsError;
use serde_json::{Value, json};

use super::blueprint::Blueprint;
use super::describe;
use super::engine::{OnFailure, Run};
use super::operations::{Request, already_exists, finish, is_different, settle};
use super::state::{ChangeSet, Stack};
use super::template::Template;
use super::update::UpdateOptions;
use super::{Core, Invalid, diff};

const EMPTY: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

impl Request<'_> {
    /// `CreateChangeSet`, for a stack that exists or for a new one.
    pub(super) fn create_change_set(&self) -> Result<Value, AwsError> {
        let set_name = self.name("ChangeSetName")?;
        let new = match self.text("ChangeSetType") {
            None | Some("UPDATE") => false,
            Some("CREATE") => true,
            Some(other) => {
                return Err(
                    Invalid::new(format!("the sandbox does not make change sets of type {other}")).into()
                );
            }
        };
        let mut stack = if new { self.stack_in_review(set_name)? } else { self.updatable()? };
        if stack.change_sets.iter().any(|set| set.name == set_name) {
            return Err(already_exists(&format!("ChangeSet [{set_name}] already exists")));
        }
        let blueprint = self.blueprint(&stack, !new)?;
        let changes = diff::changes(&stack, &blueprint)?;
        let empty = changes.is_empty() && !is_different(&stack, &blueprint);
        let now = self.core.clock.now();
        let id = self.core.state().fresh(&format!("{}\n{set_name}", stack.id), now).uuid();
        let text = |yes: &str, no: &str| if empty { yes.to_owned() } else { no.to_owned() };
        let set = ChangeSet {
            id: self.arn(&format!("changeSet/{set_name}/{id}")),
            name: set_name.to_owned(),
            status: text("FAILED", "CREATE_COMPLETE"),
            reason: empty.then(|| EMPTY.to_owned()),
            execution_status: text("UNAVAILABLE", "AVAILABLE"),
            created: now,
            description: self.text("Description").map(str::to_owned),
            body: blueprint.body,
            parameters: blueprint.parameters,
            tags: blueprint.tags,
            capabilities: self.texts("Capabilities"),
            notification_arns: self.texts("NotificationARNs"),
            on_failure: self.text("OnStackFailure").map(str::to_owned),
            changes,
        };
        let answer = json!({"Id": set.id, "StackId": stack.id});
        let first = new && stack.events.is_empty();
        stack.change_sets.push(set);
        let mut run = self.run(stack);
        if first {
            run.stack_event("REVIEW_IN_PROGRESS", Some("User Initiated"));
        } else {
            self.core.state().put(&run.stack);
        }
        Ok(answer)
    }

    /// The stack a `CREATE` change set is for: one that waits for its first change set, or a new one.
    fn stack_in_review(&self, set_name: &str) -> Result<Stack, AwsError> {
        let name = self.text("StackName").unwrap_or_default();
        let known = self.core.state().find(&self.ctx.region, name).cloned();
        match known {
            Some(stack) if stack.status == "REVIEW_IN_PROGRESS" => Ok(stack),
            Some(_) => Err(Invalid::new(format!(
                "Stack [{name}] already exists and cannot be created again with the changeSet [{set_name}]."
            ))
            .into()),
            None => Ok(self.new_stack(self.new_name()?, "REVIEW_IN_PROGRESS")),
        }
    }

    /// The change set the request names, and its stack.
    pub(super) fn change_set(&self) -> Result<(Stack, ChangeSet), AwsError> {
        let name = self.text("ChangeSetName").unwrap_or_default();
        let missing =
            || AwsError::not_found("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"));
        let found = |stack: &Stack| {
            stack.change_sets.iter().rev().find(|set| set.id == name || set.name == name).cloned()
        };
        if self.text("StackName").is_some() {
            let stack = self.stack(|stack| format!("Stack [{stack}] does not exist"))?;
            let set = found(&stack).ok_or_else(missing)?;
            return Ok((stack, set));
        }
        if !name.starts_with("arn:") {
            return Err(Invalid::new(
                "StackName must be specified if ChangeSetName is not specified as an ARN.",
            )
            .into());
        }
        let state = self.core.state();
        state.stacks.iter().rev().find_map(|stack| Some((stack.clone(), found(stack)?))).ok_or_else(missing)
    }

    /// `DescribeChangeSet`.
    pub(super) fn describe_change_set(&self) -> Result<Value, AwsError> {
        let (stack, set) = self.change_set()?;
        Ok(describe::change_set(&stack, &set))
    }

    /// `DeleteChangeSet`; one that does not exist is already deleted.
    pub(super) fn delete_change_set(&self) -> Result<Value, AwsError> {
        let (mut stack, set) = match self.change_set() {
            Err(error) if error.code == "ChangeSetNotFound" => return Ok(json!({})),
            found => found?,
        };
        if set.execution_status == "EXECUTE_IN_PROGRESS" {
            return Err(invalid_status(format!(
                "ChangeSet [{}] cannot be deleted in its current execution status of [{}]",
                set.id, set.execution_status
            )));
        }
        stack.change_sets.retain(|known| known.id != set.id);
        self.core.state().put(&stack);
        Ok(json!({}))
    }

    /// `ExecuteChangeSet`.
    pub(super) async fn execute_change_set(&self) -> Result<Value, AwsError> {
        let (mut stack, set) = self.change_set()?;
        if set.status != "CREATE_COMPLETE" {
            return Err(invalid_status(format!(
                "ChangeSet [{}] cannot be executed in its current status of [{}]",
                set.id, set.status
            )));
        }
        if set.execution_status != "AVAILABLE" {
            return Err(invalid_status(format!(
                "ChangeSet [{}] cannot be executed in its current execution status of [{}]",
                set.id, set.execution_status
            )));
        }
        let new = stack.status == "REVIEW_IN_PROGRESS";
        let blueprint = Blueprint::new(
            set.body.clone(),
            Template::parse(&set.body)?,
            set.parameters.clone(),
            self.pseudo(&stack),
            set.tags.clone(),
        )?;
        // The others were made for what the stack is no more.
        stack.change_sets.retain(|known| known.id == set.id);
        mark(&mut stack, &set.id, "EXECUTE_IN_PROGRESS");
        stack.change_set = Some(set.id.clone());
        stack.disable_rollback = self.flag("DisableRollback");
        if new {
            stack.updated = Some(self.core.clock.now());
            settle(&mut stack, &blueprint);
            stack.capabilities.clone_from(&set.capabilities);
            stack.notification_arns.clone_from(&set.notification_arns);
        }
        self.claim(&mut stack, if new { "CREATE_IN_PROGRESS" } else { "UPDATE_IN_PROGRESS" })?;
        let run = self.run(stack);
        let options = UpdateOptions {
            disable_rollback: self.flag("DisableRollback"),
            keep_nothing: self.flag("RetainExceptOnCreate"),
        };
        let work = execute(run, blueprint, set, new, options);
        finish(tokio::spawn(work)).await?;
        Ok(json!({}))
    }
}

async fn execute(run: Run, blueprint: Blueprint, set: ChangeSet, new: bool, options: UpdateOptions) -> Stack {
    let core = std::sync::Arc::clone(&run.core);
    let mut stack = if new {
        let on_failure = match (options.disable_rollback, set.on_failure.as_deref()) {
            (true, _) | (_, Some("DO_NOTHING")) => OnFailure::Nothing,
            (false, Some("DELETE")) => OnFailure::Delete,
            (false, _) => OnFailure::Rollback,
        };
        run.create(blueprint, on_failure, options.keep_nothing).await
    } else {
        let capabilities = set.capabilities.clone();
        run.update(blueprint, options, move |stack, blueprint| {
            settle(stack, &blueprint);
            stack.capabilities = capabilities;
        })
        .await
    };
    let done = matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
    mark(&mut stack, &set.id, if done { "EXECUTE_COMPLETE" } else { "EXECUTE_FAILED" });
    remember(&core, &stack);
    stack
}

fn remember(core: &Core, stack: &Stack) {
    core.state().put(stack);
}

fn mark(stack: &mut Stack, set: &str, status: &str) {
    for known in stack.change_sets.iter_mut().filter(|known| known.id == set) {
        status.clone_into(&mut known.execution_status);
    }
}

fn invalid_status(message: String) -> AwsError {
    AwsError::bad_request("InvalidChangeSetStatus", message)
}
