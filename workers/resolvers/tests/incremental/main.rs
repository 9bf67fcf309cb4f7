//! A replay of the recorded documents' own publish times: week after week the roots that the reverse index names are
//! resolved anew, and beside them all roots, to see that none is missed. Skipped with a word where there are no documents.

#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a variable names the folder of documents")]

mod documents;
#[path = "../recorded/mod.rs"]
mod recorded;
mod replay;

use gleaner_model::Ecosystem;
use gleaner_resolvers::cargo::Cargo;
use gleaner_resolvers::npm::Npm;
use gleaner_resolvers::pypi::Pypi;

use self::replay::replay;

#[test]
fn cargos_roots_are_dirty_when_their_graphs_change_and_seldom_otherwise() {
    replay::<Cargo>(Ecosystem::Cargo);
}

#[test]
fn pythons_roots_are_dirty_when_their_graphs_change_and_seldom_otherwise() {
    replay::<Pypi>(Ecosystem::Pypi);
}

#[test]
fn npms_roots_are_dirty_when_their_trees_change_and_seldom_otherwise() {
    replay::<Npm>(Ecosystem::Npm);
}
