//! When a requirement counts: with an extra, or without any.
//!
//! The problem: markers mix what is true of a machine with what was asked for. A requirement that says
//! `sys_platform == 'win32' or extra == 'fast'` belongs to the project itself on Windows, and everywhere else to its
//! extra `fast`. It must be split, and what is left is more than a yes: uv keeps requirements with different conditions
//! apart as packages of their own, so equal conditions must be found to be equal.

use pep508_rs::{ExtraName, ExtraOperator, MarkerEnvironment, MarkerExpression, MarkerTree, MarkerValueExtra};

/// Parentheses inside each other beyond which a marker is none. The parser calls itself at each, and nobody writes ten.
const DEPTH_MAX: usize = 50;
/// Longest marker that is read, in bytes; those of the registry are a tenth of this.
const LENGTH_MAX: usize = 20_000;
/// Most `and` and `or` of a marker with parentheses and extras. Its alternatives multiply: five hundred at this number.
const WORDS_MAX: usize = 16;

/// A marker as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pypi) struct Marker {
    tree: MarkerTree,
    mentions_extra: bool,
}

impl Marker {
    pub(in crate::pypi) const ALWAYS: Self = Self { tree: MarkerTree::TRUE, mentions_extra: false };

    /// Reads a marker; none if it is none. Nor is one with characters beyond ASCII, at which the parser (`pep508_rs` 0.9)
    /// takes bytes for characters and panics: nothing that a marker can be compared with has any.
    pub(in crate::pypi) fn read(text: &str) -> Option<Self> {
        let words = text.matches(" and ").count() + text.matches(" or ").count();
        let mentions_extra = text.contains("extra");
        let is_too_intricate = mentions_extra && text.contains('(') && words > WORDS_MAX;
        if !text.is_ascii() || depth(text) > DEPTH_MAX || text.len() > LENGTH_MAX || is_too_intricate {
            return None;
        }
        Some(Self { tree: text.parse().ok()?, mentions_extra })
    }

    /// The condition under which a requirement counts by this extra and not without it; without an extra: by itself.
    pub(in crate::pypi) fn condition(&self, extra: Option<&ExtraName>) -> MarkerTree {
        if !self.mentions_extra {
            // It counts by itself, and so not by an extra.
            return if extra.is_none() { self.tree.clone() } else { MarkerTree::FALSE };
        }
        let alone = self.without_extras(None);
        let Some(extra) = extra else { return alone };
        let mut by_extra = self.without_extras(Some(extra));
        by_extra.and(alone.negate());
        by_extra
    }

    /// What is left if this extra was asked for and no other.
    fn without_extras(&self, asked: Option<&ExtraName>) -> MarkerTree {
        let mut left = MarkerTree::FALSE;
        for all_of in self.tree.to_dnf() {
            let mut whole = MarkerTree::TRUE;
            for one in all_of {
                match one {
                    MarkerExpression::Extra { operator, name } => {
                        let is_asked = matches!(&name, MarkerValueExtra::Extra(name) if Some(name) == asked);
                        if is_asked != (operator == ExtraOperator::Equal) {
                            whole = MarkerTree::FALSE;
                        }
                    }
                    other => whole.and(MarkerTree::expression(other)),
                }
            }
            left.or(whole);
        }
        // The tree that always holds has no alternatives to show.
        if self.tree.is_true() { MarkerTree::TRUE } else { left }
    }
}

/// Is a condition without extras true here?
pub(in crate::pypi) fn applies(condition: &MarkerTree, environment: &MarkerEnvironment) -> bool {
    condition.is_true() || (!condition.is_false() && condition.evaluate(environment, &[]))
}

/// How many parentheses are open at once.
fn depth(text: &str) -> usize {
    let mut open = 0_usize;
    let mut most = 0;
    for c in text.chars() {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}
