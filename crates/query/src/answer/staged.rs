//! Files and folders that take their name once they are whole.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use crate::{Error, ErrorKind};

/// A file beside its place, with a name that begins with a dot. [`StagedFile::finish`] gives it its name and replaces what had it; dropped
/// before, it is gone. A process that is killed leaves at most the file with the dot.
///
/// A file that is replaced hands on who may read it, and a link stays a link: the file that it leads to is replaced. What is there and is no
/// file, such as a pipe or `/dev/null`, is written to at once.
#[derive(Debug)]
pub struct StagedFile {
    output: Output,
    target: PathBuf,
}

#[derive(Debug)]
enum Output {
    Beside(NamedTempFile),
    /// A pipe or a device.
    Itself(File),
}

impl StagedFile {
    /// Begins the file that will be `target`.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] when the folder is not there or takes no file, or when `target` is something else that cannot be written to.
    pub fn create(target: &Path) -> Result<Self, Error> {
        let there = fs_err::metadata(target).ok();
        if there.as_ref().is_some_and(|there| !there.is_file() && !there.is_dir()) {
            let opened = OpenOptions::new().write(true).open(target).map_err(|source| output_error(target, source))?;
            return Ok(Self { output: Output::Itself(opened), target: target.to_owned() });
        }
        let target =
            if there.is_some() { fs_err::canonicalize(target).map_err(|source| output_error(target, source))? } else { target.to_owned() };
        let folder = folder_of(&target);
        let mut builder = tempfile::Builder::new();
        // What others may read of a new file is the business of the umask.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|source| output_error(folder, source))?;
        if let Some(there) = there.filter(Metadata::is_file) {
            file.as_file().set_permissions(there.permissions()).map_err(|source| output_error(&target, source))?;
        }
        Ok(Self { output: Output::Beside(file), target })
    }

    fn file(&self) -> &File {
        match &self.output {
            Output::Beside(file) => file.as_file(),
            Output::Itself(file) => file,
        }
    }

    /// A second handle of the file, at the same place in it, for a thread that outlives the first.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] when the process has too many files open.
    pub fn handle(&self) -> Result<File, Error> {
        self.file().try_clone().map_err(|source| output_error(&self.target, source))
    }

    /// Gives the file its name, once its bytes are on disk.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] when the disk is full or the name is that of a folder.
    pub fn finish(mut self) -> Result<(), Error> {
        self.flush().map_err(|source| output_error(&self.target, source))?;
        if let Output::Beside(file) = self.output {
            file.as_file().sync_all().map_err(|source| output_error(&self.target, source))?;
            file.persist(&self.target).map_err(|error| output_error(&self.target, error.error))?;
        }
        Ok(())
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file().flush()
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn write(target: &Path, text: &str) -> Result<(), Error> {
        let mut file = StagedFile::create(target)?;
        file.write_all(text.as_bytes()).map_err(|source| output_error(target, source))?;
        file.finish()
    }

    #[test]
    fn what_is_there_keeps_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs_err::write(&file, "before").unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        fs_err::os::unix::fs::symlink("file", &link).unwrap();
        write(&link, "after").unwrap();
        assert_eq!((fs_err::read_to_string(&file).unwrap().as_str(), fs_err::read_link(&link).is_ok()), ("after", true));
        assert_eq!(fs_err::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 2);
        assert!(StagedFile::create(folder.path()).and_then(StagedFile::finish).is_err());
    }

    #[test]
    fn a_pipe_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs_err::read_to_string(&pipe).unwrap());
            write(&pipe, "through").unwrap();
            assert_eq!(reader.join().unwrap(), "through");
        });
        assert!(!fs_err::metadata(&pipe).unwrap().is_file());
    }
}
