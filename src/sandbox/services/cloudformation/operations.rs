//! Reads requests: what is asked of which stack, and whether it may be asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use awsim_core::{AwsError, RequestContext};
use serde_json::{Value, json};

use super::blueprint::{Blueprint, refuse_unknown_types, refuse_unresolved_references};
use super::capability::{check_capabilities, iam_kinds, needed_capability};
use super::describe::list;
use super::diff;
use super::engine::{OnFailure, Run};
use super::evaluation::outputs;
use super::intrinsics::Pseudo;
use super::parameters::{given, resolve, scalar};
use super::state::{Stack, Tags};
use super::template::Template;
use super::update::UpdateOptions;
use super::{Core, Invalid};

/// One request.
pub(super) struct Request<'a> {
    /// Clock, other services, memory.
    pub core: &'a Arc<Core>,
    /// What is asked.
    pub input: &'a Value,
    /// By whom, where.
    pub ctx: &'a RequestContext,
}

impl Request<'_> {
    /// A text of the request.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A list of texts.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let items = self.input.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// A yes or no.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.input.get(name).and_then(scalar).as_deref() == Some("true")
    }

    fn required(&self, name: &str) -> Result<&str, Invalid> {
        self.text(name).ok_or_else(|| Invalid::new(format!(
            "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
            lower_first(name)
        )))
    }

    /// The stack the request names, or `missing` said as an error.
    pub(super) fn stack(&self, missing: impl FnOnce(&str) -> String) -> Result<Stack, AwsError> {
        let name = self.required("StackName")?;
        let found = self.core.state().find(&self.ctx.region, name).cloned();
        found.ok_or_else(|| Invalid::new(missing(name)).into())
    }

    /// An ARN of this service.
    pub(super) fn arn(&self, resource: &str) -> String {
        awsim_core::arn::build(self.ctx, "cloudformation", resource)
    }

    /// A new name for a stack that does not exist, checked.
    pub(super) fn new_name(&self) -> Result<&str, Invalid> {
        self.name("StackName")
    }

    /// A name of the caller's choice, checked.
    pub(super) fn name(&self, field: &str) -> Result<&str, Invalid> {
        let name = self.required(field)?;
        let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if letters && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() <= 128 {
            return Ok(name);
        }
        Err(Invalid::new(format!(
            "1 validation error detected: Value '{name}' at '{}' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
            lower_first(field)
        )))
    }

    /// A stack with nothing in it, under an id of its own.
    pub(super) fn new_stack(&self, name: &str, status: &str) -> Stack {
        let now = self.core.clock.now();
        let seed = format!("{}\n{}\n{name}", self.ctx.account_id, self.ctx.region);
        let id = self.core.state().fresh(&seed, now).uuid();
        Stack {
            id: self.arn(&format!("stack/{name}/{id}")),
            name: name.to_owned(),
            region: self.ctx.region.clone(),
            status: status.to_owned(),
            reason: None,
            description: None,
            body: String::new(),
            parameters: super::parameters::Parameters::new(),
            tags: Tags::new(),
            capabilities: Vec::new(),
            notification_arns: Vec::new(),
            role_arn: None,
            disable_rollback: false,
            termination_protection: false,
            created: now,
            updated: None,
            deleted: None,
            change_set: None,
            outputs: Vec::new(),
            resources: std::collections::BTreeMap::new(),
            events: Vec::new(),
            change_sets: Vec::new(),
        }
    }

    /// What the request wants `stack` to be. `previous` says whether it may refer to what the stack is.
    pub(super) fn blueprint(&self, stack: &Stack, previous: bool) -> Result<Blueprint, AwsError> {
        let body = match (self.text("TemplateBody"), self.flag("UsePreviousTemplate") && previous) {
            (Some(body), _) => body.to_owned(),
            (None, true) => stack.body.clone(),
            (None, false) => return Err(self.no_body().into()),
        };
        let template = Template::parse(&body)?;
        refuse_unknown_types(&template)?;
        let known = previous.then_some(&stack.parameters);
        let parameters = resolve(&template, &given(self.input)?, known)?;
        check_capabilities(&template, &self.texts("Capabilities"))?;
        let tags = match self.input.get("Tags") {
            None if previous => stack.tags.clone(),
            None => Tags::new(),
            Some(list) => tags(list)?,
        };
        let pseudo = self.pseudo(stack);
        Ok(Blueprint::new(body, template, parameters, pseudo, tags)?)
    }

    /// The pseudo parameters of a stack.
    pub(super) fn pseudo(&self, stack: &Stack) -> Pseudo {
        Pseudo {
            account: self.ctx.account_id.clone(),
            region: self.ctx.region.clone(),
            partition: self.ctx.partition.clone(),
            stack_name: stack.name.clone(),
            stack_id: stack.id.clone(),
            notification_arns: stack.notification_arns.clone(),
        }
    }

    fn no_body(&self) -> Invalid {
        Invalid::new(if self.text("TemplateURL").is_some() {
            "the sandbox does not read templates from a URL; pass the template's text"
        } else {
            "Either Template URL or Template Body must be specified."
        })
    }

    /// One operation on `stack`.
    pub(super) fn run(&self, stack: Stack) -> Run {
        Run {
            core: Arc::clone(self.core),
            ctx: self.ctx.clone(),
            stack,
            token: self.text("ClientRequestToken").map(str::to_owned),
        }
    }

    fn on_failure(&self) -> Result<OnFailure, Invalid> {
        match (self.text("OnFailure"), self.flag("DisableRollback")) {
            (Some(_), true) => Err(Invalid::new("You cannot specify both OnFailure and DisableRollback")),
            (None, true) | (Some("DO_NOTHING"), false) => Ok(OnFailure::Nothing),
            (None | Some("ROLLBACK"), false) => Ok(OnFailure::Rollback),
            (Some("DELETE"), false) => Ok(OnFailure::Delete),
            (Some(other), false) => Err(Invalid::new(format!(
                "1 validation error detected: Value '{other}' at 'onFailure' failed to satisfy constraint: Member \
                 must satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]"
            ))),
        }
    }

    /// `CreateStack`.
    pub(super) async fn create_stack(&self) -> Result<Value, AwsError> {
        let name = self.new_name()?;
        let on_failure = self.on_failure()?;
        let known = self.core.state().find(&self.ctx.region, name).cloned();
        let mut stack = match known {
            Some(stack) if stack.status == "REVIEW_IN_PROGRESS" => stack,
            Some(_) => return Err(already_exists(&format!("Stack [{name}] already exists"))),
            None => self.new_stack(name, "CREATE_IN_PROGRESS"),
        };
        stack.notification_arns = self.texts("NotificationARNs");
        let blueprint = self.blueprint(&stack, false)?;
        settle(&mut stack, &blueprint);
        stack.capabilities = self.texts("Capabilities");
        stack.role_arn = self.text("RoleARN").map(str::to_owned);
        stack.disable_rollback = on_failure == OnFailure::Nothing;
        stack.termination_protection = self.flag("EnableTerminationProtection");
        obsolete(&mut stack);
        let id = self.claim(&mut stack, "CREATE_IN_PROGRESS")?;
        let run = self.run(stack);
        finish(tokio::spawn(run.create(blueprint, on_failure, self.flag("RetainExceptOnCreate")))).await?;
        Ok(json!({"StackId": id}))
    }

    /// Marks a stack as being worked on, unless somebody else was faster.
    pub(super) fn claim(&self, stack: &mut Stack, status: &str) -> Result<String, AwsError> {
        let mut state = self.core.state();
        match state.find(&self.ctx.region, &stack.name) {
            Some(known) if known.id != stack.id => {
                return Err(already_exists(&format!("Stack [{}] already exists", stack.name)));
            }
            Some(known) if known.is_busy() => {
                return Err(Invalid::new(format!(
                    "Stack:{} is in {} state and can not be updated.",
                    known.id, known.status
                ))
                .into());
            }
            _ => {}
        }
        status.clone_into(&mut stack.status);
        state.put(stack);
        Ok(stack.id.clone())
    }

    /// The stack to update, if it can be.
    pub(super) fn updatable(&self) -> Result<Stack, AwsError> {
        let stack = self.stack(|name| format!("Stack [{name}] does not exist"))?;
        let ready = [
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
            "CREATE_FAILED",
            "UPDATE_FAILED",
        ];
        if ready.contains(&stack.status.as_str()) {
            return Ok(stack);
        }
        Err(Invalid::new(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status))
            .into())
    }

    /// `UpdateStack`.
    pub(super) async fn update_stack(&self) -> Result<Value, AwsError> {
        let mut stack = self.updatable()?;
        let blueprint = self.blueprint(&stack, true)?;
        let changes = diff::changes(&stack, &blueprint)?;
        if changes.is_empty() && !is_different(&stack, &blueprint) {
            return Err(Invalid::new("No updates are to be performed.").into());
        }
        obsolete(&mut stack);
        let capabilities = self.texts("Capabilities");
        let topics = self.input.get("NotificationARNs").map(|_| self.texts("NotificationARNs"));
        let role = self.text("RoleARN").map(str::to_owned);
        let id = self.claim(&mut stack, "UPDATE_IN_PROGRESS")?;
        let options = UpdateOptions {
            disable_rollback: self.flag("DisableRollback"),
            keep_nothing: self.flag("RetainExceptOnCreate"),
        };
        let update = self.run(stack).update(blueprint, options, move |stack, blueprint| {
            settle(stack, &blueprint);
            stack.capabilities = capabilities;
            stack.notification_arns = topics.unwrap_or_else(|| stack.notification_arns.clone());
            stack.role_arn = role.or_else(|| stack.role_arn.take());
        });
        finish(tokio::spawn(update)).await?;
        Ok(json!({"StackId": id}))
    }

    /// `DeleteStack`; what does not exist is already deleted.
    pub(super) async fn delete_stack(&self) -> Result<Value, AwsError> {
        let name = self.required("StackName")?;
        let known = self.core.state().find(&self.ctx.region, name).cloned();
        let Some(mut stack) = known.filter(|stack| !stack.is_deleted()) else { return Ok(json!({})) };
        if stack.termination_protection {
            return Err(Invalid::new(format!(
                "Stack [{}] cannot be deleted while TerminationProtection is enabled",
                stack.name
            ))
            .into());
        }
        if stack.is_busy() {
            return Err(Invalid::new(format!(
                "Stack [{}] cannot be deleted while in status {}",
                stack.name, stack.status
            ))
            .into());
        }
        let retain: BTreeSet<String> = self.texts("RetainResources").into_iter().collect();
        if !retain.is_empty() && stack.status != "DELETE_FAILED" {
            return Err(Invalid::new(format!(
                "Invalid operation on stack [{}]. RetainResources can only be specified when the stack is in the \
                 DELETE_FAILED state",
                stack.id
            ))
            .into());
        }
        self.claim(&mut stack, "DELETE_IN_PROGRESS")?;
        finish(tokio::spawn(self.run(stack).delete(retain))).await?;
        Ok(json!({}))
    }

    /// `UpdateTerminationProtection`.
    pub(super) fn update_termination_protection(&self) -> Result<Value, AwsError> {
        let mut stack = self.stack(|name| format!("Stack [{name}] does not exist"))?;
        stack.termination_protection = self.flag("EnableTerminationProtection");
        self.core.state().put(&stack);
        Ok(json!({"StackId": stack.id}))
    }

    /// `ValidateTemplate`.
    pub(super) fn validate_template(&self) -> Result<Value, AwsError> {
        let body = self.text("TemplateBody").ok_or_else(|| self.no_body())?;
        let template = Template::parse(body)?;
        refuse_unknown_types(&template)?;
        refuse_unresolved_references(&template)?;
        let parameters = template.parameters.iter().map(|(name, declared)| {
            let mut shown = json!({"ParameterKey": name, "NoEcho": declared.get("NoEcho").and_then(scalar).as_deref() == Some("true")});
            for (key, shown_as) in [("Default", "DefaultValue"), ("Description", "Description")] {
                if let (Some(text), Some(shown)) = (declared.get(key).and_then(scalar), shown.as_object_mut()) {
                    shown.insert(shown_as.to_owned(), text.into());
                }
            }
            shown
        });
        let mut answer = json!({"Parameters": list(parameters)});
        if let (Some(capability), Some(answer)) = (needed_capability(&template), answer.as_object_mut()) {
            let kinds: BTreeSet<&str> = iam_kinds(&template).collect();
            let reason = format!(
                "The following resource(s) require capabilities: [{}]",
                kinds.into_iter().collect::<Vec<_>>().join(", ")
            );
            answer.insert("Capabilities".to_owned(), list([capability.into()]));
            answer.insert("CapabilitiesReason".to_owned(), reason.into());
        }
        if let (Some(text), Some(answer)) = (&template.description, answer.as_object_mut()) {
            answer.insert("Description".to_owned(), text.as_str().into());
        }
        Ok(answer)
    }
}

/// Takes over what the blueprint says about the stack itself.
pub(super) fn settle(stack: &mut Stack, blueprint: &Blueprint) {
    stack.body.clone_from(&blueprint.body);
    stack.description.clone_from(&blueprint.template.description);
    stack.parameters.clone_from(&blueprint.parameters);
    stack.tags.clone_from(&blueprint.tags);
}

/// Says whether anything but a resource differs: the outputs, the stack's tags, or a failure to repair.
pub(super) fn is_different(stack: &Stack, blueprint: &Blueprint) -> bool {
    let outputs = outputs(blueprint, &stack.resources);
    outputs.is_ok_and(|outputs| outputs != stack.outputs)
        || stack.tags != blueprint.tags
        || stack.status.ends_with("_FAILED")
}

/// Change sets that were made for what the stack was before.
pub(super) fn obsolete(stack: &mut Stack) {
    for set in stack.change_sets.iter_mut().filter(|set| set.execution_status == "AVAILABLE") {
        "OBSOLETE".clone_into(&mut set.execution_status);
    }
}

/// Waits for work that goes on even if the caller hangs up.
pub(super) async fn finish(work: tokio::task::JoinHandle<Stack>) -> Result<Stack, AwsError> {
    work.await.map_err(|error| AwsError::internal(format!("the stack operation was abandoned: {error}")))
}

/// `AlreadyExistsException`.
pub(super) fn already_exists(message: &str) -> AwsError {
    AwsError::bad_request("AlreadyExistsException", message)
}

fn lower_first(name: &str) -> String {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

fn tags(list: &Value) -> Result<Tags, Invalid> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|tag| {
            let key = tag.get("Key").and_then(Value::as_str).unwrap_or_default();
            if key.to_ascii_lowercase().starts_with("aws:") {
                return Err(Invalid::new("Tag keys cannot start with aws:, which is reserved for AWS use"));
            }
            Ok((key.to_owned(), tag.get("Value").and_then(Value::as_str).unwrap_or_default().to_owned()))
        })
        .collect()
}
