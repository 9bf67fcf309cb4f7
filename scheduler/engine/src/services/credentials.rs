//! Who is calling.

use gleaner_model::Lane;
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

/// The same, if it is one of those who run this scheduler: what belongs to all clients is for them alone.
///
/// # Errors
/// As [`client`], and PERMISSION_DENIED if it is another one.
pub(super) fn operator<'a>(clients: &'a Clients, metadata: &MetadataMap) -> Result<&'a Client, Status> {
    let client = client(clients, metadata)?;
    if clients.is_open() || client.lane == Lane::Internal {
        return Ok(client);
    }
    let message = format!("`{}` is no operator: this takes the token of a client of the lane `internal`", client.name);
    Err(status(Code::PermissionDenied, "NOT_AN_OPERATOR", message))
}
