//! Runs into a lake: their rows first, then their record, each table in one atomic commit.

use std::sync::Arc;

use runlake_ingest::{KindPlan, RowColumns, Stream};
use runlake_types::{Object, ProjectPath};

use crate::commit::Change;
use crate::compact::{RECORD_FILES, compact_project};
use crate::dropped::Dropped;
use crate::part_file::write_part_file;
use crate::runs_table::batch_of_runs;
use crate::table::{Table, TableName, Transaction};
use crate::table_writer::TableWriter;
use crate::{Error, ErrorKind, Lake, StoredRun};

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
    /// The histories once more, for lakes that have them in the long form, too.
    long: Option<TableWriter>,
    ended: Vec<StoredRun>,
    /// What the next commit takes out of each table.
    dropped_histories: Dropped,
    dropped_system: Dropped,
    dropped_runs: Dropped,
    transaction: Transaction,
}

impl LakeWriter {
    pub(crate) async fn new(lake: Lake, project: ProjectPath, plan: KindPlan, has_long_form: bool) -> Result<Self, Error> {
        let histories = Table::open(lake.location(), TableName::Histories).await?;
        let system = Table::open(lake.location(), TableName::SystemMetrics).await?;
        let long = if has_long_form { Some(Table::open(lake.location(), TableName::HistoriesLong).await?) } else { None };
        Ok(Self {
            histories: TableWriter::new(histories, project.clone(), Stream::History, plan),
            system_metrics: TableWriter::new(system, project.clone(), Stream::System, KindPlan::default()),
            long: long.map(|table| TableWriter::of_long_form(table, project.clone())),
            lake,
            project,
            ended: Vec::new(),
            dropped_histories: Dropped::default(),
            dropped_system: Dropped::default(),
            dropped_runs: Dropped::default(),
            transaction: Transaction::new(format!("runlake-{}", uuid::Uuid::now_v7())),
        })
    }

    /// Adds history rows of the run at hand, ascending by step; gives how many were left out since they have no step.
    ///
    /// # Errors
    /// When a full part file cannot be written.
    pub async fn push_history(&mut self, run_id: &str, rows: Vec<Object>) -> Result<u64, Error> {
        let (columns, rows_without_step) = RowColumns::of_rows(Stream::History, rows, self.plan());
        self.push_columns(run_id, columns).await?;
        Ok(rows_without_step)
    }

    /// Adds decoded history rows of the run at hand, ascending by step. [`LakeWriter::plan`] says of which kinds their columns should be.
    ///
    /// # Errors
    /// When a full part file cannot be written.
    pub async fn push_columns(&mut self, run_id: &str, rows: RowColumns) -> Result<(), Error> {
        if let Some(long) = &mut self.long {
            long.push_columns(run_id, rows.clone()).await?;
        }
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

    /// The run at hand is whole: it takes the place of what the lake has of it. Files that cannot be written fail the commit.
    pub async fn end_run(&mut self, run: StoredRun) {
        self.dropped_histories.whole_run(&run.record.path.run_id);
        self.finish_run(run).await;
    }

    /// The history rows given of the run at hand follow those that the lake has, of which those up to `stored_through` stay. Files that
    /// cannot be written fail the commit.
    pub async fn append_run(&mut self, run: StoredRun, stored_through: i64) {
        self.dropped_histories.rows_after(&run.record.path.run_id, stored_through);
        self.finish_run(run).await;
    }

    /// Nothing but the run's record changed: its rows stay.
    pub fn update_run(&mut self, run: StoredRun) {
        self.dropped_runs.whole_run(&run.record.path.run_id);
        self.ended.push(run);
    }

    async fn finish_run(&mut self, run: StoredRun) {
        self.dropped_system.whole_run(&run.record.path.run_id);
        self.dropped_runs.whole_run(&run.record.path.run_id);
        for table in self.tables() {
            table.end_run().await;
        }
        self.ended.push(run);
    }

    /// The run at hand could not be read: the lake keeps what it has of it.
    pub fn abandon_run(&mut self) {
        self.tables().for_each(TableWriter::abandon_run);
    }

    fn tables(&mut self) -> impl Iterator<Item = &mut TableWriter> {
        [&mut self.histories, &mut self.system_metrics].into_iter().chain(&mut self.long)
    }

    /// Takes a run out of the lake at the next commit.
    pub fn remove_run(&mut self, run_id: &str) {
        for dropped in [&mut self.dropped_histories, &mut self.dropped_system, &mut self.dropped_runs] {
            dropped.whole_run(run_id);
        }
    }

    /// Runs ended since the last commit.
    pub fn uncommitted_runs(&self) -> usize {
        self.ended.len()
    }

    /// About how many bytes their records take in memory.
    pub fn uncommitted_record_bytes(&self) -> usize {
        self.ended.iter().map(StoredRun::approximate_bytes).sum()
    }

    /// Makes the ended runs visible, in the place of what the lake had of them, and takes out the removed ones.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when other writers were faster again and again;
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when the disk is full or may not be written.
    pub async fn commit(&mut self) -> Result<(), Error> {
        if self.ended.is_empty() && self.dropped_runs.is_empty() {
            return Ok(());
        }
        let ended = std::mem::take(&mut self.ended);
        self.transaction.advance();
        let dropped = std::mem::take(&mut self.dropped_histories);
        if let Some(long) = &mut self.long {
            long.commit(&dropped, &self.transaction).await?;
        }
        self.histories.commit(&dropped, &self.transaction).await?;
        self.system_metrics.commit(&std::mem::take(&mut self.dropped_system), &self.transaction).await?;
        let dropped = std::mem::take(&mut self.dropped_runs);
        self.commit_runs(ended, &dropped).await
    }

    async fn commit_runs(&self, mut ended: Vec<StoredRun>, dropped: &Dropped) -> Result<(), Error> {
        ended.sort_by(|a, b| a.record.path.run_id.cmp(&b.record.path.run_id));
        let mut table = Table::open(self.lake.location(), TableName::Runs).await?;
        let staged = if ended.is_empty() {
            Vec::new()
        } else {
            vec![write_part_file(table.store(), self.project.clone(), vec![batch_of_runs(&ended)?]).await?]
        };
        let change = Change { project: &self.project, add: &staged, dropped, fields: &[], transaction: &self.transaction };
        let mut attempt = 1;
        while !change.try_commit(&mut table, attempt).await? {
            attempt += 1;
        }
        if table.part_files(Some(&self.project))?.len() > RECORD_FILES {
            match compact_project(&mut table, &self.project).await {
                Err(error) if matches!(error.kind(), ErrorKind::Conflict { .. }) => tracing::debug!(%error, "the next commit will do it"),
                done => drop(done?),
            }
        }
        Ok(())
    }
}
