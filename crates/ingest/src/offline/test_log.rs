//! Writes logs for tests, in the framing of the SDK's writer
//! (<https://github.com/wandb/wandb/blob/main/core/pkg/leveldb/record.go>).

use prost::Message as _;

use super::framing::{BLOCK_BYTES, CHUNK_HEADER_BYTES, FILE_HEADER};
use super::record::{
    ChangeItem, ChangeRecord, HistoryItem, HistoryRecord, HistoryStep, Instant, Record, RecordType, RunExitRecord, RunRecord,
};

/// A log in memory.
#[derive(Clone, Debug)]
pub(super) struct TestLog {
    pub(super) bytes: Vec<u8>,
    /// Where in the file each record stands, chunk headers included and padding before it left out.
    pub(super) extents: Vec<std::ops::Range<usize>>,
}

impl TestLog {
    /// A log with a header and nothing else.
    pub(super) fn new() -> Self {
        Self { bytes: FILE_HEADER.to_vec(), extents: Vec::new() }
    }

    /// Writes a record of any bytes.
    pub(super) fn write(&mut self, mut payload: &[u8]) {
        let left = self.left_in_block();
        if left < CHUNK_HEADER_BYTES {
            self.bytes.resize(self.bytes.len() + left, 0);
        }
        let start = self.bytes.len();
        let mut is_first = true;
        loop {
            let room = self.left_in_block() - CHUNK_HEADER_BYTES;
            let (chunk, rest) = payload.split_at(payload.len().min(room));
            let chunk_type = match (is_first, rest.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            self.write_chunk(chunk_type, chunk);
            if rest.is_empty() {
                break;
            }
            (payload, is_first) = (rest, false);
        }
        self.extents.push(start..self.bytes.len());
    }

    /// Writes one chunk of any type, with a right checksum.
    pub(super) fn write_chunk(&mut self, chunk_type: u8, payload: &[u8]) {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&[chunk_type]);
        hasher.update(payload);
        self.bytes.extend(hasher.finalize().to_le_bytes());
        self.bytes.extend(u16::try_from(payload.len()).unwrap().to_le_bytes());
        self.bytes.push(chunk_type);
        self.bytes.extend(payload);
    }

    pub(super) fn left_in_block(&self) -> usize {
        BLOCK_BYTES - self.bytes.len() % BLOCK_BYTES
    }

    pub(super) fn write_record(&mut self, record_type: RecordType) {
        self.write(&Record { record_type: Some(record_type) }.encode_to_vec());
    }

    /// A run record with an id, a project and a start at 1000 s.
    pub(super) fn write_run(&mut self, run_id: &str) {
        self.write_record(RecordType::Run(Box::new(RunRecord {
            run_id: run_id.to_owned(),
            project: "digits".to_owned(),
            start_time: Some(Instant { seconds: 1000, nanos: 0 }),
            ..RunRecord::default()
        })));
    }

    /// A row with a metric `x`, as the SDK writes it.
    pub(super) fn write_row(&mut self, step: i64, x: &str) {
        self.write_record(RecordType::History(HistoryRecord {
            items: vec![history_item(&["x"], x), history_item(&["_step"], &step.to_string())],
            step: Some(HistoryStep { num: step }),
        }));
    }

    pub(super) fn write_exit(&mut self, exit_code: i32) {
        self.write_record(RecordType::Exit(RunExitRecord { exit_code, runtime: 60 }));
    }
}

pub(super) fn history_item(nested_key: &[&str], value_json: &str) -> HistoryItem {
    HistoryItem {
        nested_key: nested_key.iter().map(|part| (*part).to_owned()).collect(),
        value_json: value_json.to_owned(),
        ..HistoryItem::default()
    }
}

/// A change that updates top-level keys.
pub(super) fn update(items: &[(&str, &str)]) -> ChangeRecord {
    let update =
        items.iter().map(|(key, value)| ChangeItem { key: (*key).to_owned(), value_json: (*value).to_owned(), ..ChangeItem::default() });
    ChangeRecord { update: update.collect(), remove: vec![] }
}
