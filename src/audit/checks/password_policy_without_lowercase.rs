//! The password policy asks for a lowercase letter.

use crate::audit::password_policy::character_class;

character_class! {
    id: "password-policy-without-lowercase",
    what: "a lowercase letter",
    field: "RequireLowercaseCharacters",
    flag: require_lowercase,
}
