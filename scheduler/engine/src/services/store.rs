//! `gleaner.v1.StoreService`: checking, copying and clearing up the store while it is in use.
//!
//! The problem: both read everything there is, for minutes perhaps, and nobody else must notice. So each runs on a thread
//! of its own, one at a time, reading one commit; a check rests as long as it works; what it has to say waits in a short
//! queue, so that it reads no faster than its caller listens; and a caller that listens no more ends it, for what later
//! commits replace keeps its room on disk as long as somebody reads the commit before.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use gleaner_model::{ContentHash, Timestamp};
use gleaner_proto::v1;
use gleaner_store::{Collected, DocumentsError, Finding, Rows, Snapshot, check_documents, collect_packs};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

use super::{Shared, credentials, errors};
use crate::clock::{Clock, Stopwatch};

/// Answers that may wait for a caller. Rows come by the megabyte, so this is a few megabytes.
const ANSWERS: usize = 4;

/// A caller that takes nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// When to come back if somebody else checks or copies the store.
const BUSY_RETRY_MS: u64 = 10_000;

/// The longest rest of a check, so that one slow read of the disk does not make it rest for minutes.
const REST_MAX: Duration = Duration::from_millis(200);

/// How often a check tells how far it is.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// A pack that nothing refers to may be one whose outcome is about to be committed. Its session waits for that outcome no
/// longer than a worker may be silent, some seconds; a day leaves room for clocks that differ between here and where
/// documents are kept.
const UNNAMED_MS: i64 = 24 * 60 * 60 * 1_000;

/// The service.
pub(crate) struct StoreKeeper(pub(crate) Arc<Shared>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl v1::store_service_server::StoreService for StoreKeeper {
    type CheckStoreStream = Answers<v1::CheckStoreResponse>;
    type CopyStoreStream = Answers<v1::CopyStoreResponse>;
    type CollectPacksStream = Answers<v1::CollectPacksResponse>;
    type ReadPackStream = Answers<v1::ReadPackResponse>;

    async fn check_store(
        &self,
        request: Request<v1::CheckStoreRequest>,
    ) -> Result<Response<Self::CheckStoreStream>, Status> {
        credentials::operator(&self.0.clients, request.metadata())?;
        let (turn, documents) = (self.turn()?, request.into_inner().documents);
        let shared = Arc::clone(&self.0);
        Ok(self.run(turn, move |caller| check(&shared, caller, documents)))
    }

    async fn copy_store(
        &self,
        request: Request<v1::CopyStoreRequest>,
    ) -> Result<Response<Self::CopyStoreStream>, Status> {
        credentials::operator(&self.0.clients, request.metadata())?;
        let turn = self.turn()?;
        let shared = Arc::clone(&self.0);
        Ok(self.run(turn, move |caller| copy(&shared, caller)))
    }

    async fn collect_packs(
        &self,
        request: Request<v1::CollectPacksRequest>,
    ) -> Result<Response<Self::CollectPacksStream>, Status> {
        credentials::operator(&self.0.clients, request.metadata())?;
        let turn = self.turn()?;
        let shared = Arc::clone(&self.0);
        Ok(self.run(turn, move |caller| collect(&shared, caller)))
    }

    async fn read_pack(&self, request: Request<v1::ReadPackRequest>) -> Result<Response<Self::ReadPackStream>, Status> {
        credentials::operator(&self.0.clients, request.metadata())?;
        let name = request.into_inner().pack;
        let name: ContentHash = name.parse().map_err(|error| errors::invalid(format!("pack: {error}")))?;
        let documents = Arc::clone(&self.0.documents);
        let length = documents.pack_length(name).await.map_err(unreadable)?;
        let missing = || errors::status(Code::NotFound, "NO_SUCH_PACK", format!("there is no pack {name}"));
        let length = length.ok_or_else(missing)?;
        let pieces = futures_util::stream::try_unfold(0, move |offset| {
            let documents = Arc::clone(&documents);
            async move {
                if offset >= length {
                    return Ok(None);
                }
                let data = documents.pack_piece(name, length, offset).await.map_err(unreadable)?;
                let next = offset + data.len().max(1) as u64;
                Ok(Some((v1::ReadPackResponse { data }, next)))
            }
        });
        Ok(Response::new(Box::pin(pieces)))
    }
}

impl StoreKeeper {
    fn turn(&self) -> Result<OwnedSemaphorePermit, Status> {
        let busy = |_| errors::overloaded("somebody else checks, copies or clears up the store already", BUSY_RETRY_MS);
        Arc::clone(&self.0.upkeep).try_acquire_owned().map_err(busy)
    }

    /// Runs `work` on a thread that may block, and passes on what it says.
    fn run<T: Send + 'static>(
        &self,
        turn: OwnedSemaphorePermit,
        work: impl FnOnce(&Caller<T>) -> Result<(), Status> + Send + 'static,
    ) -> Response<Answers<T>> {
        let (answers, stream) = mpsc::channel(ANSWERS);
        let caller = Caller { answers, runtime: Handle::current() };
        tokio::task::spawn_blocking(move || {
            if let Err(status) = work(&caller) {
                let _ = caller.say(Err(status));
            }
            drop(turn);
        });
        Response::new(Box::pin(ReceiverStream::new(stream)))
    }
}

/// Who asked, as the thread that answers sees it.
struct Caller<T> {
    answers: mpsc::Sender<Result<T, Status>>,
    runtime: Handle,
}

impl<T> Caller<T> {
    /// Hands over an answer, when there is room for it; breaks if the caller is gone.
    fn say(&self, answer: Result<T, Status>) -> ControlFlow<()> {
        let sent = self.runtime.block_on(tokio::time::timeout(PATIENCE, self.answers.send(answer)));
        if matches!(sent, Ok(Ok(()))) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

fn snapshot(shared: &Shared) -> Result<Box<dyn Snapshot>, Status> {
    shared.store.snapshot().map_err(|error| errors::store(error.to_string()))
}

fn check(shared: &Shared, caller: &Caller<v1::CheckStoreResponse>, documents: bool) -> Result<(), Status> {
    use v1::check_store_response::Message as Told;
    let say = |told| caller.say(Ok(v1::CheckStoreResponse { message: Some(told) }));
    let snapshot = snapshot(shared)?;
    let (mut pace, gone) = (Pace::begin(), Cell::new(false));
    let mut tell = |finding| {
        let said = match finding {
            Finding::Progress { table, values, bytes } => {
                pace.rest();
                let progress = v1::CheckProgress { table: table.to_owned(), values, bytes };
                if pace.tells() { say(Told::Progress(progress)) } else { ControlFlow::Continue(()) }
            }
            Finding::Flaw { table, key, flaw } => {
                tracing::error!(table, key, flaw, "the store is damaged");
                say(Told::Flaw(v1::StoreFlaw { table: table.to_owned(), key, flaw }))
            }
            Finding::Table { table, values, bytes } => {
                say(Told::Table(v1::CheckedTable { table: table.to_owned(), values, bytes }))
            }
        };
        gone.set(gone.get() || said.is_break());
        said
    };
    snapshot.check(&mut tell).map_err(|error| errors::store(error.to_string()))?;
    if documents && !gone.get() {
        let mut read = |hash, place| caller.runtime.block_on(shared.documents.get(hash, place));
        check_documents(&*snapshot, &mut read, &mut tell).map_err(|error| errors::store(error.to_string()))?;
    }
    if !gone.get() {
        let _ = say(Told::Done(v1::CheckDone {}));
    }
    Ok(())
}

fn copy(shared: &Shared, caller: &Caller<v1::CopyStoreResponse>) -> Result<(), Status> {
    use v1::copy_store_response::Message as Told;
    let say = |told| caller.say(Ok(v1::CopyStoreResponse { message: Some(told) }));
    let gone = Cell::new(false);
    let mut take = |Rows { table, rows }| {
        let rows = rows.into_iter().map(|(key, value)| v1::StoreRow { key, value }).collect();
        let said = say(Told::Rows(v1::StoreRows { table, rows }));
        gone.set(gone.get() || said.is_break());
        said
    };
    snapshot(shared)?.copy(&mut take).map_err(|error| errors::store(error.to_string()))?;
    if !gone.get() {
        let _ = say(Told::Done(v1::CopyDone {}));
    }
    Ok(())
}

fn collect(shared: &Shared, caller: &Caller<v1::CollectPacksResponse>) -> Result<(), Status> {
    use v1::collect_packs_response::Message as Told;
    let say = |told| caller.say(Ok(v1::CollectPacksResponse { message: Some(told) }));
    let before = Timestamp::from_millis(Clock::start().now().wall.as_millis() - UNNAMED_MS);
    let (mut pace, gone) = (Pace::begin(), Cell::new(false));
    let mut tell = |done| {
        pace.rest();
        let said = if pace.tells() { say(Told::Progress(collected(done))) } else { ControlFlow::Continue(()) };
        gone.set(said.is_break());
        said
    };
    let mut snapshot = || shared.store.snapshot();
    let done = collect_packs(&shared.documents, &caller.runtime, Some(before), &mut snapshot, &mut tell);
    let done = done.map_err(|error| errors::store(error.to_string()))?;
    tracing::info!(packs = done.packs, bytes = done.bytes, "packs that nothing refers to were deleted");
    if !gone.get() {
        let _ = say(Told::Done(collected(done)));
    }
    Ok(())
}

fn collected(done: Collected) -> v1::CollectedPacks {
    let Collected { packs, bytes, kept_packs, kept_bytes } = done;
    v1::CollectedPacks { packs, bytes, kept_packs, kept_bytes }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: DocumentsError) -> Status {
    errors::store(error.to_string())
}

/// Half of the time is for others.
struct Pace {
    working: Stopwatch,
    told: Stopwatch,
}

impl Pace {
    fn begin() -> Self {
        Self { working: Stopwatch::start(), told: Stopwatch::start() }
    }

    /// Rests as long as was worked since the last rest.
    fn rest(&mut self) {
        std::thread::sleep(Duration::from_secs_f64(self.working.seconds()).min(REST_MAX));
        self.working = Stopwatch::start();
    }

    /// Is it time to tell how far it is?
    fn tells(&mut self) -> bool {
        let due = self.told.seconds() >= PROGRESS_EVERY.as_secs_f64();
        if due {
            self.told = Stopwatch::start();
        }
        due
    }
}
