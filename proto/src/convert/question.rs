//! Questions: what a resolution is asked.

use gleaner_model::{AsOf, Question, Root, Timestamp};

use super::InvalidMessage;
use super::field::at_most;
use crate::v1;

impl From<Question> for v1::Question {
    fn from(question: Question) -> Self {
        Self {
            manifest: match question.root {
                Root::Package => None,
                Root::Manifest { file, text } => Some(v1::Manifest { file, text }),
            },
            environment: environment_to_wire(question.environment),
            as_of: moment_to_wire(question.as_of).map(|moment| v1::AsOf { moment: Some(moment) }),
            lock: question.lock,
        }
    }
}

fn moment_to_wire(as_of: AsOf) -> Option<v1::as_of::Moment> {
    match as_of {
        AsOf::Now => None,
        AsOf::Published(at) => Some(v1::as_of::Moment::PublishedAtMs(at.as_millis())),
        AsOf::Observed(at) => Some(v1::as_of::Moment::ObservedAtMs(at.as_millis())),
        AsOf::Position(position) => Some(v1::as_of::Moment::Position(position)),
        AsOf::PublishedAt { before, position } => {
            Some(v1::as_of::Moment::PublishedAt(v1::PublishedAt { before_ms: before.as_millis(), position }))
        }
    }
}

pub(super) fn environment_to_wire(environment: Vec<(String, String)>) -> Vec<v1::EnvironmentEntry> {
    environment.into_iter().map(|(key, value)| v1::EnvironmentEntry { key, value }).collect()
}

pub(super) fn environment_of_wire(wire: Vec<v1::EnvironmentEntry>) -> Vec<(String, String)> {
    wire.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

/// The environment is sorted by key.
impl TryFrom<v1::Question> for Question {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Question) -> Result<Self, InvalidMessage> {
        at_most(wire.environment.len(), Self::ENVIRONMENT_MAX, "environment")?;
        Ok(Self {
            root: wire.manifest.map_or(Ok(Root::Package), manifest)?,
            environment: environment(environment_of_wire(wire.environment))?,
            as_of: wire.as_of.map_or(Ok(AsOf::Now), as_of)?,
            lock: wire.lock,
        })
    }
}

fn manifest(wire: v1::Manifest) -> Result<Root, InvalidMessage> {
    if wire.file.is_empty() {
        return Err(InvalidMessage::missing("manifest.file"));
    }
    at_most(wire.text.len(), Question::MANIFEST_BYTES_MAX, "manifest.text")?;
    Ok(Root::Manifest { file: wire.file, text: wire.text })
}

fn environment(mut entries: Vec<(String, String)>) -> Result<Vec<(String, String)>, InvalidMessage> {
    entries.sort();
    match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(twice) => {
            Err(InvalidMessage::invalid("environment", format_args!("the key `{}` is there twice", twice[0].0)))
        }
        None => Ok(entries),
    }
}

fn as_of(wire: v1::AsOf) -> Result<AsOf, InvalidMessage> {
    Ok(match wire.moment.ok_or_else(|| InvalidMessage::missing("as_of.moment"))? {
        v1::as_of::Moment::PublishedAtMs(at) => AsOf::Published(Timestamp::from_millis(at)),
        v1::as_of::Moment::ObservedAtMs(at) => AsOf::Observed(Timestamp::from_millis(at)),
        v1::as_of::Moment::Position(position) => AsOf::Position(position),
        v1::as_of::Moment::PublishedAt(v1::PublishedAt { before_ms, position }) => {
            AsOf::PublishedAt { before: Timestamp::from_millis(before_ms), position }
        }
    })
}
