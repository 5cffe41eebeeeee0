//! Part files that Polars cannot open itself, such as those of a bucket, read by the lake: of each only the columns that a query needs, all of
//! them in memory before the query goes on.

use std::any::Any;
use std::sync::Arc;

use futures::TryStreamExt as _;
use polars::prelude::{
    AnonymousScan, AnonymousScanArgs, Column, DataFrame, DataType, LazyFrame, PlSmallStr, PolarsError, PolarsResult, Scalar,
    ScanArgsAnonymous, Schema,
};
use runlake_lake::{SnapshotFile, TableSnapshot};

use crate::Error;
use crate::answer::on_a_thread;
use crate::bridge::frame_of_batch;

use super::lake_table::IDENTITY;

/// The files as one frame with the columns of `schema`, `entity` and `project`.
pub(super) fn lake_scan(snapshot: &TableSnapshot, schema: &Schema) -> Result<LazyFrame, Error> {
    let whole = IDENTITY[1..].iter().fold(schema.clone(), |mut whole, column| {
        whole.insert((*column).into(), DataType::String);
        whole
    });
    let arguments = ScanArgsAnonymous { schema: Some(Arc::new(whole)), name: "PART FILES OF THE LAKE", ..ScanArgsAnonymous::default() };
    let scan = FilesScan { files: snapshot.files.clone(), in_files: schema.clone() };
    Ok(LazyFrame::anonymous_scan(Arc::new(scan), arguments)?)
}

struct FilesScan {
    files: Vec<SnapshotFile>,
    /// The columns that stand in the files; `entity` and `project` do not.
    in_files: Schema,
}

impl AnonymousScan for FilesScan {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn allows_projection_pushdown(&self) -> bool {
        true
    }

    fn scan(&self, options: AnonymousScanArgs) -> PolarsResult<DataFrame> {
        let wanted: Vec<PlSmallStr> = match &options.with_columns {
            Some(columns) => columns.to_vec(),
            None => options.schema.iter_names_cloned().collect(),
        };
        let most_rows = options.n_rows.unwrap_or(usize::MAX);
        let mut whole = DataFrame::empty_with_schema(&options.schema.try_project(&wanted)?);
        for file in &self.files {
            if whole.height() >= most_rows {
                break;
            }
            let rows = read_elsewhere(file, &wanted, &self.in_files)?;
            if whole.height() == 0 {
                whole = rows;
            } else {
                whole.vstack_mut(&rows)?;
            }
        }
        Ok(if whole.height() > most_rows { whole.head(Some(most_rows)) } else { whole })
    }
}

/// Reads with a runtime of its own: Polars calls from its threads, some of which belong to a runtime and may not wait for another.
fn read_elsewhere(file: &SnapshotFile, wanted: &[PlSmallStr], in_files: &Schema) -> PolarsResult<DataFrame> {
    let read = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(read(file, wanted, in_files))
    };
    let stopped = || PolarsError::ComputeError(format!("{} could not be read: its reader stopped", file.address).into());
    on_a_thread(|| Ok(read())).unwrap_or_else(|_panic| Err(stopped()))
}

async fn read(file: &SnapshotFile, wanted: &[PlSmallStr], in_files: &Schema) -> PolarsResult<DataFrame> {
    let failed = |error: Error| PolarsError::ComputeError(format!("{} could not be read: {error}", file.address).into());
    // The first column is that of the runs, which every file has: it tells the rows of a file that has none of the others.
    let first = in_files.get_at_index(0).map(|(name, _)| name);
    let names: Vec<&str> = first.into_iter().chain(wanted).map(PlSmallStr::as_str).collect();
    let mut batches = file.read_columns(&names).await.map_err(|error| failed(error.into()))?;
    let mut whole: Option<DataFrame> = None;
    while let Some(batch) = batches.try_next().await.map_err(|error| failed(error.into()))? {
        let frame = frame_of_batch(&batch).map_err(failed)?;
        match &mut whole {
            Some(whole) => {
                whole.vstack_mut(&frame)?;
            }
            None => whole = Some(frame),
        }
    }
    let whole = whole.unwrap_or_default();
    let rows = whole.height();
    let text = |name: &PlSmallStr, value: &str| Column::new_scalar(name.clone(), Scalar::from(PlSmallStr::from_str(value)), rows);
    let column = |name: &PlSmallStr| -> PolarsResult<Column> {
        match (name.as_str(), whole.column(name)) {
            ("entity", _) => Ok(text(name, &file.project.entity)),
            ("project", _) => Ok(text(name, &file.project.project)),
            (_, Ok(column)) => Ok(column.clone()),
            (_, Err(_)) => Ok(Column::full_null(name.clone(), rows, in_files.try_get(name)?)),
        }
    };
    DataFrame::new(rows, wanted.iter().map(column).collect::<PolarsResult<Vec<_>>>()?)
}
