//! Principals in trust policies, kept the way AWS keeps them.
//!
//! AWS stores the unique id behind the ARN of a user or role. So a trust policy cannot name somebody who does
//! not exist, follows a rename, and shows `AIDA…` or `AROA…` once the principal was deleted; a new user of the
//! same name is not trusted. Source: "AWS JSON policy elements: Principal" in the IAM user guide.

use awsim_core::AwsError;
use serde_json::Value;

use super::fault;
use super::store::{self, State};

/// Checks the principals of a trust policy and returns the policy as it is kept. The text stays as given unless a
/// principal is written in a form that AWS rewrites.
pub(crate) fn settle(
    state: &State,
    partition: &str,
    account: &str,
    document: &str,
) -> Result<String, AwsError> {
    let mut policy: Value =
        serde_json::from_str(document).map_err(|_| fault::malformed("This policy contains invalid Json"))?;
    let mut changed = false;
    each_principal(&mut policy, |kind, principal| {
        let kept = match kind {
            "AWS" => aws_principal(state, partition, account, principal),
            "Service" => service_principal(principal).then(|| principal.clone()),
            _ => Some(principal.clone()),
        };
        let shown = if kind == "Service" { "SERVICE" } else { kind };
        let kept = kept.ok_or_else(|| {
            fault::malformed(format!("Invalid principal in policy: \"{shown}\":\"{principal}\""))
        })?;
        changed |= kept != *principal;
        *principal = kept;
        Ok(())
    })?;
    Ok(if changed { policy.to_string() } else { document.to_owned() })
}

/// Replaces a principal in every trust policy: by its new ARN, or by its unique id once it is deleted.
pub(crate) fn rename(state: &mut State, old: &str, new: &str) {
    if old == new {
        return;
    }
    for role in state.roles.select(|role| role.trust.contains(old)) {
        let Ok(mut policy) = serde_json::from_str::<Value>(&role.trust) else { continue };
        let mut changed = false;
        let visited = each_principal(&mut policy, |_, principal| {
            if principal == old {
                new.clone_into(principal);
                changed = true;
            }
            Ok(())
        });
        if changed && visited.is_ok() {
            role.trust = policy.to_string();
        }
    }
}

/// Visits every principal of every statement with its kind (`AWS`, `Service`, …).
fn each_principal(
    policy: &mut Value,
    mut visit: impl FnMut(&str, &mut String) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    let statements = match policy.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.iter_mut().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    for statement in statements {
        for field in ["Principal", "NotPrincipal"] {
            let Some(Value::Object(kinds)) = statement.get_mut(field) else { continue };
            for (kind, principals) in kinds {
                match principals {
                    Value::String(principal) => visit(kind, principal)?,
                    Value::Array(all) => {
                        for one in all {
                            if let Value::String(principal) = one {
                                visit(kind, principal)?;
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// The form in which an `AWS` principal is kept, or nothing when there is no such principal.
fn aws_principal(state: &State, partition: &str, account: &str, principal: &str) -> Option<String> {
    let is_account = |text: &str| text.len() == 12 && text.chars().all(|c| c.is_ascii_digit());
    if principal == "*" {
        return Some(principal.to_owned());
    }
    if is_account(principal) {
        return Some(format!("arn:{partition}:iam::{principal}:root"));
    }
    if principal.starts_with("AIDA") || principal.starts_with("AROA") {
        return arn_of(state, partition, account, principal);
    }
    let mut parts = principal.splitn(6, ':');
    let head = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (of, rest) = (parts.next()?, parts.next()?);
    if head.0 != "arn" || head.1 != partition || !head.3.is_empty() || !is_account(of) {
        return None;
    }
    let exists = match (head.2, rest.split_once('/')) {
        ("iam", None) => rest == "root",
        ("iam", Some(("user" | "role", _))) if of == account => named(state, partition, account, principal),
        ("iam", Some(("user" | "role", name))) | ("sts", Some(("assumed-role" | "federated-user", name))) => {
            !name.is_empty()
        }
        _ => false,
    };
    exists.then(|| principal.to_owned())
}

/// Whether an ARN names a user or role of this account.
fn named(state: &State, partition: &str, account: &str, arn: &str) -> bool {
    let name = store::key(arn.rsplit('/').next().unwrap_or_default());
    let user =
        state.users.get(&name).map(|user| store::arn(partition, account, "user", &user.path, &user.name));
    let role =
        state.roles.get(&name).map(|role| store::arn(partition, account, "role", &role.path, &role.name));
    [user, role].into_iter().flatten().any(|have| have == arn)
}

/// The ARN behind a unique id.
fn arn_of(state: &State, partition: &str, account: &str, id: &str) -> Option<String> {
    let user = state.users.values().find(|user| user.id == id);
    let role = state.roles.values().find(|role| role.id == id);
    user.map(|user| store::arn(partition, account, "user", &user.path, &user.name))
        .or_else(|| role.map(|role| store::arn(partition, account, "role", &role.path, &role.name)))
}

/// Whether a name has the form of a service principal. Which services exist is not known here.
fn service_principal(name: &str) -> bool {
    let ends = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal", ".api.aws"];
    ends.iter().any(|end| name.strip_suffix(end).is_some_and(|service| !service.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::super::Iam;
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn account_ids_become_root_arns_and_other_text_stays() {
        let iam = Iam::new("123456789012", Clock::fixed(jiff::Timestamp::UNIX_EPOCH));
        let settle = |principal: &str| {
            let text = format!(r#"{{ "Statement": {{ "Principal": {principal} }} }}"#);
            iam.read(|state| settle(state, "aws", "123456789012", &text)).map(|kept| (kept == text, kept))
        };
        let (same, kept) = settle(r#"{"AWS":["210987654321"]}"#).unwrap();
        assert!(!same && kept.contains("arn:aws:iam::210987654321:root"));
        assert!(settle(r#"{"AWS":"arn:aws:iam::210987654321:role/grader"}"#).unwrap().0);
        assert!(settle(r#"{"Service":"lambda.amazonaws.com"}"#).unwrap().0);
        for wrong in [
            r#"{"AWS":"arn:aws:iam::123456789012:role/none"}"#,
            r#"{"AWS":"arn:aws:iam::123456789012:group/g"}"#,
            r#"{"AWS":"AIDAAAAAAAAAAAAAAAAAA"}"#,
            r#"{"AWS":"somebody"}"#,
            r#"{"Service":"lambda"}"#,
        ] {
            assert!(
                settle(wrong).unwrap_err().message.starts_with("Invalid principal in policy: "),
                "{wrong}"
            );
        }
    }
}
