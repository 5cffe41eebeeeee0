//! Pages of history, as the service sends them, into columns.
//!
//! A page is a JSON list of strings, each the JSON text of a row. Rows that are flat are read without being unescaped; any other goes
//! through [`Json`], and both kinds may stand in one page. What comes out is what [`RowColumns::of_rows`] makes of the same rows.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Float64Builder, Int64Array};
use runlake_types::{Json, JsonError, KeyPath, Number, Object, RunPath};

use crate::cells::fit_number;
use crate::flat_row::{FlatRow, FlatValue};
use crate::growing_columns::GrowingColumns;
use crate::key_table::KeyTable;
use crate::schema::{RUNTIME, STEP, TIMESTAMP};
use crate::{Error, ErrorKind, KindPlan, RowColumns};

/// Decodes pages of one run, and remembers its keys from page to page.
#[derive(Debug)]
pub struct PageDecoder {
    run: RunPath,
    keys: KeyTable,
    columns: GrowingColumns,
    flat: FlatRow,
    seconds_paths: [Arc<KeyPath>; 2],
    page: OpenPage,
}

/// One page in columns.
#[derive(Clone, Debug)]
pub struct DecodedPage {
    /// The rows of the window, ascending by step, each step once: the first row of a step is kept.
    pub rows: RowColumns,
    /// Rows that the service sent, whatever became of them.
    pub received_rows: u64,
    /// Rows left out since they have no step.
    pub rows_without_step: u64,
    /// Rows left out since an earlier one has their step.
    pub repeated_rows: u64,
    /// Rows left out since their step is not in the window.
    pub stray_rows: u64,
}

/// Decodes one page; see [`PageDecoder::decode`], which is faster for the next page of the same run.
///
/// # Errors
/// As [`PageDecoder::decode`].
pub fn decode_page(run: &RunPath, raw_list: &[u8], window: Range<i64>, plan: &Arc<KindPlan>) -> Result<DecodedPage, Error> {
    PageDecoder::new(run.clone(), Arc::clone(plan)).decode(raw_list, window)
}

impl PageDecoder {
    /// A decoder of pages of `run`, whose columns get the kinds that `plan` says.
    pub fn new(run: RunPath, plan: Arc<KindPlan>) -> Self {
        let seconds_paths = [TIMESTAMP, RUNTIME].map(|key| Arc::new(KeyPath::top_level(key)));
        Self {
            run,
            keys: KeyTable::new(),
            columns: GrowingColumns::new(plan),
            flat: FlatRow::new(),
            seconds_paths,
            page: OpenPage::default(),
        }
    }

    /// Decodes the JSON text of the field `history`: a list of strings, or null. Rows whose step is not in `window` are left out.
    ///
    /// # Errors
    /// [`ErrorKind::Page`] when the text is no list of strings, [`ErrorKind::Row`] when one of them is not a JSON object.
    pub fn decode(&mut self, raw_list: &[u8], window: Range<i64>) -> Result<DecodedPage, Error> {
        self.columns.clear();
        self.page = OpenPage { window: Some(window), ..OpenPage::default() };
        let text = std::str::from_utf8(raw_list).map_err(|error| self.page_error(error.valid_up_to(), "UTF-8"))?;
        let at = skip_white(text, 0);
        let mut at = if text[at..].starts_with("null") { skip_white(text, at + 4) } else { self.read_list(text, at)? };
        at = skip_white(text, at);
        if at < text.len() {
            return Err(self.page_error(at, "the end of the list"));
        }
        self.finish()
    }

    fn page_error(&self, offset: usize, expected: &'static str) -> Error {
        ErrorKind::Page { run: self.run.to_string(), source: JsonError { offset, expected } }.into()
    }

    fn read_list(&mut self, text: &str, at: usize) -> Result<usize, Error> {
        let bytes = text.as_bytes();
        if bytes.get(at) != Some(&b'[') {
            return Err(self.page_error(at, "a list"));
        }
        let mut at = skip_white(text, at + 1);
        if bytes.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        loop {
            if bytes.get(at) != Some(&b'"') {
                return Err(self.page_error(at, "a row's text in quotes"));
            }
            at = skip_white(text, self.read_row(text, at + 1)?);
            match bytes.get(at) {
                Some(b',') => at = skip_white(text, at + 1),
                Some(b']') => return Ok(at + 1),
                _ => return Err(self.page_error(at, "`,` or `]`")),
            }
        }
    }

    /// Reads the row whose text begins at `at`, behind the quote; the offset behind the closing quote.
    fn read_row(&mut self, text: &str, at: usize) -> Result<usize, Error> {
        self.page.received_rows += 1;
        let columns = &mut self.columns;
        let read = self.flat.read(text.as_bytes(), at, &mut self.keys, |key| columns.position(KeyPath::top_level(key)));
        if let Some(end) = read {
            self.put_flat_row(text);
            return Ok(end);
        }
        let end = end_of_string(text.as_bytes(), at).ok_or_else(|| self.page_error(text.len(), "a closing quote"))?;
        let Ok(Json::String(line)) = Json::parse(&text[at - 1..end]) else {
            return Err(self.page_error(at, "a row's text with valid escapes"));
        };
        let row = Json::parse_object(&line).map_err(|source| ErrorKind::Row { run: self.run.to_string(), source })?;
        self.put_row(row);
        Ok(end)
    }

    fn put_flat_row(&mut self, text: &str) {
        let Some(row) = self.page.begin_row(self.flat.step) else { return };
        for (index, value) in [self.flat.timestamp, self.flat.runtime].into_iter().enumerate() {
            match value {
                FlatValue::Null => self.page.seconds[index].append_null(),
                FlatValue::Number(number) => self.page.seconds[index].append_value(number),
                FlatValue::Bool(value) => self.put_seconds(index, row, Json::from(value)),
                FlatValue::Text(from, to) => self.put_seconds(index, row, Json::from(&text[from..to])),
            }
        }
        for (position, value) in &self.flat.metrics {
            match *value {
                FlatValue::Number(number) => self.columns.put_number(*position, row, number),
                FlatValue::Text(from, to) => self.columns.put_text(*position, row, &text[from..to]),
                FlatValue::Bool(value) => self.columns.put(*position, row, Json::from(value)),
                FlatValue::Null => {}
            }
        }
    }

    fn put_row(&mut self, mut members: Object) {
        let step = members.remove(STEP).as_ref().and_then(Json::as_number).and_then(Number::as_i64);
        let Some(row) = self.page.begin_row(step) else { return };
        for (index, key) in [TIMESTAMP, RUNTIME].into_iter().enumerate() {
            self.put_seconds(index, row, members.remove(key).unwrap_or(Json::Null));
        }
        self.columns.put_members(&mut Vec::new(), row, members);
    }

    fn put_seconds(&mut self, index: usize, row: usize, value: Json) {
        let (number, misfit) = if value == Json::Null { (None, None) } else { fit_number(value) };
        self.page.seconds[index].append_option(number);
        if let Some(misfit) = misfit {
            self.columns.rescue(row, Arc::clone(&self.seconds_paths[index]), misfit);
        }
    }

    fn finish(&mut self) -> Result<DecodedPage, Error> {
        let page = std::mem::take(&mut self.page);
        let OpenPage {
            steps,
            seconds: [mut timestamps, mut runtimes],
            earlier_steps,
            received_rows,
            rows_without_step,
            repeated_rows,
            stray_rows,
            ..
        } = page;
        let (metrics, misfits) = self.columns.finish(steps.len());
        let is_sorted = earlier_steps.is_empty();
        let mut order: Vec<u64> = (0..).take(if is_sorted { 0 } else { steps.len() }).collect();
        order.sort_by_key(|row| usize::try_from(*row).ok().and_then(|row| steps.get(row)));
        let rows = RowColumns::assemble(Int64Array::from(steps), timestamps.finish(), runtimes.finish(), metrics, misfits);
        let rows = if is_sorted { rows } else { rows.take(&order.into())? };
        Ok(DecodedPage { rows, received_rows, rows_without_step, repeated_rows, stray_rows })
    }
}

/// The rows of a page so far.
#[derive(Debug, Default)]
struct OpenPage {
    window: Option<Range<i64>>,
    steps: Vec<i64>,
    /// `_timestamp` and `_runtime`.
    seconds: [Float64Builder; 2],
    /// All steps, once one came that is lower than one before it; empty as long as they ascend.
    earlier_steps: HashSet<i64>,
    received_rows: u64,
    rows_without_step: u64,
    repeated_rows: u64,
    stray_rows: u64,
}

impl OpenPage {
    /// Counts a row; its number when it is kept.
    fn begin_row(&mut self, step: Option<i64>) -> Option<usize> {
        let Some(step) = step else {
            self.rows_without_step += 1;
            return None;
        };
        if !self.window.as_ref().is_some_and(|window| window.contains(&step)) {
            self.stray_rows += 1;
            return None;
        }
        let is_repeated = match self.steps.last() {
            _ if !self.earlier_steps.is_empty() => !self.earlier_steps.insert(step),
            Some(last) if step <= *last => {
                let is_repeated = self.steps.binary_search(&step).is_ok();
                if !is_repeated {
                    self.earlier_steps = self.steps.iter().copied().chain([step]).collect();
                }
                is_repeated
            }
            _ => false,
        };
        if is_repeated {
            self.repeated_rows += 1;
            return None;
        }
        self.steps.push(step);
        Some(self.steps.len() - 1)
    }
}

fn skip_white(text: &str, at: usize) -> usize {
    at + text.as_bytes()[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// The offset behind the quote that closes the string whose content begins at `at`.
fn end_of_string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}
