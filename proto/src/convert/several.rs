//! Several assignments, outcomes or acknowledgements in one message.
//!
//! The problem: a message costs more than what a small one says: a place in a queue, a frame's head, a waking, texts that
//! the one before it said already. At a hundred thousand attempts a second that is most of what a session does. So what
//! has gathered for one worker, or for the scheduler, goes together, up to bounds; whoever does not know these messages
//! is told the same things one by one.

use gleaner_model::{Assignment, Attempt};
use prost::Message as _;

use super::assignment::Known;
use super::field::at_most;
use super::request::PIECE_BYTES_MAX;
use super::{InvalidMessage, list};
use crate::v1;
use crate::v1::session_request::Message;

/// Assignments of one message: enough that what a message costs beside them does not count, and so few that a message of
/// ordinary ones, some 60 KB, holds up a permit behind it for a fraction of a millisecond.
pub const ASSIGNS_MAX: usize = 256;

/// Bytes of the assignments of one message, each as it is when said alone; about what this many ordinary ones take four
/// times over. One alone may be larger, since it names what is settled: a worker reads up to 16 MiB.
pub const ASSIGNS_BYTES: usize = 256 * 1024;

/// Outcomes of one message; for the same reason, and since the scheduler counts a message, not an outcome, against what a
/// session may have waiting.
pub const OUTCOMES_MAX: usize = 256;

/// Bytes of the outcomes of one message: as many as of a piece of a document, which the bound on what a session may have
/// waiting is made for. One that is larger goes alone.
pub const OUTCOMES_BYTES: usize = PIECE_BYTES_MAX;

/// Attempts that one message acknowledges: they are numbers only, so that this many are 16 KB.
pub const ACKS_MAX: usize = 1_024;

/// Packs assignments, in their order, into as few messages as the bounds allow.
#[must_use]
pub fn pack_assigns(assignments: Vec<Assignment>) -> Vec<v1::Assigns> {
    let mut messages: Vec<v1::Assigns> = Vec::with_capacity(assignments.len().div_ceil(ASSIGNS_MAX));
    let (mut bytes, mut said) = (0, Said::default());
    for assignment in assignments {
        let (known, left_out) = said.of(&assignment);
        let mut assign = v1::Assign::short(assignment, known);
        let weight = assign.encoded_len() + left_out;
        let fits = |message: &v1::Assigns| message.assigns.len() < ASSIGNS_MAX && bytes + weight <= ASSIGNS_BYTES;
        match messages.last_mut().filter(|message| fits(message)) {
            Some(message) => {
                said.note(&assign);
                bytes += weight;
                message.assigns.push(assign);
            }
            None => {
                said.fill_in(&mut assign);
                bytes = weight;
                messages.push(v1::Assigns { assigns: vec![assign] });
            }
        }
    }
    messages
}

/// The assignments of a message, each whole again.
///
/// # Errors
/// There are more than [`ASSIGNS_MAX`].
pub fn unpack_assigns(message: v1::Assigns) -> Result<Vec<v1::Assign>, InvalidMessage> {
    let mut assigns = message.assigns;
    at_most(assigns.len(), ASSIGNS_MAX, "assigns")?;
    let mut said = Said::default();
    assigns.iter_mut().for_each(|assign| said.fill_in(assign));
    Ok(assigns)
}

/// Outcomes that go in one message.
#[derive(Debug)]
pub struct PackedOutcomes {
    outcomes: Vec<v1::Outcome>,
    bytes: usize,
}

impl PackedOutcomes {
    /// A message that has room for others beside this one, unless this one is large.
    #[must_use]
    pub fn new(first: v1::Outcome) -> Self {
        Self { bytes: first.encoded_len(), outcomes: vec![first] }
    }

    /// Takes another outcome, or gives it back if there is no room for it.
    pub fn add(&mut self, next: v1::Outcome) -> Option<v1::Outcome> {
        let bytes = self.bytes + next.encoded_len();
        if self.outcomes.len() >= OUTCOMES_MAX || bytes > OUTCOMES_BYTES {
            return Some(next);
        }
        self.bytes = bytes;
        self.outcomes.push(next);
        None
    }

    /// The message; one that says a single outcome is the plain one.
    #[must_use]
    pub fn into_message(mut self) -> Message {
        match self.outcomes.pop() {
            Some(only) if self.outcomes.is_empty() => Message::Outcome(only),
            last => {
                self.outcomes.extend(last);
                Message::Outcomes(v1::Outcomes { outcomes: self.outcomes })
            }
        }
    }
}

/// The outcomes of a message, each still as it was sent.
///
/// # Errors
/// There are more than [`OUTCOMES_MAX`].
pub fn unpack_outcomes(message: v1::Outcomes) -> Result<Vec<v1::Outcome>, InvalidMessage> {
    at_most(message.outcomes.len(), OUTCOMES_MAX, "outcomes")?;
    Ok(message.outcomes)
}

/// Packs acknowledgements into as few messages as the bound allows.
pub fn pack_acks(attempts: &[Attempt]) -> impl Iterator<Item = v1::Acks> {
    attempts.chunks(ACKS_MAX).map(|part| v1::Acks { attempts: part.iter().map(|attempt| (*attempt).into()).collect() })
}

/// Whose outcomes a message acknowledges.
///
/// # Errors
/// There are more than [`ACKS_MAX`].
pub fn unpack_acks(message: v1::Acks) -> Result<Vec<Attempt>, InvalidMessage> {
    at_most(message.attempts.len(), ACKS_MAX, "attempts")?;
    list(message.attempts, "attempts")
}

/// What the assignments of a message have said so far that later ones need not say again.
#[derive(Default)]
struct Said {
    registry: String,
    base_url: String,
    host: String,
}

impl Said {
    /// What of an assignment was said, and how many bytes that is.
    fn of(&self, assignment: &Assignment) -> (Known, usize) {
        let texts = [
            (&self.registry, assignment.registry.name.as_str()),
            (&self.base_url, &assignment.registry.base_url),
            (&self.host, assignment.permit.host.as_str()),
        ];
        let [registry, base_url, host] = texts.map(|(said, text)| said == text);
        let left_out = texts.iter().filter(|(said, text)| said == text).map(|(_, text)| text.len()).sum();
        (Known { registry, base_url, host, permitted: true }, left_out)
    }

    /// Takes note of what is said now.
    fn note(&mut self, assign: &v1::Assign) {
        let host = assign.permit.as_ref().map_or("", |permit| &permit.host);
        for (said, text) in
            [(&mut self.registry, &*assign.registry), (&mut self.base_url, &assign.base_url), (&mut self.host, host)]
        {
            if !text.is_empty() {
                text.clone_into(said);
            }
        }
    }

    fn fill_in(&mut self, assign: &mut v1::Assign) {
        restore(&mut self.registry, &mut assign.registry);
        restore(&mut self.base_url, &mut assign.base_url);
        if let Some(permit) = &mut assign.permit {
            restore(&mut self.host, &mut permit.host);
            permit.attempt = permit.attempt.or(assign.attempt);
        }
    }
}

/// Puts what was said last in the place of nothing, else notes it.
fn restore(said: &mut String, text: &mut String) {
    if text.is_empty() {
        text.clone_from(said);
    } else {
        said.clone_from(text);
    }
}
