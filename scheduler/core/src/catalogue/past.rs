//! A package as it was known at an earlier position of the catalogue's events: what later events told is undone.
//!
//! The problem: only the last reading of a package is kept. But each change since was told, so the earlier state follows
//! from this one and from what the first later event about each fact says of the state before it. What an event does not
//! tell cannot be brought back: a version that was removed since, the dependencies of one before they changed, the words
//! of a yank or a deprecation that was taken back, files, features and licences that are others now. All of that is told
//! beside the facts, so that an answer can warn of it.

use std::collections::BTreeSet;

use gleaner_model::{EventKind, Package, Presence, Untold, UntoldFact, Yank};

/// What was known of a package at an earlier position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nobody had fetched it.
    Nothing,
    /// Its registry did not have it.
    Absent,
    /// This.
    Known {
        /// The facts.
        package: Box<Package>,
        /// What of them cannot be brought back; sorted, each once.
        untold: Vec<Untold>,
    },
}

/// Undoes what `later` events of a package, in their order, told of it after a position.
#[must_use]
pub fn past(presence: Presence, mut package: Package, later: &[EventKind]) -> Then {
    let about_all = later.iter().find_map(|kind| match kind {
        EventKind::PackageDiscovered { .. } => Some(Then::Nothing),
        EventKind::PackageReturned => Some(Then::Absent),
        // It was there; what was known of it then is still known.
        EventKind::PackageGone => Some(Then::Known { package: Box::default(), untold: Vec::new() }),
        _ => None,
    });
    match about_all {
        Some(then @ (Then::Nothing | Then::Absent)) => return then,
        None if presence != Presence::Present => return Then::Absent,
        Some(Then::Known { .. }) | None => {}
    }
    let mut untold = BTreeSet::new();
    let mut seen = Seen::default();
    for kind in later {
        seen.undo(&mut package, kind, &mut untold);
    }
    package.versions.retain(|version| !seen.published.contains(&version.number));
    if seen.latest {
        let tagged = package.tags.iter().find(|(tag, _)| tag == "latest").map(|(_, version)| version.clone());
        let still = package.latest.take().filter(|latest| package.version(latest).is_some());
        package.latest = tagged.or(still);
    }
    // One that went and came again is there, with what is known of it today.
    let came_again = |it: Untold| match it.fact {
        UntoldFact::Version if package.version(&it.version).is_some() => {
            Untold { fact: UntoldFact::Dependencies, ..it }
        }
        _ => it,
    };
    let was_there = |it: &Untold| !seen.published.contains(&it.version);
    let untold: BTreeSet<Untold> = untold.into_iter().filter(was_there).map(came_again).collect();
    Then::Known { untold: untold.into_iter().collect(), package: Box::new(package) }
}

/// Which facts were undone already: of each the first later event counts.
#[derive(Default)]
struct Seen {
    published: BTreeSet<String>,
    removed: BTreeSet<String>,
    yanks: BTreeSet<String>,
    deprecations: BTreeSet<String>,
    tags: BTreeSet<String>,
    latest: bool,
}

impl Seen {
    fn undo(&mut self, package: &mut Package, kind: &EventKind, untold: &mut BTreeSet<Untold>) {
        let mut lost = |fact, version: &str| _ = untold.insert(Untold { fact, version: version.to_owned() });
        match kind {
            EventKind::VersionPublished { version } => {
                if !self.removed.contains(version) {
                    self.published.insert(version.clone());
                }
            }
            EventKind::VersionRemoved { version } => {
                if !self.published.contains(version) && self.removed.insert(version.clone()) {
                    lost(UntoldFact::Version, version);
                }
            }
            EventKind::VersionYanked { version, .. } => _ = self.yank(package, version, None),
            EventKind::VersionUnyanked { version } => {
                if self.yank(package, version, Some(&Yank { reason: None })) {
                    lost(UntoldFact::YankReason, version);
                }
            }
            EventKind::VersionDeprecated { version, .. } => _ = self.deprecate(package, version, None),
            EventKind::VersionUndeprecated { version } => {
                if self.deprecate(package, version, Some("")) {
                    lost(UntoldFact::DeprecationWords, version);
                }
            }
            EventKind::VersionDependenciesChanged { version } => lost(UntoldFact::Dependencies, version),
            EventKind::FactsChanged => lost(UntoldFact::Facts, ""),
            EventKind::LatestChanged { .. } => self.latest = true,
            EventKind::TagMoved { tag, from, .. } => self.tag(package, tag, from.as_deref()),
            EventKind::PackageDiscovered { .. } | EventKind::PackageGone | EventKind::PackageReturned => {}
        }
    }

    /// Is this the first later event about it?
    fn yank(&mut self, package: &mut Package, version: &str, yank: Option<&Yank>) -> bool {
        let is_first = self.yanks.insert(version.to_owned());
        if is_first {
            let of = package.versions.iter_mut().find(|of| of.number == version);
            of.into_iter().for_each(|of| of.yank = yank.cloned());
        }
        is_first
    }

    /// Is this the first later event about it?
    fn deprecate(&mut self, package: &mut Package, version: &str, message: Option<&str>) -> bool {
        let is_first = self.deprecations.insert(version.to_owned());
        if is_first {
            let of = package.versions.iter_mut().find(|of| of.number == version);
            of.into_iter().for_each(|of| of.deprecated = message.map(str::to_owned));
        }
        is_first
    }

    fn tag(&mut self, package: &mut Package, tag: &str, from: Option<&str>) {
        if !self.tags.insert(tag.to_owned()) {
            return;
        }
        package.tags.retain(|(name, _)| name != tag);
        if let Some(from) = from {
            let at = package.tags.partition_point(|(name, _)| name.as_str() < tag);
            package.tags.insert(at, (tag.to_owned(), from.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{Dependencies, Version};

    use super::*;

    fn package(versions: &[&str]) -> Package {
        let version = |number: &&str| Version {
            number: (*number).to_owned(),
            published_at: None,
            yank: None,
            deprecated: None,
            licence: None,
            runtime: None,
            dependencies: Dependencies::Fetched(Vec::new()),
            features: Vec::new(),
            details: None,
            artifacts: Vec::new(),
        };
        Package {
            latest: versions.last().map(|it| (*it).to_owned()),
            versions: versions.iter().map(version).collect(),
            ..Package::default()
        }
    }

    fn lost(fact: UntoldFact, version: &str) -> Untold {
        Untold { fact, version: text(version) }
    }

    fn known(package: Package, later: &[EventKind]) -> (Package, Vec<Untold>) {
        match past(Presence::Present, package, later) {
            Then::Known { package, untold } => (*package, untold),
            other => panic!("{other:?}"),
        }
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn nothing_later_leaves_it_as_it_is() {
        assert_eq!(known(package(&["1", "2"]), &[]), (package(&["1", "2"]), Vec::new()));
        assert_eq!(past(Presence::Gone, package(&["1"]), &[]), Then::Absent);
    }

    #[test]
    fn the_first_event_about_the_whole_package_tells_what_was_before() {
        let (gone, back) = (EventKind::PackageGone, EventKind::PackageReturned);
        let found = EventKind::PackageDiscovered { versions: 1 };
        let then = |presence, later: &[EventKind]| past(presence, package(&["1"]), later);
        assert_eq!(then(Presence::Present, &[found, gone.clone(), back.clone()]), Then::Nothing);
        assert_eq!(then(Presence::Gone, &[back.clone(), gone.clone()]), Then::Absent);
        assert!(matches!(then(Presence::Gone, std::slice::from_ref(&gone)), Then::Known { .. }));
        assert!(matches!(then(Presence::Present, &[gone, back]), Then::Known { .. }));
    }

    #[test]
    fn later_versions_yanks_and_deprecations_are_undone() {
        let mut now = package(&["1", "2", "3"]);
        now.versions[0].yank = Some(Yank { reason: Some(text("bad")) });
        now.versions[1].deprecated = Some(text("old"));
        let later = [
            EventKind::VersionYanked { version: text("1"), reason: Some(text("bad")) },
            EventKind::VersionDeprecated { version: text("2"), message: text("old") },
            EventKind::VersionPublished { version: text("3") },
            EventKind::VersionYanked { version: text("3"), reason: None },
            EventKind::LatestChanged { version: Some(text("3")) },
        ];
        let (then, untold) = known(now, &later);
        assert_eq!(then.versions, package(&["1", "2"]).versions);
        // Nobody told what it was before, and the one that it is now was not there.
        assert_eq!((then.latest, untold), (None, Vec::new()));
    }

    #[test]
    fn of_a_fact_that_changed_twice_the_first_change_counts() {
        let mut now = package(&["1"]);
        now.versions[0].yank = None;
        let later = [
            EventKind::VersionUnyanked { version: text("1") },
            EventKind::VersionYanked { version: text("1"), reason: None },
            EventKind::VersionUnyanked { version: text("1") },
        ];
        let (then, untold) = known(now, &later);
        assert_eq!(then.versions[0].yank, Some(Yank { reason: None }));
        assert_eq!(untold, [lost(UntoldFact::YankReason, "1")]);
    }

    #[test]
    fn tags_are_what_they_were_and_tell_the_latest_version() {
        let mut now = package(&["1", "2"]);
        now.tags = vec![(text("latest"), text("2")), (text("next"), text("2"))];
        let moved = |tag: &str, from: Option<&str>, to: Option<&str>| EventKind::TagMoved {
            tag: text(tag),
            from: from.map(text),
            to: to.map(text),
        };
        let later = [
            EventKind::LatestChanged { version: Some(text("2")) },
            moved("latest", Some("1"), Some("2")),
            moved("next", None, Some("1")),
            moved("beta", Some("1"), None),
            moved("next", Some("1"), Some("2")),
        ];
        let (then, _) = known(now, &later);
        assert_eq!(then.tags, [(text("beta"), text("1")), (text("latest"), text("1"))]);
        assert_eq!(then.latest.as_deref(), Some("1"));
    }

    #[test]
    fn what_cannot_be_brought_back_is_told() {
        let later = [
            EventKind::VersionRemoved { version: text("0") },
            EventKind::VersionDependenciesChanged { version: text("1") },
            EventKind::VersionPublished { version: text("2") },
            EventKind::VersionDependenciesChanged { version: text("2") },
            EventKind::VersionPublished { version: text("3") },
            EventKind::VersionRemoved { version: text("3") },
        ];
        let (then, untold) = known(package(&["1", "2"]), &later);
        assert_eq!(then.versions.len(), 1);
        assert_eq!(untold, [lost(UntoldFact::Version, "0"), lost(UntoldFact::Dependencies, "1")]);
        // One that was there, went and came again was there, but who knows what it needed.
        let again =
            [EventKind::VersionRemoved { version: text("1") }, EventKind::VersionPublished { version: text("1") }];
        let (then, untold) = known(package(&["1"]), &again);
        assert_eq!((then.versions.len(), untold), (1, vec![lost(UntoldFact::Dependencies, "1")]));
    }

    #[test]
    fn words_that_were_taken_back_and_facts_that_changed_are_told() {
        let later = [
            EventKind::VersionUndeprecated { version: text("1") },
            EventKind::VersionYanked { version: text("2"), reason: None },
            EventKind::VersionUnyanked { version: text("2") },
            EventKind::FactsChanged,
            EventKind::FactsChanged,
        ];
        let (then, untold) = known(package(&["1", "2"]), &later);
        assert_eq!((then.versions[0].deprecated.as_deref(), &then.versions[1].yank), (Some(""), &None));
        assert_eq!(untold, [lost(UntoldFact::DeprecationWords, "1"), lost(UntoldFact::Facts, "")]);
    }
}
