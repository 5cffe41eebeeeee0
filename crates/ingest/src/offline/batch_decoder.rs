//! One batch of records into columns, and into what else the records say, in order.
//!
//! Batches are decoded on any core in any order, so nothing here depends on other batches; `log_state` joins them. History and summary
//! records, which are nearly all of a log, are read in place; whatever in them is not as the SDK writes it goes through `prost` and the
//! same code as [`Rows`](super::Rows), and so do all other records.

use std::collections::BTreeMap;

use prost::Message as _;
use runlake_types::{Json, Number, Object, flatten, is_taken_apart};

use super::batch::Batch;
use super::damage::DamageKind;
use super::key_tree::path_of;
use super::keys::{Id, Keys, Value};
use super::number_text::{exact_float, exact_float_of};
use super::piece::{Piece, PieceColumn};
use super::record::{ChangeRecord, EnvironmentRecord, HistoryRecord, Instant, Record, RecordType, RowRecord, RunExitRecord, RunRecord};
use super::row_builder::{RowBuilder, history_values, system_values};
use super::wire;
use crate::schema::{RUNTIME, STEP, TIMESTAMP};

/// What one batch says.
#[derive(Debug, Default)]
pub(super) struct DecodedBatch {
    /// The rows of the history. Steps that the log does not say are zero.
    pub(super) piece: Piece,
    /// The rows whose step the log does not say.
    pub(super) rows_without_step: Vec<usize>,
    /// All other records that matter, each with its place in the batch.
    pub(super) events: Vec<(usize, Event)>,
    /// The records of each type.
    pub(super) record_counts: BTreeMap<&'static str, u64>,
    /// Records that were not understood in whole, by their place.
    pub(super) damaged: Vec<(usize, DamageKind)>,
    /// Whether a record says one thing to the survey and another to the rows, as no SDK writes it. Then only reading record by record
    /// gives each its own.
    pub(super) is_ambiguous: bool,
}

impl DecodedBatch {
    /// Gives the rows what only the log up to here can say: steps that are missing, and the times of system metrics.
    pub(super) fn join_rows(&mut self, builder: &mut RowBuilder) {
        let mut missing = self.rows_without_step.iter().peekable();
        for (row, step) in self.piece.steps.iter_mut().enumerate() {
            let logged = missing.next_if(|missing| **missing == row).is_none().then_some(*step);
            *step = builder.next_step(logged);
        }
        for (_, event) in &mut self.events {
            match event {
                Event::Run(run) => builder.set_start(run.start_time),
                Event::System(row, timestamp) => builder.stamp_system_row(row, *timestamp),
                Event::Config(_) | Event::Summary(_) | Event::Environment(_) | Event::Exit(_) => {}
            }
        }
    }

    /// The rows of system metrics, when nothing else of the events is needed.
    pub(super) fn take_system_rows(&mut self) -> Vec<Object> {
        let events = std::mem::take(&mut self.events).into_iter();
        events.filter_map(|(_, event)| if let Event::System(row, _) = event { Some(row) } else { None }).collect()
    }
}

/// A record that is taken account of in the order of the log.
#[derive(Debug)]
pub(super) enum Event {
    Run(Box<RunRecord>),
    Config(ChangeRecord),
    /// What the summary records since the last event of this kind amount to.
    Summary(Vec<SummaryOperation>),
    Environment(EnvironmentRecord),
    Exit(RunExitRecord),
    /// A row of system metrics without its times.
    System(Object, Option<Instant>),
}

/// One change of the summary.
#[derive(Debug)]
pub(super) enum SummaryOperation {
    Set(Vec<String>, Json),
    Remove(Vec<String>),
}

/// A value of a row.
#[derive(Debug)]
enum Cell {
    Float(f64),
    Json(Json),
    /// No JSON; the row goes without.
    Bad,
}

impl From<Json> for Cell {
    fn from(value: Json) -> Self {
        exact_float_of(&value).map_or(Self::Json(value), Self::Float)
    }
}

#[derive(Default)]
struct Decoder<'a> {
    keys: Keys<'a>,
    /// By the numbers of [`Keys`].
    columns: Vec<PieceColumn>,
    /// Counts records, and within summary records items.
    turn: u64,
    /// The items of the record at hand.
    cells: Vec<(Id, Cell)>,
    texts: Vec<(Id, &'a [u8])>,
    /// Changes of the summary that came in an unusual form.
    unusual_changes: Vec<(u64, SummaryOperation)>,
    histories: u64,
    summaries: u64,
    decoded: DecodedBatch,
}

/// Decodes all records of a batch.
pub(super) fn decode(batch: &Batch) -> DecodedBatch {
    let mut decoder = Decoder::default();
    for index in 0..batch.len() {
        let record = batch.record(index);
        let is_whole = match wire::record_content(record) {
            Some((2, history)) => decoder.history(history),
            Some((3, summary)) => decoder.summary(summary),
            _ => None,
        };
        match is_whole {
            Some(true) => {}
            Some(false) => decoder.decoded.damaged.push((index, DamageKind::BadValue)),
            None => decoder.unusual_record(index, record),
        }
    }
    decoder.finish(batch.len())
}

impl<'a> Decoder<'a> {
    /// A row, and whether all of it was understood; `None`, with nothing done, when it is unusual.
    fn history(&mut self, mut record: &'a [u8]) -> Option<bool> {
        self.turn += 1;
        let mut step = None;
        self.cells.clear();
        while let [tag, rest @ ..] = record {
            record = rest;
            let content = wire::take_bytes(&mut record)?;
            match tag {
                0x0A => {
                    let (key, rest) = self.keys.find(content)?;
                    let cell = match wire::only_value_json(rest) {
                        Some(text) => self.read(key, text).and_then(|()| self.take(key))?,
                        None if rest.is_empty() => Cell::Bad,
                        None => typed_cell(rest)?,
                    };
                    self.cells.push((key, cell));
                }
                0x12 if step.is_none() => step = Some(wire::step(content)?.num),
                _ => return None,
            }
        }
        let mut cells = std::mem::take(&mut self.cells);
        let is_whole = self.plain_row(&mut cells, step);
        self.cells = cells;
        is_whole
    }

    /// Adds a row in which each item is a leaf of its own.
    fn plain_row(&mut self, cells: &mut Vec<(Id, Cell)>, step: Option<i64>) -> Option<bool> {
        for (id, _) in &mut *cells {
            *id = self.keys.column_of(*id);
        }
        let mut logged = None;
        let mut is_whole = true;
        for (column, cell) in &*cells {
            let column = self.keys.column(*column);
            // The second of two values at one path would win.
            let is_twice = std::mem::replace(&mut column.turn, self.turn) == self.turn;
            if is_twice || column.is_entangled {
                return None;
            }
            match cell {
                Cell::Float(float) if column.is_step => logged = Some(Number::from(*float).as_i64()?),
                _ if column.is_step => return None,
                Cell::Float(_) => {}
                Cell::Json(value) if is_leaf(value) => {}
                Cell::Json(_) => return None,
                Cell::Bad => is_whole = false,
            }
        }
        self.grow_columns();
        let row = self.add_step(logged.or(step));
        for (column, cell) in cells.drain(..) {
            match cell {
                Cell::Float(_) if self.keys.column(column).is_step => {}
                Cell::Float(float) => self.columns[column as usize].put_float(row, float),
                Cell::Json(value) => self.columns[column as usize].put(row, value),
                Cell::Bad => {}
            }
        }
        self.histories += 1;
        Some(is_whole && logged.or(step).is_some())
    }

    /// Begins a row; which one it is.
    fn add_step(&mut self, step: Option<i64>) -> usize {
        let row = self.decoded.piece.steps.len();
        self.decoded.piece.steps.push(step.unwrap_or_default());
        if step.is_none() {
            self.decoded.rows_without_step.push(row);
        }
        row
    }

    fn grow_columns(&mut self) {
        let known = self.columns.len();
        self.columns.extend(self.keys.columns[known..].iter().map(|column| PieceColumn::new(std::sync::Arc::clone(&column.path))));
    }

    /// Finds out what a text says, unless the key had it last. `None` when it is not UTF-8.
    fn read(&mut self, key: Id, text: &'a [u8]) -> Option<()> {
        let key = self.keys.key(key);
        if key.text != text {
            key.value = match exact_float(text) {
                Some(float) => Value::Float(float),
                None => match Json::parse(std::str::from_utf8(text).ok()?).map(Cell::from) {
                    Ok(Cell::Float(float)) => Value::Float(float),
                    Ok(Cell::Json(value)) => Value::Json(value),
                    Ok(Cell::Bad) | Err(_) => Value::Bad,
                },
            };
            key.text = text;
        }
        Some(())
    }

    /// What the text of a key says, which was read before.
    fn take(&mut self, key: Id) -> Option<Cell> {
        let key = self.keys.key(key);
        Some(match std::mem::replace(&mut key.value, Value::Taken) {
            Value::Float(float) => {
                key.value = Value::Float(float);
                Cell::Float(float)
            }
            Value::Json(value) => Cell::Json(value),
            Value::Taken => Cell::from(parse(key.text)?),
            Value::Bad => {
                key.value = Value::Bad;
                Cell::Bad
            }
        })
    }

    /// A change of the summary, and whether all of it was understood; `None`, with nothing done, when it is unusual.
    ///
    /// Only the last value of each key is kept until [`Decoder::take_summary`] parses it, in order of these last values. That amounts to
    /// the same as setting all of them one after another. Let p be set twice, and compare doing both with doing only the second. Setting
    /// p changes what is at p, and makes dicts of all that is above it. So until the second time, the two trees may differ at p, and in
    /// dicts above p; but where such a dict has any member that does not lead to p, it is in both trees with the same such members,
    /// since any change of those members makes or leaves the dict in both, or empties it in both. (A removal takes emptied dicts along,
    /// and a dict that holds nothing but the way to p may be in one tree and not in the other.) Setting p again makes the same of what is
    /// at p, and dicts of all above it, with the same other members. An earlier *removal* at p that is kept does no harm by the same
    /// argument. Removing p, on the other hand, does not make up for an earlier change: `a = 5, a.b = 1, remove a.b` is empty, and
    /// `a = 5, remove a.b` is not. So removals are all kept, in `unusual_changes`.
    fn summary(&mut self, mut record: &'a [u8]) -> Option<bool> {
        self.texts.clear();
        let mut is_whole = true;
        while let [0x0A, rest @ ..] = record {
            record = rest;
            let (key, rest) = self.keys.find(wire::take_bytes(&mut record)?)?;
            let text = match wire::only_value_json(rest) {
                Some(text) => text,
                None if rest.is_empty() => &[],
                None => return None,
            };
            self.read(key, text)?;
            if matches!(self.keys.key(key).value, Value::Bad) {
                is_whole = false;
            } else {
                self.texts.push((key, text));
            }
        }
        if !record.is_empty() {
            return None;
        }
        for (key, text) in &self.texts {
            self.turn += 1;
            let key = self.keys.key(*key);
            (key.summary_text, key.summary_turn) = (text, self.turn);
        }
        self.summaries += 1;
        Some(is_whole)
    }

    /// Ends a stretch of summary records.
    fn take_summary(&mut self, index: usize) {
        let mut changes = std::mem::take(&mut self.unusual_changes);
        for key in &mut self.keys.all {
            let turn = std::mem::take(&mut key.summary_turn);
            if turn > 0 {
                // It was read before, so it is JSON.
                let Some(value) = parse(key.summary_text) else { continue };
                changes.push((turn, SummaryOperation::Set(key.parts.clone(), value)));
            }
        }
        if !changes.is_empty() {
            changes.sort_by_key(|(turn, _)| *turn);
            self.decoded.events.push((index, Event::Summary(changes.into_iter().map(|(_, change)| change).collect())));
        }
    }

    /// Any record, by `prost`.
    fn unusual_record(&mut self, index: usize, bytes: &[u8]) {
        let record = match Record::decode(bytes) {
            Ok(record) => record,
            Err(_undecodable) => {
                let rows_say = RowRecord::decode(bytes).is_ok_and(|record| record != RowRecord::default());
                self.decoded.is_ambiguous |= rows_say;
                self.decoded.damaged.push((index, DamageKind::BadRecord));
                return;
            }
        };
        self.decoded.is_ambiguous |= wire::content_count(bytes).is_none_or(|count| count > 1);
        let name = record.record_type.as_ref().map_or("other", RecordType::name);
        *self.decoded.record_counts.entry(name).or_default() += 1;
        let is_whole = match record.record_type {
            Some(RecordType::History(history)) => self.unusual_row(history),
            Some(RecordType::Summary(change)) => self.unusual_change(change),
            Some(RecordType::Stats(stats)) => {
                let timestamp = stats.timestamp;
                let built = system_values(stats);
                self.decoded.events.push((index, Event::System(built.row, timestamp)));
                built.is_whole
            }
            Some(RecordType::Run(run)) => {
                // It may have a summary of its own.
                self.take_summary(index);
                self.decoded.events.push((index, Event::Run(run)));
                true
            }
            Some(RecordType::Config(change)) => {
                self.decoded.events.push((index, Event::Config(change)));
                true
            }
            Some(RecordType::Environment(environment)) => {
                self.decoded.events.push((index, Event::Environment(environment)));
                true
            }
            Some(RecordType::Exit(exit)) => {
                self.decoded.events.push((index, Event::Exit(exit)));
                true
            }
            _ => true,
        };
        if !is_whole {
            self.decoded.damaged.push((index, DamageKind::BadValue));
        }
    }

    /// A row that is put together as a tree of dicts before it is taken apart again.
    fn unusual_row(&mut self, record: HistoryRecord) -> bool {
        let (built, step) = history_values(record);
        let mut tree = built.row;
        tree.remove(STEP);
        let row = self.add_step(step);
        for key in [TIMESTAMP, RUNTIME] {
            // These columns take what is under their keys as one value, and the counts have its leaves.
            if let Some(dict) = tree.remove(key) {
                let is_one = is_leaf(&dict);
                let leaves = flatten(Object::from([(key.to_owned(), dict.clone())]));
                for (path, leaf) in leaves {
                    let column = self.keys.column_at(&path) as usize;
                    self.grow_columns();
                    if is_one {
                        self.columns[column].put(row, leaf);
                    } else {
                        self.columns[column].count(&leaf);
                    }
                }
                if !is_one {
                    let column = self.keys.column_at(&runlake_types::KeyPath::top_level(key)) as usize;
                    self.grow_columns();
                    self.columns[column].put_uncounted(row, dict);
                }
            }
        }
        for (path, leaf) in flatten(tree) {
            let column = self.keys.column_at(&path) as usize;
            self.grow_columns();
            self.columns[column].put(row, leaf);
        }
        built.is_whole
    }

    fn unusual_change(&mut self, change: ChangeRecord) -> bool {
        let mut is_whole = true;
        for item in change.update {
            self.turn += 1;
            match (path_of(item.key, item.nested_key), Json::parse(&item.value_json)) {
                (Some(path), Ok(value)) => self.unusual_changes.push((self.turn, SummaryOperation::Set(path.collect(), value))),
                _ => is_whole = false,
            }
        }
        for item in change.remove {
            self.turn += 1;
            match path_of(item.key, item.nested_key) {
                Some(path) => self.unusual_changes.push((self.turn, SummaryOperation::Remove(path.collect()))),
                None => is_whole = false,
            }
        }
        is_whole
    }

    fn finish(mut self, records: usize) -> DecodedBatch {
        self.take_summary(records);
        for (name, count) in [("history", self.histories), ("summary", self.summaries)] {
            if count > 0 {
                *self.decoded.record_counts.entry(name).or_default() += count;
            }
        }
        let mut decoded = self.decoded;
        decoded.piece.columns = self.columns;
        decoded.piece.columns.retain(|column| column.is_leaf || !column.is_empty());
        decoded.piece.columns.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        decoded
    }
}

/// Whether a value is a leaf of a row, see [`flatten`].
fn is_leaf(value: &Json) -> bool {
    !value.as_object().is_some_and(is_taken_apart)
}

fn parse(text: &[u8]) -> Option<Json> {
    Json::parse(std::str::from_utf8(text).ok()?).ok()
}

/// The value of an item that has a typed one; `None` for forms that only `prost` can judge.
fn typed_cell(mut rest: &[u8]) -> Option<Cell> {
    let mut typed = None;
    while !rest.is_empty() {
        let cell = match wire::take_field(&mut rest)? {
            (3, wire::Wire::Varint(_)) => Cell::Json(Json::Null),
            (4, wire::Wire::Varint(value)) => Cell::Json(Json::Bool(value != 0)),
            (5, wire::Wire::Varint(value)) => Cell::from(Json::from((value >> 1).cast_signed() ^ -(value & 1).cast_signed())),
            (6, wire::Wire::Fixed64(value)) => Cell::Float(f64::from_le_bytes(value)),
            (7, wire::Wire::Bytes(text)) => Cell::Json(Json::from(std::str::from_utf8(text).ok()?)),
            (8, wire::Wire::Bytes(text)) => Json::parse(std::str::from_utf8(text).ok()?).map_or(Cell::Bad, Cell::from),
            (16, wire::Wire::Bytes(text)) => {
                std::str::from_utf8(text).ok()?;
                continue;
            }
            _ => return None,
        };
        if typed.replace(cell).is_some() {
            return None;
        }
    }
    typed
}
