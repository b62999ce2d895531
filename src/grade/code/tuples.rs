//! What the standard library makes that holds several things: named tuples, dictionaries from pairs, texts that are
//! written bit by bit.

use std::rc::Rc;

use ruff_python_ast::Operator;

use super::call::Arguments;
use super::machine::Machine;
use super::value::{Thing, Value};

impl Machine<'_> {
    /// Calls a method of named tuples, sets and texts that are written; nothing when it is none of theirs.
    pub(super) fn of_made(
        &mut self,
        id: usize,
        name: &str,
        first: &Value,
        arguments: &Arguments,
    ) -> Option<Value> {
        let receiver: Value = Thing::Object(id).into();
        let stream = self.is_stream(&receiver);
        match name {
            "<new>" => Some(self.tuple_of(id, arguments)),
            "<items>" => {
                let names = self.elements(&receiver);
                let entries = self.object(self.at, 36);
                for name in names.texts() {
                    let part = self.item(first, &Value::text(name));
                    self.put(entries, None, &part);
                }
                Some(Thing::Object(entries).into())
            }
            "getvalue" | "read" | "getbuffer" if stream => {
                let mut value = self.elements(&receiver);
                value.marks.add(self.deep(&receiver));
                Some(if value.is_nothing() { Value::text("") } else { value })
            }
            "seek" | "truncate" | "flush" | "close" => Some(Thing::None.into()),
            "difference" | "intersection" => {
                let op = if name == "difference" { Operator::Sub } else { Operator::BitAnd };
                Some(self.sets(&receiver, op, first).unwrap_or(receiver))
            }
            _ => None,
        }
    }

    /// Tells whether a value is a text that is written bit by bit.
    pub(super) fn is_stream(&self, value: &Value) -> bool {
        value.things.iter().any(|thing| match thing {
            Thing::Object(id) => self.objects.get(*id).is_some_and(|object| object.stream),
            _ => false,
        })
    }

    /// Writes a value to it.
    pub(super) fn add_to(&mut self, stream: &Thing, value: &Value) {
        if let Thing::Object(id) = stream {
            self.put(*id, None, value);
        }
    }

    /// Fills a dictionary from pairs of names and values: `dict(zip(names, values))`.
    pub(super) fn keyed(&mut self, id: usize, pairs: &Value) {
        let mut found = Vec::new();
        for thing in &pairs.things {
            let Thing::Object(list) = thing else { continue };
            let rest = self.objects.get(*list).map(|object| object.rest.clone()).unwrap_or_default();
            for pair in &rest.things {
                let Thing::Object(pair) = pair else { continue };
                let Some(pair) = self.objects.get(*pair).filter(|pair| pair.ordered) else { continue };
                if let (Some(names), Some(value)) = (pair.fields.get("0"), pair.fields.get("1")) {
                    found.extend(names.texts().map(|name| (Rc::clone(name), value.clone())));
                }
            }
        }
        for (name, value) in found.iter().take(64) {
            self.put(id, Some(name), value);
        }
    }

    /// Makes the class of tuples whose fields have names: the report's own, or some.
    pub(super) fn named_tuple(&mut self, arguments: &Arguments) -> Value {
        let names = arguments.at(1, "field_names").cloned().unwrap_or_default();
        if names.things.iter().any(|thing| matches!(thing, Thing::Report(..))) {
            return super::machine::external("<row>");
        }
        let parts: Vec<Value> = match names.only() {
            Some(Thing::Str(text)) => {
                text.split([',', ' ']).filter(|name| !name.is_empty()).map(Value::text).collect()
            }
            Some(Thing::Object(list)) => {
                let fields = self.objects.get(*list).map(|object| object.fields.clone()).unwrap_or_default();
                (0..fields.len())
                    .filter_map(|place| fields.get(place.to_string().as_str()).cloned())
                    .collect()
            }
            _ => return Value::unknown(),
        };
        let id = self.object(self.at, 34);
        for (place, name) in parts.iter().enumerate().take(64) {
            self.put(id, Some(&place.to_string()), name);
        }
        Thing::Bound(Rc::new(Thing::Object(id).into()), "<new>".into()).into()
    }

    /// Makes such a tuple.
    pub(super) fn tuple_of(&mut self, names: usize, arguments: &Arguments) -> Value {
        let fields = self.objects.get(names).map(|object| object.fields.clone()).unwrap_or_default();
        let cells = arguments.cells.clone();
        let id = self.object(self.at, 35);
        for (place, name) in &fields {
            let Some(name) = name.texts().next() else { continue };
            let at: usize = place.parse().unwrap_or(0);
            let mut value = arguments.at(at, name).cloned().unwrap_or_default();
            for spread in &arguments.spread {
                let part = self.item(spread, &Value::text(name));
                value.join(&part);
            }
            if let Some(cells) = &cells {
                let place = i64::try_from(at).unwrap_or(0);
                let part = self.item(cells, &Thing::Int(place).into());
                value.join(&part);
            }
            self.put(id, Some(name), &value);
            self.put(id, Some(place), &value);
        }
        if let Some(object) = self.objects.get_mut(id) {
            object.ordered = true;
        }
        Thing::Object(id).into()
    }
}
