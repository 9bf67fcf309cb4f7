//! A platform's part of the graph.
use super::graph::Chosen;
use super::memo::Known;
use super::platform::Target;
use super::prepared::Prepared;
use super::root::RootData;
use crate::Graph;

pub(super) fn graph(chosen: &Chosen, known: &Known<'_>, _: &Prepared, _: &RootData, _: &Target) -> Graph {
    chosen.graph(known)
}
