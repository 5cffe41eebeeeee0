//! Sweeps, which a lake does not keep: types without values, so that documents about them are valid and answered with nothing.

#![expect(unreachable_code, reason = "the macro goes on after resolvers that no value can reach")]

use async_graphql::{ID, Object, SimpleObject};

use super::PageInfo;
use super::project::RunConnection;
use super::scalars::{DateTime, JsonString};

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

/// There is none.
pub(super) enum Sweep {}

#[Object]
impl Sweep {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn name(&self) -> String {
        match *self {}
    }

    async fn display_name(&self) -> Option<String> {
        match *self {}
    }

    async fn method(&self) -> String {
        match *self {}
    }

    async fn state(&self) -> String {
        match *self {}
    }

    async fn description(&self) -> Option<String> {
        match *self {}
    }

    async fn best_loss(&self) -> Option<f64> {
        match *self {}
    }

    /// YAML text.
    async fn config(&self) -> String {
        match *self {}
    }

    async fn created_at(&self) -> DateTime {
        match *self {}
    }

    async fn updated_at(&self) -> Option<DateTime> {
        match *self {}
    }

    async fn run_count(&self) -> i32 {
        match *self {}
    }

    async fn run_count_expected(&self) -> Option<i32> {
        match *self {}
    }

    async fn controller_run_name(&self) -> Option<String> {
        match *self {}
    }

    async fn runs(
        &self,
        #[graphql(name = "first")] _first: Option<i32>,
        #[graphql(name = "after")] _after: Option<String>,
        #[graphql(name = "filters")] _filters: Option<JsonString>,
        #[graphql(name = "order")] _order: Option<String>,
    ) -> Option<RunConnection> {
        match *self {}
    }

    async fn agents(
        &self,
        #[graphql(name = "first")] _first: Option<i32>,
        #[graphql(name = "after")] _after: Option<String>,
    ) -> Option<AgentConnection> {
        match *self {}
    }
}

#[derive(SimpleObject)]
struct AgentConnection {
    edges: Vec<AgentEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct AgentEdge {
    node: Agent,
}

/// There is none.
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
