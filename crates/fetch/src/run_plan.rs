//! What a scan must know before it reads a run's rows: the run as it is now, and where its exports are. Many runs in one request.
//!
//! A request holds an alias for each run. When the server fails on one, it is asked again in two halves, down to single runs, so that one
//! run that cannot be answered does not take others with it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use runlake_types::{ProjectPath, RunRecord};
use serde_json::{Map, Value, json};

use crate::Client;
use crate::documents::run_fields;
use crate::error::{Error, ErrorKind};
use crate::history::{ParquetHistory, parquet_history};
use crate::retry::RetryPolicy;
use crate::run_record::run_record;
use crate::runs::failed;
use crate::wire::{ProjectData, WireRun};

/// The most runs in one request. Their configs and summaries come along, so a larger request would save little time and cost memory.
pub(crate) const LARGEST_PLAN: usize = 16;

/// Attempts on a request for several runs before it is split.
const ATTEMPTS_BEFORE_SPLIT: u32 = 2;

const OPERATION: &str = "plan runs";

/// A run as it is now, and where its rows are.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// The run with all of its fields.
    pub record: RunRecord,
    /// Its Parquet exports, with addresses signed for a limited time.
    pub exports: ParquetHistory,
}

impl Client {
    /// Plans runs of one project; the outcomes are in the order of `run_ids`.
    ///
    /// # Errors
    /// Each run has its own: [`ErrorKind::RunNotFound`] for one that was deleted meanwhile, and as every call.
    pub async fn plan_runs(&self, project: &ProjectPath, run_ids: &[String]) -> Vec<Result<RunPlan, Error>> {
        let mut plans = Vec::with_capacity(run_ids.len());
        let mut rest = run_ids;
        while !rest.is_empty() {
            let size = self.inner().plan_size.load(Ordering::Relaxed).clamp(1, rest.len());
            let (now, later) = rest.split_at(size);
            plans.extend(self.plan_or_split(project, now).await);
            rest = later;
        }
        plans
    }

    fn plan_or_split<'a>(&'a self, project: &'a ProjectPath, run_ids: &'a [String]) -> BoxFuture<'a, Vec<Result<RunPlan, Error>>> {
        async move {
            match self.plan_in_one(project, run_ids).await {
                Ok(plans) => plans,
                Err(error) if run_ids.len() == 1 || concerns_all(error.kind()) => {
                    // An error cannot be shared out: the first run gets it, the others are asked singly when it is not fatal for all.
                    let mut plans = vec![Err(error)];
                    for run_id in &run_ids[1..] {
                        plans.extend(self.plan_or_split(project, std::slice::from_ref(run_id)).await);
                    }
                    plans
                }
                Err(error) => {
                    let half = run_ids.len() / 2;
                    tracing::debug!(%error, runs = run_ids.len(), "the server failed on a plan of several runs: asking in halves");
                    if error.is_retryable() {
                        self.inner().plan_size.fetch_min(half.max(1), Ordering::Relaxed);
                    }
                    let mut plans = self.plan_or_split(project, &run_ids[..half]).await;
                    plans.extend(self.plan_or_split(project, &run_ids[half..]).await);
                    plans
                }
            }
        }
        .boxed()
    }

    async fn plan_in_one(&self, project: &ProjectPath, run_ids: &[String]) -> Result<Vec<Result<RunPlan, Error>>, Error> {
        let mut document = "query PlanRuns($entity: String!, $project: String!, $liveKeys: [String!]!".to_owned();
        let mut fields = String::new();
        let mut variables = Map::from_iter([
            ("entity".to_owned(), json!(project.entity)),
            ("project".to_owned(), json!(project.project)),
            ("liveKeys".to_owned(), json!(["_step"])),
        ]);
        for (index, run_id) in run_ids.iter().enumerate() {
            let written = write!(document, ", $n{index}: String!").and_then(|()| {
                write!(
                    fields,
                    "r{index}: run(name: $n{index}) {{ {} parquetHistory(liveKeys: $liveKeys) {{ parquetUrls liveData }} }} ",
                    run_fields!()
                )
            });
            written.expect("writing to a String cannot fail");
            variables.insert(format!("n{index}"), json!(run_id));
        }
        write!(document, ") {{ project(name: $project, entityName: $entity) {{ {fields}}} }}").expect("writing to a String cannot fail");
        let policy = &self.inner().retry;
        let hasty = RetryPolicy { attempts: policy.attempts.min(ATTEMPTS_BEFORE_SPLIT), ..policy.clone() };
        let policy = if run_ids.len() > 1 { &hasty } else { policy };
        let variables = Value::Object(variables);
        let data: ProjectData<HashMap<String, Option<WireRun>>> = self.query_within(policy, OPERATION, &document, variables).await?;
        let mut runs = data.project.ok_or_else(|| failed(OPERATION, ErrorKind::ProjectNotFound { path: project.clone() }))?;
        let plan = |(index, run_id): (usize, &String)| {
            let wire = runs.remove(&format!("r{index}")).flatten();
            let mut wire = wire.ok_or_else(|| failed(OPERATION, ErrorKind::RunNotFound { path: project.run(run_id) }))?;
            let exports = wire.parquet_history.take();
            let record = run_record(project, wire).map_err(|kind| failed(OPERATION, kind))?;
            let exports = parquet_history(self, &record.path, exports).map_err(|kind| failed(OPERATION, kind))?;
            Ok(RunPlan { record, exports })
        };
        Ok(run_ids.iter().enumerate().map(plan).collect())
    }
}

/// Whether other runs would fail alike.
fn concerns_all(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unauthenticated { .. }
            | ErrorKind::PermissionDenied { .. }
            | ErrorKind::ProjectNotFound { .. }
            | ErrorKind::Connect { .. }
    )
}
