//! The live part of a history: pages of the `history` field over windows of steps.
//!
//! A server samples without a word when a window holds more rows than it may return, so a page that may be full is split and asked
//! again, at the steps that the page itself shows: cost follows rows, not the step axis. A server may also cap pages lower than it was
//! asked, at a cap it does not tell; the count that the service keeps of the rows gives that away.

use runlake_fetch::{Client, StepWindow};
use runlake_types::{Json, Number, Object, RunPath};

use crate::schema::STEP;
use crate::{Error, ErrorKind};

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
}

/// One page: every row of a range of steps.
#[derive(Debug)]
pub(crate) struct Page {
    /// The rows, ascending by step, each step once.
    pub(crate) rows: Vec<(i64, Object)>,
    /// The end of the range, exclusive: no later page has a step below it.
    pub(crate) max_step: i64,
}

impl LivePages {
    /// Pages of the steps from `min_step` to below `max_step`, which should hold `expected_rows`.
    pub(crate) fn new(min_step: i64, max_step: i64, expected_rows: Option<u64>) -> Self {
        let windows = if min_step < max_step { vec![(min_step, max_step)] } else { Vec::new() };
        Self { windows, expected_rows, full_page_rows: PAGE_ROWS, is_first: true, requests: 0, rows_without_step: 0 }
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
            let lines = client.history_page(run, StepWindow { min_step, max_step, samples: PAGE_ROWS }).await?;
            self.requests += 1;
            let received = lines.len() as u64;
            // The first window spans everything, so the count shows at once whether the server returned less than there is; without a
            // count, asking again in two halves shows it.
            let may_be_capped = received > 1 && self.expected_rows.is_none_or(|expected| received < expected);
            if std::mem::take(&mut self.is_first) && may_be_capped {
                self.full_page_rows = self.full_page_rows.min(received);
            }
            let is_full = received >= self.full_page_rows && max_step - min_step > 1;
            let (rows, rows_without_step) = parse_rows(run, &lines, min_step, max_step)?;
            if !is_full {
                self.rows_without_step += rows_without_step;
                return Ok(Some(Page { rows, max_step }));
            }
            let border = split_at(&rows, min_step, max_step);
            self.windows.push((border, max_step));
            self.windows.push((min_step, border));
        }
        Ok(None)
    }
}

/// Where to split a window whose page was full: at the middle of the rows that came, which a sample spreads like the rows that did not.
fn split_at(rows: &[(i64, Object)], min_step: i64, max_step: i64) -> i64 {
    let middle = rows.get(rows.len() / 2).map_or_else(|| min_step + (max_step - min_step) / 2, |(step, _)| *step);
    middle.clamp(min_step + 1, max_step - 1)
}

/// The rows of a page that lie in its window, ascending, each step once. A row that repeats a step, as in a page that was sent twice, is dropped.
/// The second value counts the rows that have no step.
fn parse_rows(run: &RunPath, lines: &[String], min_step: i64, max_step: i64) -> Result<(Vec<(i64, Object)>, u64), Error> {
    let mut rows = Vec::with_capacity(lines.len());
    let mut rows_without_step = 0;
    for line in lines {
        let row = Json::parse_object(line).map_err(|source| ErrorKind::Row { run: run.to_string(), source })?;
        match step_of(&row) {
            Some(step) if (min_step..max_step).contains(&step) => rows.push((step, row)),
            Some(_) => {}
            None => rows_without_step += 1,
        }
    }
    rows.sort_by_key(|(step, _)| *step);
    rows.dedup_by_key(|(step, _)| *step);
    Ok((rows, rows_without_step))
}

/// The step of a row.
pub(crate) fn step_of(row: &Object) -> Option<i64> {
    row.get(STEP).and_then(Json::as_number).and_then(Number::as_i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_leaves_two_windows_that_are_not_empty() {
        let row = |step: i64| (step, Object::new());
        assert_eq!(split_at(&[row(0), row(1), row(2)], 0, 1_000_000), 1);
        assert_eq!(split_at(&[row(0), row(0), row(0)], 0, 2), 1);
        assert_eq!(split_at(&[row(9), row(9), row(9)], 0, 10), 9);
        assert_eq!(split_at(&[], 0, 10), 5);
    }

    #[test]
    fn rows_outside_the_window_and_repeated_rows_are_dropped() {
        let lines: Vec<String> = ["{\"_step\":5}", "{\"_step\":3}", "{\"_step\":3.0}", "{\"_step\":10}", "{}"].map(str::to_owned).into();
        let (rows, rows_without_step) = parse_rows(&RunPath::new("e", "p", "r"), &lines, 3, 10).unwrap();
        assert_eq!(rows_without_step, 1);
        assert_eq!(rows.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [3, 5]);
    }
}
