//! Roots made up from a seed: packages that are recorded, asked for in odd ways.

use std::collections::BTreeMap;
use std::fmt::Write;

use gleaner_model::Timestamp;
use serde_json::{Map, Value, json};

use crate::{cases, corpus};

/// A root, and perhaps the date as of which it is resolved.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) manifest: Value,
    pub(crate) before: Option<Timestamp>,
}

/// SplitMix64: the same numbers for the same seed, everywhere.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// True once in `times` on average.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What is recorded of the packages: versions with their dates, lowest first.
pub(crate) struct Shelf {
    names: Vec<String>,
    versions: BTreeMap<String, Vec<String>>,
    /// Packages that have peers in some version, and those that are peers: these make conflicts.
    peers: Vec<String>,
    /// What the recorded cases ask for: these pull in the most.
    large: Vec<String>,
}

impl Shelf {
    pub(crate) fn new() -> Option<Self> {
        let (mut versions, mut peers) = (BTreeMap::new(), Vec::new());
        for (name, text) in corpus::documents()? {
            let document: Value = serde_json::from_slice(text).unwrap();
            let numbers = document["versions"].as_object().unwrap();
            let peers_of = numbers.values().filter_map(|version| version["peerDependencies"].as_object());
            let asked: Vec<String> = peers_of.flat_map(|peers| peers.keys().cloned()).collect();
            if !asked.is_empty() {
                peers.push(name.clone());
                peers.extend(asked);
            }
            let mut numbers: Vec<String> = numbers.keys().cloned().collect();
            numbers.sort_by_cached_key(|number| {
                let parts = number.split(['.', '-', '+']).map(|part| part.parse::<u64>().unwrap_or(0));
                (parts.take(3).collect::<Vec<_>>(), !number.contains('-'), number.clone())
            });
            versions.insert(name.clone(), numbers);
        }
        peers.sort();
        peers.dedup();
        peers.retain(|name| versions.contains_key(name));
        let mut large = cases::asked_for();
        large.retain(|name| versions.contains_key(name));
        Some(Self { names: versions.keys().cloned().collect(), versions, peers, large })
    }

    /// A root.
    pub(crate) fn make(&self, chance: &mut Chance) -> Made {
        let mut manifest = json!({ "name": "made", "version": "1.0.0" });
        let tables = [
            "dependencies",
            "dependencies",
            "dependencies",
            "devDependencies",
            "optionalDependencies",
            "peerDependencies",
        ];
        let mut asked = Vec::new();
        let most = if chance.once_in(4) { 16 } else { 7 };
        for _ in 0..=chance.below(most) {
            let table = *chance.one_of(&tables);
            let name = self.name(chance);
            let mut range = self.range(&name, chance);
            let mut key = name.clone();
            if chance.once_in(25) {
                range = format!("npm:{name}@{range}");
                key = format!("{}-alias", name.replace(['@', '/'], ""));
            }
            if table == "peerDependencies" && chance.once_in(3) {
                manifest["peerDependenciesMeta"][&key] = json!({ "optional": true });
            }
            manifest[table][&key] = Value::String(range);
            asked.push(key);
        }
        if chance.once_in(6) {
            manifest["overrides"] = self.overrides(chance, &asked);
        }
        // Between the summer of 2023 and the autumn of 2026.
        let before = chance.once_in(5).then(|| {
            let day = 1000 * 60 * 60 * 24;
            Timestamp::from_millis(1_690_000_000_000 + day * i64::try_from(chance.below(1180)).unwrap())
        });
        Made { manifest, before }
    }

    fn name(&self, chance: &mut Chance) -> String {
        let all = [&self.peers, &self.names, &self.large];
        let names = all[chance.below(all.len())];
        chance.one_of(names).clone()
    }

    fn overrides(&self, chance: &mut Chance, asked: &[String]) -> Value {
        let mut overrides = Map::new();
        for _ in 0..=chance.below(2) {
            let name = self.name(chance);
            let range = self.range(&name, chance);
            match chance.below(4) {
                0 => drop(overrides.insert(chance.one_of(asked).clone(), json!({ name: range }))),
                1 => drop(overrides.insert(format!("{name}@{}", self.range(&name, chance)), Value::String(range))),
                2 => drop(overrides.insert(name.clone(), Value::String(format!("${}", chance.one_of(asked))))),
                _ => drop(overrides.insert(name, Value::String(range))),
            }
        }
        Value::Object(overrides)
    }

    /// Versions near the newest are asked for more often, since what they need is recorded.
    fn version(&self, name: &str, chance: &mut Chance) -> &str {
        let versions = &self.versions[name];
        let back = if chance.once_in(3) { chance.below(versions.len()) } else { chance.below(versions.len().min(12)) };
        &versions[versions.len() - 1 - back]
    }

    fn range(&self, name: &str, chance: &mut Chance) -> String {
        let version = self.version(name, chance).to_owned();
        let mut numbers = version.split(['.', '-', '+']);
        let (major, minor) = (numbers.next().unwrap_or("0"), numbers.next().unwrap_or("0"));
        let mut range = String::new();
        match chance.below(16) {
            0 => write!(range, "{version}"),
            1 => write!(range, "~{version}"),
            2 => write!(range, "{major}.x"),
            3 => write!(range, ">= {major}.{minor}"),
            4 => write!(range, "*"),
            5 => write!(range, "latest"),
            6 => write!(range, "^{major} || ^{}", self.version(name, chance)),
            7 => write!(range, "{major} - {version}"),
            8 => write!(range, "<={version}"),
            9 => write!(range, "~> {major}.{minor}"),
            10 => write!(range, ">={major} <={version}"),
            _ => write!(range, "^{version}"),
        }
        .unwrap();
        range
    }
}
