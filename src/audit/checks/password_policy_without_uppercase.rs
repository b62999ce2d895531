//! The password policy asks for an uppercase letter.

use crate::audit::password_policy::character_class;

character_class! {
    id: "password-policy-without-uppercase",
    what: "an uppercase letter",
    field: "RequireUppercaseCharacters",
    flag: require_uppercase,
}
