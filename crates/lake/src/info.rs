//! What a lake holds: projects, runs, rows, columns, files and bytes.

use runlake_types::ProjectPath;

use crate::table::TableName;
use crate::{Error, Lake};

/// What [`info`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Each table.
    pub tables: Vec<TableInfo>,
    /// Each project.
    pub projects: Vec<ProjectInfo>,
}

/// One table of a lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// Its name, which is its folder's.
    pub name: &'static str,
    /// The version of its Delta log.
    pub version: u64,
    /// Its part files.
    pub files: usize,
    /// Their size.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
    /// Its columns, those of the partition included.
    pub columns: usize,
}

/// One project of a lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectInfo {
    /// Which.
    pub project: ProjectPath,
    /// Its runs.
    pub runs: usize,
    /// Rows of their histories.
    pub history_rows: u64,
    /// Rows of their events streams.
    pub system_rows: u64,
    /// Runs whose rows are not known to be complete.
    pub incomplete_runs: usize,
}

/// Reads what the Delta logs and the `runs` table say; no row of a history is read.
///
/// # Errors
/// When a table cannot be read.
pub async fn info(lake: &Lake) -> Result<Info, Error> {
    let mut tables = Vec::new();
    for name in lake.table_names().await? {
        let table = lake.table(name).await?;
        let files = table.part_files(None)?;
        tables.push(TableInfo {
            name: name.as_str(),
            version: table.version(),
            files: files.len(),
            bytes: files.iter().map(|file| file.size_bytes).sum(),
            rows: files.iter().map(|file| file.rows).sum(),
            columns: table.schema().fields().len(),
        });
    }
    let histories = lake.table(TableName::Histories).await?;
    let system = lake.table(TableName::SystemMetrics).await?;
    let mut projects = Vec::new();
    for project in lake.projects().await? {
        let runs = lake.runs(&project).await?;
        projects.push(ProjectInfo {
            runs: runs.len(),
            history_rows: histories.part_files(Some(&project))?.iter().map(|file| file.rows).sum(),
            system_rows: system.part_files(Some(&project))?.iter().map(|file| file.rows).sum(),
            incomplete_runs: runs.iter().filter(|run| run.completeness != runlake_ingest::Completeness::Complete).count(),
            project,
        });
    }
    Ok(Info { tables, projects })
}
