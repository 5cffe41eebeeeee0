//! Bytes behind an address into a file: streamed, gone on with where they broke off, checked, and put into their place at once.

use std::path::{Path, PathBuf};

use http::{Method, StatusCode};

use crate::Client;
use crate::digest::Digest;
use crate::download::{ContentRange, signed_failure, validator};
use crate::error::{Error, ErrorKind, Failure};
use crate::partial_file::PartialFile;
use crate::response::body_failure;
use crate::retry::Retry;
use crate::signed_url::SignedUrl;

const OPERATION: &str = "download a file";

/// A file as it is to be on disk.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// What it is, for messages.
    pub(crate) what: String,
    /// The folder in which it is staged, which lies on the same file system as its place.
    pub(crate) staging: PathBuf,
    /// Its place.
    pub(crate) path: PathBuf,
    /// What it must hold, where that is known.
    pub(crate) digest: Option<Digest>,
    /// How large it must be, where that is known.
    pub(crate) size_bytes: Option<u64>,
}

impl Client {
    /// Downloads into `wanted.path`, which is replaced. Nothing is there when it fails, but for what a later call goes on from.
    pub(crate) async fn save(&self, url: &SignedUrl, wanted: &Wanted) -> Result<(), Error> {
        let mut retry = Retry::new(&self.inner().retry, OPERATION);
        let mut partial = PartialFile::open(&wanted.staging, wanted.digest).await.map_err(|kind| retry.give_up(kind))?;
        let mut tag = None;
        // What an earlier process left may be of no use, which shows at the end only.
        let mut is_of_earlier = partial.received() > 0;
        loop {
            let received = partial.received();
            let is_whole = received > 0 && wanted.digest == Some(partial.digest());
            let outcome = if is_whole { Ok(()) } else { self.through_gate(self.save_rest(url, wanted, &mut partial, &mut tag)).await };
            match outcome.and_then(|()| Ok(check(wanted, &partial)?)) {
                Ok(()) => return partial.persist(&wanted.path).await.map_err(|kind| retry.give_up(kind)),
                Err(Failure { kind: ErrorKind::WrongDigest { .. }, .. }) if is_of_earlier => {
                    is_of_earlier = false;
                    partial.start_again().await.map_err(|kind| retry.give_up(kind))?;
                }
                Err(failure) => {
                    if !failure.kind.is_retryable() && !matches!(failure.kind, ErrorKind::UrlExpired { .. }) {
                        partial.discard();
                    }
                    if partial.received() > received && can_go_on(wanted, tag.as_ref()) {
                        retry.made_progress();
                    }
                    retry.after(failure, !self.has_reached(url.expose())).await?;
                }
            }
        }
    }

    /// One request for what is missing.
    async fn save_rest(
        &self,
        url: &SignedUrl,
        wanted: &Wanted,
        partial: &mut PartialFile,
        tag: &mut Option<String>,
    ) -> Result<(), Failure> {
        if partial.received() > 0 && !can_go_on(wanted, tag.as_ref()) {
            partial.start_again().await?;
        }
        let received = partial.received();
        let range = (received > 0).then(|| format!("bytes={received}-"));
        let if_range = tag.as_deref().filter(|_| received > 0);
        let response = self.send_signed(Method::GET, url, range.as_deref(), if_range).await?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if ContentRange::of(&response).is_some_and(|sent| sent.first == Some(received)) => {}
            StatusCode::OK => {
                if received > 0 {
                    partial.start_again().await?;
                }
                *tag = validator(&response);
            }
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if received > 0 => {
                // What came before cannot be continued: start again.
                *tag = None;
                partial.start_again().await?;
                return Err(ErrorKind::CutBody { expected: wanted.size_bytes, received, source: None }.into());
            }
            _ => return Err(signed_failure(response, url).await),
        }
        self.stream_into(response, partial).await
    }

    async fn stream_into(&self, mut response: reqwest::Response, partial: &mut PartialFile) -> Result<(), Failure> {
        let announced = response.content_length();
        let (url, before) = (response.url().clone(), partial.received());
        loop {
            let received = partial.received() - before;
            match response.chunk().await {
                Ok(Some(chunk)) => partial.append(&chunk).await?,
                Ok(None) if announced.is_some_and(|announced| announced != received) => {
                    return Err(ErrorKind::CutBody { expected: announced, received, source: None }.into());
                }
                Ok(None) => return Ok(()),
                Err(error) => return Err(body_failure(error, &url, announced, received, self.inner().timeout).into()),
            }
        }
    }
}

/// Whether the rest can be asked for alone: the digest at the end, or the server's tag, tells whether the parts belong together.
fn can_go_on(wanted: &Wanted, tag: Option<&String>) -> bool {
    wanted.digest.is_some() || tag.is_some()
}

fn check(wanted: &Wanted, partial: &PartialFile) -> Result<(), ErrorKind> {
    if let Some(expected) = wanted.digest {
        let found = partial.digest();
        return if found == expected { Ok(()) } else { Err(wrong_digest(wanted, expected.to_string(), found.to_string())) };
    }
    match wanted.size_bytes {
        Some(expected) if expected != partial.received() => {
            Err(wrong_digest(wanted, format!("{expected} bytes"), format!("{} bytes", partial.received())))
        }
        _ => Ok(()),
    }
}

fn wrong_digest(wanted: &Wanted, expected: String, found: String) -> ErrorKind {
    ErrorKind::WrongDigest { what: wanted.what.clone(), expected, found }
}

/// Whether a file with these contents is in its place already.
pub(crate) async fn is_in_place(path: &Path, digest: Digest) -> bool {
    let path = path.to_owned();
    let found = crate::partial_file::in_background(move || {
        // A link is replaced rather than followed, so what it leads to does not count.
        if path.symlink_metadata()?.is_file() { Digest::of_file(digest.algorithm, &path) } else { Err(std::io::ErrorKind::NotFound.into()) }
    });
    found.await.is_ok_and(|(found, _)| found == digest)
}
