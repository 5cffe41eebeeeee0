//! The run's Parquet exports as files: what the service has exported so far, as it is.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use runlake_fetch::Bytes;

use super::Run;
use crate::Error;
use crate::error::ErrorKind;

/// What was downloaded.
#[derive(Debug)]
#[non_exhaustive]
pub struct HistoryExports {
    /// The files, in the order in which the service named them, which may differ from call to call.
    pub paths: Vec<PathBuf>,
    /// Whether the run has rows that are not in the files, since they are not exported yet.
    pub contains_live_data: bool,
}

impl Run {
    /// Downloads the run's exports into `folder`, which is made if need be: `ENTITY_PROJECT_RUN_NUMBER.runhistory.parquet`, each part
    /// percent-encoded. A file appears whole or not at all, and takes the place of one of the same name.
    ///
    /// # Errors
    /// [`ErrorKind::IncompleteHistory`] when `require_complete_history` is set and there are rows that are not exported, before anything is
    /// downloaded; [`ErrorKind::Write`]; and as every call. The official client lists files that failed and goes on; here the first failure
    /// is the call's.
    pub async fn download_history_exports(
        &self,
        folder: impl AsRef<Path> + Send,
        require_complete_history: bool,
    ) -> Result<HistoryExports, Error> {
        let (client, path) = (self.api.client(), &self.record.path);
        let planned = client.plan_runs(&path.project_path(), std::slice::from_ref(&path.run_id)).await.pop();
        let Some(plan) = planned.transpose()? else { return Err(Error::invalid(format!("nothing was answered for {path}"))) };
        let has_rows = plan.record.history_line_count.unwrap_or(0) > 0 || plan.record.history_keys.is_some();
        let contains_live_data = plan.exports.live_from.is_some() || (plan.exports.urls.is_empty() && has_rows);
        if require_complete_history && contains_live_data {
            return Err(ErrorKind::IncompleteHistory { path: path.clone() }.into());
        }
        let folder = folder.as_ref().to_owned();
        let stem = self.path().join("_");
        let mut paths = Vec::with_capacity(plan.exports.urls.len());
        for (number, url) in plan.exports.urls.iter().enumerate() {
            let bytes = client.signed_bytes(url).await?;
            let target = folder.join(format!("{stem}_{number}.runhistory.parquet"));
            paths.push(write_whole(target, bytes).await?);
        }
        Ok(HistoryExports { paths, contains_live_data })
    }
}

/// Writes a file that has its name only once it is whole.
async fn write_whole(target: PathBuf, bytes: Bytes) -> Result<PathBuf, Error> {
    let path = target.clone();
    let write = move || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut staged = tempfile::NamedTempFile::new_in(folder)?;
        staged.write_all(&bytes)?;
        staged.as_file().sync_all()?;
        staged.persist(&path)?;
        Ok(())
    };
    let written = tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other).and_then(std::convert::identity);
    written.map_err(|source| ErrorKind::Write { path: target.clone(), source })?;
    Ok(target)
}
