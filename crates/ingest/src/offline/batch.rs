//! A log as batches of whole records: what stands in one read buffer goes to a decoder together, without copying it.

use std::io::{self, Read};
use std::ops::Range;

use super::damage::DamagedRegion;
use super::framing::{BLOCK_BYTES, FrameReader, Place};

/// What is read at once. A batch of it is some thousands of rows: large enough for columns, and small beside the memory of a machine even
/// when each core has several.
pub(super) const BATCH_BYTES: usize = 128 * BLOCK_BYTES;

/// Records in their order, and what was skipped among them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// The records that lie in several chunks.
    assembled: Vec<u8>,
    records: Vec<Extent>,
    /// What the framing skipped, each with the number of records of this batch before it.
    pub(super) skipped: Vec<(usize, DamagedRegion)>,
}

/// Where a record is.
#[derive(Clone, Debug)]
struct Extent {
    offset: u64,
    file_len: u64,
    range: Range<usize>,
    is_assembled: bool,
}

impl Batch {
    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The bytes of a record.
    pub(super) fn record(&self, index: usize) -> &[u8] {
        let Extent { range, is_assembled, .. } = &self.records[index];
        let bytes = if *is_assembled { &self.assembled } else { &self.bytes };
        &bytes[range.clone()]
    }

    /// Where in the file a record stands: its offset and how many bytes it spans.
    pub(super) fn extent(&self, index: usize) -> (u64, u64) {
        (self.records[index].offset, self.records[index].file_len)
    }

    /// The buffer, to be read into again.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads one batch after another.
#[derive(Debug)]
pub(super) struct BatchReader<R> {
    frames: FrameReader<R>,
    /// Begins with the record that was found when the last batch was full.
    next: Batch,
    is_done: bool,
}

impl<R: Read> BatchReader<R> {
    /// Goes on where `frames` stands: behind the header.
    pub(super) fn new(frames: FrameReader<R>) -> Self {
        Self { frames, next: Batch::default(), is_done: false }
    }

    /// Where in the file the reader stands.
    pub(super) fn offset(&self) -> u64 {
        self.frames.offset()
    }

    /// The next batch, which may have no records; `None` after the last. `spares` are buffers of earlier batches, to be used again.
    pub(super) fn next_batch(&mut self, spares: &mut Vec<Vec<u8>>) -> io::Result<Option<Batch>> {
        if self.is_done {
            return Ok(None);
        }
        let spare = self.frames.spare_mut();
        *spare = spare.take().or_else(|| spares.pop());
        let mut batch = std::mem::take(&mut self.next);
        loop {
            let mut skipped: Vec<DamagedRegion> = Vec::new();
            let found = self.frames.find_record(&mut skipped)?;
            let retired = self.frames.take_retired();
            let Some((offset, place)) = found else {
                let before = batch.len();
                batch.skipped.extend(skipped.into_iter().map(|region| (before, region)));
                batch.bytes = retired.unwrap_or_else(|| self.frames.take_last_buffer());
                self.is_done = true;
                spares.extend(self.frames.spare_mut().take());
                return Ok(Some(batch));
            };
            let full = retired.map(|bytes| Batch { bytes, ..std::mem::take(&mut batch) });
            let before = batch.len();
            batch.skipped.extend(skipped.into_iter().map(|region| (before, region)));
            self.push(&mut batch, offset, place);
            if let Some(full) = full {
                self.next = batch;
                return Ok(Some(full));
            }
        }
    }

    fn push(&mut self, batch: &mut Batch, offset: u64, place: Place) {
        let file_len = self.frames.offset() - offset;
        let (range, is_assembled) = match place {
            Place::Buffer(range) => {
                self.frames.lend_buffer();
                (range, false)
            }
            Place::Assembled => {
                let from = batch.assembled.len();
                batch.assembled.extend_from_slice(self.frames.assembled());
                (from..batch.assembled.len(), true)
            }
        };
        batch.records.push(Extent { offset, file_len, range, is_assembled });
    }
}
