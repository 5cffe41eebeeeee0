//! A version of an artifact.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject, Union};
use runlake_types::RunPath;

use super::collection::{ArtifactCollection, ArtifactSequence, ArtifactType, Membership, MembershipConnection, MembershipEdge};
use super::file::{File, FileConnection, FileEdge};
use super::paging::{Paged, paged};
use super::run::Run;
use super::scalars::{DateTime, Int64, JsonString};
use super::viewer::User;
use super::{PageInfo, Request, Result, int};
use crate::artifacts::IdOf;
use crate::state::{ArtifactRow, CollectionRow, Role};

#[derive(SimpleObject)]
pub(super) struct ArtifactConnection {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<ArtifactEdge>,
}

#[derive(SimpleObject)]
struct ArtifactEdge {
    node: Artifact,
    cursor: String,
    /// Such as `v3`.
    version: String,
}

impl ArtifactConnection {
    /// A page of `artifacts`; `listing` says which list they are.
    pub(super) fn page(artifacts: Vec<ArtifactRow>, listing: &[&str], first: Option<i32>, after: Option<&str>) -> Result<Self> {
        let Paged { items, page_info, total } = paged(artifacts, listing, first, after, |artifact| artifact.id.to_string())?;
        let edge = |(row, cursor): (ArtifactRow, String)| {
            let version = format!("v{}", row.version_index.unwrap_or(0));
            ArtifactEdge { node: Artifact(row), cursor, version }
        };
        Ok(Self { total_count: int(total), page_info, edges: items.into_iter().map(edge).collect() })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum ArtifactState {
    Pending,
    Committed,
    Deleted,
}

/// What digests are made by. This backend knows MD5 alone, and says so by not naming the feature.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum ArtifactDigestAlgorithm {
    #[graphql(name = "MANIFEST_MD5")]
    Md5,
    #[graphql(name = "MANIFEST_XXH128")]
    Xxh128,
}

/// Who made an artifact.
#[derive(Union)]
enum ArtifactCreator {
    Run(Run),
    User(User),
}

#[derive(SimpleObject)]
struct UsingRunConnection {
    edges: Vec<UsingRunEdge>,
}

#[derive(SimpleObject)]
struct UsingRunEdge {
    node: Run,
}

#[derive(SimpleObject)]
pub(super) struct ArtifactManifest {
    id: ID,
    file: File,
}

impl ArtifactManifest {
    pub(super) fn of(artifact: &ArtifactRow) -> Self {
        Self { id: ID::from(IdOf::Manifest.text(artifact.id)), file: File::of_manifest(artifact) }
    }
}

#[derive(Clone)]
pub(super) struct Artifact(pub(super) ArtifactRow);

impl Artifact {
    /// The run of this path, unless it was deleted.
    async fn run(context: &Context<'_>, path: &RunPath) -> Result<Option<Run>> {
        let Some(project) = Request::of(context).snapshot.project(&path.project_path()).await? else { return Ok(None) };
        Ok(project.run(&path.run_id).map(|run| Run::new(Arc::clone(&project), Arc::clone(run))))
    }
}

#[Object]
impl Artifact {
    async fn id(&self) -> ID {
        ID::from(IdOf::Artifact.text(self.0.id))
    }

    async fn artifact_sequence(&self) -> ArtifactSequence {
        ArtifactSequence(self.0.collection.clone())
    }

    async fn artifact_type(&self) -> ArtifactType {
        ArtifactType::of(&self.0.collection)
    }

    async fn version_index(&self) -> Option<i32> {
        self.0.version_index.and_then(|index| i32::try_from(index).ok())
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    async fn metadata(&self) -> Option<JsonString> {
        self.0.metadata.clone().map(JsonString)
    }

    /// Nothing expires here, which the service writes as -1 or less.
    async fn ttl_duration_seconds(&self) -> Int64 {
        Int64(-2)
    }

    async fn ttl_is_inherited(&self) -> bool {
        true
    }

    async fn tags(&self) -> Vec<Tag> {
        self.0.tags.iter().map(|tag| Tag { id: ID::from(format!("Tag:{tag}")), name: tag.clone() }).collect()
    }

    async fn history_step(&self) -> Option<Int64> {
        self.0.history_step.map(Int64)
    }

    async fn state(&self) -> ArtifactState {
        match self.0.state.as_str() {
            "COMMITTED" => ArtifactState::Committed,
            "DELETED" => ArtifactState::Deleted,
            _ => ArtifactState::Pending,
        }
    }

    async fn size(&self) -> Int64 {
        Int64(self.0.size_bytes)
    }

    async fn digest(&self) -> &str {
        &self.0.digest
    }

    async fn digest_algorithm(&self) -> Option<ArtifactDigestAlgorithm> {
        Some(ArtifactDigestAlgorithm::Md5)
    }

    async fn commit_hash(&self) -> Option<String> {
        None
    }

    async fn file_count(&self) -> Int64 {
        Int64(self.0.file_count)
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    async fn updated_at(&self) -> Option<DateTime> {
        Some(DateTime(self.0.updated_at))
    }

    /// Those of the artifact's own collection, the version among them as in the service.
    async fn aliases(&self) -> Vec<ArtifactAlias> {
        ArtifactAlias::all(&self.0)
    }

    async fn created_by(&self, context: &Context<'_>) -> Result<Option<ArtifactCreator>> {
        match &self.0.run_id {
            Some(run_id) => Ok(Self::run(context, &self.0.collection.project.run(run_id)).await?.map(ArtifactCreator::Run)),
            None => Ok(Some(ArtifactCreator::User(User::of_run(Some(super::VIEWER_NAME))))),
        }
    }

    async fn used_by(&self, context: &Context<'_>) -> Result<UsingRunConnection> {
        let paths = Request::of(context).backend.state.runs_of_artifact(self.0.id, Role::Input).await?;
        let mut edges = Vec::with_capacity(paths.len());
        for path in paths {
            edges.extend(Self::run(context, &path).await?.map(|node| UsingRunEdge { node }));
        }
        Ok(UsingRunConnection { edges })
    }

    /// Null until it is uploaded.
    async fn current_manifest(&self) -> Option<ArtifactManifest> {
        self.0.manifest.as_ref()?;
        Some(ArtifactManifest::of(&self.0))
    }

    async fn files(
        &self,
        context: &Context<'_>,
        names: Option<Vec<String>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<FileConnection> {
        files(context, &self.0, names, first, after.as_deref()).await
    }

    /// The one collection that it is in: this backend has no registry to link it to.
    async fn artifact_memberships(&self) -> MembershipConnection {
        MembershipConnection { edges: vec![MembershipEdge { node: Membership(self.0.clone()) }] }
    }
}

/// A page of the files of a version: of all of them, or of those with these names.
pub(super) async fn files(
    context: &Context<'_>,
    artifact: &ArtifactRow,
    names: Option<Vec<String>>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<FileConnection> {
    let mut files = Request::of(context).backend.state.artifact_files(artifact.id).await?;
    let names = names.filter(|names| !names.is_empty());
    if let Some(names) = &names {
        files.retain(|(path, _)| names.contains(path));
    }
    let id = artifact.id.to_string();
    let listing: Vec<&str> = ["artifact files", &id].into_iter().chain(names.iter().flatten().map(String::as_str)).collect();
    let Paged { items, page_info, total } = paged(files, &listing, first, after, |(path, _)| path.clone())?;
    let edge = |((path, blob), cursor)| FileEdge { node: File::of_artifact(artifact, path, blob), cursor };
    Ok(FileConnection { edges: items.into_iter().map(edge).collect(), page_info, total_count: Some(int(total)) })
}

/// A name for a version.
#[derive(SimpleObject)]
pub(super) struct ArtifactAlias {
    id: ID,
    pub(super) alias: String,
    artifact_collection: Option<ArtifactCollection>,
}

impl ArtifactAlias {
    pub(super) fn new(collection: &CollectionRow, alias: String) -> Self {
        let id = ID::from(format!("ArtifactAlias:{}:{alias}", collection.id));
        Self { id, alias, artifact_collection: Some(ArtifactCollection::Sequence(ArtifactSequence(collection.clone()))) }
    }

    /// The names of a version, its number first.
    pub(super) fn all(artifact: &ArtifactRow) -> Vec<Self> {
        let version = artifact.version_index.map(|index| format!("v{index}"));
        version.into_iter().chain(artifact.aliases.clone()).map(|alias| Self::new(&artifact.collection, alias)).collect()
    }
}

#[derive(SimpleObject)]
pub(super) struct Tag {
    id: ID,
    name: String,
}
