//! The sentences of `expect:`: `User3 cannot iam:AddUserToGroup on group/Admins`.

use super::MISTAKE_LIMIT;
use super::holes::Declared;
use super::node::Node;
use super::suggest::did_you_mean;
use crate::provision::Address;
use crate::provision::resources::SECTIONS;
use crate::source::{Diagnostic, SourceFile, Span};

/// What must hold in the account afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Who.
    pub principal: Party,
    /// `can` or `cannot`.
    pub allowed: bool,
    /// The action, `service:Action`.
    pub action: String,
    /// On what; `None`: on anything, `*`.
    pub resource: Option<Party>,
    /// The sentence as written, white space folded.
    pub text: String,
    /// Where it is written in the scenario file.
    pub span: Span,
}

/// Somebody or something in an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// A resource of the scenario.
    Declared(Address),
    /// An ARN, also with `*` in it; before [`super::Scenario::resolve`] it may still hold `{{ … }}`.
    Arn(String),
}

const FORM: &str = "write `User can service:Action` or `User cannot service:Action on kind/Name`";

/// Reads the sentences of a list. Those with mistakes are reported and left out.
pub fn parse(
    file: &SourceFile,
    list: &[Node],
    declared: &Declared,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Expectation> {
    let mut all = Vec::new();
    for node in list {
        if diagnostics.len() >= MISTAKE_LIMIT {
            break;
        }
        let Some(text) = node.text() else { continue };
        match sentence(text, node.span, declared) {
            Ok(expectation) => all.push(expectation),
            Err(Mistake { id, word, message, help }) => {
                let at = text.find(&word).filter(|_| !word.is_empty());
                let span = at.map_or(node.span, |at| node.locate(file, at..at + word.len()));
                diagnostics.push(Diagnostic::new(id, message).at(file, span).help(help));
            }
        }
    }
    all
}

struct Mistake {
    id: &'static str,
    word: String,
    message: String,
    help: String,
}

impl Mistake {
    fn form(word: &str, message: impl Into<String>) -> Self {
        Self {
            id: "malformed-expectation",
            word: word.to_owned(),
            message: message.into(),
            help: FORM.to_owned(),
        }
    }
}

fn sentence(text: &str, span: Span, declared: &Declared) -> Result<Expectation, Mistake> {
    let words = words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (principal, verb, action, resource) = match words.as_slice() {
        [principal, verb, action] => (*principal, *verb, *action, None),
        [principal, verb, action, "on", resource] => (*principal, *verb, *action, Some(*resource)),
        [_, _, _, on, ..] if *on != "on" => {
            return Err(Mistake::form(on, format!("`on` expected, found `{on}`")));
        }
        [_, _, _, "on", _, more, ..] => {
            return Err(Mistake::form(more, format!("`{more}` is one word too many")));
        }
        _ => return Err(Mistake::form("", "the expectation is not a whole sentence")),
    };
    let allowed = match verb {
        "can" => true,
        "cannot" => false,
        other => return Err(Mistake::form(other, format!("`can` or `cannot` expected, found `{other}`"))),
    };
    Ok(Expectation {
        principal: party(principal, Some("user"), declared)?,
        allowed,
        action: self::action(action)?,
        resource: resource.filter(|word| *word != "*").map(|word| party(word, None, declared)).transpose()?,
        text: words.join(" "),
        span,
    })
}

/// Splits a sentence into words; a `{{ … }}` hole is one.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut rest) = (Vec::new(), String::new(), text);
    while let Some(c) = rest.chars().next() {
        let hole = rest.starts_with("{{").then(|| rest.find("}}")).flatten();
        let len = hole.map_or(c.len_utf8(), |end| end + 2);
        let (piece, after) = rest.split_at(len);
        if hole.is_none() && c.is_whitespace() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push_str(piece);
        }
        rest = after;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn action(word: &str) -> Result<String, Mistake> {
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    match word.split_once(':') {
        Some((service, name)) if plain(service, "-") && plain(name, "") => Ok(word.to_owned()),
        _ if word.contains("{{") => Ok(word.to_owned()),
        _ => Err(Mistake {
            id: "malformed-expectation",
            word: word.to_owned(),
            message: format!("`{word}` is not an action"),
            help: "name one action, as `iam:GetCredentialReport`".to_owned(),
        }),
    }
}

fn party(word: &str, bare: Option<&'static str>, declared: &Declared) -> Result<Party, Mistake> {
    if word.starts_with("arn:") || word.contains("{{") {
        return Ok(Party::Arn(word.to_owned()));
    }
    let (kind, name) = match (word.split_once('/'), bare) {
        (Some((kind, name)), _) => (kind, name),
        (None, Some(kind)) => (kind, word),
        (None, None) => {
            return Err(Mistake {
                id: "malformed-expectation",
                word: word.to_owned(),
                message: format!("`{word}` is not a resource"),
                help: "write `kind/Name`, as `group/Admins`, or an ARN".to_owned(),
            });
        }
    };
    let kinds =
        SECTIONS.iter().map(|row| row.kind).filter(|kind| bare.is_none() || ["user", "role"].contains(kind));
    let Some(kind) = kinds.clone().find(|known| *known == kind) else {
        let help = format!("{}, or write an ARN", did_you_mean(kind, "kinds", kinds));
        let message = format!("`{kind}` is not a kind that can stand here");
        return Err(Mistake { id: "unknown-reference", word: word.to_owned(), message, help });
    };
    let address = Address::new(kind, name);
    if declared.contains(&address) {
        return Ok(Party::Declared(address));
    }
    let names = declared.names(kind).map(|(name, _)| name);
    let help = did_you_mean(name, &format!("declared {kind}s"), names);
    let message = format!("the {kind} `{name}` is not declared in this scenario");
    Err(Mistake { id: "unknown-reference", word: name.to_owned(), message, help })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_one_word() {
        assert_eq!(
            words("U can a:B on x{{ arn(\"t.n\") }}y "),
            ["U", "can", "a:B", "on", "x{{ arn(\"t.n\") }}y"]
        );
    }
}
