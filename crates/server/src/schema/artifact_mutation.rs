//! What makes and changes artifacts: arguments taken apart, and the artifact as the answer. What may be done is in `artifacts`.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use runlake_types::ProjectPath;

use super::artifact::{Artifact, ArtifactDigestAlgorithm, ArtifactManifest};
use super::file::{File, FileConnection, FileEdge};
use super::scalars::{Int64, JsonString};
use super::{PageInfo, Request, Result};
use crate::changes::{conflict, invalid};
use crate::state::{CommittedFile, NewArtifact};

#[derive(Default)]
pub(crate) struct ArtifactMutation;

/// The name is one that the SDK's document names, as are those below.
#[derive(InputObject)]
struct ArtifactAliasInput {
    artifact_collection_name: String,
    alias: String,
}

#[derive(InputObject)]
struct ArtifactCollectionAliasInput {
    entity_name: String,
    project_name: String,
    artifact_collection_name: String,
    alias: String,
}

#[derive(InputObject)]
struct TagInput {
    tag_name: String,
    tag_category_name: Option<String>,
    attributes: Option<JsonString>,
}

#[derive(InputObject)]
struct CreateArtifactInput {
    entity_name: String,
    project_name: String,
    /// The run that makes it; without one, whoever has the key does.
    run_name: Option<String>,
    artifact_type_name: String,
    artifact_collection_name: Option<String>,
    /// The older and newer form of the name; one of them is given, with one name.
    artifact_collection_names: Option<Vec<String>>,
    digest: String,
    digest_algorithm: Option<ArtifactDigestAlgorithm>,
    description: Option<String>,
    labels: Option<JsonString>,
    aliases: Option<Vec<ArtifactAliasInput>>,
    tags: Option<Vec<TagInput>>,
    metadata: Option<JsonString>,
    history_step: Option<Int64>,
    enable_digest_deduplication: Option<bool>,
    #[graphql(name = "distributedID")]
    distributed_id: Option<String>,
    #[graphql(name = "clientID")]
    client_id: Option<ID>,
    /// Taken and not kept, as all below: the collection is found by its name, and nothing expires here.
    #[graphql(name = "sequenceClientID")]
    sequence_client_id: Option<ID>,
    ttl_duration_seconds: Option<Int64>,
    storage_region: Option<String>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct CreateArtifactPayload {
    artifact: Artifact,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum ArtifactManifestType {
    Full,
    Incremental,
    Patch,
}

#[derive(InputObject)]
struct CreateArtifactManifestInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    /// Taken and not kept: a full manifest stands on its own.
    #[graphql(name = "baseArtifactID")]
    base_artifact_id: Option<ID>,
    name: String,
    /// Of the manifest's text, in base64; empty while it is not known.
    digest: String,
    entity_name: Option<String>,
    project_name: Option<String>,
    run_name: Option<String>,
    #[graphql(name = "type")]
    manifest_type: Option<ArtifactManifestType>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct CreateArtifactManifestPayload {
    artifact_manifest: ArtifactManifest,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum ArtifactStorageLayout {
    V1,
    V2,
}

/// A part of an upload in parts, which this backend does not ask for.
#[derive(InputObject)]
struct UploadPartsInput {
    part_number: Int64,
    #[graphql(name = "hexMD5")]
    hex_md5: String,
}

#[derive(InputObject)]
struct CreateArtifactFileSpecInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    #[graphql(name = "artifactManifestID")]
    artifact_manifest_id: Option<ID>,
    /// The path in the artifact.
    name: String,
    /// In base64.
    md5: String,
    digest: Option<String>,
    mimetype: Option<String>,
    upload_parts_input: Option<Vec<UploadPartsInput>>,
}

#[derive(InputObject)]
struct CreateArtifactFilesInput {
    artifact_files: Vec<CreateArtifactFileSpecInput>,
    storage_layout: Option<ArtifactStorageLayout>,
    digest_algorithm: Option<ArtifactDigestAlgorithm>,
    #[graphql(name = "cloudRegionID")]
    cloud_region_id: Option<String>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct CreateArtifactFilesPayload {
    /// In the order in which they were asked for.
    files: FileConnection,
}

#[derive(InputObject)]
struct CommitArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct UseArtifactInput {
    entity_name: String,
    project_name: String,
    run_name: String,
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    used_as: Option<String>,
    artifact_entity_name: Option<String>,
    artifact_project_name: Option<String>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct AddAliasesInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    aliases: Vec<ArtifactCollectionAliasInput>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct DeleteAliasesInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    aliases: Vec<ArtifactCollectionAliasInput>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct UpdateArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    description: Option<String>,
    labels: Option<JsonString>,
    metadata: Option<JsonString>,
    /// More aliases, in the form of older clients.
    aliases: Option<Vec<ArtifactAliasInput>>,
    tags_to_add: Option<Vec<TagInput>>,
    tags_to_delete: Option<Vec<TagInput>>,
    ttl_duration_seconds: Option<Int64>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct DeleteArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    delete_aliases: Option<bool>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct ArtifactPayload {
    artifact: Artifact,
}

#[derive(SimpleObject)]
struct AliasesPayload {
    success: bool,
}

#[Object]
impl ArtifactMutation {
    /// Makes a version that is to be filled and committed, or finds a committed one with the same digest.
    async fn create_artifact(&self, context: &Context<'_>, input: CreateArtifactInput) -> Result<Option<CreateArtifactPayload>> {
        if input.digest_algorithm == Some(ArtifactDigestAlgorithm::Xxh128) {
            return Err(invalid("artifacts are digested by MD5 here").into());
        }
        if input.distributed_id.is_some() {
            return Err(invalid("artifacts are made by one run at a time here").into());
        }
        let names = input.artifact_collection_name.into_iter().chain(input.artifact_collection_names.into_iter().flatten());
        let mut names: Vec<String> = names.collect();
        names.dedup();
        let [name] = names.as_slice() else { return Err(invalid("an artifact has one name").into()) };
        let new = NewArtifact {
            project: ProjectPath::new(input.entity_name, input.project_name),
            name: name.clone(),
            artifact_type: input.artifact_type_name,
            digest: input.digest,
            description: input.description,
            metadata: input.metadata.map(|metadata| metadata.0),
            run_id: input.run_name.filter(|run| !run.is_empty()),
            history_step: input.history_step.map(|step| step.0),
            client_id: input.client_id.map(|id| id.to_string()).filter(|id| !id.is_empty()),
            is_deduplicated: input.enable_digest_deduplication.unwrap_or(false),
            aliases: input.aliases.into_iter().flatten().map(|alias| alias.alias).collect(),
            tags: input.tags.into_iter().flatten().map(|tag| tag.tag_name).collect(),
        };
        let (artifact, _newest_before) = Request::of(context).backend.create_artifact(new).await?;
        Ok(Some(CreateArtifactPayload { artifact: Artifact(artifact) }))
    }

    /// Gives an address to upload the manifest to.
    async fn create_artifact_manifest(
        &self,
        context: &Context<'_>,
        input: CreateArtifactManifestInput,
    ) -> Result<Option<CreateArtifactManifestPayload>> {
        if input.manifest_type.is_some_and(|kind| kind != ArtifactManifestType::Full) {
            return Err(invalid("the manifest of an artifact is a full one here: log all of its files").into());
        }
        let backend = &Request::of(context).backend;
        backend.check_writable()?;
        let artifact = backend.pending_artifact(&input.artifact_id).await?;
        Ok(Some(CreateArtifactManifestPayload { artifact_manifest: ArtifactManifest::of(&artifact) }))
    }

    /// Gives an address to upload each file to, but for those whose contents are there.
    async fn create_artifact_files(
        &self,
        context: &Context<'_>,
        input: CreateArtifactFilesInput,
    ) -> Result<Option<CreateArtifactFilesPayload>> {
        let backend = &Request::of(context).backend;
        let mut edges = Vec::with_capacity(input.artifact_files.len());
        let of_one = input.artifact_files.first().map(|file| file.artifact_id.clone());
        if let Some(id) = of_one {
            if input.artifact_files.iter().any(|file| file.artifact_id != id) {
                return Err(conflict("the files of one request are of one artifact".to_owned()).into());
            }
            let artifact = backend.pending_artifact(&id).await?;
            let files: Vec<CommittedFile> =
                input.artifact_files.into_iter().map(|file| CommittedFile { path: file.name, md5: file.md5 }).collect();
            let there = backend.announce_files(artifact.id, files.clone()).await?;
            for (file, is_there) in files.into_iter().zip(there) {
                edges.push(FileEdge { node: File::announced(&artifact, file.path, file.md5, is_there), cursor: String::new() });
            }
        }
        Ok(Some(CreateArtifactFilesPayload { files: FileConnection { edges, page_info: PageInfo::default(), total_count: None } }))
    }

    /// Makes a version appear, whole.
    async fn commit_artifact(&self, context: &Context<'_>, input: CommitArtifactInput) -> Result<Option<ArtifactPayload>> {
        let artifact = Request::of(context).backend.commit_artifact(&input.artifact_id).await?;
        Ok(Some(ArtifactPayload { artifact: Artifact(artifact) }))
    }

    /// Notes that a run uses a version.
    async fn use_artifact(&self, context: &Context<'_>, input: UseArtifactInput) -> Result<Option<ArtifactPayload>> {
        let run = ProjectPath::new(input.entity_name, input.project_name).run(input.run_name);
        let artifact = Request::of(context).backend.use_artifact(&run, &input.artifact_id, input.used_as).await?;
        Ok(Some(ArtifactPayload { artifact: Artifact(artifact) }))
    }

    async fn add_aliases(&self, context: &Context<'_>, input: AddAliasesInput) -> Result<Option<AliasesPayload>> {
        let added = input.aliases.into_iter().map(|alias| alias.alias).collect();
        Request::of(context).backend.change_aliases(&input.artifact_id, added, Vec::new()).await?;
        Ok(Some(AliasesPayload { success: true }))
    }

    async fn delete_aliases(&self, context: &Context<'_>, input: DeleteAliasesInput) -> Result<Option<AliasesPayload>> {
        let removed = input.aliases.into_iter().map(|alias| alias.alias).collect();
        Request::of(context).backend.change_aliases(&input.artifact_id, Vec::new(), removed).await?;
        Ok(Some(AliasesPayload { success: true }))
    }

    /// Changes what people say of a version. What is null stays.
    async fn update_artifact(&self, context: &Context<'_>, input: UpdateArtifactInput) -> Result<Option<ArtifactPayload>> {
        let backend = &Request::of(context).backend;
        let names = |tags: Option<Vec<TagInput>>| tags.into_iter().flatten().map(|tag| tag.tag_name).collect();
        let aliases: Vec<String> = input.aliases.into_iter().flatten().map(|alias| alias.alias).collect();
        if !aliases.is_empty() {
            backend.change_aliases(&input.artifact_id, aliases, Vec::new()).await?;
        }
        let metadata = input.metadata.map(|metadata| metadata.0);
        let (added, removed) = (names(input.tags_to_add), names(input.tags_to_delete));
        let artifact = backend.update_artifact(&input.artifact_id, input.description, metadata, added, removed).await?;
        Ok(Some(ArtifactPayload { artifact: Artifact(artifact) }))
    }

    /// Deletes a version for good. Its number is not given out again.
    async fn delete_artifact(&self, context: &Context<'_>, input: DeleteArtifactInput) -> Result<Option<ArtifactPayload>> {
        let with_aliases = input.delete_aliases.unwrap_or(false);
        let artifact = Request::of(context).backend.delete_artifact(&input.artifact_id, with_aliases).await?;
        Ok(Some(ArtifactPayload { artifact: Artifact(artifact) }))
    }
}
