//! `gleaner jobs retry`: dead letters are tried again.

use clap::Args;
use gleaner_model::{FaultKind, JobKind};
use gleaner_proto::v1;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, not_empty};
use crate::reader::ReaderArgs;
use crate::remote::Remote;

/// Jobs of one request, as the service allows.
const IDS_MAX: usize = 1_000;

/// Which dead letters.
#[derive(Args, Debug)]
pub(crate) struct RetryArgs {
    /// Ids of jobs that failed, such as j-1042.
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "JOB")]
    jobs: Vec<String>,
    /// All that nobody tries again yet: the client's own, or everybody's for a client of the lane `internal`.
    #[arg(long)]
    all: bool,
    /// Of all, only jobs of this kind; may be given several times.
    #[arg(long, requires = "all", value_parser = kind)]
    kind: Vec<JobKind>,
    /// Of all, only jobs that failed for this; may be given several times.
    #[arg(long, requires = "all", value_parser = fault)]
    fault: Vec<FaultKind>,
    #[command(flatten)]
    pub(super) reader: ReaderArgs,
}

fn kind(text: &str) -> Result<JobKind, String> {
    let kinds = [JobKind::Crawl, JobKind::Resolve];
    kinds.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| "the kinds are crawl and resolve".to_owned())
}

fn fault(text: &str) -> Result<FaultKind, String> {
    let known = || FaultKind::ALL.map(flag).join(", ");
    FaultKind::ALL.into_iter().find(|fault| flag(*fault) == text).ok_or_else(|| format!("the faults are {}", known()))
}

/// A fault as it is written on a command line: `lease-expired`.
fn flag(fault: FaultKind) -> String {
    let mut flag = String::new();
    for (at, c) in fault.as_str().char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            flag.push('-');
        }
        flag.push(c.to_ascii_lowercase());
    }
    flag
}

/// The stable keys of what became of one.
#[derive(Serialize)]
struct Row {
    job: String,
    retried_as: Option<String>,
    known: bool,
    error: Option<String>,
}

/// Has them tried again.
pub(super) async fn retry(remote: &Remote, args: &RetryArgs, output: Output) -> Result<Exit, Failure> {
    let kinds: Vec<i32> = args.kind.iter().map(|kind| v1::JobKind::from(*kind).into()).collect();
    let faults: Vec<i32> = args.fault.iter().map(|fault| v1::FaultKind::from(*fault).into()).collect();
    let mut told = Told { output, exit: Exit::Done, retried: 0 };
    if args.all {
        let mut page_token = String::new();
        loop {
            let (kinds, faults) = (kinds.clone(), faults.clone());
            let request = v1::RetryRequest { ids: Vec::new(), all: true, kinds, faults, page_token };
            let answer = remote.jobs().retry(request).await?.into_inner();
            told.tell(answer.retried)?;
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
    } else {
        for ids in args.jobs.chunks(IDS_MAX) {
            let request = v1::RetryRequest { ids: ids.to_vec(), ..v1::RetryRequest::default() };
            told.tell(remote.jobs().retry(request).await?.into_inner().retried)?;
        }
    }
    output.say(format!("{} dead letters are tried again", told.retried))?;
    Ok(told.exit)
}

struct Told {
    output: Output,
    exit: Exit,
    retried: usize,
}

impl Told {
    fn tell(&mut self, retried: Vec<v1::Retried>) -> Result<(), Failure> {
        for one in retried {
            let (receipt, reason) = (one.receipt.unwrap_or_default(), one.refused.unwrap_or_default().reason);
            if reason.is_empty() {
                self.retried += 1;
                self.output.say(format!("{}  is tried again as {}", one.job, receipt.job))?;
            } else {
                self.exit = Exit::No;
                self.output.say(format!("{}  {reason}", one.job))?;
            }
            let (retried_as, error) = (not_empty(receipt.job), not_empty(reason));
            self.output.object(&Row { job: one.job, retried_as, known: receipt.known, error })?;
        }
        Ok(())
    }
}
