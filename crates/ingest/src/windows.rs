//! Which windows of steps to ask for, and which answers to trust.
//!
//! A server samples without a word when a window holds more rows than it may return, and it may cap pages lower than it was asked, at a
//! cap it does not tell. So a page counts only when it has a row for every step of its window, or clearly fewer rows than a page that is
//! known to be full. How long such a page is shows in one request for everything, of which it is known that not everything can come.
//!
//! Windows follow the count of rows that the service keeps, so cost follows rows and not the step axis.

use std::ops::Range;

/// Rows asked for at once: what the service is known to return whole, see the limits that W&B documents
/// (<https://docs.wandb.ai/models/track/limits>).
const LARGEST_PAGE_ROWS: u64 = 10_000;

/// Values in one page, at most: rows of many metrics come in shorter pages.
const PAGE_CELLS: u64 = 500_000;

/// Rows in one page, at least.
const FEWEST_PAGE_ROWS: u64 = 16;

/// A value takes about so many bytes, as text and in columns together.
const CELL_BYTES: u64 = 32;

/// How many windows are asked for at once at most, whatever their size.
const MOST_AHEAD: u64 = 12;

/// How long the pages of a run are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageShape {
    /// Rows asked for in a page.
    pub(crate) rows: u64,
    /// About how many bytes a page takes.
    bytes: u64,
}

impl PageShape {
    /// Pages of rows that may have so many keys; small ones are a tenth as long.
    pub(crate) fn new(keys: usize, is_small: bool) -> Self {
        let keys = (keys as u64).max(1);
        let rows = PAGE_CELLS / keys / if is_small { 10 } else { 1 };
        let rows = rows.clamp(FEWEST_PAGE_ROWS, if is_small { LARGEST_PAGE_ROWS / 10 } else { LARGEST_PAGE_ROWS });
        Self { rows, bytes: rows * keys * CELL_BYTES }
    }

    /// How many pages may be on their way or waiting at once, so that they take about `bytes`.
    pub(crate) fn pages_ahead(self, bytes: u64) -> usize {
        usize::try_from((bytes / self.bytes).clamp(1, MOST_AHEAD)).unwrap_or(1)
    }
}

/// The windows of a range of steps that should hold `expected_rows`, ascending: as many as there are pages, evenly wide. `None` when it is
/// not known how many rows there are.
pub(crate) fn first_windows(steps: Range<i64>, expected_rows: Option<u64>, page_rows: u64) -> Vec<Range<i64>> {
    let Some(width) = steps.end.checked_sub(steps.start).and_then(|width| u64::try_from(width).ok()).filter(|width| *width > 0) else {
        return Vec::new();
    };
    // Where steps are left out rows bunch, and a page with room to spare need not be split.
    let rows_per_window = if expected_rows == Some(width) { page_rows } else { (page_rows * 4 / 5).max(1) };
    let count = expected_rows.unwrap_or(1).div_ceil(rows_per_window).clamp(1, width);
    let border = |index: u64| {
        let offset = u128::from(width) * u128::from(index) / u128::from(count);
        steps.start.saturating_add(i64::try_from(offset).unwrap_or(i64::MAX))
    };
    (0..count).map(|index| border(index)..border(index + 1)).collect()
}

/// What a page's number of rows says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every row of the window is there.
    Whole,
    /// There may be more.
    MaybeCut,
    /// Not known before the server's longest page is.
    Unknown,
}

/// How long a page is that the server cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageLimit {
    asked: u64,
    /// Rows of a page of everything; a page with fewer is not cut.
    found: Option<u64>,
}

impl PageLimit {
    /// A server of which nothing is known is asked for pages of so many rows.
    pub(crate) fn of_asked(asked: u64) -> Self {
        Self { asked, found: None }
    }

    /// A request for everything gave so many rows, of `expected` ones: it was cut when these are more.
    pub(crate) fn found(&mut self, received: u64, expected: Option<u64>) {
        let has_all = expected.is_some_and(|expected| received >= expected);
        self.found = Some(if has_all { self.asked } else { received.clamp(1, self.asked) });
    }

    /// Whether a page may be one that was cut at `limit`. A sample need not fill its page: for 10,000 rows the service was seen to give 9,966
    /// (<https://github.com/wandb/wandb/issues/12067>).
    fn is_full(received: u64, limit: u64) -> bool {
        received >= limit - limit / 16
    }

    /// What to think of a page that has `steps` different steps in its window of `width`, from `received` rows.
    pub(crate) fn verdict(&self, width: u64, steps: u64, received: u64) -> Verdict {
        match self.found {
            _ if steps >= width || width <= 1 => Verdict::Whole,
            _ if Self::is_full(received, self.asked) => Verdict::MaybeCut,
            Some(limit) if Self::is_full(received, limit) => Verdict::MaybeCut,
            Some(_) => Verdict::Whole,
            None => Verdict::Unknown,
        }
    }
}

/// Where to split a window whose page was cut: at the middle of the rows that came, which a sample spreads like the rows that did not.
pub(crate) fn split_at(steps: &[i64], window: &Range<i64>) -> i64 {
    let middle = steps.get(steps.len() / 2).copied().unwrap_or(window.start + (window.end - window.start) / 2);
    middle.clamp(window.start + 1, window.end - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_split_leaves_two_windows_that_are_not_empty() {
        assert_eq!(split_at(&[0, 1, 2], &(0..1_000_000)), 1);
        assert_eq!(split_at(&[0, 0, 0], &(0..2)), 1);
        assert_eq!(split_at(&[9, 9, 9], &(0..10)), 9);
        assert_eq!(split_at(&[], &(0..10)), 5);
    }

    #[test]
    fn pages_are_as_long_as_their_rows_are_narrow() {
        let rows = |keys, is_small| PageShape::new(keys, is_small).rows;
        assert_eq!([0, 10, 10_000, 1_000_000].map(|keys| rows(keys, false)), [10_000, 10_000, 50, 16]);
        assert_eq!([0, 10, 10_000].map(|keys| rows(keys, true)), [1_000, 1_000, 16]);
        let ahead = |keys, bytes| PageShape::new(keys, false).pages_ahead(bytes);
        assert_eq!((ahead(10, 64 << 20), ahead(10_000, 16 << 20), ahead(10_000, 64 << 20)), (12, 1, 4));
    }

    #[test]
    fn what_a_page_is_worth() {
        let mut limit = PageLimit::of_asked(100);
        assert_eq!(limit.verdict(100, 100, 100), Verdict::Whole, "a row for every step");
        assert_eq!(limit.verdict(1000, 100, 100), Verdict::MaybeCut, "as many as were asked for");
        assert_eq!(limit.verdict(1000, 60, 60), Verdict::Unknown);
        limit.found(60, Some(5000));
        assert_eq!(limit.verdict(1000, 60, 60), Verdict::MaybeCut);
        assert_eq!(limit.verdict(1000, 58, 58), Verdict::MaybeCut, "a sample that does not fill its page");
        assert_eq!(limit.verdict(1000, 56, 56), Verdict::Whole);
        limit.found(60, Some(60));
        assert_eq!(limit.verdict(1000, 60, 60), Verdict::Whole);
        limit.found(0, None);
        assert_eq!(limit.verdict(1000, 0, 0), Verdict::Whole, "nothing of everything is all there is");
    }

    proptest! {
        #[test]
        fn windows_cover_the_range_once(start in -5i64..1 << 40, width in 0i64..1 << 50, rows in proptest::option::of(0u64..100_000), page in 16u64..10_000) {
            let windows = first_windows(start..start + width, rows, page);
            let mut at = start;
            for window in &windows {
                prop_assert!(window.start == at && window.end > at);
                at = window.end;
            }
            prop_assert_eq!(at, start + width);
        }
    }
}
