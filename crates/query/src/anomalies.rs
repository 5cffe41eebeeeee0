//! Which runs went wrong, and when: values that are no numbers, curves that blew up, and runs that came out unlike the others.

use polars::prelude::{DataFrame, NamedFrom as _, Series};
use runlake_curves::Curve;
use runlake_curves::outcome::{Goal, OutlierRule, divergence, outliers};
use runlake_ingest::schema::STEP;
use runlake_lake::{Lake, RowsOf, StoredRun};

use crate::aligned_curves::{KEY, text_column};
use crate::keys::{names_of, resolve_number_keys};
use crate::outcomes::run_columns;
use crate::run_curves::{CurvePlan, curves_of_runs};
use crate::run_parts::KEYS_AT_ONCE;
use crate::selection::RUNS_AND_ROWS;
use crate::{DEFAULT_MOST_POINTS, Error, KeyPattern, Selection};

/// What counts as going wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnomalyRules {
    /// Which values are better: a curve blows up when it gets worse. None where nobody can say, and then no curve does. By default the
    /// lower ones.
    pub goal: Option<Goal>,
    /// By how many typical steps a value must be worse than the best before it; see [`divergence`]. By default 20.
    pub steps: f64,
    /// When the last finite value of a run is unlike those of the other runs. By default the modified z-score, beyond 3.5.
    pub outlier: OutlierRule,
}

impl Default for AnomalyRules {
    fn default() -> Self {
        Self { goal: Some(Goal::Minimize), steps: 20.0, outlier: OutlierRule::default() }
    }
}

/// Something that went wrong in one curve.
#[derive(Clone, Debug)]
struct Found {
    run: usize,
    key: usize,
    what: &'static str,
    step: f64,
    value: f64,
}

/// What one curve shows by itself, and its last finite value.
type OfCurve = (Vec<(&'static str, f64, f64)>, Option<(f64, f64)>);

/// A row for each thing that went wrong: `run_id`, `project` where there are several, `display_name`, `key`, `what`, `_step` int64 and `value`
/// float64 of the point. `what` is `nan` or `infinite` (the first such value of the run), `diverged` (the first value that is worse than
/// the best before it by so many typical steps) or `outlier` (the last finite value is unlike those of the other runs). By run, key and
/// step. No patterns are all keys. No rows: nothing went wrong.
///
/// # Errors
/// Those of [`Selection::runs`] and of keys, and for rules with a number that is not allowed.
pub async fn anomalies(lake: &Lake, selection: &Selection, keys: &[KeyPattern], rules: AnomalyRules) -> Result<DataFrame, Error> {
    let lake = &lake.pinned(&RUNS_AND_ROWS).await?;
    let runs = selection.runs(lake).await?;
    let keys = resolve_number_keys(keys, &lake.metric_columns().await?)?;
    // That the rules make sense is said before anything is read.
    divergence(&Curve::default(), rules.goal.unwrap_or(Goal::Minimize), rules.steps)?;
    outliers(&[], rules.outlier)?;
    let mut found: Vec<Found> = Vec::new();
    for (block, first_key) in keys.chunks(KEYS_AT_ONCE).zip((0..).step_by(KEYS_AT_ONCE)) {
        let plan = CurvePlan {
            rows_of: RowsOf::Histories,
            axis: STEP.to_owned(),
            keys: block.iter().map(|key| key.name.clone()).collect(),
            steps: None,
            most_points: DEFAULT_MOST_POINTS,
        };
        let of_run =
            move |_: usize, curves: Vec<Curve>| curves.iter().map(|curve| of_curve(curve, rules)).collect::<Result<Vec<_>, Error>>();
        let (of_runs, _) = curves_of_runs(lake, &runs, &plan, of_run).await?;
        let of_runs: Vec<Vec<OfCurve>> = of_runs.into_iter().collect::<Result<_, _>>()?;
        for key in 0..block.len() {
            let last: Vec<f64> = of_runs.iter().map(|curves| curves[key].1.map_or(f64::NAN, |(_, value)| value)).collect();
            let unlike = outliers(&last, rules.outlier)?;
            for (run, curves) in of_runs.iter().enumerate() {
                let (alone, last) = &curves[key];
                let among = last.filter(|_| unlike.binary_search(&run).is_ok()).map(|(step, value)| ("outlier", step, value));
                let all = alone.iter().copied().chain(among);
                found.extend(all.map(|(what, step, value)| Found { run, key: first_key + key, what, step, value }));
            }
        }
    }
    found.sort_by(|a, b| (a.run, a.key).cmp(&(b.run, b.key)).then(a.step.total_cmp(&b.step)));
    let chosen: Vec<StoredRun> = found.iter().map(|found| runs[found.run].clone()).collect();
    let of_keys = names_of(&keys);
    let mut columns = run_columns(&chosen);
    columns.push(text_column(KEY, found.iter().map(|found| Some(of_keys[found.key].as_str()))));
    columns.push(text_column("what", found.iter().map(|found| Some(found.what))));
    #[expect(clippy::cast_possible_truncation, reason = "steps are whole numbers")]
    let steps = found.iter().map(|found| found.step as i64).collect::<Vec<_>>();
    columns.push(Series::new(STEP.into(), steps).into());
    columns.push(Series::new("value".into(), found.iter().map(|found| found.value).collect::<Vec<_>>()).into());
    Ok(DataFrame::new(found.len(), columns)?)
}

fn of_curve(curve: &Curve, rules: AnomalyRules) -> Result<OfCurve, Error> {
    let point = |what, at: usize| (what, curve.x()[at], curve.y()[at]);
    let mut found = Vec::new();
    found.extend(curve.y().iter().position(|y| y.is_nan()).map(|at| point("nan", at)));
    found.extend(curve.y().iter().position(|y| y.is_infinite()).map(|at| point("infinite", at)));
    let finite: (Vec<f64>, Vec<f64>) = curve.points().filter(|(_, y)| y.is_finite()).unzip();
    let finite = Curve::new(finite.0, finite.1);
    if let Some(goal) = rules.goal {
        found.extend(divergence(&finite, goal, rules.steps)?.map(|at| ("diverged", finite.x()[at], finite.y()[at])));
    }
    Ok((found, finite.points().last()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_is_told() {
        let curve = Curve::new((0..9).map(f64::from).collect(), vec![2.0, 1.0, f64::NAN, 0.5, 0.6, f64::INFINITY, 30.0, f64::NAN, 90.0]);
        let (found, last) = of_curve(&curve, AnomalyRules::default()).unwrap();
        let shown: Vec<(&str, f64)> = found.iter().map(|(what, step, _)| (*what, *step)).collect();
        assert_eq!(shown, [("nan", 2.0), ("infinite", 5.0), ("diverged", 6.0)]);
        assert_eq!(last, Some((8.0, 90.0)));
        assert!(of_curve(&Curve::default(), AnomalyRules::default()).unwrap().0.is_empty());
    }
}
