//! What a version needs when certain of its features are wanted.
//!
//! Rules: cargo's `src/cargo/core/resolver/dep_cache.rs` (`resolve_features`, `build_requirements`, `build_deps`). Weak
//! features count like others here: that narrows only the features of a platform's graph. The needs are sorted by how
//! many candidates each has, since cargo settles the most constrained first.

use std::sync::Arc;

use hashbrown::HashMap;

use super::super::features::FeatureValue;
use super::super::snapshot::{self, CrateId, DependencyId, FeatureTable, TextId};
use super::candidates::versions_of;
use super::{CandidateId, Known, ListId, NONE};

/// A request's number.
pub(in super::super) type RequestId = u32;
/// An activation's number.
pub(in super::super) type ActivationId = u32;

/// Features that are wanted of a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Request {
    /// Sorted, each once.
    pub(super) features: Box<[TextId]>,
    pub(super) default: bool,
}

/// A version with certain features: what it has then, and what it needs.
#[derive(Clone)]
pub(in super::super) struct Activation {
    /// Where in the memo's words the set of features stands that were asked for, the default one included.
    pub(in super::super) asked: u32,
    /// Where the set stands of what those turn on.
    pub(in super::super) used: u32,
    /// Its needs in the memo's infos.
    pub(in super::super) infos: (u32, u32),
    /// Crates that it needs and of which nothing is known, in the memo's unknown ones.
    pub(in super::super) unknown: (u32, u32),
    pub(in super::super) failure: Option<Failure>,
}

/// Why a version cannot have the features that are wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in super::super) enum Failure {
    /// It has no such feature.
    Missing(TextId),
    /// That is a dependency of it, and not an optional one.
    NotOptional(TextId),
    /// That is an optional dependency of it, hidden behind `dep:`.
    Hidden(TextId),
    /// This feature includes itself, which ends cargo at once.
    Cycle(TextId),
    /// It needs this from another registry, of which nothing can be known.
    Elsewhere(DependencyId),
}

/// A need: a dependency, what may meet it, and which features are wanted of that.
#[derive(Clone, Copy)]
pub(in super::super) struct Info {
    pub(in super::super) dependency: DependencyId,
    pub(in super::super) list: ListId,
    pub(in super::super) request: RequestId,
    /// The candidate that met it last, and the activation that this was.
    pub(in super::super) last: (CandidateId, ActivationId),
}

/// A package as far as its needs go.
pub(in super::super) struct Summary<'a> {
    pub(in super::super) dependencies: &'a [DependencyId],
    pub(in super::super) features: &'a Arc<FeatureTable>,
}

/// What features turn on, while that is worked out.
#[derive(Default)]
pub(super) struct Needs {
    used: Vec<u64>,
    /// Features wanted of dependencies, by their names in the manifest.
    wanted: HashMap<TextId, Vec<TextId>, foldhash::fast::FixedState>,
    stack: Vec<TextId>,
}

impl Needs {
    fn clear(&mut self, features: usize) {
        self.used.clear();
        self.used.resize(features.div_ceil(64), 0);
        self.wanted.clear();
        self.stack.clear();
    }

    /// Turns a feature on, with all that it includes.
    fn require(
        &mut self,
        feature: TextId,
        table: &FeatureTable,
        optional: impl Fn(TextId) -> bool,
    ) -> Result<(), Failure> {
        self.stack.push(feature);
        while let Some(feature) = self.stack.pop() {
            let at = table.position(feature).ok_or(Failure::Missing(feature))?;
            let (word, bit) = (at / 64, 1_u64 << (at % 64));
            if self.used[word] & bit != 0 {
                continue;
            }
            self.used[word] |= bit;
            for value in table.values(at) {
                match value {
                    FeatureValue::Feature(other) if *other == feature => return Err(Failure::Cycle(feature)),
                    FeatureValue::Feature(other) => self.stack.push(*other),
                    FeatureValue::Dependency(name) => {
                        self.wanted.entry(*name).or_default();
                    }
                    FeatureValue::DependencyFeature { dependency, feature, weak } => {
                        if !weak && optional(*dependency) && table.position(*dependency).is_some() {
                            self.stack.push(*dependency);
                        }
                        self.wanted.entry(*dependency).or_default().push(*feature);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Known<'_> {
    /// The number of a request.
    pub(in super::super) fn request(&mut self, mut features: Vec<TextId>, default: bool) -> RequestId {
        features.sort_unstable();
        features.dedup();
        let request = Request { features: features.into(), default };
        if let Some(known) = self.memo.request_of.get(&request) {
            return *known;
        }
        let id = number(self.memo.requests.len());
        self.memo.requests.push(request.clone());
        self.memo.request_of.insert(request, id);
        id
    }

    /// What a candidate needs for a request.
    pub(in super::super) fn activation(&mut self, candidate: CandidateId, request: RequestId) -> ActivationId {
        if let Some(known) = self.memo.activation_of.get(&(candidate, request)) {
            return *known;
        }
        let of = self.memo.candidates[candidate as usize];
        let snapshot = self.snapshot;
        let versions = versions_of(snapshot, of.of);
        let summary = Summary {
            dependencies: versions.dependencies(of.version as usize),
            features: versions.features(of.version as usize),
        };
        let asked = self.memo.requests[request as usize].clone();
        let id = self.activate(&summary, &asked.features, asked.default);
        self.memo.activation_of.insert((candidate, request), id);
        id
    }

    /// What a package needs for the features that are asked of it; the default feature is one only if it has it.
    pub(in super::super) fn activate(
        &mut self,
        summary: &Summary<'_>,
        asked: &[TextId],
        default: bool,
    ) -> ActivationId {
        let default = if default { self.snapshot.texts.find("default", |one| one) } else { None };
        let default = default.filter(|name| summary.features.position(*name).is_some());
        let mut needs = std::mem::take(&mut self.memo.needs);
        needs.clear(summary.features.len());
        let optional = |name: TextId| {
            summary.dependencies.iter().any(|id| {
                let dependency = self.dependency(*id);
                dependency.name == name && dependency.optional
            })
        };
        let mut failure = None;
        let mut asked_words = vec![0_u64; needs.used.len()];
        for feature in asked.iter().copied().chain(default) {
            if let Some(at) = summary.features.position(feature) {
                asked_words[at / 64] |= 1 << (at % 64);
            }
            if let Err(what) = needs.require(feature, summary.features, optional) {
                failure = failure.or(Some(self.failure(summary, what)));
                break;
            }
        }
        let words = number(self.memo.words.len());
        self.memo.words.extend_from_slice(&asked_words);
        let used = number(self.memo.words.len());
        self.memo.words.extend_from_slice(&needs.used);
        let mut activation = Activation { asked: words, used, infos: (0, 0), unknown: (0, 0), failure };
        if failure.is_none() {
            self.add_needs(summary, &needs, &mut activation);
        }
        self.memo.needs = needs;
        self.memo.activations.push(activation);
        number(self.memo.activations.len() - 1)
    }

    fn add_needs(&mut self, summary: &Summary<'_>, needs: &Needs, activation: &mut Activation) {
        let (mut infos, unknown) = (Vec::with_capacity(summary.dependencies.len()), number(self.memo.unknown.len()));
        for id in summary.dependencies {
            let dependency = self.dependency(*id);
            let wanted = needs.wanted.get(&dependency.name);
            if dependency.optional && wanted.is_none() {
                continue;
            }
            if dependency.registry.is_some() {
                activation.failure = Some(Failure::Elsewhere(*id));
                return;
            }
            let (target, requirement, default) =
                (dependency.target, dependency.requirement, dependency.default_features);
            let features = dependency.features.iter().chain(wanted.into_iter().flatten()).copied().collect();
            if self.is_unknown(target) {
                self.memo.unknown.push(target);
                continue;
            }
            let request = self.request(features, default);
            infos.push(Info { dependency: *id, list: self.list(target, requirement), request, last: (NONE, NONE) });
        }
        infos.sort_by_key(|info| self.memo.lists[info.list as usize].len());
        let first = number(self.memo.infos.len());
        self.memo.infos.append(&mut infos);
        activation.infos = (first, number(self.memo.infos.len()));
        activation.unknown = (unknown, number(self.memo.unknown.len()));
    }

    fn is_unknown(&self, id: CrateId) -> bool {
        let nothing = self.snapshot_for(id).is_none_or(|s| matches!(s.known(id), snapshot::Known::Nothing));
        nothing && self.may_exist(id)
    }

    /// Says what kind of a failure a missing feature is.
    fn failure(&self, summary: &Summary<'_>, what: Failure) -> Failure {
        let Failure::Missing(name) = what else { return what };
        let mut same = summary.dependencies.iter().map(|id| self.dependency(*id)).filter(|d| d.name == name).peekable();
        if same.peek().is_none() {
            what
        } else if same.any(|dependency| dependency.optional) {
            Failure::Hidden(name)
        } else {
            Failure::NotOptional(name)
        }
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("a memo is emptied long before")
}

impl Known<'_> {
    /// Which features a request asks for, and whether the default one is among them.
    pub(in super::super) fn features_of(&self, request: RequestId) -> (&[TextId], bool) {
        let request = &self.memo.requests[request as usize];
        (&request.features, request.default)
    }
}
