//! Logs read at full speed against the same logs read record by record.

use std::io::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost::Message as _;
use runlake_types::{Json, KeyPath, KindCounts, Object};

use super::framing::BLOCK_BYTES;
use super::record::{
    ChangeItem, ChangeRecord, HistoryItem, HistoryRecord, HistoryStep, Instant, Record, RecordType, RunExitRecord, RunRecord, Skipped,
    StatsItem, StatsRecord, TypedValue,
};
use super::run_builder::RunBuilder;
use super::scan::{Limits, scan_with};
use super::test_log::TestLog;
use super::{Pieces, Row, Survey, batch_decoder, decode_log_bytes, scan_logs, survey};
use crate::{KindPlan, RowColumns, Stream};

fn small_limits(blocks: usize, kept_bytes: usize) -> Limits {
    Limits { batch_bytes: blocks * BLOCK_BYTES, kept_bytes }
}

fn plan_of(survey: &Survey) -> Arc<KindPlan> {
    let mut plan = KindPlan::default();
    // Some keys are left out, as those of a live log that grew.
    for (path, counts) in survey.kinds.iter().filter(|(path, _)| path.parts() != ["b"]) {
        plan.add_counts(path, counts);
    }
    Arc::new(plan)
}

/// What reading record by record says of a log.
struct Expected {
    survey: Survey,
    history: Vec<Object>,
    system: Vec<Object>,
}

impl Expected {
    fn of(bytes: &[u8]) -> Result<Self, super::Error> {
        let (survey, rows) = decode_log_bytes(bytes)?;
        let mut expected = Self { survey, history: Vec::new(), system: Vec::new() };
        for row in rows {
            match row {
                Row::History(row) => expected.history.push(row),
                Row::System(row) => expected.system.push(row),
            }
        }
        Ok(expected)
    }

    fn check(&self, (survey, pieces): (Survey, Pieces)) -> Result<(), TestCaseError> {
        prop_assert_eq!(format!("{survey:?}"), format!("{:?}", self.survey));
        let plan = plan_of(&self.survey);
        let mut history = self.history.iter();
        let mut system = Vec::new();
        for found in pieces.into_columns(Arc::clone(&plan)) {
            let found = found.unwrap();
            let rows: Vec<Object> = history.by_ref().take(found.history.len()).cloned().collect();
            prop_assert_eq!(rows.len(), found.history.len());
            let (expected, _) = RowColumns::of_rows(Stream::History, rows, &plan);
            check_columns(&found.history, &expected)?;
            system.extend(found.system);
        }
        prop_assert_eq!(history.count(), 0, "rows are missing");
        prop_assert_eq!(&system, &self.system);
        Ok(())
    }
}

fn check_columns(found: &RowColumns, expected: &RowColumns) -> Result<(), TestCaseError> {
    prop_assert_eq!(&found.steps, &expected.steps);
    prop_assert_eq!(&found.timestamps, &expected.timestamps);
    prop_assert_eq!(&found.runtimes, &expected.runtimes);
    let shape = |columns: &RowColumns| -> Vec<String> {
        columns.metrics.iter().map(|metric| format!("{} {:?}", metric.path.to_json_text(), metric.kind)).collect()
    };
    prop_assert_eq!(shape(found), shape(expected));
    for (found, expected) in found.metrics.iter().zip(&expected.metrics) {
        prop_assert_eq!(&found.values, &expected.values, "{}", found.path);
    }
    prop_assert_eq!(&found.rescued, &expected.rescued);
    Ok(())
}

fn check_bytes(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let expected = Expected::of(bytes);
    for limits in [small_limits(1, usize::MAX), small_limits(2, 0), small_limits(8, 20_000)] {
        let scanned = scan_with(std::iter::once(file.path().to_owned()), limits).remove(0);
        match (scanned, &expected) {
            (Ok(found), Ok(expected)) => expected.check(found)?,
            (found, expected) => prop_assert_eq!(found.is_ok(), expected.is_ok()),
        }
    }
    Ok(())
}

const KEYS: [&[&str]; 16] = [
    &["a"],
    &["b"],
    &["c", "d"],
    &["c", "e"],
    &["f.g"],
    &["_step"],
    &["_timestamp"],
    &["_runtime"],
    &["c"],
    &["h", "_type"],
    &["h", "bins", "x"],
    &["a.b"],
    &["_timestamp", "x"],
    &["_type"],
    &[""],
    &["_wandb", "runtime"],
];

const TEXTS: [&str; 26] = [
    "1",
    "-0",
    "0.5",
    "1.5e300",
    "-12",
    "123456789.25",
    "NaN",
    "Infinity",
    "-Infinity",
    "9007199254740993",
    "18446744073709551617",
    "true",
    "null",
    r#""x""#,
    r#""NaN""#,
    "[1, {\"y\": 2}]",
    "{}",
    r#"{"_type": "t", "v": 1}"#,
    r#"{"k": {"l": 1}, "d": 2}"#,
    "",
    "{",
    "01",
    " 7 ",
    "1795604136.8607996",
    "1e999",
    "7.0",
];

fn key() -> impl Strategy<Value = Vec<String>> {
    // Mostly keys that do not meet.
    let index = prop_oneof![12 => 0..8_usize, 1 => 8..KEYS.len()];
    index.prop_map(|index| KEYS[index].iter().map(|part| (*part).to_owned()).collect())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => (0..9_usize).prop_map(|index| TEXTS[index].to_owned()),
        3 => select(&TEXTS[..]).prop_map(str::to_owned),
        6 => any::<f64>().prop_map(|value| Json::from(value).to_string().replace('"', "")),
        1 => any::<i64>().prop_map(|value| value.to_string()),
    ]
}

fn typed() -> impl Strategy<Value = TypedValue> {
    prop_oneof![
        any::<bool>().prop_map(TypedValue::Boolean),
        any::<i64>().prop_map(TypedValue::Integer),
        any::<f64>().prop_map(TypedValue::Number),
        text().prop_map(TypedValue::Text),
        text().prop_map(TypedValue::Json),
        Just(TypedValue::None(0)),
    ]
}

fn history_item() -> impl Strategy<Value = HistoryItem> {
    (key(), text(), prop::option::weighted(0.1, typed()), prop::bool::weighted(0.1)).prop_map(|(parts, value_json, value, is_old)| {
        let (key, nested_key) = if is_old { (parts.join("."), vec![]) } else { (String::new(), parts) };
        HistoryItem { key, nested_key, value, value_json }
    })
}

fn change_item() -> impl Strategy<Value = ChangeItem> {
    history_item().prop_map(|item| ChangeItem { key: item.key, nested_key: item.nested_key, value_json: item.value_json })
}

fn change() -> impl Strategy<Value = ChangeRecord> {
    let remove = prop_oneof![5 => Just(vec![]), 1 => prop::collection::vec(change_item(), 0..3)];
    (prop::collection::vec(change_item(), 0..6), remove).prop_map(|(update, remove)| ChangeRecord { update, remove })
}

/// A row of the usual kind: each key once, and a step.
fn plain_row() -> impl Strategy<Value = RecordType> {
    (prop::collection::vec(text(), 8), any::<prop::sample::Index>(), 0..1000_i64).prop_map(|(texts, first, step)| {
        let item = |(index, value_json): (usize, String)| HistoryItem {
            nested_key: KEYS[index].iter().map(|part| (*part).to_owned()).collect(),
            value_json: if index == 5 { step.to_string() } else { value_json },
            ..HistoryItem::default()
        };
        let mut items: Vec<HistoryItem> = texts.into_iter().enumerate().map(item).collect();
        let first = first.index(items.len());
        items.rotate_left(first);
        RecordType::History(HistoryRecord { items, step: Some(HistoryStep { num: step }) })
    })
}

fn record() -> impl Strategy<Value = RecordType> {
    let step = prop::option::weighted(0.9, any::<i8>().prop_map(|num| HistoryStep { num: i64::from(num) }));
    let row =
        (prop::collection::vec(history_item(), 0..8), step).prop_map(|(items, step)| RecordType::History(HistoryRecord { items, step }));
    let instant = (0..3000_i64, any::<i32>()).prop_map(|(seconds, nanos)| Instant { seconds, nanos });
    let stats_item = ("[a-c.]{0,3}", text()).prop_map(|(key, value_json)| StatsItem { key, value_json });
    let stats = (prop::option::of(instant.clone()), prop::collection::vec(stats_item, 0..4))
        .prop_map(|(timestamp, items)| RecordType::Stats(StatsRecord { timestamp, items }));
    let run = ("[a-z]{0,2}", prop::option::of(change()), prop::option::of(change()), prop::option::of(instant)).prop_map(
        |(run_id, config, summary, start_time)| {
            RecordType::Run(Box::new(RunRecord { run_id, config, summary, start_time, ..RunRecord::default() }))
        },
    );
    let exit = any::<i32>().prop_map(|exit_code| RecordType::Exit(RunExitRecord { exit_code, runtime: 5 }));
    prop_oneof![
        12 => plain_row(),
        4 => row,
        8 => change().prop_map(RecordType::Summary),
        2 => stats,
        1 => run,
        1 => change().prop_map(RecordType::Config),
        1 => exit,
        1 => Just(RecordType::OutputRaw(Skipped {})),
    ]
}

/// The payload of a record, its number in front as the SDK writes it.
fn payload(record_type: RecordType) -> Vec<u8> {
    let mut bytes = vec![0x08, 0x07];
    Record { record_type: Some(record_type) }.encode(&mut bytes).unwrap();
    bytes
}

fn payloads(count: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let flipped = (record(), any::<Index>(), 1..=255_u8).prop_map(|(record, at, flip)| {
        let mut bytes = payload(record);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        bytes
    });
    let long = (record(), 1..40_000_usize).prop_map(|(record, len)| {
        // A field that no one knows, longer than what is left in a block.
        let mut bytes = payload(record);
        let mut field = vec![0x82, 0x01];
        prost::encoding::encode_varint(len as u64, &mut field);
        field.resize(field.len() + len, b'x');
        bytes.extend(field);
        bytes
    });
    let payload = prop_oneof![
        40 => record().prop_map(payload),
        1 => (record(), record()).prop_map(|(first, second)| [payload(first), payload(second)].concat()),
        2 => flipped,
        1 => long,
    ];
    prop::collection::vec(payload, 0..count)
}

fn log_of(payloads: &[Vec<u8>]) -> TestLog {
    let mut log = TestLog::new();
    for payload in payloads {
        log.write(payload);
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_log_is_read_as_record_by_record(payloads in payloads(200)) {
        check_bytes(&log_of(&payloads).bytes)?;
    }

    #[test]
    fn rows_of_the_usual_kind_are_read_as_record_by_record(rows in prop::collection::vec(prop_oneof![plain_row(), change().prop_map(RecordType::Summary)], 0..300)) {
        check_bytes(&log_of(&rows.into_iter().map(payload).collect::<Vec<_>>()).bytes)?;
    }

    #[test]
    fn a_damaged_log_is_read_as_record_by_record(payloads in payloads(300), flips in prop::collection::vec((any::<Index>(), 1..=255_u8), 0..6), cut in any::<Index>(), zeros in 0..40_000_usize) {
        let mut bytes = log_of(&payloads).bytes;
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        let cut = cut.index(bytes.len()) + bytes.len() / 2;
        bytes.truncate(cut);
        bytes.resize(bytes.len() + zeros, 0);
        check_bytes(&bytes)?;
    }

    #[test]
    fn any_bytes_are_scanned_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), is_framed in any::<bool>()) {
        let mut log = TestLog::new();
        if is_framed {
            log.write(&bytes);
        } else {
            log.bytes.extend(&bytes);
        }
        check_bytes(&log.bytes)?;
    }

    #[test]
    fn the_last_changes_of_a_summary_amount_to_all_of_them(changes in prop::collection::vec(change(), 0..40)) {
        let mut expected = RunBuilder::default();
        let mut log = TestLog::new();
        for change in changes {
            log.write(&payload(RecordType::Summary(change.clone())));
            expected.add_summary(change);
        }
        let mut frames = super::framing::FrameReader::new(&log.bytes[..]);
        frames.read_header().unwrap();
        let mut reader = super::batch::BatchReader::new(frames);
        let mut found = RunBuilder::default();
        while let Some(batch) = reader.next_batch(&mut Vec::new()).unwrap() {
            for (_, event) in batch_decoder::decode(&batch).events {
                if let batch_decoder::Event::Summary(operations) = event {
                    found.apply_summary(operations);
                }
            }
        }
        prop_assert_eq!(Json::Object(found.build().summary).to_string(), Json::Object(expected.build().summary).to_string());
    }
}

#[test]
fn many_logs_come_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for number in 0..60_u8 {
        let path = folder.path().join(format!("{number}.wandb"));
        let mut log = TestLog::new();
        log.write_run(&format!("run{number}"));
        for step in 0..i64::from(number) * 40 {
            log.write_row(step, "0.5");
        }
        match number {
            7 => fs_err::write(&path, "no log").unwrap(),
            8 => {}
            9 => fs_err::write(&path, "").unwrap(),
            _ => fs_err::write(&path, &log.bytes).unwrap(),
        }
        paths.push(path);
    }
    // Also from a thread of the pool that decodes, where waiting must not block.
    let in_pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| scan_logs(paths.clone()));
    for scanned in [scan_logs(paths.clone()), in_pool] {
        assert_eq!(scanned.len(), paths.len());
        for (path, scanned) in paths.iter().zip(scanned) {
            match scanned {
                Ok(found) => Expected::of(&fs_err::read(path).unwrap()).unwrap().check(found).unwrap(),
                Err(error) => assert_eq!(error.to_string(), survey(path).unwrap_err().to_string()),
            }
        }
    }
}

#[test]
fn kinds_of_the_whole_import_hold_for_every_piece() {
    let mut log = TestLog::new();
    for step in 0..2000 {
        log.write_row(step, if step < 1500 { "1" } else { r#""x""# });
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(file.path(), &log.bytes).unwrap();
    let (_, pieces) = scan_with(std::iter::once(file.path().to_owned()), small_limits(1, usize::MAX)).remove(0).unwrap();
    let mut plan = KindPlan::default();
    plan.add_counts(&KeyPath::top_level("x"), &KindCounts { string: 1, ..KindCounts::default() });
    let columns: Vec<RowColumns> = pieces.into_columns(Arc::new(plan)).map(|rows| rows.unwrap().history).collect();
    assert!(columns.len() > 1);
    assert!(columns.iter().all(|rows| rows.metrics[0].kind == runlake_types::Kind::String));
    assert!(columns[0].rescued.is_some());
}
