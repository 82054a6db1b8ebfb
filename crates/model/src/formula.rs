//! Formulas over named numbers: `closed / opened * 100`.
//!
//! Numbers, names, `+ - * /` and parentheses. Division by zero and a missing name make the whole *no value*, never 0.

use std::collections::BTreeSet;

/// A parsed formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Name(String),
    Binary(Box<Node>, Operator, Box<Node>),
    Minus(Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// The text is no formula.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the formula cannot be read at character {at}: {what}")]
pub struct FormulaError {
    /// Place in the text, from 1.
    at: usize,
    /// What is wrong.
    what: &'static str,
}

/// Deepest nesting of parentheses.
const DEPTH_MAX: usize = 32;
/// Longest formula, in bytes.
const LENGTH_MAX: usize = 1_000;

impl Formula {
    /// Reads a formula.
    pub fn parse(text: &str) -> Result<Formula, FormulaError> {
        if text.len() > LENGTH_MAX {
            return Err(FormulaError { at: LENGTH_MAX, what: "it is too long" });
        }
        let mut parser = Parser { text: text.as_bytes(), at: 0, depth: 0 };
        let node = parser.sum()?;
        parser.space();
        if parser.at < parser.text.len() {
            return Err(parser.error("an operator is missing"));
        }
        Ok(Formula(node))
    }

    /// The names it uses.
    pub fn names(&self) -> BTreeSet<&str> {
        fn collect<'a>(node: &'a Node, names: &mut BTreeSet<&'a str>) {
            match node {
                Node::Number(_) => {}
                Node::Name(name) => {
                    names.insert(name);
                }
                Node::Binary(left, _, right) => {
                    collect(left, names);
                    collect(right, names);
                }
                Node::Minus(inner) => collect(inner, names),
            }
        }
        let mut names = BTreeSet::new();
        collect(&self.0, &mut names);
        names
    }

    /// The names that something is divided by: what a ratio rests on.
    pub fn divisor_names(&self) -> BTreeSet<&str> {
        fn collect<'a>(node: &'a Node, divides: bool, names: &mut BTreeSet<&'a str>) {
            match node {
                Node::Number(_) => {}
                Node::Name(name) => {
                    if divides {
                        names.insert(name);
                    }
                }
                Node::Binary(left, operator, right) => {
                    collect(left, divides, names);
                    collect(right, divides || *operator == Operator::Divide, names);
                }
                Node::Minus(inner) => collect(inner, divides, names),
            }
        }
        let mut names = BTreeSet::new();
        collect(&self.0, false, &mut names);
        names
    }

    /// Its value; `None` when a name has none, a divisor is 0 or the result is not finite.
    pub fn value(&self, named: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
        fn eval(node: &Node, named: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
            Some(match node {
                Node::Number(number) => *number,
                Node::Name(name) => named(name)?,
                Node::Minus(inner) => -eval(inner, named)?,
                Node::Binary(left, operator, right) => {
                    let (left, right) = (eval(left, named)?, eval(right, named)?);
                    match operator {
                        Operator::Add => left + right,
                        Operator::Subtract => left - right,
                        Operator::Multiply => left * right,
                        Operator::Divide if right == 0.0 => return None,
                        Operator::Divide => left / right,
                    }
                }
            })
        }
        eval(&self.0, named).filter(|value| value.is_finite())
    }

    /// The formula as people write it, with what they call its names: `Closed ÷ Opened × 100`.
    pub fn words(&self, label: &impl Fn(&str) -> String) -> String {
        fn write(node: &Node, label: &impl Fn(&str) -> String) -> (String, u8) {
            match node {
                Node::Number(number) => (crate::format::exact(*number), 3),
                Node::Name(name) => (label(name), 3),
                Node::Minus(inner) => (format!("(−{})", within(inner, 3, label)), 3),
                Node::Binary(left, operator, right) => {
                    // What stands to the right of − and ÷ has to bind more closely than they do.
                    let (sign, binds, right_binds) = match operator {
                        Operator::Add => ("+", 0, 0),
                        Operator::Subtract => ("−", 0, 1),
                        Operator::Multiply => ("×", 1, 1),
                        Operator::Divide => ("÷", 1, 2),
                    };
                    let (left, right) = (within(left, binds, label), within(right, right_binds, label));
                    (format!("{left} {sign} {right}"), binds)
                }
            }
        }
        fn within(node: &Node, least: u8, label: &impl Fn(&str) -> String) -> String {
            let (text, binds) = write(node, label);
            if binds < least { format!("({text})") } else { text }
        }
        write(&self.0, label).0
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn error(&self, what: &'static str) -> FormulaError {
        FormulaError { at: self.at + 1, what }
    }

    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn operator(&mut self, choices: &[(u8, Operator)]) -> Option<Operator> {
        self.space();
        let next = self.text.get(self.at)?;
        let (_, operator) = choices.iter().find(|(sign, _)| sign == next)?;
        self.at += 1;
        Some(*operator)
    }

    fn sum(&mut self) -> Result<Node, FormulaError> {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&[(b'+', Operator::Add), (b'-', Operator::Subtract)]) {
            left = Node::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Node, FormulaError> {
        let mut left = self.factor()?;
        while let Some(operator) = self.operator(&[(b'*', Operator::Multiply), (b'/', Operator::Divide)]) {
            left = Node::Binary(Box::new(left), operator, Box::new(self.factor()?));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Node, FormulaError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("it is nested too deeply"));
        }
        self.space();
        let node = match self.text.get(self.at) {
            Some(b'(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.space();
                if self.text.get(self.at) != Some(&b')') {
                    return Err(self.error("a closing parenthesis is missing"));
                }
                self.at += 1;
                inner
            }
            Some(b'-') => {
                self.at += 1;
                Node::Minus(Box::new(self.factor()?))
            }
            Some(first) if first.is_ascii_digit() => Node::Number(
                self.word(|byte| byte.is_ascii_digit() || byte == b'.')
                    .parse()
                    .map_err(|_| self.error("this is not a number"))?,
            ),
            Some(first) if first.is_ascii_alphabetic() => {
                Node::Name(self.word(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
            }
            _ => return Err(self.error("a number or a name is missing")),
        };
        self.depth -= 1;
        Ok(node)
    }

    fn word(&mut self, part: impl Fn(u8) -> bool) -> String {
        let from = self.at;
        while self.text.get(self.at).is_some_and(|byte| part(*byte)) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.text[from..self.at]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Option<f64> {
        let named = |name: &str| match name {
            "opened" => Some(8.0),
            "closed" => Some(6.0),
            "zero" => Some(0.0),
            _ => None,
        };
        Formula::parse(text).expect("a formula").value(&named)
    }

    #[test]
    fn precedence_and_parentheses() {
        assert_eq!(value("closed / opened * 100"), Some(75.0));
        assert_eq!(value("opened - closed - 1"), Some(1.0));
        assert_eq!(value("(opened + closed) * -2"), Some(-28.0));
        assert_eq!(value("1.5 * 2"), Some(3.0));
    }

    #[test]
    fn nothing_comes_of_zero_divisors_and_missing_names() {
        assert_eq!(value("closed / zero"), None);
        assert_eq!(value("closed + missing"), None);
    }

    #[test]
    fn formulas_are_said_as_people_write_them() {
        for (text, wanted) in [
            ("closed / opened * 100", "CLOSED ÷ OPENED × 100"),
            ("a / (b + c) * 100", "A ÷ (B + C) × 100"),
            ("a - (b - c)", "A − (B − C)"),
            ("a - b - c", "A − B − C"),
            ("(a + b) * -2", "(A + B) × (−2)"),
            ("a / (b * c)", "A ÷ (B × C)"),
        ] {
            assert_eq!(Formula::parse(text).expect("a formula").words(&str::to_uppercase), wanted);
        }
    }

    #[test]
    fn divisors_are_known() {
        let formula = Formula::parse("met / (met + missed) * 100 - extra / 24").expect("a formula");
        assert_eq!(formula.divisor_names().into_iter().collect::<Vec<_>>(), ["met", "missed"]);
    }

    #[test]
    fn wrong_text_is_refused_with_its_place() {
        for text in ["", "1 +", "(1", "1 2", "a b", "1..2", "é"] {
            assert!(Formula::parse(text).is_err(), "{text}");
        }
        assert!(Formula::parse(&"(".repeat(500)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,80}") {
            let _ = Formula::parse(&text);
        }
    }
}
