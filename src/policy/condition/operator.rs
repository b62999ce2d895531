//! The names of condition operators.

/// A condition operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) quantifier: Quantifier,
    pub(super) test: Test,
    /// Whether it is one of the `Not…` operators.
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

/// How an operator treats a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    None,
    All,
    Any,
}

/// What an operator compares, not negated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    String,
    StringIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    /// `ArnEquals` and `ArnLike`, which "behave identically".
    Arn,
    Null,
}

/// How two values relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// Tells whether an ordering of request to policy fits.
    pub(super) fn fits(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Operator {
    /// Reads a name, whatever its case; `None` for what AWS does not have.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let (quantifier, name) = match lower.split_once(':') {
            None => (Quantifier::None, lower.as_str()),
            Some(("forallvalues", name)) => (Quantifier::All, name),
            Some(("foranyvalue", name)) => (Quantifier::Any, name),
            Some(_) => return None,
        };
        let (name, if_exists) = name.strip_suffix("ifexists").map_or((name, false), |name| (name, true));
        let (test, negated) = match name {
            "stringequals" => (Test::String, false),
            "stringnotequals" => (Test::String, true),
            "stringequalsignorecase" => (Test::StringIgnoreCase, false),
            "stringnotequalsignorecase" => (Test::StringIgnoreCase, true),
            "stringlike" => (Test::StringLike, false),
            "stringnotlike" => (Test::StringLike, true),
            "bool" => (Test::Bool, false),
            "binaryequals" => (Test::Binary, false),
            "ipaddress" => (Test::Address, false),
            "notipaddress" => (Test::Address, true),
            "arnequals" | "arnlike" => (Test::Arn, false),
            "arnnotequals" | "arnnotlike" => (Test::Arn, true),
            // "You can add IfExists to the end of any condition operator name except the Null condition."
            "null" if !if_exists && quantifier == Quantifier::None => (Test::Null, false),
            _ => {
                let (make, order): (fn(Order) -> Test, _) = match name.strip_prefix("numeric") {
                    Some(order) => (Test::Numeric, order),
                    None => (Test::Date, name.strip_prefix("date")?),
                };
                let (order, negated) = ordered(order)?;
                (make(order), negated)
            }
        };
        Some(Self { quantifier, test, negated, if_exists })
    }
}

fn ordered(name: &str) -> Option<(Order, bool)> {
    Some(match name {
        "equals" => (Order::Equal, false),
        "notequals" => (Order::Equal, true),
        "lessthan" => (Order::Less, false),
        "lessthanequals" => (Order::LessOrEqual, false),
        "greaterthan" => (Order::Greater, false),
        "greaterthanequals" => (Order::GreaterOrEqual, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parsed = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!(
            parsed,
            Operator { quantifier: Quantifier::Any, test: Test::StringLike, negated: true, if_exists: true }
        );
        for known in ["NumericLessThanEquals", "dategreaterthan", "ArnEqualsIfExists", "Null", "BOOL"] {
            assert!(Operator::parse(known).is_some(), "{known}");
        }
        for unknown in ["StringMatches", "NullIfExists", "ForAllValues:Null", "ForSome:Bool", "numeric", ""] {
            assert!(Operator::parse(unknown).is_none(), "{unknown}");
        }
    }
}
