//! `gleaner why`: the paths that bring a package in.

mod backwards;
mod found;
mod paths;
mod show;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use gleaner_model::{Ecosystem, PackageName, Purl};
use tracing::Instrument;

use self::found::Wanted;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::resolution::{AsOfArgs, Asked, EnvironmentArgs, ask, warn};
use crate::signals::Signals;
use crate::workplace::{WorkArgs, Workplace};

/// Which root, and which package.
#[derive(Args, Debug)]
pub(crate) struct WhyArgs {
    /// The root's package URL, unless --manifest is given, and the package that is asked about: a name, name@version or
    /// a package URL.
    #[arg(value_name = "ROOT PACKAGE", required = true, num_args = 1..=2)]
    names: Vec<String>,
    /// The root is a project with this manifest.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Paths that are shown of each version at most.
    #[arg(long, default_value_t = 5, value_name = "N")]
    limit: usize,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    work: WorkArgs,
}

impl WhyArgs {
    fn read(&self) -> Result<(Asked, Wanted), Failure> {
        let (root, package) = match (&self.names[..], &self.manifest) {
            ([root, package], None) => (Some(root.as_str()), package),
            ([package], Some(_)) => (None, package),
            _ => return Err(Failure::usage("name a root and a package, or --manifest FILE and a package")),
        };
        let asked = Asked::read(root, self.manifest.as_ref(), &self.environment)?.at(self.as_of.read());
        let wanted = wanted(asked.purl.ecosystem(), package)?;
        Ok((asked, wanted))
    }
}

/// `name`, `name@version` or a purl.
fn wanted(ecosystem: Ecosystem, text: &str) -> Result<Wanted, Failure> {
    if text.starts_with("pkg:") {
        let purl: Purl = text.parse().map_err(Failure::usage)?;
        if purl.ecosystem() != ecosystem {
            return Err(Failure::usage(format!("{text} is no package of {ecosystem}, as the root is")));
        }
        return Ok(Wanted { name: purl.name().clone(), version: purl.version().map(str::to_owned) });
    }
    // An npm name may begin with an @.
    let (name, version) = match text.rsplit_once('@').filter(|(name, _)| !name.is_empty()) {
        Some((name, version)) => (name, Some(version.to_owned())),
        None => (text, None),
    };
    Ok(Wanted { name: PackageName::new(ecosystem, name).map_err(Failure::usage)?, version })
}

/// Asks, and shows the paths.
pub(crate) async fn run(args: &WhyArgs, output: Output, config: Option<&Path>) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let (asked, wanted) = args.read()?;
    let workplace = Workplace::open(&args.work, &BTreeSet::from([asked.purl.ecosystem()]), config).await?;
    let (remote, only) = (workplace.remote.clone(), std::slice::from_ref(&asked));
    let asking = ask(&remote, &signals, only, output).instrument(tracing::info_span!("why"));
    let answers = workplace.during(asking).await?;
    answers.iter().try_fold(Exit::Done, |_, answer| {
        warn(answer, output);
        show::show(&asked.root, &wanted, answer, args.limit.max(1), output)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_in_three_ways() {
        let read = |ecosystem, text| {
            let Wanted { name, version } = wanted(ecosystem, text).expect("a package");
            (name.to_string(), version)
        };
        let version = || Some("1.0.0".to_owned());
        assert_eq!(read(Ecosystem::Npm, "@types/node"), ("@types/node".to_owned(), None));
        assert_eq!(read(Ecosystem::Npm, "@types/node@1.0.0"), ("@types/node".to_owned(), version()));
        assert_eq!(read(Ecosystem::Pypi, "Typing_Extensions"), ("typing-extensions".to_owned(), None));
        assert_eq!(read(Ecosystem::Cargo, "pkg:cargo/serde@1.0.0"), ("serde".to_owned(), version()));
        assert!(wanted(Ecosystem::Npm, "pkg:cargo/serde").is_err());
        assert!(wanted(Ecosystem::Cargo, "no name").is_err());
    }
}
