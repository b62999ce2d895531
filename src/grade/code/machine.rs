//! [`Machine`]: runs a program on what its values may be, from its modules to the handler. It follows every branch,
//! loops twice, and stops where the work or the depth is used up.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ruff_python_ast::{ExprLambda, ModModule, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged as _, TextRange};

use super::builtins::PYTHON;
use super::columns::Column;
use super::value::{Credentials, Fact, Marks, Text, Thing, Value, flag, known};

/// The most expressions and statements that are looked at.
const STEPS: usize = 60_000;
/// How deep calls and expressions may be within each other.
const DEPTH: usize = 1_500;
/// How often a function may be on the way at once, and how often it is followed at all.
const RECURSION: usize = 2;
const CALLS: usize = 400;
/// The most values and scopes that are kept.
const ROOM: usize = 50_000;

/// The variables of a scope.
pub(super) type Variables = BTreeMap<Text, Rc<Value>>;

/// A place in the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Site {
    pub(super) module: usize,
    pub(super) offset: u32,
}

/// A source.
#[derive(Debug)]
pub(super) struct Module<'a> {
    pub(super) name: String,
    /// Its package, for relative imports.
    pub(super) package: String,
    pub(super) tree: Option<&'a ModModule>,
    pub(super) scope: usize,
    pub(super) ran: bool,
}

#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) variables: Variables,
    pub(super) parent: Option<usize>,
    pub(super) globals: BTreeSet<Text>,
    pub(super) outer: BTreeSet<Text>,
    pub(super) stars: Vec<Text>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Body<'a> {
    Def(&'a StmtFunctionDef),
    Lambda(&'a ExprLambda),
}

#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) body: Body<'a>,
    pub(super) module: usize,
    pub(super) scope: usize,
    pub(super) defaults: BTreeMap<Text, Value>,
    pub(super) kind: Kind,
    pub(super) results: Value,
    pub(super) calls: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Static,
    OfClass,
    Property,
}

#[derive(Debug)]
pub(super) struct Class<'a> {
    pub(super) def: &'a StmtClassDef,
    pub(super) scope: usize,
    pub(super) bases: Value,
}

/// A list, a dictionary, a tuple or an instance.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) class: Option<usize>,
    pub(super) fields: BTreeMap<Text, Value>,
    /// What is in it under no name that is known.
    pub(super) rest: Value,
    /// Whether its fields are in order: `0`, `1`.
    pub(super) ordered: bool,
    /// Whether it is a text that is written bit by bit.
    pub(super) stream: bool,
    /// What makes an entry that is not there yet.
    pub(super) maker: Option<Value>,
}

#[derive(Debug)]
pub(super) struct Frame {
    pub(super) scope: usize,
    pub(super) module: usize,
    pub(super) function: Option<usize>,
    pub(super) context: u64,
    pub(super) returned: Value,
    pub(super) yielded: Option<Value>,
}

/// What a call was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Assume,
    Generate,
    Get,
    Publish,
}

/// What a test of whether a key is active asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    /// Whether it is.
    On,
    /// Whether it is not.
    Off,
    /// Whether one of several is not.
    AnyOff,
    /// Something that never is.
    Never,
}

/// A call that was reached.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) what: What,
    pub(super) site: Site,
    /// Whether it is in another function than the handler.
    pub(super) in_function: bool,
    /// Whether the handler was running.
    pub(super) in_handler: bool,
    /// Whose credentials the client has; nothing when the client could not be followed.
    pub(super) credentials: BTreeSet<Credentials>,
    /// What the message is made from.
    pub(super) marks: Marks,
    /// What it needs and is not given.
    pub(super) lacks: Option<&'static str>,
    /// Whether it is made only after something went wrong.
    pub(super) in_except: bool,
    /// What is worth showing of its arguments.
    pub(super) shown: Option<String>,
}

/// What a run of the program came to.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) calls: Vec<Call>,
    /// What was published, printed, returned or raised.
    pub(super) told: Marks,
    /// What was read and judged at all.
    pub(super) seen: Marks,
    /// What went into something that could not be followed.
    pub(super) lost: Marks,
    /// Whether whole rows did.
    pub(super) rows_lost: bool,
    /// How root's keys are tested.
    pub(super) key_tests: BTreeMap<(Column, Site), Polarity>,
    pub(super) columns: BTreeMap<Column, BTreeSet<Site>>,
    pub(super) literals: BTreeSet<Site>,
    pub(super) other: BTreeMap<u16, Site>,
    pub(super) broken: BTreeSet<usize>,
}

#[derive(Debug)]
pub(super) struct Machine<'a> {
    pub(super) modules: Vec<Module<'a>>,
    pub(super) scopes: Vec<Scope>,
    pub(super) functions: Vec<Function<'a>>,
    pub(super) classes: Vec<Class<'a>>,
    pub(super) objects: Vec<Object>,
    pub(super) frames: Vec<Frame>,
    /// What holds where the program is.
    pub(super) path: Fact,
    /// The variables at each `break` and `continue` of the loops around.
    pub(super) loops: Vec<Vec<Variables>>,
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) session: Credentials,
    pub(super) in_handler: bool,
    /// How many `except` blocks are around.
    pub(super) excepting: usize,
    /// What is given a name anywhere in the sources.
    pub(super) bound: BTreeSet<String>,
    pub(super) records: Records,
    /// What was written to files.
    pub(super) written: Value,
    /// Whether not everything could be followed.
    pub(super) intricate: bool,
    /// Where the program is.
    pub(super) at: Site,
    steps: Cell<usize>,
    depth: usize,
    sites: BTreeMap<(u64, Site, u32), usize>,
    pub(super) made: BTreeMap<(usize, Site), usize>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(environment: &'a BTreeMap<String, String>) -> Self {
        Self {
            modules: Vec::new(),
            scopes: Vec::new(),
            functions: Vec::new(),
            classes: Vec::new(),
            objects: Vec::new(),
            frames: Vec::new(),
            path: Fact::default(),
            loops: Vec::new(),
            environment,
            session: Credentials::Own,
            in_handler: false,
            excepting: 0,
            bound: BTreeSet::new(),
            records: Records::default(),
            written: Value::default(),
            intricate: false,
            at: Site { module: 0, offset: 0 },
            steps: Cell::new(0),
            depth: 0,
            sites: BTreeMap::new(),
            made: BTreeMap::new(),
        }
    }

    /// Counts work.
    fn worked(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_add(steps));
    }

    /// Counts a step; tells whether it may be taken.
    pub(super) fn step(&mut self) -> bool {
        self.worked(1);
        let room = self.objects.len() < ROOM && self.scopes.len() < ROOM && self.functions.len() < ROOM;
        if self.steps.get() > STEPS || self.depth > DEPTH || !room {
            self.intricate = true;
        }
        self.steps.get() <= STEPS && self.depth <= DEPTH && room
    }

    /// Goes one level down, unless that is too deep.
    pub(super) fn deeper<T: Default>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let outcome = if self.step() { work(self) } else { T::default() };
        self.depth -= 1;
        outcome
    }

    pub(super) fn site(&self, range: TextRange) -> Site {
        let module = self.frames.last().map_or(0, |frame| frame.module);
        Site { module, offset: range.start().to_u32() }
    }

    /// Runs a module once.
    pub(super) fn import(&mut self, module: usize) {
        let Some(found) = self.modules.get_mut(module) else { return };
        if std::mem::replace(&mut found.ran, true) {
            return;
        }
        let (tree, scope) = (found.tree, found.scope);
        let Some(tree) = tree else {
            self.records.broken.insert(module);
            return;
        };
        let (path, loops) = (std::mem::take(&mut self.path), std::mem::take(&mut self.loops));
        self.frames.push(Frame {
            scope,
            module,
            function: None,
            context: 0,
            returned: Value::default(),
            yielded: None,
        });
        self.deeper(|machine| {
            machine.block(&tree.body);
        });
        self.frames.pop();
        (self.path, self.loops) = (path, loops);
    }

    pub(super) fn scope(&mut self, parent: Option<usize>) -> usize {
        self.scopes.push(Scope { parent, ..Scope::default() });
        self.scopes.len() - 1
    }

    pub(super) fn here(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.scope)
    }

    fn module_scope(&self) -> usize {
        let module = self.frames.last().map_or(0, |frame| frame.module);
        self.modules.get(module).map_or(0, |module| module.scope)
    }

    pub(super) fn variables(&mut self) -> &mut Variables {
        let here = self.here();
        if here >= self.scopes.len() {
            self.scopes.resize_with(here + 1, Scope::default);
        }
        // The line above makes room.
        match self.scopes.get_mut(here) {
            Some(scope) => &mut scope.variables,
            None => unreachable!("there is room"),
        }
    }

    /// Looks a name up, from the scope outwards.
    pub(super) fn lookup(&self, name: &str) -> Value {
        let mut scope = Some(self.here());
        let mut hops = 0;
        while let Some(found) = scope.and_then(|scope| self.scopes.get(scope)) {
            if let Some(value) = found.variables.get(name) {
                return (**value).clone();
            }
            hops += 1;
            if hops > 200 {
                break;
            }
            scope = found.parent;
        }
        let stars = self.scopes.get(self.module_scope()).map(|scope| &scope.stars);
        let none = stars.is_none_or(Vec::is_empty);
        if none && !self.bound.contains(name) && !PYTHON.contains(&name) && !name.starts_with("__") {
            let mut value = external(name);
            value.marks.flags |= flag::UNBOUND;
            return value;
        }
        match stars.and_then(|stars| stars.first()) {
            Some(module) if !BUILTINS.contains(&name) => external(&format!("{module}.{name}")),
            _ => external(name),
        }
    }

    /// Gives a name a value.
    pub(super) fn bind(&mut self, name: &str, value: Value) {
        let here = self.here();
        let name: Text = name.into();
        let module = self.module_scope();
        let other = self.scopes.get(here).and_then(|scope| {
            if scope.globals.contains(&name) {
                Some(module)
            } else {
                scope.parent.filter(|_| scope.outer.contains(&name))
            }
        });
        match other.filter(|other| *other != here) {
            None => {
                self.variables().insert(name, Rc::new(value));
            }
            Some(other) => {
                if let Some(scope) = self.scopes.get_mut(other) {
                    let old = scope.variables.get(&name).map(|old| (**old).clone()).unwrap_or_default();
                    scope.variables.insert(name, Rc::new(old.or(&value)));
                }
            }
        }
    }

    /// Returns the object that is made at a place; the same for the same way there.
    pub(super) fn object(&mut self, site: Site, part: u32) -> usize {
        let context = self.frames.last().map_or(0, |frame| frame.context);
        let next = self.objects.len();
        let id = *self.sites.entry((context, site, part)).or_insert(next);
        if id == next {
            self.objects.push(Object::default());
        }
        id
    }

    /// Makes a list of one kind of element.
    pub(super) fn list(&mut self, site: Site, part: u32, element: &Value) -> Value {
        let id = self.object(site, part);
        self.put(id, None, element);
        Thing::Object(id).into()
    }

    /// Puts something into an object, beside what is there.
    pub(super) fn put(&mut self, object: usize, key: Option<&str>, value: &Value) {
        let value = self.here_told(value.clone());
        if let Some(object) = self.objects.get_mut(object) {
            match key {
                Some(key) if object.fields.contains_key(key) || object.fields.len() < 400 => {
                    object.fields.entry(key.into()).or_default().join(&value);
                }
                _ => object.rest.join(&value),
            }
        }
    }

    /// Marks a value by the path on which it is made.
    pub(super) fn here_told(&mut self, mut value: Value) -> Value {
        let findings = self.path.findings();
        if value.test.is_none() && (self.path != Fact::default()) {
            let path = self.path;
            value.test = match value.only() {
                Some(Thing::Bool(true)) => Some((Some(path), None)),
                Some(Thing::Bool(false) | Thing::None) => Some((None, Some(path))),
                _ => None,
            };
        }
        let rows = self.path.known & (known::ROOT | known::USER);
        if rows != 0 && value.things.iter().any(|thing| self.is_instance(thing)) {
            // Made from a row; its fields are that row's.
            value.known |= rows;
        }
        value.marks.add(Marks { told: [0; 3], asked: self.path.asked, flags: findings });
        self.records.seen.add(value.marks);
        if self.path.known == 0 { value } else { value.limited(self.path.known) }
    }

    /// Returns the marks of all that is in a value.
    pub(super) fn deep(&self, value: &Value) -> Marks {
        let mut seen = BTreeSet::new();
        self.deep_within(value, &mut seen, 0)
    }

    fn deep_within(&self, value: &Value, seen: &mut BTreeSet<usize>, level: usize) -> Marks {
        let mut marks = value.marks;
        for thing in &value.things {
            match thing {
                Thing::Report(shape, rows) => marks.add(whole(*shape, *rows, value.known)),
                Thing::Object(id) if level < 40 && self.steps.get() < STEPS && seen.insert(*id) => {
                    let Some(object) = self.objects.get(*id) else { continue };
                    self.worked(1 + object.fields.len() + object.rest.things.len());
                    marks.add(self.deep_within(&object.rest, seen, level + 1));
                    for field in object.fields.values() {
                        marks.add(self.deep_within(field, seen, level + 1));
                    }
                }
                _ => {}
            }
        }
        marks
    }

    /// Returns what an iteration over a value gives.
    pub(super) fn elements(&mut self, value: &Value) -> Value {
        let mut out = Value::default();
        for thing in &value.things {
            match thing {
                Thing::Object(id) => {
                    if let Some(object) = self.objects.get(*id) {
                        self.worked(1 + object.rest.things.len() + object.fields.len());
                        out.join(&object.rest);
                        if object.ordered {
                            for field in object.fields.values() {
                                out.join(field);
                            }
                        } else {
                            for name in object.fields.keys() {
                                out.join(&Thing::Str(Rc::clone(name)).into());
                            }
                        }
                    }
                }
                Thing::Report(shape, rows) => {
                    let element = super::shape::element(*shape, *rows);
                    out.join(&Value { known: value.known, ..element });
                }
                Thing::None | Thing::Bool(_) | Thing::Int(_) => {}
                _ => out.join(&Value::unknown()),
            }
        }
        out.marks.add(value.marks);
        out
    }

    /// Tells whether a function may be followed once more.
    pub(super) fn may_call(&self, function: usize) -> bool {
        let within = self.frames.iter().filter(|frame| frame.function == Some(function)).count();
        let calls = self.functions.get(function).map_or(CALLS, |function| function.calls);
        within < RECURSION && calls < CALLS && self.frames.len() < 60
    }

    /// Notes a call that matters.
    pub(super) fn record(
        &mut self,
        what: What,
        credentials: Option<Credentials>,
        marks: Marks,
        shown: Option<String>,
    ) {
        let site = self.at;
        let functions = self.frames.iter().filter(|frame| frame.function.is_some()).count();
        let in_function = functions > usize::from(self.in_handler);
        let in_handler = self.in_handler;
        let found = self.records.calls.iter_mut().find(|call| call.what == what && call.site == site);
        if let Some(call) = found {
            call.credentials.extend(credentials);
            call.marks.add(marks);
            call.in_function |= in_function;
            call.in_handler |= in_handler;
            call.in_except &= self.excepting > 0;
            return;
        }
        let credentials = credentials.into_iter().collect();
        let (lacks, in_except) = (None, self.excepting > 0);
        let call = Call { what, site, in_function, in_handler, credentials, marks, lacks, in_except, shown };
        self.records.calls.push(call);
    }

    /// Notes that something is told to somebody.
    pub(super) fn tell(&mut self, value: &Value) {
        let value = self.here_told(value.clone());
        let marks = self.deep(&value);
        self.records.told.add(marks);
    }
}

/// Returns the marks of a part of the report that is told as it is.
fn whole(shape: super::value::Shape, rows: super::value::Rows, on: u16) -> Marks {
    use super::value::Shape;
    let mut marks = Marks::default();
    if matches!(shape, Shape::Header | Shape::Heading) {
        return marks;
    }
    if let Some(told) = marks.told.get_mut(rows as usize) {
        *told = Column::USER.bit();
    }
    marks.flags = flag::RAW | Fact { known: on & !known::ROOT, ..Fact::default() }.findings();
    marks
}

pub(super) fn external(name: &str) -> Value {
    if name.len() > 100 { Value::unknown() } else { Thing::External(name.into()).into() }
}

/// Names that a star import of something unknown is not taken to bring.
const BUILTINS: [&str; 40] = [
    "Exception",
    "KeyError",
    "StopIteration",
    "ValueError",
    "__name__",
    "all",
    "any",
    "bool",
    "bytes",
    "dict",
    "enumerate",
    "exit",
    "filter",
    "float",
    "format",
    "getattr",
    "hasattr",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "open",
    "print",
    "range",
    "repr",
    "reversed",
    "set",
    "setattr",
    "sorted",
    "str",
    "sum",
    "super",
    "tuple",
    "zip",
];

/// Returns where a function or a class begins.
pub(super) fn start(body: Body<'_>) -> TextRange {
    match body {
        Body::Def(def) => def.range(),
        Body::Lambda(lambda) => lambda.range(),
    }
}
