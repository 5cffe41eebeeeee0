//! Runs into a lake: their rows first, then their record, each table in one atomic commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use deltalake::kernel::{Add, Remove};
use runlake_ingest::{KindPlan, RowColumns, Stream};
use runlake_types::{Object, ProjectPath};

use crate::part_file::write_part_file;
use crate::runs_table::batch_of_runs;
use crate::table::{Table, TableName};
use crate::table_writer::TableWriter;
use crate::{Error, Lake, StoredRun};

/// Writes runs of one project. Each run is given row by row and then either ended or abandoned; [`LakeWriter::commit`] makes the ended ones visible.
///
/// Kill it anywhere: readers see a run as it was before, or as it is after. What was committed to one table and not yet to the next is
/// replaced when the run is written again.
#[derive(Debug)]
pub struct LakeWriter {
    lake: Lake,
    project: ProjectPath,
    histories: TableWriter,
    system_metrics: TableWriter,
    ended: Vec<StoredRun>,
    removed: BTreeSet<String>,
}

impl LakeWriter {
    pub(crate) async fn new(lake: Lake, project: ProjectPath, plan: KindPlan) -> Result<Self, Error> {
        let histories = Table::open(lake.location(), TableName::Histories).await?;
        let system = Table::open(lake.location(), TableName::SystemMetrics).await?;
        Ok(Self {
            histories: TableWriter::new(histories, project.clone(), Stream::History, plan),
            system_metrics: TableWriter::new(system, project.clone(), Stream::System, KindPlan::default()),
            lake,
            project,
            ended: Vec::new(),
            removed: BTreeSet::new(),
        })
    }

    /// Adds history rows of the run at hand, ascending by step; gives how many were left out since they have no step.
    ///
    /// # Errors
    /// When a full part file cannot be written.
    pub async fn push_history(&mut self, run_id: &str, rows: Vec<Object>) -> Result<u64, Error> {
        self.histories.push(run_id, rows).await
    }

    /// Adds decoded history rows of the run at hand, ascending by step. [`LakeWriter::plan`] says of which kinds their columns should be.
    ///
    /// # Errors
    /// When a full part file cannot be written.
    pub async fn push_columns(&mut self, run_id: &str, rows: RowColumns) -> Result<(), Error> {
        self.histories.push_columns(run_id, rows).await
    }

    /// The plan by which decoders of history rows choose the kinds of columns.
    pub fn plan(&self) -> &Arc<KindPlan> {
        self.histories.plan()
    }

    /// Adds rows of the events stream of the run at hand.
    ///
    /// # Errors
    /// When a full part file cannot be written.
    pub async fn push_system(&mut self, run_id: &str, rows: Vec<Object>) -> Result<(), Error> {
        self.system_metrics.push(run_id, rows).await.map(|_rows_without_step| ())
    }

    /// The run at hand is whole.
    ///
    /// # Errors
    /// When a full part file cannot be written.
    pub async fn end_run(&mut self, run: StoredRun) -> Result<(), Error> {
        self.histories.end_run().await?;
        self.system_metrics.end_run().await?;
        self.ended.push(run);
        Ok(())
    }

    /// The run at hand could not be read: the lake keeps what it has of it.
    pub fn abandon_run(&mut self) {
        self.histories.abandon_run();
        self.system_metrics.abandon_run();
    }

    /// Takes a run out of the lake at the next commit.
    pub fn remove_run(&mut self, run_id: &str) {
        self.removed.insert(run_id.to_owned());
    }

    /// Runs ended since the last commit.
    pub fn uncommitted_runs(&self) -> usize {
        self.ended.len()
    }

    /// Makes the ended runs visible, in the place of what the lake had of them, and takes out the removed ones.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when another writer was faster; [`ErrorKind::Store`](crate::ErrorKind::Store) when the disk is full or may not be written.
    pub async fn commit(&mut self) -> Result<(), Error> {
        if self.ended.is_empty() && self.removed.is_empty() {
            return Ok(());
        }
        let ended = std::mem::take(&mut self.ended);
        let mut replaced = std::mem::take(&mut self.removed);
        replaced.extend(ended.iter().map(|run| run.record.path.run_id.clone()));
        self.histories.commit(&replaced).await?;
        self.system_metrics.commit(&replaced).await?;
        self.commit_runs(ended, &replaced).await
    }

    async fn commit_runs(&self, ended: Vec<StoredRun>, replaced: &BTreeSet<String>) -> Result<(), Error> {
        let mut table = Table::open(self.lake.location(), TableName::Runs).await?;
        let mut runs = self.lake.read_runs(&table, &self.project).await?;
        runs.retain(|run| !replaced.contains(&run.record.path.run_id));
        runs.extend(ended);
        runs.sort_by(|a, b| a.record.path.run_id.cmp(&b.record.path.run_id));
        let remove: Vec<Remove> = table.part_files(Some(&self.project))?.into_iter().map(crate::part_file::PartFile::into_remove).collect();
        let add: Vec<Add> = if runs.is_empty() {
            Vec::new()
        } else {
            vec![write_part_file(table.store().as_ref(), &self.project, &[batch_of_runs(&runs)?]).await?]
        };
        table.commit(add, remove, &[]).await
    }
}
