//! One call of an operation: its parameters, the state it works on, and the shapes of answers.
//!
//! awsQuery input arrives as JSON whose leaves are strings and whose lists are arrays; an empty list arrives as
//! an empty string. In output a list is `{"member": […]}` and a map is `{"entry": [{"key", "value"}]}`.

use awsim_core::{AwsError, RequestContext};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fault;
use super::identity::{Identity, identify};
use super::linked;
use super::names;
use super::store::{self, Grants, Group, Role, State, Tag, Tags, User};

/// One call.
pub(crate) struct Call<'a> {
    /// The account.
    pub(crate) state: &'a mut State,
    /// The parameters.
    pub(crate) input: &'a Value,
    /// Who calls, from where, in which account.
    pub(crate) ctx: &'a RequestContext,
    /// The time of the call, in whole seconds as AWS shows it.
    pub(crate) now: Timestamp,
    /// The time on the telephones that show MFA codes, which a sandbox whose clock was moved does not share.
    pub(crate) wall: Timestamp,
}

impl Call<'_> {
    /// A parameter, when it was given.
    pub(crate) fn optional(&self, name: &str) -> Option<String> {
        self.input.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// A required parameter.
    pub(crate) fn text(&self, name: &str) -> Result<String, AwsError> {
        self.optional(name).ok_or_else(|| fault::missing(name))
    }

    /// A boolean parameter, when it was given.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, AwsError> {
        match self.input.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => {
                Err(AwsError::bad_request("MalformedInput", format!("{name}: {other} is no boolean")))
            }
        }
    }

    /// A whole number between two bounds, when it was given.
    pub(crate) fn number(&self, name: &str, least: u32, most: u32) -> Result<Option<u32>, AwsError> {
        let text = match self.input.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let number: i64 =
            text.parse().map_err(|_| AwsError::bad_request("MalformedInput", format!("{name}: {text}")))?;
        if number < i64::from(least) {
            let rule = format!("have value greater than or equal to {least}");
            return Err(fault::constraint(&text, name, &rule));
        }
        u32::try_from(number).ok().filter(|number| *number <= most).map(Some).ok_or_else(|| {
            fault::constraint(&text, name, &format!("have value less than or equal to {most}"))
        })
    }

    /// A parameter with a closed set of values, when it was given.
    pub(crate) fn choice(&self, name: &str, of: &[&str]) -> Result<Option<String>, AwsError> {
        match self.optional(name) {
            Some(value) if !of.contains(&value.as_str()) => {
                let must = format!("satisfy enum value set: [{}]", of.join(", "));
                Err(fault::constraint(&value, name, &must))
            }
            other => Ok(other),
        }
    }

    /// A list of texts; absent is empty.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let items = self.input.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The `Tags` parameter, checked against the tags that are there.
    pub(crate) fn tags(&self, have: &Tags) -> Result<Vec<Tag>, AwsError> {
        let items = self.input.get("Tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |item: &Value, name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
        let tags = items
            .iter()
            .map(|item| {
                let key = text(item, "Key").ok_or_else(|| fault::missing("Key"))?;
                Ok(Tag { key, value: text(item, "Value").unwrap_or_default() })
            })
            .collect::<Result<Vec<_>, AwsError>>()?;
        names::tags(have, &tags)?;
        Ok(tags)
    }

    /// The `Tags` parameter of an entity that is being created.
    pub(crate) fn new_tags(&self) -> Result<Tags, AwsError> {
        let mut tags = Tags::default();
        tags.merge(self.tags(&Tags::default())?);
        Ok(tags)
    }

    /// The `Path` parameter, `/` when absent.
    pub(crate) fn path(&self) -> Result<String, AwsError> {
        let path = self.optional("Path").unwrap_or_else(|| "/".to_owned());
        names::path("Path", &path)?;
        Ok(path)
    }

    /// The `PathPrefix` parameter, `/` when absent.
    pub(crate) fn path_prefix(&self) -> String {
        self.optional("PathPrefix").unwrap_or_else(|| "/".to_owned())
    }

    /// Builds the ARN of an entity of this account.
    pub(crate) fn arn(&self, kind: &str, path: &str, name: &str) -> String {
        store::arn(&self.ctx.partition, &self.ctx.account_id, kind, path, name)
    }

    /// The identity that signed this call, when its key is known.
    pub(crate) fn caller(&self) -> Option<Identity> {
        let key = self.ctx.access_key.as_deref()?;
        identify(self.state, key, self.now).map(|owner| owner.identity)
    }

    /// The `UserName` parameter, or the calling user when it is absent.
    pub(crate) fn user_name(&self) -> Result<String, AwsError> {
        if let Some(name) = self.optional("UserName") {
            names::length("UserName", &name, 1, 128)?;
            return Ok(name);
        }
        match self.caller() {
            Some(Identity::User { name, .. }) => Ok(name),
            _ => Err(fault::validation("Must specify userName when calling with non-User credentials")),
        }
    }

    /// Looks a user up without changing it: what is found to be changed is saved.
    pub(crate) fn user_seen(&self, name: &str) -> Result<&User, AwsError> {
        self.state.users.get(&store::key(name)).ok_or_else(|| fault::no_user(name))
    }

    /// Looks a group up without changing it.
    pub(crate) fn group_seen(&self, name: &str) -> Result<&Group, AwsError> {
        self.state.groups.get(&store::key(name)).ok_or_else(|| fault::no_group(name))
    }

    /// Looks a role up without changing it.
    pub(crate) fn role_seen(&self, name: &str) -> Result<&Role, AwsError> {
        self.state.roles.get(&store::key(name)).ok_or_else(|| fault::no_role(name))
    }

    /// Looks up the permissions of the entity that the parameters name, and its name as given.
    pub(crate) fn grants_seen(&self, holder: Holder) -> Result<(String, &Grants), AwsError> {
        let name = self.text(holder.parameter())?;
        let grants = match holder {
            Holder::User => &self.user_seen(&name)?.grants,
            Holder::Group => &self.group_seen(&name)?.grants,
            Holder::Role => &self.role_seen(&name)?.grants,
        };
        Ok((name, grants))
    }

    /// Finds a user to change it.
    pub(crate) fn user(&mut self, name: &str) -> Result<&mut User, AwsError> {
        self.state.users.get_mut(&store::key(name)).ok_or_else(|| fault::no_user(name))
    }

    /// Finds a group to change it.
    pub(crate) fn group(&mut self, name: &str) -> Result<&mut Group, AwsError> {
        self.state.groups.get_mut(&store::key(name)).ok_or_else(|| fault::no_group(name))
    }

    /// Finds a role to change it.
    pub(crate) fn role(&mut self, name: &str) -> Result<&mut Role, AwsError> {
        self.state.roles.get_mut(&store::key(name)).ok_or_else(|| fault::no_role(name))
    }

    /// Finds the permissions of the entity that the parameters name, to change them, and its name as given.
    pub(crate) fn grants(&mut self, holder: Holder) -> Result<(String, &mut Grants), AwsError> {
        let name = self.text(holder.parameter())?;
        let grants = match holder {
            Holder::User => &mut self.user(&name)?.grants,
            Holder::Group => &mut self.group(&name)?.grants,
            Holder::Role => &mut self.role(&name)?.grants,
        };
        Ok((name, grants))
    }

    /// Finds the permissions of the entity that the parameters name, to change them: those of a service-linked role
    /// are the service's.
    pub(crate) fn own_grants(&mut self, holder: Holder) -> Result<(String, &mut Grants), AwsError> {
        if holder == Holder::Role {
            let name = self.text(holder.parameter())?;
            let role = self.role_seen(&name)?;
            if linked::is_linked(&role.path) {
                return Err(fault::protected(&role.name));
            }
        }
        self.grants(holder)
    }

    /// Finds a role to change it, which must not be service-linked.
    pub(crate) fn own_role(&mut self, name: &str) -> Result<&mut Role, AwsError> {
        let role = self.role(name)?;
        if linked::is_linked(&role.path) {
            return Err(fault::protected(&role.name));
        }
        Ok(role)
    }

    /// Cuts one page out of items that are named by sortable keys; `MaxItems` is 100 when absent.
    pub(crate) fn page<T>(&self, mut items: Vec<(String, T)>) -> Result<Page<T>, AwsError> {
        let most = self.number("MaxItems", 1, 1000)?.unwrap_or(100);
        items.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(marker) = self.optional("Marker") {
            let after = STANDARD
                .decode(&marker)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| fault::validation(format!("Invalid Marker: {marker}")))?;
            items.retain(|(key, _)| *key > after);
        }
        let size = usize::try_from(most).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let marker = items.last().filter(|_| more).map(|(key, _)| STANDARD.encode(key));
        Ok(Page { items: items.into_iter().map(|(_, item)| item).collect(), marker })
    }

    /// Answers one page of members under `name`.
    pub(crate) fn listing(&self, name: &str, items: Vec<(String, Value)>) -> fault::Reply {
        let Page { items, marker } = self.page(items)?;
        let mut answer = json!({ "IsTruncated": marker.is_some(), "Marker": marker });
        put(&mut answer, name, members(items));
        Ok(answer)
    }
}

/// One page of a list.
pub(crate) struct Page<T> {
    /// The items of this page.
    pub(crate) items: Vec<T>,
    /// Where the next page begins, when there is one.
    pub(crate) marker: Option<String>,
}

/// What can hold policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A user.
    User,
    /// A group.
    Group,
    /// A role.
    Role,
}

impl Holder {
    /// The parameter that names it.
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::User => "UserName",
            Self::Group => "GroupName",
            Self::Role => "RoleName",
        }
    }

    /// The word for it in messages that begin it with a capital.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
        }
    }

    /// The word for it in messages.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }
}

/// Wraps a list as awsQuery wants it.
pub(crate) fn members(items: impl IntoIterator<Item = Value>) -> Value {
    json!({ "member": items.into_iter().collect::<Vec<_>>() })
}

/// Adds a field to an object.
pub(crate) fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(name.to_owned(), value);
    }
}

/// Renders tags.
pub(crate) fn tags(tags: &Tags) -> Value {
    members(tags.iter().map(|tag| json!({ "Key": tag.key, "Value": tag.value })))
}

/// Renders tags for an answer that leaves the element out when there is none.
pub(crate) fn tags_if_any(given: &Tags) -> Value {
    if given.is_empty() { Value::Null } else { tags(given) }
}

/// Renders a permissions boundary.
pub(crate) fn boundary(grants: &Grants) -> Value {
    grants.boundary.as_ref().map_or(
        Value::Null,
        |arn| json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn }),
    )
}

/// Drops the fields that hold nothing, so that an absent element is absent from the XML too.
pub(crate) fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_leave_no_element() {
        let mut value = json!({ "a": null, "b": [{ "c": null, "d": 1 }] });
        prune(&mut value);
        assert_eq!(value, json!({ "b": [{ "d": 1 }] }));
    }
}
