//! Rows in a GraphQL reply without a way through GraphQL values.
//!
//! A page holds megabytes of text that lie on disk just as they stand in the reply. The field that asks for them answers with a mark, which
//! goes through validation, aliases and errors like any string; when the body is sent, each mark gives way to the text. Marks hold a secret
//! of their request, so nothing that was logged can pass for one.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use crate::file_chunks::chunks;
use crate::rows::Rows;

/// JSON text that takes the place of a mark.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// In memory.
    Bytes(Bytes),
    /// A list whose items are these bytes of a spool.
    Spooled(Arc<Rows>, Range<u64>),
}

/// The texts of one reply.
#[derive(Debug)]
pub(crate) struct Splices {
    secret: String,
    texts: Mutex<Vec<Text>>,
}

impl Splices {
    pub(crate) fn new() -> Self {
        Self { secret: format!("rows:{:032x}:", rand::random::<u128>()), texts: Mutex::default() }
    }

    /// The mark whose place `text` takes.
    pub(crate) fn mark(&self, text: Text) -> String {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.push(text);
        format!("{}{:08}", self.secret, texts.len() - 1)
    }

    /// The body that `reply` stands for, and its length in bytes.
    pub(crate) fn body(&self, reply: Vec<u8>) -> (Body, u64) {
        let texts = std::mem::take(&mut *self.texts.lock().unwrap_or_else(PoisonError::into_inner));
        if texts.is_empty() {
            let length = reply.len() as u64;
            return (Body::from(reply), length);
        }
        let segments = self.segments(&Bytes::from(reply), &texts);
        let length = segments.iter().map(Text::length).sum();
        (Body::from_stream(stream::iter(segments).map(Ok).and_then(async |text| text.open().await).try_flatten()), length)
    }

    /// What lies between the marks, and the texts in their places.
    fn segments(&self, reply: &Bytes, texts: &[Text]) -> Vec<Text> {
        let (mut segments, mut copied) = (Vec::new(), 0);
        for found in memchr::memmem::find_iter(reply, &self.secret) {
            let digits = found + self.secret.len()..found + self.secret.len() + 8;
            let index = reply.get(digits.clone()).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
            let Some(text) = index.and_then(|index| texts.get(index)) else { continue };
            // The quotes around the mark go too.
            segments.push(Text::Bytes(reply.slice(copied..found - 1)));
            match text {
                Text::Bytes(_) => segments.push(text.clone()),
                Text::Spooled(..) => {
                    segments.extend([Text::Bytes(Bytes::from_static(b"[")), text.clone(), Text::Bytes(Bytes::from_static(b"]"))]);
                }
            }
            copied = digits.end + 1;
        }
        segments.push(Text::Bytes(reply.slice(copied..)));
        segments
    }
}

impl Text {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Spooled(_, range) => range.end - range.start,
        }
    }

    async fn open(self) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        match self {
            Self::Bytes(bytes) => Ok(stream::once(async { Ok(bytes) }).boxed()),
            Self::Spooled(rows, range) => {
                let (path, start) = (rows.path().to_owned(), range.start);
                let open = move || -> io::Result<File> {
                    let mut file = File::open(path)?;
                    file.seek(SeekFrom::Start(start))?;
                    Ok(file)
                };
                let file = tokio::task::spawn_blocking(open).await??;
                // The rows are kept, and with them their file, until the last chunk is read.
                Ok(chunks(file, range).inspect(move |_| _ = &rows).boxed())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::spooled;

    #[tokio::test]
    async fn texts_take_the_places_of_their_marks() {
        let folder = tempfile::tempdir().unwrap();
        let lines = [r#"{"_step":0,"t":"\"\\"}"#.to_owned(), r#"{"_step":1}"#.to_owned()];
        let rows = tokio::task::spawn_blocking({
            let (lines, folder) = (lines.clone(), folder.path().to_owned());
            move || Arc::new(spooled(&lines, &folder))
        });
        let rows = rows.await.unwrap();
        let splices = Splices::new();
        let range = rows.items(0..2);
        let (plain, spooled) = (splices.mark(Text::Bytes(Bytes::from_static(b"[1]"))), splices.mark(Text::Spooled(rows, range)));
        let reply = serde_json::json!({"a": spooled, "b": {"c": plain, "d": spooled}, "e": "rows:0"}).to_string();
        let (body, length) = splices.body(reply.into_bytes());
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        assert_eq!(body.len() as u64, length);
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value, serde_json::json!({"a": lines, "b": {"c": [1], "d": lines}, "e": "rows:0"}));
    }
}
