//! The password policy asks for a number.

use crate::audit::password_policy::character_class;

character_class! {
    id: "password-policy-without-numbers",
    what: "a number",
    field: "RequireNumbers",
    flag: require_numbers,
}
