//! A resolution: what a package, or a project with some manifest, pulls in.
//!
//! It asks no registry. It takes the packages from the worker's shelf of the catalogue, and finds out what it needs while
//! it runs; what the shelf lacks it asks the catalogue for, and resolves again. What the catalogue lacks too is the
//! answer `Incomplete`, which ends the attempt: the scheduler has the names crawled and assigns the task anew.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gleaner_model::{
    Answer, Assignment, Fault, FaultKind, Outcome, PackageName, Question as Asked, Resolution, Resolved, Root,
};
use gleaner_resolvers::{Budget, Question, Scratches, Snapshots, View};
use tokio::time::sleep;

use super::errand::Errand;
use super::lease::Gate;
use super::pace::Pace;
use crate::catalogue::{CatalogueFault, Shelf, Stand};

/// How often the catalogue is asked again while a session is open, and how long is waited before the first time; each
/// wait is twice as long as the one before. Together about half a minute.
const TRIES: u32 = 9;
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// What stays the same from one try to the next.
struct Task {
    question: Question,
    view: View,
    lock: bool,
    steps_max: u64,
}

/// One run of a resolver.
struct Run {
    resolution: Resolution,
    lock: Option<String>,
    elapsed: Duration,
    begins_anew: bool,
}

impl Errand {
    /// Answers the question of the assignment.
    pub(super) async fn resolve(&self) -> Outcome {
        match self.answer().await {
            Ok(resolved) => Outcome::Resolved(Box::new(resolved)),
            Err(fault) => Outcome::Failed(fault),
        }
    }

    async fn answer(&self) -> Result<Resolved, Fault> {
        let asked = self.assignment.question.as_deref().cloned().unwrap_or_default();
        let task = Arc::new(self.task(&asked)?);
        self.gate().await;
        if !self.lease.begin() {
            // Whoever took the attempt back is about to drop it.
            return pending().await;
        }
        let position = self.assignment.position;
        let is_past = !asked.as_of.is_of_now();
        let shelf = self.tools.catalogue.shelf(&self.assignment.registry, is_past.then_some(position));
        let (mut run, stand) = self.until_nothing_new(&task, &shelf).await?;
        run.resolution.warnings.extend(shelf.warnings(&run.resolution));
        let ecosystem = task.question.ecosystem();
        crate::metrics::resolution(ecosystem, &run.resolution.answer, run.elapsed);
        let environment = task.question.environment_entries();
        Ok(Resolved {
            ecosystem,
            resolution: run.resolution,
            environment: environment.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            position: stand.position,
            elapsed_us: u64::try_from(run.elapsed.as_micros()).unwrap_or(u64::MAX),
            lock: run.lock,
        })
    }

    fn task(&self, asked: &Asked) -> Result<Task, Fault> {
        let question = question(&self.assignment, asked)?;
        let before = asked.as_of.before();
        let steps_max = self.tools.options.resolution_steps_max;
        Ok(Task { question, view: View { before }, lock: asked.lock, steps_max })
    }

    /// Resolves, and asks the catalogue for what is missing, until it has nothing new of that.
    async fn until_nothing_new(&self, task: &Arc<Task>, shelf: &Arc<Shelf>) -> Result<(Run, Stand), Fault> {
        let mut stand = self.bring(shelf, &[], None).await?;
        // Where the catalogue was asked for what. What is not there at one position may be at a later one.
        let mut asked: HashMap<PackageName, u64> = HashMap::new();
        loop {
            let run = self.run_once(task, &stand).await?;
            let Answer::Incomplete { names } = &run.resolution.answer else { return Ok((run, stand)) };
            let is_new = |name: &&PackageName| asked.get(*name).is_none_or(|at| *at < stand.position);
            let wanted: Vec<PackageName> = names.iter().filter(is_new).cloned().collect();
            if wanted.is_empty() {
                return Ok((run, stand));
            }
            let next = self.bring(shelf, &wanted, Some(&stand)).await?;
            if !shelf.has_news(names, &stand) {
                return Ok((run, stand));
            }
            // What came from the disk is right but for what no event tells: if it does not do, it is asked for as well.
            let by_catalogue = wanted.into_iter().filter(|name| !shelf.is_from_disk(name));
            asked.extend(by_catalogue.map(|name| (name, next.position)));
            stand = next;
        }
    }

    /// The shelf's state, after asking for names; again if the catalogue cannot be reached.
    async fn bring(&self, shelf: &Arc<Shelf>, names: &[PackageName], of: Option<&Stand>) -> Result<Stand, Fault> {
        let position = self.assignment.position;
        let mut wait = FIRST_WAIT;
        let mut tries = 0;
        loop {
            self.gate().await;
            match shelf.bring(position, names, of).await {
                Err(fault) if fault.is_passing() && tries < TRIES => tracing::debug!(%fault, "asking again"),
                other => return other.map_err(CatalogueFault::into),
            }
            tries += 1;
            sleep(wait).await;
            wait *= 2;
            // Time without a session does not count: nobody could have answered.
            self.link().await;
        }
    }

    async fn run_once(&self, task: &Arc<Task>, stand: &Stand) -> Result<Run, Fault> {
        loop {
            self.gate().await;
            let workshop = self.tools.workshop.clone();
            let place = workshop.place().await?;
            let (wanted, pace) = Pace::new(Arc::clone(&self.lease), workshop.clone(), place);
            let (task, snapshots) = (Arc::clone(task), Arc::clone(&stand.snapshots));
            let run = workshop.long(move |scratches| run(&task, &snapshots, pace, scratches)).await?;
            drop(wanted);
            if !run.begins_anew {
                return Ok(run);
            }
        }
    }

    /// Waits while the attempt is suspended.
    async fn gate(&self) {
        if self.lease.gate().wait_for(|gate| *gate != Gate::Shut).await.is_err() {
            pending::<()>().await;
        }
    }
}

fn question(assignment: &Assignment, asked: &Asked) -> Result<Question, Fault> {
    let wrong = |what: String| Fault::new(FaultKind::Unimplemented, what);
    let purl = &assignment.purl;
    let question = match &asked.root {
        Root::Package => Question::of_purl(purl, &asked.environment),
        Root::Manifest { file, text } => Question::of_manifest(file, text, &asked.environment),
    };
    let question = question.map_err(|error| wrong(format!("the question cannot be answered: {error}")))?;
    if question.ecosystem() != purl.ecosystem() {
        let (file, job) = (question.ecosystem(), purl.ecosystem());
        return Err(wrong(format!("the manifest is one of {file}, and the job is about {job}")));
    }
    Ok(question)
}

/// What runs on a thread of its own.
fn run(task: &Task, snapshots: &Snapshots, mut pace: Pace, scratches: &mut Scratches) -> Run {
    let began = Instant::now();
    let mut pause = || pace.pause();
    // Also before the first step, since small ones have no other pause.
    let mut resolution = None;
    if pause() == gleaner_resolvers::Flow::Continue {
        let mut budget = Budget::new(task.steps_max, &mut pause);
        resolution = Some(snapshots.resolve(&task.question, &task.view, scratches, &mut budget));
    }
    let elapsed = began.elapsed().saturating_sub(pace.stood());
    let resolution = resolution.unwrap_or_else(stopped);
    let lock = match &resolution.answer {
        Answer::Graph(graph) if task.lock => Some(snapshots.lock(&task.question, graph)),
        _ => None,
    };
    Run { resolution, lock, elapsed, begins_anew: pace.begins_anew }
}

fn stopped() -> Resolution {
    let (read, warnings) = (Vec::new(), Vec::new());
    Resolution { answer: Answer::Stopped, read, sensitivity: gleaner_model::Sensitivity::Anything, warnings, steps: 0 }
}
