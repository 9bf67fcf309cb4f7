//! Many records one after the other in one payload, in postcard's encoding.

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::frame::Flaw;

/// Writes to the end of a buffer that other records stand in already.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends `record` to `payload`.
pub(crate) fn append<T: Serialize>(payload: &mut Vec<u8>, record: &T) {
    postcard::serialize_with_flavor(record, Append(payload)).expect("plain data of known lengths always encodes");
}

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
