//! [`crate::fetch::RunFile`] without async.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use runlake_fetch::{Existing, FilesQuery};

use super::{Executor, Run};
use crate::Error;

/// A file of a run: [`crate::fetch::RunFile`], whose methods have the words on each call.
#[derive(Clone, Debug)]
pub struct RunFile {
    file: crate::fetch::RunFile,
    executor: Executor,
}

impl RunFile {
    /// [`crate::fetch::RunFile::download`].
    ///
    /// # Errors
    /// As there.
    pub fn download(&self, root: impl AsRef<Path>, existing: Existing) -> Result<PathBuf, Error> {
        self.executor.wait(async { Ok(self.file.download(root, existing).await?) })
    }

    /// [`crate::fetch::RunFile::delete`].
    ///
    /// # Errors
    /// As there.
    pub fn delete(&self) -> Result<(), Error> {
        self.executor.wait(async { Ok(self.file.delete().await?) })
    }
}

impl Deref for RunFile {
    type Target = crate::fetch::RunFile;

    fn deref(&self) -> &Self::Target {
        &self.file
    }
}

impl Run {
    /// [`crate::Run::file`].
    ///
    /// # Errors
    /// As there.
    pub fn file(&self, name: &str) -> Result<RunFile, Error> {
        let file = self.executor.wait(self.run.file(name))?;
        Ok(RunFile { file, executor: self.executor.clone() })
    }

    /// [`crate::Run::files`], all of them.
    ///
    /// # Errors
    /// As [`crate::fetch::Files::collect`].
    pub fn files(&self, query: FilesQuery) -> Result<Vec<RunFile>, Error> {
        let files = self.executor.wait(async { Ok(self.run.files(query).collect().await?) })?;
        Ok(files.into_iter().map(|file| RunFile { file, executor: self.executor.clone() }).collect())
    }

    /// [`crate::Run::upload_file`].
    ///
    /// # Errors
    /// As there.
    pub fn upload_file(&self, path: impl AsRef<Path>, root: impl AsRef<Path>) -> Result<RunFile, Error> {
        let file = self.executor.wait(self.run.upload_file(path, root))?;
        Ok(RunFile { file, executor: self.executor.clone() })
    }
}
