//! What a package pulls in, as its ecosystem's own tool would say.
//!
//! The problem: three tools answer one question by three sets of rules, which are written down in part and otherwise are
//! what the tool does. An answer of ours is of use only if it is the tool's, and it must be thousands of times cheaper than
//! a run of the tool.
//!
//! One folder an ecosystem; none of them sees another, and each implements [`Resolver`]. This crate knows neither files,
//! sockets, clocks nor threads: whoever calls it fills a [`Snapshot`] from the catalogue or from documents, says what is
//! asked (a root, an environment, a [`View`]) and how far to go (a [`Budget`]), and gets a [`Resolution`].

mod any;
mod budget;
pub mod cargo;
mod environment;
mod incremental;
pub mod npm;
pub mod pypi;
mod resolver;
mod view;

pub use any::{Asked, InvalidQuestion, Question, Scratches, Snapshots};
pub use budget::{Budget, Flow, PAUSE_STEPS, Stopped};
pub use environment::InvalidEnvironment;
pub use gleaner_model::{Answer, Edge, EdgeKind, Graph, Node, ROOT, Read, Resolution, Sensitivity};
pub use incremental::{Change, IndexSize, ReverseIndex, RootId};
pub use resolver::{InvalidManifest, Resolver, Snapshot, SnapshotSize};
pub use view::View;
