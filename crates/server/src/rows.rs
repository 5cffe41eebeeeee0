//! One run's rows on disk, with the step and the place of each in memory (16 bytes a row).
//!
//! Each row is a JSON string that holds JSON, with a comma after it: what a page of a GraphQL reply holds, so that a page is a slice.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use futures::StreamExt;
use runlake_types::{Number, Object, object_text};
use tempfile::{NamedTempFile, TempPath};
use tokio::runtime::Handle;

use crate::source::RowBatches;
use crate::{Error, ErrorKind};

/// The rows of one stream of one run, ascending by step. The file is deleted with the value.
#[derive(Debug)]
pub(crate) struct Rows {
    path: TempPath,
    /// Where each row's item ends, after its comma; it begins where the last one ended.
    ends: Vec<u64>,
    steps: Vec<i64>,
}

/// How much is read at once.
const READ_BYTES: u64 = 1 << 20;

impl Rows {
    /// Writes what `batches` yields. Blocks: not for the threads of the runtime. A row without `_step` counts on from the one before.
    pub(crate) fn spool(mut batches: RowBatches, folder: &Path, runtime: &Handle) -> Result<Self, Error> {
        let written = Error::io("write rows to the temporary folder");
        let (mut ends, mut steps, mut end) = (Vec::new(), Vec::new(), 0);
        let file = NamedTempFile::new_in(folder).map_err(Error::io("make a file in the temporary folder"))?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let mut item = Vec::new();
        let mut write_all = || -> Result<(), Spooling> {
            while let Some(batch) = runtime.block_on(batches.next()) {
                for row in batch.map_err(Spooling::Source)? {
                    item.clear();
                    serde_json::to_writer(&mut item, &object_text(&row)).map_err(|error| Spooling::Io(error.into()))?;
                    item.push(b',');
                    out.write_all(&item).map_err(Spooling::Io)?;
                    end += item.len() as u64;
                    ends.push(end);
                    let counted_on = steps.last().map_or(0, |last| last + 1);
                    steps.push(step_of(&row).unwrap_or(counted_on));
                }
            }
            out.flush().map_err(Spooling::Io)
        };
        match write_all() {
            Ok(()) => {}
            Err(Spooling::Io(source)) => return Err(written(source)),
            Err(Spooling::Source(source)) => return Err(ErrorKind::Source { what: "rows".to_owned(), source }.into()),
        }
        let file = out.into_inner().map_err(|error| written(error.into_error()))?;
        ends.shrink_to_fit();
        steps.shrink_to_fit();
        Ok(Self { path: file.into_temp_path(), ends, steps })
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// What the rows take on disk and in memory.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.item_bytes(0..self.len()) + 16 * self.len() as u64
    }

    /// The bytes that these rows take in a reply.
    pub(crate) fn item_bytes(&self, rows: Range<usize>) -> u64 {
        self.start(rows.end) - self.start(rows.start)
    }

    /// Where the items of these rows lie in the file, with commas between them.
    pub(crate) fn items(&self, rows: Range<usize>) -> Range<u64> {
        let (start, end) = (self.start(rows.start), self.start(rows.end));
        start..end.saturating_sub(1).max(start)
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The step of each row.
    pub(crate) fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// The rows whose step is `min` at least and below `max`.
    pub(crate) fn between_steps(&self, min: Option<i64>, max: Option<i64>) -> Range<usize> {
        let start = min.map_or(0, |min| self.steps.partition_point(|step| *step < min));
        let end = max.map_or(self.len(), |max| self.steps.partition_point(|step| *step < max));
        start..end.max(start)
    }

    /// Shows the text of each of `rows` to `see`, with its index, reading ahead. Blocks.
    pub(crate) fn visit(&self, rows: Range<usize>, mut see: impl FnMut(usize, &str) -> Result<(), Error>) -> Result<(), Error> {
        let mut file = self.open()?;
        let mut next = rows.start;
        while next < rows.end {
            let from = self.start(next);
            let fitting = self.ends[next..rows.end].partition_point(|end| end - from <= READ_BYTES);
            let until = next + fitting.max(1);
            let text = self.read(&mut file, next..until)?;
            for row in next..until {
                let at = |offset: u64| usize::try_from(offset - from).expect("a chunk that was read is in memory");
                see(row, &unescaped(&text[at(self.start(row))..at(self.ends[row])])?)?;
            }
            next = until;
        }
        Ok(())
    }

    /// The texts of the rows at `indices`, in that order. Blocks.
    pub(crate) fn pick(&self, indices: impl Iterator<Item = usize>) -> Result<Vec<String>, Error> {
        let mut file = self.open()?;
        indices.map(|row| unescaped(&self.read(&mut file, row..row + 1)?)).collect()
    }

    /// The JSON text of a list with the items of the rows at `indices`, in that order. Blocks.
    pub(crate) fn pick_items(&self, indices: impl Iterator<Item = usize>) -> Result<String, Error> {
        let mut file = self.open()?;
        let mut list = String::from("[");
        for row in indices {
            list.push_str(&self.read(&mut file, row..row + 1)?);
        }
        if list.ends_with(',') {
            list.pop();
        }
        list.push(']');
        Ok(list)
    }

    fn open(&self) -> Result<File, Error> {
        File::open(&self.path).map_err(Error::io("open rows in the temporary folder"))
    }

    fn start(&self, row: usize) -> u64 {
        row.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    fn read(&self, file: &mut File, rows: Range<usize>) -> Result<String, Error> {
        let mut read = || -> io::Result<String> {
            file.seek(SeekFrom::Start(self.start(rows.start)))?;
            let length = usize::try_from(self.item_bytes(rows.clone())).map_err(io::Error::other)?;
            let mut bytes = vec![0; length];
            file.read_exact(&mut bytes)?;
            String::from_utf8(bytes).map_err(io::Error::other)
        };
        read().map_err(Error::io("read rows from the temporary folder"))
    }
}

/// The text of a row, from its item with or without the comma.
fn unescaped(item: &str) -> Result<String, Error> {
    let text = serde_json::from_str(item.strip_suffix(',').unwrap_or(item)).map_err(io::Error::from);
    text.map_err(Error::io("read rows from the temporary folder"))
}

enum Spooling {
    Io(io::Error),
    Source(crate::SourceError),
}

fn step_of(row: &Object) -> Option<i64> {
    row.get("_step")?.as_number().and_then(Number::as_i64)
}

#[cfg(test)]
pub(crate) mod tests {
    use futures::stream;
    use runlake_types::Json;

    use super::*;

    /// Rows of these JSON lines, in `folder`.
    pub(crate) fn spooled(lines: &[String], folder: &Path) -> Rows {
        let batches =
            lines.chunks(7).map(|lines| Ok(lines.iter().map(|line| Json::parse_object(line).unwrap()).collect())).collect::<Vec<_>>();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Rows::spool(stream::iter(batches).boxed(), folder, runtime.handle()).unwrap()
    }

    #[test]
    fn rows_come_back_by_step_and_by_index() {
        let folder = tempfile::tempdir().unwrap();
        let line = |step: i64| format!(r#"{{"_step":{step},"pad":"{}"}}"#, "x".repeat(usize::try_from(step).unwrap() * 20_000));
        let rows = spooled(&(0..30).map(|row| line(row * 3)).collect::<Vec<_>>(), folder.path());
        assert_eq!(rows.between_steps(None, None), 0..30);
        assert_eq!(rows.between_steps(Some(3), Some(10)), 1..4);
        assert_eq!(rows.between_steps(Some(50), Some(40)), 17..17);
        let mut seen = Vec::new();
        rows.visit(2..30, |row, text| {
            assert_eq!(text, line(rows.steps()[row]));
            seen.push(row);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (2..30).collect::<Vec<_>>());
        assert_eq!(rows.pick([29, 0].into_iter()).unwrap(), [line(87), line(0)]);
        let list: Vec<String> = serde_json::from_str(&rows.pick_items([29, 0].into_iter()).unwrap()).unwrap();
        assert_eq!(list, [line(87), line(0)]);
        let file = String::from_utf8(std::fs::read(rows.path()).unwrap()).unwrap();
        let at = |offset: u64| usize::try_from(offset).unwrap();
        let list: Vec<String> =
            serde_json::from_str(&format!("[{}]", &file[at(rows.items(3..5).start)..at(rows.items(3..5).end)])).unwrap();
        assert_eq!(list, [line(9), line(12)]);
        assert!(rows.items(0..0).is_empty() && rows.items(7..7).is_empty());
        drop(rows);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
