//! A `.wandb` file: never a panic, and both passes find the same rows.
//!
//! Few mutations survive the checksums, so each input is tried twice: as it is, and with every checksum made right, which lets the mutation
//! reach the messages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runlake_fuzz::{sample_logs, write_seeds};
use runlake_ingest::offline::decode_log_bytes;

const FILE_HEADER_BYTES: usize = 7;
const CHUNK_HEADER_BYTES: usize = 7;
const BLOCK_BYTES: usize = 32 * 1024;

fuzz_target!(init: write_seeds(sample_logs), |bytes: &[u8]| {
    check(bytes);
    check(&with_right_checksums(bytes));
});

fn check(bytes: &[u8]) {
    if let Ok((survey, rows)) = decode_log_bytes(bytes) {
        assert_eq!(rows.len() as u64, survey.rows + survey.stats_rows);
    }
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
