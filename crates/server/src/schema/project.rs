//! A project and its listings of runs.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use runlake_types::ProjectPath;

use super::artifact::Artifact;
use super::collection::{ArtifactCollection, ArtifactType, ArtifactTypeConnection, CollectionConnection, Membership};
use super::run::Run;
use super::scalars::{DateTime, JsonString};
use super::sweep::{Sweep, SweepConnection};
use super::viewer::{Entity, User};
use super::{PageInfo, Request, Result, int, page_size};
use crate::catalog::{self, Snapshot};
use crate::state::ArtifactRow;

#[derive(SimpleObject)]
pub(super) struct ProjectConnection {
    pub(super) edges: Vec<ProjectEdge>,
    pub(super) page_info: PageInfo,
}

#[derive(SimpleObject)]
pub(super) struct ProjectEdge {
    pub(super) node: Project,
    pub(super) cursor: String,
}

#[derive(SimpleObject)]
pub(super) struct RunConnection {
    pub(super) edges: Vec<RunEdge>,
    pub(super) page_info: PageInfo,
    pub(super) total_count: Option<i32>,
}

#[derive(SimpleObject)]
pub(super) struct RunEdge {
    pub(super) node: Run,
    pub(super) cursor: String,
}

pub(super) struct Project(Arc<catalog::Project>);

impl Project {
    pub(super) fn new(project: Arc<catalog::Project>) -> Self {
        Self(project)
    }

    pub(super) async fn find(snapshot: &Snapshot, path: &ProjectPath) -> Result<Option<Self>> {
        Ok(snapshot.project(path).await?.map(Self))
    }
}

#[Object]
impl Project {
    async fn id(&self) -> ID {
        let ProjectPath { entity, project } = &self.0.path;
        ID::from(BASE64_STANDARD.encode(format!("Project:v1:{project}:{entity}")))
    }

    /// A numeric string.
    async fn internal_id(&self) -> ID {
        ID::from(self.0.internal_id())
    }

    async fn name(&self) -> &str {
        &self.0.path.project
    }

    async fn entity_name(&self) -> &str {
        &self.0.path.entity
    }

    async fn entity(&self, context: &Context<'_>) -> Entity {
        Entity::new(self.0.path.entity.clone(), Request::of(context).backend.options.read_only)
    }

    /// When it was made, or else the first of its runs.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at())
    }

    async fn is_benchmark(&self) -> bool {
        false
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Who may see it is up to the key.
    async fn access(&self) -> Option<&str> {
        None
    }

    /// The layout of its pages, of which there are none.
    async fn views(&self) -> Option<JsonString> {
        None
    }

    async fn user(&self) -> Option<User> {
        None
    }

    async fn read_only(&self, context: &Context<'_>) -> Option<bool> {
        Some(Request::of(context).backend.options.read_only)
    }

    /// How many runs pass `filters`.
    async fn run_count(&self, filters: Option<JsonString>) -> Result<i32> {
        Ok(int(self.0.count(filters.as_ref().map(|filters| filters.0.as_str()))?))
    }

    async fn runs(
        &self,
        filters: Option<JsonString>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
    ) -> Result<Option<RunConnection>> {
        let filters = filters.as_ref().map(|filters| filters.0.as_str());
        Ok(Some(run_page(&self.0, filters, after.as_deref(), first, order.as_deref())?))
    }

    async fn run(&self, name: String) -> Option<Run> {
        self.0.run(&name).map(|run| Run::new(Arc::clone(&self.0), Arc::clone(run)))
    }

    /// The older name of `run`.
    async fn bucket(&self, name: String, #[graphql(name = "missingOk")] _missing_ok: Option<bool>) -> Option<Run> {
        self.0.run(&name).map(|run| Run::new(Arc::clone(&self.0), Arc::clone(run)))
    }

    async fn sweep(&self, sweep_name: String) -> Option<Sweep> {
        Sweep::find(&self.0, &sweep_name)
    }

    async fn total_sweeps(&self) -> i32 {
        int(self.0.sweep_ids().len())
    }

    /// By id, whatever order is asked for. Filters, which are on what is not known of a sweep, are passed over.
    async fn sweeps(
        &self,
        after: Option<String>,
        first: Option<i32>,
        #[graphql(name = "filters")] _filters: Option<JsonString>,
        #[graphql(name = "order")] _order: Option<String>,
    ) -> Result<Option<SweepConnection>> {
        Sweep::page(&self.0, first, after.as_deref()).map(Some)
    }

    async fn artifact_type(&self, context: &Context<'_>, name: String) -> Result<Option<ArtifactType>> {
        Ok(ArtifactType::all(context, &self.0.path).await?.into_iter().find(|kind| kind.name == name))
    }

    async fn artifact_types(&self, context: &Context<'_>, after: Option<String>, first: Option<i32>) -> Result<ArtifactTypeConnection> {
        ArtifactTypeConnection::page(context, &self.0.path, first, after.as_deref()).await
    }

    /// What has versions of this name.
    async fn artifact_collection(&self, context: &Context<'_>, name: String) -> Result<Option<ArtifactCollection>> {
        Ok(Request::of(context).backend.state.collection(&self.0.path, &name).await?.map(ArtifactCollection::from))
    }

    async fn artifact_collections(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<CollectionConnection> {
        CollectionConnection::page(context, &self.0.path, None, (first, after), filters, order).await
    }

    /// The version that `name:alias` is; `latest` without an alias.
    async fn artifact(&self, context: &Context<'_>, name: String) -> Result<Option<Artifact>> {
        Ok(self.named_artifact(context, &name).await?.map(Artifact))
    }

    /// As `artifact`, as one of its collection.
    async fn artifact_collection_membership(&self, context: &Context<'_>, name: String) -> Result<Option<Membership>> {
        Ok(self.named_artifact(context, &name).await?.map(Membership))
    }
}

impl Project {
    async fn named_artifact(&self, context: &Context<'_>, name: &str) -> Result<Option<ArtifactRow>> {
        let (name, alias) = name.split_once(':').unwrap_or((name, "latest"));
        Ok(Request::of(context).backend.state.artifact_by_alias(&self.0.path, name, alias).await?)
    }
}

/// A page of the runs of `project` that pass `filters`.
pub(super) fn run_page(
    project: &Arc<catalog::Project>,
    filters: Option<&str>,
    after: Option<&str>,
    first: Option<i32>,
    order: Option<&str>,
) -> Result<RunConnection> {
    let listing = project.listing(filters, order)?;
    let page = project.page(&listing, page_size(first), after)?;
    let edges: Vec<RunEdge> =
        page.runs.into_iter().map(|(run, cursor)| RunEdge { node: Run::new(Arc::clone(project), run), cursor }).collect();
    let end_cursor = edges.last().map(|edge| edge.cursor.clone());
    let page_info = PageInfo { end_cursor, has_next_page: page.has_next };
    Ok(RunConnection { edges, page_info, total_count: Some(int(listing.len())) })
}
