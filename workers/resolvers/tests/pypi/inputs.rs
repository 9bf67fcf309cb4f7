//! What is measured: roots over the recorded documents, and a registry to go back in.

use gleaner_model::{
    Artifact, Dependencies, Dependency, DependencyKind, Ecosystem, Package, PackageName, PoolIndex, Version,
};
use gleaner_resolvers::pypi::{Pypi, PypiRoot};
use gleaner_resolvers::{Resolver, Snapshot};

/// A root with a name that says what it is an example of.
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) manifest: &'static str,
}

/// Over the recorded documents and [`add_tangle`]: a small and a large root that need no backtracking, one that nothing
/// satisfies, and one that finds its answer after going back three hundred times.
pub(crate) const INPUTS: [Input; 4] = [
    Input { name: "plain, 14 packages", manifest: "flask\nrequests\nuvicorn\n" },
    Input {
        name: "plain, 100 packages",
        manifest: "fastapi[standard]\nscrapy\nipython\nmatplotlib\nscikit-learn\npandas\ncelery\nblack\npytest-xdist\n\
                   pytest-cov\nsentry-sdk\naiohttp\nalembic\npsycopg[binary]\ngrpcio-tools\n",
    },
    Input { name: "unsatisfiable", manifest: "flask>=3\nwerkzeug<2\n" },
    Input { name: "backtracking", manifest: "tangle-client\ntangle-transport<2\n" },
];

impl Input {
    pub(crate) fn root(&self) -> PypiRoot {
        Pypi::read_manifest("requirements.in", self.manifest).unwrap()
    }
}

/// Versions of a client that each pin a core, of which only the oldest goes with an old transport, as those of a large
/// cloud's libraries do: each must be tried and set aside.
pub(crate) fn add_tangle(snapshot: &mut impl Snapshot) {
    let releases = 300_u32;
    let numbers = || (0..releases).map(|minor| format!("1.{minor}.0"));
    let client = numbers().map(|number| (number.clone(), vec![("tangle-core".to_owned(), format!("=={number}"))]));
    let core = (0..).zip(numbers()).map(|(at, number)| {
        let transport = if at < 5 { "<2" } else { ">=2" };
        (number, vec![("tangle-transport".to_owned(), transport.to_owned())])
    });
    let transport = (0..20).map(|minor| (format!("{}.{minor}", 1 + minor / 10), Vec::new()));
    for (name, package) in
        [("tangle-client", package(client)), ("tangle-core", package(core)), ("tangle-transport", package(transport))]
    {
        snapshot.insert(&PackageName::new(Ecosystem::Pypi, name).unwrap(), &package);
    }
}

/// Projects that each need the next one, `link-0` to `link-{count}`; the last one has an older version that will not do.
pub(crate) fn add_chain(snapshot: &mut impl Snapshot, count: u32) {
    for at in 0..=count {
        let next = (at < count).then(|| (format!("link-{}", at + 1), ">=1".to_owned()));
        let older = (at == count).then(|| ("0.5".to_owned(), Vec::new()));
        let package = package(older.into_iter().chain([("1.0".to_owned(), next.into_iter().collect())]));
        snapshot.insert(&PackageName::new(Ecosystem::Pypi, &format!("link-{at}")).unwrap(), &package);
    }
}

fn package(versions: impl Iterator<Item = (String, Vec<(String, String)>)>) -> Package {
    let mut package = Package::default();
    for (number, needs) in versions {
        let first = PoolIndex::try_from(package.dependencies.len()).unwrap();
        package.dependencies.extend(needs.into_iter().map(|(name, requirement)| Dependency {
            name,
            alias: None,
            requirement,
            kind: DependencyKind::Normal,
            optional: false,
            default_features: true,
            features: Vec::new(),
            target: None,
            registry: None,
        }));
        let wheel = Artifact { name: format!("tangle-{number}-py3-none-any.whl"), ..Artifact::default() };
        package.versions.push(Version {
            number,
            published_at: None,
            yank: None,
            deprecated: None,
            licence: None,
            runtime: None,
            dependencies: Dependencies::Fetched(
                (first..PoolIndex::try_from(package.dependencies.len()).unwrap()).collect(),
            ),
            features: Vec::new(),
            details: None,
            artifacts: vec![wheel],
        });
    }
    package
}
