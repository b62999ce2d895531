//! What an action opens besides itself: actions whose holder can hand out, or take, what others have.
//!
//! Source: "AWS IAM privilege escalation: methods and mitigation", Rhino Security Labs
//! (<https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/>); for `iam:PassRole`
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>.

use super::bare_name;

/// Actions in small letters, and what their holder can do besides. `{}` stands for what they act on.
const OPENS: [(&str, &str); 26] = [
    (
        "iam:addusertogroup",
        "whoever may add members to {} hands out everything that it holds, to themselves too",
    ),
    ("iam:attachgrouppolicy", "any managed policy, AdministratorAccess too, can be given to {}"),
    ("iam:attachrolepolicy", "any managed policy, AdministratorAccess too, can be given to {}"),
    ("iam:attachuserpolicy", "any managed policy, AdministratorAccess too, can be given to {}"),
    ("iam:createaccesskey", "a key of {} can be made, and with it everything done that {} may do"),
    ("iam:createloginprofile", "a password for {} can be set, and with it everything done that {} may do"),
    ("iam:createpolicyversion", "{} can be rewritten to allow anything, for everybody who holds it"),
    ("iam:deletegrouppolicy", "a policy that denies something to {} can be taken away"),
    ("iam:deleterolepermissionsboundary", "the limit of {} can be taken away"),
    ("iam:deleterolepolicy", "a policy that denies something to {} can be taken away"),
    ("iam:deleteuserpermissionsboundary", "the limit of {} can be taken away"),
    ("iam:deleteuserpolicy", "a policy that denies something to {} can be taken away"),
    ("iam:detachgrouppolicy", "a policy that denies something to {} can be taken away"),
    ("iam:detachrolepolicy", "a policy that denies something to {} can be taken away"),
    ("iam:detachuserpolicy", "a policy that denies something to {} can be taken away"),
    (
        "iam:passrole",
        "a service can be given {}: whoever may also start something there acts with what the role may do",
    ),
    ("iam:putgrouppolicy", "{} can be given any permission"),
    ("iam:putrolepolicy", "{} can be given any permission"),
    ("iam:putuserpolicy", "{} can be given any permission"),
    ("iam:setdefaultpolicyversion", "an earlier, perhaps wider, version of {} can be put in force"),
    ("iam:updateassumerolepolicy", "{} can be made to let anybody in, who then may do what the role may do"),
    (
        "iam:updateloginprofile",
        "the password of {} can be changed, and with it everything done that {} may do",
    ),
    ("lambda:addpermission", "{} can be opened to callers of any account"),
    ("lambda:updatefunctioncode", "{} can be made to run anything, with what its execution role may do"),
    (
        "lambda:updatefunctionconfiguration",
        "{} can be made to run with other layers and variables, with what its execution role may do",
    ),
    ("sts:assumerole", "everything that {} may do can be done, once its trust policy lets the caller in"),
];

/// Returns what `action` on `resource` opens, in one sentence without a full stop; `None` when nothing is known.
pub fn opens(action: &str, resource: &str) -> Option<String> {
    let action = action.to_lowercase();
    let at = OPENS.binary_search_by_key(&action.as_str(), |(action, _)| action).ok()?;
    let (_, sentence) = OPENS.get(at)?;
    let on =
        if resource == "*" { "whatever is named".to_owned() } else { format!("`{}`", bare_name(resource)) };
    Some(sentence.replace("{}", &on))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_actions_ignore_case() {
        assert!(OPENS.is_sorted_by_key(|(action, _)| action));
        let group = "arn:aws:iam::123456789012:group/iamlab/lab/Admins";
        let sentence = opens("IAM:AddUserToGroup", group).unwrap();
        assert!(sentence.starts_with("whoever may add members to `Admins`"), "{sentence}");
        assert_eq!(opens("iam:GetUser", "*"), None);
    }
}
