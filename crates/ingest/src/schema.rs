//! Names, dtypes and field metadata of the columns that record batches of runlake have.
//!
//! Each metric's field says in its metadata what it holds ([`KIND_KEY`]) and which key it came from ([`PATH_KEY`]). The metadata is
//! kept in Parquet files and in the Delta schema, so that any later reader can rebuild the rows.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};
use runlake_types::{KeyPath, Kind, MetricColumn};

/// Field metadata: `number`, `boolean`, `string` or `json`.
pub const KIND_KEY: &str = "runlake.kind";
/// Field metadata: the parts of the key as a JSON array of strings.
pub const PATH_KEY: &str = "runlake.path";

/// The step: int64, never null, ascending within a run.
pub const STEP: &str = "_step";
/// When the row was logged: float64, seconds since the Unix epoch.
pub const TIMESTAMP: &str = "_timestamp";
/// How long the run had been going: float64, seconds.
pub const RUNTIME: &str = "_runtime";
/// What did not fit its column: utf8, a JSON object that nests like the row; null when everything fitted.
pub const RESCUED: &str = "_rescued_data";

/// The dtype of columns of `kind`.
pub fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Number => DataType::Float64,
        Kind::Boolean => DataType::Boolean,
        Kind::String | Kind::Json => DataType::Utf8,
    }
}

/// The Arrow field of a metric's column. Nullable: not every row has every key.
pub fn metric_field(column: &MetricColumn) -> Field {
    let metadata =
        HashMap::from([(KIND_KEY.to_owned(), column.kind.as_str().to_owned()), (PATH_KEY.to_owned(), column.path.to_json_text())]);
    Field::new(&column.name, data_type(column.kind), true).with_metadata(metadata)
}

/// Reads what [`metric_field`] wrote; `None` for a field that is no metric's.
pub fn metric_column(field: &Field) -> Option<MetricColumn> {
    let kind = Kind::from_name(field.metadata().get(KIND_KEY)?)?;
    let path = KeyPath::from_json_text(field.metadata().get(PATH_KEY)?)?;
    Some(MetricColumn { name: field.name().clone(), path, kind })
}
