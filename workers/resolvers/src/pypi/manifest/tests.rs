//! Manifests as people write them, and what is none.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn shown(root: &PypiRoot) -> Vec<String> {
    root.requirements.iter().map(Requirement::shown).collect()
}

fn refused(file: &str, text: &str, said: &str) {
    let error = read(file, text).unwrap_err().to_string();
    assert!(error.contains(said), "{error}");
}

#[test]
fn requirement_files() {
    let text = "\u{feff}# head\n-i https://registry.invalid/simple\n--pre\nFlask_Login [A_b, c] >= 1.0 , <2 # why\n\
                attrs\\\n ==1 --hash=sha256:00 \\\n    --hash=sha256:01\n\nx @ http://registry.invalid/x.whl#sha256=0\n\
                y (>=1); python_version < '4'\r\nz#no-comment";
    let root = read("requirements.in", &text.replace("\nz#no-comment", "")).unwrap();
    assert_eq!(
        shown(&root),
        ["flask-login[a-b,c]>= 1.0 , <2", "attrs==1", "x @ http://registry.invalid/x.whl#sha256=0", "y>=1"]
    );
    assert_eq!(root.warnings, ["the option `--pre` is passed over, as uv does in a file"]);
    assert_eq!(root.origin.as_deref(), Some("-r requirements.in"));
    for (bad, said) in [
        ("-r other.txt", "line 1: the requirements of `other.txt` cannot be followed"),
        ("a\n-rother.txt", "line 2: the requirements of `other.txt` cannot be followed"),
        ("--requirement=other.txt", "the requirements of `other.txt` cannot be followed"),
        ("-c limits.txt", "the constraints of `limits.txt` cannot be followed"),
        ("-e .", "`-e .` is the source of a project"),
        ("--what", "`--what` is no option"),
        ("a\n!!", "line 2: `!!` is no requirement"),
        ("a\nb\\\n[", "line 2: "),
        ("./a.whl", "a path or a URL"),
        ("{\"name\": 1}", "line 1"),
    ] {
        refused("requirements.txt", bad, said);
    }
    assert!(read("requirements.txt", "").unwrap().requirements.is_empty());
}

#[test]
fn projects() {
    let root = read(
        "pyproject.toml",
        "[project]\nname='X'\ndependencies=['a>=1','x[all]','b']\n[project.optional-dependencies]\n\
         All=['c','x[more]']\nmore=['d','x[all]']\n[tool.uv]\nconstraint-dependencies=['a<3']",
    )
    .unwrap();
    assert_eq!(shown(&root), ["a>=1", "b", "c", "d"]);
    assert_eq!(root.constraints[0].shown(), "a<3");
    assert_eq!(root.origin.as_deref(), Some("x (pyproject.toml)"));
    for (bad, said) in [
        ("[tool]", "no table `project`"),
        ("[project]", "no `name`"),
        ("[project]\nname='-'", "`-` is no name"),
        ("[project]\nname='x'\ndynamic=['version', 'dependencies']", "`dependencies` are `dynamic`"),
        ("[project]\nname='x'\ndependencies=[1]", "no text"),
        ("[project]\nname='x'\ndependencies='a'", "no list"),
        ("[project]\nname='x'\ndependencies=['a>']", "`project.dependencies`: `a>`"),
        ("[project]\nname='x'\ndependencies=['x[y]']", "extra `y`, which it has not"),
        (
            "[project]\nname='x'\ndependencies=['a']\n[tool.uv.sources]\nA={path='.'}",
            "`a` comes from `tool.uv.sources`",
        ),
        ("[project]\nname='x'\n[tool.uv]\noverride-dependencies=[]", "not supported"),
        ("nonsense", "pyproject.toml: "),
    ] {
        refused("pyproject.toml", bad, said);
    }
}

#[test]
fn a_purl_is_a_project_at_a_version_or_at_any() {
    let of = |purl: &str| shown(&of_purl(&purl.parse().unwrap()));
    assert_eq!(of("pkg:pypi/Django"), ["django"]);
    assert_eq!(of("pkg:pypi/django@4.2"), ["django==4.2"]);
    assert!(matches!(of_purl(&"pkg:pypi/a@what".parse().unwrap()).requirements[0].asked, Asked::Elsewhere));
}

proptest! {
    #[test]
    fn odd_texts_do_no_harm(text in "\\PC{0,200}", lines in "([a-z\\[\\]<>=0-9 ;'#\\\\-]{0,20}\n){0,6}") {
        for text in [&text, &lines] {
            let _ = read("requirements.txt", text);
            let _ = read("pyproject.toml", text);
        }
    }
}
