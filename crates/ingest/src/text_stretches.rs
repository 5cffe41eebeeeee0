//! Text that stands in long stretches of the same value, as the run ids of a part file do.
//!
//! Parquet has a stretch as a number of the dictionary and a length. The library makes a value for each row of it, and whoever looks for the
//! ends of the stretches compares them all; here the lengths are taken as they are.

use bytes::{Buf as _, Bytes};
use parquet::basic::{Encoding, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use prost::encoding::decode_varint;

use crate::column_pages::{ColumnPages, PageValues, damaged, is_flat_without_nulls};
use crate::parquet_panics::without_panic;

/// A column as stretches of the same text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextStretches {
    texts: Vec<String>,
    /// Each with the place of its text, and its length in rows, which is not zero.
    stretches: Vec<(usize, usize)>,
}

/// Whether [`text_stretches`] reads the chunk: one of text, not nested, with a dictionary or plain, whose statistics count no nulls.
pub fn is_text_stretches(chunk: &ColumnChunkMetaData) -> bool {
    let is_known = |encoding| matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY | Encoding::PLAIN | Encoding::RLE);
    chunk.column_type() == Type::BYTE_ARRAY && is_flat_without_nulls(chunk) && chunk.encodings().all(is_known)
}

/// The stretches of a chunk of which [`is_text_stretches`] is true. `bytes` are those of the whole chunk.
///
/// # Errors
/// When a page is damaged, is not what the footer says of the chunk, or has what is not UTF-8.
pub fn text_stretches(chunk: &ColumnChunkMetaData, rows: usize, bytes: Bytes) -> Result<TextStretches, ParquetError> {
    without_panic(|| {
        let mut pages = ColumnPages::new(chunk, rows, bytes)?;
        let mut read = TextStretches::default();
        // The texts of the dictionary are the first.
        let (mut dictionary, mut found) = (0, 0);
        while let Some(page) = pages.next()? {
            found += if page.is_dictionary { 0 } else { page.count };
            if found > rows {
                break;
            }
            match page.encoding {
                Encoding::PLAIN | Encoding::PLAIN_DICTIONARY if page.is_dictionary => {
                    if !read.texts.is_empty() {
                        return Err(damaged("its dictionary does not come first"));
                    }
                    read.push_texts(page, |read, text| read.texts.push(text))?;
                    dictionary = read.texts.len();
                }
                _ if page.is_dictionary => return Err(damaged("its dictionary is not plain")),
                Encoding::PLAIN => read.push_texts(page, TextStretches::push_text)?,
                Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => read.push_numbers(&page, dictionary)?,
                _ => return Err(damaged("a page has another encoding than its footer says")),
            }
        }
        if found == rows { Ok(read) } else { Err(damaged("it has another number of values than of rows")) }
    })?
}

impl TextStretches {
    /// A column that has one text in all rows.
    pub fn of(text: &str, rows: usize) -> Self {
        let stretches = if rows > 0 { vec![(0, rows)] } else { Vec::new() };
        Self { texts: vec![text.to_owned()], stretches }
    }

    /// The texts and the lengths in rows, in the order of the rows. Neighbours differ.
    pub fn iter(&self) -> impl Iterator<Item = (&str, usize)> {
        self.stretches.iter().map(|(text, rows)| (self.texts[*text].as_str(), *rows))
    }

    /// Puts a row at the end.
    pub fn push(&mut self, text: &str) {
        if self.stretches.last().is_some_and(|(last, _)| self.texts[*last] == text) {
            self.lengthen(1);
        } else {
            self.push_text(text.to_owned());
        }
    }

    fn push_text(&mut self, text: String) {
        if self.stretches.last().is_some_and(|(last, _)| self.texts[*last] == text) {
            return self.lengthen(1);
        }
        self.stretches.push((self.texts.len(), 1));
        self.texts.push(text);
    }

    fn lengthen(&mut self, rows: usize) {
        if let Some((_, length)) = self.stretches.last_mut() {
            *length += rows;
        }
    }

    /// Gives each text of a plain page to `push`.
    fn push_texts(&mut self, page: PageValues, push: impl Fn(&mut Self, String)) -> Result<(), ParquetError> {
        let mut bytes = page.bytes;
        for _ in 0..page.count {
            let length = bytes.try_get_u32_le().ok().and_then(|length| usize::try_from(length).ok());
            let length = length.filter(|length| *length <= bytes.len()).ok_or_else(|| damaged("a page ends within a text"))?;
            let text = String::from_utf8(bytes.split_to(length).into()).map_err(|_not_utf8| damaged("a text is not UTF-8"))?;
            push(self, text);
        }
        Ok(())
    }

    /// Puts in the values of a page that has numbers of the dictionary: each run of them begins with a length, whose lowest bit says whether
    /// one number is repeated or eight times as many are packed
    /// (<https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>).
    fn push_numbers(&mut self, page: &PageValues, dictionary: usize) -> Result<(), ParquetError> {
        let too_short = || damaged("a page ends within its numbers");
        let mut bytes = page.bytes.clone();
        let width = u32::from(bytes.try_get_u8().map_err(|_end| too_short())?);
        if width > u32::BITS {
            return Err(damaged("a number of the dictionary is wider than 32 bits"));
        }
        let mut left = page.count;
        while left > 0 {
            let header = decode_varint(&mut bytes).map_err(|_end| too_short())?;
            let length = usize::try_from(header >> 1).map_err(|_too_long| too_short())?;
            if header & 1 == 0 {
                let mut number = [0; 8];
                let width_bytes = width.div_ceil(8) as usize;
                bytes.try_copy_to_slice(&mut number[..width_bytes]).map_err(|_end| too_short())?;
                if length == 0 {
                    return Err(damaged("a run of numbers is empty"));
                }
                self.push_number(u64::from_le_bytes(number), length.min(left), dictionary)?;
                left -= length.min(left);
            } else {
                // Eight numbers of so many bits are as many bytes. Some writers leave out those after the last number of a page.
                let packed = length.saturating_mul(width as usize).min(bytes.len());
                let packed = bytes.split_to(packed);
                let count = length.saturating_mul(8).min(left);
                if count == 0 {
                    return Err(damaged("a run of numbers is empty"));
                }
                if packed.len() < count.saturating_mul(width as usize).div_ceil(8) {
                    return Err(too_short());
                }
                for at in 0..count {
                    self.push_number(bits(&packed, at * width as usize, width), 1, dictionary)?;
                }
                left -= count;
            }
        }
        Ok(())
    }

    fn push_number(&mut self, number: u64, rows: usize, dictionary: usize) -> Result<(), ParquetError> {
        let text = usize::try_from(number).ok().filter(|text| *text < dictionary);
        let text = text.ok_or_else(|| damaged("a number is beyond the dictionary"))?;
        if self.stretches.last().is_some_and(|(last, _)| *last == text || self.texts[*last] == self.texts[text]) {
            self.lengthen(rows);
        } else {
            self.stretches.push((text, rows));
        }
        Ok(())
    }
}

/// The number of `width` bits, at most 32, that begins at a bit; what lies beyond the end is zero.
fn bits(bytes: &[u8], start: usize, width: u32) -> u64 {
    let mut around = [0; 8];
    let rest = bytes.get(start / 8..).unwrap_or_default();
    let length = rest.len().min(around.len());
    around[..length].copy_from_slice(&rest[..length]);
    (u64::from_le_bytes(around) >> (start % 8)) & ((1 << width) - 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use proptest::prelude::*;

    use super::*;
    use crate::column_pages::samples::{chunk_bytes, footer};

    fn file(values: &[String], nullable: bool, version: WriterVersion, dictionary_bytes: usize) -> Bytes {
        let properties = WriterProperties::builder()
            .set_dictionary_page_size_limit(dictionary_bytes)
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_writer_version(version)
            .set_data_page_row_count_limit(40)
            .set_write_batch_size(8)
            .build();
        let column: ArrayRef = Arc::new(StringArray::from_iter_values(values));
        let batch = RecordBatch::try_from_iter_with_nullable([("run_id", column, nullable)]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes.into()
    }

    /// Stretches of few texts, as long as that runs and packed numbers both come to be written.
    fn columns() -> impl Strategy<Value = Vec<String>> {
        let stretch = (0_u16..300, prop_oneof![Just(1_usize), 1_usize..30, 30_usize..200]);
        prop::collection::vec(stretch, 1..40)
            .prop_map(|stretches| stretches.into_iter().flat_map(|(text, rows)| vec![format!("run-é{text}"); rows]).collect())
    }

    #[test]
    fn a_page_that_is_wrong_is_an_error() {
        let values = vec!["a".to_owned(), "a".to_owned(), "b".to_owned()];
        let file = file(&values, false, WriterVersion::PARQUET_1_0, 1000);
        let footer = footer(&file);
        let (chunk, bytes) = (footer.row_group(0).column(0), chunk_bytes(&footer, &file));
        let read = text_stretches(chunk, 3, bytes.clone()).unwrap();
        assert_eq!(read.iter().collect::<Vec<_>>(), [("a", 2), ("b", 1)]);
        for rows in [0, 2, 4] {
            assert!(text_stretches(chunk, rows, bytes.clone()).unwrap_err().to_string().contains("than of rows"), "{rows}");
        }
        assert!(text_stretches(chunk, 3, bytes.slice(..bytes.len() - 1)).is_err());
        let page = |bytes: &'static [u8], count| PageValues {
            bytes: Bytes::from_static(bytes),
            count,
            encoding: Encoding::RLE_DICTIONARY,
            is_dictionary: false,
        };
        let push = |bytes, count| {
            let mut read = TextStretches { texts: vec!["a".to_owned()], stretches: Vec::new() };
            read.push_numbers(&page(bytes, count), 1).map(|()| read.stretches)
        };
        assert_eq!(push(&[1, 10, 0], 5).unwrap(), [(0, 5)]);
        assert!(push(&[1, 10, 1], 5).unwrap_err().to_string().contains("beyond the dictionary"));
        assert!(push(&[1, 0, 0], 5).unwrap_err().to_string().contains("is empty"));
        assert!(push(&[1, 1], 5).unwrap_err().to_string().contains("is empty"));
        assert!(push(&[33, 10, 0], 5).unwrap_err().to_string().contains("wider"));
        assert!(push(&[1, 10], 5).unwrap_err().to_string().contains("ends within"));
        // Eight numbers of two bits, of which a page of three needs only the first byte; one of five does not have all.
        assert_eq!(push(&[2, 3, 0], 3).unwrap(), [(0, 3)]);
        assert!(push(&[2, 3, 0], 5).unwrap_err().to_string().contains("ends within"));
        assert!(push(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], 5).is_err());
    }

    #[test]
    fn bits_that_lie_across_bytes() {
        assert_eq!(bits(&[0b1010_0000, 0b0000_0011], 5, 5), 0b11101);
        assert_eq!(bits(&[0xff; 5], 7, 32), 0xffff_ffff);
        assert_eq!((bits(&[], 0, 0), bits(&[1], 64, 3)), (0, 0));
    }

    proptest! {
        #[test]
        fn every_row_is_in_its_stretch(
            values in columns(), nullable in any::<bool>(), dictionary_bytes in prop::sample::select(vec![20_usize, 300, 1 << 20]),
            version in prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]),
        ) {
            let file = file(&values, nullable, version, dictionary_bytes);
            let footer = footer(&file);
            let chunk = footer.row_group(0).column(0);
            // The second version of the format has what follows a full dictionary in an encoding that is left to the library.
            prop_assert!(is_text_stretches(chunk) || version == WriterVersion::PARQUET_2_0);
            prop_assume!(is_text_stretches(chunk));
            let read = text_stretches(chunk, values.len(), chunk_bytes(&footer, &file)).unwrap();
            let rows: Vec<&str> = read.iter().flat_map(|(text, rows)| std::iter::repeat_n(text, rows)).collect();
            prop_assert_eq!(&rows, &values);
            let mut pushed = TextStretches::default();
            for value in &values {
                pushed.push(value);
            }
            prop_assert!(pushed.iter().eq(read.iter()));
        }

        #[test]
        fn no_damage_makes_it_panic(values in columns(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let whole = file(&values, false, WriterVersion::PARQUET_1_0, 300);
            let footer = footer(&whole);
            let mut bytes = chunk_bytes(&footer, &whole).to_vec();
            for (place, byte) in hits {
                *place.get_mut(&mut bytes) = byte;
            }
            if let Ok(read) = text_stretches(footer.row_group(0).column(0), values.len(), bytes.into()) {
                prop_assert_eq!(read.iter().map(|(_, rows)| rows).sum::<usize>(), values.len());
            }
        }
    }
}
