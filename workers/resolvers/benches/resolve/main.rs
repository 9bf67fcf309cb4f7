//! How many resolutions a second one core answers, beside what the tools take for the same.
//!
//! `cargo bench -p gleaner-resolvers --bench resolve -- cargo`; without a name, every ecosystem; a word behind it
//! (`small`, `large`, `refused`, `tangled`) measures only that. Documents come from the folder that `GLEANER_DOCUMENTS` names, else
//! from the repository's own few, which are too few for cargo's large roots, and for npm's and Python's, which are skipped
//! with a word. `GLEANER_UV` names uv, if it is not on the path.
//!
//! Each figure stands beside a floor of the same run, the least that anybody would have to do for such an answer: hand out
//! a copy of it. What counts on another machine is the ratio.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "a bench reads its settings, and starts what it compares with")]
// Made for tests, which use all of it.
#![allow(dead_code)]

mod cargo;
mod common;
#[path = "../../tests/cargo/corpus.rs"]
mod corpus;
#[path = "../../tests/cargo/lockfile.rs"]
mod lockfile;
#[path = "../../tests/cargo/made.rs"]
mod made;
mod npm;
#[path = "../../tests/npm/corpus.rs"]
mod npm_corpus;
#[path = "../../tests/npm/registry.rs"]
mod npm_registry;
mod pypi;
#[path = "../../tests/pypi/corpus.rs"]
mod pypi_corpus;
#[path = "../../tests/pypi/inputs.rs"]
mod pypi_inputs;
#[path = "../../tests/pypi/differential/server.rs"]
mod pypi_server;
#[path = "../../tests/cargo/random.rs"]
mod random;
#[path = "../../tests/cargo/real.rs"]
mod real;
#[path = "../../tests/recorded/mod.rs"]
mod recorded;
mod table;
#[path = "../../tests/cargo/tangle.rs"]
mod tangle;
#[path = "../../tests/pypi/differential/uv.rs"]
mod uv;

/// The program's own, not the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures an ecosystem.
type Measure = fn(&mut table::Table);

fn main() {
    // `cargo bench` adds `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let ecosystems: [(&str, Measure); 3] = [("cargo", cargo::measure), ("npm", npm::measure), ("pypi", pypi::measure)];
    let mut table = table::Table::of(asked.get(1).cloned());
    for (name, measure) in ecosystems {
        if asked.first().is_none_or(|one| one == name) {
            measure(&mut table);
        }
    }
    table.print();
}
