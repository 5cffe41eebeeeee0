//! Bytes behind signed addresses: whole files, their sizes, and ranges of them.
//!
//! The key goes along only below the base address. An address elsewhere carries its own permission, and one below may carry either.

use std::ops::Range;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use url::Url;

use crate::Client;
use crate::error::{Error, ErrorKind, Failure};
use crate::response::{Body, error_body, send_failure, status_failure};
use crate::retry::Retry;
use crate::signed_url::{SignedUrl, redacted};

const LONGEST_REDIRECT_CHAIN: usize = 10;

impl Client {
    /// The whole file, checked against the announced length. A download that breaks off goes on where it stopped when the server knows
    /// ranges and the file has not changed meanwhile, and starts again otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::UrlExpired`], [`ErrorKind::NotFound`], [`ErrorKind::CutBody`] after all retries, and as every call.
    pub async fn signed_bytes(&self, url: &SignedUrl) -> Result<Bytes, Error> {
        let mut retry = Retry::new(&self.inner().retry, "download a file");
        let mut download = Download::default();
        loop {
            let received = download.body.bytes.len();
            match self.through_gate(self.download_rest(url, &mut download)).await {
                Ok(()) => return Ok(download.body.bytes.freeze()),
                Err(failure) => {
                    if download.body.bytes.len() > received && download.validator.is_some() {
                        retry.made_progress();
                    } else if download.validator.is_none() {
                        download = Download::default();
                    }
                    retry.after(failure, !self.has_reached(url.expose())).await?;
                }
            }
        }
    }

    /// The last `length` bytes of the file and its size, in one request: all that is needed of a small file, and of a large one what tells
    /// where the rest stands. A server that does not know ranges sends the whole file.
    ///
    /// # Errors
    /// As [`signed_bytes`](Self::signed_bytes).
    pub async fn signed_end(&self, url: &SignedUrl, length: u64) -> Result<FileEnd, Error> {
        let mut retry = Retry::new(&self.inner().retry, "download the end of a file");
        loop {
            match self.through_gate(self.try_end(url, length.max(1))).await {
                Ok(Some(end)) => return Ok(end),
                Ok(None) => break,
                Err(failure) => retry.after(failure, !self.has_reached(url.expose())).await?,
            }
        }
        let bytes = self.signed_bytes(url).await?;
        Ok(FileEnd { size: u64::try_from(bytes.len()).unwrap_or(u64::MAX), bytes })
    }

    /// The bytes of `range`, all of them or an error. A server that sends the whole file instead is read up to the end of the range.
    ///
    /// # Errors
    /// [`ErrorKind::CutBody`] when the file ends before the range does, and as [`signed_bytes`](Self::signed_bytes).
    pub async fn signed_range(&self, url: &SignedUrl, range: Range<u64>) -> Result<Bytes, Error> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let mut retry = Retry::new(&self.inner().retry, "download a part of a file");
        loop {
            match self.through_gate(self.try_range(url, range.clone())).await {
                Ok(Part::Whole(bytes)) => return Ok(bytes),
                // Asking again would not make the file longer.
                Ok(Part::FileEnds { received }) => {
                    return Err(retry.give_up(ErrorKind::CutBody { expected: Some(range.end - range.start), received, source: None }));
                }
                Err(failure) => retry.after(failure, !self.has_reached(url.expose())).await?,
            }
        }
    }

    /// One request for what is still missing of a whole file.
    async fn download_rest(&self, url: &SignedUrl, download: &mut Download) -> Result<(), Failure> {
        let received = u64::try_from(download.body.bytes.len()).unwrap_or(u64::MAX);
        let resume = download.validator.clone().filter(|_| received > 0);
        let wanted = resume.as_ref().map(|_| format!("bytes={received}-"));
        let response = self.send_signed(Method::GET, url, wanted.as_deref(), resume.as_deref()).await?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if ContentRange::of(&response).is_some_and(|sent| sent.first == Some(received)) => {}
            StatusCode::OK => *download = Download { body: Body::default(), validator: validator(&response) },
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if wanted.is_some() => {
                // What came before cannot be continued: start again.
                *download = Download::default();
                return Err(ErrorKind::CutBody { expected: None, received, source: None }.into());
            }
            _ => return Err(signed_failure(response, url).await),
        }
        let before = download.body.bytes.len();
        let read = download.body.read(response, self.inner().timeout).await;
        self.note_received(download.body.bytes.len() - before);
        Ok(read?)
    }

    /// The end of the file; `None` when the answer does not say how it stands to the whole.
    async fn try_end(&self, url: &SignedUrl, length: u64) -> Result<Option<FileEnd>, Failure> {
        let response = self.send_signed(Method::GET, url, Some(&format!("bytes=-{length}")), None).await?;
        let size = match response.status() {
            StatusCode::OK => None,
            StatusCode::PARTIAL_CONTENT => match ContentRange::of(&response).and_then(|sent| sent.total) {
                Some(size) => Some(size),
                None => return Ok(None),
            },
            // An empty file, or a server that only knows ranges from the start.
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(None),
            _ => return Err(signed_failure(response, url).await),
        };
        let bytes = Body::whole(response, self.inner().timeout).await?;
        self.note_received(bytes.len());
        let received = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match size {
            Some(size) if received != size.min(length) => {
                Err(ErrorKind::CutBody { expected: Some(size.min(length)), received, source: None }.into())
            }
            _ => Ok(Some(FileEnd { size: size.unwrap_or(received), bytes })),
        }
    }

    async fn try_range(&self, url: &SignedUrl, range: Range<u64>) -> Result<Part, Failure> {
        let length = range.end - range.start;
        let response = self.send_signed(Method::GET, url, Some(&format!("bytes={}-{}", range.start, range.end - 1)), None).await?;
        let is_whole_file = response.status() == StatusCode::OK;
        let size = ContentRange::of(&response).and_then(|sent| sent.total);
        // What to pass over before the range begins.
        let skipped = match response.status() {
            StatusCode::PARTIAL_CONTENT => match ContentRange::of(&response).map(|sent| sent.first) {
                None | Some(None) => 0,
                Some(Some(first)) if first == range.start => 0,
                Some(Some(_)) => {
                    let message = Some("the answer holds another range than the one that was asked for".to_owned());
                    return Err(ErrorKind::UnexpectedStatus { status: 206, message }.into());
                }
            },
            StatusCode::OK => range.start,
            _ => return Err(signed_failure(response, url).await),
        };
        let mut body = Body::default();
        body.read_part(response, skipped..skipped.saturating_add(length), self.inner().timeout).await?;
        self.note_received(body.bytes.len());
        let received = u64::try_from(body.bytes.len()).unwrap_or(u64::MAX);
        if received >= length {
            return Ok(Part::Whole(body.bytes.freeze()));
        }
        if is_whole_file || size.is_some_and(|size| size < range.end) {
            return Ok(Part::FileEnds { received });
        }
        Err(ErrorKind::CutBody { expected: Some(length), received, source: None }.into())
    }

    /// One request, redirects followed. Every hop is asked anew whether it may see the key.
    pub(crate) async fn send_signed(
        &self,
        method: Method,
        url: &SignedUrl,
        range: Option<&str>,
        if_range: Option<&str>,
    ) -> Result<reqwest::Response, Failure> {
        let inner = self.inner();
        let mut url: Url = url.expose().clone();
        for _ in 0..LONGEST_REDIRECT_CHAIN {
            let mut request = inner.http.request(method.clone(), url.clone());
            if let Some(authorization) = self.authorization_for(&url) {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            if let Some(range) = range {
                // A range is of the file's own bytes: a compressed answer could not be placed.
                request = request.header(header::RANGE, range).header(header::ACCEPT_ENCODING, "identity");
            }
            if let Some(if_range) = if_range {
                request = request.header(header::IF_RANGE, if_range);
            }
            let response = request.send().await.map_err(|error| send_failure(error, &url, inner.timeout))?;
            self.note_reached(&url);
            let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
            let next = location.filter(|_| response.status().is_redirection()).and_then(|location| url.join(location).ok());
            match next {
                Some(next) if matches!(next.scheme(), "http" | "https") => url = next,
                _ => return Ok(response),
            }
        }
        Err(ErrorKind::Redirected { to: redacted(&url) }.into())
    }
}

/// What came of a range.
#[derive(Debug)]
enum Part {
    Whole(Bytes),
    /// The file ends before the range does.
    FileEnds {
        received: u64,
    },
}

/// The last bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEnd {
    /// As many as were asked for, or the whole file when it is smaller.
    pub bytes: Bytes,
    /// The size of the file in bytes.
    pub size: u64,
}

/// A download as far as it came.
#[derive(Debug, Default)]
struct Download {
    body: Body,
    /// A strong entity tag, by which the server can tell whether the rest still belongs to what came; none when it gave none.
    validator: Option<String>,
}

/// A strong entity tag, with which a server can be asked for the rest of the same contents.
pub(crate) fn validator(response: &reqwest::Response) -> Option<String> {
    // A compressed body is counted after decompression, where byte positions mean something else.
    let plain = response.content_length().is_some();
    let tag = response.headers().get(header::ETAG)?.to_str().ok()?;
    (plain && tag.starts_with('"')).then(|| tag.to_owned())
}

/// What `Content-Range: bytes FIRST-LAST/TOTAL` says; either part may be `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) first: Option<u64>,
    total: Option<u64>,
}

impl ContentRange {
    pub(crate) fn of(response: &reqwest::Response) -> Option<Self> {
        Self::parse(response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        Some(Self { first: range.split_once('-').and_then(|(first, _)| first.trim().parse().ok()), total: total.trim().parse().ok() })
    }
}

/// What a failure status means for a signed address. Stores say with 403, and Google's with 400, that a signature's time is over
/// (<https://cloud.google.com/storage/docs/xml-api/reference-status>).
pub(crate) async fn signed_failure(response: reqwest::Response, url: &SignedUrl) -> Failure {
    let status = response.status();
    if status == StatusCode::FORBIDDEN {
        return ErrorKind::UrlExpired { url: url.to_string() }.into();
    }
    if status == StatusCode::BAD_REQUEST {
        let expired = String::from_utf8_lossy(&error_body(response).await).to_lowercase().contains("expired");
        return if expired {
            ErrorKind::UrlExpired { url: url.to_string() }.into()
        } else {
            ErrorKind::UnexpectedStatus { status: 400, message: None }.into()
        };
    }
    status_failure(response).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read() {
        let parse = ContentRange::parse;
        assert_eq!(parse("bytes 0-0/1234"), Some(ContentRange { first: Some(0), total: Some(1234) }));
        assert_eq!(parse("bytes 5-9/*"), Some(ContentRange { first: Some(5), total: None }));
        assert_eq!(parse("bytes */0"), Some(ContentRange { first: None, total: Some(0) }));
        assert_eq!(parse("lines 1-2/3"), None);
    }
}
