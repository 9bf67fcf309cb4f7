//! One comparison of a range: an operator and a version.

use std::fmt;

use super::text::split_operator;
use super::version::{Version, Wrong};

/// How a version is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operator {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Comparator {
    pub(super) operator: Operator,
    pub(super) version: Version,
}

/// What a piece of a range is.
pub(super) enum Piece {
    /// Nothing: any version.
    Any,
    Comparator(Comparator),
    /// It does not look like a comparison, or it does and its version is too large.
    Wrong(Wrong),
}

impl Comparator {
    /// Reads a piece, which has no white space.
    pub(super) fn read(piece: &str, loose: bool) -> Piece {
        if piece.is_empty() {
            return Piece::Any;
        }
        let (operator, rest) = split_operator(piece);
        let operator = match operator {
            "<" => Operator::Less,
            "<=" => Operator::LessEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterEqual,
            _ => Operator::Equal,
        };
        match Version::read(rest, loose) {
            Ok(version) => Piece::Comparator(Self { operator, version }),
            Err(wrong) => Piece::Wrong(wrong),
        }
    }

    /// Does the version compare so?
    pub(super) fn allows(&self, version: &Version) -> bool {
        match self.operator {
            Operator::Equal => *version == self.version,
            Operator::Less => *version < self.version,
            Operator::LessEqual => *version <= self.version,
            Operator::Greater => *version > self.version,
            Operator::GreaterEqual => *version >= self.version,
        }
    }

    /// Is it `<0.0.0-0`, which no version is?
    pub(super) fn is_never(&self) -> bool {
        self.operator == Operator::Less && self.version.to_string() == "0.0.0-0"
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.operator {
            Operator::Equal => "",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterEqual => ">=",
        })?;
        self.version.fmt(f)
    }
}
