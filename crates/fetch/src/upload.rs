//! Contents to addresses that a server signed for them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use crate::Client;
use crate::digest::{Algorithm, Digest};
use crate::download::signed_failure;
use crate::error::{Error, ErrorKind, Failure};
use crate::response::send_failure;
use crate::retry::Retry;
use crate::signed_url::SignedUrl;

/// The slowest connection that an upload is waited for, in bytes per second.
const SLOWEST: u64 = 16 * 1024;

/// What is uploaded.
#[derive(Clone, Debug)]
pub(crate) enum Contents {
    /// A file of this size in bytes.
    File {
        path: PathBuf,
        size_bytes: u64,
    },
    Bytes(Bytes),
}

impl Contents {
    /// A file as it is now.
    pub(crate) async fn of_file(path: &Path) -> Result<Self, ErrorKind> {
        let failed = |source| ErrorKind::LocalFile { operation: "read a file to upload", source };
        let metadata = fs_err::tokio::metadata(path).await.map_err(failed)?;
        if !metadata.is_file() {
            return Err(ErrorKind::InvalidArgument { message: format!("`{}` is not a file", path.display()) });
        }
        Ok(Self::File { path: path.to_owned(), size_bytes: metadata.len() })
    }

    fn size_bytes(&self) -> u64 {
        match self {
            Self::File { size_bytes, .. } => *size_bytes,
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }

    async fn body(&self) -> Result<reqwest::Body, ErrorKind> {
        match self {
            Self::File { path, .. } => {
                let file = fs_err::tokio::File::open(path).await;
                let file = file.map_err(|source| ErrorKind::LocalFile { operation: "read a file to upload", source })?;
                Ok(reqwest::Body::from(file.into_parts().0))
            }
            Self::Bytes(bytes) => Ok(reqwest::Body::from(bytes.clone())),
        }
    }

    /// The MD5 digest of what is to be uploaded.
    pub(crate) async fn md5(&self) -> Result<Digest, ErrorKind> {
        match self {
            Self::File { path, .. } => {
                let path = path.clone();
                let digest = crate::partial_file::in_background(move || Digest::of_file(Algorithm::Md5, &path));
                Ok(digest.await.map_err(|source| ErrorKind::LocalFile { operation: "read a file to upload", source })?.0)
            }
            Self::Bytes(bytes) => {
                let mut hasher = crate::digest::Hasher::new(Algorithm::Md5);
                hasher.update(bytes);
                Ok(hasher.finish())
            }
        }
    }
}

impl Client {
    /// Puts `contents` to a signed address with the headers that came along with it, as `Name:value`. Sent again when it fails: a `PUT` of
    /// the same contents twice is as good as once.
    pub(crate) async fn upload(
        &self,
        operation: &'static str,
        url: &SignedUrl,
        headers: &[String],
        contents: &Contents,
        md5: Option<Digest>,
    ) -> Result<(), Error> {
        let mut retry = Retry::new(&self.inner().retry, operation);
        let headers = upload_headers(headers, md5).map_err(|kind| retry.give_up(kind))?;
        loop {
            match self.through_gate(self.put(url, &headers, contents)).await {
                Ok(()) => return Ok(()),
                Err(failure) => retry.after(failure, !self.has_reached(url.expose())).await?,
            }
        }
    }

    async fn put(&self, url: &SignedUrl, headers: &HeaderMap, contents: &Contents) -> Result<(), Failure> {
        let address: &Url = url.expose();
        let size_bytes = contents.size_bytes();
        let limit = self.inner().timeout.saturating_add(Duration::from_secs(size_bytes / SLOWEST));
        let mut request = self.inner().uploads()?.put(address.clone()).timeout(limit).headers(headers.clone());
        if let Some(authorization) = self.authorization_for(address) {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        // Stores refuse bodies of unknown length, which is what a stream of a file would be.
        let request = request.header(header::CONTENT_LENGTH, size_bytes).body(contents.body().await?);
        let response = request.send().await.map_err(|error| send_failure(error, address, limit))?;
        self.note_reached(address);
        match response.status() {
            status if status.is_success() => Ok(()),
            // A redirect would have to be sent the contents again, to an address that nobody signed.
            status if status.is_redirection() => Err(ErrorKind::UnexpectedStatus { status: status.as_u16(), message: None }.into()),
            _ => Err(signed_failure(response, url).await),
        }
    }
}

/// The headers that a server wants with an upload, and the digest by which a store checks what arrives.
fn upload_headers(given: &[String], md5: Option<Digest>) -> Result<HeaderMap, ErrorKind> {
    let mut headers = HeaderMap::new();
    for line in given {
        let invalid = || ErrorKind::InvalidUploadHeader { header: line.split(':').next().unwrap_or_default().to_owned() };
        let (name, value) = line.split_once(':').ok_or_else(invalid)?;
        let name = HeaderName::try_from(name.trim()).map_err(|_not_a_name| invalid())?;
        // The length is ours to know, and the key to send or not to send.
        if name != header::CONTENT_LENGTH && name != header::AUTHORIZATION && name != header::HOST {
            headers.insert(name, HeaderValue::try_from(value.trim()).map_err(|_not_a_value| invalid())?);
        }
    }
    let content_md5 = HeaderName::from_static("content-md5");
    if let Some(md5) = md5
        && !headers.contains_key(&content_md5)
    {
        headers.insert(content_md5, HeaderValue::try_from(md5.to_base64()).expect("base64 is valid in a header"));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_passed_on_but_for_those_that_are_ours() {
        let given =
            ["Content-Type:text/plain", "X-Goog: a:b ", "authorization: Bearer x", "Host:evil", "Content-Length:1"].map(str::to_owned);
        let md5 = Digest::parse(Algorithm::Md5, "XUFAKrxLKna5cZ2REBfFkg==");
        let headers = upload_headers(&given, md5).unwrap();
        let names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["content-type", "x-goog", "content-md5"]);
        assert_eq!(
            (&headers["x-goog"], &headers["content-md5"]),
            (&HeaderValue::from_static("a:b"), &HeaderValue::from_static("XUFAKrxLKna5cZ2REBfFkg=="))
        );
        assert_eq!(upload_headers(&["Content-MD5:own".to_owned()], md5).unwrap()["content-md5"], "own");
        for bad in ["no colon", "a b:c", "a:b\nc:d", ":x"] {
            assert!(upload_headers(&[bad.to_owned()], None).is_err(), "{bad:?}");
        }
    }
}
