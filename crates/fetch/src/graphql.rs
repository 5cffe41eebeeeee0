//! GraphQL over HTTP: one request with its retries, and the reply taken apart into data and errors.
//!
//! The protocol: `POST {base}/graphql` with `query` and `variables`, as in
//! <https://graphql.github.io/graphql-over-http/draft/>; W&B answers its own errors with HTTP 200 or 4xx.

use std::borrow::Cow;
use std::sync::PoisonError;

use bytes::Bytes;
use http::header;
use runlake_types::{Timestamp, quote_bare_floats};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Client;
use crate::compatibility::{unknown_fields, without_fields};
use crate::error::{Error, ErrorKind, Failure};
use crate::response::{Body, send_failure, status_failure};
use crate::retry::{Repeatable, Retry};
use crate::signed_url::redacted;

/// A GraphQL reply. `data` and `errors` may both be present: what to do with a part of an answer is the call's own decision.
#[derive(Debug, Deserialize)]
pub(crate) struct Reply<T> {
    pub(crate) data: Option<T>,
    pub(crate) errors: Option<Vec<GraphqlError>>,
}

/// One error of a reply.
#[derive(Debug, Deserialize)]
pub(crate) struct GraphqlError {
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    extensions: Option<Extensions>,
}

/// What a server adds for programs. Only the embedded backend is known to name kinds of faults.
#[derive(Debug, Deserialize)]
struct Extensions {
    code: Option<serde_json::Value>,
}

impl GraphqlError {
    /// The kind that the server names, in the words that GraphQL servers share.
    fn code(&self) -> Option<&str> {
        self.extensions.as_ref()?.code.as_ref()?.as_str()
    }
}

impl<T> Reply<T> {
    /// The data of a reply without errors: a part of a page would be taken for the whole.
    pub(crate) fn complete(self) -> Result<T, ErrorKind> {
        match self.errors.filter(|errors| !errors.is_empty()) {
            Some(errors) => Err(graphql_kind(errors)),
            None => self.data.ok_or(ErrorKind::NoData),
        }
    }

    /// The data that there is, whatever the errors say.
    fn partial(self) -> Result<T, ErrorKind> {
        match (self.data, self.errors.filter(|errors| !errors.is_empty())) {
            (Some(data), None) => Ok(data),
            (Some(data), Some(errors)) => {
                tracing::debug!(errors = %graphql_kind(errors), "a part of the answer is missing");
                Ok(data)
            }
            (None, Some(errors)) => Err(graphql_kind(errors)),
            (None, None) => Err(ErrorKind::NoData),
        }
    }
}

/// What the errors of a reply mean. The service itself names no kinds, so its words for the two that matter to callers are known here.
fn graphql_kind(errors: Vec<GraphqlError>) -> ErrorKind {
    let code = errors.iter().find_map(|error| error.code().map(str::to_owned));
    let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
    let has = |words: &str| messages.iter().any(|message| message.to_lowercase().contains(words));
    let joined = || messages.join("; ");
    match code.as_deref() {
        Some("NOT_FOUND") => ErrorKind::NotFound { what: joined().trim_start_matches("there is no ").to_owned() },
        Some("CONFLICT") => ErrorKind::Conflict { message: Some(joined()) },
        Some("PERMISSION_DENIED" | "FORBIDDEN") => ErrorKind::PermissionDenied { message: Some(joined()) },
        Some("INVALID_ARGUMENT" | "BAD_USER_INPUT") => ErrorKind::InvalidArgument { message: joined() },
        _ if has("permission denied") => ErrorKind::PermissionDenied { message: Some(joined()) },
        _ if has("previously created and deleted") => ErrorKind::Conflict { message: Some(joined()) },
        _ => ErrorKind::GraphQl { messages },
    }
}

impl Client {
    /// Sends a document and reads all of its data; a reply with errors is a failure.
    pub(crate) async fn query<T>(&self, operation: &'static str, document: &str, variables: Value) -> Result<T, Error>
    where
        T: DeserializeOwned + Send,
    {
        self.query_adapting(operation, document, |_failed| variables.clone()).await
    }

    /// As [`query`](Self::query), with variables that may depend on how many requests have failed.
    pub(crate) async fn query_adapting<T>(
        &self,
        operation: &'static str,
        document: &str,
        variables: impl Fn(u32) -> Value + Send + Sync,
    ) -> Result<T, Error>
    where
        T: DeserializeOwned + Send,
    {
        let retry = Retry::new(&self.inner().retry, operation);
        self.send_until_read(retry, document, variables, |body| decode::<Reply<T>>(body)?.complete()).await
    }

    /// As [`query`](Self::query), but an answer with errors gives the data that it has.
    pub(crate) async fn query_partial<T>(&self, operation: &'static str, document: &str, variables: Value) -> Result<T, Error>
    where
        T: DeserializeOwned + Send,
    {
        let retry = Retry::new(&self.inner().retry, operation);
        self.send_until_read(retry, document, |_failed| variables.clone(), |body| decode::<Reply<T>>(body)?.partial()).await
    }

    /// Sends a mutation and reads all of its data.
    pub(crate) async fn mutate<T>(
        &self,
        repeatable: Repeatable,
        operation: &'static str,
        document: &str,
        variables: Value,
    ) -> Result<T, Error>
    where
        T: DeserializeOwned + Send,
    {
        let retry = Retry::new(&self.inner().retry, operation).with_repeatable(repeatable);
        self.send_until_read(retry, document, |_failed| variables.clone(), |body| decode::<Reply<T>>(body)?.complete()).await
    }

    /// Sends any GraphQL document and returns the whole reply, `{"data": …, "errors": …}`: the way to what this crate has no call for.
    ///
    /// Bare `NaN` and `Infinity` come as strings, and integers beyond 64 bits are rounded; a large one is exact only inside JSON text.
    /// Requests are repeated as for every other call, so do not send mutations that must not happen twice.
    ///
    /// # Errors
    /// As every call; GraphQL errors are in the reply, unless the server sent them with a failure status.
    pub async fn raw(&self, document: &str, variables: Value) -> Result<Value, Error> {
        let mut retry = Retry::new(&self.inner().retry, "send a GraphQL document");
        loop {
            let sent = self.post(document, variables.clone()).await;
            match sent.and_then(|body| Ok(decode::<Value>(&body)?)) {
                Ok(reply) => return Ok(reply),
                Err(failure) => retry.after(failure, !self.has_reached(self.graphql_url())).await?,
            }
        }
    }

    /// Sends a document until its answer is read, without the fields that the server does not know.
    pub(crate) async fn send_until_read<T: Send>(
        &self,
        mut retry: Retry<'_>,
        document: &str,
        variables: impl Fn(u32) -> Value + Send + Sync,
        read: impl Fn(&Bytes) -> Result<T, ErrorKind> + Send + Sync,
    ) -> Result<T, Error> {
        let unknown = || self.inner().unknown_fields.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left_out = unknown().clone();
            let known = if left_out.is_empty() { Cow::Borrowed(document) } else { Cow::Owned(without_fields(document, &left_out)) };
            let sent = self.post(&known, variables(retry.failed())).await;
            let failure = match sent.and_then(|body| Ok(read(&body)?)) {
                Ok(data) => return Ok(data),
                Err(failure) => failure,
            };
            if let ErrorKind::GraphQl { messages } = &failure.kind
                && let Some(fields) = unknown_fields(messages)
                && !fields.is_subset(&left_out)
            {
                tracing::debug!(?fields, "the server does not know these fields: asking without them");
                unknown().extend(fields);
                continue;
            }
            retry.after(failure, !self.has_reached(self.graphql_url())).await?;
        }
    }

    /// One request: the body of an answer with success.
    async fn post(&self, document: &str, variables: Value) -> Result<Bytes, Failure> {
        self.through_gate(self.post_now(document, variables)).await
    }

    async fn post_now(&self, document: &str, variables: Value) -> Result<Bytes, Failure> {
        let inner = self.inner();
        let url = self.graphql_url();
        let mut request = inner.http.post(url.clone()).timeout(inner.timeout).json(&json!({ "query": document, "variables": variables }));
        if let Some(authorization) = &inner.authorization {
            request = request.header(header::AUTHORIZATION, authorization.clone());
        }
        let response = request.send().await.map_err(|error| send_failure(error, url, inner.timeout))?;
        self.note_reached(url);
        inner.pace.note(response.headers(), Timestamp::now().seconds());
        if response.status().is_redirection() {
            let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
            let to = location.and_then(|location| url.join(location).ok()).map_or_else(|| "another address".to_owned(), |to| redacted(&to));
            return Err(ErrorKind::Redirected { to }.into());
        }
        if !response.status().is_success() {
            let failure = status_failure(response).await;
            if let ErrorKind::RateLimited { retry_after: Some(pause) } = failure.kind {
                inner.pace.pause(pause);
            }
            return Err(failure);
        }
        let body = Body::whole(response, inner.timeout).await?;
        self.note_received(body.len());
        Ok(body)
    }
}

/// A number as GraphQL's `Int` holds it: 32 bits.
pub(crate) fn graphql_int(value: u64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Why a body could not be read, and where.
#[derive(Debug)]
pub(crate) struct Misread {
    path: String,
    source: serde_json::Error,
}

impl From<Misread> for ErrorKind {
    fn from(Misread { path, source }: Misread) -> Self {
        Self::Decode { path, source }
    }
}

/// As [`decode`], but `read` may borrow from the body that is read: that of the reply, or a copy in which bare floats are quoted.
pub(crate) fn decode_borrowed<T>(body: &Bytes, read: impl Fn(&Bytes) -> Result<T, Misread>) -> Result<T, ErrorKind> {
    let first = match read(body) {
        Ok(value) => return Ok(value),
        Err(misread) => misread,
    };
    Ok(match with_quoted_floats(body, &first.source) {
        Some(quoted) => read(&Bytes::from(quoted))?,
        None => return Err(first.into()),
    })
}

/// Reads JSON. A body that strict JSON forbids only for its bare `NaN` and `Infinity` is read with these as strings.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorKind> {
    let first = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let quoted = with_quoted_floats(body, &first);
    // Only now that something is wrong does it pay to keep track of where.
    Ok(read_tracking(quoted.as_deref().map_or(body, str::as_bytes))?)
}

/// Reads strict JSON, keeping track of where it is.
pub(crate) fn read_tracking<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Misread> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let value = read.map_err(|error| Misread { path: error.path().to_string(), source: error.into_inner() })?;
    deserializer.end().map_err(|source| Misread { path: ".".to_owned(), source })?;
    Ok(value)
}

/// The body with its bare floats in quotes, when there are any and when they may be why it was not read.
fn with_quoted_floats(body: &[u8], error: &serde_json::Error) -> Option<String> {
    match std::str::from_utf8(body).map(quote_bare_floats) {
        Ok(Cow::Owned(quoted)) if !error.is_data() => Some(quoted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Row {
        #[serde(rename = "historyKeys")]
        history_keys: Option<Box<RawValue>>,
    }

    #[test]
    fn the_place_of_a_fault_is_named() {
        let error = decode::<Vec<GraphqlError>>(br#"[{"message":"a"},{"message":7}]"#).unwrap_err();
        assert_eq!(error.to_string(), "could not read the answer at `[1].message`");
        assert!(!error.is_retryable());
        let error = decode::<Vec<GraphqlError>>(br#"[{"message":"a"},{"mess"#).unwrap_err();
        assert!(error.is_retryable(), "{error}");
    }

    #[test]
    fn bare_floats_are_read_also_inside_raw_values() {
        let rows: Vec<Row> = decode(br#"[{"historyKeys":{"keys":{"loss":{"previousValue":NaN}}}},{"historyKeys":null}]"#).unwrap();
        assert_eq!(rows[0].history_keys.as_ref().unwrap().get(), r#"{"keys":{"loss":{"previousValue":"NaN"}}}"#);
        assert!(rows[1].history_keys.is_none());
        let error = decode::<Vec<Row>>(br#"[{"historyKeys":{"x":NaN}},{"historyKeys":"#).unwrap_err();
        assert!(error.is_retryable(), "{error}");
    }

    #[test]
    fn errors_outweigh_data_unless_a_part_will_do() {
        let reply = || decode::<Reply<Value>>(br#"{"data":{"a":1},"errors":[{"message":"half"},{"path":[]}]}"#).unwrap();
        assert_eq!(reply().complete().unwrap_err().to_string(), "the server answered: half; ");
        assert_eq!(reply().partial().unwrap(), json!({"a": 1}));
        let empty = decode::<Reply<Value>>(br#"{"data":null,"errors":null,"extensions":{}}"#).unwrap();
        assert!(matches!(empty.complete(), Err(ErrorKind::NoData)));
    }
}
