//! The rules for names, paths, descriptions and tags, with AWS's messages.
//! Source: "IAM and AWS STS quotas, name requirements, and character limits" in the IAM user guide.

use awsim_core::AwsError;

use super::fault;
use super::store::{Tag, Tags};

/// The most tags an entity may have.
const TAGS: usize = 50;

/// Checks a name of 1 to `longest` characters from `[\w+=,.@-]`.
pub(crate) fn name(parameter: &str, value: &str, longest: usize) -> Result<(), AwsError> {
    length(parameter, value, 1, longest)?;
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)) {
        return Ok(());
    }
    let mut shown = parameter.to_owned();
    if let Some(first) = shown.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Err(fault::validation(format!(
        "The specified value for {shown} is invalid. It must contain only alphanumeric characters and/or the \
         following: +=,.@_-"
    )))
}

/// Checks a path: `/` or `/…/` of at most 512 printable characters.
pub(crate) fn path(parameter: &str, value: &str) -> Result<(), AwsError> {
    length(parameter, value, 1, 512)?;
    let whole = value == "/" || (value.len() > 2 && value.starts_with('/') && value.ends_with('/'));
    if whole && !value.contains("//") && value.chars().all(|c| ('\u{21}'..='\u{7e}').contains(&c)) {
        return Ok(());
    }
    Err(fault::validation(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
         characters and/or / characters.",
    ))
}

/// Checks a length in characters.
pub(crate) fn length(parameter: &str, value: &str, least: usize, most: usize) -> Result<(), AwsError> {
    let count = value.chars().count();
    if count < least {
        let rule = format!("have length greater than or equal to {least}");
        return Err(fault::constraint(value, parameter, &rule));
    }
    if count > most {
        return Err(fault::constraint(
            value,
            parameter,
            &format!("have length less than or equal to {most}"),
        ));
    }
    Ok(())
}

/// Checks a description: at most 1,000 characters of Latin-1 text.
pub(crate) fn description(value: &str) -> Result<(), AwsError> {
    length("Description", value, 0, 1000)?;
    let fits = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}');
    if value.chars().all(fits) {
        return Ok(());
    }
    let must = r"satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*";
    Err(fault::constraint(value, "Description", must))
}

/// Checks new tags against those that are there.
pub(crate) fn tags(have: &Tags, new: &[Tag]) -> Result<(), AwsError> {
    for (place, tag) in new.iter().enumerate() {
        let key = format!("tags.{}.member.key", place.saturating_add(1));
        let value = format!("tags.{}.member.value", place.saturating_add(1));
        length(&key, &tag.key, 1, 128)?;
        length(&value, &tag.value, 0, 256)?;
        for (at, text) in [(&key, &tag.key), (&value, &tag.value)] {
            if !text.chars().all(|c| {
                c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
            }) {
                let must = r"satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*";
                return Err(fault::constraint(text, at, must));
            }
        }
        if tag.key.to_lowercase().starts_with("aws:") {
            return Err(fault::invalid_input("Tag keys that start with 'aws:' are reserved for system use."));
        }
        if new.iter().take(place).any(|other| other.key.eq_ignore_ascii_case(&tag.key)) {
            return Err(fault::invalid_input(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    let mut all = have.clone();
    all.merge(new.to_vec());
    if all.len() > TAGS {
        return Err(fault::limit_exceeded(format!("Cannot exceed quota for TagsPerResource: {TAGS}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_character_rules() {
        assert!(name("UserName", "Ann+b=c,d.e@f_g-h", 64).is_ok());
        assert!(
            name("UserName", "a b", 64).unwrap_err().message.starts_with("The specified value for userName")
        );
        assert_eq!(name("UserName", &"x".repeat(65), 64).unwrap_err().code, "ValidationError");
        assert!(path("Path", "/a/b/").is_ok() && path("Path", "/").is_ok());
        assert!(path("Path", "a/").is_err() && path("Path", "//").is_err());
    }
}
