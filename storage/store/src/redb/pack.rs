//! Many records one after the other in one payload, in postcard's encoding.

use serde::de::DeserializeOwned;

use crate::frame::Flaw;
pub(crate) use crate::frame::append;

/// All records of `payload`.
pub(crate) fn unpack<T: DeserializeOwned>(mut payload: &[u8]) -> Result<Vec<T>, Flaw> {
    let mut records = Vec::new();
    while !payload.is_empty() {
        let (record, rest) = postcard::take_from_bytes(payload).map_err(|_| "it does not decode")?;
        records.push(record);
        payload = rest;
    }
    Ok(records)
}
