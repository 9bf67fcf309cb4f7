//! What only one ecosystem's resolver asks of a version.

use serde::{Deserialize, Serialize};

/// Facts of a version beside those that every ecosystem has. Most versions of a package say the same, so they are pooled;
/// a version that says none of this has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Details {
    /// The native library that it links, of which a graph has at most one package (cargo).
    pub links: Option<String>,
    /// The operating systems that it is for, each perhaps with a `!` in front (npm); empty means any.
    pub os: Vec<String>,
    /// The processors, likewise (npm).
    pub cpu: Vec<String>,
    /// The C libraries, likewise (npm).
    pub libc: Vec<String>,
    /// The runtimes and tools that it asks for and their ranges, as written and in the document's order (npm); where the
    /// document has a list of texts, the positions stand as names.
    pub engines: Vec<(String, String)>,
    /// Names of the dependencies that its tarball brings along (npm).
    pub bundled: Vec<String>,
    /// Names of the peers that may be missing, whether or not it lists them as peers (npm).
    pub optional_peers: Vec<String>,
    /// Its commands and the files behind them (npm).
    pub commands: Vec<(String, String)>,
    /// How to support it: the value of `funding`, as JSON (npm).
    pub funding: Option<String>,
    /// Does it run a script when it is installed (npm)?
    pub install_script: bool,
    /// Does its tarball bring a lock file that fixes its dependencies (npm)?
    pub shrinkwrap: bool,
}
