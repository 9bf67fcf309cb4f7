//! What conversions have in common: reading one field, and saying which one was wrong.

use std::fmt::Display;
use std::str::FromStr;

use gleaner_model::{ContentHash, Purl, RegistryName, Timestamp};

use super::{InvalidMessage, Mirrored, Unspecified};

/// Longest purl that is read, in bytes, as the protocol states it: over twice the longest name of any ecosystem, so
/// that percent-encoding and a version fit beside it.
pub const PURL_BYTES_MAX: usize = 512;

/// Reads a message that must be there.
///
/// # Errors
/// It is not there, or is itself invalid.
pub fn required<W, D>(message: Option<W>, field: &str) -> Result<D, InvalidMessage>
where
    D: TryFrom<W, Error = InvalidMessage>,
{
    let message = message.ok_or_else(|| InvalidMessage::missing(field))?;
    D::try_from(message).map_err(|error| error.inside(field))
}

/// Reads a message that may be missing.
///
/// # Errors
/// It is there and invalid.
pub fn optional<W, D>(message: Option<W>, field: &str) -> Result<Option<D>, InvalidMessage>
where
    D: TryFrom<W, Error = InvalidMessage>,
{
    message.map(|message| D::try_from(message).map_err(|error| error.inside(field))).transpose()
}

/// Reads a list of messages.
///
/// # Errors
/// One of them is invalid; the field's path tells which.
pub fn list<W, D>(messages: Vec<W>, field: &str) -> Result<Vec<D>, InvalidMessage>
where
    D: TryFrom<W, Error = InvalidMessage>,
{
    let read = |(at, message)| D::try_from(message).map_err(|error| error.inside(format_args!("{field}[{at}]")));
    messages.into_iter().enumerate().map(read).collect()
}

/// Reads an enumeration's value.
///
/// # Errors
/// It is zero, hence missing, or a number that this version of the protocol does not know.
pub fn enumeration<D>(number: i32, field: &str) -> Result<D, InvalidMessage>
where
    D: Mirrored + TryFrom<D::Wire, Error = Unspecified>,
{
    let value = D::Wire::try_from(number).map_err(|_| unknown_number(number, field))?;
    D::try_from(value).map_err(|Unspecified| InvalidMessage::missing(field))
}

pub(super) fn unknown_number(number: i32, field: &str) -> InvalidMessage {
    InvalidMessage::invalid(field, format_args!("{number} is no value of this enumeration"))
}

/// Reads a text that has a form.
///
/// # Errors
/// It is empty, hence missing, or of another form; the form's own words tell why.
pub fn parse<T>(text: &str, field: &str) -> Result<T, InvalidMessage>
where
    T: FromStr,
    T::Err: Display,
{
    if text.is_empty() {
        return Err(InvalidMessage::missing(field));
    }
    text.parse().map_err(|error| InvalidMessage::invalid(field, error))
}

/// Reads a text that has a form and may be missing: empty is none.
///
/// # Errors
/// It is of another form; the form's own words tell why.
pub fn parsed_or_none<T>(text: &str, field: &str) -> Result<Option<T>, InvalidMessage>
where
    T: FromStr,
    T::Err: Display,
{
    if text.is_empty() { Ok(None) } else { parse(text, field).map(Some) }
}

/// Reads a purl from the field `purl`.
///
/// # Errors
/// It is empty, longer than [`PURL_BYTES_MAX`], or not a purl that Gleaner can work with.
pub fn purl(text: &str) -> Result<Purl, InvalidMessage> {
    // Its length first, so that the words about a wrong one cannot be longer than what is let in.
    if text.len() > PURL_BYTES_MAX {
        let reason = format_args!("it is {} bytes long; at most {PURL_BYTES_MAX} are read", text.len());
        return Err(InvalidMessage::invalid("purl", reason));
    }
    parse(text, "purl")
}

/// Reads a registry's name from the field `registry`; empty means the default one of the purl's ecosystem.
///
/// # Errors
/// It is not a registry's name.
pub fn registry(text: &str, purl: &Purl) -> Result<RegistryName, InvalidMessage> {
    if text.is_empty() { Ok(RegistryName::default_of(purl.ecosystem())) } else { parse(text, "registry") }
}

/// Reads a SHA-256.
///
/// # Errors
/// It is empty, hence missing, or not 32 bytes long.
pub fn content_hash(bytes: &[u8], field: &str) -> Result<ContentHash, InvalidMessage> {
    if bytes.is_empty() {
        return Err(InvalidMessage::missing(field));
    }
    let hash = bytes.try_into().map_err(|_| {
        InvalidMessage::invalid(field, format_args!("a SHA-256 has 32 bytes and this has {}", bytes.len()))
    })?;
    Ok(ContentHash(hash))
}

/// Reads a moment that may be missing: zero is none.
#[must_use]
pub fn moment(at_ms: i64) -> Option<Timestamp> {
    (at_ms != 0).then(|| Timestamp::from_millis(at_ms))
}

/// Reads a moment that must be there.
pub(super) fn required_moment(at_ms: i64, field: &str) -> Result<Timestamp, InvalidMessage> {
    moment(at_ms).ok_or_else(|| InvalidMessage::missing(field))
}

/// Writes a moment that may be missing: none is zero.
#[must_use]
pub fn moment_or_zero(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::as_millis)
}

/// Reads a text that may be missing: empty is none.
pub(super) fn text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Checks that a list or a text is not longer than it may be.
pub(super) fn at_most(length: usize, limit: usize, field: &str) -> Result<(), InvalidMessage> {
    if length <= limit {
        return Ok(());
    }
    Err(InvalidMessage::invalid(field, format_args!("its length is {length}; at most {limit} is allowed")))
}
