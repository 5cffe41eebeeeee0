//! What the run's process wrote to its console.

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use runlake_fetch::ConsoleLine;

use super::Run;
use crate::Error;

/// Which lines of a console are read, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleOptions {
    /// Lines per request. Default: 1000.
    pub per_page: u32,
    /// Only so many of the last lines, in one request; the service may give fewer. Default: all lines.
    pub last: Option<u32>,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self { per_page: 1000, last: None }
    }
}

impl Run {
    /// The lines of the console, the oldest first, fetched as they are asked for. An error ends the stream.
    pub fn console_logs(&self, options: ConsoleOptions) -> BoxStream<'static, Result<ConsoleLine, Error>> {
        let (client, path) = (self.api.client().clone(), self.record.path.clone());
        match options.last {
            None => client.console_lines(&path, options.per_page).map_err(Error::from).boxed(),
            Some(last) => {
                let tail = async move { Ok::<_, Error>(stream::iter(client.console_tail(&path, last).await?).map(Ok)) };
                stream::once(tail).try_flatten().boxed()
            }
        }
    }
}
