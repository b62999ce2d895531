//! Entries of lists, dictionaries and forms of the report.

use std::rc::Rc;

use super::call::Arguments;
use super::columns::Column;
use super::machine::Machine;
use super::shape;
use super::value::{Rows, Shape, Spelling, Text, Thing, Value, flag, known};

impl Machine<'_> {
    /// Tells whether something is an object of a class of the student's.
    pub(super) fn is_instance(&self, thing: &Thing) -> bool {
        match thing {
            Thing::Object(id) => self.objects.get(*id).is_some_and(|object| object.class.is_some()),
            _ => false,
        }
    }

    /// Notes what goes into something that could not be followed.
    pub(super) fn lose(&mut self, value: &Value) {
        let value = self.here_told(value.clone());
        let marks = self.deep(&value);
        self.records.lost.add(marks);
        let row = |thing: &Thing| matches!(thing, Thing::Report(Shape::Row | Shape::Table, _));
        self.records.rows_lost |= value.things.iter().any(row);
    }

    /// Returns an entry of a list, a dictionary or an instance.
    pub(super) fn entry(&mut self, id: usize, index: &Value) -> Value {
        let Some(object) = self.objects.get(id) else { return Value::default() };
        let mut out = Value::default();
        let mut keyed = false;
        for thing in &index.things {
            let name: Text = match thing {
                Thing::Str(name) => Rc::clone(name),
                Thing::Int(place) if object.ordered => place.to_string().into(),
                _ => continue,
            };
            keyed = true;
            if let Some(field) = object.fields.get(&name) {
                out.join(field);
            } else if object.rest.things.contains(&Thing::AnyIndex) {
                out.join(
                    &Column::named(&name).map_or_else(Value::unknown, |column| Thing::Index(column).into()),
                );
            } else {
                out.join(&object.rest);
            }
        }
        let first = matches!(index.only(), Some(Thing::Int(0)));
        if keyed {
            out.join(&Value { things: std::collections::BTreeSet::new(), ..object.rest.clone() });
            let out = if out.is_nothing() && object.class.is_none() { out.or(&object.rest) } else { out };
            let made = object.maker.clone().filter(|_| out.is_nothing());
            let out = match made {
                Some(maker) => self.make(id, index, &maker),
                None => out,
            };
            return if first { first_is_root(out) } else { out };
        }
        let slice = matches!(index.only(), Some(Thing::External(name)) if name.starts_with('<'));
        if slice {
            return Thing::Object(id).into();
        }
        out.join(&object.rest);
        let fields: Vec<Value> = object.fields.values().cloned().collect();
        for field in &fields {
            out.join(field);
        }
        if first { first_is_root(out) } else { out }
    }

    /// Makes the entries of a `defaultdict` that are not there yet.
    fn make(&mut self, id: usize, index: &Value, maker: &Value) -> Value {
        let mut out = Value::default();
        let names: Vec<Text> = index.texts().cloned().collect();
        for name in names {
            let kind = match maker.only() {
                Some(Thing::External(kind)) => Some(Rc::clone(kind)),
                _ => None,
            };
            let value: Value = match kind.as_deref() {
                Some("int" | "float") => Thing::Int(0).into(),
                Some("str") => Value::text(""),
                Some(_) => {
                    self.objects.push(super::machine::Object::default());
                    Thing::Object(self.objects.len() - 1).into()
                }
                None => self.apply(maker, &Arguments::default()),
            };
            self.put(id, Some(&name), &value);
            out.join(&value);
        }
        out
    }

    /// Returns an entry of a form of the report.
    pub(super) fn part(&mut self, form: Shape, rows: Rows, on: u16, index: &Value) -> Value {
        let mut out = Value::default();
        // A data frame is asked by tests, lists of columns, and pairs of both.
        if form == Shape::Frame {
            let mut on = on;
            let mut rows = rows;
            let mut parts: Vec<Value> = vec![index.clone()];
            let fields = index.things.iter().find_map(|thing| match thing {
                Thing::Object(id) => self.objects.get(*id),
                _ => None,
            });
            parts.extend(fields.into_iter().flat_map(|object| object.fields.values().cloned()));
            for part in &parts {
                if let Some((Some(holds), _)) = part.test {
                    on |= holds.known;
                    let frame = Value::from(Thing::Report(form, rows)).limited(on);
                    if let Some(Thing::Report(_, limited)) = frame.only() {
                        rows = *limited;
                    }
                    out.marks.add(super::value::Marks {
                        asked: holds.asked,
                        flags: holds.findings(),
                        ..Default::default()
                    });
                }
            }
            for part in &parts {
                for text in part.texts() {
                    out.join(&shape::named(form, rows, on, text).unwrap_or_default());
                }
            }
            if out.is_nothing() {
                let whole = Value { known: on, marks: out.marks, ..Value::from(Thing::Report(form, rows)) };
                out = whole;
            }
            return out;
        }
        for thing in &index.things {
            let found = match thing {
                Thing::Str(name) => shape::named(form, rows, on, name),
                Thing::Int(place) => shape::at(form, rows, on, *place),
                Thing::Index(column) if form == Shape::Cells => {
                    Some(shape::cell(*column, rows, Spelling::Raw, on))
                }
                Thing::External(name) if &**name == "<tail>" => {
                    Some(Value { known: on, ..Value::from(Thing::Report(shape::tail(form), rows)) })
                }
                Thing::External(name) if &**name == "<slice>" => {
                    Some(Value { known: on, ..Value::from(Thing::Report(form, rows)) })
                }
                _ if matches!(form, Shape::Row | Shape::Cells) => {
                    Some(shape::cell(Column::SOME, rows, Spelling::Raw, on))
                }
                _ => Some(Value { known: on, ..shape::element(form, rows) }),
            };
            out.join(&found.unwrap_or_else(Value::unknown));
        }
        out
    }
}

/// The first of a list of all rows is root's. Of some rows, whoever they were picked by.
fn first_is_root(mut value: Value) -> Value {
    let picked = value.marks.asked.iter().any(|columns| *columns != 0) || value.known & known::USER != 0;
    if picked || value.marks.flags & !flag::RAW != 0 {
        return value;
    }
    let roots: Vec<Thing> = value
        .things
        .iter()
        .filter_map(|thing| match thing {
            Thing::Report(shape @ (Shape::Row | Shape::Cells | Shape::Line), Rows::All) => {
                Some(Thing::Report(*shape, Rows::Root))
            }
            _ => None,
        })
        .collect();
    value.things.extend(roots);
    value
}
