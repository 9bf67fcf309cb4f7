//! What the search decides about.

use std::fmt;

/// No extra.
pub(in crate::pypi) const NO_EXTRA: u32 = u32::MAX;
/// The condition that always holds.
pub(in crate::pypi) const ALWAYS: u32 = 0;

/// A package of the search. Projects, extras and conditions are numbers of one [`World`](super::world::World).
///
/// As uv has it (`crates/uv-resolver/src/pubgrub/package.rs`), a requirement with an extra or a condition asks for a
/// stand-in, which needs the project itself at the same version: so that all requirements of a project meet, and yet
/// its extras are decided about one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::pypi) enum Asks {
    Root,
    /// The Python that is resolved for: what needs another one needs what is not there.
    Python,
    /// A project, or what one of its extras needs, perhaps under a condition.
    Base {
        project: u32,
        extra: u32,
        condition: u32,
    },
    /// The stand-in for a project with an extra.
    Extra {
        project: u32,
        extra: u32,
        condition: u32,
    },
    /// The stand-in for a project under a condition.
    Conditional {
        project: u32,
        condition: u32,
    },
}

impl Asks {
    pub(in crate::pypi) const fn base(project: u32) -> Self {
        Self::Base { project, extra: NO_EXTRA, condition: ALWAYS }
    }

    /// The project, if it is about one.
    pub(in crate::pypi) const fn project(self) -> Option<u32> {
        match self {
            Self::Root | Self::Python => None,
            Self::Base { project, .. } | Self::Extra { project, .. } | Self::Conditional { project, .. } => {
                Some(project)
            }
        }
    }

    /// The extra, if it is about one.
    pub(in crate::pypi) const fn extra(self) -> Option<u32> {
        match self {
            Self::Base { extra, .. } | Self::Extra { extra, .. } if extra != NO_EXTRA => Some(extra),
            _ => None,
        }
    }

    /// The project that a stand-in stands for.
    pub(in crate::pypi) const fn stands_for(self) -> Option<Self> {
        match self {
            Self::Extra { project, .. } | Self::Conditional { project, .. } => Some(Self::base(project)),
            _ => None,
        }
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Why a version cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::pypi) enum Why {
    /// There is no such project.
    NoProject,
    /// It has no file that is a wheel or a source archive.
    NoFiles,
    /// It has sources only, and they do not count.
    SourcesOnly,
    /// Its wheels are for other Pythons.
    OtherPython,
    /// Its wheels are for other ABIs of Python.
    OtherAbi,
    /// Its wheels are for other platforms.
    OtherPlatform,
    /// It is withdrawn.
    Yanked,
    /// What it says of its dependencies cannot be read.
    Malformed,
    /// One of its requirements allows no version at all.
    Impossible,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
