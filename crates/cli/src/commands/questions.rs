//! `runlake stats`, `best`, `compare`, `describe`, `correlate` and `anomalies`: a question across the runs of a lake each.

use runlake_curves::outcome::{Goal, OutlierRule};
use runlake_curves::statistics::{Bootstrap, Statistic};
use runlake_query::{
    AnomalyRules, Answer, Axis, GroupBy, KeyPattern, OutcomeQuery, anomalies as find_anomalies, compare as find_differences,
    correlate as find_correlations, describe as read_keys,
};

use super::lake_question::{Asked, curve_query, on_axis, patterns, pick};
use crate::answer::print_answer;
use crate::arguments::questions::{self, Anomalies, Best, Compare, Correlate, Describe, Stats};
use crate::exit_code;
use crate::report::{UsageError, say};

pub(crate) async fn stats(options: &Stats) -> anyhow::Result<u8> {
    let statistics = statistics(options)?;
    let by = GroupBy::parse(options.group_by.iter().map(String::as_str))?;
    let asked = Asked::open(&options.runs).await?;
    let mut query = curve_query(asked.selection.clone(), patterns(&options.keys)?, &options.axis);
    if let Some(smoothing) = &options.smooth {
        query = query.with_smoothing(smoothing.parse()?);
    }
    let curves = query.read(&asked.lake).await?;
    let frame = curves.statistics(&by, &statistics)?;
    print_answer(&Answer::of_frame(frame, asked.origin().await?), &options.print).await?;
    say(&on_axis(&curves));
    Ok(exit_code::OK)
}

fn statistics(options: &Stats) -> anyhow::Result<Vec<Statistic>> {
    let settled = |bootstrap: Bootstrap| Bootstrap { seed: options.seed, resamples: options.resamples, ..bootstrap };
    let parse = |name: &String| {
        Ok(match name.trim().parse::<Statistic>()? {
            Statistic::BootstrapLow(bootstrap) => Statistic::BootstrapLow(settled(bootstrap)),
            Statistic::BootstrapHigh(bootstrap) => Statistic::BootstrapHigh(settled(bootstrap)),
            other => other,
        })
    };
    options.statistics.iter().map(parse).collect()
}

pub(crate) async fn best(options: &Best) -> anyhow::Result<u8> {
    let asked = Asked::open(&options.runs).await?;
    let mut query = OutcomeQuery::new(asked.selection.clone(), KeyPattern::parse(&options.key)?, pick(options.goal))
        .beside(patterns(&options.with)?)
        .with_axis(Axis::from_name(&options.x_axis));
    if let Some(threshold) = options.threshold {
        query = query.with_threshold(threshold);
    }
    if options.area {
        query = query.with_area();
    }
    let frame = query.read(&asked.lake).await?;
    print_answer(&Answer::of_frame(frame, asked.origin().await?), &options.print).await?;
    Ok(exit_code::OK)
}

pub(crate) async fn compare(options: &Compare) -> anyhow::Result<u8> {
    let mut asked = Asked::open(&options.runs).await?;
    if !options.run_ids.is_empty() {
        asked.selection = asked.selection.with_runs(options.run_ids.iter().chain(&options.runs.runs).map(String::as_str));
    }
    let frame = find_differences(&asked.lake, &asked.selection, options.all).await?;
    print_answer(&Answer::of_frame(frame, asked.origin().await?), &options.print).await?;
    Ok(exit_code::OK)
}

pub(crate) async fn describe(options: &Describe) -> anyhow::Result<u8> {
    let asked = Asked::open(&options.runs).await?;
    let description = read_keys(&asked.lake, &asked.selection, &patterns(&options.keys)?).await?;
    let frame = if options.per_run { description.per_run()? } else { description.over_all()? };
    print_answer(&Answer::of_frame(frame, asked.origin().await?), &options.print).await?;
    Ok(exit_code::OK)
}

pub(crate) async fn correlate(options: &Correlate) -> anyhow::Result<u8> {
    let asked = Asked::open(&options.runs).await?;
    let frame = find_correlations(&asked.lake, &asked.selection, &KeyPattern::parse(&options.key)?, pick(options.goal)).await?;
    print_answer(&Answer::of_frame(frame, asked.origin().await?), &options.print).await?;
    Ok(exit_code::OK)
}

pub(crate) async fn anomalies(options: &Anomalies) -> anyhow::Result<u8> {
    let goal = match options.goal {
        Some(questions::Goal::Max) => Some(Goal::Maximize),
        Some(questions::Goal::Last) => {
            let hint = "it is min for losses and max for accuracies".to_owned();
            return Err(UsageError { message: "--goal last does not say which values are better".to_owned(), hint }.into());
        }
        // Among all keys there are losses and accuracies.
        None if options.keys.is_empty() => None,
        Some(questions::Goal::Min) | None => Some(Goal::Minimize),
    };
    let asked = Asked::open(&options.runs).await?;
    let rules = AnomalyRules { goal, steps: options.steps, outlier: OutlierRule::ModifiedZScore(options.outlier) };
    let frame = find_anomalies(&asked.lake, &asked.selection, &patterns(&options.keys)?, rules).await?;
    let found = frame.height();
    print_answer(&Answer::of_frame(frame, asked.origin().await?), &options.print).await?;
    say(&if found == 0 { "nothing went wrong by these rules".to_owned() } else { format!("{found} things went wrong") });
    Ok(exit_code::OK)
}
