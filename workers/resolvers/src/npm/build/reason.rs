//! Why npm refuses, in sentences.

use super::Build;
use crate::npm::memo::{Failure, Kind, NONE, WantId};
use crate::npm::spec::Spec;
use crate::npm::tree::{EdgeId, NodeId, ROOT};

impl Build<'_, '_> {
    /// `a@1.2.3`, or what the root is called.
    pub(super) fn title(&self, node: NodeId) -> String {
        let mut node = node;
        while self.site.tree.node(node).source != NONE {
            node = self.site.tree.node(node).source;
        }
        if node == ROOT {
            return "the project".to_owned();
        }
        let it = self.site.tree.node(node);
        let name = self.memo.name_text(it.name);
        match self.memo.releases.get(it.release as usize) {
            None => name.to_owned(),
            Some(release) if release.package == it.name => format!("{name}@{}", release.number),
            Some(release) => format!("{name} ({}@{})", self.memo.name_text(release.package), release.number),
        }
    }

    /// `react@^18 (a peer of a@1.0.0)`.
    fn need(&self, edge: EdgeId) -> String {
        let it = self.site.tree.edge(edge);
        let want = &self.memo.wants[self.asked_instead(it) as usize];
        let role = match it.kind {
            Kind::Peer => "a peer",
            Kind::PeerOptional => "an optional peer",
            Kind::Optional => "an optional dependency",
            Kind::Dev => "a development dependency",
            Kind::Normal => "a dependency",
        };
        let asked = if want.text.is_empty() { "*" } else { &want.text };
        format!("{}@{asked} ({role} of {})", self.memo.name_text(want.name), self.title(it.from))
    }

    /// What is there, and who needs it.
    fn found(&self, node: NodeId) -> String {
        let needs = self.site.tree.edges_in(node).take(3).map(|edge| self.need(edge));
        let needs: Vec<String> = needs.collect();
        if needs.is_empty() { self.title(node) } else { format!("{} for {}", self.title(node), needs.join(" and ")) }
    }

    /// A placement of the root's own found no folder.
    pub(super) fn unplaceable(&self, id: usize, own: Option<u32>) -> String {
        let placement = &self.site.placements[id];
        let top = self.top_edge(id);
        let mut text = format!("ERESOLVE: could not resolve {}", self.need(top));
        if top != placement.edge {
            text += &format!(": it brings {}", self.need(placement.edge));
        }
        let conflict = own.and_then(|own| self.site.checks[own as usize].conflict);
        let (edge, current) = match conflict {
            Some((edge, current)) => (edge, Some(current)),
            None => {
                let fold = self.site.tree.fold_of(placement.edge);
                (placement.edge, self.site.tree.resolve(self.site.tree.edge(placement.edge).from, fold))
            }
        };
        if edge != placement.edge {
            text += &format!(", which asks for {}", self.need(edge));
        }
        if let Some(current) = current {
            text += &format!("; found {}", self.found(current));
        }
        text
    }

    /// Two peers of the root's own dependencies contradict each other before anything was placed.
    pub(super) fn peers_disagree(&self, edge: EdgeId, wanted: Option<EdgeId>) -> String {
        let to = self.site.tree.edge(edge).to;
        let mut text = format!("ERESOLVE: unable to resolve dependency tree: {} cannot be met", self.need(edge));
        if to != NONE {
            text += &format!("; found {}", self.found(to));
        } else if let Some(wanted) = wanted {
            text += &format!(" beside {}", self.need(wanted));
        }
        text
    }

    /// A requirement that npm stops at.
    pub(super) fn wrong(&self, want: WantId, why: &str) -> String {
        let name = self.memo.name_text(self.memo.wants[want as usize].name);
        format!("what is asked of {name} is none: {why}")
    }

    /// What could not be found.
    pub(in crate::npm) fn unfound(&self, node: NodeId) -> String {
        let want = &self.memo.wants[self.site.tree.node(node).failed as usize];
        let package = if want.package == NONE { want.name } else { want.package };
        let name = self.memo.name_text(package);
        let asked = match &want.spec {
            Spec::Registry { text, .. } => text,
            Spec::Elsewhere(_) | Spec::Wrong(_) => &*want.text,
        };
        let asked = if asked.is_empty() { "*" } else { asked };
        let before = if self.memo.key.before_ms.is_some() { " that is old enough" } else { "" };
        let what = match want.pick {
            super::Pick::Failed(Failure::Absent) => format!("there is no package {name} (it is asked for as {asked})"),
            super::Pick::Failed(Failure::NoVersions) => format!("{name} has no version{before}"),
            _ => format!("no version of {name}{before} is {asked}"),
        };
        let needs: Vec<String> = self.site.tree.edges_in(node).take(3).map(|edge| self.need(edge)).collect();
        if needs.is_empty() { what } else { format!("{what}: needed is {}", needs.join(" and ")) }
    }

    /// A conflict that was let pass.
    pub(in crate::npm) fn let_pass(&self, edge: EdgeId) -> String {
        let to = self.site.tree.edge(edge).to;
        let found = if to == NONE { "nothing".to_owned() } else { self.title(to) };
        format!("a conflict of peers was let pass: {} got {found}", self.need(edge))
    }

    /// A need that nothing can be said of here.
    pub(in crate::npm) fn left_out(&self, edge: EdgeId) -> String {
        let it = self.site.tree.edge(edge);
        let want = &self.memo.wants[self.asked_instead(it) as usize];
        let what = match &want.spec {
            Spec::Elsewhere(what) => what,
            Spec::Registry { .. } | Spec::Wrong(_) => "of another place",
        };
        format!("{} is {what}, of which nothing can be known here: it is left out", self.need(edge))
    }

    pub(super) fn version(&self, release: u32) -> Option<&crate::npm::semver::Version> {
        self.memo.releases.get(release as usize)?.version.as_ref()
    }
}
