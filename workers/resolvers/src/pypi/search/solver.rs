//! What PubGrub is told of Python: the types of packages, sets and reasons. It is driven by hand ([`super`]), so nothing
//! is ever asked of this.

use std::convert::Infallible;

use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics};

use super::asks::{Asks, Why};
use super::order::{Order, Priority};
use crate::pypi::versions::line::Versions;

/// Python's part of the solver.
#[derive(Clone, Copy, Debug)]
pub(in crate::pypi) struct Uv;

impl DependencyProvider for Uv {
    type P = Asks;
    type V = u64;
    type VS = Versions;
    type Priority = Priority;
    type M = Why;
    type Err = Infallible;

    fn prioritize(&self, package: &Asks, _: &Versions, _: &PackageResolutionStatistics) -> Priority {
        Order::default().priority(*package)
    }

    fn choose_version(&self, _: &Asks, _: &Versions) -> Result<Option<u64>, Infallible> {
        Ok(None)
    }

    fn get_dependencies(&self, _: &Asks, _: &u64) -> Result<Dependencies<Asks, Versions, Why>, Infallible> {
        Ok(Dependencies::Unavailable(Why::NoProject))
    }
}
