//! Small part files into large ones, and files that no version needs away from the disk.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{Field, Schema};
use deltalake::kernel::Add;
use futures::TryStreamExt;
use runlake_ingest::schema::STEP;
use runlake_types::ProjectPath;

use crate::commit::Replacement;
use crate::part_file::{PartFile, RUN_ID, write_part_file};
use crate::reader::read_part_file;
use crate::table::{Table, Transaction};
use crate::table_writer::conform;
use crate::{Error, Lake};

/// Files below this size are put together.
const SMALL_FILE_BYTES: u64 = 32 << 20;

/// What the files that become one have together, at most.
const LARGE_FILE_BYTES: u64 = 96 << 20;

/// Files of runs' records that a project may have before an export puts them together.
pub(crate) const RECORD_FILES: usize = 8;

/// What [`compact`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compaction {
    /// Part files that were put together.
    pub files_before: usize,
    /// Part files that came of them.
    pub files_after: usize,
}

/// Puts the small part files of every table together. No row changes; readers of older versions find their files until they are vacuumed.
///
/// # Errors
/// When a table cannot be read or written. What was put together until then stays.
pub async fn compact(lake: &Lake) -> Result<Compaction, Error> {
    let mut done = Compaction::default();
    for name in lake.table_names().await? {
        let mut table = lake.table(name).await?;
        let mut projects: Vec<ProjectPath> = table.part_files(None)?.into_iter().map(|file| file.project).collect();
        projects.dedup();
        for project in projects {
            let project_done = compact_project(&mut table, &project).await?;
            done.files_before += project_done.files_before;
            done.files_after += project_done.files_after;
        }
    }
    Ok(done)
}

/// Puts the small part files of one project together.
pub(crate) async fn compact_project(table: &mut Table, project: &ProjectPath) -> Result<Compaction, Error> {
    let mut done = Compaction::default();
    let mut groups: Vec<Vec<PartFile>> = Vec::new();
    let mut group_bytes = u64::MAX;
    for file in table.part_files(Some(project))?.into_iter().filter(|file| file.size_bytes < SMALL_FILE_BYTES) {
        if group_bytes.saturating_add(file.size_bytes) > LARGE_FILE_BYTES {
            groups.push(Vec::new());
            group_bytes = 0;
        }
        group_bytes += file.size_bytes;
        groups.last_mut().expect("a group was just begun").push(file);
    }
    let mut transaction = Transaction::new(format!("runlake-compact-{}", uuid::Uuid::now_v7()));
    for group in groups.into_iter().filter(|group| group.len() > 1) {
        let add = together(table, project, &group).await?;
        transaction.advance();
        done.files_before += group.len();
        done.files_after += 1;
        let remove = group.into_iter().map(PartFile::into_remove).collect();
        Replacement { add: vec![add], remove, transaction: &transaction }.commit(table).await?;
    }
    Ok(done)
}

/// One part file with the rows of several, in order of run and step, and otherwise in the order in which they were.
async fn together(table: &Table, project: &ProjectPath, files: &[PartFile]) -> Result<Add, Error> {
    let mut batches: Vec<RecordBatch> = Vec::new();
    for file in files {
        batches.extend(read_part_file(table.store(), file).await?.try_collect::<Vec<_>>().await?);
    }
    let is_there = |field: &&Arc<Field>| batches.iter().any(|batch| batch.schema_ref().column_with_name(field.name()).is_some());
    let schema = Arc::new(Schema::new(table.schema().fields().iter().filter(is_there).cloned().collect::<Vec<_>>()));
    let batches = batches.iter().map(|batch| conform(batch, &schema)).collect::<Result<Vec<_>, _>>()?;
    let sorted = tokio::task::spawn_blocking(move || sort_rows(&schema, &batches)).await.map_err(|stopped| Error::stopped(&stopped))??;
    let mut add = write_part_file(table.store(), project.clone(), vec![sorted]).await?;
    add.data_change = false;
    Ok(add)
}

fn sort_rows(schema: &Arc<Schema>, batches: &[RecordBatch]) -> Result<RecordBatch, Error> {
    let sort = || {
        let all = concat_batches(schema, batches)?;
        let position: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..all.num_rows() as u64));
        let keys = [RUN_ID, STEP].iter().filter_map(|name| all.column_by_name(name)).chain([&position]);
        let keys: Vec<SortColumn> = keys.map(|values| SortColumn { values: Arc::clone(values), options: None }).collect();
        take_record_batch(&all, &lexsort_to_indices(&keys, None)?)
    };
    sort().map_err(|error| runlake_ingest::Error::from(error).into())
}

/// Deletes part files that no version of the last `keep` needs, and those that no version ever had, when they are as old; gives their names.
/// With `dry_run` nothing is deleted.
///
/// Whoever reads or writes the lake with a version older than `keep` fails, so it should be longer than any job takes.
///
/// # Errors
/// When a table cannot be read, or a file cannot be deleted.
pub async fn vacuum(lake: &Lake, keep: Duration, dry_run: bool) -> Result<Vec<String>, Error> {
    let mut deleted = Vec::new();
    for name in lake.table_names().await? {
        let files = lake.table(name).await?.vacuum(keep, dry_run).await?;
        deleted.extend(files.into_iter().map(|file| format!("{}/{file}", name.as_str())));
    }
    Ok(deleted)
}
