//! The backend's temporary folder: removed when the backend ends, and by the next backend when it was killed.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::Error;

const PREFIX: &str = "runlake-server-";

/// Locked while the folder's backend lives; the system unlocks it however the process ends.
const LOCK_FILE: &str = "lock";

/// Younger folders are left alone: their backend may not have come to lock them yet.
const SETTLED: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes a folder below `parent`, and removes those that killed backends left there.
    pub(crate) fn new_in(parent: &Path) -> Result<Self, Error> {
        remove_abandoned(parent, SETTLED);
        let make = || {
            let folder = TempDir::with_prefix_in(PREFIX, parent)?;
            let lock = File::create(folder.path().join(LOCK_FILE))?;
            lock.lock()?;
            Ok(Self { folder, _lock: lock })
        };
        make().map_err(Error::io("make a temporary folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// What cannot be looked at or removed is another user's, and stays.
fn remove_abandoned(parent: &Path, settled: Duration) {
    let remove = |entry: io::Result<fs::DirEntry>| -> io::Result<()> {
        let entry = entry?;
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) && entry.file_type()?.is_dir();
        if is_ours && entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age >= settled) {
            let lock = File::open(entry.path().join(LOCK_FILE))?;
            if lock.try_lock().is_ok() {
                fs::remove_dir_all(entry.path())?;
                tracing::info!(folder = %entry.path().display(), "removed what a killed backend left");
            }
        }
        Ok(())
    };
    for entry in fs::read_dir(parent).into_iter().flatten() {
        if let Err(error) = remove(entry) {
            tracing::debug!(%error, "left a temporary folder alone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_backend_left_is_removed_and_what_a_living_one_uses_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let living = Scratch::new_in(parent.path()).unwrap();
        let abandoned = parent.path().join("runlake-server-abandoned");
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join(LOCK_FILE), "").unwrap();
        fs::write(abandoned.join("rows"), "{}").unwrap();
        let stranger = parent.path().join("stranger");
        fs::create_dir(&stranger).unwrap();
        remove_abandoned(parent.path(), SETTLED);
        assert!(abandoned.exists(), "too young to tell");
        remove_abandoned(parent.path(), Duration::ZERO);
        assert_eq!((living.path().exists(), abandoned.exists(), stranger.exists()), (true, false, true));
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }
}
