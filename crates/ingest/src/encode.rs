//! Rows of JSON into record batches: the one place where the data model's rules on types are applied.
//!
//! A value that does not fit its column goes to `_rescued_data` of the same row, an integer that float64 cannot hold goes to both;
//! nothing is lost and no row depends on its neighbours.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use runlake_types::{ColumnSet, Json, KeyPath, Kind, KindCounts, Object, flatten, unflatten};

use crate::schema::{RESCUED, RUNTIME, STEP, TIMESTAMP, metric_field};
use crate::{Error, KindPlan};

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
    plan: KindPlan,
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
    pub fn new(stream: Stream, columns: ColumnSet, plan: KindPlan) -> Self {
        Self { stream, columns, plan, has_rescued: stream == Stream::History }
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
        let mut sheet = Sheet::new(rows.len());
        let mut rows_without_step = 0;
        let mut leaves_of_rows = Vec::with_capacity(rows.len());
        for mut row in rows {
            let step = match self.stream {
                Stream::System => {
                    // The service marks event lines with `"_wandb": true`; it is no measurement.
                    row.remove("_wandb");
                    0
                }
                Stream::History => {
                    let Some(step) = row.remove(STEP).as_ref().and_then(Json::as_number).and_then(runlake_types::Number::as_i64) else {
                        rows_without_step += 1;
                        continue;
                    };
                    step
                }
            };
            sheet.begin_row(step, &mut row);
            leaves_of_rows.push(flatten(row));
        }
        self.count_unplanned(&leaves_of_rows);
        for (row, leaves) in leaves_of_rows.into_iter().enumerate() {
            let mut rescued = std::mem::take(&mut sheet.rescued[row]);
            for (path, value) in leaves {
                if value == Json::Null {
                    continue;
                }
                let kind = self.plan.kind(&path).unwrap_or(Kind::Number);
                let position = self.columns.position_or_add(&path, kind);
                let column = sheet.cells.entry(position).or_insert_with(|| CellColumn::new(self.columns.columns()[position].kind));
                if let Some(misfit) = column.put(row, value) {
                    rescued.push((path, misfit));
                }
            }
            sheet.rescued[row] = rescued;
        }
        self.has_rescued |= sheet.rescued.iter().any(|leaves| !leaves.is_empty());
        Ok(Encoded { batch: sheet.finish(self.stream, &self.columns)?, rows_without_step })
    }

    /// Keys that the plan does not know, because they were first logged while the job ran: their kind is the majority of these rows.
    fn count_unplanned(&mut self, leaves_of_rows: &[Vec<(KeyPath, Json)>]) {
        let mut counted: BTreeMap<&KeyPath, KindCounts> = BTreeMap::new();
        for (path, value) in leaves_of_rows.iter().flatten() {
            if let Some(kind) = Kind::of(value).filter(|_| self.columns.position(path).is_none() && self.plan.kind(path).is_none()) {
                let kind = if self.stream == Stream::System { Kind::Number } else { kind };
                counted.entry(path).or_default().add(kind, 1);
            }
        }
        for (path, counts) in counted {
            self.plan.add_counts(path, &counts);
        }
    }
}

/// The columns of one batch while they grow.
struct Sheet {
    steps: Int64Builder,
    timestamps: Float64Builder,
    runtimes: Float64Builder,
    cells: BTreeMap<usize, CellColumn>,
    rescued: Vec<Vec<(KeyPath, Json)>>,
}

impl Sheet {
    fn new(rows: usize) -> Self {
        Self {
            steps: Int64Builder::with_capacity(rows),
            timestamps: Float64Builder::with_capacity(rows),
            runtimes: Float64Builder::with_capacity(rows),
            cells: BTreeMap::new(),
            rescued: Vec::with_capacity(rows),
        }
    }

    fn begin_row(&mut self, step: i64, row: &mut Object) {
        let mut rescued = Vec::new();
        self.steps.append_value(step);
        for (key, builder) in [(TIMESTAMP, &mut self.timestamps), (RUNTIME, &mut self.runtimes)] {
            let fitted = row.remove(key).filter(|value| *value != Json::Null).map(fit_number);
            builder.append_option(fitted.as_ref().and_then(|fitted| fitted.0));
            if let Some((_, Some(misfit))) = fitted {
                rescued.push((KeyPath::top_level(key), misfit));
            }
        }
        self.rescued.push(rescued);
    }

    fn finish(mut self, stream: Stream, columns: &ColumnSet) -> Result<RecordBatch, Error> {
        let rows = self.rescued.len();
        let mut fields = Vec::with_capacity(self.cells.len() + 4);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.cells.len() + 4);
        if stream == Stream::History {
            fields.push(Field::new(STEP, DataType::Int64, false));
            arrays.push(Arc::new(self.steps.finish()));
        }
        fields.push(Field::new(TIMESTAMP, DataType::Float64, true));
        arrays.push(Arc::new(self.timestamps.finish()));
        fields.push(Field::new(RUNTIME, DataType::Float64, true));
        arrays.push(Arc::new(self.runtimes.finish()));
        for (position, cells) in self.cells {
            fields.push(metric_field(&columns.columns()[position]));
            arrays.push(cells.finish(rows));
        }
        if stream == Stream::History || self.rescued.iter().any(|leaves| !leaves.is_empty()) {
            let mut texts = StringBuilder::with_capacity(rows, 0);
            for leaves in self.rescued {
                texts.append_option((!leaves.is_empty()).then(|| Json::Object(unflatten(leaves)).to_canonical_text()));
            }
            fields.push(Field::new(RESCUED, DataType::Utf8, true));
            arrays.push(Arc::new(texts.finish()));
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
    }
}

/// One metric's cells; rows in which the key was not logged are filled with nulls when the next value comes.
enum CellColumn {
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder, Kind),
}

impl CellColumn {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Number => Self::Number(Float64Builder::new()),
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::String | Kind::Json => Self::Text(StringBuilder::new(), kind),
        }
    }

    /// Puts the value of `row`, and gives back what the column cannot hold exactly.
    fn put(&mut self, row: usize, value: Json) -> Option<Json> {
        self.fill_to(row);
        match (self, value) {
            (Self::Number(builder), value) => {
                let (number, misfit) = fit_number(value);
                builder.append_option(number);
                misfit
            }
            (Self::Boolean(builder), Json::Bool(value)) => {
                builder.append_value(value);
                None
            }
            (Self::Text(builder, Kind::String), Json::String(text)) => {
                builder.append_value(text);
                None
            }
            (Self::Text(builder, Kind::Json), value) => {
                builder.append_value(value.to_canonical_text());
                None
            }
            (_, misfit) => Some(misfit),
        }
    }

    fn fill_to(&mut self, rows: usize) {
        use arrow::array::ArrayBuilder;
        match self {
            Self::Number(builder) => builder.append_nulls(rows.saturating_sub(builder.len())),
            Self::Boolean(builder) => builder.append_nulls(rows.saturating_sub(builder.len())),
            Self::Text(builder, _) => (builder.len()..rows).for_each(|_| builder.append_null()),
        }
    }

    fn finish(mut self, rows: usize) -> ArrayRef {
        self.fill_to(rows);
        match self {
            Self::Number(mut builder) => Arc::new(builder.finish()),
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder, _) => Arc::new(builder.finish()),
        }
    }
}

/// The float64 that stands for `value`, and the value itself when float64 does not hold it exactly.
fn fit_number(value: Json) -> (Option<f64>, Option<Json>) {
    match value {
        Json::Number(number) => {
            let float = number.as_f64();
            if number.is_exact_f64() { (Some(float), None) } else { (Some(float), Some(Json::Number(number))) }
        }
        Json::String(text) => match Json::special_float(&text) {
            Some(float) => (Some(float), None),
            None => (None, Some(Json::String(text))),
        },
        other => (None, Some(other)),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Float64Type;

    use super::*;
    use crate::rows_of_batch;

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
