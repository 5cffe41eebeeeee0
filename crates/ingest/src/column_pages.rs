//! The pages of one column chunk without nulls, decompressed by the Parquet library, for those who decode values themselves.

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader as _};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;

/// Whether the chunk is of a column that is not nested, and its footer says that there are no nulls in it.
pub fn is_flat_without_nulls(chunk: &ColumnChunkMetaData) -> bool {
    let column = chunk.column_descr();
    let no_nulls = || chunk.statistics().and_then(Statistics::null_count_opt) == Some(0);
    column.max_rep_level() == 0 && (column.max_def_level() == 0 || (column.max_def_level() == 1 && no_nulls()))
}

pub(crate) fn damaged(reason: &str) -> ParquetError {
    ParquetError::General(format!("a column is damaged: {reason}"))
}

/// The pages of a chunk of which [`is_flat_without_nulls`] is true, in order.
pub(crate) struct ColumnPages {
    pages: SerializedPageReader<ChunkBytes>,
    has_levels: bool,
}

/// The values of a page, encoded.
pub(crate) struct PageValues {
    pub(crate) bytes: Bytes,
    /// How many values the page has.
    pub(crate) count: usize,
    pub(crate) encoding: Encoding,
    /// Whether they are the dictionary of the pages that follow.
    pub(crate) is_dictionary: bool,
}

impl ColumnPages {
    /// The pages of a chunk with these rows, out of the bytes of the whole chunk.
    pub(crate) fn new(chunk: &ColumnChunkMetaData, rows: usize, bytes: Bytes) -> Result<Self, ParquetError> {
        let (start, _) = chunk.byte_range();
        let pages = SerializedPageReader::new(Arc::new(ChunkBytes { start, bytes }), chunk, rows, None)?;
        Ok(Self { pages, has_levels: chunk.column_descr().max_def_level() > 0 })
    }

    /// The next page.
    pub(crate) fn next(&mut self) -> Result<Option<PageValues>, ParquetError> {
        let too_short = || damaged("a page ends within its levels");
        let (bytes, count, encoding, levels) = match self.pages.get_next_page()? {
            None => return Ok(None),
            Some(Page::DataPage { buf, num_values, encoding, def_level_encoding, .. }) => {
                if self.has_levels && def_level_encoding != Encoding::RLE {
                    return Err(damaged("its levels have another encoding than its footer says"));
                }
                // The levels say for each value that it is there; before them stands how many bytes they have.
                let levels = if self.has_levels {
                    let length = buf.first_chunk::<4>().ok_or_else(too_short)?;
                    u64::from(u32::from_le_bytes(*length)) + 4
                } else {
                    0
                };
                (buf, num_values, encoding, levels)
            }
            Some(Page::DataPageV2 { buf, num_values, encoding, num_nulls, def_levels_byte_len, rep_levels_byte_len, .. }) => {
                if num_nulls > 0 {
                    return Err(damaged("a page has nulls that its footer does not count"));
                }
                (buf, num_values, encoding, u64::from(def_levels_byte_len) + u64::from(rep_levels_byte_len))
            }
            Some(Page::DictionaryPage { buf, num_values, encoding, .. }) => {
                return Ok(Some(PageValues { bytes: buf, count: count_of(num_values)?, encoding, is_dictionary: true }));
            }
        };
        let levels = usize::try_from(levels).ok().filter(|levels| *levels <= bytes.len()).ok_or_else(too_short)?;
        Ok(Some(PageValues { bytes: bytes.slice(levels..), count: count_of(count)?, encoding, is_dictionary: false }))
    }
}

fn count_of(values: u32) -> Result<usize, ParquetError> {
    usize::try_from(values).map_err(|_too_many| damaged("a page has more values than there is memory for"))
}

/// The bytes of a chunk by their places in the file.
struct ChunkBytes {
    start: u64,
    bytes: Bytes,
}

impl ChunkBytes {
    fn from(&self, place: u64) -> Result<Bytes, ParquetError> {
        let offset = place.checked_sub(self.start).and_then(|offset| usize::try_from(offset).ok());
        let offset = offset.filter(|offset| *offset <= self.bytes.len()).ok_or_else(|| damaged("a page lies outside"))?;
        Ok(self.bytes.slice(offset..))
    }
}

impl Length for ChunkBytes {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for ChunkBytes {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        self.from(start).map(Cursor::new)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if length <= bytes.len() { Ok(bytes.slice(..length)) } else { Err(damaged("a page ends after the column does")) }
    }
}

/// What tests of the decoders share.
#[cfg(test)]
pub(crate) mod samples {
    use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

    use super::Bytes;

    pub(crate) fn footer(file: &Bytes) -> ParquetMetaData {
        ParquetMetaDataReader::new().parse_and_finish(file).unwrap()
    }

    /// The bytes of the first column chunk of a file.
    pub(crate) fn chunk_bytes(footer: &ParquetMetaData, file: &Bytes) -> Bytes {
        let (start, length) = footer.row_group(0).column(0).byte_range();
        file.slice(usize::try_from(start).unwrap()..usize::try_from(start + length).unwrap())
    }
}
