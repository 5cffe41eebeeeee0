//! The sweep that made a run, as far as its runs need to know it.

use runlake_types::{ProjectPath, Timestamp};
use serde_json::json;

use crate::error::Error;
use crate::run_record::timestamp;
use crate::runs::found_project;
use crate::wire::{ProjectData, SweepOfProject, WireSweep};
use crate::{Client, documents};

/// A sweep without its runs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sweep {
    /// The project that it belongs to.
    pub project: ProjectPath,
    /// The sweep's id, which runs name.
    pub sweep_id: String,
    /// The service's opaque id.
    pub storage_id: String,
    /// The name for people.
    pub display_name: Option<String>,
    /// How parameters are chosen: `grid`, `random`, `bayes`.
    pub method: Option<String>,
    /// Where the sweep stands, by its wire name.
    pub state: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The best value of the metric that it optimises.
    pub best_loss: Option<f64>,
    /// The configuration as YAML text.
    pub config: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// How many runs it has.
    pub run_count: Option<u64>,
    /// How many runs it will have; `None` when there is no end to them.
    pub expected_run_count: Option<u64>,
}

impl Client {
    /// A sweep by its id; `None` when there is none of that id, or the service does not keep it.
    ///
    /// # Errors
    /// [`ErrorKind::ProjectNotFound`](crate::ErrorKind::ProjectNotFound), and as every call.
    pub async fn sweep(&self, project: &ProjectPath, sweep_id: &str) -> Result<Option<Sweep>, Error> {
        let operation = "read the sweep";
        let variables = json!({ "entity": project.entity, "project": project.project, "sweep": sweep_id });
        let data: ProjectData<SweepOfProject> = self.query(operation, documents::SWEEP, variables).await?;
        let sweep = found_project(operation, project, data)?.sweep;
        Ok(sweep.map(|sweep| sweep_from_wire(project, sweep)))
    }
}

fn sweep_from_wire(project: &ProjectPath, wire: WireSweep) -> Sweep {
    Sweep {
        project: project.clone(),
        sweep_id: wire.name,
        storage_id: wire.id,
        display_name: wire.display_name,
        method: wire.method,
        state: wire.state,
        description: wire.description,
        best_loss: wire.best_loss,
        config: wire.config,
        created_at: timestamp(wire.created_at.as_deref()),
        updated_at: timestamp(wire.updated_at.as_deref()),
        run_count: wire.run_count,
        expected_run_count: wire.run_count_expected,
    }
}
