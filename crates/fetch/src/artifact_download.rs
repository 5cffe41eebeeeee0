//! The contents of artifacts: their manifests, and their files on disk, each checked against the manifest's digest.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use crate::artifact::Artifact;
use crate::artifact_manifest::{ArtifactEntry, ArtifactManifest};
use crate::artifact_wire::{ArtifactOf, FILES, FilesOfArtifact, MANIFEST, ManifestOfArtifact};
use crate::error::{Error, ErrorKind};
use crate::local_path::path_below;
use crate::pagination::{Page, pages};
use crate::runs::failed;
use crate::save::{Wanted, is_in_place};
use crate::signed_url::SignedUrl;

const OPERATION: &str = "download the artifact";

/// How many addresses are asked for in one request; the official client asks for 5,000.
const FILES_PER_PAGE: u32 = 1_000;
/// How many files are on their way at once; the client's limit on requests applies to them too.
const DOWNLOADS_AT_ONCE: usize = 32;

/// What a download of an artifact did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArtifactDownload {
    /// The files on disk, in the order of their paths in the artifact.
    pub files: Vec<PathBuf>,
    /// How many of them were there already, with the right contents, and were not downloaded again.
    pub unchanged: usize,
    /// The paths in the artifact of references, which lie outside of the service and are not followed, with their addresses.
    pub references: Vec<(String, String)>,
}

impl Artifact {
    /// What the version consists of, checked against its digest.
    ///
    /// # Errors
    /// [`ErrorKind::ArtifactState`] when it is not whole, [`ErrorKind::WrongDigest`], [`ErrorKind::Decode`] for a manifest in an unknown
    /// form, and as every call.
    pub async fn manifest(&self) -> Result<ArtifactManifest, Error> {
        let operation = "read the manifest of the artifact";
        self.check_committed().map_err(|kind| failed(operation, kind))?;
        let variables = json!({ "id": self.storage_id });
        let mut is_first = true;
        let text = loop {
            let data: ArtifactOf<ManifestOfArtifact> = self.client.query(operation, MANIFEST, variables.clone()).await?;
            let file = data.artifact.and_then(|artifact| artifact.current_manifest).and_then(|manifest| manifest.file);
            let url = file.and_then(|file| file.direct_url).ok_or_else(|| failed(operation, ErrorKind::NoData))?;
            let url = SignedUrl::read(&url, Some(self.client.base_url())).map_err(|kind| failed(operation, kind))?;
            match self.client.signed_bytes(&url).await {
                Err(error) if is_first && matches!(error.kind(), ErrorKind::UrlExpired { .. }) => is_first = false,
                outcome => break outcome?,
            }
        };
        let manifest = ArtifactManifest::parse(&text).map_err(|kind| failed(operation, kind))?;
        if !manifest.has_digest(&self.digest) {
            let what = format!("the manifest of {}", self.path);
            let kind = ErrorKind::WrongDigest { what, expected: self.digest.clone(), found: manifest.digest() };
            return Err(failed(operation, kind));
        }
        Ok(manifest)
    }

    /// Downloads all files below `root`, under their paths in the artifact. Files that are there with the right contents stay; others of
    /// the same name are replaced, and what else is in `root` is left alone. Each file appears whole or not at all, checked against the
    /// digest in the manifest, and a later call goes on where one was interrupted.
    ///
    /// ```no_run
    /// # async fn example(client: runlake_fetch::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use runlake_types::ArtifactPath;
    /// let artifact = client.artifact(&ArtifactPath::parse("team/digits/model:latest")?).await?;
    /// let download = artifact.download("artifacts/model").await?;
    /// println!("{} files, {} of them were there", download.files.len(), download.unchanged);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UnsafeName`] before anything is written when a path leads out of `root`, [`ErrorKind::WrongDigest`],
    /// [`ErrorKind::LocalFile`], and as [`manifest`](Self::manifest).
    pub async fn download(&self, root: impl AsRef<Path>) -> Result<ArtifactDownload, Error> {
        let root = root.as_ref();
        let manifest = self.manifest().await?;
        let mut done = ArtifactDownload::default();
        let mut missing = HashMap::new();
        for (path, entry) in &manifest.entries {
            if let Some(address) = &entry.reference {
                done.references.push((path.clone(), address.clone()));
                continue;
            }
            let target = path_below(root, path).map_err(|kind| failed(OPERATION, kind))?;
            done.files.push(target.clone());
            match entry.file_digest() {
                Some(digest) if is_in_place(&target, digest).await => done.unchanged += 1,
                Some(_) => drop(missing.insert(path.clone(), self.wanted(root, target, path, entry))),
                None => {
                    let what = format!("the digest of `{path}` in {}", self.path);
                    let found = entry.digest.clone();
                    let kind = ErrorKind::WrongDigest { what, expected: "16 bytes in base64".to_owned(), found };
                    return Err(failed(OPERATION, kind));
                }
            }
        }
        if !missing.is_empty() {
            Box::pin(self.download_missing(missing)).await?;
        }
        Ok(done)
    }

    fn wanted(&self, root: &Path, target: PathBuf, path: &str, entry: &ArtifactEntry) -> Wanted {
        Wanted {
            what: format!("the file `{path}` of {}", self.path),
            staging: root.to_owned(),
            path: target,
            digest: entry.file_digest(),
            size_bytes: entry.size,
        }
    }

    /// Downloads while the list of addresses is still being read: they are good for a limited time.
    async fn download_missing(&self, mut missing: HashMap<String, Wanted>) -> Result<(), Error> {
        {
            let addresses = self.addresses(&[]);
            let downloads = addresses.try_filter_map(|(path, url)| {
                let download = missing.remove(&path).map(|wanted| Ok::<_, Error>(self.download_one(path, url, wanted)));
                std::future::ready(download.transpose())
            });
            Box::pin(downloads.try_buffer_unordered(DOWNLOADS_AT_ONCE).try_collect::<()>()).await?;
        }
        match missing.into_keys().min() {
            None => Ok(()),
            Some(path) => {
                let what = format!("the file `{path}` of {}", self.path);
                Err(failed(OPERATION, ErrorKind::NotFound { what }))
            }
        }
    }

    async fn download_one(&self, path: String, url: SignedUrl, wanted: Wanted) -> Result<(), Error> {
        match self.client.save(&url, &wanted).await {
            Err(error) if matches!(error.kind(), ErrorKind::UrlExpired { .. }) => {
                let mut addresses = std::pin::pin!(self.addresses(std::slice::from_ref(&path)));
                while let Some((found, url)) = addresses.try_next().await? {
                    if found == path {
                        return self.client.save(&url, &wanted).await;
                    }
                }
                Err(error)
            }
            outcome => outcome,
        }
    }

    /// Where the files of these paths are read from; of all files when there are no paths.
    fn addresses(&self, paths: &[String]) -> impl futures::Stream<Item = Result<(String, SignedUrl), Error>> + Send + use<> {
        let (client, id, path) = (self.client.clone(), self.storage_id.clone(), self.path.clone());
        let names = if paths.is_empty() { json!(null) } else { json!(paths) };
        let fetch = move |cursor: Option<String>| {
            let variables = json!({ "id": id, "names": names, "cursor": cursor, "perPage": FILES_PER_PAGE });
            let (client, path) = (client.clone(), path.clone());
            async move {
                let data: ArtifactOf<FilesOfArtifact> = client.query(OPERATION, FILES, variables).await?;
                let not_found = || failed(OPERATION, ErrorKind::ArtifactNotFound { path: Box::new(path.clone()) });
                let files = data.artifact.ok_or_else(not_found)?.files;
                let page = Page::of_connection(files, None).map_err(|kind| failed(OPERATION, kind))?;
                let address = |file: crate::file_wire::WireFile| {
                    let url = SignedUrl::read(file.direct_url.as_deref()?, Some(client.base_url())).ok()?;
                    Some((file.name, url))
                };
                Ok(Page { items: page.items.into_iter().filter_map(address).collect(), next: page.next, total: page.total })
            }
        };
        pages(OPERATION, fetch).map_ok(|page: Page<(String, SignedUrl)>| stream::iter(page.items).map(Ok)).try_flatten()
    }

    /// Only what is whole can be used.
    pub(crate) fn check_committed(&self) -> Result<(), ErrorKind> {
        if self.state == "COMMITTED" {
            return Ok(());
        }
        Err(ErrorKind::ArtifactState { path: Box::new(self.path.clone()), state: self.state.to_lowercase() })
    }
}
