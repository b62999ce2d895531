//! Functions: create, update, delete, describe.

use awsim_core::{AwsError, RequestContext};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::access::UNASSUMABLE;
use super::{Function, Lambda, Named, invalid, missing, no_content, not_found, validate};
use crate::sandbox::services::tags::Tags;
use crate::sandbox::services::wire;

/// The settings that create and update take, and describe returns, under the same name.
const SETTINGS: [&str; 15] = [
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "KMSKeyArn",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "SnapStart",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
];

/// A deployment package that was uploaded.
struct Package {
    base64: String,
    sha256: String,
    size: usize,
}

impl Package {
    /// Reads `ZipFile` from the object that holds it.
    fn from(code: &Value) -> Result<Self, AwsError> {
        let Some(base64) = code["ZipFile"].as_str() else {
            return Err(if code["S3Bucket"].is_string() {
                invalid(
                    "Error occurred while GetObject. S3 Error Code: NoSuchBucket. \
                     S3 Error Message: The specified bucket does not exist",
                )
            } else {
                invalid("Please provide a source for function code.")
            });
        };
        let bytes = BASE64.decode(base64).map_err(|_| validate::not_a_zip())?;
        validate::zip(&bytes)?;
        Ok(Self {
            base64: base64.to_owned(),
            sha256: BASE64.encode(Sha256::digest(&bytes)),
            size: bytes.len(),
        })
    }
}

impl Function {
    /// Returns the `FunctionConfiguration` of the function.
    pub(super) fn configuration(&self, name: &str) -> Value {
        let mut all = self.settings.clone();
        let computed = json!({
            "FunctionName": name,
            "FunctionArn": self.arn,
            "CodeSha256": self.code_sha256,
            "CodeSize": self.code_size,
            "Version": "$LATEST",
            "LastModified": self.last_modified,
            "RevisionId": self.revision,
            "State": "Active",
            "LastUpdateStatus": "Successful",
        });
        if let Value::Object(computed) = computed {
            all.extend(computed);
        }
        Value::Object(all)
    }

    /// Returns the answer of `GetFunction`. Where Lambda gives the address of the package in S3, the address here
    /// holds the package itself (RFC 2397): there is no S3 to fetch it from.
    pub(super) fn description(&self, name: &str) -> Value {
        let location = format!("data:application/zip;base64,{}", self.code);
        let mut answer = json!({
            "Configuration": self.configuration(name),
            "Code": {"RepositoryType": "S3", "Location": location},
        });
        if !self.tags.is_empty()
            && let Some(answer) = answer.as_object_mut()
        {
            answer.insert("Tags".to_owned(), json!(self.tags));
        }
        answer
    }

    /// Returns the resource policy as a document, when it has a statement.
    pub(super) fn policy_document(&self) -> Option<String> {
        let document = json!({"Version": "2012-10-17", "Id": "default", "Statement": self.policy});
        (!self.policy.is_empty()).then(|| document.to_string())
    }

    /// Refuses an update that was made for another revision.
    fn check_revision(&self, input: &Value) -> Result<(), AwsError> {
        match input["RevisionId"].as_str() {
            Some(revision) if revision != self.revision => Err(super::permission::outdated()),
            _ => Ok(()),
        }
    }
}

impl Lambda {
    /// Creates a function.
    pub(super) fn create(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let name = Named::parse(input["FunctionName"].as_str().unwrap_or_default()).name.to_owned();
        validate::function_name(&name)?;
        if input["PackageType"] == "Image" {
            return Err(invalid("the sandbox has no container images; use a .zip package"));
        }
        if let Some(layer) = input.pointer("/Layers/0").and_then(Value::as_str) {
            return Err(no_layer(layer));
        }
        for required in ["Runtime", "Handler"] {
            if !input[required].is_string() {
                let wanted = required.to_lowercase();
                return Err(invalid(format!("{wanted} is required when the package type is Zip")));
            }
        }
        let mut settings = defaults(&name);
        merge(&mut settings, input);
        settings.insert("PackageType".to_owned(), json!("Zip"));
        settings.insert("Architectures".to_owned(), validate::architectures(input)?);
        validate::settings(&settings)?;
        self.check_role(&settings, &self.arn(&ctx.region, &name))?;
        let tags: Tags =
            if input["Tags"].is_null() { Tags::new() } else { wire::input(input["Tags"].clone())? };
        validate::tags(&Tags::new(), &tags, ctx)?;
        let package = Package::from(&input["Code"])?;
        let function = Function {
            arn: self.arn(&ctx.region, &name),
            settings,
            code: package.base64,
            code_sha256: package.sha256,
            code_size: package.size,
            last_modified: self.now(),
            revision: wire::uuid(),
            tags,
            policy: Vec::new(),
            policy_revision: wire::uuid(),
        };
        let created = answer(
            function.configuration(&name),
            &json!({
                "__status_code": 201,
                "State": "Pending",
                "StateReason": "The function is being created.",
                "StateReasonCode": "Creating",
            }),
        );
        self.state.write(&ctx.region, |region| {
            if region.functions.contains_key(&name) {
                return Err(AwsError::conflict(
                    "ResourceConflictException",
                    format!("Function already exist: {name}"),
                ));
            }
            region.functions.insert(name, function);
            Ok(created)
        })
    }

    /// Changes the settings that the request names.
    pub(super) fn update_configuration(
        &self,
        ctx: &RequestContext,
        input: &Value,
    ) -> Result<Value, AwsError> {
        if let Some(layer) = input.pointer("/Layers/0").and_then(Value::as_str) {
            return Err(no_layer(layer));
        }
        let (now, revision) = (self.now(), wire::uuid());
        let mut settings = self.read(ctx, input, |_, function| Ok(function.settings.clone()))?;
        merge(&mut settings, input);
        validate::settings(&settings)?;
        if input["Role"].is_string() {
            self.check_role(&settings, &self.read(ctx, input, |_, function| Ok(function.arn.clone()))?)?;
        }
        self.write(ctx, input, |name, function| {
            function.check_revision(input)?;
            // Merged again: another update may have come between.
            merge(&mut function.settings, input);
            (function.last_modified, function.revision) = (now, revision);
            Ok(answer(function.configuration(name), &updating()))
        })
    }

    /// Replaces the deployment package.
    pub(super) fn update_code(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let (now, revision) = (self.now(), wire::uuid());
        self.read(ctx, input, |_, _| Ok(()))?;
        let package = Package::from(input)?;
        let architectures =
            if input["Architectures"].is_array() { Some(validate::architectures(input)?) } else { None };
        self.write(ctx, input, |name, function| {
            function.check_revision(input)?;
            let mut updated = function.clone();
            updated.code = package.base64;
            updated.code_sha256 = package.sha256;
            updated.code_size = package.size;
            if let Some(architectures) = architectures {
                updated.settings.insert("Architectures".to_owned(), architectures);
            }
            (updated.last_modified, updated.revision) = (now, revision);
            let configuration = updated.configuration(name);
            if input["DryRun"] == true {
                return Ok(configuration);
            }
            *function = updated;
            Ok(answer(configuration, &updating()))
        })
    }

    /// Deletes a function with its policy and tags.
    pub(super) fn delete(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        let name = self.existing_name(ctx, input)?;
        self.state.write(&ctx.region, |region| match region.functions.remove(&name) {
            Some(_) => Ok(no_content()),
            None => Err(not_found(&self.arn(&ctx.region, &name))),
        })
    }

    /// Refuses a role that is missing or does not trust Lambda.
    fn check_role(&self, settings: &Map<String, Value>, function: &str) -> Result<(), AwsError> {
        let role = settings.get("Role").and_then(Value::as_str).unwrap_or_default();
        if role.split(':').nth(4) != Some(&self.account) {
            return Err(AwsError::access_denied("Cross-account pass role is not allowed."));
        }
        let found = self.iam.role(role, "aws", &self.account);
        if found.is_some_and(|found| self.is_trusted(&found.trust, role, function)) {
            Ok(())
        } else {
            Err(invalid(UNASSUMABLE))
        }
    }

    /// Answers `GetPolicy`.
    pub(super) fn policy(&self, ctx: &RequestContext, input: &Value) -> Result<Value, AwsError> {
        self.read(ctx, input, |_, function| {
            let policy = function.policy_document();
            let policy = policy.ok_or_else(|| missing("The resource you requested does not exist."))?;
            Ok(json!({"Policy": policy, "RevisionId": function.policy_revision}))
        })
    }
}

/// The error for a layer: there are none.
fn no_layer(arn: &str) -> AwsError {
    invalid(format!("Layer version {arn} does not exist."))
}

/// Returns the settings of a function that names none.
fn defaults(name: &str) -> Map<String, Value> {
    let defaults = json!({
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")},
    });
    if let Value::Object(defaults) = defaults { defaults } else { Map::new() }
}

/// Takes over the settings that `input` names. An environment without variables is none, as AWS answers it.
fn merge(settings: &mut Map<String, Value>, input: &Value) {
    for key in SETTINGS {
        let value = &input[key];
        if !value.is_null() {
            settings.insert(key.to_owned(), value.clone());
        }
    }
    let variables = settings.get("Environment").map(|environment| &environment["Variables"]);
    if variables.is_some_and(|variables| variables.as_object().is_none_or(Map::is_empty)) {
        settings.remove("Environment");
    }
}

/// Lays the fields of `over` over an answer.
fn answer(mut base: Value, over: &Value) -> Value {
    if let (Some(base), Some(over)) = (base.as_object_mut(), over.as_object()) {
        base.extend(over.clone());
    }
    base
}

/// What the answer of an update says, though the update is done.
fn updating() -> Value {
    json!({
        "LastUpdateStatus": "InProgress",
        "LastUpdateStatusReason": "The function is being created.",
        "LastUpdateStatusReasonCode": "Creating",
    })
}
