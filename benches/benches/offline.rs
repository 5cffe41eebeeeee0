//! Offline logs: from the file to the survey and to record batches.
//!
//! `columns` is what an import does: all cores, one reading. `record by record` is the plain way beside it, on one core and twice over
//! the file. The log is as wandb 0.31.0 writes it; `RUNLAKE_BENCH_LOG` names another one to read in its place.

use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use runlake_ingest::offline::{self, Row, Survey};
use runlake_ingest::{Encoder, KindPlan, Stream};
use runlake_types::ColumnSet;

const ROWS: u64 = 100_000;
const METRICS: usize = 25;

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(8));
    targets = offline_logs
}
criterion_main!(benches);

fn offline_logs(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    #[expect(clippy::disallowed_methods, reason = "a setting of this bench, not of runlake")]
    let given = std::env::var("RUNLAKE_BENCH_LOG");
    let log = given.map_or_else(|_not_set| folder.path().join("run-bench.wandb"), PathBuf::from);
    if !log.exists() {
        fs_err::write(&log, Log::of_training()).expect("the log is written");
    }
    let rows = offline::survey(&log).expect("the log is read").rows;
    let bytes = fs_err::metadata(&log).expect("the log is there").len();
    for (name, throughput) in [("bytes", Throughput::Bytes(bytes)), ("rows", Throughput::Elements(rows))] {
        let mut group = criterion.benchmark_group(format!("offline log ({name})"));
        group.throughput(throughput);
        group.bench_function("survey and columns", |bencher| bencher.iter(|| columns(&log)));
        if name == "bytes" {
            group.bench_function("survey and pieces", |bencher| bencher.iter(|| offline::scan(&log).expect("the log is read")));
        }
        group.bench_function("record by record", |bencher| bencher.iter(|| record_by_record(&log)));
        group.finish();
    }
}

fn encoder(survey: &Survey) -> Encoder {
    let mut plan = KindPlan::default();
    for (path, counts) in &survey.kinds {
        plan.add_counts(path, counts);
    }
    Encoder::new(Stream::History, ColumnSet::new(), plan)
}

fn columns(log: &Path) {
    let (survey, pieces) = offline::scan(log).expect("the log is read");
    let mut encoder = encoder(&survey);
    let plan = Arc::clone(encoder.plan());
    for rows in pieces.into_columns(plan) {
        let rows = rows.expect("the log is read");
        black_box(encoder.place(rows.history).expect("the columns fit"));
        black_box(rows.system);
    }
}

fn record_by_record(log: &Path) {
    let mut encoder = encoder(&offline::survey(log).expect("the log is read"));
    let mut history = Vec::new();
    for row in offline::rows(log).expect("the log is read") {
        if let Row::History(row) = row.expect("the log is read") {
            history.push(row);
        }
        if history.len() == 8192 {
            black_box(encoder.encode(std::mem::take(&mut history)).expect("the rows fit"));
        }
    }
    black_box(encoder.encode(history).expect("the rows fit"));
}

/// A log in the framing and the encoding of the SDK.
struct Log {
    bytes: Vec<u8>,
    records: u64,
}

impl Log {
    /// For each row a summary of all its values, the row, and a small summary; the items in another order each time, as a Go map gives them,
    /// and the row's order that of the summary begun elsewhere.
    fn of_training() -> Vec<u8> {
        let mut random = StdRng::seed_from_u64(1);
        let mut log = Self { bytes: b":W&B\xE1\xBE\x00".to_vec(), records: 0 };
        let keys: Vec<String> = (0..METRICS).map(|number| format!("train/metric_{number:02}")).collect();
        let mut run = Vec::new();
        push_field(&mut run, 1, b"bench");
        push_field(&mut run, 3, b"digits");
        log.write(17, &run);
        for step in 0..ROWS {
            let mut items: Vec<Vec<u8>> = keys.iter().map(|key| item(&[key], &random.random::<f64>().to_string())).collect();
            let runtime = f64::from(u32::try_from(step).expect("the steps are few")) / 97.0;
            items.push(item(&["_step"], &step.to_string()));
            items.push(item(&["_runtime"], &format!("{runtime:.9}")));
            items.push(item(&["_timestamp"], &format!("{:.16e}", 1_795_604_136.860_799_6 + runtime).replace("e9", "e+09")));
            items.shuffle(&mut random);
            let mut record = Vec::new();
            for item in &items {
                push_field(&mut record, 1, item);
            }
            log.write(3, &record);
            let first = random.random_range(0..items.len());
            items.rotate_left(first);
            record.clear();
            for item in &items {
                push_field(&mut record, 1, item);
            }
            let mut number = vec![0x08];
            push_varint(&mut number, step);
            push_field(&mut record, 2, &number);
            log.write(2, &record);
            let whole_seconds = format!("{:.0}", runtime.floor());
            record.clear();
            for item in [item(&["_wandb", "runtime"], &whole_seconds), item(&["_runtime"], &whole_seconds)] {
                push_field(&mut record, 1, &item);
            }
            log.write(3, &record);
        }
        log.write(18, &[]);
        log.bytes
    }

    /// Writes a record: its number and its content, in chunks that never cross a block.
    fn write(&mut self, field: u32, content: &[u8]) {
        self.records += 1;
        let mut record = vec![0x08];
        push_varint(&mut record, self.records);
        push_field(&mut record, field, content);
        let mut rest = record.as_slice();
        let mut is_first = true;
        loop {
            let left = 32_768 - self.bytes.len() % 32_768;
            if left < 7 {
                self.bytes.resize(self.bytes.len() + left, 0);
                continue;
            }
            let (chunk, after) = rest.split_at(rest.len().min(left - 7));
            let chunk_type = match (is_first, after.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            let mut checksum = crc32fast::Hasher::new();
            checksum.update(&[chunk_type]);
            checksum.update(chunk);
            self.bytes.extend(checksum.finalize().to_le_bytes());
            self.bytes.extend(u16::try_from(chunk.len()).expect("a chunk is within a block").to_le_bytes());
            self.bytes.push(chunk_type);
            self.bytes.write_all(chunk).expect("memory takes everything");
            if after.is_empty() {
                return;
            }
            (rest, is_first) = (after, false);
        }
    }
}

/// An item as the SDK writes it: `nested_key` also for one part, and `value_json`.
fn item(parts: &[&str], value: &str) -> Vec<u8> {
    let mut item = Vec::new();
    for part in parts {
        push_field(&mut item, 2, part.as_bytes());
    }
    push_field(&mut item, 16, value.as_bytes());
    item
}

fn push_field(out: &mut Vec<u8>, field: u32, content: &[u8]) {
    push_varint(out, u64::from(field << 3 | 2));
    push_varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.extend((value & 0x7F | 0x80).to_le_bytes().first());
        value >>= 7;
    }
    out.extend(value.to_le_bytes().first());
}
