//! The rows of many runs as one lazy frame, so that projections and predicates reach the Parquet files.

use polars::prelude::{LazyFrame, PlRefPath, ScanArgsParquet, UnionArgs, concat_lf_diagonal};
use runlake_lake::Lake;
use runlake_types::ProjectPath;

use crate::Error;

/// Every history row of a project: `run_id`, `_step`, `_timestamp`, `_runtime`, one column per metric, `_rescued_data`. One row per run and
/// step, by run id and step within each part file. A metric that a run did not log is null.
///
/// # Errors
/// [`ErrorKind::Lake`] when the lake does not hold the project.
pub async fn histories(lake: &Lake, project: &ProjectPath) -> Result<LazyFrame, Error> {
    if lake.runs(project).await?.is_empty() {
        return Err(lake.project_not_found(project).await?.into());
    }
    let scan = |file: String| LazyFrame::scan_parquet(PlRefPath::new(&file), ScanArgsParquet::default());
    let frames = lake.history_files(project).await?.into_iter().map(scan).collect::<Result<Vec<_>, _>>()?;
    if frames.is_empty() {
        return Ok(LazyFrame::default());
    }
    Ok(concat_lf_diagonal(frames, UnionArgs::default())?)
}
