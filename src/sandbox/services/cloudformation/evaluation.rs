//! Evaluates a blueprint's expressions against what is deployed: properties and outputs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Invalid;
use super::blueprint::Blueprint;
use super::intrinsics::Lookup;
use super::parameters::scalar;
use super::resources::{self, Kind};
use super::state::{Deployed, Output, Tags};

/// The properties of a resource once every function is evaluated.
pub(super) struct Evaluated {
    /// As the services get them, the stack's tags merged in.
    pub properties: Map<String, Value>,
    /// As they may be shown.
    pub shown: Map<String, Value>,
}

/// `Ref` and `Fn::GetAtt` of what is deployed.
pub(super) struct Present<'a>(pub &'a BTreeMap<String, Deployed>);

impl Lookup for Present<'_> {
    fn get(&self, id: &str, attribute: Option<&str>) -> Result<Value, Invalid> {
        let deployed = self.0.get(id).filter(|deployed| deployed.is_live()).ok_or_else(|| {
            Invalid::new(format!("Template format error: Unresolved resource dependencies [{id}]"))
        })?;
        let Some(name) = attribute else { return Ok(deployed.physical.id.as_str().into()) };
        deployed.physical.attributes.get(name).map(|value| value.as_str().into()).ok_or_else(|| {
            Invalid::new(format!("Requested attribute {name} does not exist in schema for {}", deployed.kind))
        })
    }
}

/// Evaluates the properties of one resource.
pub(super) fn evaluate(
    blueprint: &Blueprint,
    id: &str,
    resources: &dyn Lookup,
) -> Result<Evaluated, Invalid> {
    let Some(definition) = blueprint.definition(id) else {
        return Err(Invalid::new(format!("Resource {id} does not exist")));
    };
    let object = |masked| {
        let value = blueprint.scope(resources, masked).evaluate(&definition.properties)?;
        match value {
            Some(Value::Object(properties)) => Ok(properties),
            None => Ok(Map::new()),
            _ => Err(Invalid::new(format!("Properties of resource {id} must be an object"))),
        }
    };
    let (mut properties, shown) = (object(false)?, object(true)?);
    if resources::kind(&definition.kind).is_some_and(Kind::is_taggable) && !blueprint.tags.is_empty() {
        let mut tags: Tags = blueprint.tags.clone();
        let own = properties.get("Tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for tag in own {
            if let (Some(key), value) = (tag.get("Key").and_then(scalar), tag.get("Value").and_then(scalar)) {
                tags.insert(key, value.unwrap_or_default());
            }
        }
        properties.insert("Tags".to_owned(), resources::tag_list(&tags));
    }
    Ok(Evaluated { properties, shown })
}

/// Evaluates the outputs.
pub(super) fn outputs(
    blueprint: &Blueprint,
    resources: &BTreeMap<String, Deployed>,
) -> Result<Vec<Output>, Invalid> {
    let present = Present(resources);
    let scope = blueprint.scope(&present, false);
    let text = |value: Option<&Value>| -> Result<Option<String>, Invalid> {
        Ok(value.map(|value| scope.evaluate(value)).transpose()?.flatten().as_ref().and_then(scalar))
    };
    let read = |(key, output): (&String, &Value)| {
        let value = text(output.get("Value"))?.ok_or_else(|| {
            Invalid::new(
                "Template format error: The Value field of every Outputs member must evaluate to a String",
            )
        })?;
        let (description, export) = (text(output.get("Description"))?, text(output.pointer("/Export/Name"))?);
        Ok(Output { key: key.clone(), value, description, export })
    };
    blueprint.outputs().map(read).collect()
}
