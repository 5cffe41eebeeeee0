//! What a version of an artifact consists of: its manifest, version 1, and the digest that stands for all of it.
//!
//! The form and the digests are those of
//! <https://github.com/wandb/wandb/blob/main/wandb/sdk/artifacts/artifact_manifests/artifact_manifest_v1.py>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::{Algorithm, Digest, Hasher};
use crate::error::{Error, ErrorKind};
use crate::graphql::decode;
use crate::runs::failed;

/// What the digest of a manifest begins with.
const DIGEST_HEADER: &[u8] = b"wandb-artifact-manifest-v1\n";
const VERSION: u64 = 1;

/// The files and references of a version of an artifact, by their paths in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArtifactManifest {
    /// The entries by path. Paths have slashes between folders, and are whatever somebody uploaded.
    pub entries: BTreeMap<String, ArtifactEntry>,
}

/// One file of an artifact, or one reference to something outside of the service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct ArtifactEntry {
    /// The digest of the contents in base64. For a reference it is whatever its store calls it, such as an `ETag`.
    pub digest: String,
    /// The id of the artifact that brought the contents first.
    #[serde(rename = "birthArtifactID", skip_serializing_if = "Option::is_none")]
    pub birth_artifact_id: Option<String>,
    /// The address of what it refers to; `None` for a file that the service has.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The size in bytes, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What else a client noted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Value>,
}

impl ArtifactEntry {
    /// The digest of the file's contents; `None` for a reference, whose digest is its store's own.
    pub(crate) fn file_digest(&self) -> Option<Digest> {
        let algorithm = if self.extra.get("alg").and_then(Value::as_str) == Some("XXH128") { Algorithm::Xxh128 } else { Algorithm::Md5 };
        if self.reference.is_some() { None } else { Digest::parse(algorithm, &self.digest) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireManifest {
    version: u64,
    storage_policy: String,
    #[serde(default)]
    storage_policy_config: Value,
    contents: BTreeMap<String, ArtifactEntry>,
}

impl ArtifactManifest {
    /// The sum of the sizes that are known, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.entries.values().filter_map(|entry| entry.size).sum()
    }

    /// The digest of all of it in hexadecimal digits, by which the service tells versions apart.
    ///
    /// ```
    /// // An artifact of nothing has the digest of the header line alone.
    /// let manifest = runlake_fetch::ArtifactManifest::default();
    /// assert_eq!(manifest.digest(), "64e7c61456b10382e2f3b571ac24b659");
    /// ```
    pub fn digest(&self) -> String {
        self.digest_by(Algorithm::Md5)
    }

    fn digest_by(&self, algorithm: Algorithm) -> String {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(DIGEST_HEADER);
        // In the order of code points, which is that of bytes in UTF-8.
        for (path, entry) in &self.entries {
            hasher.update(format!("{path}:{}\n", entry.digest).as_bytes());
        }
        hasher.finish().to_hex()
    }

    /// Whether the digest that a service has of it fits. Newer services may have digested it in another way.
    pub fn has_digest(&self, expected: &str) -> bool {
        [Algorithm::Md5, Algorithm::Xxh128].into_iter().any(|algorithm| self.digest_by(algorithm) == expected)
    }

    /// The JSON text of `wandb_manifest.json`.
    pub fn to_json(&self) -> String {
        let wire = WireManifest {
            version: VERSION,
            storage_policy: "wandb-storage-policy-v1".to_owned(),
            storage_policy_config: serde_json::json!({ "storageLayout": "V2" }),
            contents: self.entries.clone(),
        };
        serde_json::to_string(&wire).expect("strings and numbers are JSON")
    }

    /// Reads `wandb_manifest.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is not JSON of this form and version.
    pub fn from_json(text: &[u8]) -> Result<Self, Error> {
        Self::parse(text).map_err(|kind| failed("read a manifest", kind))
    }

    pub(crate) fn parse(text: &[u8]) -> Result<Self, ErrorKind> {
        let wire: WireManifest = decode(text)?;
        if wire.version != VERSION {
            let source = serde::de::Error::custom(format!("this is version {} of the form, and {VERSION} is known", wire.version));
            return Err(ErrorKind::Decode { path: "version".to_owned(), source });
        }
        Ok(Self { entries: wire.contents })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_and_written() {
        let text = br#"{"version":1,"storagePolicy":"wandb-storage-policy-v1","storagePolicyConfig":{"storageLayout":"V2"},
            "contents":{"b/x.txt":{"digest":"XUFAKrxLKna5cZ2REBfFkg==","birthArtifactID":"QXI=","size":5},
            "a":{"digest":"etag","ref":"s3://bucket/a","extra":{"etag":"etag"},"size":7,"fromTheFuture":1},
            "c":{"digest":"teHBrQcbPn/HeM+qXlI4GA==","extra":{"alg":"XXH128"}}}}"#;
        let manifest = ArtifactManifest::parse(text).unwrap();
        assert_eq!(ArtifactManifest::parse(manifest.to_json().as_bytes()).unwrap(), manifest);
        assert_eq!(manifest.size_bytes(), 12);
        let algorithms: Vec<_> = manifest.entries.values().map(|entry| entry.file_digest().map(|digest| digest.algorithm)).collect();
        assert_eq!(algorithms, [None, Some(Algorithm::Md5), Some(Algorithm::Xxh128)]);
        assert!(manifest.has_digest(&manifest.digest()) && manifest.has_digest(&manifest.digest_by(Algorithm::Xxh128)));
        assert!(!manifest.has_digest("64e7c61456b10382e2f3b571ac24b659"));
    }

    #[test]
    fn the_digest_is_the_official_clients() {
        let entry = |digest: &str| ArtifactEntry { digest: digest.to_owned(), ..ArtifactEntry::default() };
        let entries = [("b/x.txt", "XUFAKrxLKna5cZ2REBfFkg=="), ("a.txt", "1B2M2Y8AsgTpgAmY7PhCfg=="), ("ä", "rL0Y20zC+Fzt72VPzMSk2A==")];
        let entries = entries.into_iter().map(|(path, digest)| (path.to_owned(), entry(digest))).collect();
        let manifest = ArtifactManifest { entries };
        // `ArtifactManifestV1.digest()` of wandb 0.31.0 for the same entries.
        assert_eq!(manifest.digest(), "3558bd15cc1a8bae5c01006d7ab52956");
        assert_eq!(manifest.digest_by(Algorithm::Xxh128), "963d2447fcbb7de3a90925d17ccb5f5a");
    }

    #[test]
    fn other_versions_are_refused() {
        let error = ArtifactManifest::parse(br#"{"version":2,"storagePolicy":"x","contents":{}}"#).unwrap_err();
        assert_eq!(error.to_string(), "could not read the answer at `version`");
    }
}
