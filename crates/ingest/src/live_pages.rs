//! The live part of a history: pages of the `history` field over windows of steps, several on their way at once.
//!
//! Which windows, and which answers to trust, is decided by [`crate::windows`]; here they are asked for ahead, decoded off the threads that
//! wait, and given out in the order of the steps.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use runlake_fetch::{Client, StepWindow};
use runlake_types::RunPath;
use tokio::task::JoinHandle;

use crate::off_thread::off_thread;
use crate::page_decoder::{DecodedPage, PageDecoder};
use crate::windows::{PageLimit, PageShape, Verdict, first_windows, split_at};
use crate::{Error, KindPlan, RowColumns};

/// How often a window is asked for whose page holds rows of other windows: an answer that a cache or a proxy mixed up.
const ATTEMPTS_ON_A_STRAY_PAGE: u32 = 3;

/// What the live part of a run is.
#[derive(Debug)]
pub(crate) struct LivePart {
    /// Its steps.
    pub(crate) steps: Range<i64>,
    /// How many rows they should hold, when the service keeps a count.
    pub(crate) expected_rows: Option<u64>,
    /// How long its pages are.
    pub(crate) shape: PageShape,
    /// About how many bytes may be on their way or waiting.
    pub(crate) bytes_ahead: u64,
}

/// Pages of a range of steps, in ascending order, each row once.
#[derive(Debug)]
pub(crate) struct LivePages {
    reader: PageReader,
    /// What is still to be given out, the lowest first. The first ones are on their way.
    windows: VecDeque<Window>,
    ahead: usize,
    steps: Range<i64>,
    expected_rows: Option<u64>,
    limit: PageLimit,
    /// A request for everything, which shows how long a page is that the server cut.
    probe: Option<Fetch>,
    requests: u64,
    rows_without_step: u64,
}

/// A window, and its page when that was asked for.
#[derive(Debug)]
struct Window {
    steps: Range<i64>,
    fetch: Option<Fetch>,
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
    /// Asks for the first pages of the part. Kinds are those of `plan`.
    pub(crate) fn start(client: &Client, run: &RunPath, plan: &Arc<KindPlan>, part: LivePart) -> Self {
        let samples = part.shape.rows;
        let reader = PageReader { client: client.clone(), run: run.clone(), plan: Arc::clone(plan), samples, idle: Arc::default() };
        let windows = first_windows(part.steps.clone(), part.expected_rows, samples);
        let mut pages = Self {
            reader,
            ahead: part.shape.pages_ahead(part.bytes_ahead),
            expected_rows: part.expected_rows,
            limit: PageLimit::of_asked(samples),
            probe: None,
            requests: 0,
            rows_without_step: 0,
            windows: windows.into_iter().map(|steps| Window { steps, fetch: None }).collect(),
            steps: part.steps,
        };
        // A page with every step needs no proof; where steps are left out, all but the smallest histories do.
        if pages.windows.len() > 1 && !pages.is_dense() {
            pages.start_probe();
        }
        pages.fetch_ahead();
        pages
    }

    fn is_dense(&self) -> bool {
        let width = u64::try_from(self.steps.end.saturating_sub(self.steps.start)).unwrap_or(u64::MAX);
        self.expected_rows.is_some_and(|expected| expected >= width)
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
    pub(crate) async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        loop {
            self.fetch_ahead();
            let Some(Window { steps, fetch: Some(fetch) }) = self.windows.pop_front() else { return Ok(None) };
            let fetched = fetch.page().await?;
            self.requests += u64::from(fetched.requests);
            let page = fetched.page;
            match self.verdict(&steps, &page).await? {
                Verdict::Whole | Verdict::Unknown => {
                    self.rows_without_step += page.rows_without_step;
                    self.fetch_ahead();
                    return Ok(Some(Page { rows: page.rows, max_step: steps.end }));
                }
                Verdict::MaybeCut => {
                    let border = split_at(page.rows.step_values(), &steps);
                    self.windows.push_front(Window { steps: border..steps.end, fetch: None });
                    self.windows.push_front(Window { steps: steps.start..border, fetch: None });
                }
            }
        }
    }

    async fn verdict(&mut self, steps: &Range<i64>, page: &DecodedPage) -> Result<Verdict, Error> {
        let width = u64::try_from(steps.end.saturating_sub(steps.start)).unwrap_or(u64::MAX);
        let distinct = page.rows.len() as u64;
        if *steps == self.steps {
            // Everything was asked for: the page is its own probe.
            self.limit.found(page.received_rows, self.expected_rows);
            if self.expected_rows.is_some_and(|expected| distinct >= expected) {
                return Ok(Verdict::Whole);
            }
        }
        let verdict = self.limit.verdict(width, distinct, page.received_rows);
        if verdict != Verdict::Unknown {
            return Ok(verdict);
        }
        if self.probe.is_none() {
            self.start_probe();
        }
        if let Some(probe) = self.probe.take() {
            let probed = probe.page().await?;
            self.requests += u64::from(probed.requests);
            self.limit.found(probed.page.received_rows, self.expected_rows);
        }
        Ok(self.limit.verdict(width, distinct, page.received_rows))
    }

    fn start_probe(&mut self) {
        self.probe = Some(self.reader.fetch(self.steps.clone()));
    }

    /// Asks for the pages of the next windows.
    fn fetch_ahead(&mut self) {
        for window in self.windows.iter_mut().take(self.ahead).filter(|window| window.fetch.is_none()) {
            window.fetch = Some(self.reader.fetch(window.steps.clone()));
        }
    }
}

/// Asks for pages of one run and decodes them.
#[derive(Clone, Debug)]
struct PageReader {
    client: Client,
    run: RunPath,
    plan: Arc<KindPlan>,
    /// Rows asked for in a page.
    samples: u64,
    /// Decoders without work. They remember the run's keys.
    idle: Arc<Mutex<Vec<PageDecoder>>>,
}

/// A page, and what it took.
#[derive(Debug)]
struct Fetched {
    page: DecodedPage,
    requests: u32,
}

impl PageReader {
    fn fetch(&self, steps: Range<i64>) -> Fetch {
        let reader = self.clone();
        Fetch(tokio::spawn(async move { reader.read(steps).await }))
    }

    async fn read(self, steps: Range<i64>) -> Result<Fetched, Error> {
        let mut requests = 0;
        loop {
            let window = StepWindow { min_step: steps.start, max_step: steps.end, samples: self.samples };
            let text = self.client.history_page_raw(&self.run, window).await?;
            requests += 1;
            let (reader, window) = (self.clone(), steps.clone());
            let page = off_thread(move || {
                let mut decoder = reader.idle().pop().unwrap_or_else(|| PageDecoder::new(reader.run.clone(), Arc::clone(&reader.plan)));
                let page = decoder.decode(&text, window);
                reader.idle().push(decoder);
                page
            })
            .await?;
            if page.stray_rows == 0 || requests == ATTEMPTS_ON_A_STRAY_PAGE {
                return Ok(Fetched { page, requests });
            }
            tracing::debug!(run = %self.run, ?steps, rows = page.stray_rows, "a page of history holds rows of other steps: asking again");
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PageDecoder>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page on its way. Dropping it stops the request.
#[derive(Debug)]
struct Fetch(JoinHandle<Result<Fetched, Error>>);

impl Fetch {
    async fn page(mut self) -> Result<Fetched, Error> {
        match (&mut self.0).await {
            Ok(fetched) => fetched,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => unreachable!("only a runtime that ends, and with it this task, stops a page: {error}"),
            },
        }
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
