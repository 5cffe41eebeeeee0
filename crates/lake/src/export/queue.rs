//! The runs of a job on their way: planned many at a time, begun some time before their turn, given out in order.

use std::collections::VecDeque;

use runlake_fetch::RunPlan;
use runlake_types::ProjectPath;
use tokio::task::JoinHandle;

use super::listing::Needed;
use super::reading::{Job, Reading};
use crate::Error;

/// Runs that are read at once. How many requests they send is the client's own limit.
const RUNS_AHEAD: usize = 8;

/// Runs planned with one call.
const RUNS_PER_PLAN: usize = 16;

/// The runs of a job, each begun some time before its turn.
pub(super) struct Queue {
    job: Job,
    project: ProjectPath,
    /// Runs that are not planned yet.
    waiting: VecDeque<Needed>,
    /// The plan that is being asked for.
    planning: Option<Planning>,
    planned: VecDeque<(Needed, Result<RunPlan, Error>)>,
    begun: VecDeque<Reading>,
}

/// Runs whose plan was asked for.
type Planning = (Vec<Needed>, JoinHandle<Vec<Result<RunPlan, runlake_fetch::Error>>>);

impl Queue {
    pub(super) fn new(job: Job, project: ProjectPath, needed: Vec<Needed>) -> Self {
        Self { job, project, waiting: needed.into(), planning: None, planned: VecDeque::new(), begun: VecDeque::new() }
    }

    /// The next run in order, which may have been begun long ago; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Reading>, Error> {
        while self.begun.len() < RUNS_AHEAD {
            self.plan_ahead();
            if let Some((needed, planned)) = self.planned.pop_front() {
                let run = self.project.run(&needed.run_id);
                self.begun.push_back(self.job.read(run, planned, needed.need, needed.stored));
                continue;
            }
            // With a run at hand, its writer need not wait for the plan of the next ones.
            let is_ready = self.planning.as_ref().is_some_and(|(_, plan)| plan.is_finished());
            if !is_ready && !self.begun.is_empty() {
                break;
            }
            let Some((needed, plan)) = self.planning.take() else { break };
            let plans = plan.await.map_err(|stopped| Error::stopped(&stopped))?;
            self.planned.extend(needed.into_iter().zip(plans.into_iter().map(|plan| plan.map_err(Error::from))));
        }
        Ok(self.begun.pop_front())
    }

    fn plan_ahead(&mut self) {
        if self.planning.is_some() || self.waiting.is_empty() || self.planned.len() >= RUNS_PER_PLAN {
            return;
        }
        let needed: Vec<Needed> = self.waiting.drain(..RUNS_PER_PLAN.min(self.waiting.len())).collect();
        let run_ids: Vec<String> = needed.iter().map(|needed| needed.run_id.clone()).collect();
        let (client, project) = (self.job.client.clone(), self.project.clone());
        self.planning = Some((needed, tokio::spawn(async move { client.plan_runs(&project, &run_ids).await })));
    }
}
