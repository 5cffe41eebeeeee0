//! What is in each key: how many values, which of them are no numbers, where they begin and end.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int64Type;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use runlake_ingest::schema::STEP;
use runlake_lake::{Lake, Piece, RowsOf, StoredRun};
use runlake_types::{Json, MetricColumn};

use crate::aligned_curves::{KEY, RUN_ID, text_column};
use crate::json_column::{text_of, value_in};
use crate::keys::{names_of, resolve_keys};
use crate::run_curves::every_number;
use crate::run_parts::{KEYS_AT_ONCE, Part, RunColumns, for_each_run};
use crate::selection::RUNS_AND_ROWS;
use crate::{DEFAULT_MOST_POINTS, Error, KeyPattern, Selection};

/// What a run has of one key.
#[derive(Clone, Debug, Default)]
struct Profile {
    rows: u64,
    values: u64,
    nan: u64,
    infinite: u64,
    /// Over the numbers that are not NaN.
    bounds: Option<(f64, f64)>,
    /// With its step; the step is not known of rows without one.
    last: Option<(i64, Json)>,
    first_step: Option<i64>,
}

/// What each run has of each key.
#[derive(Clone, Debug)]
pub struct Description {
    runs: Vec<StoredRun>,
    keys: Vec<MetricColumn>,
    /// By run, then by key.
    profiles: Vec<Vec<Profile>>,
}

/// Reads every value of the keys, of any kind; no keys are all.
///
/// # Errors
/// Those of [`Selection::runs`] and [`crate::resolve_keys`], and when the lake cannot be read.
pub async fn describe(lake: &Lake, selection: &Selection, keys: &[KeyPattern]) -> Result<Description, Error> {
    let lake = &lake.pinned(&RUNS_AND_ROWS).await?;
    let runs = selection.runs(lake).await?;
    let keys = resolve_keys(keys, &lake.metric_columns().await?)?;
    let mut profiles: Vec<Vec<Profile>> = vec![Vec::new(); runs.len()];
    for block in keys.chunks(KEYS_AT_ONCE) {
        let columns = std::iter::once(STEP.to_owned()).chain(block.iter().map(|key| key.name.clone())).collect();
        let wanted = RunColumns { rows_of: RowsOf::Histories, columns, steps: None, most_points: DEFAULT_MOST_POINTS };
        let count = block.len();
        let merge = move |_, parts: Vec<Profiles>| {
            let mut all = vec![Profile::default(); count];
            for Profiles(part) in parts {
                all.iter_mut().zip(part).for_each(|(all, part)| all.merge(part));
            }
            all
        };
        let (of_block, _) = for_each_run(lake, &runs, &wanted, |_, piece| profiles_of(&piece), merge).await?;
        profiles.iter_mut().zip(of_block).for_each(|(all, block)| all.extend(block));
    }
    Ok(Description { runs, keys, profiles })
}

struct Profiles(Vec<Profile>);

impl Part for Profiles {
    fn points(&self) -> u64 {
        self.0.len() as u64
    }
}

fn profiles_of(piece: &Piece) -> Profiles {
    let mut columns = piece.columns.iter();
    let steps = columns.next().and_then(Option::as_ref);
    Profiles(columns.map(|column| Profile::of(steps, column.as_ref(), piece.rows as u64)).collect())
}

impl Profile {
    fn of(steps: Option<&ArrayRef>, column: Option<&ArrayRef>, rows: u64) -> Self {
        let mut profile = Self { rows, ..Self::default() };
        let Some(column) = column else { return profile };
        profile.values = (column.len() - column.null_count()) as u64;
        let is_there = |row: &usize| column.is_valid(*row);
        let step = |row: usize| steps.and_then(|steps| steps.as_primitive_opt::<Int64Type>()).map(|steps| steps.value(row));
        profile.first_step = (0..column.len()).find(is_there).and_then(step);
        profile.last = (0..column.len()).rev().find(is_there).map(|row| (step(row).unwrap_or_default(), value_in(column, row)));
        if let Some(values) = every_number(column) {
            for row in (0..values.len()).filter(is_there) {
                let value = values[row];
                profile.nan += u64::from(value.is_nan());
                profile.infinite += u64::from(value.is_infinite());
                if !value.is_nan() {
                    profile.bounds = Some(profile.bounds.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
                }
            }
        }
        profile
    }

    /// Adds what comes later in the same run, or another run.
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.values += other.values;
        self.nan += other.nan;
        self.infinite += other.infinite;
        self.bounds = match (self.bounds, other.bounds) {
            (Some(one), Some(two)) => Some((one.0.min(two.0), one.1.max(two.1))),
            (one, two) => one.or(two),
        };
        self.first_step = [self.first_step, other.first_step].into_iter().flatten().min();
        // Of equal steps, as of different runs, the one that was merged first stays.
        if other.last.as_ref().map(|(step, _)| *step) > self.last.as_ref().map(|(step, _)| *step) {
            self.last = other.last;
        }
    }
}

impl Description {
    /// A row for each run and key that the run has: `run_id`, `key`, `kind`, `count` of values, `nulls` (rows of the run without one), `nan`,
    /// `infinite`, `min` and `max` float64 over numbers that are not NaN, `last` utf8, `first_step` and `last_step` int64.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Polars`], which nothing is known to cause.
    pub fn per_run(&self) -> Result<DataFrame, Error> {
        let (mut rows, names) = (Vec::new(), names_of(&self.keys));
        for (run, profiles) in self.runs.iter().zip(&self.profiles) {
            let named = self.keys.iter().zip(&names).zip(profiles).filter(|(_, profile)| profile.values > 0);
            rows.extend(
                named.map(|((key, name), profile)| (Some(run.record.path.run_id.as_str()), key, name.as_str(), profile.clone(), 1)),
            );
        }
        table(&rows, false)
    }

    /// A row for each key over all runs: as [`Description::per_run`] with `runs`, how many have it, in place of `run_id`. `nulls` are the rows
    /// of all runs without a value; `last` is that of the run which came furthest.
    ///
    /// # Errors
    /// As [`Description::per_run`].
    pub fn over_all(&self) -> Result<DataFrame, Error> {
        let names = names_of(&self.keys);
        let rows: Vec<_> = self
            .keys
            .iter()
            .zip(&names)
            .enumerate()
            .map(|(at, (key, name))| {
                let mut all = Profile::default();
                self.profiles.iter().for_each(|profiles| all.merge(profiles[at].clone()));
                let runs = self.profiles.iter().filter(|profiles| profiles[at].values > 0).count();
                (None, key, name.as_str(), all, runs)
            })
            .collect();
        table(&rows, true)
    }
}

fn table(rows: &[(Option<&str>, &MetricColumn, &str, Profile, usize)], with_runs: bool) -> Result<DataFrame, Error> {
    let counts = |name: &str, count: fn(&Profile) -> u64| -> Column {
        Series::new(
            name.into(),
            rows.iter().map(|(_, _, _, profile, _)| i64::try_from(count(profile)).unwrap_or(i64::MAX)).collect::<Vec<_>>(),
        )
        .into()
    };
    let bounds = |name: &str, bound: fn((f64, f64)) -> f64| -> Column {
        Series::new(name.into(), rows.iter().map(|(_, _, _, profile, _)| profile.bounds.map(bound)).collect::<Vec<_>>()).into()
    };
    let steps = |name: &str, step: fn(&Profile) -> Option<i64>| -> Column {
        Series::new(name.into(), rows.iter().map(|(_, _, _, profile, _)| step(profile)).collect::<Vec<_>>()).into()
    };
    let last: Vec<Option<String>> =
        rows.iter().map(|(_, _, _, profile, _)| profile.last.as_ref().and_then(|(_, value)| shown(value))).collect();
    let mut columns = Vec::new();
    if !with_runs {
        columns.push(text_column(RUN_ID, rows.iter().map(|(run, ..)| *run)));
    }
    columns.push(text_column(KEY, rows.iter().map(|(_, _, name, ..)| Some(*name))));
    columns.push(text_column("kind", rows.iter().map(|(_, key, ..)| Some(key.kind.as_str()))));
    if with_runs {
        let runs = rows.iter().map(|(.., runs)| i64::try_from(*runs).unwrap_or(i64::MAX)).collect::<Vec<_>>();
        columns.push(Series::new("runs".into(), runs).into());
    }
    columns.push(counts("count", |profile| profile.values));
    columns.push(counts("nulls", |profile| profile.rows - profile.values));
    columns.push(counts("nan", |profile| profile.nan));
    columns.push(counts("infinite", |profile| profile.infinite));
    columns.push(bounds("min", |(low, _)| low));
    columns.push(bounds("max", |(_, high)| high));
    columns.push(text_column("last", last.iter().map(Option::as_deref)));
    columns.push(steps("first_step", |profile| profile.first_step));
    columns.push(steps("last_step", |profile| profile.last.as_ref().map(|(step, _)| *step)));
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// A value as it was logged: a number that is a float shows that it is one.
fn shown(value: &Json) -> Option<String> {
    match value {
        Json::Number(number) => Some(number.to_string().trim_matches('"').to_owned()),
        other => text_of(other),
    }
}
