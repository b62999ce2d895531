//! `AllowedPattern`: does a regular expression match a whole value? Templates come from students, so
//! the time is linear in the value: every position advances a set of states, nothing backtracks.
//!
//! Understood: literals, `.`, classes, `\d \w \s` and their complements, groups, `|`, `? * + {n,m}`,
//! anchors and lookahead. Anything else (backreferences, lookbehind) is refused, not guessed.

/// Why an expression was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expression is not understood at character {0}")]
pub(super) struct Unsupported(usize);

/// The largest compiled program; `{n,m}` is unrolled.
const MAX_PROGRAM: usize = 4_000;
/// The deepest nesting of groups.
const MAX_DEPTH: usize = 50;

#[derive(Debug, Clone)]
enum Set {
    Range(char, char),
    Not(Vec<Self>),
}

impl Set {
    fn holds(set: &[Self], c: char) -> bool {
        set.iter().any(|item| match item {
            Self::Range(from, to) => (*from..=*to).contains(&c),
            Self::Not(inner) => !Self::holds(inner, c),
        })
    }
}

#[derive(Debug, Clone)]
enum Step {
    One(Vec<Set>),
    Start,
    End,
    Look { ahead: Program, wanted: bool },
    Split(usize, usize),
    Jump(usize),
}

type Program = Vec<Step>;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Program);

impl Pattern {
    /// Compiles an expression.
    pub(super) fn new(expression: &str) -> Result<Self, Unsupported> {
        let mut parser = Parser { text: expression.chars().collect(), at: 0, depth: 0, looking: false };
        let program = parser.alternatives()?;
        if parser.at < parser.text.len() { Err(Unsupported(parser.at)) } else { Ok(Self(program)) }
    }

    /// Says whether the whole of `value` matches.
    pub(super) fn matches(&self, value: &str) -> bool {
        let value: Vec<char> = value.chars().collect();
        run(&self.0, &value, 0, true)
    }
}

/// Runs a program from `from`; `whole` asks that it ends where the value ends.
fn run(program: &[Step], value: &[char], from: usize, whole: bool) -> bool {
    let mut states = vec![0];
    for at in from..=value.len() {
        let reached = closure(program, value, at, &states);
        let accepted = reached.contains(&program.len());
        if accepted && (!whole || at == value.len()) {
            return true;
        }
        let Some(&c) = value.get(at) else { return false };
        states = reached
            .into_iter()
            .filter(|state| matches!(program.get(*state), Some(Step::One(set)) if Set::holds(set, c)))
            .map(|state| state + 1)
            .collect();
        if states.is_empty() {
            return false;
        }
    }
    false
}

/// Every state that can be reached without consuming a character.
fn closure(program: &[Step], value: &[char], at: usize, from: &[usize]) -> Vec<usize> {
    let mut seen = vec![false; program.len() + 1];
    let mut pending = from.to_vec();
    let mut reached = Vec::new();
    while let Some(state) = pending.pop() {
        match seen.get_mut(state) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        match program.get(state) {
            Some(Step::Jump(to)) => pending.push(*to),
            Some(Step::Split(a, b)) => pending.extend([*a, *b]),
            Some(Step::Start) if at == 0 => pending.push(state + 1),
            Some(Step::End) if at == value.len() => pending.push(state + 1),
            Some(Step::Look { ahead, wanted }) if run(ahead, value, at, false) == *wanted => {
                pending.push(state + 1);
            }
            Some(Step::Start | Step::End | Step::Look { .. }) => {}
            Some(Step::One(_)) | None => reached.push(state),
        }
    }
    reached
}

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: usize,
    looking: bool,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += 1;
        }
        found
    }

    fn alternatives(&mut self) -> Result<Program, Unsupported> {
        let mut all = self.sequence()?;
        while self.take('|') {
            let other = self.sequence()?;
            let (left, right) = (all.len(), other.len());
            let mut program = vec![Step::Split(1, left + 2)];
            append(&mut program, all);
            program.push(Step::Jump(left + 2 + right));
            append(&mut program, other);
            all = self.bounded(program)?;
        }
        Ok(all)
    }

    fn sequence(&mut self) -> Result<Program, Unsupported> {
        let mut program = Vec::new();
        while let Some(c) = self.peek()
            && c != '|'
            && c != ')'
        {
            let one = self.atom()?;
            let one = self.repeated(one)?;
            append(&mut program, one);
            program = self.bounded(program)?;
        }
        Ok(program)
    }

    fn bounded(&self, program: Program) -> Result<Program, Unsupported> {
        if program.len() > MAX_PROGRAM { Err(Unsupported(self.at)) } else { Ok(program) }
    }

    fn atom(&mut self) -> Result<Program, Unsupported> {
        let at = self.at;
        Ok(vec![match self.next().ok_or(Unsupported(at))? {
            '(' => return self.group(),
            '[' => Step::One(self.class()?),
            '.' => Step::One(vec![Set::Not(vec![Set::Range('\n', '\n'), Set::Range('\r', '\r')])]),
            '^' => Step::Start,
            '$' => Step::End,
            '\\' => match self.escape()? {
                Escape::Set(set) => Step::One(vec![set]),
                Escape::Char(c) => Step::One(vec![Set::Range(c, c)]),
            },
            '*' | '+' | '?' => return Err(Unsupported(at)),
            c => Step::One(vec![Set::Range(c, c)]),
        }])
    }

    fn group(&mut self) -> Result<Program, Unsupported> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Unsupported(self.at));
        }
        let mut look = None;
        if self.take('?') {
            match self.next() {
                Some(':') => {}
                Some('=') => look = Some(true),
                Some('!') => look = Some(false),
                _ => return Err(Unsupported(self.at)),
            }
        }
        // A lookahead in a lookahead would make the cost grow with the power of the nesting.
        if look.is_some() && std::mem::replace(&mut self.looking, true) {
            return Err(Unsupported(self.at));
        }
        let inside = self.alternatives()?;
        self.depth -= 1;
        if look.is_some() {
            self.looking = false;
        }
        if !self.take(')') {
            return Err(Unsupported(self.at));
        }
        Ok(match look {
            Some(wanted) => vec![Step::Look { ahead: inside, wanted }],
            None => inside,
        })
    }

    fn repeated(&mut self, one: Program) -> Result<Program, Unsupported> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let bounds = self.bounds()?;
                return self.unrolled(&one, bounds);
            }
            _ => return Ok(one),
        };
        self.at += 1;
        self.unrolled(&one, (least, most))
    }

    fn unrolled(
        &mut self,
        one: &Program,
        (least, most): (usize, Option<usize>),
    ) -> Result<Program, Unsupported> {
        // Lazy and possessive marks change which match is found; the first does not change whether.
        self.take('?');
        let copies = most.unwrap_or(least + 1);
        if copies < least || (one.len() + 2).saturating_mul(copies) > MAX_PROGRAM {
            return Err(Unsupported(self.at));
        }
        let mut program = Vec::new();
        for _ in 0..least {
            append(&mut program, one.clone());
        }
        if let Some(most) = most {
            for _ in least..most {
                let start = program.len();
                program.push(Step::Split(start + 1, start + 1 + one.len()));
                append(&mut program, one.clone());
            }
        } else {
            let start = program.len();
            program.push(Step::Split(start + 1, start + 2 + one.len()));
            append(&mut program, one.clone());
            program.push(Step::Jump(start));
        }
        Ok(program)
    }

    fn bounds(&mut self) -> Result<(usize, Option<usize>), Unsupported> {
        let least = self.number().ok_or(Unsupported(self.at))?;
        let most = if self.take(',') { self.number() } else { Some(least) };
        if self.take('}') { Ok((least, most)) } else { Err(Unsupported(self.at)) }
    }

    fn number(&mut self) -> Option<usize> {
        let mut value = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            value = Some(value.unwrap_or(0_usize).saturating_mul(10).saturating_add(digit as usize));
        }
        value
    }

    fn class(&mut self) -> Result<Vec<Set>, Unsupported> {
        let negated = self.take('^');
        let mut set = Vec::new();
        loop {
            let at = self.at;
            let low = match self.next().ok_or(Unsupported(at))? {
                ']' if !set.is_empty() => break,
                '[' => return Err(Unsupported(at)),
                '\\' => match self.escape()? {
                    Escape::Set(one) => {
                        set.push(one);
                        continue;
                    }
                    Escape::Char(c) => c,
                },
                c => c,
            };
            let dash = self.peek() == Some('-');
            let after = self.text.get(self.at + 1).copied();
            if dash && after.is_some_and(|c| c != ']') {
                self.at += 1;
                let high = match self.next() {
                    Some('\\') => match self.escape()? {
                        Escape::Char(c) => c,
                        Escape::Set(_) => return Err(Unsupported(at)),
                    },
                    Some(c) => c,
                    None => return Err(Unsupported(at)),
                };
                set.push(Set::Range(low, high));
            } else {
                set.push(Set::Range(low, low));
            }
        }
        Ok(if negated { vec![Set::Not(set)] } else { set })
    }

    fn escape(&mut self) -> Result<Escape, Unsupported> {
        let at = self.at;
        let word =
            || vec![Set::Range('a', 'z'), Set::Range('A', 'Z'), Set::Range('0', '9'), Set::Range('_', '_')];
        let space = || vec![Set::Range(' ', ' '), Set::Range('\t', '\r')];
        Ok(match self.next().ok_or(Unsupported(at))? {
            'd' => Escape::Set(Set::Range('0', '9')),
            'D' => Escape::Set(Set::Not(vec![Set::Range('0', '9')])),
            'w' => Escape::Set(Set::Not(vec![Set::Not(word())])),
            'W' => Escape::Set(Set::Not(word())),
            's' => Escape::Set(Set::Not(vec![Set::Not(space())])),
            'S' => Escape::Set(Set::Not(space())),
            'n' => Escape::Char('\n'),
            'r' => Escape::Char('\r'),
            't' => Escape::Char('\t'),
            c if !c.is_ascii_alphanumeric() => Escape::Char(c),
            _ => return Err(Unsupported(at)),
        })
    }
}

enum Escape {
    Set(Set),
    Char(char),
}

/// Puts one program after another, its addresses moved.
fn append(program: &mut Program, more: Program) {
    let by = program.len();
    program.extend(more.into_iter().map(|step| match step {
        Step::Split(a, b) => Step::Split(a + by, b + by),
        Step::Jump(to) => Step::Jump(to + by),
        other => other,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(expression: &str, value: &str) -> bool {
        Pattern::new(expression).unwrap().matches(value)
    }

    #[test]
    fn the_whole_value_must_match() {
        assert!(matches("[a-z]+", "abc"));
        assert!(!matches("[a-z]+", "abc1"));
        assert!(matches(
            "^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+$",
            "arn:aws:iam::123456789012:role/a/b"
        ));
        assert!(!matches(
            "^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+$",
            "arn:aws:iam::12345678901:role/a"
        ));
        assert!(matches("a|bc|", "bc"));
        assert!(matches("a|bc|", ""));
        assert!(matches("(ab){2,3}?", "ababab"));
        assert!(!matches("(ab){2,3}", "ab"));
        assert!(matches("(?!aws)[a-z]*", "name"));
        assert!(!matches("(?!aws)[a-z]*", "awsname"));
        assert!(matches("[^\\s-]*", "a_b"));
        assert!(!matches("[^\\s-]*", "a-b"));
    }

    #[test]
    fn a_hostile_expression_costs_little() {
        assert!(!matches("(a*)*b", &"a".repeat(2000)));
        assert!(Pattern::new("((((a{99}){99}){99}){99})").is_err());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for expression in ["(a)\\1", "(?<=a)b", "(a", "a)", "[a", "*", "a{2"] {
            assert!(Pattern::new(expression).is_err(), "{expression}");
        }
    }
}
