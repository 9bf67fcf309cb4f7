//! What only a root says: its requirements, features and crates that no known version mentions.
//!
//! The snapshot does not change while resolving, so that what it has no number for gets one here, from the other end of
//! the numbers.

use std::sync::Arc;

use gleaner_model::Text;
use semver::VersionReq;

use super::super::snapshot::{
    CargoSnapshot, CrateId, DependencyData, DependencyId, Requirement, RequirementId, TextId,
};
use super::{Known, Map};

/// Numbers from here on are the root's.
const FIRST: u32 = 1 << 31;

/// Texts, requirements, crates and dependencies that are not in the snapshot.
#[derive(Default)]
pub(in super::super) struct Local {
    texts: Vec<Arc<str>>,
    text_of: Map<Arc<str>, TextId>,
    requirements: Vec<Requirement>,
    requirement_of: Map<Box<str>, RequirementId>,
    crates: Vec<Text>,
    crate_of: Map<Box<str>, CrateId>,
    dependencies: Vec<DependencyData>,
    dependency_of: Map<DependencyData, DependencyId>,
}

/// A dependency of the root.
pub(in super::super) struct LocalDependency<'a> {
    pub(in super::super) target: &'a str,
    pub(in super::super) requirement: (&'a str, &'a VersionReq),
}

fn next(length: usize) -> u32 {
    FIRST + u32::try_from(length).expect("a memo is emptied long before")
}

const fn position(id: u32) -> Option<usize> {
    if id >= FIRST { Some((id - FIRST) as usize) } else { None }
}

impl Local {
    pub(super) fn dependency(&self, id: DependencyId) -> Option<&DependencyData> {
        self.dependencies.get(position(id)?)
    }

    /// How many entries it has, so that it can be emptied.
    pub(super) fn len(&self) -> usize {
        self.texts.len() + self.requirements.len() + self.crates.len() + self.dependencies.len()
    }
}

impl Known<'_> {
    /// The number of a text.
    pub(in super::super) fn text_id(&mut self, text: &str) -> TextId {
        if let Some(id) = self.snapshot.texts.find(text, |one| one) {
            return id;
        }
        let local = &mut self.memo.local;
        if let Some(id) = local.text_of.get(text) {
            return *id;
        }
        let (id, text) = (next(local.texts.len()), Arc::<str>::from(text));
        local.texts.push(Arc::clone(&text));
        local.text_of.insert(text, id);
        id
    }

    pub(in super::super) fn text(&self, id: TextId) -> &Arc<str> {
        match position(id) {
            Some(at) => &self.memo.local.texts[at],
            None => self.snapshot.texts.get(id),
        }
    }

    fn crate_id(&mut self, name: &str) -> CrateId {
        if let Some(id) = self.snapshot.crate_id(name) {
            return id;
        }
        let local = &mut self.memo.local;
        if let Some(id) = local.crate_of.get(name) {
            return *id;
        }
        let id = next(local.crates.len());
        local.crates.push(name.into());
        local.crate_of.insert(name.into(), id);
        id
    }

    pub(in super::super) fn crate_name(&self, id: CrateId) -> &Text {
        match position(id) {
            Some(at) => &self.memo.local.crates[at],
            None => self.snapshot.crate_name(id),
        }
    }

    fn requirement_id(&mut self, (text, parsed): (&str, &VersionReq)) -> RequirementId {
        if let Some(id) = self.snapshot.requirements.find(text, |one| one.text.as_str()) {
            return id;
        }
        let local = &mut self.memo.local;
        if let Some(id) = local.requirement_of.get(text) {
            return *id;
        }
        let id = next(local.requirements.len());
        local.requirements.push(Requirement { text: text.into(), parsed: parsed.clone() });
        local.requirement_of.insert(text.into(), id);
        id
    }

    pub(in super::super) fn requirement(&self, id: RequirementId) -> &Requirement {
        match position(id) {
            Some(at) => &self.memo.local.requirements[at],
            None => self.snapshot.requirements.get(id),
        }
    }

    /// The number of a dependency of the root.
    pub(in super::super) fn local_dependency(
        &mut self,
        dependency: &LocalDependency<'_>,
        make: impl FnOnce(CrateId, RequirementId, &mut Self) -> DependencyData,
    ) -> DependencyId {
        let (target, requirement) = (self.crate_id(dependency.target), self.requirement_id(dependency.requirement));
        let data = make(target, requirement, self);
        if let Some(id) = self.snapshot.dependencies.find(&data, |one| one) {
            return id;
        }
        let local = &mut self.memo.local;
        if let Some(id) = local.dependency_of.get(&data) {
            return *id;
        }
        let id = next(local.dependencies.len());
        local.dependencies.push(data.clone());
        local.dependency_of.insert(data, id);
        id
    }

    /// What is known of a crate, which may be one that only the root names.
    pub(in super::super) fn may_exist(&self, id: CrateId) -> bool {
        self.snapshot.may_exist(self.crate_name(id))
    }
}

impl Known<'_> {
    /// The snapshot, for crates that it has a number for.
    pub(super) fn snapshot_for(&self, id: CrateId) -> Option<&CargoSnapshot> {
        position(id).is_none().then_some(self.snapshot)
    }
}
