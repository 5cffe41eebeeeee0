//! The first pass over a log: everything that it says of its run besides the rows themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use runlake_types::{KeyPath, KindCounts, Object, RunRecord, Timestamp};

use super::batch::Batch;
use super::batch_decoder::{DecodedBatch, Event};
use super::damage::{Damage, DamageKind, DamagedRegion};
use super::error::Error;
use super::kind_tree::KindTree;
use super::log_reader::{LogReader, Place};
use super::record::{Record, RecordType};
use super::row_builder::RowBuilder;
use super::run_builder::RunBuilder;
use crate::schema::{STEP, TIMESTAMP};

/// Everything that a log says of its run besides rows. Its size grows with keys, not with rows.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The run. `storage_id` is empty, and so is `path` without a run record, or `path.entity` where none was given:
    /// the caller knows what to put there. The state is `finished` or `failed` by the exit code, and `running` without
    /// an exit record, where only the caller can tell a live run from a killed one.
    ///
    /// The summary is what the log's summary records amount to. The SDK writes one before each row, so there is no
    /// other source to fall back on; a log without them has an empty summary, as it would have on the service.
    pub record: RunRecord,
    /// How often each kind of value was logged under each key of the history, `_step`, `_timestamp` and `_runtime` left
    /// out. Nulls are not counted, but a key that has nothing else is listed, with counts of zero.
    pub kinds: BTreeMap<KeyPath, KindCounts>,
    /// How many rows the history has.
    pub rows: u64,
    /// The smallest step.
    pub first_step: Option<i64>,
    /// The largest step.
    pub last_step: Option<i64>,
    /// Whether steps ascend strictly through the log, so that none comes twice.
    pub is_sorted: bool,
    /// How many rows of system metrics there are.
    pub stats_rows: u64,
    /// The keys of the system metrics, `system.` included.
    pub system_keys: BTreeSet<String>,
    /// The exit code; `None` without an exit record.
    pub exit_code: Option<i32>,
    /// The latest time that the log names: of a row, the start or the end.
    pub last_activity: Option<Timestamp>,
    /// Whether the log has an exit record.
    pub is_finished: bool,
    /// How many records there are of each type, by the protocol's name for it. Types that only newer SDKs know are
    /// counted as `other`.
    pub record_counts: BTreeMap<&'static str, u64>,
    /// What could not be read.
    pub damage: Damage,
}

/// Reads all of a log but keeps no rows.
///
/// # Errors
/// [`ErrorKind::Open`](super::ErrorKind) when the file cannot be opened, `NotALog` when it is something else, `Read` when
/// the medium fails. Damage is no error, see [`Survey::damage`]; neither is an empty file, see [`Survey::has_run`].
pub fn survey(path: &Path) -> Result<Survey, Error> {
    Surveyor::default().run(LogReader::open(path)?)
}

impl Survey {
    /// Surveys a log from anywhere; `path` is what errors call it.
    ///
    /// # Errors
    /// As [`survey()`].
    pub fn from_reader(source: impl Read, path: &Path) -> Result<Self, Error> {
        Surveyor::default().run(LogReader::new(source, path)?)
    }

    /// Whether the log says which run it is of. A log that was only just created does not, nor does one whose beginning
    /// is damaged.
    pub fn has_run(&self) -> bool {
        !self.record.path.run_id.is_empty()
    }
}

/// A survey while it goes on: record by record, or batch by batch.
#[derive(Debug, Default)]
pub(super) struct Surveyor {
    run: RunBuilder,
    row_builder: RowBuilder,
    kinds: KindTree,
    rows: u64,
    first_step: Option<i64>,
    last_step: Option<i64>,
    is_unsorted: bool,
    stats_rows: u64,
    record_counts: BTreeMap<&'static str, u64>,
}

impl Surveyor {
    fn run<R: Read>(mut self, mut log: LogReader<R>) -> Result<Survey, Error> {
        while let Some((place, record)) = log.next_message::<Record>()? {
            self.add(&mut log, place, record);
        }
        Ok(self.finish(log.into_damage()))
    }

    fn add<R: Read>(&mut self, log: &mut LogReader<R>, place: Place, record: Record) {
        let Some(record_type) = record.record_type else {
            *self.record_counts.entry("other").or_default() += 1;
            return;
        };
        *self.record_counts.entry(record_type.name()).or_default() += 1;
        let is_whole = match record_type {
            RecordType::History(history) => {
                let built = self.row_builder.history_row(history);
                self.rows += 1;
                if let Some(step) = self.row_builder.last_step() {
                    self.add_step(step);
                }
                self.kinds.add_row(&built.row);
                self.run.add_row_time(&built.row);
                built.is_whole
            }
            RecordType::Stats(stats) => {
                let built = self.row_builder.system_row(stats);
                self.stats_rows += 1;
                self.run.add_system_row(built.row);
                built.is_whole
            }
            RecordType::Run(run) => {
                self.row_builder.set_start(run.start_time);
                self.run.add_run(*run)
            }
            RecordType::Config(change) => self.run.add_config(change),
            RecordType::Summary(change) => self.run.add_summary(change),
            RecordType::Environment(environment) => {
                self.run.add_environment(environment);
                true
            }
            RecordType::Exit(exit) => {
                self.run.add_exit(exit);
                true
            }
            _ => true,
        };
        if !is_whole {
            log.add_bad_value(place);
        }
    }

    /// Takes the next batch, and gives the rows of system metrics in it. The rows of the history stay in the piece, every step filled in.
    pub(super) fn add_batch(&mut self, batch: &Batch, decoded: &mut DecodedBatch, damage: &mut Damage) -> Vec<Object> {
        decoded.join_rows(&mut self.row_builder);
        for step in &decoded.piece.steps {
            self.add_step(*step);
        }
        let rows = decoded.piece.steps.len() as u64;
        self.rows += rows;
        for column in decoded.piece.columns.iter().filter(|column| column.is_leaf) {
            self.kinds.add_counts(&column.path, &column.counts);
            if matches!(column.path.parts(), [part] if part == TIMESTAMP) {
                self.run.add_row_times(column.numbers());
            }
        }
        if rows > 0 {
            self.kinds.add_counts(&KeyPath::top_level(STEP), &KindCounts { number: rows, ..KindCounts::default() });
        }
        for (name, count) in &decoded.record_counts {
            *self.record_counts.entry(name).or_default() += count;
        }
        let mut system = Vec::new();
        let mut damaged = std::mem::take(&mut decoded.damaged);
        for (index, event) in std::mem::take(&mut decoded.events) {
            let is_whole = match event {
                Event::System(row, _) => {
                    self.stats_rows += 1;
                    self.run.add_system_row(row.clone());
                    system.push(row);
                    true
                }
                Event::Run(run) => self.run.add_run(*run),
                Event::Config(change) => self.run.add_config(change),
                Event::Summary(operations) => {
                    self.run.apply_summary(operations);
                    true
                }
                Event::Environment(environment) => {
                    self.run.add_environment(environment);
                    true
                }
                Event::Exit(exit) => {
                    self.run.add_exit(exit);
                    true
                }
            };
            if !is_whole {
                damaged.push((index, DamageKind::BadValue));
            }
        }
        add_damage(batch, damaged, damage);
        system
    }

    fn add_step(&mut self, step: i64) {
        self.is_unsorted |= self.last_step.is_some_and(|last| step <= last);
        self.first_step = Some(self.first_step.map_or(step, |first| first.min(step)));
        self.last_step = Some(self.last_step.map_or(step, |last| last.max(step)));
    }

    /// The survey of all that was added.
    pub(super) fn finish(self, damage: Damage) -> Survey {
        let exit_code = self.run.exit_code();
        let last_activity = self.run.last_activity();
        let mut record = self.run.build();
        record.history_line_count = Some(self.rows);
        record.history_keys = self.last_step.map(|last_step| self.kinds.history_keys(last_step));
        Survey {
            system_keys: record.system_metrics.keys().cloned().collect(),
            record,
            kinds: self.kinds.counts(),
            rows: self.rows,
            first_step: self.first_step,
            last_step: self.last_step,
            is_sorted: !self.is_unsorted,
            stats_rows: self.stats_rows,
            exit_code,
            last_activity,
            is_finished: exit_code.is_some(),
            record_counts: self.record_counts,
            damage,
        }
    }
}

/// Adds the damage of a batch in the order of the log: what was skipped before a record, then what of the record was not understood.
fn add_damage(batch: &Batch, mut damaged: Vec<(usize, DamageKind)>, damage: &mut Damage) {
    damaged.sort_by_key(|(index, _)| *index);
    let mut skipped = batch.skipped.iter().peekable();
    let mut add_skipped = |damage: &mut Damage, before: usize| {
        while let Some((_, DamagedRegion { offset, len, what })) = skipped.next_if(|(index, _)| *index <= before) {
            damage.add(*offset, *len, *what);
        }
    };
    for (index, what) in damaged {
        add_skipped(damage, index);
        let (offset, len) = batch.extent(index);
        damage.add(offset, len, what);
    }
    add_skipped(damage, batch.len());
}

#[cfg(test)]
mod tests {
    use runlake_types::{Json, RunState};

    use super::super::damage::DamageKind;
    use super::super::error::ErrorKind;
    use super::super::record::{HistoryItem, HistoryRecord, HistoryStep};
    use super::super::test_log::{TestLog, history_item};
    use super::super::{Row, decode_log_bytes};
    use super::*;

    fn survey_of(log: &TestLog) -> Survey {
        decode_log_bytes(&log.bytes).unwrap().0
    }

    #[test]
    fn a_log_with_little_in_it_is_no_error() {
        let empty = decode_log_bytes(b"").unwrap().0;
        assert_eq!((empty.has_run(), empty.rows, empty.damage.regions[0].what), (false, 0, DamageKind::TruncatedHeader));
        let header = survey_of(&TestLog::new());
        assert!(header.damage.is_clean() && !header.has_run() && header.record.history_keys.is_none());
        assert_eq!((header.first_step, header.is_sorted, header.last_activity), (None, true, None));
    }

    #[test]
    fn another_file_is_an_error_that_says_so() {
        let message = |bytes: &[u8]| {
            let error = decode_log_bytes(bytes).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::NotALog { .. }));
            error.to_string()
        };
        assert_eq!(message(b"PAR1"), "(bytes) is not a run log that can be read: it does not begin as one does, with `:W&B`");
        assert_eq!(
            message(b":W&B\xE1\xBE\x01"),
            "(bytes) is not a run log that can be read: its format has version 1, and only version 0 is known"
        );
        let error = survey(Path::new("/nonexistent/run-x.wandb")).unwrap_err();
        assert_eq!(error.to_string(), "the run log /nonexistent/run-x.wandb cannot be opened");
        assert!(std::error::Error::source(&error).is_some() && !error.hint().is_empty());
    }

    #[test]
    fn steps_out_of_order_are_told() {
        let mut log = TestLog::new();
        log.write_run("abc");
        for step in [5, 6, 3] {
            log.write_row(step, "NaN");
        }
        let survey = survey_of(&log);
        assert_eq!((survey.first_step, survey.last_step, survey.is_sorted), (Some(3), Some(6), false));
        assert_eq!(survey.record.last_step(), Some(6));
        assert_eq!(survey.kinds[&KeyPath::top_level("x")].number, 3);
        assert_eq!((survey.record.state, survey.is_finished), (RunState::Running, false));
    }

    #[test]
    fn rows_of_2021_have_plain_keys() {
        let mut log = TestLog::new();
        let item = |key: &str, value: &str| HistoryItem { key: key.to_owned(), ..history_item(&[], value) };
        let items = vec![
            item("a.b", "1"),
            item("h", r#"{"_type": "histogram", "bins": [1]}"#),
            item("n", r#"{"m": {"k": -Infinity}}"#),
            item("big", "18446744073709551617"),
            item("_step", "4"),
        ];
        log.write_record(RecordType::History(HistoryRecord { items, step: Some(HistoryStep { num: 4 }) }));
        let (survey, rows) = decode_log_bytes(&log.bytes).unwrap();
        let Row::History(row) = &rows[0] else { panic!("no history row") };
        assert_eq!(
            Json::Object(row.clone()).to_string(),
            r#"{"_step":4,"a.b":1,"big":18446744073709551617,"h":{"_type":"histogram","bins":[1]},"n":{"m":{"k":"-Infinity"}}}"#
        );
        let kinds: Vec<(String, bool)> = survey.kinds.keys().map(|path| (path.to_json_text(), survey.kinds[path].number == 1)).collect();
        let expected = [(r#"["a.b"]"#, true), (r#"["big"]"#, true), (r#"["h"]"#, false), (r#"["n","m","k"]"#, true)];
        assert_eq!(kinds, expected.map(|(path, is_number)| (path.to_owned(), is_number)));
    }

    #[test]
    fn records_of_newer_kinds_are_counted() {
        let mut log = TestLog::new();
        log.write(&[0xC2, 0x3E, 0]); // field 1000, empty
        log.write_exit(0);
        let survey = survey_of(&log);
        assert_eq!(survey.record_counts, BTreeMap::from([("other", 1), ("exit", 1)]));
        assert_eq!((survey.record.state, survey.exit_code), (RunState::Finished, Some(0)));
    }
}
