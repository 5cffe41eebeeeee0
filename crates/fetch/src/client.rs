//! The client: what all calls share, and to which addresses the key may go.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use url::Url;

use crate::builder::ClientBuilder;
use crate::error::{ErrorKind, Failure};
use crate::gate::Gate;
use crate::http_settings::HttpSettings;
use crate::pace::Pace;
use crate::retry::RetryPolicy;
use crate::signed_url::{host_and_port, redacted};

/// A client of one W&B server. Cloning is cheap: clones share connections, retry limits and the server's rate limit.
///
/// ```no_run
/// # async fn example() -> Result<(), runlake_fetch::Error> {
/// use runlake_fetch::{ClientBuilder, Environment};
/// use runlake_types::RunPath;
///
/// let client = ClientBuilder::from_environment(&Environment::from_process()).build()?;
/// let run = client.run(&RunPath::new("team", "digits", "r1")).await?;
/// println!("{} is {}", run.path, run.state);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) http_settings: HttpSettings,
    pub(crate) uploads: OnceLock<reqwest::Client>,
    pub(crate) base_url: Url,
    pub(crate) graphql_url: Url,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) pace: Pace,
    pub(crate) gate: Gate,
    /// What the number of runs in one request is divided by: 1, or more once the server has failed on so many.
    pub(crate) batch_divisor: AtomicUsize,
    /// Fields that the server has said not to know. They are left out of what it is asked.
    pub(crate) unknown_fields: Mutex<BTreeSet<String>>,
    pub(crate) default_entity: Option<String>,
    pub(crate) default_project: Option<String>,
    /// Bytes of the bodies that came, as they were after decompression.
    pub(crate) received_bytes: AtomicU64,
    /// Hosts that have answered at least once, by name and port.
    pub(crate) reached: Mutex<HashSet<String>>,
}

impl Inner {
    /// A client without the limit of silence, which for `reqwest` begins with the request: an upload may take longer before the answer comes.
    /// It is made when it is first needed, since reading the certificates of the system takes longer than many a request.
    pub(crate) fn uploads(&self) -> Result<&reqwest::Client, ErrorKind> {
        if let Some(uploads) = self.uploads.get() {
            return Ok(uploads);
        }
        let uploads = self.http_settings.client(None)?;
        Ok(self.uploads.get_or_init(|| uploads))
    }
}

impl Client {
    /// A builder without key and address. [`ClientBuilder::from_environment`] starts from the usual variables and files.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// The address of the server. A path prefix is part of it; a trailing slash is not, except for the bare host's own.
    pub fn base_url(&self) -> &Url {
        &self.0.base_url
    }

    /// The entity of paths that name none, from `WANDB_ENTITY` or a settings file.
    pub fn default_entity(&self) -> Option<&str> {
        self.0.default_entity.as_deref()
    }

    /// The project of paths that name none, from `WANDB_PROJECT` or a settings file.
    pub fn default_project(&self) -> Option<&str> {
        self.0.default_project.as_deref()
    }

    /// How many bytes of bodies this client and its clones have received: what progress is told by.
    pub fn received_bytes(&self) -> u64 {
        self.0.received_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn note_received(&self, bytes: usize) {
        self.0.received_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn graphql_url(&self) -> &Url {
        &self.0.graphql_url
    }

    /// The key, when `url` lies below the base address: same scheme, host, port and path prefix. No other address ever gets it.
    pub(crate) fn authorization_for(&self, url: &Url) -> Option<HeaderValue> {
        self.0.authorization.clone().filter(|_| lies_below(url, &self.0.base_url))
    }

    /// Runs one request when the server's pauses and the limit on requests in flight let it, and tells the limit how it went.
    pub(crate) async fn through_gate<T>(&self, request: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let pass = self.0.gate.enter().await;
        self.0.pace.wait().await;
        let outcome = request.await;
        match &outcome {
            Ok(_) => pass.went_well(),
            Err(failure) if failure.kind.means_overload() => pass.overloaded(),
            Err(_) => drop(pass),
        }
        outcome
    }

    pub(crate) fn has_reached(&self, url: &Url) -> bool {
        self.0.reached.lock().unwrap_or_else(PoisonError::into_inner).contains(&host_and_port(url))
    }

    pub(crate) fn note_reached(&self, url: &Url) {
        if !self.has_reached(url) {
            self.0.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(host_and_port(url));
        }
    }
}

fn lies_below(url: &Url, base_url: &Url) -> bool {
    let same_origin = url.scheme() == base_url.scheme()
        && url.host_str() == base_url.host_str()
        && url.port_or_known_default() == base_url.port_or_known_default();
    let prefix = base_url.path().trim_end_matches('/');
    same_origin && url.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("base_url", &redacted(&self.0.base_url))
            .field("has_key", &self.0.authorization.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_means_scheme_host_port_and_whole_path_segments() {
        let below = |url: &str, base: &str| lies_below(&Url::parse(url).unwrap(), &Url::parse(base).unwrap());
        assert!(below("https://h/files/x?sig=1", "https://h/"));
        assert!(below("https://h:443/files/x", "https://h"));
        assert!(below("https://h/prefix/files/x", "https://h/prefix"));
        for (url, base) in [
            ("http://h/files/x", "https://h"),
            ("https://h:8443/files/x", "https://h"),
            ("https://h.example.org/files/x", "https://h"),
            ("https://store/h/files", "https://h"),
            ("https://h/prefixes/x", "https://h/prefix"),
            ("https://h/prefix/../x", "https://h/prefix"),
            ("https://h/prefix/%2e%2e/x", "https://h/prefix"),
            ("https://h@evil/files", "https://h"),
        ] {
            assert!(!below(url, base), "{url} {base}");
        }
    }
}
