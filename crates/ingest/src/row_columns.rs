//! Rows of one run as columns that have no place in a table yet: what every decoder makes, whatever it reads.
//!
//! A decoder knows keys by their true path and takes the kinds of their columns from a [`KindPlan`], which does not change while it works,
//! so decoders run on any thread in any order. Names are given afterwards, by the one [`Encoder`](crate::Encoder) of a table, in the
//! order of the rows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBufferBuilder, Float64Array, Float64Builder, Int64Array, Int64Builder, RecordBatch,
    RecordBatchOptions, StringArray, UInt64Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema};
use runlake_types::{ColumnSet, Json, KeyPath, Kind, KindCounts, Number, Object, flatten, key_selects, unflatten};

use crate::cells::{CellColumn, fit_number, number, value_at};
use crate::schema::{RESCUED, RUNTIME, STEP, TIMESTAMP, metric_field};
use crate::{Error, KindPlan, Stream};

/// Rows of one run. All arrays are of one length.
#[derive(Clone, Debug)]
pub struct RowColumns {
    /// int64 without nulls; `None` for rows of the events stream, which have no steps.
    pub steps: Option<Int64Array>,
    /// Seconds since the Unix epoch.
    pub timestamps: Float64Array,
    /// Seconds.
    pub runtimes: Float64Array,
    /// The metrics that have a value in these rows, by path, each path once.
    pub metrics: Vec<MetricValues>,
    /// What the columns cannot hold exactly: a JSON object a row, as canonical text; `None` when everything fitted.
    pub rescued: Option<StringArray>,
}

/// The values of one metric.
#[derive(Clone, Debug)]
pub struct MetricValues {
    /// Where the metric stands in a row.
    pub path: Arc<KeyPath>,
    /// What the values are: the kind that the plan has for the path, or that of the majority of these rows when the plan does not know it.
    pub kind: Kind,
    /// float64, boolean or utf8 by [`schema::data_type`](crate::schema::data_type); null where the row does not have the metric.
    pub values: ArrayRef,
}

/// A value that no column holds exactly: its row and its true path.
pub(crate) type Misfit = (usize, Arc<KeyPath>, Json);

impl RowColumns {
    /// The columns of rows in hand, in the order given, and how many rows were left out since they have no `_step`.
    ///
    /// The plain way, by which faster decoders are tested: any row, any value.
    pub fn of_rows(stream: Stream, rows: Vec<Object>, plan: &KindPlan) -> (Self, u64) {
        let mut sheet = Sheet::default();
        let mut leaves_of_rows = Vec::with_capacity(rows.len());
        let mut rows_without_step = 0;
        for mut row in rows {
            match stream {
                // The service marks event lines with `"_wandb": true`; it is no measurement.
                Stream::System => drop(row.remove("_wandb")),
                Stream::History => {
                    let Some(step) = row.remove(STEP).as_ref().and_then(Json::as_number).and_then(Number::as_i64) else {
                        rows_without_step += 1;
                        continue;
                    };
                    sheet.steps.append_value(step);
                }
            }
            sheet.begin_row(&mut row);
            leaves_of_rows.push(flatten(row));
        }
        let kinds = kinds_of_new_keys(stream, &leaves_of_rows, plan);
        for (row, leaves) in leaves_of_rows.into_iter().enumerate() {
            for (path, value) in leaves.into_iter().filter(|(_, value)| *value != Json::Null) {
                if !sheet.cells.contains_key(&path) {
                    let kind = plan.kind(&path).or_else(|| kinds.get(&path).map(KindCounts::majority)).unwrap_or(Kind::Number);
                    sheet.cells.insert(path.clone(), CellColumn::new(kind));
                }
                let misfit = sheet.cells.get_mut(&path).and_then(|cells| cells.put(row, value));
                sheet.rescued[row].extend(misfit.map(|misfit| (path, misfit)));
            }
        }
        (sheet.finish(stream), rows_without_step)
    }

    /// Rows with these columns; `metrics` need no order, `misfits` are what no column holds.
    pub(crate) fn assemble(
        steps: Int64Array,
        timestamps: Float64Array,
        runtimes: Float64Array,
        mut metrics: Vec<MetricValues>,
        mut misfits: Vec<Misfit>,
    ) -> Self {
        metrics.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        misfits.sort_by_key(|(row, _, _)| *row);
        let mut misfits = misfits.into_iter().peekable();
        let rescued = misfits.peek().is_some().then(|| {
            let of_row = |row| {
                std::iter::from_fn(|| misfits.next_if(|misfit| misfit.0 == row))
                    .map(|(_, path, value)| (KeyPath::clone(&path), value))
                    .collect()
            };
            rescued_texts((0..timestamps.len()).map(of_row))
        });
        Self { steps: Some(steps), timestamps, runtimes, metrics, rescued }
    }

    /// The rows at these positions.
    ///
    /// # Errors
    /// Only when Arrow refuses the columns, which would be a fault of this crate.
    pub(crate) fn take(&self, positions: &UInt64Array) -> Result<Self, Error> {
        let steps = self.steps.as_ref().map(|steps| take(steps, positions, None)).transpose()?;
        let rescued = self.rescued.as_ref().map(|rescued| take(rescued, positions, None)).transpose()?;
        let metrics =
            self.metrics.iter().map(|metric| Ok(MetricValues { values: take(&metric.values, positions, None)?, ..metric.clone() }));
        Ok(Self {
            steps: steps.map(|steps| steps.as_primitive().clone()),
            timestamps: take(&self.timestamps, positions, None)?.as_primitive().clone(),
            runtimes: take(&self.runtimes, positions, None)?.as_primitive().clone(),
            metrics: metrics.collect::<Result<_, Error>>()?,
            rescued: rescued.map(|rescued| rescued.as_string().clone()),
        })
    }

    /// The row at `row` as it was logged, value for value; nulls are left out, integral floats are integers.
    ///
    /// # Errors
    /// [`ErrorKind::Column`](crate::ErrorKind::Column) when a column's dtype is not that of its kind, or a JSON column holds other text.
    pub fn row(&self, row: usize) -> Result<Object, Error> {
        let mut leaves = Vec::with_capacity(self.metrics.len() + 3);
        if let Some(steps) = &self.steps {
            leaves.push((KeyPath::top_level(STEP), Json::from(steps.value(row))));
        }
        for (key, seconds) in [(TIMESTAMP, &self.timestamps), (RUNTIME, &self.runtimes)] {
            if seconds.is_valid(row) {
                leaves.push((KeyPath::top_level(key), number(seconds.value(row))));
            }
        }
        for metric in self.metrics.iter().filter(|metric| metric.values.is_valid(row)) {
            leaves.push((KeyPath::clone(&metric.path), value_at(metric.kind, &metric.path.dotted(), metric.values.as_ref(), row)?));
        }
        if let Some(rescued) = self.rescued.as_ref().filter(|rescued| rescued.is_valid(row)) {
            leaves.extend(flatten(rescued_object(rescued.value(row))?));
        }
        Ok(unflatten(leaves))
    }

    /// All rows, as [`row`](Self::row) gives them.
    ///
    /// # Errors
    /// As [`row`](Self::row).
    pub fn to_rows(&self) -> Result<Vec<Object>, Error> {
        (0..self.len()).map(|row| self.row(row)).collect()
    }

    /// The steps; empty for rows of the events stream.
    pub(crate) fn step_values(&self) -> &[i64] {
        self.steps.as_ref().map(|steps| steps.values().as_ref()).unwrap_or_default()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `length` rows from `offset` on, without copying.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            steps: self.steps.as_ref().map(|steps| steps.slice(offset, length)),
            timestamps: self.timestamps.slice(offset, length),
            runtimes: self.runtimes.slice(offset, length),
            metrics: self
                .metrics
                .iter()
                .map(|metric| MetricValues { values: metric.values.slice(offset, length), ..metric.clone() })
                .collect(),
            rescued: self.rescued.as_ref().map(|rescued| rescued.slice(offset, length)),
        }
    }

    /// The metrics of these dotted names and below them, and the rows that have one of them, whether in a column or rescued.
    pub(crate) fn with_keys(&self, keys: &[String]) -> Result<Self, Error> {
        let is_wanted = |path: &KeyPath| keys.iter().any(|key| key_selects(key, &path.dotted()));
        let mut wanted = self.clone();
        wanted.metrics.retain(|metric| is_wanted(&metric.path));
        let mut has_one = BooleanBufferBuilder::new(self.len());
        has_one.append_n(self.len(), false);
        for metric in &wanted.metrics {
            match metric.values.nulls() {
                Some(nulls) => nulls.valid_indices().for_each(|row| has_one.set_bit(row, true)),
                None => (0..self.len()).for_each(|row| has_one.set_bit(row, true)),
            }
        }
        if let Some(rescued) = &self.rescued {
            let mut kept: Vec<Vec<(KeyPath, Json)>> = Vec::with_capacity(rescued.len());
            for (row, text) in rescued.iter().enumerate() {
                let leaves = text.map(rescued_object).transpose()?.map(flatten).unwrap_or_default();
                let is_kept = |path: &KeyPath| is_stamp(path) || is_wanted(path);
                let leaves: Vec<_> = leaves.into_iter().filter(|(path, _)| is_kept(path)).collect();
                if leaves.iter().any(|(path, _)| !is_stamp(path)) {
                    has_one.set_bit(row, true);
                }
                kept.push(leaves);
            }
            wanted.rescued = kept.iter().any(|leaves| !leaves.is_empty()).then(|| rescued_texts(kept));
        }
        let has_one = has_one.finish();
        if has_one.count_set_bits() == self.len() {
            return Ok(wanted);
        }
        let positions: UInt64Array = has_one.set_indices().map(|row| Some(row as u64)).collect();
        let mut wanted = wanted.take(&positions)?;
        wanted.rescued = wanted.rescued.filter(|rescued| rescued.null_count() < rescued.len());
        Ok(wanted)
    }

    /// The bytes of the arrays in memory.
    pub fn array_bytes(&self) -> usize {
        let metrics: usize = self.metrics.iter().map(|metric| metric.values.get_array_memory_size()).sum();
        24 * self.len() + metrics + self.rescued.as_ref().map_or(0, Array::get_array_memory_size)
    }

    /// The record batch in which each metric has its name of `columns`; metrics that are new there are added, in order of their paths.
    ///
    /// Columns: `_step` when there are steps, `_timestamp`, `_runtime`, the metrics in the order of `columns`, and `_rescued_data` for rows
    /// with steps or with rescued values. Values of a metric whose column has another kind are put there by the rules of the data model.
    ///
    /// # Errors
    /// Only when Arrow refuses the columns, which would be a fault of this crate.
    pub fn place(self, columns: &mut ColumnSet) -> Result<RecordBatch, Error> {
        let rows = self.len();
        let is_history = self.steps.is_some();
        let mut misfits: Vec<Vec<(KeyPath, Json)>> = Vec::new();
        let mut placed: Vec<(usize, ArrayRef)> = Vec::with_capacity(self.metrics.len());
        for metric in self.metrics {
            let position = columns.position_or_add(&metric.path, metric.kind);
            let kind = columns.columns()[position].kind;
            let values = if kind == metric.kind {
                metric.values
            } else {
                misfits.resize_with(rows, Vec::new);
                recast(&metric, kind, &mut misfits)?
            };
            placed.push((position, values));
        }
        placed.sort_by_key(|(position, _)| *position);
        let rescued = if misfits.is_empty() { self.rescued } else { add_rescued(self.rescued.as_ref(), misfits)? };
        let mut fields = Vec::with_capacity(placed.len() + 4);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(placed.len() + 4);
        if let Some(steps) = self.steps {
            fields.push(Field::new(STEP, DataType::Int64, false));
            arrays.push(Arc::new(steps));
        }
        for (name, array) in [(TIMESTAMP, self.timestamps), (RUNTIME, self.runtimes)] {
            fields.push(Field::new(name, DataType::Float64, true));
            arrays.push(Arc::new(array));
        }
        for (position, values) in placed {
            fields.push(metric_field(&columns.columns()[position]));
            arrays.push(values);
        }
        if is_history || rescued.is_some() {
            fields.push(Field::new(RESCUED, DataType::Utf8, true));
            arrays.push(Arc::new(rescued.unwrap_or_else(|| StringArray::new_null(rows))));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
    }
}

/// Whether this is the path of `_step`, `_timestamp` or `_runtime`, which say when a row was logged and not what.
fn is_stamp(path: &KeyPath) -> bool {
    matches!(path.parts(), [key] if [STEP, TIMESTAMP, RUNTIME].contains(&key.as_str()))
}

/// The kinds of keys that the plan does not know, because they were first logged while the job ran: the majority of these rows.
fn kinds_of_new_keys(stream: Stream, leaves_of_rows: &[Vec<(KeyPath, Json)>], plan: &KindPlan) -> HashMap<KeyPath, KindCounts> {
    let mut counted: HashMap<KeyPath, KindCounts> = HashMap::new();
    for (path, value) in leaves_of_rows.iter().flatten() {
        if let Some(kind) = Kind::of(value).filter(|_| plan.kind(path).is_none()) {
            let kind = if stream == Stream::System { Kind::Number } else { kind };
            match counted.get_mut(path) {
                Some(counts) => counts.add(kind, 1),
                None => counted.entry(path.clone()).or_default().add(kind, 1),
            }
        }
    }
    counted
}

/// Columns while they grow.
#[derive(Default)]
struct Sheet {
    steps: Int64Builder,
    timestamps: Float64Builder,
    runtimes: Float64Builder,
    cells: BTreeMap<KeyPath, CellColumn>,
    rescued: Vec<Vec<(KeyPath, Json)>>,
}

impl Sheet {
    fn begin_row(&mut self, row: &mut Object) {
        let mut rescued = Vec::new();
        for (key, builder) in [(TIMESTAMP, &mut self.timestamps), (RUNTIME, &mut self.runtimes)] {
            let fitted = row.remove(key).filter(|value| *value != Json::Null).map(fit_number);
            builder.append_option(fitted.as_ref().and_then(|fitted| fitted.0));
            if let Some((_, Some(misfit))) = fitted {
                rescued.push((KeyPath::top_level(key), misfit));
            }
        }
        self.rescued.push(rescued);
    }

    fn finish(mut self, stream: Stream) -> RowColumns {
        let rows = self.rescued.len();
        let metrics = self.cells.into_iter().map(|(path, cells)| {
            let kind = cells.kind();
            MetricValues { path: Arc::new(path), kind, values: cells.finish(rows) }
        });
        RowColumns {
            steps: (stream == Stream::History).then(|| self.steps.finish()),
            timestamps: self.timestamps.finish(),
            runtimes: self.runtimes.finish(),
            metrics: metrics.collect(),
            rescued: self.rescued.iter().any(|leaves| !leaves.is_empty()).then(|| rescued_texts(self.rescued)),
        }
    }
}

/// The rescued leaves of each row as a JSON object.
pub(crate) fn rescued_texts(rescued: impl IntoIterator<Item = Vec<(KeyPath, Json)>>) -> StringArray {
    let text = |leaves: Vec<(KeyPath, Json)>| (!leaves.is_empty()).then(|| Json::Object(unflatten(leaves)).to_canonical_text());
    rescued.into_iter().map(text).collect()
}

/// The leaves of a row's rescued data, nested.
pub(crate) fn rescued_object(text: &str) -> Result<Object, Error> {
    Json::parse_object(text).map_err(|error| Error::column(RESCUED, error.to_string()))
}

/// The values in a column of `kind`; what does not fit goes to `misfits` of its row.
pub(crate) fn recast(metric: &MetricValues, kind: Kind, misfits: &mut [Vec<(KeyPath, Json)>]) -> Result<ArrayRef, Error> {
    let mut cells = CellColumn::new(kind);
    for row in (0..metric.values.len()).filter(|row| metric.values.is_valid(*row)) {
        let value = value_at(metric.kind, &metric.path.dotted(), metric.values.as_ref(), row)?;
        if let Some(misfit) = cells.put(row, value) {
            misfits[row].push((KeyPath::clone(&metric.path), misfit));
        }
    }
    Ok(cells.finish(metric.values.len()))
}

/// The rescued data with more leaves; `None` when there are none after all.
pub(crate) fn add_rescued(rescued: Option<&StringArray>, misfits: Vec<Vec<(KeyPath, Json)>>) -> Result<Option<StringArray>, Error> {
    let Some(rescued) = rescued else {
        return Ok(misfits.iter().any(|leaves| !leaves.is_empty()).then(|| rescued_texts(misfits)));
    };
    let mut all = Vec::with_capacity(misfits.len());
    for (row, leaves) in misfits.into_iter().enumerate() {
        let before = if rescued.is_valid(row) { rescued_object(rescued.value(row))? } else { Object::new() };
        // What was rescued before is exact, what its column held may not be.
        all.push(leaves.into_iter().chain(flatten(before)).collect());
    }
    Ok(Some(rescued_texts(all)))
}
