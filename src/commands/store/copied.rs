//! What a backup is copied from: rows as of one commit, and packs of documents by their names.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use gleaner_model::ContentHash;
use gleaner_proto::v1;
use gleaner_proto::v1::copy_store_response::Message as Told;
use gleaner_store::{Backup, Documents, Rows, StoppedStore, StoreError};
use tokio::sync::mpsc;
use tonic::codegen::Bytes;

use super::{Which, blocking, held, look, options, torn};
use crate::exit::{Exit, Failure};
use crate::remote::Remote;

/// Rows that may wait for the disk; they come by the megabyte.
const WAITING: usize = 4;

impl Which {
    /// Begins a backup in `to` with every row. Nothing is begun if there is nothing to copy.
    pub(super) async fn rows(&self, to: &Path) -> Result<Backup, Failure> {
        let to = to.to_owned();
        match self {
            Self::Live(remote) => live(remote, to).await,
            Self::Stopped { dir, .. } => {
                let dir = dir.clone();
                blocking(move || stopped(&look(&dir).map_err(held)?, &to)).await
            }
        }
    }

    /// The bytes of a pack.
    pub(super) async fn pack(&self, name: ContentHash) -> Result<BoxStream<'_, Result<Bytes, Failure>>, Failure> {
        match self {
            Self::Live(remote) => {
                let request = v1::ReadPackRequest { pack: name.to_string() };
                let pieces = remote.store().read_pack(request).await?.into_inner();
                Ok(pieces.map_ok(|piece| piece.data).map_err(Failure::from).boxed())
            }
            Self::Stopped { documents, .. } => Ok(pieces(documents, name).await?.boxed()),
        }
    }
}

async fn live(remote: &Remote, to: PathBuf) -> Result<Backup, Failure> {
    let mut answers = remote.store().copy_store(v1::CopyStoreRequest {}).await?.into_inner();
    let (rows, mut waiting) = mpsc::channel::<Rows>(WAITING);
    let writing = tokio::task::spawn_blocking(move || {
        let mut backup = Backup::begin(&to, options())?;
        while let Some(rows) = waiting.blocking_recv() {
            backup.put(&rows)?;
        }
        Ok::<_, StoreError>(backup)
    });
    let mut whole = false;
    while let Some(answer) = answers.message().await? {
        match answer.message {
            Some(Told::Rows(v1::StoreRows { table, rows: sent })) => {
                let sent = sent.into_iter().map(|row| (row.key, row.value)).collect();
                // The writer takes no more if it failed, and says why below.
                if rows.send(Rows { table, rows: sent }).await.is_err() {
                    whole = true;
                    break;
                }
            }
            Some(Told::Done(_)) => whole = true,
            None => {}
        }
    }
    drop(rows);
    let backup = writing.await.map_err(Failure::failed)??;
    if whole { Ok(backup) } else { Err(torn()) }
}

fn stopped(store: &StoppedStore, to: &Path) -> Result<Backup, Failure> {
    if !store.flaws().is_empty() {
        return Err(Failure {
            exit: Exit::No,
            message: "the store is damaged; `gleaner store check` tells how".into(),
        });
    }
    let mut backup = Backup::begin(to, options())?;
    let mut put = Ok(());
    store.snapshot()?.copy(&mut |rows| {
        put = backup.put(&rows);
        if put.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    put?;
    Ok(backup)
}

async fn pieces(
    documents: &Documents,
    name: ContentHash,
) -> Result<impl futures_util::Stream<Item = Result<Bytes, Failure>> + Send, Failure> {
    let missing = || Failure { exit: Exit::No, message: format!("there is no pack {name}, which the store names") };
    let length = documents.pack_length(name).await?.ok_or_else(missing)?;
    Ok(stream::try_unfold(0, move |offset| async move {
        if offset >= length {
            return Ok(None);
        }
        let piece = documents.pack_piece(name, length, offset).await?;
        let next = offset + piece.len().max(1) as u64;
        Ok(Some((piece, next)))
    }))
}
