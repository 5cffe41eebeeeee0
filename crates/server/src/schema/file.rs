//! Files of a run and lines of its console.

use async_graphql::{Context, ID, Object, SimpleObject};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use runlake_types::RunPath;

use super::scalars::{DateTime, Int64, int64};
use super::{PageInfo, Request, Result};
use crate::backend::blocking;
use crate::{SourceFile, files};

#[derive(SimpleObject)]
pub(super) struct FileConnection {
    pub(super) edges: Vec<FileEdge>,
    pub(super) page_info: PageInfo,
}

#[derive(SimpleObject)]
pub(super) struct FileEdge {
    pub(super) node: File,
    pub(super) cursor: String,
}

pub(super) struct File {
    run: RunPath,
    file: SourceFile,
}

impl File {
    pub(super) fn new(run: RunPath, file: SourceFile) -> Self {
        Self { run, file }
    }

    fn signed_url(&self, context: &Context<'_>) -> String {
        Request::of(context).signed_url(&files::url_path(&self.run, &self.file.name))
    }
}

#[Object]
impl File {
    async fn id(&self) -> ID {
        ID::from(BASE64_STANDARD.encode(format!("File:{}/{}", self.run, self.file.name)))
    }

    async fn name(&self) -> &str {
        &self.file.name
    }

    /// Signed and absolute. Files cannot be uploaded, so the URL to upload to is empty.
    async fn url(&self, context: &Context<'_>, upload: Option<bool>) -> Option<String> {
        (upload != Some(true)).then(|| self.signed_url(context))
    }

    async fn direct_url(&self, context: &Context<'_>) -> String {
        self.signed_url(context)
    }

    async fn size_bytes(&self) -> Int64 {
        int64(self.file.size_bytes)
    }

    async fn mimetype(&self) -> &str {
        files::media_type(&self.file.name)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.file.modified_at)
    }

    /// In base64; null for a large file.
    async fn md5(&self, context: &Context<'_>) -> Result<Option<String>> {
        let (backend, file) = (std::sync::Arc::clone(&Request::of(context).backend), self.file.clone());
        Ok(blocking(move || backend.digests.md5(&file)).await?)
    }
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
