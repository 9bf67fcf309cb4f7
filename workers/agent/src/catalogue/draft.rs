//! A shelf's next state, while a round makes it.
//!
//! Reading packages into a resolver's layout is work for the processor, so a draft goes to where that is done with a
//! batch of answers, and comes back. The snapshot is copied only when something differs: what resolvers have worked out
//! on one that stays the same stays good.

use std::collections::HashMap;
use std::sync::Arc;

use gleaner_model::{PackageName, Untold};
use gleaner_proto::convert::KnownPackage;
use gleaner_proto::v1;
use gleaner_resolvers::Snapshots;

use super::content::{Content, fingerprint};
use super::fault::CatalogueFault;
use super::ledger::Entry;
use super::source::Whose;

/// The next state.
pub(super) struct Draft {
    whose: Whose,
    snapshots: Arc<Snapshots>,
    /// This round's number.
    revision: u64,
    /// What was known before of those that are read.
    before: HashMap<PackageName, Entry>,
    /// What is known now of those that were read.
    pub(super) entries: Vec<(PackageName, Entry)>,
    /// What is to be kept on the disk.
    pub(super) put: Vec<(PackageName, Vec<u8>)>,
    /// Bytes that were taken in, as they are kept.
    pub(super) bytes: usize,
    /// The highest position of an answer.
    pub(super) position: u64,
    /// What cannot be told of their past.
    pub(super) untold: Vec<(PackageName, Vec<Untold>)>,
}

impl Draft {
    pub(super) fn new(
        whose: Whose,
        snapshots: Arc<Snapshots>,
        revision: u64,
        before: HashMap<PackageName, Entry>,
    ) -> Self {
        let (entries, put, untold) = (Vec::new(), Vec::new(), Vec::new());
        Self { whose, snapshots, revision, before, entries, put, bytes: 0, position: 0, untold }
    }

    /// Takes in what was kept on the disk, exact at `position`; tells what could not be read.
    pub(super) fn take_kept(mut self, kept: HashMap<PackageName, Vec<u8>>, position: u64) -> (Self, Vec<PackageName>) {
        let mut unreadable = Vec::new();
        for (name, written) in kept {
            match Content::read(&written) {
                Some(content) => self.take(name, &content, &written, position, true),
                None => unreadable.push(name),
            }
        }
        (self, unreadable)
    }

    /// Takes in answers of the catalogue, each to the question for the name beside it.
    pub(super) fn take_answers(
        mut self,
        answers: Vec<(PackageName, v1::ReadPackagesResponse)>,
        keep: bool,
    ) -> Result<Self, CatalogueFault> {
        for (name, answer) in answers {
            let known = KnownPackage::try_from(answer).map_err(CatalogueFault::wrong)?;
            if known.name != name.as_str() {
                return Err(CatalogueFault::wrong(format_args!("an answer about {} to {name}", known.name)));
            }
            self.position = self.position.max(known.position);
            // Of what nobody fetched there is nothing to take in.
            let Some(content) = Content::of(known.known) else { continue };
            let written = content.write();
            self.take(name.clone(), &content, &written, known.position, false);
            if !known.untold.is_empty() {
                self.untold.push((name.clone(), known.untold));
            }
            if keep {
                self.put.push((name, written));
            }
        }
        Ok(self)
    }

    fn take(&mut self, name: PackageName, content: &Content, written: &[u8], position: u64, from_disk: bool) {
        let hash = fingerprint(written);
        let same = self.before.get(&name).filter(|before| before.content == hash);
        let revision = same.map_or(self.revision, |before| before.revision);
        if same.is_none() {
            self.bytes += written.len();
            let snapshots = Arc::make_mut(&mut self.snapshots);
            match content {
                Content::Absent => snapshots.insert_absent(self.whose.ecosystem, &name),
                Content::Package(package) => snapshots.insert(self.whose.ecosystem, &name, package),
            }
        }
        let entry = Entry { position, content: hash, revision, from_disk };
        self.before.insert(name.clone(), entry);
        self.entries.push((name, entry));
    }

    /// The packages, as they are then.
    pub(super) fn snapshots(&self) -> &Arc<Snapshots> {
        &self.snapshots
    }
}
