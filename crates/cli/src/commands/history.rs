//! `runlake history` and `runlake histories`: samples of one run's rows, and of many runs' in one table.

use std::io::Write as _;

use runlake::{Api, Histories as Rows, HistoriesOptions, HistoryOptions, HistoryStream, RunsOptions};
use runlake_query::bridge::frame_of_batch;
use runlake_query::{Answer, Axis, CurveQuery, HistoriesQuery, Origin};
use runlake_types::{Filter, Order};

use super::lake_question::{Asked, on_axis, on_places, patterns};
use crate::answer::print_answer;
use crate::arguments::Format;
use crate::arguments::questions::LakeRuns;
use crate::arguments::run::{Histories, History, Sample, Stream};
use crate::connection::connect;
use crate::exit_code;
use crate::format::{Output, print_rows};
use crate::report::{UsageError, say};

fn history_options(sample: &Sample) -> HistoryOptions {
    let of_default = HistoryOptions::default();
    HistoryOptions {
        samples: sample.samples.unwrap_or(of_default.samples),
        keys: sample.keys.clone(),
        x_axis: sample.x_axis.clone(),
        stream: match sample.stream {
            Stream::Default => HistoryStream::Default,
            Stream::System => HistoryStream::System,
        },
    }
}

pub(crate) async fn history(options: &History) -> anyhow::Result<u8> {
    let run = Api::new(connect(&options.place.connection)?).run(&options.place.run).await?;
    let rows: Rows = run.history(&history_options(&options.sample)).await?.into_iter().collect();
    print_rows(&rows, options.print.format()?, options.print.output())?;
    let of = run.history_line_count().filter(|_| options.sample.stream == Stream::Default);
    let of = of.map_or_else(String::new, |count| format!(" of {count}"));
    say(&format!("{}{of} rows, a sample; `runlake scan` reads every row", rows.len()));
    Ok(exit_code::OK)
}

pub(crate) async fn histories(options: &Histories) -> anyhow::Result<u8> {
    if let Some(lake) = &options.of_lake.lake {
        return histories_of_lake(options, lake).await;
    }
    let api = Api::new(connect(&options.connection)?);
    let listed = RunsOptions { filter: Filter::parse(&options.filters)?, order: Order::parse(&options.order)?, ..RunsOptions::default() };
    let runs = api.runs(options.project.as_deref().unwrap_or_default(), listed).await?;
    let rows = runs.histories(&HistoriesOptions { history: history_options(&options.sample), all: options.all }).await?;
    let run_count = runs.len().await?;
    refuse_nothing(&rows, run_count, options)?;
    if options.print.partition_by().is_empty() {
        print_rows(&rows, options.print.format()?, options.print.output())?;
    } else {
        let frame = frame_of_batch(&rows.to_record_batch()?)?;
        let origin = Origin::new().with_question(&options.sample.keys.join(", ")).with_sampled(!options.all);
        print_answer(&Answer::of_frame(frame, origin), &options.print).await?;
    }
    let what = if options.all { "every row" } else { "samples; --all reads every row" };
    say(&format!("{} rows of {} runs, {what}", rows.len(), run_count));
    Ok(exit_code::OK)
}

/// A key or a filter that leads to nothing is a mistake.
fn refuse_nothing(rows: &Rows, runs: u64, options: &Histories) -> Result<(), UsageError> {
    let keys = &options.sample.keys;
    if runs == 0 && options.filters != "{}" {
        let message = format!("no run passes the filter {}", options.filters);
        return Err(UsageError { message, hint: "`runlake runs ENTITY/PROJECT` lists all runs".to_owned() });
    }
    if runs > 0 && rows.is_empty() && !keys.is_empty() {
        let which = if options.all { "any" } else { "all" };
        let message = format!("no row of the {runs} runs has {which} of the keys {}", keys.join(", "));
        let hint = "`runlake run keys ENTITY/PROJECT/RUN` lists those of a run; patterns are for --lake".to_owned();
        return Err(UsageError { message, hint });
    }
    Ok(())
}

async fn histories_of_lake(options: &Histories, lake: &str) -> anyhow::Result<u8> {
    let of_lake = &options.of_lake;
    if let Some(samples) = options.sample.samples {
        let hint = format!("--sample even:{samples} takes so many rows of each run; without it every row is read");
        return Err(UsageError { message: "--samples is for the service, which chooses the rows itself".to_owned(), hint }.into());
    }
    let runs = LakeRuns {
        lake: lake.to_owned(),
        project: options.project.iter().cloned().collect(),
        filters: options.filters.clone(),
        runs: of_lake.runs.clone(),
    };
    let asked = Asked::open(&runs).await?;
    let keys = patterns(&options.sample.keys)?;
    let steps = of_lake.min_step.unwrap_or(i64::MIN)..of_lake.max_step.unwrap_or(i64::MAX);
    let is_cut = of_lake.min_step.is_some() || of_lake.max_step.is_some();
    if let Some(align) = of_lake.align {
        let query = CurveQuery::new(asked.selection.clone(), keys).with_axis(Axis::from_name(&options.sample.x_axis));
        let mut query = if options.sample.stream == Stream::System { query.of_system_metrics() } else { query };
        if is_cut {
            query = query.with_steps(steps);
        }
        if let Some(smoothing) = &of_lake.smooth {
            query = query.with_smoothing(smoothing.parse()?);
        }
        let curves = on_places(query, align, &of_lake.places).read(&asked.lake).await?;
        let frame = if of_lake.wide { curves.to_wide()? } else { curves.to_long()? };
        print_answer(&Answer::of_frame(frame, asked.origin().await?), &options.print).await?;
        say(&on_axis(&curves));
        return Ok(exit_code::OK);
    }
    if options.sample.stream == Stream::System {
        let hint = "bring them onto one axis with --align, or ask `runlake query 'select * from system_metrics'`".to_owned();
        return Err(UsageError { message: "rows of the machine's metrics are not read without --align".to_owned(), hint }.into());
    }
    let mut query = HistoriesQuery::new(asked.selection.clone(), keys);
    if is_cut {
        query = query.with_steps(steps);
    }
    if of_lake.require_all {
        query = query.require_all();
    }
    if let Some(sampling) = &of_lake.sample {
        query = query.with_sampling(sampling.parse()?);
    }
    let origin = asked.origin().await?.with_sampled(of_lake.sample.is_some());
    let answer = Answer::new(query.plan(&asked.lake).await?, origin);
    if of_lake.explain {
        let mut output = Output::open_for(Format::Table, options.print.output())?;
        writeln!(output, "{}", answer.explain()?)?;
        output.finish()?;
        return Ok(exit_code::OK);
    }
    print_answer(&answer, &options.print).await?;
    if let Some(sampling) = &of_lake.sample {
        say(&format!("samples by {sampling}; without --sample every row is read"));
    }
    Ok(exit_code::OK)
}
