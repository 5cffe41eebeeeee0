//! The live part of a history: pages of the `history` field over windows of steps.
//!
//! A server samples without a word when a window holds more rows than it may return, so a page that may be full is split and asked
//! again, at the steps that the page itself shows: cost follows rows, not the step axis. A server may also cap pages lower than it was
//! asked, at a cap it does not tell; the count that the service keeps of the rows gives that away.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use runlake_fetch::{Client, StepWindow};
use runlake_types::RunPath;

use crate::off_thread::off_thread;
use crate::page_decoder::{DecodedPage, PageDecoder};
use crate::{Error, KindPlan, RowColumns};

/// Rows asked for at once: what the service is known to return whole, see the limits that W&B documents
/// (<https://docs.wandb.ai/models/track/limits>).
const PAGE_ROWS: u64 = 10_000;

/// Pages of a range of steps, in ascending order, each row once.
#[derive(Debug)]
pub(crate) struct LivePages {
    /// Windows still to be asked for, the lowest on top.
    windows: Vec<(i64, i64)>,
    /// How many rows the whole range should hold, when the service keeps a count.
    expected_rows: Option<u64>,
    /// A page with at least so many rows is taken for full.
    full_page_rows: u64,
    /// Whether no page was asked for yet.
    is_first: bool,
    requests: u64,
    rows_without_step: u64,
    plan: Arc<KindPlan>,
    /// Not here while a page is decoded.
    decoder: Option<PageDecoder>,
}

/// One page: every row of a range of steps.
#[derive(Debug)]
pub(crate) struct Page {
    /// The rows, ascending by step, each step once.
    pub(crate) rows: RowColumns,
    /// The end of the range, exclusive: no later page has a step below it.
    pub(crate) max_step: i64,
}

impl LivePages {
    /// Pages of the steps from `min_step` to below `max_step`, which should hold `expected_rows`. Kinds are those of `plan`.
    pub(crate) fn new(plan: &Arc<KindPlan>, min_step: i64, max_step: i64, expected_rows: Option<u64>) -> Self {
        let windows = if min_step < max_step { vec![(min_step, max_step)] } else { Vec::new() };
        let plan = Arc::clone(plan);
        Self { windows, expected_rows, full_page_rows: PAGE_ROWS, is_first: true, requests: 0, rows_without_step: 0, plan, decoder: None }
    }

    /// Requests sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    /// Rows left out since they have no step.
    pub(crate) fn rows_without_step(&self) -> u64 {
        self.rows_without_step
    }

    /// The next page; `None` after the last. A page may be empty.
    pub(crate) async fn next_page(&mut self, client: &Client, run: &RunPath) -> Result<Option<Page>, Error> {
        while let Some((min_step, max_step)) = self.windows.pop() {
            let text = client.history_page_raw(run, StepWindow { min_step, max_step, samples: PAGE_ROWS }).await?;
            self.requests += 1;
            let page = self.decode(run, text, min_step..max_step).await?;
            let received = page.received_rows;
            // The first window spans everything, so the count shows at once whether the server returned less than there is; without a
            // count, asking again in two halves shows it.
            let may_be_capped = received > 1 && self.expected_rows.is_none_or(|expected| received < expected);
            if std::mem::take(&mut self.is_first) && may_be_capped {
                self.full_page_rows = self.full_page_rows.min(received);
            }
            let is_full = received >= self.full_page_rows && max_step - min_step > 1;
            if !is_full {
                self.rows_without_step += page.rows_without_step;
                return Ok(Some(Page { rows: page.rows, max_step }));
            }
            let steps = page.rows.steps.as_ref().map(|steps| steps.values().as_ref()).unwrap_or_default();
            let border = split_at(steps, min_step, max_step);
            self.windows.push((border, max_step));
            self.windows.push((min_step, border));
        }
        Ok(None)
    }

    async fn decode(&mut self, run: &RunPath, text: Bytes, window: Range<i64>) -> Result<DecodedPage, Error> {
        let mut decoder = self.decoder.take().unwrap_or_else(|| PageDecoder::new(run.clone(), Arc::clone(&self.plan)));
        let (decoder, page) = off_thread(move || {
            let page = decoder.decode(&text, window);
            (decoder, page)
        })
        .await;
        self.decoder = Some(decoder);
        page
    }
}

/// Where to split a window whose page was full: at the middle of the rows that came, which a sample spreads like the rows that did not.
fn split_at(steps: &[i64], min_step: i64, max_step: i64) -> i64 {
    let middle = steps.get(steps.len() / 2).copied().unwrap_or(min_step + (max_step - min_step) / 2);
    middle.clamp(min_step + 1, max_step - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_leaves_two_windows_that_are_not_empty() {
        assert_eq!(split_at(&[0, 1, 2], 0, 1_000_000), 1);
        assert_eq!(split_at(&[0, 0, 0], 0, 2), 1);
        assert_eq!(split_at(&[9, 9, 9], 0, 10), 9);
        assert_eq!(split_at(&[], 0, 10), 5);
    }
}
