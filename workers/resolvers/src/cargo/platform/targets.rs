//! What the compiler says of each target.
//!
//! The table `targets.txt` holds the facts that `rustc --print cfg --target T` of Rust 1.95 printed for every T of
//! `rustc --print target-list`: a line a target; a key without its `target_` (`width` is `target_pointer_width`, `atomic`
//! is `target_has_atomic`), and its values with commas. `debug_assertions` is true of all of them and left out, as are
//! `unix` and `windows`, which are there exactly where the family is.

use std::sync::Arc;

/// The table.
const TARGETS: &str = include_str!("targets.txt");

/// Where build scripts and procedural macros run.
pub(in super::super) const HOST: &str = "x86_64-unknown-linux-gnu";

/// A target and its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Target {
    /// Its name: `x86_64-unknown-linux-gnu`.
    pub(in super::super) triple: Arc<str>,
    /// The rest of its line.
    facts: &'static str,
}

impl Target {
    /// The target with this name, if the compiler knows it.
    pub(in super::super) fn of(triple: &str) -> Option<Self> {
        let facts = TARGETS.lines().find_map(|line| line.strip_prefix(triple)?.strip_prefix(' '))?;
        Some(Self { triple: triple.into(), facts })
    }

    /// Where build scripts and procedural macros run.
    pub(in super::super) fn host() -> Self {
        Self::of(HOST).expect("the table has this line")
    }

    fn values(&self, key: &str) -> Option<impl Iterator<Item = &'static str>> {
        let cell = |fact: &'static str| fact.strip_prefix(key)?.strip_prefix('=');
        self.facts.split(' ').find_map(cell).map(|values| values.split(','))
    }

    /// Is a fact without a value true?
    pub(super) fn has_name(&self, name: &str) -> bool {
        match name {
            "debug_assertions" => true,
            "unix" | "windows" => self.has("family", name),
            _ => false,
        }
    }

    /// Is a fact with this value true?
    pub(super) fn has_pair(&self, key: &str, value: &str) -> bool {
        match key {
            "panic" => self.has(key, value),
            "target_pointer_width" => self.has("width", value),
            "target_has_atomic" => self.has("atomic", value),
            _ => match key.strip_prefix("target_") {
                Some(short @ ("arch" | "endian" | "os" | "env" | "abi" | "vendor" | "family" | "feature")) => {
                    self.has(short, value)
                }
                _ => false,
            },
        }
    }

    fn has(&self, key: &str, value: &str) -> bool {
        self.values(key).is_some_and(|mut values| values.any(|one| one == value))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_line_is_a_target() {
        let mut targets = 0;
        for line in TARGETS.lines() {
            let triple = line.split(' ').next().unwrap();
            let target = Target::of(triple).unwrap();
            for key in ["arch", "width", "endian", "os", "vendor", "panic"] {
                assert_eq!(target.values(key).map(Iterator::count), Some(1), "{triple} {key}");
            }
            targets += 1;
        }
        assert!(targets > 300);
        assert_eq!(Target::of("x86_64"), None);
        assert_eq!(Target::of(""), None);
    }
}
