//! Where the other engines and ours differ, and why ours is right. Each is a row of `docs/policy-engine.md`.

use super::generate::{Ask, Caller, Cond, Doc, Stmt};

/// Another engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oracle {
    Awsim,
    IamRs,
}

/// What two engines were asked.
pub(super) struct Asked<'a> {
    /// The policies of the principal.
    pub(super) docs: Vec<&'a Doc>,
    pub(super) resource: Option<&'a Doc>,
    /// Whether there is a permissions boundary or a session policy.
    pub(super) limits: bool,
    pub(super) ask: &'a Ask,
}

/// A named difference.
pub(super) struct Deviation {
    pub(super) id: &'static str,
    pub(super) oracle: Oracle,
    /// What the other engine does.
    pub(super) theirs: &'static str,
    /// What AWS documents, and we do.
    pub(super) ours: &'static str,
    /// The page of the IAM user guide.
    pub(super) page: &'static str,
    /// Whether it can make a difference in this case.
    pub(super) applies: fn(&Asked<'_>) -> bool,
}

const OPERATORS: &str = "reference_policies_elements_condition_operators.html";
const SETS: &str = "reference_policies_condition-single-vs-multi-valued-context-keys.html";
const VARIABLES: &str = "reference_policies_variables.html";
const RESOURCE: &str = "reference_policies_elements_resource.html";
const PRINCIPAL: &str = "reference_policies_elements_principal.html";

/// All of them.
pub(super) const DEVIATIONS: &[Deviation] = &[
    Deviation {
        id: "awsim-account-principal",
        oracle: Oracle::Awsim,
        theirs: "an account as principal of a resource's policy grants to everybody in it",
        ours: "it delegates to the account, whose identity policies have to grant",
        page: PRINCIPAL,
        applies: |asked| names(asked, |name| name.ends_with(":root") || name == "123456789012"),
    },
    Deviation {
        id: "awsim-role-principal",
        oracle: Oracle::Awsim,
        theirs: "a role as principal does not speak of the role's sessions",
        ours: "it does",
        page: PRINCIPAL,
        applies: |asked| asked.ask.caller == Caller::Session && names(asked, |name| name.contains(":role/")),
    },
    Deviation {
        id: "awsim-cross-account-limits",
        oracle: Oracle::Awsim,
        theirs: "a resource's policy of another account lifts boundary and session policy",
        ours: "it does so only within the account",
        page: "reference_policies_evaluation-logic-cross-account.html",
        applies: |asked| asked.limits && asked.resource.is_some() && asked.ask.other_account(),
    },
    Deviation {
        id: "awsim-cross-account-alone",
        oracle: Oracle::Awsim,
        theirs: "without a policy on it, identity policies grant a resource of another account",
        ours: "both accounts have to allow",
        page: "reference_policies_evaluation-logic-cross-account.html",
        applies: |asked| asked.resource.is_none() && asked.ask.other_account(),
    },
    Deviation {
        id: "awsim-variables-of-2008",
        oracle: Oracle::Awsim,
        theirs: "variables are replaced in every version of the language",
        ours: "only with `Version` `2012-10-17`",
        page: VARIABLES,
        applies: old_variable,
    },
    Deviation {
        id: "awsim-variable-default",
        oracle: Oracle::Awsim,
        theirs: "a variable with a default value is not replaced",
        ours: "the default stands in for a missing key",
        page: VARIABLES,
        applies: |asked| texts(asked, |text, _| text.contains(", '")),
    },
    Deviation {
        id: "awsim-literal-wildcard",
        oracle: Oracle::Awsim,
        theirs: "`${*}` becomes a wildcard",
        ours: "it is an asterisk",
        page: VARIABLES,
        applies: |asked| texts(asked, |text, _| text.contains("${*}")),
    },
    Deviation {
        id: "awsim-name-of-session",
        oracle: Oracle::Awsim,
        theirs: "`${aws:username}` of a role's session is the session's name",
        ours: "a role's session has no `aws:username`",
        page: VARIABLES,
        applies: |asked| {
            asked.ask.caller == Caller::Session && texts(asked, |text, _| text.contains("${aws:username}"))
        },
    },
    Deviation {
        id: "awsim-variable-in-account",
        oracle: Oracle::Awsim,
        theirs: "variables are replaced in every part of `Resource`",
        ours: "only behind the fifth colon",
        page: VARIABLES,
        applies: variable_in_account,
    },
    Deviation {
        id: "awsim-case-of-keys",
        oracle: Oracle::Awsim,
        theirs: "names of condition keys mind case",
        ours: "they do not",
        page: "reference_policies_elements_condition.html",
        applies: |asked| conditions(asked, |cond, _| cond.capital_key),
    },
    Deviation {
        id: "awsim-short-arn",
        oracle: Oracle::Awsim,
        theirs: "in an ARN pattern of fewer than six parts a wildcard reaches over colons",
        ours: "only the last part matches all that is left",
        page: RESOURCE,
        applies: short_arn,
    },
    Deviation {
        id: "awsim-arn-equals",
        oracle: Oracle::Awsim,
        theirs: "`ArnEquals` and `ArnNotEquals` compare texts",
        ours: "they are the same as `ArnLike` and `ArnNotLike`",
        page: OPERATORS,
        applies: arn_equals,
    },
    Deviation {
        id: "awsim-several-values",
        oracle: Oracle::Awsim,
        theirs: "an operator without set qualifier compares the first of several values",
        ours: "nobody knows: such keys \"require a condition set operator\"",
        page: SETS,
        applies: several_values,
    },
    Deviation {
        id: "awsim-numeric-not-equals",
        oracle: Oracle::Awsim,
        theirs: "`NumericNotEquals` and `DateNotEquals` hold when any value differs; never for what is no number or date",
        ours: "several values of a negated operator work like AND; what cannot be compared is not equal",
        page: "reference_policies_condition-logic-multiple-context-keys-or-values.html",
        applies: |asked| {
            conditions(asked, |cond, ask| {
                let several = cond.values.iter().any(|value| *value != cond.values[0]);
                let odd = ask.values(cond.key.name).contains(&"many") || cond.values.contains(&"2020-01-01");
                ["NumericNotEquals", "DateNotEquals"].contains(&cond.test) && (several || odd)
            })
        },
    },
    Deviation {
        id: "awsim-date-only",
        oracle: Oracle::Awsim,
        theirs: "a date without time is none",
        ours: "it is midnight, as ISO 8601 of the W3C has it",
        page: OPERATORS,
        applies: date_only,
    },
    Deviation {
        id: "awsim-any-if-exists",
        oracle: Oracle::Awsim,
        theirs: "`ForAnyValue:…IfExists` holds without the key",
        ours: "`ForAnyValue` is false without the key",
        page: SETS,
        applies: |asked| {
            conditions(asked, |cond, ask| {
                cond.if_exists && cond.quantifier == "ForAnyValue:" && absent(cond, ask)
            })
        },
    },
    Deviation {
        id: "awsim-empty-text-in-set",
        oracle: Oracle::Awsim,
        theirs: "a set of an empty text is a set of one",
        ours: "it is an empty set",
        page: SETS,
        applies: empty_text_in_set,
    },
    Deviation {
        id: "iam-rs-operators",
        oracle: Oracle::IamRs,
        theirs: "set qualifiers are known with some operators only, and not with `IfExists`",
        ours: "every operator can have them",
        page: OPERATORS,
        applies: |asked| {
            // Whatever the request: the policy cannot be read.
            let docs = asked.docs.iter().copied().chain(asked.resource);
            let mut all = docs.flat_map(|doc| &doc.statements).flat_map(|it| &it.conditions);
            all.any(|cond| {
                let known = ["String", "Arn", "Bool"].iter().any(|family| cond.test.starts_with(family));
                !cond.quantifier.is_empty() && (cond.if_exists || !known)
            })
        },
    },
    Deviation {
        id: "iam-rs-short-arn",
        oracle: Oracle::IamRs,
        theirs: "an ARN pattern of fewer than six parts is an error",
        ours: "its last part matches all that is left",
        page: RESOURCE,
        applies: short_arn,
    },
    Deviation {
        id: "iam-rs-service-wildcard",
        oracle: Oracle::IamRs,
        theirs: "a wildcard in the service of an ARN matches nothing",
        ours: "policies that hold one are refused where they are written (`grammar`); when read, it matches",
        page: RESOURCE,
        applies: |asked| resources(asked, |text, _| text.contains("arn:aws:*:")),
    },
    Deviation {
        id: "iam-rs-variables-of-2008",
        oracle: Oracle::IamRs,
        theirs: "variables are replaced in every version of the language",
        ours: "only with `Version` `2012-10-17`",
        page: VARIABLES,
        applies: old_variable,
    },
    Deviation {
        id: "iam-rs-no-value",
        oracle: Oracle::IamRs,
        theirs: "a variable without a value, `${*}` too, becomes an empty text",
        ours: "what it stands in matches nothing; `${*}` is an asterisk",
        page: VARIABLES,
        applies: |asked| {
            resources(asked, |text, ask| {
                text.contains("${t:none}")
                    || text.contains("${*}")
                    || (text.contains("${t:s}") && ask.values("t:s").is_empty())
                    || (text.contains("${aws:username}") && ask.caller == Caller::Session)
            })
        },
    },
    Deviation {
        id: "iam-rs-variable-in-account",
        oracle: Oracle::IamRs,
        theirs: "variables are replaced in every part of `Resource`",
        ours: "only behind the fifth colon",
        page: VARIABLES,
        applies: variable_in_account,
    },
    Deviation {
        id: "iam-rs-variable-in-condition",
        oracle: Oracle::IamRs,
        theirs: "variables in conditions are not replaced",
        ours: "those of string and ARN operators are",
        page: VARIABLES,
        applies: |asked| conditions(asked, |cond, _| cond.values.iter().any(|value| value.contains("${"))),
    },
    Deviation {
        id: "iam-rs-arn-equals",
        oracle: Oracle::IamRs,
        theirs: "`ArnEquals` and `ArnNotEquals` compare texts",
        ours: "they are the same as `ArnLike` and `ArnNotLike`",
        page: OPERATORS,
        applies: arn_equals,
    },
    Deviation {
        id: "iam-rs-arn-like",
        oracle: Oracle::IamRs,
        theirs: "in `ArnLike` a wildcard reaches over colons",
        ours: "\"each of the six colon-delimited components of the ARN is checked separately\"",
        page: OPERATORS,
        applies: |asked| {
            conditions(asked, |cond, ask| {
                let colon = ask.values("t:arn").contains(&"arn:aws:iam::123456789012:user:alice");
                cond.test.starts_with("Arn") && cond.values.contains(&"arn:aws:iam::*:alice") && colon
            })
        },
    },
    Deviation {
        id: "iam-rs-several-values",
        oracle: Oracle::IamRs,
        theirs: "an operator without set qualifier holds when it does for any of several values",
        ours: "nobody knows: such keys \"require a condition set operator\"",
        page: SETS,
        applies: several_values,
    },
    Deviation {
        id: "iam-rs-empty-set",
        oracle: Oracle::IamRs,
        theirs: "a key without values is there",
        ours: "it is null: absent",
        page: SETS,
        applies: |asked| {
            conditions(asked, |cond, ask| {
                let there = ask.keys.iter().any(|(key, _)| key.name == cond.key.name);
                cond.quantifier.is_empty() && there && ask.values(cond.key.name).is_empty()
            })
        },
    },
    Deviation {
        id: "iam-rs-empty-text-in-set",
        oracle: Oracle::IamRs,
        theirs: "a set of an empty text is a set of one",
        ours: "it is an empty set",
        page: SETS,
        applies: empty_text_in_set,
    },
    Deviation {
        id: "iam-rs-date-only",
        oracle: Oracle::IamRs,
        theirs: "a date without time is an error",
        ours: "it is midnight, as ISO 8601 of the W3C has it",
        page: OPERATORS,
        applies: date_only,
    },
    Deviation {
        id: "iam-rs-bool-set",
        oracle: Oracle::IamRs,
        theirs: "`\"true\"` as text is an error in a set of truth values",
        ours: "it is a truth value as elsewhere",
        page: OPERATORS,
        applies: |asked| conditions(asked, |cond, _| cond.test == "Bool" && !cond.quantifier.is_empty()),
    },
    Deviation {
        id: "iam-rs-account-principal",
        oracle: Oracle::IamRs,
        theirs: "an account as principal is its root user only",
        ours: "it is every principal of the account",
        page: PRINCIPAL,
        applies: |asked| names(asked, |name| name.ends_with(":root") || name == "123456789012"),
    },
    Deviation {
        id: "iam-rs-role-principal",
        oracle: Oracle::IamRs,
        theirs: "a role as principal does not speak of the role's sessions",
        ours: "it does",
        page: PRINCIPAL,
        applies: |asked| asked.ask.caller == Caller::Session && names(asked, |name| name.contains(":role/")),
    },
    Deviation {
        id: "iam-rs-principal-wildcard",
        oracle: Oracle::IamRs,
        theirs: "a wildcard matches a part of a principal's name",
        ours: "\"you cannot use a wildcard to match part of a principal name or ARN\"",
        page: PRINCIPAL,
        applies: |asked| asked.ask.caller == Caller::User && names(asked, |name| name.ends_with("user/*")),
    },
    Deviation {
        id: "iam-rs-binary-case",
        oracle: Oracle::IamRs,
        theirs: "`BinaryEquals` ignores the case of base64",
        ours: "it compares byte for byte",
        page: OPERATORS,
        applies: |asked| conditions(asked, |cond, _| cond.test == "BinaryEquals"),
    },
];

/// Whether a pattern of the alphabets (with `*` and `?`) matches a text, case aside.
fn wild(pattern: &str, text: &str) -> bool {
    let (mut pattern_chars, mut text_chars) = (pattern.chars(), text.chars());
    match (pattern_chars.next(), text_chars.next()) {
        (None, None) => true,
        (Some('*'), next) => {
            wild(pattern_chars.as_str(), text) || (next.is_some() && wild(pattern, text_chars.as_str()))
        }
        (Some(p), Some(t)) => {
            (p == '?' || p.eq_ignore_ascii_case(&t)) && wild(pattern_chars.as_str(), text_chars.as_str())
        }
        _ => false,
    }
}

/// The statements about the action of the request, each with its document.
fn statements<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = (&'a Doc, &'a Stmt)> {
    let action = asked.ask.action;
    let about =
        move |stmt: &&Stmt| stmt.actions.iter().any(|pattern| wild(pattern, action)) != stmt.not_action;
    let docs = asked.docs.iter().copied().chain(asked.resource);
    docs.flat_map(move |doc| doc.statements.iter().filter(about).map(move |stmt| (doc, stmt)))
}

fn conditions(asked: &Asked<'_>, test: fn(&Cond, &Ask) -> bool) -> bool {
    statements(asked).any(|(_, stmt)| stmt.conditions.iter().any(|cond| test(cond, asked.ask)))
}

fn resources(asked: &Asked<'_>, test: fn(&str, &Ask) -> bool) -> bool {
    statements(asked).any(|(_, stmt)| stmt.resources.iter().any(|text| test(text, asked.ask)))
}

/// Resources and values of conditions.
fn texts(asked: &Asked<'_>, test: fn(&str, &Ask) -> bool) -> bool {
    let values =
        |stmt: &Stmt| stmt.conditions.iter().any(|it| it.values.iter().any(|text| test(text, asked.ask)));
    resources(asked, test) || statements(asked).any(|(_, stmt)| values(stmt))
}

/// Whether the policy of the resource names such a principal.
fn names(asked: &Asked<'_>, test: fn(&str) -> bool) -> bool {
    let named = |(_, stmt): (_, &Stmt)| {
        stmt.principal.as_ref().is_some_and(|(_, _, names)| names.iter().any(|name| test(name)))
    };
    asked.resource.is_some() && statements(asked).any(named)
}

fn old_variable(asked: &Asked<'_>) -> bool {
    let holds = |stmt: &Stmt| {
        let values = stmt.conditions.iter().flat_map(|it| &it.values);
        stmt.resources.iter().chain(values).any(|text| text.contains("${"))
    };
    statements(asked).any(|(doc, stmt)| doc.version == "2008-10-17" && holds(stmt))
}

fn variable_in_account(asked: &Asked<'_>) -> bool {
    asked.ask.action == "sqs:SendMessage"
        && resources(asked, |text, _| text.contains("${aws:PrincipalAccount}"))
}

fn short_arn(asked: &Asked<'_>) -> bool {
    resources(asked, |text, _| ["arn:aws:s3:*", "arn:aws:sqs:*:q"].contains(&text))
}

fn arn_equals(asked: &Asked<'_>) -> bool {
    conditions(asked, |cond, _| {
        ["ArnEquals", "ArnNotEquals"].contains(&cond.test) && cond.values.iter().any(|it| it.contains('*'))
    })
}

fn several_values(asked: &Asked<'_>) -> bool {
    conditions(asked, |cond, ask| {
        cond.quantifier.is_empty() && cond.test != "Null" && ask.values(cond.key.name).len() > 1
    })
}

fn date_only(asked: &Asked<'_>) -> bool {
    conditions(asked, |cond, _| cond.values.contains(&"2020-01-01"))
}

fn absent(cond: &Cond, ask: &Ask) -> bool {
    match cond.key.name {
        "aws:username" => ask.caller == Caller::Session,
        name => ask.values(name).is_empty(),
    }
}

fn empty_text_in_set(asked: &Asked<'_>) -> bool {
    conditions(asked, |cond, ask| {
        let values = ask.values(cond.key.name);
        !cond.quantifier.is_empty() && !values.is_empty() && values.iter().all(|value| value.is_empty())
    })
}
