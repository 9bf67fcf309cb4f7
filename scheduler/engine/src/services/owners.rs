//! Whose standing order or batch a caller may see and change: their own; those who run the scheduler everybody's.

use gleaner_model::{ClientName, Lane};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::{Shared, credentials, errors};
use crate::clients::Client;
use crate::scheduler::{Name, OrderError};

/// Does this client run the scheduler?
pub(super) fn is_operator(shared: &Shared, client: &Client) -> bool {
    shared.clients.is_open() || client.lane == Lane::Internal
}

/// Whose orders are asked for: the caller's own, or all.
pub(super) fn listed(shared: &Shared, metadata: &MetadataMap, all: bool) -> Result<Option<ClientName>, Status> {
    if all {
        return credentials::operator(&shared.clients, metadata).map(|_| None);
    }
    credentials::client(&shared.clients, metadata).map(|client| Some(client.name.clone()))
}

/// The order of this name that a caller means.
pub(super) fn named(shared: &Shared, metadata: &MetadataMap, owner: &str, name: &str) -> Result<Name, Status> {
    let client = credentials::client(&shared.clients, metadata)?;
    let name = name.parse().map_err(|error| errors::invalid(format!("`name` is invalid: {error}")))?;
    if owner.is_empty() || owner == client.name.as_str() {
        return Ok((client.name.clone(), name));
    }
    credentials::operator(&shared.clients, metadata)?;
    let owner = owner.parse().map_err(|error| errors::invalid(format!("`client` is invalid: {error}")))?;
    Ok((owner, name))
}

impl From<OrderError> for Status {
    fn from(error: OrderError) -> Self {
        let message = error.to_string();
        match error {
            OrderError::Exists(..) => errors::status(Code::AlreadyExists, "EXISTS", message),
            OrderError::Unknown(..) => errors::status(Code::NotFound, "NO_SUCH_ORDER", message),
            OrderError::Wrong(_) => errors::invalid(message),
            OrderError::TooMany(_) => errors::status(Code::ResourceExhausted, "TOO_MANY_ORDERS", message),
            OrderError::Over(..) => errors::status(Code::FailedPrecondition, "OVER", message),
            OrderError::Store(_) => errors::store(message),
            OrderError::Draining => errors::gone(),
        }
    }
}
