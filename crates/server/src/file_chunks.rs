//! Part of a file as the chunks of an HTTP body: from the page cache to the socket with one copy in between.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use bytes::Bytes;
use futures::stream::{self, Stream};

/// How much is read at once: large enough that the hand-over between threads does not show, small enough for the caches of a core.
const CHUNK_BYTES: u64 = 1 << 19;

/// The bytes of `file` in `range`. The file must be at the start of the range already.
///
/// A file that became shorter meanwhile ends in an error, so that the client sees a cut body.
pub(crate) fn chunks(file: File, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((file, range), |(file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let wanted = (range.end - range.start).min(CHUNK_BYTES);
        let (file, chunk) = tokio::task::spawn_blocking(move || read(&file, wanted).map(|chunk| (file, chunk))).await??;
        let rest = range.start + chunk.len() as u64..range.end;
        Ok(Some((chunk, (file, rest))))
    })
}

fn read(mut file: &File, length: u64) -> io::Result<Bytes> {
    let mut chunk = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
    Read::by_ref(&mut file).take(length).read_to_end(&mut chunk)?;
    if chunk.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Bytes::from(chunk)) }
}
