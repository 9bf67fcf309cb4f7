//! What a scheduler says, as the rest of the worker understands it.

use gleaner_model::{Assignment, Attempt, Fault, FaultKind, Permit};
use gleaner_proto::convert::{InvalidMessage, required, unpack_acks, unpack_assigns};
use gleaner_proto::v1;
use gleaner_proto::v1::session_response::Message;
use tokio::time::Instant;

use crate::attempt::Leave;

/// A message of the scheduler, after the greeting.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A new attempt, received then.
    Assign(Box<Assignment>, Instant),
    /// A new attempt that this worker does not understand.
    Unintelligible(Attempt, Fault),
    /// Leave for one request.
    Permit(Attempt, Leave),
    Suspend(Attempt),
    Resume(Attempt),
    Cancel(Attempt),
    /// These outcomes need not be kept.
    Acknowledge(Vec<Attempt>),
    Drain {
        stay: bool,
    },
}

impl Incoming {
    /// Reads a message that was received at `received`: what it says, in order.
    ///
    /// # Errors
    /// It breaks the protocol, and there is nobody to answer for it.
    pub(super) fn read(response: v1::SessionResponse, received: Instant) -> Result<Vec<Self>, InvalidMessage> {
        Ok(vec![match response.message.ok_or_else(|| InvalidMessage::missing("message"))? {
            Message::Welcome(_) => return Err(InvalidMessage::invalid("welcome", "it was said before")),
            Message::Assign(assign) => assignment(assign, received)?,
            Message::Assigns(assigns) => {
                return unpack_assigns(assigns)?.into_iter().map(|assign| assignment(assign, received)).collect();
            }
            Message::Permit(permit) => {
                let (attempt, permit): (Attempt, Permit) = required(Some(permit), "permit")?;
                Self::Permit(attempt, Leave::new(permit, received))
            }
            Message::Suspend(suspend) => Self::Suspend(required(suspend.attempt, "suspend.attempt")?),
            Message::Resume(resume) => Self::Resume(required(resume.attempt, "resume.attempt")?),
            Message::Cancel(cancel) => Self::Cancel(required(cancel.attempt, "cancel.attempt")?),
            Message::Ack(ack) => Self::Acknowledge(vec![required(ack.attempt, "ack.attempt")?]),
            Message::Acks(acks) => Self::Acknowledge(unpack_acks(acks)?),
            Message::Drain(v1::Drain { stay }) => Self::Drain { stay },
        }])
    }
}

/// A scheduler that is newer than this worker may assign what the worker has no words for. It is told so.
fn assignment(assign: v1::Assign, received: Instant) -> Result<Incoming, InvalidMessage> {
    let attempt = required(assign.attempt, "assign.attempt")?;
    Ok(match Assignment::try_from(assign) {
        Ok(assignment) => Incoming::Assign(Box::new(assignment), received),
        Err(error) => {
            let fault = Fault::new(FaultKind::Unimplemented, format!("the assignment is not understood: {error}"));
            Incoming::Unintelligible(attempt, fault)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: Message) -> Result<Incoming, InvalidMessage> {
        let said = Incoming::read(v1::SessionResponse { message: Some(message) }, Instant::now());
        said.map(|mut said| said.pop().expect("one thing"))
    }

    #[test]
    fn an_assignment_that_is_not_understood_still_names_its_attempt() {
        let attempt = Some(v1::Attempt { task: 7, epoch: 1, sequence: 2 });
        let assign = v1::Assign { attempt, purl: "pkg:unheard/of".into(), ..v1::Assign::default() };
        match read(Message::Assign(assign)) {
            Ok(Incoming::Unintelligible(attempt, fault)) => {
                assert_eq!(attempt.task.0, 7);
                assert_eq!(fault.kind, FaultKind::Unimplemented);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn messages_without_their_attempt_break_the_protocol() {
        assert!(read(Message::Cancel(v1::Cancel { attempt: None })).is_err());
        assert!(read(Message::Assign(v1::Assign::default())).is_err());
        assert!(read(Message::Welcome(v1::Welcome::default())).is_err());
        assert!(Incoming::read(v1::SessionResponse { message: None }, Instant::now()).is_err());
    }
}
