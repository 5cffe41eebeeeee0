//! The files of exported runs, brought along beside the tables.

use std::collections::HashSet;
use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use runlake_fetch::{Client, ErrorKind as FetchError, Existing, FilesQuery, RunFile};
use runlake_types::RunPath;

use crate::files::StoredFile;
use crate::{Error, Lake};

/// Files of one run that are fetched at once.
const FILES_AT_ONCE: usize = 4;

/// Runs whose files are fetched at once.
const RUNS_AT_ONCE: usize = 4;

/// What came of the files of several runs.
#[derive(Debug, Default)]
pub(super) struct BroughtFiles {
    /// Files that are left out, and why: those with a name that is no path below the lake, and references to other stores.
    pub(super) left_out: Vec<String>,
    /// Runs whose files could not all be fetched.
    pub(super) failed: Vec<(RunPath, Error)>,
}

/// Fetches the files of these runs that the lake does not have as they are, and takes out those that the service no longer has.
pub(super) async fn bring_files(client: &Client, lake: &Lake, runs: Vec<RunPath>, keep_deleted: bool) -> BroughtFiles {
    let bring = |run: RunPath| async move {
        let brought = bring_files_of_run(client, lake, &run, keep_deleted).await;
        (run, brought)
    };
    let mut outcomes: Vec<_> = stream::iter(runs).map(bring).buffered(RUNS_AT_ONCE).collect().await;
    let mut brought = BroughtFiles::default();
    for (run, outcome) in outcomes.drain(..) {
        match outcome {
            Ok(left_out) => brought.left_out.extend(left_out),
            Err(error) => brought.failed.push((run, error)),
        }
    }
    brought
}

async fn bring_files_of_run(client: &Client, lake: &Lake, run: &RunPath, keep_deleted: bool) -> Result<Vec<String>, Error> {
    let folder = lake.make_files_folder(run).await?;
    let stored = lake.files(run).await?;
    let files = client.files(run, FilesQuery::default()).collect().await?;
    let names: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    if !keep_deleted {
        let gone = stored.iter().filter(|file| !names.contains(file.name.as_str())).map(|file| file.path.clone()).collect();
        lake.remove_files(gone).await?;
    }
    let missing: Vec<&RunFile> = files.iter().filter(|file| !stored.iter().any(|stored| is_same(stored, file))).collect();
    let fetch = |file| fetch_file(file, &folder);
    let fetched = stream::iter(missing).map(fetch).buffered(FILES_AT_ONCE);
    fetched.try_filter_map(|left_out| std::future::ready(Ok(left_out))).try_collect().await
}

/// Whether the stored file is the one that the service has: of its size, and fetched after it was last written.
fn is_same(stored: &StoredFile, file: &RunFile) -> bool {
    stored.name == file.name && stored.size_bytes == file.size_bytes && file.updated_at.is_some_and(|at| at < stored.modified_at)
}

/// Fetches a file; the reason when it is left out.
async fn fetch_file(file: &RunFile, folder: &Path) -> Result<Option<String>, Error> {
    match file.download(folder, Existing::Replace).await {
        Ok(_path) => Ok(None),
        Err(error) if matches!(error.kind(), FetchError::UnsafeName { .. } | FetchError::InvalidArgument { .. }) => {
            Ok(Some(format!("{}: a file is left out: {error}", file.run)))
        }
        Err(error) => Err(error.into()),
    }
}
