//! What a job asks for, as it stands in the journal.

use gleaner_core::Terms;
use gleaner_model::{
    CrawlPart, Ecosystem, JobKind, JobSpec, Lane, Origin, PackageName, Purl, RegistryName, TaskId, Timestamp, Trace,
};
use gleaner_store::Command;

use super::Account;
use crate::packages::{OLDER, RESOLVE};

/// What one job asks for.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    pub(crate) task: TaskId,
    pub(crate) target: u64,
    pub(crate) max_age_ms: u64,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) key: Option<u64>,
    pub(crate) origin: Origin,
    pub(crate) client: gleaner_model::ClientName,
    pub(crate) lane: Lane,
    pub(crate) epoch: u64,
}

impl Payload {
    pub(crate) fn to_command(&self, at: Timestamp) -> Command {
        let number = format!("p{}", self.target & !(OLDER | RESOLVE));
        let name = PackageName::new(Ecosystem::Cargo, &number).expect("a letter and digits make a name");
        let spec = JobSpec {
            kind: if self.target & RESOLVE == 0 { JobKind::Crawl } else { JobKind::Resolve },
            part: if self.target & OLDER == 0 { CrawlPart::Newest } else { CrawlPart::Older },
            purl: Purl::new(Ecosystem::Cargo, name),
            registry: RegistryName::default_of(Ecosystem::Cargo),
            max_age_ms: self.max_age_ms,
            expires_at: self.expires_at,
            not_before: self.not_before,
            deadline: self.deadline,
            key: self.key.map(|key| key_text(key).parse().expect("a letter and digits make a key")),
            question: None,
        };
        let (task, client, lane, epoch) = (self.task, self.client.clone(), self.lane, self.epoch);
        let origin = self.origin.clone();
        let trace = Trace::default();
        gleaner_store::Payload { task, spec, client, lane, created_at: at, epoch, trace, origin }.into()
    }

    /// What a journalled submission says; none if the command is of another kind.
    pub(crate) fn of_command(command: Command) -> Option<Self> {
        let payload = std::sync::Arc::unwrap_or_clone(command.into_payload()?);
        let gleaner_store::Payload { task, spec, client, lane, epoch, origin, .. } = payload;
        let number: u64 = spec.purl.name().as_str().strip_prefix('p')?.parse().ok()?;
        let part = if spec.part == CrawlPart::Older { OLDER } else { 0 };
        let target = number | part | if spec.kind == JobKind::Resolve { RESOLVE } else { 0 };
        let key = spec.key.and_then(|key| key.as_str().strip_prefix('k')?.parse().ok());
        let JobSpec { max_age_ms, expires_at, not_before, deadline, .. } = spec;
        Some(Self { task, target, max_age_ms, expires_at, not_before, deadline, key, origin, client, lane, epoch })
    }

    /// Its times, as the core wants them.
    pub(crate) const fn terms(&self) -> Terms {
        Terms { not_before: self.not_before, deadline: self.deadline }
    }
}

/// A client's key, as it stands in the journal.
pub(crate) fn key_text(key: u64) -> String {
    format!("k{key}")
}

/// The account under which Gleaner gives itself work.
pub(crate) fn own_account() -> Account {
    Account { name: gleaner_model::ClientName::gleaner(), lane: Lane::Bulk, weight: 1 }
}
