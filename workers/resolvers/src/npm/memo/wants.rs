//! What is asked of a name, and which release is taken for it.

use std::sync::Arc;

use gleaner_model::Text;

use super::{Memo, NONE, NameId, ReleaseId};
use crate::npm::pick::NoPick;
use crate::npm::snapshot::{Known, NpmSnapshot};
use crate::npm::spec::{Asked, Spec};

/// A want's number.
pub(in crate::npm) type WantId = u32;

/// A name and what is asked of it.
pub(in crate::npm) struct Want {
    /// The name by which it is asked for, and under which the answer will stand in the tree.
    pub(in crate::npm) name: NameId,
    /// The text as written.
    pub(in crate::npm) text: Text,
    pub(in crate::npm) spec: Spec,
    /// The package of the registry; nothing if it is from elsewhere.
    pub(in crate::npm) package: NameId,
    pub(in crate::npm) pick: Pick,
    /// The run that asked for it last.
    pub(in crate::npm) run: u32,
}

/// The release that is taken for a want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::npm) enum Pick {
    /// Nobody asked yet.
    Open,
    Release(ReleaseId),
    Failed(Failure),
}

/// Why no release can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::npm) enum Failure {
    /// Nothing is known of the package.
    Unknown,
    /// There is no such package.
    Absent,
    /// It has no version that is old enough, or none at all.
    NoVersions,
    /// None of its versions is asked for.
    NoMatch,
}

impl Memo {
    /// The number of a want.
    pub(in crate::npm) fn want(&mut self, name: NameId, text: &str) -> WantId {
        let key = (name, Arc::<str>::from(text));
        if let Some(id) = self.want_of.get(&key) {
            return *id;
        }
        let spec = Spec::parse(text);
        let package = match &spec {
            Spec::Registry { package: Some(package), .. } => {
                let package = package.clone();
                self.name(&package)
            }
            Spec::Registry { package: None, .. } => name,
            Spec::Elsewhere(_) | Spec::Wrong(_) => NONE,
        };
        let id = u32::try_from(self.wants.len()).expect("a memo is emptied long before");
        self.wants.push(Want { name, text: text.into(), spec, package, pick: Pick::Open, run: 0 });
        self.want_of.insert(key, id);
        id
    }

    /// The release that is taken for a want of the registry.
    pub(in crate::npm) fn pick(&mut self, id: WantId, snapshot: &NpmSnapshot) -> Pick {
        let known = self.wants[id as usize].pick;
        if known != Pick::Open {
            return known;
        }
        let pick = self.find(id, snapshot);
        self.wants[id as usize].pick = pick;
        pick
    }

    fn find(&mut self, id: WantId, snapshot: &NpmSnapshot) -> Pick {
        let want = &self.wants[id as usize];
        let (package, Spec::Registry { asked, .. }) = (want.package, &want.spec) else {
            return Pick::Failed(Failure::Absent);
        };
        // The catalogue can have no package of a name that it cannot write.
        let Some(name) = &self.names[package as usize].package else { return Pick::Failed(Failure::Absent) };
        let data = match snapshot.known(name) {
            None => return Pick::Failed(Failure::Unknown),
            Some(Known::Absent) => return Pick::Failed(Failure::Absent),
            Some(Known::Package(data)) => Arc::clone(data),
        };
        match self.picker.pick(&data, asked) {
            Ok(at) => Pick::Release(self.release(package, &data, at)),
            Err(NoPick::NoVersions) => Pick::Failed(Failure::NoVersions),
            Err(NoPick::NoMatch) => Pick::Failed(Failure::NoMatch),
        }
    }

    /// Is a release what a want asks for? Whose release it is does not matter to npm.
    pub(in crate::npm) fn is_met(&self, want: WantId, release: ReleaseId) -> bool {
        let want = &self.wants[want as usize];
        if want.pick == Pick::Release(release) {
            return true;
        }
        let Spec::Registry { asked, .. } = &want.spec else { return false };
        match asked {
            Asked::Any => true,
            Asked::Tag(_) => release != NONE,
            Asked::Range(range) | Asked::Version(_, range) => {
                let version = self.releases.get(release as usize).and_then(|release| release.version.as_ref());
                version.is_some_and(|version| range.allows(version))
            }
        }
    }
}
