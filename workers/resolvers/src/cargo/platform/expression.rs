//! `cfg(…)` expressions.

use super::Target;

/// Deeper than this no expression is nested that a person wrote; a hostile one must not use up the stack.
const DEPTH_MAX: usize = 128;

/// An expression over a target's facts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Expression {
    Not(Box<Expression>),
    All(Vec<Expression>),
    Any(Vec<Expression>),
    /// A fact without a value: `unix`.
    Name(Box<str>),
    /// A fact with one: `target_os = "linux"`.
    Pair(Box<str>, Box<str>),
    Constant(bool),
}

impl Expression {
    /// Reads what stands between the parentheses of `cfg(…)`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        let expression = parser.expression(0)?;
        match parser.rest.trim_start_matches(' ') {
            "" => Ok(expression),
            rest => Err(format!("`{rest}` stands behind the expression")),
        }
    }

    pub(super) fn is_true_of(&self, target: &Target) -> bool {
        match self {
            Self::Not(inner) => !inner.is_true_of(target),
            Self::All(inner) => inner.iter().all(|e| e.is_true_of(target)),
            Self::Any(inner) => inner.iter().any(|e| e.is_true_of(target)),
            Self::Name(name) => target.has_name(name),
            Self::Pair(key, value) => target.has_pair(key, value),
            Self::Constant(value) => *value,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    Open,
    Close,
    Comma,
    Equals,
    /// An identifier, and whether `r#` stands before it.
    Identifier(bool, &'a str),
    Text(&'a str),
    End,
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<Token<'a>, String> {
        let text = self.rest.trim_start_matches(' ');
        let Some(first) = text.chars().next() else {
            self.rest = text;
            return Ok(Token::End);
        };
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '=' => (Token::Equals, 1),
            '"' => {
                let end = text[1..].find('"').ok_or("a string does not end")?;
                (Token::Text(&text[1..=end]), end + 2)
            }
            c if is_start(c) => {
                let raw = text.strip_prefix("r#");
                let name = raw.unwrap_or(text);
                if !name.starts_with(is_start) {
                    return Err("`r#` stands before no identifier".to_owned());
                }
                let length = name.find(|c: char| !(is_start(c) || c.is_ascii_digit())).unwrap_or(name.len());
                (Token::Identifier(raw.is_some(), &name[..length]), length + text.len() - name.len())
            }
            c => return Err(format!("`{c}` is not expected")),
        };
        self.rest = &text[length..];
        Ok(token)
    }

    fn peek(&self) -> Result<Token<'a>, String> {
        Parser { rest: self.rest }.next()
    }

    fn eat(&mut self, wanted: Token<'_>, what: &str) -> Result<(), String> {
        if self.next()? == wanted { Ok(()) } else { Err(format!("{what} is expected")) }
    }

    fn eat_if(&mut self, wanted: Token<'_>) -> bool {
        let there = self.peek().is_ok_and(|token| token == wanted);
        if there {
            // It was just read, so it can be read.
            drop(self.next());
        }
        there
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > DEPTH_MAX {
            return Err(format!("it is nested more than {DEPTH_MAX} deep"));
        }
        match self.next()? {
            Token::Identifier(false, "all") => self.list(depth).map(Expression::All),
            Token::Identifier(false, "any") => self.list(depth).map(Expression::Any),
            Token::Identifier(false, "not") => {
                self.eat(Token::Open, "`(`")?;
                let inner = self.expression(depth + 1)?;
                self.eat(Token::Close, "`)`")?;
                Ok(Expression::Not(Box::new(inner)))
            }
            Token::Identifier(_, name) => self.fact(name),
            Token::End => Err("the expression is missing".to_owned()),
            _ => Err("an identifier is expected".to_owned()),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Expression>, String> {
        self.eat(Token::Open, "`(`")?;
        let mut inner = Vec::new();
        while !self.eat_if(Token::Close) {
            inner.push(self.expression(depth + 1)?);
            if !self.eat_if(Token::Comma) {
                self.eat(Token::Close, "`)`")?;
                break;
            }
        }
        Ok(inner)
    }

    fn fact(&mut self, name: &str) -> Result<Expression, String> {
        if self.eat_if(Token::Equals) {
            return match self.next()? {
                Token::Text(value) => Ok(Expression::Pair(name.into(), value.into())),
                _ => Err("a string is expected".to_owned()),
            };
        }
        Ok(match name {
            "true" => Expression::Constant(true),
            "false" => Expression::Constant(false),
            _ => Expression::Name(name.into()),
        })
    }
}

const fn is_start(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Platform, Target};

    #[test]
    fn expressions_are_true_of_targets() {
        let (linux, windows) =
            (Target::of("x86_64-unknown-linux-gnu").unwrap(), Target::of("i686-pc-windows-msvc").unwrap());
        for (text, on_linux, on_windows) in [
            ("cfg(unix)", true, false),
            ("cfg(windows)", false, true),
            ("cfg(not(windows))", true, false),
            ("cfg(all())", true, true),
            ("cfg(any())", false, false),
            ("cfg(any(unix, windows,))", true, true),
            ("cfg(all(unix, target_os = \"linux\"))", true, false),
            ("cfg(target_os=\"linux\")", true, false),
            ("cfg( target_pointer_width = \"32\" )", false, true),
            ("cfg(target_feature = \"sse2\")", true, true),
            ("cfg(target_has_atomic = \"64\")", true, true),
            ("cfg(target_env = \"msvc\")", false, true),
            ("cfg(target_abi = \"\")", true, true),
            ("cfg(target_family = \"unix\")", true, false),
            ("cfg(panic = \"unwind\")", true, true),
            ("cfg(debug_assertions)", true, true),
            ("cfg(feature = \"std\")", false, false),
            ("cfg(true)", true, true),
            ("cfg(r#false)", false, false),
            ("cfg(r#unix)", true, false),
            ("x86_64-unknown-linux-gnu", true, false),
            ("i686-pc-windows-msvc", false, true),
            ("no-such-target", false, false),
        ] {
            let platform = Platform::parse(text).unwrap();
            assert_eq!((platform.includes(&linux), platform.includes(&windows)), (on_linux, on_windows), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "cfg()",
            "cfg(a b)",
            "cfg(a = b)",
            "cfg(a = \"b)",
            "cfg(all(a b))",
            "cfg(not(a, b))",
            "cfg(all)",
            "cfg(=)",
            "cfg(r#)",
            "cfg(r#1)",
            "cfg(ä)",
            "cfg(unix))",
            "cfg((unix))",
            "a b",
            "cfg",
            "",
        ]
        .into_iter()
        .filter(|text| !matches!(*text, "cfg" | ""))
        {
            assert!(Platform::parse(text).is_err(), "{text}");
        }
        let deep = format!("cfg({}unix{})", "not(".repeat(10_000), ")".repeat(10_000));
        assert!(Platform::parse(&deep).unwrap_err().contains("nested"));
    }
}
