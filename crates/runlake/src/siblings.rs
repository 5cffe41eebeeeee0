//! The runs of one page of a listing, which are loaded together: the first of them whose config or summary is asked for brings those of
//! all, a few requests in the place of one for each run.

use std::collections::HashMap;

use futures::future::join_all;
use runlake_fetch::{Client, Detail, Error, ServiceRun};
use runlake_types::ProjectPath;
use tokio::sync::Mutex;

/// Runs in one request; those of a page are asked for side by side.
const RUNS_OF_A_REQUEST: usize = 25;

/// The runs of a page.
#[derive(Debug)]
pub(crate) struct Siblings {
    project: ProjectPath,
    run_ids: Vec<String>,
    /// What was loaded and not taken yet; `None` before anything was.
    loaded: Mutex<Option<HashMap<String, Result<ServiceRun, Error>>>>,
}

impl Siblings {
    pub(crate) fn new(project: ProjectPath, run_ids: Vec<String>) -> Self {
        Self { project, run_ids, loaded: Mutex::new(None) }
    }

    /// The run with all of its fields. Each run's is kept until it is taken; a run that is asked for again is loaded again, alone.
    pub(crate) async fn take(&self, client: &Client, run_id: &str) -> Result<ServiceRun, Error> {
        let mut loaded = self.loaded.lock().await;
        if loaded.is_none() {
            let batches = self.run_ids.chunks(RUNS_OF_A_REQUEST).map(|run_ids| client.load_runs(&self.project, run_ids));
            let records = join_all(batches).await.into_iter().flatten();
            *loaded = Some(self.run_ids.iter().cloned().zip(records).collect());
        }
        match loaded.as_mut().and_then(|loaded| loaded.remove(run_id)) {
            Some(record) => record,
            None => client.run_with(&self.project.run(run_id), Detail::Full).await,
        }
    }
}
