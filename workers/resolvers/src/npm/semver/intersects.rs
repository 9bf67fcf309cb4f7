//! Is there a version that two ranges allow? The answer is the library's, which looks at comparisons in pairs.

use super::comparator::{Comparator, Operator};
use super::range::Range;
use super::version::Version;

impl Range {
    /// Do the ranges have something in common?
    pub(in crate::npm) fn intersects(&self, other: &Self, include_prerelease: bool) -> bool {
        let possible = |set: &[Comparator]| is_possible(set, include_prerelease);
        self.sets.iter().filter(|set| possible(set)).any(|mine| {
            other
                .sets
                .iter()
                .filter(|set| possible(set))
                .any(|theirs| mine.iter().all(|a| theirs.iter().all(|b| meet(a, b, include_prerelease))))
        })
    }
}

/// Can all comparisons hold at once, each with the one that is looked at?
fn is_possible(set: &[Comparator], include_prerelease: bool) -> bool {
    (1..set.len()).rev().all(|last| set[..last].iter().all(|other| meet(&set[last], other, include_prerelease)))
}

fn meet(a: &Comparator, b: &Comparator, include_prerelease: bool) -> bool {
    use Operator::{Equal, Greater, GreaterEqual, Less, LessEqual};
    let allows = |one: &Comparator, version: &Version| Range::of(Some(one), include_prerelease).allows(version);
    if a.operator == Equal {
        return allows(b, &a.version);
    }
    if b.operator == Equal {
        return allows(a, &b.version);
    }
    if is_nothing(a, include_prerelease) || is_nothing(b, include_prerelease) {
        return false;
    }
    let (up, down) = (|o| matches!(o, Greater | GreaterEqual), |o| matches!(o, Less | LessEqual));
    let (from_a, from_b) = (up(a.operator), up(b.operator));
    if from_a == from_b {
        return true;
    }
    let inclusive = |o| matches!(o, GreaterEqual | LessEqual);
    if a.version == b.version {
        return inclusive(a.operator) && inclusive(b.operator);
    }
    (from_a && down(b.operator) && a.version < b.version) || (down(a.operator) && from_b && a.version > b.version)
}

/// `<0.0.0` and its pre-releases are taken for comparisons that nothing meets.
fn is_nothing(one: &Comparator, include_prerelease: bool) -> bool {
    if include_prerelease {
        return one.is_never();
    }
    one.operator == Operator::Less && one.version.same_numbers(&Version::plain(0, 0, 0))
}
