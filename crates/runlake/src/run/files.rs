//! The files of a run.

use std::path::Path;

use runlake_fetch::{Files, FilesQuery, RunFile};

use super::Run;
use crate::Error;

impl Run {
    /// The file of exactly this name.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when the run has none, and as every call.
    pub async fn file(&self, name: &str) -> Result<RunFile, Error> {
        Ok(self.api.client().file(&self.record.path, name).await?)
    }

    /// The files that `query` selects: a lazy listing, whose methods ask the service.
    ///
    /// ```no_run
    /// # async fn example(run: runlake::Run) -> Result<(), runlake::Error> {
    /// use runlake::fetch::{Existing, FilesQuery};
    /// let files = run.files(FilesQuery::like("%.json"));
    /// println!("{} files", files.len().await?);
    /// for file in files.collect().await? {
    ///     println!("{} has {} bytes", file.name, file.size_bytes);
    ///     file.download("downloads", Existing::Replace).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn files(&self, query: FilesQuery) -> Files {
        self.api.client().files(&self.record.path, query)
    }

    /// Uploads a local file, which is called by its path relative to `root` in the run. See [`runlake_fetch::Client::upload_file`].
    ///
    /// # Errors
    /// As there.
    pub async fn upload_file(&self, path: impl AsRef<Path>, root: impl AsRef<Path>) -> Result<RunFile, Error> {
        Ok(self.api.client().upload_file(&self.record.path, path, root).await?)
    }
}
