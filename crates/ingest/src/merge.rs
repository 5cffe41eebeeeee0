//! Pieces of one run put together by step: each step once, the newest row of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray, UInt64Array, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::Float64Type;
use runlake_types::{Json, KeyPath, Kind, KindCounts, flatten};

use crate::row_columns::{MetricValues, RowColumns, add_rescued, recast, rescued_object};
use crate::schema::{STEP, data_type};
use crate::{Error, KindPlan};

/// The rows of all pieces, and how they agreed.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Ascending by step, each step once.
    pub rows: RowColumns,
    /// Rows that were replaced by a row that says the same.
    pub repeated_rows: u64,
    /// Rows that were replaced by a row that says something else.
    pub conflicting_rows: u64,
}

/// Puts pieces together, of which later ones are newer: where several rows have one step the last counts, also within a piece.
///
/// A metric that has one kind in all pieces keeps it; otherwise it gets that of `plan`, or the one that most of its values have.
///
/// # Errors
/// [`ErrorKind::Column`](crate::ErrorKind::Column) when a piece has no steps.
pub fn merge(pieces: &[RowColumns], plan: &KindPlan) -> Result<Merged, Error> {
    let joined = join(pieces, plan)?;
    let steps = joined.step_values().to_vec();
    if steps.windows(2).all(|pair| pair[0] < pair[1]) {
        return Ok(Merged { rows: joined, repeated_rows: 0, conflicting_rows: 0 });
    }
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|row| steps[*row]);
    let replaced: Vec<(usize, usize)> =
        order.windows(2).filter(|pair| steps[pair[0]] == steps[pair[1]]).map(|pair| (pair[0], pair[1])).collect();
    let conflicting_rows = count_conflicts(&joined, &replaced)?;
    let lasts = order.iter().enumerate().filter(|(at, row)| order.get(at + 1).is_none_or(|next| steps[*next] != steps[**row]));
    let positions: UInt64Array = lasts.map(|(_, row)| Some(*row as u64)).collect();
    let mut rows = joined.take(&positions)?;
    drop_unused(&mut rows)?;
    Ok(Merged { rows, repeated_rows: (replaced.len() as u64).saturating_sub(conflicting_rows), conflicting_rows })
}

/// The rows of all pieces, one piece after the other.
fn join(pieces: &[RowColumns], plan: &KindPlan) -> Result<RowColumns, Error> {
    if let [piece] = pieces {
        return Ok(piece.clone());
    }
    let row_count: usize = pieces.iter().map(RowColumns::len).sum();
    let mut by_path: BTreeMap<&Arc<KeyPath>, Vec<(usize, &MetricValues)>> = BTreeMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        for metric in &piece.metrics {
            by_path.entry(&metric.path).or_default().push((index, metric));
        }
    }
    let mut misfits: Vec<Vec<Vec<(KeyPath, Json)>>> = pieces.iter().map(|_| Vec::new()).collect();
    let mut metrics = Vec::with_capacity(by_path.len());
    for (path, parts) in by_path {
        let kind = kind_of_parts(path, &parts, plan);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(pieces.len());
        let mut parts = parts.into_iter().peekable();
        for (index, piece) in pieces.iter().enumerate() {
            arrays.push(match parts.next_if(|(part, _)| *part == index) {
                None => new_null_array(&data_type(kind), piece.len()),
                Some((_, metric)) if metric.kind == kind => Arc::clone(&metric.values),
                Some((_, metric)) => {
                    misfits[index].resize_with(piece.len(), Vec::new);
                    recast(metric, kind, &mut misfits[index])?
                }
            });
        }
        metrics.push(MetricValues { path: Arc::clone(path), kind, values: concat_all(&arrays)? });
    }
    let mut rescued = Vec::with_capacity(pieces.len());
    for (piece, misfits) in pieces.iter().zip(misfits) {
        rescued.push(if misfits.is_empty() { piece.rescued.clone() } else { add_rescued(piece.rescued.as_ref(), misfits)? });
    }
    let has_rescued = rescued.iter().any(Option::is_some);
    let rescued = rescued.into_iter().zip(pieces).map(|(rescued, piece)| rescued.unwrap_or_else(|| StringArray::new_null(piece.len())));
    let rescued = rescued.flat_map(|rescued| rescued.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>());
    let mut steps = Vec::with_capacity(row_count);
    for piece in pieces {
        steps.extend_from_slice(piece.steps.as_ref().ok_or_else(|| Error::column(STEP, "rows without steps have no order"))?.values());
    }
    Ok(RowColumns {
        steps: Some(Int64Array::from(steps)),
        timestamps: pieces.iter().flat_map(|piece| piece.timestamps.iter()).collect(),
        runtimes: pieces.iter().flat_map(|piece| piece.runtimes.iter()).collect(),
        metrics,
        rescued: has_rescued.then(|| rescued.collect()),
    })
}

fn kind_of_parts(path: &KeyPath, parts: &[(usize, &MetricValues)], plan: &KindPlan) -> Kind {
    let mut counts = KindCounts::default();
    for (_, metric) in parts {
        counts.add(metric.kind, (metric.values.len() - metric.values.null_count()) as u64);
    }
    let first = parts.first().map_or(Kind::Number, |(_, metric)| metric.kind);
    if parts.iter().all(|(_, metric)| metric.kind == first) { first } else { plan.kind(path).unwrap_or_else(|| counts.majority()) }
}

fn concat_all(arrays: &[ArrayRef]) -> Result<ArrayRef, Error> {
    Ok(concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>())?)
}

/// How many pairs of rows say different things.
fn count_conflicts(rows: &RowColumns, pairs: &[(usize, usize)]) -> Result<u64, Error> {
    let mut differs = vec![false; pairs.len()];
    let mut compare = |is_same: &dyn Fn(usize, usize) -> bool| {
        for ((one, other), differs) in pairs.iter().zip(&mut differs).filter(|(_, differs)| !**differs) {
            *differs = !is_same(*one, *other);
        }
    };
    compare(&|one, other| is_same_float(&rows.timestamps, one, other) && is_same_float(&rows.runtimes, one, other));
    for metric in &rows.metrics {
        match metric.kind {
            Kind::Number => {
                let floats = metric.values.as_primitive::<Float64Type>();
                compare(&|one, other| is_same_float(floats, one, other));
            }
            Kind::Boolean => {
                let values = metric.values.as_boolean();
                compare(&|one, other| optional(values, one, |row| values.value(row)) == optional(values, other, |row| values.value(row)));
            }
            Kind::String | Kind::Json => {
                let texts = metric.values.as_string::<i32>();
                compare(&|one, other| optional(texts, one, |row| texts.value(row)) == optional(texts, other, |row| texts.value(row)));
            }
        }
    }
    if let Some(texts) = &rows.rescued {
        compare(&|one, other| optional(texts, one, |row| texts.value(row)) == optional(texts, other, |row| texts.value(row)));
    }
    // One value may stand in a column here and among the rescued ones there: only the rows themselves tell.
    let text = |row| Ok::<_, Error>(Json::Object(rows.row(row)?).to_canonical_text());
    let mut conflicts = 0;
    for ((one, other), _) in pairs.iter().zip(&differs).filter(|(_, differs)| **differs) {
        conflicts += u64::from(text(*one)? != text(*other)?);
    }
    Ok(conflicts)
}

fn optional<T>(array: &dyn Array, row: usize, value: impl FnOnce(usize) -> T) -> Option<T> {
    array.is_valid(row).then(|| value(row))
}

fn is_same_float(floats: &Float64Array, one: usize, other: usize) -> bool {
    match (optional(floats, one, |row| floats.value(row)), optional(floats, other, |row| floats.value(row))) {
        (Some(one), Some(other)) => one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan()),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Drops the metrics all of whose values were replaced.
fn drop_unused(rows: &mut RowColumns) -> Result<(), Error> {
    let is_unused = |metric: &MetricValues| metric.values.null_count() == metric.values.len();
    let mut rescued = BTreeSet::new();
    if rows.metrics.iter().any(is_unused) {
        for text in rows.rescued.iter().flat_map(StringArray::iter).flatten() {
            rescued.extend(flatten(rescued_object(text)?).into_iter().map(|(path, _)| path));
        }
    }
    rows.metrics.retain(|metric| !is_unused(metric) || rescued.contains(metric.path.as_ref()));
    if rows.rescued.as_ref().is_some_and(|rescued| rescued.null_count() == rescued.len()) {
        rows.rescued = None;
    }
    Ok(())
}
