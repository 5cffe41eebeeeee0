//! An artifact that is not logged yet: which local files and references it is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use runlake_types::Object;

use crate::artifact::is_version;
use crate::artifact_manifest::{ArtifactEntry, ArtifactManifest};
use crate::digest::{Algorithm, Digest};
use crate::error::{Error, ErrorKind};
use crate::runs::failed;

const OPERATION: &str = "make the artifact";

/// The longest name, type or alias that the service takes, in characters.
const LONGEST_NAME: usize = 128;

/// What a version of an artifact is going to be. Files are digested when they are added, and must not change until they are logged.
///
/// The methods read files and block while they do.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use runlake_fetch::ArtifactDraft;
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("weights.bin"), [0; 16])?;
/// let draft = ArtifactDraft::new("model", "model")?.with_folder(folder.path(), "checkpoint")?;
/// assert_eq!(draft.paths().collect::<Vec<_>>(), ["checkpoint/weights.bin"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ArtifactDraft {
    pub(crate) name: String,
    pub(crate) artifact_type: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Object,
    pub(crate) manifest: ArtifactManifest,
    /// Where the file of each path lies; references have none.
    pub(crate) sources: BTreeMap<String, PathBuf>,
}

impl ArtifactDraft {
    /// An artifact of nothing yet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a name or type that the service does not take: empty, longer than 128 characters, with a slash
    /// or a colon, or, as a type, beginning with `wandb-`.
    pub fn new(name: impl Into<String>, artifact_type: impl Into<String>) -> Result<Self, Error> {
        let (name, artifact_type) = (name.into(), artifact_type.into());
        let checked = check_name("name", &name).and_then(|()| check_name("type", &artifact_type)).and_then(|()| {
            if artifact_type.starts_with("wandb-") || artifact_type == "job" {
                Err(invalid(format!("the type `{artifact_type}` is kept for the service's own artifacts")))
            } else {
                Ok(())
            }
        });
        checked.map_err(|kind| failed(OPERATION, kind))?;
        Ok(Self {
            name,
            artifact_type,
            description: None,
            metadata: Object::new(),
            manifest: ArtifactManifest::default(),
            sources: BTreeMap::new(),
        })
    }

    /// What people read about it.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// What is noted with it.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Object) -> Self {
        self.metadata = metadata;
        self
    }

    /// Adds a file as `path` in the artifact. Adding the same contents again is no mistake.
    ///
    /// # Errors
    /// [`ErrorKind::LocalFile`], and [`ErrorKind::InvalidArgument`] when `path` leads out of the artifact or has other contents already.
    pub fn with_file(mut self, source: impl AsRef<Path>, path: &str) -> Result<Self, Error> {
        self.add_file(source.as_ref(), path).map_err(|kind| failed(OPERATION, kind))?;
        Ok(self)
    }

    /// Adds every file below a folder, below `prefix` in the artifact; an empty prefix is the artifact's root. Links to files count as the
    /// files, links to folders are left out.
    ///
    /// # Errors
    /// As [`with_file`](Self::with_file).
    pub fn with_folder(mut self, folder: impl AsRef<Path>, prefix: &str) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let mut found = BTreeSet::new();
        let added = walk(folder, prefix.trim_end_matches('/'), &mut found)
            .and_then(|()| found.iter().try_for_each(|(path, source)| self.add_file(source, path)));
        added.map_err(|kind| failed(OPERATION, kind))?;
        Ok(self)
    }

    /// Adds a reference to `address`, such as `s3://bucket/key`, as `path` in the artifact. What lies there is not read: the address
    /// stands for its contents.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] as for [`with_file`](Self::with_file), or when the address has no scheme.
    pub fn with_reference(mut self, address: impl Into<String>, path: &str) -> Result<Self, Error> {
        let address = address.into();
        let added = if address.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty()) {
            self.insert(path, ArtifactEntry { digest: address.clone(), reference: Some(address), ..ArtifactEntry::default() }, None)
        } else {
            Err(invalid(format!("`{address}` is not an address such as s3://bucket/key")))
        };
        added.map_err(|kind| failed(OPERATION, kind))?;
        Ok(self)
    }

    /// The paths of what it has, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.manifest.entries.keys().map(String::as_str)
    }

    /// The digest by which the service knows whether it has this very version already.
    pub fn digest(&self) -> String {
        self.manifest.digest()
    }

    fn add_file(&mut self, source: &Path, path: &str) -> Result<(), ErrorKind> {
        let unreadable = |source| ErrorKind::LocalFile { operation: "read a file of the artifact", source };
        if fs_err::metadata(source).map_err(unreadable)?.is_dir() {
            return Err(invalid(format!("`{}` is a folder", source.display())));
        }
        let (digest, size_bytes) = Digest::of_file(Algorithm::Md5, source).map_err(unreadable)?;
        let entry = ArtifactEntry { digest: digest.to_base64(), size: Some(size_bytes), ..ArtifactEntry::default() };
        self.insert(path, entry, Some(source.to_owned()))
    }

    fn insert(&mut self, path: &str, entry: ArtifactEntry, source: Option<PathBuf>) -> Result<(), ErrorKind> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if path.starts_with('/') || path.contains('\0') || parts.is_empty() || path.split(['/', '\\']).any(|part| part == "..") {
            return Err(invalid(format!("`{}` is not a path inside an artifact", path.escape_default())));
        }
        let path = parts.join("/");
        if self.manifest.entries.get(&path).is_some_and(|known| known.digest != entry.digest) {
            return Err(invalid(format!("the artifact has other contents at `{path}` already")));
        }
        if let Some(source) = source {
            self.sources.insert(path.clone(), source);
        }
        self.manifest.entries.insert(path, entry);
        Ok(())
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut BTreeSet<(String, PathBuf)>) -> Result<(), ErrorKind> {
    let unreadable = |source| ErrorKind::LocalFile { operation: "read a folder of the artifact", source };
    for entry in fs_err::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| invalid(format!("the name of `{}` is not Unicode", entry.path().display())))?;
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        if entry.file_type().map_err(unreadable)?.is_dir() {
            walk(&entry.path(), &path, found)?;
        } else if fs_err::metadata(entry.path()).map_err(unreadable)?.is_file() {
            found.insert((path, entry.path()));
        }
    }
    Ok(())
}

fn check_name(what: &str, name: &str) -> Result<(), ErrorKind> {
    if name.trim().is_empty() {
        Err(invalid(format!("the {what} of an artifact is empty")))
    } else if name.chars().count() > LONGEST_NAME {
        Err(invalid(format!("the {what} of an artifact is longer than {LONGEST_NAME} characters")))
    } else if name.contains(['/', ':']) {
        Err(invalid(format!("the {what} of an artifact cannot hold `/` or `:`, which `{name}` does")))
    } else {
        Ok(())
    }
}

/// Whether the service takes the alias from a client: versions such as `v3` are its own to give.
pub(crate) fn check_alias(alias: &str) -> Result<(), ErrorKind> {
    if is_version(alias) {
        return Err(invalid(format!("`{alias}` cannot be an alias: versions are numbered by the service")));
    }
    if alias.trim().is_empty() || alias.contains(['/', ':']) || alias.chars().count() > LONGEST_NAME {
        return Err(invalid(format!("`{alias}` cannot be an alias: it is empty, too long, or holds `/` or `:`")));
    }
    Ok(())
}

/// Whether the service takes the tag: letters, digits, `-`, `_`, and blanks between them.
pub(crate) fn check_tag(tag: &str) -> Result<(), ErrorKind> {
    let is_fine = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | ' ');
    if tag.is_empty() || tag.trim() != tag || !tag.chars().all(is_fine) {
        return Err(invalid(format!("`{tag}` cannot be a tag: tags are letters, digits, `-`, `_` and blanks between them")));
    }
    Ok(())
}

fn invalid(reason: String) -> ErrorKind {
    ErrorKind::InvalidArgument { message: reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(result: Result<ArtifactDraft, Error>) -> String {
        result.unwrap_err().kind().to_string()
    }

    #[test]
    fn folders_are_taken_in_with_what_is_below() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(folder.path().join("b/c")).unwrap();
        fs_err::write(folder.path().join("a.txt"), "hello").unwrap();
        fs_err::write(folder.path().join("b/c/d.txt"), "").unwrap();
        let draft = ArtifactDraft::new("data", "dataset").unwrap().with_folder(folder.path(), "").unwrap();
        assert_eq!(draft.paths().collect::<Vec<_>>(), ["a.txt", "b/c/d.txt"]);
        assert_eq!((draft.manifest.size_bytes(), draft.manifest.entries["a.txt"].digest.as_str()), (5, "XUFAKrxLKna5cZ2REBfFkg=="));
        let again = draft.clone().with_file(folder.path().join("a.txt"), "./a.txt").unwrap();
        assert_eq!(again.digest(), draft.digest());
        assert_eq!(reason(draft.with_file(folder.path().join("b/c/d.txt"), "a.txt")), "the artifact has other contents at `a.txt` already");
    }

    #[test]
    fn what_the_service_would_refuse_is_refused_here() {
        for (name, kind) in [("", "x"), ("a/b", "x"), ("a:v1", "x"), ("a", ""), ("a", "wandb-history"), ("a", "job")] {
            assert!(ArtifactDraft::new(name, kind).is_err(), "{name} {kind}");
        }
        assert!(ArtifactDraft::new("x".repeat(129), "x").is_err());
        let draft = || ArtifactDraft::new("data", "dataset").unwrap();
        for path in ["../x", "/x", "", ".", "a/../../x", "a\0"] {
            assert!(draft().with_reference("s3://bucket/key", path).is_err(), "{path:?}");
        }
        assert_eq!(reason(draft().with_reference("bucket/key", "x")), "`bucket/key` is not an address such as s3://bucket/key");
        assert!(reason(draft().with_folder("/nowhere/at/all", "")).starts_with("could not read a folder of the artifact"));
        assert!(check_alias("v3").is_err() && check_alias("a:b").is_err() && check_alias("best").is_ok());
        assert!(check_tag("a-b c_1").is_ok() && check_tag(" a").is_err() && check_tag("a/b").is_err() && check_tag("").is_err());
    }
}
