//! Part files that Polars cannot open itself, such as those of a bucket, read by the lake: a file at a time, and of it only the columns that
//! a query needs.

use std::any::Any;
use std::sync::Arc;

use futures::TryStreamExt as _;
use polars::prelude::{
    AnonymousScan, AnonymousScanArgs, Column, DataFrame, LazyFrame, PlSmallStr, PolarsError, PolarsResult, ScanArgsAnonymous, Schema,
    SchemaRef, UnionArgs, concat, lit,
};
use runlake_lake::{SnapshotFile, TableSnapshot};

use crate::Error;
use crate::bridge::frame_of_batch;

/// The files as one frame with the columns of `schema`, `entity` and `project`.
pub(super) fn lake_scan(snapshot: &TableSnapshot, schema: &Schema) -> Result<LazyFrame, Error> {
    let schema = Arc::new(schema.clone());
    let scan = |file: &SnapshotFile| {
        let arguments = ScanArgsAnonymous { schema: Some(Arc::clone(&schema)), name: "PART FILE OF THE LAKE", ..ScanArgsAnonymous::default() };
        let frame = LazyFrame::anonymous_scan(Arc::new(PartFileScan(file.clone())), arguments)?;
        let project = [lit(file.project.entity.as_str()).alias("entity"), lit(file.project.project.as_str()).alias("project")];
        Ok::<_, PolarsError>(frame.with_columns(project))
    };
    let frames = snapshot.files.iter().map(scan).collect::<Result<Vec<_>, _>>()?;
    // One after the other: each is held in memory whole.
    Ok(concat(frames, UnionArgs { parallel: false, ..UnionArgs::default() })?)
}

struct PartFileScan(SnapshotFile);

impl AnonymousScan for PartFileScan {
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
        let frame = read_elsewhere(&self.0, &wanted, &options.schema)?;
        Ok(options.n_rows.map_or_else(|| frame.clone(), |rows| frame.head(Some(rows))))
    }
}

/// Reads on a thread of its own: Polars calls from its threads, some of which belong to a runtime and may not wait for another.
fn read_elsewhere(file: &SnapshotFile, wanted: &[PlSmallStr], schema: &SchemaRef) -> PolarsResult<DataFrame> {
    let failed = |error: &dyn std::error::Error| PolarsError::ComputeError(format!("{} could not be read: {error}", file.address).into());
    let read = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(read(file, wanted, schema))
    };
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().name("part-file".to_owned()).spawn_scoped(scope, read)?;
        reader.join().unwrap_or_else(|_panic| Err(failed(&std::io::Error::other("its reader stopped"))))
    })
}

async fn read(file: &SnapshotFile, wanted: &[PlSmallStr], schema: &SchemaRef) -> PolarsResult<DataFrame> {
    let failed = |error: Error| PolarsError::ComputeError(format!("{} could not be read: {error}", file.address).into());
    // The first column is that of the runs, which every file has: it tells the rows of a file that has none of the others.
    let first = schema.get_at_index(0).map(|(name, _)| name);
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
    let column = |name: &PlSmallStr| -> PolarsResult<Column> {
        match whole.column(name) {
            Ok(column) => Ok(column.clone()),
            Err(_) => Ok(Column::full_null(name.clone(), rows, schema.try_get(name)?)),
        }
    };
    DataFrame::new(rows, wanted.iter().map(column).collect::<PolarsResult<Vec<_>>>()?)
}
