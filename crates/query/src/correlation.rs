//! Which config moved an outcome: each config key in which runs differ, held against a metric.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, NamedFrom as _, Series};
use runlake_curves::outcome::{pearson, spearman};
use runlake_lake::Lake;
use runlake_types::Json;

use crate::aligned_curves::text_column;
use crate::config::{differs, values_of};
use crate::json_column::number_of;
use crate::outcomes::{one_number_key, picked};
use crate::selection::RUNS_AND_ROWS;
use crate::{Error, ErrorKind, KeyPattern, Pick, Selection};

/// One config key beside the outcome.
struct Line {
    key: String,
    is_number: bool,
    runs: usize,
    distinct: usize,
    pearson: Option<f64>,
    spearman: Option<f64>,
    explained: Option<f64>,
}

/// A row for each config key in which the runs differ: `config` the key, `kind` (`number` or `category`), `runs` int64 that have both, `distinct`
/// int64 values, `pearson` and `spearman` float64 (numbers; booleans are 0 and 1), `explained` float64, the share of the outcome's variance
/// that lies between the groups of equal values (eta squared, from 0 to 1; null where every run has a value of its own). The strongest
/// first: by the greatest of `|pearson|`, `|spearman|` and, for categories, the root of `explained`.
///
/// Runs whose outcome is missing, NaN or infinite take no part.
///
/// # Errors
/// Those of [`Selection::runs`] and of keys; [`ErrorKind::NoValues`] when fewer than two runs have an outcome, or they do not differ.
pub async fn correlate(lake: &Lake, selection: &Selection, outcome: &KeyPattern, pick: Pick) -> Result<DataFrame, Error> {
    let lake = &lake.pinned(&RUNS_AND_ROWS).await?;
    let runs = selection.runs(lake).await?;
    let key = one_number_key(outcome, &lake.metric_columns().await?)?;
    let found = picked(lake, &runs, &key, pick).await?;
    let outcomes: Vec<Option<f64>> = found.iter().map(|found| found.map(|found| found.value).filter(|value| value.is_finite())).collect();
    let known = outcomes.iter().flatten().count();
    let no_values = |reason: String| Error::from(ErrorKind::NoValues { question: format!("what moved {}", key.path.dotted()), reason });
    if known < 2 {
        return Err(no_values(format!("{known} of the {} runs has a finite value of it, and two are needed", runs.len())));
    }
    let configs = values_of(runs.iter().map(|run| &run.record.config));
    let mut lines: Vec<Line> = configs.iter().filter_map(|(key, values)| line_of(key, values, &outcomes)).collect();
    if lines.is_empty() {
        return Err(no_values(format!("the configs of the {known} runs that have it do not differ")));
    }
    let strength = |line: &Line| {
        let group = line.explained.filter(|_| !line.is_number).map(f64::sqrt);
        [line.pearson.map(f64::abs), line.spearman.map(f64::abs), group].into_iter().flatten().fold(0.0, f64::max)
    };
    lines.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then_with(|| a.key.cmp(&b.key)));
    let counts = |name: &str, count: fn(&Line) -> usize| {
        Series::new(name.into(), lines.iter().map(|line| i64::try_from(count(line)).unwrap_or(i64::MAX)).collect::<Vec<_>>()).into()
    };
    let numbers =
        |name: &str, number: fn(&Line) -> Option<f64>| Series::new(name.into(), lines.iter().map(number).collect::<Vec<_>>()).into();
    let columns = vec![
        text_column("config", lines.iter().map(|line| Some(line.key.as_str()))),
        text_column("kind", lines.iter().map(|line| Some(if line.is_number { "number" } else { "category" }))),
        counts("runs", |line| line.runs),
        counts("distinct", |line| line.distinct),
        numbers("pearson", |line| line.pearson),
        numbers("spearman", |line| line.spearman),
        numbers("explained", |line| line.explained),
    ];
    Ok(DataFrame::new(lines.len(), columns)?)
}

fn line_of(key: &str, values: &[Option<Json>], outcomes: &[Option<f64>]) -> Option<Line> {
    let both: Vec<(&Json, f64)> = values.iter().zip(outcomes).filter_map(|(value, outcome)| Some((value.as_ref()?, (*outcome)?))).collect();
    let present: Vec<Option<Json>> = both.iter().map(|(value, _)| Some((*value).clone())).collect();
    if both.len() < 2 || !differs(&present) {
        return None;
    }
    let number = |value: &Json| match value {
        Json::Bool(value) => Some(f64::from(u8::from(*value))),
        other => number_of(other),
    };
    let numbers: Option<Vec<f64>> = both.iter().map(|(value, _)| number(value)).collect();
    let results: Vec<f64> = both.iter().map(|(_, outcome)| *outcome).collect();
    let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (value, outcome) in &both {
        // 1 and 1.0 are one value, and "1" is another.
        let name = value.as_number().map_or_else(|| value.to_canonical_text(), |number| format!("{:?}", number.as_f64()));
        groups.entry(name).or_default().push(*outcome);
    }
    Some(Line {
        key: key.to_owned(),
        is_number: numbers.is_some(),
        runs: both.len(),
        distinct: groups.len(),
        pearson: numbers.as_ref().and_then(|numbers| pearson(numbers, &results)),
        spearman: numbers.as_ref().and_then(|numbers| spearman(numbers, &results)),
        explained: (groups.len() < both.len()).then(|| explained(&groups, &results)).flatten(),
    })
}

/// The sum of squares between groups over that of all; `None` when the outcomes do not differ.
fn explained(groups: &BTreeMap<String, Vec<f64>>, all: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "no project has 2^53 runs")]
    let count = |values: &[f64]| values.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count(values);
    let centre = mean(all);
    let total: f64 = all.iter().map(|value| (value - centre).powi(2)).sum();
    let between: f64 = groups.values().map(|values| count(values) * (mean(values) - centre).powi(2)).sum();
    (total > 0.0).then(|| (between / total).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[&str], outcomes: &[f64]) -> Option<Line> {
        let values: Vec<Option<Json>> = values.iter().map(|text| (!text.is_empty()).then(|| Json::parse(text).unwrap())).collect();
        line_of("key", &values, &outcomes.iter().map(|outcome| Some(*outcome)).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_are_correlated_and_categories_explain() {
        let numbers = line(&["1", "2", "2", "3"], &[2.0, 4.0, 4.0, 6.0]).unwrap();
        assert!((numbers.pearson.unwrap() - 1.0).abs() < 1e-12 && numbers.is_number);
        assert_eq!((numbers.runs, numbers.distinct, numbers.explained), (4, 3, Some(1.0)));
        // By hand: the mean is 3, its squares 4 + 1 + 1 + 4 = 10, between the groups (1.5, 4.5) 2 * 1.5² * 2 = 9.
        let category = line(&["\"a\"", "\"a\"", "\"b\"", "\"b\""], &[1.0, 2.0, 4.0, 5.0]).unwrap();
        assert_eq!((category.pearson, category.explained), (None, Some(0.9)));
        assert_eq!(line(&["\"a\"", "\"b\""], &[1.0, 2.0]).unwrap().explained, None, "every run has a value of its own");
    }

    #[test]
    fn what_does_not_differ_is_no_line() {
        assert!(line(&["1", "1", ""], &[1.0, 2.0, 3.0]).is_none());
        assert!(line(&["1", ""], &[1.0, 2.0]).is_none());
        assert_eq!(line(&["1", "2"], &[3.0, 3.0]).unwrap().pearson, None);
    }
}
