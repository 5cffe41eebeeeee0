//! Artifacts as they come over the wire, and the documents that ask for and change them.
//!
//! Field and argument names are those that wandb 0.31.0 sends: its Python for what it reads
//! (<https://github.com/wandb/wandb/blob/main/wandb/sdk/artifacts/_generated/operations.py>), its Go for what it logs
//! (<https://github.com/wandb/wandb/tree/main/core/api/graphql>, `mutation_*artifact*.graphql`).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::file_wire::WireFile;
use crate::wire::{Connection, WireName};

macro_rules! artifact_fields {
    () => {
        "id artifactSequence { name project { name entity { name } } } versionIndex artifactType { name } description metadata \
         tags { name } historyStep state size digest fileCount createdAt updatedAt \
         aliases { alias artifactCollection { name project { name entity { name } } } }"
    };
}

macro_rules! page_of {
    ($node:expr) => {
        concat!("totalCount pageInfo { endCursor hasNextPage } edges { cursor node { ", $node, " } }")
    };
}

pub(crate) const ARTIFACT_BY_NAME: &str = concat!(
    "query ArtifactByName($entity: String!, $project: String!, $name: String!) { \
     project(name: $project, entityName: $entity) { artifact(name: $name) { ",
    artifact_fields!(),
    " } } }"
);

pub(crate) const ARTIFACT_BY_ID: &str = concat!("query ArtifactByID($id: ID!) { artifact(id: $id) { ", artifact_fields!(), " } }");

pub(crate) const MANIFEST: &str = "query FetchArtifactManifest($id: ID!) { artifact(id: $id) { currentManifest { file { directUrl } } } }";

pub(crate) const FILES: &str = "query ArtifactFiles($id: ID!, $names: [String!], $cursor: String, $perPage: Int) { \
     artifact(id: $id) { files(names: $names, after: $cursor, first: $perPage) { \
     pageInfo { endCursor hasNextPage } edges { cursor node { name directUrl } } } } }";

pub(crate) const RUNS: &str = "query ArtifactRuns($id: ID!) { artifact(id: $id) { \
     createdBy { __typename ... on Run { name project { name entity { name } } } } \
     usedBy { edges { node { name project { name entity { name } } } } } } }";

pub(crate) const LOGGED: &str = concat!(
    "query RunOutputArtifacts($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int) { \
     project(name: $project, entityName: $entity) { run(name: $run) { artifacts: outputArtifacts(after: $cursor, first: $perPage) { ",
    page_of!(artifact_fields!()),
    " } } } }"
);

pub(crate) const USED: &str = concat!(
    "query RunInputArtifacts($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int) { \
     project(name: $project, entityName: $entity) { run(name: $run) { artifacts: inputArtifacts(after: $cursor, first: $perPage) { ",
    page_of!(artifact_fields!()),
    " } } } }"
);

pub(crate) const VERSIONS: &str = concat!(
    "query ProjectArtifacts($entity: String!, $project: String!, $type: String!, $collection: String!, $cursor: String, $perPage: Int) { \
     project(name: $project, entityName: $entity) { artifactType(name: $type) { artifactCollection(name: $collection) { \
     artifacts(after: $cursor, first: $perPage) { ",
    page_of!(artifact_fields!()),
    " } } } } }"
);

pub(crate) const TYPES: &str = "query ProjectArtifactTypes($entity: String!, $project: String!, $cursor: String, $perPage: Int) { \
     project(name: $project, entityName: $entity) { artifactTypes(after: $cursor, first: $perPage) { \
     pageInfo { endCursor hasNextPage } edges { cursor node { name } } } } }";

pub(crate) const COLLECTIONS: &str = "query ArtifactCollections($entity: String!, $project: String!, $type: String!, $cursor: String, $perPage: Int) { \
     project(name: $project, entityName: $entity) { artifactType(name: $type) { artifactCollections(after: $cursor, first: $perPage) { \
     pageInfo { endCursor hasNextPage } edges { cursor node { name } } } } } }";

pub(crate) const CREATE: &str = "mutation CreateArtifact($input: CreateArtifactInput!) { createArtifact(input: $input) { \
     artifact { id state artifactSequence { latestArtifact { id } } } } }";

pub(crate) const CREATE_MANIFEST: &str = "mutation CreateArtifactManifest($artifactID: ID!, $baseArtifactID: ID, $name: String!, $digest: String!, $entityName: String!, \
     $projectName: String!, $runName: String!, $manifestType: ArtifactManifestType!, $includeUpload: Boolean!) { \
     createArtifactManifest(input: {artifactID: $artifactID, baseArtifactID: $baseArtifactID, name: $name, digest: $digest, \
     entityName: $entityName, projectName: $projectName, runName: $runName, type: $manifestType}) { artifactManifest { id \
     file { id uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) } } } }";

pub(crate) const CREATE_FILES: &str = "mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) { \
     createArtifactFiles(input: $input) { files { edges { node { uploadUrl uploadHeaders artifact { id } } } } } }";

pub(crate) const COMMIT: &str = "mutation CommitArtifact($artifactID: ID!) { \
     commitArtifact(input: {artifactID: $artifactID}) { artifact { id digest } } }";

pub(crate) const USE: &str = "mutation UseArtifact($entityName: String!, $projectName: String!, $runName: String!, $artifactID: ID!, \
     $usedAs: String) { useArtifact(input: {entityName: $entityName, projectName: $projectName, runName: $runName, \
     artifactID: $artifactID, usedAs: $usedAs}) { artifact { id } } }";

pub(crate) const ADD_ALIASES: &str = "mutation AddAliases($input: AddAliasesInput!) { addAliases(input: $input) { success } }";

pub(crate) const DELETE_ALIASES: &str = "mutation DeleteAliases($input: DeleteAliasesInput!) { deleteAliases(input: $input) { success } }";

pub(crate) const DELETE: &str =
    "mutation DeleteArtifact($input: DeleteArtifactInput!) { deleteArtifact(input: $input) { artifact { id } } }";

/// `artifact(id:)` and `project { artifact(name:) }`, by what was asked of it.
#[derive(Debug, Deserialize)]
pub(crate) struct ArtifactOf<T> {
    pub(crate) artifact: Option<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireArtifact {
    pub(crate) id: String,
    pub(crate) artifact_sequence: WireCollection,
    pub(crate) version_index: Option<u64>,
    pub(crate) artifact_type: WireName,
    pub(crate) description: Option<String>,
    /// JSON text in a string, or now and then the object itself.
    pub(crate) metadata: Option<Box<RawValue>>,
    pub(crate) tags: Option<Vec<WireName>>,
    /// A number, or its digits in a string, as are the two below.
    pub(crate) history_step: Option<Box<RawValue>>,
    pub(crate) size: Option<Box<RawValue>>,
    pub(crate) file_count: Option<Box<RawValue>>,
    pub(crate) state: Option<String>,
    pub(crate) digest: String,
    pub(crate) created_at: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) aliases: Option<Vec<WireAlias>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireCollection {
    pub(crate) name: String,
    pub(crate) project: Option<WireProjectName>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireProjectName {
    pub(crate) name: String,
    pub(crate) entity: WireName,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAlias {
    pub(crate) alias: String,
    pub(crate) artifact_collection: Option<WireCollection>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManifestOfArtifact {
    pub(crate) current_manifest: Option<FileOf>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FileOf {
    pub(crate) file: Option<WireFileAddress>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFileAddress {
    pub(crate) direct_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FilesOfArtifact {
    pub(crate) files: Option<Connection<WireFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunsOfArtifact {
    pub(crate) created_by: Option<WireRunName>,
    pub(crate) used_by: Option<Connection<WireRunName>>,
}

/// A run, or, without a name, something else that can make an artifact.
#[derive(Debug, Deserialize)]
pub(crate) struct WireRunName {
    pub(crate) name: Option<String>,
    pub(crate) project: Option<WireProjectName>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ArtifactsOf {
    pub(crate) artifacts: Option<Connection<WireArtifact>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TypeOfProject<T> {
    pub(crate) artifact_type: Option<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CollectionOfType {
    pub(crate) artifact_collection: Option<ArtifactsOf>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TypesOfProject {
    pub(crate) artifact_types: Option<Connection<WireName>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CollectionsOfType {
    pub(crate) artifact_collections: Option<Connection<WireName>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateData {
    pub(crate) create_artifact: Option<ArtifactOf<WireCreated>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireCreated {
    pub(crate) id: String,
    pub(crate) state: Option<String>,
    pub(crate) artifact_sequence: Option<WireSequence>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSequence {
    pub(crate) latest_artifact: Option<WireId>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireId {
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateManifestData {
    pub(crate) create_artifact_manifest: Option<ManifestPayload>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManifestPayload {
    pub(crate) artifact_manifest: WireManifestRecord,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireManifestRecord {
    pub(crate) id: String,
    pub(crate) file: Option<WireUploadFile>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateFilesData {
    pub(crate) create_artifact_files: Option<FilesPayload>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FilesPayload {
    pub(crate) files: Connection<WireUploadFile>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireUploadFile {
    /// `None` when the service has the contents already.
    pub(crate) upload_url: Option<String>,
    pub(crate) upload_headers: Option<Vec<String>>,
    /// The artifact that brought the contents first.
    pub(crate) artifact: Option<WireId>,
}

/// One file of `createArtifactFiles`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileSpec {
    #[serde(rename = "artifactID")]
    pub(crate) artifact_id: String,
    #[serde(rename = "artifactManifestID")]
    pub(crate) manifest_id: String,
    pub(crate) name: String,
    pub(crate) md5: String,
}
