//! A version of an artifact: what the service says of it, and how it is found, named and deleted.

use std::fmt;

use runlake_types::{ArtifactPath, Object, ProjectPath, RunPath, Timestamp};
use serde_json::json;

use crate::Client;
use crate::artifact_draft::check_alias;
use crate::artifact_wire::{
    ADD_ALIASES, ARTIFACT_BY_ID, ARTIFACT_BY_NAME, ArtifactOf, DELETE, DELETE_ALIASES, RUNS, RunsOfArtifact, WireArtifact, WireRunName,
};
use crate::error::{Error, ErrorKind};
use crate::file_wire::{Done, number};
use crate::run_record::{embedded_object, timestamp};
use crate::runs::failed;
use crate::wire::ProjectData;

/// A version of an artifact.
#[derive(Clone)]
#[non_exhaustive]
pub struct Artifact {
    /// Entity, project and name, and the version as the alias, such as `team/digits/model:v3`.
    pub path: ArtifactPath,
    /// The service's opaque id.
    pub storage_id: String,
    /// What kind of thing it is, such as `dataset` or `model`.
    pub artifact_type: String,
    /// The number of the version, from 0; `None` while it is not whole.
    pub version_index: Option<u64>,
    /// The aliases that it has now, without its version, in the service's order.
    pub aliases: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What somebody wrote about it.
    pub description: Option<String>,
    /// What was noted when it was logged.
    pub metadata: Object,
    /// `COMMITTED` once it is whole; `PENDING` before, and `DELETED` after.
    pub state: String,
    /// The digest of its manifest, in hexadecimal digits.
    pub digest: String,
    /// The size of its files in bytes.
    pub size_bytes: u64,
    /// How many files and references it has.
    pub file_count: u64,
    /// The step of the run that logged it, where it was noted.
    pub history_step: Option<u64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    pub(crate) client: Client,
}

impl Artifact {
    pub(crate) fn from_wire(client: Client, wire: WireArtifact) -> Result<Self, ErrorKind> {
        let collection = wire.artifact_sequence;
        let (entity, project) = collection.project.map_or_else(Default::default, |project| (project.entity.name, project.name));
        let is_here = |alias: &crate::artifact_wire::WireAlias| {
            alias.artifact_collection.as_ref().is_none_or(|other| {
                other.name == collection.name
                    && other.project.as_ref().is_none_or(|other| other.name == project && other.entity.name == entity)
            })
        };
        let aliases = wire.aliases.into_iter().flatten().filter(is_here).map(|alias| alias.alias).filter(|alias| !is_version(alias));
        let aliases = aliases.collect();
        let version = wire.version_index.map_or_else(|| "latest".to_owned(), |index| format!("v{index}"));
        let path = ArtifactPath::new(entity, project, collection.name, version);
        let metadata = embedded_object(wire.metadata.as_deref())
            .map_err(|source| ErrorKind::InvalidValue { path: format!("the metadata of {path}"), source })?;
        Ok(Self {
            path,
            storage_id: wire.id,
            artifact_type: wire.artifact_type.name,
            version_index: wire.version_index,
            aliases,
            tags: wire.tags.into_iter().flatten().map(|tag| tag.name).collect(),
            description: wire.description,
            metadata,
            state: wire.state.unwrap_or_else(|| "COMMITTED".to_owned()),
            digest: wire.digest,
            size_bytes: number(wire.size.as_deref()).unwrap_or(0),
            file_count: number(wire.file_count.as_deref()).unwrap_or(0),
            history_step: number(wire.history_step.as_deref()),
            created_at: timestamp(wire.created_at.as_deref()),
            updated_at: timestamp(wire.updated_at.as_deref()),
            client,
        })
    }

    /// The run that logged it; `None` when no run did, or none that the key may see.
    ///
    /// # Errors
    /// As every call.
    pub async fn logged_by(&self) -> Result<Option<RunPath>, Error> {
        Ok(self.runs("find the run that logged the artifact").await?.created_by.and_then(run_path))
    }

    /// The runs that use it, in the service's order.
    ///
    /// # Errors
    /// As every call.
    pub async fn used_by(&self) -> Result<Vec<RunPath>, Error> {
        let runs = self.runs("list the runs that use the artifact").await?.used_by.and_then(|runs| runs.edges);
        Ok(runs.into_iter().flatten().filter_map(|edge| edge.node).filter_map(run_path).collect())
    }

    async fn runs(&self, operation: &'static str) -> Result<RunsOfArtifact, Error> {
        let data: ArtifactOf<RunsOfArtifact> = self.client.query(operation, RUNS, json!({ "id": self.storage_id })).await?;
        data.artifact.ok_or_else(|| failed(operation, ErrorKind::ArtifactNotFound { path: Box::new(self.path.clone()) }))
    }

    /// Gives it aliases, taken from the versions that had them. This value knows them afterwards.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an alias with a slash or a colon, and as every call.
    pub async fn add_aliases(&mut self, aliases: &[&str]) -> Result<(), Error> {
        self.change_aliases("add aliases", ADD_ALIASES, aliases).await?;
        let new = aliases.iter().filter(|alias| !self.aliases.iter().any(|known| known == *alias));
        let new: Vec<String> = new.map(|alias| (*alias).to_owned()).collect();
        self.aliases.extend(new);
        Ok(())
    }

    /// Takes aliases away from it; those that it does not have are passed over.
    ///
    /// # Errors
    /// As [`add_aliases`](Self::add_aliases).
    pub async fn remove_aliases(&mut self, aliases: &[&str]) -> Result<(), Error> {
        self.change_aliases("remove aliases", DELETE_ALIASES, aliases).await?;
        self.aliases.retain(|alias| !aliases.contains(&alias.as_str()));
        Ok(())
    }

    async fn change_aliases(&self, operation: &'static str, document: &str, aliases: &[&str]) -> Result<(), Error> {
        for alias in aliases {
            check_alias(alias).map_err(|kind| failed(operation, kind))?;
        }
        if aliases.is_empty() {
            return Ok(());
        }
        let ArtifactPath { entity, project, name, .. } = &self.path;
        let input = |alias: &&str| json!({ "entityName": entity, "projectName": project, "artifactCollectionName": name, "alias": alias });
        let aliases: Vec<_> = aliases.iter().map(input).collect();
        let variables = json!({ "input": { "artifactID": self.storage_id, "aliases": aliases } });
        self.client.query::<Done>(operation, document, variables).await.map(|_done| ())
    }

    /// Deletes this version. The service refuses one that has aliases unless `with_aliases` says that they go too. There is no way back.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete(&self, with_aliases: bool) -> Result<(), Error> {
        let variables = json!({ "input": { "artifactID": self.storage_id, "deleteAliases": with_aliases } });
        self.client.query::<Done>("delete the artifact", DELETE, variables).await.map(|_done| ())
    }
}

/// Whether an alias is the version itself, which the service lists among the others.
pub(crate) fn is_version(alias: &str) -> bool {
    alias.strip_prefix('v').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

fn run_path(wire: WireRunName) -> Option<RunPath> {
    let project = wire.project?;
    Some(RunPath::new(project.entity.name, project.name, wire.name?))
}

impl Client {
    /// A version of an artifact, by one of its aliases or by its version.
    ///
    /// ```no_run
    /// # async fn example(client: runlake_fetch::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use runlake_types::ArtifactPath;
    /// let artifact = client.artifact(&ArtifactPath::parse("team/digits/model:best")?).await?;
    /// println!("{} has {} files", artifact.path, artifact.file_count);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::ArtifactNotFound`] when there is none or its project is not there, and as every call.
    pub async fn artifact(&self, path: &ArtifactPath) -> Result<Artifact, Error> {
        let operation = "find the artifact";
        let ProjectPath { entity, project } = path.project_path();
        let variables = json!({ "entity": entity, "project": project, "name": path.name_and_alias() });
        let not_found = || failed(operation, ErrorKind::ArtifactNotFound { path: Box::new(path.clone()) });
        let data: ProjectData<ArtifactOf<WireArtifact>> = self.query(operation, ARTIFACT_BY_NAME, variables).await?;
        let wire = data.project.and_then(|project| project.artifact).ok_or_else(not_found)?;
        Artifact::from_wire(self.clone(), wire).map_err(|kind| failed(operation, kind))
    }

    pub(crate) async fn artifact_by_id(&self, operation: &'static str, id: &str) -> Result<Artifact, Error> {
        let data: ArtifactOf<WireArtifact> = self.query(operation, ARTIFACT_BY_ID, json!({ "id": id })).await?;
        let wire = data.artifact.ok_or_else(|| failed(operation, ErrorKind::NoData))?;
        Artifact::from_wire(self.clone(), wire).map_err(|kind| failed(operation, kind))
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Artifact")
            .field("path", &self.path)
            .field("artifact_type", &self.artifact_type)
            .field("aliases", &self.aliases)
            .field("state", &self.state)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_no_aliases() {
        assert!(is_version("v0") && is_version("v12"));
        assert!(!is_version("v") && !is_version("v1a") && !is_version("latest") && !is_version("12"));
    }
}
