//! What Python's and Amazon's libraries do, as far as the assignment needs it: boto3, csv, io, pandas, built-ins, and the
//! operations of services.

use std::rc::Rc;

use super::call::{Arguments, is_callable};
use super::columns::Column;
use super::machine::{Machine, What};
use super::secrets;
use super::shape;
use super::value::{Credentials, Fact, Marks, Rows, Shape, Spelling, Thing, Value, flag};
use crate::report::escape;

impl Machine<'_> {
    /// Calls a function that is not the student's.
    #[expect(clippy::too_many_lines, reason = "a table of what libraries do, by name")]
    pub(super) fn external(&mut self, name: &str, arguments: &Arguments) -> Value {
        let last = name.rsplit('.').next().unwrap_or(name);
        let first = arguments.places.first().cloned().unwrap_or_default();
        if name.starts_with("boto3") || name.starts_with("botocore") || name.starts_with("aioboto3") {
            return self.amazon(last, arguments);
        }
        if last == "write" {
            // One file stands for all.
            self.written.join(&first);
        }
        let file = arguments.named("file").or_else(|| arguments.named("stream"));
        if last == "print" && file.is_some_and(|file| self.is_stream(file)) {
            for thing in file.map(|file| file.things.clone()).unwrap_or_default() {
                for value in &arguments.places {
                    self.add_to(&thing, value);
                }
            }
            return Thing::None.into();
        }
        if name.starts_with("logging")
            || name.starts_with("warnings")
            || ["print", "pprint", "write"].contains(&last)
        {
            for value in arguments.all() {
                self.tell(value);
            }
            // `logging.getLogger()` gives something that tells, too.
            return super::machine::external("logging.logger");
        }
        match last {
            "StringIO" | "BytesIO" if first.texts().all(|text| text.is_empty()) && first.is_plain() => {
                let id = self.object(self.at, 32);
                if let Some(object) = self.objects.get_mut(id) {
                    object.stream = true;
                }
                Thing::Object(id).into()
            }
            "list" | "set" | "deque" | "tuple" | "frozenset" if first.is_nothing() => {
                Thing::Object(self.object(self.at, 33)).into()
            }
            // What is written goes to the file.
            "writer" | "DictWriter" if self.is_stream(&first) => first,
            "itemgetter" if arguments.places.iter().all(|name| name.texts().next().is_some()) => {
                let names = arguments.places.iter().fold(Value::default(), Value::or);
                let entries = self.list(self.at, 37, &names);
                Thing::Bound(Rc::new(entries), "<items>".into()).into()
            }
            "namedtuple" => self.named_tuple(arguments),
            "<row>" | "_make" if name.starts_with("<row>") => {
                let cells = arguments.cells.as_ref().or_else(|| arguments.places.first());
                let cells = cells.or_else(|| arguments.spread.first()).cloned().unwrap_or_default();
                self.reshaped(&cells, |shape| {
                    matches!(shape, Shape::Cells | Shape::Row).then_some(Shape::Row)
                })
            }
            "DictReader" => self.table(arguments),
            "reader" if name.starts_with("csv") => self.lists(&first),
            "open" => {
                let mode = arguments.at(1, "mode");
                let writes = mode.is_some_and(|mode| mode.texts().any(|text| text.contains(['w', 'a', 'x'])));
                if writes || self.written.is_nothing() {
                    super::machine::external("file")
                } else {
                    self.written.clone()
                }
            }
            "read_csv" if first.texts().next().is_some() && !self.written.is_nothing() => {
                let written = self.written.clone();
                self.reshaped(&written, |shape| (shape != Shape::Answer).then_some(Shape::Frame))
            }
            "read_csv" => self.reshaped(&first, |shape| (shape != Shape::Answer).then_some(Shape::Frame)),
            "StringIO" | "BytesIO" | "TextIOWrapper" | "b64decode" | "bytes" | "bytearray" | "iterdecode"
            | "deepcopy" | "copy" | "iter" | "list" | "sorted" | "reversed" | "set" | "frozenset"
            | "tuple" | "DataFrame" | "islice" | "cast"
                if !first.is_nothing() =>
            {
                let value =
                    if last == "cast" { arguments.places.get(1).cloned().unwrap_or_default() } else { first };
                let framed = last == "DataFrame";
                let value = if framed { self.reshaped(&value, |_| Some(Shape::Frame)) } else { value };
                // The order of rows is another one now.
                for given in arguments.names.iter().map(|(_, value)| value).filter(|value| is_callable(value))
                {
                    let element = self.elements(&value);
                    self.apply(given, &Arguments::one(element));
                }
                value
            }
            "str" | "repr" | "format" | "dumps" | "ascii" | "int" | "float" | "loads" | "safe_dump" => {
                let is_cell = first.things.iter().any(|thing| matches!(thing, Thing::Cell(..)));
                let form = first
                    .things
                    .iter()
                    .any(|thing| matches!(thing, Thing::Report(Shape::Text | Shape::Answer, _)));
                if last == "str" && (is_cell || form || first.holds_key()) {
                    return first;
                }
                if last == "loads" && is_cell {
                    return spelled(&first, Spelling::Typed);
                }
                let mut value = Value::reads(first.readings());
                for argument in arguments.all() {
                    value.marks.add(self.deep(argument));
                }
                value
            }
            "len" | "sum" => {
                let marks = self.deep(&first);
                Value::made_from(marks.as_asked())
            }
            "bool" | "any" | "all" | "strtobool" => {
                let element =
                    if last == "bool" || last == "strtobool" { first.clone() } else { self.elements(&first) };
                let marks = self.deep(&first);
                let mut value = Value::made_from(marks.as_asked());
                value.test = element.test;
                if last == "strtobool"
                    && let Some(Thing::Cell(column, rows, _)) = first.only()
                {
                    value = Self::yes(*column, *rows, &value);
                }
                value
            }
            "max" | "min" | "next" => self.picked(last, arguments),
            "enumerate" => {
                let element = self.elements(&first);
                let id = self.object(self.at, 10);
                let place = match element.only() {
                    Some(Thing::Report(Shape::Heading, _)) => Thing::AnyIndex,
                    _ => Thing::Unknown,
                };
                self.put(id, Some("0"), &place.into());
                self.put(id, Some("1"), &element);
                if let Some(object) = self.objects.get_mut(id) {
                    object.ordered = true;
                }
                let pair: Value = Thing::Object(id).into();
                self.list(self.at, 11, &pair)
            }
            "zip" => self.zip(arguments),
            "dict" | "OrderedDict" | "defaultdict" | "Counter" | "ChainMap" => {
                let pairs = first.things.iter().find_map(|thing| match thing {
                    Thing::Report(Shape::Pairs | Shape::Row, rows) => Some(*rows),
                    _ => None,
                });
                if let Some(rows) = pairs {
                    return Value {
                        known: first.known,
                        marks: first.marks,
                        ..Thing::Report(Shape::Row, rows).into()
                    };
                }
                let id = self.object(self.at, 12);
                if last == "defaultdict" {
                    if let Some(object) = self.objects.get_mut(id) {
                        object.maker = Some(first);
                    }
                } else {
                    self.spread(id, &first);
                    self.keyed(id, &first);
                }
                for (name, value) in &arguments.names {
                    self.put(id, Some(name), value);
                }
                for value in &arguments.spread {
                    self.spread(id, value);
                }
                Thing::Object(id).into()
            }
            "map" | "filter" | "starmap" | "filterfalse" => self.mapped(last, arguments),
            "partial" | "lru_cache" | "wraps" | "cache" | "contextmanager" if is_callable(&first) => {
                if arguments.places.len() + arguments.names.len() > 1 {
                    let rest = Arguments {
                        places: arguments.places.get(1..).unwrap_or_default().to_vec(),
                        ..arguments.clone()
                    };
                    let result = self.apply(&first, &rest);
                    let called = self.list(self.at, 13, &result);
                    return first.or(&called);
                }
                first
            }
            "getattr" => {
                let mut out = Value::default();
                for name in arguments.places.get(1).into_iter().flat_map(Value::texts) {
                    out.join(&self.attribute(&first, name));
                }
                if out.is_nothing() { Value::made_from(first.marks) } else { out }
            }
            "setattr" => {
                let value = arguments.places.get(2).cloned().unwrap_or_default();
                for name in arguments.places.get(1).into_iter().flat_map(Value::texts) {
                    self.set_attribute(&first, name, &value);
                }
                Value::unknown()
            }
            "globals" | "vars" | "locals" if arguments.places.is_empty() => {
                let id = self.object(self.at, 14);
                let module = self.frames.last().map_or(0, |frame| frame.module);
                let scope = self.modules.get(module).map_or(0, |module| module.scope);
                let variables =
                    self.scopes.get(scope).map(|scope| scope.variables.clone()).unwrap_or_default();
                for (name, value) in &variables {
                    self.put(id, Some(name), value);
                }
                Thing::Object(id).into()
            }
            "import_module" | "__import__" => {
                let name = first.texts().next().cloned();
                let local = name
                    .as_ref()
                    .and_then(|name| self.modules.iter().position(|module| module.name == **name));
                match (local, name) {
                    (Some(module), _) => {
                        self.import(module);
                        Thing::Module(module).into()
                    }
                    (None, Some(name)) => super::machine::external(&name),
                    _ => Value::unknown(),
                }
            }
            "range" => {
                let bound = |place: usize| match arguments.places.get(place).and_then(Value::only) {
                    Some(Thing::Int(int)) => Some(*int),
                    _ => None,
                };
                let (from, to) = match arguments.places.len() {
                    1 => (Some(0), bound(0)),
                    _ => (bound(0), bound(1)),
                };
                let mut numbers = Value::default();
                if let (Some(from), Some(to)) = (from, to)
                    && to.saturating_sub(from) <= 8
                {
                    (from..to).for_each(|number| numbers.join(&Thing::Int(number).into()));
                }
                if numbers.is_nothing() {
                    numbers = Value::unknown();
                }
                self.list(self.at, 31, &numbers)
            }
            "getenv" => self.variable(&first),
            "isinstance" | "hasattr" | "type" | "id" | "sleep" | "time" | "exit" => Value::unknown(),
            _ => self.opaque(arguments),
        }
    }

    /// Calls a function of boto3 or botocore.
    fn amazon(&mut self, name: &str, arguments: &Arguments) -> Value {
        match name {
            "client" | "resource" | "create_client" => self.client(self.session, arguments),
            "Session" | "get_session" | "_get_default_session" => {
                Thing::Session(self.given(arguments, self.session)).into()
            }
            "setup_default_session" => {
                self.session = self.given(arguments, Credentials::Own);
                Value::unknown()
            }
            _ => self.opaque(arguments),
        }
    }

    fn client(&mut self, session: Credentials, arguments: &Arguments) -> Value {
        let credentials = self.given(arguments, session);
        let mut out = Value::default();
        let mut service = arguments.at(0, "service_name").cloned().unwrap_or_default();
        for spread in &arguments.spread {
            let named = self.item(spread, &Value::text("service_name"));
            service.join(&named);
        }
        for service in service.texts() {
            out.join(&Thing::Client(Rc::clone(service), credentials).into());
        }
        if out.is_nothing() { Thing::Client("".into(), credentials).into() } else { out }
    }

    /// Calls a method.
    pub(super) fn method(&mut self, receiver: &Value, name: &str, arguments: &Arguments) -> Value {
        let mut out = Value::default();
        let site = self.at;
        let is_none = |thing: &Thing| matches!(thing, Thing::None | Thing::Bool(_));
        for thing in &receiver.things {
            self.at = site;
            if is_none(thing) && receiver.things.len() > 1 {
                continue;
            }
            let one = Value { known: receiver.known, ..Value::from(thing.clone()) };
            let result = match thing {
                Thing::Client(service, credentials) => self.operation(service, *credentials, name, arguments),
                Thing::Session(credentials) => match name {
                    "client" | "resource" | "create_client" => self.client(*credentials, arguments),
                    _ => Value::unknown(),
                },
                Thing::External(path) => self.external(&format!("{path}.{name}"), arguments),
                Thing::Module(_) | Thing::Class(_) => {
                    let function = self.attribute(&one, name);
                    self.on_class(&function, thing, arguments)
                }
                Thing::Object(id) => self.of_container(*id, name, arguments),
                Thing::Environment if name == "get" => {
                    let default = arguments.places.get(1).cloned().unwrap_or_default();
                    let first = arguments.places.first().cloned().unwrap_or_default();
                    self.variable(&first).or(&default)
                }
                Thing::AssumeAnswer | Thing::Keys if ["get", "pop"].contains(&name) => {
                    let first = arguments.places.first().cloned().unwrap_or_default();
                    self.item(&one, &first)
                }
                Thing::AssumeAnswer | Thing::Keys | Thing::Key(_) => one,
                Thing::Report(form, rows) => self.of_report(*form, *rows, receiver.known, name, arguments),
                Thing::Cell(column, rows, spelling) => {
                    let value = Value { marks: receiver.marks, ..one };
                    self.of_cell(*column, *rows, *spelling, &value, name, arguments)
                }
                Thing::Str(text) => self.of_text(text, name, arguments),
                _ => self.unclear(name, arguments),
            };
            out.join(&result);
        }
        if out.is_nothing() {
            out = Value::unknown();
        }
        out.marks.add(receiver.marks);
        out
    }

    fn on_class(&mut self, function: &Value, class: &Thing, arguments: &Arguments) -> Value {
        let of_class = function.things.iter().any(|thing| match thing {
            Thing::Function(id) => {
                self.functions.get(*id).is_some_and(|function| function.kind == super::machine::Kind::OfClass)
            }
            _ => false,
        });
        if !of_class || !matches!(class, Thing::Class(_)) {
            return self.apply(function, arguments);
        }
        let mut given = arguments.clone();
        given.places.insert(0, class.clone().into());
        self.apply(function, &given)
    }

    /// Calls a method of something that could not be followed.
    pub(super) fn unclear(&mut self, name: &str, arguments: &Arguments) -> Value {
        match name {
            "generate_credential_report" | "get_credential_report" | "assume_role" => {
                self.operation("", Credentials::Unclear, name, arguments)
            }
            "publish" if arguments.named("Message").is_some() => {
                self.operation("sns", Credentials::Unclear, name, arguments)
            }
            "append" | "add" | "write" | "extend" | "update" | "insert" | "writerow" | "appendleft"
            | "put" => {
                for value in arguments.all() {
                    self.lose(value);
                }
                self.opaque(arguments)
            }
            _ => self.opaque(arguments),
        }
    }

    /// Calls an operation of a service.
    fn operation(
        &mut self,
        service: &str,
        credentials: Credentials,
        name: &str,
        arguments: &Arguments,
    ) -> Value {
        let is = |wanted: &str| service.is_empty() || service == wanted;
        let none = Marks::default();
        match name {
            "assume_role" if is("sts") => {
                let mut role = arguments.named("RoleArn").cloned().unwrap_or_default();
                for spread in &arguments.spread {
                    let named = self.item(spread, &Value::text("RoleArn"));
                    role.join(&named);
                }
                let shown = role.texts().next().map(|arn| {
                    let arn: String = secrets::mask(arn).0.chars().take(120).collect();
                    format!("RoleArn is {}", escape::visible(&arn))
                });
                self.record(What::Assume, Some(credentials), none, shown);
                let given = |name: &str| arguments.named(name).is_some() || !arguments.spread.is_empty();
                let lacks = ["RoleArn", "RoleSessionName"].into_iter().find(|name| !given(name));
                let site = self.at;
                let calls = self.records.calls.iter_mut();
                for call in calls.filter(|call| call.what == What::Assume && call.site == site) {
                    call.lacks = lacks;
                }
                Thing::AssumeAnswer.into()
            }
            "generate_credential_report" if is("iam") => {
                self.record(What::Generate, Some(credentials), none, None);
                Value::unknown()
            }
            "get_credential_report" if is("iam") => {
                self.record(What::Get, Some(credentials), none, None);
                Thing::Report(Shape::Answer, Rows::All).into()
            }
            "publish" | "publish_batch" if is("sns") => {
                let mut marks = Marks::default();
                let name = if name == "publish" { "Message" } else { "PublishBatchRequestEntries" };
                let mut message = arguments.named(name).cloned().unwrap_or_default();
                for spread in &arguments.spread {
                    let named = self.item(spread, &Value::text(name));
                    message.join(&named);
                }
                marks.add(self.deep(&message));
                self.record(What::Publish, Some(credentials), marks, None);
                self.tell(&message);
                Value::unknown()
            }
            "Topic" | "PlatformEndpoint" | "create_topic" if is("sns") => {
                Thing::Client("sns".into(), credentials).into()
            }
            "get_paginator" | "get_waiter" => {
                let operation = arguments.places.first().and_then(|value| value.texts().next().cloned());
                match operation {
                    Some(operation) => {
                        let client = Value::from(Thing::Client(service.into(), credentials));
                        let id = self.object(self.at, 20);
                        let bound = Thing::Bound(Rc::new(client), operation);
                        self.put(id, Some("paginate"), &bound.clone().into());
                        self.put(id, Some("wait"), &bound.into());
                        Thing::Object(id).into()
                    }
                    None => Value::unknown(),
                }
            }
            "list_mfa_devices" => self.other(flag::MFA_DEVICES),
            "get_account_summary" | "AccountSummary" => self.other(flag::SUMMARY),
            "lookup_events" => self.other(flag::TRAIL),
            "meta" | "client" => Thing::Client(service.into(), credentials).into(),
            _ => self.opaque(arguments),
        }
    }

    /// Returns the answer of an operation that a control may be built upon, though not the one that was asked for.
    fn other(&mut self, flags: u16) -> Value {
        self.records.other.entry(flags).or_insert(self.at);
        Value::made_from(Marks { flags, ..Marks::default() })
    }

    /// Returns a value in another form of the report.
    fn reshaped(&mut self, value: &Value, form: impl Fn(Shape) -> Option<Shape>) -> Value {
        let mut out = Value { known: value.known, marks: value.marks, ..Value::default() };
        for thing in &value.things {
            match thing {
                Thing::Report(shape, rows) => {
                    if let Some(shape) = form(*shape) {
                        out.things.insert(Thing::Report(shape, *rows));
                    }
                }
                Thing::Object(_) => {
                    let element = self.elements(&thing.clone().into());
                    for thing in &element.things {
                        if let Thing::Report(shape, rows) = thing {
                            let whole = match shape {
                                Shape::Line => Shape::Lines,
                                Shape::Cells => Shape::Lists,
                                Shape::Row => Shape::Table,
                                shape => *shape,
                            };
                            out.things.extend(form(whole).map(|shape| Thing::Report(shape, *rows)));
                        }
                    }
                }
                _ => {}
            }
        }
        if out.is_nothing() { Value::made_from(self.deep(value)) } else { out }
    }

    fn table(&mut self, arguments: &Arguments) -> Value {
        let first = arguments.at(0, "f").cloned().unwrap_or_default();
        self.reshaped(&first, |shape| {
            matches!(shape, Shape::Text | Shape::Lines | Shape::Body).then_some(Shape::Table)
        })
    }

    fn lists(&mut self, first: &Value) -> Value {
        self.reshaped(first, |shape| match shape {
            Shape::Text | Shape::Lines => Some(Shape::Lists),
            Shape::Body => Some(Shape::BodyLists),
            // `next(csv.reader([line]))`
            _ => None,
        })
    }

    fn picked(&mut self, name: &str, arguments: &Arguments) -> Value {
        let first = arguments.places.first().cloned().unwrap_or_default();
        if name != "next" && arguments.places.len() > 1 {
            return arguments.places.iter().fold(Value::default(), Value::or);
        }
        let header =
            first.things.iter().any(|thing| matches!(thing, Thing::Report(Shape::Lines | Shape::Lists, _)));
        // Outside of a loop, the first that a reader gives is root's row.
        let root = name == "next"
            && self.loops.is_empty()
            && matches!(
                first.only(),
                Some(Thing::Report(Shape::Table | Shape::Body | Shape::BodyLists, Rows::All))
            );
        let mut value = if name == "next" && header {
            self.reshaped(&first, |_| Some(Shape::Header))
        } else if let (true, Some(Thing::Report(shape, _))) = (root, first.only()) {
            shape::at(*shape, Rows::All, first.known, 0).unwrap_or_default()
        } else {
            self.elements(&first)
        };
        // Not the row's own filter only: whatever decided on the elements decided on this one.
        value.marks.add(first.marks);
        for default in arguments.places.get(1).into_iter().chain(arguments.named("default")) {
            value.join(default);
        }
        value
    }

    fn zip(&mut self, arguments: &Arguments) -> Value {
        // Headings and the cells of a line: what the columns are called is known, whatever they were read from.
        if let [_, cells] = arguments.places.as_slice() {
            let rows = cells.things.iter().find_map(|thing| match thing {
                Thing::Report(Shape::Cells, rows) => Some(*rows),
                _ => None,
            });
            if let Some(rows) = rows {
                let pairs = Thing::Report(Shape::Pairs, rows);
                return Value { known: cells.known, marks: cells.marks, ..pairs.into() };
            }
        }
        let id = self.object(self.at, 15);
        for (place, value) in arguments.places.iter().enumerate() {
            let element = self.elements(value);
            self.put(id, Some(&place.to_string()), &element);
        }
        if let Some(object) = self.objects.get_mut(id) {
            object.ordered = true;
        }
        let tuple: Value = Thing::Object(id).into();
        self.list(self.at, 16, &tuple)
    }

    fn mapped(&mut self, name: &str, arguments: &Arguments) -> Value {
        let mut places = arguments.places.iter();
        let function = places.next().cloned().unwrap_or_default();
        let mut given = Arguments::default();
        for value in places {
            let element = self.elements(value);
            given.places.push(element);
        }
        let result = self.apply(&function, &given);
        if name == "map" || name == "starmap" {
            return self.list(self.at, 17, &result);
        }
        let path = self.path;
        let marks = self.deep(&result).as_fact();
        let (holds, fails) = result.sides();
        let side = if name == "filter" { holds } else { fails };
        self.path = path.and(side.unwrap_or_default()).and(marks);
        let element = given.places.first().cloned().unwrap_or_default();
        let list = self.list(self.at, 18, &element);
        self.path = path;
        list
    }

    /// Returns a test that holds when the cell says yes.
    fn yes(column: Column, rows: Rows, value: &Value) -> Value {
        let fact = value.marks.as_fact();
        let with = |known: u16| Some(Fact { known, ..fact });
        Value { test: Some((with(column.says(rows, true)), with(column.says(rows, false)))), ..value.clone() }
    }
}

/// Returns cells in another spelling.
pub(super) fn spelled(value: &Value, spelling: Spelling) -> Value {
    let respell = |thing: &Thing| match thing {
        Thing::Cell(column, rows, _) => Thing::Cell(*column, *rows, spelling),
        thing => thing.clone(),
    };
    Value { things: value.things.iter().map(respell).collect(), ..value.clone() }
}
