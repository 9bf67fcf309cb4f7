//! Why a node is in the tree: for development only, only as a peer, only if it can be had.
//!
//! All flags are set at first and taken from a node when somebody without the flag needs it otherwise than the flag says.
//!
//! Source: `lib/calc-dep-flags.js`.

use super::memo::{Kind, NONE};

/// A tree's edges by position; 0 is the root.
#[derive(Debug, Default)]
pub(super) struct Wired {
    /// The node in whose folder each is.
    pub(super) parents: Vec<u32>,
    /// What each is a symbolic link to.
    pub(super) links: Vec<u32>,
    /// Where the edges of each begin, and where those of the last end.
    pub(super) first: Vec<usize>,
    /// Where edges lead, or to nothing, and of which kind they are.
    pub(super) edges: Vec<(u32, Kind)>,
}

/// A node's flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the lock file's own flags")]
pub(super) struct Flags {
    pub(super) extraneous: bool,
    pub(super) dev: bool,
    pub(super) optional: bool,
    pub(super) dev_optional: bool,
    pub(super) peer: bool,
}

impl Flags {
    const ALL: Self = Self { extraneous: true, dev: true, optional: true, dev_optional: true, peer: true };
    const NONE: Self = Self { extraneous: false, dev: false, optional: false, dev_optional: false, peer: false };

    /// What is left of these flags if a node with those needs it as `kind`; a link is of no kind.
    fn after(self, from: Self, kind: Option<Kind>) -> Self {
        let is = |wanted: fn(Kind) -> bool| kind.is_some_and(wanted);
        let (peer, optional, dev) = (is(Kind::is_peer), is(Kind::is_optional), is(|kind| kind == Kind::Dev));
        let plain = kind.is_none() || !(from.dev || from.optional || dev || optional);
        Self {
            extraneous: self.extraneous && (from.extraneous || (peer && optional)),
            dev: self.dev && (from.dev || dev),
            optional: self.optional && (from.optional || optional),
            // Its dependants may be one for development and one optional; it is right at the end only.
            dev_optional: self.dev_optional && (from.dev_optional || !plain),
            peer: self.peer && (from.peer || peer),
        }
    }
}

impl Wired {
    /// The flags of all nodes.
    pub(super) fn flags(&self) -> Vec<Flags> {
        let mut flags = vec![Flags::ALL; self.parents.len()];
        let mut seen = vec![false; self.parents.len()];
        if flags.is_empty() {
            return flags;
        }
        flags[0] = Flags::NONE;
        let mut stack = vec![0_usize];
        while let Some(at) = stack.pop() {
            seen[at] = true;
            if !flags[at].extraneous {
                self.keep_parents(at, &mut flags);
            }
            if self.links[at] != NONE {
                let to = self.links[at] as usize;
                let changed = lose(&mut flags, at, to, None);
                if changed || !seen[to] {
                    stack.push(to);
                }
                continue;
            }
            for (to, kind) in &self.edges[self.first[at]..self.first[at + 1]] {
                if *to != NONE && lose(&mut flags, at, *to as usize, Some(*kind)) {
                    stack.push(*to as usize);
                }
            }
        }
        for (flags, _) in flags.iter_mut().zip(seen).skip(1).filter(|(_, seen)| *seen) {
            flags.dev_optional &= !(flags.dev || flags.optional);
        }
        flags
    }

    /// A folder is not superfluous if something in it is not.
    fn keep_parents(&self, at: usize, flags: &mut [Flags]) {
        let mut parent = self.parents[at];
        while parent != NONE && flags[parent as usize].extraneous {
            flags[parent as usize].extraneous = false;
            parent = self.parents[parent as usize];
        }
    }
}

/// Takes flags from a node that is needed; did it lose any?
fn lose(flags: &mut [Flags], from: usize, to: usize, kind: Option<Kind>) -> bool {
    let before = flags[to];
    flags[to] = before.after(flags[from], kind);
    flags[to] != before
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flags as letters: extraneous, dev, optional, dev-optional, peer.
    fn letters(nodes: usize, edges: &[(usize, u32, Kind)]) -> Vec<String> {
        let mut wired = Wired { parents: vec![0; nodes], links: vec![NONE; nodes], ..Wired::default() };
        wired.parents[0] = NONE;
        for node in 0..nodes {
            wired.first.push(wired.edges.len());
            wired.edges.extend(edges.iter().filter(|(from, ..)| *from == node).map(|(_, to, kind)| (*to, *kind)));
        }
        wired.first.push(wired.edges.len());
        let letter = |flags: &Flags| {
            let all = [
                (flags.extraneous, 'e'),
                (flags.dev, 'd'),
                (flags.optional, 'o'),
                (flags.dev_optional, 'b'),
                (flags.peer, 'p'),
            ];
            all.iter().filter(|(is, _)| *is).map(|(_, letter)| *letter).collect()
        };
        wired.flags().iter().map(letter).collect()
    }

    #[test]
    fn flags_are_what_is_left() {
        let edges =
            [(0, 1, Kind::Dev), (0, 2, Kind::Optional), (1, 3, Kind::Normal), (2, 3, Kind::Normal), (2, 4, Kind::Peer)];
        assert_eq!(letters(6, &edges), ["", "d", "o", "b", "op", "edobp"]);
    }

    #[test]
    fn an_optional_peer_alone_keeps_nothing() {
        assert_eq!(letters(3, &[(0, 1, Kind::Normal), (1, 2, Kind::PeerOptional)]), ["", "", "eop"]);
    }
}
