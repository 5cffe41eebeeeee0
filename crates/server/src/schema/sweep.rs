//! Sweeps, as far as their runs tell of them: a lake keeps the names of sweeps with the runs, and nothing else of them.

#![expect(unreachable_code, reason = "the macro goes on after resolvers that no value can reach")]

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use runlake_types::{Json, Object as JsonObject, object_text};

use super::project::{RunConnection, run_page};
use super::scalars::{DateTime, JsonString};
use super::{PageInfo, Result, int, page_size};
use crate::catalog::{self, CatalogRun};
use crate::cursor::{Cursor, listing_digest};

/// What a sweep whose runs are chosen elsewhere is called.
const METHOD: &str = "custom";

#[derive(Default, SimpleObject)]
pub(super) struct SweepConnection {
    edges: Vec<SweepEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct SweepEdge {
    node: Sweep,
    cursor: String,
}

pub(super) struct Sweep {
    project: Arc<catalog::Project>,
    name: String,
    runs: Vec<Arc<CatalogRun>>,
}

impl Sweep {
    /// The sweep that runs of `project` name; `None` when none does.
    pub(super) fn find(project: &Arc<catalog::Project>, sweep_id: &str) -> Option<Self> {
        let runs: Vec<_> = project.runs().iter().filter(|run| run.record.sweep_id.as_deref() == Some(sweep_id)).cloned().collect();
        (!runs.is_empty()).then(|| Self { project: Arc::clone(project), name: sweep_id.to_owned(), runs })
    }

    /// The sweeps of `project`, by id.
    pub(super) fn page(project: &Arc<catalog::Project>, first: Option<i32>, after: Option<&str>) -> Result<SweepConnection> {
        let digest = listing_digest(&["sweeps", &project.path.to_string()]);
        let after = after.map(|after| Cursor::parse(after, &digest)).transpose()?;
        let ids = project.sweep_ids();
        let start = after.map_or(0, |after| ids.partition_point(|id| *id <= after.key.as_str()));
        let wanted = ids.iter().enumerate().skip(start).take(page_size(first));
        let edge = |(index, id): (usize, &&str)| {
            Some(SweepEdge { node: Self::find(project, id)?, cursor: Cursor::new(&digest, id, index).to_text() })
        };
        let edges: Vec<SweepEdge> = wanted.filter_map(edge).collect();
        let has_next_page = !edges.is_empty() && start + edges.len() < ids.len();
        let end_cursor = edges.last().map(|edge| edge.cursor.clone());
        Ok(SweepConnection { edges, page_info: PageInfo { end_cursor, has_next_page } })
    }
}

#[Object]
impl Sweep {
    async fn id(&self) -> ID {
        let path = &self.project.path;
        ID::from(BASE64_STANDARD.encode(format!("Sweep:v1:{}:{}:{}", self.name, path.project, path.entity)))
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn display_name(&self) -> Option<&str> {
        None
    }

    async fn method(&self) -> &str {
        METHOD
    }

    /// As its runs are: running while one of them is.
    async fn state(&self) -> &str {
        if self.runs.iter().any(|run| run.record.state.is_live()) { "RUNNING" } else { "FINISHED" }
    }

    async fn description(&self) -> Option<&str> {
        None
    }

    /// Which metric it optimises is not known.
    async fn best_loss(&self) -> Option<f64> {
        None
    }

    /// YAML text of an empty configuration.
    async fn config(&self) -> &str {
        "{}\n"
    }

    /// When the first of its runs was made.
    async fn created_at(&self) -> DateTime {
        let first = self.runs.iter().filter_map(|run| run.record.created_at).min();
        DateTime(first.unwrap_or_else(|| self.project.created_at()))
    }

    async fn updated_at(&self) -> Option<DateTime> {
        self.runs.iter().filter_map(|run| run.record.heartbeat_at).max().map(DateTime)
    }

    async fn run_count(&self) -> i32 {
        int(self.runs.len())
    }

    async fn run_count_expected(&self) -> Option<i32> {
        None
    }

    async fn runs(
        &self,
        first: Option<i32>,
        after: Option<String>,
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<Option<RunConnection>> {
        let of_sweep = object_text(&JsonObject::from([("sweep".to_owned(), Json::from(self.name.as_str()))]));
        let filters = match filters.as_ref().map(|filters| filters.0.trim()).filter(|filters| !filters.is_empty()) {
            Some(filters) => format!(r#"{{"$and":[{of_sweep},{filters}]}}"#),
            None => of_sweep,
        };
        Ok(Some(run_page(&self.project, Some(&filters), after.as_deref(), first, order.as_deref())?))
    }

    async fn agents(
        &self,
        #[graphql(name = "first")] _first: Option<i32>,
        #[graphql(name = "after")] _after: Option<String>,
    ) -> Option<AgentConnection> {
        Some(AgentConnection::default())
    }
}

#[derive(Default, SimpleObject)]
struct AgentConnection {
    page_info: PageInfo,
    edges: Vec<AgentEdge>,
}

#[derive(SimpleObject)]
struct AgentEdge {
    node: Agent,
}

/// There is none: agents are processes of the service's users, of which a lake knows nothing.
enum Agent {}

#[Object]
impl Agent {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn name(&self) -> String {
        match *self {}
    }

    async fn host(&self) -> String {
        match *self {}
    }

    async fn state(&self) -> Option<String> {
        match *self {}
    }

    async fn total_runs(&self) -> i32 {
        match *self {}
    }

    async fn created_at(&self) -> DateTime {
        match *self {}
    }

    async fn heartbeat_at(&self) -> Option<DateTime> {
        match *self {}
    }
}
