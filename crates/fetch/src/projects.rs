//! Who the key belongs to, and the projects of an entity.

use futures::TryStreamExt as _;
use runlake_types::{ProjectPath, Timestamp};
use serde_json::json;

use crate::error::{Error, ErrorKind};
use crate::pagination::{Page, pages};
use crate::run_record::timestamp;
use crate::runs::failed;
use crate::signed_url::host_and_port;
use crate::wire::{ProjectData, ProjectsData, ViewerData, WireProject};
use crate::{Client, documents};

/// What the official client asks for.
const PROJECTS_PER_PAGE: u32 = 200;

/// The owner of the API key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Viewer {
    /// The service's opaque id of the user.
    pub storage_id: Option<String>,
    /// The user's name for people.
    pub name: Option<String>,
    /// Whether the user administrates the server; `None` when the service does not say.
    pub admin: Option<bool>,
    /// The entity of paths that name none.
    pub entity: Option<String>,
    /// The user's name in addresses.
    pub username: Option<String>,
    /// The user's mail address.
    pub email: Option<String>,
    /// The teams that the user belongs to, in the service's order.
    pub teams: Vec<String>,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// Entity and name, as the service spells them.
    pub path: ProjectPath,
    /// The service's opaque id.
    pub storage_id: Option<String>,
    /// When the project was made.
    pub created_at: Option<Timestamp>,
}

impl Project {
    pub(crate) fn from_wire(entity: &str, wire: WireProject) -> Self {
        Self {
            path: ProjectPath::new(wire.entity_name.unwrap_or_else(|| entity.to_owned()), wire.name),
            storage_id: wire.id,
            created_at: timestamp(wire.created_at.as_deref()),
        }
    }
}

impl Client {
    /// The owner of the key. What the service cannot say of them is left empty.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when the server knows no account for the key, and as every call.
    pub async fn viewer(&self) -> Result<Viewer, Error> {
        let operation = "ask who the key belongs to";
        let data: ViewerData = self.query_partial(operation, documents::VIEWER, json!({})).await?;
        let host = host_and_port(self.base_url());
        let viewer = data.viewer.ok_or_else(|| failed(operation, ErrorKind::Unauthenticated { host, message: None }))?;
        let teams = viewer.teams.and_then(|teams| teams.edges).into_iter().flatten();
        Ok(Viewer {
            storage_id: viewer.id,
            name: viewer.name,
            admin: viewer.admin,
            entity: viewer.entity.filter(|entity| !entity.is_empty()),
            username: viewer.username,
            email: viewer.email,
            teams: teams.filter_map(|edge| edge.node).map(|team| team.name).collect(),
        })
    }

    /// The projects of a user or team that the key may see, in the service's order. An entity that does not exist has none.
    ///
    /// # Errors
    /// As every call.
    pub async fn projects(&self, entity: &str) -> Result<Vec<Project>, Error> {
        let operation = "list projects";
        let fetch = |cursor: Option<String>| async move {
            let variables = json!({ "entity": entity, "cursor": cursor, "perPage": PROJECTS_PER_PAGE });
            let data: ProjectsData = self.query(operation, documents::PROJECTS, variables).await?;
            Page::of_connection(data.models, None).map_err(|kind| failed(operation, kind))
        };
        let mut projects: Vec<Project> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut pages = std::pin::pin!(pages(operation, fetch));
        while let Some(page) = pages.try_next().await? {
            let listed = page.items.into_iter().map(|wire| Project::from_wire(entity, wire));
            projects.extend(listed.filter(|project| seen.insert(project.path.clone())));
        }
        Ok(projects)
    }

    /// One project.
    ///
    /// # Errors
    /// [`ErrorKind::ProjectNotFound`] when there is none that the key may see, and as every call.
    pub async fn project(&self, path: &ProjectPath) -> Result<Project, Error> {
        let operation = "read the project";
        let variables = json!({ "entity": path.entity, "project": path.project });
        let data: ProjectData<WireProject> = self.query(operation, documents::PROJECT, variables).await?;
        let wire = data.project.ok_or_else(|| failed(operation, ErrorKind::ProjectNotFound { path: path.clone() }))?;
        Ok(Project::from_wire(&path.entity, wire))
    }
}
