//! Lists of artifacts: those of a run, the versions of one, and what a project has.

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use runlake_types::{ProjectPath, RunPath};
use serde_json::{Value, json};

use crate::Client;
use crate::artifact::Artifact;
use crate::artifact_wire::{
    ArtifactsOf, COLLECTIONS, CollectionOfType, CollectionsOfType, LOGGED, TYPES, TypeOfProject, TypesOfProject, USED, VERSIONS,
    WireArtifact,
};
use crate::error::{Error, ErrorKind};
use crate::pagination::{Page, pages};
use crate::runs::failed;
use crate::wire::{Connection, ProjectData, RunOfProject, WireName};

/// What the official client asks for at once.
const PER_PAGE: u32 = 100;

impl Client {
    /// The artifacts that a run logged, page by page. An error ends the stream.
    pub fn logged_artifacts(&self, run: &RunPath) -> impl Stream<Item = Result<Artifact, Error>> + Send + use<> {
        self.artifacts_of_run("list the artifacts that the run logged", LOGGED, run)
    }

    /// The artifacts that a run said it uses, page by page. An error ends the stream.
    pub fn used_artifacts(&self, run: &RunPath) -> impl Stream<Item = Result<Artifact, Error>> + Send + use<> {
        self.artifacts_of_run("list the artifacts that the run uses", USED, run)
    }

    fn artifacts_of_run(
        &self,
        operation: &'static str,
        document: &'static str,
        run: &RunPath,
    ) -> impl Stream<Item = Result<Artifact, Error>> + Send + use<> {
        let run = run.clone();
        let variables = json!({ "entity": run.entity, "project": run.project, "run": run.run_id });
        let find = move |data: ProjectData<RunOfProject<ArtifactsOf>>| {
            let found = data.project.and_then(|project| project.run).ok_or_else(|| ErrorKind::RunNotFound { path: run.clone() })?;
            Ok(found.artifacts)
        };
        self.artifacts(operation, document, variables, find)
    }

    /// The versions of an artifact, the newest first as the service has them. None when there is no such artifact of this type.
    pub fn artifact_versions(
        &self,
        project: &ProjectPath,
        artifact_type: &str,
        name: &str,
    ) -> impl Stream<Item = Result<Artifact, Error>> + Send + use<> {
        let project = project.clone();
        let variables = json!({ "entity": project.entity, "project": project.project, "type": artifact_type, "collection": name });
        let find = move |data: ProjectData<TypeOfProject<CollectionOfType>>| {
            let found = data.project.ok_or_else(|| ErrorKind::ProjectNotFound { path: project.clone() })?;
            Ok(found.artifact_type.and_then(|kind| kind.artifact_collection).and_then(|collection| collection.artifacts))
        };
        self.artifacts("list the versions of the artifact", VERSIONS, variables, find)
    }

    /// The types of the artifacts of a project.
    ///
    /// # Errors
    /// [`ErrorKind::ProjectNotFound`], and as every call.
    pub async fn artifact_types(&self, project: &ProjectPath) -> Result<Vec<String>, Error> {
        let variables = json!({ "entity": project.entity, "project": project.project });
        let find = |data: ProjectData<TypesOfProject>| data.project.map(|project| project.artifact_types);
        self.names("list the types of artifacts", TYPES, project, variables, find).await
    }

    /// The names of the artifacts of a type; none when the project has no such type.
    ///
    /// # Errors
    /// [`ErrorKind::ProjectNotFound`], and as every call.
    pub async fn artifact_collections(&self, project: &ProjectPath, artifact_type: &str) -> Result<Vec<String>, Error> {
        let variables = json!({ "entity": project.entity, "project": project.project, "type": artifact_type });
        let find = |data: ProjectData<TypeOfProject<CollectionsOfType>>| {
            data.project.map(|project| project.artifact_type.and_then(|kind| kind.artifact_collections))
        };
        self.names("list the artifacts", COLLECTIONS, project, variables, find).await
    }

    fn artifacts<T, F>(
        &self,
        operation: &'static str,
        document: &'static str,
        variables: Value,
        find: F,
    ) -> impl Stream<Item = Result<Artifact, Error>> + Send + use<T, F>
    where
        T: serde::de::DeserializeOwned + Send,
        F: Fn(T) -> Result<Option<Connection<WireArtifact>>, ErrorKind> + Clone + Send,
    {
        let client = self.clone();
        let fetch = move |cursor: Option<String>| {
            let (client, find, mut variables) = (client.clone(), find.clone(), variables.clone());
            variables["cursor"] = json!(cursor);
            variables["perPage"] = json!(PER_PAGE);
            async move {
                let data: T = client.query(operation, document, variables).await?;
                let page =
                    find(data).and_then(|connection| Page::of_connection(connection, None)).map_err(|kind| failed(operation, kind))?;
                let items = page.items.into_iter().map(|wire| Artifact::from_wire(client.clone(), wire)).collect::<Result<_, _>>();
                Ok(Page { items: items.map_err(|kind| failed(operation, kind))?, next: page.next, total: page.total })
            }
        };
        pages(operation, fetch).map_ok(|page: Page<Artifact>| stream::iter(page.items).map(Ok)).try_flatten()
    }

    async fn names<T: serde::de::DeserializeOwned + Send>(
        &self,
        operation: &'static str,
        document: &'static str,
        project: &ProjectPath,
        variables: Value,
        find: impl Fn(T) -> Option<Option<Connection<WireName>>> + Send + Sync,
    ) -> Result<Vec<String>, Error> {
        let find = &find;
        let fetch = |cursor: Option<String>| {
            let mut variables = variables.clone();
            variables["cursor"] = json!(cursor);
            variables["perPage"] = json!(PER_PAGE);
            async move {
                let data: T = self.query(operation, document, variables).await?;
                let found = find(data).ok_or_else(|| failed(operation, ErrorKind::ProjectNotFound { path: project.clone() }))?;
                Page::of_connection(found, None).map_err(|kind| failed(operation, kind))
            }
        };
        let mut names = Vec::new();
        let mut pages = std::pin::pin!(pages(operation, fetch));
        while let Some(page) = pages.try_next().await? {
            names.extend(page.items.into_iter().map(|item| item.name));
        }
        Ok(names)
    }
}
