//! `AWS::Lambda::Function`: code written into the template becomes the archive Lambda takes, with one file
//! named `index`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html>

use std::io::{Cursor, Write as _};

use async_trait::async_trait;
use base64::Engine as _;
use serde_json::{Map, Value};

use super::properties::tag_changes;
use super::{
    Call, Failure, Input, Kind, Physical, Properties, Property, answer_text, in_place, replaces, required,
};

pub(super) struct LambdaFunction;

/// Properties that Lambda takes under the same name, and what they are when they are left out.
const CONFIGURATION: [&str; 13] = [
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "SnapStart",
    "Timeout",
    "TracingConfig",
];

#[async_trait]
impl Kind for LambdaFunction {
    fn name(&self) -> &'static str {
        "AWS::Lambda::Function"
    }

    fn properties(&self) -> &'static [Property] {
        const {
            &[
                in_place("Architectures"),
                required(in_place("Code")),
                in_place("DeadLetterConfig"),
                in_place("Description"),
                in_place("Environment"),
                in_place("EphemeralStorage"),
                replaces("FunctionName"),
                in_place("Handler"),
                in_place("KmsKeyArn"),
                in_place("Layers"),
                in_place("LoggingConfig"),
                in_place("MemorySize"),
                replaces("PackageType"),
                in_place("ReservedConcurrentExecutions"),
                required(in_place("Role")),
                in_place("Runtime"),
                in_place("SnapStart"),
                in_place("Tags"),
                in_place("Timeout"),
                in_place("TracingConfig"),
                in_place("VpcConfig"),
            ]
        }
    }

    fn name_property(&self) -> Option<&'static str> {
        Some("FunctionName")
    }

    fn is_taggable(&self) -> bool {
        true
    }

    async fn create(&self, call: &Call<'_>, wanted: &Properties, made: &mut Physical) -> Result<(), Failure> {
        let name = call.name(wanted, "FunctionName");
        let mut tags = wanted.tags();
        tags.extend(call.system_tags.clone());
        let tags: Map<String, Value> = tags.into_iter().map(|(key, value)| (key, value.into())).collect();
        let input = configuration(wanted)
            .with("FunctionName", name.as_str())
            .with("Code", code(wanted)?)
            .maybe("Architectures", wanted.value("Architectures").cloned())
            .maybe("PackageType", wanted.text("PackageType"))
            .with("Tags", tags);
        let answer = call.invoke("lambda", "CreateFunction", input).await?;
        made.attribute("Arn", answer_text(&answer, "/FunctionArn"));
        made.id = name;
        reserve(call, &made.id, wanted).await
    }

    async fn update(
        &self,
        call: &Call<'_>,
        before: &Properties,
        wanted: &Properties,
        made: &mut Physical,
    ) -> Result<(), Failure> {
        let input = || Input::default().with("FunctionName", made.id.as_str());
        if before.differs(wanted, "Code") || before.differs(wanted, "Architectures") {
            let mut update = input().maybe("Architectures", wanted.value("Architectures").cloned());
            if let Value::Object(code) = code(wanted)? {
                update = code.into_iter().fold(update, |update, (name, value)| update.with(&name, value));
            }
            call.invoke("lambda", "UpdateFunctionCode", update).await?;
        }
        let more = ["KmsKeyArn", "VpcConfig"];
        if CONFIGURATION.iter().chain(&more).any(|property| before.differs(wanted, property)) {
            let mut update = configuration(wanted).with("FunctionName", made.id.as_str());
            for (property, default) in defaults() {
                if wanted.value(property).is_none() {
                    update = update.with(property, default);
                }
            }
            call.invoke("lambda", "UpdateFunctionConfiguration", update).await?;
        }
        if before.differs(wanted, "ReservedConcurrentExecutions") {
            if wanted.value("ReservedConcurrentExecutions").is_some() {
                reserve(call, &made.id, wanted).await?;
            } else {
                call.remove("lambda", "DeleteFunctionConcurrency", input()).await?;
            }
        }
        let (set, gone) = tag_changes(&before.tags(), &wanted.tags());
        let arn = made.attributes.get("Arn").cloned().unwrap_or_default();
        let input = || Input::default().with("Resource", arn.as_str());
        if !gone.is_empty() {
            call.invoke("lambda", "UntagResource", input().with("TagKeys", gone)).await?;
        }
        if !set.is_empty() {
            let set: Map<String, Value> = set.into_iter().map(|(key, value)| (key, value.into())).collect();
            call.invoke("lambda", "TagResource", input().with("Tags", set)).await?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_>, _before: &Properties, made: &Physical) -> Result<(), Failure> {
        call.remove("lambda", "DeleteFunction", Input::default().with("FunctionName", made.id.as_str())).await
    }
}

fn defaults() -> [(&'static str, Value); 5] {
    [
        ("Description", "".into()),
        ("Timeout", 3.into()),
        ("MemorySize", 128.into()),
        ("Environment", serde_json::json!({"Variables": {}})),
        ("Layers", serde_json::json!([])),
    ]
}

fn configuration(wanted: &Properties) -> Input {
    let number = |value: &Value| match value.as_str().and_then(|text| text.parse::<u64>().ok()) {
        Some(number) => number.into(),
        None => value.clone(),
    };
    let input = CONFIGURATION.iter().fold(Input::default(), |input, property| {
        let value = wanted.value(property);
        let numeric = matches!(*property, "Timeout" | "MemorySize");
        input.maybe(property, value.map(|value| if numeric { number(value) } else { value.clone() }))
    });
    input.maybe("KMSKeyArn", wanted.text("KmsKeyArn")).maybe("VpcConfig", wanted.value("VpcConfig").cloned())
}

async fn reserve(call: &Call<'_>, name: &str, wanted: &Properties) -> Result<(), Failure> {
    let reserved = wanted.text("ReservedConcurrentExecutions").and_then(|text| text.parse::<u64>().ok());
    let Some(reserved) = reserved else { return Ok(()) };
    let input = Input::default().with("FunctionName", name).with("ReservedConcurrentExecutions", reserved);
    call.invoke("lambda", "PutFunctionConcurrency", input).await.map(drop)
}

fn code(wanted: &Properties) -> Result<Value, Failure> {
    let given = wanted.value("Code").cloned().unwrap_or_default();
    let Some(source) = given.get("ZipFile").and_then(Value::as_str) else { return Ok(given) };
    let runtime = wanted.text("Runtime").unwrap_or_default();
    let file = if runtime.starts_with("python") {
        "index.py"
    } else if runtime.starts_with("nodejs") {
        "index.js"
    } else {
        return Err(Failure::Refused(
            "ZipFile can only be used when Runtime is set to a Node.js or Python runtime.".to_owned(),
        ));
    };
    let archive = archive(file, source)
        .map_err(|error| Failure::Refused(format!("the code was not archived: {error}")))?;
    Ok(serde_json::json!({"ZipFile": base64::engine::general_purpose::STANDARD.encode(archive)}))
}

fn archive(file: &str, source: &str) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(file, zip::write::SimpleFileOptions::default().unix_permissions(0o644))?;
    writer.write_all(source.as_bytes())?;
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn code_in_the_template_becomes_a_file_named_index() {
        let wanted = Properties::from(&json!({"Runtime": "python3.12", "Code": {"ZipFile": "x = 1\n"}}));
        let sent = code(&wanted).unwrap();
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(sent["ZipFile"].as_str().unwrap()).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut source = String::new();
        archive.by_name("index.py").unwrap().read_to_string(&mut source).unwrap();
        assert_eq!(source, "x = 1\n");
    }

    #[test]
    fn code_in_the_template_needs_a_runtime_that_reads_text() {
        let wanted = Properties::from(&json!({"Runtime": "java21", "Code": {"ZipFile": "class A {}"}}));
        assert!(code(&wanted).is_err());
    }
}
