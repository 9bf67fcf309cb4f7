//! What a worker's resolutions may take.

use clap::Args;

/// MiB in a GiB, and so on: memory is given in MiB.
const MIB: usize = 1 << 20;

/// The longest search: a day or so. More is more likely a typing error.
const STEPS_MAX: u64 = 1_000_000_000_000;

/// The largest memory: 16 TiB.
const MEMORY_MAX_MIB: u64 = 16 << 20;

/// Bounds of a worker's resolutions.
#[derive(Args, Clone, Debug)]
pub(crate) struct ResolvingArgs {
    /// Steps that the search of one resolution may take before it is given up, each some hundred nanoseconds. Few take more
    /// than a thousandth of what is given here.
    #[arg(
        long, env = "GLEANER_RESOLVE_STEPS", default_value_t = 20_000_000, value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..=STEPS_MAX)
    )]
    resolve_steps: u64,
    /// Memory for the packages that resolutions read, in MiB, about; beyond it those of the registry that was not asked
    /// about for longest are left, and read anew when they are needed.
    #[arg(
        long, env = "GLEANER_RESOLVE_MEMORY_MIB", default_value_t = 1_024, value_name = "MIB",
        value_parser = clap::value_parser!(u64).range(1..=MEMORY_MAX_MIB)
    )]
    resolve_memory_mib: u64,
}

/// What resolutions may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolving {
    pub(crate) steps_max: u64,
    pub(crate) memory_bytes: usize,
}

impl ResolvingArgs {
    pub(crate) fn bounds(&self) -> Resolving {
        let mib = usize::try_from(self.resolve_memory_mib).unwrap_or(usize::MAX);
        Resolving { steps_max: self.resolve_steps, memory_bytes: mib.saturating_mul(MIB) }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use gleaner_agent::Options;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        resolving: ResolvingArgs,
    }

    fn bounds(arguments: &[&str]) -> Result<Resolving, String> {
        let line = Line::try_parse_from([&["gleaner"], arguments].concat());
        line.map(|line| line.resolving.bounds()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_the_agents() {
        let agent = Options::new("there", "gleaner");
        let expected = Resolving { steps_max: agent.resolution_steps_max, memory_bytes: agent.snapshot_max_bytes };
        assert_eq!(bounds(&[]), Ok(expected));
    }

    #[test]
    fn bounds_are_given_in_steps_and_mib() {
        let given = bounds(&["--resolve-steps", "5", "--resolve-memory-mib", "3"]);
        assert_eq!(given, Ok(Resolving { steps_max: 5, memory_bytes: 3 << 20 }));
        assert!(bounds(&["--resolve-steps", "0"]).is_err_and(|error| error.contains("--resolve-steps")));
        assert!(bounds(&["--resolve-memory-mib", "1GiB"]).is_err_and(|error| error.contains("--resolve-memory-mib")));
    }
}
