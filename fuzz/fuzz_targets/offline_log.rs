//! A `.wandb` file: never a panic, and read at full speed it gives what it gives record by record.
//!
//! Few mutations survive the checksums, so each input is tried twice: as it is, and with every checksum made right, which lets the mutation
//! reach the messages.
#![no_main]

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use runlake_fuzz::{rows_of, sample_logs, write_seeds};
use runlake_ingest::offline::{Row, decode_log_bytes, scan};
use runlake_ingest::{KindPlan, RowColumns, Stream};
use runlake_types::{Json, Object};

const FILE_HEADER_BYTES: usize = 7;
const CHUNK_HEADER_BYTES: usize = 7;
const BLOCK_BYTES: usize = 32 * 1024;

/// The scan at full speed reads files only.
static LOG: LazyLock<PathBuf> = LazyLock::new(|| std::env::temp_dir().join(format!("runlake-fuzz-{}.wandb", std::process::id())));

fuzz_target!(init: write_seeds(sample_logs), |bytes: &[u8]| {
    check(bytes);
    check(&with_right_checksums(bytes));
});

fn check(bytes: &[u8]) {
    fs_err::write(&*LOG, bytes).expect("the temporary folder is writable");
    let scanned = scan(&LOG);
    let Ok((survey, rows)) = decode_log_bytes(bytes) else {
        assert!(scanned.is_err(), "only one of the two readings takes it for a log");
        return;
    };
    // The pass over rows skips what the survey decodes, and so may take for a row what the survey counts as damage.
    assert!(rows.len() as u64 >= survey.rows + survey.stats_rows);
    let (mut history, mut system): (Vec<Object>, Vec<Object>) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::History(row) => history.push(row),
            Row::System(row) => system.push(row),
        }
    }
    let (scanned_survey, pieces) = scanned.expect("both readings take it for a log");
    assert_eq!(format!("{scanned_survey:?}"), format!("{survey:?}"));
    let mut plan = KindPlan::default();
    for (path, counts) in &survey.kinds {
        plan.add_counts(path, counts);
    }
    let plan = Arc::new(plan);
    let (mut found_history, mut found_system) = (Vec::new(), Vec::new());
    for part in pieces.into_columns(Arc::clone(&plan)) {
        let part = part.expect("the file is still there");
        found_history.extend(rows_of(&part.history));
        found_system.extend(part.system);
    }
    assert_eq!(found_history, rows_of(&RowColumns::of_rows(Stream::History, history, &plan).0));
    let texts = |rows: Vec<Object>| rows.into_iter().map(|row| Json::Object(row).to_canonical_text()).collect::<Vec<_>>();
    assert_eq!(texts(found_system), texts(system));
}

/// Walks from chunk to chunk: checksum (4 bytes), length (2), type (1), payload; the checksum is over type and payload.
fn with_right_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut log = bytes.to_vec();
    let mut at = FILE_HEADER_BYTES;
    loop {
        let left_in_block = BLOCK_BYTES - at % BLOCK_BYTES;
        if left_in_block < CHUNK_HEADER_BYTES {
            at += left_in_block;
            continue;
        }
        let Some(header) = log.get(at..at + CHUNK_HEADER_BYTES) else { return log };
        let end = at + CHUNK_HEADER_BYTES + usize::from(u16::from_le_bytes([header[4], header[5]]));
        let Some(checked) = log.get(at + CHUNK_HEADER_BYTES - 1..end) else { return log };
        let checksum = crc32fast::hash(checked);
        log[at..at + 4].copy_from_slice(&checksum.to_le_bytes());
        at = end;
    }
}
