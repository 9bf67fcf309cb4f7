//! Inputs: pieces of what people write, put together in ways that nobody would.

use crate::random::Random;

pub(crate) const CARGO_MANIFESTS: &[&str] = &[
    "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.85\"\nlinks = \"z\"\n",
    "[dependencies]\nserde = { version = \"1\", features = [\"derive\"], optional = true, default-features = false }\n",
    "[target.'cfg(all(unix, not(target_os = \"macos\")))'.dependencies]\nlibc = \"0.2\"\n",
    "[features]\ndefault = [\"std\", \"dep:serde\", \"serde?/std\"]\nstd = []\n",
    "[workspace]\nresolver = \"3\"\n[workspace.dependencies]\nx = { version = \"2\" }\n[dependencies.x]\nworkspace = true\n",
    "[dev-dependencies]\nproptest = \"~1.4\"\n[build-dependencies]\ncc = \">=1, <2\"\n[patch.crates-io]\na = { path = \"x\" }\n",
];
pub(crate) const CFGS: &[&str] = &[
    "unix",
    "all(unix, not(target_os = \"macos\"))",
    "any(target_arch = \"x86\", target_arch = \"x86_64\")",
    "cfg(target_feature = \"sse2\")",
    "x86_64-unknown-linux-gnu",
    "r#true",
    "not(r#any)",
];
pub(crate) const CARGO_REQUIREMENTS: &[&str] = &[
    ">=1.2.3, <2",
    "~1.2",
    "^0.0.3-alpha.1+build",
    "*",
    "1.*",
    "=99999999999999999999",
    "dep:b",
    "b?/std",
    "b/std",
    "1.85",
];
pub(crate) const NPM_MANIFESTS: &[&str] = &[
    "{\"name\":\"a\",\"version\":\"1.0.0\",\"dependencies\":{\"b\":\"^1.2.3\",\"@s/c\":\"npm:d@2\"}}",
    "{\"peerDependencies\":{\"react\":\">=16 || 17\"},\"peerDependenciesMeta\":{\"react\":{\"optional\":true}}}",
    "{\"overrides\":{\"a\":{\".\":\"1\",\"b@2\":\"$c\"}},\"bundleDependencies\":[\"x\"],\"os\":[\"!win32\"]}",
    "{\"optionalDependencies\":{\"fsevents\":\"~2.3.2\"},\"engines\":{\"node\":\">=18\"},\"workspaces\":[\"p/*\"]}",
];
pub(crate) const NPM_RANGES: &[&str] = &[
    "^1.2.3",
    "~>1.x",
    "1.2.3 - 2.3.4",
    ">=1.2 <2 || 3.x",
    "latest",
    "npm:other@^2",
    "git+ssh://git@host.invalid/a/b.git#semver:^1",
    "file:../x",
    "v1.2.3-beta.1+build",
    "",
];
pub(crate) const REQUIREMENTS: &[&str] = &[
    "flask>=2,<3\nrequests[socks] ==2.*; python_version < \"3.8\" # why\n",
    "-r other.txt\n-c constraints.txt\n--index-url http://registry.invalid/\n",
    "name @ http://host.invalid/x-1.0-py3-none-any.whl ; extra == 'test'\n",
    "a~=1.4.2 ; (sys_platform == 'linux' or os_name=='nt') and 'x' in platform_version \\\n --hash=sha256:00\n",
    "b!=1.0.post1,>=1!0a1.dev3+local.7\n-e .\n",
    "c===weird\n",
];
pub(crate) const PYPROJECTS: &[&str] = &[
    "[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \">=3.9\"\ndependencies = [\"flask>=2\"]\n",
    "[project.optional-dependencies]\ntest = [\"pytest~=8.0\"]\n",
    "[build-system]\nrequires = [\"setuptools>=61\"]\n[dependency-groups]\ndev = [{include-group = \"test\"}]\n",
    "[project]\ndynamic = [\"dependencies\"]\n[tool.uv]\nx = 1\n",
];

/// What breaks parsers.
const ODD: &[&str] = &[
    "\0",
    "\u{feff}",
    "é",
    "𝒳",
    "\u{202e}",
    "\"",
    "'",
    "\\",
    "\n",
    "(",
    ")",
    ",",
    "99999999999999999999",
    "-",
    "=",
    "  ",
];

/// An input.
pub(crate) fn make(random: &mut Random, seeds: &[&str]) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(4) {
        let piece: Vec<char> = random.one_of(seeds).chars().collect();
        let (from, to) = (random.below(piece.len() + 1), random.below(piece.len() + 1));
        let whole = random.once_in(2);
        text.extend(if whole { &piece[..] } else { &piece[from.min(to)..from.max(to)] });
        if random.once_in(3) {
            let odd = random.one_of(ODD);
            text.push_str(&odd.repeat(1 + random.below(3)));
        }
    }
    if random.once_in(4) {
        let mut all: Vec<char> = text.chars().collect();
        for _ in 0..random.below(4).min(all.len()) {
            let at = random.below(all.len());
            all.remove(at);
        }
        text = all.into_iter().collect();
    }
    if random.once_in(50) { text.repeat(random.below(200)) } else { text }
}
