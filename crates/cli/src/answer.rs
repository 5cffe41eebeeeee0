//! The answer to a question, printed: to the terminal, through a pipe, into a file or a folder.

use std::io::Write as _;

use arrow::array::RecordBatch;
use runlake_query::{Answer, WriteOptions};

use crate::arguments::{Format, PrintOptions};
use crate::format::Output;
use crate::sheet::Sheet;
use crate::table;

/// Prints `answer` as `options` say. Nothing of it is held but what a table shows; a file appears whole or not at all. Runs the query away
/// from the runtime's threads, so that Ctrl-C is heard.
pub(crate) async fn print_answer(answer: &Answer, options: &PrintOptions) -> anyhow::Result<()> {
    let format = options.format()?;
    let Some(file_format) = format.of_files() else { return print_table(answer, options).await };
    let write = WriteOptions::new(file_format).with_partition_by(options.partition_by());
    let answer = answer.clone();
    if let Some(path) = options.output().filter(|_| !options.partition_by().is_empty()) {
        let path = path.to_owned();
        return Ok(tokio::task::spawn_blocking(move || answer.write_path(&write, &path)).await??);
    }
    let output = Output::open_for(format, options.output())?;
    let mut writer = output.handle()?;
    // Ctrl-C drops `output` here, and with it the file that the query still writes to.
    tokio::task::spawn_blocking(move || answer.write(&write, &mut writer)).await??;
    output.finish()
}

async fn print_table(answer: &Answer, options: &PrintOptions) -> anyhow::Result<()> {
    let mut output = Output::open_for(Format::Table, options.output())?;
    let answer = answer.clone();
    let text = tokio::task::spawn_blocking(move || text(&answer)).await??;
    output.write_all(text.as_bytes())?;
    output.finish()
}

/// The table of the first rows, and how many there are.
fn text(answer: &Answer) -> anyhow::Result<String> {
    let batches = answer.batches()?;
    let schema = batches.schema();
    let (mut shown, mut rows): (Vec<RecordBatch>, usize) = (Vec::new(), 0);
    for batch in batches {
        let batch = batch?;
        let room = table::MAX_ROWS.saturating_sub(rows).min(batch.num_rows());
        if room > 0 {
            shown.push(batch.slice(0, room));
        }
        rows += batch.num_rows();
    }
    Ok(table::render_head(&Sheet::of_batches(&schema, &shown)?, rows))
}
