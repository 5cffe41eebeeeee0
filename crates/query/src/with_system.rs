//! Metrics with what the machine did meanwhile: history rows joined with the events stream by time.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::datatypes::{Field, Float64Type, Schema};
use polars::prelude::DataFrame;
use runlake_curves::Curve;
use runlake_curves::align::{AsOf, as_of};
use runlake_ingest::schema::TIMESTAMP;
use runlake_lake::{Lake, RowsOf, TableName};

use crate::bridge::frame_of_batch;
use crate::keys::{names_of, resolve_keys, resolve_number_keys};
use crate::limits::checked_tolerance;
use crate::run_curves::{CurvePlan, curves_of_runs};
use crate::run_rows::{RowPlan, rows_of_runs};
use crate::{DEFAULT_MOST_POINTS, Error, ErrorKind, KeyPattern, Selection};

/// Which reading of the machine belongs to a row, by wall clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SystemJoin {
    /// Where the reading may lie, by default on either side.
    pub direction: AsOf,
    /// How many seconds away it may lie, by default 60.
    pub tolerance_seconds: f64,
}

impl Default for SystemJoin {
    fn default() -> Self {
        Self { direction: AsOf::Nearest, tolerance_seconds: 60.0 }
    }
}

/// A row for each history row that has one of `keys`: `run_id`, `project` where there are several, `_step`, `_timestamp`, `_runtime`, the
/// keys as they were logged, and each system metric float64, null where no reading lies near enough; where a key has the name of a system
/// metric, that is `other NAME`. By run and step. No patterns are all keys and all system metrics.
///
/// # Errors
/// Those of [`Selection::runs`] and of keys; [`ErrorKind::NoValues`] when no row has one of the keys, or no run has a reading near a row.
pub async fn with_system_metrics(
    lake: &Lake,
    selection: &Selection,
    keys: &[KeyPattern],
    system_keys: &[KeyPattern],
    join: SystemJoin,
) -> Result<DataFrame, Error> {
    checked_tolerance(Some(join.tolerance_seconds))?;
    let lake = &lake.pinned(&[TableName::Runs, TableName::Histories, TableName::SystemMetrics]).await?;
    let runs = selection.runs(lake).await?;
    let system = resolve_number_keys(system_keys, &lake.system_metric_columns().await?)?;
    if system.is_empty() {
        return Err(ErrorKind::NoValues { question: "system metrics".to_owned(), reason: "the lake has none".to_owned() }.into());
    }
    let plan = CurvePlan {
        rows_of: RowsOf::SystemMetrics,
        axis: TIMESTAMP.to_owned(),
        keys: system.iter().map(|key| key.name.clone()).collect(),
        steps: None,
        most_points: DEFAULT_MOST_POINTS,
    };
    let (readings, _) = curves_of_runs(lake, &runs, &plan, |_, curves| curves).await?;
    let rows = RowPlan {
        keys: resolve_keys(keys, &lake.metric_columns().await?)?,
        steps: None,
        require_all: false,
        most_points: DEFAULT_MOST_POINTS,
    };
    let of_rows = names_of(&rows.keys);
    let named = |name: String| if of_rows.contains(&name) { format!("other {name}") } else { name };
    let names: Vec<String> = names_of(&system).into_iter().map(named).collect();
    let names_of_rows = names.clone();
    let joined = move |run: usize, rows: RecordBatch| add_readings(&rows, &names_of_rows, &readings[run], join);
    let (batch, _) = rows_of_runs(lake, &runs, &rows, joined).await?;
    let is_missing = |key: &str| batch.column_by_name(key).is_none_or(|column| column.null_count() == column.len());
    let reason = if batch.num_rows() == 0 {
        format!("none of the {} runs has rows with these keys", runs.len())
    } else if names.iter().all(|name| is_missing(name)) {
        format!("no reading lies within {} s of a row", join.tolerance_seconds)
    } else {
        return frame_of_batch(&batch);
    };
    Err(ErrorKind::NoValues { question: "the join with system metrics".to_owned(), reason }.into())
}

/// The rows with the reading of each system metric that belongs to them.
fn add_readings(rows: &RecordBatch, names: &[String], readings: &[Curve], join: SystemJoin) -> Result<RecordBatch, Error> {
    let times = rows.column_by_name(TIMESTAMP).and_then(|times| times.as_primitive_opt::<Float64Type>());
    // A row without a time lies near nothing.
    let times: Vec<f64> = times.into_iter().flatten().map(|time| time.unwrap_or(f64::NAN)).collect();
    let mut fields: Vec<Arc<Field>> = rows.schema_ref().fields().iter().cloned().collect();
    let mut columns = rows.columns().to_vec();
    for (name, curve) in names.iter().zip(readings) {
        let found = as_of(curve, &times, join.direction, Some(join.tolerance_seconds));
        let values: ArrayRef = Arc::new(found.iter().collect::<Float64Array>());
        fields.push(Arc::new(Field::new(name, values.data_type().clone(), true)));
        columns.push(values);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
