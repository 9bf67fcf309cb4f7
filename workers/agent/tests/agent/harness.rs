//! A real agent between the two that the test plays.

use std::time::Duration;

use gleaner_agent::{Agent, Handle, Options, Timeouts};
use gleaner_model::{Answer, CrawlFacts, Fault, Outcome, Resolved, Timestamp};
use tempfile::TempDir;

use crate::scheduler::{Delivered, Scheduler, Session, soon};

/// The time on every clock: 1994-11-06T08:49:37Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

/// An agent with its scheduler.
pub(crate) struct Stage {
    pub(crate) scheduler: Scheduler,
    pub(crate) agent: Handle,
    pub(crate) directory: TempDir,
}

/// Options as most tests want them.
pub(crate) fn options(directory: &TempDir) -> Options {
    Options {
        timeouts: Timeouts {
            connect: Duration::from_millis(500),
            idle: Duration::from_secs(10),
            whole: Duration::from_secs(20),
        },
        clock: std::sync::Arc::new(|| NOW),
        ..Options::new(directory.path(), "gleaner-test (contact@registry.invalid)")
    }
}

impl Stage {
    /// An agent with a session.
    pub(crate) async fn start() -> (Self, Session) {
        Self::start_with(|options| options).await
    }

    /// The same with other options.
    pub(crate) async fn start_with(change: impl FnOnce(Options) -> Options) -> (Self, Session) {
        let directory = tempfile::tempdir().unwrap();
        let mut scheduler = Scheduler::start().await;
        let agent = Agent::start(change(options(&directory)), scheduler.channel()).await.unwrap();
        let session = scheduler.welcome().await;
        (Self { scheduler, agent, directory }, session)
    }

    /// Stops the agent and starts another in the same directory.
    pub(crate) async fn restart(&mut self) {
        self.agent.stop();
        soon(self.agent.wait()).await.unwrap();
        self.agent = Agent::start(options(&self.directory), self.scheduler.channel()).await.unwrap();
    }
}

impl Delivered {
    /// The facts, if there are any.
    pub(crate) fn facts(&self) -> &CrawlFacts {
        match &self.outcome {
            Outcome::Fetched(facts) => facts,
            other => panic!("facts were expected, not {other:?}"),
        }
    }

    /// The fault, if there is one.
    pub(crate) fn fault(&self) -> &Fault {
        match &self.outcome {
            Outcome::Failed(fault) => fault,
            other => panic!("a fault was expected, not {other:?}"),
        }
    }

    /// The answer to a question, if there is one.
    pub(crate) fn resolved(&self) -> &Resolved {
        match &self.outcome {
            Outcome::Resolved(resolved) => resolved,
            other => panic!("an answer was expected, not {other:?}"),
        }
    }

    /// The packages of a graph, as `name version`.
    pub(crate) fn graph(&self) -> Vec<String> {
        match &self.resolved().resolution.answer {
            Answer::Graph(graph) => graph.nodes.iter().map(|node| format!("{} {}", node.name, node.version)).collect(),
            other => panic!("a graph was expected, not {other:?}"),
        }
    }

    /// Names that are missing.
    pub(crate) fn missing(&self) -> Vec<&str> {
        match &self.resolved().resolution.answer {
            Answer::Incomplete { names } => names.iter().map(gleaner_model::PackageName::as_str).collect(),
            other => panic!("names were expected, not {other:?}"),
        }
    }
}
