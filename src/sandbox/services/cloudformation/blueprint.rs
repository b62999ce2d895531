//! A template with everything decided that can be decided before anything is deployed: parameters,
//! conditions, which resources exist, and in which order they are made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::graph::{self, Dependencies, Reference, references, refuse_unresolved};
use super::intrinsics::{Lookup, Pseudo, Scope, call};
use super::parameters::Parameters;
use super::state::Tags;
use super::template::{Definition, Template};
use super::{Invalid, resources};

/// What an operation wants a stack to be.
pub(super) struct Blueprint {
    /// The template as it was given.
    pub body: String,
    /// The template as it was understood.
    pub template: Template,
    /// The values of the parameters.
    pub parameters: Parameters,
    /// The values of the pseudo parameters.
    pub pseudo: Pseudo,
    /// The stack's tags.
    pub tags: Tags,
    /// The conditions, decided.
    conditions: BTreeMap<String, bool>,
    /// What each resource that exists needs.
    pub dependencies: Dependencies,
    /// The resources that exist, in the order they are made.
    pub order: Vec<String>,
}

/// Conditions may not look at resources.
struct NoResources;

impl Lookup for NoResources {
    fn get(&self, id: &str, _attribute: Option<&str>) -> Result<Value, Invalid> {
        Err(Invalid::new(format!(
            "Template format error: Unresolved dependencies [{id}]. Cannot reference resources in the Conditions \
             block of the template"
        )))
    }
}

/// Refuses resource types the service cannot make.
pub(super) fn refuse_unknown_types(template: &Template) -> Result<(), Invalid> {
    let unknown: BTreeSet<&str> = template
        .resources
        .values()
        .map(|definition| definition.kind.as_str())
        .filter(|kind| resources::kind(kind).is_none())
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let unknown: Vec<&str> = unknown.into_iter().collect();
    Err(Invalid::new(format!("Template format error: Unrecognized resource types: [{}]", unknown.join(", "))))
}

/// Refuses references to what the template does not declare, in every branch of every function.
pub(super) fn refuse_unresolved_references(template: &Template) -> Result<(), Invalid> {
    let declared =
        |name: &str| template.resources.contains_key(name) || template.parameters.contains_key(name);
    for definition in template.resources.values() {
        let mut found = references(&definition.properties, None)?;
        found.extend(definition.depends_on.iter().map(|id| Reference { id: id.clone(), attribute: None }));
        refuse_unresolved(&found, declared, "Resources")?;
        if let Some(name) = &definition.condition
            && !template.conditions.contains_key(name)
        {
            return Err(Invalid::new(format!(
                "Template format error: Unresolved condition dependency {name} in the Resources block of the template"
            )));
        }
    }
    for output in template.outputs.values() {
        refuse_unresolved(&references(output, None)?, declared, "Outputs")?;
    }
    Ok(())
}

impl Blueprint {
    /// Decides everything that needs no resource.
    pub(super) fn new(
        body: String,
        template: Template,
        parameters: Parameters,
        pseudo: Pseudo,
        tags: Tags,
    ) -> Result<Self, Invalid> {
        refuse_unknown_types(&template)?;
        refuse_unresolved_references(&template)?;
        let conditions = decide(&template, &parameters, &pseudo)?;
        let mut dependencies = Dependencies::new();
        let exists = |definition: &Definition| {
            definition.condition.as_ref().is_none_or(|name| conditions.get(name).copied().unwrap_or_default())
        };
        let active = |id: &str| {
            template.resources.get(id).map_or_else(|| template.parameters.contains_key(id), &exists)
        };
        for (id, definition) in template.resources.iter().filter(|(_, definition)| exists(definition)) {
            let found = references(&definition.properties, Some(&conditions))?;
            refuse_unresolved(&found, active, "Resources")?;
            let needs = found
                .into_iter()
                .map(|reference| reference.id)
                .chain(definition.depends_on.iter().cloned())
                .filter(|need| template.resources.get(need).is_some_and(&exists))
                .collect();
            dependencies.insert(id.clone(), needs);
        }
        let order = graph::order(&dependencies)?;
        Ok(Self { body, template, parameters, pseudo, tags, conditions, dependencies, order })
    }

    /// The definition of a resource that exists.
    pub(super) fn definition(&self, id: &str) -> Option<&Definition> {
        self.template.resources.get(id).filter(|_| self.dependencies.contains_key(id))
    }

    /// What an expression refers to, given how the conditions were decided.
    pub(super) fn references(&self, value: &Value) -> BTreeSet<Reference> {
        references(value, Some(&self.conditions)).unwrap_or_default()
    }

    /// Where this template's expressions are evaluated.
    pub(super) fn scope<'a>(&'a self, resources: &'a dyn Lookup, masked: bool) -> Scope<'a> {
        Scope {
            template: &self.template,
            parameters: &self.parameters,
            pseudo: &self.pseudo,
            conditions: &self.conditions,
            resources,
            masked,
        }
    }

    /// The outputs whose condition holds.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.template.outputs.iter().filter(|(_, output)| {
            output
                .get("Condition")
                .and_then(Value::as_str)
                .is_none_or(|name| self.conditions.get(name).copied().unwrap_or_default())
        })
    }
}

fn decide(
    template: &Template,
    parameters: &Parameters,
    pseudo: &Pseudo,
) -> Result<BTreeMap<String, bool>, Invalid> {
    let mut needs = Dependencies::new();
    for (name, expression) in &template.conditions {
        let mut mentioned = BTreeSet::new();
        conditions_in(expression, &mut mentioned);
        needs.insert(name.clone(), mentioned);
    }
    let order = graph::order(&needs)
        .map_err(|_| Invalid::new("Template format error: Circular dependency between conditions"))?;
    let mut decided = BTreeMap::new();
    for name in order {
        let Some(expression) = template.conditions.get(&name) else { continue };
        let scope = Scope {
            template,
            parameters,
            pseudo,
            conditions: &decided,
            resources: &NoResources,
            masked: false,
        };
        let holds = scope.decide(expression)?;
        decided.insert(name, holds);
    }
    Ok(decided)
}

fn conditions_in(expression: &Value, found: &mut BTreeSet<String>) {
    if let Some(("Condition", Value::String(name))) = call(expression) {
        found.insert(name.clone());
    }
    match expression {
        Value::Object(members) => members.values().for_each(|member| conditions_in(member, found)),
        Value::Array(items) => items.iter().for_each(|item| conditions_in(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blueprint(body: &str) -> Result<Blueprint, String> {
        let template = Template::parse(body).unwrap();
        let pseudo = Pseudo { region: "us-east-1".into(), ..Pseudo::default() };
        Blueprint::new(body.into(), template, Parameters::new(), pseudo, Tags::new())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_type_nobody_can_make_is_named() {
        let error = blueprint("Resources: {V: {Type: 'AWS::EC2::VPC'}, T: {Type: 'AWS::SNS::Topic'}}");
        assert_eq!(
            error.map(|_| ()).unwrap_err(),
            "Template format error: Unrecognized resource types: [AWS::EC2::VPC]"
        );
    }

    #[test]
    fn what_the_conditions_leave_out_neither_exists_nor_may_be_needed() {
        let template = |topic: &str| {
            format!(
                "
Conditions:
  Abroad: !Not [!Condition Home]
  Home: !Equals [!Ref AWS::Region, us-east-1]
Resources:
  A: {{ Type: AWS::SNS::Topic, Condition: Abroad }}
  B: {{ Type: AWS::SNS::Topic, DependsOn: A, Properties: {{ DisplayName: {topic} }} }}
"
            )
        };
        assert_eq!(blueprint(&template("!If [Abroad, !Ref A, none]")).ok().unwrap().order, ["B"]);
        assert_eq!(
            blueprint(&template("!Ref A")).map(|_| ()).unwrap_err(),
            "Template format error: Unresolved resource dependencies [A] in the Resources block of the template"
        );
    }
}
