//! Which part of what is known counts.

use gleaner_model::Timestamp;

/// A view of a snapshot. A past state of the *catalogue* is a snapshot of its own; this is the view that the tools' own
/// options offer over publish times (uv's `--exclude-newer`, npm's `--before`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// Versions and files that were published at or after this do not count, and those of unknown age as the tool has it.
    pub before: Option<Timestamp>,
}
