//! Lambda functions.

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_types::Blob;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Child, Done, Export, Found, Resource, THEIRS, gone, looked_up, marked};
use crate::account::snapshot::{self, Facet};
use crate::aws::collect::Scope;
use crate::provision::ownership::{Ownership, mark};
use crate::provision::package::{Package, pack, pack_files};
use crate::provision::plan::Picture;
use crate::provision::{Address, Session, arn};
use crate::scenario::Resolved;

/// A Lambda function packaged from a folder.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Lambda's name of the runtime, e.g. `python3.9`.
    pub runtime: String,
    /// The processor architecture.
    #[serde(default)]
    pub architecture: Architecture,
    /// The source: a folder, or the files themselves; packed deterministically.
    pub source: Source,
    /// `file.function`, e.g. `handler.main`.
    pub handler: String,
    /// The execution role, by name or ARN.
    pub role: String,
    /// The longest run in seconds, 1 to 900; Lambda's own default is 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 900))]
    pub timeout: Option<i32>,
    /// Memory in MiB, 128 to 10240; Lambda's own default is 128.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 128, max = 10240))]
    pub memory: Option<i32>,
    /// Shown in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Environment variables; values may hold `{{ arn("topic.…") }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

/// A function's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Source {
    /// Path of a folder, relative to the scenario file.
    Folder(String),
    /// The files themselves: their contents by path.
    Files(BTreeMap<String, String>),
}

/// The processor architecture of a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Architecture {
    /// 64-bit x86, Lambda's default.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm (Graviton).
    #[serde(rename = "arm64")]
    Arm64,
}

/// The kind.
#[derive(Debug)]
pub(crate) struct Kind;

/// A function as the account shows it.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    runtime: String,
    architecture: String,
    handler: String,
    role: String,
    timeout: i32,
    memory: i32,
    description: String,
    environment: BTreeMap<String, String>,
    /// SHA-256 of the package, in base64.
    #[serde(rename = "source")]
    code_sha256: String,
    /// Statements of the resource policy that let somebody else in, by `Sid`. Those that let EventBridge in are
    /// the schedule's.
    extra_permissions: BTreeMap<String, String>,
    #[serde(skip)]
    package: Option<Package>,
}

impl Resource for Kind {
    const KIND: &'static str = "function";
    type Spec = Spec;
    type State = State;

    fn scope(name: &str, _spec: Option<&Spec>, scope: &mut Scope) {
        scope.functions.insert(name.into());
    }

    fn desired(_name: &str, spec: &Spec, scenario: &Resolved) -> Result<State, String> {
        let package = match &spec.source {
            Source::Folder(written) => {
                let folder = scenario.file_path(written);
                pack(&folder).map_err(|error| format!("`{}` cannot be packed: {error}", folder.display()))
            }
            Source::Files(files) => {
                pack_files(files).map_err(|error| format!("the files cannot be packed: {error}"))
            }
        };
        let package = package?;
        let architecture = match spec.architecture {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        };
        Ok(State {
            runtime: spec.runtime.clone(),
            architecture: architecture.into(),
            handler: spec.handler.clone(),
            role: role_arn(&spec.role, scenario),
            timeout: spec.timeout.unwrap_or(3),
            memory: spec.memory.unwrap_or(128),
            description: spec.description.clone().unwrap_or_default(),
            environment: spec.environment.clone(),
            code_sha256: package.sha256.clone(),
            extra_permissions: BTreeMap::new(),
            package: Some(package),
        })
    }

    fn observed(picture: Picture<'_>, name: &str, _desired: Option<&State>) -> Facet<Option<Found<State>>> {
        let function = match looked_up(&picture.snapshot.functions, name) {
            Facet::Read(function) => function,
            Facet::NotRead(reason) => return Facet::NotRead(reason),
        };
        Facet::Read(function.map(|function| Found {
            ownership: Ownership::of_tags(&function.tags, &picture.scenario.place.scenario),
            state: State {
                runtime: function.runtime.clone(),
                architecture: function.architecture.clone(),
                handler: function.handler.clone(),
                role: function.role.clone(),
                timeout: function.timeout,
                memory: function.memory,
                description: function.description.clone(),
                environment: function.environment.clone(),
                code_sha256: function.code_sha256.clone(),
                extra_permissions: extra_permissions(function, name, picture),
                package: None,
            },
        }))
    }

    fn owned(picture: Picture<'_>) -> Vec<String> {
        marked(&picture.snapshot.functions, |function| &function.tags, picture)
    }

    fn spec(name: &str, state: &State, export: &Export<'_>) -> Result<Spec, String> {
        if state.runtime.is_empty() {
            return Err("it runs a container image".into());
        }
        let source = export.sources.get(name).cloned();
        let source = source.unwrap_or_else(|| Err("its package was not fetched".into()))?;
        Ok(Spec {
            runtime: state.runtime.clone(),
            architecture: if state.architecture == "arm64" {
                Architecture::Arm64
            } else {
                Architecture::X86_64
            },
            source,
            handler: state.handler.clone(),
            role: export.declared_name("role", &state.role).unwrap_or_else(|| state.role.clone()),
            timeout: (state.timeout != 3).then_some(state.timeout),
            memory: (state.memory != 128).then_some(state.memory),
            description: (!state.description.is_empty()).then(|| state.description.clone()),
            environment: state.environment.clone(),
        })
    }

    fn children(state: &State) -> Vec<Child> {
        let permissions = state.extra_permissions.keys();
        permissions.map(|sid| Child { what: format!("permissions.{sid}"), origin: THEIRS }).collect()
    }

    async fn create(session: &Session, name: &str, to: &State) -> Done {
        let Some(package) = &to.package else { return Ok(()) };
        let code =
            aws_sdk_lambda::types::FunctionCode::builder().zip_file(Blob::new(package.bytes.clone())).build();
        session
            .aws
            .call("lambda:CreateFunction", &format!("function.{name}"), || {
                session
                    .aws
                    .lambda
                    .create_function()
                    .function_name(name)
                    .runtime(to.runtime.as_str().into())
                    .architectures(to.architecture.as_str().into())
                    .handler(&to.handler)
                    .role(&to.role)
                    .timeout(to.timeout)
                    .memory_size(to.memory)
                    .description(&to.description)
                    .environment(environment(to))
                    .code(code.clone())
                    .set_tags(Some(mark(&session.place.scenario).into_iter().collect()))
                    .send()
            })
            .await
            .map(drop)
    }

    async fn update(session: &Session, name: &str, from: &State, to: &State) -> Done {
        let (aws, lambda, address) = (&session.aws, &session.aws.lambda, format!("function.{name}"));
        for sid in from.extra_permissions.keys().filter(|sid| !to.extra_permissions.contains_key(*sid)) {
            remove_permission(session, name, sid).await?;
        }
        if configuration(from) != configuration(to) {
            aws.call("lambda:UpdateFunctionConfiguration", &address, || {
                lambda
                    .update_function_configuration()
                    .function_name(name)
                    .runtime(to.runtime.as_str().into())
                    .handler(&to.handler)
                    .role(&to.role)
                    .timeout(to.timeout)
                    .memory_size(to.memory)
                    .description(&to.description)
                    .environment(environment(to))
                    .send()
            })
            .await?;
        }
        if (&from.code_sha256, &from.architecture) != (&to.code_sha256, &to.architecture)
            && let Some(package) = &to.package
        {
            aws.call("lambda:UpdateFunctionCode", &address, || {
                lambda
                    .update_function_code()
                    .function_name(name)
                    .architectures(to.architecture.as_str().into())
                    .zip_file(Blob::new(package.bytes.clone()))
                    .send()
            })
            .await?;
        }
        Ok(())
    }

    async fn delete(session: &Session, name: &str, _from: &State) -> Done {
        gone(
            session
                .aws
                .call("lambda:DeleteFunction", &format!("function.{name}"), || {
                    session.aws.lambda.delete_function().function_name(name).send()
                })
                .await,
        )
    }

    async fn adopt(session: &Session, name: &str, _from: &State) -> Done {
        let arn = arn::arn(&Address::new(Self::KIND, name), &session.place).unwrap_or_default();
        session
            .aws
            .call("lambda:TagResource", &format!("function.{name}"), || {
                let tags = mark(&session.place.scenario).into_iter().collect();
                session.aws.lambda.tag_resource().resource(&arn).set_tags(Some(tags)).send()
            })
            .await
            .map(drop)
    }
}

/// Takes a statement out of a function's resource policy.
pub(crate) async fn remove_permission(session: &Session, function: &str, sid: &str) -> Done {
    gone(
        session
            .aws
            .call("lambda:RemovePermission", &format!("function.{function}"), || {
                session.aws.lambda.remove_permission().function_name(function).statement_id(sid).send()
            })
            .await,
    )
}

/// The part that one call updates.
fn configuration(state: &State) -> impl PartialEq + '_ {
    let State { runtime, handler, role, timeout, memory, description, environment, .. } = state;
    (runtime, handler, role, *timeout, *memory, description, environment)
}

fn environment(state: &State) -> aws_sdk_lambda::types::Environment {
    let variables = state.environment.clone().into_iter().collect();
    aws_sdk_lambda::types::Environment::builder().set_variables(Some(variables)).build()
}

/// Returns the ARN of a role that a function names.
pub(crate) fn role_arn(role: &str, scenario: &Resolved) -> String {
    if role.starts_with("arn:") {
        return role.to_owned();
    }
    arn::arn(&Address::new("role", role), &scenario.place).unwrap_or_default()
}

/// Returns the statements that let somebody invoke the function who is no business of a schedule of the scenario,
/// or of one that has left it and is still there.
fn extra_permissions(
    function: &snapshot::Function,
    name: &str,
    picture: Picture<'_>,
) -> BTreeMap<String, String> {
    let has_schedule = picture.scenario.resources.schedules.values().any(|spec| spec.function == name);
    let rules = picture.snapshot.rules.values().filter_map(|rule| rule.read()?.as_ref());
    let ours: BTreeSet<&str> = rules
        .filter(|rule| Ownership::of_tags(&rule.tags, &picture.scenario.place.scenario) == Ownership::Ours)
        .map(|rule| rule.arn.as_str())
        .collect();
    let is_from_ours = |from: &Option<String>| from.as_deref().is_some_and(|arn| ours.contains(arn));
    let is_schedules = |permission: &snapshot::Permission| {
        permission.is_from_eventbridge() && (has_schedule || is_from_ours(&permission.source_arn))
    };
    let extra = function.permissions.iter().filter(|(_, permission)| !is_schedules(permission));
    extra.map(|(sid, permission)| (sid.clone(), permission.statement.clone())).collect()
}
