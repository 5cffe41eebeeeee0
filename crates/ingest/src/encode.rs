//! Rows into the record batches of one table: the one place where columns get their names.
//!
//! A value that does not fit its column goes to `_rescued_data` of the same row, an integer that float64 cannot hold goes to both;
//! nothing is lost and no row depends on its neighbours.

use std::sync::Arc;

use arrow::array::RecordBatch;
use runlake_types::{ColumnSet, Object};

use crate::{Error, KindPlan, RowColumns};

/// Which of a run's two streams rows belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// What the user logged: `_step`, `_timestamp`, `_runtime`, metrics, `_rescued_data`.
    History,
    /// What the client measured of the machine: `_timestamp`, `_runtime`, numbers named `system.*`, and `_rescued_data` only when
    /// something did not fit.
    System,
}

/// Turns rows into record batches whose columns come from one [`ColumnSet`].
#[derive(Debug)]
pub struct Encoder {
    stream: Stream,
    columns: ColumnSet,
    plan: Arc<KindPlan>,
    has_rescued: bool,
}

/// The outcome of [`Encoder::encode`].
#[derive(Debug)]
pub struct Encoded {
    /// The rows, in the order given. Columns: those of the stream, and the metrics that occur in these rows, in the column set's order.
    pub batch: RecordBatch,
    /// Rows left out because they have no `_step`, which the official reader leaves out as well.
    pub rows_without_step: u64,
}

impl Encoder {
    /// An encoder that adds to `columns` and takes the kinds of new columns from `plan`.
    pub fn new(stream: Stream, columns: ColumnSet, mut plan: KindPlan) -> Self {
        plan.fix_columns(&columns);
        Self { stream, columns, plan: Arc::new(plan), has_rescued: stream == Stream::History }
    }

    /// The plan by which decoders choose the kinds of columns, so that [`Encoder::place`] takes their arrays as they are.
    pub fn plan(&self) -> &Arc<KindPlan> {
        &self.plan
    }

    /// The columns so far: those given, and those of every row encoded since.
    pub fn columns(&self) -> &ColumnSet {
        &self.columns
    }

    /// Whether any batch so far has the column `_rescued_data`; those of the history always do.
    pub fn has_rescued(&self) -> bool {
        self.has_rescued
    }

    /// Encodes rows of one run.
    ///
    /// # Errors
    /// Only when Arrow refuses the columns, which would be a fault of this crate.
    pub fn encode(&mut self, rows: Vec<Object>) -> Result<Encoded, Error> {
        let (columns, rows_without_step) = RowColumns::of_rows(self.stream, rows, &self.plan);
        Ok(Encoded { batch: self.place(columns)?, rows_without_step })
    }

    /// Gives the columns of decoded rows of one run their names.
    ///
    /// # Errors
    /// As [`RowColumns::place`].
    pub fn place(&mut self, rows: RowColumns) -> Result<RecordBatch, Error> {
        let batch = rows.place(&mut self.columns)?;
        self.has_rescued |= batch.schema_ref().column_with_name(crate::schema::RESCUED).is_some();
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Float64Type;
    use runlake_types::{Json, KeyPath, KindCounts};

    use super::*;
    use crate::rows_of_batch;
    use crate::schema::RESCUED;

    fn objects(rows: &[&str]) -> Vec<Object> {
        rows.iter().map(|row| Json::parse_object(row).unwrap()).collect()
    }

    fn encode(rows: &[&str]) -> RecordBatch {
        Encoder::new(Stream::History, ColumnSet::new(), KindPlan::default()).encode(objects(rows)).unwrap().batch
    }

    #[test]
    fn four_things_that_are_no_number_stay_four_things() {
        let batch = encode(&[
            r#"{"_step":0,"x":NaN}"#,
            r#"{"_step":1,"x":"Infinity"}"#,
            r#"{"_step":2,"x":-Infinity}"#,
            r#"{"_step":3,"x":null}"#,
            r#"{"_step":4,"x":1}"#,
        ]);
        let x = batch["x"].as_primitive::<Float64Type>();
        assert!(x.value(0).is_nan());
        assert_eq!((x.value(1), x.value(2), x.is_null(3), x.value(4)), (f64::INFINITY, f64::NEG_INFINITY, true, 1.0));
        assert_eq!(batch[RESCUED].null_count(), 5);
    }

    #[test]
    fn what_does_not_fit_is_rescued_at_its_true_path() {
        let batch = encode(&[
            r#"{"_step":0,"a":{"b":1},"big":9007199254740993}"#,
            r#"{"_step":1,"a":{"b":2},"big":1}"#,
            r#"{"_step":2,"a":{"b":"x"},"big":2}"#,
        ]);
        let rescued = batch[RESCUED].as_string::<i32>();
        assert_eq!(rescued.value(0), r#"{"big":9007199254740993}"#);
        assert!(rescued.is_null(1));
        assert_eq!(rescued.value(2), r#"{"a":{"b":"x"}}"#);
    }

    #[test]
    fn the_plan_decides_before_the_rows_do() {
        let mut plan = KindPlan::default();
        plan.add_counts(&KeyPath::top_level("x"), &KindCounts { string: 5, number: 2, ..KindCounts::default() });
        let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), plan);
        let batch = encoder.encode(objects(&[r#"{"_step":0,"x":1}"#, r#"{"_step":1,"x":"s"}"#])).unwrap().batch;
        assert_eq!(batch["x"].as_string::<i32>().value(1), "s");
        assert_eq!(batch[RESCUED].as_string::<i32>().value(0), r#"{"x":1}"#);
    }

    #[test]
    fn rows_without_a_step_are_counted() {
        let encoded = Encoder::new(Stream::History, ColumnSet::new(), KindPlan::default())
            .encode(objects(&[r#"{"x":1}"#, r#"{"_step":1.0,"x":1}"#]))
            .unwrap();
        assert_eq!((encoded.batch.num_rows(), encoded.rows_without_step), (1, 1));
    }

    #[test]
    fn every_row_can_be_rebuilt() {
        let rows = [
            r#"{"_runtime":0.5,"_step":0,"_timestamp":1790000000.25,"Loss":1,"a":{"b":1},"a.b":"flat","deep":{"x":{"y":[1,{"z":2}]}},"empty":{},"h":{"_type":"histogram","bins":[0,1],"values":[3]},"loss":2.5,"ok":true,"损失":0.1}"#,
            r#"{"_step":7,"a":5,"big":123456789012345678901234567890,"entity":"taken","ok":"yes"}"#,
            r#"{"_step":8,"h":"not a histogram","loss":"text","ok":false}"#,
            r#"{"_step":9}"#,
        ];
        let rebuilt: Vec<String> =
            rows_of_batch(&encode(&rows)).unwrap().into_iter().map(|row| Json::Object(row).to_canonical_text()).collect();
        let expected: Vec<String> = rows.iter().map(|row| Json::parse(row).unwrap().to_canonical_text()).collect();
        assert_eq!(rebuilt, expected);
    }
}
