//! Input that is wrong, hostile or endless: an answer or a clear refusal, and always an end.

use gleaner_resolvers::pypi::{Environment, Pypi, PypiSnapshot, Scratch};
use gleaner_resolvers::{Answer, Budget, Flow, Resolver, View};

use crate::corpus;
use crate::inputs::add_chain;
use crate::made::{Made, resolve, shown};

fn check(made: Made, manifest: &str, expected: &str) {
    assert_eq!(shown(&resolve(&made.snapshot(), manifest).answer), expected, "{manifest}");
}

#[test]
fn cycles_are_no_problem() {
    let made =
        || Made::default().version("a", "1.0", &["b"]).version("b", "1.0", &["c[x]"]).version("c", "1.0", &["a>=1"]);
    check(made(), "a", "a==1.0 b==1.0 c==1.0");
    check(made().version("a", "2.0", &["b", "c<1"]), "a", "a==1.0 b==1.0 c==1.0");
}

#[test]
fn a_version_may_need_itself() {
    let made = || {
        Made::default().version("a", "1.0", &["a"]).version("a", "2.0", &["a<2"]).version(
            "a",
            "3.0",
            &["a[y]>=4", "b; extra == 'y'"],
        )
    };
    check(made().version("b", "1.0", &[]), "a", "a==1.0");
    check(
        made().version("b", "1.0", &[]),
        "a>=2",
        "Because a==2.0 depends on a<2, a==3.0 depends on a>=4, there is no a>=4 (the newest a for this environment is 3.0), and you require a>=2, your requirements cannot be satisfied.",
    );
}

#[test]
fn a_chain_of_thousands_ends() {
    let mut made = Made::default();
    let count = 3_000;
    for at in 0..count {
        made = made.version(&format!("p{at}"), "1.0", &[&format!("p{}>=1", at + 1)]);
    }
    let snapshot = made.version(&format!("p{count}"), "1.0", &[]).snapshot();
    let Answer::Graph(graph) = resolve(&snapshot, "p0").answer else { panic!("there is one") };
    assert_eq!((graph.nodes.len(), graph.edges.len()), (count + 1, count + 1));
    // And one that cannot be met, at its very end.
    let answer = resolve(&snapshot, "p0\np3000<1").answer;
    assert!(shown(&answer).contains("you require p3000<1"), "{}", shown(&answer));
}

#[test]
fn requirements_that_are_none_make_their_version_unusable() {
    let made = Made::default()
        .version("a", "1.0", &["b>=1.*"])
        .version("a", "2.0", &["b>=dev-master"])
        .version("a", "3.0", &["b; no marker at all"])
        .version("a", "4.0", &["b==99999999999999999999999"])
        .version("a", "5.0", &[">=1"])
        .version("a", "6.0", &["b; extra == 'x' and what"])
        .version("b", "1.0", &[])
        .version("b", "99999999999999999999999", &[]);
    let snapshot = made.snapshot();
    assert_eq!(shown(&resolve(&snapshot, "a\nb").answer), "a==1.0 b==1.0");
    assert_eq!(
        shown(&resolve(&snapshot, "a>1").answer),
        "Because a>=2.0 has metadata that cannot be read and you require a>1, your requirements cannot be satisfied."
    );
}

#[test]
fn requirements_that_contradict_themselves_are_told() {
    let made = || Made::default().version("a", "1.0", &[]).version("b", "1.0", &["a>2,<1"]).version("b", "0.9", &[]);
    check(
        made(),
        "a>2,<1",
        "Because you require a>2,<1, which no version can satisfy, your requirements cannot be satisfied.",
    );
    check(made(), "b", "b==0.9");
    check(made(), "a==1.0\na==1.1", "Because you require a==1.0 and a==1.1, your requirements cannot be satisfied.");
    check(
        made(),
        "a>=3",
        "Because there is no a>=3 (the newest a for this environment is 1.0) and you require a>=3, your requirements cannot be satisfied.",
    );
}

#[test]
fn spellings_of_one_name_are_one_project() {
    let made = Made::default().version("a-b", "1.0", &["C.d"]).version("c-d", "1.0", &["A__B<2"]);
    check(made, "A_b\na.B\na-b>=1", "a-b==1.0 c-d==1.0");
    assert!(Pypi::read_manifest("requirements.in", "аbc").is_err());
}

/// A refusal's proof is as deep as the search was long. It was once let go of as deep, and a stack ended before it.
#[test]
fn a_long_proof_needs_no_deep_stack() {
    let refuse = || {
        let mut snapshot = PypiSnapshot::default();
        add_chain(&mut snapshot, 4_000);
        shown(&resolve(&snapshot, "link-0\nlink-4000<1").answer)
    };
    let small = std::thread::Builder::new().stack_size(256 * 1024).spawn(refuse).unwrap();
    let reason = small.join().unwrap();
    assert!(reason.ends_with("you require link-0 and link-4000<1, your requirements cannot be satisfied."), "{reason}");
}

/// Each of many projects may be at each of many versions, and the last one fits none: a search without end.
fn endless() -> Made {
    let mut made = Made::default();
    for project in 0..12 {
        for version in 0..12 {
            let others: Vec<String> = (0..12)
                .map(|other| format!("q{other}=={}", (version * 7 + other * project * 5 + project) % 12))
                .collect();
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            made = made.version(&format!("p{project}"), &version.to_string(), &others);
        }
        for version in 0..12 {
            made = made.version(
                &format!("q{project}"),
                &version.to_string(),
                &[&format!("p{}!={}", (project * 5 + version) % 12, version)],
            );
        }
    }
    made
}

#[test]
fn a_budget_ends_what_would_not() {
    let manifest: String = (0..12).map(|project| format!("p{project}\n")).collect();
    let snapshot = endless().snapshot();
    let root = Pypi::read_manifest("requirements.in", &manifest).unwrap();
    let few = corpus::resolve_in(&snapshot, &root, &Environment::default(), &View::default(), 20);
    assert_eq!(few.answer, Answer::GaveUp { steps: 20 });
    let mut pauses = 0;
    let mut pause = || {
        pauses += 1;
        Flow::Stop
    };
    let mut budget = Budget::new(u64::MAX, &mut pause);
    let mut scratch = Scratch::default();
    let stopped = Pypi::resolve(&snapshot, &root, &Environment::default(), &View::default(), &mut scratch, &mut budget);
    assert!(matches!(stopped.answer, Answer::Stopped | Answer::Unsatisfiable { .. } | Answer::Graph(_)));
    let enough = corpus::resolve_in(&snapshot, &root, &Environment::default(), &View::default(), 50_000);
    assert!(!matches!(enough.answer, Answer::Stopped | Answer::Incomplete { .. }));
}
