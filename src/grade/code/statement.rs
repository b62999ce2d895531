//! Statements.

use std::rc::Rc;

use ruff_python_ast::{
    ElifElseClause, ExceptHandler, Expr, Parameters, Pattern, Stmt, StmtClassDef, StmtFor, StmtFunctionDef,
    StmtIf, StmtImport, StmtImportFrom, StmtTry, StmtWhile,
};
use ruff_text_size::Ranged as _;

use super::machine::{Body, Class, Function, Kind, Machine, Variables, external};
use super::value::{Fact, Text, Thing, Value};

/// Where a statement leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Flow {
    /// To the next one.
    #[default]
    Next,
    /// Away: what follows in the block is not reached from it.
    Away,
}

impl<'a> Machine<'a> {
    /// Runs statements one after the other.
    pub(super) fn block(&mut self, body: &'a [Stmt]) -> Flow {
        let path = self.path;
        let flow = self.through(body);
        self.path = path;
        flow
    }

    /// Runs statements, and keeps what is known at their end.
    fn through(&mut self, body: &'a [Stmt]) -> Flow {
        for statement in body {
            if self.deeper(|machine| machine.statement(statement)) == Flow::Away {
                return Flow::Away;
            }
        }
        Flow::Next
    }

    fn statement(&mut self, statement: &'a Stmt) -> Flow {
        self.at = self.site(statement.range());
        match statement {
            Stmt::FunctionDef(def) => self.define(def),
            Stmt::ClassDef(def) => self.class(def),
            Stmt::Return(it) => {
                let value = it.value.as_ref().map_or_else(|| Thing::None.into(), |value| self.eval(value));
                let value = self.here_told(value);
                if let Some(frame) = self.frames.last_mut() {
                    frame.returned.join(&value);
                }
                return Flow::Away;
            }
            Stmt::Assign(it) => {
                let value = self.eval(&it.value);
                let value = self.here_told(value);
                for target in &it.targets {
                    self.assign(target, &value);
                }
            }
            Stmt::AnnAssign(it) => {
                if let Some(value) = &it.value {
                    let value = self.eval(value);
                    let value = self.here_told(value);
                    self.assign(&it.target, &value);
                }
            }
            Stmt::AugAssign(it) => {
                let (old, new) = (self.eval(&it.target), self.eval(&it.value));
                let value = self.combined(&old, &new);
                let value = self.here_told(value);
                self.assign(&it.target, &value);
            }
            Stmt::If(it) => return self.branch(it),
            Stmt::For(it) => return self.iterate(it),
            Stmt::While(it) => return self.repeat(it),
            Stmt::With(it) => {
                for item in &it.items {
                    let value = self.eval(&item.context_expr);
                    let entered = self.entered(&value);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, &entered);
                    }
                }
                // What is known behind the block is known because the block came to its end.
                return self.through(&it.body);
            }
            Stmt::Try(it) => return self.attempt(it),
            Stmt::Match(it) => {
                let subject = self.eval(&it.subject);
                let (before, path) = (self.variables().clone(), self.path);
                let mut after: Vec<Variables> = vec![before.clone()];
                self.path = path.and(self.deep(&subject).as_fact());
                for case in &it.cases {
                    *self.variables() = before.clone();
                    self.matched(&case.pattern, &subject);
                    if let Some(guard) = &case.guard {
                        self.eval(guard);
                    }
                    if self.block(&case.body) == Flow::Next {
                        after.push(self.variables().clone());
                    }
                }
                self.path = path;
                self.meet(after);
            }
            Stmt::Raise(it) => {
                for part in [&it.exc, &it.cause].into_iter().flatten() {
                    self.eval(part);
                }
                return Flow::Away;
            }
            Stmt::Assert(it) => {
                let test = self.eval(&it.test);
                if let (Some(holds), _) = test.sides() {
                    self.path = self.path.and(holds);
                }
            }
            Stmt::Import(it) => self.imports(it),
            Stmt::ImportFrom(it) => self.imports_from(it),
            Stmt::Global(it) => self.declare(it.names.iter().map(ruff_python_ast::Identifier::as_str), true),
            Stmt::Nonlocal(it) => {
                self.declare(it.names.iter().map(ruff_python_ast::Identifier::as_str), false);
            }
            Stmt::Expr(it) => {
                self.eval(&it.value);
            }
            Stmt::Break(_) | Stmt::Continue(_) => {
                let variables = self.variables().clone();
                if let Some(around) = self.loops.last_mut() {
                    around.push(variables);
                }
                return Flow::Away;
            }
            Stmt::Delete(_) | Stmt::TypeAlias(_) | Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => {}
        }
        Flow::Next
    }

    fn declare<'n>(&mut self, names: impl Iterator<Item = &'n str>, global: bool) {
        let here = self.here();
        if let Some(scope) = self.scopes.get_mut(here) {
            let set = if global { &mut scope.globals } else { &mut scope.outer };
            set.extend(names.map(Text::from));
        }
    }

    /// Joins what the variables are at the ends of several ways.
    fn meet(&mut self, ways: Vec<Variables>) {
        let mut ways = ways.into_iter();
        let Some(mut all) = ways.next() else { return };
        for way in ways {
            for (name, value) in way {
                match all.get_mut(&name) {
                    Some(known) if *known == value => {}
                    Some(known) => *known = Rc::new((**known).clone().or(&value)),
                    None => _ = all.insert(name, value),
                }
            }
        }
        *self.variables() = all;
    }

    fn branch(&mut self, it: &'a StmtIf) -> Flow {
        self.choose(&it.test, &it.body, &it.elif_else_clauses)
    }

    /// Follows a test both ways, unless it can come out one way only. When one way leads elsewhere, what follows is on
    /// the other.
    fn choose(&mut self, test: &'a Expr, body: &'a [Stmt], rest: &'a [ElifElseClause]) -> Flow {
        let value = self.eval(test);
        let (holds, fails) = if let Some(constant) = Self::constant(test, &value) {
            let fact = Some(Fact::default());
            if constant { (fact, None) } else { (None, fact) }
        } else {
            let mut marks = value.marks;
            marks.add(self.deep(&value).as_asked());
            let (holds, fails) = value.sides();
            let with = |side: Option<Fact>| Some(side.unwrap_or_default().and(marks.as_fact()));
            (with(holds), with(fails))
        };
        let (before, path) = (self.variables().clone(), self.path);
        let mut ends = Vec::new();
        let mut flows = (Flow::Away, Flow::Away);
        if let Some(fact) = holds {
            self.path = path.and(fact);
            flows.0 = self.block(body);
            if flows.0 == Flow::Next {
                ends.push(self.variables().clone());
            }
            *self.variables() = before;
        }
        if let Some(fact) = fails {
            self.path = path.and(fact);
            flows.1 = match rest.split_first() {
                None => Flow::Next,
                Some((clause, rest)) => match &clause.test {
                    Some(test) => self.deeper(|machine| machine.choose(test, &clause.body, rest)),
                    None => self.block(&clause.body),
                },
            };
            if flows.1 == Flow::Next {
                ends.push(self.variables().clone());
            }
        }
        self.meet(ends);
        self.path = match flows {
            (Flow::Next, Flow::Away) => path.and(holds.unwrap_or_default()),
            (Flow::Away, Flow::Next) => path.and(fails.unwrap_or_default()),
            _ => path,
        };
        if flows == (Flow::Away, Flow::Away) { Flow::Away } else { Flow::Next }
    }

    /// Returns how a test comes out that comes out one way only: `False`, `0`, or whether this is the main program.
    fn constant(test: &Expr, value: &Value) -> Option<bool> {
        match (test, value.only()?) {
            (Expr::UnaryOp(not), Thing::Bool(it)) => {
                Self::constant(&not.operand, &Thing::Bool(!it).into()).map(|inner| !inner)
            }
            (Expr::BooleanLiteral(_) | Expr::Name(_) | Expr::Compare(_), Thing::Bool(it))
                if value.test.is_none() && value.marks.is_empty() =>
            {
                Some(*it)
            }
            (Expr::NumberLiteral(_), Thing::Int(it)) => Some(*it != 0),
            (Expr::NoneLiteral(_), _) => Some(false),
            _ => None,
        }
    }

    fn iterate(&mut self, it: &'a StmtFor) -> Flow {
        let over = self.eval(&it.iter);
        let before = self.variables().clone();
        let path = self.path;
        let mut ends = vec![before];
        for _ in 0..2 {
            self.path = path.and(over.marks.as_fact());
            let element = self.elements(&over);
            self.assign(&it.target, &element);
            ends.extend(self.round(&it.body));
            self.meet(ends.clone());
        }
        self.path = path;
        self.otherwise(&it.orelse)
    }

    /// Runs what follows a loop that nobody broke out of: whoever did goes on behind it.
    fn otherwise(&mut self, body: &'a [Stmt]) -> Flow {
        let (before, path) = (self.variables().clone(), self.path);
        if self.block(body) == Flow::Away {
            *self.variables() = before;
            self.path = path;
        }
        Flow::Next
    }

    fn repeat(&mut self, it: &'a StmtWhile) -> Flow {
        let path = self.path;
        let mut ends = vec![self.variables().clone()];
        for _ in 0..2 {
            let test = self.eval(&it.test);
            let constant = Self::constant(&it.test, &test);
            if constant == Some(false) {
                return self.block(&it.orelse);
            }
            self.path = path.and(test.sides().0.unwrap_or_default());
            let round = self.round(&it.body);
            if round.is_empty() && constant == Some(true) {
                // Nothing leaves such a loop but a return.
                self.path = path;
                return Flow::Away;
            }
            ends.extend(round);
            self.meet(ends.clone());
        }
        self.path = path;
        self.otherwise(&it.orelse)
    }

    /// Runs the body of a loop once, and returns the variables wherever it ends.
    fn round(&mut self, body: &'a [Stmt]) -> Vec<Variables> {
        self.loops.push(Vec::new());
        let flow = self.block(body);
        let mut ends = self.loops.pop().unwrap_or_default();
        if flow == Flow::Next {
            ends.push(self.variables().clone());
        }
        ends
    }

    fn attempt(&mut self, it: &'a StmtTry) -> Flow {
        let (before, path) = (self.variables().clone(), self.path);
        let mut flow = self.through(&it.body);
        let after = self.variables().clone();
        let mut behind = self.path;
        let mut ends = Vec::new();
        if flow == Flow::Next {
            flow = self.block(&it.orelse);
            if flow == Flow::Next {
                ends.push(self.variables().clone());
            }
        }
        for handler in &it.handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            self.path = path;
            self.meet(vec![before.clone(), after.clone()]);
            if let Some(name) = &handler.name {
                self.bind(name.as_str(), Value::unknown());
            }
            self.excepting += 1;
            let end = self.block(&handler.body);
            self.excepting -= 1;
            if end == Flow::Next {
                flow = Flow::Next;
                behind = path;
                ends.push(self.variables().clone());
            }
        }
        self.path = behind;
        if ends.is_empty() {
            self.meet(vec![before, after]);
        } else {
            self.meet(ends);
        }
        if self.block(&it.finalbody) == Flow::Away { Flow::Away } else { flow }
    }

    /// Gives the names of a pattern what they may be.
    fn matched(&mut self, pattern: &'a Pattern, subject: &Value) {
        let part = self.elements(subject);
        match pattern {
            Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(it) => {
                it.patterns.iter().for_each(|inner| self.matched_deeper(inner, &part));
            }
            Pattern::MatchMapping(it) => {
                it.patterns.iter().for_each(|inner| self.matched_deeper(inner, &part));
            }
            Pattern::MatchClass(it) => {
                it.arguments.patterns.iter().for_each(|inner| self.matched_deeper(inner, &part));
            }
            Pattern::MatchStar(it) => {
                if let Some(name) = &it.name {
                    self.bind(name.as_str(), part);
                }
            }
            Pattern::MatchAs(it) => {
                if let Some(inner) = &it.pattern {
                    self.matched_deeper(inner, subject);
                }
                if let Some(name) = &it.name {
                    self.bind(name.as_str(), subject.clone());
                }
            }
            Pattern::MatchOr(it) => it.patterns.iter().for_each(|inner| self.matched_deeper(inner, subject)),
        }
    }

    fn matched_deeper(&mut self, pattern: &'a Pattern, subject: &Value) {
        self.deeper(|machine| machine.matched(pattern, subject));
    }

    fn imports(&mut self, it: &'a StmtImport) {
        for alias in &it.names {
            let name = alias.name.as_str();
            let local = self.local(name);
            let top = name.split('.').next().unwrap_or(name);
            match (&alias.asname, local) {
                (Some(other), Some(module)) => self.bind(other.as_str(), Thing::Module(module).into()),
                (Some(other), None) => self.bind(other.as_str(), external(name)),
                (None, _) => {
                    let value =
                        self.local(top).map_or_else(|| external(top), |module| Thing::Module(module).into());
                    self.bind(top, value);
                }
            }
        }
    }

    fn imports_from(&mut self, it: &'a StmtImportFrom) {
        let named = it.module.as_ref().map_or("", |module| module.as_str());
        let name = if it.level == 0 { named.to_owned() } else { self.relative(it.level, named) };
        let module = self.local(&name);
        for alias in &it.names {
            let part = alias.name.as_str();
            let bound = alias.asname.as_ref().map_or(part, |other| other.as_str());
            if part == "*" {
                let here = self.here();
                let scope = module.and_then(|module| self.modules.get(module)).map(|module| module.scope);
                if let Some(all) = scope.and_then(|scope| self.scopes.get(scope)) {
                    let all = all.variables.clone();
                    self.variables().extend(all);
                } else if let Some(scope) = self.scopes.get_mut(here) {
                    scope.stars.push(name.as_str().into());
                }
                continue;
            }
            let inner = self.local(&if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") });
            let found = module.map(|module| self.attribute(&Thing::Module(module).into(), part));
            let value = match (found, inner) {
                (Some(value), _) if !value.is_nothing() => value,
                (_, Some(inner)) => Thing::Module(inner).into(),
                _ => external(&format!("{name}.{part}")),
            };
            self.bind(bound, value);
        }
    }

    /// Returns the absolute name of a module that was named from the package of this one.
    fn relative(&self, level: u32, name: &str) -> String {
        let module = self.frames.last().map_or(0, |frame| frame.module);
        let package = self.modules.get(module).map_or("", |module| module.package.as_str());
        let mut parts: Vec<&str> = package.split('.').filter(|part| !part.is_empty()).collect();
        parts.truncate(parts.len().saturating_sub(level.saturating_sub(1) as usize));
        parts.extend(name.split('.').filter(|part| !part.is_empty()));
        parts.join(".")
    }

    /// Runs and returns a module of the student's own.
    fn local(&mut self, name: &str) -> Option<usize> {
        let here = self.frames.last().map_or(0, |frame| frame.module);
        let package = self.modules.get(here).map_or(String::new(), |module| module.package.clone());
        let beside = format!("{package}.{name}");
        let find = |name: &str| self.modules.iter().position(|module| module.name == name);
        // A folder that was packed whole: what is beside the importing module is meant.
        let found = find(name).or_else(|| find(&beside))?;
        self.import(found);
        Some(found)
    }

    fn define(&mut self, def: &'a StmtFunctionDef) {
        let defaults = self.defaults(&def.parameters);
        let kind =
            def.decorator_list.iter().fold(Kind::Plain, |kind, decorator| match &decorator.expression {
                Expr::Name(name) if name.id.as_str() == "staticmethod" => Kind::Static,
                Expr::Name(name) if name.id.as_str() == "classmethod" => Kind::OfClass,
                Expr::Name(name) if name.id.as_str() == "property" => Kind::Property,
                Expr::Attribute(it) if it.attr.as_str() == "cached_property" => Kind::Property,
                Expr::Name(name) if name.id.as_str() == "cached_property" => Kind::Property,
                _ => kind,
            });
        let function = self.function(Body::Def(def), defaults, kind);
        let mut value: Value = Thing::Function(function).into();
        for decorator in def.decorator_list.iter().rev() {
            let around = self.eval(&decorator.expression);
            let own = around.things.iter().any(|thing| {
                matches!(thing, Thing::Function(_) | Thing::Method(..) | Thing::Class(_) | Thing::Object(_))
            });
            if own {
                let wrapped = self.apply(&around, &super::call::Arguments::one(value.clone()));
                let callable = wrapped
                    .things
                    .iter()
                    .any(|thing| matches!(thing, Thing::Function(_) | Thing::Method(..) | Thing::Object(_)));
                if callable {
                    value = wrapped;
                }
            }
        }
        self.bind(def.name.as_str(), value);
    }

    /// Evaluates what parameters are when they are not given.
    pub(super) fn defaults(&mut self, parameters: &'a Parameters) -> std::collections::BTreeMap<Text, Value> {
        let mut defaults = std::collections::BTreeMap::new();
        let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        for parameter in all {
            if let Some(default) = parameter.default() {
                let value = self.eval(default);
                defaults.insert(Text::from(parameter.name().as_str()), value);
            }
        }
        defaults
    }

    /// Returns the function of a definition; the same for the same surroundings.
    pub(super) fn function(
        &mut self,
        body: Body<'a>,
        defaults: std::collections::BTreeMap<Text, Value>,
        kind: Kind,
    ) -> usize {
        let scope = self.here();
        let site = self.site(super::machine::start(body));
        if let Some(&id) = self.made.get(&(scope, site)) {
            return id;
        }
        let id = self.functions.len();
        let (results, calls) = (Value::default(), 0);
        self.functions.push(Function { body, module: site.module, scope, defaults, kind, results, calls });
        self.made.insert((scope, site), id);
        id
    }

    fn class(&mut self, def: &'a StmtClassDef) {
        let mut bases = Value::default();
        for base in def.arguments.iter().flat_map(|arguments| &arguments.args) {
            let base = self.eval(base);
            bases.join(&base);
        }
        // Names of a class body are found in the body, and as attributes; methods do not see them.
        let here = self.here();
        let scope = self.scope(Some(here));
        if let Some(frame) = self.frames.last_mut() {
            frame.scope = scope;
        }
        self.block(&def.body);
        if let Some(frame) = self.frames.last_mut() {
            frame.scope = here;
        }
        for function in &mut self.functions {
            if function.scope == scope {
                function.scope = here;
            }
        }
        self.classes.push(Class { def, scope, bases });
        let id = self.classes.len() - 1;
        self.bind(def.name.as_str(), Thing::Class(id).into());
    }

    /// Gives a target a value: a name, an attribute, an entry, or several.
    pub(super) fn assign(&mut self, target: &'a Expr, value: &Value) {
        self.deeper(|machine| match target {
            Expr::Name(name) => machine.bind(name.id.as_str(), value.clone()),
            Expr::Starred(it) => {
                let site = machine.site(it.range());
                let element = machine.elements(value);
                let list = machine.list(site, 0, &element);
                machine.assign(&it.value, &list);
            }
            Expr::Tuple(it) => machine.unpack(&it.elts, value),
            Expr::List(it) => machine.unpack(&it.elts, value),
            Expr::Attribute(it) => {
                let receiver = machine.eval(&it.value);
                machine.set_attribute(&receiver, it.attr.as_str(), value);
            }
            Expr::Subscript(it) => {
                let (receiver, index) = (machine.eval(&it.value), machine.eval(&it.slice));
                let keys: Vec<Text> = index.texts().cloned().collect();
                if receiver.things.iter().any(|thing| matches!(thing, Thing::Unknown)) {
                    machine.lose(value);
                }
                for thing in &receiver.things {
                    if let Thing::Object(id) = thing {
                        if keys.is_empty() {
                            machine.put(*id, None, value);
                            let marks = machine.deep(&index);
                            if !marks.is_empty() {
                                machine.put(*id, None, &Value::made_from(marks));
                            }
                        }
                        for key in &keys {
                            machine.put(*id, Some(key), value);
                        }
                    }
                }
            }
            _ => {}
        });
    }

    fn unpack(&mut self, targets: &'a [Expr], value: &Value) {
        for (place, target) in (0..).zip(targets) {
            let part = if matches!(target, Expr::Starred(_)) {
                value.clone()
            } else {
                self.item(value, &Thing::Int(place).into())
            };
            self.assign(target, &part);
        }
    }

    pub(super) fn set_attribute(&mut self, receiver: &Value, name: &str, value: &Value) {
        for thing in &receiver.things {
            match thing {
                Thing::Object(id) => self.put(*id, Some(name), value),
                Thing::Module(id) => {
                    let scope = self.modules.get(*id).map(|module| module.scope);
                    if let Some(scope) = scope.and_then(|scope| self.scopes.get_mut(scope)) {
                        let old = scope.variables.get(name).map(|old| (**old).clone()).unwrap_or_default();
                        scope.variables.insert(name.into(), Rc::new(old.or(value)));
                    }
                }
                Thing::Class(id) => {
                    let scope = self.classes.get(*id).map(|class| class.scope);
                    if let Some(scope) = scope.and_then(|scope| self.scopes.get_mut(scope)) {
                        scope.variables.insert(name.into(), Rc::new(value.clone()));
                    }
                }
                _ => {}
            }
        }
    }
}
