//! Saying when nothing is left to do.
//!
//! Jobs that wait, run, or ended count as they are *durably*: the scheduler counts an end after its commit. So what is
//! left is what was there when the watch began, less the ends since; nothing is submitted meanwhile.

use std::error::Error;
use std::io::BufRead;
use std::time::Duration;

use gleaner_proto::v1::ListLanesRequest;
use gleaner_proto::v1::operator_service_client::OperatorServiceClient;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use crate::clock::now_us;
use crate::{Priority, Scheduler};

/// How often to look.
const EVERY: Duration = Duration::from_millis(5);

/// What the lanes hold together.
struct Depth {
    open: u64,
    ended: u64,
}

/// Says `ready`, then answers each line: `left` at once, any other when nothing is left.
pub(crate) async fn run(scheduler: &Scheduler) -> Result<(), Box<dyn Error>> {
    let mut operator = OperatorServiceClient::new(scheduler.connect().await?);
    let credentials = scheduler.credentials(Priority::High)?;
    let begun = depth(&mut operator, &credentials).await?;
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let at_once = line?.trim() == "left";
        let left = loop {
            let ended = depth(&mut operator, &credentials).await?.ended - begun.ended;
            let left = begun.open.saturating_sub(ended);
            if left == 0 || at_once {
                break left;
            }
            tokio::time::sleep(EVERY).await;
        };
        println!("{{\"t_us\": {}, \"left\": {left}}}", now_us());
    }
    Ok(())
}

async fn depth(
    operator: &mut OperatorServiceClient<Channel>,
    credentials: &MetadataValue<Ascii>,
) -> Result<Depth, Box<dyn Error>> {
    let mut request = Request::new(ListLanesRequest {});
    request.metadata_mut().insert("authorization", credentials.clone());
    let lanes = operator.list_lanes(request).await?.into_inner().lanes;
    let open = lanes.iter().map(|lane| lane.queued + lane.running).sum();
    Ok(Depth { open, ended: lanes.iter().map(|lane| lane.ended).sum() })
}
