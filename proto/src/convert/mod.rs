//! Wire to domain and back, once each, naming every way in which a message can be wrong.
//!
//! From the domain to the wire nothing can fail, so that way is `From`. From the wire to the domain it is `TryFrom`
//! with one error, [`InvalidMessage`], which names the field by its path from the converted message on. Both ways take
//! values, so that a package of ten thousand versions moves its texts and copies none.
//!
//! What these functions may not know: what is stored, who asks, what time it is. Times are carried as they are; zero
//! on the wire is "none" in the domain.

mod assignment;
mod attempt;
mod catalogue;
mod details;
mod document;
mod event;
mod explain;
mod fault;
mod field;
mod hello;
mod host;
mod invalid;
mod job;
mod kind;
mod order;
mod outcome;
mod package;
mod question;
mod read_packages;
mod request;
mod requests;
mod resolution;
mod several;
mod version;
mod welcome;

#[cfg(test)]
mod tests;

pub use catalogue::{dependencies_response, package_response, version_summary};
pub use field::{
    PURL_BYTES_MAX, content_hash, enumeration, list, moment, moment_or_zero, optional, parse, parsed_or_none, purl,
    registry, required,
};
pub use hello::{HELD_MAX, HeldAttempt, Hello, SLOTS_MAX};
pub use host::{AT_ONCE_MAX, RATE_MILLI_MAX, RESERVE_PERMILLE_MAX, host_change};
pub use invalid::{InvalidMessage, Unspecified};
pub use job::{job_to_wire, task_id};
pub use kind::{Mirrored, job_kind};
pub use order::{LABEL_BYTES_MAX, PREFIX_BYTES_MAX, batch_to_wire, campaign_to_wire, label, prefix};
pub use read_packages::{Known, KnownPackage, READ_MAX, ReadPackages};
pub use request::{
    CHECKPOINT_BYTES_MAX, DocumentPiece, PIECE_BYTES_MAX, PermitRequest, Progress, Suspended, Throttled,
};
pub use requests::{ENDED_HOSTS_MAX, EndedRequests, RequestsEnded};
pub use several::{
    ACKS_MAX, ASSIGNS_BYTES, ASSIGNS_MAX, OUTCOMES_BYTES, OUTCOMES_MAX, PackedOutcomes, pack_acks, pack_assigns,
    unpack_acks, unpack_assigns, unpack_outcomes,
};
pub use welcome::{Claim, ClaimVerdict, Welcome};
