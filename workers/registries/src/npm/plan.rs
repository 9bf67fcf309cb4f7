//! Where a packument lies below the base URL.

/// The full packument: the abbreviated one lacks times, licences and repositories.
pub(crate) const ACCEPT: &str = "application/json";

/// The name, with the slash of a scope escaped as npm escapes it.
pub(crate) fn path(name: &str) -> String {
    name.replacen('/', "%2f", 1)
}
