//! The methods of lists, dictionaries, instances, texts, and of the credential report in its forms.

use ruff_python_ast::CmpOp;

use super::call::{Arguments, is_callable};
use super::columns::Column;
use super::machine::Machine;
use super::model::spelled;
use super::shape;
use super::value::{Rows, Shape, Spelling, Text, Thing, Value, behind, flag};

impl Machine<'_> {
    /// Calls a method of a list, a dictionary or an instance.
    pub(super) fn of_container(&mut self, id: usize, name: &str, arguments: &Arguments) -> Value {
        let receiver: Value = Thing::Object(id).into();
        let own = self.attribute(&receiver, name);
        let of_class = self.objects.get(id).is_some_and(|object| object.class.is_some());
        if !own.is_nothing()
            && (of_class
                || own.things.iter().any(|thing| matches!(thing, Thing::Function(_) | Thing::Bound(..))))
        {
            return self.apply(&own, arguments);
        }
        let first = arguments.places.first().cloned().unwrap_or_default();
        if let Some(value) = self.of_made(id, name, &first, arguments) {
            return value;
        }
        match name {
            "append" | "add" | "appendleft" | "push" | "put" | "writerow" | "writerows" | "writelines"
            | "write" => {
                self.put(id, None, &first);
                Thing::None.into()
            }
            "insert" => {
                let value = arguments.places.get(1).cloned().unwrap_or_default();
                self.put(id, None, &value);
                Thing::None.into()
            }
            "extend" | "update" => {
                let dictionary =
                    first.things.iter().any(|thing| matches!(thing, Thing::Object(_))) && name == "update";
                if dictionary {
                    self.spread(id, &first);
                } else {
                    let element = self.elements(&first);
                    self.put(id, None, &element);
                }
                for (name, value) in &arguments.names {
                    self.put(id, Some(name), value);
                }
                for value in &arguments.spread {
                    self.spread(id, value);
                }
                Thing::None.into()
            }
            "get" | "pop" | "setdefault" | "__getitem__" | "popleft" | "popitem" => {
                let default = arguments.places.get(1).cloned().unwrap_or_default();
                if name == "setdefault" {
                    for key in first.texts().cloned().collect::<Vec<_>>() {
                        self.put(id, Some(&key), &default);
                    }
                }
                self.item(&receiver, &first).or(&default)
            }
            "items" => {
                let Some(object) = self.objects.get(id) else { return Value::unknown() };
                let mut values = object.rest.clone();
                let names: Vec<Text> = object.fields.keys().cloned().collect();
                for field in object.fields.values() {
                    values.join(field);
                }
                let pair = self.object(self.at, 21);
                for name in names {
                    self.put(pair, Some("0"), &Thing::Str(name).into());
                }
                self.put(pair, Some("0"), &Value::made_from(values.marks));
                self.put(pair, Some("1"), &values);
                if let Some(object) = self.objects.get_mut(pair) {
                    object.ordered = true;
                }
                let pair: Value = Thing::Object(pair).into();
                self.list(self.at, 22, &pair)
            }
            "values" => {
                let Some(object) = self.objects.get(id) else { return Value::unknown() };
                let mut values = object.rest.clone();
                for field in object.fields.values() {
                    values.join(field);
                }
                self.list(self.at, 23, &values)
            }
            "index" => Value::made_from(self.deep(&receiver).as_asked()),
            "copy" | "keys" | "union" | "sort" | "reverse" | "_replace" => {
                if name == "union" || name == "_replace" {
                    for value in arguments.all() {
                        let element = self.elements(value);
                        self.put(id, None, &element);
                    }
                }
                receiver
            }
            _ => {
                let mut value = self.unclear(name, arguments);
                value.marks.add(self.deep(&receiver));
                value
            }
        }
    }

    /// Calls a method of a form of the report.
    pub(super) fn of_report(
        &mut self,
        form: Shape,
        rows: Rows,
        on: u16,
        name: &str,
        arguments: &Arguments,
    ) -> Value {
        let whole = |shape| Value { known: on, ..Value::from(Thing::Report(shape, rows)) };
        let first = arguments.places.first().cloned().unwrap_or_default();
        match (name, form) {
            ("split", Shape::Text) => {
                let lines = first.is_nothing()
                    || first.texts().any(|text| text.contains('\n') || text.contains('\r'));
                if lines { whole(Shape::Lines) } else { Value::unknown() }
            }
            ("splitlines" | "readlines", Shape::Text | Shape::Answer) => whole(Shape::Lines),
            ("split" | "rsplit", _) => shape::split(form, false).map_or_else(Value::unknown, whole),
            (
                "get" | "pop" | "__getitem__",
                Shape::Row | Shape::Answer | Shape::Frame | Shape::Table | Shape::Cells,
            ) => {
                let default = arguments.places.get(1).cloned().unwrap_or_default();
                // What stands there when there is no such column says nothing of the column.
                let mut value = self.item(&whole(form), &first);
                value.marks.add(default.marks);
                value
            }
            ("pop" | "__next__", Shape::Lines | Shape::Lists) | ("keys", Shape::Row) => whole(Shape::Header),
            ("index", Shape::Header | Shape::Lists | Shape::Cells) => {
                let column = first.texts().find_map(|text| Column::named(text));
                column.map_or(Thing::AnyIndex, Thing::Index).into()
            }
            ("get_loc", _) => first
                .texts()
                .find_map(|text| Column::named(text))
                .map_or(Thing::AnyIndex, Thing::Index)
                .into(),
            ("items", Shape::Row | Shape::Frame) => {
                let id = self.object(self.at, 24);
                self.put(id, Some("0"), &Thing::Report(Shape::Heading, rows).into());
                self.put(id, Some("1"), &shape::cell(Column::SOME, rows, Spelling::Raw, on));
                if let Some(object) = self.objects.get_mut(id) {
                    object.ordered = true;
                }
                let pair: Value = Thing::Object(id).into();
                self.list(self.at, 25, &pair)
            }
            ("values", Shape::Row) => whole(Shape::Cells),
            ("iterrows" | "itertuples", Shape::Frame) => {
                let row = whole(Shape::Frame);
                if name == "itertuples" {
                    return row;
                }
                let id = self.object(self.at, 26);
                self.put(id, Some("0"), &Value::unknown());
                self.put(id, Some("1"), &row);
                if let Some(object) = self.objects.get_mut(id) {
                    object.ordered = true;
                }
                let pair: Value = Thing::Object(id).into();
                self.list(self.at, 27, &pair)
            }
            ("to_dict", Shape::Frame) => {
                let records = arguments.all().any(|value| value.texts().any(|text| &**text == "records"));
                if records { whole(Shape::Table) } else { whole(Shape::Frame) }
            }
            ("to_string" | "to_csv" | "to_json", _) => Value::made_from(self.deep(&whole(form))),
            ("query", Shape::Frame) => {
                let text: String = first.texts().map(|text| &**text).collect();
                let rows = if text.contains("root_account") { Rows::Root } else { rows };
                Value { known: on, ..Value::from(Thing::Report(form, rows)) }
            }
            ("append" | "extend" | "write" | "close" | "seek" | "update", _) => Thing::None.into(),
            (
                "startswith" | "__contains__" | "find" | "count" | "endswith",
                Shape::Line | Shape::Cells | Shape::Text,
            ) => self.found(&whole(form), &first),
            (
                "strip" | "rstrip" | "lstrip" | "decode" | "encode" | "lower" | "upper" | "replace" | "read"
                | "getvalue" | "copy" | "fillna" | "head" | "sort_values" | "reset_index" | "astype"
                | "dropna" | "squeeze" | "item" | "tolist" | "iter_lines" | "removeprefix" | "expandtabs"
                | "set_index" | "rename" | "__iter__" | "sort" | "reverse" | "_asdict",
                _,
            ) => whole(form),
            _ => {
                let mut value = self.opaque(arguments);
                value.marks.add(self.deep(&whole(form)));
                value
            }
        }
    }

    /// Returns whether a text was found within another.
    pub(super) fn found(&mut self, within: &Value, text: &Value) -> Value {
        let marks = self.deep(within).as_asked();
        let mut value = Value::made_from(marks);
        value.marks.flags &= !flag::RAW;
        let fact = value.marks.as_fact();
        let (holds, fails) = shape::names_root(within, text, true);
        let (mut yes, mut no) = (fact, fact);
        (yes.known, no.known) = (holds | within.known, fails | within.known);
        value.test = Some((Some(yes), Some(no)));
        value
    }

    /// Calls a method of a cell.
    pub(super) fn of_cell(
        &mut self,
        column: Column,
        rows: Rows,
        spelling: Spelling,
        value: &Value,
        name: &str,
        arguments: &Arguments,
    ) -> Value {
        let first = arguments.places.first().cloned().unwrap_or_default();
        match name {
            "lower" | "upper" | "casefold" | "capitalize" | "title" | "swapcase" => {
                spelled(value, if spelling == Spelling::Raw { Spelling::Cased } else { spelling })
            }
            "astype" | "map" | "apply" => {
                if is_callable(&first) {
                    self.apply(&first, &Arguments::one(value.clone()))
                } else {
                    spelled(value, Spelling::Typed)
                }
            }
            "startswith" | "endswith" | "__eq__" | "eq" | "ne" | "__contains__" | "contains" | "isin"
            | "count" | "find" => {
                if column == Column::USER || column == Column::ARN {
                    return self.found(value, &first);
                }
                let op = match name {
                    "ne" => CmpOp::NotEq,
                    "isin" => CmpOp::In,
                    _ => CmpOp::Eq,
                };
                // `startswith("t")` means `true`.
                let text = first
                    .texts()
                    .next()
                    .map(|text| text.to_ascii_lowercase())
                    .filter(|text| !text.is_empty());
                let whole =
                    text.and_then(|text| ["true", "false"].into_iter().find(|word| word.starts_with(&text)));
                let other = whole.map_or_else(|| first.clone(), Value::text);
                self.compared(value, op, &other)
            }
            "isdigit" | "isnumeric" | "any" | "sum" | "all" | "empty" => {
                Value::made_from(value.marks.as_asked())
            }
            "strip" | "rstrip" | "lstrip" | "encode" | "decode" | "replace" | "tolist" | "to_list"
            | "item" | "unique" | "split" | "partition" | "rsplit" | "to_string" | "fillna"
            | "removesuffix" | "head" | "first" | "to_numpy" | "dropna" | "iloc" | "values" | "get"
            | "str" => {
                let _ = rows;
                value.clone()
            }
            _ => {
                let mut out = self.opaque(arguments);
                out.marks.add(value.marks);
                out
            }
        }
    }

    /// Calls a method of a text.
    pub(super) fn of_text(&mut self, text: &Text, name: &str, arguments: &Arguments) -> Value {
        let first = arguments.places.first().cloned().unwrap_or_default();
        match name {
            "lower" => Value::text(&text.to_lowercase()),
            "upper" => Value::text(&text.to_uppercase()),
            "strip" | "lstrip" | "rstrip" | "encode" | "decode" => Value::text(text.trim()),
            "split" => {
                let by = first.texts().next().cloned();
                let id = self.object(self.at, 30);
                let parts: Vec<String> = match &by {
                    Some(by) if !by.is_empty() => text.split(&**by).take(64).map(str::to_owned).collect(),
                    _ => text.split_whitespace().take(64).map(str::to_owned).collect(),
                };
                for (place, part) in parts.iter().enumerate() {
                    self.put(id, Some(&place.to_string()), &Value::text(part));
                }
                if let Some(object) = self.objects.get_mut(id) {
                    object.ordered = true;
                }
                Thing::Object(id).into()
            }
            "format" if text.contains('{') && arguments.spread.is_empty() => {
                // `"access_key_{}_active".format(1)` is a name that matters.
                let mut texts = Some(vec![String::new()]);
                let mut parts = arguments.places.iter().chain(arguments.names.iter().map(|(_, value)| value));
                let mut rest = &**text;
                while let Some((before, behind_it)) = rest.split_once('{') {
                    let more = parts.next().and_then(Value::readings);
                    texts = behind(texts, Some(&[before.to_owned()]));
                    texts = behind(texts, more.as_deref());
                    rest = behind_it.split_once('}').map_or("", |(_, rest)| rest);
                }
                let mut value = Value::reads(behind(texts, Some(&[rest.to_owned()])));
                for argument in arguments.all() {
                    value.marks.add(self.deep(argument));
                }
                value
            }
            _ => {
                let mut value = self.opaque(arguments);
                value.things.retain(|thing| !matches!(thing, Thing::Client(..)));
                value
            }
        }
    }
}
