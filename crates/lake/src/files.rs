//! Run files kept beside the tables: `LAKE/files/ENTITY/PROJECT/RUN_ID/NAME`, in lakes on local disk.

use std::path::{Component, Path, PathBuf};

use runlake_types::{RunPath, Timestamp};

use crate::{Error, ErrorKind, Lake};

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The name in the run, with slashes, such as `media/images/x.png`.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last written.
    pub modified_at: Timestamp,
    /// Where it lies.
    pub path: PathBuf,
}

impl Lake {
    /// The folder of a run's files; `None` when the lake is not on local disk.
    fn files_folder(&self, run: &RunPath) -> Option<PathBuf> {
        let mut folder = self.location().as_folder()?.join("files");
        folder.extend([&run.entity, &run.project, &run.run_id].map(|part| encode_part(part)));
        Some(folder)
    }

    /// The files of a run, by name. Empty when none were brought along.
    ///
    /// # Errors
    /// [`ErrorKind::Copy`] when the folder cannot be read.
    pub async fn files(&self, run: &RunPath) -> Result<Vec<StoredFile>, Error> {
        let Some(folder) = self.files_folder(run).filter(|folder| folder.is_dir()) else { return Ok(Vec::new()) };
        let mut found = in_background(move || list_files(&folder)).await?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The folder of a run's files, which is made when it is not there.
    pub(crate) async fn make_files_folder(&self, run: &RunPath) -> Result<PathBuf, Error> {
        let Some(folder) = self.files_folder(run) else {
            return Err(ErrorKind::FilesNeedDisk { location: self.location().to_string() }.into());
        };
        in_background(move || fs_err::create_dir_all(&folder).map(|()| folder)).await
    }

    /// Takes files out that are not there any more at the service.
    pub(crate) async fn remove_files(&self, paths: Vec<PathBuf>) -> Result<(), Error> {
        in_background(move || paths.iter().try_for_each(fs_err::remove_file)).await
    }

    /// Takes all files of a run out.
    pub(crate) async fn remove_files_of(&self, run: &RunPath) -> Result<(), Error> {
        let Some(folder) = self.files_folder(run).filter(|folder| folder.is_dir()) else { return Ok(()) };
        in_background(move || fs_err::remove_dir_all(folder)).await
    }

    /// Copies every file below `source` to the run's files, each atomically. Links are not followed.
    pub(crate) async fn copy_files(&self, run: &RunPath, source: &Path) -> Result<(), Error> {
        let Some(folder) = self.files_folder(run) else { return Ok(()) };
        let source = source.to_owned();
        in_background(move || list_files(&source)?.iter().try_for_each(|file| copy_file(file, &folder))).await
    }
}

/// File systems have no asynchronous calls: they would hold up the runtime.
async fn in_background<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(std::io::Error::other(stopped)));
    done.map_err(|error| ErrorKind::Copy(error).into())
}

fn copy_file(file: &StoredFile, folder: &Path) -> std::io::Result<()> {
    let target = folder.join(&file.name);
    let parent = target.parent().unwrap_or(folder);
    fs_err::create_dir_all(parent)?;
    let staged = parent.join(format!(".{}.tmp", uuid::Uuid::new_v4()));
    fs_err::copy(&file.path, &staged)?;
    fs_err::rename(&staged, &target)
}

/// A part of a run's path as one folder name: never empty, never `.` or `..`, never with a separator.
fn encode_part(part: &str) -> String {
    let encoded: String = part
        .chars()
        .map(|character| match character {
            '/' | '\\' | '%' | '\0' => format!("%{:02X}", u32::from(character)),
            other => other.to_string(),
        })
        .collect();
    match Path::new(&encoded).components().next() {
        Some(Component::Normal(_)) => encoded,
        _ => encoded.replace('.', "%2E") + "%",
    }
}

/// Every file below `root`. Links are left out.
fn list_files(root: &Path) -> std::io::Result<Vec<StoredFile>> {
    let mut found = Vec::new();
    walk(root, root, &mut found)?;
    Ok(found)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<StoredFile>) -> std::io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(root, &entry.path(), found)?;
        } else if kind.is_file() {
            let metadata = entry.metadata()?;
            let modified = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            let path = entry.path();
            let parts: Vec<String> =
                path.strip_prefix(root).unwrap_or(&path).iter().map(|part| part.to_string_lossy().into_owned()).collect();
            found.push(StoredFile {
                name: parts.join("/"),
                size_bytes: metadata.len(),
                modified_at: Timestamp::from_micros(i64::try_from(modified.as_micros()).unwrap_or(i64::MAX)),
                path,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_folder() {
        assert_eq!(encode_part("a/../b"), "a%2F..%2Fb");
        for hostile in ["..", ".", ""] {
            assert!(matches!(Path::new(&encode_part(hostile)).components().collect::<Vec<_>>()[..], [Component::Normal(_)]), "{hostile}");
        }
    }
}
