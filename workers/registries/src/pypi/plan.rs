//! Where a project's page lies below the base URL.

/// Pages are read in their JSON form only (PEP 691).
pub(crate) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json";

/// What core metadata is asked for: it is a file as any other.
pub(crate) const ACCEPT_FILE: &str = "*/*";

/// A folder of the normalised name (PEP 503).
pub(crate) fn path(name: &str) -> String {
    format!("{name}/")
}
