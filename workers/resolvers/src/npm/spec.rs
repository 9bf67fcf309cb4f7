//! What a dependency's text asks for: versions of a package of the registry, or something from elsewhere.
//!
//! Source: `npm-package-arg` (`lib/npa.js`: `resolve`, `fromAlias`, `fromRegistry`), `hosted-git-info` for the short forms
//! of git hosts, `validate-npm-package-name`.

use gleaner_model::Text;

use super::semver::{Options, Range, Version};

/// A dependency's text, understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Spec {
    /// Of the registry: the package's name if it is not that of the dependency, and which versions.
    Registry { package: Option<Box<str>>, text: Text, asked: Asked },
    /// A repository, an archive or a folder: nothing that the registry knows.
    Elsewhere(&'static str),
    /// npm refuses to go on, with this sentence.
    Wrong(Box<str>),
}

/// Which versions of a package.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    Any,
    Range(Range),
    /// One version, by its number in normal form; the range is what it allows beside itself.
    Version(Box<str>, Range),
    Tag(Box<str>),
}

impl Spec {
    /// Understands a dependency's text.
    pub(super) fn parse(text: &str) -> Self {
        let lower = text.get(..5).unwrap_or(text).to_ascii_lowercase();
        if lower.starts_with("file:") || is_file(text) {
            return Self::Elsewhere("a folder or an archive");
        }
        if lower.starts_with("npm:") {
            return Self::alias(&text[4..]);
        }
        if is_hosted(text) {
            return Self::Elsewhere("a git repository");
        }
        if let Some(scheme) = scheme(text) {
            return Self::of_scheme(scheme, text);
        }
        if text.contains('/') || is_archive(text) {
            return Self::Elsewhere("a folder or an archive");
        }
        Self::of_registry(text, None)
    }

    fn of_scheme(scheme: &str, text: &str) -> Self {
        match scheme.to_ascii_lowercase().as_str() {
            "git" | "git+http" | "git+https" | "git+rsync" | "git+ftp" | "git+file" | "git+ssh" => {
                Self::Elsewhere("a git repository")
            }
            "http" | "https" => Self::Elsewhere("an archive of another place"),
            other => Self::Wrong(format!("`{text}` is of a kind that npm does not know: `{other}:`").into()),
        }
    }

    /// What `npm:` is followed by: a name, and perhaps `@` and what is asked.
    fn alias(target: &str) -> Self {
        let at = target.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
        let (name, asked) = at.map_or((target, "*"), |at| (&target[..at], &target[at + 1..]));
        let asked = if asked.is_empty() { "*" } else { asked };
        if !is_name(name) {
            return Self::Wrong(format!("`npm:{target}` names no package").into());
        }
        match Self::parse(asked) {
            Self::Registry { package: None, .. } => Self::of_registry(asked, Some(name)),
            Self::Wrong(why) => Self::Wrong(why),
            _ => Self::Wrong(format!("`npm:{target}` is not of the registry, and an alias must be").into()),
        }
    }

    /// Versions of a package of the registry.
    pub(super) fn of_registry(text: &str, package: Option<&str>) -> Self {
        let asked = text.trim();
        let package = package.map(Into::into);
        let registry = |asked_for| Self::Registry { package: package.clone(), text: asked.into(), asked: asked_for };
        if asked.is_empty() || asked == "*" {
            return registry(Asked::Any);
        }
        let range = Range::parse(asked, Options::LOOSE);
        match (Version::parse(asked, true).and_then(|_| Version::clean(asked)), range) {
            (Some(version), Some(range)) => registry(Asked::Version(version.to_string().into(), range)),
            (_, Some(range)) => registry(Asked::Range(range)),
            _ if is_component(asked) => registry(Asked::Tag(asked.into())),
            _ => Self::Wrong(format!("`{text}` is neither a range nor a tag").into()),
        }
    }
}

/// A path, as its beginning tells.
fn is_file(text: &str) -> bool {
    let mut bytes = text.bytes();
    match (bytes.next(), bytes.next()) {
        (Some(b'.' | b'/'), _) | (Some(b'~'), Some(b'/')) => true,
        (Some(letter), Some(b':')) => letter.is_ascii_alphabetic(),
        _ => false,
    }
}

fn is_archive(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [".tgz", ".tar.gz", ".tar"].iter().any(|end| lower.ends_with(end))
}

/// What stands before the colon of an address, if it is one.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let letters = scheme.to_ascii_lowercase();
    let letters = letters.strip_prefix("git+").unwrap_or(&letters);
    (!letters.is_empty() && letters.bytes().all(|b| b.is_ascii_alphabetic())).then_some(scheme)
}

/// Is it `user/project`, or the same with the name of a git host before it?
fn is_hosted(text: &str) -> bool {
    const HOSTS: [&str; 5] = ["github:", "gitlab:", "bitbucket:", "gist:", "sourcehut:"];
    if HOSTS.iter().any(|host| text.starts_with(host)) {
        return true;
    }
    let path = text.split('#').next().unwrap_or(text);
    let mut parts = path.split('/');
    let two = (parts.next(), parts.next(), parts.next());
    let (Some(user), Some(project), None) = two else { return false };
    let is_plain = !path.contains([' ', '@', ':', '\t', '\n']);
    !user.is_empty() && !project.is_empty() && is_plain && !path.starts_with('.')
}

/// JavaScript's `encodeURIComponent` leaves it as it is.
fn is_component(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b))
}

/// Could a package ever be called so?
pub(super) fn is_name(name: &str) -> bool {
    let reserved = ["node_modules", "favicon.ico"].iter().any(|word| name.eq_ignore_ascii_case(word));
    if name.is_empty() || name.starts_with(['.', '-', '_']) || reserved {
        return false;
    }
    match name.strip_prefix('@').and_then(|scoped| scoped.split_once('/')) {
        Some((scope, rest)) => {
            !scope.is_empty() && !rest.is_empty() && !rest.starts_with('.') && is_component(scope) && is_component(rest)
        }
        None => is_component(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> String {
        match Spec::parse(text) {
            Spec::Registry { package, asked, .. } => {
                let asked = match asked {
                    Asked::Any => "any".to_owned(),
                    Asked::Range(range) => format!("range {range}"),
                    Asked::Version(version, _) => format!("version {version}"),
                    Asked::Tag(tag) => format!("tag {tag}"),
                };
                package.map(|name| format!("{name}: {asked}")).unwrap_or(asked)
            }
            Spec::Elsewhere(what) => what.to_owned(),
            Spec::Wrong(_) => "wrong".to_owned(),
        }
    }

    #[test]
    fn texts_are_told_apart_as_npm_does() {
        for (text, expected) in [
            ("", "any"),
            ("*", "any"),
            (" * ", "any"),
            ("x", "range "),
            ("^1.2", "range >=1.2.0 <2.0.0-0"),
            ("=1.2.3", "version 1.2.3"),
            ("v1.02.3beta", "version 1.2.3-beta"),
            ("latest", "tag latest"),
            ("npm:b", "b: any"),
            ("NPM:@s/b@1 || 2", "@s/b: range >=1.0.0 <2.0.0-0||>=2.0.0 <3.0.0-0"),
            ("npm:b@next", "b: tag next"),
            ("npm:^1", "wrong"),
            ("npm:", "wrong"),
            ("npm:b@npm:c", "wrong"),
            ("npm:b@file:c", "wrong"),
            ("user/project", "a git repository"),
            ("user/project#semver:^1", "a git repository"),
            ("github:user/project", "a git repository"),
            ("git+ssh://git@mirror.example/x.git", "a git repository"),
            ("http://mirror.example/x.tgz", "an archive of another place"),
            ("../x", "a folder or an archive"),
            ("file:x", "a folder or an archive"),
            ("a/b/c", "a folder or an archive"),
            ("x.tgz", "a folder or an archive"),
            ("workspace:*", "wrong"),
            ("catalog:", "wrong"),
            ("not a range", "wrong"),
            ("99999999999999999999.0.0", "tag 99999999999999999999.0.0"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn names_are_those_that_npm_takes() {
        for name in ["a", "JSONStream", "@s/b", "a.b", "it's", "@S/b_"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".a", "_a", "-a", "a b", "a/b", "@s", "@s/", "@/b", "@s/.b", "node_modules", "ä"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
