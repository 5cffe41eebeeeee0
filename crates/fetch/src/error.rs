//! The error of this crate: what was attempted, how often, for how long, and what stood in the way.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use runlake_types::{ArtifactPath, JsonError, ProjectPath, RunPath};

/// A call that failed for good: retries, where they made sense, are over.
///
/// It prints the operation, the attempts and the time; [`std::error::Error::source`] is the [`ErrorKind`], and its source is the
/// cause below it, so that a chain says each thing once. No message ever holds an API key or the signature of an address.
#[derive(Debug)]
pub struct Error(Box<Inner>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

#[derive(Debug)]
struct Inner {
    operation: &'static str,
    attempts: u32,
    elapsed: Duration,
    kind: ErrorKind,
}

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No API key was found anywhere.
    #[error("no API key for {host} was found")]
    NoApiKey {
        /// Host and port of the base address.
        host: String,
    },
    /// A key that cannot be one. The key itself is not shown.
    #[error("the API key {reason}")]
    InvalidKey {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A base address that is not one.
    #[error("`{url}` is not the address of a W&B server: {reason}")]
    InvalidBaseUrl {
        /// The text as given, without a user name and password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the client's configuration that is there but cannot be read.
    #[error("could not read the {what}")]
    UnreadableFile {
        /// Which file, such as `settings file`.
        what: &'static str,
        /// The error of the file system, which names the path.
        source: std::io::Error,
    },
    /// A file of root certificates that holds no certificates.
    #[error("`{}` holds no certificates in PEM form", path.display())]
    InvalidCertificates {
        /// The file that `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE` names.
        path: PathBuf,
        /// What the TLS library says; none when the file is simply empty of certificates.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// The HTTP client could not be made, for example because of an unusable proxy address.
    #[error("could not set up the HTTP client")]
    HttpClient {
        /// The cause.
        source: reqwest::Error,
    },
    /// The server did not accept the key (HTTP 401), or knows no account for it.
    #[error("{host} did not accept the API key{}", said(message.as_deref()))]
    Unauthenticated {
        /// Host and port of the server.
        host: String,
        /// What the server said.
        message: Option<String>,
    },
    /// The key is good, but not for this (HTTP 403).
    #[error("the API key at hand may not do this{}", said(message.as_deref()))]
    PermissionDenied {
        /// What the server said.
        message: Option<String>,
    },
    /// No such project, or none that this key may see: the service does not tell the two apart.
    #[error("there is no project {path}")]
    ProjectNotFound {
        /// The project that was asked for.
        path: ProjectPath,
    },
    /// No such run in a project that may exist.
    #[error("there is no run {path}")]
    RunNotFound {
        /// The run that was asked for.
        path: RunPath,
    },
    /// No such file in a run that exists.
    #[error("the run {run} has no file `{name}`")]
    FileNotFound {
        /// The run.
        run: Box<RunPath>,
        /// The file that was asked for.
        name: String,
    },
    /// No such version of an artifact, or none that this key may see.
    #[error("there is no artifact {path}")]
    ArtifactNotFound {
        /// The artifact that was asked for.
        path: Box<ArtifactPath>,
    },
    /// An artifact that cannot be used or downloaded: it is not whole yet, or was deleted.
    #[error("the artifact {path} is {state}")]
    ArtifactState {
        /// The artifact.
        path: Box<ArtifactPath>,
        /// Its state, in the service's words and lower case, such as `pending`.
        state: String,
    },
    /// A name from a server, or for one, that must not become a path.
    #[error("the name `{}` is refused: {reason}", name.escape_default())]
    UnsafeName {
        /// The name as it came.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file is in the way of a download.
    #[error("`{}` exists already", path.display())]
    AlreadyExists {
        /// The file.
        path: PathBuf,
    },
    /// A local file or folder could not be read or written.
    #[error("could not {operation}")]
    LocalFile {
        /// What was being done.
        operation: &'static str,
        /// The error of the file system, which names the path.
        source: std::io::Error,
    },
    /// Contents that are not what they should be.
    #[error("{what} is not what it should be: expected {expected}, found {found}")]
    WrongDigest {
        /// What it is.
        what: String,
        /// The digest in base64, or the size, that was announced.
        expected: String,
        /// What came instead.
        found: String,
    },
    /// A header that the server wants with an upload, and that is none.
    #[error("the server asks for the header `{}` with an upload, which cannot be sent", header.escape_default())]
    InvalidUploadHeader {
        /// Its name.
        header: String,
    },
    /// A change that what is there does not allow: a state that does not follow, an id whose run was deleted.
    #[error("the server refused the change{}", said(message.as_deref()))]
    Conflict {
        /// What the server said.
        message: Option<String>,
    },
    /// An argument that cannot be right, found here or by the server.
    #[error("{message}")]
    InvalidArgument {
        /// What is wrong with it.
        message: String,
    },
    /// Nothing at this address (HTTP 404 or 410).
    #[error("there is nothing at {what}")]
    NotFound {
        /// The address, without its query, or what was looked for.
        what: String,
    },
    /// The server asked to slow down (HTTP 429), for longer than the retry limits allow.
    #[error("the server is limiting requests{}", retry_after.map(|wait| format!(", for another {:.0} s", wait.as_secs_f64().ceil())).unwrap_or_default())]
    RateLimited {
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// No answer in time.
    #[error("{host} did not answer within {:.1} s", limit.as_secs_f64())]
    TimedOut {
        /// Host and port of the server.
        host: String,
        /// The time limit of one attempt.
        limit: Duration,
    },
    /// No connection: an unknown name, a refused or unreachable port, or a failed TLS handshake.
    #[error("could not connect to {host}")]
    Connect {
        /// Host and port of the server.
        host: String,
        /// The cause, without the address.
        source: reqwest::Error,
    },
    /// The connection was lost before the answer came.
    #[error("{host} closed the connection without an answer")]
    ConnectionLost {
        /// Host and port of the server.
        host: String,
        /// The cause, without the address.
        source: reqwest::Error,
    },
    /// The body of an answer ended early or was damaged on the way.
    #[error("the answer was cut off after {received} bytes{}", expected.map(|expected| format!(" of {expected}")).unwrap_or_default())]
    CutBody {
        /// How many bytes were announced; none for a compressed or chunked body.
        expected: Option<u64>,
        /// How many bytes came, decompressed.
        received: u64,
        /// The cause, without the address.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// The server failed (HTTP 5xx, 408 or 425).
    #[error("the server answered with HTTP {status}{}", said(message.as_deref()))]
    Server {
        /// The status code.
        status: u16,
        /// What the server said.
        message: Option<String>,
    },
    /// A status that this call does not expect.
    #[error("the server answered with HTTP {status}{}", said(message.as_deref()))]
    UnexpectedStatus {
        /// The status code.
        status: u16,
        /// What the server said.
        message: Option<String>,
    },
    /// The API is at another address. It is not followed, since the key belongs to the address that was given.
    #[error("the server says that the API is at {to}")]
    Redirected {
        /// The other address, without its query.
        to: String,
    },
    /// The server refused the query or could not answer all of it.
    #[error("the server answered: {}", messages.join("; "))]
    GraphQl {
        /// The server's messages, in its order.
        messages: Vec<String>,
    },
    /// A well-formed answer with neither data nor errors.
    #[error("the answer holds no data")]
    NoData,
    /// The answer was not the JSON that was expected.
    #[error("could not read the answer at `{path}`")]
    Decode {
        /// The place, such as `data.project.runs.edges[3].node.name`; `.` is the whole answer.
        path: String,
        /// What was wrong there.
        source: serde_json::Error,
    },
    /// JSON text inside the answer that is not JSON.
    #[error("could not read {path}")]
    InvalidValue {
        /// What it is, such as `the config of team/digits/r1`.
        path: String,
        /// What was wrong with it.
        source: JsonError,
    },
    /// A signed address whose time is over (HTTP 403, or a store's own words for it). Ask for a new one and go on.
    #[error("the signed address {url} is no longer valid")]
    UrlExpired {
        /// The address, without its query.
        url: String,
    },
    /// Text that is not an address.
    #[error("`{text}` is not an address: {reason}")]
    InvalidUrl {
        /// The text, without a query.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A page led back to one that had been read.
    #[error("the server's paging runs in a circle at cursor `{cursor}`")]
    RepeatedCursor {
        /// The cursor that came twice.
        cursor: String,
    },
    /// A page said that there is another one, and not where.
    #[error("the server says that there is another page, and not where")]
    MissingCursor,
}

fn said(message: Option<&str>) -> String {
    message.map(|message| format!(": {message}")).unwrap_or_default()
}

impl Error {
    pub(crate) fn new(operation: &'static str, attempts: u32, elapsed: Duration, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { operation, attempts, elapsed, kind }))
    }

    /// What stood in the way.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// What was attempted, such as `list runs`.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// How many requests were sent for it; 0 when it failed before the first.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time from the first request to giving up, waits included.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Whether the same call may succeed later without a change. The client has retried already, within its limits.
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// What to do next, in one line.
    pub fn hint(&self) -> Option<String> {
        self.kind().hint()
    }
}

impl ErrorKind {
    /// Whether the same request may succeed later without a change.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::TimedOut { .. }
            | Self::Connect { .. }
            | Self::ConnectionLost { .. }
            | Self::CutBody { .. }
            | Self::Server { .. } => true,
            Self::Decode { source, .. } => !source.is_data(),
            Self::GraphQl { messages } => messages.iter().any(|message| is_transient(message)),
            Self::NoApiKey { .. }
            | Self::InvalidKey { .. }
            | Self::InvalidBaseUrl { .. }
            | Self::UnreadableFile { .. }
            | Self::InvalidCertificates { .. }
            | Self::HttpClient { .. }
            | Self::Unauthenticated { .. }
            | Self::PermissionDenied { .. }
            | Self::ProjectNotFound { .. }
            | Self::RunNotFound { .. }
            | Self::Conflict { .. }
            | Self::InvalidArgument { .. }
            | Self::NotFound { .. }
            | Self::FileNotFound { .. }
            | Self::ArtifactNotFound { .. }
            | Self::ArtifactState { .. }
            | Self::UnsafeName { .. }
            | Self::AlreadyExists { .. }
            | Self::LocalFile { .. }
            | Self::WrongDigest { .. }
            | Self::InvalidUploadHeader { .. }
            | Self::UnexpectedStatus { .. }
            | Self::Redirected { .. }
            | Self::NoData
            | Self::InvalidValue { .. }
            | Self::UrlExpired { .. }
            | Self::InvalidUrl { .. }
            | Self::RepeatedCursor { .. }
            | Self::MissingCursor => false,
        }
    }

    /// Whether a request that failed so surely did nothing: it was never sent, or turned away at the door.
    pub(crate) fn is_without_effect(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::RateLimited { .. })
    }

    /// Whether the server does not say what is wrong, so that the fault may last and is not worth all attempts.
    pub(crate) fn may_last(&self) -> bool {
        match self {
            Self::Decode { .. } => true,
            Self::GraphQl { messages } => messages.iter().any(|message| is_internal(message)),
            _ => false,
        }
    }

    /// Whether fewer requests at once would help the server.
    pub(crate) fn means_overload(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::TimedOut { .. } | Self::Server { .. })
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoApiKey { host } => format!(
                "set WANDB_API_KEY, or add the line `machine {host} login user password KEY` to ~/.netrc; a key is made in the user settings of the server"
            ),
            Self::InvalidKey { .. } => "copy the key again from the user settings of the server".to_owned(),
            Self::InvalidBaseUrl { .. } => {
                "set WANDB_BASE_URL to an address such as https://api.wandb.ai or https://wandb.example.org/prefix".to_owned()
            }
            Self::UnreadableFile { .. } => "make the file readable, or move it away".to_owned(),
            Self::InvalidCertificates { .. } => "SSL_CERT_FILE and REQUESTS_CA_BUNDLE name a file of PEM certificates".to_owned(),
            Self::HttpClient { .. } => "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY".to_owned(),
            Self::Unauthenticated { host, .. } => format!(
                "keys are looked for in this order: the one given to the client, WANDB_API_KEY, the entry of exactly `{host}` in the netrc file; check that the one found first belongs to this server"
            ),
            Self::PermissionDenied { .. } => "ask the owner of the project for access, or use another key".to_owned(),
            Self::ProjectNotFound { .. } => {
                "check the spelling and the server; a private project that the key may not read looks the same as a missing one".to_owned()
            }
            Self::RunNotFound { .. } => {
                "check the spelling: the run id is the last part of the run's address, not its display name".to_owned()
            }
            Self::FileNotFound { .. } => "list the run's files: names are told apart by case and have slashes between folders".to_owned(),
            Self::ArtifactNotFound { .. } => {
                "check the spelling: an artifact is ENTITY/PROJECT/NAME:ALIAS, where ALIAS is `latest`, a version such as `v3`, or an alias"
                    .to_owned()
            }
            Self::ArtifactState { .. } => "wait until the run that logs it has uploaded all of it, or take another version".to_owned(),
            Self::UnsafeName { .. } => "ask whoever uploaded it to give it another name".to_owned(),
            Self::AlreadyExists { .. } => "replace it, keep it, or download into another folder".to_owned(),
            Self::LocalFile { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "make room on the disk, or download into a folder on another one".to_owned()
            }
            Self::LocalFile { .. } => "check the path and its permissions".to_owned(),
            Self::WrongDigest { .. } => {
                "try again; if it stays like this, the file was damaged or changed after its digest was taken".to_owned()
            }
            Self::NotFound { .. } => "check the base address, WANDB_BASE_URL: the API is expected below it at /graphql".to_owned(),
            Self::RateLimited { .. } => "wait, then go on with fewer requests at once".to_owned(),
            Self::TimedOut { .. } | Self::CutBody { .. } | Self::ConnectionLost { .. } => {
                "try again; if it keeps happening, raise the time limit or ask for smaller pages".to_owned()
            }
            Self::Connect { source, .. } if mentions_certificate(source) => {
                "if the server's certificate comes from a private authority, name its root certificate in SSL_CERT_FILE".to_owned()
            }
            Self::Connect { .. } => "check WANDB_BASE_URL, the network and HTTPS_PROXY".to_owned(),
            Self::Server { .. } => "the fault is with the server; try again later".to_owned(),
            Self::Redirected { to } => format!("if you trust it, set WANDB_BASE_URL to {}", to.trim_end_matches("/graphql")),
            Self::Decode { source, .. } if !source.is_data() => {
                "check that WANDB_BASE_URL leads to a W&B server and not to a proxy or a sign-in page".to_owned()
            }
            Self::Decode { .. } | Self::InvalidValue { .. } | Self::InvalidUploadHeader { .. } => {
                "the server may be newer or older than this version understands".to_owned()
            }
            Self::UrlExpired { .. } => "ask for the address again: it is signed for a limited time".to_owned(),
            Self::Conflict { .. } => "read the run again, and decide anew".to_owned(),
            Self::UnexpectedStatus { .. }
            | Self::InvalidArgument { .. }
            | Self::GraphQl { .. }
            | Self::NoData
            | Self::InvalidUrl { .. }
            | Self::RepeatedCursor { .. }
            | Self::MissingCursor => return None,
        };
        Some(hint)
    }
}

/// GraphQL errors come with HTTP 200 and without a code, so only the words tell a passing fault from a lasting one.
fn is_transient(message: &str) -> bool {
    const WORDS: [&str; 7] =
        ["timed out", "timeout", "deadline exceeded", "try again", "temporarily unavailable", "rate limit", "too many requests"];
    let message = message.to_lowercase();
    WORDS.iter().any(|words| message.contains(words)) || is_internal(&message)
}

/// Whether the server fails within, which may pass or not: what resolvers say when a store behind them does not answer.
fn is_internal(message: &str) -> bool {
    const WORDS: [&str; 4] = ["internal server error", "internal error", "internal system error", "service unavailable"];
    let message = message.to_lowercase();
    WORDS.iter().any(|words| message.contains(words))
}

fn mentions_certificate(error: &reqwest::Error) -> bool {
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = next {
        if current.to_string().contains("certificate") {
            return true;
        }
        next = current.source();
    }
    false
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, attempts, elapsed, .. } = &*self.0;
        write!(formatter, "{operation} failed")?;
        if *attempts > 1 {
            write!(formatter, " after {attempts} attempts in {:.1} s", elapsed.as_secs_f64())?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.kind)
    }
}

/// A failed attempt, and how long the server asked to wait before the next one.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) retry_after: Option<Duration>,
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, retry_after: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_says_each_thing_once() {
        let source = serde_json::from_str::<i64>("\"x\"").unwrap_err();
        let kind = ErrorKind::Decode { path: "data.runs[3].step".to_owned(), source };
        let error = Error::new("list runs", 3, Duration::from_millis(1200), kind);
        assert_eq!(error.to_string(), "list runs failed after 3 attempts in 1.2 s");
        let kind: &dyn std::error::Error = std::error::Error::source(&error).unwrap();
        assert_eq!(kind.to_string(), "could not read the answer at `data.runs[3].step`");
        assert_eq!(kind.source().unwrap().to_string(), "invalid type: string \"x\", expected i64 at line 1 column 3");
        assert!(!error.is_retryable());
    }

    #[test]
    fn only_clearly_passing_graphql_errors_are_retried() {
        let retryable = |message: &str| ErrorKind::GraphQl { messages: vec![message.to_owned()] }.is_retryable();
        assert!(retryable("context deadline exceeded"));
        assert!(retryable("Rate limit reached"));
        assert!(retryable("Internal server error"));
        assert!(!retryable("Cannot query field \"x\" on type \"Run\"."));
    }
}
