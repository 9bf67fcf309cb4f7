//! Overrides: what the root says shall be taken in place of what is asked for.
//!
//! The manifest's object is a tree of sets. A set holds for a node, its rules for that node's edges, and the rule that an
//! edge falls under holds for the node that it leads to: so a rule within a rule holds below one package only. A node that
//! several edges lead to has the most special of their sets.
//!
//! Source: `lib/override-set.js`; `lib/node.js` (`updateOverridesEdgeInAdded` and its like); `lib/edge.js` (`spec`).

mod holding;
mod reading;

use std::collections::HashMap;

use super::Build;
use crate::npm::memo::{Memo, NONE, NameId, WantId};
use crate::npm::root::RootData;
use crate::npm::semver::{Options, Range, Version};
use crate::npm::spec::{Asked, Spec};
use crate::npm::tree::Edge;

/// A set's number; that of the whole object is 0.
type RuleId = u32;

/// A set of rules, and, but for the first, a rule itself.
#[derive(Debug)]
struct Rule {
    parent: RuleId,
    /// Rules within it, in the order of the object.
    children: Vec<RuleId>,
    /// The dependency that it is about.
    name: NameId,
    key: Box<str>,
    /// What must be asked for so that it holds.
    about: About,
    /// What is taken instead; `*` if that stays as it is.
    value: Box<str>,
    /// The same as a want, if it is something else.
    instead: WantId,
    /// All rules that hold within it, its own first.
    holding: Vec<RuleId>,
}

/// Which requirements a rule is about.
#[derive(Debug)]
enum About {
    All,
    Range(Range),
    /// A tag, or something that is no range.
    Other,
}

/// The root's overrides.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    rules: Vec<Rule>,
    /// The rule for a want under a set.
    found: HashMap<(RuleId, WantId), RuleId, foldhash::fast::FixedState>,
}

impl Overrides {
    /// The set of the root; nothing if there are no overrides.
    pub(super) fn top(&self) -> RuleId {
        if self.rules.is_empty() { NONE } else { 0 }
    }

    /// The rule of a set, unless it is the whole object or nothing.
    pub(super) fn exception(&self, rules: RuleId) -> Option<RuleId> {
        (rules != NONE && rules != 0).then_some(rules)
    }

    /// Two sets are equal if they are the same: there is one object.
    #[expect(clippy::unused_self, reason = "how sets compare is theirs to know")]
    pub(super) const fn is_equal(&self, a: RuleId, b: RuleId) -> bool {
        a == b
    }

    /// Is a version what a rule is about?
    pub(super) fn concerns(&self, rule: RuleId, version: Option<&Version>) -> bool {
        match &self.rules[rule as usize].about {
            About::All => true,
            About::Range(range) => version.is_some_and(|version| range.allows(version)),
            About::Other => false,
        }
    }

    fn is_above(&self, above: RuleId, below: RuleId) -> bool {
        let mut one = below;
        while one != NONE {
            if one == above {
                return true;
            }
            one = self.rules[one as usize].parent;
        }
        false
    }

    /// The more special of two sets, or what they have in common; none if they contradict each other.
    fn special(&self, first: RuleId, second: RuleId) -> Option<RuleId> {
        if self.is_above(first, second) {
            return Some(second);
        }
        if self.is_above(second, first) {
            return Some(first);
        }
        if self.contradict(first, second) {
            return None;
        }
        let mut common = second;
        while common != NONE && !self.is_above(common, first) {
            common = self.rules[common as usize].parent;
        }
        Some(common).filter(|common| *common != NONE)
    }

    /// Do two sets, of which none is within the other, want different things of the same dependency?
    pub(super) fn conflict(&self, first: RuleId, second: RuleId) -> bool {
        let both = first != NONE && second != NONE && first != second;
        both && !self.is_above(first, second) && !self.is_above(second, first) && self.contradict(first, second)
    }

    fn contradict(&self, first: RuleId, second: RuleId) -> bool {
        let rules = |set: RuleId| self.rules[set as usize].holding.iter().map(|id| (*id, &self.rules[*id as usize]));
        rules(first).any(|(one, a)| {
            let same_key = rules(second).find(|(_, b)| b.key == a.key);
            same_key.is_some_and(|(other, b)| one != other && !a.is_reference() && !b.is_reference() && a.is_apart(b))
        })
    }

    /// The rule that an edge falls under: the set itself if there is none.
    fn rule_for(&mut self, set: RuleId, want: WantId, memo: &Memo) -> RuleId {
        if set == NONE {
            return NONE;
        }
        if let Some(known) = self.found.get(&(set, want)) {
            return *known;
        }
        let asked = &memo.wants[want as usize];
        let holding = &self.rules[set as usize].holding;
        let holds = |id: &&RuleId| {
            let rule = &self.rules[**id as usize];
            rule.name == asked.name && rule.is_about(&asked.spec)
        };
        let rule = holding.iter().find(holds).copied().unwrap_or(set);
        self.found.insert((set, want), rule);
        rule
    }
}

impl Rule {
    fn is_reference(&self) -> bool {
        self.value.starts_with('$')
    }

    /// Do two rules ask for ranges that have nothing in common?
    fn is_apart(&self, other: &Self) -> bool {
        let range = |text: &str| match Spec::parse(text) {
            Spec::Registry { package: None, asked: Asked::Range(range) | Asked::Version(_, range), .. } => Some(range),
            _ => None,
        };
        let both = range(&self.value).zip(range(&other.value));
        both.is_some_and(|(one, other)| !one.intersects(&other, false))
    }

    fn is_about(&self, spec: &Spec) -> bool {
        let range = match &self.about {
            About::All => return true,
            About::Range(range) => range,
            About::Other => return false,
        };
        match spec {
            Spec::Registry { asked: Asked::Range(asked) | Asked::Version(_, asked), .. } => {
                asked.intersects(range, false)
            }
            Spec::Registry { asked: Asked::Any, .. } => {
                Range::parse("*", Options::LOOSE).is_some_and(|any| any.intersects(range, false))
            }
            // Where nothing can be compared, the rule holds.
            Spec::Registry { asked: Asked::Tag(_), .. } => true,
            Spec::Elsewhere(what) => !what.contains("git"),
            Spec::Wrong(_) => false,
        }
    }
}

impl Build<'_, '_> {
    /// What is asked for by an edge, its override considered.
    pub(super) fn asked_instead(&self, edge: &Edge) -> WantId {
        let Some(rule) = self.overrides.exception(edge.rules) else { return edge.want };
        let rule = &self.overrides.rules[rule as usize];
        let is_about = rule.instead != NONE && rule.name == self.memo.wants[edge.want as usize].name;
        if is_about { rule.instead } else { edge.want }
    }

    /// npm does not let the root override what it asks for itself.
    pub(super) fn check_root_overrides(&mut self, root: &RootData) -> Result<(), super::End> {
        for edge in self.site.tree.edges_out(crate::npm::tree::ROOT) {
            let it = self.site.tree.edge(edge);
            let (asked, instead) =
                (&self.memo.wants[it.want as usize], &self.memo.wants[self.asked_instead(it) as usize]);
            if asked.text != instead.text {
                return Err(super::End::Refused(format!(
                    "the override of {}@{} contradicts what {} itself asks for",
                    self.memo.name_text(asked.name),
                    asked.text,
                    root.title(),
                )));
            }
        }
        Ok(())
    }
}
