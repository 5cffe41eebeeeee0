//! How a client comes to its server and key.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::client::{Client, Inner};
use crate::environment::{API_KEY, Environment, REQUESTS_CA_BUNDLE, SSL_CERT_FILE};
use crate::error::{Error, ErrorKind};
use crate::gate::Gate;
use crate::http_settings::HttpSettings;
use crate::netrc;
use crate::pace::Pace;
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use crate::signed_url::host_and_port;

const DEFAULT_BASE_URL: &str = "https://api.wandb.ai";
const DEFAULT_CONCURRENCY: usize = 32;
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// Collects what a [`Client`] needs. Nothing is read and nothing fails before [`build`](Self::build).
///
/// The address: [`with_base_url`](Self::with_base_url), then `WANDB_BASE_URL`, then the settings files, then `https://api.wandb.ai`.
/// The key: [`with_api_key`](Self::with_api_key), then `WANDB_API_KEY`, then the netrc entry of exactly the server's host.
///
/// ```
/// use runlake_fetch::{Client, RetryPolicy};
/// let client = Client::builder()
///     .with_base_url("https://wandb.example.org/prefix/")
///     .with_api_key("0123456789".repeat(4).into())
///     .with_retry(RetryPolicy::never())
///     .build()?;
/// assert_eq!(client.base_url().as_str(), "https://wandb.example.org/prefix");
/// # Ok::<(), runlake_fetch::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    environment: Environment,
    base_url: Option<String>,
    api_key: Option<SecretString>,
    anonymous: bool,
    timeout: Option<Duration>,
    retry: RetryPolicy,
    concurrency: Option<usize>,
}

impl ClientBuilder {
    /// A builder that looks for what is not given in these variables and folders.
    pub fn from_environment(environment: &Environment) -> Self {
        Self { environment: environment.clone(), ..Self::default() }
    }

    /// Looks for what is not given in these variables and folders. Without this, only what is given counts.
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Sets the address of the server, such as `https://wandb.example.org/prefix`.
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// Sets the API key.
    pub fn with_api_key(mut self, api_key: SecretString) -> Self {
        self.api_key = Some(api_key);
        self
    }

    /// Sends no key and looks for none, for servers that ask for none.
    pub fn without_api_key(mut self) -> Self {
        self.api_key = None;
        self.anonymous = true;
        self
    }

    /// Sets the time limit of one GraphQL request, and of a silence in the middle of a download. Default: 60 s.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how many requests may be in flight at once, over all calls of the client. Default: 32. The client begins with 8, takes more
    /// while the server answers well, and halves their number when it is overloaded.
    pub fn with_concurrency(mut self, requests: usize) -> Self {
        self.concurrency = Some(requests);
        self
    }

    /// Sets the limits of retrying.
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Reads the settings, netrc and certificate files, as far as they are needed, and makes the client. Nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::NoApiKey`], [`ErrorKind::InvalidKey`], [`ErrorKind::InvalidBaseUrl`], [`ErrorKind::UnreadableFile`],
    /// [`ErrorKind::InvalidCertificates`] or [`ErrorKind::HttpClient`].
    pub fn build(self) -> Result<Client, Error> {
        self.try_build().map_err(|kind| Error::new("set up the client", 0, Duration::ZERO, kind))
    }

    fn try_build(self) -> Result<Client, ErrorKind> {
        let settings = Settings::read(&self.environment)?;
        let base_url = parse_base_url(self.base_url.or(settings.base_url).as_deref().unwrap_or(DEFAULT_BASE_URL))?;
        let authorization = if self.anonymous {
            None
        } else {
            let given = self.api_key.or_else(|| self.environment.variable(API_KEY).map(SecretString::from));
            let key = given.map_or_else(|| netrc::find_key(&self.environment, &base_url), |key| Ok(Some(key)))?;
            Some(authorization(&key.ok_or_else(|| ErrorKind::NoApiKey { host: host_and_port(&base_url) })?)?)
        };
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let http_settings = HttpSettings { timeout, certificates: root_certificates(&self.environment)? };
        let mut graphql_url = base_url.clone();
        graphql_url.set_path(&format!("{}/graphql", base_url.path().trim_end_matches('/')));
        Ok(Client::from_inner(Inner {
            http: http_settings.client(Some(timeout))?,
            uploads: OnceLock::new(),
            http_settings,
            base_url,
            graphql_url,
            authorization,
            timeout,
            retry: self.retry,
            pace: Pace::default(),
            gate: Gate::new(self.concurrency.unwrap_or(DEFAULT_CONCURRENCY)),
            received_bytes: AtomicU64::new(0),
            batch_divisor: AtomicUsize::new(1),
            unknown_fields: Mutex::default(),
            default_entity: settings.entity,
            default_project: settings.project,
            reached: Mutex::new(HashSet::new()),
        }))
    }
}

fn parse_base_url(text: &str) -> Result<Url, ErrorKind> {
    let invalid = |reason: &str| {
        // Never show what may be a password: whatever stands before the last `@` goes.
        let url = text.rsplit('@').next().unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        ErrorKind::InvalidBaseUrl { url, reason: reason.to_owned() }
    };
    let mut url = Url::parse(text.trim()).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => invalid("it must begin with http:// or https://"),
        other => invalid(&other.to_string()),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("user names and passwords do not belong into it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("it must end before any `?` or `#`"));
    }
    if matches!(url.host_str(), Some("wandb.ai" | "www.wandb.ai" | "app.wandb.ai")) {
        return Err(invalid("that is the web site; the API is at https://api.wandb.ai"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// `Basic base64("api:" + key)`, as the official client sends it
/// (<https://github.com/wandb/wandb/blob/main/core/internal/api/credentials.go>).
fn authorization(key: &SecretString) -> Result<HeaderValue, ErrorKind> {
    let key = key.expose_secret().trim();
    if key.is_empty() {
        return Err(ErrorKind::InvalidKey { reason: "is empty" });
    }
    if key.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(ErrorKind::InvalidKey { reason: "holds a character that is not a letter, a digit or a sign" });
    }
    let encoded = format!("Basic {}", BASE64_STANDARD.encode(format!("api:{key}")));
    let mut value = HeaderValue::try_from(encoded).expect("base64 is valid in a header");
    value.set_sensitive(true);
    Ok(value)
}

fn root_certificates(environment: &Environment) -> Result<Vec<reqwest::Certificate>, ErrorKind> {
    let path: Option<PathBuf> = environment.path_variable(SSL_CERT_FILE).or_else(|| environment.path_variable(REQUESTS_CA_BUNDLE));
    let Some(path) = path else { return Ok(Vec::new()) };
    let pem = fs_err::read(&path).map_err(|source| ErrorKind::UnreadableFile { what: "file of root certificates", source })?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if certificates.is_empty() => Err(ErrorKind::InvalidCertificates { path, source: None }),
        Ok(certificates) => Ok(certificates),
        Err(source) => Err(ErrorKind::InvalidCertificates { path, source: Some(source) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "local-0123456789012345678901234567890123456789";

    fn key_of(client: &Client) -> String {
        let header = client.inner().authorization.as_ref().unwrap().to_str().unwrap();
        let decoded = BASE64_STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
        String::from_utf8(decoded).unwrap().strip_prefix("api:").unwrap().to_owned()
    }

    fn kind_of(builder: ClientBuilder) -> String {
        builder.build().unwrap_err().kind().to_string()
    }

    #[test]
    fn the_key_given_before_the_variable_before_netrc() {
        let home = tempfile::tempdir().unwrap();
        fs_err::write(home.path().join(".netrc"), "machine api.wandb.ai login user password from-netrc\n").unwrap();
        let environment = Environment::default().with_home(home.path());
        let builder = || ClientBuilder::from_environment(&environment);
        assert_eq!(key_of(&builder().build().unwrap()), "from-netrc");
        let with_variable = builder().with_environment(environment.clone().with_variable(API_KEY, "from-variable"));
        assert_eq!(key_of(&with_variable.clone().build().unwrap()), "from-variable");
        assert_eq!(key_of(&with_variable.with_api_key("given".into()).build().unwrap()), "given");
        assert_eq!(kind_of(builder().with_base_url("http://127.0.0.1:8080")), "no API key for 127.0.0.1:8080 was found");

        fs_err::write(home.path().join("other"), "machine 127.0.0.1:8080 password local\n").unwrap();
        let elsewhere = builder().with_environment(environment.clone().with_variable("NETRC", "~/other"));
        assert_eq!(kind_of(elsewhere.clone()), "no API key for api.wandb.ai was found");
        assert_eq!(key_of(&elsewhere.with_base_url("http://127.0.0.1:8080/").build().unwrap()), "local");
    }

    #[test]
    fn the_address_keeps_its_prefix_and_loses_its_slash() {
        let urls = |base_url: &str| {
            let client = Client::builder().with_base_url(base_url).without_api_key().build().unwrap();
            (client.base_url().to_string(), client.graphql_url().to_string())
        };
        assert_eq!(urls("http://h:8080/"), ("http://h:8080/".to_owned(), "http://h:8080/graphql".to_owned()));
        assert_eq!(urls("https://h/a/b//"), ("https://h/a/b".to_owned(), "https://h/a/b/graphql".to_owned()));
    }

    #[test]
    fn what_is_not_an_address_or_a_key_is_refused_without_showing_secrets() {
        let address = |base_url: &str| kind_of(Client::builder().with_base_url(base_url).with_api_key(KEY.into()));
        assert_eq!(address("api.wandb.ai"), "`api.wandb.ai` is not the address of a W&B server: it must begin with http:// or https://");
        assert_eq!(
            address("https://wandb.ai"),
            "`https://wandb.ai` is not the address of a W&B server: that is the web site; the API is at https://api.wandb.ai"
        );
        assert!(!address("https://ada:s3cret@h").contains("s3cret"));
        assert!(!address("https://h/?key=s3cret").contains("s3cret"));
        let key = |key: &str| kind_of(Client::builder().with_api_key(key.into()));
        assert_eq!(key(" "), "the API key is empty");
        assert_eq!(key("abc def\n"), "the API key holds a character that is not a letter, a digit or a sign");
    }

    #[test]
    fn the_key_is_not_shown() {
        let builder = Client::builder().with_api_key(KEY.into());
        let client = builder.clone().build().unwrap();
        let shown = format!("{builder:?} {client:?} {:?}", client.inner().authorization);
        assert!(!shown.contains(KEY) && !shown.contains(&BASE64_STANDARD.encode(format!("api:{KEY}"))), "{shown}");
    }

    #[test]
    fn a_file_of_certificates_must_hold_some() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let builder = Client::builder().with_api_key(KEY.into());
        let environment = Environment::default().with_variable(SSL_CERT_FILE, path.to_str().unwrap());
        assert_eq!(kind_of(builder.clone().with_environment(environment.clone())), "could not read the file of root certificates");
        fs_err::write(&path, "nothing here").unwrap();
        assert!(kind_of(builder.with_environment(environment)).ends_with("holds no certificates in PEM form"));
    }
}
