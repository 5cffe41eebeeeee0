//! Finds the logs below a path, in the folders where the SDK puts them.
//!
//! A log is `wandb/run-DATE_TIME-ID/run-ID.wandb`, or `wandb/offline-run-…` for an offline run; in place of `wandb` there
//! may be `.wandb` (<https://github.com/wandb/wandb/blob/main/wandb/sdk/wandb_settings.py>).

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{Error, ErrorKind};

/// The logs below `path`, sorted, each once: `path` itself where it is a file, or the `.wandb` files of a `run-…` or
/// `offline-run-…` folder, of a `wandb` folder that holds such folders, or of the folder above. Links are followed, but
/// nothing is visited twice. A folder without logs gives none; a folder inside that cannot be listed is logged and skipped.
///
/// # Errors
/// [`ErrorKind::Search`] when `path` does not exist or cannot be listed.
pub fn find_logs(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let search_error = |source| Error::from(ErrorKind::Search { path: path.to_owned(), source });
    if fs::metadata(path).map_err(search_error)?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut search = Search::default();
    search.folder(path).map_err(search_error)?;
    search.logs.sort();
    Ok(search.logs)
}

#[derive(Default)]
struct Search {
    /// Folders and logs by their real paths.
    visited: BTreeSet<PathBuf>,
    logs: Vec<PathBuf>,
}

impl Search {
    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        if !self.visited.insert(fs::canonicalize(folder)?) {
            return Ok(());
        }
        let mut entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<PathBuf>>>()?;
        entries.sort();
        for path in entries {
            let Some(name) = path.file_name() else { continue };
            // A link that points nowhere has no metadata.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if metadata.is_file() && path.extension() == Some(OsStr::new("wandb")) {
                if self.visited.insert(fs::canonicalize(&path)?) {
                    self.logs.push(path);
                }
            } else if metadata.is_dir()
                && may_hold_logs(name)
                && let Err(error) = self.folder(&path)
            {
                tracing::warn!(folder = %path.display(), %error, "a folder was skipped in the search for run logs");
            }
        }
        Ok(())
    }
}

fn may_hold_logs(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name == "wandb" || name == ".wandb" || name.starts_with("run-") || name.starts_with("offline-run-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &tempfile::TempDir, below: &str) -> Vec<String> {
        let logs = find_logs(&folder.path().join(below)).unwrap();
        logs.iter().map(|log| log.strip_prefix(folder.path()).unwrap().display().to_string()).collect()
    }

    #[test]
    fn logs_are_found_from_every_level() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "wandb/run-2-b/run-b.wandb",
            "wandb/offline-run-1-a/run-a.wandb",
            "wandb/offline-run-1-a/run-a.wandb.synced",
            "wandb/other/x.wandb",
        ] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let both = ["wandb/offline-run-1-a/run-a.wandb", "wandb/run-2-b/run-b.wandb"];
        assert_eq!(found(&folder, ""), both);
        assert_eq!(found(&folder, "wandb"), both);
        assert_eq!(found(&folder, "wandb/run-2-b"), both[1..]);
        assert_eq!(found(&folder, both[0]), both[..1]);
        assert!(found(&folder, "wandb/other").len() == 1, "a folder that is named outright is looked into");
        let error = find_logs(&folder.path().join("nothing")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Search { .. }));
        assert!(error.hint().contains("wandb"));
    }

    #[cfg(unix)]
    #[test]
    fn links_neither_loop_nor_repeat() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("wandb/run-1-a");
        fs::create_dir_all(&run).unwrap();
        fs::write(run.join("run-a.wandb"), "").unwrap();
        std::os::unix::fs::symlink(folder.path(), run.join("wandb")).unwrap();
        std::os::unix::fs::symlink(&run, folder.path().join("wandb/run-2-link")).unwrap();
        std::os::unix::fs::symlink(&run, folder.path().join("wandb/latest-run")).unwrap();
        std::os::unix::fs::symlink("gone", folder.path().join("wandb/run-3-gone")).unwrap();
        assert_eq!(found(&folder, ""), ["wandb/run-1-a/run-a.wandb"]);
        assert_eq!(found(&folder, "wandb/latest-run"), ["wandb/latest-run/run-a.wandb"]);
    }
}
