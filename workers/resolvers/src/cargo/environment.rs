//! Which cargo, and for which platform.

use super::platform::Target;
use super::rust_version::RustVersion;
use crate::InvalidEnvironment;

/// The compiler's version and, for a platform's graph, the target.
#[derive(Clone, Debug, PartialEq)]
pub struct CargoEnvironment {
    rustc: String,
    pub(super) compiler: RustVersion,
    pub(super) target: Option<Target>,
}

/// The compiler that the cases of this repository were made with.
const RUSTC: &str = "1.95.0";

impl Default for CargoEnvironment {
    fn default() -> Self {
        Self { rustc: RUSTC.to_owned(), compiler: RustVersion::new(1, 95, 0), target: None }
    }
}

impl CargoEnvironment {
    pub(super) fn new(entries: &[(String, String)]) -> Result<Self, InvalidEnvironment> {
        let mut environment = Self::default();
        for (key, value) in entries {
            match key.as_str() {
                "rustc" => {
                    environment.compiler = RustVersion::parse_compiler(value).ok_or_else(|| {
                        invalid(key, value, "a version of the compiler, as `rustc --version` has it: 1.95.0")
                    })?;
                    environment.rustc.clone_from(value);
                }
                "target" => {
                    let target = Target::of(value)
                        .ok_or_else(|| invalid(key, value, "a target that `rustc --print target-list` lists"))?;
                    environment.target = Some(target);
                }
                _ => {
                    return Err(InvalidEnvironment::UnknownKey {
                        key: key.clone(),
                        ecosystem: "cargo",
                        known: "rustc, target",
                    });
                }
            }
        }
        Ok(environment)
    }

    pub(super) fn entries(&self) -> Vec<(&'static str, String)> {
        let target = self.target.as_ref().map(|target| ("target", target.triple.to_string()));
        std::iter::once(("rustc", self.rustc.clone())).chain(target).collect()
    }
}

fn invalid(key: &str, value: &str, expected: &'static str) -> InvalidEnvironment {
    InvalidEnvironment::Value { key: key.to_owned(), value: value.to_owned(), expected }
}
