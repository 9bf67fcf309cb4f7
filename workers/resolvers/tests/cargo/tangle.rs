//! Made-up inputs whose contradictions are tangled.

use crate::made::{Index, need};
use crate::random::Random;

/// Crates whose versions each need a few windows of versions of later crates.
pub(crate) fn tangle(seed: u64, crates: usize, versions: usize, needs: usize, width: usize) -> Index {
    let mut random = Random::new(seed);
    let mut index = Index::default();
    for n in 0..crates {
        for minor in 0..versions {
            let mut list = Vec::new();
            for _ in 0..needs {
                let (other, low) = (random.below(crates), random.below(versions));
                if other > n {
                    list.push(need(&format!("c{other}"), &format!(">=1.{low}.0, <1.{}.0", low + width)));
                }
            }
            index.version(&format!("c{n}"), &format!("1.{minor}.0"), &list);
        }
    }
    index
}

/// A manifest that needs the first few of them.
pub(crate) fn first_of_tangle(crates: usize) -> String {
    (0..crates).fold("[dependencies]\n".to_owned(), |text, n| format!("{text}c{n} = \"1\"\n"))
}
