//! A set of roots.
//!
//! Most requirements are read by a few roots and some by nearly all. A sorted list takes four bytes a root and is read in
//! order; roots are recorded in ascending order as a rule, so that a new one goes to its end.

use super::RootId;

#[derive(Default)]
pub(super) struct Roots(Vec<RootId>);

impl Roots {
    pub(super) fn insert(&mut self, root: RootId) {
        if self.0.last().is_none_or(|last| *last < root) {
            self.0.push(root);
        } else if let Err(at) = self.0.binary_search(&root) {
            self.0.insert(at, root);
        }
    }

    pub(super) fn remove(&mut self, root: RootId) {
        if let Ok(at) = self.0.binary_search(&root) {
            self.0.remove(at);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = RootId> {
        self.0.iter().copied()
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<RootId>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_sorted_and_each_once() {
        let mut roots = Roots::default();
        [5, 9, 5, 1, 7, 9].into_iter().for_each(|root| roots.insert(root));
        assert_eq!(roots.iter().collect::<Vec<_>>(), [1, 5, 7, 9]);
        [5, 6].into_iter().for_each(|root| roots.remove(root));
        assert_eq!(roots.iter().collect::<Vec<_>>(), [1, 7, 9]);
    }
}
