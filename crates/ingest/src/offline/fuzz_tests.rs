//! Foreign bytes: any records survive the framing, and damage costs only what it touches.

use proptest::prelude::*;

use super::damage::{Damage, DamageKind};
use super::framing::{BLOCK_BYTES, CHUNK_HEADER_BYTES, FrameReader, Header};
use super::test_log::TestLog;
use super::{Row, decode_log_bytes};

fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Damage) {
    let mut reader = FrameReader::new(bytes);
    let mut damage = Damage::default();
    let mut records = Vec::new();
    if reader.read_header().unwrap() == Header::Known {
        while let Some(frame) = reader.next_record(&mut damage).unwrap() {
            records.push(frame.bytes.to_vec());
        }
    }
    (records, damage)
}

fn log_of(records: &[Vec<u8>]) -> TestLog {
    let mut log = TestLog::new();
    for record in records {
        log.write(record);
    }
    log
}

/// Records of all lengths: short, around what is left in a block, and over several blocks.
fn any_records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let length = prop_oneof![8 => 0..200_usize, 2 => 32_700..32_800_usize, 1 => 0..150_000_usize];
    proptest::collection::vec(length, 0..20).prop_map(|lengths| {
        // The first byte makes each record unlike the others.
        (0..).zip(lengths).map(|(number, length)| [number].into_iter().chain((0..=250).cycle().take(length)).collect()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_framed_is_read_back(records in any_records()) {
        let (found, damage) = read(&log_of(&records).bytes);
        prop_assert!(damage.is_clean());
        prop_assert!(found == records);
    }

    #[test]
    fn one_flipped_byte_costs_the_records_of_its_block_at_most(records in any_records(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut log = log_of(&records);
        prop_assume!(log.bytes.len() > 7);
        let at = 7 + at.index(log.bytes.len() - 7);
        log.bytes[at] ^= flip;
        let (found, damage) = read(&log.bytes);
        let block = at / BLOCK_BYTES;
        let touches_block = |extent: &std::ops::Range<usize>| extent.start / BLOCK_BYTES <= block && (extent.end - 1) / BLOCK_BYTES >= block;
        let mut rest = found.iter();
        for (record, extent) in records.iter().zip(&log.extents) {
            if touches_block(extent) && rest.as_slice().first() != Some(record) {
                continue;
            }
            prop_assert!(rest.next() == Some(record), "a record outside the block is lost");
        }
        prop_assert_eq!(rest.len(), 0, "nothing is made up");
        prop_assert_eq!(damage.is_clean(), found.len() == records.len());
    }

    #[test]
    fn a_flipped_payload_byte_costs_its_record_only(count in 2..40_u8, victim in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let records: Vec<Vec<u8>> = (0..count).map(|number| vec![number; 50]).collect();
        let mut log = log_of(&records);
        let victim = victim.index(records.len());
        log.bytes[log.extents[victim].start + CHUNK_HEADER_BYTES] ^= flip;
        let (found, damage) = read(&log.bytes);
        let mut expected = records;
        expected.remove(victim);
        prop_assert_eq!(found, expected);
        let region = damage.regions[0];
        prop_assert_eq!((region.offset, region.what), (log.extents[victim].start as u64, DamageKind::BadChecksum));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), has_header in any::<bool>(), is_framed in any::<bool>()) {
        let mut log = TestLog::new();
        if is_framed {
            log.write(&bytes);
        } else {
            log.bytes.extend(&bytes);
        }
        let content = if has_header { &log.bytes } else { &bytes };
        if let Ok((survey, rows)) = decode_log_bytes(content) {
            // The pass over rows skips what the survey decodes, and so may take for a row what the survey counts as damage.
        prop_assert!(rows.len() as u64 >= survey.rows + survey.stats_rows);
        }
    }

    #[test]
    fn mutated_logs_are_read_without_panic(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        // The flips go into the messages, before the framing gives them good checksums.
        let (records, _) = read(&sample_log().bytes);
        let mut log = TestLog::new();
        for mut record in records {
            for (at, flip) in &flips {
                let at = at.index(record.len() * 3);
                if let Some(byte) = record.get_mut(at) {
                    *byte ^= flip;
                }
            }
            log.write(&record);
        }
        let (survey, rows) = decode_log_bytes(&log.bytes).unwrap();
        // The pass over rows skips what the survey decodes, and so may take for a row what the survey counts as damage.
        prop_assert!(rows.len() as u64 >= survey.rows + survey.stats_rows);
    }
}

fn sample_log() -> TestLog {
    let mut log = TestLog::new();
    log.write_run("abc");
    for step in 0..40 {
        log.write_row(step, "0.5");
    }
    log.write_exit(0);
    log
}

#[test]
fn a_log_cut_anywhere_gives_all_whole_records_before_the_cut() {
    let mut log = sample_log();
    // Two records over a border of blocks.
    log.write(&vec![7; 31_000]);
    log.write_row(40, "1");
    log.write(&vec![7; 3000]);
    let (all, _) = read(&log.bytes);
    let offsets: Vec<usize> = (0..3000).chain(33_000..log.bytes.len()).chain((3000..33_000).step_by(97)).collect();
    for cut in offsets {
        let (found, damage) = read(&log.bytes[..cut]);
        let whole = log.extents.iter().filter(|extent| extent.end <= cut).count();
        assert_eq!(found, all[..whole], "cut at {cut}");
        // A cut between records loses nothing; neither does one within the padding of a block.
        let is_between = log.extents.get(whole).is_none_or(|next| next.start >= cut);
        assert_eq!(damage.is_clean(), is_between, "cut at {cut}: {damage:?}");
        if !damage.is_clean() {
            let start = log.extents[whole].start;
            assert_eq!((damage.regions[0].offset, damage.regions[0].what), (start as u64, DamageKind::TornEnd));
            assert_eq!(damage.byte_count, (cut - start) as u64);
            assert!(damage.is_torn_end_only());
        }
    }
}

#[test]
fn records_at_the_border_of_a_block() {
    // What is left in the block after the record: nothing, padding, room for an empty FIRST chunk, and a little more.
    for left in 0..20 {
        let mut log = TestLog::new();
        log.write(&vec![1; log.left_in_block() - CHUNK_HEADER_BYTES - left]);
        log.write(&[2; 3]);
        log.write(&[]);
        log.write(&vec![3; 2 * BLOCK_BYTES]);
        let (found, damage) = read(&log.bytes);
        assert!(damage.is_clean(), "{left} left: {damage:?}");
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>()[1..], [3, 0, 2 * BLOCK_BYTES]);
        let rest_of_block = &log.bytes[BLOCK_BYTES - left..BLOCK_BYTES];
        match left {
            0..7 => assert!(rest_of_block.iter().all(|byte| *byte == 0), "padding"),
            7 => assert_eq!(rest_of_block[4..], [0, 0, 2], "an empty FIRST chunk"),
            _ => assert_ne!(rest_of_block[6], 0, "a chunk"),
        }
    }
}

#[test]
fn chunks_out_of_sequence_are_skipped_and_reported() {
    let mut log = TestLog::new();
    log.write_chunk(4, b"no first");
    log.write_chunk(1, b"one");
    log.write_chunk(2, b"never ends");
    log.write_chunk(1, b"two");
    log.write_chunk(9, b"unknown");
    log.write_chunk(2, b"cut by ");
    log.write_chunk(0, b"another");
    log.write_chunk(4, b"type");
    log.write_chunk(2, b"thr");
    log.write_chunk(3, b"e");
    log.write_chunk(4, b"e");
    let (found, damage) = read(&log.bytes);
    assert_eq!(found, [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
    assert_eq!(damage.region_count, 3);
    assert!(damage.regions.iter().all(|region| region.what == DamageKind::BadFrame));
}

#[test]
fn zeros_are_skipped_to_the_next_block() {
    let mut log = TestLog::new();
    log.write(b"one");
    let from = log.bytes.len();
    log.bytes.resize(2 * BLOCK_BYTES, 0);
    log.write(b"two");
    log.bytes.resize(3 * BLOCK_BYTES - 9, 0);
    let (found, damage) = read(&log.bytes);
    assert_eq!(found, [b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(damage.region_count, 2);
    assert_eq!((damage.regions[0].offset, damage.regions[0].len), (from as u64, (2 * BLOCK_BYTES - from) as u64));
    assert!(damage.regions.iter().all(|region| region.what == DamageKind::Zeroed));
}

#[test]
fn a_length_beyond_the_block_costs_the_block() {
    let mut log = TestLog::new();
    log.write(b"one");
    let at = log.bytes.len();
    log.write(b"two");
    log.write(&vec![3; BLOCK_BYTES]);
    log.write(b"four");
    log.bytes[at + 5] = 0xFF;
    let (found, damage) = read(&log.bytes);
    assert_eq!(found, [b"one".to_vec(), b"four".to_vec()]);
    assert_eq!((damage.region_count, damage.regions[0].offset, damage.regions[0].what), (1, at as u64, DamageKind::BadFrame));
    assert_eq!(damage.byte_count, log.extents[3].start as u64 - at as u64, "the rest of the long record counts as lost too");
}

#[test]
fn a_record_that_is_no_message_is_reported_and_the_rest_is_read() {
    let mut log = sample_log();
    log.write(&[0xFF; 9]);
    log.write_row(40, "nonsense");
    log.write_row(41, "2");
    let (survey, rows) = decode_log_bytes(&log.bytes).unwrap();
    let kinds: Vec<DamageKind> = survey.damage.regions.iter().map(|region| region.what).collect();
    assert_eq!(kinds, [DamageKind::BadRecord, DamageKind::BadValue]);
    assert_eq!((survey.rows, rows.len()), (42, 42));
    let Row::History(row) = &rows[40] else { panic!("no history row") };
    assert_eq!(row.keys().collect::<Vec<_>>(), ["_step"]);
}
