//! What is measured: roots over the recorded documents.

use gleaner_resolvers::Resolver;
use gleaner_resolvers::pypi::{Pypi, PypiRoot};

/// A root with a name that says what it is an example of.
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) manifest: &'static str,
}

/// A small and a large root that need no backtracking, one that nothing satisfies, and one that goes back a hundred
/// times before it finds that out.
pub(crate) const INPUTS: [Input; 4] = [
    Input { name: "plain, 10 packages", manifest: "flask\nrequests\n" },
    Input {
        name: "plain, 100 packages",
        manifest: "fastapi[standard]\nscrapy\nipython\nmatplotlib\nscikit-learn\npandas\ncelery\nblack\npytest-xdist\n\
                   pytest-cov\nsentry-sdk\naiohttp\nalembic\ndjangorestframework\npsycopg[binary]\ngrpcio-tools\n",
    },
    Input { name: "unsatisfiable", manifest: "flask>=3\nwerkzeug<2\n" },
    Input { name: "backtracking", manifest: "jinja2>=2.8\nflask\nmarkupsafe<2.1\nclick\nwerkzeug\nitsdangerous\n" },
];

impl Input {
    pub(crate) fn root(&self) -> PypiRoot {
        Pypi::read_manifest("requirements.in", self.manifest).unwrap()
    }
}
