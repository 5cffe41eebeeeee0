//! A stretch of a log's history as columns whose kinds are not known yet.
//!
//! The kind of a column is the majority over a whole import, so it is known only when every log was read. Until then a piece keeps what
//! float64 holds exactly as floats, and every other value as it is. Nothing is lost by that: an exact float has the same canonical text
//! however it was written.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, Float64Array, Int64Array};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::datatypes::Float64Type;
use runlake_types::{Json, KeyPath, Kind, KindCounts, Number};

use super::number_text::exact_float_of;
use crate::cells::CellColumn;
use crate::row_columns::rescued_texts;
use crate::schema::{RUNTIME, TIMESTAMP};
use crate::{KindPlan, MetricValues, RowColumns};

/// Rows of the history in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) steps: Vec<i64>,
    /// One for each path that was logged, in order of the paths, `_timestamp` and `_runtime` among them.
    pub(super) columns: Vec<PieceColumn>,
}

/// The values of one path.
#[derive(Debug)]
pub(super) struct PieceColumn {
    pub(super) path: Arc<KeyPath>,
    /// How often each kind was logged.
    pub(super) counts: KindCounts,
    /// Whether anything was logged right here, be it null.
    pub(super) is_leaf: bool,
    /// What float64 holds exactly.
    floats: Vec<f64>,
    /// Which of `floats` were logged; without it, all were.
    logged: Option<BooleanBufferBuilder>,
    /// All other values but null, by row.
    others: Vec<(usize, Json)>,
}

impl PieceColumn {
    pub(super) fn new(path: Arc<KeyPath>) -> Self {
        Self { path, counts: KindCounts::default(), is_leaf: false, floats: Vec::new(), logged: None, others: Vec::new() }
    }

    /// Puts a number that float64 holds exactly at a row behind all others.
    #[inline]
    pub(super) fn put_float(&mut self, row: usize, value: f64) {
        self.counts.number += 1;
        self.is_leaf = true;
        if row != self.floats.len() {
            self.skip_to(row);
        }
        self.floats.push(value);
        if let Some(logged) = &mut self.logged {
            logged.append(true);
        }
    }

    /// Puts any leaf at a row behind all others.
    pub(super) fn put(&mut self, row: usize, value: Json) {
        if let Some(float) = exact_float_of(&value) {
            self.put_float(row, float);
            return;
        }
        self.count(&value);
        if value != Json::Null {
            self.others.push((row, value));
        }
    }

    /// Counts a leaf whose value stands elsewhere.
    pub(super) fn count(&mut self, value: &Json) {
        self.is_leaf = true;
        if let Some(kind) = Kind::of(value) {
            self.counts.add(kind, 1);
        }
    }

    /// Puts a dict whose leaves were counted elsewhere.
    pub(super) fn put_uncounted(&mut self, row: usize, value: Json) {
        self.others.push((row, value));
    }

    fn skip_to(&mut self, row: usize) {
        let len = self.floats.len();
        let logged = self.logged.get_or_insert_with(|| {
            let mut logged = BooleanBufferBuilder::new(row + 1);
            logged.append_n(len, true);
            logged
        });
        logged.append_n(row - len, false);
        self.floats.resize(row, 0.0);
    }

    /// Whether there is no value but null.
    pub(super) fn is_empty(&self) -> bool {
        self.floats.is_empty() && self.others.is_empty()
    }

    /// About how much memory the values take.
    fn bytes(&self) -> usize {
        let texts: usize = self.others.iter().map(|(_, value)| json_bytes(value)).sum();
        8 * self.floats.capacity() + self.floats.len() / 8 + size_of::<(usize, Json)>() * self.others.capacity() + texts
    }

    /// The numbers among the values.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        let is_logged = |row: usize| self.logged.as_ref().is_none_or(|logged| logged.get_bit(row));
        let floats = self.floats.iter().enumerate().filter(move |(row, _)| is_logged(*row)).map(|(_, value)| *value);
        floats.chain(self.others.iter().filter_map(|(_, value)| value.as_number().map(Number::as_f64)))
    }

    /// The array of `rows` cells of `kind`; what does not fit exactly goes to `misfits` of its row.
    fn into_array(mut self, kind: Kind, rows: usize, misfits: &mut Misfits) -> ArrayRef {
        if kind == Kind::Number && self.others.is_empty() {
            if self.floats.len() < rows {
                self.skip_to(rows);
            }
            let nulls = self.logged.map(|mut logged| NullBuffer::new(logged.finish()));
            return Arc::new(Float64Array::new(ScalarBuffer::from(self.floats), nulls));
        }
        let logged = self.logged.map(|mut logged| BooleanArray::new(logged.finish(), None));
        let mut cells = CellColumn::new(kind);
        let mut put = |row: usize, value: Json| {
            if let Some(misfit) = cells.put(row, value) {
                misfits.add(row, &self.path, misfit);
            }
        };
        let mut others = self.others.into_iter().peekable();
        for (row, float) in self.floats.into_iter().enumerate() {
            while let Some((row, value)) = others.next_if(|(other, _)| *other < row) {
                put(row, value);
            }
            if logged.as_ref().is_none_or(|logged| logged.value(row)) {
                put(row, Json::from(float));
            }
        }
        others.for_each(|(row, value)| put(row, value));
        cells.finish(rows)
    }
}

/// About how much memory a value takes besides its own size.
fn json_bytes(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::String(text) => text.capacity(),
        Json::Array(items) => items.iter().map(|item| size_of::<Json>() + json_bytes(item)).sum(),
        // A node of the map has room for more members than it has.
        Json::Object(members) => {
            members.iter().map(|(key, value)| 2 * (size_of::<(String, Json)>() + key.capacity()) + json_bytes(value)).sum()
        }
    }
}

/// What the columns cannot hold, by row.
#[derive(Default)]
struct Misfits(Vec<Vec<(KeyPath, Json)>>);

impl Misfits {
    fn add(&mut self, row: usize, path: &KeyPath, value: Json) {
        if self.0.len() <= row {
            self.0.resize_with(row + 1, Vec::new);
        }
        self.0[row].push((path.clone(), value));
    }
}

impl Piece {
    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        8 * self.steps.capacity() + self.columns.iter().map(PieceColumn::bytes).sum::<usize>()
    }

    /// The rows in the columns that `plan` says, as [`RowColumns::of_rows`] makes them.
    pub(super) fn into_columns(mut self, plan: &KindPlan) -> RowColumns {
        let rows = self.steps.len();
        let mut misfits = Misfits::default();
        let [timestamps, runtimes] = [TIMESTAMP, RUNTIME].map(|key| {
            let at = self.columns.iter().position(|column| matches!(column.path.parts(), [part] if part == key))?;
            let array = self.columns.remove(at).into_array(Kind::Number, rows, &mut misfits);
            Some(array.as_primitive::<Float64Type>().clone())
        });
        let mut metrics = Vec::with_capacity(self.columns.len());
        for column in self.columns.into_iter().filter(|column| !column.is_empty()) {
            let kind = plan.kind(&column.path).unwrap_or_else(|| column.counts.majority());
            let path = Arc::clone(&column.path);
            metrics.push(MetricValues { path, kind, values: column.into_array(kind, rows, &mut misfits) });
        }
        let rescued = (!misfits.0.is_empty()).then(|| {
            misfits.0.resize_with(rows, Vec::new);
            rescued_texts(misfits.0)
        });
        RowColumns {
            steps: Some(Int64Array::from(self.steps)),
            timestamps: timestamps.unwrap_or_else(|| Float64Array::new_null(rows)),
            runtimes: runtimes.unwrap_or_else(|| Float64Array::new_null(rows)),
            metrics,
            rescued,
        }
    }
}
