//! What an HTTP answer means before anybody looks at its contents: status codes, bodies that end early, and when to come back.

use std::ops::Range;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use url::Url;

use crate::error::{ErrorKind, Failure};
use crate::graphql::GraphqlError;
use crate::signed_url::host_and_port;

/// How much of an error's body is read for its message.
const LONGEST_ERROR_BODY: u64 = 64 * 1024;
/// How much of a plain-text message is shown.
const LONGEST_MESSAGE: usize = 300;

/// The most memory that is set aside for a body before its bytes come.
const LARGEST_RESERVE: u64 = 64 << 20;

/// What a failure to send a request, or to read its answer's head, means.
pub(crate) fn send_failure(error: reqwest::Error, url: &Url, limit: Duration) -> ErrorKind {
    let host = host_and_port(url);
    let source = error.without_url();
    if source.is_connect() {
        ErrorKind::Connect { host, source }
    } else if source.is_timeout() {
        ErrorKind::TimedOut { host, limit }
    } else if source.is_builder() {
        ErrorKind::HttpClient { source }
    } else {
        ErrorKind::ConnectionLost { host, source }
    }
}

/// What a failure in the middle of a body means, after `received` bytes of it.
pub(crate) fn body_failure(error: reqwest::Error, url: &Url, announced: Option<u64>, received: u64, limit: Duration) -> ErrorKind {
    if error.is_timeout() {
        ErrorKind::TimedOut { host: host_and_port(url), limit }
    } else {
        ErrorKind::CutBody { expected: announced, received, source: Some(error.without_url()) }
    }
}

/// A body that is collected, and stays when it breaks off, so that a download can go on from there.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) bytes: BytesMut,
}

impl Body {
    /// Appends the rest of the answer's body.
    pub(crate) async fn read(&mut self, response: reqwest::Response, timeout: Duration) -> Result<(), ErrorKind> {
        self.read_part(response, 0..u64::MAX, timeout).await
    }

    /// Appends the part of the answer's body that lies in `wanted`, and reads no further than to its end.
    pub(crate) async fn read_part(
        &mut self,
        mut response: reqwest::Response,
        wanted: Range<u64>,
        timeout: Duration,
    ) -> Result<(), ErrorKind> {
        let announced = response.content_length();
        let url = response.url().clone();
        let mut received: u64 = 0;
        let to_come = announced.unwrap_or_default().min(wanted.end).saturating_sub(wanted.start).min(LARGEST_RESERVE);
        self.bytes.reserve(usize::try_from(to_come).unwrap_or_default());
        while received < wanted.end {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return Err(body_failure(error, &url, announced, received, timeout)),
            };
            let within = |position: u64| usize::try_from(position.saturating_sub(received)).unwrap_or(usize::MAX).min(chunk.len());
            self.bytes.extend_from_slice(&chunk[within(wanted.start)..within(wanted.end)]);
            received += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        }
        if received >= wanted.end {
            return Ok(());
        }
        match announced {
            Some(expected) if expected != received => Err(ErrorKind::CutBody { expected: announced, received, source: None }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn whole(response: reqwest::Response, timeout: Duration) -> Result<Bytes, ErrorKind> {
        let mut body = Self::default();
        body.read(response, timeout).await?;
        Ok(body.bytes.freeze())
    }
}

/// What an answer without success means, after a look at its body.
pub(crate) async fn status_failure(response: reqwest::Response) -> Failure {
    let (status, url) = (response.status(), response.url().clone());
    let retry_after = retry_after(response.headers(), Utc::now());
    let kind = status_kind(status, &url, retry_after, &error_body(response).await);
    Failure { kind, retry_after }
}

/// The beginning of an error's body, as far as it comes.
pub(crate) async fn error_body(response: reqwest::Response) -> Bytes {
    let mut body = Body::default();
    if let Err(error) = body.read_part(response, 0..LONGEST_ERROR_BODY, Duration::ZERO).await {
        tracing::debug!(%error, "the body of an error could not be read to its end");
    }
    body.bytes.freeze()
}

fn status_kind(status: StatusCode, url: &Url, retry_after: Option<Duration>, body: &[u8]) -> ErrorKind {
    let messages = messages(body);
    let message = (!messages.is_empty()).then(|| messages.join("; "));
    let code = status.as_u16();
    match code {
        409 => ErrorKind::Conflict { message },
        400 | 413 | 422 if !messages.is_empty() && serde_json::from_slice::<ErrorBody>(body).is_ok() => ErrorKind::GraphQl { messages },
        401 => ErrorKind::Unauthenticated { host: host_and_port(url), message },
        403 => ErrorKind::PermissionDenied { message },
        404 | 410 => ErrorKind::NotFound { what: crate::signed_url::redacted(url) },
        429 => ErrorKind::RateLimited { retry_after },
        501 => ErrorKind::UnexpectedStatus { status: code, message },
        408 | 425 | 500..=599 => ErrorKind::Server { status: code, message },
        _ => ErrorKind::UnexpectedStatus { status: code, message },
    }
}

/// `{"errors": [{"message": …}]}`, or `{"error": …}` of other services in front.
#[derive(Debug, Deserialize)]
struct ErrorBody {
    errors: Option<Vec<GraphqlError>>,
    error: Option<String>,
}

/// What an error's body says: GraphQL messages, or plain text unless it is a web page.
fn messages(body: &[u8]) -> Vec<String> {
    if let Ok(body) = serde_json::from_slice::<ErrorBody>(body) {
        let errors = body.errors.into_iter().flatten().map(|error| error.message);
        return errors.chain(body.error).filter(|message| !message.is_empty()).collect();
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() || text.starts_with(['<', '{', '[']) {
        return Vec::new();
    }
    vec![text.chars().take(LONGEST_MESSAGE).map(|character| if character.is_control() { ' ' } else { character }).collect()]
}

/// How long `Retry-After` asks to wait: seconds, which may be fractional, or a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some((at.with_timezone(&Utc) - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T09:30:00Z").unwrap().with_timezone(&Utc);
        let wait = |text: &'static str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(text))]);
            retry_after(&headers, now)
        };
        assert_eq!(wait("2"), Some(Duration::from_secs(2)));
        assert_eq!(wait("0.25"), Some(Duration::from_millis(250)));
        assert_eq!(wait("Tue, 24 Nov 2026 09:30:07 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Tue, 24 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        for text in ["soon", "-1", "NaN", "inf", ""] {
            assert_eq!(wait(text), None, "{text}");
        }
    }

    #[test]
    fn statuses_are_told_apart() {
        let url = Url::parse("http://host:8080/graphql?x=s3cret").unwrap();
        let kind = |status: u16, body: &str| status_kind(StatusCode::from_u16(status).unwrap(), &url, None, body.as_bytes());
        assert_eq!(
            kind(401, r#"{"errors":[{"message":"user is not logged in"}]}"#).to_string(),
            "host:8080 did not accept the API key: user is not logged in"
        );
        assert_eq!(kind(401, "Unauthorized").to_string(), "host:8080 did not accept the API key: Unauthorized");
        assert_eq!(kind(401, "").to_string(), "host:8080 did not accept the API key");
        assert_eq!(kind(403, r#"{"error":"permission denied"}"#).to_string(), "the API key at hand may not do this: permission denied");
        assert_eq!(
            kind(400, r#"{"data":null,"errors":[{"message":"Cannot query field \"x\""}]}"#).to_string(),
            "the server answered: Cannot query field \"x\""
        );
        assert_eq!(kind(404, "<html>").to_string(), "there is nothing at http://host:8080/graphql?…");
        assert_eq!(kind(502, "<html>bad gateway</html>").to_string(), "the server answered with HTTP 502");
        for (status, retryable) in [
            (400, false),
            (401, false),
            (403, false),
            (404, false),
            (408, true),
            (409, false),
            (410, false),
            (413, false),
            (418, false),
            (422, false),
            (425, true),
            (429, true),
            (500, true),
            (501, false),
            (502, true),
            (503, true),
            (504, true),
            (599, true),
        ] {
            assert_eq!(kind(status, "").is_retryable(), retryable, "{status}");
        }
    }
}
