//! The three uses of a lake from Rust: a batch export, an analysis, and a step of a data pipeline.
//!
//! `cargo run -p runlake --example questions -- LAKE ENTITY/PROJECT KEY` does all three. The workspace's tests run them on the sample data.
#![expect(clippy::print_stdout, reason = "examples show what they find")]

use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use runlake::plot::Size;
use runlake::prelude::*;
use runlake::{Around, CurveChart};
use tokio::sync::mpsc::Sender;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Batch export: every row that has one of the keys, of all finished runs, as one Parquet file, sorted, with a note of where it came from. Rows
/// are written as they are read, so the result may be larger than memory; the file appears whole or not at all.
///
/// # Errors
/// When no finished run has such a row, and when the file cannot be written.
pub async fn batch_export(lake: &Lake, project: &ProjectPath, keys: &str, path: &Path) -> Result<()> {
    let finished = Filter::parse(r#"{"state": "finished"}"#)?;
    let query = HistoriesQuery::new(Selection::of(project.clone()).with_filter(finished), [KeyPattern::parse(keys)?]);
    let origin = Origin::of_lake(lake).await?.with_project(project).with_question(&format!("every row with {keys}"));
    let answer = Answer::new(query.plan(lake).await?, origin);
    let (options, path) = (WriteOptions::new(FileFormat::Parquet).with_sort_by(["run_id", "_step"]), path.to_owned());
    // Writing waits for the disk, so it is done away from the runtime's threads.
    tokio::task::spawn_blocking(move || answer.write_path(&options, &path)).await??;
    Ok(())
}

/// Analysis: which learning rate won, on average over seeds, with how much between the runs; and a picture of it. Gives the learning rate whose
/// runs have the highest mean at the end.
///
/// # Errors
/// When no run has the key or a learning rate, and when the picture cannot be written.
pub async fn analysis(lake: &Lake, project: &ProjectPath, key: &str, picture: &Path) -> Result<String> {
    let by_lr = GroupBy::parse(["config.lr"])?;
    let curves = CurveQuery::new(Selection::of(project.clone()), [KeyPattern::exact(key)]).read(lake).await?;
    let table = curves.statistics(&by_lr, &[Statistic::Mean, Statistic::Std, Statistic::Count])?;
    println!("{} rows of {:?}", table.height(), table.get_column_names());
    let groups = curves.group_curves(&by_lr, &[Statistic::Mean])?;
    let last = |group: &runlake::query::GroupCurve| group.statistics[0].iter().flatten().last().unwrap_or(f64::NAN);
    // A group may be there whose runs never logged the key.
    let with_values = groups.iter().filter(|group| group.runs > 0);
    let best = with_values.max_by(|a, b| last(a).total_cmp(&last(b))).ok_or("no run has the key")?;
    println!("the best is {}: {:.4} at the end", best.group.label(&by_lr), last(best));
    let chart = CurveChart::new().with_groups(by_lr.clone()).with_around(Around::parse("minmax")?).draw(&curves)?;
    std::fs::write(picture, chart.to_svg(Size::default())?)?;
    Ok(best.group.label(&by_lr))
}

/// A step of a pipeline: the record batches go into a channel as they are read. The channel holds two; when its reader is slow, reading the lake
/// waits, and when the reader goes away, it stops. Gives the rows that were handed on.
///
/// # Errors
/// When the lake cannot be read.
pub async fn pipeline(lake: &Lake, project: &ProjectPath, keys: &str, sink: Sender<arrow::array::RecordBatch>) -> Result<usize> {
    let query = HistoriesQuery::new(Selection::of(project.clone()), [KeyPattern::parse(keys)?]);
    let answer = Answer::new(query.plan(lake).await?, Origin::new());
    let mut batches = Box::pin(answer.batches()?.into_stream());
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        if sink.send(batch).await.is_err() {
            break;
        }
    }
    Ok(rows)
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [place, project, key] = arguments.as_slice() else { return Err("give LAKE ENTITY/PROJECT KEY".into()) };
    let lake = Lake::open(Location::parse(place)?).await?;
    let project = ProjectPath::parse(project)?;
    let (export, picture) = (PathBuf::from("rows.parquet"), PathBuf::from("groups.svg"));
    batch_export(&lake, &project, key, &export).await?;
    analysis(&lake, &project, key, &picture).await?;
    let (sink, mut source) = tokio::sync::mpsc::channel::<arrow::array::RecordBatch>(2);
    let reader = tokio::spawn(async move {
        while let Some(batch) = source.recv().await {
            println!("a batch of {} rows", batch.num_rows());
        }
    });
    let rows = pipeline(&lake, &project, key, sink).await?;
    reader.await?;
    println!("{rows} rows went through; {} and {} are written", export.display(), picture.display());
    Ok(())
}
