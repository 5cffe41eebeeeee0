//! An address that carries its own permission in its query, and so is shown without it.

use std::fmt;

use url::Url;

use crate::error::{Error, ErrorKind};

/// The address of an export or a file. Whoever knows its query may read it, so [`fmt::Debug`] and [`fmt::Display`] leave that out.
///
/// ```
/// use runlake_fetch::SignedUrl;
/// let url = SignedUrl::parse("https://store.example.org/a/export.parquet?X-Signature=abc")?;
/// assert_eq!(url.to_string(), "https://store.example.org/a/export.parquet?…");
/// assert_eq!(url.expose().query(), Some("X-Signature=abc"));
/// # Ok::<(), runlake_fetch::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedUrl(Url);

impl SignedUrl {
    /// Parses an absolute http or https address.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text, None).map_err(|kind| Error::new("read an address", 0, std::time::Duration::ZERO, kind))
    }

    /// As [`parse`](Self::parse); an address that begins with a slash is taken to lie below `base_url`, as the official client does
    /// with upload addresses.
    pub(crate) fn read(text: &str, base_url: Option<&Url>) -> Result<Self, ErrorKind> {
        let invalid = |reason: String| ErrorKind::InvalidUrl { text: text.split('?').next().unwrap_or_default().to_owned(), reason };
        let absolute = match base_url {
            Some(base_url) if text.starts_with('/') => format!("{}{text}", base_url.as_str().trim_end_matches('/')),
            _ => text.to_owned(),
        };
        let url = Url::parse(&absolute).map_err(|error| invalid(error.to_string()))?;
        match url.scheme() {
            "http" | "https" => Ok(Self(url)),
            other => Err(invalid(format!("`{other}` is not http or https"))),
        }
    }

    /// The whole address, signature included: not for messages or logs.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

/// An address without user name, password, query and fragment.
pub(crate) fn redacted(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}://{host}{port}{}{query}", url.scheme(), url.path())
}

/// Host and port, as messages and netrc files name a server.
pub(crate) fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&redacted(&self.0))
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SignedUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_not_shown() {
        let url = SignedUrl::parse("https://user:pw@store.example.org:8443/a%20b?sig=s3cret#frag").unwrap();
        assert_eq!(format!("{url} {url:?}"), "https://store.example.org:8443/a%20b?… SignedUrl(https://store.example.org:8443/a%20b?…)");
        let error = SignedUrl::parse("ftp://store/a?sig=s3cret").unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"));
    }

    #[test]
    fn a_rooted_path_lies_below_the_base_address() {
        let base_url = Url::parse("https://host/prefix/").unwrap();
        let url = SignedUrl::read("/files/x?sig=1", Some(&base_url)).unwrap();
        assert_eq!(url.expose().as_str(), "https://host/prefix/files/x?sig=1");
    }
}
