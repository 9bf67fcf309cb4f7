//! The small names that the scheduler gives to things of one process: they mean nothing after a restart.

/// A worker's session: chosen by the engine, never used for two connections of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u64);

/// A client, as [`Scheduler::client`](crate::Scheduler::client) numbered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientIndex(pub u16);

/// A host, as [`Scheduler::host`](crate::Scheduler::host) numbered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostIndex(pub u16);

/// A set of capabilities, one bit each (a kind of work in an ecosystem). Which bit is which is the engine's affair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Needs(pub u16);

impl Needs {
    /// Does a worker with the capabilities `self` have all that `wanted` names?
    #[must_use]
    pub const fn cover(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

/// What a task is about, made by the engine: in the upper half a hash of the registry and the package, in the lower one a
/// hash of all of it, kind and part included. Wide enough that two different targets never share one by accident; and all
/// work about one package has the upper half in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetKey(pub u128);
