//! Reads the sources of a package: parses them, runs the handler on what its values may be, and notes what is there
//! without being reached.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Alias, ExceptHandler, Expr, ModModule, Parameter, Pattern, PythonVersion, Stmt};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged as _;

use super::call::Arguments;
use super::machine::{Machine, Module, Records, Site};
use super::package::Package;
use super::secrets;
use super::value::{Thing, Value};
use crate::report::escape;

/// The stack that reading gets. A parser and what walks its tree go as deep as the source is nested; the source is
/// bounded, and so is this.
const STACK: usize = 256 << 20;
/// The most brackets within each other: Python's own limit.
const BRACKETS: usize = 200;
/// The longest line of evidence, in characters.
const LINE: usize = 120;
/// Names that handlers have when the one that is set is not there.
const HANDLERS: [&str; 3] = ["lambda_handler", "handler", "main"];

/// What reading came to.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) records: Records,
    /// Paths and masked texts of the modules.
    pub(super) sources: Vec<(String, String)>,
    /// The first syntax error of what runs: `path:line`, and what is wrong.
    pub(super) error: Option<(String, String)>,
    /// Syntax errors of what does not run, and what Python 3.9 does not read.
    pub(super) remarks: Vec<String>,
    /// Whether there is a statement at all.
    pub(super) is_empty: bool,
    /// Whether the function that the configuration names is there.
    pub(super) has_handler: bool,
    pub(super) intricate: bool,
    /// Methods that are called anywhere, and texts that stand anywhere, reached or not.
    pub(super) calls: BTreeMap<String, Site>,
    pub(super) texts: BTreeMap<String, Site>,
    /// Environment variables that hold credentials.
    pub(super) variables: Vec<String>,
}

impl Reading {
    /// Reads. It takes a thread of its own for its stack.
    pub(super) fn of(
        package: &Package,
        handler: &str,
        environment: &BTreeMap<String, String>,
    ) -> Option<Self> {
        thread::scope(|scope| {
            let builder = thread::Builder::new().name("code".into()).stack_size(STACK);
            let thread = builder.spawn_scoped(scope, || read(package, handler, environment)).ok()?;
            thread.join().ok()
        })
    }

    /// Shows a place: `lambda_function.py:14: sts.assume_role(...)`.
    pub(super) fn line(&self, site: Site) -> String {
        let Some((path, text)) = self.sources.get(site.module) else { return String::new() };
        let (number, line) = line_at(text, site.offset as usize);
        let line: String = line.trim().chars().take(LINE).collect();
        format!("{path}:{number}: {}", escape::visible(&line))
    }
}

/// Returns the number of the line at an offset, from 1, and the line.
fn line_at(text: &str, offset: usize) -> (usize, &str) {
    let offset = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (before, after) = text.split_at(offset);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = after.find('\n').map_or(text.len(), |at| offset + at);
    (before.matches('\n').count() + 1, text.get(start..end).unwrap_or_default())
}

fn read(package: &Package, handler: &str, environment: &BTreeMap<String, String>) -> Reading {
    let mut reading = Reading::default();
    let mut trees: Vec<Result<ModModule, (String, String)>> = Vec::new();
    let mut old = Vec::new();
    for (path, text) in &package.sources {
        // Masked already, unless somebody wrote the evidence by hand.
        let (text, _) = secrets::mask(text);
        let (tree, unsupported) = parse(path, &text);
        old.push(unsupported);
        trees.push(tree);
        reading.sources.push((path.clone(), text));
    }
    let mut machine = Machine::new(environment);
    for ((path, _), tree) in reading.sources.iter().zip(&trees) {
        let stem = path.trim_end_matches(".py").replace('/', ".");
        let name = stem.trim_end_matches(".__init__").to_owned();
        let package = if stem.ends_with("__init__") {
            name.clone()
        } else {
            name.rsplit_once('.').map_or(String::new(), |(package, _)| package.to_owned())
        };
        let scope = machine.scope(None);
        let named = Value::text(&format!("<module>{name}"));
        if let Some(scope) = machine.scopes.get_mut(scope) {
            scope.variables.insert("__name__".into(), std::rc::Rc::new(named));
        }
        machine.modules.push(Module { name, package, tree: tree.as_ref().ok(), scope, ran: false });
    }
    for tree in trees.iter().flatten() {
        let mut names = Bound { names: std::mem::take(&mut machine.bound), depth: 0 };
        names.visit_body(&tree.body);
        machine.bound = names.names;
    }
    let (file, function) = handler.rsplit_once('.').unwrap_or(("", handler));
    let main = entry(&machine, file, function);
    if let Some((main, exact)) = main {
        machine.import(main);
        let module = Value::from(Thing::Module(main));
        let mut found = machine.attribute(&module, function);
        reading.has_handler = exact && !found.is_nothing();
        for name in HANDLERS {
            if found.is_nothing() {
                found = machine.attribute(&module, name);
            }
        }
        machine.in_handler = true;
        if !found.is_nothing() {
            machine.at = Site { module: main, offset: 0 };
            let given =
                Arguments { places: vec![Value::unknown(), Value::unknown()], ..Arguments::default() };
            let answer = machine.apply(&found, &given);
            machine.tell(&answer);
        }
    }
    reading.intricate = machine.intricate;
    reading.records = std::mem::take(&mut machine.records);
    let ran: BTreeSet<usize> =
        machine.modules.iter().enumerate().filter(|(_, module)| module.ran).map(|(at, _)| at).collect();
    drop(machine);
    reading.is_empty = trees.iter().flatten().all(|tree| tree.body.is_empty());
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            Ok(tree) => {
                let mut there =
                    There { module: at, calls: BTreeMap::new(), texts: BTreeMap::new(), depth: 0 };
                there.visit_body(&tree.body);
                for (name, site) in there.calls {
                    reading.calls.entry(name).or_insert(site);
                }
                for (text, site) in there.texts {
                    reading.texts.entry(text).or_insert(site);
                }
            }
            Err(error) if ran.contains(&at) || main.is_none() => {
                _ = reading.error.get_or_insert_with(|| error.clone());
            }
            Err((place, why)) => {
                reading.remarks.push(format!("{place} cannot be read: {why}; nothing imports it"));
            }
        }
    }
    reading.remarks.extend(old.into_iter().flatten().take(1));
    let variables = environment.iter().filter_map(|(name, value)| {
        let kind = secrets::holds(name, value)?;
        Some(format!("the environment variable {} holds {}", escape::visible(name), kind.words()))
    });
    reading.variables = variables.take(20).collect();
    reading
}

/// Returns the module of the handler, and whether it is where the configuration says; else the likeliest one.
fn entry(machine: &Machine<'_>, file: &str, function: &str) -> Option<(usize, bool)> {
    let name = file.trim_end_matches(".py").replace('/', ".");
    let find = |wanted: &dyn Fn(&Module<'_>) -> bool| machine.modules.iter().position(wanted);
    if let Some(found) = find(&|module| module.name == name) {
        return Some((found, true));
    }
    let ends = |module: &Module<'_>, last: &str| module.name.rsplit('.').next() == Some(last);
    let defines = |module: &Module<'_>, wanted: &str| {
        let mut body = module.tree.iter().flat_map(|tree| &tree.body);
        body.any(|statement| matches!(statement, ruff_python_ast::Stmt::FunctionDef(def) if def.name.as_str() == wanted))
    };
    let last = name.rsplit('.').next().unwrap_or_default().to_owned();
    let found = find(&|module| ends(module, &last))
        .or_else(|| find(&|module| defines(module, function)))
        .or_else(|| find(&|module| ends(module, "lambda_function")))
        .or_else(|| HANDLERS.iter().find_map(|name| find(&|module| defines(module, name))))
        .or(if machine.modules.len() == 1 { Some(0) } else { None });
    found.map(|found| (found, false))
}

type Tree = Result<ModModule, (String, String)>;

/// Parses a source as the newest Python that is known; returns, too, what Python 3.9 does not read of it.
fn parse(path: &str, text: &str) -> (Tree, Option<String>) {
    if let Some(line) = too_nested(text) {
        let why = "more brackets within each other than Python takes".to_owned();
        return (Err((format!("{path}:{line}"), why)), None);
    }
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY39);
    let parsed = parse_unchecked(text, options);
    let place = |offset: usize| format!("{path}:{}", line_at(text, offset).0);
    if let Some(error) = parsed.errors().first() {
        let why = error.error.to_string();
        let why: String = escape::visible(&why).chars().take(300).collect();
        return (Err((place(error.location.start().to_usize()), why)), None);
    }
    let unsupported = parsed.unsupported_syntax_errors().first();
    let unsupported = unsupported
        .map(|error| format!("{}: {error}", place(error.range.start().to_usize())))
        .map(|text| escape::visible(&text).into_owned());
    match parsed.into_syntax() {
        ruff_python_ast::Mod::Module(tree) => (Ok(tree), unsupported),
        ruff_python_ast::Mod::Expression(_) => (Err((place(0), "it is no module".to_owned())), None),
    }
}

/// Returns the line where brackets are nested too deep. Texts and comments do not count.
fn too_nested(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut line, mut depth) = (0, 1, 0_usize);
    let mut quote: Option<(u8, bool)> = None;
    while let Some(&byte) = bytes.get(at) {
        line += usize::from(byte == b'\n');
        let triple = |byte: u8| bytes.get(at..at + 3).is_some_and(|three| three.iter().all(|it| *it == byte));
        match quote {
            Some((mark, long)) => match byte {
                b'\\' => at += 1,
                _ if byte == mark && long && triple(mark) => {
                    quote = None;
                    at += 2;
                }
                _ if byte == mark && !long => quote = None,
                b'\n' if !long => quote = None,
                _ => {}
            },
            None => match byte {
                b'#' => {
                    while bytes.get(at + 1).is_some_and(|next| *next != b'\n') {
                        at += 1;
                    }
                }
                b'"' | b'\'' => {
                    let long = triple(byte);
                    quote = Some((byte, long));
                    at += if long { 2 } else { 0 };
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
        if depth > BRACKETS {
            return Some(line);
        }
        at += 1;
    }
    None
}

/// Looks for calls and texts, reached or not.
struct There {
    module: usize,
    calls: BTreeMap<String, Site>,
    texts: BTreeMap<String, Site>,
    depth: usize,
}

impl<'a> Visitor<'a> for There {
    fn visit_expr(&mut self, expression: &'a Expr) {
        let site = Site { module: self.module, offset: expression.range().start().to_u32() };
        match expression {
            Expr::Call(call) => {
                if let Expr::Attribute(function) = &*call.func {
                    self.calls.entry(function.attr.to_string()).or_insert(site);
                }
            }
            Expr::Attribute(it) => {
                self.texts.entry(it.attr.to_string()).or_insert(site);
            }
            Expr::StringLiteral(text) if text.value.len() < 64 => {
                self.texts.entry(text.value.to_str().to_owned()).or_insert(site);
            }
            _ => {}
        }
        self.depth += 1;
        if self.depth < 2_000 {
            visitor::walk_expr(self, expression);
        }
        self.depth -= 1;
    }
}

/// Looks for names that are given to something.
struct Bound {
    names: BTreeSet<String>,
    depth: usize,
}

impl<'a> Visitor<'a> for Bound {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) => _ = self.names.insert(def.name.to_string()),
            Stmt::ClassDef(def) => _ = self.names.insert(def.name.to_string()),
            Stmt::Global(it) => self.names.extend(it.names.iter().map(ToString::to_string)),
            _ => {}
        }
        self.depth += 1;
        if self.depth < 2_000 {
            visitor::walk_stmt(self, statement);
        }
        self.depth -= 1;
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && name.ctx.is_store()
        {
            self.names.insert(name.id.to_string());
        }
        self.depth += 1;
        if self.depth < 2_000 {
            visitor::walk_expr(self, expression);
        }
        self.depth -= 1;
    }

    fn visit_alias(&mut self, alias: &'a Alias) {
        let name = alias.asname.as_ref().unwrap_or(&alias.name);
        self.names.insert(name.split('.').next().unwrap_or_default().to_owned());
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.names.insert(parameter.name.to_string());
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(it) = handler;
        self.names.extend(it.name.as_ref().map(ToString::to_string));
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchAs(it) => self.names.extend(it.name.as_ref().map(ToString::to_string)),
            Pattern::MatchStar(it) => self.names.extend(it.name.as_ref().map(ToString::to_string)),
            Pattern::MatchMapping(it) => self.names.extend(it.rest.as_ref().map(ToString::to_string)),
            _ => {}
        }
        visitor::walk_pattern(self, pattern);
    }
}
