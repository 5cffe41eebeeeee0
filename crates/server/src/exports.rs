//! A run's exports: which rows are in which file, and the files themselves, made when they are first asked for.

mod build;
mod infer;

use std::fmt;
use std::ops::Range;
use std::path::Path;

use runlake_types::{RunPath, RunState};
use tempfile::TempPath;

pub(crate) use build::build;

use crate::options::ExportPolicy;
use crate::signing::encode_segment;

/// Which rows of a run are exported, file by file.
pub(crate) fn plan(policy: &ExportPolicy, state: &RunState, rows: usize) -> Vec<Range<usize>> {
    let exported = policy.runs.exported_rows(state, rows);
    let size = policy.rows_per_file.max(1);
    (0..exported).step_by(size).map(|start| start..(start + size).min(exported)).collect()
}

/// One export: these rows of this state of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExportKey {
    pub(crate) run: RunPath,
    pub(crate) revision: u64,
    pub(crate) rows: Range<usize>,
}

impl ExportKey {
    /// The path under which the export is served, percent-encoded.
    pub(crate) fn url_path(&self) -> String {
        let RunPath { entity, project, run_id } = &self.run;
        let [entity, project, run_id] = [entity, project, run_id].map(|segment| encode_segment(segment));
        format!("/exports/{entity}/{project}/{run_id}/{self}.parquet")
    }

    /// Reads the last segment of [`ExportKey::url_path`].
    pub(crate) fn parse(run: RunPath, file_name: &str) -> Option<Self> {
        let mut numbers = file_name.strip_suffix(".parquet")?.split('-');
        let key = Self {
            run,
            revision: u64::from_str_radix(numbers.next()?, 16).ok()?,
            rows: numbers.next()?.parse().ok()?..numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(key)
    }
}

/// The revision and the rows, which name the file.
impl fmt::Display for ExportKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}-{}-{}", self.revision, self.rows.start, self.rows.end)
    }
}

/// A finished export. The file is deleted with the value.
#[derive(Debug)]
pub(crate) struct Export {
    path: TempPath,
}

impl Export {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExportedRuns;

    #[test]
    fn files_cover_what_is_exported() {
        let policy = ExportPolicy { runs: ExportedRuns::AllButLiveTail, rows_per_file: 40, ..ExportPolicy::default() };
        assert_eq!(plan(&policy, &RunState::Finished, 100), [0..40, 40..80, 80..100]);
        assert_eq!(plan(&policy, &RunState::Running, 100), [0..40, 40..80, 80..90]);
        assert!(plan(&policy, &RunState::Finished, 0).is_empty());
    }

    #[test]
    fn a_path_names_its_export() {
        let key = ExportKey { run: RunPath::new("e", "my p", "r/1"), revision: 255, rows: 40..80 };
        assert_eq!(key.url_path(), "/exports/e/my%20p/r%2F1/ff-40-80.parquet");
        assert_eq!(ExportKey::parse(key.run.clone(), "ff-40-80.parquet"), Some(key.clone()));
        for name in ["ff-40-80", "ff-40.parquet", "ff-40-80-1.parquet", "x-1-2.parquet"] {
            assert_eq!(ExportKey::parse(key.run.clone(), name), None, "{name}");
        }
    }
}
