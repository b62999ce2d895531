//! The forms of the credential report: what an entry, an element or a test of each of them is.

use super::columns::Column;
use super::value::{Fact, Rows, Shape, Spelling, Thing, Value, known};

/// Returns the cells of a column.
pub(super) fn cell(column: Column, rows: Rows, spelling: Spelling, on: u16) -> Value {
    let mut value: Value = Thing::Cell(column, rows, spelling).into();
    value.known = on;
    if let Some(told) = value.marks.told.get_mut(rows as usize) {
        *told = column.bit();
    }
    value.marks.flags |= Fact { known: on, ..Fact::default() }.findings();
    value
}

/// Returns what iterating over a form gives.
pub(super) fn element(shape: Shape, rows: Rows) -> Value {
    let thing = match shape {
        Shape::Lines | Shape::Body => Thing::Report(Shape::Line, rows),
        Shape::Lists | Shape::BodyLists => Thing::Report(Shape::Cells, rows),
        Shape::Table => Thing::Report(Shape::Row, rows),
        Shape::Frame => Thing::Report(Shape::Frame, rows),
        Shape::Header | Shape::Row | Shape::Heading => Thing::Report(Shape::Heading, rows),
        Shape::Cells | Shape::Pairs => return cell(Column::SOME, rows, Spelling::Raw, 0),
        Shape::Answer | Shape::Text | Shape::Line => Thing::Unknown,
    };
    thing.into()
}

/// Returns the entry at a place; nothing when it has none.
pub(super) fn at(shape: Shape, rows: Rows, on: u16, place: i64) -> Option<Value> {
    let part = |shape, rows| Some(Value { known: on, ..Value::from(Thing::Report(shape, rows)) });
    // IAM writes root's row first.
    let first = |place: i64| if rows == Rows::All && place == 0 { Rows::Root } else { rows };
    match shape {
        Shape::Lines | Shape::Lists if place == 0 => part(Shape::Header, rows),
        Shape::Lines => part(Shape::Line, first(place - 1)),
        Shape::Lists => part(Shape::Cells, first(place - 1)),
        Shape::Body => part(Shape::Line, first(place)),
        Shape::BodyLists => part(Shape::Cells, first(place)),
        Shape::Table => part(Shape::Row, first(place)),
        Shape::Cells => Some(cell(Column::at(place).unwrap_or(Column::SOME), rows, Spelling::Raw, on)),
        Shape::Header => part(Shape::Heading, rows),
        Shape::Frame => part(Shape::Frame, rows),
        _ => None,
    }
}

/// Returns the entry of a name; nothing when it has none.
pub(super) fn named(shape: Shape, rows: Rows, on: u16, name: &str) -> Option<Value> {
    let whole = |shape| Some(Value { known: on, ..Value::from(Thing::Report(shape, rows)) });
    match shape {
        Shape::Answer if name == "Content" => whole(Shape::Text),
        Shape::Answer => Some(Value::unknown()),
        Shape::Row | Shape::Table | Shape::Frame => {
            let spelling = if shape == Shape::Frame { Spelling::Typed } else { Spelling::Raw };
            Column::named(name).map(|column| cell(column, rows, spelling, on))
        }
        _ => None,
    }
}

/// Returns a part of a form from some place on.
pub(super) const fn tail(shape: Shape) -> Shape {
    match shape {
        Shape::Lines => Shape::Body,
        Shape::Lists => Shape::BodyLists,
        shape => shape,
    }
}

/// Returns what the lines and cells of a form are when it is split.
pub(super) fn split(shape: Shape, by_lines: bool) -> Option<Shape> {
    match shape {
        Shape::Text | Shape::Answer if by_lines => Some(Shape::Lines),
        Shape::Line => Some(Shape::Cells),
        Shape::Header => Some(Shape::Header),
        _ => None,
    }
}

/// Tells what is known when a thing equals one of some values, and when it does not.
pub(super) fn tested(thing: &Thing, values: &Value, several: bool) -> (u16, u16) {
    let Thing::Cell(column, rows, spelling) = thing else { return (0, 0) };
    if *column == Column::USER || *column == Column::ARN {
        let root =
            |text: &str| text == "<root_account>" || (*column == Column::ARN && text.ends_with(":root"));
        let mut texts = values.texts();
        // Whoever is called something else is not root.
        let named = !values.is_nothing() && values.things.iter().all(|thing| matches!(thing, Thing::Str(_)));
        return match texts.any(|text| root(text)) {
            true => (known::ROOT, known::USER),
            false if named => (known::USER, 0),
            false => (0, 0),
        };
    }
    let asked = column.asked(*rows);
    if asked == 0 {
        return (0, 0);
    }
    let (mut yes, mut no, mut unclear) = (false, false, false);
    let literal =
        |value: &Thing| matches!(value, Thing::Str(_) | Thing::Bool(_) | Thing::Int(_) | Thing::None);
    for value in &values.things {
        match value {
            Thing::Str(text) => {
                let exact = *spelling == Spelling::Cased;
                match text.to_ascii_lowercase().as_str() {
                    "true" if exact || &**text == "true" => yes = true,
                    "false" if exact || &**text == "false" => no = true,
                    "n/a" | "not_supported" | "no_information" | "" => no = true,
                    // `in ("false", "FALSE")`: what never occurs is no harm.
                    _ if several => {}
                    _ => unclear = true,
                }
            }
            Thing::Bool(is) if *spelling == Spelling::Typed => {
                yes |= *is;
                no |= !*is;
            }
            Thing::Int(is) if *spelling == Spelling::Typed => {
                yes |= *is == 1;
                no |= *is == 0;
            }
            // `"true" in ["true", True]`: what else stands there is no harm.
            Thing::Bool(_) | Thing::None | Thing::Int(_) if several => {}
            _ => unclear = true,
        }
    }
    match (yes, no, unclear) {
        (true, false, false) => (column.says(*rows, true), column.says(*rows, false)),
        (false, true, false) => (column.says(*rows, false), column.says(*rows, true)),
        _ if values.things.iter().all(literal) => (asked | known::ODD, asked | known::ODD),
        _ => (asked, asked),
    }
}

/// Tells what is known when a text is found in a name, a line or the cells of a line.
pub(super) fn names_root(within: &Value, text: &Value, anywhere: bool) -> (u16, u16) {
    let place = within.things.iter().any(|thing| match thing {
        Thing::Cell(column, ..) => *column == Column::USER || *column == Column::ARN,
        Thing::Report(shape, _) => matches!(shape, Shape::Line | Shape::Cells | Shape::Row),
        _ => false,
    });
    let named = text.texts().any(|text| {
        let text = text.trim_end_matches(',');
        let part = text.contains("root") && ("<root_account>".contains(text) || ":root".contains(text));
        (part && (anywhere || text != "root")) || text.ends_with(":root")
    });
    let user = |thing: &Thing| matches!(thing, Thing::Cell(column, ..) if *column == Column::USER);
    match place && named {
        true => (known::ROOT, known::USER),
        // Whoever is called something else is not root.
        false
            if within.only().is_some_and(user)
                && matches!(text.only(), Some(Thing::Str(text)) if !text.is_empty() && !"<root_account>".contains(&**text)) =>
        {
            (known::USER, 0)
        }
        false => (0, 0),
    }
}

/// Tells whether a dictionary from these keys to these values tells the places of the columns.
pub(super) fn maps_headings(key: &Value, value: &Value) -> bool {
    let heading = key.things.iter().any(|thing| matches!(thing, Thing::Report(Shape::Heading, _)));
    heading
        && value.things.iter().all(|thing| matches!(thing, Thing::Unknown | Thing::Int(_) | Thing::Index(_)))
}
