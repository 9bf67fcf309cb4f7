//! How many resolutions a second one core does. For a look: the benchmark proper is `benches/`.

use std::fs;
use std::time::Instant;

use gleaner_resolvers::npm::{Npm, NpmScratch};
use gleaner_resolvers::{Answer, Budget, Flow, Resolver, View};

use crate::corpus;

#[test]
#[ignore = "it measures"]
fn warm_resolutions_a_second() {
    let (Some(folder), Some(snapshot)) = (corpus::folder(), corpus::snapshot()) else {
        println!("skipped: there are no recorded documents here");
        return;
    };
    let mut cases: Vec<_> =
        fs::read_dir(folder.join("resolutions/npm")).unwrap().map(|case| case.unwrap().path()).collect();
    cases.sort();
    let mut scratch = NpmScratch::default();
    for case in cases {
        let manifest = fs::read_to_string(case.join("package.json")).unwrap();
        let root = Npm::read_manifest("package.json", &manifest).unwrap();
        let mut once = || {
            let mut pause = || Flow::Continue;
            let mut budget = Budget::new(10_000_000, &mut pause);
            Npm::resolve(snapshot, &root, &Default::default(), &View::default(), &mut scratch, &mut budget)
        };
        let Answer::Graph(graph) = once().answer else { panic!("{case:?}") };
        let (start, mut runs, mut best) = (Instant::now(), 0_u32, f64::MAX);
        while start.elapsed().as_millis() < 500 {
            let one = Instant::now();
            assert!(matches!(once().answer, Answer::Graph(_)));
            best = best.min(one.elapsed().as_secs_f64());
            runs += 1;
        }
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        println!(
            "{name:12} {:4} packages: {:7.0} a second on average, {:7.0} at best",
            graph.nodes.len(),
            f64::from(runs) / start.elapsed().as_secs_f64(),
            1.0 / best
        );
    }
}
