//! `runlake history` and `runlake histories`: samples of one run's rows, and of many runs' in one table.

use runlake::{Api, Histories as Rows, HistoriesOptions, HistoryOptions, HistoryStream, RunsOptions};
use runlake_types::{Filter, Order};

use crate::arguments::Print;
use crate::arguments::run::{Histories, History, Sample, Stream};
use crate::connection::connect;
use crate::exit_code;
use crate::format::print_rows;
use crate::report::say;

fn history_options(sample: &Sample) -> HistoryOptions {
    HistoryOptions {
        samples: sample.samples,
        keys: sample.keys.clone(),
        x_axis: sample.x_axis.clone(),
        stream: match sample.stream {
            Stream::Default => HistoryStream::Default,
            Stream::System => HistoryStream::System,
        },
    }
}

fn print(rows: &Rows, print: &Print) -> anyhow::Result<()> {
    print_rows(&rows.rows, || Ok(rows.to_record_batch()?), print.format()?, print.output())
}

pub(crate) async fn history(options: &History) -> anyhow::Result<u8> {
    let run = Api::new(connect(&options.place.connection)?).run(&options.place.run).await?;
    let rows = Rows { rows: run.history(&history_options(&options.sample)).await? };
    print(&rows, &options.print)?;
    let of = run.history_line_count().filter(|_| options.sample.stream == Stream::Default);
    let of = of.map_or_else(String::new, |count| format!(" of {count}"));
    say(&format!("{}{of} rows, a sample; `runlake scan` reads every row", rows.rows.len()));
    Ok(exit_code::OK)
}

pub(crate) async fn histories(options: &Histories) -> anyhow::Result<u8> {
    let api = Api::new(connect(&options.connection)?);
    let listed = RunsOptions { filter: Filter::parse(&options.filters)?, order: Order::parse(&options.order)?, ..RunsOptions::default() };
    let runs = api.runs(&options.project, listed).await?;
    let rows = runs.histories(&HistoriesOptions { history: history_options(&options.sample), all: options.all }).await?;
    print(&rows, &options.print)?;
    let what = if options.all { "every row" } else { "samples; --all reads every row" };
    say(&format!("{} rows of {} runs, {what}", rows.rows.len(), runs.len().await?));
    Ok(exit_code::OK)
}
