//! Expressions.

use ruff_python_ast::{
    BoolOp, Comprehension, Expr, ExprDict, FStringPart, InterpolatedStringElement, Number, Operator, UnaryOp,
};
use ruff_text_size::Ranged as _;

use super::call::Arguments;
use super::columns::Column;
use super::compare::both;
use super::machine::{Body, Kind, Machine};
use super::shape;
use super::value::{Marks, Shape, Text, Thing, Value, behind};

impl<'a> Machine<'a> {
    /// Returns what an expression may stand for.
    pub(super) fn eval(&mut self, expression: &'a Expr) -> Value {
        let before = self.at;
        let value = self.deeper(|machine| machine.evaluate(expression));
        self.at = before;
        if value.is_nothing() && self.intricate { Value::unknown().or(&value) } else { value }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of expression")]
    fn evaluate(&mut self, expression: &'a Expr) -> Value {
        self.at = self.site(expression.range());
        let site = self.at;
        match expression {
            Expr::StringLiteral(it) => {
                let text = it.value.to_str();
                if text.len() > 4_096 { Value::unknown() } else { Value::text(text) }
            }
            Expr::BytesLiteral(it) => {
                let bytes: Vec<u8> = it.value.bytes().take(4_096).collect();
                Value::text(&String::from_utf8_lossy(&bytes))
            }
            Expr::NumberLiteral(it) => match &it.value {
                Number::Int(int) => int.as_i64().map_or_else(Value::unknown, |int| Thing::Int(int).into()),
                _ => Value::unknown(),
            },
            Expr::BooleanLiteral(it) => Thing::Bool(it.value).into(),
            Expr::NoneLiteral(_) => Thing::None.into(),
            Expr::Name(name) => self.lookup(name.id.as_str()).limited(self.path.known),
            Expr::Attribute(it) => {
                let receiver = self.eval(&it.value);
                self.attribute(&receiver, it.attr.as_str()).limited(self.path.known)
            }
            Expr::Subscript(it) => {
                let (receiver, index) = (self.eval(&it.value), self.eval(&it.slice));
                self.at = site;
                self.item(&receiver, &index).limited(self.path.known)
            }
            Expr::Call(it) => {
                let arguments = self.arguments(&it.arguments);
                if let Expr::Attribute(function) = &*it.func {
                    let receiver = self.eval(&function.value);
                    self.at = site;
                    return self.method(&receiver, function.attr.as_str(), &arguments);
                }
                let function = self.eval(&it.func);
                self.at = site;
                self.apply(&function, &arguments)
            }
            Expr::BoolOp(it) => self.logical(it.op, &it.values),
            Expr::UnaryOp(it) => {
                let value = self.eval(&it.operand);
                match (it.op, value.only()) {
                    (UnaryOp::Not | UnaryOp::Invert, only) => {
                        let constant = match only {
                            Some(Thing::Bool(is)) if value.test.is_none() => Thing::Bool(!is),
                            _ => Thing::Unknown,
                        };
                        let (holds, fails) = value.sides();
                        let mut out: Value = constant.clone().into();
                        out.marks.add(self.deep(&value).as_asked());
                        out.test = (constant == Thing::Unknown).then_some((fails, holds));
                        out
                    }
                    (UnaryOp::USub, Some(Thing::Int(int))) => Thing::Int(int.saturating_neg()).into(),
                    _ => Value::made_from(value.marks),
                }
            }
            Expr::Compare(it) => self.compare(it),
            Expr::If(it) => self.conditional(&it.test, &it.body, &it.orelse),
            Expr::BinOp(it) => {
                let (left, right) = (self.eval(&it.left), self.eval(&it.right));
                let tests = matches!(it.op, Operator::BitAnd | Operator::BitOr);
                if tests && (left.test.is_some() || right.test.is_some()) {
                    // A data frame's `and` and `or`.
                    return both(&left, &right, it.op == Operator::BitAnd);
                }
                if let Some(set) = self.sets(&left, it.op, &right) {
                    return set;
                }
                if let Some(sum) = sums(&left, it.op, &right) {
                    return sum;
                }
                let template = left.texts().next().cloned().filter(|_| it.op == Operator::Mod);
                if let Some(template) = template {
                    return self.formatted(&template, &right);
                }
                self.combined(&left, &right)
            }
            Expr::FString(it) => {
                let mut marks = Marks::default();
                let mut texts = Some(vec![String::new()]);
                for part in &it.value {
                    match part {
                        FStringPart::Literal(literal) => {
                            texts = behind(texts, Some(&[literal.as_str().to_owned()]));
                        }
                        FStringPart::FString(inner) => {
                            for element in &inner.elements {
                                let more = match element {
                                    InterpolatedStringElement::Literal(literal) => {
                                        Some(vec![literal.value.to_string()])
                                    }
                                    InterpolatedStringElement::Interpolation(it) => {
                                        let value = self.eval(&it.expression);
                                        marks.add(self.deep(&value));
                                        value.readings()
                                    }
                                };
                                texts = behind(texts, more.as_deref());
                            }
                        }
                    }
                }
                let mut value = Value::reads(texts);
                value.marks.add(marks);
                value
            }
            Expr::List(it) => self.collection(&it.elts, false),
            Expr::Set(it) => self.collection(&it.elts, false),
            Expr::Tuple(it) => self.collection(&it.elts, true),
            Expr::Dict(it) => self.dictionary(it),
            Expr::ListComp(it) => self.comprehension(None, &it.elt, &it.generators, site),
            Expr::SetComp(it) => self.comprehension(None, &it.elt, &it.generators, site),
            Expr::Generator(it) => self.comprehension(None, &it.elt, &it.generators, site),
            Expr::DictComp(it) => self.comprehension(it.key.as_deref(), &it.value, &it.generators, site),
            Expr::Lambda(it) => {
                let defaults = it.parameters.as_ref().map(|it| self.defaults(it)).unwrap_or_default();
                Thing::Function(self.function(Body::Lambda(it), defaults, Kind::Plain)).into()
            }
            Expr::Named(it) => {
                let value = self.eval(&it.value);
                let value = self.here_told(value);
                self.assign(&it.target, &value);
                value
            }
            Expr::Await(it) => self.eval(&it.value),
            Expr::Starred(it) => self.eval(&it.value),
            Expr::Yield(it) => {
                let value = it.value.as_ref().map_or_else(|| Thing::None.into(), |value| self.eval(value));
                self.give(value);
                Value::unknown()
            }
            Expr::YieldFrom(it) => {
                let value = self.eval(&it.value);
                let element = self.elements(&value);
                self.give(element);
                Value::unknown()
            }
            Expr::Slice(it) => {
                let bound = |machine: &mut Self, bound: Option<&'a Expr>| bound.map(|it| machine.eval(it));
                let lower = bound(self, it.lower.as_deref());
                bound(self, it.upper.as_deref());
                bound(self, it.step.as_deref());
                let from_start = lower.is_none_or(|lower| matches!(lower.only(), Some(Thing::Int(0))));
                // A slice has a name of its own, which no program can write.
                super::machine::external(if from_start { "<slice>" } else { "<tail>" })
            }
            Expr::TString(_) | Expr::EllipsisLiteral(_) | Expr::IpyEscapeCommand(_) => Value::unknown(),
        }
    }

    fn give(&mut self, value: Value) {
        let value = self.here_told(value);
        if let Some(frame) = self.frames.last_mut() {
            frame.yielded.get_or_insert_with(Value::default).join(&value);
        }
    }

    /// Returns what an operation on two values gives: texts and lists are put together.
    pub(super) fn combined(&mut self, left: &Value, right: &Value) -> Value {
        let is_list = |thing: &Thing| matches!(thing, Thing::Object(_) | Thing::Report(..));
        if left.things.iter().any(is_list) && !left.things.iter().any(|thing| matches!(thing, Thing::Str(_)))
        {
            let (mut all, more) = (self.elements(left), self.elements(right));
            all.join(&more);
            let list = self.list(self.at, 7, &all);
            // What was a list stays that list, too: `+=` changes it.
            for thing in &left.things {
                if let Thing::Object(id) = thing {
                    self.put(*id, None, &more);
                }
            }
            return list.or(left);
        }
        let mut marks = self.deep(left);
        marks.add(self.deep(right));
        let mut value = Value::reads(behind(left.readings(), right.readings().as_deref()));
        value.marks.add(marks);
        value
    }

    /// Returns what `"…%s…" % value` gives.
    fn formatted(&mut self, template: &str, value: &Value) -> Value {
        let several = value.things.iter().any(|thing| matches!(thing, Thing::Object(_)));
        let mut texts = Some(vec![String::new()]);
        let mut pieces = template.split('%');
        texts = behind(texts, pieces.next().map(|piece| vec![piece.to_owned()]).as_deref());
        for (place, piece) in pieces.enumerate() {
            let place = i64::try_from(place).unwrap_or(0);
            let part = if several { self.item(value, &Thing::Int(place).into()) } else { value.clone() };
            texts = behind(texts, part.readings().as_deref());
            // What stands behind `%s` or `%d`.
            texts = behind(texts, Some(&[piece.get(1..).unwrap_or_default().to_owned()]));
        }
        let mut out = Value::reads(texts);
        out.marks.add(self.deep(value));
        out
    }

    fn logical(&mut self, op: BoolOp, values: &'a [Expr]) -> Value {
        let path = self.path;
        let mut out: Option<Value> = None;
        for value in values {
            let value = self.eval(value);
            let (holds, fails) = value.sides();
            out = Some(match out {
                None => value,
                Some(before) => {
                    let mut joined = both(&before, &value, op == BoolOp::And);
                    joined.things = before.things.union(&value.things).cloned().collect();
                    let told = self.here_told(value);
                    joined.marks.add(told.marks);
                    joined
                }
            });
            let side = if op == BoolOp::And { holds } else { fails };
            self.path = self.path.and(side.unwrap_or_default());
        }
        self.path = path;
        self.join_key_tests(op, values);
        out.unwrap_or_default()
    }

    fn conditional(&mut self, test: &'a Expr, body: &'a Expr, orelse: &'a Expr) -> Value {
        let test = self.eval(test);
        let path = self.path;
        let (holds, fails) = test.sides();
        let marks = self.deep(&test).as_fact();
        self.path = path.and(holds.unwrap_or_default()).and(marks);
        let one = self.eval(body);
        let one = self.here_told(one);
        self.path = path.and(fails.unwrap_or_default()).and(marks);
        let other = self.eval(orelse);
        let other = self.here_told(other);
        self.path = path;
        one.or(&other)
    }

    fn collection(&mut self, elements: &'a [Expr], tuple: bool) -> Value {
        let site = self.at;
        let id = self.object(site, 0);
        for (place, element) in elements.iter().enumerate() {
            let starred = matches!(element, Expr::Starred(_));
            let mut value = self.eval(element);
            if starred {
                value = self.elements(&value);
            }
            let ordered = !starred && place < 64;
            if let Some(object) = self.objects.get_mut(id) {
                object.ordered = true;
            }
            let name = place.to_string();
            self.put(id, ordered.then_some(name.as_str()), &value);
        }
        if let Some(object) = self.objects.get_mut(id) {
            object.ordered |= tuple;
        }
        Thing::Object(id).into()
    }

    fn dictionary(&mut self, it: &'a ExprDict) -> Value {
        let id = self.object(self.at, 0);
        for item in &it.items {
            let value = self.eval(&item.value);
            match &item.key {
                Some(key) => {
                    let key = self.eval(key);
                    let names: Vec<Text> = key.texts().cloned().collect();
                    for name in &names {
                        self.put(id, Some(name), &value);
                    }
                    if names.is_empty() {
                        self.put(id, None, &value);
                        let marks = Value::made_from(self.deep(&key));
                        self.put(id, None, &marks);
                    }
                }
                None => self.spread(id, &value),
            }
        }
        Thing::Object(id).into()
    }

    /// Copies the entries of a dictionary into an object.
    pub(super) fn spread(&mut self, into: usize, value: &Value) {
        for thing in &value.things {
            match thing {
                Thing::Object(from) => {
                    let Some(object) = self.objects.get(*from) else { continue };
                    let (fields, rest) = (object.fields.clone(), object.rest.clone());
                    for (name, field) in &fields {
                        self.put(into, Some(name), field);
                    }
                    if !rest.is_nothing() {
                        self.put(into, None, &rest);
                    }
                }
                other => self.put(into, None, &other.clone().into()),
            }
        }
    }

    fn comprehension(
        &mut self,
        key: Option<&'a Expr>,
        element: &'a Expr,
        generators: &'a [Comprehension],
        site: super::machine::Site,
    ) -> Value {
        let (before, path) = (self.variables().clone(), self.path);
        let mut over_marks = Marks::default();
        let (mut row, mut whole) = (None, None);
        for generator in generators {
            let over = self.eval(&generator.iter);
            if let (Some(_), Some(Thing::Report(Shape::Pairs, rows))) = (key, over.only()) {
                // Headings and cells in pairs, as `dict()` takes them.
                let whole = Thing::Report(Shape::Row, *rows).into();
                row = Some(Value { known: over.known, marks: over.marks, ..whole });
            }
            over_marks.add(over.marks);
            if let Some(Thing::Report(shape, _)) = over.only() {
                whole = Some(*shape);
            }
            let part = self.elements(&over);
            self.assign(&generator.target, &part);
            for test in &generator.ifs {
                let test = self.eval(test);
                let marks = self.deep(&test).as_fact();
                self.path = self.path.and(test.sides().0.unwrap_or_default()).and(marks);
            }
        }
        if let Some(row) = row {
            *self.variables() = before;
            self.path = path;
            return row;
        }
        let id = self.object(site, 1);
        let value = self.eval(element);
        let mut names = Vec::new();
        let mut picked = None;
        if let Some(key) = key {
            let key = self.eval(key);
            if key.things.iter().any(|thing| matches!(thing, Thing::Report(Shape::Heading, _))) {
                picked = value.things.iter().find_map(|thing| match thing {
                    Thing::Cell(column, rows, _) if *column == Column::SOME => Some(*rows),
                    _ => None,
                });
            }
            names.extend(key.texts().cloned());
            let marks = self.deep(&key);
            if shape::maps_headings(&key, &value) {
                self.put(id, None, &Thing::AnyIndex.into());
            } else {
                self.put(id, None, &Value::made_from(marks));
            }
        }
        for name in &names {
            self.put(id, Some(name), &value);
        }
        if names.is_empty() {
            self.put(id, None, &value);
        }
        *self.variables() = before;
        let kept = self.path == path;
        self.path = path;
        // Every line cut into its cells.
        let lists = match (generators, value.only()) {
            ([_], Some(Thing::Report(Shape::Cells, _))) if key.is_none() && kept => {
                whole.and_then(|shape| match shape {
                    Shape::Lines => Some(Shape::Lists),
                    Shape::Body => Some(Shape::BodyLists),
                    _ => None,
                })
            }
            _ => None,
        };
        if let (Some(shape), Some(Thing::Report(_, rows))) = (lists, value.only()) {
            return Value { known: value.known, marks: over_marks, ..Thing::Report(shape, *rows).into() };
        }
        let mut out: Value = Thing::Object(id).into();
        // Some columns of a row under their names are a row, too.
        out.things.extend(picked.map(|rows| Thing::Report(Shape::Row, rows)));
        out.marks.add(over_marks);
        out
    }

    pub(super) fn arguments(&mut self, it: &'a ruff_python_ast::Arguments) -> Arguments {
        let mut arguments = Arguments::default();
        for argument in &it.args {
            let value = self.eval(argument);
            if matches!(argument, Expr::Starred(_)) {
                let element = self.elements(&value);
                let fields = value.things.iter().find_map(|thing| match thing {
                    Thing::Object(id) => self.objects.get(*id).filter(|object| object.ordered),
                    _ => None,
                });
                let count = fields.map_or(0, |object| object.fields.len());
                for place in 0..count {
                    let place = i64::try_from(place).unwrap_or(0);
                    let part = self.item(&value, &Thing::Int(place).into());
                    arguments.places.push(part);
                }
                if value.things.iter().any(|thing| matches!(thing, Thing::Report(Shape::Cells, _))) {
                    arguments.cells = Some(value);
                }
                arguments.more = Some(element);
            } else {
                arguments.places.push(value);
            }
        }
        for keyword in &it.keywords {
            let value = self.eval(&keyword.value);
            match &keyword.arg {
                Some(name) => arguments.names.push((name.as_str().into(), value)),
                None => arguments.spread.push(value),
            }
        }
        arguments
    }
}

/// Adds and subtracts whole numbers: `access_key_{i + 1}_active`.
fn sums(left: &Value, op: Operator, right: &Value) -> Option<Value> {
    let numbers = |value: &Value| -> Option<Vec<i64>> {
        let number = |thing: &Thing| if let Thing::Int(int) = thing { Some(*int) } else { None };
        value.things.iter().map(number).collect()
    };
    let (left, right) = (numbers(left)?, numbers(right)?);
    let mut out = Value::default();
    for (one, other) in left.iter().flat_map(|one| right.iter().map(move |other| (*one, *other))).take(16) {
        let sum = match op {
            Operator::Add => one.checked_add(other),
            Operator::Sub => one.checked_sub(other),
            _ => None,
        };
        out.join(&sum.map_or(Thing::Unknown, Thing::Int).into());
    }
    Some(out).filter(|out| !out.is_nothing())
}
