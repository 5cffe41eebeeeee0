//! What a run's process wrote to its console, line by line.
//!
//! As the official client reads it: <https://github.com/wandb/wandb/blob/main/wandb/apis/public/console_logs.py>.

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use runlake_types::{RunPath, Timestamp};
use serde_json::json;

use crate::error::Error;
use crate::graphql::graphql_int;
use crate::pagination::{Page, pages};
use crate::run_record::timestamp;
use crate::runs::failed;
use crate::wire::{ConsoleOfRun, WireLogLine};
use crate::{Client, documents};

/// One line of a console.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsoleLine {
    /// Where the line stands in the log, from 0 on.
    pub number: u64,
    /// When it was written, UTC; `None` when the service did not keep it.
    pub timestamp: Option<Timestamp>,
    /// `error` for lines of stderr, empty otherwise.
    pub level: String,
    /// Which of several processes of one run wrote it; empty for a run with one.
    pub label: String,
    /// The text without its line end.
    pub content: String,
}

impl Client {
    /// The whole log, the oldest line first, page after page. An error ends the stream.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`](crate::ErrorKind::RunNotFound), and as every call.
    pub fn console_lines(&self, run: &RunPath, per_page: u32) -> impl Stream<Item = Result<ConsoleLine, Error>> + Send + use<> {
        let operation = "read the console log";
        let (client, run) = (self.clone(), run.clone());
        let pages = pages(operation, move |cursor| {
            let (client, run) = (client.clone(), run.clone());
            async move {
                let variables = json!({ "first": graphql_int(per_page.max(1).into()), "after": cursor });
                let data: ConsoleOfRun = client.query_run(operation, documents::CONSOLE_PAGE, &run, variables).await?;
                Page::of_connection(data.log_lines, data.log_line_count).map_err(|kind| failed(operation, kind))
            }
        });
        pages.map_ok(|page| stream::iter(page.items).map(Ok)).try_flatten().scan(0, |next, line| {
            let line = line.map(|line| line_from_wire(line, *next));
            *next = line.as_ref().map_or(*next, |line| line.number + 1);
            std::future::ready(Some(line))
        })
    }

    /// The last lines of the log, the oldest of them first, in one request. The service may give fewer than asked for.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`](crate::ErrorKind::RunNotFound), and as every call.
    pub async fn console_tail(&self, run: &RunPath, lines: u32) -> Result<Vec<ConsoleLine>, Error> {
        let operation = "read the end of the console log";
        let variables = json!({ "last": graphql_int(lines.into()) });
        let data: ConsoleOfRun = self.query_run(operation, documents::CONSOLE_TAIL, run, variables).await?;
        let total = data.log_line_count;
        let lines = Page::of_connection(data.log_lines, total).map_err(|kind| failed(operation, kind))?.items;
        let first = total.unwrap_or_default().saturating_sub(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        Ok((first..).zip(lines).map(|(number, line)| line_from_wire(line, number)).collect())
    }
}

fn line_from_wire(line: WireLogLine, number: u64) -> ConsoleLine {
    ConsoleLine {
        number: line.number.unwrap_or(number),
        timestamp: timestamp(line.timestamp.as_deref().filter(|text| !text.is_empty())),
        level: line.level.unwrap_or_default(),
        label: line.label.unwrap_or_default(),
        content: line.line.unwrap_or_default(),
    }
}
