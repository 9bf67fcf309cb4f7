//! Who is calling.

use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::errors::status;
use crate::clients::{Client, Clients};

/// The client whose token the call carries as `authorization: Bearer TOKEN`.
///
/// # Errors
/// UNAUTHENTICATED if the scheduler knows its clients and this is none of them.
pub(super) fn client<'a>(clients: &'a Clients, metadata: &MetadataMap) -> Result<&'a Client, Status> {
    let token = metadata
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    clients.who(token).ok_or_else(|| {
        let message = match token {
            Some(_) => "the token is not one of the clients file's",
            None => "credentials are missing: send `authorization: Bearer TOKEN`",
        };
        status(Code::Unauthenticated, "CREDENTIALS", message)
    })
}
