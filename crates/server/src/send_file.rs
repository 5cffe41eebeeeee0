//! A file on disk as an HTTP answer: streamed, in ranges, with an `ETag`. The route answers `HEAD` with the same headers and no body.

use std::ops::Range;
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{self, AsyncSeekExt, SeekFrom};

use crate::file_chunks::chunks;
use crate::ranges::{self, Ranged};

/// The answer to a request with `headers` for the file at `path`.
pub(crate) async fn send(path: &Path, tag: &str, media_type: &'static str, headers: &HeaderMap) -> io::Result<Response> {
    let mut file = File::open(path).await?;
    let size = file.metadata().await?.len();
    let tag = HeaderValue::try_from(format!("\"{tag}\"")).map_err(io::Error::other)?;
    let asked = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_known = |list: &str| list.split(',').any(|known| known.trim() == "*" || known.trim().as_bytes() == tag.as_bytes());
    if asked(header::IF_NONE_MATCH).is_some_and(is_known) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let is_other = asked(header::IF_RANGE).is_some_and(|known| known.as_bytes() != tag.as_bytes());
    let (status, range) = match ranges::parse(asked(header::RANGE).filter(|_| !is_other), size) {
        Ranged::Whole => (StatusCode::OK, 0..size),
        Ranged::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Ranged::Unsatisfiable => {
            let content_range = (header::CONTENT_RANGE, format!("bytes */{size}"));
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [content_range]).into_response());
        }
    };
    file.seek(SeekFrom::Start(range.start)).await?;
    let length = range.end - range.start;
    let mut response = (status, Body::from_stream(chunks(file.into_std().await, range.clone()))).into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::ETAG, tag);
    if status == StatusCode::PARTIAL_CONTENT {
        out.insert(header::CONTENT_RANGE, content_range(&range, size)?);
    }
    Ok(response)
}

fn content_range(range: &Range<u64>, size: u64) -> io::Result<HeaderValue> {
    HeaderValue::try_from(format!("bytes {}-{}/{size}", range.start, range.end - 1)).map_err(io::Error::other)
}
