//! A worker that only sleeps: what is paid for ends at once, everything else after a time, in which it can be displaced.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use gleaner_proto::v1::session_request::Message as Said;
use gleaner_proto::v1::session_response::Message as Told;
use gleaner_proto::v1::worker_service_client::WorkerServiceClient;
use gleaner_proto::v1::{self, Capability, Hello, JobKind, outcome};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::Starts;

/// What an attempt is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Run,
    Wait,
    End,
}

type Sender = mpsc::Sender<v1::SessionRequest>;

/// Starts one, which works until the scheduler ends.
pub(super) async fn start(server: &str, slots: usize, sleep: Duration, starts: Starts) -> Result<(), Box<dyn Error>> {
    let (said, saying) = mpsc::channel(4 * slots);
    say(&said, Said::Hello(hello(slots)?)).await;
    let mut client = WorkerServiceClient::connect(server.to_owned()).await?;
    let mut told = client.session(ReceiverStream::new(saying)).await?.into_inner();
    let Some(Told::Welcome(welcome)) = told.message().await?.and_then(|first| first.message) else {
        return Err("a session begins with a welcome".into());
    };
    let beating = said.clone();
    tokio::spawn(async move {
        while say(&beating, Said::Heartbeat(v1::Heartbeat::default())).await {
            tokio::time::sleep(Duration::from_millis(welcome.heartbeat_ms)).await;
        }
    });
    tokio::spawn(async move {
        let mut attempts: HashMap<(u64, u64), watch::Sender<Order>> = HashMap::new();
        while let Ok(Some(response)) = told.message().await {
            let (attempt, order) = match response.message {
                Some(Told::Assign(assign)) => {
                    let Some(attempt) = assign.attempt else { continue };
                    let package = assign.purl.rsplit('/').next().unwrap_or_default();
                    if starts.tell(package) {
                        ended(&said, attempt).await;
                    } else {
                        let (order, orders) = watch::channel(Order::Run);
                        attempts.insert((attempt.task, attempt.sequence), order);
                        tokio::spawn(sleep_out(attempt, sleep, orders, said.clone()));
                    }
                    continue;
                }
                Some(Told::Suspend(v1::Suspend { attempt })) => (attempt, Order::Wait),
                Some(Told::Resume(v1::Resume { attempt })) => (attempt, Order::Run),
                Some(Told::Cancel(v1::Cancel { attempt })) => (attempt, Order::End),
                // There is nothing that an acknowledgement would let it forget, but the way to the attempt.
                Some(Told::Ack(v1::Ack { attempt: Some(attempt) })) => {
                    attempts.remove(&(attempt.task, attempt.sequence));
                    continue;
                }
                _ => continue,
            };
            let Some(attempt) = attempt else { continue };
            if let Some(orders) = attempts.get(&(attempt.task, attempt.sequence)) {
                let _ = orders.send(order);
            }
            if order == Order::Wait {
                let suspended = v1::Suspended { attempt: Some(attempt), checkpoint: Vec::new() };
                say(&said, Said::Suspended(suspended)).await;
            }
        }
    });
    Ok(())
}

async fn sleep_out(attempt: v1::Attempt, mut left: Duration, mut orders: watch::Receiver<Order>, said: Sender) {
    loop {
        let (order, begun) = (*orders.borrow_and_update(), tokio::time::Instant::now());
        let changed = match order {
            Order::End => return,
            Order::Wait => orders.changed().await,
            Order::Run => tokio::select! {
                () = tokio::time::sleep(left) => return ended(&said, attempt).await,
                changed = orders.changed() => {
                    left = left.saturating_sub(begun.elapsed());
                    changed
                }
            },
        };
        if changed.is_err() {
            return;
        }
    }
}

fn hello(slots: usize) -> Result<Hello, Box<dyn Error>> {
    Ok(Hello {
        worker: "thin".to_owned(),
        incarnation: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        capabilities: vec![Capability { kind: JobKind::Crawl.into(), ecosystem: "npm".to_owned() }],
        slots: slots.try_into()?,
        ..Hello::default()
    })
}

async fn ended(said: &Sender, attempt: v1::Attempt) {
    // Any moment will do; what it was is not asked for.
    let result = Some(outcome::Result::NotFound(v1::NotFound { checked_at_ms: 1_700_000_000_000 }));
    say(said, Said::Outcome(v1::Outcome { attempt: Some(attempt), result })).await;
}

/// False if the session is over.
async fn say(said: &Sender, message: Said) -> bool {
    said.send(v1::SessionRequest { message: Some(message) }).await.is_ok()
}
