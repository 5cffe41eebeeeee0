//! The best value that each run reached of one metric, and when.

use polars::prelude::{SortMultipleOptions, col};
use runlake_lake::Lake;
use runlake_types::ProjectPath;

use crate::{Error, column_name, histories};

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Smaller ones, such as losses.
    Minimize,
    /// Larger ones, such as accuracies.
    Maximize,
}

/// The best value of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// The run.
    pub run_id: String,
    /// Its rows that have the metric.
    pub rows: u64,
    /// The best value. Never NaN.
    pub value: f64,
    /// The first step that has it.
    pub step: i64,
}

/// The best value of `key` in each run that has a number for it, the best run first; equal runs by id. NaN is never best.
///
/// # Errors
/// [`ErrorKind::UnknownKey`](crate::ErrorKind::UnknownKey) when no run has the key.
pub async fn best(lake: &Lake, project: &ProjectPath, key: &str, goal: Goal) -> Result<Vec<Best>, Error> {
    let column = column_name(lake, key).await?;
    let descending = goal == Goal::Maximize;
    let rows = histories(lake, project).await?.select([col("run_id"), col("_step"), col(column.as_str()).alias("value")]);
    let rows = rows.filter(col("value").is_not_null().and(col("value").is_not_nan()));
    let by_value = SortMultipleOptions::default().with_order_descending_multi([descending, false]).with_maintain_order(true);
    let first = |name: &str| col(name).sort_by([col("value"), col("_step")], by_value.clone()).first();
    let query = rows
        .group_by([col("run_id")])
        .agg([
            first("value").alias("best"),
            first("_step").alias("step"),
            col("value").count().alias("rows").cast(polars::prelude::DataType::Int64),
        ])
        .sort_by_exprs([col("best"), col("run_id")], SortMultipleOptions::default().with_order_descending_multi([descending, false]));
    // Polars brings its own threads; on the runtime's own it would hold up every other task.
    let frame = tokio::task::spawn_blocking(move || query.collect()).await.expect("the query does not panic")?;
    let (runs, values, steps, rows) =
        (frame.column("run_id")?.str()?, frame.column("best")?.f64()?, frame.column("step")?.i64()?, frame.column("rows")?.i64()?);
    let found = (0..frame.height()).filter_map(|row| {
        Some(Best {
            run_id: runs.get(row)?.to_owned(),
            rows: u64::try_from(rows.get(row)?).ok()?,
            value: values.get(row)?,
            step: steps.get(row)?,
        })
    });
    Ok(found.collect())
}
