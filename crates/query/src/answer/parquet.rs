//! Parquet, written by Polars' streaming engine: one file, or a folder of them by the values of some columns.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};

use polars::io::utils::file::{Writable, WritableTrait};
use polars::prelude::{
    Engine, FileWriteFormat, KeyValueMetadata, LazyFrame, ParquetCompression, ParquetWriteOptions, PartitionStrategy, PlRefPath,
    SinkDestination, SinkTarget, SpecialEq, StatisticsOptions, UnifiedSinkArgs, col,
};

use super::handover::{Handover, on_a_thread};
use super::staged::StagedFolder;
use super::{Origin, WriteOptions};
use crate::{Error, ErrorKind};

/// Bytes that are handed from the engine to the output at once.
const PIECE_BYTES: usize = 1 << 20;

/// Writes one file of `query` to `output`, on the thread of the caller.
pub(super) fn write_parquet(query: LazyFrame, options: &WriteOptions, origin: &Origin, output: &mut dyn Write) -> Result<(), Error> {
    let format = format(options, origin);
    let pieces = Handover::start(move |sender| {
        let writable = Writable::Dyn(Box::new(Pieces(BufWriter::with_capacity(PIECE_BYTES, Sender(sender)))));
        let target = SinkTarget::Dyn(SpecialEq::new(Arc::new(Mutex::new(Some(writable)))));
        query.sink(SinkDestination::File { target }, format, UnifiedSinkArgs::default())?.collect_with_engine(Engine::Streaming)?;
        Ok(())
    })?;
    for piece in pieces {
        output.write_all(&piece?)?;
    }
    Ok(output.flush()?)
}

/// Writes the folder `target` with files below `COLUMN=VALUE/`, whole or not at all.
pub(super) fn write_parquet_folder(query: LazyFrame, options: &WriteOptions, origin: &Origin, target: &Path) -> Result<(), Error> {
    let staged = StagedFolder::create(target)?;
    let base_path = staged.path().to_str().ok_or_else(|| ErrorKind::OutputName { path: target.to_owned() })?;
    let destination = SinkDestination::Partitioned {
        base_path: PlRefPath::new(base_path),
        file_path_provider: None,
        partition_strategy: PartitionStrategy::Keyed {
            keys: options.partition_by.iter().map(|column| col(column.as_str())).collect(),
            include_keys: false,
            keys_pre_grouped: false,
        },
        max_rows_per_file: u32::MAX,
        approximate_bytes_per_file: u64::MAX,
    };
    let query_of_none = query.clone().limit(0);
    on_a_thread(|| {
        query.sink(destination, format(options, origin), UnifiedSinkArgs::default())?.collect_with_engine(Engine::Streaming)?;
        Ok(())
    })?;
    let is_empty = fs_err::read_dir(staged.path())?.next().is_none();
    if is_empty {
        // Of no rows there are no values to name folders by, but still the columns.
        let mut file = fs_err::File::create(staged.path().join("0.parquet"))?;
        write_parquet(query_of_none, options, origin, &mut file)?;
    }
    staged.finish()
}

fn format(options: &WriteOptions, origin: &Origin) -> FileWriteFormat {
    FileWriteFormat::Parquet(Arc::new(ParquetWriteOptions {
        compression: ParquetCompression::Zstd(None),
        statistics: StatisticsOptions::default(),
        row_group_size: Some(options.row_group_rows),
        key_value_metadata: Some(KeyValueMetadata::from_static(origin.entries().to_vec())),
        ..ParquetWriteOptions::default()
    }))
}

/// The end at which the engine writes.
struct Sender(SyncSender<Vec<u8>>);

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Whoever took the pieces has met an error, which is the one to tell.
        self.0.send(bytes.to_vec()).map_err(|_gone| std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// [`Sender`] with a buffer, as the engine takes it.
struct Pieces(BufWriter<Sender>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl WritableTrait for Pieces {
    fn close(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }

    fn sync_all(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }
}
