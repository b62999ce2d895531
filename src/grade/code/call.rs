//! Calls of the student's functions and classes; attributes and entries of values.

use std::rc::Rc;

use ruff_python_ast::{Expr, Parameters, Stmt};

use super::columns::Column;
use super::machine::{Body, Frame, Kind, Machine, external};
use super::shape;
use super::value::{Credentials, Rows, Shape, Spelling, Text, Thing, Value, known};

/// What a call is given.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments {
    pub(super) places: Vec<Value>,
    /// What `*` may add.
    pub(super) more: Option<Value>,
    /// The cells of a row, when those are what `*` adds.
    pub(super) cells: Option<Value>,
    pub(super) names: Vec<(Text, Value)>,
    /// What `**` adds.
    pub(super) spread: Vec<Value>,
}

impl Arguments {
    pub(super) fn one(value: Value) -> Self {
        Self { places: vec![value], ..Self::default() }
    }

    /// Returns the argument at a place, or under a name.
    pub(super) fn at(&self, place: usize, name: &str) -> Option<&Value> {
        self.places.get(place).or_else(|| self.named(name))
    }

    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.names.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// Lists all values.
    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        let names = self.names.iter().map(|(_, value)| value);
        self.places.iter().chain(&self.more).chain(names).chain(&self.spread)
    }
}

/// What is kept under root's name is root's.
fn of_root(mut value: Value, index: &Value) -> Value {
    if index.texts().any(|text| &**text == "<root_account>") {
        let roots = |thing: Thing| match thing {
            Thing::Report(shape, Rows::All) => Thing::Report(shape, Rows::Root),
            other => other,
        };
        value.things = value.things.into_iter().map(roots).collect();
    }
    value
}

impl<'a> Machine<'a> {
    /// Calls whatever a value may be.
    pub(super) fn apply(&mut self, function: &Value, arguments: &Arguments) -> Value {
        let mut out = Value::default();
        let site = self.at;
        for thing in &function.things {
            self.at = site;
            let result = match thing {
                Thing::Function(id) => self.call(*id, None, arguments),
                Thing::Method(id, object) => self.call(*id, Some(Thing::Object(*object).into()), arguments),
                Thing::Class(id) => self.instance(*id, arguments),
                Thing::Bound(receiver, name) => self.method(receiver, name, arguments),
                Thing::External(name) => self.external(name, arguments),
                Thing::Object(_) => {
                    let callable = self.attribute(&thing.clone().into(), "__call__");
                    if callable.is_nothing() {
                        self.opaque(arguments)
                    } else {
                        self.apply(&callable, arguments)
                    }
                }
                _ => self.opaque(arguments),
            };
            out.join(&result);
        }
        out.marks.add(function.marks);
        out
    }

    /// Calls something that is not known: what it returns is made from what it is given, and it may call what it gets.
    pub(super) fn opaque(&mut self, arguments: &Arguments) -> Value {
        let mut out = Value::unknown();
        let all: Vec<Value> = arguments.all().cloned().collect();
        let others: Vec<Value> = all.iter().filter(|value| !is_callable(value)).cloned().collect();
        for value in &all {
            out.marks.add(self.deep(value));
            if is_callable(value) {
                let given = Arguments { places: others.clone(), ..Arguments::default() };
                let result = self.deeper(|machine| machine.apply(value, &given));
                out.join(&result);
                out.join(value);
            }
            for thing in &value.things {
                if matches!(
                    thing,
                    Thing::Key(_) | Thing::Keys | Thing::AssumeAnswer | Thing::Client(..) | Thing::Session(_)
                ) {
                    out.things.insert(thing.clone());
                }
            }
        }
        out
    }

    /// Calls a function of the student's.
    pub(super) fn call(&mut self, id: usize, receiver: Option<Value>, arguments: &Arguments) -> Value {
        let Some(function) = self.functions.get(id) else { return Value::unknown() };
        if !self.may_call(id) {
            return function.results.clone().or(&Value::unknown());
        }
        let (body, module, parent, defaults) =
            (function.body, function.module, function.scope, function.defaults.clone());
        let site = self.at;
        let around = self.frames.last().map_or(0, |frame| frame.context);
        let context = (around ^ (site.module as u64) << 32 ^ u64::from(site.offset) ^ (id as u64) << 44)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(23);
        let scope = self.scope(Some(parent));
        if let Some(function) = self.functions.get_mut(id) {
            function.calls += 1;
        }
        let loops = std::mem::take(&mut self.loops);
        self.frames.push(Frame {
            scope,
            module,
            function: Some(id),
            context,
            returned: Value::default(),
            yielded: None,
        });
        let value = self.deeper(|machine| match body {
            Body::Def(def) => {
                machine.parameters(&def.parameters, &defaults, receiver, arguments);
                machine.block(&def.body);
                let frame = machine
                    .frames
                    .last_mut()
                    .map(|frame| (std::mem::take(&mut frame.returned), frame.yielded.take()));
                let (mut returned, yielded) = frame.unwrap_or_default();
                if let Some(yielded) = yielded {
                    returned = machine.list(site, 3, &yielded);
                }
                if returned.is_nothing() { Thing::None.into() } else { returned }
            }
            Body::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    machine.parameters(parameters, &defaults, receiver, arguments);
                }
                machine.eval(&lambda.body)
            }
        });
        self.frames.pop();
        self.loops = loops;
        self.at = site;
        if let Some(function) = self.functions.get_mut(id) {
            function.results.join(&value);
        }
        if value.is_nothing() { Value::unknown() } else { value }
    }

    fn parameters(
        &mut self,
        parameters: &'a Parameters,
        defaults: &std::collections::BTreeMap<Text, Value>,
        receiver: Option<Value>,
        arguments: &Arguments,
    ) {
        let mut places = receiver.into_iter().chain(arguments.places.iter().cloned());
        let mut taken: Vec<&str> = Vec::new();
        let by_place =
            parameters.posonlyargs.iter().chain(&parameters.args).map(|parameter| (parameter, true));
        let by_name = parameters.kwonlyargs.iter().map(|parameter| (parameter, false));
        for (parameter, placed) in by_place.chain(by_name) {
            let name = parameter.name().as_str();
            taken.push(name);
            let given = if placed { places.next() } else { None };
            let given = given.or_else(|| arguments.named(name).cloned());
            let value = given.or_else(|| {
                let mut spread = Value::default();
                for value in &arguments.spread {
                    spread.join(&self.item(value, &Value::text(name)));
                }
                Some(spread).filter(|value| !value.is_nothing())
            });
            let mut value = value.or_else(|| defaults.get(name).cloned()).unwrap_or_else(Value::unknown);
            if let Some(more) = arguments.more.as_ref().filter(|_| placed) {
                value.join(more);
            }
            self.bind(name, value);
        }
        if let Some(parameter) = &parameters.vararg {
            let id = self.object(self.at, 4);
            for (place, value) in places.enumerate() {
                self.put(id, Some(&place.to_string()), &value);
            }
            if let Some(object) = self.objects.get_mut(id) {
                object.ordered = true;
            }
            if let Some(more) = &arguments.more {
                self.put(id, None, more);
            }
            self.bind(parameter.name.as_str(), Thing::Object(id).into());
        }
        if let Some(parameter) = &parameters.kwarg {
            let id = self.object(self.at, 5);
            for (name, value) in &arguments.names {
                if !taken.contains(&&**name) {
                    self.put(id, Some(name), value);
                }
            }
            for value in &arguments.spread {
                self.spread(id, value);
            }
            self.bind(parameter.name.as_str(), Thing::Object(id).into());
        }
    }

    /// Makes an instance of a class of the student's.
    fn instance(&mut self, class: usize, arguments: &Arguments) -> Value {
        let id = self.object(self.at, 6);
        if let Some(object) = self.objects.get_mut(id) {
            object.class = Some(class);
        }
        let value: Value = Thing::Object(id).into();
        let made = self.attribute(&value, "__init__");
        if made.is_nothing() {
            self.fields(class, id, arguments);
        } else {
            self.apply(&made, arguments);
        }
        value
    }

    /// Fills the fields of a named tuple or a data class.
    fn fields(&mut self, class: usize, object: usize, arguments: &Arguments) {
        let Some(def) = self.classes.get(class).map(|class| class.def) else { return };
        let fields = def.body.iter().filter_map(|statement| match statement {
            Stmt::AnnAssign(it) => match &*it.target {
                Expr::Name(name) => Some(name.id.as_str()),
                _ => None,
            },
            _ => None,
        });
        let fields: Vec<&str> = fields.collect();
        for (place, name) in fields.iter().enumerate() {
            let value = arguments.at(place, name).cloned();
            let mut value = value.unwrap_or_default();
            if let Some(more) = &arguments.more {
                value.join(more);
            }
            for spread in &arguments.spread {
                let part = self.item(spread, &Value::text(name));
                value.join(&part);
            }
            if !value.is_nothing() {
                self.put(object, Some(name), &value);
            }
        }
        // Without fields that are known, what it was given is somewhere in it.
        if fields.is_empty() {
            for value in arguments.all() {
                self.put(object, None, value);
            }
        }
    }

    /// Looks a name up in a class and its bases.
    fn of_class(&self, class: usize, name: &str, level: usize) -> Option<Value> {
        let found = self.classes.get(class)?;
        let own = self.scopes.get(found.scope).and_then(|scope| scope.variables.get(name));
        if let Some(value) = own {
            return Some((**value).clone());
        }
        found.bases.things.iter().find_map(|base| match base {
            Thing::Class(base) if level < 10 => self.of_class(*base, name, level + 1),
            _ => None,
        })
    }

    /// Returns an attribute of a value; nothing when it has none.
    pub(super) fn attribute(&mut self, receiver: &Value, name: &str) -> Value {
        let mut out = Value::default();
        for thing in &receiver.things {
            let found = match thing {
                Thing::Object(id) => {
                    let rows = receiver.known & (known::ROOT | known::USER);
                    let instance = self.is_instance(thing);
                    let found = self.of_object(*id, name);
                    if instance { found.of_row(rows) } else { found }
                }
                Thing::Module(id) => {
                    let scope = self.modules.get(*id).map(|module| module.scope);
                    let scope = scope.and_then(|scope| self.scopes.get(scope));
                    scope
                        .and_then(|scope| scope.variables.get(name))
                        .map(|value| (**value).clone())
                        .unwrap_or_default()
                }
                Thing::Class(id) => self.of_class(*id, name, 0).unwrap_or_default(),
                Thing::External(path) if &**path == "os" && name == "environ" => Thing::Environment.into(),
                Thing::External(path) => external(&format!("{path}.{name}")),
                Thing::Client(..) if name == "meta" || name == "client" => thing.clone().into(),
                Thing::Report(Shape::Table | Shape::Lists | Shape::Frame, rows)
                    if ["fieldnames", "columns"].contains(&name) =>
                {
                    Thing::Report(Shape::Header, *rows).into()
                }
                Thing::Report(Shape::Frame, rows)
                    if ["loc", "iloc", "values", "at", "iat", "str"].contains(&name) =>
                {
                    Thing::Report(Shape::Frame, *rows).into()
                }
                Thing::Report(Shape::Row, rows) if Column::named(name).is_some() => {
                    let column = Column::named(name).unwrap_or(Column::SOME);
                    let cell = shape::cell(column, *rows, Spelling::Raw, receiver.known);
                    self.note_columns(&cell);
                    cell
                }
                Thing::Report(Shape::Frame, rows) => match Column::named(name) {
                    Some(column) => shape::cell(column, *rows, Spelling::Typed, receiver.known),
                    None => Thing::Bound(Rc::new(thing.clone().into()), name.into()).into(),
                },
                Thing::Cell(_, _, Spelling::Typed) if ["str", "values", "iloc", "dt"].contains(&name) => {
                    Value { known: receiver.known, ..Value::from(thing.clone()) }
                }
                Thing::Client(..)
                | Thing::Session(_)
                | Thing::Report(..)
                | Thing::Str(_)
                | Thing::Cell(..)
                | Thing::Environment => {
                    let bound = Value { known: receiver.known, ..Value::from(thing.clone()) };
                    Thing::Bound(Rc::new(bound), name.into()).into()
                }
                Thing::Unknown => Value::unknown(),
                _ => Value::default(),
            };
            out.join(&found);
        }
        out.marks.add(receiver.marks);
        out
    }

    fn of_object(&mut self, id: usize, name: &str) -> Value {
        let Some(object) = self.objects.get(id) else { return Value::default() };
        let mut out = object.fields.get(name).cloned().unwrap_or_default();
        let Some(class) = object.class else {
            return out;
        };
        let rest = object.rest.clone();
        let found = self.of_class(class, name, 0).unwrap_or_default();
        for thing in &found.things {
            let value = match thing {
                Thing::Function(function) => {
                    match self.functions.get(*function).map(|function| function.kind) {
                        Some(Kind::Property) => {
                            let own = Some(Thing::Object(id).into());
                            self.call(*function, own, &Arguments::default())
                        }
                        Some(Kind::Static) => thing.clone().into(),
                        _ => Thing::Method(*function, id).into(),
                    }
                }
                other => other.clone().into(),
            };
            out.join(&value);
        }
        if found.is_nothing() && out.is_nothing() && !name.starts_with("__") {
            out = rest;
        }
        out
    }

    /// Returns an entry of a value.
    pub(super) fn item(&mut self, receiver: &Value, index: &Value) -> Value {
        let mut out = Value::default();
        for thing in &receiver.things {
            let found = match thing {
                Thing::Object(id) => of_root(self.entry(*id, index), index),
                Thing::AssumeAnswer => {
                    let keys = index.texts().any(|text| &**text == "Credentials");
                    if keys { Thing::Keys.into() } else { Value::unknown() }
                }
                Thing::Keys => {
                    let named = |name: &str| index.texts().any(|text| &**text == name);
                    if named("SessionToken") {
                        Thing::Key(true).into()
                    } else if named("AccessKeyId")
                        || named("SecretAccessKey")
                        || index.texts().next().is_none()
                    {
                        Thing::Key(false).into()
                    } else {
                        Value::unknown()
                    }
                }
                Thing::Environment => self.variable(index),
                Thing::Report(shape, rows) => self.part(*shape, *rows, receiver.known, index),
                Thing::Cell(column, rows, spelling) => {
                    // A part of a cell, or a cell of a column of cells.
                    shape::cell(*column, *rows, *spelling, receiver.known)
                }
                _ => Value::unknown(),
            };
            out.join(&found);
        }
        out.marks.add(receiver.marks);
        let marks = self.deep(index);
        out.marks.flags |= marks.flags & !super::value::flag::RAW;
        self.note_columns(&out);
        out
    }

    /// Notes where columns are read.
    fn note_columns(&mut self, value: &Value) {
        let site = self.at;
        for thing in &value.things {
            if let Thing::Cell(column, ..) = thing {
                self.records.columns.entry(*column).or_default().insert(site);
            }
        }
        self.records.seen.add(value.marks);
    }

    /// Returns a variable of the function's environment.
    pub(super) fn variable(&mut self, name: &Value) -> Value {
        let mut out = Value::default();
        for name in name.texts() {
            if let Some(value) = self.environment.get(&**name) {
                out.join(&Value::text(value));
            }
        }
        out.or(&Value::unknown())
    }

    /// Returns what `with … as` gives.
    pub(super) fn entered(&mut self, value: &Value) -> Value {
        let mut out = Value::default();
        for thing in &value.things {
            let one: Value = thing.clone().into();
            let found = match thing {
                Thing::Object(id) => {
                    let enter = self.attribute(&one, "__enter__");
                    let of_class =
                        self.objects.get(*id).is_some_and(|object| object.class.is_some() || object.stream);
                    if of_class && !enter.is_nothing() {
                        self.apply(&enter, &Arguments::default())
                    } else if of_class {
                        one
                    } else {
                        self.elements(&one)
                    }
                }
                _ => Value { known: value.known, ..one },
            };
            out.join(&found);
        }
        out.marks.add(value.marks);
        out
    }

    /// Tells whether a value that is spread has entries under names that are not known.
    fn keyless(&self, value: &Value) -> bool {
        value.things.iter().any(|thing| match thing {
            Thing::Object(id) => self.objects.get(*id).is_some_and(|object| !object.rest.is_nothing()),
            Thing::None => false,
            _ => true,
        })
    }

    /// Returns whose credentials a client or a session gets.
    pub(super) fn given(&mut self, arguments: &Arguments, otherwise: Credentials) -> Credentials {
        let mut parts = Vec::new();
        let mut unclear = false;
        for name in super::columns::ACCESS {
            let mut value = arguments.named(name).cloned().unwrap_or_default();
            for spread in &arguments.spread {
                let entry =
                    if spread.holds_key() { spread.clone() } else { self.item(spread, &Value::text(name)) };
                value.join(&entry);
                unclear |= self.keyless(spread);
            }
            parts.push(value);
        }
        // `Session` and `client` take them by place, too.
        let later = arguments.places.iter().filter(|value| value.holds_key());
        let placed: Vec<Value> = later.cloned().collect();
        let mut out = otherwise;
        let token =
            parts.get(2).is_some_and(|token| token.things.iter().any(|thing| !matches!(thing, Thing::None)));
        let key = parts.iter().take(2).any(Value::holds_key);
        if key || !placed.is_empty() {
            let whole = token || placed.len() > 2;
            out = if whole { Credentials::Assumed } else { Credentials::WithoutToken };
        } else if parts.iter().any(|part| part.texts().any(|text| !text.is_empty())) {
            out = Credentials::Literal;
            self.records.literals.insert(self.at);
        } else if unclear || parts.iter().any(|part| part.things.contains(&Thing::Unknown)) {
            out = Credentials::Unclear;
        }
        out
    }
}

/// Tells whether a value is a function of the student's.
pub(super) fn is_callable(value: &Value) -> bool {
    value.things.iter().any(|thing| matches!(thing, Thing::Function(_) | Thing::Method(..)))
}
