//! Where a lake lies: a folder, or the address of an object store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use url::Url;

use crate::{Error, ErrorKind};

/// The place of a lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    url: Url,
    folder: Option<PathBuf>,
}

impl Location {
    /// Parses a folder's path, or an address such as `s3://bucket/lake`. A relative path is taken from the current folder.
    ///
    /// # Errors
    /// [`ErrorKind::Location`] for an address that no object store has.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::from(ErrorKind::Location { location: text.to_owned(), reason: reason.to_owned() });
        match Url::parse(text) {
            Ok(url) if url.scheme() == "file" => Self::folder(&url.to_file_path().map_err(|()| invalid("it is not a local path"))?),
            // A single letter before a colon is a drive, not a scheme.
            Ok(url) if url.scheme().len() > 1 => {
                let mut url = url;
                object_store::ObjectStoreScheme::parse(&url).map_err(|error| invalid(&error.to_string()))?;
                if !url.path().ends_with('/') {
                    url.set_path(&format!("{}/", url.path()));
                }
                Ok(Self { url, folder: None })
            }
            _ if text.is_empty() => Err(invalid("it is empty")),
            _ => Self::folder(Path::new(text)),
        }
    }

    /// The place in a local folder, which need not exist.
    ///
    /// # Errors
    /// [`ErrorKind::Location`] when the path cannot be made absolute.
    pub fn folder(path: &Path) -> Result<Self, Error> {
        let invalid = |reason: String| Error::from(ErrorKind::Location { location: path.display().to_string(), reason });
        let absolute = std::path::absolute(path).map_err(|error| invalid(error.to_string()))?;
        let url = Url::from_directory_path(&absolute).map_err(|()| invalid("it has no absolute form".to_owned()))?;
        Ok(Self { url, folder: Some(absolute) })
    }

    /// The local folder, when the lake is in one.
    pub fn as_folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// How errors name `path` in the lake.
    pub(crate) fn shown(&self, path: &str) -> String {
        match &self.folder {
            Some(folder) => folder.join(path).display().to_string(),
            None => format!("{}{path}", self.url),
        }
    }

    /// The place as it may be shown to anybody: an address without user, password and parameters, which may be keys.
    pub fn without_secrets(&self) -> String {
        if self.folder.is_some() {
            return self.to_string();
        }
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        // An address that cannot have them has none.
        let _has_none = url.set_username("").and_then(|()| url.set_password(None));
        url.to_string()
    }

    /// The address of the table `name`.
    pub(crate) fn table_url(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{name}/", url.path()));
        url
    }

    /// The store that holds the lake, and the lake's path in it.
    pub(crate) fn store(&self) -> Result<(Arc<dyn ObjectStore>, ObjectPath), Error> {
        let invalid = |reason: String| Error::from(ErrorKind::Location { location: self.to_string(), reason });
        if let Some(folder) = &self.folder {
            let path = ObjectPath::from_absolute_path(folder).map_err(|error| invalid(error.to_string()))?;
            return Ok((Arc::new(LocalFileSystem::new()), path));
        }
        let options = std::env::vars().map(|(key, value)| (key.to_lowercase(), value));
        let (store, path) = object_store::parse_url_opts(&self.url, options).map_err(|error| invalid(error.to_string()))?;
        Ok((Arc::from(store), path))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.folder {
            Some(folder) => folder.display().fmt(formatter),
            None => self.url.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_addresses() {
        assert!(Location::parse("some/lake").unwrap().as_folder().unwrap().ends_with("some/lake"));
        assert_eq!(Location::parse("s3://bucket/lake").unwrap().table_url("runs").as_str(), "s3://bucket/lake/runs/");
        let with_secrets = Location::parse("https://me:secret@account.blob.core.windows.net/container/lake?sig=secret").unwrap();
        assert_eq!(with_secrets.without_secrets(), "https://account.blob.core.windows.net/container/lake/");
        assert!(Location::parse("gopher://x/y").is_err());
        assert!(Location::parse("").is_err());
    }
}
