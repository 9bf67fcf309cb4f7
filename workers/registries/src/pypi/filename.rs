//! Which version a file belongs to. The page does not say; the file's name does, more or less.
//!
//! A wheel's name has the version as its second part, a source archive's behind the project's name. What older tools
//! wrote (`.exe`, `.egg`, `.rpm`, archives of built files) has more behind the version, and only the list of versions
//! tells where it ends.

use super::name::is_spelling_of;

/// What a file's name tells of its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stated<'a> {
    /// Exactly this is the version.
    Version(&'a str),
    /// The version is at the beginning of this, which may have more behind it.
    Begins(&'a str),
}

/// Endings of source archives, the longer ones first.
const ARCHIVES: [&str; 12] = [
    ".tar.lzma",
    ".tar.bz2",
    ".tar.gz",
    ".tar.xz",
    ".tar.lz",
    ".tar.Z",
    ".tgz",
    ".tbz",
    ".txz",
    ".tlz",
    ".tar",
    ".zip",
];
/// Endings of what older tools built.
const BUILT: [&str; 7] = [".egg", ".exe", ".msi", ".rpm", ".dmg", ".deb", ".apk"];

/// What `filename` tells of the version, if it is a file of the project with this normal name.
pub(crate) fn version_of<'a>(filename: &'a str, project: &str) -> Option<Stated<'a>> {
    if let Some(stem) = filename.strip_suffix(".whl") {
        // name, version, perhaps a build number, three tags
        let mut parts = stem.split('-');
        let (name, version) = (parts.next()?, parts.next()?);
        let complete = matches!(parts.count(), 3 | 4);
        return (complete && is_spelling_of(name, project)).then_some(Stated::Version(version));
    }
    if let Some(stem) = ARCHIVES.iter().find_map(|ending| filename.strip_suffix(ending)) {
        return behind_name(stem, project).map(Stated::Version);
    }
    let stem = BUILT.iter().find_map(|ending| filename.strip_suffix(ending))?;
    behind_name(stem, project).map(Stated::Begins)
}

/// What stands behind the project's name and a `-` (Debian: `_`).
fn behind_name<'a>(stem: &'a str, project: &str) -> Option<&'a str> {
    let marks = stem.char_indices().filter(|(_, c)| matches!(c, '-' | '_'));
    let ends = marks.map(|(at, _)| at).find(|at| is_spelling_of(&stem[..*at], project))?;
    Some(stem[ends + 1..].trim_start_matches(['-', '_'])).filter(|rest| !rest.is_empty())
}

/// The beginnings of `text` that end before a `-`, `_`, `.` or at its end, longest first.
pub(crate) fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    let marks = text.char_indices().rev().filter(|(_, c)| matches!(c, '-' | '_' | '.'));
    std::iter::once(text).chain(marks.map(|(at, _)| &text[..at])).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_state_their_version() {
        let of = |filename| version_of(filename, "foo-bar");
        assert_eq!(of("foo_bar-1.0-py3-none-any.whl"), Some(Stated::Version("1.0")));
        assert_eq!(of("Foo.Bar-1.0-2-cp312-cp312-manylinux_2_17_x86_64.whl"), Some(Stated::Version("1.0")));
        assert_eq!(of("foo-1.0-py3-none-any.whl"), None);
        assert_eq!(of("foo_bar-1.0-py3-any.whl"), None);
        assert_eq!(of("foo_bar.whl"), None);
    }

    #[test]
    fn archives_have_it_behind_the_name() {
        let of = |filename| version_of(filename, "foo-bar");
        assert_eq!(of("foo-bar-1.0.tar.gz"), Some(Stated::Version("1.0")));
        assert_eq!(of("foo_bar-1.0.post1.zip"), Some(Stated::Version("1.0.post1")));
        assert_eq!(of("Foo.Bar-1.0-1.tar.bz2"), Some(Stated::Version("1.0-1")));
        assert_eq!(of("foo-bar-1.0.linux-x86_64.tar.gz"), Some(Stated::Version("1.0.linux-x86_64")));
        assert_eq!(of("foo-bar.tar.gz"), None);
        assert_eq!(of("foo-bar-.tar.gz"), None);
        assert_eq!(of("foobar-1.0.tar.gz"), None);
        assert_eq!(of("foo-bar-1.0.txt"), None);
        assert_eq!(of("é-1.0.tar.gz"), None);
    }

    #[test]
    fn what_older_tools_built_only_begins_with_it() {
        let of = |filename| version_of(filename, "foo");
        assert_eq!(of("foo-1.0.win32-py2.7.exe"), Some(Stated::Begins("1.0.win32-py2.7")));
        assert_eq!(of("foo-1.0-py2.7.egg"), Some(Stated::Begins("1.0-py2.7")));
        assert_eq!(of("foo-1.0-1.noarch.rpm"), Some(Stated::Begins("1.0-1.noarch")));
        assert_eq!(of("foo_1.0-1_all.deb"), Some(Stated::Begins("1.0-1_all")));
    }

    #[test]
    fn beginnings_are_longest_first() {
        assert_eq!(beginnings("1.0-py2").collect::<Vec<_>>(), ["1.0-py2", "1.0", "1"]);
        assert_eq!(beginnings("-").collect::<Vec<_>>(), ["-"]);
    }
}
