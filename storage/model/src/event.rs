//! Facts that changed.

use serde::{Deserialize, Serialize};

use crate::{PackageKey, Timestamp};

/// A fact of one package that changed. Events of one package stand in the order in which they were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Which package.
    pub key: PackageKey,
    /// When Gleaner committed it.
    pub at: Timestamp,
    /// What changed.
    pub kind: EventKind,
}

/// What changed. The first reading of a package is one `PackageDiscovered`, not an event a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// Gleaner fetched the package for the first time.
    PackageDiscovered {
        /// How many versions it had.
        versions: u32,
    },
    /// The registry does not have the package any more.
    PackageGone,
    /// The registry has the package again.
    PackageReturned,
    /// A version is new.
    VersionPublished {
        /// Its number.
        version: String,
    },
    /// A version that was there is not listed any more.
    VersionRemoved {
        /// Its number.
        version: String,
    },
    /// A version was yanked.
    VersionYanked {
        /// Its number.
        version: String,
        /// The reason that was given, if any.
        reason: Option<String>,
    },
    /// A yank was taken back.
    VersionUnyanked {
        /// Its number.
        version: String,
    },
    /// A version was deprecated, or with other words than before.
    VersionDeprecated {
        /// Its number.
        version: String,
        /// The publisher's words.
        message: String,
    },
    /// A deprecation was taken back.
    VersionUndeprecated {
        /// Its number.
        version: String,
    },
    /// The dependencies of a version became known or differ.
    VersionDependenciesChanged {
        /// Its number.
        version: String,
    },
    /// The registry offers another version by default.
    LatestChanged {
        /// The new one, if there is any.
        version: Option<String>,
    },
    /// A named version (npm's dist-tag) is another one.
    TagMoved {
        /// The name.
        tag: String,
        /// What it named before, if it was there.
        from: Option<String>,
        /// What it names now, if it still is.
        to: Option<String>,
    },
    /// Facts changed that no other event of the same reading is about: files or features of a version that was there, say,
    /// or licences, or where the package's source is.
    FactsChanged,
}

impl EventKind {
    /// The name that users filter by: `version.published`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::PackageDiscovered { .. } => "package.discovered",
            Self::PackageGone => "package.gone",
            Self::PackageReturned => "package.returned",
            Self::VersionPublished { .. } => "version.published",
            Self::VersionRemoved { .. } => "version.removed",
            Self::VersionYanked { .. } => "version.yanked",
            Self::VersionUnyanked { .. } => "version.unyanked",
            Self::VersionDeprecated { .. } => "version.deprecated",
            Self::VersionUndeprecated { .. } => "version.undeprecated",
            Self::VersionDependenciesChanged { .. } => "version.dependencies_changed",
            Self::LatestChanged { .. } => "package.latest_changed",
            Self::TagMoved { .. } => "package.tag_moved",
            Self::FactsChanged => "package.facts_changed",
        }
    }

    /// The version that it is about, if it is about one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::PackageDiscovered { .. } | Self::PackageGone | Self::PackageReturned | Self::FactsChanged => None,
            Self::VersionPublished { version }
            | Self::VersionRemoved { version }
            | Self::VersionYanked { version, .. }
            | Self::VersionUnyanked { version }
            | Self::VersionDeprecated { version, .. }
            | Self::VersionUndeprecated { version }
            | Self::VersionDependenciesChanged { version } => Some(version),
            Self::LatestChanged { version } => version.as_deref(),
            Self::TagMoved { to, .. } => to.as_deref(),
        }
    }
}
