//! Schedulers and workers that run in this process. Even then they talk gRPC over a socket.

mod local;
mod scheduler;
mod worker;

pub(crate) use local::{Local, LocalOptions, LocalWorker, worker_data};
pub(crate) use scheduler::{SchedulerNode, SchedulerNodeOptions};
pub(crate) use worker::{WorkerNodeOptions, start_worker};
