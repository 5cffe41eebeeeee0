//! Files of runs and artifacts, and lines of a run's console.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use runlake_types::{RunPath, Timestamp};

use super::artifact::Artifact;
use super::scalars::{DateTime, Int64, int64};
use super::{PageInfo, Request, Result};
use crate::artifacts::IdOf;
use crate::backend::blocking;
use crate::signing::Purpose;
use crate::state::{ArtifactRow, Blob};
use crate::uploads::artifact_file_path;
use crate::{SourceFile, files};

#[derive(SimpleObject)]
pub(super) struct FileConnection {
    pub(super) edges: Vec<FileEdge>,
    pub(super) page_info: PageInfo,
    pub(super) total_count: Option<i32>,
}

#[derive(SimpleObject)]
pub(super) struct FileEdge {
    pub(super) node: File,
    pub(super) cursor: String,
}

pub(super) struct File {
    id: ID,
    name: String,
    size_bytes: Option<u64>,
    updated_at: Timestamp,
    /// Where it is read from, by a path of this backend.
    path: Option<String>,
    /// Where it is uploaded to, by a path of this backend.
    upload_path: Option<String>,
    md5: Md5,
    /// The version that brought its contents.
    artifact: Option<Artifact>,
}

/// The digest of a file's contents.
enum Md5 {
    Known(Option<String>),
    /// It is read for it when somebody asks.
    Of(SourceFile),
}

impl File {
    /// A file of a run.
    pub(super) fn of_run(run: &RunPath, file: SourceFile) -> Self {
        let path = files::url_path(run, &file.name);
        Self {
            id: ID::from(files::storage_id(run, &file.name)),
            name: file.name.clone(),
            size_bytes: Some(file.size_bytes),
            updated_at: file.modified_at,
            path: Some(path.clone()),
            upload_path: Some(path),
            md5: Md5::Of(file),
            artifact: None,
        }
    }

    /// A file of a committed artifact.
    pub(super) fn of_artifact(artifact: &ArtifactRow, path: String, blob: Blob) -> Self {
        Self {
            id: ID::from(format!("ArtifactFile:{}/{path}", artifact.id)),
            path: Some(artifact_file_path(artifact.id, &path)),
            upload_path: None,
            name: path,
            size_bytes: Some(blob.size_bytes),
            updated_at: artifact.updated_at,
            md5: Md5::Known(Some(blob.md5)),
            artifact: Some(Artifact(artifact.clone())),
        }
    }

    /// A file that an artifact is going to have. It has nothing to upload to when its contents are there already.
    pub(super) fn announced(artifact: &ArtifactRow, path: String, md5: String, is_there: bool) -> Self {
        Self {
            id: ID::from(format!("ArtifactFile:{}/{path}", artifact.id)),
            path: None,
            upload_path: (!is_there).then(|| artifact_file_path(artifact.id, &path)),
            name: path,
            size_bytes: None,
            updated_at: artifact.updated_at,
            md5: Md5::Known(Some(md5)),
            artifact: Some(Artifact(artifact.clone())),
        }
    }

    /// The manifest of an artifact.
    pub(super) fn of_manifest(artifact: &ArtifactRow) -> Self {
        let path = crate::uploads::manifest_path(artifact.id);
        Self {
            id: ID::from(IdOf::Manifest.text(artifact.id)),
            name: "wandb_manifest.json".to_owned(),
            size_bytes: None,
            updated_at: artifact.updated_at,
            path: artifact.manifest.is_some().then(|| path.clone()),
            upload_path: Some(path),
            md5: Md5::Known(None),
            artifact: None,
        }
    }

    fn read_url(&self, context: &Context<'_>) -> Option<String> {
        self.path.as_deref().map(|path| Request::of(context).signed_url(Purpose::Read, path))
    }

    fn put_url(&self, context: &Context<'_>) -> Option<String> {
        self.upload_path.as_deref().map(|path| Request::of(context).signed_url(Purpose::Upload, path))
    }
}

#[Object]
impl File {
    async fn id(&self) -> &ID {
        &self.id
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn display_name(&self) -> &str {
        &self.name
    }

    /// Signed and absolute: to read from, or to upload to.
    async fn url(&self, context: &Context<'_>, upload: Option<bool>) -> Option<String> {
        if upload == Some(true) { self.put_url(context) } else { self.read_url(context) }
    }

    /// Empty for a file that is not there yet.
    async fn direct_url(&self, context: &Context<'_>) -> String {
        self.read_url(context).unwrap_or_default()
    }

    /// Null when there is nothing to upload.
    async fn upload_url(&self, context: &Context<'_>) -> Option<String> {
        self.put_url(context)
    }

    /// None: the digest that clients send by themselves is all that is looked at.
    async fn upload_headers(&self) -> Vec<String> {
        Vec::new()
    }

    /// Null: an upload is one request here, whatever its size.
    async fn upload_multipart_urls(&self) -> Option<UploadMultipartUrls> {
        None
    }

    async fn storage_path(&self) -> Option<&str> {
        self.path.as_deref().or(self.upload_path.as_deref())
    }

    async fn size_bytes(&self) -> Int64 {
        int64(self.size_bytes.unwrap_or(0))
    }

    async fn mimetype(&self) -> &str {
        files::media_type(&self.name)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.updated_at)
    }

    /// In base64; null for a large file of the lake.
    async fn md5(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.digest_now(context).await
    }

    /// As `md5`.
    async fn digest(&self, context: &Context<'_>) -> Result<Option<String>> {
        self.digest_now(context).await
    }

    /// The artifact that brought the contents first.
    async fn artifact(&self) -> Option<Artifact> {
        self.artifact.clone()
    }
}

impl File {
    async fn digest_now(&self, context: &Context<'_>) -> Result<Option<String>> {
        match &self.md5 {
            Md5::Known(md5) => Ok(md5.clone()),
            Md5::Of(file) => {
                let (backend, file) = (Arc::clone(&Request::of(context).backend), file.clone());
                Ok(blocking(move || backend.digests.md5(&file)).await?)
            }
        }
    }
}

/// What an upload in parts would need.
#[derive(SimpleObject)]
struct UploadMultipartUrls {
    #[graphql(name = "uploadID")]
    upload_id: String,
    upload_url_parts: Vec<UploadUrlPart>,
}

#[derive(SimpleObject)]
struct UploadUrlPart {
    part_number: Int64,
    upload_url: String,
}

#[derive(Default, SimpleObject)]
pub(super) struct LogLineConnection {
    pub(super) edges: Vec<LogLineEdge>,
    pub(super) page_info: PageInfo,
}

#[derive(SimpleObject)]
pub(super) struct LogLineEdge {
    pub(super) node: LogLine,
    pub(super) cursor: String,
}

/// A line of `output.log`, which keeps neither times nor levels.
#[derive(SimpleObject)]
pub(super) struct LogLine {
    pub(super) number: i32,
    pub(super) timestamp: Option<DateTime>,
    pub(super) level: Option<String>,
    pub(super) label: Option<String>,
    pub(super) line: String,
}
