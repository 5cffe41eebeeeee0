//! The frames of a log: a file header, then 32 KiB blocks of checksummed chunks that carry records.
//!
//! Source: <https://github.com/wandb/wandb/blob/main/core/pkg/leveldb/record.go>. Blocks are aligned to offsets of the
//! file, so the first one holds the header too. A chunk is a CRC-32 (IEEE, over type and payload), a length, a type and
//! the payload; it never crosses a block, and fewer bytes than a chunk's header at the end of a block are padding. A record
//! is one FULL chunk, or FIRST, any number of MIDDLE, LAST.
//!
//! After a bad chunk the SDK gives up the rest of its block. This reader goes on right behind the chunk when another
//! valid one stands there, and at the next block otherwise, so a flipped byte costs one record in place of a block.

use std::io::{self, Read};
use std::ops::Range;

use super::damage::{DamageKind, DamageSink};

/// The size of a block.
pub(super) const BLOCK_BYTES: usize = 32 * 1024;
/// CRC (4), length (2), type (1).
pub(super) const CHUNK_HEADER_BYTES: usize = 7;
/// The first bytes of every log: `:W&B`, the magic number 0xBEE1 in little endian, the format version.
pub(super) const FILE_HEADER: [u8; 7] = [b':', b'W', b'&', b'B', 0xE1, 0xBE, 0];
/// What a record may hold at most. The service takes lines of 10 MiB, so no usable record comes near.
const MAX_RECORD_BYTES: usize = 256 << 20;
/// What is read at once: whole blocks, and few enough to stay in the cache of the processor.
const READ_BYTES: usize = 16 * BLOCK_BYTES;

const FULL: u8 = 1;
const FIRST: u8 = 2;
// MIDDLE is 3.
const LAST: u8 = 4;

/// What the first bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// A log of the known version.
    Known,
    /// The file ends within a header that is right so far.
    Truncated,
    /// No log.
    Foreign,
    /// A log of a version that this reader does not know.
    Version(u8),
}

/// The bytes of one record, and where in the file they stand.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// Where its first chunk begins.
    pub(super) offset: u64,
    /// How many bytes of the file it spans.
    pub(super) file_len: u64,
    /// The record.
    pub(super) bytes: &'a [u8],
}

/// Reads records one after another, each without copying it where it stands in one block.
#[derive(Debug)]
pub(super) struct FrameReader<R> {
    source: R,
    /// Whole blocks, of which `filled` bytes are read.
    buffer: Vec<u8>,
    filled: usize,
    /// Where in the file the buffer begins: at a block.
    buffer_offset: u64,
    /// Where in the buffer the next chunk begins.
    at: usize,
    is_source_at_end: bool,
    /// The chunks so far of a record over several.
    assembled: Vec<u8>,
    /// How much is read at once.
    read_bytes: usize,
    /// Whether someone still needs what the buffer holds, so that the next blocks go to another.
    is_lent: bool,
    /// The lent buffer from before the last refill.
    retired: Option<Vec<u8>>,
    /// A buffer to use next.
    spare: Option<Vec<u8>>,
}

/// What stands at the current place.
enum Found {
    Chunk {
        chunk_type: u8,
        payload: Range<usize>,
    },
    Bad {
        what: DamageKind,
        until: usize,
    },
    /// The file ends within a chunk.
    TornChunk,
    End,
}

/// Where the bytes of a record are.
#[derive(Debug)]
pub(super) enum Place {
    /// In this part of the buffer.
    Buffer(Range<usize>),
    /// In [`FrameReader::assembled`].
    Assembled,
}

impl<R: Read> FrameReader<R> {
    pub(super) fn new(source: R) -> Self {
        Self::with_read_bytes(source, READ_BYTES)
    }

    /// Reads so many bytes at once, a multiple of [`BLOCK_BYTES`].
    pub(super) fn with_read_bytes(source: R, read_bytes: usize) -> Self {
        debug_assert!(read_bytes > 0 && read_bytes.is_multiple_of(BLOCK_BYTES), "whole blocks");
        Self {
            source,
            buffer: Vec::new(),
            filled: 0,
            buffer_offset: 0,
            at: 0,
            is_source_at_end: false,
            assembled: Vec::new(),
            read_bytes,
            is_lent: false,
            retired: None,
            spare: None,
        }
    }

    /// Where in the file the reader stands.
    pub(super) fn offset(&self) -> u64 {
        self.buffer_offset + self.at as u64
    }

    /// Reads the file's header. Call it once, before the first record.
    pub(super) fn read_header(&mut self) -> io::Result<Header> {
        self.refill()?;
        let header = &self.buffer[..self.filled.min(FILE_HEADER.len())];
        self.at = header.len();
        let (name, version) = header.split_at(header.len().min(FILE_HEADER.len() - 1));
        Ok(match version {
            _ if !FILE_HEADER.starts_with(name) => Header::Foreign,
            [] => Header::Truncated,
            [0] => Header::Known,
            [version, ..] => Header::Version(*version),
        })
    }

    /// The next whole record; `None` at the end. What had to be skipped on the way is added to `damage`.
    pub(super) fn next_record(&mut self, damage: &mut impl DamageSink) -> io::Result<Option<Frame<'_>>> {
        let Some((offset, place)) = self.find_record(damage)? else { return Ok(None) };
        let file_len = self.offset() - offset;
        let bytes = match place {
            Place::Buffer(range) => &self.buffer[range],
            Place::Assembled => self.assembled.as_slice(),
        };
        Ok(Some(Frame { offset, file_len, bytes }))
    }

    /// The last record that was [`Place::Assembled`].
    pub(super) fn assembled(&self) -> &[u8] {
        &self.assembled
    }

    /// Keeps what the buffer holds now: it comes back from [`FrameReader::take_retired`] once another took its place.
    pub(super) fn lend_buffer(&mut self) {
        self.is_lent = true;
    }

    /// The lent buffer, once reading went on to another.
    pub(super) fn take_retired(&mut self) -> Option<Vec<u8>> {
        self.retired.take()
    }

    /// Ends reading and gives the buffer away.
    pub(super) fn take_last_buffer(&mut self) -> Vec<u8> {
        self.is_source_at_end = true;
        (self.at, self.filled) = (0, 0);
        std::mem::take(&mut self.buffer)
    }

    /// A buffer to use in the place of a lent one, which may be given and taken back.
    pub(super) fn spare_mut(&mut self) -> &mut Option<Vec<u8>> {
        &mut self.spare
    }

    /// Finds the next whole record, and where its first chunk begins in the file.
    pub(super) fn find_record(&mut self, damage: &mut impl DamageSink) -> io::Result<Option<(u64, Place)>> {
        // Where the record began whose further chunks are awaited.
        let mut pending: Option<u64> = None;
        loop {
            let found = self.find_chunk()?;
            let offset = self.offset();
            match found {
                Found::End | Found::TornChunk => {
                    self.at = self.filled;
                    let torn_from = pending.unwrap_or(offset);
                    if self.offset() > torn_from {
                        damage.note(torn_from, self.offset() - torn_from, DamageKind::TornEnd);
                    }
                    return Ok(None);
                }
                Found::Bad { what, until } => {
                    self.at = until;
                    let from = pending.take().unwrap_or(offset);
                    damage.note(from, self.offset() - from, what);
                }
                Found::Chunk { chunk_type, payload } => {
                    self.at = payload.end;
                    if matches!(chunk_type, FULL | FIRST)
                        && let Some(from) = pending.take()
                    {
                        damage.note(from, offset - from, DamageKind::BadFrame);
                    }
                    match (chunk_type, pending) {
                        (FULL, _) => return Ok(Some((offset, Place::Buffer(payload)))),
                        (FIRST, _) => {
                            pending = Some(offset);
                            self.assembled.clear();
                            self.assembled.extend_from_slice(&self.buffer[payload]);
                        }
                        (_, None) => damage.note(offset, self.offset() - offset, DamageKind::BadFrame),
                        (_, Some(from)) if self.assembled.len() + payload.len() > MAX_RECORD_BYTES => {
                            pending = None;
                            self.assembled = Vec::new();
                            damage.note(from, self.offset() - from, DamageKind::OversizedRecord);
                        }
                        (_, Some(from)) => {
                            self.assembled.extend_from_slice(&self.buffer[payload]);
                            if chunk_type == LAST {
                                return Ok(Some((from, Place::Assembled)));
                            }
                        }
                    }
                }
            }
        }
    }

    /// Looks at the next chunk and leaves the reader in front of it, padding skipped.
    fn find_chunk(&mut self) -> io::Result<Found> {
        loop {
            let block_end = (self.at / BLOCK_BYTES + 1) * BLOCK_BYTES;
            if block_end - self.at < CHUNK_HEADER_BYTES {
                self.at = block_end.min(self.filled);
            }
            if self.at < self.filled {
                break;
            }
            if !self.refill()? {
                return Ok(Found::End);
            }
        }
        let block_end = (self.at / BLOCK_BYTES + 1) * BLOCK_BYTES;
        let Some((header, _)) = self.buffer[self.at..self.filled].split_first_chunk::<CHUNK_HEADER_BYTES>() else {
            return Ok(Found::TornChunk);
        };
        if *header == [0; CHUNK_HEADER_BYTES] {
            return Ok(Found::Bad { what: DamageKind::Zeroed, until: block_end.min(self.filled) });
        }
        let payload_at = self.at + CHUNK_HEADER_BYTES;
        let end = payload_at + usize::from(u16::from_le_bytes([header[4], header[5]]));
        let chunk_type = header[6];
        if end > block_end {
            return Ok(Found::Bad { what: DamageKind::BadFrame, until: block_end.min(self.filled) });
        }
        if end > self.filled {
            return Ok(Found::TornChunk);
        }
        if !self.is_valid_chunk(self.at..end) {
            let until = if self.has_valid_chunk_at(end, block_end) { end } else { block_end.min(self.filled) };
            return Ok(Found::Bad { what: DamageKind::BadChecksum, until });
        }
        if !(FULL..=LAST).contains(&chunk_type) {
            return Ok(Found::Bad { what: DamageKind::BadFrame, until: end });
        }
        Ok(Found::Chunk { chunk_type, payload: payload_at..end })
    }

    /// Whether the checksum of the chunk in `range` of the buffer matches.
    fn is_valid_chunk(&self, range: Range<usize>) -> bool {
        let chunk = &self.buffer[range];
        chunk[..4] == crc32fast::hash(&chunk[6..]).to_le_bytes()
    }

    fn has_valid_chunk_at(&self, at: usize, block_end: usize) -> bool {
        let limit = block_end.min(self.filled);
        let Some(header) = self.buffer[at.min(limit)..limit].first_chunk::<CHUNK_HEADER_BYTES>() else { return false };
        let end = at + CHUNK_HEADER_BYTES + usize::from(u16::from_le_bytes([header[4], header[5]]));
        (FULL..=LAST).contains(&header[6]) && end <= limit && self.is_valid_chunk(at..end)
    }

    /// Reads the next blocks once all of the buffer is used; `false` at the end of the file.
    fn refill(&mut self) -> io::Result<bool> {
        if self.is_source_at_end {
            return Ok(false);
        }
        if self.is_lent {
            self.is_lent = false;
            self.retired = Some(std::mem::take(&mut self.buffer));
        }
        if self.buffer.is_empty() {
            self.buffer = self.spare.take().unwrap_or_default();
            self.buffer.resize(self.read_bytes, 0);
        }
        self.buffer_offset += self.filled as u64;
        (self.at, self.filled) = (0, 0);
        while self.filled < self.buffer.len() {
            match self.source.read(&mut self.buffer[self.filled..]) {
                Ok(0) => {
                    self.is_source_at_end = true;
                    break;
                }
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.filled > 0)
    }
}
