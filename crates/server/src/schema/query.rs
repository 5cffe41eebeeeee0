//! The root of every document.

use async_graphql::{Context, ID, Object, SimpleObject};
use runlake_types::ProjectPath;

use super::artifact::Artifact;
use super::collection::ArtifactCollection;
use super::project::{Project, ProjectConnection, ProjectEdge};
use super::viewer::{Entity, User};
use super::{PageInfo, Request, Result, page_size};
use crate::artifacts::IdOf;
use crate::catalog::Snapshot;
use crate::cursor::{Cursor, listing_digest};

pub(crate) struct Query;

/// What the server can do beyond what every server can.
#[derive(Clone, Debug, SimpleObject)]
struct ServerInfo {
    features: Vec<ServerFeature>,
}

#[derive(Clone, Debug, SimpleObject)]
struct ServerFeature {
    name: String,
    is_enabled: bool,
}

#[Object]
impl Query {
    async fn viewer(&self, context: &Context<'_>) -> Result<Option<User>> {
        let Request { snapshot, backend, .. } = Request::of(context);
        Ok(Some(User::viewer(snapshot.default_entity().await?, entities(snapshot).await?, backend.options.read_only)))
    }

    async fn server_info(&self) -> Option<ServerInfo> {
        // With it the SDK confirms an upload by itself, rather than by a message of the run's process.
        let features = vec![ServerFeature { name: "MARK_RUN_FILES_UPLOADED".to_owned(), is_enabled: true }];
        Some(ServerInfo { features })
    }

    async fn project(&self, context: &Context<'_>, name: Option<String>, entity_name: Option<String>) -> Result<Option<Project>> {
        project(context, name, entity_name).await
    }

    /// The older name of `project`.
    async fn model(&self, context: &Context<'_>, name: Option<String>, entity_name: Option<String>) -> Result<Option<Project>> {
        project(context, name, entity_name).await
    }

    /// The projects of an entity, by name.
    async fn models(
        &self,
        context: &Context<'_>,
        entity_name: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<ProjectConnection>> {
        let snapshot = &Request::of(context).snapshot;
        let entity = named_or_default(snapshot, entity_name).await?;
        let digest = listing_digest(&["projects", &entity]);
        let after = after.map(|after| Cursor::parse(&after, &digest)).transpose()?;
        let mut projects = snapshot.projects().await?;
        projects.retain(|path| path.entity == entity);
        let start = after.map_or(0, |after| projects.partition_point(|path| path.project <= after.key));
        let mut edges = Vec::new();
        for (index, path) in projects.iter().enumerate().skip(start).take(page_size(first)) {
            if let Some(node) = Project::find(snapshot, path).await? {
                edges.push(ProjectEdge { node, cursor: Cursor::new(&digest, &path.project, index).to_text() });
            }
        }
        let end_cursor = edges.last().map(|edge| edge.cursor.clone());
        let has_next_page = start + edges.len() < projects.len() && !edges.is_empty();
        Ok(Some(ProjectConnection { edges, page_info: PageInfo { end_cursor, has_next_page } }))
    }

    async fn entity(&self, context: &Context<'_>, name: Option<String>) -> Result<Option<Entity>> {
        let Request { snapshot, backend, .. } = Request::of(context);
        let name = named_or_default(snapshot, name).await?;
        Ok(entities(snapshot).await?.contains(&name).then(|| Entity::new(name, backend.options.read_only)))
    }

    async fn artifact(&self, context: &Context<'_>, id: ID) -> Result<Option<Artifact>> {
        Ok(Request::of(context).backend.artifact(&id).await?.map(Artifact))
    }

    async fn artifact_collection(&self, context: &Context<'_>, id: ID) -> Result<Option<ArtifactCollection>> {
        let Some(number) = IdOf::Collection.number(&id) else { return Ok(None) };
        Ok(Request::of(context).backend.state.collection_by_id(number).await?.map(ArtifactCollection::from))
    }
}

async fn project(context: &Context<'_>, name: Option<String>, entity: Option<String>) -> Result<Option<Project>> {
    let snapshot = &Request::of(context).snapshot;
    let Some(name) = name else { return Ok(None) };
    let entity = named_or_default(snapshot, entity).await?;
    Project::find(snapshot, &ProjectPath::new(entity, name)).await
}

/// The entities that have projects.
async fn entities(snapshot: &Snapshot) -> Result<Vec<String>> {
    let mut entities: Vec<String> = snapshot.projects().await?.into_iter().map(|path| path.entity).collect();
    entities.dedup();
    Ok(entities)
}

async fn named_or_default(snapshot: &Snapshot, entity: Option<String>) -> Result<String> {
    match entity.filter(|entity| !entity.is_empty()) {
        Some(entity) => Ok(entity),
        None => Ok(snapshot.default_entity().await?),
    }
}
