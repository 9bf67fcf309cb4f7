//! Which features are on in a build for one platform.
//!
//! The search counts every feature that any platform or kind of dependency could want. Resolvers 2 and 3 look again when
//! the versions are known: a feature is on only if what applies here wants it, `name?/feature` turns nothing on by itself,
//! and the target's and the host's packages have features of their own. Resolver 1 tells nothing of that apart, except
//! that weak features stay weak.
//!
//! Rules: cargo's `src/cargo/core/resolver/features.rs` (`FeatureResolver`). That is recursive; here what is to be done
//! lies on a stack, since a chain of packages may be thousands long.

use foldhash::fast::FixedState;

use super::super::features::FeatureValue;
use super::super::search::Met;
use super::super::snapshot::{DependencyData, DependencyKind, TextId};
use super::{Unit, World};

type HashSet<T> = hashbrown::HashSet<T, FixedState>;
type HashMap<K, V> = hashbrown::HashMap<K, V, FixedState>;

/// What is on.
pub(super) struct Features {
    on: HashSet<(Unit, TextId)>,
    /// Optional dependencies that are on, by their names in the manifest.
    dependencies: HashSet<(Unit, TextId)>,
    /// Are sides told apart?
    sides: bool,
}

/// Something to be done.
enum Task {
    /// A package is needed.
    Package(Unit),
    /// A feature is wanted.
    Feature(Unit, TextId),
    /// So is what a feature includes.
    Value(Unit, FeatureValue<TextId>),
}

struct Work<'w, 'a, 'k> {
    world: &'w World<'a, 'k>,
    features: Features,
    reached: HashSet<Unit>,
    /// Features of optional dependencies, which are wanted when those are on.
    waiting: HashMap<(Unit, TextId), Vec<TextId>>,
    default: Option<TextId>,
    open: Vec<Task>,
}

impl Features {
    pub(super) fn of(world: &World<'_, '_>) -> Self {
        let features = Self { on: HashSet::default(), dependencies: HashSet::default(), sides: world.tells_apart() };
        let default = world.known.snapshot.texts.find("default", |one| one);
        let mut work = Work {
            world,
            features,
            reached: HashSet::default(),
            waiting: HashMap::default(),
            default,
            open: Vec::new(),
        };
        // A macro may have tests and programs, which are built for the target.
        let start = world.start();
        let mut starts = vec![Unit { host: false, ..start }];
        if work.features.sides && start.host {
            starts.push(start);
        }
        for start in starts {
            work.want(start, &[], true);
        }
        work.run();
        work.features
    }

    fn unit(&self, unit: Unit) -> Unit {
        Unit { host: unit.host && self.sides, ..unit }
    }

    /// Is an optional dependency on?
    pub(super) fn has_dependency(&self, unit: Unit, name: TextId) -> bool {
        self.dependencies.contains(&(self.unit(unit), name))
    }
}

impl<'w> Work<'w, '_, '_> {
    fn run(&mut self) {
        while let Some(task) = self.open.pop() {
            match task {
                Task::Package(unit) => self.package(unit),
                Task::Feature(unit, feature) => self.feature(unit, feature),
                Task::Value(unit, FeatureValue::Feature(feature)) => self.feature(unit, feature),
                Task::Value(unit, FeatureValue::Dependency(name)) => self.dependency(unit, name),
                Task::Value(unit, FeatureValue::DependencyFeature { dependency, feature, weak }) => {
                    self.dependency_feature(unit, dependency, feature, weak);
                }
            }
        }
    }

    /// A package is needed with these features.
    fn want(&mut self, unit: Unit, features: &[TextId], default: bool) {
        self.open.push(Task::Package(unit));
        let table = self.world.table(unit.at);
        let default = self.default.filter(|name| default && table.position(*name).is_some());
        self.open.extend(features.iter().copied().chain(default).map(|feature| Task::Feature(unit, feature)));
    }

    fn want_for(&mut self, child: Unit, dependency: &DependencyData) {
        self.want(child, &dependency.features, dependency.default_features);
    }

    fn package(&mut self, unit: Unit) {
        if !self.reached.insert(unit) {
            return;
        }
        for edge in self.world.edges(unit.at) {
            let Some((child, dependency)) = self.counted(unit, edge) else { continue };
            if !dependency.optional {
                self.want_for(child, dependency);
            }
        }
    }

    /// The dependency behind an edge and the side that it is built for, if it counts.
    fn counted(&self, unit: Unit, edge: &Met) -> Option<(Unit, &'w DependencyData)> {
        let world = self.world;
        let dependency = world.known.dependency(edge.dependency);
        let counts = !self.features.sides
            || (dependency.kind != DependencyKind::Dev && world.applies(unit, edge.dependency, dependency));
        counts.then(|| (world.child(unit, edge.child, dependency, self.features.sides), dependency))
    }

    fn feature(&mut self, unit: Unit, feature: TextId) {
        if !self.features.on.insert((unit, feature)) {
            return;
        }
        let table = self.world.table(unit.at);
        if let Some(at) = table.position(feature) {
            self.open.extend(table.values(at).iter().map(|value| Task::Value(unit, value.clone())));
        }
    }

    /// An optional dependency goes on.
    fn dependency(&mut self, unit: Unit, name: TextId) {
        if !self.features.dependencies.insert((unit, name)) {
            return;
        }
        let waiting = self.waiting.remove(&(unit, name)).unwrap_or_default();
        for edge in self.world.edges(unit.at) {
            let Some((child, dependency)) = self.counted(unit, edge).filter(|(_, d)| d.name == name) else { continue };
            self.open.extend(waiting.iter().map(|feature| Task::Feature(child, *feature)));
            self.want_for(child, dependency);
        }
    }

    /// A feature of a dependency is wanted: `name/feature`, or `name?/feature`.
    fn dependency_feature(&mut self, unit: Unit, name: TextId, feature: TextId, weak: bool) {
        for edge in self.world.edges(unit.at) {
            let Some((child, dependency)) = self.counted(unit, edge).filter(|(_, d)| d.name == name) else { continue };
            if dependency.optional {
                if weak && !self.features.dependencies.contains(&(unit, name)) {
                    self.waiting.entry((unit, name)).or_default().push(feature);
                    continue;
                }
                self.open.push(Task::Value(unit, FeatureValue::Dependency(name)));
                // Once `name/feature` turned on a feature of that name as well; it still does where there is one.
                if !weak && self.world.table(unit.at).position(name).is_some() {
                    self.open.push(Task::Feature(unit, name));
                }
            }
            self.open.push(Task::Feature(child, feature));
        }
    }
}
