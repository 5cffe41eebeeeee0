//! Files and folders that take their name once they are whole.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::{Error, ErrorKind};

/// A file beside its place, with a name that begins with a dot. [`StagedFile::finish`] gives it its name and replaces what had it; dropped
/// before, it is gone. A process that is killed leaves at most the file with the dot.
#[derive(Debug)]
pub struct StagedFile {
    file: NamedTempFile,
    target: PathBuf,
}

impl StagedFile {
    /// Begins the file that will be `target`.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] when the folder is not there or takes no file.
    pub fn create(target: &Path) -> Result<Self, Error> {
        let folder = folder_of(target);
        let mut builder = tempfile::Builder::new();
        // What others may read is the business of the umask, as for any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|source| output_error(folder, source))?;
        Ok(Self { file, target: target.to_owned() })
    }

    /// A second handle of the file, at the same place in it, for a thread that outlives the first.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] when the process has too many files open.
    pub fn handle(&self) -> Result<std::fs::File, Error> {
        self.file.as_file().try_clone().map_err(|source| output_error(&self.target, source))
    }

    /// Gives the file its name, once its bytes are on disk.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] when the disk is full or the name is that of a folder.
    pub fn finish(mut self) -> Result<(), Error> {
        let flushed = self.file.flush().and_then(|()| self.file.as_file().sync_all());
        flushed.map_err(|source| output_error(&self.target, source))?;
        self.file.persist(&self.target).map_err(|error| output_error(&self.target, error.error))?;
        Ok(())
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// A folder beside its place, as [`StagedFile`].
#[derive(Debug)]
pub(crate) struct StagedFolder {
    folder: TempDir,
    target: PathBuf,
}

impl StagedFolder {
    /// Begins the folder that will be `target`, which must not be there, or be an empty folder.
    pub(crate) fn create(target: &Path) -> Result<Self, Error> {
        let is_taken = match fs_err::read_dir(target) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        };
        if is_taken {
            return Err(ErrorKind::OutputTaken { path: target.to_owned() }.into());
        }
        let parent = folder_of(target);
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let folder = builder.tempdir_in(parent).map_err(|source| output_error(parent, source))?;
        Ok(Self { folder, target: target.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the folder its name.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let staged = self.folder.keep();
        fs_err::rename(&staged, &self.target).map_err(|source| {
            let error = output_error(&self.target, source);
            // Nobody knows its name any more; that it cannot be deleted either is the lesser news.
            let _kept = fs_err::remove_dir_all(&staged);
            error
        })
    }
}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn output_error(path: &Path, source: std::io::Error) -> Error {
    ErrorKind::Output { path: path.display().to_string(), source }.into()
}
