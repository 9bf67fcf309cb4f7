//! Files gathered under their versions.
//!
//! Page and file names may spell one version differently (`1.0` and `1.0.0`). The page's list decides how it is
//! written; what is not on the list is written as in its file's name.

use std::collections::HashMap;

use pep440_rs::Version as Number;

use super::filename::{Stated, beginnings};

/// The versions known so far, each with the `T` that is gathered for it.
pub(crate) struct Releases<T> {
    /// In the order of their first appearance.
    list: Vec<(String, T)>,
    /// Spellings that were met, and which version each means, if any.
    spellings: HashMap<String, Option<usize>>,
    numbers: HashMap<Number, usize>,
    /// The version that was found last: the files of a version stand together.
    last: usize,
}

impl<T: Default> Releases<T> {
    /// The versions that the page lists. Two spellings of one number stay two versions if the page lists both.
    pub(crate) fn new<'a>(listed: impl Iterator<Item = &'a str>) -> Self {
        let mut releases = Self { list: Vec::new(), spellings: HashMap::new(), numbers: HashMap::new(), last: 0 };
        for spelling in listed {
            if !releases.spellings.contains_key(spelling) {
                releases.add(spelling, number(spelling));
            }
        }
        releases
    }

    /// The version that a file's name states, which is added if it is new and well formed.
    pub(crate) fn stated(&mut self, stated: Stated<'_>) -> Option<&mut T> {
        let at = match stated {
            Stated::Version(spelling) => self.find(spelling).or_else(|| self.find_new(spelling)),
            Stated::Begins(_) => None,
        };
        at.map(|at| &mut self.list[at].1)
    }

    /// The version at the beginning of what a file's name states: the longest beginning that is known, else the
    /// longest that could be a version and has no `-`, which older tools wrote behind versions. To be asked when all
    /// the better names were asked for.
    pub(crate) fn guessed(&mut self, stated: Stated<'_>) -> Option<&mut T> {
        let (Stated::Version(text) | Stated::Begins(text)) = stated;
        let known = beginnings(text).find_map(|spelling| self.find(spelling));
        let at = known.or_else(|| {
            let spelling = beginnings(text).find(|spelling| !spelling.contains('-') && number(spelling).is_some())?;
            self.find_new(spelling)
        });
        at.map(|at| &mut self.list[at].1)
    }

    /// All versions and what was gathered for them.
    pub(crate) fn into_list(self) -> Vec<(String, T)> {
        self.list
    }

    /// The known version of this spelling.
    fn find(&mut self, spelling: &str) -> Option<usize> {
        // No two versions have one spelling.
        if self.list.get(self.last).is_some_and(|(known, _)| known == spelling) {
            return Some(self.last);
        }
        let found = self.look_up(spelling);
        self.last = found.unwrap_or(self.last);
        found
    }

    fn look_up(&mut self, spelling: &str) -> Option<usize> {
        if let Some(known) = self.spellings.get(spelling) {
            return *known;
        }
        let at = number(spelling).and_then(|number| self.numbers.get(&number).copied());
        // What is unknown now may be added later, so only what was found is remembered.
        if at.is_some() {
            self.spellings.insert(spelling.to_owned(), at);
        }
        at
    }

    fn find_new(&mut self, spelling: &str) -> Option<usize> {
        number(spelling).map(|number| self.add(spelling, Some(number)))
    }

    fn add(&mut self, spelling: &str, number: Option<Number>) -> usize {
        let at = self.list.len();
        self.list.push((spelling.to_owned(), T::default()));
        self.spellings.insert(spelling.to_owned(), Some(at));
        if let Some(number) = number {
            self.numbers.entry(number).or_insert(at);
        }
        at
    }
}

/// A version number by PEP 440. Wheels write `_` where the number has a `-`.
fn number(spelling: &str) -> Option<Number> {
    spelling.parse().ok().or_else(|| spelling.contains('_').then(|| spelling.replace('_', "-").parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(listed: &[&str], files: &[Stated<'_>]) -> Vec<(String, u32)> {
        let mut releases = Releases::<u32>::new(listed.iter().copied());
        for file in files {
            if let Some(count) = releases.stated(*file) {
                *count += 1;
            } else if let Some(count) = releases.guessed(*file) {
                *count += 1;
            }
        }
        releases.into_list()
    }

    fn counts(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
        expected.iter().map(|(spelling, count)| ((*spelling).to_owned(), *count)).collect()
    }

    #[test]
    fn the_list_decides_the_spelling() {
        use Stated::Version;
        let files =
            [Version("1.0.0"), Version("1.0"), Version("2.0rc1"), Version("1.0-1"), Version("3"), Version("3.0")];
        let expected = [("1.0", 2), ("2.0.rc1", 1), ("1.0.post1", 1), ("9", 0), ("3", 2)];
        assert_eq!(gathered(&["1.0", "2.0.rc1", "1.0.post1", "9"], &files), counts(&expected));
        assert_eq!(gathered(&["1.0", "1.0.0", "1.0"], &[Version("1.0.0")]), counts(&[("1.0", 0), ("1.0.0", 1)]));
    }

    #[test]
    fn numbers_outside_the_rule_are_known_only_from_the_list() {
        use Stated::Version;
        assert_eq!(gathered(&["2004d-x"], &[Version("2004d-x"), Version("what")]), counts(&[("2004d-x", 1)]));
        assert_eq!(gathered(&[], &[Version("1.0_1")]), counts(&[("1.0_1", 1)]));
    }

    #[test]
    fn guesses_prefer_what_is_known() {
        use Stated::{Begins, Version};
        let files =
            [Begins("1.0-1.noarch"), Begins("1.0.win32-py2.7"), Version("1.0.linux-x86_64"), Begins("1.0-py2.7")];
        assert_eq!(gathered(&["1.0"], &files), counts(&[("1.0", 4)]));
        assert_eq!(gathered(&["1.0-1"], &files[..1]), counts(&[("1.0-1", 1)]));
        assert_eq!(gathered(&[], &files[..2]), counts(&[("1.0", 2)]));
        assert_eq!(gathered(&[], &[Begins("nothing")]), counts(&[]));
    }
}
