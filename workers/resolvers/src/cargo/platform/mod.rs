//! Where a dependency applies.
//!
//! A dependency may name a target triple, or a `cfg(…)` expression over what the compiler says of a target. Whether it
//! applies to a platform depends on that target's facts, which are a table here ([`targets`]): they were printed by
//! `rustc --print cfg` and nothing else knows them all.
//!
//! Rules: cargo's `crates/cargo-platform` (`src/lib.rs`, `src/cfg.rs`).

mod expression;
pub(super) mod targets;

use expression::Expression;
pub(super) use targets::Target;

/// Which platforms a dependency is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Platform {
    /// The target with this name.
    Name(Box<str>),
    /// The targets of which this is true.
    Cfg(Expression),
}

impl Platform {
    /// Reads a platform as manifests and the index write it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(inner) = text.strip_prefix("cfg(").and_then(|rest| rest.strip_suffix(')')) {
            return Expression::parse(inner).map(Self::Cfg).map_err(|what| format!("`{text}`: {what}"));
        }
        match text.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))) {
            Some(other) => Err(format!("`{text}` is neither a target's name nor `cfg(…)`: it has a `{other}`")),
            None => Ok(Self::Name(text.into())),
        }
    }

    /// Is a target one of them?
    pub(super) fn includes(&self, target: &Target) -> bool {
        match self {
            Self::Name(name) => **name == *target.triple,
            Self::Cfg(expression) => expression.is_true_of(target),
        }
    }
}
