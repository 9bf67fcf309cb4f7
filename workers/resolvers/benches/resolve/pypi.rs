//! Python's roots: small ones, a root of a hundred packages, one that nothing satisfies, one that goes back three hundred
//! times.

use gleaner_model::{Package, Purl};
use gleaner_resolvers::Answer;
use gleaner_resolvers::pypi::{Pypi, Scratch};
use serde_json::Value;

use crate::common::{answer, build, processes, rate, small_roots};
use crate::pypi_corpus::{self, Documents};
use crate::pypi_inputs::{INPUTS, Input, add_tangle};
use crate::pypi_server::Server;
use crate::table::Table;
use crate::uv::{Made, Question, Uv};

/// A root is small up to so many packages.
const SMALL: usize = 25;
/// What of [`INPUTS`] each word measures, with its aim.
const WORDS: [(&str, usize, Option<f64>); 4] =
    [("small", 0, Some(2_000.0)), ("large", 1, Some(2_000.0)), ("refused", 2, None), ("tangled", 3, None)];

pub(crate) fn measure(table: &mut Table) {
    let Some(documents) = pypi_corpus::documents() else {
        return table.figure("PyPI", "skipped: not enough documents here (`GLEANER_DOCUMENTS`)".to_owned());
    };
    let packages: Vec<(Purl, Package)> = pypi_corpus::packages_of(documents).collect();
    let mut snapshot = build::<Pypi>(table, "PyPI", &packages);
    if table.wants("small") {
        let roots = small_roots::<Pypi>(&snapshot, &packages, SMALL);
        let what = format!("PyPI, {} small roots (up to {SMALL} packages)", roots.len());
        rate::<Pypi>(table, &what, &snapshot, &roots, None);
    }
    add_tangle(&mut snapshot);
    for (word, at, aim) in WORDS {
        let (input, root) = (&INPUTS[at], INPUTS[at].root());
        if table.wants(word) {
            let is_refused =
                matches!(answer::<Pypi>(&snapshot, &root, &mut Scratch::default()), Answer::Unsatisfiable { .. });
            assert_eq!(is_refused, word == "refused");
            rate::<Pypi>(table, &format!("PyPI, {}", input.name), &snapshot, &[root], aim);
        }
    }
    if table.wants("large") {
        real(table, documents, &INPUTS[1]);
    }
}

/// uv itself, with what it fetched in its cache.
fn real(table: &mut Table, documents: &Documents, input: &Input) {
    let what = format!("uv pip compile, a process, warm, offline: {}", input.name);
    let Some(uv) = Uv::find() else {
        return table.figure(&what, "not here".to_owned());
    };
    let server = Server::start();
    serve(documents, &server);
    processes(table, &what, |is_warm| {
        let arguments = ["--only-binary", ":all:", "--offline"];
        let question = Question {
            manifest: input.manifest,
            python: "3.12",
            platform: "x86_64-unknown-linux-gnu",
            exclude_newer: None,
            arguments: if is_warm { &arguments } else { &arguments[..2] },
        };
        matches!(uv.compile(&server.url(), &question), Made::Pins(_))
    });
}

/// Pages with the files' addresses on loopback, and the core metadata beside them.
fn serve(documents: &Documents, server: &Server) {
    for (name, text) in &documents.pages {
        let mut page: Value = serde_json::from_slice(text).unwrap();
        for file in page["files"].as_array_mut().unwrap() {
            let address = format!("{}/files/{}", server.url(), file["filename"].as_str().unwrap());
            file["url"] = Value::String(address);
        }
        let text = page.to_string().into_bytes();
        server.put(format!("/simple/{name}/"), "application/vnd.pypi.simple.v1+json", text);
    }
    for (name, text) in &documents.metadata {
        server.put(format!("/files/{name}"), "text/plain", text.clone());
    }
}
