//! Metrics of one run while their values come in: each path a column, whose cells are put in the order of the rows.
//!
//! A key that the plan does not know keeps its values as they came until the last row, since the majority decides its kind.

use std::collections::HashMap;
use std::sync::Arc;

use runlake_types::{Json, KeyPath, Kind, KindCounts, Object, is_taken_apart};

use crate::KindPlan;
use crate::cells::CellColumn;
use crate::row_columns::{MetricValues, Misfit};

/// Columns by true path. They are remembered from one set of rows to the next, their cells are not.
#[derive(Debug)]
pub(crate) struct GrowingColumns {
    plan: Arc<KindPlan>,
    columns: Vec<GrowingColumn>,
    by_path: HashMap<Arc<KeyPath>, usize>,
    /// The columns that have cells.
    used: Vec<usize>,
    misfits: Vec<Misfit>,
}

#[derive(Debug)]
struct GrowingColumn {
    path: Arc<KeyPath>,
    kind: Option<Kind>,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    None,
    Fixed(CellColumn),
    /// Values with their rows.
    Undecided(Vec<(usize, Json)>),
}

impl GrowingColumns {
    pub(crate) fn new(plan: Arc<KindPlan>) -> Self {
        Self { plan, columns: Vec::new(), by_path: HashMap::new(), used: Vec::new(), misfits: Vec::new() }
    }

    pub(crate) fn plan(&self) -> &KindPlan {
        &self.plan
    }

    /// Where the column of `path` stands; a new one has no cells.
    pub(crate) fn position(&mut self, path: KeyPath) -> usize {
        if let Some(position) = self.by_path.get(&path) {
            return *position;
        }
        let path = Arc::new(path);
        self.columns.push(GrowingColumn { path: Arc::clone(&path), kind: self.plan.kind(&path), cells: Cells::None });
        self.by_path.insert(path, self.columns.len() - 1);
        self.columns.len() - 1
    }

    fn cells(&mut self, position: usize) -> &mut GrowingColumn {
        let column = &mut self.columns[position];
        if matches!(column.cells, Cells::None) {
            column.cells = column.kind.map_or_else(|| Cells::Undecided(Vec::new()), |kind| Cells::Fixed(CellColumn::new(kind)));
            self.used.push(position);
        }
        column
    }

    /// Puts a value that is not null; rows of one column ascend.
    pub(crate) fn put(&mut self, position: usize, row: usize, value: Json) {
        let column = self.cells(position);
        let misfit = match &mut column.cells {
            Cells::Fixed(cells) => cells.put(row, value).map(|misfit| (row, Arc::clone(&column.path), misfit)),
            Cells::Undecided(values) => {
                values.push((row, value));
                None
            }
            Cells::None => None,
        };
        self.misfits.extend(misfit);
    }

    /// As [`put`](Self::put), for a number that float64 holds exactly.
    #[inline]
    pub(crate) fn put_number(&mut self, position: usize, row: usize, number: f64) {
        match &mut self.columns[position].cells {
            Cells::Fixed(cells @ CellColumn::Number(_)) => cells.put_number(row, number),
            _ => self.put(position, row, Json::from(number)),
        }
    }

    /// As [`put`](Self::put), for a string.
    #[inline]
    pub(crate) fn put_text(&mut self, position: usize, row: usize, text: &str) {
        match &mut self.columns[position].cells {
            Cells::Fixed(cells @ CellColumn::Text(_, Kind::String)) => cells.put_text(row, text),
            _ => self.put(position, row, Json::from(text)),
        }
    }

    /// Puts a value under `path`; a dict that is no typed object is taken apart, nulls are left out.
    pub(crate) fn put_leaves(&mut self, path: &mut Vec<String>, row: usize, value: Json) {
        match value {
            Json::Null => {}
            Json::Object(members) if is_taken_apart(&members) => self.put_members(path, row, members),
            leaf => {
                let position = self.position(KeyPath::new(path.clone()));
                self.put(position, row, leaf);
            }
        }
    }

    /// Puts each member of a dict below `path`.
    pub(crate) fn put_members(&mut self, path: &mut Vec<String>, row: usize, members: Object) {
        for (key, value) in members {
            path.push(key);
            self.put_leaves(path, row, value);
            path.pop();
        }
    }

    /// Notes a value that stands in no column.
    pub(crate) fn rescue(&mut self, row: usize, path: Arc<KeyPath>, value: Json) {
        self.misfits.push((row, path, value));
    }

    /// Forgets all cells.
    pub(crate) fn clear(&mut self) {
        for position in self.used.drain(..) {
            self.columns[position].cells = Cells::None;
        }
        self.misfits.clear();
    }

    /// The columns that have cells, and what they could not hold. No cells remain.
    pub(crate) fn finish(&mut self, rows: usize) -> (Vec<MetricValues>, Vec<Misfit>) {
        let mut misfits = std::mem::take(&mut self.misfits);
        let mut metrics = Vec::with_capacity(self.used.len());
        for position in self.used.drain(..) {
            let column = &mut self.columns[position];
            let cells = match std::mem::replace(&mut column.cells, Cells::None) {
                Cells::None => continue,
                Cells::Fixed(cells) => cells,
                Cells::Undecided(values) => {
                    let mut counts = KindCounts::default();
                    values.iter().filter_map(|(_, value)| Kind::of(value)).for_each(|kind| counts.add(kind, 1));
                    let mut cells = CellColumn::new(counts.majority());
                    for (row, value) in values {
                        misfits.extend(cells.put(row, value).map(|misfit| (row, Arc::clone(&column.path), misfit)));
                    }
                    cells
                }
            };
            metrics.push(MetricValues { path: Arc::clone(&column.path), kind: cells.kind(), values: cells.finish(rows) });
        }
        (metrics, misfits)
    }
}
