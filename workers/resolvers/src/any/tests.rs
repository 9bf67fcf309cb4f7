//! The door, with toy ecosystems behind it: the real ones have tests of their own.
#![expect(unreachable_pub, reason = "the macro makes a crate's interface, and here it is used within")]

use std::collections::BTreeMap;

use gleaner_model::{Ecosystem, Package, PackageName, Purl, Version};

use super::ecosystems::ecosystems;
use crate::{
    Answer, Budget, Edge, EdgeKind, Flow, Graph, InvalidEnvironment, InvalidManifest, InvalidQuestion, Node, ROOT,
    Read, Resolution, Resolver, Sensitivity, Snapshot, SnapshotSize, View,
};

/// A toy: the root depends on one package, the last version wins. `MARK` tells the toys apart.
pub struct Toy<const MARK: char>;

#[derive(Clone, Default)]
pub struct Shelf(BTreeMap<PackageName, Option<Vec<String>>>);

impl Snapshot for Shelf {
    fn insert(&mut self, name: &PackageName, package: &Package) {
        self.0.insert(name.clone(), Some(package.versions.iter().map(|version| version.number.clone()).collect()));
    }

    fn insert_absent(&mut self, name: &PackageName) {
        self.0.insert(name.clone(), None);
    }

    fn knows(&self, name: &PackageName) -> bool {
        self.0.contains_key(name)
    }

    fn size(&self) -> SnapshotSize {
        SnapshotSize { packages: self.0.len(), ..SnapshotSize::default() }
    }
}

impl<const MARK: char> Resolver for Toy<MARK> {
    type Snapshot = Shelf;
    type Root = PackageName;
    type Environment = String;
    type Scratch = u32;

    const MANIFESTS: &'static [&'static str] = if MARK == 'c' { &["c.toy"] } else { &["n.toy", "other.toy"] };

    fn environment(entries: &[(String, String)]) -> Result<Self::Environment, InvalidEnvironment> {
        match entries {
            [] => Ok("default".to_owned()),
            [(key, value)] if key == "mood" => Ok(value.clone()),
            [(key, _), ..] => Err(InvalidEnvironment::UnknownKey { key: key.clone(), ecosystem: "toy", known: "mood" }),
        }
    }

    fn environment_entries(environment: &Self::Environment) -> Vec<(&'static str, String)> {
        vec![("mood", environment.clone())]
    }

    fn root_of(purl: &Purl) -> Self::Root {
        purl.name().clone()
    }

    fn read_manifest(file: &str, text: &str) -> Result<Self::Root, InvalidManifest> {
        let ecosystem = if MARK == 'c' { Ecosystem::Cargo } else { Ecosystem::Npm };
        PackageName::new(ecosystem, text)
            .map_err(|error| InvalidManifest { file: file.to_owned(), what: error.to_string() })
    }

    fn direct(root: &Self::Root) -> Vec<PackageName> {
        vec![root.clone()]
    }

    fn resolve(
        snapshot: &Self::Snapshot,
        root: &Self::Root,
        environment: &Self::Environment,
        _: &View,
        scratch: &mut Self::Scratch,
        budget: &mut Budget<'_>,
    ) -> Resolution {
        *scratch += 1;
        let _ = budget.step();
        let answer = match snapshot.0.get(root) {
            None => Answer::Incomplete { names: vec![root.clone()] },
            Some(None) => Answer::Unsatisfiable { reason: format!("{MARK}: no {root}") },
            Some(Some(versions)) => Answer::Graph(Graph {
                nodes: vec![Node {
                    name: format!("{MARK}:{root}").into(),
                    version: versions.last().cloned().unwrap_or_default().into(),
                    path: None,
                }],
                edges: vec![Edge {
                    from: ROOT,
                    to: 0,
                    kind: EdgeKind::Normal,
                    requirement: environment.as_str().into(),
                }],
            }),
        };
        let read = vec![Read { name: root.clone(), requirement: "*".into() }];
        Resolution {
            answer,
            read,
            sensitivity: Sensitivity::FirstCandidates,
            warnings: Vec::new(),
            steps: budget.taken(),
        }
    }

    fn first_candidate(
        snapshot: &Self::Snapshot,
        name: &PackageName,
        _: &str,
        _: &Self::Environment,
        _: &View,
    ) -> Option<String> {
        snapshot.0.get(name)?.as_ref()?.last().cloned()
    }

    fn lock(_: &Self::Snapshot, root: &Self::Root, environment: &Self::Environment, graph: &Graph) -> String {
        format!("{MARK} {root} {environment} {}", graph.nodes.len())
    }
}

ecosystems! {
    Cargo, cargo, Toy<'c'>;
    Npm, npm, Toy<'n'>;
    Pypi, pypi, Toy<'p'>;
}

fn package(numbers: &[&str]) -> Package {
    let version = |number: &&str| Version {
        number: (*number).to_owned(),
        published_at: None,
        yank: None,
        deprecated: None,
        licence: None,
        runtime: None,
        dependencies: gleaner_model::Dependencies::Fetched(Vec::new()),
        features: Vec::new(),
        details: None,
        artifacts: Vec::new(),
    };
    Package { versions: numbers.iter().map(version).collect(), ..Package::default() }
}

fn purl(text: &str) -> Purl {
    text.parse().expect("a purl")
}

fn answer(snapshots: &Snapshots, question: &Question) -> Answer {
    let (mut pause, mut scratches) = (|| Flow::Continue, Scratches::default());
    snapshots.resolve(question, &View::default(), &mut scratches, &mut Budget::new(10, &mut pause)).answer
}

#[test]
fn each_ecosystem_has_packages_of_its_own() {
    let mut snapshots = Snapshots::default();
    let name = purl("pkg:cargo/one").name().clone();
    snapshots.insert(Ecosystem::Cargo, &name, &package(&["1.0.0", "1.1.0"]));
    snapshots.insert_absent(Ecosystem::Npm, &name);
    let known = Ecosystem::ALL.map(|ecosystem| snapshots.knows(ecosystem, &name));
    assert_eq!(known, [true, true, false]);
    let ask = |text| Question::of_purl(&purl(text), &[]).expect("a question");
    let Answer::Graph(graph) = answer(&snapshots, &ask("pkg:cargo/one")) else { panic!("a graph") };
    assert_eq!((graph.nodes[0].name.as_str(), graph.nodes[0].version.as_str()), ("c:one", "1.1.0"));
    assert_eq!(answer(&snapshots, &ask("pkg:npm/one")), Answer::Unsatisfiable { reason: "n: no one".to_owned() });
    assert_eq!(answer(&snapshots, &ask("pkg:pypi/one")), Answer::Incomplete { names: vec![name.clone()] });
    assert_eq!(snapshots.lock(&ask("pkg:cargo/one"), &graph), "c one default 1");
    let question = ask("pkg:cargo/one");
    let first = snapshots.first_candidate(&question, &name, "*", &View::default());
    assert_eq!(first.as_deref(), Some("1.1.0"));
    assert_eq!(snapshots.size(Ecosystem::Cargo).packages, 1);
}

#[test]
fn a_clone_does_not_see_what_comes_later() {
    let mut snapshots = Snapshots::default();
    let before = snapshots.clone();
    let name = purl("pkg:cargo/one").name().clone();
    snapshots.insert(Ecosystem::Cargo, &name, &package(&["1.0.0"]));
    assert!(snapshots.knows(Ecosystem::Cargo, &name) && !before.knows(Ecosystem::Cargo, &name));
}

#[test]
fn a_manifests_name_tells_whose_it_is() {
    let ask = |file, text| Question::of_manifest(file, text, &[]);
    assert_eq!(ask("c.toy", "one").expect("cargo's").ecosystem(), Ecosystem::Cargo);
    assert_eq!(ask("other.toy", "one").expect("npm's").ecosystem(), Ecosystem::Npm);
    let Err(error) = ask("c.tom", "one") else { panic!("no such kind of manifest") };
    let words = "`c.tom` is the name of no manifest that is understood: use c.toy, n.toy, other.toy, n.toy, other.toy";
    assert_eq!(error.to_string(), words);
    assert!(matches!(ask("c.toy", "no name"), Err(InvalidQuestion::Manifest(_))));
}

#[test]
fn an_environment_is_checked_and_told_whole() {
    let entries = |key: &str| vec![(key.to_owned(), "good".to_owned())];
    let asked = Question::of_purl(&purl("pkg:npm/one"), &entries("mood")).expect("a question");
    assert_eq!(asked.environment_entries(), [("mood", "good".to_owned())]);
    let asked = Question::of_purl(&purl("pkg:npm/one"), &[]).expect("a question");
    assert_eq!(asked.environment_entries(), [("mood", "default".to_owned())]);
    assert_eq!(asked.direct(), [purl("pkg:npm/one").name().clone()]);
    let wrong = Question::of_purl(&purl("pkg:npm/one"), &entries("colour"));
    assert!(matches!(wrong, Err(InvalidQuestion::Environment(InvalidEnvironment::UnknownKey { .. }))));
}
