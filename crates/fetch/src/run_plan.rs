//! What a scan must know before it reads a run's rows: the run as it is now, and where its exports are. Many runs in one request.

use runlake_types::{ProjectPath, RunRecord};
use serde_json::{Map, json};

use crate::Client;
use crate::batch::{Question, read_runs};
use crate::documents::run_fields;
use crate::error::Error;
use crate::history::{ParquetHistory, parquet_history};
use crate::run_record::{ServiceRun, run_record, service_run};
use crate::runs::failed;
use crate::wire::WireRun;

/// The most runs in one request. Their configs and summaries come along, so a larger request would save little time and cost memory.
const LARGEST_PLAN: usize = 16;

/// The most runs that are loaded in one request.
const LARGEST_LOAD: usize = 25;

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
    /// Each run has its own: [`ErrorKind::RunNotFound`](crate::ErrorKind::RunNotFound) for one that was deleted meanwhile, and as every
    /// call.
    pub async fn plan_runs(&self, project: &ProjectPath, run_ids: &[String]) -> Vec<Result<RunPlan, Error>> {
        let question = Question {
            operation: "plan runs",
            name: "PlanRuns",
            fields: concat!(run_fields!(), " parquetHistory(liveKeys: $liveKeys) { parquetUrls liveData }"),
            declarations: &["$liveKeys: [String!]!"],
            variables: Map::from_iter([("liveKeys".to_owned(), json!(["_step"]))]),
            largest: LARGEST_PLAN,
            read: read_runs::<WireRun>,
        };
        let answers = self.ask_runs(&question, project, run_ids).await;
        let plan = |wire: Result<WireRun, Error>| {
            let mut wire = wire?;
            let exports = wire.parquet_history.take();
            let record = run_record(project, wire).map_err(|kind| failed(question.operation, kind))?;
            let exports = parquet_history(self, &record.path, exports).map_err(|kind| failed(question.operation, kind))?;
            Ok(RunPlan { record, exports })
        };
        answers.into_iter().map(plan).collect()
    }

    /// Many runs of one project with all of their fields, some 25 in a request; the outcomes are in the order of `run_ids`.
    ///
    /// # Errors
    /// Each run has its own: [`ErrorKind::RunNotFound`](crate::ErrorKind::RunNotFound) for one that was deleted meanwhile, and as every
    /// call.
    pub async fn load_runs(&self, project: &ProjectPath, run_ids: &[String]) -> Vec<Result<ServiceRun, Error>> {
        let question = Question {
            operation: "load runs",
            name: "LoadRuns",
            fields: run_fields!(),
            declarations: &[],
            variables: Map::new(),
            largest: LARGEST_LOAD,
            read: read_runs::<WireRun>,
        };
        let answers = self.ask_runs(&question, project, run_ids).await;
        let read = |wire: Result<WireRun, Error>| service_run(project, wire?).map_err(|kind| failed(question.operation, kind));
        answers.into_iter().map(read).collect()
    }
}
