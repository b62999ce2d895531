//! The password policy asks for a symbol.

use crate::audit::password_policy::character_class;

character_class! {
    id: "password-policy-without-symbols",
    what: "a symbol",
    field: "RequireSymbols",
    flag: require_symbols,
}
