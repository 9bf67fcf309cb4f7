//! Asking the scheduler and the store from a service.

use gleaner_store::{Store, StoreError};
use tokio::sync::oneshot;
use tonic::Status;

use super::{Shared, errors};
use crate::scheduler::{Credit, Message, Reply};

/// What a caller is told to wait when the edge is full: a few rounds of the scheduler.
const EDGE_RETRY_MS: u64 = 250;

impl Shared {
    /// Room in the scheduler's inbox, or the advice to come back.
    ///
    /// # Errors
    /// UNAVAILABLE with a delay if there is none.
    pub(super) async fn credit(&self) -> Result<Credit, Status> {
        let wait = std::time::Duration::from_millis(EDGE_RETRY_MS);
        match tokio::time::timeout(wait, std::sync::Arc::clone(&self.credits).acquire_owned()).await {
            Ok(Ok(credit)) => Ok(credit),
            Ok(Err(_)) => Err(errors::gone()),
            Err(_) => Err(errors::overloaded("the scheduler is busy", EDGE_RETRY_MS)),
        }
    }

    /// Asks the scheduler something and waits for the answer.
    ///
    /// # Errors
    /// UNAVAILABLE if the scheduler has ended.
    pub(super) async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, Status> {
        let (reply, answer) = oneshot::channel();
        self.scheduler.cast(message(reply)).map_err(|_| errors::gone())?;
        answer.await.map_err(|_| errors::gone())
    }

    /// Reads the store, off the async threads.
    ///
    /// # Errors
    /// INTERNAL if the store cannot be read.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Status> {
        let store = std::sync::Arc::clone(&self.store);
        let result = tokio::task::spawn_blocking(move || read(&*store)).await;
        result.map_err(|_| errors::gone())?.map_err(|error| errors::store(error.to_string()))
    }
}
