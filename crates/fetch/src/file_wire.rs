//! Files of runs and artifacts as they come over the wire, and the documents that ask for them.
//!
//! Field and argument names are those that wandb 0.31.0 sends
//! (<https://github.com/wandb/wandb/blob/main/wandb/apis/public/files.py>, `Run.upload_file` in `runs.py` beside it).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::Connection;

pub(crate) const RUN_FILES: &str = "query RunFiles($entity: String!, $project: String!, $run: String!, $fileCursor: String, \
     $fileLimit: Int, $fileNames: [String], $pattern: String) { project(name: $project, entityName: $entity) { internalId \
     run(name: $run) { files(names: $fileNames, after: $fileCursor, first: $fileLimit, pattern: $pattern) { \
     edges { node { id name url directUrl sizeBytes mimetype updatedAt md5 } cursor } pageInfo { endCursor hasNextPage } } } } }";

pub(crate) const FILE_COUNT: &str = "query RunFileCount($entity: String!, $project: String!, $run: String!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { fileCount } } }";

pub(crate) const DELETE_FILES: &str = "mutation deleteFiles($files: [ID!]!, $projectId: Int) { \
     deleteFiles(input: {files: $files, projectId: $projectId}) { success } }";

pub(crate) const CREATE_RUN_FILES: &str = "mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) { \
     createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) { \
     runID uploadHeaders files { name uploadUrl } } }";

pub(crate) const MARK_RUN_FILES_UPLOADED: &str = "mutation MarkRunFilesUploaded($entity: String!, $project: String!, $run: String!, $files: [String!]!) { \
     markRunFilesUploaded(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) { success } }";

/// The project of a listing of files: its number is asked for when files are deleted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FilesOfProject {
    /// A number, or its digits in a string.
    pub(crate) internal_id: Option<Box<RawValue>>,
    pub(crate) run: Option<FilesOfRun>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FilesOfRun {
    pub(crate) files: Option<Connection<WireFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileCountOfRun {
    pub(crate) file_count: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFile {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) url: Option<String>,
    pub(crate) direct_url: Option<String>,
    /// A number, or its digits in a string.
    pub(crate) size_bytes: Option<Box<RawValue>>,
    pub(crate) mimetype: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) md5: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateRunFilesData {
    pub(crate) create_run_files: Option<WireUploads>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireUploads {
    #[serde(rename = "runID")]
    pub(crate) run_id: Option<String>,
    pub(crate) upload_headers: Option<Vec<String>>,
    pub(crate) files: Option<Vec<WireUpload>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireUpload {
    pub(crate) upload_url: Option<String>,
}

/// What a mutation answers when nobody looks at it.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {}

/// A number that may come as one or as digits in a string.
pub(crate) fn number(raw: Option<&RawValue>) -> Option<u64> {
    raw?.get().trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_two_forms() {
        let read = |text: &str| number(Some(&serde_json::from_str::<Box<RawValue>>(text).unwrap()));
        assert_eq!((read("12"), read("\"12\""), read("null"), read("-1"), read("\"x\"")), (Some(12), Some(12), None, None, None));
    }
}
