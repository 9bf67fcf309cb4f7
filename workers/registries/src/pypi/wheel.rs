//! Which one of a version's wheels tells its dependencies.
//!
//! Wheels of one version nearly always say the same, and one document a version is all that is fetched. Which one must
//! not depend on the order of the page, or every crawl would choose anew.

/// A wheel whose core metadata is offered. Of two, the lesser one is the better choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate<'a> {
    /// A yanked wheel is asked only if there is no other.
    yanked: bool,
    /// How much its tags narrow down where it can be used.
    narrowness: u8,
    filename: &'a str,
    /// Where the wheel is, as the page says.
    pub(crate) url: &'a str,
}

impl<'a> Candidate<'a> {
    /// The candidate that a file is, if it is a wheel.
    pub(crate) fn new(filename: &'a str, url: &'a str, yanked: bool) -> Option<Self> {
        let stem = filename.strip_suffix(".whl")?;
        let mut tags = stem.rsplitn(4, '-');
        let (platform, abi, python) = (tags.next()?, tags.next()?, tags.next()?);
        let narrowness = match (python, abi, platform) {
            ("py3", "none", "any") => 0,
            (_, "none", "any") => 1,
            (_, _, "any") => 2,
            (_, "none", _) => 3,
            (_, "abi3", _) => 4,
            _ => 5,
        };
        Some(Self { yanked, narrowness, filename, url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_wheel_that_is_not_yanked_is_chosen() {
        let order = [
            ("a-1-py3-none-any.whl", false),
            ("a-1-2-py2.py3-none-any.whl", false),
            ("a-1-cp312-cp312-any.whl", false),
            ("a-1-py3-none-win32.whl", false),
            ("a-1-cp39-abi3-win32.whl", false),
            ("a-1-cp311-cp311-macosx_11_0_arm64.whl", false),
            ("a-1-cp311-cp311-win32.whl", false),
            ("a-1-py3-none-any.whl", true),
        ];
        let candidates = order.map(|(filename, yanked)| Candidate::new(filename, "", yanked).expect("a wheel"));
        assert!(candidates.is_sorted());
        assert_eq!(Candidate::new("a-1.tar.gz", "", false), None);
    }
}
