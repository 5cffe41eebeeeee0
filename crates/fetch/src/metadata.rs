//! What a run's machine was, from the file that the official client leaves with each run.

use runlake_types::{Json, Object, RunPath};
use serde_json::json;

use crate::error::{Error, ErrorKind};
use crate::runs::failed;
use crate::signed_url::SignedUrl;
use crate::wire::FilesOfRun;
use crate::{Client, documents};

/// The file's name.
const METADATA_FILE: &str = "wandb-metadata.json";

impl Client {
    /// The contents of `wandb-metadata.json`: system, Python, command, git, GPUs. `None` for a run without it.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], [`ErrorKind::InvalidValue`] when the file is no JSON object, and as every call.
    pub async fn run_metadata(&self, run: &RunPath) -> Result<Option<Object>, Error> {
        let operation = "read the metadata of the run";
        let data: FilesOfRun = self.query_run(operation, documents::RUN_FILE, run, json!({ "names": [METADATA_FILE] })).await?;
        let edges = data.files.and_then(|files| files.edges).into_iter().flatten();
        let file = edges.filter_map(|edge| edge.node).find(|file| file.name == METADATA_FILE);
        let Some(url) = file.and_then(|file| file.url) else { return Ok(None) };
        let url = SignedUrl::read(&url, Some(self.base_url())).map_err(|kind| failed(operation, kind))?;
        let bytes = match self.signed_bytes(&url).await {
            Ok(bytes) => bytes,
            // Listed, and not uploaded yet.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let parsed = Json::parse_object(&String::from_utf8_lossy(&bytes));
        parsed.map(Some).map_err(|source| failed(operation, ErrorKind::InvalidValue { path: format!("{METADATA_FILE} of {run}"), source }))
    }
}
