//! What makes a backend as slow and as strict as a far one, for tests and benches of clients: a delay before each answer, and refusals.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The length of the window in which requests are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// Delays answers, and refuses requests beyond a number in each second.
#[derive(Debug)]
pub(crate) struct Throttle {
    latency: Duration,
    requests_per_second: Option<u32>,
    window: Mutex<(Instant, u32)>,
}

impl Throttle {
    /// `None` when nothing is asked for.
    pub(crate) fn new(latency: Duration, requests_per_second: Option<u32>) -> Option<Self> {
        let is_idle = latency.is_zero() && requests_per_second.is_none();
        (!is_idle).then(|| Self { latency, requests_per_second, window: Mutex::new((Instant::now(), 0)) })
    }

    /// Passes the answer on, later, or refuses.
    pub(crate) async fn pass(&self, answer: impl Future<Output = Response>) -> Response {
        let left = self.requests_per_second.map(|limit| self.count(limit));
        let mut response = match left {
            Some(None) => refusal(),
            _ => answer.await,
        };
        tokio::time::sleep(self.latency).await;
        if let Some(left) = left {
            // The names of the draft standard (https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06).
            let headers = response.headers_mut();
            headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(left.unwrap_or(0)));
            headers.insert(HeaderName::from_static("ratelimit-reset"), HeaderValue::from(WINDOW.as_secs()));
        }
        response
    }

    /// Counts a request: how many more the window has room for, or `None` when this one is too many.
    fn count(&self, limit: u32) -> Option<u32> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0.elapsed() >= WINDOW {
            *window = (Instant::now(), 0);
        }
        window.1 = window.1.saturating_add(1);
        limit.checked_sub(window.1)
    }
}

fn refusal() -> Response {
    let message = "too many requests; wait a second";
    let body = json!({"error": message, "errors": [{"message": message}]});
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, WINDOW.as_secs().to_string())], Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_beyond_the_limit_are_refused() {
        let throttle = Throttle::new(Duration::ZERO, Some(2)).unwrap();
        let mut seen = Vec::new();
        for _ in 0..3 {
            let response = throttle.pass(async { "ok".into_response() }).await;
            seen.push((response.status().as_u16(), response.headers()["ratelimit-remaining"].clone()));
        }
        assert_eq!(seen, [(200, "1".parse().unwrap()), (200, "0".parse().unwrap()), (429, "0".parse().unwrap())]);
        assert!(Throttle::new(Duration::ZERO, None).is_none());
    }

    #[tokio::test]
    async fn answers_come_later() {
        let throttle = Throttle::new(Duration::from_millis(20), None).unwrap();
        let started = Instant::now();
        throttle.pass(async { "ok".into_response() }).await;
        assert!(started.elapsed() >= Duration::from_millis(20));
    }
}
