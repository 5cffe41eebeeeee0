//! One file of a run: what the service says of it, and the ways to get it and to get rid of it.

use std::fmt;
use std::path::{Path, PathBuf};

use runlake_types::{RunPath, Timestamp};
use serde_json::json;

use crate::Client;
use crate::digest::{Algorithm, Digest};
use crate::error::{Error, ErrorKind};
use crate::file_wire::{DELETE_FILES, Done, WireFile, number};
use crate::local_path::path_below;
use crate::run_record::timestamp;
use crate::runs::failed;
use crate::save::Wanted;
use crate::signed_url::{SignedUrl, redacted};

/// What a download does when a file of the name is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It fails with [`ErrorKind::AlreadyExists`], as the official client does without `replace` and `exist_ok`.
    #[default]
    Refuse,
    /// It leaves the file as it is, whatever it holds (`exist_ok`).
    Keep,
    /// It replaces the file at the moment when the new one is whole (`replace`).
    Replace,
}

/// A file of a run.
#[derive(Clone)]
#[non_exhaustive]
pub struct RunFile {
    /// The run that has it.
    pub run: RunPath,
    /// Its name in the run, with slashes between folders, such as `media/images/x.png`. It is whatever somebody uploaded, and no path.
    pub name: String,
    /// The service's opaque id.
    pub storage_id: Option<String>,
    /// Its size in bytes; 0 where the service does not say, as in the official client.
    pub size_bytes: u64,
    /// What it holds, such as `image/png`; the service goes by the name.
    pub mimetype: Option<String>,
    /// The MD5 digest of its contents, in base64 or hexadecimal digits.
    pub md5: Option<String>,
    /// When it was last written.
    pub updated_at: Option<Timestamp>,
    /// Where it is read from. `None` for a reference to a store that is not read over HTTP; see [`path_uri`](Self::path_uri).
    pub url: Option<SignedUrl>,
    /// Where it lies in the service's store.
    pub direct_url: Option<SignedUrl>,
    reference: Option<String>,
    project_number: Option<u64>,
    client: Client,
}

impl RunFile {
    pub(crate) fn from_wire(client: Client, run: RunPath, project_number: Option<u64>, wire: WireFile) -> Self {
        let signed = |text: Option<&String>| text.and_then(|text| SignedUrl::read(text, Some(client.base_url())).ok());
        let url = signed(wire.url.as_ref());
        let direct_url = signed(wire.direct_url.as_ref());
        Self {
            run,
            name: wire.name,
            storage_id: wire.id,
            size_bytes: number(wire.size_bytes.as_deref()).unwrap_or(0),
            mimetype: wire.mimetype,
            md5: wire.md5.filter(|md5| !md5.is_empty()),
            updated_at: timestamp(wire.updated_at.as_deref()),
            reference: wire.direct_url.filter(|text| direct_url.is_none() && !text.is_empty()),
            url,
            direct_url,
            project_number,
            client,
        }
    }

    /// The address of the file in its store: `s3://bucket/key` for a file in S3, what the reference says for a reference, and the address
    /// without its signature where the service has one for both purposes; `None` for any other.
    pub fn path_uri(&self) -> Option<String> {
        if let Some(reference) = &self.reference {
            return Some(reference.clone());
        }
        let direct = self.direct_url.as_ref()?.expose();
        if self.url.as_ref().is_some_and(|url| url.expose() == direct) {
            // As a place and no way to it: without what lets its holder read the file.
            let mut place = direct.clone();
            place.set_query(None);
            return Some(place.to_string());
        }
        // `https://BUCKET.s3.REGION.amazonaws.com/KEY`
        let host = direct.host_str()?;
        let (bucket, rest) = host.split_once('.')?;
        let is_s3 = (rest.starts_with("s3.") || rest.starts_with("s3-")) && rest.ends_with(".amazonaws.com");
        is_s3.then(|| format!("s3://{bucket}{}", direct.path()))
    }

    /// Downloads the file below `root`, under its name with its folders, which are made. A name that leads out of `root` is refused, and
    /// links below `root` are not followed.
    ///
    /// It goes on after interruptions where it stopped, in this process or, where the service gives an MD5 digest, in a later one; it is
    /// checked against the digest, or else against the size; and it appears whole or not at all. What is left of a broken download is a
    /// hidden file `.DIGEST.runlake-partial` in `root`, and only if a later call can go on from it.
    ///
    /// # Errors
    /// [`ErrorKind::UnsafeName`], [`ErrorKind::AlreadyExists`] if `existing` says so, [`ErrorKind::WrongDigest`],
    /// [`ErrorKind::LocalFile`], [`ErrorKind::FileNotFound`] when it was deleted meanwhile, and as every call.
    pub async fn download(&self, root: impl AsRef<Path>, existing: Existing) -> Result<PathBuf, Error> {
        let operation = "download a file";
        let root = root.as_ref();
        let path = path_below(root, &self.name).map_err(|kind| failed(operation, kind))?;
        if path.symlink_metadata().is_ok() {
            match existing {
                Existing::Refuse => return Err(failed(operation, ErrorKind::AlreadyExists { path })),
                Existing::Keep => return Ok(path),
                Existing::Replace => {}
            }
        }
        let wanted = |file: &Self| Wanted {
            what: format!("the file `{}` of {}", file.name, file.run),
            staging: root.to_owned(),
            path: path.clone(),
            digest: file.md5.as_deref().and_then(|md5| Digest::parse(Algorithm::Md5, md5)),
            size_bytes: Some(file.size_bytes).filter(|size| *size > 0),
        };
        match self.client.save(self.readable(operation)?, &wanted(self)).await {
            // The address has expired or the file was replaced since it was listed: ask for it anew, once.
            Err(error)
                if matches!(error.kind(), ErrorKind::UrlExpired { .. } | ErrorKind::WrongDigest { .. } | ErrorKind::NotFound { .. }) =>
            {
                let file = self.client.file(&self.run, &self.name).await?;
                if file.md5 == self.md5 && file.size_bytes == self.size_bytes && matches!(error.kind(), ErrorKind::WrongDigest { .. }) {
                    return Err(error);
                }
                self.client.save(file.readable(operation)?, &wanted(&file)).await?;
            }
            outcome => outcome?,
        }
        Ok(path)
    }

    fn readable(&self, operation: &'static str) -> Result<&SignedUrl, Error> {
        self.url.as_ref().or(self.direct_url.as_ref()).ok_or_else(|| {
            let place = self.reference.clone().unwrap_or_else(|| "nowhere".to_owned());
            let reason = format!("`{}` is a reference to {place}, which is not read over HTTP", self.name);
            failed(operation, ErrorKind::InvalidArgument { message: reason })
        })
    }

    /// Deletes the file from the run. There is no way back.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`], and as every call.
    pub async fn delete(&self) -> Result<(), Error> {
        let operation = "delete a file";
        let id = self.storage_id.as_ref().ok_or_else(|| failed(operation, ErrorKind::NoData))?;
        let variables = json!({ "files": [id], "projectId": self.project_number });
        self.client.query::<Done>(operation, DELETE_FILES, variables).await.map(|_done| ())
    }
}

impl fmt::Debug for RunFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A reference may be an address that carries its permission in its query.
        let reference = self.reference.as_ref().map(|text| url::Url::parse(text).map_or_else(|_| "…".to_owned(), |url| redacted(&url)));
        formatter
            .debug_struct("RunFile")
            .field("run", &self.run)
            .field("name", &self.name)
            .field("size_bytes", &self.size_bytes)
            .field("md5", &self.md5)
            .field("url", &self.url)
            .field("direct_url", &self.direct_url)
            .field("reference", &reference)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(addresses: &str) -> RunFile {
        let client = Client::builder().with_base_url("https://host/prefix").without_api_key().build().unwrap();
        let wire = serde_json::from_str(&format!(r#"{{"name":"x",{addresses}}}"#)).unwrap();
        RunFile::from_wire(client, RunPath::new("team", "digits", "r1"), None, wire)
    }

    #[test]
    fn places_in_stores() {
        let uri = |url: &str, direct: &str| file(&format!(r#""url":"{url}","directUrl":"{direct}""#)).path_uri();
        assert_eq!(uri("/files/x", "https://data.s3.eu-west-1.amazonaws.com/a/b.json?X-Amz=1").as_deref(), Some("s3://data/a/b.json"));
        assert_eq!(uri("/files/x", "https://data.s3.amazonaws.com/b").as_deref(), Some("s3://data/b"));
        assert_eq!(uri("gs://bucket/b", "gs://bucket/b").as_deref(), Some("gs://bucket/b"));
        assert_eq!(uri("https://h/b", "https://h/b").as_deref(), Some("https://h/b"));
        assert_eq!(uri("https://h/b?sig=1", "https://h/b?sig=1").as_deref(), Some("https://h/b"));
        assert_eq!(uri("/files/x", "https://storage.googleapis.com/bucket/b?x=1"), None);
        assert_eq!(file(r#""url":"/files/x","sizeBytes":"12""#).url.unwrap().expose().as_str(), "https://host/prefix/files/x");
    }

    #[test]
    fn signatures_are_not_shown() {
        let shown = format!("{:?}", file(r#""url":"https://h/b?sig=s3cret","directUrl":"azure://h/b?sig=s3cret""#));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
