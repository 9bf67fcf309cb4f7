//! `gleaner store check`: is everything what it ought to be?

use std::path::Path;

use clap::Args;
use clap::builder::FalseyValueParser;
use gleaner_proto::v1;
use gleaner_proto::v1::check_store_response::Message as Told;
use gleaner_store::{Documents, Snapshot, StoreError, check_documents};
use tokio::runtime::Handle;

use super::tell::Teller;
use super::{Which, WhichArgs, blocking, held, look, torn, unreadable};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::remote::Remote;

/// The name under which a file that cannot be read at all is told of.
const FILE_ITSELF: &str = "(file)";

/// What to check.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Also read every document and compare it with its name.
    #[arg(long, env = "GLEANER_READ_DOCUMENTS", value_parser = FalseyValueParser::new())]
    read_documents: bool,
    #[command(flatten)]
    which: WhichArgs,
}

/// Checks it.
pub(super) async fn run(args: &CheckArgs, output: Output) -> Result<Exit, Failure> {
    match args.which.find().await? {
        Which::Live(remote) => live(&remote, args.read_documents, output).await,
        Which::Stopped { dir, documents } => {
            let documents = args.read_documents.then_some(documents);
            let runtime = Handle::current();
            blocking(move || stopped(&dir, documents, &runtime, output)).await
        }
    }
}

async fn live(remote: &Remote, documents: bool, output: Output) -> Result<Exit, Failure> {
    let mut teller = Teller::new(output);
    let mut answers = remote.store().check_store(v1::CheckStoreRequest { documents }).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        match answer.message {
            Some(Told::Progress(v1::CheckProgress { table, values, bytes })) => teller.progress(&table, values, bytes),
            Some(Told::Flaw(v1::StoreFlaw { table, key, flaw })) => teller.flaw(&table, &key, &flaw)?,
            Some(Told::Table(v1::CheckedTable { table, values, bytes })) => teller.table(&table, values, bytes)?,
            Some(Told::Done(_)) => return teller.end(None),
            None => {}
        }
    }
    Err(torn())
}

fn stopped(dir: &Path, documents: Option<Documents>, runtime: &Handle, output: Output) -> Result<Exit, Failure> {
    let mut teller = Teller::new(output);
    let store = match look(dir) {
        Ok(store) => store,
        // So much is damaged that nothing else can be read; that is an answer, and no failure to give one.
        Err(StoreError::Damaged(flaw)) => {
            teller.flaw(FILE_ITSELF, "gleaner.redb", &flaw)?;
            return teller.end(None);
        }
        Err(error) => return Err(held(error)),
    };
    let mut going = store.flaws().iter().cloned().try_for_each(|flaw| teller.hear(flaw));
    let snapshot = store.snapshot()?;
    if going.is_continue() {
        snapshot.check(&mut |finding| {
            going = teller.hear(finding);
            going
        })?;
    }
    if let Some(documents) = documents.filter(|_| going.is_continue()) {
        read(&documents, &*snapshot, runtime, &mut teller)?;
    }
    teller.end(Some(store.was_closed()))
}

fn read(documents: &Documents, snapshot: &dyn Snapshot, runtime: &Handle, teller: &mut Teller) -> Result<(), Failure> {
    let mut read = |hash, place| runtime.block_on(documents.get(hash, place));
    check_documents(snapshot, &mut read, &mut |finding| teller.hear(finding)).map_err(unreadable)
}
